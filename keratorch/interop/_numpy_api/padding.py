"""`pad`, in each of NumPy's modes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.convert import has_array
from ...core.shown import shown
from ...errors import ShapeError
from ._arguments import gathered, index_array, is_floating, of_dtype, refuse, strong
from ._table import implements

#: Each mode -> its keyword arguments and their defaults.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "constant": {"constant_values": 0},
    "edge": {},
    "empty": {},
    "linear_ramp": {"end_values": 0},
    "maximum": {"stat_length": None},
    "mean": {"stat_length": None},
    "median": {"stat_length": None},
    "minimum": {"stat_length": None},
    "reflect": {"reflect_type": "even"},
    "symmetric": {"reflect_type": "even"},
    "wrap": {},
}


@implements("pad")
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> GradArray:
    """The array with more elements before and after it along each axis.

    Differentiable in ``constant_values`` and ``end_values`` too. The mode ``"empty"`` adds zeros. A
    function as `mode` raises `NotDifferentiableError`.
    """
    if callable(mode):
        raise refuse("pad", "a function as the mode", "join the array and the padding with concat")
    if mode not in _DEFAULTS:
        raise ValueError(f"numpy.pad: mode {shown(mode)} must be one of {', '.join(_DEFAULTS)}")
    unknown = set(kwargs) - set(_DEFAULTS[mode])
    if unknown:
        raise ValueError(f"numpy.pad: mode {shown(mode)} takes no {', '.join(sorted(unknown))}")
    options = {**_DEFAULTS[mode], **kwargs}
    (x,) = strong(array)
    widths = _widths(pad_width, x.ndim)
    for axis, (left, right) in enumerate(widths):
        if left < 0 or right < 0:
            raise ShapeError(
                f"numpy.pad: pad_width {pad_width} must not be negative: "
                "a slice, as x[1:-1], takes elements away"
            )
        if left or right:
            x = _padded(x, axis, left, right, mode, options)
        elif mode in ("maximum", "minimum", "mean", "median"):
            _lengths(options["stat_length"], axis, x)
    return x if any(map(any, widths)) else kt.copy(x)


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, dict):
        by_axis = {operator.index(k) % ndim: v for k, v in pad_width.items()}
        pad_width = [np.broadcast_to(by_axis.get(i, 0), (2,)) for i in range(ndim)]
    pairs = np.broadcast_to(np.asarray(pad_width), (ndim, 2))
    return [(operator.index(a), operator.index(b)) for a, b in pairs]


def _padded(
    x: GradArray, axis: int, left: int, right: int, mode: str, options: dict[str, Any]
) -> GradArray:
    """`x` with `left` more elements before it and `right` after it along one axis."""
    n = x.shape[axis]
    if mode in ("constant", "empty"):
        ends = _pair(options.get("constant_values", 0), axis, x)
        sides = [_spread(of_dtype("pad", v, x.dtype), x, axis, k)
                 for v, k in zip(ends, (left, right), strict=True)]  # fmt: skip
    elif not n:
        raise ShapeError(
            f"numpy.pad: axis {axis} of shape {tuple(x.shape)} is empty, and mode {shown(mode)} "
            "takes "
            "what it adds from there"
        )
    elif mode == "linear_ramp":
        ends = _pair(options["end_values"], axis, x)
        first, last = _layers(x, axis, 0, 1), _layers(x, axis, n - 1, n)
        sides = [
            _ramp(ends[0], first, left, axis),
            kt.flip(_ramp(ends[1], last, right, axis), axis=axis),
        ]
    elif mode in _STATISTICS:
        lengths = _lengths(options["stat_length"], axis, x)
        parts = (_layers(x, axis, 0, lengths[0]), _layers(x, axis, n - lengths[1], n))
        found = [_STATISTICS[mode](part, axis) for part in parts]
        sides = [_spread(v, x, axis, k) for v, k in zip(found, (left, right), strict=True)]
    elif options.get("reflect_type", "even") == "odd":
        return _reflected_odd(x, axis, left, right, mode)
    else:
        positions = np.pad(np.arange(n), (left, right), mode=mode)  # type: ignore[call-overload]
        return gathered(x, positions, axis)
    return kt.concat([sides[0], x, sides[1]], axis=axis)


def _layers(x: GradArray, axis: int, start: int, stop: int) -> GradArray:
    return x[(*(slice(None),) * axis, slice(start, stop), ...)]


def _spread(value: GradArray, x: GradArray, axis: int, width: int) -> GradArray:
    return kt.broadcast_to(value, (*x.shape[:axis], width, *x.shape[axis + 1 :]))


def _pair(values: Any, axis: int, x: GradArray) -> tuple[GradArray, GradArray]:
    """The values before and after along `axis`, from one value, a pair, or a pair for each axis."""
    plain = isinstance(values, GradArray) or has_array(values)
    found = strong(x, values if plain else np.asarray(values).tolist())[1]
    if found.ndim == 2 and found.shape[1] == 1 and found.shape[0] == x.ndim != 1:
        found = kt.broadcast_to(found, (x.ndim, 2))
    pairs = kt.broadcast_to(found, (x.ndim, 2))
    return pairs[axis, 0], pairs[axis, 1]


# -- ramps and statistics ------------------------------------------------------------------------


def _ramp(end: GradArray, edge: GradArray, width: int, axis: int) -> GradArray:
    """`width` slices from `end` towards the slice `edge`, which they do not reach."""
    shape = tuple(width if i == axis else 1 for i in range(edge.ndim))
    part = kt.reshape(kt.arange(width, device=edge.device), shape)
    dtype = edge.dtype if is_floating(edge) else kt.abs(end).dtype
    part = kt.astype(part, kt.real(edge).dtype if is_floating(edge) else "float64") / max(width, 1)
    ramp = end + part * (edge - end)
    if not is_floating(edge):
        ramp = kt.floor(ramp) if is_floating(ramp) else ramp
        dtype = edge.dtype
    return of_dtype("pad", ramp, dtype)


def _lengths(stat_length: Any, axis: int, x: GradArray) -> tuple[int, int]:
    n = x.shape[axis]
    if stat_length is None:
        return n, n
    pairs = np.broadcast_to(np.asarray(stat_length, dtype=object), (x.ndim, 2))
    left, right = (n if v is None else min(operator.index(v), n) for v in pairs[axis])
    if left < 1 or right < 1:
        raise ValueError(f"numpy.pad: stat_length {stat_length} must be positive")
    return left, right


def _mean(x: GradArray, axis: int) -> GradArray:
    if is_floating(x):
        return kt.mean(x, axis=axis, keepdims=True)
    found = kt.mean(kt.astype(x, "float64"), axis=axis, keepdims=True)
    return kt.astype(kt.round(found), x.dtype)


def _median(x: GradArray, axis: int) -> GradArray:
    n = x.shape[axis]
    return _mean(_layers(kt.sort(x, axis=axis), axis, (n - 1) // 2, n // 2 + 1), axis)


_STATISTICS: dict[str, Callable[[GradArray, int], GradArray]] = {
    "maximum": lambda x, axis: kt.max(x, axis=axis, keepdims=True),
    "minimum": lambda x, axis: kt.min(x, axis=axis, keepdims=True),
    "mean": _mean,
    "median": _median,
}


# -- reflections ---------------------------------------------------------------------------------


def _reflected_odd(x: GradArray, axis: int, left: int, right: int, mode: str) -> GradArray:
    """The continuation f with f(edge − t) = 2 f(edge) − f(edge + t) at both edges.

    The continuation repeats after two lengths, and grows by 2·(last − first) each time.
    """
    n = x.shape[axis]
    if n == 1:
        return gathered(x, np.zeros(left + 1 + right, dtype=int), axis)
    first, last = _layers(x, axis, 0, 1), _layers(x, axis, n - 1, n)
    period = n if mode == "symmetric" else n - 1
    back = 2 * n - 1 if mode == "symmetric" else 2 * (n - 1)

    def side(places: Any) -> GradArray:
        turns, rest = np.divmod(places, 2 * period)
        turned = rest >= n
        values = gathered(x, np.where(turned, back - rest, rest), axis)
        shape = tuple(places.size if i == axis else 1 for i in range(x.ndim))
        sign, to_last, to_first = (
            kt.astype(index_array(np.reshape(v, shape), x), x.dtype)
            for v in (1 - 2 * turned, 2 * turned + 2 * turns, -2 * turns)
        )
        return sign * values + to_last * last + to_first * first

    return kt.concat([side(np.arange(-left, 0)), x, side(np.arange(n, n + right))], axis=axis)
