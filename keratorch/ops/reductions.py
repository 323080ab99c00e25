"""Reductions: sum, mean, max, min, and the positions of the largest and smallest."""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.grad import Grad
from ..core.recording import is_active, record
from ..errors import ShapeError
from ..typing import ArrayLike
from ._operands import (
    as_array,
    is_complex,
    namespace,
    normalized_axes,
    raw_namespace,
    widened,
)
from .placing import astype

Axis = int | tuple[int, ...] | None


def spread(
    xp: Any, reduced: Any, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool = False
) -> Any:
    """`reduced`, with its reduced axes kept or not, broadcast back to `shape`."""
    if not keepdims and reduced.ndim:
        reduced = xp.reshape(reduced, tuple([1 if i in axes else n for i, n in enumerate(shape)]))
    return xp.broadcast_to(reduced, shape)


class SumGrad(Grad):
    """Every term gets the gradient of its sum."""

    __slots__ = ("axes", "input_shape", "keepdims")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (spread(namespace(grad), grad, self.input_shape, self.axes, self.keepdims),)

    def jvp(self, *tangents: Any) -> Any:
        return sum(tangents[0], axis=self.axes, keepdims=self.keepdims)


class MeanGrad(Grad):
    """Every term gets 1/n of the gradient of the mean of n; computed in float32 at least."""

    __slots__ = ("axes", "count", "input_shape", "keepdims")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        share = widened(grad) / self.count if self.count else grad
        return (spread(namespace(grad), share, self.input_shape, self.axes, self.keepdims),)

    def jvp(self, *tangents: Any) -> Any:
        return mean(tangents[0], axis=self.axes, keepdims=self.keepdims)


class _ExtremumGrad(Grad):
    """The gradient goes to the largest (smallest) values, in equal parts at a tie."""

    __slots__ = ("axes", "keepdims")
    selects = True
    saves = (0, -1)
    fresh = True

    def parts(self, xp: Any, x: Any, y: Any) -> Any:
        """The share of each input in the output: 1/(number of ties) at an extremum, 0 elsewhere."""
        largest = x == spread(xp, y, tuple(x.shape), self.axes, self.keepdims)
        largest = largest | (x != x)
        # In float32 at least: float16 counts to 2048 only.
        dtype = xp.float64 if x.dtype == xp.float64 else xp.float32
        hits = xp.astype(largest, dtype)
        return xp.astype(hits / xp.sum(hits, axis=self.axes, keepdims=True), x.dtype)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        x, y = self.saved(grad)
        return (spread(xp, grad, tuple(x.shape), self.axes, self.keepdims) * self.parts(xp, x, y),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        x, y = self.saved(t)
        xp = namespace(t)
        parts = self.parts(xp, x, y)
        selected = xp.where(parts != 0, t * parts, 0.0)
        return sum(selected, axis=self.axes, keepdims=self.keepdims)


class MaxGrad(_ExtremumGrad):
    """The gradient goes to the largest values, in equal parts at a tie."""

    __slots__ = ()


class MinGrad(_ExtremumGrad):
    """The gradient goes to the smallest values, in equal parts at a tie."""

    __slots__ = ()


def sum(
    x: ArrayLike, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
) -> GradArray:
    """The sum of the elements along `axis` (all axes for `None`).

    dtype : of the sum; default: that of `x` for floating and complex data, the library's default
        integer dtype for smaller integers and booleans.

    A sum in an integer dtype is a constant. Raises `AxisError` for an axis that `x` does not have,
    `DTypeError` for a complex `x` and a real `dtype`.
    """
    array: GradArray = as_operand(x)
    axes = normalized_axes("sum", array, axis)
    if dtype is not None and is_complex(array):
        array = astype(array, dtype, copy=False)  # raises for a real dtype
    a = array._array
    xp = raw_namespace(array)
    dtype = _dtype(array, dtype)
    raw = as_array(
        a, xp.sum(a, axis=None if axis is None else axes, dtype=dtype, keepdims=keepdims)
    )
    if not is_active(array) or not _registry.of(raw).is_inexact(raw.dtype):
        return recording.unrecorded(raw)
    return record(SumGrad, (array,), raw, axes=axes, input_shape=tuple(a.shape), keepdims=keepdims)


def mean(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> GradArray:
    """The arithmetic mean of the elements along `axis` (all axes for `None`).

    float16 and bfloat16 are summed in float32.
    """
    array: GradArray = as_operand(x)
    axes = normalized_axes("mean", array, axis)
    a = array._array
    xp = raw_namespace(array)
    wide = widened(a)
    raw = as_array(a, xp.mean(wide, axis=None if axis is None else axes, keepdims=keepdims))
    if wide is not a:
        raw = as_array(a, xp.astype(raw, a.dtype))
    if not is_active(array):
        return recording.unrecorded(raw)
    count = math.prod([a.shape[i] for i in axes])
    return record(
        MeanGrad,
        (array,),
        raw,
        axes=axes,
        input_shape=tuple(a.shape),
        count=count,
        keepdims=keepdims,
    )


def max(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> GradArray:
    """The largest element along `axis` (all for `None`); ties share the gradient in equal parts.

    Raises `ShapeError` where there is no element along `axis`.
    """
    return _extremum(MaxGrad, "max", x, axis, keepdims)


def min(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False) -> GradArray:
    """The smallest element along `axis` (all for `None`); ties share the gradient in equal parts.

    Raises `ShapeError` where there is no element along `axis`.
    """
    return _extremum(MinGrad, "min", x, axis, keepdims)


def _extremum(cls: type[Grad], name: str, x: Any, axis: Axis, keepdims: bool) -> GradArray:
    x = as_operand(x)
    axes = normalized_axes(name, x, axis)
    a = x._array
    xp = raw_namespace(x)
    _not_empty(name, x, axis, axes)
    if not axes:
        raw = xp.asarray(a, copy=True)
    else:
        raw = as_array(a, getattr(xp, name)(a, axis=axes, keepdims=keepdims))
    if not is_active(x):
        return recording.unrecorded(raw)
    return record(cls, (x,), raw, (a, raw), axes=axes, keepdims=keepdims)


def _not_empty(name: str, x: GradArray, axis: Axis, axes: tuple[int, ...]) -> None:
    shape = tuple(x.shape)
    if 0 in [shape[i] for i in axes]:
        where = "" if axis is None else f" along axis {axis}"
        raise ShapeError(
            f"{name}: an array of shape {shape} has no element{where}, and no elements have no "
            f"{name}: look at x.shape first, or join an element with concat"
        )


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> GradArray:
    """The position of the first largest element along `axis`: a constant.

    axis : `None` counts positions in the flattened `x`.
    """
    x = as_operand(x)
    a = x._array
    _not_empty("argmax", x, axis, normalized_axes("argmax", x, axis))
    return recording.unrecorded(
        as_array(a, raw_namespace(x).argmax(a, axis=axis, keepdims=keepdims))
    )


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> GradArray:
    """The position of the first smallest element along `axis`, as in `argmax`: a constant."""
    x = as_operand(x)
    a = x._array
    _not_empty("argmin", x, axis, normalized_axes("argmin", x, axis))
    return recording.unrecorded(
        as_array(a, raw_namespace(x).argmin(a, axis=axis, keepdims=keepdims))
    )


def all(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> GradArray:
    """Whether all elements along `axis` (all axes for `None`) are true: a constant."""
    x = as_operand(x)
    a = x._array
    normalized_axes("all", x, axis)
    return recording.unrecorded(as_array(a, raw_namespace(x).all(a, axis=axis, keepdims=keepdims)))


def any(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> GradArray:
    """Whether any element along `axis` (all axes for `None`) is true: a constant."""
    x = as_operand(x)
    a = x._array
    normalized_axes("any", x, axis)
    return recording.unrecorded(as_array(a, raw_namespace(x).any(a, axis=axis, keepdims=keepdims)))


def _dtype(x: GradArray, dtype: Any) -> Any:
    if dtype is None:
        return None
    return _registry.of(x._array).dtype(dtype)
