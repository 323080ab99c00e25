"""Arrays that take tracked values: making them, and NumPy's functions that read or write them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import filled
from ..core.array import GradArray
from ..core.mode import mode
from ._fillable import Fillable, Filled, memory, present, root_of, turn, value_of
from ._fillable_values import holds_active, plain
from ._values import WRITERS


def as_fillable(array: Any) -> Any:
    """A `Fillable` with the values of an array of NumPy; a view of one stays a view of it."""
    if array.base is not None and root_of(array) is not array:
        return array.view(Fillable)
    if not filled.classes:
        filled.present = present
        filled.classes.update((Fillable, Filled))
    # It must own its memory, so that the views of it lead to it.
    if array.ndim > 1 and array.flags.fnc:
        new = Fillable(array.shape, array.dtype, order="F")
    else:
        new = Fillable(array.shape, array.dtype)
    np.ndarray.__setitem__(new, ..., array)
    return new


def ufunc_into(ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    """A ufunc that writes into one of these arrays: ``a += x``, ``np.add(x, y, out=a)``."""
    targets = inputs[:1] if method == "at" else kwargs["out"]
    values = filled.settled((inputs[1:] if method == "at" else inputs, _read(kwargs)))
    tracked = holds_active(values)
    if tracked:
        for a in targets:
            if type(a) is Fillable:
                turn(a)
    for a in targets:
        if type(a) is Filled and not a._open:
            raise ValueError("output array is read-only")
    inputs, kwargs = filled.settled(inputs), filled.settled(kwargs)
    if not tracked and not any(isinstance(a, GradArray) for a in filled.settled(targets)):
        inputs = tuple(map(plain, inputs))
        kwargs = {name: plain(value) for name, value in kwargs.items()}
    found = getattr(ufunc, method)(*inputs, **kwargs)
    if method == "at":
        return found
    if isinstance(found, tuple):
        return tuple(f if a is None else a for f, a in zip(found, targets, strict=True))
    return targets[0]


def _read(kwargs: Any) -> Any:
    return [v for k, v in kwargs.items() if k != "out"]


#: The functions that take a shape and a dtype from an array, and no values.
_LIKES = (np.empty_like, np.ones_like, np.zeros_like)


def function_into(func: Any, args: Any, kwargs: Any) -> Any:
    """A function of NumPy given one of these arrays: as what it reads, or as what it writes."""
    if func in _LIKES and mode.fillable and args and type(args[0]) is Filled:
        like = memory(args[0]).view(args[0].dtype)
        return as_fillable(func(like, *args[1:], **kwargs))
    out = kwargs.get("out")
    target = target_of(func, args, kwargs)
    if type(target) is Fillable:
        turn(target)
    if type(target) is Filled and not target._open:
        raise ValueError("output array is read-only")
    found = func(*filled.settled(args), **filled.settled(kwargs))
    return out if out is not None and type(out) in filled.classes else found


def target_of(func: Any, args: Any, kwargs: Any) -> Any:
    """The array of this module into which a function of NumPy is to write a tracked value."""
    target = kwargs.get("out")
    if func.__name__ in WRITERS:
        target = (*args, *kwargs.values())[0]
    if type(target) not in filled.classes:
        return None
    return target if holds_active(filled.settled((args, kwargs))) else None


def takes_part(func: Any, types: Any, args: Any, kwargs: Any) -> bool:
    """Whether `function_into` must see the call before keratorch's function does."""
    if filled.classes.isdisjoint(types):
        return False
    return Filled in types or target_of(func, args, kwargs) is not None


def _array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    if "out" in kwargs or method == "at":
        return ufunc_into(ufunc, method, inputs, kwargs)
    return getattr(ufunc, method)(*map(value_of, inputs), **filled.settled(kwargs))


def _array_function(self: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    return function_into(func, args, kwargs)


Filled.__array_ufunc__ = _array_ufunc  # type: ignore[method-assign]
Filled.__array_function__ = _array_function  # type: ignore[method-assign]

__all__ = ["as_fillable", "function_into", "takes_part", "ufunc_into"]
