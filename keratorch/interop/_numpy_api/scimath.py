"""``numpy.emath``: functions that leave the real numbers where their argument asks for that.

Whether the result is complex depends on the values, so these functions wait for the device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.sync import waits
from ._arguments import array, floating, is_complex, numpy_dtype, promoted, strong
from ._table import implements

#: The real dtypes that NumPy makes complex64; it makes all others, float16 too, complex128.
_SMALL = ("float32", "int8", "int16", "uint8", "uint16")


def _complex_if(name: str, x: GradArray, outside: Callable[[GradArray], GradArray]) -> GradArray:
    """`x`, as a complex array if any real element of `x` is `outside` of the real domain."""
    if is_complex(x):
        return x
    waits(f"numpy.emath.{name}", x.shape, "convert the array with astype(complex)")
    if not kt.any(outside(x.detach())).item():
        return x
    small = numpy_dtype(x.dtype).name in _SMALL
    backend = _registry.of(x._array)
    return kt.astype(x, backend.dtype("complex64" if small else "complex128"))


def _negative(x: GradArray) -> GradArray:
    return x < 0


def _beyond_one(x: GradArray) -> GradArray:
    return kt.abs(x) > 1


@implements("lib.scimath.sqrt")
def sqrt(x: Any) -> GradArray:
    """√x, complex if an element is negative."""
    return kt.sqrt(floating(_complex_if("sqrt", array(x), _negative)))


@implements("lib.scimath.log")
def log(x: Any) -> GradArray:
    """log x, complex if an element is negative."""
    return kt.log(floating(_complex_if("log", array(x), _negative)))


@implements("lib.scimath.log2")
def log2(x: Any) -> GradArray:
    """log₂ x, complex if an element is negative."""
    return kt.log2(floating(_complex_if("log2", array(x), _negative)))


@implements("lib.scimath.log10")
def log10(x: Any) -> GradArray:
    """log₁₀ x, complex if an element is negative."""
    return kt.log10(floating(_complex_if("log10", array(x), _negative)))


@implements("lib.scimath.logn")
def logn(n: Any, x: Any) -> GradArray:
    """log x / log n, complex if an element is negative."""
    n, x = (floating(_complex_if("logn", v, _negative)) for v in strong(n, x))
    above, below = promoted("emath.logn", [kt.log(x), kt.log(n)])
    return above / below


@implements("lib.scimath.power")
def power(x: Any, p: Any) -> GradArray:
    """xᵖ, complex if an element of x is negative; negative integers p are floats."""
    x, p = strong(x, p)
    x = _complex_if("power", x, _negative)
    if kt.isdtype(p.dtype, "integral") and kt.any(p < 0).item():
        p = floating(p)
    x, p = promoted("emath.power", [x, p])
    return kt.pow(x, p)


@implements("lib.scimath.arccos")
def arccos(x: Any) -> GradArray:
    """arccos x, complex if an element is beyond ±1."""
    return kt.acos(floating(_complex_if("arccos", array(x), _beyond_one)))


@implements("lib.scimath.arcsin")
def arcsin(x: Any) -> GradArray:
    """arcsin x, complex if an element is beyond ±1."""
    return kt.asin(floating(_complex_if("arcsin", array(x), _beyond_one)))


@implements("lib.scimath.arctanh")
def arctanh(x: Any) -> GradArray:
    """artanh x, complex if an element is beyond ±1."""
    return kt.atanh(floating(_complex_if("arctanh", array(x), _beyond_one)))


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
