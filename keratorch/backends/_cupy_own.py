"""Functions of raw CuPy arrays that replace those of array-api-compat."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import array_api_compat.cupy
import cupy as cp

from ._rules import RawArray

_SIGN = cp.ElementwiseKernel(
    "T x", "T y", "y = x > T(0) ? T(1) : x < T(0) ? T(-1) : T(x - x)", "keratorch_sign"
)


_SIGN_OF_COMPLEX = cp.ElementwiseKernel(
    "T x", "T y", "y = abs(x) == 0 ? T(0) : x / abs(x)", "keratorch_sign_of_complex"
)


def _sign(x: RawArray) -> RawArray:
    """The sign, NaN for NaN. array-api-compat's waits for the device; CuPy 13's is not x/|x|."""
    if x.dtype.kind == "c":
        return _SIGN_OF_COMPLEX(x)
    return _SIGN(x) if x.dtype.kind in "fi" else cp.sign(x)


def _solve(a: RawArray, b: RawArray) -> RawArray:
    """``linalg.solve``, whose second argument is a vector if it has one axis; stacks broadcast."""
    if b.ndim == 1:
        return _solve(a, b[:, None])[..., 0]
    stack = cp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = cp.broadcast_to(a, stack + a.shape[-2:])
    return cp.linalg.solve(a, cp.broadcast_to(b, stack + b.shape[-2:]))


def _of_two_bytes(dtype: Any) -> bool:
    """Whether `dtype` is float16 or bfloat16."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def _folded(name: str, joined: str, identity: str) -> Callable[..., Any]:
    """``sum`` or ``prod``. For float16 and bfloat16 it accumulates in float32, in one launch.

    CUB, CuPy's accelerator on GPUs, accumulates in the type of the array.
    """
    function = getattr(array_api_compat.cupy, name)
    kernel = cp.ReductionKernel(
        "T kx", "T kr", "static_cast<float>(kx)", joined, "kr = static_cast<T>(a)", identity,
        f"keratorch_{name}_in_float", reduce_type="float",
    )  # fmt: skip

    @functools.wraps(function)
    def folded(
        x: RawArray, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
    ) -> RawArray:
        kind = x.dtype if dtype is None else cp.dtype(dtype)
        if kind != x.dtype or not _of_two_bytes(kind) or axis == ():
            return function(x, axis=axis, dtype=dtype, keepdims=keepdims)
        return kernel(x, axis=axis, keepdims=keepdims)

    return folded


def _scan(name: str) -> Callable[..., Any]:
    """A cumulative function. float16 and bfloat16 go by float32.

    CuPy has no such kernel for bfloat16, and its kernels for float16 accumulate in float16.
    """
    function = getattr(array_api_compat.cupy, name)

    @functools.wraps(function)
    def scan(x: RawArray, /, *, dtype: Any = None, **kwargs: Any) -> RawArray:
        if _of_two_bytes(x.dtype if dtype is None else cp.dtype(dtype)):
            return function(x.astype("f"), **kwargs).astype(x.dtype if dtype is None else dtype)
        return function(x, dtype=dtype, **kwargs)

    return scan


def _isdtype(dtype: Any, kind: Any) -> bool:
    """As in the standard; bfloat16, which the standard lacks, is a real floating dtype."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if getattr(dtype, "name", None) == "bfloat16" and all(isinstance(k, str) for k in kinds):
        dtype = cp.dtype("float32")
    return array_api_compat.cupy.isdtype(dtype, kind)


#: Functions that replace those of array-api-compat, by module and name.
OWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("cupy", "sign"): _sign,
    ("cupy", "isdtype"): _isdtype,
    ("cupy", "sum"): _folded("sum", "a + b", "0"),
    ("cupy", "prod"): _folded("prod", "a * b", "1"),
    ("cupy", "cumulative_sum"): _scan("cumulative_sum"),
    ("cupy", "cumulative_prod"): _scan("cumulative_prod"),
    ("linalg", "solve"): _solve,
}
