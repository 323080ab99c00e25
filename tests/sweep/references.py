"""The formulas of the functions whose name mpmath does not know, as ``f(mp, x)``.

mpmath's function of the same name serves all others: a row in `tests/specs` needs a line here only
if there is none, or if it is another function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


class LeftOut(Exception):
    """The formula takes too long at the point, which the table leaves out."""


def _positive(mp: Any, x: Any) -> Any:
    """`x`, in a function that is real for positive numbers alone."""
    if not x > 0:
        raise ValueError
    return x


def _inverse(mp: Any, function: Function, slope: Function, y: Any, guess: Any) -> Any:
    """The x at which `function` is y, by Newton's method."""
    x = mp.mpf(guess)
    for _ in range(60):
        step = (function(x) - y) / slope(x)
        x -= step
        if abs(step) <= abs(x) * mp.mpf(10) ** (8 - mp.dps):
            return x
    raise ValueError


def _ndtri(mp: Any, p: Any) -> Any:
    """The inverse of Φ in the lower half; −(that of 1 − p) in the upper."""
    if not 0 < p < 1:
        raise ValueError
    if 2 * p == 1:
        return mp.mpf(0)
    if 2 * p > 1:
        return -_ndtri(mp, 1 - p)
    # In logarithms, which are nearly a parabola: Newton's method gets there from anywhere.
    root2 = mp.sqrt(2)

    def log_ndtr(x: Any) -> Any:
        return mp.log(mp.erfc(-x / root2) / 2)

    def slope(x: Any) -> Any:
        return mp.npdf(x) / (mp.erfc(-x / root2) / 2)

    t = mp.sqrt(-2 * mp.log(p))
    start = -t + (mp.log(t) + 0.9) / t if t > 2 else (p - 0.5) * 2.5
    return _inverse(mp, log_ndtr, slope, mp.log(p), start)


def _dawsn(mp: Any, x: Any) -> Any:
    return x * mp.hyp1f1(1, mp.mpf(3) / 2, -x * x)


def _loggamma(mp: Any, x: Any) -> Any:
    """log|Γ(x)|; by the reflection formula for negative x."""
    if x > 0:
        return mp.loggamma(x)
    return mp.log(abs(mp.pi / mp.sinpi(x))) - mp.loggamma(1 - x)


def _betaln(mp: Any, a: Any, b: Any) -> Any:
    if not all(-60 < mp.log10(abs(x)) < 60 for x in (a, b)):
        raise LeftOut
    return _loggamma(mp, a) + _loggamma(mp, b) - _loggamma(mp, a + b)


def _beta(mp: Any, a: Any, b: Any) -> Any:
    sign = 1
    for x in (a, b, a + b):
        if x < 0 and mp.floor(x) % 2 == 1:
            sign = -sign
    return sign * mp.exp(_betaln(mp, a, b))


def _rel_entr(mp: Any, x: Any, y: Any) -> Any:
    return _positive(mp, x) * mp.log(x / _positive(mp, y))


def _power(mp: Any, x: Any, y: Any) -> Any:
    return _positive(mp, x) ** y


def _log(mp: Any, x: Any) -> Any:
    return mp.log(_positive(mp, x))


def _xlogy(mp: Any, x: Any, y: Any) -> Any:
    return x * _log(mp, y)


def _log1p(mp: Any, x: Any) -> Any:
    """log(1 + x); 1 + x would be 1 for tiny x."""
    _positive(mp, 1 + x)
    return mp.log1p(x)


def _xlog1py(mp: Any, x: Any, y: Any) -> Any:
    return x * _log1p(mp, y)


def _erfinv(mp: Any, x: Any) -> Any:
    """From the tail beyond ½; (1 + x)/2 would be ½ for tiny x."""
    if not abs(x) < 1:
        raise ValueError
    if abs(x) > 0.5:
        return -mp.sign(x) * _ndtri(mp, (1 - abs(x)) / 2) / mp.sqrt(2)
    if x == 0:
        return x
    slope = 2 / mp.sqrt(mp.pi)
    return _inverse(mp, mp.erf, lambda y: slope * mp.exp(-y * y), x, x / slope)


def _remainder(mp: Any, x: Any, y: Any) -> Any:
    if abs(x) > 1e100 * abs(y):
        raise LeftOut
    return x - y * mp.floor(x / y)


def _zeta(mp: Any, s: Any, q: Any) -> Any:
    return mp.zeta(s, _positive(mp, q))


def _gammainc(mp: Any, a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, _positive(mp, x), regularized=True)


def _gammaincc(mp: Any, a: Any, x: Any) -> Any:
    return mp.gammainc(a, _positive(mp, x), regularized=True)


def _betainc(mp: Any, a: Any, b: Any, x: Any) -> Any:
    if not 0 < x < 1:
        raise ValueError
    return mp.betainc(a, b, 0, x, regularized=True)


#: Name of a row -> its formula.
FORMULAS: dict[str, Function] = {
    "add": lambda mp, x, y: x + y,
    "subtract": lambda mp, x, y: x - y,
    "multiply": lambda mp, x, y: x * y,
    "selected_product": lambda mp, x, y: x * y,
    "divide": lambda mp, x, y: x / y,
    "pow": _power,
    "remainder": _remainder,
    "negative": lambda mp, x: -x,
    "positive": lambda mp, x: x,
    "reciprocal": lambda mp, x: 1 / x,
    "square": lambda mp, x: x * x,
    "abs": lambda mp, x: abs(x),
    "copysign": lambda mp, x, y: abs(x) if y > 0 else -abs(x),
    "nextafter": lambda mp, x, y: x,  # to the last place
    "maximum": lambda mp, x, y: max(x, y),
    "minimum": lambda mp, x, y: min(x, y),
    "log": _log,
    "log1p": _log1p,
    "log2": lambda mp, x: _log(mp, x) / mp.log(2),
    "log10": lambda mp, x: _log(mp, x) / mp.log(10),
    "logaddexp": lambda mp, x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "expit": lambda mp, x: 1 / (1 + mp.exp(-x)),
    "relu": lambda mp, x: max(x, mp.mpf(0)),
    "clip": lambda mp, x: min(max(x, mp.mpf(-0.5)), mp.mpf(0.5)),
    "softplus": lambda mp, x: max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x))),
    "log_expit": lambda mp, x: min(x, mp.mpf(0)) - mp.log1p(mp.exp(-abs(x))),
    "logit": lambda mp, x: _log(mp, x) - _log(mp, 1 - x),
    "xlogy": _xlogy,
    "xlog1py": _xlog1py,
    "entr": lambda mp, x: -x * _log(mp, x),
    "rel_entr": _rel_entr,
    "kl_div": lambda mp, x, y: _rel_entr(mp, x, y) - x + y,
    "exp2": lambda mp, x: mp.mpf(2) ** x,
    "cbrt": lambda mp, x: mp.sign(x) * mp.cbrt(abs(x)),
    "sinc": lambda mp, x: mp.sincpi(x),
    "erfinv": _erfinv,
    "erfcinv": lambda mp, x: -_ndtri(mp, x / 2) / mp.sqrt(2),
    "ndtr": lambda mp, x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "ndtri": _ndtri,
    "log_ndtr": lambda mp, x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2),
    "dawsn": _dawsn,
    "gammaln": _loggamma,
    "polygamma": lambda mp, n, x: mp.psi(int(n), x if n == 0 else _positive(mp, x)),
    "beta": _beta,
    "betaln": _betaln,
    "gammainc": _gammainc,
    "gammaincc": _gammaincc,
    "betainc": _betainc,
    "zeta": _zeta,
    "i0": lambda mp, x: mp.besseli(0, x),
    "i1": lambda mp, x: mp.besseli(1, x),
    "i0e": lambda mp, x: mp.besseli(0, x) * mp.exp(-abs(x)),
    "i1e": lambda mp, x: mp.besseli(1, x) * mp.exp(-abs(x)),
    "j0": lambda mp, x: mp.besselj(0, x),
    "j1": lambda mp, x: mp.besselj(1, x),
}

#: Name of a row -> its derivative in the last argument, where differences of values take long.
SLOPES: dict[str, Function] = {
    "erf": lambda mp, x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
    "gammainc": lambda mp, a, x: _positive(mp, x) ** (a - 1) * mp.exp(-x) / mp.gamma(a),
    "gammaincc": lambda mp, a, x: -(_positive(mp, x) ** (a - 1)) * mp.exp(-x) / mp.gamma(a),
    "betainc": lambda mp, a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b),
}

#: Name of a row whose first arguments are orders, without a derivative -> the orders to compare at.
ORDERS: dict[str, tuple[tuple[float, ...], ...]] = {
    "polygamma": ((0.0,), (1.0,), (2.0,), (5.0,), (20.0,)),
    "gammainc": ((2.0**-10,), (0.5,), (1.0,), (1.5,), (10.0,), (200.0,)),
    "gammaincc": ((2.0**-10,), (0.5,), (1.0,), (1.5,), (10.0,), (200.0,)),
    "betainc": ((1.5, 2.5), (0.5, 0.5), (1.0, 3.0), (40.0, 20.0), (2.0**-6, 300.0)),
    "zeta": ((1.125,), (2.5,), (10.0,), (40.0,)),
}


def formula(name: str, mp: Any) -> Function | None:
    """The formula of a row, or `None` if there is none."""
    if name in FORMULAS:
        return FORMULAS[name]
    function = getattr(mp, name, None)
    return None if function is None else lambda mp, *x: getattr(mp, name)(*x)
