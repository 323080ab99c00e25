"""Writing into arrays: item assignment and the in-place operators."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..backends._indices import is_basic
from ..core.array import GradArray
from ..core.convert import SCALARS, as_operand, check_devices, raw_key
from ..core.mode import mode
from ..core.recording import constant, is_active, record
from ..core.sync import waits
from ..core.views import has_copies, mark_family, now, refuse_leaf, replace
from ..errors import DTypeError, ShapeError
from .filling import fill, spare_views
from .indexing import (
    WRITE_ERRORS,
    SetItemGrad,
    getitem,
    has_mask,
    unfit,
    with_item,
    with_item_raw,
    write_error,
)
from .placing import astype


def setitem(x: GradArray, key: Any, value: Any, /) -> None:
    """``x[key] = value``.

    If `x` or `value` is active, the write is recorded: `x` becomes the result of a `SetItemGrad`.
    The write happens in the memory of `x` if nothing else needs the old values (`filling`), else in
    a copy. Earlier results keep the old values of `x`. Live views of `x`, and the
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
            if not fill(x, key, value):
                replace(x, with_item(now(x), key, value), "writing into", recorded=True)
                spare_views(x)
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
        if getattr(x, "_link", None) is not None and fill(x, ..., result):
            return x
        old = now(x)
        whole = record(
            SetItemGrad, (old, result), result._array, key=..., path=(), whole=True, repeats=False
        )
        replace(x, whole, how, recorded=True)
        spare_views(x)
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
        raw = with_item_raw(a, key, value)
        if raw.dtype != a.dtype or tuple(raw.shape) != tuple(a.shape):
            raise unfit(a, key, value)
        replace(x, constant(raw), "writing into", recorded=False)
        return
    if type(value) not in SCALARS and backend.storage(a) == backend.storage(value):
        value = backend.copy(value)  # x[1:] = x[:-1]
    try:
        backend.set_item(a, key, value)
    except WRITE_ERRORS as error:
        raise write_error(a, key, value, error) from error
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


__all__ = ["setitem", "update_in_place", "write_in_place", "written"]
