"""What differs from the exact values by more than 32 units, and why.

An exception names rows, orders of derivatives, dtypes and libraries, and a region in which it
holds. There the errors stay below `bound`: infinity is the bound of an infinity, or a 0, in place
of a number.
An exception that no point needs fails the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ALL = ("float16", "float32", "float64")
WIDE = ("float32", "float64")
NUMPY = ("numpy", "numpy_readonly", "dask")
EVERYWHERE = (*NUMPY, "array_api_strict", "torch", "jax", "cupy")
INF = float("inf")


@dataclass(frozen=True)
class Points:
    """The points of a row: their arguments by column, what is exact there, and the dtype."""

    columns: np.ndarray
    exact: np.ndarray
    dtype: str

    @property
    def last(self) -> np.ndarray:
        """The size of the last argument."""
        return np.abs(self.columns[:, -1])

    @property
    def largest(self) -> np.ndarray:
        return np.abs(self.columns).max(axis=1)

    @property
    def smallest(self) -> np.ndarray:
        return np.abs(self.columns).min(axis=1)

    @property
    def limits(self) -> np.finfo:
        return np.finfo(self.dtype)


Region = Callable[[Points], np.ndarray]


@dataclass(frozen=True, eq=False)
class Known:
    """An exception.

    rows : the names of the rows, in one string; ``*`` for all.
    nan : whether the results are NaN: a loud answer, where a number or an infinity is exact.
    """

    reason: str
    rows: str
    orders: tuple[int, ...]
    region: Region
    bound: float = INF
    dtypes: tuple[str, ...] = ALL
    nan: bool = False
    backends: tuple[str, ...] = NUMPY

    def holds(self, row: str, order: int, backend: str) -> bool:
        named = self.rows == "*" or row in self.rows.split()
        return named and order in self.orders and backend in self.backends

    def excuses(self, points: Points, found: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Which of the points are as the exception says."""
        if points.dtype not in self.dtypes:
            return np.zeros(len(errors), dtype=bool)
        kind = np.isnan(found) if self.nan else ~np.isnan(found) & (errors <= self.bound)
        return kind & self.region(points)


def _beyond(p: Points) -> np.ndarray:
    """Where the derivative is beyond the range of the dtype."""
    return np.abs(p.exact) > float(p.limits.max)


def _last_octaves(p: Points) -> np.ndarray:
    return p.largest > float(p.limits.max) / 4


def _extreme(p: Points) -> np.ndarray:
    """Where the square of an argument, or a little more, is beyond the range."""
    return (p.largest > float(p.limits.max) ** 0.45) | (p.smallest < float(p.limits.tiny) ** 0.45)


def _everywhere(p: Points) -> np.ndarray:
    return np.ones(len(p.exact), dtype=bool)


def _powers(p: Points) -> np.ndarray:
    """Where x^y or the square of x^(y−1) is beyond the range, though the derivative is not."""
    x, y = p.columns.T
    return 2.0 * (np.abs(y) + 1) * np.abs(np.log2(x)) > min(p.limits.maxexp, 126 + 1)


def _negative(p: Points) -> np.ndarray:
    return (p.columns < 0).any(axis=1)


KNOWN: tuple[Known, ...] = (
    # -- what is loud: NaN in place of a number ----------------------------------------------------
    Known(
        "the derivative is beyond the range, as the sum of two infinities of opposite signs",
        "divide pow hypot atan2 logit rel_entr kl_div xlogy ndtri erfcinv beta betaln",
        (1, 2),
        _beyond,
        nan=True,
        backends=EVERYWHERE,
    ),
    Known(
        "forward over forward: the tangent of 1/y is infinite, and its factor is 0",
        "divide xlogy rel_entr kl_div",
        (2,),
        _extreme,
        nan=True,
        backends=EVERYWHERE,
    ),
    Known(
        "forward over forward: the tangent of x² is infinite, and e^(−x²) is 0",
        "erf erfc ndtr log_ndtr",
        (2,),
        _last_octaves,
        nan=True,
        backends=EVERYWHERE,
    ),
    Known(
        "forward over forward: a power is infinite or 0 where the derivative is not",
        "pow",
        (2,),
        _powers,
        nan=True,
        backends=EVERYWHERE,
    ),
    Known(
        "with an argument of 0 or less, digammas of infinite size are subtracted",
        "beta",
        (1, 2),
        _everywhere,
        nan=True,
        backends=EVERYWHERE,
    ),
    Known(
        "two infinite terms of 1/a² are subtracted",
        "betaln",
        (2,),
        _extreme,
        nan=True,
        backends=EVERYWHERE,
    ),
    # -- derivatives -------------------------------------------------------------------------------
    Known(
        "x^y, or a power on the way to the derivative, is beyond the range",
        "pow",
        (2,),
        _powers,
        backends=EVERYWHERE,
    ),
    Known(
        "the value is beyond the range, and so is y·log 2",
        "exp2",
        (1, 2),
        lambda p: p.last >= p.limits.maxexp,
        dtypes=("float16",),
        backends=EVERYWHERE,
    ),
    Known(
        "φ/Φ between its formulas: e^(−x²/2 − log Φ) has 8 digits less of −h·(x + h) than of h",
        "log_ndtr",
        (2,),
        lambda p: (p.last > 1.8) & (p.last < 2.5),
        bound=64,
        backends=EVERYWHERE,
    ),
    Known(
        "ψ(a) − ψ(a + b) of negative arguments cancels, and so does the value",
        "beta betaln",
        (0, 1, 2),
        _negative,
        backends=EVERYWHERE,
    ),
    Known(
        "∂²B/∂a∂b is a difference of products of digammas, which cancels",
        "beta",
        (2,),
        _everywhere,
        backends=EVERYWHERE,
    ),
    Known(
        "1/a² is beyond the range on the way, or 1/B subnormal",
        "beta betaln",
        (1, 2),
        _extreme,
        backends=EVERYWHERE,
    ),
    # -- values of PyTorch and JAX --------------------------------------------------------------
    Known(
        "XLA takes 0 for subnormal numbers, also for those on the way to normal ones",
        "*",
        (0, 1, 2),
        lambda p: np.abs(p.exact) < 1e6 * float(p.limits.tiny),
        backends=("jax",),
    ),
    Known(
        "x/a is subnormal, and XLA takes 0 for it",
        "gammainc gammaincc",
        (1, 2),
        lambda p: p.last < 256 * float(p.limits.tiny),
        backends=("jax",),
    ),
    Known(
        "x/a is subnormal, and XLA takes 0 for it",
        "gammainc gammaincc",
        (1, 2),
        lambda p: p.last < 256 * float(p.limits.tiny),
        nan=True,
        backends=("jax",),
    ),
    Known(
        "JAX's ζ is wrong for negative numbers, where keratorch gives NaN",
        "polygamma",
        (0, 1, 2),
        _negative,
        nan=True,
        backends=("jax",),
    ),
    Known(
        "an infinity too early",
        "sinh cosh i0 i1",
        (0, 1, 2),
        lambda p: p.last > 80,
        dtypes=("float32",),
        backends=("torch", "jax"),
    ),
    Known(
        "PyTorch's Bessel functions have 7 to 9 digits",
        "j0 j1",
        (0, 1, 2),
        _everywhere,
        5e9,
        WIDE,
        backends=("torch",),
    ),
    Known(
        "the inverse of Φ is infinite for subnormal numbers",
        "erfcinv ndtri",
        (0, 1, 2),
        lambda p: p.last <= float(p.limits.tiny),
        backends=("torch", "jax"),
    ),
    Known(
        "the inverse of Φ is infinite for subnormal numbers",
        "erfcinv ndtri",
        (1, 2),
        lambda p: p.last <= float(p.limits.tiny),
        backends=("torch", "jax"),
        nan=True,
    ),
    Known(
        "Γ is e to a logarithm of itself, which loses as many units as it is large",
        "gamma",
        (0, 1, 2),
        _everywhere,
        512,
        backends=("torch", "jax"),
    ),
    Known(
        "Γ′ is ∞ times a digamma that the library gives as NaN",
        "gamma",
        (1, 2),
        _beyond,
        nan=True,
        backends=("torch", "jax"),
    ),
    Known(
        "ζ is 0 too early",
        "gammaln digamma polygamma zeta",
        (0, 1, 2),
        lambda p: p.last > 1e6,
        backends=("torch", "jax"),
    ),
    Known("JAX's value", "gammaln", (0,), _everywhere, 256, backends=("jax",)),
    Known("JAX's value", "log_ndtr", (0,), _everywhere, 5e4, backends=("jax",)),
    Known("JAX's value", "log_ndtr", (0,), _extreme, backends=("jax",)),
    Known("JAX's value", "gammaincc", (0,), _everywhere, 5e4, backends=("jax",)),
    Known("JAX's value", "betainc", (0,), _everywhere, 512, backends=("jax",)),
    Known("JAX's value", "zeta gammainc gammaincc", (0, 1, 2), _everywhere, 64, backends=("jax",)),
    # -- values of CuPy, and of the stand-in for CUDA ----------------------------------------------
    Known(
        "CuPy's value is e^(−|x|)·Iₙ(x): 0·∞ for large x",
        "i0e i1e",
        (0,),
        lambda p: p.last > 80,
        nan=True,
        backends=("cupy",),
    ),
    Known(
        "Iₙ of the stand-in, at the ends of the range",
        "i0 i1 i0e i1e",
        (0, 1, 2),
        _extreme,
        nan=True,
        backends=("cupy",),
    ),
    Known(
        "Iₙ of the stand-in, which is that of the C++ library",
        "i0 i1 i0e i1e",
        (0, 1, 2),
        _everywhere,
        8192,
        backends=("cupy",),
    ),
    Known(
        "CuPy's quotient underflows to −0, whose floor is not −1",
        "remainder",
        (0, 1),
        _extreme,
        dtypes=("float64",),
        backends=("cupy",),
    ),
    Known("CuPy's value", "betainc", (0,), _everywhere, 2048, backends=("cupy",)),
    # -- values of SciPy, and derivatives that are made of them -----------------------------------
    Known("SciPy's value", "gammaln", (0,), lambda p: p.last < 1e-307, dtypes=("float64",)),
    Known("SciPy's value", "erfcinv", (0,), lambda p: p.last < 1e-307, dtypes=("float64",)),
    Known("SciPy's value", "j1", (0,), lambda p: p.last < 1e-307, 256, ("float64",)),
    Known("SciPy's J₁", "j0", (1,), lambda p: p.last < 1e-307, 256, ("float64",)),
    Known(
        "SciPy's value",
        "gammainc gammaincc",
        (0,),
        _everywhere,
        512,
        ("float64",),
        backends=EVERYWHERE,
    ),
    Known("SciPy's value", "beta betaln", (0,), _everywhere, 3e5, WIDE, backends=EVERYWHERE),
    Known(
        "SciPy's value, times a difference of digammas",
        "beta",
        (1,),
        _everywhere,
        3e5,
        WIDE,
        backends=EVERYWHERE,
    ),
    Known("SciPy's value", "betainc", (0,), _everywhere, 512, ("float32",)),
    Known(
        "SciPy's B(a, b), for a of 1/64 and b of 300",
        "betainc",
        (1, 2),
        lambda p: p.columns[:, 1] == 300,
        2048,
        ("float64",),
        backends=EVERYWHERE,
    ),
    Known(
        "a factor is subnormal, where the product is not",
        "betainc",
        (2,),
        lambda p: np.abs(p.exact) < 1e3 * float(p.limits.tiny),
        512,
        ("float32",),
        backends=EVERYWHERE,
    ),
    Known(
        "n!·ζ(n + 1, x), whose ζ underflows alone",
        "polygamma",
        (0, 1, 2),
        lambda p: p.columns[:, 0] >= 5,
        dtypes=WIDE,
        backends=EVERYWHERE,
    ),
    Known(
        "ζ(s + 1, q) and ζ(s + 2, q) are subnormal, where their products with s are not",
        "zeta",
        (0, 1, 2),
        lambda p: (p.columns[:, 0] == 40) & (np.abs(p.exact) < 1e3 * float(p.limits.tiny)),
        2e5,
        WIDE,
        backends=EVERYWHERE,
    ),
)
