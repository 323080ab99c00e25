"""Bessel functions of the orders 0 and 1."""

from __future__ import annotations

import math
from typing import Any

from ..core.array import GradArray
from ..typing import ArrayLike
from ._elementwise import ElementwiseGrad
from ._nary import polynomial, special

#: I₁′(x) = Σ aₖ (x²/4)ᵏ; with alternating signs J₁′(x).
_SLOPE = [(2 * k + 1) / 2 / (math.factorial(k) * math.factorial(k + 1)) for k in range(8)]
_SLOPE_OF_J = [(-1) ** k * a for k, a in enumerate(_SLOPE)]


def series(xp: Any, coefficients: list[float], near: Any, x: Any) -> Any:
    """Σ aₖ (x²/4)ᵏ where `near`."""
    x = xp.where(near, x, 0.0)
    return polynomial(coefficients, 0.25 * (x * x))


#: cos θ and 1 − cos θ at the nodes of the trapezoidal rule on [0, π], with their weights.
_NODES = 28
_ANGLES = [math.pi * k / _NODES for k in range(_NODES + 1)]
_RULE = [
    (math.cos(a), 2 * math.sin(a / 2) ** 2, (0.5 if k in (0, _NODES) else 1.0) / _NODES)
    for k, a in enumerate(_ANGLES)
]
#: Beyond this, the asymptotic series in 1/x have all digits, and the trapezoidal rule has not.
_FAR = 30.0


def _hankel(order: int, terms: int) -> list[float]:
    """√(2πx)·e^(−x)·Iₙ(x) = Σ aₖ x⁻ᵏ, asymptotically: its coefficients (DLMF 10.40.1)."""
    found = [1.0]
    for k in range(1, terms):
        found.append(-found[-1] * (4 * order * order - (2 * k - 1) ** 2) / (8 * k))
    return found


_HANKEL_0, _HANKEL_1 = _hankel(0, 22), _hankel(1, 22)
#: √(2πx)·x·e^(−x)·(I₀ − I₁), and √(2πx)·x·e^(−x)·(I₁ + I₁/x − I₀), as series in 1/x.
_DROP_0 = [a - b for a, b in zip(_HANKEL_0[1:], _HANKEL_1[1:], strict=True)]
_DROP_1 = [b - d for d, b in zip(_DROP_0, _HANKEL_1, strict=False)]


def _scaled_slope(xp: Any, order: int, x: Any) -> Any:
    """The derivative of e^(−x)·Iₙ(x) for x ≥ 0.

    That is −1/π·∫ cosⁿθ (1 − cos θ) e^(−x(1 − cos θ)) dθ over [0, π], by the trapezoidal rule,
    whose error is below 1e-17 up to x = 30; beyond by the asymptotic series. Nothing cancels, in
    any order, as it does in I₁ − I₀.
    """
    far = x > _FAR
    inside = xp.where(far, 0.0, x)
    near: Any = 0.0
    for cosine, drop, weight in _RULE[1:]:
        factor = weight * drop * cosine**order
        if abs(factor) > 1e-17:
            near = near + factor * xp.exp(-drop * inside)
    t = 1 / xp.where(far, x, _FAR)
    series = polynomial(_DROP_1 if order else _DROP_0, t)
    return -xp.where(far, t * xp.sqrt(t) * (series / math.sqrt(2 * math.pi)), near)


class I0Grad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.special.i1(x),)


class I0eGrad(ElementwiseGrad):
    """0 at the kink at 0."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.sign(x) * _scaled_slope(xp, 0, xp.abs(x)),)


class I1Grad(ElementwiseGrad):
    """I₀(x) − y/x, by its series where |x| < ½: no 0/0 in any order."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        near = x * x < 0.25
        # Where y is infinite, so is I₀: y/x would be ∞ − ∞.
        far = xp.special.i0(x) - xp.where(xp.isfinite(y), y, 0.0) / xp.where(near, 1.0, x)
        return (xp.where(near, series(xp, _SLOPE, near, x), far),)


class I1eGrad(ElementwiseGrad):
    """½ at 0."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (_scaled_slope(xp, 1, xp.abs(x)),)


class J0Grad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-xp.special.j1(x),)


class J1Grad(ElementwiseGrad):
    """J₀(x) − y/x, by its series where |x| < ½: no 0/0 in any order."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        near = x * x < 0.25
        far = xp.special.j0(x) - y / xp.where(near, 1.0, x)
        return (xp.where(near, series(xp, _SLOPE_OF_J, near, x), far),)


def i0(x: ArrayLike, /) -> GradArray:
    """The modified Bessel function I₀, elementwise. ∂ = I₁(x)."""
    return special(I0Grad, "i0", x)


def i0e(x: ArrayLike, /) -> GradArray:
    """e^(−|x|)·I₀(x), elementwise. ∂ = i1e(x) − sign(x)·y, 0 at 0."""
    return special(I0eGrad, "i0e", x)


def i1(x: ArrayLike, /) -> GradArray:
    """The modified Bessel function I₁, elementwise. ∂ = I₀(x) − y/x, ½ at 0."""
    return special(I1Grad, "i1", x)


def i1e(x: ArrayLike, /) -> GradArray:
    """e^(−|x|)·I₁(x), elementwise. ∂ = i0e(x) − y·(sign(x) + 1/x), ½ at 0."""
    return special(I1eGrad, "i1e", x)


def j0(x: ArrayLike, /) -> GradArray:
    """The Bessel function J₀, elementwise. ∂ = −J₁(x)."""
    return special(J0Grad, "j0", x)


def j1(x: ArrayLike, /) -> GradArray:
    """The Bessel function J₁, elementwise. ∂ = J₀(x) − y/x, ½ at 0."""
    return special(J1Grad, "j1", x)
