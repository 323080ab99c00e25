"""Checks of arguments, and batch axes, shared by convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.array import GradArray
from ..core.shown import shown
from ..errors import ShapeError
from ..ops.manipulation import reshape

Size = int | Sequence[int]


def sizes(op: str, name: str, value: Size, n: int, least: int) -> tuple[int, ...]:
    """The argument `name` as one number per axis; `ShapeError` unless each is `least` or more."""
    given: tuple[Any, ...] = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    try:
        numbers: tuple[int, ...] = tuple([v.__index__() for v in given])
    except (AttributeError, TypeError):  # an array of one element has the method, and refuses
        raise ShapeError(
            f"{op}: {name} {shown(value)} must be an integer, or {n} of them"
        ) from None
    if len(numbers) == 1:
        numbers *= n
    if len(numbers) != n:
        raise ShapeError(
            f"{op}: {name} {shown(value)}: give one number, or one for each of {n} axes"
        )
    if any(v < least for v in numbers):
        raise ShapeError(f"{op}: {name} {shown(value)} must be {least} or more")
    return numbers


def batched(op: str, x: GradArray, n: int) -> tuple[GradArray, bool]:
    """`x` with a batch axis, and whether it had one already."""
    shape = tuple(x.shape)
    if len(shape) == n + 2:
        return x, True
    if len(shape) == n + 1:
        return reshape(x, (1, *shape)), False
    raise ShapeError(
        f"{op}: input of shape {shape} has {len(shape)} axes: it must be (N, C, *spatial) or "
        f"(C, *spatial) with {n} spatial {'axis' if n == 1 else 'axes'}"
    )


def unbatched(y: GradArray, has_batch: bool) -> GradArray:
    """`y` with its batch axis if the input had one, else without."""
    return y if has_batch else reshape(y, tuple(y.shape)[1:])


def spans(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """How far a dilated kernel reaches along each axis."""
    return tuple(gap * (k - 1) + 1 for k, gap in zip(kernel, dilation, strict=True))
