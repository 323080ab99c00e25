"""The adapter between keratorch and an array library, in terms of the Array API standard.

`Backend` is the general adapter: it works for any library whose arrays have
`__array_namespace__`. A library with faster or missing functions gets a subclass.
"""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from keratorch.errors import (
    BackendUnavailableError,
    DeviceMismatchError,
    DTypeError,
    UnknownDeviceError,
)

from . import _softmax, _special, _windows
from ._device import Device
from ._dtypes import NAMES, dtype_name, is_complex_dtype, name_of_code
from ._rules import RawArray, RuleTable

SCALARS = frozenset([bool, int, float, complex])
#: Array API name -> the operator, which takes Python scalars in every library.
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "pow": operator.pow,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "bitwise_left_shift": operator.lshift,
    "bitwise_right_shift": operator.rshift,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
}


class Backend:
    """An array library: the types of its arrays, its namespace, its devices, its own rules.

    name : unique, such as ``"numpy"``.
    xp : the library's Array API namespace, for raw arrays.
    array_types : the exact types of its arrays.
    rules : `Grad` subclass -> ``rule(node, grad) -> tuple of gradients``. The engine uses such a
        rule in place of the class's `backward` where nothing is recorded.
    """

    #: Whether the library has several devices; if not, keratorch does not compare devices.
    multi_device: bool = True
    #: Whether values are computed only when they are asked for.
    lazy: bool = False
    #: Whether a subclass defines `scope`, the context in which backward then runs.
    has_scope: bool = False
    #: Whether `storage` is the same for an array and all its views.
    knows_storage: bool = False
    #: Whether no array can be written, not even by the library itself.
    immutable: bool = False
    #: Whether a key may mix slices and integer arrays, as in ``x[:, index]``.
    mixes_indices: bool = False
    #: Whether the library's functions take NumPy arrays beside its own, and return its own.
    takes_numpy: bool = False
    #: Whether NumPy arrays of integers and booleans are indices into the library's arrays.
    takes_numpy_indices: bool = False
    #: Whether `flip` and negative steps copy, although arrays can be written in place.
    flips_by_copy: bool = False
    #: Whether `owner` tells who owns memory, so that recorded writes may happen in place.
    fills: bool = False

    def __init_subclass__(cls) -> None:
        cls.has_scope = cls.scope is not Backend.scope

    def __init__(self, name: str, xp: Any, array_types: Sequence[type] = ()) -> None:
        self.name: str = name
        self.xp: Any = xp
        self.array_types: tuple[type, ...] = tuple(array_types)
        self.rules: RuleTable = RuleTable()

    def __repr__(self) -> str:
        return f"<keratorch backend {self.name!r}>"

    # -- devices ---------------------------------------------------------------------------

    def device(self, array: RawArray) -> Device | None:
        """The device of `array`; `None` for an array without one (a tracer)."""
        raw = getattr(array, "device", None)
        return None if raw is None else self.from_raw_device(raw)

    def from_raw_device(self, raw: Any) -> Device:
        """The `Device` for the library's own device object."""
        text = str(raw).lower()
        kind, _, index = text.partition(":")
        return Device(self.name, kind, int(index) if index.isdigit() else 0)

    def raw_device(self, device: Device) -> Any:
        """The library's own object for `device`."""
        for raw in self._raw_devices():
            if self.from_raw_device(raw) == device:
                return raw
        raise UnknownDeviceError(
            f"{self.name} has no device {device}; it has "
            + ", ".join(str(d) for d in self.devices())
        )

    def _raw_devices(self) -> Iterable[Any]:
        info = getattr(self.xp, "__array_namespace_info__", None)
        if info is not None:
            return info().devices()
        return [getattr(self.xp.zeros(()), "device", None) or "cpu"]  # before the 2023.12 standard

    def devices(self) -> list[Device]:
        """The devices that can be used on this machine."""
        return [self.from_raw_device(d) for d in self._raw_devices() if d is not None]

    def current_device(self) -> Device:
        """The device of new arrays if the caller names none."""
        return self.devices()[0]

    def why_unavailable(self) -> str | None:
        """A sentence that says what is missing; `None` if the backend can be used."""
        return None

    def require(self) -> None:
        """Raise `BackendUnavailableError` unless the backend can be used."""
        why = self.why_unavailable()
        if why is not None:
            raise BackendUnavailableError(why)

    def to_device(self, array: RawArray, device: Device) -> RawArray:
        """`array` on another device of this backend."""
        import array_api_compat

        return array_api_compat.to_device(array, self.raw_device(device))

    def scope(self, array: RawArray) -> contextlib.AbstractContextManager[Any]:
        """The context in which backward runs; `array` is one of the forward pass."""
        return contextlib.nullcontext()

    def on_device(self, array: RawArray) -> contextlib.AbstractContextManager[Any]:
        """A context in which functions of the library run on the device of `array`."""
        return contextlib.nullcontext()

    # -- conversion ------------------------------------------------------------------------

    def adopt(self, array: RawArray) -> RawArray:
        """An array of a known type, in the form that `GradArray._array` holds; never copies."""
        return array

    def asarray(self, data: Any, dtype: Any = None, device: Device | None = None) -> RawArray:
        """`data` (an array of this library, host data, nested lists, a scalar) as an array."""
        kwargs: dict[str, Any] = {}
        if dtype is not None:
            kwargs["dtype"] = self.dtype(dtype)
        if device is not None:
            kwargs["device"] = self.raw_device(device)
        return self.xp.asarray(data, **kwargs)

    def create(self, name: str, device: Device, /, *args: Any, **kwargs: Any) -> RawArray:
        """The library's creation function `name`, on `device`."""
        return getattr(self.xp, name)(*args, **kwargs)

    def from_numpy(self, array: Any, device: Device | None = None) -> RawArray:
        """A copy of a NumPy array on `device`.

        Never a view: keratorch would not notice that a write to one array changes the other.
        """
        import numpy as np

        return self.asarray(np.array(array), device=device)

    def to_numpy(self, array: RawArray) -> Any:
        """A NumPy array with the values of `array`, on the host."""
        import numpy as np

        return np.asarray(array)

    def dtype(self, dtype: Any) -> Any:
        """This library's dtype for `dtype`; `DTypeError` if the library has none.

        dtype : a name, a code of NumPy such as ``"f8"``, or a dtype of any library.
        """
        name = dtype if isinstance(dtype, str) else dtype_name(dtype)
        if isinstance(dtype, str) and not hasattr(self.xp, dtype):
            name = name_of_code(dtype)
        found = getattr(self.xp, name, None) if name else None
        if found is None or (callable(found) and not isinstance(found, type)):
            raise self.no_dtype(dtype)
        return found

    def no_dtype(self, dtype: Any) -> DTypeError:
        """The error for a dtype that the library, or keratorch, has not."""
        return DTypeError(
            f"{self.name} has no dtype {dtype!r} of booleans or numbers: use one of "
            + ", ".join(name for name in NAMES if hasattr(self.xp, name))
        )

    def float_dtype(self, dtype: Any = None) -> Any:
        """This library's dtype for `dtype`; for `None` its default real floating dtype."""
        if dtype is not None:
            return self.dtype(dtype)
        return self.xp.__array_namespace_info__().default_dtypes()["real floating"]

    # -- dtypes ----------------------------------------------------------------------------

    def is_inexact(self, dtype: Any) -> bool:
        """Whether `dtype` is floating or complex: whether a gradient exists."""
        return self.xp.isdtype(dtype, ("real floating", "complex floating"))

    def is_complex(self, dtype: Any) -> bool:
        """Whether `dtype` is complex."""
        return is_complex_dtype(dtype)

    # -- values ----------------------------------------------------------------------------

    def function(self, name: str) -> Callable[..., Any]:
        """The library's function of raw arrays, by its Array API name.

        Raises `BackendUnavailableError` where the library has none.
        """
        try:
            return getattr(self.xp, name)
        except AttributeError:
            raise BackendUnavailableError(
                f"{self.name} has no function {name!r}; move the array with to_device to a "
                "backend that has it"
            ) from None

    def elementwise(self, name: str) -> Callable[..., Any]:
        """The function `name` for one or two raw arrays, or an array and a Python scalar."""
        operator_function = OPERATORS.get(name)
        if operator_function is not None:
            function = operator_function
        else:
            function = self.function(name)

        def checked(*operands: Any) -> RawArray:
            if len(operands) == 2:
                a, b = operands
                if type(a) in SCALARS:
                    a = a if operator_function else self.scalar(a, b)
                elif type(b) in SCALARS:
                    b = b if operator_function else self.scalar(b, a)
                else:
                    self.check_devices(name, a, b)
                return function(a, b)
            return function(*operands)

        return checked

    def check_devices(self, op: str, *arrays: RawArray) -> None:
        """Raise `DeviceMismatchError` unless the arrays live on one device."""
        # Not a set, in which torch.compile takes equal devices for different ones.
        devices = [d for d in map(self.device, arrays) if d is not None]
        for device in devices[1:]:
            if device != devices[0]:
                raise DeviceMismatchError(
                    f"{op} was given {self.name} arrays on "
                    + " and ".join(sorted({str(d) for d in devices}))
                    + ": move one with to_device, as in x.to_device(y.device)"
                )

    def mixing_hint(self, other: Backend) -> str:
        """The end of the error for arrays of this backend and `other`; starts with a semicolon."""
        return ""

    def scalar(self, value: Any, like: RawArray) -> RawArray:
        """A Python scalar as an array beside `like`: on its device, of its dtype if it fits."""
        dtype = self.weak_dtype(type(value), like.dtype)
        return self.asarray(value, dtype=dtype, device=self.device(like))

    def takes_numpy_value(self, value: Any, key: Any) -> bool:
        """Whether the library takes the NumPy array `value` in ``array[key] = value``."""
        return self.takes_numpy

    def strong_scalars(self, value: Any, like: RawArray) -> bool:
        """Whether a NumPy scalar beside `like` keeps its dtype; else it is as a Python scalar."""
        return False

    def weak_dtype(self, kind: type, dtype: Any) -> Any:
        """The dtype of a Python scalar beside one of `dtype`; `None` for the library's default."""
        isdtype = self.xp.isdtype
        if kind is bool:
            return dtype if isdtype(dtype, "bool") else None
        if kind is int:
            return None if isdtype(dtype, "bool") else dtype
        if kind is float:
            return dtype if isdtype(dtype, ("real floating", "complex floating")) else None
        if isdtype(dtype, "complex floating"):
            return dtype
        if isdtype(dtype, "real floating"):
            return self.xp.result_type(dtype, self.xp.complex64)
        return None

    def special(self, name: str) -> Callable[..., Any]:
        """The special function of raw arrays, by SciPy's name."""
        return _special.find(self, name)

    def library_special(self, name: str) -> Callable[..., Any] | None:
        """The library's own special function, by SciPy's name; `None` if it has none."""
        return None

    def linalg(self, name: str) -> Callable[..., Any]:
        """The linear algebra function of raw arrays, by its Array API name.

        Raises `BackendUnavailableError` where the library has none.
        """
        found = getattr(getattr(self.xp, "linalg", None), name, None)
        if found is None:
            raise BackendUnavailableError(
                f"{self.name} has no linalg.{name}; move the array with to_device to a backend "
                "that has it"
            )
        return found

    def logsumexp(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        """log Σ eˣ along `axes`, which are kept."""
        return _softmax.logsumexp(self.xp, array, axes)

    def softmax(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        """eˣ / Σ eˣ along `axes`."""
        return _softmax.softmax(self.xp, array, axes)

    def log_softmax(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        """x − log Σ eˣ along `axes`."""
        return _softmax.log_softmax(self.xp, array, axes)

    def is_plain(self, array: RawArray) -> bool:
        """Whether `array` can become the gradient of a leaf: it is contiguous and writable."""
        return True

    def copy(self, array: RawArray) -> RawArray:
        """A copy, contiguous and writable if the library has such properties."""
        return self.xp.asarray(array, copy=True)

    def writeable(self, array: RawArray) -> bool:
        """Whether `array` can be written in place."""
        import array_api_compat

        return array_api_compat.is_writeable_array(array)

    def shape_of(self, array: RawArray) -> tuple[int, ...]:
        """The shape of `array`, in the form that a derivative keeps for `add_at` and its like."""
        return tuple(array.shape)

    def settled(self, shape: tuple[int, ...], key: Any) -> Any:
        """An index into an array of `shape`, in the form that a derivative keeps."""
        return key

    def get_item(self, array: RawArray, key: Any) -> RawArray:
        """``array[key]``; arrays may be in the key."""
        return array[key]

    def set_item(self, array: RawArray, key: Any, value: Any) -> None:
        """``array[key] = value`` in place; `array` is writable."""
        array[key] = value

    def with_item(self, array: RawArray, key: Any, value: Any) -> RawArray:
        """A copy of `array` in which ``[key]`` is `value`."""
        new = self.copy(array)
        self.set_item(new, key, value)
        return new

    def overwrite(self, array: RawArray, values: RawArray) -> None:
        """``array[...] = values`` in place; `values` agree where strides of 0 repeat an element."""
        self.set_item(array, ..., values)

    def flip(self, array: RawArray, axes: tuple[int, ...]) -> RawArray:
        """`array` with the order along `axes` reversed."""
        return self.xp.flip(array, axis=axes)

    def laid_out_as(self, array: RawArray, like: RawArray) -> RawArray:
        """`array` with the strides of `like`, which decide where `reshape` makes a view."""
        return array

    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        """Zeros of `shape` with `values` added at `key`; repeated indices add up."""
        where = self.get_item(self._positions(shape, values), key)
        if math.prod(where.shape):
            values = self.xp.broadcast_to(values, where.shape)
        return self._added(shape, where, values)

    def add_part(self, total: RawArray, key: Any, values: RawArray) -> RawArray:
        """`total` with `values` added at `key` as `add_at` adds, in place where the library can."""
        return self.add_into(total, self.add_at(tuple(total.shape), key, values))

    def owner(self, array: RawArray) -> RawArray | None:
        """The array that owns the memory of `array`; `None` if others may own or see it unseen.

        Each array that shows the memory refers to the owner in Python.
        """
        return None

    def add_taken(
        self, shape: tuple[int, ...], index: RawArray, axis: int, values: RawArray
    ) -> RawArray:
        """The transpose of ``take(x, index, axis=axis)`` for `x` of `shape`; adds as `add_at`."""
        if self.mixes_indices:
            return self.add_at(shape, (slice(None),) * axis + (index,), values)
        where = self.xp.take(self._positions(shape, values), index, axis=axis)
        return self._added(shape, where, values)

    def add_along(
        self, shape: tuple[int, ...], index: RawArray, axis: int, values: RawArray
    ) -> RawArray:
        """The transpose of `take_along` for an array of `shape`; adds as `add_at`."""
        where = self.take_along(self._positions(shape, values), index, axis)
        return self._added(shape, where, values)

    def take_along(self, array: RawArray, index: RawArray, axis: int) -> RawArray:
        """``take_along_axis(array, index, axis=axis)``."""
        return self.xp.take_along_axis(array, index, axis=axis)

    def _positions(self, shape: tuple[int, ...], like: RawArray) -> RawArray:
        """The numbers 0, 1, … of the elements of an array of `shape`, on the device of `like`."""
        numbers = self.xp.arange(math.prod(shape), device=getattr(like, "device", None))
        return self.xp.reshape(numbers, shape)

    def _added(self, shape: tuple[int, ...], where: RawArray, values: RawArray) -> RawArray:
        """Zeros of `shape`, with `values` added to the elements whose numbers are in `where`."""
        size = math.prod(shape)
        if not math.prod(where.shape):
            device = getattr(values, "device", None)
            return self.xp.zeros(shape, dtype=values.dtype, device=device)
        reshape = self.xp.reshape
        total = self.add_flat(size, reshape(where, (-1,)), reshape(values, (-1,)))
        return reshape(total, shape)

    def add_flat(self, size: int, where: RawArray, values: RawArray) -> RawArray:
        """`size` zeros, with each of `values` added at its index in `where`.

        The general way adds one element after the other.
        """
        device = getattr(values, "device", None)
        out = self.xp.zeros((size,), dtype=values.dtype, device=device)
        for i in range(where.size or 0):
            out[int(where[i])] += values[i]
        return out

    def ones_like(self, array: RawArray) -> RawArray:
        return self.xp.ones_like(array)

    def is_finite(self, array: RawArray) -> bool:
        """Whether all elements are finite; `False` also where the library is slow to tell."""
        return False

    def as_array(self, value: RawArray) -> RawArray:
        """`value`, a result of this library, as an array: some functions return scalars."""
        return value

    def add(self, a: RawArray, b: RawArray) -> RawArray:
        """``a + b`` as a new array."""
        return a + b

    def add_into(self, total: RawArray, term: RawArray) -> RawArray:
        """``total + term``, in place if the library can; `total` belongs to the engine."""
        return total + term

    def storage(self, array: RawArray) -> int:
        """A key that two arrays share if they share memory."""
        return id(array)

    def same_storage(self, a: RawArray, b: RawArray) -> bool:
        """Whether two arrays lie in the same memory."""
        return self.storage(a) == self.storage(b)

    def may_overlap(self, a: RawArray, b: RawArray) -> bool:
        """Whether a write to `a` may show in `b`, given that one is a view of the other."""
        return True

    def sparse_operand(self, matrix: Any, array: RawArray) -> Any:
        """A sparse matrix of this library, in the form in which `sparse_matmul` multiplies it."""
        return matrix

    def sparse_matmul(self, matrix: Any, array: RawArray) -> RawArray:
        """``matrix @ array`` for a sparse matrix of this library."""
        return self.as_array(matrix @ array)

    # -- windows: see `_windows` -----------------------------------------------------------

    def pad(self, array: RawArray, widths: Sequence[tuple[int, int]], value: float) -> RawArray:
        """`array` with `value` before and after each axis; negative widths crop."""
        return _windows.pad(self.xp, array, widths, value)

    def shifted(self, array: RawArray, n: int, value: float) -> RawArray:
        """``array[..., n:]`` with `value` after it, or before it for a negative `n`."""
        return _windows.shifted(self.xp, array, n, value)

    def windows(
        self,
        array: RawArray,
        kernel: Sequence[int],
        counts: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        """Windows over the last axes of `array`: (…, *counts, *kernel); perhaps a view."""
        return _windows.windows(self.xp, array, kernel, counts, stride, dilation)

    def fold(
        self,
        array: RawArray,
        size: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        """The windows `array`, added up at their places in axes of lengths `size`."""
        return _windows.fold(self.xp, array, size, stride, dilation)
