"""Rolling and repeating elements, and cutting out triangles of matrices."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.grad import Grad
from ..core.recording import record
from ..core.sync import waits
from ..errors import DTypeError, ShapeError
from ..typing import ArrayLike
from ._operands import as_array, integer, namespace, normalized_axes, raw_namespace
from .manipulation import broadcast_to, reshape
from .placing import copy
from .sorting import take


class RollGrad(Grad):
    """The gradient, rolled back."""

    __slots__ = ("axes", "shifts")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if 0 in self.shape:  # Dask would cut the empty array into two chunks
            return (grad,)
        back = tuple([-s for s in self.shifts])
        return (namespace(grad).roll(grad, back, axis=self.axes),)

    def jvp(self, *tangents: Any) -> Any:
        return roll(tangents[0], self.shifts, axis=self.axes)


def roll(
    x: Any, /, shift: int | tuple[int, ...], *, axis: int | tuple[int, ...] | None = None
) -> GradArray:
    """The elements moved by `shift` places along `axis`; those beyond the end go to the start.

    shift : a number, or one for each axis. The shifts of an axis that is named twice add up.
    axis : `None` rolls the flattened array, and gives it the shape of `x` again.

    Raises `ShapeError` where the numbers of shifts and axes differ.
    """
    x = as_operand(x)
    a = x._array
    shifts: tuple[Any, ...] = tuple(shift) if isinstance(shift, (tuple, list)) else (shift,)
    shifts = tuple([integer("roll", "shift", s) for s in shifts])
    if axis is None:
        if len(shifts) != 1:
            raise ShapeError(
                f"roll: shift {shifts} has {len(shifts)} numbers, and there is no axis=: name an "
                "axis for each, or give one number, which rolls all elements in a row"
            )
        flat = reshape(x, (x.size,))
        return reshape(roll(flat, shifts, axis=(0,)), tuple(a.shape))
    # An axis may be named twice: its shifts add up.
    named = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple([normalized_axes("roll", x, i)[0] for i in named])
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(shifts) != len(axes):
        raise ShapeError(
            f"roll: shift {shifts} has {len(shifts)} numbers, and axis {axes} names {len(axes)} "
            f"axes of an array of shape {tuple(a.shape)}: give one number for each axis, or one "
            "for all"
        )
    backend = _registry.of(a)
    raw = as_array(a, backend.xp.roll(a, shifts, axis=axes)) if x.size else backend.copy(a)
    return record(RollGrad, (x,), raw, axes=axes, shifts=shifts)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> GradArray:
    """Each element `repeats` times along `axis`; ``axis=None`` flattens `x` first.

    repeats : a number, or an array of integers with a number for each element along `axis`; in a
        mask, `True` is 1. An array raises `SyncError` inside `no_sync()`.

    Raises `ShapeError` for a negative number, and for an array of another length.
    """
    x = as_operand(x)
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    (axis,) = normalized_axes("repeat", x, axis)
    shape = tuple(x.shape)
    n = shape[axis]
    if not hasattr(repeats, "shape") and not isinstance(repeats, (list, tuple)):
        repeats = integer("repeat", "repeats", repeats)
        if repeats < 0:
            raise ShapeError(
                f"repeat: repeats is {repeats}: it says how often each element comes, and must be "
                "0 or more"
            )
        before, after = shape[: axis + 1], shape[axis + 1 :]
        spread = broadcast_to(reshape(x, (*before, 1, *after)), (*before, repeats, *after))
        y = reshape(spread, (*before[:-1], n * repeats, *after))
        return copy(y) if 1 in (n, repeats) else y  # else elements could share memory
    waits("repeat with an array", shape, "its shape depends on values; use a number")
    counts = as_operand(repeats, like=x)._array
    of_counts = _registry.of(counts).xp  # NumPy's, for one of its arrays
    if of_counts.isdtype(counts.dtype, "bool"):
        counts = of_counts.astype(counts, of_counts.int64)
    if not of_counts.isdtype(counts.dtype, "integral"):
        raise DTypeError(
            f"repeat: repeats of dtype {counts.dtype}: numbers of elements are integers: convert "
            "them with astype"
        )
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
    """`x` as a whole, `repetitions` times along each axis; missing leading numbers count as 1."""
    x = as_operand(x)
    given = tuple(repetitions) if isinstance(repetitions, (tuple, list)) else (repetitions,)
    times = tuple([integer("tile", "repetitions", n) for n in given])
    if any(n < 0 for n in times):
        raise ShapeError(f"tile: repetitions {times} must be 0 or more along each axis")
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
    selects = True
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (namespace(grad).tril(grad, k=self.k),)

    def jvp(self, *tangents: Any) -> Any:
        return tril(tangents[0], k=self.k)


class TriuGrad(Grad):
    """The upper triangle of the gradient."""

    __slots__ = ("k",)
    selects = True
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (namespace(grad).triu(grad, k=self.k),)

    def jvp(self, *tangents: Any) -> Any:
        return triu(tangents[0], k=self.k)


def tril(x: ArrayLike, /, *, k: int = 0) -> GradArray:
    """The matrices in the last two axes, with 0 above the k-th diagonal.

    Raises `ShapeError` for fewer than two axes.
    """
    return _triangle(TrilGrad, "tril", x, k)


def triu(x: ArrayLike, /, *, k: int = 0) -> GradArray:
    """The matrices in the last two axes, with 0 below the k-th diagonal; errors as in `tril`."""
    return _triangle(TriuGrad, "triu", x, k)


def _triangle(cls: type[Grad], name: str, x: Any, k: int) -> GradArray:
    x = as_operand(x)
    a = x._array
    if x.ndim < 2:
        raise ShapeError(
            f"{name}: an array of shape {tuple(a.shape)} is no matrix: it needs two axes at least"
        )
    k = integer(name, "k", k)
    raw = as_array(a, _registry.of(a).function(name)(a, k=k))
    return record(cls, (x,), raw, k=k)
