"""Weighted means, covariances, running totals of the Array API, and counts."""

from __future__ import annotations

import builtins
import math
from typing import Any

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...errors import DTypeError, ShapeError
from ...ops._operands import first_array, widened
from ._arguments import (
    array,
    axes_of,
    floating,
    is_complex,
    is_floating,
    no_out,
)
from ._table import implements
from .histograms import counted
from .nans import given


@implements("average")
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    """Σ w·a / Σ w along `axis`; with `returned`, Σ w too. Differentiable in `a` and `weights`.

    weights : of the shape of `a`, or of its `axis`. If the sum of the weights is 0, the result is
        NaN or infinite.
    """
    x = floating(array(a, first_array(a, weights)))
    keepdims = builtins.bool(given(keepdims, False))
    if weights is None:
        y = kt.mean(x, axis=axis, keepdims=keepdims)
        if not returned:
            return y
        count = math.prod(x.shape[i] for i in axes_of("average", x, axis))
        return y, kt.full_like(y, count).detach()
    w = floating(array(weights, x))
    if w.shape != x.shape:
        w = spread_weights("average", x, w, axis)
    dtype = kt.result_type(x.dtype, w.dtype)
    x, w = (widened(kt.astype(v, dtype, copy=False)) for v in (x, w))
    total = kt.sum(kt.broadcast_to(w, x.shape), axis=axis, keepdims=keepdims)
    y = kt.astype(kt.sum(x * w, axis=axis, keepdims=keepdims) / total, dtype, copy=False)
    return (y, kt.astype(total, dtype, copy=False)) if returned else y


def spread_weights(name: str, x: GradArray, w: GradArray, axis: Any) -> GradArray:
    """Weights of the shape of `axis`, reshaped to broadcast with `x`."""
    if axis is None:
        raise TypeError(
            f"numpy.{name}: weights of shape {tuple(w.shape)} for an array of shape "
            f"{tuple(x.shape)}: pass axis, or weights of that shape"
        )
    axes = axes_of(name, x, axis)
    if tuple(w.shape) != tuple(x.shape[i] for i in axes):
        raise ShapeError(
            f"numpy.{name}: weights of shape {tuple(w.shape)} do not fit axis {axis} of an array "
            f"of shape {tuple(x.shape)}"
        )
    order = tuple(sorted(range(len(axes)), key=lambda i: axes[i]))
    w = kt.permute_dims(w, order)
    return kt.reshape(w, tuple(k if i in axes else 1 for i, k in enumerate(x.shape)))


# -- covariances -------------------------------------------------------------------------------


@implements("cov")
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> GradArray:  # fmt: skip
    """The covariances of the rows of `m` (and of `y`), or of the columns for ``rowvar=False``.

    Without weights Cᵢⱼ = Σ (xᵢ − x̄ᵢ)·conj(xⱼ − x̄ⱼ) / (n − `ddof`) over n observations. `ddof` is 1
    by default, and 0 with `bias`.
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError("numpy.cov: ddof must be an integer")
    like = first_array(m, y, fweights, aweights)
    x = _variables(array(m, like), rowvar, dtype)
    if y is not None:
        more = _variables(array(y, like), rowvar, dtype)
        dtype = kt.result_type(x.dtype, more.dtype)
        x = kt.concat([kt.astype(v, dtype, copy=False) for v in (x, more)], axis=0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    count: Any = x.shape[1]
    w = None
    for weights in (fweights, aweights):
        if weights is not None:
            given_weights = kt.astype(array(weights, x), kt.abs(x).dtype, copy=False)
            if given_weights.ndim != 1 or given_weights.shape[0] != x.shape[1]:
                raise ShapeError(
                    f"numpy.cov: weights of shape {tuple(given_weights.shape)} for {x.shape[1]} "
                    "observations: give one weight for each"
                )
            w = given_weights if w is None else w * given_weights
    if w is None:
        away = x - kt.mean(x, axis=1, keepdims=True)
        weighed, divisor = away, count - ddof
        divisor = divisor if divisor > 0 else 0.0
    else:
        total = kt.sum(w)
        away = x - kt.sum(x * w, axis=1, keepdims=True) / total
        weighed = away * w
        loss: Any = ddof
        if ddof and aweights is not None:
            loss = ddof * kt.sum(w * array(aweights, x)) / total
        divisor = kt.maximum(total - loss, 0.0)
    products = kt.matmul(away, kt.conj(kt.matrix_transpose(weighed)))
    scale = 1 / divisor if not isinstance(divisor, float) else math.inf
    return kt.squeeze(products * scale, tuple(i for i, k in enumerate(products.shape) if k == 1))


def _variables(x: GradArray, rowvar: bool, dtype: Any) -> GradArray:
    """Variables as rows, observations as columns, at least in the default floating dtype."""
    if x.ndim > 2:
        raise ShapeError(f"numpy.cov: an array of shape {tuple(x.shape)} has more than 2 axes")
    wide = _registry.of(x._array).float_dtype()
    x = kt.astype(x, kt.result_type(x.dtype, wide) if dtype is None else dtype, copy=False)
    if x.ndim < 2:
        return kt.reshape(x, (1, -1))
    return x if rowvar else kt.matrix_transpose(x)


@implements("corrcoef")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> GradArray:
    """Cᵢⱼ / √(Cᵢᵢ·Cⱼⱼ) of the covariances C, clipped to [−1, 1]."""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviations = kt.sqrt(kt.real(kt.linalg.diagonal(c)))
    c = c / deviations[:, None] / deviations[None, :]
    if is_complex(c):
        return kt.clip(kt.real(c), -1, 1) + 1j * kt.clip(kt.imag(c), -1, 1)
    return kt.clip(c, -1, 1)


# -- running totals ----------------------------------------------------------------------------


@implements("cumulative_sum")
def cumulative_sum(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None,
    include_initial: bool = False,
) -> GradArray:  # fmt: skip
    """The running totals along `axis`: the function of the Array API."""
    no_out("cumulative_sum", out)
    return kt.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)


@implements("cumulative_prod")
def cumulative_prod(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None,
    include_initial: bool = False,
) -> GradArray:  # fmt: skip
    """The running products along `axis`: the function of the Array API."""
    no_out("cumulative_prod", out)
    return kt.cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)


# -- counts ------------------------------------------------------------------------------------


@implements("bincount")
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> GradArray:
    """How often each number occurs in `x`, or the sum of its `weights`.

    Differentiable in `weights`. The length is the largest number plus 1, so the call waits for the
    device.
    """
    places = array(x, first_array(x, weights))
    if is_floating(places):
        raise DTypeError(f"numpy.bincount: x of dtype {places.dtype} must be integers")
    if places.ndim != 1:
        raise ShapeError(f"numpy.bincount: x of shape {tuple(places.shape)} must have one axis")
    length = int(kt.max(places).item()) + 1 if places.size else 0
    if places.size and kt.min(places).item() < 0:
        raise ValueError("numpy.bincount: x has negative elements")
    if weights is not None:
        weights = array(weights, places)
        if is_complex(weights):
            raise DTypeError(f"numpy.bincount: weights of dtype {weights.dtype} must be real")
        wide = _registry.of(weights._array).float_dtype()
        weights = kt.astype(weights, kt.result_type(weights.dtype, wide), copy=False)
        if weights.shape != places.shape:
            raise ShapeError(
                f"numpy.bincount: weights of shape {tuple(weights.shape)} for x of shape "
                f"{tuple(places.shape)}: they must be equal"
            )
    return counted(places, weights, max(length, minlength))
