"""Values and derivatives to 19 digits: differences of what mpmath says, in hundreds of digits.

A reference is one formula, ``f(mp, x)`` or ``f(mp, x, y)``. Its derivatives are central differences
with steps so small, and digits so many, that they are right to 19 digits: two of them, of different
steps and digits, must agree. So no derivative is taken from keratorch, and few are written down:
those of functions that take mpmath too long.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import mpmath

#: The steps, as powers of 10 relative to the point, and the digits that go with them.
_LADDER = ((-40, 180), (-70, 320), (-140, 640), (-380, 1700), (-430, 2800), (-500, 3600))
#: How well two steps must agree: for derivatives, and for those that only weigh errors.
_CLOSE, _ROUGH = mpmath.mpf(10) ** -19, mpmath.mpf(10) ** -3
#: Far below the least number of float64: what is smaller is 0.
_LEAST = mpmath.mpf(10) ** -400
#: How small a third derivative is 0, relative to the others: it is what a difference leaves.
_LEFT_OVER = mpmath.mpf(10) ** -35

Function = Callable[..., Any]
Index = tuple[int, ...]
Point = tuple[float, ...]
#: Central differences of one variable: weights by offset, to be divided by the step's power.
_WEIGHTS = (
    {0: 1},
    {-1: mpmath.mpf(-0.5), 1: mpmath.mpf(0.5)},
    {-1: 1, 0: -2, 1: 1},
    {-2: mpmath.mpf(-0.5), -1: 1, 1: -1, 2: mpmath.mpf(0.5)},
)


class Undefined(Exception):
    """The function has no real and finite value somewhere near the point."""


class Unsettled(Exception):
    """The differences do not settle: the point is a kink, or the digits do not suffice."""


def orders(arity: int, highest: int = 3) -> list[Index]:
    """The partial derivatives up to an order, as counts of each variable: (0, 0), (1, 0), …"""
    found = itertools.product(range(highest + 1), repeat=arity)
    return sorted((i for i in found if sum(i) <= highest), key=lambda i: (sum(i), [-n for n in i]))


def value(function: Function, point: Iterable[Any]) -> Any:
    """The value of the reference, or raise `Undefined`."""
    try:
        y = function(mpmath.mp, *point)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise Undefined from error
    if isinstance(y, mpmath.mpc):
        if y.imag != 0:
            raise Undefined
        y = y.real
    if not mpmath.isfinite(y):
        raise Undefined
    return mpmath.mpf(y)


def _differences(function: Function, point: Point, power: int) -> dict[Index, Any]:
    xs = [mpmath.mpf(x) for x in point]
    steps = [(abs(x) or 1) * mpmath.mpf(10) ** power for x in xs]

    @functools.cache
    def at(*offsets: int) -> Any:
        return value(function, [x + k * h for x, k, h in zip(xs, offsets, steps, strict=True)])

    found: dict[Index, Any] = {}
    for index in orders(len(xs)):
        total, size, weights = mpmath.mpf(0), mpmath.mpf(0), mpmath.mpf(0)
        for chosen in itertools.product(*(_WEIGHTS[n].items() for n in index)):
            weight = math.prod((w for _, w in chosen), start=mpmath.mpf(1))
            term = weight * at(*(k for k, _ in chosen))
            total, size, weights = total + term, size + abs(term), weights + abs(weight)
        # The rounding of the function and of its arguments.
        size += weights * sum(abs(d * x) for d, x in zip(_slopes(found, len(xs)), xs, strict=True))
        if abs(total) <= size * mpmath.mpf(10) ** (8 - mpmath.mp.dps):
            total = mpmath.mpf(0) if mpmath.mp.dps > 2000 or size == 0 else mpmath.nan
        found[index] = total / math.prod(h**n for h, n in zip(steps, index, strict=True))
    return found


def _slopes(found: dict[Index, Any], arity: int) -> list[Any]:
    """The first partial derivatives, or 0 where they are still to be found."""
    units = [tuple(int(i == k) for k in range(arity)) for i in range(arity)]
    return [found.get(u, mpmath.mpf(0)) for u in units]


def _agree(one: dict[Index, Any], other: dict[Index, Any], point: Point) -> bool:
    sizes = {i: abs(b) * _monomial(point, i) for i, b in other.items()}
    largest = max((s for i, s in sizes.items() if sum(i) == 3 and mpmath.isfinite(s)), default=0)
    for index, a in one.items():
        b = other[index]
        if abs(a) < _LEAST and abs(b) < _LEAST:
            continue
        if sum(index) < 3:
            if not abs(a - b) <= _CLOSE * abs(b):  # NaN too
                return False
        elif not abs(a - b) <= _ROUGH * abs(b):
            size = max(abs(a) * _monomial(point, index), sizes[index])
            if not size <= _LEFT_OVER * largest:
                return False
    return True


def _monomial(point: Point, index: Index) -> Any:
    return math.prod((abs(mpmath.mpf(x)) or 1) ** n for x, n in zip(point, index, strict=True))


def derivatives(
    function: Function, point: Point, slope: Function | None = None
) -> dict[Index, Any]:
    """The value and the partial derivatives to the third order, or raise `Undefined`.

    slope : the derivative of a function of one argument, to take differences of in its place.
    """
    if slope is not None:
        with mpmath.workdps(60):
            first = value(function, [mpmath.mpf(x) for x in point])
        return {(0,): first} | {(n + 1,): d for (n,), d in derivatives(slope, point).items()}
    before = None
    # With fewer digits, steps from a large number would go to whole numbers.
    needed = 60 + max(0.0, *(math.log10(abs(x)) for x in point if x), 0.0)
    for power, digits in _LADDER:
        if digits < needed:
            continue
        with mpmath.workdps(digits):
            now = _differences(function, point, power)
            if before is not None and _agree(before, now, point):
                return now
            before = now
    raise Unsettled(f"the differences at {point} do not settle")


def change(found: dict[Index, Any], index: Index, point: Point) -> Any:
    """What one relative rounding of the arguments changes in a derivative: Σ |∂ᵢd·xᵢ|."""
    raised = [tuple(n + (i == k) for k, n in enumerate(index)) for i in range(len(point))]
    return sum(abs(found[r] * x) for r, x in zip(raised, point, strict=True))
