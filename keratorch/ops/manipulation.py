"""Shapes, axes and order: linear operations that only move or repeat elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand, check_devices
from ..core.grad import Grad
from ..core.recording import record
from ..core.shown import shown
from ..core.views import share
from ..errors import ShapeError
from ._operands import (
    as_array,
    integer,
    namespace,
    no_axis,
    normalized_axes,
    operands,
    raw_namespace,
    shape_tuple,
)
from .placing import copy

Shape = int | Sequence[int]


class ReshapeGrad(Grad):
    """The gradient, in the shape of the input."""

    __slots__ = ("input_shape",)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (namespace(grad).reshape(grad, self.input_shape),)

    def jvp(self, *tangents: Any) -> Any:
        return reshape(tangents[0], self.shape)


def reshape(x: Any, /, shape: Shape, *, copy: bool | None = None) -> GradArray:
    """The elements of `x` in another shape; one length may be −1, and follows from the others.

    copy : `True` always copies, `None` copies where needed, `False` raises the library's own error
        where a copy is needed.

    Raises `ShapeError` where the numbers of elements differ.
    """
    x = as_operand(x)
    a = x._array
    wanted = shape_tuple("reshape", shape)
    size = math.prod(a.shape)
    known = math.prod([n for n in wanted if n != -1])
    if wanted.count(-1) > 1 or any(n < -1 for n in wanted):
        raise ShapeError(f"reshape: shape {wanted} may have one -1, and no other negative length")
    if -1 in wanted:
        if known == 0 or size % known:
            raise ShapeError(
                f"reshape: {size} elements of shape {tuple(a.shape)} do not fill shape {wanted}: "
                "the lengths given must divide their number"
            )
        wanted = tuple(size // known if n == -1 else n for n in wanted)
    elif known != size:
        raise ShapeError(
            f"reshape: an array of shape {tuple(a.shape)} has {size} elements, shape {wanted} "
            f"needs {known}"
        )
    xp = raw_namespace(x)
    raw = xp.reshape(a, wanted) if copy is None else xp.reshape(a, wanted, copy=copy)
    y = record(ReshapeGrad, (x,), raw, input_shape=tuple(a.shape))
    return share(x, y, reshape, _reshaped_back, wanted, sure=False)


def _reshaped_back(x: GradArray, values: GradArray, shape: Shape) -> GradArray:
    return reshape(values, tuple(x.shape))


def expand_dims(x: Any, /, axis: int | tuple[int, ...] = 0) -> GradArray:
    """`x` with new axes of length 1, at the positions `axis` in the result.

    Raises `AxisError` for a position outside of the result, `ShapeError` for one named twice.
    """
    x = as_operand(x)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [integer("expand_dims", "axis", i) for i in axes]
    ndim = x.ndim + len(axes)
    if any(not -ndim <= i < ndim for i in axes):
        raise no_axis("expand_dims", axis, tuple(x.shape), ndim)
    places = {i % ndim for i in axes}
    if len(places) != len(axes):
        raise ShapeError(f"expand_dims: axis {axis} names a new axis twice: name each once")
    lengths = iter(x.shape)
    return reshape(x, tuple([1 if i in places else next(lengths) for i in range(ndim)]))


def squeeze(x: Any, /, axis: int | tuple[int, ...]) -> GradArray:
    """`x` without the axes of length 1 that `axis` names; `ShapeError` for another length."""
    x = as_operand(x)
    axes = normalized_axes("squeeze", x, axis)
    if any(x.shape[i] != 1 for i in axes):
        raise ShapeError(
            f"squeeze: axis {axis} of shape {tuple(x.shape)} is not of length 1: select an "
            "element of it by indexing"
        )
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


class BroadcastGrad(Grad):
    """The gradient itself; the engine sums it over the copies."""

    __slots__ = ()

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (grad,)

    def jvp(self, *tangents: Any) -> Any:
        return broadcast_to(tangents[0], self.shape)


def broadcast_to(x: Any, /, shape: Shape) -> GradArray:
    """`x` repeated along axes of length 1, and along new leading axes, to `shape`.

    Raises `ShapeError` where `x` does not broadcast to `shape`.
    """
    x = as_operand(x)
    wanted = shape_tuple("broadcast_to", shape)
    have = tuple(x.shape)
    lead = len(wanted) - len(have)
    if lead < 0 or any(n not in (1, m) for n, m in zip(have, wanted[lead:], strict=True)):
        raise ShapeError(
            f"broadcast_to: shape {have} does not broadcast to {wanted}: each length must be 1 or "
            "that of the axis it comes to, counted from the end; add axes with reshape or None"
        )
    raw = raw_namespace(x).broadcast_to(x._array, wanted)
    return share(x, record(BroadcastGrad, (x,), raw), broadcast_to, None, wanted)


def broadcast_arrays(*arrays: Any) -> tuple[GradArray, ...]:
    """All arrays broadcast to their common shape; `ShapeError` where they have none."""
    xs = operands(*arrays)
    if xs:
        check_devices("broadcast_arrays", *(x._array for x in xs))
    shape = broadcast_shape("broadcast_arrays", *(tuple(x.shape) for x in xs))
    return tuple(broadcast_to(x, shape) for x in xs)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that `shapes` broadcast to; `ShapeError` where there is none."""
    return broadcast_shape("broadcast_shapes", *map(tuple, shapes))


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[GradArray, ...]:
    """One grid for each one-dimensional array; its values vary along one axis of the grid.

    indexing : for ``"xy"`` the first array varies along the second axis and the second along the
        first; for ``"ij"`` each array varies along its own axis.

    Raises `ShapeError` for an array of two axes or more, and for another `indexing`.
    """
    if indexing not in ("xy", "ij"):
        raise ShapeError(f"meshgrid: indexing must be 'xy' or 'ij', not {shown(indexing)}")
    xs = operands(*arrays)
    if any(x.ndim > 1 for x in xs):
        shapes = ", ".join(str(tuple(x.shape)) for x in xs)
        raise ShapeError(f"meshgrid: arrays of shapes {shapes} must have one axis each")
    order = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        order[:2] = 1, 0
    aligned = [
        reshape(x, tuple([x.size if i == place else 1 for i in range(len(xs))]))
        for x, place in zip(xs, order, strict=True)
    ]
    return tuple(copy(x) for x in broadcast_arrays(*aligned))


def broadcast_shape(op: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that `shapes` broadcast to."""
    ndim = max((len(s) for s in shapes), default=0)
    out: list[int] = []
    for sizes in zip(*((1,) * (ndim - len(s)) + s for s in shapes), strict=True):
        distinct = {n for n in sizes if n != 1}
        if len(distinct) > 1:
            raise ShapeError(
                f"{op}: shapes {' and '.join(map(str, shapes))} do not broadcast: align them with "
                "reshape, or insert axes with None, as in x[:, None]"
            )
        out.append(distinct.pop() if distinct else 1)
    return tuple(out)


class TransposeGrad(Grad):
    """The gradient, with its axes put back in their old order."""

    __slots__ = ("axes",)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (namespace(grad).permute_dims(grad, inverse(self.axes)),)

    def jvp(self, *tangents: Any) -> Any:
        return permute_dims(tangents[0], self.axes)


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The order of axes that undoes the order `axes`."""
    back = [0] * len(axes)
    for i, axis in enumerate(axes):
        back[axis] = i
    return tuple(back)


def permute_dims(x: Any, /, axes: Sequence[int]) -> GradArray:
    """The axes of `x` in the order `axes`; `ShapeError` unless each axis is named once."""
    x = as_operand(x)
    if not hasattr(axes, "__iter__"):
        raise ShapeError(
            f"permute_dims: axes {shown(axes)} for an array of shape {tuple(x.shape)}: give a "
            "tuple "
            "with every axis, as in (1, 0)"
        )
    order = normalized_axes("permute_dims", x, tuple(axes))
    if len(order) != x.ndim:
        raise ShapeError(
            f"permute_dims: axes {tuple(axes)} for an array of shape {tuple(x.shape)}: name every "
            "axis once"
        )
    raw = raw_namespace(x).permute_dims(x._array, order)
    y = record(TransposeGrad, (x,), raw, axes=order)
    return share(x, y, permute_dims, _permuted_back, order)


def _permuted_back(x: GradArray, values: GradArray, axes: tuple[int, ...]) -> GradArray:
    return permute_dims(values, inverse(axes))


def matrix_transpose(x: Any, /) -> GradArray:
    """The last two axes exchanged: ``x.mT``; `ShapeError` where there are fewer than two."""
    x = as_operand(x)
    if x.ndim < 2:
        raise ShapeError(
            f"matrix_transpose: an array of shape {tuple(x.shape)} is no matrix: it needs two "
            "axes at least"
        )
    n = x.ndim
    return permute_dims(x, (*range(n - 2), n - 1, n - 2))


def moveaxis(
    x: Any, source: int | tuple[int, ...], destination: int | tuple[int, ...], /
) -> GradArray:
    """The axes at `source` moved to `destination`; the others keep their order.

    Raises `ShapeError` where the two name different numbers of axes.
    """
    x = as_operand(x)
    froms = normalized_axes("moveaxis", x, source)
    tos = normalized_axes("moveaxis", x, destination)
    if len(froms) != len(tos):
        raise ShapeError(
            f"moveaxis: {source} and {destination} name different numbers of axes: "
            "give as many of each"
        )
    order = [i for i in range(x.ndim) if i not in froms]
    for to, axis in sorted(zip(tos, froms, strict=True)):
        order.insert(to, axis)
    return permute_dims(x, order)


class FlipGrad(Grad):
    """The gradient, flipped back."""

    __slots__ = ("axes",)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (namespace(grad).flip(grad, axis=self.axes),)

    def jvp(self, *tangents: Any) -> Any:
        return flip(tangents[0], axis=self.axes)


def flip(x: Any, /, *, axis: int | tuple[int, ...] | None = None) -> GradArray:
    """`x` with the order of its elements reversed along `axis` (all axes for `None`)."""
    x = as_operand(x)
    axes = normalized_axes("flip", x, axis)
    backend = _registry.of(x._array)
    raw = as_array(x._array, backend.flip(x._array, axes))
    y = record(FlipGrad, (x,), raw, axes=axes)
    copied = backend.flips_by_copy and x.ndim > 0  # NumPy copies a 0-d array
    return share(x, y, _flipped, _flipped_back, axes, sure=False, copied=copied)


def _flipped(x: GradArray, axes: tuple[int, ...]) -> GradArray:
    return flip(x, axis=axes)


def _flipped_back(x: GradArray, values: GradArray, axes: tuple[int, ...]) -> GradArray:
    return flip(values, axis=axes)
