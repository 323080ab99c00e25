"""NumPy, on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from . import _windows
from ._backend import Backend
from ._device import Device
from ._numpy_namespace import make as make_namespace
from ._rules import KERNELS, RawArray
from ._special import GENERAL, scipy_special
from ._subclasses import refuse, refuse_in

_CPU = Device("numpy", "cpu", 0)
#: Array API name -> NumPy's name of an elementwise function, where the two differ.
_UFUNCS = {"pow": "power", "divide": "true_divide"}


class NumPyBackend(Backend):
    """NumPy arrays."""

    multi_device = False
    knows_storage = True
    mixes_indices = True
    fills = True

    def __init__(self) -> None:
        super().__init__("numpy", make_namespace(), (np.ndarray,))
        if "numpy" in KERNELS:
            self.rules = KERNELS["numpy"]().make_rules()

    def device(self, array: RawArray) -> Device:
        return _CPU

    def from_raw_device(self, raw: Any) -> Device:
        return _CPU

    def raw_device(self, device: Device) -> str:
        return "cpu"

    def _raw_devices(self) -> Iterable[Any]:
        return ["cpu"]

    def devices(self) -> list[Device]:
        return [_CPU]

    def to_device(self, array: RawArray, device: Device) -> RawArray:
        return array

    def scope(self, array: RawArray) -> Any:
        # A derivative may be infinite: that is its value, and needs no warning.
        return np.errstate(all="ignore")

    def adopt(self, array: RawArray) -> RawArray:
        if type(array) is np.ndarray:
            return array
        refuse(type(array), array.shape)
        return array.view(np.ndarray)

    def asarray(self, data: Any, dtype: Any = None, device: Device | None = None) -> RawArray:
        refuse_in(data)
        return np.asarray(data, dtype=None if dtype is None else self.dtype(dtype))

    def create(self, name: str, device: Device, /, *args: Any, **kwargs: Any) -> RawArray:
        return getattr(self.xp, name)(*args, **kwargs)

    def to_numpy(self, array: RawArray) -> Any:
        return array

    def dtype(self, dtype: Any) -> Any:
        try:
            found = np.dtype(dtype)
        except TypeError:
            found = np.dtype(super().dtype(dtype))
        if found.kind not in "biufc" and found.name != "bfloat16":
            raise self.no_dtype(dtype)
        return found

    def is_inexact(self, dtype: Any) -> bool:
        return dtype.kind in "fc" or dtype.name == "bfloat16"

    def is_complex(self, dtype: Any) -> bool:
        return dtype.kind == "c"

    def strong_scalars(self, value: Any, like: RawArray) -> bool:
        return True

    def elementwise(self, name: str) -> Callable[..., Any]:
        found = getattr(np, _UFUNCS.get(name, name), None)
        return found if isinstance(found, np.ufunc) else self.function(name)

    def special(self, name: str) -> Callable[..., Any]:
        return _SPECIAL[name] if name in _SPECIAL else super().special(name)

    def library_special(self, name: str) -> Callable[..., Any] | None:
        return scipy_special(self.name, name)

    def logsumexp(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        with np.errstate(all="ignore"):  # the logarithm of 0 is −∞ here, and needs no warning
            return super().logsumexp(array, axes)

    def is_plain(self, array: RawArray) -> bool:
        flags = array.flags
        return flags.c_contiguous and flags.writeable

    def copy(self, array: RawArray) -> RawArray:
        return np.array(array, copy=True, order="C", subok=True)

    def writeable(self, array: RawArray) -> bool:
        return array.flags.writeable

    def laid_out_as(self, array: RawArray, like: RawArray) -> RawArray:
        if array.strides == like.strides or 0 in like.strides or not like.size:
            return array
        low, high = np.lib.array_utils.byte_bounds(like)
        start = like.__array_interface__["data"][0] - low
        new = np.ndarray(
            like.shape, like.dtype, np.empty(high - low, np.uint8), start, like.strides
        )
        new[...] = array
        return new

    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        out = np.zeros(shape, dtype=values.dtype)
        if is_basic(key):
            out[key] = values
        else:
            np.add.at(out, key, values)
        return out

    def add_part(self, total: RawArray, key: Any, values: RawArray) -> RawArray:
        if not total.flags.writeable:
            return super().add_part(total, key, values)
        if is_basic(key):
            total[key] += values
        else:
            np.add.at(total, key, values)
        return total

    def owner(self, array: RawArray) -> RawArray | None:
        base = array.base
        owner = array if base is None else base
        if type(owner) is not np.ndarray or owner.base is not None:
            return None
        flags = owner.flags
        return owner if flags.owndata and flags.writeable and array.flags.writeable else None

    def add_flat(self, size: int, where: RawArray, values: RawArray) -> RawArray:
        out = np.zeros(size, dtype=values.dtype)
        np.add.at(out, where, values)
        return out

    def ones_like(self, array: RawArray) -> RawArray:
        return np.ones(array.shape, array.dtype)

    def as_array(self, value: RawArray) -> RawArray:
        return value if type(value) is np.ndarray else np.asarray(value)

    def add(self, a: RawArray, b: RawArray) -> RawArray:
        total = np.add(a, b)
        return total if type(total) is np.ndarray else np.asarray(total)

    def add_into(self, total: RawArray, term: RawArray) -> RawArray:
        if total.flags.writeable:
            return np.add(total, term, total)
        return self.add(total, term)

    def is_finite(self, array: RawArray) -> bool:
        return bool(np.isfinite(array).all())

    def storage(self, array: RawArray) -> int:
        while isinstance(array.base, np.ndarray):
            array = array.base
        return id(array)

    def may_overlap(self, a: RawArray, b: RawArray) -> bool:
        return bool(np.may_share_memory(a, b))

    def pad(self, array: RawArray, widths: Sequence[tuple[int, int]], value: float) -> RawArray:
        array = _windows.crop(array, widths)
        shape = _windows.padded_shape(array, widths)
        if shape == array.shape:
            return array
        out = np.zeros(shape, array.dtype) if value == 0 else np.full(shape, value, array.dtype)
        out[_windows.inner(array, widths)] = array
        return out

    def windows(
        self,
        array: RawArray,
        kernel: Sequence[int],
        counts: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        # Not `as_strided`: from its arrays `storage` cannot find whose memory they show.
        whole = _contiguous_root(array)
        if whole is None:
            whole = array = np.ascontiguousarray(array)
        start = _address(array) - _address(whole)
        first = array.ndim - len(kernel)
        shape = (*array.shape[:first], *counts, *kernel)
        lead, steps = array.strides[:first], array.strides[first:]
        by_count = [n * step for n, step in zip(steps, stride, strict=True)]
        by_kernel = [n * gap for n, gap in zip(steps, dilation, strict=True)]
        view = np.ndarray(shape, array.dtype, whole, start, (*lead, *by_count, *by_kernel))
        view.flags.writeable = False
        return view

    def fold(
        self,
        array: RawArray,
        size: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        first = array.ndim - 2 * len(size)
        out = np.zeros((*array.shape[:first], *size), array.dtype)
        return _windows.fold_into(out, array, stride, dilation)


def _contiguous_root(array: RawArray) -> RawArray | None:
    """The contiguous array whose memory `array` shows, itself or transposed; `None` without one."""
    while not array.flags.c_contiguous:
        if array.flags.f_contiguous:
            return array.T
        if not array.size or not isinstance(array.base, np.ndarray):
            return None
        array = array.base
    return array


def _address(array: RawArray) -> int:
    return array.__array_interface__["data"][0]


def is_basic(key: Any) -> bool:
    """Whether an index selects each element at most once: it has no integer arrays or lists."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, (int, np.integer, slice))
        or getattr(part, "dtype", None) == np.bool_
        for part in parts
    )


def expit(x: RawArray) -> RawArray:
    """1/(1 + e⁻ˣ), from e^(−|x|), which cannot overflow; in place."""
    if x.dtype.kind != "f" or x.ndim == 0:
        return GENERAL["expit"](np, x if x.dtype.kind in "fcV" else x.astype(np.float64))
    z = np.abs(x)
    np.negative(z, z)
    np.exp(z, z)
    # The larger of z ≤ 1 and 1 or 0: 1 where x ≥ 0, else z. (`where` is slow on random masks.)
    numerator = np.maximum(z, x >= 0)
    np.add(z, 1, z)
    return np.divide(numerator, z, z)


def relu(x: RawArray) -> RawArray:
    return np.maximum(x, 0)


_SPECIAL: dict[str, Callable[..., Any]] = {
    "expit": expit,
    "relu": relu,
    "exp2": np.exp2,
    "cbrt": np.cbrt,
}


def make() -> Backend:
    return NumPyBackend()
