"""Nested containers of numbers and arrays as one vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import numpy as np
from ..core import make_vjp


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """``(vector, unflatten)`` of nested tuples, lists and dicts of floats and arrays.

    The keys of dicts are taken in sorted order. Integers become floats.
    """
    unflatten, vector = make_vjp(_flat, _floats(value))
    return vector, unflatten


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _floats(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_floats(v) for v in value])
    return value


def _flat(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return _joined([_flat(v) for v in value])
    if isinstance(value, dict):
        return _joined([_flat(value[k]) for k in sorted(value)])
    return np.ravel(value)


def _joined(parts: list[Any]) -> Any:
    return np.concatenate(parts) if parts else np.array([])


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Any, Any, Any]:
    """``(function of the vector, unflatten, vector)`` for a function of structures."""
    vector, unflatten = flatten(example)

    def flat_func(x: Any, *args: Any) -> Any:
        return flatten(func(unflatten(x), *args))[0]

    return flat_func, unflatten, vector


__all__ = ["flatten", "flatten_func"]
