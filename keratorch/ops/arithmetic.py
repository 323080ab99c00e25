"""Elementwise arithmetic: sums, products, quotients, powers, and the larger or smaller of two.

The partials are those of any table of derivatives. Each class states its values at kinks.
``y`` is the output of the operation.
"""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..backends._special import general
from ..core import recording
from ..core.array import GradArray
from ..core.convert import SCALARS, as_operand, check_devices
from ..core.recording import is_active
from ..errors import DTypeError
from ._elementwise import (
    Binary,
    ElementwiseGrad,
    RawFunctions,
    Unary,
    binary,
    explained,
    unary,
)
from ._operands import as_array, first_array, first_tracked, is_complex
from ._propagating import record_elementwise


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
    """For y = x1 − x2·⌊x1/x2⌋: 1 and −⌊x1/x2⌋; the jumps contribute nothing.

    The rule calls `floor_divide`, which agrees with the remainder; a rounded quotient may not:
    1 % 0.1 is 1 − 0.1·9, but 1/0.1 rounds to 10.
    """

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return 1, -xp.floor_divide(x1, x2)


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

    def _times(self, xp: Any, grad: Any, i: int, values: tuple[Any, ...], conjugate: bool) -> Any:
        in_complex = xp.isdtype(self.dtype, "complex floating")
        n: Any = None if self._saved is None else self._saved[1]
        if type(n) in (int, float) and n != 0 and not in_complex:
            p: Any = n * values[0] ** (n - 1)
        elif type(grad) is not GradArray:
            return super()._times(xp, grad, i, values, conjugate)
        elif i == 0:
            p = recorded_partial_of_base(xp, values[0], values[1], in_complex)
        else:
            p = recorded_partial_of_exponent(xp, values[0], values[1], values[2], in_complex)
        if conjugate and in_complex:
            p = xp.conj(p)
        product = self._product(xp, grad, p, conjugate)
        return self._at_kinks(xp, grad, i, values, product)

    @staticmethod
    def kinks(xp: Any, i: int, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        """∂²/∂x1∂x2 is infinite where x1 = 0 and x2 ≤ 1, ∂²/∂x1² if x2 < 0, ∂²/∂x2² at (0, 0)."""
        if x2 is None:
            return None, None
        exponent = xp.real(x2) if is_complex(x2) else x2
        mixed = (x1 == 0) & (exponent <= 1)
        if i == 0:
            return (x1 == 0) & (exponent < 0), mixed
        return mixed, (x1 == 0) & (exponent <= 0)


# The same partials in a form that can be differentiated again; it takes two to three times as long.
# No product of real numbers has an infinite factor, which would give NaN times an incoming 0. Where
# x2 = 0 and x1 ≠ 0 the first partial is 0, but not constant: its derivative in x2 is 1/x1.


def recorded_partial_of_base(xp: Any, x1: Any, x2: Any, in_complex: bool) -> Any:
    flat = (x2 == 0) & ((x1 == 0) | (x1 != x1))
    base = xp.where(flat, 1.0, x1)
    if in_complex:
        return xp.where(flat, 0.0, x2 * base ** (x2 - 1))
    power = base ** xp.where(x2 < 1, 1 - x2, x2 - 1)
    return xp.where(flat, 0.0, xp.where(x2 < 1, x2 / power, x2 * power))


def recorded_partial_of_exponent(xp: Any, x1: Any, x2: Any, y: Any, in_complex: bool) -> Any:
    product = xp.where(x1 == 0, 1.0, y) * xp.log(xp.where(x1 == 0, 1.0, x1))
    at_zero = 0.0 if in_complex else xp.where(x2 >= 0, 0.0, -y)
    return xp.where(x1 == 0, at_zero, product)


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
    """−1/x², computed from x: −y² would bring 0·∞ into the second derivative.

    Two divisions: the second derivative of 1/(x·x) has x⁻⁴ inside, which may overflow.
    """

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-1 / x / x,)


class SquareGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (2 * x,)


class HypotGrad(ElementwiseGrad):
    """x1/y and x2/y, 0 at (0, 0), from the smaller divided by the larger.

    The quotient by y loses the second derivative: 1/y − x1²/y³ cancels.
    """

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        steep = xp.abs(x1) > xp.abs(x2)
        larger = xp.where(steep, x1, x2)
        ratio = xp.where(steep, x2, x1) / xp.where(y == 0, 1.0, larger)
        of_larger = xp.sign(larger) / xp.sqrt(1 + ratio * ratio)
        of_smaller = ratio * of_larger
        return (
            xp.where(steep, of_larger, of_smaller),
            xp.where(steep, of_smaller, of_larger),
        )

    @staticmethod
    def kinks(xp: Any, i: int, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return y == 0, y == 0


class CopysignGrad(ElementwiseGrad):
    """±1 in x1, 0 at x1 = 0; 0 in x2, because only its sign counts."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return xp.sign(x1) * xp.sign(y), 0


class NextAfterGrad(ElementwiseGrad):
    """1 in x1, because the output follows it; 0 in x2, which gives the direction alone."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return 1, 0


# -- the larger and the smaller ----------------------------------------------------------------


def half_at_ties(xp: Any, mine: Any, other: Any, y: Any) -> Any:
    """1 where `y` equals `mine` (a NaN too), ½ where it equals both, 0 elsewhere."""
    one = xp.ones_like(y)
    is_mine = (mine == y) | (mine != mine)
    is_other = (other == y) | (other != other)
    return xp.where(is_mine, xp.where(is_other, 0.5 * one, one), 0.0)


class MaximumGrad(ElementwiseGrad):
    """1 in the input that is the output; at a tie ½ in each."""

    __slots__ = ()
    selects = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return half_at_ties(xp, x1, x2, y), half_at_ties(xp, x2, x1, y)


class MinimumGrad(ElementwiseGrad):
    """1 in the input that is the output; at a tie ½ in each."""

    __slots__ = ()
    selects = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return half_at_ties(xp, x1, x2, y), half_at_ties(xp, x2, x1, y)


class ReLUGrad(ElementwiseGrad):
    """max(x, 0); the partial at 0 is 0."""

    __slots__ = ()
    selects = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.where(y > 0, xp.ones_like(y), 0.0),)


class ClipGrad(ElementwiseGrad):
    """In x: 1 on the closed interval. In a bound: 1 where x is beyond it (PyTorch's values).

    Where low > high the partial in high is 1, the others are 0.
    """

    __slots__ = ()
    selects = True

    @staticmethod
    def partials(xp: Any, x: Any, low: Any, high: Any, y: Any) -> tuple[Any, ...]:
        one = xp.ones_like(y)
        return (
            xp.where((x >= low) & (x <= high), one, 0.0),
            xp.where((x < low) & (low <= high), one, 0.0),
            xp.where((x > high) | (high < low), one, 0.0),
        )


# -- public functions --------------------------------------------------------------------------

add: Binary = binary(AddGrad, "add", "x1 + x2, elementwise.")
subtract: Binary = binary(SubtractGrad, "subtract", "x1 − x2, elementwise.")
multiply: Binary = binary(MultiplyGrad, "multiply", "x1 · x2, elementwise.")
divide: Binary = binary(DivideGrad, "divide", "x1 / x2, elementwise.")
remainder: Binary = binary(
    RemainderGrad, "remainder", "x1 − x2·⌊x1/x2⌋, elementwise, of the sign of x2: ``x1 % x2``."
)
pow: Binary = binary(
    PowerGrad,
    "pow",
    "x1 to the power x2, elementwise; differentiable in both.\n\n"
    "∂/∂x1 = x2·x1^(x2−1), 0 where x2 = 0; ∂/∂x2 = y·log(x1), 0 where x1 = 0 and x2 ≥ 0.",
)
negative: Unary = unary(NegativeGrad, "negative", "−x, elementwise.")
positive: Unary = unary(PositiveGrad, "positive", "+x, elementwise.")
reciprocal: Unary = unary(ReciprocalGrad, "reciprocal", "1/x, elementwise.")
square: Unary = unary(SquareGrad, "square", "x², elementwise.")
hypot: Binary = binary(
    HypotGrad, "hypot", "√(x1² + x2²), elementwise; its gradient at (0, 0) is 0."
)
copysign: Binary = binary(CopysignGrad, "copysign", "|x1| with the sign of x2, elementwise.")
maximum: Binary = binary(
    MaximumGrad, "maximum", "The larger of x1 and x2, elementwise; ½, ½ at a tie."
)
minimum: Binary = binary(
    MinimumGrad, "minimum", "The smaller of x1 and x2, elementwise; ½, ½ at a tie."
)


@general("relu")
def _relu(xp: Any, x: Any) -> Any:
    """max(x, 0); NaN stays."""
    return xp.maximum(x, xp.zeros_like(x))


relu: Unary = unary(
    ReLUGrad, "relu", "max(x, 0), elementwise; the derivative at 0 is 0.", source="special"
)


_larger, _smaller = RawFunctions("maximum"), RawFunctions("minimum")


def clip(x: Any, /, min: Any = None, max: Any = None) -> GradArray:
    """`x` limited to at least `min` and at most `max`, elementwise; the three broadcast.

    min, max : arrays or numbers; `None` for no bound. Where `min` > `max` the value is `max`.

    The derivative in `x` is 1 on the closed interval, else 0. A tracked bound gets the gradient
    where `x` is beyond it; `max` also where `min` > `max`. Raises `DTypeError` for complex `x`,
    `ShapeError` where the shapes do not broadcast.
    """
    tracked = first_tracked(x, min, max)
    x = as_operand(x, first_array(x, min, max) if tracked is None else tracked)
    a = x._array
    if _registry.of(a).is_complex(a.dtype):
        raise DTypeError(
            f"clip of dtype {a.dtype}, shape {tuple(a.shape)}: x must be real: clip kt.real(x) and "
            "kt.imag(x), or kt.abs(x)"
        )
    if min is None and max is None:
        return positive(x)
    low = _bound(min, x, tracked, -math.inf)
    high = _bound(max, x, tracked, math.inf)
    raws = [b._array if type(b) is GradArray else b for b in (low, high)]
    check_devices("clip", a, *(r for r in raws if type(r) not in SCALARS))
    raw = a
    try:
        if min is not None:
            raw = _larger[type(a)](raw, raws[0])
        if max is not None:
            raw = _smaller[type(a)](raw, raws[1])
    except (ValueError, TypeError, RuntimeError) as error:
        raise explained("clip", error, a, *raws) from error
    raw = as_array(a, raw)
    if not any(type(b) is GradArray and is_active(b) for b in (x, low, high)):
        return recording.unrecorded(raw)
    return record_elementwise(ClipGrad, (x, low, high), raw)


def _bound(bound: Any, x: GradArray, tracked: GradArray | None, infinity: float) -> Any:
    if bound is None:
        return infinity
    if type(bound) in SCALARS:
        return bound
    return as_operand(bound, x if tracked is None or not _registry.is_array(bound) else tracked)


nextafter: Binary = binary(
    NextAfterGrad, "nextafter", "The next number after x1 in the direction of x2, elementwise."
)
