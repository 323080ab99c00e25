"""Which arguments a transformed function is differentiated in: `argnums` and `argnames`."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Sequence
from functools import wraps
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from ..core.shown import shown
from ..errors import StructureError

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Arguments:
    """The arguments of one function that a transformation differentiates in.

    `StructureError` is raised if `argnums` or `argnames` cannot fit `function`.
    """

    __slots__ = ("_names", "_parameters", "_positions", "_transformation", "many")

    def __init__(
        self, transformation: str, function: Callable[..., Any], argnums: Any, argnames: Any
    ) -> None:
        self._transformation = transformation
        self._names = names_of(transformation, argnames)
        if argnums is None and argnames is None:
            argnums = 0
        self._positions = () if argnums is None else positions_of(transformation, argnums)
        single = [v for v in (argnums, argnames) if v is not None]
        #: Whether there is a tuple of results, and not one.
        self.many: bool = len(single) > 1 or not (
            isinstance(single[0], str) or hasattr(single[0], "__index__")
        )
        self._parameters = parameters_of(function) if self._names else {}
        if self._parameters and not any(
            p.kind is inspect.Parameter.VAR_KEYWORD for p in self._parameters.values()
        ):
            for name in self._names:
                if name not in self._parameters:
                    raise self._missing(name)

    def _missing(self, name: str) -> StructureError:
        names = ", ".join(self._parameters) or "no parameters that Python knows"
        return StructureError(
            f"{self._transformation}: argnames names {name!r}, and the function has {names}"
        )

    def places(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of one call: a position for each positional one, a name for each other."""
        found = chosen(self._transformation, self._positions, args)
        if not self._names:
            return found
        found += tuple([self._place(name, args, kwargs) for name in self._names])
        if len(set(found)) != len(found):
            raise StructureError(
                f"{self._transformation}: argnums {self._positions} and argnames {self._names} "
                "name an argument twice"
            )
        return found

    def _place(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | str:
        if name in kwargs:
            return name
        parameter = self._parameters.get(name)
        if parameter is None or parameter.kind is inspect.Parameter.VAR_KEYWORD:
            raise self._missing(name)
        if parameter.kind in _POSITIONAL:
            i = list(self._parameters).index(name)
            if i < len(args):
                return i
        if parameter.default is inspect.Parameter.empty or parameter.kind not in (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        ):
            raise StructureError(
                f"{self._transformation}: argnames names {name!r}, which was not passed to the "
                "function: pass it, by position or by keyword"
            )
        return name

    def given(
        self, places: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, ...]:
        """The arguments at `places`; the default of a parameter that was not passed."""
        if not self._names:
            return tuple([args[i] for i in places])
        return tuple(
            [
                args[i]
                if not isinstance(i, str)
                else kwargs[i]
                if i in kwargs
                else self._parameters[i].default
                for i in places
            ]
        )


def named_as(
    function: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that gives a function the name, the docstring and the signature of `function`."""
    return wraps(function, ("__module__", "__name__", "__qualname__", "__doc__"), ())


def replaced(
    places: tuple[Any, ...],
    values: tuple[Any, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[list[Any], dict[str, Any]]:
    """`args` and `kwargs` with `values` at `places`."""
    moved = list(args)
    for i, v in zip(places, values, strict=True):
        if isinstance(i, str):
            kwargs = {**kwargs, i: v}
        else:
            moved[i] = v
    return moved, kwargs


#: A function whose signature cannot change -> its parameters.
_known: WeakKeyDictionary[Any, dict[str, inspect.Parameter]] = WeakKeyDictionary()


def parameters_of(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of `function` by name; none where Python does not know them."""
    method: Any = function
    if type(function) is MethodType and type(method.__func__) is FunctionType:
        found = list(parameters_of(method.__func__).items())
        if found and found[0][1].kind in _POSITIONAL:
            return dict(found[1:])
    elif type(function) is FunctionType and not function.__dict__:
        # In its dictionary a function has `__wrapped__` and `__signature__`.
        if function not in _known:
            _known[function] = _looked_up(function)
        return _known[function]
    return _looked_up(function)


def _looked_up(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError, NameError):  # functions in C; annotations that do not exist
        return {}


def names_of(transformation: str, argnames: Any) -> tuple[str, ...]:
    """`argnames` as a tuple."""
    if argnames is None:
        return ()
    if isinstance(argnames, str):
        return (argnames,)
    if not isinstance(argnames, Sequence) or not all(isinstance(n, str) for n in argnames):
        raise StructureError(
            f"{transformation}: argnames must be a string or a tuple of strings, not "
            f"{shown(argnames)}"
        )
    return tuple(argnames)


def positions_of(name: str, argnums: Any) -> tuple[int, ...]:
    """`argnums` as a tuple."""
    if type(argnums) is int:
        return (argnums,)
    found = argnums if isinstance(argnums, Sequence) else (argnums,)
    try:
        if not any(isinstance(i, bool) for i in found):
            return tuple([operator.index(i) for i in found])
    except TypeError:
        pass
    raise StructureError(
        f"{name}: argnums must be an integer or a tuple of integers, not {shown(argnums)}"
    )


def chosen(name: str, positions: tuple[int, ...], args: tuple[Any, ...]) -> tuple[int, ...]:
    """`positions` counted from 0; `StructureError` for a missing argument, or one named twice."""
    n = len(args)
    if len(positions) == 1 and 0 <= positions[0] < n:
        return positions
    for i in positions:
        if not -n <= i < n:
            raise StructureError(
                f"{name}: argnums names the argument {i}, but the function was called with {n} "
                "positional arguments: arguments that are differentiated in are given by position, "
                "or by a name in argnames"
            )
    out = tuple([i % n for i in positions])
    if len(set(out)) != len(out):
        raise StructureError(f"{name}: argnums {positions} names an argument twice")
    return out


__all__ = ["Arguments", "named_as", "names_of", "parameters_of", "positions_of", "replaced"]
