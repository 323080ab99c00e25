"""The table that the modules of this package fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: NumPy's name, ``"sum"`` or ``"linalg.norm"`` -> a function that takes NumPy's arguments.
FUNCTIONS: dict[str, Callable[..., Any]] = {}
#: The name of a ufunc that the Array API lacks, or of a ufunc's method (``"add.reduce"``) -> a
#: function of its inputs.
UFUNCS: dict[str, Callable[..., Any]] = {}
#: The names of the functions registered with ``constant=True``.
CONSTANT: set[str] = set()


def implements(*names: str, constant: bool = False) -> Callable[[F], F]:
    """A decorator: the function implements NumPy's functions `names`.

    constant : the result has no derivative, or the derivative is 0 wherever it exists.
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
    """A decorator: the function implements NumPy's ufuncs `names`, and takes their inputs."""

    def register(function: F) -> F:
        for name in names:
            assert name not in UFUNCS, name
            UFUNCS[name] = function
            if constant:
                CONSTANT.add(name)
        return function

    return register


__all__ = ["CONSTANT", "FUNCTIONS", "UFUNCS", "implements", "implements_ufunc"]
