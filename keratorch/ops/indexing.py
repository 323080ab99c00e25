"""Reading and writing parts of arrays."""

from __future__ import annotations

from typing import Any

from .._array import GradArray
from .._convert import as_operand, check_devices, raw_key
from .._grad import Grad, LeafSlot
from .._mode import mode
from .._record import constant, is_active, record
from .._writes import mark, refuse_if_aliased, share
from ..backends import _registry
from ..errors import DTypeError, LeafWriteError, ShapeError
from ._call import as_array, namespace


class GetItemGrad(Grad):
    """Zeros, to which the gradient is added at the index; repeated indices add up."""

    __slots__ = ("input_shape", "key")
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (add_at(grad, self.key, self.input_shape),)
        return (_registry.of(grad).add_at(self.input_shape, self.key, grad),)

    def jvp(self, *tangents: Any) -> Any:
        return getitem(tangents[0], self.key)


class AddAtGrad(Grad):
    """The gradient at the index: `AddAtGrad` and `GetItemGrad` are each other's transpose."""

    __slots__ = ("key", "size")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (grad[self.key],)

    def jvp(self, *tangents: Any) -> Any:
        return add_at(tangents[0], self.key, self.size)


def add_at(values: GradArray, key: Any, shape: tuple[int, ...]) -> GradArray:
    """Zeros of `shape` to which `values` were added at `key`; repeated indices add up."""
    values = as_operand(values)
    raw = _registry.of(values._array).add_at(shape, key, values._array)
    return record(AddAtGrad, (values,), raw, key=key, size=shape)


def getitem(x: Any, key: Any, /) -> GradArray:
    """``x[key]``, with integers, slices, ``None``, ``...``, masks and integer arrays."""
    x = as_operand(x)
    a = x._array
    key = raw_key(key)
    try:
        raw = as_array(a, a[key])
    except IndexError as error:
        raise IndexError(f"x[{key!r}] of an array of shape {tuple(a.shape)}: {error}") from error
    if not is_active(x):
        return share(x, constant(raw))
    return share(x, record(GetItemGrad, (x,), raw, key=key, input_shape=tuple(a.shape)))


class SetItemGrad(Grad):
    """What was overwritten gets 0, what was written the gradient at the index."""

    __slots__ = ("key", "whole")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if self.whole:
            return None, grad
        if isinstance(grad, GradArray):
            kept = with_item(grad, self.key, 0.0)
        else:
            backend = _registry.of(grad)
            kept = backend.with_item(grad, self.key, backend.scalar(0.0, grad))
        return kept, grad[self.key]

    def jvp(self, *tangents: Any) -> Any:
        old, new = tangents
        if self.whole:
            return new
        like = old if old is not None else new
        if old is None:
            old = namespace(like).zeros(self.shape, dtype=self.dtype, device=like.device)
        return with_item(old, self.key, 0.0 if new is None else new)


def with_item(x: GradArray, key: Any, value: Any) -> GradArray:
    """A copy of `x` in which ``[key]`` is `value`; differentiable in both."""
    x = as_operand(x)
    value = as_operand(value, like=x)
    raw = _with_item_raw(x._array, key, value._array)
    if not is_active(x) and not is_active(value):
        return constant(raw)
    return record(SetItemGrad, (x, value), raw, key=key, whole=False)


def _with_item_raw(a: Any, key: Any, value: Any) -> Any:
    check_devices("setitem", a, value)
    try:
        return _registry.of(a).with_item(a, key, value)
    except (ValueError, RuntimeError) as error:
        raise _unfit(a, key, value) from error


def _unfit(a: Any, key: Any, value: Any) -> ShapeError:
    return ShapeError(
        f"x[{key!r}] = value: the value of shape {tuple(value.shape)} does not fit into that part "
        f"of an array of shape {tuple(a.shape)}: it must broadcast to it"
    )


def setitem(x: GradArray, key: Any, value: Any, /) -> None:
    """``x[key] = value``.

    Where one of them is tracked the write is recorded: `x` becomes the result of a
    `SetItemGrad`, in memory of its own, and what was computed with the old `x` keeps the old
    values. Else it happens in place, where the library can. (With repeated integer indices the
    last value is written, and the gradient goes to every one of them.)

    Raises `LeafWriteError` for a leaf that requires a gradient, outside `no_grad()`;
    `AliasedWriteError` where NumPy would show the write in another live array and this cannot.
    """
    value = as_operand(value, like=x)
    key = raw_key(key)
    if _is_recorded(x, value):
        _check_write(x, value, "writing into")
        raw = _with_item_raw(x._array, key, value._array)
        old = _same(x)
        _become(x, record(SetItemGrad, (old, value), raw, key=key, whole=False))
    else:
        write_in_place(x, key, value._array)


def assign(x: GradArray, value: GradArray) -> GradArray:
    """``x[...] = value`` with a `value` of the shape of `x` that nothing else holds."""
    _check_write(x, value, "updating")
    if tuple(value.shape) != tuple(x.shape):
        raise ShapeError(
            f"an in-place operation on an array of shape {tuple(x.shape)} gave a result of shape "
            f"{tuple(value.shape)}: write x = x + y, which may grow"
        )
    if value.dtype != x.dtype:
        from .manipulation import astype

        value = astype(value, x.dtype)
    _become(x, record(SetItemGrad, (_same(x), value), value._array, key=..., whole=True))
    return x


def update_in_place(x: GradArray, operation: Any, raw_operation: Any, other: Any) -> GradArray:
    """``x += other`` and its like."""
    value = other if type(other) is GradArray else as_operand(other, like=x)
    if _is_recorded(x, value):
        return assign(x, operation(x, value))
    a, b = x._array, value._array
    check_devices(operation.__name__, a, b)
    if _registry.of(a).writeable(a):
        try:
            raw_operation(a, b)
        except (ValueError, RuntimeError) as error:
            raise ShapeError(
                f"in-place {operation.__name__}: shape {tuple(b.shape)} does not broadcast to "
                f"{tuple(a.shape)}, or {b.dtype} does not fit {a.dtype}"
            ) from error
        mark(a)
    else:
        write_in_place(x, ..., operation(constant(a), constant(b))._array)
    return x


def write_in_place(x: GradArray, key: Any, value: Any) -> None:
    """Write a raw value into the array of `x` itself; unrecorded."""
    a = x._array
    check_devices("setitem", a, value)
    backend = _registry.of(a)
    if not backend.writeable(a):
        refuse_if_aliased(x, "writing into")
        raw = _with_item_raw(a, key, value)
        if raw.dtype != a.dtype or tuple(raw.shape) != tuple(a.shape):
            raise _unfit(a, key, value)
        x._array = raw
        return
    try:
        backend.set_item(a, key, value)
    except (ValueError, RuntimeError) as error:
        raise _unfit(a, key, value) from error
    mark(a)


def _is_recorded(x: GradArray, value: GradArray) -> bool:
    if mode.recording and (x._edge is not None or value._edge is not None):
        return True
    return x._tangents is not None or value._tangents is not None


def _check_write(x: GradArray, value: GradArray, how: str) -> None:
    if type(x._edge) is LeafSlot and mode.recording:
        raise LeafWriteError(
            f"{how} a leaf of shape {tuple(x.shape)} that requires a gradient: update it inside "
            "no_grad(), or compute with x.copy()"
        )
    backend = _registry.of(x._array)
    if is_active(value) and not (
        backend.is_inexact(x.dtype)
        and (backend.is_complex(x.dtype) or not backend.is_complex(value.dtype))
    ):
        raise DTypeError(
            f"{how} an array of dtype {x.dtype} and shape {tuple(x.shape)} with a tracked value of "
            f"dtype {value.dtype} would lose its gradient: make the array {value.dtype} with astype"
        )
    refuse_if_aliased(x, how)


def _same(x: GradArray) -> GradArray:
    """What `x` is now, as an array of its own that stays so."""
    from .._array import new_array

    old = new_array(x._array, x._grad_op, x._edge)
    old._tangents = x._tangents
    return old


def _become(x: GradArray, result: GradArray) -> None:
    """Make `x` the given result."""
    from weakref import ref

    x._array = result._array
    x._grad = None
    x._grad_op = result._grad_op
    x._edge = result._edge
    x._tangents = result._tangents
    x._alias = None
    if x._edge is not None:
        x._edge._out = ref(x)


__all__ = ["AddAtGrad", "GetItemGrad", "SetItemGrad", "add_at", "getitem", "setitem"]
