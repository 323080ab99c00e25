"""Medians, percentiles and quantiles: sorted elements, and interpolation between two of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.convert import SCALARS
from ...core.nodes import raw_of
from ...core.recording import is_active
from ...ops._operands import first_array, widened
from ...ops.statistics import one_axis_last
from .._values import arrays_in
from ._arguments import (
    array,
    axes_of,
    floating,
    index_array,
    is_complex,
    is_floating,
    no_out,
    refuse,
)
from ._table import implements
from .nans import given
from .statistics import spread_weights

#: α and β of the continuous methods of Hyndman and Fan (1996): the virtual index, from 0, of
#: the quantile q of n elements is n·q + α + q·(1 − α − β) − 1.
_CONTINUOUS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
#: The methods that return an element, without interpolation.
_STEPS = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")
#: Up to so many elements, the places of a float16 q are computed in float16, as NumPy does.
_COUNTED = 1024
Place = tuple[GradArray, Any]


def _at_step(index: GradArray, stays: Any) -> Place:
    """The place after ⌊index⌋, or ⌊index⌋ itself where `stays` says so; no interpolation."""
    below = kt.floor(index)
    return kt.where(stays(index - below, below), below, below + 1), 0.0


#: Each other method -> a function of n and q: the index of the lower element, and the part of the
#: way from there to the next.
_DISCRETE: dict[str, Callable[[Any, GradArray], Place]] = {
    "inverted_cdf": lambda n, q: _at_step(n * q - 1, lambda part, _: part == 0),
    "averaged_inverted_cdf": lambda n, q: _averaged(n * q - 1),
    "closest_observation": lambda n, q: _at_step(
        n * q - 1.5, lambda part, below: (part == 0) & (kt.remainder(below, 2) == 1)
    ),
    "linear": lambda n, q: _split((n - 1) * q),
    "lower": lambda n, q: (kt.floor((n - 1) * q), 0.0),
    "higher": lambda n, q: (kt.ceil((n - 1) * q), 0.0),
    "midpoint": lambda n, q: _midpoint((n - 1) * q),
    "nearest": lambda n, q: (kt.round((n - 1) * q), 0.0),
}


def _split(index: GradArray) -> Place:
    below = kt.floor(index)
    return below, index - below


def _averaged(index: GradArray) -> Place:
    below = kt.floor(index)
    return below, kt.where(index == below, 0.5, kt.ones_like(index))


def _midpoint(index: GradArray) -> Place:
    below = kt.floor(index)
    return below, kt.where(index == below, 0.0, kt.full_like(index, 0.5))


def _place(name: str, method: str, n: Any, q: GradArray) -> Place:
    if method in _CONTINUOUS:
        alpha, beta = _CONTINUOUS[method]
        return _split(n * q + (alpha + q * (1 - alpha - beta)) - 1)
    if method not in _DISCRETE:
        raise ValueError(
            f"numpy.{name}: there is no method {method!r}: use one of "
            f"{', '.join(sorted([*_CONTINUOUS, *_DISCRETE]))}"
        )
    return _DISCRETE[method](n, q)


def _quantile(
    name: str, a: Any, q: Any, scale: float, axis: Any, keepdims: bool, method: str,
    skip_nan: bool, weights: Any = None,
) -> GradArray:  # fmt: skip
    """The quantiles ``q / scale`` along `axis`, of all elements or, if `skip_nan`, without NaNs."""
    x = array(a, first_array(a, q, weights))
    q = _one_array(q, x)
    _check_range(name, q, scale)
    if is_complex(x):
        raise TypeError(f"numpy.{name} of dtype {x.dtype}: the elements must be real")
    axes = axes_of(name, x, axis)
    if not math.prod(x.shape[i] for i in axes):
        raise IndexError(f"numpy.{name}: no elements along axis {axis} of shape {tuple(x.shape)}")
    if weights is None:
        x = x if is_floating(x) or method in _STEPS else floating(x)
        whole = method == "linear" and scale == 1.0  # an integer q gives integer places
        dtype = x.dtype if method in _STEPS else _interpolated_dtype(x, q, whole)
        q = _as_given(q, x)
        # NumPy's own places are lost where float16 cannot count the elements.
        q = (widened(q) if math.prod(x.shape[i] for i in axes) > _COUNTED else q) / scale
        rows = kt.sort(_rows(x, axes), axis=-1)
        y = _of_rows(name, rows, kt.reshape(q, (-1,)), method, skip_nan, dtype)
    else:
        shares = _rows(_shares(name, x, weights, axis, axes, method), axes)
        q = _as_given(q, x) / scale
        y = _of_weighted_rows(_rows(x, axes), shares, kt.reshape(q, (-1,)))
    kept = tuple(1 if i in axes else k for i, k in enumerate(x.shape))
    rest = kept if keepdims else tuple(k for i, k in enumerate(x.shape) if i not in axes)
    return kt.reshape(kt.moveaxis(y, -1, 0), (*q.shape, *rest))


def _one_array(value: Any, like: GradArray) -> Any:
    """`value`; a list that holds `GradArray`s becomes one array."""
    if isinstance(value, GradArray) or next(arrays_in(value), None) is None:
        return value
    return array(value, floating(like))


def _interpolated_dtype(x: GradArray, q: Any, whole: bool) -> Any:
    """The dtype of interpolated elements of `x`; that of `x` if `whole` and `q` are integers."""
    if type(q) in SCALARS:
        return x.dtype
    if isinstance(q, np.ndarray):  # on the host, wherever x is
        q = index_array(q, x)
    q = array(q, x)
    if whole and kt.isdtype(q.dtype, "integral"):
        return x.dtype
    return kt.result_type(x.dtype, floating(q).dtype)


def _as_given(q: Any, x: GradArray) -> GradArray:
    """`q` on the device of `x`, in the dtype in which NumPy computes places."""
    if type(q) in SCALARS:
        return array(q, kt.astype(array(0, x), kt.float64))
    if not isinstance(q, GradArray) and _of_host(q) is not None:
        q = index_array(np.asarray(q), x)
    return floating(array(q, x))


def _rows(x: GradArray, axes: tuple[int, ...]) -> GradArray:
    return one_axis_last(kt, x, axes) if x.ndim else kt.reshape(x, (1,))


def _of_rows(
    name: str, rows: GradArray, q: GradArray, method: str, skip_nan: bool, dtype: Any
) -> GradArray:
    """The quantiles along the last axis of sorted rows: (…, n) and (k,) to (…, k)."""
    size = rows.shape[-1]
    floats = is_floating(rows)
    n: Any = size
    if skip_nan and floats:
        known = kt.sum(kt.astype(~kt.isnan(rows), kt.int64), axis=-1, keepdims=True)
        n = kt.maximum(kt.astype(known, q.dtype), 1.0)
    index, part = _place(name, method, n, q)
    index = kt.broadcast_to(index, (*rows.shape[:-1], q.shape[0]))
    last = n - 1
    low = kt.astype(kt.clip(index, 0, last), kt.int64)
    y = kt.take_along_axis(rows, low, axis=-1)
    if method not in _STEPS:
        high = kt.astype(kt.clip(index + 1, 0, last), kt.int64)
        other = kt.take_along_axis(rows, high, axis=-1)
        gap = kt.where(low == high, 0.0, other - y)
        if is_active(q):
            ends = (index == last) & (part == 0) & (q == 1)
            gap = kt.where(ends, _last_gap(rows, low), gap)
        gap = kt.astype(gap, dtype, copy=False)
        y, other, part = (kt.astype(v, dtype, copy=False) for v in (y, other, part))
        y = kt.where(part < 0.5, y + gap * part, other - gap * (1 - part))
    if floats and not skip_nan:
        worst = rows[..., -1:]
        y = kt.where(kt.isnan(worst), worst, y)
    return y


def _last_gap(rows: GradArray, low: GradArray) -> GradArray:
    """From the element before `low` to that at `low`: the slope at q = 1, where none follows."""
    before = kt.take_along_axis(rows, kt.maximum(low - 1, kt.zeros_like(low)), axis=-1)
    gap = kt.take_along_axis(rows, low, axis=-1) - before
    return kt.where(kt.isfinite(gap), gap, 0.0)


def _of_host(value: Any) -> Any:
    """`value` as an array of NumPy; `None` for another library's, whose values are not read."""
    raw = raw_of(value)
    if type(raw) is not np.ndarray and _registry.is_array(raw):
        return None
    return np.asarray(raw)


def _check_range(name: str, q: Any, scale: float) -> None:
    """Raise `ValueError` if numbers on the host are not in [0, `scale`]."""
    values = _of_host(q)
    if values is not None and not np.all((values >= 0) & (values <= scale)):
        raise ValueError(
            f"numpy.{name} of {values if values.ndim == 0 else f'q of shape {values.shape}'}: "
            f"quantiles are in the range [0, {scale:g}]"
        )


# -- with weights ------------------------------------------------------------------------------


def _shares(
    name: str, x: GradArray, weights: Any, axis: Any, axes: tuple[int, ...], method: str
) -> GradArray:
    """The weights of the elements of `x`, as constants: quantiles are step functions of them."""
    if method != "inverted_cdf":
        raise ValueError(f"numpy.{name}: only method='inverted_cdf' has weights, not {method!r}")
    weights = _one_array(weights, x)
    w = array(weights, x).detach()
    if is_complex(w):
        raise TypeError(f"numpy.{name} with weights of dtype {w.dtype}: they must be real")
    whole = w.shape == x.shape
    spread = w if whole else spread_weights(name, x, w, axis)
    _check_weights(name, weights, axes if whole else None)
    return kt.broadcast_to(kt.astype(spread, kt.float64), x.shape)


def _check_weights(name: str, weights: Any, axes: tuple[int, ...] | None) -> None:
    """Raise `ValueError` if weights on the host are negative, or have no positive finite sum."""
    values = _of_host(weights)
    if values is None:
        return
    what = f"numpy.{name} with weights of shape {values.shape}"
    if np.any(values < 0):
        raise ValueError(f"{what}: some are negative")
    with np.errstate(over="ignore"):
        total = np.sum(values, axis=axes, dtype=np.float64)
    if not np.all((total > 0) & (total < np.inf)):
        raise ValueError(f"{what}: their sum is 0, NaN or infinite")


def _of_weighted_rows(rows: GradArray, shares: GradArray, q: GradArray) -> GradArray:
    """The first elements at which the sum of weights so far reaches the share q of the total.

    As in NumPy, weights are summed in float64 and compared in the dtype of `q`.
    """
    order = kt.argsort(rows, axis=-1, stable=True)
    rows = kt.take_along_axis(rows, order, axis=-1)
    reached = kt.cumulative_sum(kt.take_along_axis(shares, order, axis=-1), axis=-1)
    reached = kt.astype(reached / reached[..., -1:], q.dtype)
    reached = kt.where(reached == 0, -1.0, reached)  # weight 0 is no quantile, even for q = 0
    before = reached[..., None, :] < q[:, None]
    place = kt.clip(kt.sum(kt.astype(before, kt.int64), axis=-1), 0, rows.shape[-1] - 1)
    y = kt.take_along_axis(rows, place, axis=-1)
    if is_floating(rows):
        worst = rows[..., -1:]
        y = kt.where(kt.isnan(worst), worst, y)
    return y


# -- NumPy's functions -------------------------------------------------------------------------


def _unweighted(name: str, weights: Any) -> None:
    if weights is not None:
        raise refuse(name, "weights=", "repeat the elements, or leave the NaNs out for quantile")


@implements("quantile")
def quantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, *, weights: Any = None,
) -> GradArray:  # fmt: skip
    """The quantiles `q` along `axis`, by any of NumPy's methods; differentiable in `a` and `q`.

    The gradient goes to the element that is the quantile, or to the two that are interpolated. The
    derivative in `q` is the slope between these two, and 0 for methods that do not interpolate. At
    an element it is the slope to the next one, and at q = 1 that from the one before.
    """
    no_out("quantile", out)
    return _quantile("quantile", a, q, 1.0, axis, keepdims, method, False, weights)


@implements("percentile")
def percentile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, *, weights: Any = None,
) -> GradArray:  # fmt: skip
    """The quantiles ``q / 100`` along `axis`."""
    no_out("percentile", out)
    return _quantile("percentile", a, q, 100.0, axis, keepdims, method, False, weights)


@implements("median")
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    keepdims: bool = False,
) -> GradArray:  # fmt: skip
    """The middle element along `axis`, or the mean of the middle two."""
    no_out("median", out)
    return _quantile("median", floating(array(a)), 0.5, 1.0, axis, keepdims, "midpoint", False)


@implements("nanquantile")
def nanquantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: Any = False, *, weights: Any = None,
) -> GradArray:  # fmt: skip
    """`quantile` without the NaNs; NaN if all elements are NaN."""
    no_out("nanquantile", out)
    _unweighted("nanquantile", weights)
    return _quantile("nanquantile", a, q, 1.0, axis, given(keepdims, False), method, True)


@implements("nanpercentile")
def nanpercentile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: Any = False, *, weights: Any = None,
) -> GradArray:  # fmt: skip
    """`percentile` without the NaNs; NaN if all elements are NaN."""
    no_out("nanpercentile", out)
    _unweighted("nanpercentile", weights)
    return _quantile("nanpercentile", a, q, 100.0, axis, given(keepdims, False), method, True)


@implements("nanmedian")
def nanmedian(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    keepdims: Any = False,
) -> GradArray:  # fmt: skip
    """`median` without the NaNs; NaN if all elements are NaN."""
    no_out("nanmedian", out)
    x, keepdims = floating(array(a)), given(keepdims, False)
    return _quantile("nanmedian", x, 0.5, 1.0, axis, keepdims, "midpoint", True)
