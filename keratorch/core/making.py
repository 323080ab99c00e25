"""Making `GradArray`s: this module alone knows their class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .mode import mode
from .nodes import GradArrayBase

_new = object.__new__

T = TypeVar("T", bound=type)

#: The class of the arrays that recording makes. `array_class` sets it to `GradArray`, which is
#: defined in a later module.
cls: type[Any] = GradArrayBase


#: What `pickle` keeps of an array. `keratorch.serialization` sets it.
reduced: Callable[[Any], Any] = repr


def array_class(of: T) -> T:
    """Make `of` the class of all new arrays; a class decorator."""
    global cls
    cls = of
    return of


def constant(raw: Any) -> Any:
    """`raw` as a constant `GradArray`."""
    y = _new(cls)
    y._array = raw
    y._grad = y._grad_op = y._edge = y._tangents = None
    return y


def new_array(raw: Any, op: Any, edge: Any, of: type[Any] | None = None) -> Any:
    """A `GradArray` with the raw array `raw`, the node `op` and the edge `edge`."""
    x = _new(cls if of is None else of)
    x._array = raw
    x._grad_op = op
    x._edge = edge
    x._grad = x._tangents = None
    return x


def is_active(x: Any) -> bool:
    """Whether `x` is active: it requires a gradient while recording is on, or carries a tangent.

    Inside of `no_grad` a tangent counts if its level was opened inside.
    """
    if x._tangents is None:
        return x._edge is not None and mode.recording
    floor = mode.floor
    return (
        (x._edge is not None and mode.recording) or not floor or any(k > floor for k in x._tangents)
    )


__all__ = ["array_class", "constant", "is_active", "new_array"]
