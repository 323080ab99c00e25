"""Conversions: from the values that users pass to the arrays that operations take."""

from __future__ import annotations

import copy
from operator import index
from types import EllipsisType, NoneType
from typing import Any

import numpy as np

from ..backends import _registry
from ..backends._backend import SCALARS as SCALARS
from ..backends._device import Device
from ..errors import (
    DeviceMismatchError,
    DTypeError,
    InvalidIndexError,
    KeratorchError,
    LostGradientError,
    ShapeError,
    UnknownArrayError,
)
from . import filled, making
from .making import constant, is_active, new_array
from .nodes import GradArrayBase, get_raw, is_tracked, raw_of

#: Types that share memory but are no arrays: `memoryview`, and `array` of the standard library.
_BUFFERS = ("memoryview", "array")


def as_operand(value: Any, like: Any = None) -> Any:
    """`value` as a `GradArray`.

    like : a `GradArray`. Scalars and lists go to its backend and device, and a Python scalar takes
        its dtype (the Array API's rule for mixed scalars). If `like` is active, a raw array of
        booleans or integers is copied (`kept`).
    """
    if type(value) is making.cls:
        return value
    if isinstance(value, GradArrayBase):
        return _plain(value)
    if type(value) in filled.classes:
        found = filled.present(value)
        return as_operand(found) if isinstance(found, GradArrayBase) else constant(found)
    if has_array(value):
        return _stacked(value, like)
    try:
        raw = as_raw(value, like)
    except DTypeError:
        listed = from_objects(value)
        if listed is value:
            raise
        return as_operand(listed, like)
    backend = None if like is None else _registry.by_type.get(type(value))
    if backend is not None and type(raw) is not type(value):
        backend = _registry.of(raw)
    if (
        backend is not None
        and not backend.is_inexact(raw.dtype)  # first, as most arrays are floating
        and isinstance(like, GradArrayBase)
        and is_active(like)
    ):
        raw = kept(raw)
    return constant(raw)


def beside(raw: Any, like: Any) -> Any:
    """The raw array `raw` as it joins `like` in an operation.

    like : an array, raw or not; anything else changes nothing. A NumPy array becomes a copy in the
        library and on the device of `like`, if that library takes NumPy's arrays beside its own.
    """
    like = raw_of(like)
    if not _registry.is_array(like):
        return raw
    backend = _registry.of(like)
    if not backend.takes_numpy or _registry.of(raw).name != "numpy":
        return raw
    return backend.from_numpy(raw, backend.device(like))


def as_index(raw: Any, indexed: Any) -> Any:
    """A raw array as an index into the raw array `indexed`, of whose library it becomes.

    A NumPy array is copied, where the library takes such indices. Raises `InvalidIndexError` for
    one of other numbers, `DeviceMismatchError` for an array of another backend or device.
    """
    backend = _registry.of(indexed)
    if (
        type(raw) is not type(indexed)
        and backend.takes_numpy_indices
        and _registry.of(raw).name == "numpy"
    ):
        if raw.dtype.kind not in "biu":
            raise InvalidIndexError(
                f"an index of dtype {raw.dtype} and shape {tuple(raw.shape)} into an array of "
                f"shape {tuple(indexed.shape)}: convert it with astype(int), or write a "
                "comparison, as x > 0, for a mask"
            )
        return backend.from_numpy(raw, backend.device(indexed))
    check_devices("indexing", indexed, raw)
    return raw


def kept(raw: Any) -> Any:
    """The caller's raw array in the form that a rule keeps: a copy of booleans and integers.

    Callers often refill masks and indices, and keratorch cannot see such a write. A copy costs
    little beside the indexing itself. Arrays of other numbers are kept without a copy.
    """
    backend = _registry.of(raw)
    return raw if backend.immutable or backend.is_inexact(raw.dtype) else backend.copy(raw)


def as_kept(value: Any) -> Any:
    """An argument in the form that a recorded call keeps: a `GradArray` becomes a constant.

    keratorch notices writes into that constant; for raw arrays see `kept`.
    """
    if type(value) in filled.classes:
        value = filled.present(value)
    if isinstance(value, GradArrayBase):
        return constant(get_raw(value))
    return kept(value) if type(value) in _registry.by_type else value


def _plain(value: GradArrayBase) -> Any:
    x = new_array(get_raw(value), value._grad_op, value._edge)
    x._tangents = value._tangents
    return x


def as_raw(value: Any, like: Any = None) -> Any:
    """`value` as a raw array beside `like`, if that is given.

    Raises `LostGradientError` for a tracked `GradArray`.
    """
    if type(value) in filled.classes:
        value = filled.present(value)
    if isinstance(value, GradArrayBase):
        if is_tracked(value):
            raise LostGradientError(
                "a tracked GradArray was given where plain values are needed: pass x.detach()"
            )
        return get_raw(value)
    if type(value) in _registry.by_type or _registry.is_array(value):
        backend = _registry.of(value)
        raw = require_numbers(backend, backend.adopt(value))
        if like is None or type(like._array if type(like) is making.cls else like) is type(raw):
            return raw
        return beside(raw, like)
    raw_like = None if like is None else like._array
    if raw_like is None:
        backend, device = _registry.resolve_device(None)
        return require_numbers(backend, backend.asarray(value, device=device))
    backend = _registry.of(raw_like)
    if type(value) not in SCALARS and is_table(value):
        value = value.to_numpy(copy=True)  # a copy, as others may write into the table
        return require_numbers(backend, backend.asarray(value, device=backend.device(raw_like)))
    if type(value) not in SCALARS and hasattr(value, "dtype") and hasattr(value, "item"):
        if backend.strong_scalars(value, raw_like):
            return require_numbers(backend, backend.asarray(value, device=backend.device(raw_like)))
        value = value.item()
    if type(value) in SCALARS:
        return backend.scalar(value, raw_like)
    try:
        raw = backend.asarray(value, device=backend.device(raw_like))
    except KeratorchError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        raise no_array(backend, value, error) from error
    return require_numbers(backend, raw)


def no_array(backend: Any, value: Any, error: Exception) -> UnknownArrayError:
    """The error for data of which a library makes no array, from the library's own `error`."""
    lists = "; lists in lists must be equally long" if isinstance(value, (list, tuple)) else ""
    return UnknownArrayError(
        f"{backend.name} makes no array of this {type(value).__name__}: "
        f"{str(error).removesuffix('.')}{lists}"
    )


def is_table(value: Any) -> bool:
    """Whether `value` is a Series, DataFrame or Index of pandas; keratorch takes its values."""
    if not hasattr(value, "to_numpy"):
        return False
    return any(c.__module__.partition(".")[0] == "pandas" for c in type(value).__mro__)


def require_numbers(backend: Any, raw: Any) -> Any:
    """`raw`, if it is an array of booleans or numbers; raises `DTypeError` otherwise."""
    kind = getattr(raw.dtype, "kind", "f")
    # bfloat16 and similar dtypes have kind V too, but their scalar type is not `numpy.void`.
    # A record of NumPy is a `void` too.
    if kind not in "biufcV" or (
        kind == "V" and any(c.__name__ == "void" for c in raw.dtype.type.__mro__)
    ):
        raise no_numbers(backend, raw, kind)
    return raw


#: What to do with an array of no numbers, by the kind of its dtype.
_INTO_NUMBERS = {
    "U": "turn the strings into numbers, as in [float(s) for s in data]",
    "S": "turn the strings into numbers, as in [float(s) for s in data]",
    "O": "turn each element into a number, as float(v) does; None can be float('nan')",
    "M": "turn the dates into numbers, as in (a - a[0]) / np.timedelta64(1, 's')",
    "m": "turn the times into numbers, as in a / np.timedelta64(1, 's')",
    "V": "take one field of it, as in a['name']",
}


def no_numbers(backend: Any, raw: Any, kind: str) -> DTypeError:
    """The error for a raw array of something other than numbers."""
    # An array of a lazy library has no list of values.
    values = raw.reshape(-1).tolist() if kind in "USO" and hasattr(raw, "tolist") else []
    odd = next((v for v in values if type(v) not in SCALARS), None)
    what = f", in which {repr(odd)[:40]} is a {type(odd).__name__}" if values else ""
    remedy = _INTO_NUMBERS.get(kind, "convert it with astype first")
    if any(isinstance(v, GradArrayBase) for v in values):
        remedy = "use keratorch.asarray, which makes one differentiable array of the elements"
    return DTypeError(
        f"{backend.name} makes an array of dtype {raw.dtype} of this data{what}: keratorch holds "
        f"booleans and numbers: {remedy}"
    )


def has_array(value: Any) -> bool:
    """Whether `value` is a nested list or tuple that contains a `GradArray`."""
    if isinstance(value, (list, tuple)):
        value = filled.settled(value)
        return any(isinstance(v, GradArrayBase) or has_array(v) for v in value)
    return False


def from_objects(value: Any) -> Any:
    """The nested list of an array of dtype object that contains a `GradArray`; others as they are.

    NumPy makes such an array where users fill ``np.empty(n, object)`` with tracked values.
    """
    is_object = getattr(getattr(value, "dtype", None), "kind", None) == "O"
    if not is_object or not hasattr(value, "reshape"):  # a Series of pandas has none
        return value
    if not any(isinstance(v, GradArrayBase) for v in value.reshape(-1).tolist()):
        return value
    return value.tolist()


def _stacked(value: Any, like: Any) -> Any:
    """A nested sequence that contains `GradArray`s, as one differentiable array."""
    value = filled.settled(value)
    found = _first_array(value) if like is None else like
    numbers = _stacked_numbers(value, found)
    if numbers is not None:
        return numbers
    arrays = [as_operand(v, like=found) for v in value]
    check_devices("asarray", *(a._array for a in arrays))
    shapes = list(dict.fromkeys(tuple(a.shape) for a in arrays))
    if len(shapes) > 1:
        raise ShapeError(
            f"a list of elements of shapes {' and '.join(map(str, shapes))}, of which some are "
            "GradArrays, makes no array: the elements must have one shape; concat joins others"
        )
    dtypes = [a._array.dtype for a in arrays]
    xp = arrays[0].__array_namespace__()
    if any(d != dtypes[0] for d in dtypes):
        dtype = _registry.of(arrays[0]._array).xp.result_type(*dtypes)
        arrays = [xp.astype(a, dtype) for a in arrays]
    return xp.stack(arrays)


def _stacked_numbers(value: Any, like: Any) -> Any:
    """As `_stacked`, for arrays of shape () and Python's numbers, with one operation for all.

    `None` if the lists hold anything else, or are not equally long.
    """
    shape: list[int] = []
    row = value
    while isinstance(row, (list, tuple)):
        if not row:
            return None
        shape.append(len(row))
        row = row[0]
    numbers = [value]
    for n in shape:
        if not all(isinstance(v, (list, tuple)) and len(v) == n for v in numbers):
            return None
        numbers = [v for row in numbers for v in row]
    made: dict[Any, Any] = {}  # a number that occurs twice becomes an array once
    arrays: list[Any] = []
    raw_like = like._array
    kind = type(raw_like)
    for v in numbers:
        if type(v) is making.cls:
            if type(v._array) is not kind or v._array.ndim:
                return None
            arrays.append(v)
        elif type(v) in SCALARS:
            key = (type(v), v or repr(v))  # 0.0 and -0.0 are two numbers
            if key not in made:
                made[key] = as_operand(v, like)
            arrays.append(made[key])
        elif getattr(v, "ndim", None) == 0:
            x = as_operand(v, like)
            if type(x._array) is not kind:
                return None
            arrays.append(x)
        else:
            return None
    if _registry.of(raw_like).multi_device:
        check_devices("asarray", *(a._array for a in arrays))
    xp = like.__array_namespace__()
    dtypes = [a._array.dtype for a in arrays]
    if any(d != dtypes[0] for d in dtypes):
        dtype = _registry.of(raw_like).xp.result_type(*dtypes)
        arrays = [a if a._array.dtype == dtype else xp.astype(a, dtype) for a in arrays]
    stacked = xp.stack(arrays)
    return stacked if len(shape) == 1 else xp.reshape(stacked, tuple(shape))


def _first_array(value: Any) -> Any:
    for v in value:
        if isinstance(v, GradArrayBase):
            return as_operand(v)
        if isinstance(v, (list, tuple)):
            found = _first_array(v)
            if found is not None:
                return found
    return None


def check_devices(op: str, *raws: Any) -> None:
    """Raise `DeviceMismatchError` unless all arrays share one backend and device."""
    first = raws[0]
    backend = _registry.of(first)
    device = backend.device(first) if backend.multi_device else None
    for raw in raws[1:]:
        other = _registry.of(raw)
        if other is not backend:
            raise DeviceMismatchError(mismatch_message(op, first, raw))
        if backend.multi_device:
            found = backend.device(raw)
            if found != device and found is not None and device is not None:
                raise DeviceMismatchError(mismatch_message(op, first, raw))


def mismatch_message(op: str, a: Any, b: Any) -> str:
    first, second = _registry.of(a), _registry.of(b)
    hint = first.mixing_hint(second) or second.mixing_hint(first)
    return (
        f"{op} was given {_described(a)} and {_described(b)}: move one with "
        "to_device, as in x.to_device(y.device), a raw array with "
        f"keratorch.asarray(a, device=x.device){hint}"
    )


def _described(raw: Any) -> str:
    backend = _registry.of(raw)
    device = backend.device(raw)
    article = "an" if backend.name[0] in "aeiou" else "a"
    where = f" on {device}" if isinstance(device, Device) else ""
    return f"{article} {backend.name} array{where}"


def raw_key(key: Any, indexed: Any, keep: bool = False) -> Any:
    """The index `key` with each `GradArray` replaced by its raw array.

    indexed : the raw array to be indexed. NumPy arrays become indices of its library, if that takes
        them; other index arrays of another backend or device raise `DeviceMismatchError`.
    keep : whether a rule will keep the index. The parts into which the caller can write unseen are
        then copied.
    """
    if isinstance(key, tuple):
        return tuple([raw_key(k, indexed, keep) for k in key])
    if isinstance(key, list):
        if has_array(key):
            key = as_operand(key)
        elif keep:
            return copy.deepcopy(key)
    key = filled.settled(key)
    if isinstance(key, GradArrayBase):
        key = get_raw(key)  # not copied: keratorch notices writes into a GradArray
        check_devices("indexing", indexed, key)
        return key
    if _registry.is_array(key):
        found = as_index(key, indexed)
        return kept(found) if keep and found is key else found
    if isinstance(key, slice):
        if any(isinstance(k, GradArrayBase) for k in _parts(key)):
            return slice(*(k if k is None else index(k) for k in _parts(key)))
        return key
    if isinstance(key, (int, list, NoneType, EllipsisType)):
        return key
    if isinstance(key, np.integer):
        return int(key)  # which makes a view, as in NumPy
    if keep and (type(key).__name__ in _BUFFERS or is_table(key)):
        return kept(as_raw(key, constant(indexed)))
    return key


def _parts(key: slice) -> tuple[Any, Any, Any]:
    return key.start, key.stop, key.step


# -- making raw arrays, and moving them


def to_raw(data: Any, device: Any, dtype: Any, op: str) -> Any:
    """`data` as a raw array on `device`, of `dtype`; no copy if `data` already fits."""
    if type(data) in filled.classes:
        data = filled.present(data)
    if isinstance(data, GradArrayBase) or has_array(data):
        if isinstance(data, GradArrayBase):
            tracked = is_tracked(data)
            data = get_raw(data)
        else:
            tracked = True
        if tracked:
            raise LostGradientError(
                f"{op} of tracked arrays would lose their gradient: use keratorch.asarray or "
                "stack, which are differentiable, or detach() first"
            )
    if type(data) in _registry.by_type or _registry.is_array(data):
        backend = _registry.of(data)
        raw = backend.adopt(data)
        if device is not None:
            raw = move(raw, target_device(raw, device))
            backend = _registry.of(raw)
        raw = require_numbers(backend, raw)
        if dtype is not None:
            wanted = backend.dtype(dtype)
            if raw.dtype != wanted:
                raw = backend.xp.astype(raw, wanted)
        return raw
    backend, where = _registry.resolve_device(device)
    try:
        return require_numbers(backend, backend.asarray(data, dtype=dtype, device=where))
    except (TypeError, ValueError) as error:
        if isinstance(error, (DTypeError, UnknownArrayError)):
            raise
        raise UnknownArrayError(f"{op}: {no_array(backend, data, error)}") from error


def target_device(raw: Any, device: Any) -> Any:
    """The `Device` that `device` means for the array `raw`."""
    backend = _registry.of(raw)
    if isinstance(device, str):
        here = backend.device(raw)
        if here is not None and here == device:
            return here
        for own in backend.devices():
            if own == device:
                return own
    elif not isinstance(device, _registry.Device):
        return backend.from_raw_device(device)
    return _registry.resolve_device(device)[1]


def move(raw: Any, target: Any) -> Any:
    """The raw array on the device `target`; between two backends it goes through the host."""
    backend = _registry.of(raw)
    if backend.name == target.backend:
        return raw if backend.device(raw) == target else backend.to_device(raw, target)
    other = _registry.resolve_device(target)[0]
    return other.from_numpy(backend.to_numpy(raw), target)
