"""logsumexp, softmax and log_softmax of raw arrays: stable, on plain Array API.

float16 and bfloat16 are computed in float32: a sum of more than 65504 powers overflows in float16.
"""

from __future__ import annotations

from typing import Any

from ._dtypes import is_narrow

RawArray = Any
Axes = tuple[int, ...]


def _widened(xp: Any, x: RawArray) -> RawArray:
    return xp.astype(x, xp.float32) if is_narrow(x.dtype) else x


def _narrowed(xp: Any, y: RawArray, x: RawArray) -> RawArray:
    return xp.astype(y, x.dtype) if is_narrow(x.dtype) else y


def logsumexp(xp: Any, x: RawArray, axes: Axes) -> RawArray:
    """log Σ eˣ along `axes`, which are kept; −∞ where every x is −∞."""
    wide = _widened(xp, x)
    largest = xp.max(wide, axis=axes, keepdims=True) if axes else wide
    largest = xp.where(xp.isfinite(largest), largest, 0.0)
    total = xp.sum(xp.exp(wide - largest), axis=axes, keepdims=True)
    return _narrowed(xp, xp.log(total) + largest, x)


def softmax(xp: Any, x: RawArray, axes: Axes) -> RawArray:
    """eˣ / Σ eˣ along `axes`."""
    wide = _widened(xp, x)
    largest = xp.max(wide, axis=axes, keepdims=True) if axes else wide
    powers = xp.exp(wide - largest) if axes else xp.ones_like(wide)
    return _narrowed(xp, powers / xp.sum(powers, axis=axes, keepdims=True), x)


def log_softmax(xp: Any, x: RawArray, axes: Axes) -> RawArray:
    """x − log Σ eˣ along `axes`."""
    wide = _widened(xp, x)
    shifted = wide - xp.max(wide, axis=axes, keepdims=True) if axes else xp.zeros_like(wide)
    total = xp.sum(xp.exp(shifted), axis=axes, keepdims=True)
    return _narrowed(xp, shifted - xp.log(total), x)
