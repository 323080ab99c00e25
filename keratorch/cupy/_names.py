"""What `keratorch.cupy` replaces of CuPy in its own way.

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
from ..interop._lists import holds_array
from ..interop._poly1d import poly1d as _of_arrays


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


class _Poly1d(type):
    """The class of a name that stands for two classes."""

    def __call__(cls, c_or_r: Any, r: bool = False, variable: str | None = None) -> Any:
        made: Any = _of_arrays if holds_array(c_or_r) else cupy.poly1d
        return made(c_or_r, r, variable)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, (cupy.poly1d, _of_arrays))


class poly1d(metaclass=_Poly1d):
    """`cupy.poly1d`, or `keratorch.numpy.poly1d` if the coefficients hold a `GradArray`."""


__all__ = ["asnumpy", "fuse", "get_array_module", "poly1d"]
