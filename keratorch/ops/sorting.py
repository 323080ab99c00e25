"""Sorting, searching, sets, and taking elements by their positions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.convert import as_index, as_operand, check_devices
from ..core.grad import Grad
from ..core.nodes import raw_of
from ..core.parts import Part
from ..core.recording import constant, is_active, record
from ..core.shown import shown
from ..core.sync import waits
from ..errors import DTypeError, InvalidIndexError, ShapeError
from ._operands import as_array, first_array, normalized_axes, raw_namespace
from .manipulation import reshape

#: The advice about a result whose shape depends on values, for `SyncError`.
_KEEP = "its shape depends on values; use where() and weights of 0 and 1"

# -- taking ------------------------------------------------------------------------------------


class TakeGrad(Grad):
    """Zeros, to which the gradient is added at the positions taken; repeated ones add up."""

    __slots__ = ("axis", "index", "input_shape")
    selects = True
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (_add_taken(grad, self.input_shape, self.index, self.axis),)
        added = _registry.of(grad).add_taken(self.input_shape, self.index, self.axis, grad)
        return (added,)

    def backward_parts(self, grad: Any) -> tuple[Any, ...]:
        few = 4 * math.prod(grad.shape) <= math.prod(self.input_shape)
        if not few or not _registry.of(raw_of(grad)).fills:
            return self.backward(grad)
        key = (*(slice(None),) * self.axis, self.index)
        return (Part(grad, key, self.backward),)

    def jvp(self, *tangents: Any) -> Any:
        return take(tangents[0], constant(self.index), axis=self.axis)


class AddTakenGrad(Grad):
    """The gradient at the positions: `TakeGrad` and this are each other's transpose."""

    __slots__ = ("axis", "index", "size")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (take(grad, constant(self.index), axis=self.axis),)
        return (_registry.of(grad).xp.take(grad, self.index, axis=self.axis),)

    def jvp(self, *tangents: Any) -> Any:
        return _add_taken(tangents[0], self.size, self.index, self.axis)


def _add_taken(values: GradArray, shape: tuple[int, ...], index: Any, axis: int) -> GradArray:
    raw = _registry.of(values._array).add_taken(shape, index, axis, values._array)
    return record(AddTakenGrad, (values,), raw, size=shape, index=index, axis=axis)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> GradArray:
    """The layers of `x` along `axis` at the positions `indices`, which may repeat.

    indices : a one-dimensional array of integers; an integer array of any shape in libraries
        that allow it.
    axis : may be left out for a one-dimensional `x`.

    Raises `DTypeError` unless the indices are integers, `InvalidIndexError` for a position that
    the library finds out of range, `ShapeError` where `axis` is missing.
    """
    x = as_operand(x, indices if _registry.is_array(x) else None)
    index = _positions("take", x, indices)
    if axis is None:
        if x.ndim != 1:
            raise ShapeError(
                f"take: an array of shape {tuple(x.shape)} needs axis=; it may be left out for "
                "1-D arrays only"
            )
        axis = 0
    (axis,) = normalized_axes("take", x, axis)
    a = x._array
    try:
        raw = as_array(a, raw_namespace(x).take(a, index, axis=axis))
    except IndexError as error:
        raise _no_positions("take", a, error) from error
    return record(
        TakeGrad, (x,), raw, index=index, axis=axis, input_shape=_registry.of(a).shape_of(a)
    )


def _positions(op: str, x: GradArray, indices: Any) -> Any:
    """`indices` as a raw array of integers beside `x`."""
    backend = _registry.of(x._array)
    if not isinstance(indices, GradArray) and not _registry.is_array(indices):
        indices = backend.asarray(indices, device=backend.device(x._array))
    index = as_operand(indices, x)._array
    if not _registry.of(index).xp.isdtype(index.dtype, "integral"):
        raise DTypeError(
            f"{op}: indices of dtype {index.dtype} and shape {tuple(index.shape)} must be "
            "integers: convert them with astype; a mask selects in x[mask]"
        )
    if not isinstance(indices, GradArray):
        return as_index(index, x._array)
    check_devices(op, x._array, index)
    return index


def _no_positions(op: str, a: Any, error: IndexError) -> InvalidIndexError:
    return InvalidIndexError(f"{op}: indices into an array of shape {tuple(a.shape)}: {error}")


class TakeAlongAxisGrad(Grad):
    """Zeros, to which the gradient is added at the positions taken; repeated ones add up."""

    __slots__ = ("axis", "index", "input_shape")
    selects = True
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (_add_along(grad, self.input_shape, self.index, self.axis),)
        added = _registry.of(grad).add_along(self.input_shape, self.index, self.axis, grad)
        return (added,)

    def jvp(self, *tangents: Any) -> Any:
        return take_along_axis(tangents[0], constant(self.index), axis=self.axis)


class AddAlongAxisGrad(Grad):
    """The gradient at the positions: `TakeAlongAxisGrad` and this are each other's transpose."""

    __slots__ = ("axis", "index", "size")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (take_along_axis(grad, constant(self.index), axis=self.axis),)
        return (_registry.of(grad).take_along(grad, self.index, self.axis),)

    def jvp(self, *tangents: Any) -> Any:
        return _add_along(tangents[0], self.size, self.index, self.axis)


def _add_along(values: GradArray, shape: tuple[int, ...], index: Any, axis: int) -> GradArray:
    raw = _registry.of(values._array).add_along(shape, index, axis, values._array)
    return record(AddAlongAxisGrad, (values,), raw, size=shape, index=index, axis=axis)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> GradArray:
    """The elements of `x` whose positions along `axis` are `indices`, which may repeat.

    indices : an integer array of as many axes as `x`; all axes but `axis` broadcast with those
        of `x`.

    Raises `DTypeError` and `InvalidIndexError` as `take` does, `ShapeError` for another number
    of axes.
    """
    x = as_operand(x, indices if _registry.is_array(x) else None)
    index = _positions("take_along_axis", x, indices)
    (axis,) = normalized_axes("take_along_axis", x, axis)
    a = x._array
    if len(index.shape) != x.ndim:
        raise ShapeError(
            f"take_along_axis: indices of shape {tuple(index.shape)} for an array of shape "
            f"{tuple(a.shape)}: they must have as many axes"
        )
    try:
        raw = as_array(a, _registry.of(a).take_along(a, index, axis))
    except IndexError as error:
        raise _no_positions("take_along_axis", a, error) from error
    return record(
        TakeAlongAxisGrad,
        (x,),
        raw,
        index=index,
        axis=axis,
        input_shape=_registry.of(a).shape_of(a),
    )


# -- sorting -----------------------------------------------------------------------------------


class SortGrad(Grad):
    """The gradient, put back by the inverse of the permutation that sorted the input."""

    __slots__ = ("axis", "order")
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        raw = raw_of(grad)
        backend = _registry.of(raw)
        # `argsort` of a permutation is its inverse.
        back = backend.xp.argsort(self.order, axis=self.axis)
        if isinstance(grad, GradArray):
            return (_permuted(grad, back, self.axis),)
        return (backend.take_along(grad, back, self.axis),)

    def jvp(self, *tangents: Any) -> Any:
        return _permuted(tangents[0], self.order, self.axis)


def _permuted(x: GradArray, order: Any, axis: int) -> GradArray:
    a = x._array
    raw = as_array(a, _registry.of(a).take_along(a, order, axis))
    return record(SortGrad, (x,), raw, order=order, axis=axis)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> GradArray:
    """The elements along `axis` in ascending order, or descending.

    The sort is stable whatever `stable` says: equal elements keep their order, and get their
    gradients in that order.
    """
    x = as_operand(x)
    (axis,) = normalized_axes("sort", x, axis)
    a = x._array
    xp = raw_namespace(x)
    if not is_active(x):
        return recording.unrecorded(
            as_array(a, xp.sort(a, axis=axis, descending=descending, stable=True))
        )
    order = xp.argsort(a, axis=axis, descending=descending, stable=True)
    return _permuted(x, order, axis)


def argsort(
    x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> GradArray:
    """The positions that sort `x` along `axis`: a constant. Always stable, as in `sort`."""
    x = as_operand(x)
    (axis,) = normalized_axes("argsort", x, axis)
    a = x._array
    function = raw_namespace(x).argsort
    return recording.unrecorded(
        as_array(a, function(a, axis=axis, descending=descending, stable=True))
    )


# -- searching ---------------------------------------------------------------------------------


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> GradArray:
    """For each element of `x2` its place in the sorted `x1`, in the shape of `x2`: a constant.

    side : the place before (``"left"``) or after (``"right"``) equal elements.
    sorter : the positions that sort `x1`, as from `argsort`; default: `x1` is sorted.

    Raises `ShapeError` unless `x1` has one axis.
    """
    like = first_array(x1, x2)
    x1 = as_operand(x1, like if _registry.is_array(x1) else None)
    x2 = as_operand(x2, like=x1)
    a, b = x1._array, x2._array
    check_devices("searchsorted", a, b)
    if x1.ndim != 1:
        raise ShapeError(
            f"searchsorted: x1 of shape {tuple(a.shape)} must have one axis: pass the sorted array "
            "first, one row at a time"
        )
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is {shown(side)}: use 'left' or 'right'")
    order = None if sorter is None else _positions("searchsorted", x1, sorter)
    raw = raw_namespace(x1).searchsorted(a, b, side=side, sorter=order)
    return recording.unrecorded(as_array(a, raw))


def nonzero(x: Any, /) -> tuple[GradArray, ...]:
    """The positions of the elements that are not 0, one array for each axis: constants.

    Raises `ShapeError` for an array of shape (), `SyncError` inside `no_sync()`.
    """
    x = as_operand(x)
    if not x.ndim:
        raise ShapeError("nonzero: an array of shape () has no axis: use reshape(x, (1,))")
    waits("nonzero", x.shape, _KEEP)
    return tuple(recording.unrecorded(part) for part in raw_namespace(x).nonzero(x._array))


def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> GradArray:
    """For each element of `x1`, whether it is in `x2`: a constant."""
    like = first_array(x1, x2)
    x1, x2 = as_operand(x1, like), as_operand(x2, like)
    a, b = x1._array, x2._array
    check_devices("isin", a, b)
    found = as_array(a, raw_namespace(x1).isin(a, b))
    # array-api-strict 2.6 accepts `invert` and ignores it.
    return recording.unrecorded(
        as_array(a, raw_namespace(x1).logical_not(found)) if invert else found
    )


# -- sets --------------------------------------------------------------------------------------


class UniqueAll(NamedTuple):
    """The result of `unique_all`."""

    values: GradArray
    indices: GradArray
    inverse_indices: GradArray
    counts: GradArray


class UniqueCounts(NamedTuple):
    """The result of `unique_counts`."""

    values: GradArray
    counts: GradArray


class UniqueInverse(NamedTuple):
    """The result of `unique_inverse`."""

    values: GradArray
    inverse_indices: GradArray


def unique_all(x: Any, /) -> UniqueAll:
    """The distinct elements, their first positions in the flattened `x`, the inverse, and counts.

    ``values[inverse_indices]`` is `x`. The gradient of a value goes to the first element that is
    equal to it. Raises `SyncError` inside `no_sync()`, as all ``unique_*`` functions do.
    """
    x = as_operand(x)
    waits("unique_all", x.shape, _KEEP)
    try:
        found = raw_namespace(x).unique_all(x._array)
    except NotImplementedError:
        found = _unique_all(raw_namespace(x), x._array)
    values, indices, inverse, counts = found
    return UniqueAll(
        _distinct(x, values, indices),
        *(recording.unrecorded(part) for part in (indices, inverse, counts)),
    )


def unique_counts(x: Any, /) -> UniqueCounts:
    """The distinct elements, and how often each occurs; gradients as in `unique_all`."""
    x = as_operand(x)
    waits("unique_counts", x.shape, _KEEP)
    if is_active(x):
        found = unique_all(x)
        return UniqueCounts(found.values, found.counts)
    return UniqueCounts(*map(recording.unrecorded, raw_namespace(x).unique_counts(x._array)))


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The distinct elements, and the inverse; gradients as in `unique_all`.

    ``values[inverse_indices]`` is `x`.
    """
    x = as_operand(x)
    waits("unique_inverse", x.shape, _KEEP)
    if is_active(x):
        found = unique_all(x)
        return UniqueInverse(found.values, found.inverse_indices)
    return UniqueInverse(*map(recording.unrecorded, raw_namespace(x).unique_inverse(x._array)))


def unique_values(x: Any, /) -> GradArray:
    """The distinct elements; gradients as in `unique_all`."""
    x = as_operand(x)
    waits("unique_values", x.shape, _KEEP)
    if is_active(x):
        return unique_all(x).values
    return recording.unrecorded(raw_namespace(x).unique_values(x._array))


def _distinct(x: GradArray, values: Any, indices: Any) -> GradArray:
    """The distinct elements `values` of `x`, at `indices` in the flattened `x`; differentiable."""
    if not is_active(x):
        return recording.unrecorded(values)
    return take(reshape(x, (x.size,)), constant(indices), axis=0)


def _unique_all(xp: Any, a: Any) -> tuple[Any, Any, Any, Any]:
    """`unique_all` by a stable sort, for libraries without that function."""
    flat = xp.reshape(a, (-1,)) if a.ndim != 1 else a
    order = xp.argsort(flat, stable=True)
    ordered = xp.take(flat, order, axis=0)
    first = xp.ones_like(ordered, dtype=xp.bool)
    first[1:] = ordered[1:] != ordered[:-1]
    (starts,) = xp.nonzero(first)
    size = xp.asarray([flat.shape[0]], dtype=starts.dtype, device=getattr(a, "device", None))
    counts = xp.concat([starts[1:], size[: starts.shape[0]]]) - starts
    numbers = xp.cumulative_sum(xp.astype(first, starts.dtype)) - 1
    inverse = xp.take(numbers, xp.argsort(order), axis=0)
    return (
        xp.take(ordered, starts, axis=0),
        xp.take(order, starts, axis=0),
        xp.reshape(inverse, tuple(a.shape)),
        counts,
    )
