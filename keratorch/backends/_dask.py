"""Dask arrays: lazy, on the CPU."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import array_api_compat.dask.array
import dask.array as da
import numpy as np
from dask.delayed import delayed

from ._backend import Backend
from ._device import Device
from ._rules import RawArray
from ._special import scipy_special

compat: Any = array_api_compat.dask.array
_CPU = Device("dask", "cpu", 0)


class OneChunk(ModuleType):
    """Dask's Fourier transforms, of arrays in one chunk: transformed axes must not be split."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(compat.fft, name)
        if name in ("fftfreq", "rfftfreq", "fftshift", "ifftshift"):
            return function

        def transform(x: RawArray, **kwargs: Any) -> RawArray:
            return function(x.rechunk(-1), **kwargs)

        return transform


class DaskNamespace(ModuleType):
    """`array_api_compat.dask.array`, with `fft` replaced, and with float16, which Dask has."""

    fft = OneChunk("dask.array.fft")
    float16 = np.float16

    def __getattr__(self, name: str) -> Any:
        value = getattr(compat, name)
        self.__dict__[name] = value
        return value


xp: Any = DaskNamespace(compat.__name__)


class DaskBackend(Backend):
    """Dask arrays: elementwise functions, reductions, products and shapes."""

    multi_device = False
    mixes_indices = True
    lazy = True

    def __init__(self) -> None:
        super().__init__("dask", xp, (da.Array,))

    def device(self, array: RawArray) -> Device:
        return _CPU

    def from_raw_device(self, raw: Any) -> Device:
        return _CPU

    def raw_device(self, device: Device) -> str:
        return "cpu"

    def _raw_devices(self) -> Iterable[Any]:
        return ["cpu"]

    def to_device(self, array: RawArray, device: Device) -> RawArray:
        return array

    def copy(self, array: RawArray) -> RawArray:
        return array.copy()

    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        parts = key if isinstance(key, tuple) else (key,)
        # Dask's own writes fail on empty arrays, and for an integer beside a negative step.
        if 0 not in values.shape and all(
            part is ... or (isinstance(part, slice) and (part.step is None or part.step > 0))
            for part in parts
        ):
            zeros = da.zeros(shape, dtype=values.dtype)
            zeros[key] = values
            return zeros
        # `delayed` puts the whole graph below under new keys: chains of such calls grow fast.
        added = delayed(_add_at, pure=True)(shape, key, values)
        return da.from_delayed(added, shape, dtype=values.dtype)

    def linalg(self, name: str) -> Any:
        return _REPAIRED.get(name) or super().linalg(name)

    def library_special(self, name: str) -> Any:
        # Dask applies NumPy's ufuncs block by block, and most of SciPy's functions are ufuncs.
        found = scipy_special(self.name, name)
        if found is None or isinstance(found, np.ufunc):
            return found
        together: Any = da.broadcast_arrays
        return lambda *xs: da.map_blocks(found, *together(*xs))

    def add_along(
        self, shape: tuple[int, ...], index: RawArray, axis: int, values: RawArray
    ) -> RawArray:
        added = delayed(_add_along, pure=True)(shape, index, axis, values)
        return da.from_delayed(added, shape, dtype=values.dtype)

    def take_along(self, array: RawArray, index: RawArray, axis: int) -> RawArray:
        own = (*array.shape[:axis], 1, *array.shape[axis + 1 :])
        shape = np.broadcast_shapes(own, index.shape)
        taken = delayed(np.take_along_axis, pure=True)(array, index, axis)
        return da.from_delayed(taken, shape, dtype=array.dtype)

    def writeable(self, array: RawArray) -> bool:
        # A write makes a new graph, so no other array shows it.
        return False


def _cholesky(x: RawArray, /, *, upper: bool = False) -> RawArray:
    return _linalg.cholesky(x, lower=not upper)


def _svdvals(x: RawArray, /) -> RawArray:
    return _linalg.svd(x, coerce_signs=False)[1]


def _solve(a: RawArray, b: RawArray, /) -> RawArray:
    if not a.chunks[0] == a.chunks[-1] == b.chunks[0]:
        a, b = a.rechunk(-1), b.rechunk(-1)
    return _linalg.solve(a, b)


#: Dask solves systems in square chunks only. array-api-compat 1.16 takes Dask's Cholesky factor
#: for the lower one, and its `svdvals` asks for full matrices, which Dask does not have.
_linalg: Any = da.linalg
_REPAIRED = {"cholesky": _cholesky, "solve": _solve, "svdvals": _svdvals}


def _add_at(shape: tuple[int, ...], key: Any, values: Any) -> Any:
    """`add_at` of NumPy arrays, called when the graph is computed."""
    out = np.zeros(shape, dtype=values.dtype)
    np.add.at(out, key, values)
    return out


def _add_along(shape: tuple[int, ...], index: Any, axis: int, values: Any) -> Any:
    out = np.zeros(math.prod(shape), dtype=values.dtype)
    numbers = np.arange(out.size).reshape(shape)
    np.add.at(out, np.take_along_axis(numbers, index, axis), values)
    return out.reshape(shape)


def make() -> Backend:
    return DaskBackend()
