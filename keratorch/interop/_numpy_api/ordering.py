"""Sorting, searching, and sets."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.convert import as_operand
from ...core.recording import is_active
from ...errors import AxisError, ShapeError
from ._arguments import (
    array,
    arrays,
    axes_of,
    flat,
    is_complex,
    is_floating,
    numpy_dtype,
    one_axis,
    promoted,
    refuse,
)
from ._table import implements


def _no_fields(name: str, order: Any) -> None:
    if order is not None:
        raise refuse(name, "order", "arrays of named fields are no arrays of numbers")


@implements("sort")
def sort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None,
    descending: Any = None,
) -> GradArray:  # fmt: skip
    """The elements along `axis`, sorted stably; of the flattened array for ``axis=None``.

    descending : the largest first (NumPy 2.5). NaNs still come last.
    """
    _no_fields("sort", order)
    x, axis = one_axis("sort", array(a), axis)
    if not _is_true(descending):
        return kt.sort(x, axis=axis)
    return kt.take_along_axis(x, _descending(x, axis), axis=axis)


@implements("argsort", constant=True)
def argsort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None,
    descending: Any = None,
) -> GradArray:  # fmt: skip
    """The positions that sort the elements along `axis`; `descending` as in `sort`."""
    _no_fields("argsort", order)
    x, axis = one_axis("argsort", array(a), axis)
    return _descending(x, axis) if _is_true(descending) else kt.argsort(x, axis=axis)


def _is_true(flag: Any) -> bool:
    return flag is not np._NoValue and bool(flag)


def _descending(x: GradArray, axis: int) -> GradArray:
    """The positions that sort stably from the largest, with the NaNs last."""
    order = kt.argsort(x, axis=axis, descending=True)
    if not is_floating(x):
        return order
    unknown = kt.take_along_axis(kt.astype(kt.isnan(x), kt.int8), order, axis=axis)
    return kt.take_along_axis(order, kt.argsort(unknown, axis=axis), axis=axis)


def _partitioned(name: str, a: Any, kth: Any, axis: int | None) -> tuple[GradArray, Any, int]:
    """`a`, the positions that partition it at `kth`, and the axis."""
    x, axis = one_axis(name, array(a), axis)
    backend = _registry.of(x._array)
    if isinstance(kth, GradArray):
        kth = kth.numpy()
    several = hasattr(kth, "__len__")
    found = [operator.index(k) for k in (kth if several else (kth,))]
    n = x.shape[axis]
    if any(not -n <= k < n for k in found):
        raise ValueError(f"numpy.{name}: kth={kth} is out of range for axis {axis} of length {n}")
    function = getattr(backend.xp, "argpartition", None)
    if function is None or (several and backend.name not in ("numpy", "cupy")):
        return x, kt.argsort(x, axis=axis), axis  # a sort partitions too
    raw = function(x._array, found if several else found[0] % n, axis=axis)
    return x, as_operand(raw), axis


@implements("partition")
def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> GradArray:
    """The elements along `axis`, each `kth` in its place: none before greater, none after less."""
    _no_fields("partition", order)
    x, positions, axis = _partitioned("partition", a, kth, axis)
    return kt.take_along_axis(x, positions, axis=axis)


@implements("argpartition", constant=True)
def argpartition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> GradArray:
    """The positions that `partition` takes the elements from."""
    _no_fields("argpartition", order)
    return _partitioned("argpartition", a, kth, axis)[1]


@implements("lexsort", constant=True)
def lexsort(keys: Any, axis: int = -1) -> GradArray:
    """The positions that sort by the last key, then, at ties, by the one before it, and so on."""
    xs = list(kt.unstack(array(keys)) if hasattr(keys, "shape") else arrays(*keys))
    if not xs:
        raise TypeError("numpy.lexsort: there is no key to sort by")
    (axis,) = axes_of("lexsort", xs[0], axis)
    order = kt.argsort(xs[0], axis=axis)
    for x in xs[1:]:
        by_key = kt.argsort(kt.take_along_axis(x, order, axis=axis), axis=axis)
        order = kt.take_along_axis(order, by_key, axis=axis)
    return order


@implements("sort_complex")
def sort_complex(a: Any) -> GradArray:
    """The elements as complex numbers, sorted by real parts, and equal ones by imaginary parts."""
    x = array(a)
    if x.ndim == 0:
        raise AxisError("numpy.sort_complex of a 0-d array: it needs an axis to sort along")
    if is_complex(x):
        re, im = kt.real(x.detach()), kt.imag(x.detach())
        undefined = [kt.astype(kt.isnan(part), re.dtype) for part in (im, re)]  # NaNs come last
        return kt.take_along_axis(x, lexsort([im, re, *undefined]), axis=-1)
    small = numpy_dtype(x.dtype).name in ("int8", "int16", "uint8", "uint16")
    dtype = _registry.of(x._array).dtype("complex64" if small else "complex128")
    return kt.astype(kt.sort(x, axis=-1), dtype)


@implements("searchsorted", constant=True)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> GradArray:
    """The position in the sorted `a` where each element of `v` would be inserted."""
    return kt.searchsorted(*promoted("searchsorted", (a, v)), side=side, sorter=sorter)


@implements("digitize", constant=True)
def digitize(x: Any, bins: Any, right: bool = False) -> GradArray:
    """The number of the bin of each element of `x`, between two of the monotonic `bins`.

    The call checks whether `bins` ascend, which waits for the device.
    """
    points, edges = promoted("digitize", (x, bins))
    if edges.ndim != 1:
        raise ShapeError(f"numpy.digitize: bins of shape {tuple(edges.shape)} must have one axis")
    steps = edges[1:] - edges[:-1]
    if bool(kt.all(steps >= 0)):
        return kt.searchsorted(edges, points, side="left" if right else "right")
    if not bool(kt.all(steps <= 0)):
        raise ValueError("numpy.digitize: bins must be monotonically increasing or decreasing")
    found = kt.searchsorted(kt.flip(edges), points, side="left" if right else "right")
    return edges.size - found


@implements("isin", constant=True)
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *,
    kind: Any = None,
) -> GradArray:  # fmt: skip
    """For each element, whether it is one of `test_elements`."""
    x, others = promoted("isin", (element, test_elements))
    return kt.isin(x, others, invert=bool(invert))


# -- sets ----------------------------------------------------------------------------------------


@implements("unique")
def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    """The distinct elements in order, or the distinct slices along `axis`.

    The gradient of a distinct element goes to its first occurrence.
    """
    x, shape = array(ar), None
    if axis is None:
        shape = tuple(x.shape)
        x, axis = flat(x), 0
    (axis,) = axes_of("unique", x, axis)
    n = x.shape[axis]
    rows = kt.moveaxis(x, axis, 0)
    columns = kt.unstack(kt.reshape(rows, (n, rows.size // n)), axis=1) if rows.size else ()
    # The first column decides first.
    order = lexsort(list(reversed(columns))) if columns else kt.arange(n, device=x.device)[:1]
    first = kt.ones(order.size, dtype=kt.bool, device=x.device)
    if columns:
        differ = [_differ(kt.take(c, order, axis=0), equal_nan) for c in columns]
        later = differ[0]
        for d in differ[1:]:
            later = kt.logical_or(later, d)
        first = kt.concat([first[:1], later])
    (starts,) = kt.nonzero(first)
    index = kt.take(order, starts, axis=0)
    found = [kt.take(x, index, axis=axis)]
    if return_index:
        found.append(index)
    if return_inverse:
        numbers = kt.cumulative_sum(kt.astype(first, index.dtype)) - 1
        inverse = kt.take(numbers, kt.argsort(order), axis=0)
        found.append(kt.reshape(inverse, shape) if shape is not None else inverse)
    if return_counts:
        ends = kt.concat([starts[1:], kt.full((1,), n, dtype=starts.dtype, device=x.device)])
        found.append(ends[: starts.size] - starts)
    return found[0] if len(found) == 1 else tuple(found)


def _differ(ordered: GradArray, equal_nan: bool) -> GradArray:
    """For each element but the first, whether it differs from the one before."""
    ordered = ordered.detach()
    differ = ordered[1:] != ordered[:-1]
    if equal_nan and is_floating(ordered):
        nan = kt.isnan(ordered)
        differ = kt.logical_and(differ, kt.logical_not(kt.logical_and(nan[1:], nan[:-1])))
    return differ


@implements("unique_values")
def unique_values(x: Any) -> GradArray:
    """The distinct elements."""
    return kt.unique_values(array(x))


@implements("unique_all")
def unique_all(x: Any) -> Any:
    """The distinct elements; where each occurs first; which one each element is; how often."""
    return kt.unique_all(array(x))


@implements("unique_counts")
def unique_counts(x: Any) -> Any:
    """The distinct elements, and how often each occurs."""
    return kt.unique_counts(array(x))


@implements("unique_inverse")
def unique_inverse(x: Any) -> Any:
    """The distinct elements, and which one each element is."""
    return kt.unique_inverse(array(x))


def _rows(name: str, *values: Any) -> Sequence[GradArray]:
    return [flat(x) for x in promoted(name, values)]


@implements("union1d")
def union1d(ar1: Any, ar2: Any) -> GradArray:
    """The distinct elements of both, in order."""
    return unique(kt.concat(_rows("union1d", ar1, ar2)))


@implements("intersect1d")
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """The distinct elements of `ar1` that are in `ar2` too, in order.

    The gradient goes to the first occurrence in `ar1`; in `ar2`, if `ar1` is a constant. With
    `return_indices`, the result has the positions of the first occurrences in both arrays too.
    """
    x, y = _rows("intersect1d", ar1, ar2)
    places = []
    if not assume_unique:
        x, in_x = unique(x, return_index=True)
        y, in_y = unique(y, return_index=True)
        places = [in_x, in_y]
    both = kt.concat([x, y])
    order = kt.argsort(both)  # stable: of two equal elements, that of x comes first
    ordered = kt.take(both, order, axis=0)
    (twice,) = kt.nonzero(ordered.detach()[1:] == ordered.detach()[:-1])
    found = kt.take(ordered, twice if is_active(x) or not is_active(y) else twice + 1, axis=0)
    if not return_indices:
        return found
    found_at = [kt.take(order, twice, axis=0), kt.take(order, twice + 1, axis=0) - x.shape[0]]
    if not assume_unique:
        found_at = [kt.take(p, i, axis=0) for p, i in zip(places, found_at, strict=True)]
    return found, *found_at


@implements("setdiff1d")
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> GradArray:
    """The distinct elements of `ar1` that are not in `ar2`."""
    x, others = _rows("setdiff1d", ar1, ar2)
    if not assume_unique:
        x = unique(x)
    return kt.take(x, kt.nonzero(kt.isin(x, others, invert=True))[0], axis=0)


@implements("setxor1d")
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> GradArray:
    """The distinct elements that are in one of the two arrays only, in order."""
    x, y = _rows("setxor1d", ar1, ar2)
    if not assume_unique:
        x, y = unique(x), unique(y)
    return kt.sort(kt.concat([setdiff1d(x, y, True), setdiff1d(y, x, True)]))
