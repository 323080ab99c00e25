"""Questions about dtypes, of arrays, or of dtypes of any backend by themselves or by name."""

from __future__ import annotations

from typing import Any

from ..backends import Backend, _registry
from ..backends._backend import SCALARS
from ..core.nodes import GradArrayBase, get_raw


def _backend_of(*values: Any) -> Backend:
    """The backend of the first array or dtype; the default one for names and scalars."""
    for value in values:
        if isinstance(value, GradArrayBase):
            return _registry.of(get_raw(value))
        if _registry.is_array(value):
            return _registry.of(value)
    default = _registry.resolve_device(None)[0]
    for value in values:
        home = type(value).__module__.partition(".")[0]
        if type(value) not in SCALARS and not isinstance(value, (str, type)) and home != "builtins":
            for name in (default.name, "torch", "array_api_strict"):
                if home == name:
                    return _registry.get(name)
    return default


def _type_or_raw(backend: Backend, value: Any) -> Any:
    if isinstance(value, GradArrayBase):
        return get_raw(value)
    if type(value) in SCALARS or _registry.is_array(value):
        return value
    return backend.dtype(value)


def _type(backend: Backend, value: Any) -> Any:
    """The dtype of an array, or the dtype that `value` is."""
    raw = _type_or_raw(backend, value)
    return raw.dtype if _registry.is_array(raw) else raw


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether the dtype, or the dtype of the array, `from_` can become `to` safely."""
    backend = _backend_of(from_, to)
    return bool(backend.xp.can_cast(_type(backend, from_), _type_or_raw(backend, to)))


def finfo(type: Any, /) -> Any:
    """The limits of a floating or complex dtype, or of that of an array."""
    backend = _backend_of(type)
    return backend.xp.finfo(_type(backend, type))


def iinfo(type: Any, /) -> Any:
    """The limits of an integer dtype, or of that of an array."""
    backend = _backend_of(type)
    return backend.xp.iinfo(_type(backend, type))


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether `dtype` is of a kind (``"real floating"``, …), is a dtype, or any of a tuple."""
    backend = _backend_of(dtype)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    named = tuple(k if isinstance(k, str) else backend.dtype(k) for k in kinds)
    return bool(backend.xp.isdtype(backend.dtype(dtype), named))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that arrays, dtypes and Python scalars have together."""
    backend = _backend_of(*arrays_and_dtypes)
    return backend.xp.result_type(*(_type_or_raw(backend, value) for value in arrays_and_dtypes))
