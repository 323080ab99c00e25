"""Indices with negative steps, which PyTorch lacks: slices forwards, then flipped axes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

from ._indices import has_negative_step, is_basic
from ._rules import RawArray


@dataclass(frozen=True)
class Forwards:
    """An index with negative steps as three operations: ``flip(array[slices], axes)[rest]``.

    basic : whether `rest` makes a view.
    axes_of_view : if `basic`, the places of `axes` in ``array[slices][rest]``, from its end.
    """

    slices: tuple[slice, ...]
    axes: tuple[int, ...]
    rest: tuple[Any, ...]
    basic: bool
    axes_of_view: tuple[int, ...]


def forwards(key: Any, shape: tuple[int, ...]) -> Forwards:
    """The index `key` of an array of `shape` as `Forwards`, without negative steps."""
    parts = key if isinstance(key, tuple) else (key,)
    used = sum(map(_axes_used, parts))
    if used > len(shape):
        raise IndexError(f"it indexes {used} axes")
    slices = [slice(None)] * len(shape)
    rest: list[Any] = []
    axes: list[int] = []
    places: list[int] = []
    axis = place = 0  # of the array, and of the result
    for part in parts:
        count = len(shape) - used if part is ... else _axes_used(part)
        if has_negative_step(part):
            slices[axis] = _turned(part, shape[axis])
            axes.append(axis)
            places.append(place)
            part = slice(None)
        rest.append(part)
        axis += count
        place += 1 if part is None else count if part is ... or isinstance(part, slice) else 0
    ndim = place + len(shape) - axis
    axes_of_view = tuple([i - ndim for i in places])
    return Forwards(tuple(slices), tuple(axes), tuple(rest), is_basic(parts), axes_of_view)


def _turned(part: slice, length: int) -> slice:
    """The slice with a positive step that has the elements of `part`, whose step is negative."""
    taken = range(*part.indices(length))
    return slice(taken[-1], taken[0] + 1, -taken.step) if taken else slice(0, 0)


def _axes_used(part: Any) -> int:
    """How many axes of the array a part of an index takes; 0 for ``...``."""
    if part is None or part is ... or isinstance(part, bool):
        return 0
    if isinstance(part, list):
        part = torch.as_tensor(part)
    return part.ndim if "bool" in str(getattr(part, "dtype", "")) else 1


def read(array: RawArray, key: Any) -> RawArray:
    """``array[key]`` for an index with negative steps: a copy."""
    way = forwards(key, tuple(array.shape))
    part = array[way.slices]
    if way.basic:
        return flipped(part[way.rest], way.axes_of_view)
    return part.flip(way.axes)[way.rest]


def write(array: RawArray, key: Any, value: Any) -> None:
    """``array[key] = value`` for an index with negative steps, in place."""
    way = forwards(key, tuple(array.shape))
    part = array[way.slices]
    if way.basic:
        part[way.rest] = _flipped_if_there(value, way.axes_of_view)
    else:
        turned = part.flip(way.axes)
        turned[way.rest] = value
        part.copy_(turned.flip(way.axes))


def _flipped_if_there(value: Any, axes: tuple[int, ...]) -> Any:
    """`value`, which broadcasts to a flipped array, flipped along those of `axes` that it has."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.flip([i for i in axes if -i <= value.ndim])


def flipped(array: RawArray, axes: tuple[int, ...]) -> RawArray:
    """`array` with the order along `axes` reversed: a copy.

    The strides of the copy keep apart the axes that NumPy could not join in its view. `reshape`
    therefore makes a view of the copy exactly where it makes a view of NumPy's array.
    """
    copied = array.flip(axes)
    if torch.compiler.is_compiling() or array.ndim < 2 or not copied.numel():
        return copied
    strides = _strides(array, copied, {i % array.ndim for i in axes})
    if strides == copied.stride():
        return copied
    return copied.new_empty_strided(copied.shape, strides).copy_(copied)


def _strides(array: RawArray, copied: RawArray, axes: set[int]) -> tuple[int, ...]:
    """Strides for `copied`, which is `array` flipped along `axes`; gaps keep axes from joining."""
    shape, old = array.shape, array.stride()
    strides = [1 if n > 1 else step for n, step in zip(shape, copied.stride(), strict=True)]
    longer = [i for i in range(array.ndim) if shape[i] > 1]
    longer.sort(key=lambda i: (old[i], -i))
    for inner, outer in pairwise(longer):
        joined = old[outer] == old[inner] * shape[inner] and (inner in axes) == (outer in axes)
        strides[outer] = strides[inner] * shape[inner] + (not joined)
    return tuple(strides)
