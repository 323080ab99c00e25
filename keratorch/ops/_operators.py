"""The operators and methods of `GradArray`, in NumPy's argument order."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.callers import asked_by_operator
from ..core.convert import SCALARS, is_table
from ..core.nodes import is_tracked
from ..errors import DTypeError, LostGradientError
from . import (
    arithmetic,
    constants,
    indexing,
    manipulation,
    placing,
    selection,
    writing,
)
from ._elementwise import is_operand
from ._pandas import priority
from .arithmetic import add, divide, multiply, negative, positive, subtract
from .arithmetic import pow as power
from .creation import zeros_like
from .linalg.products import matmul
from .selection import abs as absolute
from .sparse import matrix_product, product

# `torch.compile` cannot name what the closure of a method holds, and breaks its graph there. The
# functions of operators are therefore globals, or are looked up by name in a global dict.


def _operator(name: str) -> tuple[Any, Any]:
    """The method of an operator, and its reflection."""

    def forward(self: GradArray, other: Any) -> Any:
        if type(other) is GradArray or type(other) in SCALARS or is_operand(other, self):
            return _FUNCTIONS[name](self, other)
        return NotImplemented

    def reflected(self: GradArray, other: Any) -> Any:
        if type(other) in SCALARS or is_operand(other, self):
            return _FUNCTIONS[name](other, self)
        return NotImplemented

    return forward, reflected


def _add(self: GradArray, other: Any) -> Any:
    if type(other) is GradArray or type(other) in SCALARS or is_operand(other, self):
        return add(self, other)
    return NotImplemented


def _radd(self: GradArray, other: Any) -> Any:
    if type(other) in SCALARS or is_operand(other, self):
        return add(other, self)
    return NotImplemented


def _sub(self: GradArray, other: Any) -> Any:
    if type(other) is GradArray or type(other) in SCALARS or is_operand(other, self):
        return subtract(self, other)
    return NotImplemented


def _rsub(self: GradArray, other: Any) -> Any:
    if type(other) in SCALARS or is_operand(other, self):
        return subtract(other, self)
    return NotImplemented


def _mul(self: GradArray, other: Any) -> Any:
    if type(other) is GradArray or type(other) in SCALARS or is_operand(other, self):
        return multiply(self, other)
    return NotImplemented


def _rmul(self: GradArray, other: Any) -> Any:
    if type(other) in SCALARS or is_operand(other, self):
        return multiply(other, self)
    return matrix_product(other, self)


def _truediv(self: GradArray, other: Any) -> Any:
    if type(other) is GradArray or type(other) in SCALARS or is_operand(other, self):
        return divide(self, other)
    return NotImplemented


def _rtruediv(self: GradArray, other: Any) -> Any:
    if type(other) in SCALARS or is_operand(other, self):
        return divide(other, self)
    return NotImplemented


def _pow(self: GradArray, other: Any) -> Any:
    if type(other) is GradArray or type(other) in SCALARS or is_operand(other, self):
        return power(self, other)
    return NotImplemented


def _rpow(self: GradArray, other: Any) -> Any:
    if type(other) in SCALARS or is_operand(other, self):
        return power(other, self)
    return NotImplemented


def _matmul(self: GradArray, other: Any) -> Any:
    if type(other) is GradArray or is_operand(other, self):
        return matmul(self, other)
    return product(self, other)


def _rmatmul(self: GradArray, other: Any) -> Any:
    return matmul(other, self) if is_operand(other, self) else product(other, self)


def _neg(self: GradArray) -> GradArray:
    return negative(self)


def _pos(self: GradArray) -> GradArray:
    return positive(self)


def _abs(self: GradArray) -> GradArray:
    return absolute(self)


_ARITHMETIC = {
    "add": (_add, _radd),
    "sub": (_sub, _rsub),
    "mul": (_mul, _rmul),
    "truediv": (_truediv, _rtruediv),
    "pow": (_pow, _rpow),
    "matmul": (_matmul, _rmatmul),
}


def _in_place(function: Callable[..., Any], raw_function: Callable[..., Any]) -> Any:
    def method(self: GradArray, other: Any) -> Any:
        # A pandas table is always accepted: the result is `self`, not a table.
        if not (is_operand(other, self) or is_table(other)):
            return NotImplemented
        return writing.update_in_place(self, function, raw_function, other)

    return method


def _transpose(self: GradArray, *axes: Any) -> GradArray:
    """The axes reversed, or in the order given."""
    if not axes or (len(axes) == 1 and axes[0] is None):
        return manipulation.permute_dims(self, tuple(reversed(range(self.ndim))))
    order = tuple(axes[0]) if len(axes) == 1 and hasattr(axes[0], "__len__") else axes
    return manipulation.permute_dims(self, order)


def _copy(self: GradArray, order: str = "C") -> GradArray:
    """A copy in memory of its own; differentiable. The library chooses the `order`."""
    return placing.copy(self)


def _imag(self: GradArray) -> GradArray:
    # `kt.imag` refuses real arrays. An attribute that raises would break `hasattr(x, "imag")`.
    if _registry.of(self._array).is_complex(self._array.dtype):
        return selection.imag(self)
    return zeros_like(self)


def _set_real(self: GradArray, value: Any) -> None:
    """``x.real = value``, and the last step of ``x.real += value`` of a real array."""
    if value is self:
        return
    if _registry.of(self._array).is_complex(self._array.dtype):
        _write_parts(self, value, "real")
    else:
        self[...] = value  # type: ignore[index]


def _set_imag(self: GradArray, value: Any) -> None:
    if not _registry.of(self._array).is_complex(self._array.dtype):
        raise DTypeError(
            f"writing into x.imag of an array of dtype {self._array.dtype} and shape "
            f"{tuple(self.shape)}, which has real numbers: make the array complex first"
        )
    _write_parts(self, value, "imag")


def _write_parts(x: GradArray, value: Any, part: str) -> None:
    """Write real numbers into one part of a complex array; the view `x.real` cannot be written."""
    real, imag = selection.real(x), selection.imag(x)
    value = real * 0 + value
    if _registry.of(value._array).is_complex(value._array.dtype):
        raise DTypeError(f"x.{part} takes real numbers, not those of dtype {value._array.dtype}")
    new = real + 1j * value if part == "imag" else value + 1j * imag
    del real, imag
    x[...] = new  # type: ignore[index]


def _dlpack(
    self: GradArray,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[Any, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """A DLPack capsule that shares the memory of a constant.

    Raises `LostGradientError` for a tracked array.
    """
    if is_tracked(self):
        raise LostGradientError(
            f"__dlpack__ of a tracked array of shape {tuple(self.shape)} would lose its gradient: "
            "use detach() first"
        )
    named = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
    return self._array.__dlpack__(**{k: v for k, v in named.items() if v is not None})


def _dlpack_device(self: GradArray) -> tuple[Any, int]:
    """The device as DLPack's pair of numbers: the type and the index."""
    return self._array.__dlpack_device__()


def _cuda_array_interface(self: GradArray) -> Any:
    """The memory of a constant on a CUDA device, for CuPy, PyTorch and Numba.

    Raises `AttributeError` for an array on the host, and for a tracked one, whose gradient would
    be lost. Raises it also for an operand of an operator: if CuPy's ``@`` finds the attribute, it
    computes by itself, and fails.
    """
    if asked_by_operator():
        raise AttributeError("__cuda_array_interface__ of an operand of an operator")
    if is_tracked(self):
        raise AttributeError(
            f"__cuda_array_interface__ of a tracked array of shape {tuple(self.shape)} would lose "
            "its gradient: use detach() first"
        )
    return self._array.__cuda_array_interface__


_BINARY = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "pow": arithmetic.pow,
    "mod": arithmetic.remainder,
    "matmul": matmul,
}
_CONSTANTS = {
    "lt": constants.less,
    "le": constants.less_equal,
    "gt": constants.greater,
    "ge": constants.greater_equal,
    "eq": constants.equal,
    "ne": constants.not_equal,
    "and": constants.bitwise_and,
    "or": constants.bitwise_or,
    "xor": constants.bitwise_xor,
    "lshift": constants.bitwise_left_shift,
    "rshift": constants.bitwise_right_shift,
    "floordiv": constants.floor_divide,
}
_FUNCTIONS = {**_BINARY, **_CONSTANTS}
_METHODS = {
    "__cuda_array_interface__": property(_cuda_array_interface),
    "__pandas_priority__": property(priority),
    "__dlpack__": _dlpack,
    "__dlpack_device__": _dlpack_device,
    "__neg__": _neg,
    "__pos__": _pos,
    "__abs__": _abs,
    "__invert__": constants.bitwise_invert,
    "__getitem__": indexing.getitem,
    "__setitem__": writing.setitem,
    "transpose": _transpose,
    "copy": _copy,
    "_selected": selection.selected,
    "_selected_product": selection.selected_product,
    "to_device": placing.to_device,
    "conj": selection.conj,
    "T": property(_transpose, doc="The axes reversed."),
    "mT": property(manipulation.matrix_transpose, doc="The last two axes exchanged."),
    "real": property(selection.real, _set_real, doc="The real part, also to write."),
    "imag": property(
        _imag, _set_imag, doc="The imaginary part, also to write; zeros for real arrays."
    ),
}


def install() -> None:
    """Give `GradArray` its operators and methods."""
    for name, function in _BINARY.items():
        forward, reflected = _ARITHMETIC.get(name) or _operator(name)
        setattr(GradArray, f"__{name}__", forward)
        setattr(GradArray, f"__r{name}__", reflected)
        raw_function = getattr(operator, f"i{name}")
        setattr(GradArray, f"__i{name}__", _in_place(function, raw_function))
    for name, function in _CONSTANTS.items():
        forward, reflected = _operator(name)
        setattr(GradArray, f"__{name}__", forward)
        if name not in ("lt", "le", "gt", "ge", "eq", "ne"):
            setattr(GradArray, f"__r{name}__", reflected)
            in_place = _in_place(function, getattr(operator, f"i{name}"))
            setattr(GradArray, f"__i{name}__", in_place)
    for name, method in _METHODS.items():
        if isinstance(method, FunctionType) and method.__name__.startswith("_"):
            method.__name__, method.__qualname__ = name, f"GradArray.{name}"
        setattr(GradArray, name, method)


def add_operator(name: str, function: Callable[..., Any]) -> None:
    """Give `GradArray` one more operator, and its reflection."""
    _FUNCTIONS[name] = function
    forward, reflected = _operator(name)
    setattr(GradArray, f"__{name}__", forward)
    setattr(GradArray, f"__r{name}__", reflected)
