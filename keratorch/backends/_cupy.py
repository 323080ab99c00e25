"""CuPy, on CUDA GPUs."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import array_api_compat.cupy
import cupy as cp
import numpy as np
from cupy.cuda.memory import OutOfMemoryError

from keratorch.errors import DeviceMemoryError
from keratorch.policy import policy

from ._backend import Backend
from ._cupy_own import OWN
from ._cupy_streams import await_maker, behind, catch_up, note, order, stream_of
from ._device import Device
from ._indices import is_basic as makes_view
from ._numpy import is_basic
from ._rules import KERNELS, RawArray, Rule, RuleTable


def out_of_memory(error: Exception) -> DeviceMemoryError:
    """The error to raise in place of CuPy's own; its message says what CuPy's pool holds."""
    pool = cp.get_default_memory_pool()
    total, used = pool.total_bytes(), pool.used_bytes()
    free, there = cp.cuda.runtime.memGetInfo()
    return DeviceMemoryError(
        f"{error} CuPy's pool holds {total:,} bytes of device cuda:{cp.cuda.runtime.getDevice()}, "
        f"of which {used:,} are in use; the device has {there:,}, of which {free:,} are free. The "
        "graph is as it was: free arrays that are no longer needed, and call the operation or "
        "backward() again"
    )


def explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, with memory errors that say what CuPy's pool holds."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except OutOfMemoryError as error:
            raise out_of_memory(error) from error

    return wrapper


def device_of(values: Any) -> contextlib.AbstractContextManager[Any]:
    """A context that makes the device of the first array in `values` current, as kernels need."""
    for value in values:
        if isinstance(value, cp.ndarray):
            if value.device.id == cp.cuda.runtime.getDevice():
                break
            return value.device
        if isinstance(value, (list, tuple)):
            return device_of(value)
    return contextlib.nullcontext()


def summed_dtype(dtype: Any) -> Any:
    """The dtype in which to sum numbers of `dtype`: float32 for float16 and bfloat16."""
    return cp.dtype("f") if dtype.itemsize == 2 and dtype.kind in "fV" else dtype


class CuPyNamespace(ModuleType):
    """A namespace of `array_api_compat.cupy`; its functions run on the device of their arrays."""

    def __init__(self, source: Any) -> None:
        super().__init__(source.__name__)
        self._source = source

    def __getattr__(self, name: str) -> Any:
        value = OWN.get((self._source.__name__.rpartition(".")[2], name))
        if value is None:
            value = getattr(self._source, name)
        if isinstance(value, ModuleType):
            value = CuPyNamespace(value)
        elif callable(value) and not isinstance(value, type):
            value = _where_its_arrays_are(value)
        self.__dict__[name] = value
        return value


def _where_its_arrays_are(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        # Some creation functions of CuPy ignore device=.
        device = kwargs.pop("device", None)
        with device_of(args) if device is None else cp.cuda.Device(device):
            if behind:
                catch_up()
            found = function(*args, **kwargs)
            note(found)
            return found

    return explained(called)


class CuPyRules(RuleTable):
    """Runs each rule on the device of the gradient that it is given."""

    __slots__ = ()

    def __missing__(self, cls: type) -> Rule:
        kernels = KERNELS["cupy"]()
        rule = kernels.RULES.get(cls)
        if rule is None:
            rule = (
                kernels.ElementwiseRule(cls)
                if kernels.has_generated_rule(cls)
                else super().__missing__(cls)
            )
        self[cls] = rule
        return self[cls]

    def __setitem__(self, cls: type, rule: Rule) -> None:
        super().__setitem__(cls, _where_its_gradient_is(rule))


def _where_its_gradient_is(rule: Rule) -> Rule:
    def on_device(node: Any, grad: Any) -> Any:
        with device_of((grad,)):
            return rule(node, grad)

    return explained(on_device)


xp: Any = CuPyNamespace(array_api_compat.cupy)


class CuPyBackend(Backend):
    """CuPy arrays; one device each."""

    knows_storage = True
    takes_numpy_indices = True
    fills = True

    def __init__(self) -> None:
        super().__init__("cupy", xp, (cp.ndarray,))
        self.rules = CuPyRules()

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
            return self._needs(_trouble(error))
        return None if count else self._needs("finds no GPU")

    @staticmethod
    def _needs(what: str) -> str:
        return (
            f"CuPy {cp.__version__} is installed but {what}: it needs an NVIDIA GPU and a driver "
            f"for CUDA {_cuda()}, which https://www.nvidia.com/drivers has; for an older driver "
            f"pip install 'keratorch-autograd[cuda12]'; without a GPU use device='cpu'"
        )

    @explained
    def to_device(self, array: RawArray, device: Device) -> RawArray:
        with array.device as source:  # CuPy copies only contiguous arrays between devices
            await_maker(array)
            array = cp.ascontiguousarray(array)
            sending = cp.cuda.get_current_stream()
            if source.id == device.index:
                found = cp.array(array, copy=True)
                note(found)
                return found
            with cp.cuda.Device(device.index):
                if behind:
                    catch_up()
                receiving = cp.cuda.get_current_stream()
                order(sending, receiving, source.id, device.index)
                found = cp.array(array, copy=True)
                note(found)
                order(receiving, sending, device.index, source.id)
            return found

    def scope(self, array: RawArray) -> contextlib.AbstractContextManager[None]:
        return stream_of(array)

    def on_device(self, array: RawArray) -> contextlib.AbstractContextManager[Any]:
        return array.device

    # -- conversion ------------------------------------------------------------------------

    @explained
    def asarray(self, data: Any, dtype: Any = None, device: Device | None = None) -> RawArray:
        self.require()
        where = contextlib.nullcontext() if device is None else cp.cuda.Device(device.index)
        with where:
            return cp.asarray(data, dtype=None if dtype is None else self.dtype(dtype))

    @explained
    def create(self, name: str, device: Device, /, *args: Any, **kwargs: Any) -> RawArray:
        # Some creation functions of CuPy ignore device=.
        kwargs.pop("device", None)
        with cp.cuda.Device(device.index):
            return getattr(xp, name)(*args, **kwargs)

    def strong_scalars(self, value: Any, like: RawArray) -> bool:
        # A scalar that promotes nothing goes on as a Python number.
        if not isinstance(value, np.generic):
            return False
        try:
            return cp.result_type(value, like) != like.dtype
        except TypeError:  # bfloat16 and some other dtypes; ufuncs promote them all the same
            return True

    def takes_numpy_value(self, value: Any, key: Any) -> bool:
        return value.ndim == 0 or not makes_view(key)

    def from_numpy(self, array: Any, device: Device | None = None) -> RawArray:
        return self.asarray(array, device=device)

    @explained
    def to_numpy(self, array: RawArray) -> Any:
        with device_of((array,)):
            if isinstance(array, cp.ndarray):
                await_maker(array)
            return cp.asnumpy(array)

    def dtype(self, dtype: Any) -> Any:
        try:
            found = cp.dtype(dtype)
        except TypeError:
            found = cp.dtype(super().dtype(dtype))
        if found.kind not in "biufc" and found.name != "bfloat16":
            raise self.no_dtype(dtype)
        return found

    def is_inexact(self, dtype: Any) -> bool:
        return dtype.kind in "fc" or dtype.name == "bfloat16"

    def is_complex(self, dtype: Any) -> bool:
        return dtype.kind == "c"

    def mixing_hint(self, other: Backend) -> str:
        if other.name != "numpy":
            return ""
        return (
            "; cupy.get_array_module answers numpy for every GradArray: "
            "keratorch.cupy.get_array_module looks at what it holds"
        )

    # -- values ----------------------------------------------------------------------------

    def elementwise(self, name: str) -> Callable[..., Any]:
        function = self.function(name)

        def checked(*operands: Any) -> RawArray:
            arrays = [a for a in operands if type(a) is cp.ndarray]
            if len(arrays) == 2 and arrays[0].device != arrays[1].device:
                self.check_devices(name, *arrays)
            with arrays[0].device:
                if behind:
                    catch_up()
                found = function(*operands)
                note(found)
                return found

        return explained(checked)

    def special(self, name: str) -> Callable[..., Any]:
        function = super().special(name)
        return _where_its_arrays_are(KERNELS["cupy"]().forward_kernel(name, function))

    def library_special(self, name: str) -> Callable[..., Any] | None:
        import cupyx.scipy.special

        return getattr(cupyx.scipy.special, name, None)

    def logsumexp(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        return self._own("logsumexp", array, axes)

    def softmax(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        return self._own("softmax", array, axes)

    def log_softmax(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        return self._own("log_softmax", array, axes)

    def _own(self, name: str, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        """The kernel of keratorch; the general function of CuPy's parts where no kernel serves."""
        general = getattr(super(), name)

        def function(array: RawArray, axes: tuple[int, ...]) -> RawArray:
            found = getattr(KERNELS["cupy"](), name)(array, axes)
            return general(array, axes) if found is None else found

        return _where_its_arrays_are(function)(array, axes)

    def is_plain(self, array: RawArray) -> bool:
        return array.flags.c_contiguous

    @explained
    def copy(self, array: RawArray) -> RawArray:
        with array.device:
            if behind:
                catch_up()
            return cp.array(array, copy=True, order="C")

    def writeable(self, array: RawArray) -> bool:
        return True

    @explained
    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        basic = is_basic(key)
        if not basic and (policy.deterministic or values.dtype.kind == "c"):
            return super().add_at(shape, key, values)
        with values.device:
            # Atomic additions in float16 would round after each one.
            kind = values.dtype if basic else summed_dtype(values.dtype)
            out = cp.zeros(shape, dtype=kind)
            if basic:
                out[key] = values
            else:
                cp.add.at(out, key, values.astype(kind, copy=False))
            return out.astype(values.dtype, copy=False)

    @explained
    def add_part(self, total: RawArray, key: Any, values: RawArray) -> RawArray:
        dtype = values.dtype
        if is_basic(key):
            with total.device:
                total[key] += values
            return total
        if policy.deterministic or dtype.kind == "c" or summed_dtype(dtype) != dtype:
            return super().add_part(total, key, values)
        with total.device:
            cp.add.at(total, key, values)
        return total

    def owner(self, array: RawArray) -> RawArray | None:
        base = array.base
        owner = array if base is None else base
        if type(owner) is not cp.ndarray or owner.base is not None:
            return None
        # Memory that another library gave is seen by that library.
        return None if isinstance(owner.data.mem, cp.cuda.UnownedMemory) else owner

    def add_taken(
        self, shape: tuple[int, ...], index: RawArray, axis: int, values: RawArray
    ) -> RawArray:
        return self.add_at(shape, (slice(None),) * axis + (index,), values)

    @explained
    def add_flat(self, size: int, where: RawArray, values: RawArray) -> RawArray:
        if policy.deterministic:
            with values.device:
                return KERNELS["cupy"]().segment_sum(size, where, values)
        if values.dtype.kind == "c":  # CuPy has no atomic addition of complex numbers
            with values.device:
                out = cp.zeros((size,), values.dtype)
                pairs = cp.ascontiguousarray(values).view(values.real.dtype).reshape(-1, 2)
                cp.add.at(out.view(pairs.dtype).reshape(-1, 2), where, pairs)
                return out
        return self.add_at((size,), where, values)

    @explained
    def settled(self, shape: tuple[int, ...], key: Any) -> Any:
        # Each read or write by a mask waits for the count of its true elements. As positions the
        # mask waits only here.
        parts = key if isinstance(key, tuple) else (key,)
        if not any(map(_is_mask, parts)):
            return key
        used = sum(_axes_used(part) for part in parts)
        found: list[Any] = []
        axis = 0
        for part in parts:
            axes = len(shape) - used if part is Ellipsis else _axes_used(part)
            if _is_mask(part):
                if part.shape != shape[axis : axis + axes]:
                    return key  # CuPy will refuse it
                with part.device:
                    found += part.nonzero()
            else:
                found.append(part)
            axis += axes
        return tuple(found)

    @explained
    def get_item(self, array: RawArray, key: Any) -> RawArray:
        with array.device:
            if behind:
                catch_up()
            found = array[key]
            note(found)
            return found

    @explained
    def set_item(self, array: RawArray, key: Any, value: Any) -> None:
        with array.device:
            if behind:
                catch_up()
            if not _written_by_mask(array, key, value):
                array[key] = value

    @explained
    def add(self, a: RawArray, b: RawArray) -> RawArray:
        with device_of((a,)):
            return cp.add(a, b)

    @explained
    def add_into(self, total: RawArray, term: RawArray) -> RawArray:
        with device_of((total,)):
            return cp.add(total, term, total)

    @explained
    def sparse_operand(self, matrix: Any, array: RawArray) -> Any:
        # CuPy converts other formats at each product, which waits for the device.
        self.check_devices("matmul", matrix.data, array)
        with array.device:
            return matrix if matrix.format in ("csr", "csc") else matrix.tocsr()

    @explained
    def sparse_matmul(self, matrix: Any, array: RawArray) -> RawArray:
        with array.device:
            if behind:
                catch_up()
            found = matrix @ array
            note(found)
            return found

    def storage(self, array: RawArray) -> int:
        return array.data.mem.ptr

    def may_overlap(self, a: RawArray, b: RawArray) -> bool:
        return bool(cp.may_share_memory(a, b))


def _written_by_mask(array: RawArray, mask: Any, value: Any) -> bool:
    """Write one number where `mask` is true, if it can be; CuPy would wait."""
    if not _is_mask(mask) or mask.shape != array.shape[: mask.ndim]:
        return False
    if type(value) is cp.ndarray:
        fits = value.ndim == 0 and cp.can_cast(value.dtype, array.dtype)
    else:
        fits = type(value) in (bool, int, float) and array.dtype.kind in "fc"
    if not fits:
        return False
    cp.copyto(array, value, where=mask.reshape(mask.shape + (1,) * (array.ndim - mask.ndim)))
    return True


def _is_mask(part: Any) -> bool:
    return isinstance(part, cp.ndarray) and part.dtype.kind == "b" and part.ndim > 0


def _axes_used(part: Any) -> int:
    """How many axes of the array a part of an index takes."""
    if part is None or part is Ellipsis or getattr(part, "dtype", None) == "bool":
        return getattr(part, "ndim", 0)
    return 1


def _cuda() -> int:
    """The major version of CUDA that this CuPy is built for."""
    return cp.cuda.runtime.runtimeGetVersion() // 1000


def _trouble(error: Any) -> str:
    """Why CUDA cannot be used, as the end of a sentence."""
    if error.status == 35:  # cudaErrorInsufficientDriver, also where there is no driver
        driver = cp.cuda.runtime.driverGetVersion()
        if not driver:
            return f"finds no NVIDIA driver ({error})"
        return (
            f"the NVIDIA driver is too old: it is for CUDA {driver // 1000}.{driver % 1000 // 10}, "
            f"this CuPy for CUDA {_cuda()} ({error})"
        )
    return f"can use no GPU ({error})"


def make() -> Backend:
    return CuPyBackend()
