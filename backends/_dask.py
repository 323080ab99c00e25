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

    def linalg(self, name: str) -> Any:
        return _REPAIRED.get(name) or super().linalg(name)

    def writeable(self, array: RawArray) -> bool:
        # A write makes a new graph: nothing else shows it.
        return False


def _cholesky(x: RawArray, /, *, upper: bool = False) -> RawArray:
    return _linalg.cholesky(x, lower=not upper)


def _svdvals(x: RawArray, /) -> RawArray:
    return _linalg.svd(x, coerce_signs=False)[1]


#: array-api-compat 1.16 takes Dask's Cholesky factor for the lower one, and its singular values
#: ask for full matrices, which Dask has not.
_linalg: Any = da.linalg
_REPAIRED = {"cholesky": _cholesky, "svdvals": _svdvals}


def _add_at(shape: tuple[int, ...], key: Any, values: Any) -> Any:
    """Of NumPy arrays, when the graph is computed."""
    out = np.zeros(shape, dtype=values.dtype)
    np.add.at(out, key, values)
    return out


def make() -> Backend:
    return DaskBackend()
