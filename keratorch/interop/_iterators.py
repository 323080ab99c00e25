"""``nditer`` of `keratorch.numpy`, which reads memory past keratorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import filled
from ..errors import LostGradientError


class _OfNDIter(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, np.nditer)


class nditer(metaclass=_OfNDIter):
    """`numpy.nditer`; `LostGradientError` for an array that holds tracked values."""

    def __new__(cls, op: Any, *args: Any, **kwargs: Any) -> Any:
        found = filled.settled(op)
        if found is not op:
            raise LostGradientError(
                "numpy.nditer reads memory, and would lose the gradient of an array into which "
                "tracked values were written: write a loop over np.ndindex(a.shape)"
            )
        return np.nditer(op, *args, **kwargs)


__all__ = ["nditer"]
