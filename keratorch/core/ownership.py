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


def _measured() -> tuple[int, int, int, int, int]:
    """What `sys.getrefcount` gives for things to which nothing else refers.

    The numbers depend on the interpreter. Here and below they are taken of locals and of attributes
    in the function itself: what a call adds depends on the tools that are running.
    """
    if _refcount is None:
        return -1, -1, -1, -1, -1
    x = constant([])
    attribute = _refcount(x._array)
    owner = x._array
    local = _refcount(owner) - 1
    x._tangents = {0: constant([])}
    tangents = x._tangents
    t = tangents[0]
    box = [constant([])]
    return attribute, local, _refcount(tangents), _refcount(t), _refcount(box[0])


_ATTRIBUTE, _LOCAL, _TANGENTS, _TANGENT, _CONTENT = _measured()


def is_exclusive(x: GradArrayBase, others: Iterable[GradArrayBase] = ()) -> bool:
    """Whether nothing but `x` and `others` refers to the memory of `x`.

    others : the other live arrays of the family of `x`.
    """
    backend = _registry.of(x._array)
    if not backend.fills or _refcount is None:
        return False
    owner = backend.owner(x._array)
    if owner is None:
        return False
    held = 0
    for m in (x, *others):
        if m._array is owner:
            held += 1
        elif getattr(m._array, "base", None) is owner:
            if _refcount(m._array) != _ATTRIBUTE:
                return False
            held += 1
    return _refcount(owner) == _LOCAL + held


def has_sole_tangent(x: GradArrayBase, level: int) -> bool:
    """Whether nothing but `x` refers to its tangent at `level`, nor to the tangent's memory."""
    if _refcount is None:
        return False
    tangents: Any = x._tangents
    t = tangents[level]
    if _refcount(tangents) != _TANGENTS or _refcount(t) != _TANGENT:
        return False
    return _is_alone(t)


def is_sole(box: list[GradArrayBase]) -> bool:
    """Whether nothing but the list `box` refers to the array in it, nor to that array's memory."""
    return _refcount is not None and _refcount(box[0]) == _CONTENT and _is_alone(box[0])


def _is_alone(x: GradArrayBase) -> bool:
    family = getattr(x, "_alias", None)
    return (family is None or family.is_alone(x)) and is_exclusive(x)


__all__ = ["has_sole_tangent", "is_exclusive", "is_sole"]
