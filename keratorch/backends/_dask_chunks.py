"""Joining, padding, windows and rolling of Dask arrays, without ever smaller chunks.

Dask's own functions cut chunks at each place where pieces meet. In a loop the cuts of all steps add
up, and the number of tasks grows with the square of the steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import array_api_compat.dask.array
import dask.array as da
import numpy as np
from dask.base import tokenize

from . import _windows
from ._dask_index import blocks, joined, layer, lengths_in
from ._rules import RawArray

compat: Any = array_api_compat.dask.array
Sizes = Sequence[int]
Widths = Sequence[tuple[int, int]]


def concat(arrays: Any, /, *, axis: int | None = 0) -> RawArray:
    """`concat`; a piece that is much smaller than the largest chunk joins its neighbour."""
    y = compat.concat(arrays, axis=axis)
    return _rechunked(y, [0 if axis is None else axis % y.ndim])


def where(condition: RawArray, x1: Any, x2: Any, /) -> RawArray:
    """`where`, in `without_cuts`."""
    return without_cuts(compat.where(condition, x1, x2), condition, x1, x2)


def without_cuts(y: RawArray, *operands: Any) -> RawArray:
    """The elementwise result `y`; small pieces between the cuts of two operands join neighbours."""
    arrays = [x for x in operands if isinstance(x, da.Array)]
    if len(arrays) < 2:
        return y
    cut = [
        axis
        for axis, sizes in enumerate(y.chunks)
        if all(axis < y.ndim - x.ndim or x.chunks[axis - y.ndim] != sizes for x in arrays)
    ]
    return _rechunked(y, cut) if cut else y


def _rechunked(y: RawArray, axes: list[int]) -> RawArray:
    known = [axis for axis in axes if not math.isnan(y.shape[axis])]
    return y.rechunk({axis: _merged(y.chunks[axis]) for axis in known})


def _merged(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Neighbouring sizes added up, to no more than 1¼ times the largest."""
    most = max(sizes) * 1.25
    out = [sizes[0]]
    for size in sizes[1:]:
        if out[-1] + size <= most:
            out[-1] += size
        else:
            out.append(size)
    return tuple(out)


def roll(x: RawArray, shift: Any, *, axis: Any = None) -> RawArray:
    """`roll`, in the chunks of `x`."""
    function: Any = da.roll
    rolled = function(x, shift, axis)
    return rolled if axis is None else rolled.rechunk(x.chunks)


def pad(x: RawArray, widths: Widths, value: float) -> RawArray:
    """`x` with `value` before and after each axis, in the first and the last chunks.

    An axis that keeps its length keeps its chunks.
    """
    kept = {i: own for i, (own, (a, b)) in enumerate(zip(x.chunks, widths, strict=True)) if a == -b}
    x = _windows.crop(x, widths)
    added = [(max(before, 0), max(after, 0)) for before, after in widths]
    name = "pad-" + tokenize(x, added, value)
    tasks: dict[Any, Any] = {}
    for block in blocks(x.numblocks):
        here = [
            (before if i == 0 else 0, after if i == n - 1 else 0)
            for (before, after), i, n in zip(added, block, x.numblocks, strict=True)
        ]
        tasks[(name, *block)] = (partial(_padded, here, value), (x.name, *block))
    chunks: list[tuple[int, ...]] = []
    for (before, after), own in zip(added, x.chunks, strict=True):
        sizes = list(own)
        sizes[0] += before
        sizes[-1] += after
        chunks.append(tuple(sizes))
    return layer(name, tasks, [x], tuple(chunks), x.dtype).rechunk(kept)


def _padded(widths: Widths, value: float, block: Any) -> Any:
    if not any(map(any, widths)):
        return block
    return np.pad(block, widths, constant_values=value)


def windows(x: RawArray, kernel: Sizes, counts: Sizes, stride: Sizes, dilation: Sizes) -> RawArray:
    """The windows over the last axes. A window lies in the chunk in which its middle lay."""
    first = x.ndim - len(kernel)
    for i, step in enumerate(zip(kernel, counts, stride, dilation, strict=True)):
        x = _windows_of_axis(x, first + i, *step)
    return x


def _windows_of_axis(
    x: RawArray, axis: int, size: int, count: int, step: int, gap: int
) -> RawArray:
    middle = (size - 1) * gap // 2
    sizes = lengths_in(x.chunks[axis], slice(middle, middle + (count - 1) * step + 1, step))
    stops = [0, *itertools.accumulate(x.chunks[axis])]
    starts = [0, *itertools.accumulate(sizes)]
    name = "windows-" + tokenize(x, axis, size, count, step, gap)
    tasks: dict[Any, Any] = {}
    for block in blocks((*x.numblocks[:axis], len(sizes), *x.numblocks[axis + 1 :])):
        a, b = starts[block[axis]], starts[block[axis] + 1]
        low, high = a * step, (b - 1) * step + (size - 1) * gap + 1
        below, start = _covering(x, block, axis, stops, low, high)
        cut = partial(_cut, axis, low - start, size, b - a, step, gap)
        tasks[(name, *block, 0)] = (cut, below)
    chunks = (*x.chunks[:axis], sizes, *x.chunks[axis + 1 :], (size,))
    return layer(name, tasks, [x], chunks, x.dtype)


def _covering(
    x: RawArray, block: tuple[int, ...], axis: int, stops: list[int], low: int, high: int
) -> tuple[list[Any], int]:
    """The chunks that hold the elements from `low` to `high` of an axis, and where they start."""
    number = range(x.numblocks[axis])
    chosen = [i for i in number if stops[i] < high and stops[i + 1] > low] or [0]
    below = [(x.name, *block[:axis], i, *block[axis + 1 :]) for i in chosen]
    return below, stops[chosen[0]]


def _cut(
    axis: int, start: int, size: int, count: int, step: int, gap: int, below: list[Any]
) -> Any:
    x = np.concatenate(below, axis=axis)
    before = (slice(None),) * axis
    span = (count - 1) * step + 1
    starts = [start + j * gap for j in range(size)]
    return np.stack([x[(*before, slice(j, j + span, step))] for j in starts], axis=-1)


def fold(x: RawArray, size: Sizes, stride: Sizes, dilation: Sizes) -> RawArray:
    """The windows `x`, added up at their places in axes of lengths `size`."""
    n = len(size)
    first = x.ndim - 2 * n
    chunks = getattr(size, "chunks", (None,) * n)
    for i in reversed(range(n)):
        x = _fold_axis(x, first + i, size[i], stride[i], dilation[i], chunks[i])
    return x


def _fold_axis(
    x: RawArray, axis: int, size: int, step: int, gap: int, sizes: tuple[int, ...] | None
) -> RawArray:
    x = joined(x, x.ndim - 1)
    reach = (x.shape[-1] - 1) * gap + 1
    stops = [0, *itertools.accumulate(x.chunks[axis])]
    if sizes is None:  # each window goes to the chunk in which its middle lies
        ends = [min(stop * step + reach // 2, size) for stop in stops[1:-1]]
        sizes = tuple(b - a for a, b in itertools.pairwise([0, *ends, size]) if b > a) or (0,)
    starts = [0, *itertools.accumulate(sizes)]
    name = "fold-" + tokenize(x, axis, size, step, gap, sizes)
    tasks: dict[Any, Any] = {}
    for block in blocks((*x.numblocks[:axis], len(sizes), *x.numblocks[axis + 1 : -1])):
        low, high = starts[block[axis]], starts[block[axis] + 1]
        # The windows that reach into the chunk.
        a, b = max(0, -((reach - 1 - low) // step)), -(-high // step)
        below, start = _covering(x, (*block, 0), axis, stops, a, b)
        tasks[(name, *block)] = (partial(_folded, axis, start, low, high, step, gap), below)
    chunks = (*x.chunks[:axis], sizes, *x.chunks[axis + 1 : -1])
    return layer(name, tasks, [x], chunks, x.dtype)


def _folded(
    axis: int, first: int, low: int, high: int, step: int, gap: int, below: list[Any]
) -> Any:
    """The elements from `low` to `high` of the sum, from the windows `first` and following."""
    x = np.moveaxis(np.concatenate(below, axis=axis), axis, 0)
    out = np.zeros((high - low, *x.shape[1:-1]), x.dtype)
    for j in range(x.shape[-1]):
        start = first * step + j * gap - low
        skipped = max(0, -(start // step))
        start += skipped * step
        into = out[start::step]
        layer = x[skipped : skipped + len(into), ..., j]
        into[: len(layer)] += layer
    return np.moveaxis(out, 0, axis)
