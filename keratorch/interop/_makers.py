"""Functions of a mirror that make arrays which take tracked values afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from ..core import filled
from ..core.mode import mode, policy

#: The functions whose floating and complex results can be filled. Each returns new memory.
MAKERS_OF_FILLABLE = frozenset([
    "arange", "array", "copy", "empty", "empty_like", "eye", "full", "full_like", "identity",
    "linspace", "ones", "ones_like", "tri", "zeros", "zeros_like",
])  # fmt: skip
#: The functions that make an array of a shape alone, and the usual types of a shape.
_OF_A_SHAPE = frozenset(["empty", "eye", "identity", "ones", "zeros"])
_SHAPES = (int, tuple)


def filling(
    function: Callable[..., Any],
    original: Callable[..., Any],
    array_type: type,
    fillable: Callable[[Any], Any],
) -> Callable[..., Any]:
    """`function` of a mirror, whose results can be filled where a transformed function runs.

    original : the function of the library.
    array_type : the type of the library's own arrays; all other results stay as they are.
    fillable : turns a new array into one that can be filled.
    """

    plain = original if original.__name__ in _OF_A_SHAPE else None

    def call(*args: Any, **kwargs: Any) -> Any:
        if plain is not None and len(args) == 1 and not kwargs and type(args[0]) in _SHAPES:
            found = plain(args[0])  # the commonest call needs no look at its arguments
        else:
            found = function(*args, **kwargs)
        if kwargs.get("copy", True) is not True:
            return _shared(args, found, array_type, fillable)
        if (
            not mode.fillable
            or type(found) is not array_type
            or found.dtype.kind not in "fc"
            or not policy.fillable
        ):
            return found
        return fillable(found)

    return update_wrapper(call, function)


#: The functions that return their argument where it is an array that fits.
SHARERS = frozenset([
    "asarray", "ascontiguousarray", "asfarray", "asfortranarray", "broadcast_arrays",
    "broadcast_to", "einsum",
])  # fmt: skip


def sharing(
    function: Callable[..., Any], array_type: type, fillable: Callable[[Any], Any]
) -> Callable[..., Any]:
    """`function` of `SHARERS`, whose results can be filled if they show an array that can.

    NumPy makes plain views here, in which keratorch cannot see a write.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        if filled.classes.isdisjoint(map(type, args)):
            return found
        if isinstance(found, tuple):
            return tuple([_shared(args, v, array_type, fillable) for v in found])
        return _shared(args, found, array_type, fillable)

    return update_wrapper(call, function)


def _shared(
    args: tuple[Any, ...], found: Any, array_type: type, fillable: Callable[[Any], Any]
) -> Any:
    """`found`, a result of a function of `args`: if it shows one of them, as that, or as a view."""
    if type(found) is not array_type:
        return found
    base = found.base
    while type(base) is array_type:
        base = base.base
    if type(base) not in filled.classes:
        return found
    for a in args:
        if a is base and found.shape == a.shape and found.strides == a.strides:
            return a
    return fillable(found)


__all__ = ["MAKERS_OF_FILLABLE", "SHARERS", "filling", "sharing"]
