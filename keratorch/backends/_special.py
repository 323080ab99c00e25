"""Special functions of raw arrays, in SciPy's names: from a library, or written by an operation.

An operation in `keratorch.ops` may state its values here, beside its class: in plain Array API
(`general`), or in special functions that a library has (`composed`). What cannot be had raises an
error that names the function and the remedy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from keratorch.errors import BackendUnavailableError

Function = Callable[..., Any]

#: Name -> ``f(xp, *arrays)`` in plain Array API, which serves every library.
GENERAL: dict[str, Function] = {}
#: Those of `GENERAL` that only serve libraries without such a function: theirs is faster.
SLOWER: set[str] = set()
#: Name -> the special functions of a library that it is made of, and how.
COMPOSED: dict[str, tuple[tuple[str, ...], Function]] = {}


def general(name: str, *, slower: bool = False) -> Callable[[Function], Function]:
    """Decorates ``f(xp, *arrays)``: the special function `name` in plain Array API.

    It serves the arrays of every library; with `slower`, those of libraries that have no such
    function. CuPy makes one kernel of it, so it may not ask for shapes or values.
    """

    def register(function: Function) -> Function:
        GENERAL[name] = function
        if slower:
            SLOWER.add(name)
        return function

    return register


def composed(name: str, *needed: str) -> Callable[[Function], Function]:
    """Decorates ``f(xp, *functions, *arrays)``: `name` for libraries that have only `needed`."""

    def register(function: Function) -> Function:
        COMPOSED[name] = needed, function
        return function

    return register


def find(backend: Any, name: str) -> Function:
    """The special function `name` for arrays of `backend`, or raise."""
    written = GENERAL.get(name)
    if written is not None and name not in SLOWER:
        return functools.partial(written, backend.xp)
    try:
        found = backend.library_special(name)
    except BackendUnavailableError:  # no SciPy
        if written is None:
            raise
        found = None
    if found is not None:
        return found
    if written is not None:
        return functools.partial(written, backend.xp)
    if name in COMPOSED:
        needed, function = COMPOSED[name]
        parts = [backend.library_special(n) for n in needed]
        if None not in parts:
            return functools.partial(function, backend.xp, *parts)
    raise BackendUnavailableError(
        f"{backend.name} has no special function {name!r}: move the array to a backend that has "
        "it, such as NumPy's with SciPy (pip install scipy), with x.to_device('cpu')"
        if backend.name != "numpy"
        else f"keratorch.special.{name} of NumPy arrays needs a newer SciPy: pip install -U scipy"
    )


def scipy_special(backend: str, name: str) -> Function | None:
    """SciPy's special function `name`, imported when first asked for."""
    try:
        import scipy.special
    except ImportError as error:
        raise BackendUnavailableError(
            f"keratorch.special.{name} of {backend} arrays comes from SciPy, which is not "
            "installed: pip install scipy, or move the array with to_device to a backend that "
            "has special functions of its own"
        ) from error
    return getattr(scipy.special, name, None)
