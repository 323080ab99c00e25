"""logsumexp, softmax and log_softmax of raw arrays: stable, on plain Array API."""

from __future__ import annotations

from typing import Any

RawArray = Any
Axes = tuple[int, ...]


def logsumexp(xp: Any, x: RawArray, axes: Axes) -> RawArray:
    """log Σ eˣ along `axes`, which are kept; −∞ where every x is −∞."""
    largest = xp.max(x, axis=axes, keepdims=True) if axes else x
    largest = xp.where(xp.isfinite(largest), largest, 0.0)
    return xp.log(xp.sum(xp.exp(x - largest), axis=axes, keepdims=True)) + largest


def softmax(xp: Any, x: RawArray, axes: Axes) -> RawArray:
    """eˣ / Σ eˣ along `axes`."""
    powers = xp.exp(x - xp.max(x, axis=axes, keepdims=True)) if axes else xp.ones_like(x)
    return powers / xp.sum(powers, axis=axes, keepdims=True)


def log_softmax(xp: Any, x: RawArray, axes: Axes) -> RawArray:
    """x − log Σ eˣ along `axes`."""
    shifted = x - xp.max(x, axis=axes, keepdims=True) if axes else xp.zeros_like(x)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axes, keepdims=True))
