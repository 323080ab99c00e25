"""Dask arrays: lazy, on the CPU."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import array_api_compat.dask.array
import dask.array as da
import numpy as np
from dask.delayed import delayed

from ._backend import Backend, RawArray
from ._device import Device
from ._special import scipy_special

compat: Any = array_api_compat.dask.array
_CPU = Device("dask", "cpu", 0)


class OneChunk(ModuleType):
    """Dask's transforms, which need one chunk along each axis that is transformed."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(compat.fft, name)
        if name in ("fftfreq", "rfftfreq", "fftshift", "ifftshift"):
            return function

        def transform(x: RawArray, **kwargs: Any) -> RawArray:
            return function(x.rechunk(-1), **kwargs)

        return transform


class DaskNamespace(ModuleType):
    """`array_api_compat.dask.array`, but for `fft`."""

    fft = OneChunk("dask.array.fft")

    def __getattr__(self, name: str) -> Any:
        value = getattr(compat, name)
        self.__dict__[name] = value
        return value


xp: Any = DaskNamespace(compat.__name__)


class DaskBackend(Backend):
    """Dask arrays: elementwise functions, reductions, products and shapes."""

    multi_device = False

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
        added = delayed(_add_at, pure=True)(shape, key, values)
        return da.from_delayed(added, shape, dtype=values.dtype)

    def library_special(self, name: str) -> Any:
        # Dask applies NumPy's ufuncs block by block, and most of SciPy's functions are such.
        found = scipy_special(self.name, name)
        if found is None or isinstance(found, np.ufunc):
            return found
        broadcast: Any = da.broadcast_arrays
        return lambda *xs: da.map_blocks(found, *broadcast(*xs))

    def writeable(self, array: RawArray) -> bool:
        # A write makes a new graph: nothing else shows it.
        return False


def _add_at(shape: tuple[int, ...], key: Any, values: Any) -> Any:
    """Of NumPy arrays, when the graph is computed."""
    out = np.zeros(shape, dtype=values.dtype)
    np.add.at(out, key, values)
    return out


def make() -> Backend:
    return DaskBackend()
