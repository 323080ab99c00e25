"""`numpy.poly1d` and the functions that take and return it, on `GradArray`s.

The methods are NumPy's own, run on keratorch's functions (`_rebound`). Leading coefficients of a
tracked array that are 0 are kept: NumPy drops them, and the derivative in them would be lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import FunctionType
from typing import Any

import numpy as np
from numpy.lib import _polynomial_impl

from ..core.array import GradArray
from ._rebound import NUMPY, bound, like, untrimmed

#: The functions whose result may be a `poly1d` if an argument is one.
OF_POLYNOMIALS = ("polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub", "polyval")


def _isscalar(element: Any) -> bool:
    return np.isscalar(element) or (isinstance(element, GradArray) and not element.ndim)


def of_polynomials(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A mirror's function `name`, one of `OF_POLYNOMIALS`, which takes `poly1d`s too."""
    if name == "polyval":
        return update_wrapper(_polyval(function), function)

    def call(*args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        if not any(isinstance(a, np.poly1d) for a in given):
            return function(*args, **kwargs)
        args = tuple(map(_coefficients, args))
        found = function(*args, **{k: _coefficients(v) for k, v in kwargs.items()})
        return tuple(map(poly1d, found)) if isinstance(found, tuple) else poly1d(found)

    return update_wrapper(call, function)


def _polyval(function: Callable[..., Any]) -> Callable[..., Any]:
    def polyval(p: Any, x: Any) -> Any:
        p = _coefficients(p)
        if not isinstance(x, np.poly1d):
            return function(p, x)
        first, *rest = NUMPY.atleast_1d(p)
        y: Any = poly1d(first)
        for v in rest:
            y = y * x + v
        return y

    return polyval


def _coefficients(value: Any) -> Any:
    return value.coeffs if isinstance(value, np.poly1d) else value


def _bound(value: Any) -> Any:
    """A method or property of `numpy.poly1d`, on keratorch's functions."""
    if isinstance(value, FunctionType):
        method = bound(value, _NAMES)
        return _beside(method) if value.__name__.strip("_").lstrip("r") in _OPERATORS else method
    if isinstance(value, property):
        return property(*(f and _bound(f) for f in (value.fget, value.fset)), doc=value.__doc__)
    return value


def _beside(operator: Callable[..., Any]) -> Callable[..., Any]:
    """An operator that makes arrays of numbers like the coefficients."""

    def method(self: Any, other: Any) -> Any:
        if not isinstance(self.coeffs, GradArray):
            return operator(self, other)
        with like(self.coeffs):
            return operator(self, other)

    return update_wrapper(method, operator)


def _atleast_1d(value: Any) -> Any:
    if isinstance(value, np.poly1d):
        value = value.coeffs
    return NUMPY.atleast_1d(value if isinstance(value, GradArray) else NUMPY.asarray(value))


_OPERATORS = frozenset(["add", "mul", "sub", "truediv"])
_NAMES: dict[str, Any] = {
    **vars(_polynomial_impl),
    "NX": NUMPY,
    "isscalar": _isscalar,
    "trim_zeros": untrimmed(NUMPY.trim_zeros),
    **{name: getattr(NUMPY, name) for name in ("poly", "roots")},
    "atleast_1d": _atleast_1d,
    **{name: of_polynomials(getattr(NUMPY, name), name) for name in OF_POLYNOMIALS},
}
_OWN = ("__array__", "__dict__", "__doc__", "__module__", "__qualname__", "__weakref__")


class _Bound(np.poly1d):
    """The methods of `numpy.poly1d` on keratorch's functions."""

    __hash__ = None  # type: ignore[assignment]
    locals().update({n: _bound(v) for n, v in vars(np.poly1d).items() if n not in _OWN})


def _reflected(name: str) -> Callable[..., Any]:
    """``a * p`` and its like: the array `a` and that of the coefficients, as in NumPy.

    A Python number on the left gives a `poly1d`.
    """
    of_numbers = getattr(_Bound, f"__r{name}__")

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, GradArray):
            return getattr(other, f"__{name}__")(self.coeffs)
        return of_numbers(self, other)

    return method


class poly1d(_Bound):
    """`numpy.poly1d`, whose coefficients may be a tracked array or a list of tracked numbers."""

    __radd__, __rsub__, __rmul__, __rtruediv__ = map(_reflected, ("add", "sub", "mul", "truediv"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.coeffs, dtype, copy=copy)

    def __repr__(self) -> str:
        found = repr(self.coeffs)
        return f"poly1d({found if isinstance(self.coeffs, GradArray) else found[6:-1]})"

    def __setitem__(self, key: int, value: Any) -> None:
        if isinstance(value, GradArray) and not isinstance(self.coeffs, GradArray):
            self._coeffs = NUMPY.array(self.coeffs, like=value)
        super().__setitem__(key, value)


poly1d.__module__ = "keratorch.numpy"
_NAMES["poly1d"] = poly1d

__all__ = ["OF_POLYNOMIALS", "of_polynomials", "poly1d"]
