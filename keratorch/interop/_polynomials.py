"""`numpy.polynomial` on `GradArray`s: its functions and its classes of polynomials.

The code is NumPy's own, run on keratorch's functions (`_rebound`). Two things differ, so that no
derivative is lost. Coefficients of a tracked array that are 0 are kept: NumPy drops them at the
end. Arrays of all kinds may be mixed.
"""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.polynomial import (
    _polybase,
    chebyshev,
    hermite,
    hermite_e,
    laguerre,
    legendre,
    polynomial,
    polyutils,
)

from ..core.array import GradArray
from ..core.nodes import is_tracked
from ._rebound import NUMPY, bound, differentiable, rebound, untrimmed
from ._values import arrays_in

#: The modules of families of polynomials -> the class in each.
FAMILIES = {
    "polynomial": "Polynomial",
    "chebyshev": "Chebyshev",
    "legendre": "Legendre",
    "hermite": "Hermite",
    "hermite_e": "HermiteE",
    "laguerre": "Laguerre",
}
_MODULES: dict[str, Any] = {
    "polynomial": polynomial,
    "chebyshev": chebyshev,
    "legendre": legendre,
    "hermite": hermite,
    "hermite_e": hermite_e,
    "laguerre": laguerre,
    "polyutils": polyutils,
}


def _all(a: Any) -> Any:
    """`all`, which holds for no `GradArray`.

    NumPy's code asks whether all coefficients are 0, and then leaves them out. The derivative in a
    coefficient that is 0 is not 0.
    """
    return False if isinstance(a, GradArray) else np.all(a)


def _as_series(alist: Any, trim: bool = True) -> list[Any]:
    """The arrays in `alist`, of one axis and one dtype, copied; trimmed as `trimseq` does."""
    if next(arrays_in(list(alist)), None) is None:
        return list(polyutils.as_series(alist, trim))
    from ._numpy_api._arguments import floating, promoted

    arrays = [NUMPY.array(a, ndmin=1, copy=True) for a in alist]
    for a in arrays:
        if a.size == 0:
            raise ValueError("Coefficient array is empty")
        if a.ndim != 1:
            raise ValueError(f"Coefficient array of shape {tuple(a.shape)} is not 1-d")
    if trim:
        arrays = [_trimseq(a) for a in arrays]
    arrays = list(promoted("polynomial", arrays))
    return [floating(a) for a in arrays]


_trimseq = untrimmed(polyutils.trimseq)


def _line(general: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """``chebline(off, scl)`` and its like: the series of off + scl·x.

    general : NumPy's code on keratorch's functions; it leaves scl out where scl is 0.
    plain : NumPy's own function.
    """

    def line(off: Any, scl: Any) -> Any:
        if not (isinstance(scl, GradArray) and is_tracked(scl)):
            return general(off, scl)
        return NUMPY.array([off, off * 0]) + scl * NUMPY.array(plain(0.0, 1.0), dtype=scl.dtype)

    return line


def _times_x(general: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """``chebmulx(c)`` and its like: the series times x. NumPy's code leaves out a c that is 0."""

    def times_x(c: Any) -> Any:
        [series] = _as_series([c])
        if len(series) > 1 or not isinstance(series, GradArray):
            return general(series)
        return series * NUMPY.array(plain([1.0]), dtype=series.dtype)

    return times_x


def _as_powers(general: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """``cheb2poly(c)`` and its like: Σ cᵢ·cheb2poly(i-th unit vector)."""

    def as_powers(c: Any) -> Any:
        [series] = _as_series([c])
        if not isinstance(series, GradArray):
            return general(series)
        rows = np.zeros((len(series), len(series)), series.dtype)
        for i in range(len(series)):
            row = plain(np.eye(1, i + 1, i)[0])
            rows[i, : len(row)] = row
        return series @ NUMPY.array(rows)

    return as_powers


def _division(general: Callable[..., Any]) -> Callable[..., Any]:
    """``_zseries_div(z1, z2)`` with a divisor that begins with 1.

    NumPy's code reads ``z2[0]``, and divides z2 by it in place. The element that it read is a view
    of z2 in CuPy.
    """

    def divide(z1: Any, z2: Any) -> Any:
        first = z2[0] * 1
        quotient, rest = general(z1, z2 / first)
        return quotient / first, rest

    return divide


#: How the name of a function ends -> what replaces NumPy's code.
_CHANGES = {"line": _line, "mulx": _times_x, "2poly": _as_powers}


def _format_float(x: Any, parens: bool = False) -> str:
    value = x.numpy()[()] if isinstance(x, GradArray) else x
    return str(polyutils.format_float(value, parens))


@functools.cache
def _utilities() -> dict[str, Any]:
    """The functions of `polyutils`, on keratorch's functions."""
    own = {"as_series": _as_series, "trimseq": _trimseq, "format_float": _format_float}
    return rebound(polyutils, own)


@functools.cache
def _rebound(name: str) -> dict[str, Any]:
    """The functions of the module `name`, on keratorch's functions."""
    if name == "polyutils":
        return _utilities()
    module = _MODULES[name]
    utilities = _utilities()
    theirs = {f: utilities[n] for n, f in vars(polyutils).items() if callable(f)}
    special = {"np": NUMPY.but(all=_all), "pu": SimpleNamespace(**utilities)}
    own = rebound(module, special, theirs)
    if name == "chebyshev":
        own["_zseries_div"] = _division(own["_zseries_div"])
    for key in module.__all__:
        for ending, change in _CHANGES.items():
            if key.endswith(ending):
                own[key] = change(own[key], getattr(module, key))
    return own


@functools.cache
def family(name: str) -> dict[str, Any]:
    """The names of ``numpy.polynomial.<name>``: functions that take `GradArray`s, and the class."""
    module = _MODULES[name]
    found = taking_arrays(module, module.__all__, name, f"keratorch.numpy.polynomial.{name}")
    cls = FAMILIES.get(name)
    if cls is not None:
        found[cls] = _class(getattr(module, cls), found)
    return found


def taking_arrays(library: Any, keys: Any, name: str, home: str) -> dict[str, Any]:
    """The names `keys` of a module of NumPy or CuPy; its functions take `GradArray`s too.

    name : of NumPy's module with the same functions.
    home : the module of keratorch that has the functions.
    """
    ours = _rebound(name)
    found = {}
    for key in keys:
        value = getattr(library, key)
        if isinstance(value, FunctionType) or hasattr(value, "_implementation"):
            value = differentiable(value, ours[key], f"numpy.polynomial.{name}.{key}")
            value.__module__ = home
        found[key] = value
    return found


def _class(plain: Any, functions: dict[str, Any]) -> Any:
    """The class `plain` of polynomials, whose coefficients may be `GradArray`s.

    functions : the functions of its module.
    """
    names = {
        **vars(_polybase),
        "np": NUMPY,
        "pu": SimpleNamespace(**_utilities()),
        "numbers": SimpleNamespace(Number=(numbers.Number, GradArray)),
    }
    own: dict[str, Any] = {
        "__module__": f"keratorch.{plain.__module__}",
        "__doc__": plain.__doc__,
    }
    for name, value in vars(_polybase.ABCPolyBase).items():
        inner = getattr(value, "__func__", value)
        if isinstance(inner, FunctionType) and not getattr(inner, "__isabstractmethod__", False):
            made = bound(inner, names)
            own[name] = type(value)(made) if inner is not value else made
    for name, value in vars(plain).items():
        if isinstance(value, staticmethod) and value.__func__.__name__ in functions:
            own[name] = staticmethod(functions[value.__func__.__name__])
        elif name in own and not isinstance(value, staticmethod) and callable(value):
            own[name] = value
    own["__repr__"] = _repr
    own["_str_term_unicode"], own["_str_term_ascii"] = (
        vars(plain).get(n) or own[n] for n in ("_str_term_unicode", "_str_term_ascii")
    )
    return type(plain.__name__, (plain,), own)


def _repr(self: Any) -> str:
    """As NumPy's; of a `GradArray` the whole text."""
    parts = [_text(a) for a in (self.coef, self.domain, self.window)]
    coef, domain, window = parts
    name = type(self).__name__
    return f"{name}({coef}, domain={domain}, window={window}, symbol={self.symbol!r})"


def _text(array: Any) -> str:
    return repr(array) if isinstance(array, GradArray) else repr(np.asarray(array))[6:-1]


__all__ = ["FAMILIES", "family", "taking_arrays"]
