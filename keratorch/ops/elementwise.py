"""Elementwise functions of the Array API: each with its partial derivatives.

The partials are those of any table of derivatives; what they are at kinks is said beside each.
``y`` is the output of the operation.
"""

from __future__ import annotations

from typing import Any

from ._elementwise import ElementwiseGrad, binary, constant_binary, constant_unary, unary

# -- arithmetic --------------------------------------------------------------------------------


class AddGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return 1, 1


class SubtractGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return 1, -1


class MultiplyGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return x2, x1


class DivideGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return 1 / x2, -(y / x2)


def in_base(xp: Any, x1: Any, x2: Any) -> Any:
    return xp.where(x2 == 0, 0.0, x2 * x1 ** xp.where(x2 == 0, 1.0, x2 - 1))


class PowerGrad(ElementwiseGrad):
    """∂/∂x1 is 0 where x2 = 0; ∂/∂x2 is 0 where x1 = 0 and x2 ≥ 0 (PyTorch's values)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return in_base(xp, x1, x2), xp.where((x1 == 0) & (x2 >= 0), 0.0, y * xp.log(x1))

    @staticmethod
    def complex_partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return in_base(xp, x1, x2), xp.where(x1 == 0, 0.0, y * xp.log(x1))


class NegativeGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-1,)


class PositiveGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1,)


# -- exponentials ------------------------------------------------------------------------------


class ExpGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (y,)


class LogGrad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / x,)


class SqrtGrad(ElementwiseGrad):
    """Infinite at 0."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (0.5 / y,)


class TanhGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 - y * y,)


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


class SigmoidGrad(ElementwiseGrad):
    """σ(x) = 1/(1 + e⁻ˣ); the partial is y(1 − y), from the output."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (y * (1 - y),)


class ReLUGrad(ElementwiseGrad):
    """max(x, 0); the partial at 0 is 0."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.where(y > 0, xp.ones_like(y), 0.0),)


# -- the larger and the smaller ----------------------------------------------------------------


def half_at_ties(xp: Any, mine: Any, other: Any, y: Any) -> Any:
    """1 where `y` is `mine` (a NaN too), ½ where it is both, 0 elsewhere."""
    one = xp.ones_like(y)
    is_mine = (mine == y) | (mine != mine)
    is_other = (other == y) | (other != other)
    return xp.where(is_mine, xp.where(is_other, 0.5 * one, one), 0.0)


class MaximumGrad(ElementwiseGrad):
    """Half to each at a tie."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return half_at_ties(xp, x1, x2, y), half_at_ties(xp, x2, x1, y)


class MinimumGrad(ElementwiseGrad):
    """Half to each at a tie."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return half_at_ties(xp, x1, x2, y), half_at_ties(xp, x2, x1, y)


# -- public functions --------------------------------------------------------------------------

add = binary(AddGrad, "add", "x1 + x2, elementwise.")
subtract = binary(SubtractGrad, "subtract", "x1 − x2, elementwise.")
multiply = binary(MultiplyGrad, "multiply", "x1 · x2, elementwise.")
divide = binary(DivideGrad, "divide", "x1 / x2, elementwise.")
pow = binary(
    PowerGrad,
    "pow",
    "x1 to the power x2, elementwise; differentiable in both.\n\n"
    "∂/∂x1 = x2·x1^(x2−1), 0 where x2 = 0; ∂/∂x2 = y·log(x1), 0 where x1 = 0 and x2 ≥ 0.",
)
negative = unary(NegativeGrad, "negative", "−x, elementwise.")
positive = unary(PositiveGrad, "positive", "+x, elementwise.")
exp = unary(ExpGrad, "exp", "eˣ, elementwise.")
log = unary(LogGrad, "log", "The natural logarithm, elementwise. ∂ = 1/x.")
sqrt = unary(SqrtGrad, "sqrt", "The square root, elementwise. ∂ = 1/(2√x), infinite at 0.")
tanh = unary(TanhGrad, "tanh", "The hyperbolic tangent, elementwise. ∂ = 1 − y².")
sin = unary(SinGrad, "sin", "The sine of x in radians, elementwise.")
cos = unary(CosGrad, "cos", "The cosine of x in radians, elementwise.")
maximum = binary(MaximumGrad, "maximum", "The larger of x1 and x2, elementwise; ½, ½ at a tie.")
minimum = binary(MinimumGrad, "minimum", "The smaller of x1 and x2, elementwise; ½, ½ at a tie.")

# -- constants by nature -----------------------------------------------------------------------

less = constant_binary("less", "x1 < x2, elementwise: a constant.")
less_equal = constant_binary("less_equal", "x1 <= x2, elementwise: a constant.")
greater = constant_binary("greater", "x1 > x2, elementwise: a constant.")
greater_equal = constant_binary("greater_equal", "x1 >= x2, elementwise: a constant.")
equal = constant_binary("equal", "x1 == x2, elementwise: a constant.")
not_equal = constant_binary("not_equal", "x1 != x2, elementwise: a constant.")
logical_and = constant_binary("logical_and", "Both, elementwise: a constant.")
logical_or = constant_binary("logical_or", "Either, elementwise: a constant.")
bitwise_and = constant_binary("bitwise_and", "x1 & x2 of integers or booleans: a constant.")
bitwise_or = constant_binary("bitwise_or", "x1 | x2 of integers or booleans: a constant.")
bitwise_xor = constant_binary("bitwise_xor", "x1 ^ x2 of integers or booleans: a constant.")
bitwise_invert = constant_unary("bitwise_invert", "~x of integers or booleans: a constant.")
logical_not = constant_unary("logical_not", "Not x, elementwise: a constant.")
isfinite = constant_unary("isfinite", "Neither infinite nor NaN, elementwise: a constant.")
isnan = constant_unary("isnan", "Whether NaN, elementwise: a constant.")
isinf = constant_unary("isinf", "Whether infinite, elementwise: a constant.")
sign = constant_unary("sign", "The sign, elementwise: derivative 0 everywhere, 0 at 0.")

sigmoid = unary(
    SigmoidGrad,
    "expit",
    "The logistic sigmoid σ(x) = 1/(1 + e⁻ˣ), elementwise, stable for every x.",
    source="special",
)
relu = unary(
    ReLUGrad,
    "relu",
    "max(x, 0), elementwise; the derivative at 0 is 0.",
    source="special",
)
