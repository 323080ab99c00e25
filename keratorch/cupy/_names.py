"""Functions of `keratorch.cupy` that CuPy has and NumPy lacks.

They have a module of their own, because in `keratorch.cupy` CuPy's `any` hides Python's.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

import cupy

from .. import numpy as _numpy_mirror
from ..core.array import GradArray
from ..core.nodes import is_tracked, raw_of
from ..errors import LostGradientError


def get_array_module(*args: Any) -> Any:
    """`keratorch.cupy` if any argument is, or holds, a CuPy array; else `keratorch.numpy`.

    CuPy's own function returns NumPy for every `GradArray`.
    """
    raws = [raw_of(a) for a in args]
    if any(isinstance(raw, cupy.ndarray) for raw in raws):
        return sys.modules["keratorch.cupy"]
    return _numpy_mirror


def asnumpy(a: Any, *args: Any, **kwargs: Any) -> Any:
    """The values as a NumPy array on the host; a tracked array raises `LostGradientError`."""
    if not isinstance(a, GradArray):
        return cupy.asnumpy(a, *args, **kwargs)
    if is_tracked(a):
        raise LostGradientError(
            f"cupy.asnumpy of a tracked array of shape {tuple(a.shape)} would lose its gradient: "
            "use to_device('cpu'), which is differentiable, or detach() first"
        )
    return a.numpy()


def fuse(*args: Any, **kwargs: Any) -> Any:
    """`cupy.fuse`; a call with a `GradArray` runs the function unfused, and is differentiable."""
    if not (len(args) == 1 and callable(args[0]) and not kwargs):  # fuse(kernel_name="f")
        return lambda function: _fused(function, cupy.fuse(*args, **kwargs)(function))
    return _fused(args[0], cupy.fuse(args[0]))


def _fused(function: Any, fusion: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [*args, *kwargs.values()]
        return (function if any(isinstance(a, GradArray) for a in given) else fusion)(
            *args, **kwargs
        )

    return call


__all__ = ["asnumpy", "fuse", "get_array_module"]
