"""Histograms: counts in bins of one or several variables, and the edges of the bins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.convert import SCALARS
from ...core.shown import shown
from ...core.sync import waits
from ...errors import ShapeError
from ...ops._operands import can_look, first_array, integer, widened
from ...ops.indexing import add_at
from .._values import arrays_in
from ._arguments import (
    array,
    common_dtype,
    flat,
    floating,
    index_array,
    is_complex,
    is_floating,
    is_number,
)
from ._table import implements


def counted(places: GradArray, weights: GradArray | None, length: int) -> GradArray:
    """How often each of 0 … length − 1 occurs in `places`, or the sum of its weights."""
    if weights is None:
        weights = kt.ones_like(places, dtype=kt.int64)
    sums = add_at(widened(weights), places._array, (length,))  # float16 counts to 2048
    return kt.astype(sums, weights.dtype, copy=False)


# -- edges ---------------------------------------------------------------------------------------


def _edges(
    name: str, x: GradArray, bins: Any, range: Any, weighted: bool = False, strong: bool = False
) -> GradArray:
    """The edges of the bins of `x`, differentiable in the edges or the range that users pass.

    strong : whether Python's numbers in `range` have NumPy's dtype, and not that of `x`.
    """
    if isinstance(bins, str):
        bins = _estimated(name, x, bins, range, weighted)
    if is_complex(x):
        raise TypeError(f"numpy.{name} of dtype {x.dtype}: the elements must be real")
    if _has_axis(bins):
        edges = array(bins, x)
        if edges.ndim > 1 or not edges.shape[0]:
            raise ShapeError(
                f"numpy.{name}: bins of shape {tuple(edges.shape)}: the edges must have one axis, "
                "and one element at least"
            )
        _check_ascending(name, edges, bins)
        return edges
    n = integer(f"numpy.{name}", "bins", bins)
    if n < 1:
        raise ValueError(f"numpy.{name}: {n} bins: there must be 1 at least")
    low, high = _ends(name, x, range, strong)
    equal = low == high
    low, high = kt.where(equal, low - 0.5, low), kt.where(equal, high + 0.5, high)
    dtype = common_dtype([low, high, x])
    low, high = widened(low), widened(high)
    steps = kt.astype(index_array(np.arange(n), x), low.dtype)
    edges = kt.concat([low + steps * ((high - low) / n), kt.reshape(high, (1,))])
    return kt.astype(edges, dtype, copy=False)


def _has_axis(bins: Any) -> bool:
    """Whether `bins` is a sequence or an array of at least one axis."""
    return isinstance(bins, (list, tuple)) or getattr(bins, "ndim", 0) > 0


def _ends(name: str, x: GradArray, range: Any, strong: bool) -> tuple[GradArray, GradArray]:
    """The first and the last edge: `range`, or the smallest and the largest element."""
    if range is None:
        if not x.size:
            return array(0.0, x), array(1.0, x)
        low, high = kt.min(x), kt.max(x)
        if can_look(x) and not all(math.isfinite(v.item()) for v in (low, high)):
            raise ValueError(
                f"numpy.{name}: the elements go from {low.item()} to {high.item()}: pass finite "
                "edges as bins=, or range="
            )
        return low, high
    ends = list(range) if np.iterable(range) else []
    if len(ends) != 2:
        raise ValueError(f"numpy.{name}: range={shown(range)}: it must be a pair of numbers")
    low, high = (array(np.float64(v) if strong and type(v) in SCALARS else v, x) for v in ends)
    if all(type(v) in SCALARS or isinstance(v, np.generic) or can_look(v) for v in ends):
        first, last = (float(v.item() if isinstance(v, GradArray) else v) for v in ends)
        if not first <= last or not math.isfinite(last - first):
            raise ValueError(
                f"numpy.{name}: a range from {first} to {last}: both ends must be finite, and the "
                "first one not above the last one"
            )
    return low, high


def _check_ascending(name: str, edges: GradArray, given: Any) -> None:
    """Raise `ValueError` for edges that do not ascend; for those on a device, this waits for it."""
    if isinstance(given, (list, tuple, np.ndarray)) and not any(arrays_in(given)):
        values = np.asarray(given)
        falls = bool(np.any(values[1:] < values[:-1]))
    elif edges.device is None:
        return  # nobody can look at the values of a tracer
    else:
        waits(f"numpy.{name} with bins=", edges.shape, "pass the edges as a NumPy array")
        fixed = edges.detach()
        falls = bool(kt.any(fixed[1:] < fixed[:-1]).item())
    if falls:
        raise ValueError(f"numpy.{name}: the edges in bins= must not descend: sort them")


def _estimated(name: str, x: GradArray, method: str, range: Any, weighted: bool) -> int:
    """The number of bins that NumPy estimates; it is constant between its jumps."""
    if weighted:
        raise TypeError(f"numpy.{name} with bins={method!r} takes no weights: pass their number")
    waits(f"numpy.{name} with bins={method!r}", x.shape, "pass the number of bins")
    ends = None
    if range is not None:
        ends = tuple(v.item() if isinstance(v, GradArray) else v for v in range)
    return len(np.histogram_bin_edges(x.numpy(), method, ends)) - 1


def _places(x: GradArray, edges: GradArray) -> tuple[GradArray, GradArray]:
    """The bin of each element, and whether it is in any. The last bin has its upper edge."""
    n = edges.shape[0] - 1
    fixed, values = edges.detach(), x.detach()
    places = kt.searchsorted(fixed, values, side="right") - 1
    places = kt.where(values == fixed[-1], n - 1, places)
    return places, (places >= 0) & (places < n)


# -- counts --------------------------------------------------------------------------------------


def _weights(name: str, weights: Any, x: GradArray, shape: Any) -> GradArray | None:
    if weights is None:
        return None
    w = array(weights, x)
    if tuple(w.shape) != tuple(shape):
        raise ShapeError(
            f"numpy.{name}: weights of shape {tuple(w.shape)} for elements of shape {tuple(shape)}"
        )
    return flat(w)


def _counting_dtype(x: GradArray, *others: GradArray) -> Any:
    """The dtype of counts that are floats: NumPy's float64, or the default of another library."""
    backend = _registry.of(x._array)
    one = kt.ones((), dtype=backend.float_dtype(), device=x.device)
    return common_dtype([one, *(widened(v) for v in (x, *others) if is_floating(v))])


@implements("histogram_bin_edges")
def histogram_bin_edges(
    a: Any, bins: Any = 10, range: Any = None, weights: Any = None
) -> GradArray:
    """The edges of the bins of `histogram`, differentiable in the smallest and largest element."""
    x = floating(flat(array(a, first_array(a, bins, range))))
    return _edges("histogram_bin_edges", x, bins, range, weights is not None)


@implements("histogram")
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[GradArray, GradArray]:
    """The number of elements in each of the `bins`, or the sum of their `weights`; and the edges.

    The counts are constant in `a`, and differentiable in `weights`. Edges that depend on the
    smallest and the largest element are differentiable, and so is the `density` computed with them.
    The call checks that edges ascend; for edges on a device this waits for the device.
    """
    a = array(a, first_array(a, bins, range, weights))
    w = _weights("histogram", weights, a, a.shape)
    x = floating(flat(a))
    edges = _edges("histogram", x, bins, range, w is not None)
    n = edges.shape[0] - 1
    places, inside = _places(x, edges)
    # Elements outside all bins go into an extra bin, which is dropped.
    counts = counted(kt.where(inside, places, n), w, n + 1)[:-1]
    if density:
        dtype = _counting_dtype(x, edges, counts)
        counts, edges_in_it = kt.astype(counts, dtype), kt.astype(edges, dtype)
        counts = counts / (edges_in_it[1:] - edges_in_it[:-1]) / kt.sum(counts)
    return counts, edges


@implements("histogramdd")
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[GradArray, tuple[GradArray, ...]]:
    """`histogram` of D variables: counts of shape (n₁, …, n_D), and the edges along each axis.

    sample : an array of shape (N, D), or a sequence of D arrays of N elements.
    bins : the number of bins, or the edges, for all axes or one for each.
    """
    return _of_columns(
        "histogramdd", _columns("histogramdd", sample, bins, weights), bins, range, density, weights
    )


def _columns(name: str, sample: Any, *others: Any) -> list[GradArray]:
    """The variables, as arrays of one axis."""
    if isinstance(sample, (list, tuple)):
        like = first_array(*sample, *others)
        columns = [array(column, like) for column in sample]
        if all(map(is_number, sample)):  # the places of one variable
            columns = [kt.stack(columns)]
    else:
        x = array(sample, first_array(sample, *others))
        columns = [x] if x.ndim < 2 else list(kt.unstack(x, axis=1))
    for column in columns:
        if column.ndim > 1:
            raise ShapeError(
                f"numpy.{name}: the values of a variable, of shape {tuple(column.shape)} here, "
                "have one axis: use ravel"
            )
    return [floating(flat(column)) for column in columns]


def _of_columns(
    name: str, columns: list[GradArray], bins: Any, range: Any, density: Any, weights: Any
) -> tuple[GradArray, tuple[GradArray, ...]]:
    d = len(columns)
    each = _one_each(name, "bins", bins, d) if _has_axis(bins) else [bins] * d
    if any(isinstance(b, str) for b in each):
        raise TypeError(
            f"numpy.{name} with bins={shown(bins)}: pass numbers of bins, or edges, as those of "
            "histogram_bin_edges"
        )
    ranges = [None] * d if range is None else _one_each(name, "range", range, d)
    if len({c.shape[0] for c in columns}) > 1:
        shapes = ", ".join(str(tuple(c.shape)) for c in columns)
        raise ShapeError(f"numpy.{name}: variables of shapes {shapes} must be equally long")
    edges = tuple(
        _edges(name, x, b, r, strong=True) for x, b, r in zip(columns, each, ranges, strict=True)
    )
    w = _weights(name, weights, columns[0], columns[0].shape)
    if w is not None and is_complex(w):
        raise TypeError(f"numpy.{name}: weights of dtype {w.dtype}: they must be real")
    dtype = _counting_dtype(columns[0], *edges, *([] if w is None else [w]))
    sizes = tuple(e.shape[0] - 1 for e in edges)
    total = math.prod(sizes)
    place: Any = 0
    inside: Any = True
    for x, e, n in zip(columns, edges, sizes, strict=True):
        at, within = _places(x, e)
        place, inside = place * n + at, within & inside
    w = None if w is None else kt.astype(w, dtype)
    counts = counted(kt.where(inside, place, total), w, total + 1)[:-1]
    counts = kt.astype(kt.reshape(counts, sizes), dtype)  # NumPy counts in floats here
    if density:
        whole = kt.sum(counts)
        for axis, e in enumerate(edges):
            widths = kt.astype(e[1:], dtype) - kt.astype(e[:-1], dtype)
            counts = counts / kt.reshape(widths, [-1 if i == axis else 1 for i in np.arange(d)])
        counts = counts / whole
    return counts, edges


def _one_each(name: str, what: str, given: Any, d: int) -> list[Any]:
    """One value of `given` for each of `d` axes."""
    values = list(given)
    if len(values) != d:
        raise ValueError(f"numpy.{name}: {len(values)} {what} for {d} variables: give one for each")
    return values


@implements("histogram2d")
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: bool | None = None,
    weights: Any = None,
) -> tuple[GradArray, GradArray, GradArray]:  # fmt: skip
    """`histogramdd` of two variables: counts of shape (n₁, n₂), and both arrays of edges.

    bins : their number, the edges, or a pair of those.
    """
    if _has_axis(bins) and len(bins) not in (1, 2):
        bins = [bins, bins]
    columns = _columns("histogram2d", [x, y], bins, weights)
    counts, (first, second) = _of_columns("histogram2d", columns, bins, range, density, weights)
    return counts, first, second


__all__ = ["counted", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]
