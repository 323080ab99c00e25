"""The table that the modules of this package fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: NumPy's name, ``"sum"`` or ``"linalg.norm"`` -> a function of NumPy's arguments.
FUNCTIONS: dict[str, Callable[..., Any]] = {}
#: The name of a ufunc -> a function of its inputs, for those that the Array API lacks.
UFUNCS: dict[str, Callable[..., Any]] = {}
#: The names of the functions whose results have no derivative by nature.
CONSTANT: set[str] = set()


def implements(*names: str, constant: bool = False) -> Callable[[F], F]:
    """A decorator: the function is NumPy's of these names.

    constant : its result has no derivative, or that derivative is 0 wherever there is one.
    """

    def register(function: F) -> F:
        for name in names:
            assert name not in FUNCTIONS, name
            FUNCTIONS[name] = function
            if constant:
                CONSTANT.add(name)
        return function

    return register


def implements_ufunc(*names: str, constant: bool = False) -> Callable[[F], F]:
    """A decorator: the function is NumPy's ufunc of these names, called with its inputs."""

    def register(function: F) -> F:
        for name in names:
            assert name not in UFUNCS, name
            UFUNCS[name] = function
            if constant:
                CONSTANT.add(name)
        return function

    return register


__all__ = ["CONSTANT", "FUNCTIONS", "UFUNCS", "implements", "implements_ufunc"]
