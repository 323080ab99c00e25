"""Sums, products, quotients and powers of elements, and what goes with them.

The partials are those of any table of derivatives; what they are at kinks is said beside each.
``y`` is the output of the operation.
"""

from __future__ import annotations

from typing import Any

from ._elementwise import ElementwiseGrad, binary, unary


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


class RemainderGrad(ElementwiseGrad):
    """x1 − x2·⌊x1/x2⌋: 1 and −⌊x1/x2⌋; the jumps have no part in it."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return 1, -xp.floor(x1 / x2)


def power_partial_of_base(xp: Any, x1: Any, x2: Any) -> Any:
    """x2·x1^(x2−1), 0 where x2 = 0."""
    return xp.where(x2 == 0, 0.0, x2 * x1 ** xp.where(x2 == 0, 1.0, x2 - 1))


class PowerGrad(ElementwiseGrad):
    """∂/∂x1 is 0 where x2 = 0; ∂/∂x2 is 0 where x1 = 0 and x2 ≥ 0 (PyTorch's values)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        of_exponent = xp.where((x1 == 0) & (x2 >= 0), 0.0, y * xp.log(x1))
        return power_partial_of_base(xp, x1, x2), of_exponent

    @staticmethod
    def complex_partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return power_partial_of_base(xp, x1, x2), xp.where(x1 == 0, 0.0, y * xp.log(x1))


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


class ReciprocalGrad(ElementwiseGrad):
    """−1/x², of x: −y² would bring 0·inf into the second derivative."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-1 / (x * x),)


class SquareGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (2 * x,)


class HypotGrad(ElementwiseGrad):
    """0 at (0, 0)."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        length = xp.where(y == 0, 1.0, y)
        return x1 / length, x2 / length


class CopysignGrad(ElementwiseGrad):
    """±1 in x1, 0 at x1 = 0; 0 in x2, of which only the sign counts."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return xp.sign(x1) * xp.sign(y), 0


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


class ReLUGrad(ElementwiseGrad):
    """max(x, 0); the partial at 0 is 0."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.where(y > 0, xp.ones_like(y), 0.0),)


# -- public functions --------------------------------------------------------------------------

add = binary(AddGrad, "add", "x1 + x2, elementwise.")
subtract = binary(SubtractGrad, "subtract", "x1 − x2, elementwise.")
multiply = binary(MultiplyGrad, "multiply", "x1 · x2, elementwise.")
divide = binary(DivideGrad, "divide", "x1 / x2, elementwise.")
remainder = binary(
    RemainderGrad, "remainder", "x1 − x2·⌊x1/x2⌋, elementwise, of the sign of x2: ``x1 % x2``."
)
pow = binary(
    PowerGrad,
    "pow",
    "x1 to the power x2, elementwise; differentiable in both.\n\n"
    "∂/∂x1 = x2·x1^(x2−1), 0 where x2 = 0; ∂/∂x2 = y·log(x1), 0 where x1 = 0 and x2 ≥ 0.",
)
negative = unary(NegativeGrad, "negative", "−x, elementwise.")
positive = unary(PositiveGrad, "positive", "+x, elementwise.")
reciprocal = unary(ReciprocalGrad, "reciprocal", "1/x, elementwise.")
square = unary(SquareGrad, "square", "x², elementwise.")
hypot = binary(HypotGrad, "hypot", "√(x1² + x2²), elementwise; its gradient at (0, 0) is 0.")
copysign = binary(CopysignGrad, "copysign", "|x1| with the sign of x2, elementwise.")
maximum = binary(MaximumGrad, "maximum", "The larger of x1 and x2, elementwise; ½, ½ at a tie.")
minimum = binary(MinimumGrad, "minimum", "The smaller of x1 and x2, elementwise; ½, ½ at a tie.")
relu = unary(
    ReLUGrad, "relu", "max(x, 0), elementwise; the derivative at 0 is 0.", source="special"
)
