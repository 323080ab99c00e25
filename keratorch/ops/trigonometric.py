"""Circular and hyperbolic functions, and their inverses. Angles are in radians."""

from __future__ import annotations

from typing import Any

from ._elementwise import Binary, ElementwiseGrad, Unary, binary, unary


class SinGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.cos(x),)


class CosGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-xp.sin(x),)


class TanGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 + y * y,)


class AsinGrad(ElementwiseGrad):
    """Infinite at ±1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / xp.sqrt(1 - x * x),)


class AcosGrad(ElementwiseGrad):
    """Infinite at ±1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-1 / xp.sqrt(1 - x * x),)


class AtanGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (1 + x * x),)


class Atan2Grad(ElementwiseGrad):
    """0 at (0, 0)."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        square = x1 * x1 + x2 * x2
        square = xp.where(square == 0, 1.0, square)
        return x2 / square, -x1 / square

    @staticmethod
    def kinks(xp: Any, i: int, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        origin = (x1 == 0) & (x2 == 0)
        return origin, origin


class SinhGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.cosh(x),)


class CoshGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.sinh(x),)


class TanhGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 - y * y,)


class AsinhGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / xp.sqrt(1 + x * x),)


class AcoshGrad(ElementwiseGrad):
    """Infinite at 1. Two square roots keep complex numbers on the principal branch."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),)


class AtanhGrad(ElementwiseGrad):
    """Infinite at ±1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (1 - x * x),)


sin: Unary = unary(SinGrad, "sin", "The sine of x in radians, elementwise.")
cos: Unary = unary(CosGrad, "cos", "The cosine of x in radians, elementwise.")
tan: Unary = unary(TanGrad, "tan", "The tangent of x in radians, elementwise. ∂ = 1 + y².")
asin: Unary = unary(AsinGrad, "asin", "The arc sine in radians, elementwise. ∂ = 1/√(1 − x²).")
acos: Unary = unary(AcosGrad, "acos", "The arc cosine in radians, elementwise. ∂ = −1/√(1 − x²).")
atan: Unary = unary(AtanGrad, "atan", "The arc tangent in radians, elementwise. ∂ = 1/(1 + x²).")
atan2: Binary = binary(
    Atan2Grad,
    "atan2",
    "The angle of the point (x2, x1) in radians, elementwise; its gradient at (0, 0) is 0.",
)
sinh: Unary = unary(SinhGrad, "sinh", "The hyperbolic sine, elementwise.")
cosh: Unary = unary(CoshGrad, "cosh", "The hyperbolic cosine, elementwise.")
tanh: Unary = unary(TanhGrad, "tanh", "The hyperbolic tangent, elementwise. ∂ = 1 − y².")
asinh: Unary = unary(
    AsinhGrad, "asinh", "The inverse hyperbolic sine, elementwise. ∂ = 1/√(1 + x²)."
)
acosh: Unary = unary(
    AcoshGrad, "acosh", "The inverse hyperbolic cosine, elementwise. ∂ = 1/√(x² − 1)."
)
atanh: Unary = unary(
    AtanhGrad, "atanh", "The inverse hyperbolic tangent, elementwise. ∂ = 1/(1 − x²)."
)
