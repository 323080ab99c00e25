"""The methods of NumPy's ufuncs: ``np.add.reduce``, ``np.multiply.outer`` and their like."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.convert import raw_key
from ...errors import LostGradientError
from ...ops._operands import no_axis
from ...ops.indexing import add_at
from ...ops.writing import written
from . import elements, nans, reductions
from ._arguments import array, arrays, floating, index_array, is_floating, no_out, of_dtype
from ._table import implements_ufunc

Function = Callable[..., GradArray]


def given(initial: Any) -> Any:
    """`initial`; `None` for NumPy's ``_NoValue``, which means not given."""
    return None if type(initial).__name__ == "_NoValueType" else initial


# -- reduce ------------------------------------------------------------------------------------


def _reduction(ufunc: str, function: Function, with_dtype: bool, with_initial: bool) -> None:
    def reduce(
        a: Any, /, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
        initial: Any = None, where: Any = True,
    ) -> GradArray:  # fmt: skip
        no_out(f"{ufunc}.reduce", out)
        kwargs: dict[str, Any] = {"axis": axis, "keepdims": keepdims, "where": where}
        x = array(a)
        if with_dtype:
            kwargs["dtype"] = dtype
        elif dtype is not None and with_initial:
            x = kt.astype(x, dtype)
        initial = given(initial)
        if with_initial and initial is not None:
            kwargs["initial"] = initial
        return function(x, **kwargs)

    reduce.__doc__ = f"``np.{ufunc}.reduce``: along the first axis, unless told otherwise."
    implements_ufunc(f"{ufunc}.reduce", constant=not with_initial)(reduce)


_reduction("add", reductions.sum, True, True)
_reduction("multiply", reductions.prod, True, True)
_reduction("maximum", reductions.max, False, True)
_reduction("minimum", reductions.min, False, True)
_reduction("fmax", nans.nanmax, False, True)
_reduction("fmin", nans.nanmin, False, True)
_reduction("logical_and", reductions.all, False, False)
_reduction("logical_or", reductions.any, False, False)


def _log_of_sum(scale: float) -> Function:
    """The reduction of logaddexp, or of logaddexp2 with `scale` log 2."""

    def reduce(
        a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
    ) -> GradArray:
        x = floating(array(a))
        if where is not True:
            x = kt.where(array(where, x), x, -math.inf)
        if 0 in x.shape:
            y = kt.special.logsumexp(x, axis=axis, keepdims=keepdims)
            return y if initial is None else kt.logaddexp(y, initial)
        # The weights come from differences to the largest input; it adds nothing to the derivative.
        shift = kt.max(x.detach(), axis=axis, keepdims=True)
        if initial is not None:
            initial = array(initial, x)
            shift = kt.maximum(shift, initial.detach())
        shift = kt.where(kt.isfinite(shift), shift, 0.0)
        y = kt.special.logsumexp((x - shift) * scale, axis=axis, keepdims=keepdims)
        shift = kt.reshape(shift, y.shape)
        if initial is not None:
            y = kt.logaddexp(y, (initial - shift) * scale)
        return shift + y / scale

    return reduce


_reduction("logaddexp", _log_of_sum(1.0), False, True)
_reduction("logaddexp2", _log_of_sum(math.log(2)), False, True)


# -- accumulate --------------------------------------------------------------------------------


@implements_ufunc("add.accumulate")
def add_accumulate(a: Any, /, axis: int = 0, dtype: Any = None, out: Any = None) -> GradArray:
    """The running totals along `axis`."""
    return reductions.cumsum(a, axis, dtype, out)


@implements_ufunc("multiply.accumulate")
def multiply_accumulate(a: Any, /, axis: int = 0, dtype: Any = None, out: Any = None) -> GradArray:
    """The running products along `axis`."""
    return reductions.cumprod(a, axis, dtype, out)


def _scanned(op: Callable[[Any, Any], Any], parts: tuple[GradArray, ...], axis: int) -> Any:
    """The running results of an associative `op` of tuples of arrays, in log₂ n steps."""
    n, step = parts[0].shape[axis], 1
    lead = (slice(None),) * axis
    while step < n:
        head = (*lead, slice(None, step), ...)
        later = tuple(p[(*lead, slice(step, None), ...)] for p in parts)
        before = tuple(p[(*lead, slice(None, n - step), ...)] for p in parts)
        joined = op(before, later)
        parts = tuple(
            kt.concat([p[head], q], axis=axis) for p, q in zip(parts, joined, strict=True)
        )
        step *= 2
    return parts


def _running_extremum(ufunc: str, beats: Callable[[Any, Any], Any]) -> None:
    def accumulate(a: Any, /, axis: int = 0, dtype: Any = None, out: Any = None) -> GradArray:
        no_out(f"{ufunc}.accumulate", out)
        x = array(a) if dtype is None else kt.astype(array(a), dtype)
        axis = one_axis_of(f"{ufunc}.accumulate", x, axis)
        numbers = np.arange(x.shape[axis]).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
        places = kt.broadcast_to(index_array(numbers, x), x.shape)

        def later_if_beyond(before: Any, later: Any) -> Any:
            (value, place), (new, new_place) = before, later
            stays = ~beats(new, value)
            if is_floating(x):
                stays = (stays & ~kt.isnan(new)) | kt.isnan(value)
            return kt.where(stays, value, new), kt.where(stays, place, new_place)

        _, places = _scanned(later_if_beyond, (x.detach(), places), axis)
        return kt.take_along_axis(x, places, axis=axis)

    accumulate.__doc__ = f"``np.{ufunc}.accumulate``: the gradient goes to the first such element."
    implements_ufunc(f"{ufunc}.accumulate")(accumulate)


def one_axis_of(name: str, x: GradArray, axis: int) -> int:
    if not -x.ndim <= axis < x.ndim:
        raise no_axis(f"numpy.{name}", axis, tuple(x.shape), x.ndim)
    return axis % x.ndim


_running_extremum("maximum", kt.greater)
_running_extremum("minimum", kt.less)


def _running_logsumexp(ufunc: str, scale: float) -> None:
    """The accumulation of logaddexp, or of logaddexp2 with `scale` log 2.

    Each element is a pair: the largest input so far, without a derivative, and the logarithm of the
    sum of powers relative to it. The sum of the two is rounded, and no later weight is taken from
    it.
    """

    def joined(before: Any, later: Any) -> Any:
        (m, s), (n, t) = before, later
        largest = kt.maximum(m, n)
        shift = kt.where(kt.isfinite(largest), largest, 0.0)
        return largest, kt.logaddexp(s + _step(m, shift) * scale, t + _step(n, shift) * scale)

    def accumulate(a: Any, /, axis: int = 0, dtype: Any = None, out: Any = None) -> GradArray:
        no_out(f"{ufunc}.accumulate", out)
        x = floating(array(a) if dtype is None else kt.astype(array(a), dtype))
        axis = one_axis_of(f"{ufunc}.accumulate", x, axis)
        largest = x.detach()
        shift = kt.where(kt.isfinite(largest), largest, 0.0)
        largest, logs = _scanned(joined, (largest, (x - shift) * scale), axis)
        return kt.where(kt.isfinite(largest), largest, 0.0) + logs / scale

    accumulate.__doc__ = f"``np.{ufunc}.accumulate``: the running results along `axis`."
    implements_ufunc(f"{ufunc}.accumulate")(accumulate)


def _step(old: GradArray, new: GradArray) -> GradArray:
    """How far the logarithm of a sum moves if the largest input `old` becomes `new`."""
    return kt.where(kt.isfinite(old), old, 0.0) - new


_running_logsumexp("logaddexp", 1.0)
_running_logsumexp("logaddexp2", math.log(2))


# -- reduceat ----------------------------------------------------------------------------------


def reduced_at(ufunc: str, function: Function) -> Function:
    """``np.<ufunc>.reduceat``, made from the reduction `function`."""

    def reduceat(
        a: Any, indices: Any, /, axis: int = 0, dtype: Any = None, out: Any = None
    ) -> GradArray:
        no_out(f"{ufunc}.reduceat", out)
        x = array(a) if dtype is None else kt.astype(array(a), dtype)
        axis = one_axis_of(f"{ufunc}.reduceat", x, axis)
        given = indices.numpy() if isinstance(indices, GradArray) else np.asarray(indices)
        starts = [int(i) for i in given]
        ends = [*starts[1:], x.shape[axis]]
        lead = (slice(None),) * axis
        pieces: list[GradArray] = []
        for start, end in zip(starts, ends, strict=True):
            if not 0 <= start < x.shape[axis]:
                raise IndexError(
                    f"numpy.{ufunc}.reduceat: index {start} is out of range for axis {axis} of "
                    f"length {x.shape[axis]}"
                )
            piece = x[(*lead, slice(start, max(end, start + 1)), ...)]
            pieces.append(function(piece, axis=axis, keepdims=True))
        return kt.concat(pieces, axis=axis)

    reduceat.__doc__ = f"``np.{ufunc}.reduceat``: reductions of the slices between the indices."
    return reduceat


implements_ufunc("add.reduceat")(reduced_at("add", kt.sum))
implements_ufunc("multiply.reduceat")(reduced_at("multiply", kt.prod))
implements_ufunc("maximum.reduceat")(reduced_at("maximum", kt.max))
implements_ufunc("minimum.reduceat")(reduced_at("minimum", kt.min))


# -- at ----------------------------------------------------------------------------------------


def _addition_at(ufunc: str, sign: int) -> None:
    def at(a: Any, indices: Any, b: Any, /) -> None:
        if not isinstance(a, GradArray):
            raise LostGradientError(
                f"numpy.{ufunc}.at of a NumPy array with a tracked value would lose its gradient: "
                "make the array one of keratorch, with keratorch.asarray"
            )
        key = raw_key(indices, a._array, keep=True)
        shape = tuple(a[key].shape)
        values = of_dtype(f"{ufunc}.at", kt.broadcast_to(written(a, [0], b), shape), a.dtype)
        a[...] = a + sign * add_at(values, key, tuple(a.shape))

    at.__doc__ = f"``np.{ufunc}.at``: a recorded write, in which repeated indices add up."
    implements_ufunc(f"{ufunc}.at")(at)


_addition_at("add", 1)
_addition_at("subtract", -1)


# -- outer -------------------------------------------------------------------------------------


def outer(ufunc: str, function: Callable[..., Any], constant: bool = False) -> None:
    """Register ``np.<ufunc>.outer``: `function` of all pairs of elements."""

    def of_pairs(a: Any, b: Any, /) -> Any:
        x, y = arrays(a, b)
        return function(kt.reshape(x, (*x.shape, *(1,) * y.ndim)), y)

    of_pairs.__doc__ = f"``np.{ufunc}.outer``: of all pairs of elements."
    implements_ufunc(f"{ufunc}.outer", constant=constant)(of_pairs)


DIFFERENTIABLE_PAIRS: dict[str, Callable[..., Any]] = {
    "add": kt.add,
    "subtract": kt.subtract,
    "multiply": kt.multiply,
    "divide": kt.divide,
    "power": kt.pow,
    "float_power": elements.float_power,
    "remainder": kt.remainder,
    "fmod": elements.fmod,
    "divmod": elements.divmod,
    "maximum": kt.maximum,
    "minimum": kt.minimum,
    "fmax": elements.fmax,
    "fmin": elements.fmin,
    "arctan2": kt.atan2,
    "hypot": kt.hypot,
    "copysign": kt.copysign,
    "logaddexp": kt.logaddexp,
    "logaddexp2": elements.logaddexp2,
    "heaviside": elements.heaviside,
}
CONSTANT_PAIRS: dict[str, Callable[..., Any]] = {
    "floor_divide": kt.floor_divide,
    "less": kt.less,
    "less_equal": kt.less_equal,
    "greater": kt.greater,
    "greater_equal": kt.greater_equal,
    "equal": kt.equal,
    "not_equal": kt.not_equal,
    "logical_and": kt.logical_and,
    "logical_or": kt.logical_or,
    "logical_xor": kt.logical_xor,
}
for _ufunc, _function in DIFFERENTIABLE_PAIRS.items():
    outer(_ufunc, _function)
outer("ldexp", elements.ldexp)
for _ufunc, _function in CONSTANT_PAIRS.items():
    outer(_ufunc, _function, constant=True)
