"""Questions about dtypes: of arrays, of dtypes of any backend, and of their names."""

from __future__ import annotations

from typing import Any

from ..backends import Backend, _registry
from ..backends._backend import SCALARS
from ..core.nodes import GradArrayBase, get_raw
from ..errors import DTypeError

#: The kinds of dtypes in the standard.
_KINDS = (
    *("bool", "signed integer", "unsigned integer", "integral"),
    *("real floating", "complex floating", "numeric"),
)


def _backend_of(*values: Any) -> Backend:
    """The backend of the first array or dtype; the default one for names and scalars.

    Of a NumPy array and an array of a library that takes it, that of the library.
    """
    found: Backend | None = None
    for value in values:
        raw = get_raw(value) if isinstance(value, GradArrayBase) else value
        if _registry.is_array(raw):
            backend = _registry.of(raw)
            if found is None or (found.name == "numpy" and backend.takes_numpy):
                found = backend
    if found is not None:
        return found
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
    if type(raw) in SCALARS:
        return backend.asarray(raw, dtype=None, device=None).dtype
    return raw.dtype if _registry.is_array(raw) else raw


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether `from_`, a dtype or an array, can be cast to the dtype `to`.

    The library decides, by its rules of type promotion.
    """
    backend = _backend_of(from_, to)
    return bool(backend.xp.can_cast(_type(backend, from_), _type_or_raw(backend, to)))


def finfo(type: Any, /) -> Any:
    """The limits of a floating or complex dtype, or of the dtype of an array."""
    backend = _backend_of(type)
    dtype = _type(backend, type)
    if not backend.is_inexact(dtype):
        raise DTypeError(
            f"finfo of {dtype}, which is neither floating nor complex: use iinfo for integers"
        )
    return backend.xp.finfo(dtype)


def iinfo(type: Any, /) -> Any:
    """The limits of an integer dtype, or of the dtype of an array."""
    backend = _backend_of(type)
    dtype = _type(backend, type)
    if not backend.xp.isdtype(dtype, "integral"):
        raise DTypeError(f"iinfo of {dtype}, which is no dtype of integers: use finfo for others")
    return backend.xp.iinfo(dtype)


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether `dtype` is of the given kind.

    kind : a kind of the standard (``"real floating"``, …), a dtype, or a tuple of these, of which
        one must hold. Raises `DTypeError` for an unknown name.
    """
    backend = _backend_of(dtype)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    for k in kinds:
        if isinstance(k, str) and k not in _KINDS:
            raise DTypeError(f"isdtype: kind is {k!r}: use one of {', '.join(map(repr, _KINDS))}")
    named = tuple(k if isinstance(k, str) else backend.dtype(k) for k in kinds)
    return bool(backend.xp.isdtype(backend.dtype(dtype), named))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The common dtype of arrays, dtypes and Python scalars, by the library's promotion rules."""
    backend = _backend_of(*arrays_and_dtypes)
    return backend.xp.result_type(*(_type_or_raw(backend, value) for value in arrays_and_dtypes))
