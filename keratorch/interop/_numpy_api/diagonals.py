"""Triangles and diagonals, and functions of slices."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from ... import functions as kt
from ...core.array import GradArray
from ...core.callers import asked_by_poly1d
from ...core.nodes import is_tracked
from ...core.shown import shown
from ...errors import ShapeError
from ._arguments import array, arrays, axes_of, flat, integers, no_out, refuse
from ._table import implements

Axes = int | Sequence[int] | None


def _square(m: Any) -> GradArray:
    x = array(m)
    return kt.broadcast_to(x, (x.size, x.size)) if x.ndim == 1 else x


@implements("tril")
def tril(m: Any, k: int = 0) -> GradArray:
    """The matrices with 0 above the k-th diagonal."""
    return kt.tril(_square(m), k=operator.index(k))


@implements("triu")
def triu(m: Any, k: int = 0) -> GradArray:
    """The matrices with 0 below the k-th diagonal."""
    return kt.triu(_square(m), k=operator.index(k))


def diagonal_matrix(x: GradArray, k: int) -> GradArray:
    """The square matrix whose k-th diagonal is the vector `x`, with zeros elsewhere."""
    n = x.size + abs(k)
    if k:
        x = kt.concat([x, kt.zeros(abs(k), dtype=x.dtype, device=x.device)])
    mask = kt.eye(n, k=k, dtype=kt.bool, device=x.device)
    whole = x[:, None] if k >= 0 else x[None, :]
    return kt.where(mask, kt.broadcast_to(whole, (n, n)), kt.zeros_like(x)[:1] if n else whole)


@implements("diag")
def diag(v: Any, k: int = 0) -> GradArray:
    """The k-th diagonal of a matrix `v`, or the matrix with the vector `v` as k-th diagonal."""
    x, k = array(v), operator.index(k)
    if x.ndim == 1:
        return diagonal_matrix(x, k)
    if x.ndim != 2:
        raise ShapeError(f"numpy.diag: an array of shape {tuple(x.shape)} must have 1 or 2 axes")
    return kt.copy(diagonal(x, k))


@implements("diagflat")
def diagflat(v: Any, k: int = 0) -> GradArray:
    """The matrix whose k-th diagonal is the flattened `v`, with zeros elsewhere."""
    return diagonal_matrix(flat(array(v)), operator.index(k))


@implements("diagonal")
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> GradArray:
    """The diagonals of the matrices in the axes `axis1` and `axis2`, along a new last axis."""
    x = array(a)
    (i,), (j,) = axes_of("diagonal", x, axis1), axes_of("diagonal", x, axis2)
    x = kt.moveaxis(x, (i, j), (-2, -1))
    return kt.linalg.diagonal(x, offset=operator.index(offset))


@implements("trace")
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> GradArray:
    """The sum of the diagonal of each matrix in the axes `axis1` and `axis2`."""
    no_out("trace", out)
    return kt.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


# -- by the values -------------------------------------------------------------------------------


@implements("trim_zeros")
def trim_zeros(filt: Any, trim: str = "fb", axis: Axes = None) -> GradArray:
    """`filt` without the zeros at the front (``"f"``) and the back (``"b"``) along `axis`.

    The shape depends on the values, so the call waits for the device.
    """
    x, trim = array(filt), trim.lower()
    if is_tracked(x) and asked_by_poly1d():
        return x  # the derivative in a coefficient that is 0 is not 0
    if trim not in ("fb", "bf", "f", "b"):
        raise ValueError(f"numpy.trim_zeros: trim {shown(trim)} must be 'f', 'b' or 'fb'")
    cut = [slice(None)] * x.ndim
    found = [i.numpy() for i in kt.nonzero(x)]
    for i in axes_of("trim_zeros", x, axis):
        if not found[i].size:
            cut[i] = slice(0, 0)
            continue
        first = int(found[i].min()) if "f" in trim else 0
        cut[i] = slice(first, int(found[i].max()) + 1 if "b" in trim else None)
    return x[tuple(cut)]


# -- functions of slices -------------------------------------------------------------------------


@implements("apply_along_axis")
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> GradArray:
    """`func1d` of each vector along `axis`; the axes of its results, all alike, replace `axis`."""
    x = array(arr)
    (axis,) = axes_of("apply_along_axis", x, axis)
    rest = tuple(n for i, n in enumerate(x.shape) if i != axis)
    rows = kt.reshape(kt.moveaxis(x, axis, -1), (math.prod(rest), x.shape[axis]))
    if not rows.shape[0]:
        raise ShapeError(
            f"numpy.apply_along_axis: shape {tuple(x.shape)} has no vector along axis {axis}"
        )
    found = arrays(x, *[func1d(rows[i, ...], *args, **kwargs) for i in range(rows.shape[0])])[1:]
    whole = kt.stack(found)
    whole = kt.reshape(whole, (*rest, *found[0].shape))
    inner = tuple(range(len(rest), whole.ndim))
    return kt.moveaxis(whole, inner, tuple(range(axis, axis + len(inner))))


@implements("apply_over_axes")
def apply_over_axes(func: Any, a: Any, axes: Axes) -> GradArray:
    """Apply ``func(a, axis)`` for one of `axes` after the other, and keep the number of axes."""
    x = array(a)
    for axis in integers(axes):
        y = array(func(x, axis))
        if y.ndim == x.ndim - 1:
            y = kt.expand_dims(y, axis=axis % x.ndim)
        if y.ndim != x.ndim:
            raise refuse("apply_over_axes", f"a result of shape {tuple(y.shape)}", "keep the axes")
        x = y
    return x
