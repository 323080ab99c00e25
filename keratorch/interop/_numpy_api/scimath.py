"""``numpy.emath``: functions that leave the real numbers where their argument asks for that.

Whether the result is complex depends on the values, so these functions wait for the device.
"""

from __future__ import annotations

from typing import Any

from ... import functions as kt
from ...core.array import GradArray
from ...core.sync import waits
from ._arguments import array, arrays, floating, is_complex
from ._table import implements


def _complex_if(name: str, x: GradArray, outside: Any) -> GradArray:
    """`x`, as a complex array if any real element of `x` is `outside` of the real domain."""
    x = floating(x)
    if is_complex(x):
        return x
    waits(f"numpy.emath.{name}", x.shape, "convert the array with astype(complex)")
    return _as_complex(x) if bool(kt.any(outside(x.detach())).item()) else x


def _as_complex(x: GradArray) -> GradArray:
    return kt.astype(x, kt.complex64 if x.dtype == kt.float32 else kt.complex128)


def _negative(x: GradArray) -> GradArray:
    return x < 0


def _beyond_one(x: GradArray) -> GradArray:
    return kt.abs(x) > 1


@implements("lib.scimath.sqrt")
def sqrt(x: Any) -> GradArray:
    """√x, complex if an element is negative."""
    return kt.sqrt(_complex_if("sqrt", array(x), _negative))


@implements("lib.scimath.log")
def log(x: Any) -> GradArray:
    """log x, complex if an element is negative."""
    return kt.log(_complex_if("log", array(x), _negative))


@implements("lib.scimath.log2")
def log2(x: Any) -> GradArray:
    """log₂ x, complex if an element is negative."""
    return kt.log2(_complex_if("log2", array(x), _negative))


@implements("lib.scimath.log10")
def log10(x: Any) -> GradArray:
    """log₁₀ x, complex if an element is negative."""
    return kt.log10(_complex_if("log10", array(x), _negative))


@implements("lib.scimath.logn")
def logn(n: Any, x: Any) -> GradArray:
    """log x / log n, complex if an element is negative."""
    n, x = arrays(n, x)
    return kt.log(_complex_if("logn", x, _negative)) / kt.log(_complex_if("logn", n, _negative))


@implements("lib.scimath.power")
def power(x: Any, p: Any) -> GradArray:
    """xᵖ, complex if an element of x is negative; negative integers p are floats."""
    x, p = arrays(x, p)
    if kt.isdtype(p.dtype, "integral") and kt.isdtype(x.dtype, "integral"):
        waits("numpy.emath.power", p.shape, "convert the exponents with astype(float)")
        if not kt.any(p < 0).item() and not kt.any(x < 0).item():
            return kt.pow(x, p)
    return kt.pow(_complex_if("power", x, _negative), p)


@implements("lib.scimath.arccos")
def arccos(x: Any) -> GradArray:
    """arccos x, complex if an element is beyond ±1."""
    return kt.acos(_complex_if("arccos", array(x), _beyond_one))


@implements("lib.scimath.arcsin")
def arcsin(x: Any) -> GradArray:
    """arcsin x, complex if an element is beyond ±1."""
    return kt.asin(_complex_if("arcsin", array(x), _beyond_one))


@implements("lib.scimath.arctanh")
def arctanh(x: Any) -> GradArray:
    """artanh x, complex if an element is beyond ±1."""
    return kt.atanh(_complex_if("arctanh", array(x), _beyond_one))


__all__ = [
    "arccos",
    "arcsin",
    "arctanh",
    "log",
    "log2",
    "log10",
    "logn",
    "power",
    "sqrt",
]
