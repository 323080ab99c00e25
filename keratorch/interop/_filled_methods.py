"""The methods of `Filled`, which stands for a `GradArray`: those of NumPy's arrays, all of them.

Each calls the method of the `GradArray`. What a `GradArray` lacks, and what is about the memory,
raises `LostGradientError`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import filled
from ..errors import LostGradientError

_nd = np.ndarray


def _forward(name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        function = getattr(self._now(), name, None)
        if function is None:  # a method that NumPy's arrays alone have
            raise _lost(self, name)
        return function(*args, **kwargs)

    method.__name__, method.__qualname__ = name, f"Filled.{name}"
    return method


def _operator(name: str) -> Any:
    """The method of an operator, of which the other operand may be `Filled` too."""

    def method(self: Any, other: Any) -> Any:
        other = type(self)._value(other) if type(other) is type(self) else other
        return getattr(self._value(), name)(other)

    method.__name__, method.__qualname__ = name, f"Filled.{name}"
    return method


def _in_place(name: str) -> Any:
    def method(self: Any, other: Any) -> Any:
        if not self._open:
            raise ValueError("output array is read-only")
        with self._whole()._lock:
            found = getattr(self._now(), name)(filled.settled(other))
        return found if found is NotImplemented else self

    method.__name__, method.__qualname__ = name, f"Filled.{name}"
    return method


def _no_memory(name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise _lost(self, name)

    method.__name__, method.__qualname__ = name, f"Filled.{name}"
    return method


def _lost(a: Any, name: str) -> LostGradientError:
    return LostGradientError(
        f"{name} of an array of shape {a.shape} into which a tracked value was written would lose "
        "its gradient: use its elements, or a.detach().numpy() for the values alone"
    )


def _fixed(name: str) -> property:
    """An attribute that tells about the memory, and cannot be set."""
    get = getattr(_nd, name).__get__

    def refuse(self: Any, value: Any) -> None:
        raise _lost(self, f"setting {name}")

    return property(lambda self: get(self), refuse)


def _viewing(name: str) -> Any:
    """A method whose result NumPy makes a view where it can."""
    function = getattr(_nd, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        view = function(self, *args, **kwargs)
        if hasattr(view, "_root"):
            return view
        return getattr(self._now(), name)(*args, **kwargs)  # NumPy copies

    method.__name__, method.__qualname__ = name, f"Filled.{name}"
    return method


def _property(name: str) -> property:
    get = vars(_nd)[name].__get__
    return property(lambda self: get(self))


#: The dtype that NumPy's C code sees.
c_dtype: Any = vars(_nd)["dtype"].__get__


def real_of(dtype: Any) -> Any:
    """The dtype of the parts of complex numbers."""
    return np.empty(0, dtype).real.dtype


def _dtype(self: Any) -> Any:
    """The dtype of the elements."""
    dtype = c_dtype(self)
    if dtype.kind != "V":
        return dtype
    held = self._whole()._held.dtype
    return held if dtype.itemsize == held.itemsize else real_of(held)


def _no_dtype(self: Any, value: Any) -> None:
    raise _lost(self, "setting dtype")


_BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift"),
)
#: What the memory of the array still tells rightly.
_KEPT = frozenset([
    "__array_finalize__", "__array_function__", "__array_priority__", "__array_ufunc__",
    "__array_wrap__", "__class__", "__class_getitem__", "__deepcopy__", "__delattr__", "__dir__",
    "__doc__", "__getattr__", "__getattribute__", "__getstate__", "__hash__", "__init__",
    "__init_subclass__", "__len__", "__module__", "__ne__", "__new__", "__qualname__",
    "__setattr__", "__setitem__", "__setstate__", "__sizeof__", "__slots__", "__subclasshook__",
    "__buffer__", "base", "device", "flags", "flat", "imag", "itemsize", "nbytes", "ndim", "real",
    "setflags", "size",
])  # fmt: skip
_NO_MEMORY = (
    *("byteswap", "dump", "dumps", "getfield", "newbyteorder", "resize", "setfield", "tobytes"),
    *("tofile", "tostring"),
)


def _view(self: Any, *args: Any, **kwargs: Any) -> Any:
    """The array itself for ``a.view()``; other dtypes and types would show NaNs."""
    if args or kwargs:
        raise _lost(self, "view")
    return self


def complete(cls: Any) -> None:
    """Give `Filled` every method of NumPy's arrays: that of `GradArray`, or one that raises."""
    for name in _BINARY:
        setattr(cls, f"__{name}__", _operator(f"__{name}__"))
        setattr(cls, f"__r{name}__", _operator(f"__r{name}__"))
        if name != "divmod":
            setattr(cls, f"__i{name}__", _in_place(f"__i{name}__"))
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(cls, f"__{name}__", _operator(f"__{name}__"))
    cls.dtype = property(_dtype, _no_dtype)
    for name in ("shape", "strides"):
        setattr(cls, name, _fixed(name))
    for name in ("T", "mT"):
        setattr(cls, name, _property(name))
    for name in ("data", "ctypes", "__array_interface__", "__array_struct__"):
        setattr(cls, name, property(_no_memory(name)))
    cls.view = _view
    for name in ("ravel", "reshape", "squeeze", "swapaxes", "transpose"):
        setattr(cls, name, _viewing(name))
    for name in dir(_nd):
        if name in _KEPT or name in vars(cls):
            continue
        setattr(cls, name, _no_memory(name) if name in _NO_MEMORY else _forward(name))


__all__ = ["c_dtype", "complete", "real_of"]
