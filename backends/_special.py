"""Special functions of raw arrays: on plain Array API, or from a library, in SciPy's names.

What a library lacks may be composed of what it has; what cannot be had raises an error that
names the function and the remedy.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from keratorch.errors import BackendUnavailableError

from ._dtypes import is_complex_dtype

RawArray = Any
Function = Callable[..., Any]


def find(backend: Any, name: str) -> Function:
    """The special function `name` for arrays of `backend`, or raise."""
    if name in GENERAL:
        return functools.partial(GENERAL[name], backend.xp)
    found = backend.library_special(name)
    if found is not None:
        return found
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


# -- on plain Array API ------------------------------------------------------------------------


def expit(xp: Any, x: RawArray) -> RawArray:
    """1/(1 + e⁻ˣ), from e^(−|x|), which cannot overflow."""
    if is_complex_dtype(x.dtype):
        return 1 / (1 + xp.exp(-x))
    z = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + z), z / (1 + z))


def relu(xp: Any, x: RawArray) -> RawArray:
    """max(x, 0); NaN stays."""
    return xp.maximum(x, xp.zeros_like(x))


def softplus(xp: Any, x: RawArray) -> RawArray:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^(−|x|))."""
    return relu(xp, x) + xp.log1p(xp.exp(-xp.abs(x)))


def log_expit(xp: Any, x: RawArray) -> RawArray:
    """−log(1 + e⁻ˣ)."""
    return -softplus(xp, -x)


def logit(xp: Any, x: RawArray) -> RawArray:
    """log x − log(1 − x); near ½, where that cancels, 2·artanh(2x − 1)."""
    near = (x > 0.3) & (x < 0.65)
    middle = 2 * xp.atanh(2 * xp.where(near, x, 0.5) - 1)
    return xp.where(near, middle, xp.log(x) - xp.log1p(-x))


def xlogy(xp: Any, x: RawArray, y: RawArray) -> RawArray:
    """x·log y, 0 where x = 0 and y is not NaN."""
    return x * xp.log(xp.where((x == 0) & (y == y), 1.0, y))


def xlog1py(xp: Any, x: RawArray, y: RawArray) -> RawArray:
    """x·log(1 + y), 0 where x = 0 and y is not NaN."""
    return x * xp.log1p(xp.where((x == 0) & (y == y), 0.0, y))


def entr(xp: Any, x: RawArray) -> RawArray:
    """−x·log x for x > 0, 0 at 0, −∞ for x < 0."""
    inside = xp.where(x <= 0, 1.0, x)
    return xp.where(x < 0, -math.inf, -x * xp.log(inside))


def rel_entr(xp: Any, x: RawArray, y: RawArray) -> RawArray:
    """x·log(x/y) for x, y > 0, 0 where x = 0 and y ≥ 0, +∞ elsewhere."""
    inside = (x > 0) & (y > 0)
    known = (x == x) & (y == y)
    quotient = xp.where(inside | ~known, x, 1.0) / xp.where(inside | ~known, y, 1.0)
    outside = known & ~inside & ~((x == 0) & (y >= 0))
    return xp.where(outside, math.inf, x * xp.log(quotient))


def kl_div(xp: Any, x: RawArray, y: RawArray) -> RawArray:
    """x·log(x/y) − x + y; +∞ outside of the domain."""
    entropy = rel_entr(xp, x, y)
    infinite = entropy == math.inf
    return xp.where(infinite, entropy, entropy - xp.where(infinite, 0.0, x) + y)


def exp2(xp: Any, x: RawArray) -> RawArray:
    """2ˣ."""
    return 2.0**x


def cbrt(xp: Any, x: RawArray) -> RawArray:
    """The real cube root, polished by one step of Newton's."""
    y = xp.sign(x) * xp.abs(x) ** (1 / 3)
    usable = (y != 0) & xp.isfinite(y)
    safe = xp.where(usable, y, 1.0)
    return xp.where(usable, y - (y - xp.where(usable, x, 1.0) / (safe * safe)) / 3, y)


def sinc(xp: Any, x: RawArray) -> RawArray:
    """sin(πx)/(πx), 1 at 0."""
    angle = math.pi * xp.where(x == 0, 1.0, x)
    return xp.where(x == 0, 1.0, xp.sin(angle) / angle)


#: Those that every backend has.
GENERAL: dict[str, Function] = {
    "expit": expit,
    "relu": relu,
    "softplus": softplus,
    "log_expit": log_expit,
    "logit": logit,
    "xlogy": xlogy,
    "xlog1py": xlog1py,
    "entr": entr,
    "rel_entr": rel_entr,
    "kl_div": kl_div,
    "exp2": exp2,
    "cbrt": cbrt,
    "sinc": sinc,
}


# -- composed of a library's functions ---------------------------------------------------------


def gamma(xp: Any, gammaln: Function, x: RawArray) -> RawArray:
    """e^(log|Γ(x)|) with the sign of Γ: minus where ⌊x⌋ is negative and odd; NaN at −1, −2, …"""
    floor = xp.floor(x)
    odd = (x < 0) & (floor % 2 == 1)
    size = xp.exp(gammaln(x))
    pole = (x < 0) & (floor == x)
    return xp.where(pole, math.nan, xp.where(odd, -size, size))


def betaln(xp: Any, gammaln: Function, a: RawArray, b: RawArray) -> RawArray:
    """log|Γ(a)| + log|Γ(b)| − log|Γ(a + b)|."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)


def beta(xp: Any, gammaln: Function, a: RawArray, b: RawArray) -> RawArray:
    """Γ(a)Γ(b)/Γ(a + b), by logarithms."""
    sign = 1.0
    for x, odd in ((a, -1.0), (b, -1.0), (a + b, -1.0)):
        sign = sign * xp.where((x < 0) & (xp.floor(x) % 2 == 1), odd, xp.ones_like(x))
    return sign * xp.exp(betaln(xp, gammaln, a, b))


def erfcinv(xp: Any, ndtri: Function, x: RawArray) -> RawArray:
    """−Φ⁻¹(x/2)/√2."""
    return -ndtri(x / 2) / math.sqrt(2)


def polygamma(
    xp: Any, digamma: Function, gammaln: Function, zeta: Function, n: RawArray, x: RawArray
) -> RawArray:
    """(−1)ⁿ⁺¹·n!·ζ(n + 1, x), and ψ(x) where n = 0."""
    size = xp.exp(gammaln(n + 1)) * zeta(xp.where(n == 0, 2.0, n + 1), x)
    return xp.where(n == 0, digamma(x), xp.where(n % 2 == 1, size, -size))


#: Name -> the library's functions that it is made of, and how.
COMPOSED: dict[str, tuple[tuple[str, ...], Function]] = {
    "gamma": (("gammaln",), gamma),
    "beta": (("gammaln",), beta),
    "betaln": (("gammaln",), betaln),
    "erfcinv": (("ndtri",), erfcinv),
    "polygamma": (("digamma", "gammaln", "zeta"), polygamma),
}
