"""dtype, device and copies of arrays."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.convert import move as move
from ..core.convert import target_device as target_device
from ..core.grad import Grad
from ..core.recording import is_active, record
from ..core.sync import waits
from ..core.views import share
from ..errors import DTypeError
from ._operands import as_array


class AsTypeGrad(Grad):
    """The gradient, cast back: the engine does that."""

    __slots__ = ()

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (grad,)

    def jvp(self, *tangents: Any) -> Any:
        return astype(tangents[0], self.dtype)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> GradArray:
    """`x` with another dtype: a name, or a dtype of any backend.

    A cast to an integer or boolean dtype is a constant. One from complex to a real number is an
    error; take `real` or `abs`.
    """
    x = as_operand(x)
    a = x._array
    backend = _registry.of(a)
    dtype = backend.dtype(dtype)
    if not backend.is_complex(a.dtype) or backend.is_complex(dtype):
        raw = backend.xp.astype(a, dtype, copy=copy)
    elif backend.xp.isdtype(dtype, "bool"):
        raw = as_array(a, backend.elementwise("not_equal")(a, 0))
    else:
        raise DTypeError(
            f"astype: {a.dtype} of shape {tuple(a.shape)} cannot become {dtype}: take real(x), "
            "imag(x) or abs(x)"
        )
    if not backend.is_inexact(dtype) or not is_active(x):
        y = recording.unrecorded(raw)
    else:
        y = record(AsTypeGrad, (x,), raw)
    if not copy:
        share(x, y, sure=False)
    return to_device(y, device) if device is not None else y


class CopyGrad(Grad):
    """The gradient itself."""

    __slots__ = ()

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (grad,)

    def jvp(self, *tangents: Any) -> Any:
        return tangents[0]


def copy(x: Any, /) -> GradArray:
    """A copy of the values in memory of its own; differentiable."""
    x = as_operand(x)
    return record(CopyGrad, (x,), _registry.of(x._array).copy(x._array))


class ToDeviceGrad(Grad):
    """The gradient, moved back to where the input is."""

    __slots__ = ("source", "target")
    moves = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (to_device(grad, self.source),)
        return (move(grad, self.source),)

    def jvp(self, *tangents: Any) -> Any:
        return to_device(tangents[0], self.target)


def to_device(x: Any, device: Any, /, *, stream: Any = None) -> GradArray:
    """`x` on another device; differentiable, and across backends.

    device : a `Device`, or a name: ``"cpu"`` is a device of the array's own backend where that
        has one (PyTorch, JAX), else NumPy's; ``"cuda"`` likewise, else CuPy's.
    stream : for the Array API; only `None` is taken.
    """
    if stream is not None:
        raise TypeError("to_device: stream must be None; the library's current stream is used")
    x = as_operand(x)
    source = x.device
    target = target_device(x._array, device)
    if target == source:
        return x
    if target.kind == "cpu" and source is not None and source.kind != "cpu":
        waits(f"to_device({str(target)!r})", x.shape, "leave the array where it is until the end")
    return record(ToDeviceGrad, (x,), move(x._array, target), source=source, target=target)
