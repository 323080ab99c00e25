"""Where the functions are compared: numbers of few bits, so that all dtypes have the same ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

DTYPES = ("float16", "float32", "float64")
Point = tuple[float, ...]

#: The mantissas of the octaves, in turn.
_MANTISSAS = (1.0, 1.375, 1.75, 1.125, 1.625, 1.25, 1.5)
#: The exponents beyond the range of float16; those below −126 and −1022 are subnormal.
_TINY = (-1074, -1040, -1022, -900, -700, -530, -400, -260, -149, -140, -126, -100, -70, -50, -34)
_HUGE = (17, 20, 24, 26, 29, 33, 40, 52, 53, 63, 64, 80, 100, 127, 200, 340, 511, 512, 800, 1023)
#: Where most functions have their zeros, their turning points and the borders of their formulas.
_MIDDLE = (
    *(0.03125, 0.1875, 0.28125, 0.3125, 0.46875, 0.59375, 0.71875, 0.8125, 0.90625, 1.1875),
    *(1.4375, 1.9375, 2.25, 2.75, 3.125, 3.625, 4.25, 4.75, 5.25, 5.75, 6.5, 7.25, 7.875, 8.25),
    *(9.5, 10.5, 11.5, 13.0, 15.0, 18.5, 20.5, 26.0, 30.0, 37.5, 45.0, 80.0, 89.0, 104.0, 150.0),
    *(170.5, 172.5, 300.0, 360.0, 500.0, 700.0, 710.0, 746.0),
)
#: The distances from 1, on both sides; the smallest is half as large below 1 as above.
_NEAR_ONE = (3, 6, 10, 11, 17, 23, 24, 38, 52, 53)


def positive() -> list[float]:
    """The positive numbers of the grid, in order."""
    octaves = [
        np.ldexp(1.0 if e < -14 else m, e)
        for e, m in zip(range(-24, 16), itertools.cycle(_MANTISSAS), strict=False)
    ]
    huge = [np.ldexp(1.375 if e > 29 else 1.0, e) for e in _HUGE]
    tiny = [np.ldexp(1.25 if -1022 < e < -149 or e > -126 else 1.0, e) for e in _TINY]
    near = [1 - 2.0**-k for k in _NEAR_ONE] + [1 + 2.0**-k for k in _NEAR_ONE if k < 53]
    return sorted({float(x) for x in (*octaves, *huge, *tiny, *near, *_MIDDLE)})


def line() -> list[Point]:
    """The arguments of functions of one argument."""
    found = positive()
    # Where functions turn all negative numbers too, and elsewhere every third.
    negative = [-x for i, x in enumerate(found) if 0.15 < x < 180 or i % 3 == 0]
    return [(x,) for x in sorted([*negative, 0.0, *found])]


#: For functions of two arguments: those that meet each other, and those that meet some.
_CORE = (2.0**-12, 0.15625, 0.8125, 1.5, 6.25, 44.0, 3000.0)
_FAR = (
    *(2.0**-24, 1.25 * 2.0**-70, 2.0**-126, 1.25 * 2.0**-400, 2.0**-1022, 2.0**-1050),
    *(50000.0, 2.0**26, 1.375 * 2.0**63, 1.375 * 2.0**120, 1.375 * 2.0**511, 1.375 * 2.0**1023),
)


def _pairs() -> Iterator[Point]:
    yield from itertools.product(_CORE, _CORE)
    for i, x in enumerate(_FAR):
        for y in (_CORE[i % 7], _CORE[(3 * i + 2) % 7], _FAR[(5 * i + 1) % 12], 1.25 * x):
            yield x, y
            yield y, x
    for x in _CORE:
        yield x, x * (1 + 2.0**-7)


def plane() -> list[Point]:
    """The arguments of functions of two arguments."""
    found = sorted({(x, y) for x, y in _pairs() if np.isfinite(x) and np.isfinite(y)})
    # All signs in a half of the core; one of them, in turn, elsewhere.
    signs = ((1, 1), (-1, 1), (1, -1), (-1, -1))
    core = [p for p in found if p[0] in _CORE and p[1] in _CORE][::2]
    turned = [(s * x, t * y) for (x, y), (s, t) in zip(found, itertools.cycle(signs), strict=False)]
    signed = [(s * x, t * y) for x, y in core for s, t in signs]
    return sorted({*found, *turned, *signed})


def fits(value: float, dtype: str) -> bool:
    """Whether `dtype` has the number exactly."""
    with np.errstate(over="ignore"):
        return float(np.dtype(dtype).type(value)) == value
