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
from ._rebound import NUMPY, bound, untrimmed

#: The functions whose result is a `poly1d` if an argument is one.
OF_POLYNOMIALS = ("polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub")


def _isscalar(element: Any) -> bool:
    return np.isscalar(element) or (isinstance(element, GradArray) and not element.ndim)


def polyval(p: Any, x: Any) -> Any:
    """`numpy.polyval`, whose coefficients and place may be `poly1d`s that hold `GradArray`s."""
    p = p.coeffs if isinstance(p, np.poly1d) else p
    if not isinstance(x, np.poly1d):
        return NUMPY.polyval(p, x)
    first, *rest = NUMPY.atleast_1d(p)
    y: Any = poly1d(first)
    for v in rest:
        y = y * x + v
    return y


def of_polynomials(name: str) -> Callable[..., Any]:
    """NumPy's function `name`, which returns `poly1d`s if an argument is one."""
    function = getattr(NUMPY, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        if not any(isinstance(a, np.poly1d) for a in given):
            return function(*args, **kwargs)
        args = tuple(map(_coefficients, args))
        found = function(*args, **{k: _coefficients(v) for k, v in kwargs.items()})
        return tuple(map(poly1d, found)) if isinstance(found, tuple) else poly1d(found)

    return update_wrapper(call, function)


def _coefficients(value: Any) -> Any:
    return value.coeffs if isinstance(value, np.poly1d) else value


def _bound(value: Any) -> Any:
    """A method or property of `numpy.poly1d`, on keratorch's functions."""
    if isinstance(value, FunctionType):
        return bound(value, _NAMES)
    if isinstance(value, property):
        return property(*(f and _bound(f) for f in (value.fget, value.fset)), doc=value.__doc__)
    return value


_NAMES: dict[str, Any] = {
    **vars(_polynomial_impl),
    "NX": NUMPY,
    "isscalar": _isscalar,
    "polyval": polyval,
    "trim_zeros": untrimmed(NUMPY.trim_zeros),
    **{name: getattr(NUMPY, name) for name in ("atleast_1d", "poly", "roots")},
    **{name: of_polynomials(name) for name in OF_POLYNOMIALS},
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

__all__ = ["OF_POLYNOMIALS", "of_polynomials", "poly1d", "polyval"]
