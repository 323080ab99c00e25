"""Values and indices of writes into arrays that take tracked values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.array import GradArray, get_raw
from ..core.recording import is_active

_nd = np.ndarray
#: The types that NumPy computes with by itself; other types are looked at.
numbers = frozenset([
    bool, int, float, complex, np.ndarray, np.bool_, np.int64, np.float32, np.float64,
    np.complex64, np.complex128,
])  # fmt: skip


def holds_active(value: Any) -> bool:
    """Whether nested lists, tuples and dicts hold an active `GradArray`."""
    if isinstance(value, GradArray):
        return is_active(value)
    if isinstance(value, (list, tuple)):
        return any(map(holds_active, value))
    return isinstance(value, dict) and any(map(holds_active, value.values()))


def plain(value: Any) -> Any:
    """`value` with raw arrays in place of the `GradArray`s, which are constants here."""
    if isinstance(value, GradArray):
        raw = get_raw(value)
        return raw if type(raw) is _nd else np.asarray(value)  # raises for another device
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    return value


def is_basic(key: Any) -> bool:
    """Whether an index has no arrays and lists, so that it makes a view."""
    return all(
        [
            type(k) in (int, slice, type(None), type(Ellipsis)) or isinstance(k, np.integer)
            for k in (key if type(key) is tuple else (key,))
        ]
    )


__all__ = ["holds_active", "is_basic", "numbers", "plain"]
