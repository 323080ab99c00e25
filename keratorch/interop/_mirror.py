"""Modules with the public names of an array library, whose functions take `GradArray`s too.

A call with raw arrays alone goes to the library, which returns raw arrays. A call with a
`GradArray` goes to keratorch's function of the same name. If there is none, the library computes
with the constants; a tracked array raises `NotDifferentiableError`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from ..backends import _registry
from ..backends._subclasses import is_refused
from ..core import filled
from ..core.array import GradArray, get_raw
from ..core.nodes import is_tracked
from ..core.recording import constant
from ._like import made_like
from ._lists import (
    JOINERS,
    PLAIN,
    from_iterable,
    holds_array,
    takes_iterables,
    takes_lists,
    ufunc_of_lists,
    without_lists,
    without_objects,
)
from ._lookup import table_function, ufunc_function
from ._makers import MAKERS_OF_FILLABLE, SHARERS, filling, sharing
from ._missing import of_keratorch
from ._numpy_functions import into
from ._values import MAKERS, arrays_in, not_differentiable

_FUNCTION_TYPES = (FunctionType, BuiltinFunctionType, MethodType)
#: The names of the types of NumPy's and CuPy's callables that take arrays.
_CALLABLES = ("ufunc", "_GUFunc", "_ArrayFunctionDispatcher", "cython_function_or_method")
#: A name that NumPy removed -> the name that replaces it.
FORMER = {
    "alltrue": "all",
    "asfarray": "asarray",
    "cumproduct": "cumprod",
    "in1d": "isin",
    "product": "prod",
    "round_": "round",
    "row_stack": "vstack",
    "sometrue": "any",
    "trapz": "trapezoid",
}


def finds_keratorch(value: Any) -> bool:
    """Whether a function of NumPy passes `GradArray`s to keratorch by a protocol."""
    return type(value).__name__ == "ufunc" or hasattr(value, "_implementation")


class Mirror:
    """The attributes of a module that mirrors `library`, which may be a submodule.

    prefix : the prefix of its names in the table: ``"linalg."`` for ``numpy.linalg``.
    dispatches : whether a function of the library calls keratorch by itself, by a protocol.
    fillable : turns a new array of the library into one that takes tracked values.
    adapted : makes the arguments ``(name, args, kwargs)`` of a call with a `GradArray` fit for
        keratorch's function, and returns the new ``args, kwargs``.
    ufunc : what stands for a ufunc of the library that dispatches.
    """

    def __init__(
        self,
        library: ModuleType,
        prefix: str = "",
        dispatches: Callable[[Any], bool] = lambda function: False,
        fillable: Callable[[Any], Any] | None = None,
        adapted: Callable[..., Any] | None = None,
        ufunc: Callable[[Any], Any] = lambda ufunc: ufunc,
    ) -> None:
        self.library = library
        self.prefix = prefix
        self.dispatches = dispatches
        self.fillable = fillable
        self.adapted = adapted
        self.ufunc = ufunc

    def attribute(self, name: str) -> Any:
        """The mirroring module's value of the name `name`; `AttributeError` if there is none."""
        try:
            value = getattr(self.library, name)
        except AttributeError:
            use = None if name.startswith("_") else of_keratorch(None, name)
            raise AttributeError(
                f"module {self.library.__name__!r}, which keratorch mirrors, has no attribute "
                f"{name!r}" + (f": {use}" if use else ""),
                name=name,
            ) from None
        if not self.is_function(value):
            return value
        found = self.function(name, value)
        if self.fillable is not None and name in MAKERS_OF_FILLABLE:
            found = filling(found, value, self.library.ndarray, self.fillable)
        elif self.fillable is not None and name in SHARERS:
            found = sharing(found, self.library.ndarray, self.fillable)
        # So that `pickle` finds the function, and not the library's of the same name.
        found.__module__ = f"keratorch.{self.library.__name__}"
        return found

    def function(self, name: str, value: Any) -> Any:
        """The mirroring module's version of the library's function `value`."""
        if self.dispatches(value):
            if type(value).__name__ == "ufunc":
                return ufunc_of_lists(self.ufunc(value), FORMER.get(name, name))
            return takes_lists(value, self.prefix + name)
        what = f"{self.library.__name__}.{name}"
        function = mirrored(value, what, self.prefix + name, self.adapted)
        if name == "fromiter":
            return from_iterable(function)
        return takes_iterables(function) if name in JOINERS else function

    @staticmethod
    def is_function(value: Any) -> bool:
        """Whether `value` is a function that takes arrays, not a type, module or constant."""
        return isinstance(value, _FUNCTION_TYPES) or type(value).__name__ in _CALLABLES

    def names(self) -> list[str]:
        """The library's public names."""
        return sorted(n for n in dir(self.library) if not n.startswith("_"))


def mirrored(
    function: Callable[..., Any], what: str, name: str, adapted: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """`function`, replaced by keratorch's version in every call that has a `GradArray`."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for v in args:
            if type(v) not in PLAIN and holds_array(v):
                break
        else:
            if not (kwargs and holds_array(kwargs)):
                try:
                    return function(*args, **kwargs) if kwargs else function(*args)
                except (TypeError, ValueError, AttributeError):
                    objects = without_objects(function, name, args, kwargs)
                    if objects is None:
                        raise
                args, kwargs = objects
        args, kwargs = filled.settled(args), filled.settled(kwargs)
        known = FORMER.get(name, name)
        if known in MAKERS and isinstance(kwargs.get("like"), GradArray):
            return made_like(kwargs.pop("like"), known, args, kwargs)
        found = table_function(known) or ufunc_named(known)
        if found is not None:
            listed = without_lists(known, args, kwargs)
            if listed is not None:
                args, kwargs = listed
            if adapted is not None:
                args, kwargs = adapted(known, args, kwargs)
            if isinstance(kwargs.get("out"), GradArray):
                return into(found, args, **kwargs)
            return found(*args, **kwargs)
        for x in arrays_in((args, kwargs)):
            if is_tracked(x):
                raise not_differentiable(what, x)
        return _as_constants(function(*_unwrapped(args), **_unwrapped(kwargs)))

    return call


def ufunc_named(name: str) -> Callable[..., Any] | None:
    """keratorch's version of NumPy's ufunc `name`; `None` if there is none."""
    import numpy as np

    ufunc = getattr(np, name, None)
    return ufunc_function(ufunc) if isinstance(ufunc, np.ufunc) else None


def _unwrapped(value: Any) -> Any:
    """`value`, with the raw array in place of every constant."""
    if isinstance(value, GradArray):
        return get_raw(value)
    if isinstance(value, tuple):
        return tuple(_unwrapped(v) for v in value)
    if isinstance(value, list):
        return [_unwrapped(v) for v in value]
    if isinstance(value, dict):
        return {k: _unwrapped(v) for k, v in value.items()}
    return value


def _as_constants(value: Any) -> Any:
    """A result of the library, with its arrays as constants; a matrix stays a matrix."""
    if _registry.is_array(value):
        return value if is_refused(value) else constant(value)
    if isinstance(value, tuple):
        parts = [_as_constants(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [_as_constants(v) for v in value]
    return value


__all__ = ["FORMER", "Mirror", "finds_keratorch", "mirrored", "ufunc_named"]
