"""PyTorch tensors, used as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import array_api_compat.torch as xp
import torch

from keratorch.errors import LostGradientError

from . import _torch_slices, _windows
from ._backend import Backend
from ._device import Device
from ._indices import has_negative_step, is_basic
from ._rules import RawArray

#: SciPy's name of a special function -> PyTorch's other name; "" if its arguments differ, or if its
#: values are composed better: PyTorch's `ndtr` is 0 below −6 in float32.
_SPECIAL = {"j0": "bessel_j0", "j1": "bessel_j1", "polygamma": "", "ndtr": ""}


def log1p(x: RawArray) -> RawArray:
    """``torch.log1p``, which gives NaN for some complex infinities, as 0.1 + ∞j."""
    y = torch.log1p(x)
    return torch.where(torch.isinf(x), torch.log(x), y) if x.is_complex() else y


class TorchBackend(Backend):
    """PyTorch tensors on the CPU and on CUDA devices."""

    knows_storage = True
    flips_by_copy = True
    takes_numpy_indices = True

    def __init__(self) -> None:
        super().__init__("torch", xp, (torch.Tensor,))

    def from_raw_device(self, raw: Any) -> Device:
        device: Any = torch.device(raw)
        return Device(self.name, device.type, int(device.index or 0))

    def raw_device(self, device: Device) -> Any:
        return torch.device(str(device))

    def devices(self) -> list[Device]:
        found = [Device(self.name, "cpu", 0)]
        for kind in ("cuda", "xpu"):
            module = getattr(torch, kind, None)
            if module is not None and module.is_available():
                found += [Device(self.name, kind, i) for i in range(module.device_count())]
        if torch.backends.mps.is_available():
            found.append(Device(self.name, "mps", 0))
        return found

    def to_device(self, array: RawArray, device: Device) -> RawArray:
        return array.to(self.raw_device(device))

    def adopt(self, array: RawArray) -> RawArray:
        if array.requires_grad:
            raise LostGradientError(
                f"a PyTorch tensor of shape {tuple(array.shape)} that requires grad is recorded by "
                "PyTorch, whose gradient would be lost here: pass tensor.detach()"
            )
        return array

    def asarray(self, data: Any, dtype: Any = None, device: Device | None = None) -> RawArray:
        if hasattr(data, "flags") and not data.flags.writeable:
            data = data.copy()
        return super().asarray(data, dtype, device)

    def to_numpy(self, array: RawArray) -> Any:
        host = array.detach().resolve_conj().resolve_neg().cpu()
        if host.dtype == torch.bfloat16:  # NumPy has none
            host = host.float()
        return host.numpy()

    def function(self, name: str) -> Callable[..., Any]:
        return log1p if name == "log1p" else super().function(name)

    def library_special(self, name: str) -> Any:
        return getattr(torch.special, _SPECIAL.get(name, name), None)

    def is_plain(self, array: RawArray) -> bool:
        if torch.compiler.is_compiling():
            return False  # a traced tensor does not tell; the compiler deals with the copy
        return array.is_contiguous() and not array.is_conj() and not array.is_neg()

    def copy(self, array: RawArray) -> RawArray:
        copied = array.clone(memory_format=torch.contiguous_format)
        return copied.resolve_conj().resolve_neg()

    def writeable(self, array: RawArray) -> bool:
        return True

    def get_item(self, array: RawArray, key: Any) -> RawArray:
        if has_negative_step(key):
            return _torch_slices.read(array, key)
        return array[key]

    def set_item(self, array: RawArray, key: Any, value: Any) -> None:
        if has_negative_step(key):
            _torch_slices.write(array, key, value)
        else:
            array[key] = value

    def overwrite(self, array: RawArray, values: RawArray) -> None:
        # PyTorch refuses to write into elements that share one place in memory.
        places = tuple([slice(1 if step == 0 else None) for step in array.stride()])
        array[places] = values[places]

    def flip(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        return _torch_slices.flipped(array, axes)

    def add_flat(self, size: int, where: RawArray, values: RawArray) -> RawArray:
        out = torch.zeros(size, dtype=values.dtype, device=values.device)
        return out.index_add_(0, where, values)

    def add_taken(
        self, shape: tuple[int, ...], index: RawArray, axis: int, values: RawArray
    ) -> RawArray:
        out = torch.zeros(shape, dtype=values.dtype, device=values.device)
        index = torch.where(index < 0, index + shape[axis], index)
        return out.index_add_(axis, index, values)

    def add_part(self, total: RawArray, key: Any, values: RawArray) -> RawArray:
        if not is_basic(key) or has_negative_step(key):
            return super().add_part(total, key, values)
        total[key].add_(values)
        return total

    def add_into(self, total: RawArray, term: RawArray) -> RawArray:
        return total.add_(term)

    def storage(self, array: RawArray) -> int:
        return array.untyped_storage().data_ptr()

    def same_storage(self, a: RawArray, b: RawArray) -> bool:
        if torch.compiler.is_compiling():  # a traced tensor has no address
            return (a if a._base is None else a._base) is (b if b._base is None else b._base)
        return self.storage(a) == self.storage(b)

    def may_overlap(self, a: RawArray, b: RawArray) -> bool:
        return self.storage(a) == self.storage(b)

    def windows(
        self,
        array: RawArray,
        kernel: Sequence[int],
        counts: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        first = array.ndim - len(kernel)
        for i, (size, count, step, gap) in enumerate(
            zip(kernel, counts, stride, dilation, strict=True)
        ):
            array = array.unfold(first + i, gap * (size - 1) + 1, step)[..., ::gap]
            array = array.narrow(first + i, 0, count)
        return array

    def fold(
        self,
        array: RawArray,
        size: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        first = array.ndim - 2 * len(size)
        out = torch.zeros((*array.shape[:first], *size), dtype=array.dtype, device=array.device)
        return _windows.fold_into(out, array, stride, dilation)


def make() -> Backend:
    return TorchBackend()
