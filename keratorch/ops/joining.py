"""Joining arrays, and splitting them into layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.array import GradArray
from ..core.convert import as_operand, check_devices
from ..core.grad import Grad
from ..core.recording import record, record_many
from ..core.views import share
from ..errors import ShapeError, UnknownArrayError
from ._operands import (
    as_array,
    integer,
    namespace,
    no_axis,
    normalized_axes,
    operands,
    raw_namespace,
)
from .indexing import getitem, put_item
from .manipulation import reshape


class ConcatGrad(Grad):
    """Each input gets its section of the gradient."""

    __slots__ = ("axis", "ends")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        before = (slice(None),) * self.axis
        starts = (0, *self.ends[:-1])
        return tuple(
            grad[(*before, slice(i, j), ...)] for i, j in zip(starts, self.ends, strict=True)
        )

    def jvp(self, *tangents: Any) -> Any:
        like = next(t for t in tangents if t is not None)
        xp = namespace(like)
        starts = (0, *self.ends[:-1])
        parts = []
        for t, i, j in zip(tangents, starts, self.ends, strict=True):
            shape = (*self.shape[: self.axis], j - i, *self.shape[self.axis + 1 :])
            zeros = xp.zeros(shape, dtype=self.dtype, device=like.device) if t is None else t
            parts.append(zeros)
        return concat(parts, axis=self.axis)


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> GradArray:
    """The arrays joined along an existing axis; flattened first for ``axis=None``.

    Raises `ShapeError` where there is no array, or where other lengths than those along `axis`
    differ; `AxisError` for an axis that the arrays do not have.
    """
    xs = _listed("concat", arrays)
    if axis is None:
        xs = tuple(reshape(x, (x.size,)) for x in xs)
        axis = 0
    (axis,) = normalized_axes("concat", xs[0], axis)
    _check_joined("concat", xs, axis)
    raws = [x._array for x in xs]
    raw = raw_namespace(xs[0]).concat(raws, axis=axis)
    ends, end = [], 0
    for a in raws:
        end += a.shape[axis]
        ends.append(end)
    return record(ConcatGrad, xs, raw, axis=axis, ends=tuple(ends))


def _listed(op: str, arrays: Any) -> tuple[GradArray, ...]:
    """The arrays that are to be joined, one at least."""
    if not hasattr(arrays, "__iter__"):
        raise UnknownArrayError(
            f"{op} joins the arrays of a list or a tuple, and was given {type(arrays).__name__}: "
            f"write {op}([x, y])"
        )
    xs = operands(*arrays)
    if not xs:
        raise ShapeError(f"{op}: the list is empty: it needs one array at least")
    return xs


def _check_joined(op: str, xs: tuple[GradArray, ...], but: int | None) -> None:
    check_devices(op, *(x._array for x in xs))
    same = xs[0]._array.shape
    if all(x._array.shape == same for x in xs):
        return
    first = tuple(xs[0].shape)
    for x in xs[1:]:
        shape = tuple(x.shape)
        if len(shape) != len(first) or any(
            i != but and n != m for i, (n, m) in enumerate(zip(shape, first, strict=True))
        ):
            if but is None:
                raise ShapeError(
                    f"{op}: shapes {first} and {shape} must be equal: concat joins along an axis "
                    "of two lengths, and broadcast_arrays makes shapes equal"
                )
            raise ShapeError(
                f"{op}: shapes {first} and {shape} must be equal except along axis {but}: choose "
                "another axis, or add one with None, as in x[None]"
            )


class StackGrad(Grad):
    """Each input gets its layer of the gradient."""

    __slots__ = ("axis",)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        before = (slice(None),) * self.axis
        return tuple(grad[(*before, i, ...)] for i in range(grad.shape[self.axis]))

    def jvp(self, *tangents: Any) -> Any:
        like = next(t for t in tangents if t is not None)
        zeros = namespace(like).zeros_like(like)
        return stack([zeros if t is None else t for t in tangents], axis=self.axis)


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> GradArray:
    """The arrays, of one shape, joined along a new axis, which is `axis` of the result.

    Raises `ShapeError` where there is no array or the shapes differ, `AxisError` for a bad axis.
    """
    xs = _listed("stack", arrays)
    _check_joined("stack", xs, None)
    axis = integer("stack", "axis", axis)
    ndim = xs[0].ndim + 1
    if not -ndim <= axis < ndim:
        raise no_axis("stack", axis, tuple(xs[0].shape), ndim)
    axis %= ndim
    raw = raw_namespace(xs[0]).stack([x._array for x in xs], axis=axis)
    return record(StackGrad, xs, raw, axis=axis)


class UnstackGrad(Grad):
    """The gradients of the layers, stacked."""

    __slots__ = ("axis", "outputs")
    selects = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        like = next(g for g in grad if g is not None)
        xp = namespace(like)
        layers = [xp.zeros_like(like) if g is None else g for g in grad]
        return (xp.stack(layers, axis=self.axis),)

    def jvp(self, *tangents: Any) -> Any:
        return unstack(tangents[0], axis=self.axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[GradArray, ...]:
    """The layers of `x` along `axis`: a tuple of arrays without that axis, views as in NumPy."""
    x = as_operand(x)
    (axis,) = normalized_axes("unstack", x, axis)
    before = (slice(None),) * axis
    raws = tuple(as_array(x._array, x._array[(*before, i, ...)]) for i in range(x.shape[axis]))
    if not raws:
        return ()
    layers = record_many(UnstackGrad, (x,), raws, axis=axis)
    keys = [(*before, i, ...) for i in range(len(layers))]
    for layer, key in zip(layers, keys, strict=True):
        share(x, layer, getitem, put_item, key)
    return layers
