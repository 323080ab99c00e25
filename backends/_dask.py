"""Dask arrays: lazy, on the CPU."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import array_api_compat.dask.array as xp
import dask.array as da
import numpy as np
from dask.delayed import delayed

from ._backend import Backend, RawArray
from ._device import Device
from ._special import scipy_special

_CPU = Device("dask", "cpu", 0)


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
        # Dask applies NumPy's ufuncs block by block, and SciPy's are such.
        found = scipy_special(self.name, name)
        return found if isinstance(found, np.ufunc) else None

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
