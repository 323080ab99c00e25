"""Choosing elements: by conditions, by positions, by bounds."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.convert import SCALARS
from ...core.shown import shown
from ...errors import ShapeError
from ._arguments import (
    array,
    arrays,
    flat,
    index_array,
    is_number,
    no_out,
    one_axis,
    positions,
    promoted,
    refuse,
    strong,
)
from ._table import implements

_NO_VALUE: Any = getattr(np, "_NoValue")  # noqa: B009


@implements("where")
def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """`x` where `condition` holds, else `y`; without `x` and `y`, the positions where it holds."""
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("numpy.where: give both x and y, or neither")
    return kt.where(condition, x, y)


@implements("nonzero", constant=True)
def nonzero(a: Any) -> tuple[GradArray, ...]:
    """The positions of the elements that are not 0, one array for each axis."""
    return kt.nonzero(array(a))


@implements("flatnonzero", constant=True)
def flatnonzero(a: Any) -> GradArray:
    """The positions in the flattened array of the elements that are not 0."""
    return kt.nonzero(flat(array(a)))[0]


@implements("argwhere", constant=True)
def argwhere(a: Any) -> GradArray:
    """The positions of the elements that are not 0, one row for each element."""
    x = array(a)
    if not x.ndim:
        return kt.reshape(flatnonzero(x), (-1, 1))[:, :0]
    return kt.stack(kt.nonzero(x), axis=1)


@implements("count_nonzero", constant=True)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> GradArray:
    """How many elements along `axis` are not 0."""
    return kt.count_nonzero(array(a), axis=axis, keepdims=bool(keepdims))


# -- by positions --------------------------------------------------------------------------------


def wrapped(index: GradArray, n: int, mode: str) -> GradArray:
    """`index` by NumPy's mode: unchanged for ``"raise"``, else brought into 0 … n − 1."""
    if mode == "wrap":
        return kt.remainder(index, n)
    if mode == "clip":
        return kt.clip(index, 0, n - 1)
    if mode != "raise":
        raise ValueError(f"mode {shown(mode)} must be 'raise', 'wrap' or 'clip'")
    return index


@implements("take")
def take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> GradArray:
    """The slices along `axis` at `indices`, of any shape; of the flattened array for `None`."""
    no_out("take", out)
    x = array(a)
    index = positions(x, indices)
    x, axis = one_axis("take", x, axis)
    y = kt.take(x, wrapped(flat(index), x.shape[axis], mode), axis=axis)
    if index.ndim == 1:
        return y
    return kt.reshape(y, (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]))


@implements("take_along_axis")
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> GradArray:
    """The elements at the positions `indices` along `axis`; of the flattened array for `None`."""
    x = array(arr)
    index = positions(x, indices)
    if axis is None:
        if index.ndim != 1:
            raise ShapeError(
                f"numpy.take_along_axis: indices of shape {tuple(index.shape)} must have one axis "
                "for axis=None"
            )
        x, axis = flat(x), 0
    return kt.take_along_axis(x, index, axis=axis)


@implements("compress")
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> GradArray:
    """The slices along `axis` where `condition`, which may be shorter than the axis, is true."""
    no_out("compress", out)
    x, axis = one_axis("compress", array(a), axis)
    kept = positions(x, condition)
    if kept.ndim != 1:
        raise ShapeError(
            f"numpy.compress: a condition of shape {tuple(kept.shape)} must have one axis"
        )
    return kt.take(x, kt.nonzero(kept)[0], axis=axis)


@implements("extract")
def extract(condition: Any, arr: Any) -> GradArray:
    """The vector of the elements where `condition` is true."""
    x = array(arr)
    kept = positions(x, condition)
    return kt.take(flat(x), flatnonzero(kept), axis=0)


# -- by conditions -------------------------------------------------------------------------------


@implements("select")
def select(condlist: Any, choicelist: Any, default: Any = 0) -> GradArray:
    """The choice of the first condition that holds, elementwise; `default` where none does."""
    conditions, choices = list(condlist), list(choicelist)
    if len(conditions) != len(choices) or not conditions:
        raise ShapeError(
            f"numpy.select: {len(conditions)} conditions and {len(choices)} choices: give as many "
            "of each, and one at least"
        )
    *choices, found = promoted("select", [*choices, default])
    conditions = arrays(found, *choices, *conditions)[-len(choices) :]
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        found = kt.where(condition, choice, found)
    return found


@implements("choose")
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> GradArray:
    """Elementwise ``choices[a[i]][i]``, after broadcasting.

    ``mode="raise"`` checks the values of `a`, which waits for the device.
    """
    no_out("choose", out)
    xs = promoted(
        "choose", list(kt.unstack(array(choices)) if hasattr(choices, "shape") else choices)
    )
    n = len(xs)
    index = strong(*xs, a)[-1]
    if mode == "raise" and bool(kt.any(kt.logical_or(index < 0, index >= n))):
        raise ValueError(f"numpy.choose: a number is not between 0 and {n - 1}: use mode='wrap'")
    index, *xs = kt.broadcast_arrays(wrapped(index, n, mode), *xs)
    found = kt.take_along_axis(kt.stack(xs), kt.expand_dims(index, axis=0), axis=0)
    return kt.squeeze(found, 0)


@implements("piecewise")
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> GradArray:
    """``funclist[i]``, a function or a value, for the elements where ``condlist[i]`` holds.

    If several conditions hold, the last one counts. If there is one function more than conditions,
    it is for all other elements; else these are 0. The result has the dtype of `x`.
    """
    points, functions = array(x), list(funclist)
    if isinstance(condlist, GradArray) or hasattr(condlist, "shape"):
        condlist = array(condlist)
        several = condlist.ndim > 1 or (condlist.ndim and not points.ndim)
        condlist = list(kt.unstack(condlist)) if several else [condlist]
    elif type(condlist) in SCALARS or (points.ndim and is_number(condlist[0])):
        condlist = [condlist]
    conditions = [flat(kt.astype(c, kt.bool)) for c in arrays(points, *condlist)[1:]]
    if len(functions) == len(conditions) + 1:
        some = conditions[0]
        for c in conditions[1:]:
            some = kt.logical_or(some, c)
        conditions.append(kt.logical_not(some))
    elif len(functions) != len(conditions):
        raise ShapeError(
            f"numpy.piecewise: {len(conditions)} conditions and {len(functions)} functions: give "
            "as many, or one function more"
        )
    row = flat(points)
    y = kt.zeros_like(row)
    for condition, function in zip(conditions, functions, strict=True):
        if callable(function):
            chosen = kt.take(row, kt.nonzero(condition)[0], axis=0)
            if not chosen.size:
                continue
            function = function(chosen, *args, **kw)
        y[condition] = function
    return kt.reshape(y, tuple(points.shape))


@implements("clip")
def clip(
    a: Any, a_min: Any = _NO_VALUE, a_max: Any = _NO_VALUE, out: Any = None, *,
    min: Any = _NO_VALUE, max: Any = _NO_VALUE, **kwargs: Any,
) -> GradArray:  # fmt: skip
    """`a`, limited to the range from the lower to the upper bound."""
    no_out("clip", out)
    if kwargs:
        raise refuse("clip", ", ".join(kwargs), "use where and astype")
    if a_min is _NO_VALUE and a_max is _NO_VALUE:
        a_min = None if min is _NO_VALUE else min
        a_max = None if max is _NO_VALUE else max
    elif a_min is _NO_VALUE or a_max is _NO_VALUE:
        raise TypeError("numpy.clip: give both a_min and a_max, of which one may be None")
    elif min is not _NO_VALUE or max is not _NO_VALUE:
        raise ValueError("numpy.clip: give a_min and a_max, or min and max, not both")
    return kt.clip(a, a_min, a_max)


# -- positions of an array's shape ---------------------------------------------------------------


def _positions(x: GradArray, found: tuple[Any, ...]) -> tuple[GradArray, ...]:
    return tuple(index_array(np.asarray(i), x) for i in found)


@implements("diag_indices_from", constant=True)
def diag_indices_from(arr: Any) -> tuple[GradArray, ...]:
    """The positions of the main diagonal."""
    x = array(arr)
    if x.ndim < 2 or len(set(x.shape)) != 1:
        raise ShapeError(
            f"numpy.diag_indices_from: the lengths of shape {tuple(x.shape)} must be equal, and "
            "two at least"
        )
    return _positions(x, np.diag_indices(x.shape[0], x.ndim))


def _matrix_shape(name: str, x: GradArray) -> tuple[int, int]:
    if x.ndim != 2:
        raise ShapeError(f"numpy.{name}: an array of shape {tuple(x.shape)} must have two axes")
    return x.shape[0], x.shape[1]


@implements("tril_indices_from", constant=True)
def tril_indices_from(arr: Any, k: int = 0) -> tuple[GradArray, ...]:
    """The positions of the lower triangle, up to the k-th diagonal."""
    x = array(arr)
    n, m = _matrix_shape("tril_indices_from", x)
    return _positions(x, np.tril_indices(n, k=operator.index(k), m=m))


@implements("triu_indices_from", constant=True)
def triu_indices_from(arr: Any, k: int = 0) -> tuple[GradArray, ...]:
    """The positions of the upper triangle, from the k-th diagonal on."""
    x = array(arr)
    n, m = _matrix_shape("triu_indices_from", x)
    return _positions(x, np.triu_indices(n, k=operator.index(k), m=m))
