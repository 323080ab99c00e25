"""array-api-strict: the standard and nothing more, with devices that do not mix."""

from __future__ import annotations

from typing import Any

import array_api_strict as xp
import numpy as np

from ._backend import Backend
from ._device import Device
from ._rules import RawArray


class ArrayAPIStrictBackend(Backend):
    """Arrays of array-api-strict."""

    knows_storage = True

    def __init__(self) -> None:
        super().__init__("array_api_strict", xp, (type(xp.zeros(())),))
        self._by_name = {self._kind(d): d for d in xp.__array_namespace_info__().devices()}

    @staticmethod
    def _kind(raw: Any) -> str:
        name = str(raw).partition("(")[2].strip("')\"") or str(raw)
        return {"CPU_DEVICE": "cpu"}.get(name, name)

    def from_raw_device(self, raw: Any) -> Device:
        return Device(self.name, self._kind(raw), 0)

    def raw_device(self, device: Device) -> Any:
        return self._by_name.get(device.kind) or super().raw_device(device)

    def to_device(self, array: RawArray, device: Device) -> RawArray:
        return array.to_device(self.raw_device(device))

    def from_numpy(self, array: Any, device: Device | None = None) -> RawArray:
        return self.asarray(np.array(array), device=device)

    def to_numpy(self, array: RawArray) -> Any:
        return np.asarray(array.to_device(self._by_name["cpu"]))

    def copy(self, array: RawArray) -> RawArray:
        return self.xp.asarray(np.array(array._array, order="C"), device=array.device)

    def storage(self, array: RawArray) -> int:
        return id(_root(array._array))

    def may_overlap(self, a: RawArray, b: RawArray) -> bool:
        return bool(np.may_share_memory(a._array, b._array))

    def is_plain(self, array: RawArray) -> bool:
        flags = array._array.flags
        return flags.c_contiguous and flags.writeable


def _root(array: Any) -> Any:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def make() -> Backend:
    return ArrayAPIStrictBackend()
