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
    """σ(x1 − x2), σ(x2 − x1); ½, ½ at equal infinities, and 1 to a single +∞.

    The weights come from the difference of the inputs. The output is rounded: e^(x1 − y) would be
    wrong by a factor where the inputs are large.
    """

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        # Only equal infinities are guarded: at equal numbers the second derivatives are ±¼.
        same = (x1 == x2) & (xp.isfinite(x1) == False)  # noqa: E712
        a, b = xp.where(same, 0.0, x1), xp.where(same, 0.0, x2)
        return xp.special.expit(a - b), xp.special.expit(b - a)


class SqrtGrad(ElementwiseGrad):
    """Infinite at 0."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (0.5 / y,)


class SigmoidGrad(ElementwiseGrad):
    """σ(x) = 1/(1 + e⁻ˣ); the partial is σ(x)·σ(−x), from the input.

    y(1 − y) has no digits where y rounds to 1. For raw arrays it is z/(1 + z)² with z = e^(−|x|).
    That has no third derivative at 0, so a recorded rule takes other forms.
    """

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        power = xp.exp(-xp.abs(x))
        return (power / ((1 + power) * (1 + power)),)

    @staticmethod
    def recorded_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        # Near 0 the derivative of the product would cancel.
        half = xp.tanh(0.5 * x)
        product = xp.special.expit(x) * xp.special.expit(-x)
        return (xp.where(xp.abs(x) < 2, 0.25 * (1 - half * half), product),)

    @staticmethod
    def complex_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.special.expit(x) * xp.special.expit(-x),)


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
    dtype = getattr(x, "dtype", None)  # a symbol in a kernel has none, and is real
    if dtype is not None and is_complex_dtype(dtype):
        right = xp.real(x) >= 0
        z = xp.exp(xp.where(right, -x, x))
        return xp.where(right, 1.0, z) / (1 + z)
    z = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + z), z / (1 + z))


expit: Unary = unary(
    SigmoidGrad,
    "expit",
    "The logistic sigmoid σ(x) = 1/(1 + e⁻ˣ), elementwise, stable for every x.",
    source="special",
)
