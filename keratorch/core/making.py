"""Making arrays: the only place that says of which class they are."""

from __future__ import annotations

from typing import Any, TypeVar

from .mode import mode
from .nodes import GradArrayBase

_new = object.__new__

T = TypeVar("T", bound=type)

#: The class of what recording makes: `GradArray`, which is built on all of this (`array_class`).
cls: type[Any] = GradArrayBase


def array_class(of: T) -> T:
    """From now on arrays are of the class `of`; a class decorator."""
    global cls
    cls = of
    return of


def constant(raw: Any) -> Any:
    """`raw` as a `GradArray` that nothing tracks."""
    y = _new(cls)
    y._array = raw
    y._grad = y._grad_op = y._edge = y._tangents = None
    return y


def new_array(raw: Any, op: Any, edge: Any, of: type[Any] | None = None) -> Any:
    """A `GradArray` of raw parts."""
    x = _new(cls if of is None else of)
    x._array = raw
    x._grad_op = op
    x._edge = edge
    x._grad = x._tangents = None
    return x


def is_active(x: Any) -> bool:
    """Whether a rule will ask for the derivative in `x`."""
    return (x._edge is not None and mode.recording) or x._tangents is not None


__all__ = ["array_class", "constant", "is_active", "new_array"]
