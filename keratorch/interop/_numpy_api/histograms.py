"""Histograms: counts in bins of one or several variables, and the edges of the bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.shown import shown
from ...errors import ShapeError
from ...ops._operands import first_array, widened
from ...ops.indexing import add_at
from ._arguments import array, flat, floating, index_array, is_number, refuse
from ._table import implements


def counted(places: GradArray, weights: GradArray | None, length: int) -> GradArray:
    """How often each of 0 … length − 1 occurs in `places`, or the sum of its weights."""
    if weights is None:
        weights = kt.ones_like(places, dtype=kt.int64)
    return add_at(weights, places._array, (length,))


def _edges(name: str, x: GradArray, bins: Any, range: Any) -> GradArray:
    if isinstance(bins, str):
        raise refuse(name, f"bins={shown(bins)}", "pass their number, or the edges")
    edges = array(bins, x) if not isinstance(bins, (int, np.integer)) else None
    if edges is not None and edges.ndim:
        if edges.ndim > 1:
            raise ShapeError(f"numpy.{name}: bins of shape {tuple(edges.shape)}: one axis only")
        return edges
    n = int(bins)
    if n < 1:
        raise ValueError(f"numpy.{name}: {n} bins: there must be 1 at least")
    if range is not None:
        low, high = (array(v, x) for v in range)
    elif x.size:
        low, high = kt.min(x), kt.max(x)
    else:
        low, high = array(0.0, x), array(1.0, x)
    equal = low == high
    low, high = kt.where(equal, low - 0.5, low), kt.where(equal, high + 0.5, high)
    low, high = widened(low), widened(high)
    steps = kt.astype(index_array(np.arange(n), x), low.dtype)
    edges = kt.concat([low + steps * ((high - low) / n), kt.reshape(high, (1,))])
    return kt.astype(edges, x.dtype, copy=False)


def _places(x: GradArray, edges: GradArray) -> tuple[GradArray, GradArray]:
    """The bin of each element, and whether it is in any. The last bin has its upper edge."""
    n = edges.shape[0] - 1
    fixed, values = edges.detach(), x.detach()
    places = kt.searchsorted(fixed, values, side="right") - 1
    places = kt.where(values == fixed[-1], n - 1, places)
    return places, (places >= 0) & (places < n)


def _weights(name: str, weights: Any, x: GradArray) -> GradArray | None:
    if weights is None:
        return None
    w = flat(array(weights, x))
    if w.shape != (x.shape[0],):
        raise ShapeError(
            f"numpy.{name}: weights of shape {tuple(w.shape)} for {x.shape[0]} elements"
        )
    return w


@implements("histogram_bin_edges")
def histogram_bin_edges(
    a: Any, bins: Any = 10, range: Any = None, weights: Any = None
) -> GradArray:
    """The edges of the bins of `histogram`, differentiable in the smallest and largest element."""
    x = floating(flat(array(a, first_array(a, bins))))
    return _edges("histogram_bin_edges", x, bins, range)


@implements("histogram")
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[GradArray, GradArray]:
    """The number of elements in each of the `bins`, or the sum of their `weights`; and the edges.

    The counts are constant in `a`, and differentiable in `weights`. Edges that depend on the
    smallest and the largest element are differentiable, and so is the `density` computed with them.
    """
    x = floating(flat(array(a, first_array(a, bins, weights))))
    edges = _edges("histogram", x, bins, range)
    n = edges.shape[0] - 1
    places, inside = _places(x, edges)
    # Elements outside all bins go into an extra bin, which is dropped.
    counts = counted(kt.where(inside, places, n), _weights("histogram", weights, x), n + 1)[:-1]
    if density:
        widths = edges[1:] - edges[:-1]
        counts = floating(counts)
        counts = counts / widths / kt.sum(counts)
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
        "histogramdd", _columns(sample, bins, weights), bins, range, density, weights
    )


def _columns(sample: Any, *others: Any) -> list[GradArray]:
    if isinstance(sample, (list, tuple)):
        like = first_array(*sample, *others)
        columns = [floating(flat(array(column, like))) for column in sample]
        # Numbers are the places of one variable.
        return [kt.concat(columns)] if all(map(is_number, sample)) else columns
    x = floating(array(sample, first_array(sample, *others)))
    x = x if x.ndim > 1 else kt.reshape(x, (-1, 1))
    return list(kt.unstack(x, axis=1))


def _of_columns(
    name: str, columns: list[GradArray], bins: Any, range: Any, density: Any, weights: Any
) -> tuple[GradArray, tuple[GradArray, ...]]:
    d = len(columns)
    each = _one_each(name, "bins", bins, d)
    ranges = [None] * d if range is None else _one_each(name, "range", range, d, several=True)
    if len({c.shape[0] for c in columns}) > 1:
        shapes = ", ".join(str(tuple(c.shape)) for c in columns)
        raise ShapeError(f"numpy.{name}: variables of shapes {shapes} must be equally long")
    edges = tuple(_edges(name, x, b, r) for x, b, r in zip(columns, each, ranges, strict=True))
    sizes = tuple(e.shape[0] - 1 for e in edges)
    total = math.prod(sizes)
    place: Any = 0
    inside: Any = True
    for x, e, n in zip(columns, edges, sizes, strict=True):
        at, within = _places(x, e)
        place, inside = place * n + at, within & inside
    w = _weights(name, weights, columns[0])
    counts = counted(kt.where(inside, place, total), w, total + 1)[:-1]
    counts = floating(kt.reshape(counts, sizes))  # NumPy counts in floats here
    if density:
        whole = kt.sum(counts)
        for axis, e in enumerate(edges):
            shape = tuple(-1 if i == axis else 1 for i in np.arange(d))
            counts = counts / kt.reshape(e[1:] - e[:-1], shape)
        counts = counts / whole
    return counts, edges


def _one_each(name: str, what: str, given: Any, d: int, several: bool = False) -> list[Any]:
    """One value of `given` for each of `d` axes."""
    if not several and (isinstance(given, (int, np.integer, str)) or not np.iterable(given)):
        return [given] * d
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
    if not isinstance(bins, (int, np.integer, str)):
        n = len(bins) if isinstance(bins, Sequence) else array(bins).shape[0]
        if n not in (1, 2):
            bins = [bins, bins]
    columns = _columns([x, y], bins, weights)
    counts, (first, second) = _of_columns("histogram2d", columns, bins, range, density, weights)
    return counts, first, second


__all__ = ["counted", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]
