"""Joining and splitting arrays, inserting and deleting slices."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.convert import has_array
from ...errors import ShapeError
from ._arguments import array, axes_of, gathered, no_out, of_dtype, one_axis, promoted, strong
from ._table import implements
from .shapes import at_least


def _listed(arrays: Any) -> list[Any]:
    """A list of arrays; an array becomes the list of its slices along the first axis."""
    if hasattr(arrays, "shape"):
        return list(kt.unstack(array(arrays)))
    return list(arrays)


def _of_one_dtype(name: str, xs: Sequence[Any], dtype: Any, casting: str) -> tuple[GradArray, ...]:
    if dtype is None:
        return promoted(name, xs)
    return tuple(of_dtype(name, x, dtype, casting) for x in promoted(name, xs))


def _concatenated(
    name: str, xs: Sequence[Any], axis: int | None, dtype: Any, casting: str
) -> GradArray:
    if not xs:
        raise ShapeError(f"numpy.{name}: there is no array to join")
    return kt.concat(_of_one_dtype(name, xs, dtype, casting), axis=axis)


@implements("concatenate", "concat")
def concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None,
    casting: str = "same_kind",
) -> GradArray:  # fmt: skip
    """The arrays joined along an existing axis; flattened first for ``axis=None``."""
    no_out("concatenate", out)
    return _concatenated("concatenate", _listed(arrays), axis, dtype, casting)


@implements("stack")
def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> GradArray:
    """The arrays, of one shape, joined along a new axis."""
    no_out("stack", out)
    return kt.stack(_of_one_dtype("stack", strong(*_listed(arrays)), dtype, casting), axis=axis)


def _raised(tup: Any, ndim: int) -> list[GradArray]:
    return [at_least(x, ndim) for x in strong(*_listed(tup))]


@implements("hstack")
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> GradArray:
    """The arrays joined along the second axis; vectors along their only axis."""
    xs = _raised(tup, 1)
    axis = 0 if xs and xs[0].ndim == 1 else 1
    return _concatenated("hstack", xs, axis, dtype, casting)


@implements("vstack")
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> GradArray:
    """The arrays joined along the first axis; vectors as rows."""
    return _concatenated("vstack", _raised(tup, 2), 0, dtype, casting)


@implements("dstack")
def dstack(tup: Any) -> GradArray:
    """The arrays, as from `atleast_3d`, joined along the third axis."""
    return _concatenated("dstack", _raised(tup, 3), 2, None, "same_kind")


@implements("column_stack")
def column_stack(tup: Any) -> GradArray:
    """Vectors as the columns of a matrix; matrices side by side."""
    columns = [x if x.ndim > 1 else kt.reshape(x, (x.size, 1)) for x in strong(*_listed(tup))]
    return _concatenated("column_stack", columns, 1, None, "same_kind")


@implements("block")
def block(arrays: Any) -> GradArray:
    """An array from nested lists of blocks. The innermost lists are joined along the last axis."""
    leaves: list[Any] = []
    depth = _depth(arrays, leaves)
    blocks = promoted("block", strong(*leaves))
    ndim = max([depth, *(x.ndim for x in blocks)])
    rest = iter(blocks)

    def joined(part: Any, level: int) -> GradArray:
        if type(part) is not list:
            x = next(rest)
            return kt.reshape(x, (*(1,) * (ndim - x.ndim), *x.shape))
        return kt.concat([joined(p, level + 1) for p in part], axis=level - depth)

    return kt.copy(joined(arrays, 0))


def _depth(part: Any, leaves: list[Any]) -> int:
    """How deep the lists are nested; the blocks in them are appended to `leaves`."""
    if isinstance(part, tuple):
        raise TypeError("numpy.block: only lists nest blocks: write [...] in place of (...)")
    if type(part) is not list:
        leaves.append(part)
        return 0
    depths = {_depth(p, leaves) for p in part}
    if len(depths) != 1:
        raise ShapeError("numpy.block: the lists are empty, or not equally deep")
    return depths.pop() + 1


@implements("append")
def append(arr: Any, values: Any, axis: int | None = None) -> GradArray:
    """`arr` followed by `values` along `axis`; both are flattened for `None`."""
    return _concatenated("append", strong(arr, values), axis, None, "same_kind")


# -- inserting and deleting ----------------------------------------------------------------------


def _on_host(obj: Any) -> Any:
    """Positions on the host: an array becomes NumPy's, other values stay as they are."""
    if isinstance(obj, GradArray):
        return obj.numpy()
    return array(obj).numpy() if has_array(obj) else obj


@implements("insert")
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> GradArray:
    """`arr` with `values`, cast to its dtype, before the positions `obj` along `axis`."""
    x, values = strong(arr, values)
    x, axis = one_axis("insert", x, axis)
    values = of_dtype("insert", values, x.dtype)
    n = x.shape[axis]
    obj = _on_host(obj)
    where = np.arange(*obj.indices(n)) if isinstance(obj, slice) else np.asarray(obj)
    if where.dtype == bool:
        where = np.flatnonzero(where)
    if where.size == 0:
        where = where.astype(int)
    if where.ndim > 1:
        raise ShapeError(f"numpy.insert: positions of shape {where.shape} must be in a row")
    if ((where < -n) | (where > n)).any():
        raise IndexError(f"numpy.insert: a position is out of range for axis {axis} of length {n}")
    where = np.where(where < 0, where + n, where)
    count = where.size
    if count == 1:  # one position takes any number of values
        values = at_least_ndim(values, x.ndim)
        if where.ndim == 0:
            values = kt.moveaxis(values, 0, axis)
        count = values.shape[axis]
        where = np.full(count, where.item())
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    whole = kt.concat([x, kt.broadcast_to(values, shape)], axis=axis)
    # A stable sort puts each value before the element of x at its position.
    order = np.argsort(np.concatenate([np.arange(n) + 0.5, where]), kind="stable")
    return gathered(whole, order, axis)


def at_least_ndim(x: GradArray, ndim: int) -> GradArray:
    """`x` with at least `ndim` axes; new ones come first."""
    return kt.reshape(x, (*(1,) * (ndim - x.ndim), *x.shape)) if x.ndim < ndim else x


@implements("delete")
def delete(arr: Any, obj: Any, axis: int | None = None) -> GradArray:
    """`arr` without the slices at the positions `obj` along `axis`."""
    x, axis = one_axis("delete", array(arr), axis)
    return gathered(x, np.delete(np.arange(x.shape[axis]), _on_host(obj)), axis)


# -- splitting -----------------------------------------------------------------------------------


def _split(name: str, x: GradArray, where: Any, axis: int, equal: bool) -> list[GradArray]:
    (axis,) = axes_of(name, x, axis)
    n = x.shape[axis]
    where = _on_host(where)
    if np.ndim(where):
        ends = [operator.index(i) for i in np.asarray(where)]
    else:
        count = operator.index(where)
        if count <= 0:
            raise ValueError(f"numpy.{name}: {count} sections: there must be one at least")
        if equal and n % count:
            raise ShapeError(
                f"numpy.{name}: axis {axis} of shape {tuple(x.shape)} has no {count} equal parts: "
                "use array_split"
            )
        lengths = [n // count + (i < n % count) for i in range(count)]
        ends = list(np.cumsum(lengths)[:-1])
    before = (slice(None),) * axis
    # The Array API leaves slices beyond the end undefined: bring the bounds into the axis.
    ends = [min(max(int(i) + (n if i < 0 else 0), 0), n) for i in ends]
    bounds = zip([0, *ends], [*ends, n], strict=True)
    return [x[(*before, slice(i, max(i, j)), ...)] for i, j in bounds]


@implements("array_split")
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[GradArray]:
    """The parts along `axis` between the given positions, or that many about equal parts."""
    return _split("array_split", array(ary), indices_or_sections, axis, False)


@implements("split")
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[GradArray]:
    """The parts along `axis` between the given positions, or that many equal parts."""
    return _split("split", array(ary), indices_or_sections, axis, True)


def _split_at(name: str, ary: Any, where: Any, axis: int) -> list[GradArray]:
    x = array(ary)
    if x.ndim <= axis:
        raise ShapeError(
            f"numpy.{name}: an array of shape {tuple(x.shape)} must have {axis + 1} axes at least"
        )
    return _split(name, x, where, axis, True)


@implements("hsplit")
def hsplit(ary: Any, indices_or_sections: Any) -> list[GradArray]:
    """`split` along the second axis; a vector along its only axis."""
    x = array(ary)
    return _split_at("hsplit", x, indices_or_sections, 1 if x.ndim > 1 else 0)


@implements("vsplit")
def vsplit(ary: Any, indices_or_sections: Any) -> list[GradArray]:
    """`split` along the first axis of an array with at least two axes."""
    x = array(ary)
    if x.ndim < 2:
        raise ShapeError(f"numpy.vsplit: an array of shape {tuple(x.shape)} must have 2 axes")
    return _split_at("vsplit", x, indices_or_sections, 0)


@implements("dsplit")
def dsplit(ary: Any, indices_or_sections: Any) -> list[GradArray]:
    """`split` along the third axis."""
    return _split_at("dsplit", array(ary), indices_or_sections, 2)


@implements("unstack")
def unstack(x: Any, /, *, axis: int = 0) -> tuple[GradArray, ...]:
    """The slices along `axis`, as a tuple of arrays without that axis."""
    return kt.unstack(array(x), axis=axis)
