"""Reading and writing parts of arrays."""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..backends._indices import has_negative_step, is_basic
from ..core import recording
from ..core.array import GradArray
from ..core.convert import SCALARS, as_operand, check_devices, raw_key
from ..core.grad import Grad
from ..core.mode import mode
from ..core.nodes import raw_of
from ..core.recording import constant, is_active, record
from ..core.sync import waits
from ..core.views import has_copies, mark_family, now, refuse_leaf, replace, share
from ..errors import DTypeError, InvalidIndexError, ShapeError
from ._operands import as_array, namespace
from .placing import astype


class GetItemGrad(Grad):
    """Zeros, to which the gradient is added at the index; repeated indices add up."""

    __slots__ = ("input_shape", "key")
    selects = True
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
        return (_part(grad, self.key),)

    def jvp(self, *tangents: Any) -> Any:
        return add_at(tangents[0], self.key, self.size)


def add_at(values: GradArray, key: Any, shape: tuple[int, ...]) -> GradArray:
    """Zeros of `shape` with `values` added at `key`; repeated indices add up."""
    values = as_operand(values)
    backend = _registry.of(values._array)
    key = backend.settled(shape, key)
    raw = backend.add_at(shape, key, values._array)
    return record(AddAtGrad, (values,), raw, key=key, size=shape)


def _part(x: Any, key: Any) -> Any:
    """``x[key]`` for an array, raw or not."""
    return x[key] if isinstance(x, GradArray) else _registry.of(x).get_item(x, key)


def getitem(x: Any, key: Any, /) -> GradArray:
    """``x[key]``, with integers, slices, ``None``, ``...``, masks and integer arrays.

    As in NumPy, a key without arrays gives a view, and other keys copy. Raises
    `InvalidIndexError` where the library finds that the key does not fit `x`.
    """
    x = as_operand(x)
    a = x._array
    active = is_active(x)
    key = raw_key(key, a, active)
    basic = is_basic(key)
    backend = _registry.of(a)
    copied = basic and backend.flips_by_copy and has_negative_step(key)
    if mode.no_sync and has_mask(key):
        waits("reading by a boolean mask", a.shape, "use where(mask, x, 0)")
    try:
        if basic and not copied:
            raw = as_array(a, a[key])
        else:
            if active and not basic:
                key = backend.settled(a.shape, key)
            raw = as_array(a, backend.get_item(a, key))
    except IndexError as error:
        raise _no_index(a, key, error) from error
    if active:
        y = record(GetItemGrad, (x,), raw, key=key, input_shape=backend.shape_of(a))
    else:
        y = recording.unrecorded(raw)
    if not basic:
        return y
    # In NumPy integers alone give a scalar, which is no view.
    if raw.ndim or ... in (key if isinstance(key, tuple) else (key,)):
        return share(x, y, getitem, put_item, key, copied=copied)
    if backend.writeable(a):
        return share(x, y, getitem, put_item, key, sure=False)
    return y


def has_mask(key: Any) -> bool:
    """Whether a boolean array is in an index."""
    return any(_is_mask(part) for part in (key if isinstance(key, tuple) else (key,)))


def _is_mask(part: Any) -> bool:
    if isinstance(part, list):
        while isinstance(part, list) and part:
            part = part[0]
        if isinstance(part, bool):
            return True
    return "bool" in str(getattr(part, "dtype", ""))


def put_item(x: GradArray, values: GradArray, key: Any) -> GradArray:
    """A copy of `x` whose part at `key` is `values`: the way back from `getitem`."""
    return with_item(x, key, values)


class SetItemGrad(Grad):
    """Overwritten elements get 0; the value that was written gets the gradient at the index.

    With repeated indices the gradient goes to the value that was written last.
    """

    __slots__ = ("key", "repeats", "whole")
    selects = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if self.whole:
            return None, grad
        old, new = self._edges or (None, None)
        kept = part = None
        if old is not None:
            if isinstance(grad, GradArray):
                kept = with_item(grad, self.key, 0.0)
            else:
                backend = _registry.of(grad)
                kept = backend.with_item(grad, self.key, backend.scalar(0.0, grad))
        if new is not None:
            part = _part(grad, self.key)
            xp = namespace(grad)
            if may_repeat(self.key) if self.repeats is None else self.repeats:
                part = xp.where(last_written(grad, self.key), part, xp.zeros_like(part))
            lead = len(new.shape) - len(part.shape)
            if lead > 0:  # x[0] = [[1, 2]] is allowed
                part = xp.reshape(part, (*(1,) * lead, *part.shape))
        return kept, part

    def jvp(self, *tangents: Any) -> Any:
        old, new = tangents
        if self.whole:
            return new
        like = old if old is not None else new
        if old is None:
            old = namespace(like).zeros(self.shape, dtype=self.dtype, device=like.device)
        return with_item(old, self.key, 0.0 if new is None else new)


def may_repeat(key: Any) -> bool:
    """Whether an index may name an element twice, because it has integer arrays in it."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(
        isinstance(part, list) or "int" in str(getattr(part, "dtype", ""))
        for part in parts
        if getattr(part, "ndim", 1)
    )


def last_written(x: Any, key: Any) -> Any:
    """For each element of ``x[key]``, whether it is the last one that is written to its place."""
    raw = raw_of(x)
    backend = _registry.of(raw)
    xp, device = backend.xp, getattr(raw, "device", None)
    shape = tuple(backend.get_item(raw, key).shape)
    number = xp.reshape(xp.arange(math.prod(shape), device=device), shape)
    places = xp.full(tuple(raw.shape), -1, dtype=number.dtype, device=device)
    return backend.get_item(backend.with_item(places, key, number), key) == number


def with_item(x: GradArray, key: Any, value: Any) -> GradArray:
    """A copy of `x` in which ``[key]`` is `value`; differentiable in both."""
    x = as_operand(x)
    value = as_operand(value, like=x)
    if not is_active(x) and not is_active(value):
        return recording.unrecorded(_with_item_raw(x._array, key, value._array))
    settled = _registry.of(x._array).settled(x.shape, key)
    repeats = None if settled is key else may_repeat(key)
    raw = _with_item_raw(x._array, settled, value._array)
    return record(SetItemGrad, (x, value), raw, key=settled, whole=False, repeats=repeats)


def _with_item_raw(a: Any, key: Any, value: Any) -> Any:
    if type(value) not in SCALARS:
        check_devices("setitem", a, value)
    try:
        return _registry.of(a).with_item(a, key, value)
    except IndexError as error:
        raise _no_index(a, key, error) from error
    except TypeError as error:
        raise _no_kind(a, key, value, error) from error
    except (ValueError, RuntimeError) as error:
        raise _unfit(a, key, value) from error


def _shown(key: Any) -> str:
    """An index in a message: arrays by dtype and shape."""
    if isinstance(key, tuple):
        return ", ".join(map(_shown, key))
    if _registry.is_array(key):
        return f"<{key.dtype} array of shape {tuple(key.shape)}>"
    return repr(key)[:60]


def _no_kind(a: Any, key: Any, value: Any, error: TypeError) -> DTypeError:
    what = getattr(value, "dtype", type(value).__name__)
    return DTypeError(
        f"x[{_shown(key)}] = value: a value of type {what} does not fit into an array of dtype "
        f"{a.dtype} and shape {tuple(a.shape)}: convert one of them with astype, or write "
        f"value.real of a complex value ({error})"
    )


def _no_index(a: Any, key: Any, error: IndexError) -> InvalidIndexError:
    what = f"x[{_shown(key)}] of an array of shape {tuple(a.shape)}: {error}"
    parts = key if isinstance(key, tuple) else (key,)
    backend = _registry.of(a)
    if any(_registry.is_array(k) and backend.is_inexact(k.dtype) for k in parts):
        what += "; convert it with astype(int), or write a comparison, as x > 0, for a mask"
    return InvalidIndexError(what)


def _unfit(a: Any, key: Any, value: Any) -> ShapeError:
    shape = tuple(getattr(value, "shape", ()))
    return ShapeError(
        f"x[{_shown(key)}] = value: the value of shape {shape} does not fit into that part "
        f"of an array of shape {tuple(a.shape)}: it must broadcast to it"
    )


def setitem(x: GradArray, key: Any, value: Any, /) -> None:
    """``x[key] = value``.

    If `x` or `value` is active, the write is recorded: `x` becomes the result of a `SetItemGrad`,
    in memory of its own. Earlier results keep the old values of `x`. Live views of `x`, and the
    array that `x` is a view of, show the write as in NumPy. Otherwise the write happens in place,
    where the library can do that. With repeated integer indices the last value is written, and
    gets the gradient.

    Raises `LeafWriteError` for a leaf that requires a gradient, outside `no_grad()`;
    `AliasedWriteError` where NumPy would show the write in another live array and keratorch
    cannot; `InvalidIndexError` as `getitem` does; `ShapeError` for a value that does not broadcast
    to that part; `DTypeError` for an active value that the dtype of `x` cannot hold.
    """
    if type(value) in SCALARS and not is_active(x):
        write_in_place(x, raw_key(key, x._array), value)
        return
    value = written(x, key, value)
    recorded = _is_recorded(x, value)
    key = raw_key(key, x._array, recorded)
    check_devices("setitem", x._array, value._array)
    if recorded:
        if mode.no_sync and has_mask(key):
            waits("a recorded write by a boolean mask", x.shape, "use where(mask, value, x)")
        if not _is_view_at(value, x, key):  # else it is the last step of x[key] += 1
            _check_write(x, value, "writing into")
            replace(x, with_item(now(x), key, value), "writing into", recorded=True)
    else:
        write_in_place(x, key, value._array)


def written(x: GradArray, key: Any, value: Any) -> GradArray:
    """The value to write into ``x[key]``; a NumPy array becomes one of a library that takes it."""
    if type(value) is GradArray:
        return value
    backend = _registry.of(x._array)
    if (
        _registry.is_array(value)
        and _registry.of(value) is not backend
        and _registry.of(value).name == "numpy"
        and backend.takes_numpy_value(value, key)
    ):
        value = backend.from_numpy(value, backend.device(x._array))
    return as_operand(value, like=x)


def _is_view_at(value: GradArray, x: GradArray, key: Any) -> bool:
    """Whether `value` is the view ``x[key]`` already."""
    link = getattr(value, "_link", None)
    return (
        link is not None
        and link.parent() is x
        and link.read is getitem
        and is_basic(key)
        and link.args == (key,)
    )


def update_in_place(x: GradArray, operation: Any, raw_operation: Any, other: Any) -> GradArray:
    """``x += other`` and the other in-place operators; recorded if `x` or `other` is active."""
    how = f"in-place {operation.__name__} on"
    if type(other) in SCALARS and not is_active(x):
        return _update_raw(x, operation, raw_operation, other, how)
    value = other if type(other) is GradArray else as_operand(other, like=x)
    check_devices(operation.__name__, x._array, value._array)
    if _is_recorded(x, value):
        _check_write(x, value, how)
        result = _checked_result(x, operation(now(x), value), how)
        old = now(x)
        whole = record(
            SetItemGrad, (old, result), result._array, key=..., whole=True, repeats=False
        )
        replace(x, whole, how, recorded=True)
        return x
    return _update_raw(x, operation, raw_operation, value._array, how)


def _update_raw(x: GradArray, operation: Any, raw_operation: Any, b: Any, how: str) -> GradArray:
    """Update the array of `x` itself with a raw array or a Python number; unrecorded."""
    a = x._array
    backend = _registry.of(a)
    if not backend.writeable(a) or has_copies(x):
        result = _checked_result(x, operation(constant(a), b), how)
        replace(x, result, how, recorded=False)
        return x
    if type(b) not in SCALARS and b is not a and backend.storage(a) == backend.storage(b):
        b = backend.copy(b)  # x += x.T
    try:
        with backend.on_device(a):
            result = raw_operation(a, b)
    except (ValueError, RuntimeError, TypeError) as error:
        _checked_result(x, operation(constant(a), b), how, error)
        raise
    if result is not a:  # a library without this operator in place
        backend.set_item(a, ..., _checked_result(x, constant(result), how)._array)
    mark_family(x)
    return x


def _checked_result(
    x: GradArray, result: GradArray, how: str, cause: Exception | None = None
) -> GradArray:
    """The result of an operation as the new values of `x`, in its dtype."""
    if tuple(result.shape) != tuple(x.shape):
        raise ShapeError(
            f"{how} an array of shape {tuple(x.shape)} gave a result of shape "
            f"{tuple(result.shape)}: write x = x + y, which may grow"
        ) from cause
    if result.dtype == x.dtype:
        return result
    if not _holds(x, result):
        raise DTypeError(
            f"{how} an array of dtype {x.dtype} and shape {tuple(x.shape)} gave a result of dtype "
            f"{result.dtype}: write x = x + y, or make the array {result.dtype} with astype"
        ) from cause
    return astype(result, x.dtype)


def _holds(x: GradArray, value: GradArray) -> bool:
    """Whether the dtype of `x` is of the same kind as the dtype of `value`, or a larger kind."""
    backend = _registry.of(x._array)
    if backend.is_complex(value.dtype):
        return backend.is_complex(x.dtype)
    if backend.is_inexact(value.dtype):
        return backend.is_inexact(x.dtype)
    isdtype = backend.xp.isdtype
    return isdtype(value.dtype, "bool") or not isdtype(x.dtype, "bool")


def write_in_place(x: GradArray, key: Any, value: Any) -> None:
    """Write a raw array or a Python number into the array of `x` itself; unrecorded."""
    a = x._array
    backend = _registry.of(a)
    writeable = backend.writeable(a)
    if not writeable or has_copies(x):
        if type(value) in SCALARS and not writeable:
            value = backend.scalar(value, a)
        raw = _with_item_raw(a, key, value)
        if raw.dtype != a.dtype or tuple(raw.shape) != tuple(a.shape):
            raise _unfit(a, key, value)
        replace(x, constant(raw), "writing into", recorded=False)
        return
    if type(value) not in SCALARS and backend.storage(a) == backend.storage(value):
        value = backend.copy(value)  # x[1:] = x[:-1]
    try:
        backend.set_item(a, key, value)
    except IndexError as error:
        raise _no_index(a, key, error) from error
    except TypeError as error:
        raise _no_kind(a, key, value, error) from error
    except (ValueError, RuntimeError) as error:
        raise _unfit(a, key, value) from error
    mark_family(x)


def _is_recorded(x: GradArray, value: GradArray) -> bool:
    return is_active(x) or is_active(value)


def _check_write(x: GradArray, value: GradArray, how: str) -> None:
    refuse_leaf(x, how)
    if is_active(value) and not _holds(x, value):
        raise DTypeError(
            f"{how} an array of dtype {x.dtype} and shape {tuple(x.shape)} with a tracked value of "
            f"dtype {value.dtype} would lose its gradient: make the array {value.dtype} with astype"
        )


__all__ = ["AddAtGrad", "GetItemGrad", "SetItemGrad", "add_at", "getitem", "setitem"]
