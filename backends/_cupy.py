"""CuPy, on CUDA GPUs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import array_api_compat.cupy as xp
import cupy as cp

from ._backend import Backend, RawArray
from ._device import Device


class CuPyBackend(Backend):
    """CuPy arrays; one device each."""

    def __init__(self) -> None:
        super().__init__("cupy", xp, (cp.ndarray,))

    # -- devices ---------------------------------------------------------------------------

    def device(self, array: RawArray) -> Device:
        return Device(self.name, "cuda", array.device.id)

    def from_raw_device(self, raw: Any) -> Device:
        return Device(self.name, "cuda", int(raw))

    def raw_device(self, device: Device) -> Any:
        return cp.cuda.Device(device.index)

    def current_device(self) -> Device:
        return Device(self.name, "cuda", cp.cuda.runtime.getDevice())

    def devices(self) -> list[Device]:
        if self.why_unavailable() is not None:
            return []
        return [Device(self.name, "cuda", i) for i in range(cp.cuda.runtime.getDeviceCount())]

    def why_unavailable(self) -> str | None:
        try:
            count = cp.cuda.runtime.getDeviceCount()
        except cp.cuda.runtime.CUDARuntimeError as error:
            return (
                f"CuPy {cp.__version__} is installed but can use no GPU ({error}): it needs an "
                "NVIDIA GPU, and a driver for the CUDA version that this CuPy was built for"
            )
        if count == 0:
            return f"CuPy {cp.__version__} is installed but finds no GPU"
        return None

    def to_device(self, array: RawArray, device: Device) -> RawArray:
        with cp.cuda.Device(device.index):
            return cp.array(array, copy=True)

    @contextlib.contextmanager
    def scope(self, array: RawArray) -> Iterator[None]:
        with array.device:
            yield

    # -- conversion ------------------------------------------------------------------------

    def asarray(self, data: Any, dtype: Any = None, device: Device | None = None) -> RawArray:
        self.require()
        where = contextlib.nullcontext() if device is None else cp.cuda.Device(device.index)
        with where:
            return cp.asarray(data, dtype=None if dtype is None else self.dtype(dtype))

    def create(self, name: str, device: Device, /, *args: Any, **kwargs: Any) -> RawArray:
        # Not every creation function of CuPy heeds device=.
        kwargs.pop("device", None)
        with cp.cuda.Device(device.index):
            return getattr(xp, name)(*args, **kwargs)

    def to_numpy(self, array: RawArray) -> Any:
        return cp.asnumpy(array)

    def dtype(self, dtype: Any) -> Any:
        try:
            return cp.dtype(dtype)
        except TypeError:
            return cp.dtype(super().dtype(dtype))

    def is_inexact(self, dtype: Any) -> bool:
        return dtype.kind in "fc"

    def is_complex(self, dtype: Any) -> bool:
        return dtype.kind == "c"

    # -- values ----------------------------------------------------------------------------

    def elementwise(self, name: str) -> Callable[..., Any]:
        function = self.function(name)

        def checked(*operands: Any) -> RawArray:
            arrays = [a for a in operands if type(a) is cp.ndarray]
            if len(arrays) == 2 and arrays[0].device != arrays[1].device:
                self.check_devices(name, *arrays)
            with arrays[0].device:
                return function(*operands)

        return checked

    def is_plain(self, array: RawArray) -> bool:
        return array.flags.c_contiguous

    def copy(self, array: RawArray) -> RawArray:
        with array.device:
            return cp.array(array, copy=True, order="C")

    def writeable(self, array: RawArray) -> bool:
        return True

    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        with values.device:
            out = cp.zeros(shape, dtype=values.dtype)
            cp.add.at(out, key, values)
            return out

    def add_into(self, total: RawArray, term: RawArray) -> RawArray:
        return cp.add(total, term, total)

    def storage(self, array: RawArray) -> int:
        return array.data.mem.ptr

    def may_overlap(self, a: RawArray, b: RawArray) -> bool:
        return bool(cp.may_share_memory(a, b))


def make() -> Backend:
    return CuPyBackend()
