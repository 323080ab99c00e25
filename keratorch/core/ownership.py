"""Who sees the memory of an array: whether a recorded write may happen in that memory.

A recorded write makes a new value, and what saw the old value must keep it: rules that saved it,
and arrays that the caller took out. All of them refer to the array in Python, so that counting
references tells whether there are any. Interpreters and libraries that cannot count make copies.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ..backends import _registry
from .making import constant
from .nodes import GradArrayBase

_refcount: Any = getattr(sys, "getrefcount", None)


def _references(x: GradArrayBase) -> int:
    return _refcount(x._array)


def _unknown(x: GradArrayBase, others: Iterable[GradArrayBase], owner: Any) -> int:
    """The references to `owner` that neither `x` nor `others` hold, and some that calls hold."""
    if owner is None or _refcount is None:
        return -1
    held = 0
    for m in (x, *others):
        if m._array is owner:
            held += 1
        elif getattr(m._array, "base", None) is owner:
            if _references(m) != _ONE:
                return -1
            held += 1
    return _refcount(owner) - held


def _of_tangent(x: GradArrayBase, level: int) -> tuple[int, int]:
    tangents: Any = x._tangents
    t = tangents[level]
    return _refcount(tangents), _refcount(t)


def _of_content(box: list[GradArrayBase]) -> int:
    return _refcount(box[0])


def _measured() -> tuple[int, int, tuple[int, int], int]:
    """What the functions above give where nothing else refers to the array or the tangent.

    The numbers depend on the interpreter, so that they are measured with these very functions.
    """
    if _refcount is None:
        return -2, -2, (-2, -2), -2
    x = constant([])
    x._tangents = {0: constant([])}
    return _references(x), _unknown(x, (), x._array), _of_tangent(x, 0), _of_content([constant([])])


_ONE, _NONE_ELSE, _SOLE, _CONTENT = _measured()


def is_exclusive(x: GradArrayBase, others: Iterable[GradArrayBase] = ()) -> bool:
    """Whether nothing but `x` and `others` refers to the memory of `x`.

    others : the other live arrays of the family of `x`.
    """
    backend = _registry.of(x._array)
    return backend.fills and _unknown(x, others, backend.owner(x._array)) == _NONE_ELSE


def has_sole_tangent(x: GradArrayBase, level: int) -> bool:
    """Whether nothing but `x` refers to its tangent at `level`, nor to the tangent's memory."""
    if _refcount is None or _of_tangent(x, level) != _SOLE:
        return False
    tangents: Any = x._tangents
    return _is_alone(tangents[level])


def is_sole(box: list[GradArrayBase]) -> bool:
    """Whether nothing but the list `box` refers to the array in it, nor to that array's memory."""
    return _refcount is not None and _of_content(box) == _CONTENT and _is_alone(box[0])


def _is_alone(x: GradArrayBase) -> bool:
    family = getattr(x, "_alias", None)
    return (family is None or family.is_alone(x)) and is_exclusive(x)


__all__ = ["has_sole_tangent", "is_exclusive", "is_sole"]
