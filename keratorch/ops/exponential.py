"""Exponentials, logarithms and roots."""

from __future__ import annotations

import math
from typing import Any

from ..backends._dtypes import is_complex_dtype
from ..backends._special import general
from ._elementwise import Binary, ElementwiseGrad, Unary, binary, unary


class ExpGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (y,)


class Expm1Grad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.exp(x),)


class LogGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / x,)


class Log1pGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (1 + x),)


class Log2Grad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / math.log(2) / x,)


class Log10Grad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / math.log(10) / x,)


class LogAddExpGrad(ElementwiseGrad):
    """e^(x1 − y), e^(x2 − y); ½, ½ at equal infinities, and 1 to a single +∞."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        # Where y is infinite, the difference would be ∞ − ∞.
        infinite = xp.isfinite(y) == False  # noqa: E712
        first = xp.where(x1 == y, xp.where(x2 == y, 0.5, xp.ones_like(y)), 0.0)
        second = xp.where(x2 == y, xp.where(x1 == y, 0.5, xp.ones_like(y)), 0.0)
        return (
            xp.where(infinite, first, xp.exp(x1 - y)),
            xp.where(infinite, second, xp.exp(x2 - y)),
        )


class SqrtGrad(ElementwiseGrad):
    """Infinite at 0."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (0.5 / y,)


class SigmoidGrad(ElementwiseGrad):
    """σ(x) = 1/(1 + e⁻ˣ); the partial is y(1 − y), from the output."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (y * (1 - y),)


exp: Unary = unary(ExpGrad, "exp", "eˣ, elementwise.")
expm1: Unary = unary(Expm1Grad, "expm1", "eˣ − 1, elementwise, accurate near 0.")
log: Unary = unary(LogGrad, "log", "The natural logarithm, elementwise. ∂ = 1/x.")
log1p: Unary = unary(Log1pGrad, "log1p", "log(1 + x), elementwise, accurate near 0. ∂ = 1/(1 + x).")
log2: Unary = unary(Log2Grad, "log2", "The logarithm to base 2, elementwise. ∂ = 1/(x log 2).")
log10: Unary = unary(Log10Grad, "log10", "The logarithm to base 10, elementwise. ∂ = 1/(x log 10).")
logaddexp: Binary = binary(
    LogAddExpGrad,
    "logaddexp",
    "log(e^x1 + e^x2), elementwise, without overflow; ½, ½ at equal infinities.",
)
sqrt: Unary = unary(SqrtGrad, "sqrt", "The square root, elementwise. ∂ = 1/(2√x), infinite at 0.")


@general("expit")
def _expit(xp: Any, x: Any) -> Any:
    """1/(1 + e⁻ˣ), from e^(−|x|), which cannot overflow."""
    if is_complex_dtype(x.dtype):
        return 1 / (1 + xp.exp(-x))
    z = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + z), z / (1 + z))


expit: Unary = unary(
    SigmoidGrad,
    "expit",
    "The logistic sigmoid σ(x) = 1/(1 + e⁻ˣ), elementwise, stable for every x.",
    source="special",
)
