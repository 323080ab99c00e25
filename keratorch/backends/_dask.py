"""Dask arrays: lazy, on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

import array_api_compat.dask.array
import dask.array as da
import numpy as np

from . import _dask_chunks, _dask_index
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
    """`array_api_compat.dask.array`, with `concat`, `fft`, `roll` and `where` replaced."""

    fft = OneChunk("dask.array.fft")
    float16 = np.float16  # which Dask has, and array-api-compat does not name
    concat = staticmethod(_dask_chunks.concat)
    roll = staticmethod(_dask_chunks.roll)
    where = staticmethod(_dask_chunks.where)

    def __getattr__(self, name: str) -> Any:
        value = getattr(compat, name)
        self.__dict__[name] = value
        return value


xp: Any = DaskNamespace(compat.__name__)


class DaskBackend(Backend):
    """Dask arrays: elementwise functions, reductions, products and shapes."""

    multi_device = False
    mixes_indices = True
    takes_numpy = True
    takes_numpy_indices = True
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

    def shape_of(self, array: RawArray) -> tuple[int, ...]:
        return _dask_index.ChunkedShape.of(array)

    def get_item(self, array: RawArray, key: Any) -> RawArray:
        return _dask_index.get_item(array, key)

    def strong_scalars(self, value: Any, like: RawArray) -> bool:
        return True

    def with_item(self, array: RawArray, key: Any, value: Any) -> RawArray:
        # Dask writes through a mask of the whole array by `where`.
        if not (isinstance(key, da.Array) and key.dtype == bool and key.ndim == array.ndim):
            values: Any = da.asarray(value)
            written = _dask_index.with_item(array, key, values)
            if written is not None:
                return written
        return super().with_item(array, key, value)

    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        return _dask_index.add_at(shape, key, values)

    def elementwise(self, name: str) -> Callable[..., Any]:
        function = super().elementwise(name)

        def whole(*operands: Any) -> RawArray:
            return _dask_chunks.without_cuts(function(*operands), *operands)

        return whole

    def add(self, a: RawArray, b: RawArray) -> RawArray:
        return _dask_chunks.without_cuts(a + b, a, b)

    def add_into(self, total: RawArray, term: RawArray) -> RawArray:
        return self.add(total, term)

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
        return _dask_index.add_along(shape, index, axis, values)

    def take_along(self, array: RawArray, index: RawArray, axis: int) -> RawArray:
        return _dask_index.take_along(array, index, axis)

    def pad(self, array: RawArray, widths: Sequence[tuple[int, int]], value: float) -> RawArray:
        return _dask_chunks.pad(array, widths, value)

    def shifted(self, array: RawArray, n: int, value: float) -> RawArray:
        return self.pad(array, (*((0, 0),) * (array.ndim - 1), (-n, n)), value)

    def windows(
        self,
        array: RawArray,
        kernel: Sequence[int],
        counts: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        return _dask_chunks.windows(array, kernel, counts, stride, dilation)

    def fold(
        self,
        array: RawArray,
        size: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        return _dask_chunks.fold(array, size, stride, dilation)

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


def make() -> Backend:
    return DaskBackend()
