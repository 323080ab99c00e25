"""Which elements of an array a view of it shows, whatever made the view.

An array of flat positions gets the offset and the strides of the view, and so has at each place the
position of the element that the view has there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functions as kt
from ..core.array import GradArray
from ..core.views import share
from ..errors import LostGradientError
from ..ops.indexing import getitem, with_item

_strides = np.ndarray.strides.__get__
_interface = np.ndarray.__array_interface__.__get__


def address(a: Any) -> int:
    """Where the memory of `a` begins."""
    return _interface(a)["data"][0]


class Box:
    """A view that an index of integers and slices makes, whose axes are in another order at most.

    key : the index of the root.
    order : for each axis of the view, the axis of ``root[key]``; `None` for the same order.
    shape : the shape of the view, if it has more axes, of length 1; else `None`.
    """

    __slots__ = ("key", "order", "shape")

    def __init__(self, key: Any, order: Any, shape: Any) -> None:
        self.key = key
        self.order = order
        self.shape = shape

    @property
    def plain(self) -> bool:
        """Whether the view is ``root[key]`` itself."""
        return self.order is None and self.shape is None

    def read(self, whole: GradArray) -> GradArray:
        """The view, of the `GradArray` of the root."""
        y = getitem(whole, (*self.key, Ellipsis))  # a view even of one element
        if self.order is not None:
            y = kt.permute_dims(y, self.order)
        return y if self.shape is None else kt.reshape(y, self.shape)


def box_of(view: Any, root: Any) -> Box | None:
    """How integers and slices select `view` from `root`; `None` if they cannot."""
    if view.dtype != root.dtype or not view.size:
        return None
    offset, rest = divmod(address(view) - address(root), root.itemsize)
    wanted = [
        (i, s, n) for i, (s, n) in enumerate(zip(_strides(view), view.shape, strict=True)) if n > 1
    ]
    key: list[Any] = [0] * root.ndim
    found: dict[int, int] = {}  # axis of the root -> axis of the view
    strides = _strides(root)
    for axis in sorted(range(root.ndim), key=lambda k: -strides[k]):
        if root.shape[axis] == 1:
            continue
        first, offset = divmod(offset, strides[axis] // root.itemsize)
        key[axis] = first
        for entry in wanted:
            step, odd = divmod(entry[1], strides[axis])
            last = first + step * (entry[2] - 1)
            if step and not odd and 0 <= last < root.shape[axis]:
                end = last + (1 if step > 0 else -1)
                key[axis] = slice(first, None if end < 0 else end, step)
                found[axis] = entry[0]
                wanted.remove(entry)
                break
    if wanted or rest or offset:
        return None
    if view.ndim == root.ndim and all(axis == i for axis, i in found.items()):
        for axis in range(root.ndim):  # a[i : i + 1]
            if axis not in found:
                found[axis] = axis
                key[axis] = slice(key[axis], key[axis] + 1, 1)
    axes = [found[axis] for axis in sorted(found)]
    ranks = {axis: k for k, axis in enumerate(axes)}
    order = tuple([ranks[axis] for axis in sorted(axes)])
    return Box(
        tuple(key),
        None if order == tuple(range(len(order))) else order,
        None if len(axes) == view.ndim else view.shape,
    )


def of(view: Any, root: Any) -> tuple[Any, str | None, int | None]:
    """The flat positions, in C order, of the elements of `view` in `root`; and which part of them.

    The part is ``"real"`` or ``"imag"`` for a real view of complex numbers, else `None`. The last
    value is the position of the first element if the positions follow from it and their strides.
    """
    size, step = math.prod(root.shape), root.itemsize
    start = address(view) - address(root)
    part = None
    if view.dtype != root.dtype:
        if root.dtype.kind != "c" or view.dtype.kind != "f" or 2 * view.itemsize != step:
            raise _no_view(view)
        part = "imag" if start % step else "real"
        start -= start % step
    strides = _strides(view)
    if start % step or any(s % step for s in strides):
        raise _no_view(view)
    row = _positions_in_memory(root, size)
    steps = [s // step * row.itemsize for s in strides]
    try:
        at = np.ndarray(view.shape, row.dtype, row, start // step * row.itemsize, steps)
    except (TypeError, ValueError) as error:
        raise _no_view(view) from error
    return at, part, start // step if root.flags.c_contiguous else None


def _positions_in_memory(root: Any, size: int) -> Any:
    """The flat position, in C order, of the element at each place of the memory of `root`."""
    row = np.arange(size)
    if root.flags.c_contiguous:
        return row
    steps = [s // root.itemsize * row.itemsize for s in _strides(root)]
    try:
        at = np.ndarray(root.shape, row.dtype, row, 0, steps)
    except (TypeError, ValueError) as error:  # it is no dense array
        raise _no_view(root) from error
    found = np.empty_like(row)
    found[at.reshape(-1)] = row
    return found


def _no_view(view: Any) -> LostGradientError:
    return LostGradientError(
        f"an array of dtype {view.dtype} and shape {view.shape} shows the memory of an array into "
        "which a tracked value was written, in a way that keratorch cannot follow: take the view "
        "after the write, or take a copy()"
    )


def along_axes(positions: Any, shape: tuple[int, ...]) -> Any:
    """Flat positions as an index of an array of `shape`."""
    if not shape:
        return ...
    found = np.unravel_index(positions, shape)
    return tuple([int(i) for i in found]) if not np.ndim(positions) else found


def read(whole: GradArray, positions: Any, part: str | None, start: int | None) -> GradArray:
    """The elements of `whole` at `positions`, as a view through which they can be written."""
    y = getitem(whole, along_axes(positions, whole.shape))
    if tuple(y.shape) != positions.shape:
        y = kt.reshape(y, positions.shape)
    raw, own = whole._array, y._array
    copied = start is None or part is not None or not raw.flags.c_contiguous or not own.size
    if copied:
        y._array = _laid_out(own, positions)
    else:
        strides = [s // positions.itemsize * raw.itemsize for s in positions.strides]
        y._array = np.ndarray(own.shape, own.dtype, raw, (start or 0) * raw.itemsize, strides)
    if part is not None:
        y = kt.imag(y) if part == "imag" else kt.real(y)
    return share(whole, y, read, written, positions, part, start, copied=copied)


def _laid_out(raw: Any, positions: Any) -> Any:
    """`raw` with the order of `positions` in memory: whether `ravel` copies depends on it."""
    if positions.flags.c_contiguous or 0 in positions.strides or not positions.size:
        return raw
    low, high = np.lib.array_utils.byte_bounds(positions)
    size, step = raw.itemsize, positions.itemsize
    memory = np.empty((high - low) // step, raw.dtype)
    start = (address(positions) - low) // step * size
    strides = [s // step * size for s in positions.strides]
    new = np.ndarray(raw.shape, raw.dtype, memory, start, strides)
    new[...] = raw
    return new


def written(
    whole: GradArray, values: GradArray, positions: Any, part: str | None, start: int | None
) -> GradArray:
    """`whole` with `values` at `positions`: the way back from `read`."""
    if part is not None:
        old = read(whole, positions, None, start)
        values = kt.real(old) + 1j * values if part == "imag" else values + 1j * kt.imag(old)
    return with_item(whole, along_axes(positions, whole.shape), values)
