"""What keratorch says on a grid, and how far that is from the table, in units of the last place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import keratorch as kt
from tests.op_checks import on_device, on_host

Index = tuple[int, ...]
#: A way of differentiation, and what it yields: the value, and partial derivatives.
Found = dict[tuple[str, Index], np.ndarray]


def unit_index(arity: int, *which: int) -> Index:
    return tuple(which.count(i) for i in range(arity))


def derivatives(function: Callable[..., Any], device: Any, columns: list[np.ndarray]) -> Found:
    """The value, and all partial derivatives to the second order, by both modes."""
    arity = len(columns)
    xs = [kt.GradArray(on_device(device, c)) for c in columns]
    ones = kt.ones_like(xs[0])
    y = function(*xs)
    found: Found = {("value", unit_index(arity)): on_host(y._array)}
    zero = np.zeros_like(columns[0])
    first = kt.gradients([y], xs, [ones], create_graph=True, allow_unused=True)
    for i, slope in enumerate(first):
        found["reverse", unit_index(arity, i)] = zero if slope is None else on_host(slope._array)
        if slope is not None and slope.requires_grad:
            ways = kt.gradients([slope], xs, [ones], retain_graph=True, allow_unused=True)
        else:
            ways = [None] * arity
        for j, second in enumerate(ways):
            found["reverse", unit_index(arity, i, j)] = zero if second is None else on_host(second)
    found |= _forward(function, device, columns)
    return found


def _forward(function: Callable[..., Any], device: Any, columns: list[np.ndarray]) -> Found:
    arity, found = len(columns), {}
    for j in range(arity):
        xs = [kt.asarray(on_device(device, c)) for c in columns]
        tangents = [kt.ones_like(x) if i == j else kt.zeros_like(x) for i, x in enumerate(xs)]

        def slopes(*xs: Any) -> Any:
            _, tangent = kt.jvp(function, list(xs), tangents)  # noqa: B023
            return tangent

        first = slopes(*xs)
        found["forward", unit_index(arity, j)] = on_host(first._array)
        for i in range(arity):
            unit = [kt.ones_like(x) if k == i else kt.zeros_like(x) for k, x in enumerate(xs)]
            _, second = kt.jvp(slopes, list(xs), unit)
            found["forward", unit_index(arity, j, i)] = on_host(second._array)
    return found


def units(
    found: np.ndarray, exact: np.ndarray, change: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """|found − exact|, in units of the last place of what is the larger.

    That is either the derivative, or what half a unit in the last place of the inputs changes.
    """
    dtype = found.dtype
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        rounded = exact.astype(dtype)
        unit = np.spacing(np.minimum(np.abs(rounded), info.max)).astype(np.float64)
        size = np.abs(columns)
        spacing = np.spacing(size.astype(dtype)).astype(np.float64)
        relative = np.where(size == 0, 0.0, spacing / np.where(size == 0, 1.0, size))
        unit = np.fmax(unit, 0.5 * change * relative.max(axis=1))
        error = np.abs(found.astype(np.float64) - exact) / unit
        # Beyond the range: an infinity is right, and so is a number near its end.
        far = np.abs(exact) > float(info.max) * (1 - 32 * float(info.eps))
        huge = np.abs(found.astype(np.float64)) >= float(info.max) * (1 - 64 * float(info.eps))
        error = np.where(far & huge & (np.sign(found) == np.sign(exact)), 0.0, error)
        # Below it: 0 is right.
        error = np.where((np.abs(exact) < float(info.tiny)) & (found == 0), 0.0, error)
        # What one rounding of the input makes infinite is not known.
        error = np.where(np.isinf(unit) & ~np.isnan(found), 0.0, error)
    return np.where(np.isnan(error), np.inf, error)
