"""Differences, integrals and interpolation along an axis."""

from __future__ import annotations

import math
from typing import Any

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...errors import ShapeError
from ...ops._operands import first_array, normalized_axes
from ._arguments import array, common_dtype, flat, floating, promoted
from ._table import implements
from .nans import given


def along(axis: int, *key: Any) -> tuple[Any, ...]:
    """An index with `key` at `axis` and full slices at all other axes."""
    return (*(slice(None),) * axis, *key, ...)


def _only_axis(name: str, x: GradArray, axis: int) -> int:
    (axis,) = normalized_axes(name, x, axis)
    return axis


@implements("diff")
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> GradArray:
    """The `n`-th differences of neighbours along `axis`, after joining `prepend` and `append`."""
    if n < 0:
        raise ValueError(f"numpy.diff: n is {n}: it must be 0 or more")
    x = array(a, first_array(a, prepend, append))
    if n == 0:
        return x
    axis = _only_axis("diff", x, axis)
    parts: list[GradArray] = []
    for part in (given(prepend), x, given(append)):
        if part is None:
            continue
        part = array(part, x)
        if part.ndim == 0:
            shape = tuple(1 if i == axis else k for i, k in enumerate(x.shape))
            part = kt.broadcast_to(part, shape)
        parts.append(part)
    x = kt.concat(promoted("diff", parts), axis=axis) if len(parts) > 1 else x
    if kt.isdtype(x.dtype, "bool"):
        for _ in range(min(n, x.shape[axis])):
            x = x[along(axis, slice(1, None))] != x[along(axis, slice(None, -1))]
        return x
    return kt.diff(x, n=n, axis=axis)


@implements("ediff1d")
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> GradArray:
    """The differences of neighbours in the flattened array, between `to_begin` and `to_end`."""
    x = flat(array(ary, first_array(ary, to_end, to_begin)))
    middle = x[1:] - x[:-1]
    parts = [p if p is None else flat(array(p, x)) for p in (to_begin, to_end)]
    joined = [p for p in (parts[0], middle, parts[1]) if p is not None]
    joined = [kt.astype(p, x.dtype, copy=False) for p in joined]
    return kt.concat(joined) if len(joined) > 1 else middle


def _spacings(f: GradArray, varargs: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    """The spacing of each axis: a number, or the distances between the given places."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and array(varargs[0], f).ndim == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise TypeError(
            f"numpy.gradient: {len(varargs)} spacings for {len(axes)} axes: "
            "give one for all, or one for each"
        )
    found: list[Any] = []
    for given_spacing, axis in zip(varargs, axes, strict=True):
        if isinstance(given_spacing, (int, float)):
            found.append(given_spacing)
            continue
        spacing = array(given_spacing, f)
        if spacing.ndim == 0:
            found.append(spacing)
            continue
        if spacing.ndim != 1 or spacing.shape[0] != f.shape[axis]:
            raise ShapeError(
                f"numpy.gradient: places of shape {tuple(spacing.shape)} for axis {axis} of length "
                f"{f.shape[axis]}: give one place per element"
            )
        shape = [-1 if i == axis else 1 for i in range(f.ndim)]
        places = floating(spacing)
        found.append(kt.reshape(places[1:] - places[:-1], tuple(shape)))
    return found


@implements("gradient")
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided of order `edge_order` at the edges, along each axis.

    varargs : the spacing: one number for all axes, or for each axis a number or the places.
    """
    x = floating(array(f, first_array(f, *varargs)))
    axes = normalized_axes("gradient", x, axis)
    if edge_order not in (1, 2):
        raise ValueError(f"numpy.gradient: edge_order is {edge_order}: it must be 1 or 2")
    found = [
        _slope(x, h, a, edge_order) for h, a in zip(_spacings(x, varargs, axes), axes, strict=True)
    ]
    return found[0] if len(found) == 1 else tuple(found)


def _slope(x: GradArray, h: Any, axis: int, edge_order: int) -> GradArray:
    if x.shape[axis] < edge_order + 1:
        raise ShapeError(
            f"numpy.gradient: axis {axis} of an array of shape {tuple(x.shape)} is too short: "
            f"edge_order={edge_order} needs {edge_order + 1} elements"
        )

    def at(*key: Any) -> GradArray:
        return x[along(axis, *key)]

    def between(i: int) -> GradArray:
        return at(slice(i + 1, i + 2 or None)) - at(slice(i, i + 1 or None))

    uneven = isinstance(h, GradArray) and h.ndim > 0

    def step(i: int) -> Any:
        return h[along(axis, slice(i, i + 1 or None))] if uneven else h

    first, last = between(0) / step(0), between(-2) / step(-1)
    if edge_order == 2:
        h1, h2 = step(0), step(1)
        first = first + (first - between(1) / h2) * h1 / (h1 + h2)
        h1, h2 = step(-2), step(-1)
        last = last + (last - between(-3) / h1) * h2 / (h1 + h2)
    if uneven:
        before, after = h[along(axis, slice(None, -1))], h[along(axis, slice(1, None))]
        left = (at(slice(1, -1)) - at(slice(None, -2))) / before
        right = (at(slice(2, None)) - at(slice(1, -1))) / after
        inner = (after * left + before * right) / (before + after)
    else:
        inner = (at(slice(2, None)) - at(slice(None, -2))) / (2.0 * h)
    return kt.concat([first, inner, last], axis=axis)


@implements("trapezoid")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> GradArray:
    """Σ (y[i] + y[i + 1])/2·(x[i + 1] − x[i]) along `axis`; without `x`, places are `dx` apart."""
    y = array(y, first_array(y, x, dx))
    axis = _only_axis("trapezoid", y, axis)
    width = dx
    if x is not None:
        places = array(x, y)
        if places.ndim == 1:
            width = kt.reshape(
                places[1:] - places[:-1], tuple(-1 if i == axis else 1 for i in range(y.ndim))
            )
        else:
            width = kt.diff(places, axis=axis)
    pairs = y[along(axis, slice(1, None))] + y[along(axis, slice(None, -1))]
    return kt.sum(width * pairs / 2.0, axis=axis)


@implements("unwrap")
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * math.pi) -> GradArray:
    """`p` plus multiples of `period`, so that no step exceeds half a period; ∂ = 1 in `p`."""
    p = array(p, first_array(p, period))
    axis = _only_axis("unwrap", p, axis)
    step = kt.diff(p.detach(), axis=axis)
    half = period / 2
    wrapped = kt.remainder(step + half, period) - half
    wrapped = kt.where((wrapped == -half) & (step > 0), half, wrapped)
    change = wrapped - step
    jump = half if discont is None else kt.maximum(array(discont, p).detach(), half)
    change = kt.where(kt.abs(step) < jump, 0.0, change)
    head = p[along(axis, slice(None, 1))]
    rest = p[along(axis, slice(1, None))] + kt.cumulative_sum(change, axis=axis)
    return kt.concat([head, rest], axis=axis)


@implements("interp")
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> GradArray:
    """The piecewise linear function through (`xp`, `fp`), at `x`; differentiable in all three.

    At a place of `xp` the slope is that of the piece to its right. Below ``xp[0]`` the value is
    `left`, by default ``fp[0]``; above ``xp[-1]`` it is `right`, by default ``fp[-1]``.
    """
    like = first_array(x, xp, fp)
    x, xp, fp = (floating(array(v, like)) for v in (x, xp, fp))
    wide = _registry.of(x._array).float_dtype()
    x, xp = (kt.astype(v, kt.result_type(v.dtype, wide), copy=False) for v in (x, xp))
    fp = kt.astype(fp, kt.result_type(fp.dtype, wide), copy=False)
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.shape[0]:
        raise ShapeError(
            f"numpy.interp: xp of shape {tuple(xp.shape)} and fp of shape {tuple(fp.shape)} must "
            "have one axis, of one length above 0"
        )
    if period is not None:
        period = kt.abs(array(period, x))
        x, xp = kt.remainder(x, period), kt.remainder(xp, period)
        order = kt.argsort(xp.detach())
        xp, fp = kt.take(xp, order), kt.take(fp, order)
        xp = kt.concat([xp[-1:] - period, xp, xp[:1] + period])
        fp = kt.concat([fp[-1:], fp, fp[:1]])
        left = right = None
    n = xp.shape[0]
    left = fp[0] if left is None else left
    right = fp[-1] if right is None else right
    flat_x = flat(x)
    low, high = xp[0], xp[-1]
    y = _between(flat_x, xp, fp) if n > 1 else kt.broadcast_to(fp, flat_x.shape) + flat_x * 0.0
    y = kt.where(flat_x == high, fp[-1], y)
    y = kt.where(flat_x < low, left, y)
    y = kt.where(flat_x > high, right, y)
    return kt.reshape(y, x.shape)


def _between(x: GradArray, xp: GradArray, fp: GradArray) -> GradArray:
    found = kt.searchsorted(xp.detach(), x.detach(), side="right") - 1
    i = kt.clip(found, 0, xp.shape[0] - 2)
    start, end = kt.take(xp, i), kt.take(xp, i + 1)
    low, high = kt.take(fp, i), kt.take(fp, i + 1)
    width = kt.where(end == start, 1.0, end - start)
    slope = (high - low) / width
    return low + slope * (x - start)


@implements("vander")
def vander(x: Any, N: int | None = None, increasing: bool = False) -> GradArray:
    """The matrix of `N` powers of `x` as columns, the highest first, or last if `increasing`."""
    x = array(x)
    if x.ndim != 1:
        raise ShapeError(f"numpy.vander: x of shape {tuple(x.shape)} must have one axis")
    n = x.shape[0] if N is None else N
    if n < 0:
        raise ValueError(f"numpy.vander: N is {n}: it must be 0 or more")
    x = kt.astype(x, common_dtype([x, kt.ones((), dtype=kt.int64, device=x.device)]), copy=False)
    columns = [kt.ones_like(x)]
    while len(columns) < n:
        columns.append(columns[-1] * x)
    columns = columns[:n]
    if not columns:
        return kt.zeros((x.shape[0], 0), dtype=x.dtype, device=x.device)
    return kt.stack(columns if increasing else columns[::-1], axis=1)


__all__ = ["along", "diff", "gradient", "interp", "trapezoid", "unwrap", "vander"]
