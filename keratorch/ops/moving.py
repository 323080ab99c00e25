"""Rolling, repeating and cutting triangles."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.grad import Grad
from ..core.recording import record
from ..core.sync import waits
from ..errors import ShapeError
from ._operands import as_array, namespace, normalized_axes, raw_namespace
from .manipulation import broadcast_to, reshape
from .placing import copy
from .sorting import take


class RollGrad(Grad):
    """The gradient, rolled back."""

    __slots__ = ("axes", "shifts")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if 0 in self.shape:  # Dask would cut nothing into two chunks
            return (grad,)
        back = tuple([-s for s in self.shifts])
        return (namespace(grad).roll(grad, back, axis=self.axes),)

    def jvp(self, *tangents: Any) -> Any:
        return roll(tangents[0], self.shifts, axis=self.axes)


def roll(
    x: Any, /, shift: int | tuple[int, ...], *, axis: int | tuple[int, ...] | None = None
) -> GradArray:
    """The elements moved on by `shift` along `axis`; those that leave come in at the start.

    axis : `None` rolls all elements in a row, in the shape of `x`.
    """
    x = as_operand(x)
    a = x._array
    shifts = tuple(shift) if isinstance(shift, (tuple, list)) else (shift,)
    if axis is None:
        if len(shifts) != 1:
            raise ShapeError(f"roll: shifts {shifts} need an axis each")
        flat = reshape(x, (x.size,))
        return reshape(roll(flat, shifts, axis=(0,)), tuple(a.shape))
    # An axis may be named twice: the shifts add up.
    named = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple([normalized_axes("roll", x, i)[0] for i in named])
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {len(shifts)} shifts {shifts} for {len(axes)} axes {axes}")
    backend = _registry.of(a)
    raw = as_array(a, backend.xp.roll(a, shifts, axis=axes)) if x.size else backend.copy(a)
    return record(RollGrad, (x,), raw, axes=axes, shifts=shifts)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> GradArray:
    """Each element `repeats` times along `axis`; all in a row for ``axis=None``.

    repeats : a number, or an array of integers with a number for each element along `axis`.
    """
    x = as_operand(x)
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    (axis,) = normalized_axes("repeat", x, axis)
    shape = tuple(x.shape)
    n = shape[axis]
    if isinstance(repeats, int):
        if repeats < 0:
            raise ShapeError(f"repeat: repeats must not be negative, as {repeats} is")
        before, after = shape[: axis + 1], shape[axis + 1 :]
        spread = broadcast_to(reshape(x, (*before, 1, *after)), (*before, repeats, *after))
        y = reshape(spread, (*before[:-1], n * repeats, *after))
        return copy(y) if 1 in (n, repeats) else y  # else one element would be all of them
    waits("repeat with an array", shape, "its shape depends on values; use a number")
    counts = as_operand(repeats, like=x)._array
    if tuple(counts.shape) not in ((), (1,), (n,)):
        raise ShapeError(
            f"repeat: repeats of shape {tuple(counts.shape)} for axis {axis} of shape {shape}: "
            f"one number, or {n} of them"
        )
    xp = raw_namespace(x)
    numbers = xp.arange(n, device=getattr(x._array, "device", None))
    if len(counts.shape) != 1 or counts.shape[0] != n:
        counts = xp.broadcast_to(counts, (n,))
    index = xp.repeat(numbers, counts, axis=0)
    return take(x, index, axis=axis)


def tile(x: Any, repetitions: tuple[int, ...], /) -> GradArray:
    """`x` laid out `repetitions` times along each axis; missing ones on the left count as 1."""
    x = as_operand(x)
    times = tuple(repetitions) if isinstance(repetitions, (tuple, list)) else (repetitions,)
    ndim = max(x.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - x.ndim) + tuple(x.shape)
    single = tuple([n for pair in zip((1,) * ndim, shape, strict=True) for n in pair])
    spread = tuple([n for pair in zip(times, shape, strict=True) for n in pair])
    whole = tuple([m * n for m, n in zip(times, shape, strict=True)])
    y = reshape(broadcast_to(reshape(x, single), spread), whole)
    return copy(y) if all(1 in pair for pair in zip(times, shape, strict=True)) else y


class TrilGrad(Grad):
    """The lower triangle of the gradient."""

    __slots__ = ("k",)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (namespace(grad).tril(grad, k=self.k),)

    def jvp(self, *tangents: Any) -> Any:
        return tril(tangents[0], k=self.k)


class TriuGrad(Grad):
    """The upper triangle of the gradient."""

    __slots__ = ("k",)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (namespace(grad).triu(grad, k=self.k),)

    def jvp(self, *tangents: Any) -> Any:
        return triu(tangents[0], k=self.k)


def tril(x: Any, /, *, k: int = 0) -> GradArray:
    """The matrices with 0 above the k-th diagonal."""
    return _triangle(TrilGrad, "tril", x, k)


def triu(x: Any, /, *, k: int = 0) -> GradArray:
    """The matrices with 0 below the k-th diagonal."""
    return _triangle(TriuGrad, "triu", x, k)


def _triangle(cls: type[Grad], name: str, x: Any, k: int) -> GradArray:
    x = as_operand(x)
    a = x._array
    if x.ndim < 2:
        raise ShapeError(
            f"{name}: an array of shape {tuple(a.shape)} is no matrix: it needs two axes at least"
        )
    raw = as_array(a, _registry.of(a).function(name)(a, k=k))
    return record(cls, (x,), raw, k=k)
