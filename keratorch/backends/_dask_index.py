"""Writes into Dask arrays by index, and sums at an index, each as one layer of tasks.

A layer has one task for each chunk. The tasks name the tasks below and copy none of them, so a
graph grows by the same number of tasks at each step of a loop. Two ways of Dask's own grow faster:
`delayed` puts the whole graph below under new keys, and ``x[key] = value`` puts the graph below
`value` into its layer.
"""

from __future__ import annotations

import itertools
import math
import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask.array.core import normalize_chunks
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from keratorch.errors import ShapeError

from ._rules import RawArray

Chunks = tuple[tuple[int, ...], ...]
_normalize_chunks: Any = normalize_chunks
#: The size of a chunk that nobody knows.
_NAN: Any = math.nan


class ChunkedShape(tuple[int, ...]):
    """A shape with the chunks of its array: a gradient gets the chunks of its input."""

    chunks: Chunks

    @classmethod
    def of(cls, array: RawArray) -> ChunkedShape:
        shape = cls(array.shape)
        shape.chunks = array.chunks
        return shape

    def __getitem__(self, i: Any) -> Any:
        part = super().__getitem__(i)
        if isinstance(i, slice):
            part = ChunkedShape(part)
            part.chunks = self.chunks[i]
        return part


def chunks_for(shape: tuple[int, ...], dtype: Any) -> Chunks:
    """The chunks of a new array of `shape`: those that the shape remembers, or Dask's default."""
    found = getattr(shape, "chunks", None)
    if found is None:
        return _normalize_chunks("auto", shape, dtype=dtype)
    if any(math.isnan(n) for n in shape):
        raise ShapeError(
            f"the derivative of x[key] needs the shape of x, which is {tuple(shape)}: call "
            "compute_chunk_sizes() of the Dask array first"
        )
    return found


class Hit(NamedTuple):
    """What a key chooses along one axis of one chunk."""

    part: Any
    #: The number of the chunk of the values, and how many elements the key chooses here.
    number: int
    length: int


class Key(NamedTuple):
    """A key, one part for each axis or new axis, and what it chooses in each chunk."""

    parts: tuple[Any, ...]
    #: For each axis of the array and each of its chunks.
    hits: tuple[tuple[Hit | None, ...], ...]
    #: The chunks of ``x[key]``; the axis of the array of indices is in one chunk.
    chunks: Chunks
    #: The array of indices in the key, its axis, and its axis in ``x[key]``.
    index: Any
    axis: int
    place: int


def parsed(key: Any, chunks: Chunks) -> Key | None:
    """The `Key` for an array in `chunks`; `None` for two arrays, or for one that is not 1-d.

    Each part has its own axis, as Dask reads: NumPy lets integers beside an array join it.
    """
    parts = _parts(key, len(chunks))
    if parts is None:
        return None
    hits: list[tuple[Hit | None, ...]] = []
    found: list[tuple[int, ...]] = []
    index, axis, place = None, -1, -1
    for part in parts:
        if part is None:
            found.append((1,))
            continue
        sizes = chunks[len(hits)]
        if isinstance(part, slice):
            of_axis, lengths = _of_slice(part, sizes)
            found.append(lengths)
        elif isinstance(part, int):
            of_axis = _of_integer(part, sizes)
        else:
            of_axis = (Hit(slice(None), 0, 0),) * len(sizes)
            index, axis, place = part, len(hits), len(found)
            if part.dtype.kind == "b" and part.shape[0] != sum(sizes):
                raise IndexError(
                    f"boolean index of shape {part.shape} for an axis of length {sum(sizes)}"
                )
            found.append((_NAN if part.dtype.kind == "b" else part.shape[0],))
        hits.append(of_axis)
    return Key(parts, tuple(hits), tuple(found), index, axis, place)


def _parts(key: Any, ndim: int) -> tuple[Any, ...] | None:
    parts = list(key) if isinstance(key, tuple) else [key]
    arrays = 0
    for i, part in enumerate(parts):
        if part is None or part is ... or isinstance(part, slice):
            continue
        if not isinstance(part, da.Array):
            part = np.asarray(part)
            part = part.astype(np.intp) if part.size == 0 and part.dtype.kind == "f" else part
        if part.dtype.kind in "iu" and part.ndim == 0 and not isinstance(part, da.Array):
            parts[i] = operator.index(part)
            continue
        arrays += 1
        if part.ndim != 1 or part.dtype.kind not in "biu" or arrays > 1:
            return None
        parts[i] = part
    taken = sum(part is not None and part is not ... for part in parts)
    if taken > ndim:
        raise IndexError(f"too many indices: {taken} for {ndim} axes")
    rest = [slice(None)] * (ndim - taken)
    dots = [i for i, part in enumerate(parts) if part is ...]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    at = dots[0] if dots else len(parts)
    return (*parts[:at], *rest, *parts[at + 1 :])


def _of_integer(i: int, sizes: tuple[int, ...]) -> tuple[Hit | None, ...]:
    n = sum(sizes)
    if math.isnan(n):
        raise ValueError(f"{i} of an axis in chunks of unknown sizes")
    if not -n <= i < n:
        raise IndexError(f"index {i} is out of bounds for an axis of length {n}")
    i %= n
    stops = itertools.accumulate(sizes)
    return tuple(
        Hit(i - stop + size, 0, 1) if stop - size <= i < stop else None
        for stop, size in zip(stops, sizes, strict=True)
    )


def _of_slice(
    part: slice, sizes: tuple[int, ...]
) -> tuple[tuple[Hit | None, ...], tuple[int, ...]]:
    if math.isnan(sum(sizes)):
        if part != slice(None):
            raise ValueError(f"{part} of an axis in chunks of unknown sizes")
        return tuple([Hit(part, i, n) for i, n in enumerate(sizes)]), sizes
    chosen = range(*part.indices(sum(sizes)))
    back = chosen.step < 0
    if back:
        chosen = chosen[::-1]
    hits: list[Hit | None] = []
    lengths: list[int] = []
    for stop, size in zip(itertools.accumulate(sizes), sizes, strict=True):
        first, last = bisect_left(chosen, stop - size), bisect_left(chosen, stop)
        if first == last:
            hits.append(None)
            continue
        low, high = (chosen[i] - stop + size for i in (first, last - 1))
        within = slice(low, high + 1, chosen.step)
        if back:
            within = slice(high, low - 1 if low else None, -chosen.step)
        hits.append(Hit(within, len(lengths), last - first))
        lengths.append(last - first)
    if back:
        most = len(lengths) - 1
        hits = [hit and hit._replace(number=most - hit.number) for hit in hits]
        lengths.reverse()
    return tuple(hits), tuple(lengths) or (0,)


def lengths_in(sizes: tuple[int, ...], part: slice) -> tuple[int, ...]:
    """How many elements a slice chooses in each chunk, without the chunks in which it has none."""
    return _of_slice(part, sizes)[1]


def fitted(values: RawArray, key: Key) -> RawArray:
    """`values` in the chunks of ``x[key]``; axes of length 1 stay where they broadcast."""
    extra = values.ndim - len(key.chunks)
    if extra > 0:  # x[0] = [[1, 2]] is allowed
        if any(n != 1 for n in values.shape[:extra]):
            raise ValueError(f"values of shape {values.shape} have too many axes")
        values = values[(0,) * extra]
    chunks = key.chunks[len(key.chunks) - values.ndim :]
    wanted: list[tuple[int, ...]] = []
    for axis, (own, new) in enumerate(zip(values.chunks, chunks, strict=True)):
        have, want = sum(own), sum(new)
        if axis == key.place - len(key.chunks) + values.ndim:
            # A mask says how many elements it chooses when its task runs.
            if have not in (1, want) and not math.isnan(have) and not math.isnan(want):
                raise ValueError(f"values of shape {values.shape} do not broadcast")
            values = joined(values, axis)
            wanted.append(values.chunks[axis])
        elif have == want or own == new:
            wanted.append(new)
        elif have == 1:
            wanted.append((1,))
        else:
            raise ValueError(f"values of shape {values.shape} do not broadcast to {want} elements")
    return values.rechunk(tuple(wanted))


def joined(x: RawArray, axis: int) -> RawArray:
    """`x` in one chunk along `axis`, also where the sizes of chunks are unknown."""
    number = x.numblocks[axis]
    if number == 1:
        return x
    name = "joined-" + tokenize(x, axis)
    tasks: dict[Any, Any] = {}
    for block in blocks((*x.numblocks[:axis], 1, *x.numblocks[axis + 1 :])):
        below = [(x.name, *block[:axis], i, *block[axis + 1 :]) for i in range(number)]
        tasks[(name, *block)] = (np.concatenate, below, axis)
    chunks = (*x.chunks[:axis], (sum(x.chunks[axis]),), *x.chunks[axis + 1 :])
    return layer(name, tasks, [x], chunks, x.dtype)


def in_one_chunk(x: RawArray) -> RawArray:
    for axis in range(x.ndim):
        x = joined(x, axis)
    return x


def blocks(numbers: Iterable[int]) -> Iterable[tuple[int, ...]]:
    """The positions of all chunks, from the number of chunks along each axis."""
    return itertools.product(*map(range, numbers))


def layer(
    name: str, tasks: dict[Any, Any], below: list[RawArray], chunks: Chunks, dtype: Any
) -> RawArray:
    """The array that `tasks` compute from the arrays `below`."""
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=below)
    make: Any = da.Array
    return make(graph, name, chunks=chunks, dtype=dtype)


def get_item(x: RawArray, key: Any) -> RawArray:
    """``x[key]``; Dask does not take `None` beside a Dask array of indices."""
    given = key if isinstance(key, tuple) else (key,)
    if any(part is None for part in given) and any(isinstance(part, da.Array) for part in given):
        parts = _parts(key, x.ndim)
        if parts is not None:
            y = x[tuple([part for part in parts if part is not None])]
            kept = [part for part in parts if not isinstance(part, int)]
            return y[tuple([part if part is None else slice(None) for part in kept])]
    return x[key]


# -- layers ------------------------------------------------------------------------------------


def add_at(shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
    """Zeros of `shape` with `values` added at `key`; repeated indices add up."""
    chunks = chunks_for(shape, values.dtype)
    found = parsed(key, chunks)
    if found is None:
        return _added_at_once(shape, key, values).rechunk(chunks)

    def otherwise(block: tuple[int, ...], sizes: tuple[int, ...]) -> Any:
        return (partial(np.zeros, sizes, values.dtype),)

    def at(block: tuple[int, ...], sizes: tuple[int, ...], write: _Write) -> tuple[Any, ...]:
        return (partial(_add, write, sizes),)

    return _layer("add-at", chunks, found, values, [], otherwise, at, values.dtype)


def with_item(x: RawArray, key: Any, values: RawArray) -> RawArray | None:
    """A copy of `x` in which ``[key]`` is `values`; `None` for keys that `parsed` does not take."""
    found = parsed(key, x.chunks)
    if found is None:
        return None

    def otherwise(block: tuple[int, ...], sizes: tuple[int, ...]) -> Any:
        return (x.name, *block)

    def at(block: tuple[int, ...], sizes: tuple[int, ...], write: _Write) -> tuple[Any, ...]:
        return partial(_put, write), (x.name, *block)

    return _layer("with-item", x.chunks, found, values, [x], otherwise, at, x.dtype)


def _layer(
    op: str,
    chunks: Chunks,
    key: Key,
    values: RawArray,
    below: list[RawArray],
    otherwise: Callable[..., Any],
    at: Callable[..., tuple[Any, ...]],
    dtype: Any,
) -> RawArray:
    """One task for each chunk: `at` where the key chooses elements of it, else `otherwise`."""
    values = fitted(values, key)
    below = [*below, values]
    index: tuple[Any, ...] = ()
    if key.index is not None:
        whole = joined(da.asarray(key.index), 0)
        below.append(whole)
        index = ((whole.name, 0),)
    name = f"{op}-" + tokenize(below, chunks, key.parts)
    starts = [[0, *itertools.accumulate(sizes)] for sizes in chunks]
    tasks: dict[Any, Any] = {}
    for block in blocks(map(len, chunks)):
        sizes = tuple([of_axis[i] for of_axis, i in zip(chunks, block, strict=True)])
        hits = [of_axis[i] for of_axis, i in zip(key.hits, block, strict=True)]
        if None in hits:
            tasks[(name, *block)] = otherwise(block, sizes)
            continue
        parts, numbers = _within(key.parts, [hit for hit in hits if hit is not None])
        numbers = numbers[len(numbers) - values.ndim :]
        limits = (0, 0, 0)
        if index:
            ends = starts[key.axis]
            limits = ends[block[key.axis]], ends[block[key.axis] + 1], ends[-1]
        number = tuple([i if n > 1 else 0 for i, n in zip(numbers, values.numblocks, strict=True)])
        write = _Write((*parts, ...), key.place, *limits)
        tasks[(name, *block)] = (*at(block, sizes, write), (values.name, *number), *index)
    return layer(name, tasks, below, chunks, dtype)


def _within(parts: tuple[Any, ...], hits: list[Hit]) -> tuple[list[Any], list[int]]:
    """The key into one chunk, and the position of the chunk of the values that goes there."""
    of_axes = iter(hits)
    local: list[Any] = []
    numbers: list[int] = []
    for part in parts:
        hit = Hit(None, 0, 1) if part is None else next(of_axes)
        local.append(hit.part)
        if not isinstance(part, int):
            numbers.append(hit.number)
    return local, numbers


class _Write(NamedTuple):
    """Where a task writes: a key into its chunk, then indices along the axis `place` of that part.

    The indices count along an axis of length `size`, of which the chunk is from `start` to `stop`.
    """

    key: tuple[Any, ...]
    place: int
    start: int
    stop: int
    size: int


def _add(write: _Write, sizes: tuple[int, ...], values: Any, index: Any = None) -> Any:
    values = np.asarray(values)
    out = np.zeros(sizes, values.dtype)
    part = out[write.key]
    if index is None:
        part[...] = values
    else:
        np.add.at(part, *_chosen(write, part, values, index))
    return out


def _put(write: _Write, block: Any, values: Any, index: Any = None) -> Any:
    out = np.array(block)
    part = out[write.key]
    if index is None:
        part[...] = values
    else:
        key, values = _chosen(write, part, np.asarray(values), index)
        part[key] = values
    return out


def _chosen(write: _Write, part: Any, values: Any, index: Any) -> tuple[Any, Any]:
    """The key into `part` for the indices that lie in this chunk, and their values."""
    places = np.flatnonzero(index) if index.dtype == bool else index.astype(np.intp)
    places = np.where(places < 0, places + write.size, places)
    if ((places < 0) | (places >= write.size)).any():
        raise IndexError(f"an index is out of bounds for an axis of length {write.size}")
    here = np.flatnonzero((places >= write.start) & (places < write.stop))
    before = (slice(None),) * write.place
    shape = (*part.shape[: write.place], len(places), *part.shape[write.place + 1 :])
    values = np.broadcast_to(values, shape)
    return (*before, places[here] - write.start), values[(*before, here)]


def _added_at_once(shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
    """`add_at` in one task, for keys that Dask does not read."""
    parts = list(key) if isinstance(key, tuple) else [key]
    where = [i for i, part in enumerate(parts) if isinstance(part, da.Array)]
    below = [in_one_chunk(x) for x in (values, *(parts[i] for i in where))]
    plain = [None if i in where else part for i, part in enumerate(parts)]
    name = "add-at-" + tokenize(below, tuple(shape), plain, where)
    task = partial(_add_whole, tuple(shape), tuple(plain), tuple(where))
    tasks = {(name, *(0,) * len(shape)): (task, *((x.name, *(0,) * x.ndim) for x in below))}
    return layer(name, tasks, below, tuple([(n,) for n in shape]), values.dtype)


def _add_whole(
    shape: tuple[int, ...],
    plain: tuple[Any, ...],
    where: tuple[int, ...],
    values: Any,
    *arrays: Any,
) -> Any:
    parts = list(plain)
    for i, array in zip(where, arrays, strict=True):
        parts[i] = array
    out = np.zeros(shape, dtype=values.dtype)
    np.add.at(out, tuple(parts), values)
    return out


# -- along an axis -----------------------------------------------------------------------------


def take_along(x: RawArray, index: RawArray, axis: int) -> RawArray:
    """``take_along_axis(x, index, axis=axis)``: each task reads the whole axis of its chunk."""
    x = joined(x, axis)
    labels = tuple(range(x.ndim))
    blockwise: Any = da.blockwise
    return blockwise(
        *(_take, labels),
        *(x, (*labels[:axis], x.ndim, *labels[axis + 1 :])),
        *(index, labels),
        axis=axis,
        concatenate=True,
        meta=x._meta,
        align_arrays=not _unknown(x, index),
    )


def _unknown(*arrays: RawArray) -> bool:
    return any(math.isnan(n) for x in arrays for n in x.shape)


def _take(x: Any, index: Any, axis: int) -> Any:
    return np.take_along_axis(x, index, axis)


def add_along(shape: tuple[int, ...], index: RawArray, axis: int, values: RawArray) -> RawArray:
    """The transpose of `take_along` for an array of `shape`."""
    chunks = chunks_for(shape, values.dtype)
    index, values = joined(index, axis), joined(values, axis)
    labels = tuple(range(values.ndim))
    within = (*labels[:axis], values.ndim, *labels[axis + 1 :])
    blockwise: Any = da.blockwise
    total = blockwise(
        *(partial(_add_along, shape[axis]), labels),
        *(values, within),
        *(index, within),
        axis=axis,
        new_axes={axis: shape[axis]},
        concatenate=True,
        meta=values._meta,
        align_arrays=not _unknown(values, index),
    )
    spread = [i for i in labels if i != axis and shape[i] == 1 < values.shape[i]]
    if spread:
        total = total.sum(axis=tuple(spread), keepdims=True)
    return total.rechunk(chunks)


def _add_along(size: int, values: Any, index: Any, axis: int) -> Any:
    values, index = np.moveaxis(values, axis, -1), np.moveaxis(index, axis, -1)
    index = np.broadcast_to(index, values.shape)
    out = np.zeros((*values.shape[:-1], size), dtype=values.dtype)
    rows = np.arange(math.prod(values.shape[:-1]))
    np.add.at(
        out.reshape(-1, size),
        (rows[:, None], index.reshape(len(rows), -1)),
        values.reshape(len(rows), -1),
    )
    return np.moveaxis(out, -1, axis)
