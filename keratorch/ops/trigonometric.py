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


def one_minus_square(xp: Any, x: Any) -> Any:
    """1 − x², from the factors near ±1. Near 0 the derivatives of the factors would cancel."""
    return xp.where(xp.abs(x) < 0.5, 1 - x * x, (1 - x) * (1 + x))


def on_side_of(xp: Any, root: Any, sign: Any) -> Any:
    """The complex `root`, negated where `sign` is negative.

    On a branch cut the sign of a zero says from which side the value is. Arithmetic may lose that
    sign, so `sign` compares the root with the value itself. Elsewhere `sign` is not negative.
    """
    return xp.where(sign < 0, -root, root)


class AsinGrad(ElementwiseGrad):
    """Infinite at ±1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / xp.sqrt((1 - x) * (1 + x)),)

    @staticmethod
    def recorded_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / xp.sqrt(one_minus_square(xp, x)),)

    @staticmethod
    def complex_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        root = xp.sqrt(1 - x) * xp.sqrt(1 + x)
        sign = -xp.imag(root) * xp.real(x) * xp.imag(xp.asin(x))
        return (1 / on_side_of(xp, root, sign),)


class AcosGrad(ElementwiseGrad):
    """Infinite at ±1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-1 / xp.sqrt((1 - x) * (1 + x)),)

    @staticmethod
    def recorded_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-1 / xp.sqrt(one_minus_square(xp, x)),)

    @staticmethod
    def complex_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        root = xp.sqrt(1 - x) * xp.sqrt(1 + x)
        sign = xp.imag(root) * xp.real(x) * xp.imag(xp.acos(x))
        return (-1 / on_side_of(xp, root, sign),)


def at_most_one(xp: Any, x: Any) -> tuple[Any, Any]:
    """Whether |x| > 1; and 1/x there, else x, whose square cannot overflow."""
    beyond = xp.abs(x) > 1
    return beyond, xp.where(beyond, 1 / xp.where(beyond, x, 1.0), x)


class AtanGrad(ElementwiseGrad):
    """1/(1 + x²), which is x⁻²/(1 + x⁻²)."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        beyond, ratio = at_most_one(xp, x)
        square = ratio * ratio
        return (xp.where(beyond, square, 1.0) / (1 + square),)

    @staticmethod
    def complex_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (1 + 1j * x) / (1 - 1j * x),)


class Atan2Grad(ElementwiseGrad):
    """x2/(x1² + x2²), −x1/(x1² + x2²), and 0 at (0, 0).

    The square is that of the smaller divided by the larger, so that it cannot over- or underflow.
    """

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        steep = xp.abs(x1) > xp.abs(x2)
        larger = xp.where(steep, x1, x2)
        origin = larger == 0
        length = xp.where(origin, 1.0, larger)
        ratio = xp.where(steep, x2, x1) / length
        one = 1 / (1 + ratio * ratio)
        of_larger, of_smaller = xp.where(origin, 0.0, one), ratio * one
        return (
            xp.where(steep, of_smaller, of_larger) / length,
            -xp.where(steep, of_larger, of_smaller) / length,
        )

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
    """1/cosh²x, from the input: 1 − y² has no digits where y rounds to 1.

    For raw arrays it is 4z/(1 + z)² with z = e^(−2|x|). That has no third derivative at 0. So a
    recorded rule takes 1 − y² near 0, and 4·σ(2x)·σ(−2x), whose derivative would cancel there,
    elsewhere.
    """

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        power = xp.exp(-2 * xp.abs(x))
        return (4 * power / ((1 + power) * (1 + power)),)

    @staticmethod
    def recorded_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        y = xp.tanh(x)
        product = 4 * xp.special.expit(2 * x) * xp.special.expit(-2 * x)
        return (xp.where(xp.abs(x) < 1, 1 - y * y, product),)

    @staticmethod
    def complex_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        power = xp.exp(xp.where(xp.real(x) > 0, -2 * x, 2 * x))
        return (4 * power / ((1 + power) * (1 + power)),)


class AsinhGrad(ElementwiseGrad):
    """1/√(1 + x²), which is |x⁻¹|/√(1 + x⁻²)."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        beyond, ratio = at_most_one(xp, x)
        return (xp.where(beyond, xp.abs(ratio), 1.0) / xp.sqrt(1 + ratio * ratio),)

    @staticmethod
    def complex_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        root = xp.sqrt(1 + 1j * x) * xp.sqrt(1 - 1j * x)
        sign = xp.imag(root) * xp.imag(x) * xp.real(xp.asinh(x))
        return (1 / on_side_of(xp, root, sign),)


class AcoshGrad(ElementwiseGrad):
    """Infinite at 1. Two square roots keep complex numbers on the principal branch."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),)

    @staticmethod
    def complex_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        root = xp.sqrt(x - 1) * xp.sqrt(x + 1)
        left = xp.where(xp.real(root) * xp.real(x) < 0, -root, root)
        return (1 / on_side_of(xp, left, xp.imag(left) * xp.imag(xp.acosh(x))),)


class AtanhGrad(ElementwiseGrad):
    """Infinite at ±1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (1 - x) / (1 + x),)

    @staticmethod
    def recorded_partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / one_minus_square(xp, x),)


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
tanh: Unary = unary(TanhGrad, "tanh", "The hyperbolic tangent, elementwise. ∂ = 1/cosh²x.")
asinh: Unary = unary(
    AsinhGrad, "asinh", "The inverse hyperbolic sine, elementwise. ∂ = 1/√(1 + x²)."
)
acosh: Unary = unary(
    AcoshGrad, "acosh", "The inverse hyperbolic cosine, elementwise. ∂ = 1/√(x² − 1)."
)
atanh: Unary = unary(
    AtanhGrad, "atanh", "The inverse hyperbolic tangent, elementwise. ∂ = 1/(1 − x²)."
)
