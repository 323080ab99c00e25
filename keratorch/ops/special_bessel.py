"""Bessel functions of the orders 0 and 1."""

from __future__ import annotations

import math
from typing import Any

from ..core.array import GradArray
from ._elementwise import ElementwiseGrad
from ._nary import polynomial, special

#: I₁′(x) = Σ aₖ (x²/4)ᵏ; with alternating signs J₁′(x).
_SLOPE = [(2 * k + 1) / 2 / (math.factorial(k) * math.factorial(k + 1)) for k in range(8)]
_SLOPE_OF_J = [(-1) ** k * a for k, a in enumerate(_SLOPE)]


def series(xp: Any, coefficients: list[float], near: Any, x: Any) -> Any:
    """Σ aₖ (x²/4)ᵏ where `near`."""
    x = xp.where(near, x, 0.0)
    return polynomial(coefficients, 0.25 * (x * x))


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
        return (xp.special.i1e(x) - xp.sign(x) * y,)


class I1Grad(ElementwiseGrad):
    """I₀(x) − y/x, by its series where |x| < ½: no 0/0 in any order."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        near = x * x < 0.25
        far = xp.special.i0(x) - y / xp.where(near, 1.0, x)
        return (xp.where(near, series(xp, _SLOPE, near, x), far),)


class I1eGrad(ElementwiseGrad):
    """e^(−|x|)·I₁′(x) − sign(x)·y; ½ at 0."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        near = x * x < 0.25
        far = xp.special.i0e(x) - y / xp.where(near, 1.0, x)
        slope = xp.exp(-xp.abs(xp.where(near, x, 0.0))) * series(xp, _SLOPE, near, x)
        return (xp.where(near, slope, far) - xp.sign(x) * y,)


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


def i0(x: Any, /) -> GradArray:
    """The modified Bessel function I₀, elementwise. ∂ = I₁(x)."""
    return special(I0Grad, "i0", x)


def i0e(x: Any, /) -> GradArray:
    """e^(−|x|)·I₀(x), elementwise. ∂ = i1e(x) − sign(x)·y, 0 at 0."""
    return special(I0eGrad, "i0e", x)


def i1(x: Any, /) -> GradArray:
    """The modified Bessel function I₁, elementwise. ∂ = I₀(x) − y/x, ½ at 0."""
    return special(I1Grad, "i1", x)


def i1e(x: Any, /) -> GradArray:
    """e^(−|x|)·I₁(x), elementwise. ∂ = i0e(x) − y·(sign(x) + 1/x), ½ at 0."""
    return special(I1eGrad, "i1e", x)


def j0(x: Any, /) -> GradArray:
    """The Bessel function J₀, elementwise. ∂ = −J₁(x)."""
    return special(J0Grad, "j0", x)


def j1(x: Any, /) -> GradArray:
    """The Bessel function J₁, elementwise. ∂ = J₀(x) − y/x, ½ at 0."""
    return special(J1Grad, "j1", x)
