"""Functions that write into a `GradArray`: recorded writes, like ``x[...] = value``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.shown import shown
from ...errors import DTypeError, ShapeError
from ...ops.writing import written
from ._arguments import (
    arrays,
    axes_of,
    can_cast,
    flat,
    gathered,
    index_array,
    of_dtype,
    positions,
    refuse,
)
from ._table import implements
from .indexing import flatnonzero, wrapped


def _destination(name: str, x: Any) -> GradArray:
    if not isinstance(x, GradArray):
        raise refuse(
            name,
            "a tracked value, into an array that is no GradArray,",
            "its gradient would be lost: make the destination with keratorch.asarray",
        )
    return x


def _at(positions: GradArray, shape: tuple[int, ...]) -> tuple[GradArray, ...]:
    """Positions in a flattened array as positions along the axes of `shape`."""
    found: list[GradArray] = []
    for n in reversed(shape):
        found.append(kt.remainder(positions, n))
        positions = kt.floor_divide(positions, n)
    return tuple(reversed(found))


def _cycled(name: str, x: GradArray, values: GradArray, count: int) -> GradArray:
    """`count` of the flattened values, repeated as often as needed, in the dtype of `x`."""
    values = flat(of_dtype(name, values, x.dtype))
    if values.size == count:
        return values
    if not values.size and count:
        raise ShapeError(f"numpy.{name}: there is no value to write")
    return gathered(values, np.arange(count) % max(values.size, 1), 0)


@implements("copyto")
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """``dst[...] = src`` where `where` is true."""
    x = _destination("copyto", dst)
    value = arrays(x, src)[1]
    if not can_cast(value.dtype, x.dtype, casting):
        raise DTypeError(
            f"numpy.copyto: cannot cast {value.dtype} to {x.dtype} according to "
            f"{shown(casting)}: pass "
            "casting='unsafe', or convert one of them with astype"
        )
    value = of_dtype("copyto", value, x.dtype)
    if where is not True:
        value = kt.where(arrays(x, value, where)[2], value, x)
    x[...] = value


@implements("put")
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """``a.flat[ind] = v``; if there are too few values, they are repeated."""
    x = _destination("put", a)
    index = flat(positions(x, ind))
    values = written(x, [0], v)
    if not index.size or not values.size:
        return
    index = wrapped(index, x.size, mode)
    index = kt.where(index < 0, index + x.size, index)
    x[_at(index, tuple(x.shape)) or ...] = _cycled("put", x, values, index.size)


@implements("place")
def place(arr: Any, mask: Any, vals: Any) -> None:
    """``arr[mask] = vals``: the first values in order; if there are too few, they are repeated."""
    x = _destination("place", arr)
    mask, values = positions(x, mask), written(x, [0], vals)
    index = flatnonzero(mask)
    if index.size:
        x[_at(index, tuple(x.shape))] = _cycled("place", x, values, index.size)


@implements("putmask")
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    """``a.flat[i] = values.flat[i]`` where the mask holds; too few values are repeated."""
    x = _destination("putmask", a)
    mask, values = arrays(x, mask, values)[1:]
    shape = tuple(x.shape)
    if tuple(mask.shape) != shape:
        raise ShapeError(
            f"numpy.putmask: a mask of shape {tuple(mask.shape)} for an array of shape {shape}: "
            "they must be equal; x[mask] = value takes one of fewer axes"
        )
    chosen = kt.reshape(_cycled("putmask", x, values, x.size), shape)
    x[...] = kt.where(mask, chosen, x)


@implements("put_along_axis")
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """Write `values` at the positions `indices` along `axis`; of the flattened array for `None`."""
    x = _destination("put_along_axis", arr)
    values = of_dtype("put_along_axis", written(x, [0], values), x.dtype)
    index = positions(x, indices, values)
    shape = tuple(x.shape)
    if axis is None:
        index = kt.where(index < 0, index + x.size, index)
        x[_at(index, shape)] = values
        return
    (axis,) = axes_of("put_along_axis", x, axis)
    if index.ndim != x.ndim:
        raise ShapeError(
            f"numpy.put_along_axis: indices of shape {tuple(index.shape)} for an array of shape "
            f"{shape}: they must have as many axes"
        )
    key = [
        index if i == axis
        else index_array(np.arange(n).reshape(*(1,) * i, n, *(1,) * (x.ndim - i - 1)), x)
        for i, n in enumerate(shape)
    ]  # fmt: skip
    x[tuple(key)] = values


@implements("fill_diagonal")
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write the elements of `val` into the main diagonal, repeated as often as needed.

    wrap : in a matrix with more rows than columns, begin again two rows below the diagonal's end.
    """
    x = _destination("fill_diagonal", a)
    shape = tuple(x.shape)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) != 1):
        raise ShapeError(
            f"numpy.fill_diagonal: an array of shape {shape} must have two axes, or more of equal "
            "lengths"
        )
    end = None
    if len(shape) == 2:
        step = shape[1] + 1
        end = None if wrap else shape[1] * shape[1]
    else:
        step = 1 + sum(math.prod(shape[:i]) for i in range(1, len(shape)))
    places = np.arange(math.prod(shape))[:end:step]
    values = _cycled("fill_diagonal", x, arrays(x, val)[1], places.size)
    x[_at(index_array(places, x), shape)] = values
