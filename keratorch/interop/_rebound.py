"""NumPy's own functions that are written in Python, run on keratorch's functions.

A function of Python finds the names that it uses in its module. `rebound` makes the same functions
in a module of other names: where NumPy's code says ``np.dot``, keratorch's `dot` runs.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import update_wrapper
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..backends import _registry
from ..core.array import GradArray, get_raw
from ..core.nodes import is_tracked
from ..core.recording import constant
from ..errors import NotDifferentiableError
from ._like import made_like
from ._mirror import Mirror, finds_keratorch
from ._values import arrays_in

#: Functions that make arrays: inside a call with a `GradArray` they make one like it.
_MAKERS = ("arange", "array", "asanyarray", "asarray", "empty", "linspace", "ones", "zeros")


class _Likes(threading.local):
    """The `GradArray` of whose kind a thread's calls make arrays; `None` outside of such calls."""

    current: GradArray | None = None


_likes = _Likes()


@contextmanager
def like(x: GradArray) -> Generator[None]:
    """Inside, NumPy's rebound code makes its arrays in the library and on the device of `x`."""
    before = _likes.current
    _likes.current = x
    try:
        yield
    finally:
        _likes.current = before


class Names:
    """The names of a module of NumPy, as NumPy's rebound code sees them."""

    def __init__(self, _mirror: Mirror, **own: Any) -> None:
        self.__dict__.update(own, _mirror=_mirror)

    def but(self, **own: Any) -> Names:
        """The same names, but `own` in place of some."""
        return Names(**{**self.__dict__, **own})

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__[name] = self._mirror.attribute(name)
        return value


def _maker(name: str) -> Callable[..., Any]:
    plain = _mirror.attribute(name)

    def make(*args: Any, **kwargs: Any) -> Any:
        if _likes.current is None:
            return plain(*args, **kwargs)
        if name in ("empty", "ones", "zeros"):
            shape = args[0] if isinstance(args[0], tuple) else (args[0],)
            args = (tuple(map(operator.index, shape)), *args[1:])
        return made_like(_likes.current, name, args, kwargs)

    return make


_mirror = Mirror(np, dispatches=finds_keratorch)
_linalg = Names(Mirror(np.linalg, prefix="linalg.", dispatches=finds_keratorch))
#: What ``np`` means in NumPy's rebound code.
NUMPY = Names(
    _mirror,
    **{name: _maker(name) for name in _MAKERS},
    linalg=_linalg,
    ndarray=(np.ndarray, GradArray),  # the code asks ``isinstance(x, np.ndarray)``
)


def _complex(real: Any, imag: Any) -> Any:
    return real + 1j * imag if isinstance(real + imag, GradArray) else complex(real, imag)


def rebound(
    module: ModuleType, own: Mapping[str, Any], others: Mapping[Any, Any] | None = None
) -> dict[str, Any]:
    """The names of `module`, with its functions bound to these names.

    own : names that replace those of the module.
    others : functions of other modules, and what replaces them.
    """
    names = {**vars(module), "np": NUMPY, "la": _linalg, "complex": _complex}
    for name, value in vars(module).items():
        function = getattr(value, "_implementation", value)
        if isinstance(function, FunctionType):
            if function.__globals__ is vars(module):
                names[name] = bound(function, names)
            elif others:
                names[name] = others.get(function, value)
    names.update(own)
    return names


def bound(function: FunctionType, names: dict[str, Any]) -> FunctionType:
    """`function`, which finds its global names in `names`."""
    made = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def differentiable(
    plain: Callable[..., Any], ours: Callable[..., Any], what: str
) -> Callable[..., Any]:
    """A function that calls `ours` if an argument is, or holds, a `GradArray`; else `plain`.

    what : its name, for errors.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        first = next(arrays_in((args, kwargs)), None)
        if first is None:
            return plain(*args, **kwargs)
        if not isinstance(first.dtype, np.dtype):
            name = _registry.of(get_raw(first)).name
            raise NotDifferentiableError(
                f"{what} has no rule for the arrays of {name}, of shape {tuple(first.shape)} here: "
                "use keratorch.numpy.polyval and its like, or arrays of NumPy or CuPy"
            )
        with like(first):
            return _as_arrays(ours(*args, **kwargs), first)

    return update_wrapper(call, plain)


def _as_arrays(found: Any, first: GradArray) -> Any:
    """A result, with constants in place of raw arrays."""
    if isinstance(found, GradArray):
        return found
    if isinstance(found, (tuple, list)):
        return type(found)(_as_arrays(part, first) for part in found)
    if isinstance(found, (np.ndarray, np.floating, np.complexfloating)):
        backend = _registry.of(get_raw(first))
        return constant(backend.from_numpy(np.asarray(found), backend.device(get_raw(first))))
    return constant(found) if _registry.is_array(found) else found


def untrimmed(plain: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's `plain`, which drops coefficients that are 0; it drops none of a tracked array.

    The derivative in a coefficient that is 0 is not 0.
    """

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        return x if isinstance(x, GradArray) and is_tracked(x) else plain(x, *args, **kwargs)

    return call


__all__ = ["NUMPY", "Names", "bound", "differentiable", "like", "rebound", "untrimmed"]
