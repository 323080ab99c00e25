"""`softmax` and `log_softmax` with the default axis that neural networks use: the last one."""

from __future__ import annotations

from ..core.array import GradArray
from ..ops import softmax as _special
from ..typing import ArrayLike


def softmax(x: ArrayLike, /, axis: int | tuple[int, ...] | None = -1) -> GradArray:
    """eˣ / Σ eˣ along `axis`, by default along the last one, so that each row sums to 1.

    `kt.special.softmax` is the same function with SciPy's default, the whole array. ``axis=None``
    takes the whole array here too. Errors are those of `kt.special.softmax`; a 0-d array has no
    last axis, and raises `AxisError`.
    """
    return _special.softmax(x, axis)


def log_softmax(x: ArrayLike, /, axis: int | tuple[int, ...] | None = -1) -> GradArray:
    """x − log Σ eˣ along `axis`, by default along the last one; else as `softmax`."""
    return _special.log_softmax(x, axis)


__all__ = ["log_softmax", "softmax"]
