"""Replace the parts of CuPy that are compiled device code with a CUDA runtime of their own.

NumPy's stable sorts of the same memory replace the three functions of `cupy.cuda.thrust`. The
generators of `cupy.random.default_rng` raise, because they would return memory that was never
written.
"""

from __future__ import annotations

import ctypes as C
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._counters import counters


def memory(pointer: int, dtype: Any, shape: Sequence[int]) -> np.ndarray:
    """NumPy's array in the memory of a device's array."""
    dtype = np.dtype(dtype)
    buffer = (C.c_char * (math.prod(shape) * dtype.itemsize)).from_address(pointer)
    return np.frombuffer(buffer, dtype).reshape(shape)


def sort(dtype: Any, data: int, keys: int, shape: Sequence[int]) -> None:
    counters.library_call(data)
    memory(data, dtype, shape).sort(axis=-1, kind="stable")


def argsort(dtype: Any, index: int, data: int, keys: int, shape: Sequence[int]) -> None:
    """Write the permutation to `index`, and sort the data too, as Thrust does."""
    counters.library_call(index, data)
    values = memory(data, dtype, shape)
    memory(index, np.intp, shape)[...] = np.argsort(values, axis=-1, kind="stable")
    values.sort(axis=-1, kind="stable")


def lexsort(dtype: Any, index: int, keys: int, count: int, size: int) -> None:
    counters.library_call(index, keys)
    memory(index, np.intp, (size,))[...] = np.lexsort(memory(keys, dtype, (count, size)))


def refuse(*args: Any, **kwargs: Any) -> Any:
    """Replaces `default_rng`, `Generator` and the bit generators of `cupy.random`, and raises."""
    raise NotImplementedError(
        "the CUDA stand-in cannot run cupy.random.default_rng, which is compiled device code; "
        "cupy.random.RandomState and functions such as cupy.random.normal work"
    )


def use_cub(wanted: bool = True) -> None:
    """Let CuPy make CUB's kernels of reductions, which is CuPy's default on GPUs."""
    from cupy import _core

    _core.set_reduction_accelerators(["cub"] if wanted else [])


def put_in_place() -> None:
    import cupy.random
    from cupy.cuda import thrust

    for name in ("default_rng", "Generator", "XORWOW", "MRG32k3a", "Philox4x3210"):
        setattr(cupy.random, name, refuse)

    for function in (sort, argsort, lexsort):
        setattr(thrust, function.__name__, function)
