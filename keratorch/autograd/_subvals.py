"""A sequence with other elements at some positions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def subvals(x: Sequence[Any], ivs: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """`x` as a tuple, with other elements at some positions: pairs ``(position, element)``."""
    found = list(x)
    for i, v in ivs:
        found[i] = v
    return tuple(found)


def subval(x: Sequence[Any], i: int, v: Any) -> tuple[Any, ...]:
    """`x` as a tuple, with `v` at position `i`."""
    return subvals(x, [(i, v)])


__all__ = ["subval", "subvals"]
