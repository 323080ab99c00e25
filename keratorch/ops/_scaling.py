"""Norms whose squares over- or underflow: their inputs divided by the largest element.

A norm of numbers near 1e200 is ∞, and one of numbers near 1e-200 is 0 or has few digits. The
direction x/‖x‖ is an ordinary array there, and x/max|x| has the same direction.
"""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ._operands import can_look

#: (class of the array, dtype, order) -> the least norm whose powers keep all digits.
_least: dict[tuple[type, Any, float], float] = {}


def outsize(x: Any, y: Any, axes: tuple[int, ...], order: float = 2) -> Any:
    """The largest |x| along `axes` (which stay, of size 1) for each norm without all its digits.

    x, y : the elements and their norm of an order above 0, raw or not. The result is raw, and 1 for
        norms with all digits. It is `None` if the host sees that all have them. Nothing waits for
        a GPU or a lazy array: there every norm is scaled.
    """
    x, y = (a._array if isinstance(a, GradArray) else a for a in (x, y))
    backend = _registry.of(x)
    if order <= 0:
        return None
    if can_look(y):
        return _outsize(backend.xp, x, y, axes, order, True)
    with backend.on_device(x):
        return _outsize(backend.xp, x, y, axes, order, False)


def _outsize(xp: Any, x: Any, y: Any, axes: tuple[int, ...], order: float, looks: bool) -> Any:
    key = (type(y), y.dtype, order)
    least = _least.get(key)
    if least is None:
        bits = xp.finfo(y.dtype)
        least = float(bits.smallest_normal / bits.eps) ** (1 / order)
        _least[key] = least
    if looks and not y.ndim and least <= float(y) < math.inf:
        return None
    bad = (y < least) | (y == math.inf)
    if not math.prod(x.shape) or (looks and not bool(xp.any(bad))):
        return None
    largest = xp.max(xp.abs(x), axis=axes, keepdims=True)
    bad = xp.reshape(bad, largest.shape) & (largest > 0) & xp.isfinite(largest)
    if looks and not bool(xp.any(bad)):
        return None
    return xp.where(bad, largest, xp.ones_like(largest))


__all__ = ["outsize"]
