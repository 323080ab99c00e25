"""NumPy's Array API namespace, with faster versions of the functions that rules call most.

All other functions are those of `array_api_compat.numpy`. The functions here take the standard's
arguments and return the same values.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import array_api_compat.numpy
import numpy as np

compat: Any = array_api_compat.numpy

# The stubs lack positional arguments, but NumPy accepts them, and is faster with them.
_sum: Any = np.add.reduce
_max: Any = np.maximum.reduce
_min: Any = np.minimum.reduce
_ndarray = np.ndarray


class NumPyNamespace(ModuleType):
    """`array_api_compat.numpy`, with the functions below in place of its own."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(compat, name)
        self.__dict__[name] = value
        return value


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    return _sum(x, axis, dtype, None, keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    if x.dtype.char not in "fd" or not x.size:
        return compat.mean(x, axis=axis, keepdims=keepdims)
    total = _sum(x, axis, None, None, keepdims)
    return total / x.dtype.type(x.size // total.size)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    return _max(x, axis, None, None, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    return _min(x, axis, None, None, keepdims)


def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
    return x.reshape(shape) if copy is None else compat.reshape(x, shape, copy=copy)


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    if x.ndim == 0:
        x, strides = np.asarray(x), (0,) * len(shape)
    elif x.ndim == len(shape) and x.flags.c_contiguous:
        # Only axes of length 1 differ: they get stride 0.
        own = x.shape
        strides = tuple([s if n == m else 0 for s, n, m in zip(x.strides, own, shape)])  # noqa: B905
        if 0 in shape or any([n != m and n != 1 for n, m in zip(own, shape)]):  # noqa: B905
            return np.broadcast_to(x, shape)
    else:
        return np.broadcast_to(x, shape)
    out = _ndarray(shape, x.dtype, x, 0, strides)
    out.flags.writeable = False
    return out


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    return x.transpose(axes)


def matrix_transpose(x: Any, /) -> Any:
    return x.swapaxes(-1, -2)


def isdtype(dtype: Any, kind: Any) -> bool:
    """As in the standard; bfloat16, which the standard lacks, is a real floating dtype."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if getattr(dtype, "name", None) == "bfloat16" and all(isinstance(k, str) for k in kinds):
        dtype = np.dtype(np.float32)
    return compat.isdtype(dtype, kind)


def finfo(type: Any, /) -> Any:
    """The limits of a floating dtype; those of bfloat16 are in the package that has the dtype."""
    if getattr(type, "name", None) == "bfloat16":
        return sys.modules[type.type.__module__].finfo(type)
    return compat.finfo(type)


def make() -> NumPyNamespace:
    """The namespace, with the name of the library."""
    namespace = NumPyNamespace("numpy")
    namespace.__dict__.update(
        sum=sum,
        mean=mean,
        max=max,
        min=min,
        reshape=reshape,
        broadcast_to=broadcast_to,
        permute_dims=permute_dims,
        matrix_transpose=matrix_transpose,
        matmul=np.matmul,
        isdtype=isdtype,
        finfo=finfo,
    )
    return namespace
