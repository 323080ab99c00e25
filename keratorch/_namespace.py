"""The differentiable Array API namespace of a backend: ``kt.namespace("torch")``."""

from __future__ import annotations

import functools
from typing import Any

from .backends import Backend, _registry

#: Names that a namespace takes from its backend as they are: dtypes and constants.
_CONSTANTS = ("e", "pi", "inf", "nan", "newaxis")
_DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)
_INQUIRIES = ("isdtype", "result_type", "can_cast", "finfo", "iinfo")
_CREATION = ("asarray", "zeros", "ones", "empty", "full", "arange", "linspace", "eye")


class Namespace:
    """The functions of keratorch, with the dtypes of one backend.

    Creation functions put their arrays on that backend; all others work on any `GradArray`.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.__name__ = f"keratorch.namespace({backend.name!r})"

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __getattr__(self, name: str) -> Any:
        if name in _CONSTANTS or name in _DTYPES:
            value = getattr(self._backend.xp, name)
        elif name in _INQUIRIES:
            value = functools.partial(_inquire, getattr(self._backend.xp, name))
        elif name in _CREATION:
            value = functools.partial(_create, self._backend, name)
        elif name.startswith("_"):
            raise AttributeError(f"{self.__name__} has no attribute {name!r}")
        else:
            import keratorch

            value = getattr(keratorch, name, None)
            if value is None:
                raise AttributeError(
                    f"{self.__name__} has no {name!r}: keratorch has no differentiable function "
                    "of that name"
                )
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        import keratorch

        return sorted({*keratorch.__all__, *_CONSTANTS, *_INQUIRIES, *_CREATION})


def _inquire(function: Any, *args: Any) -> Any:
    from ._array import GradArray

    return function(*(x._array if isinstance(x, GradArray) else x for x in args))


def _create(backend: Backend, name: str, *args: Any, **kwargs: Any) -> Any:
    from . import _creation
    from ._array import GradArray

    device = kwargs.get("device")
    first = args[0] if args else None
    if device is None:
        is_value = isinstance(first, GradArray) or _registry.is_array(first)
        if name == "asarray" and is_value and _registry.of(_raw(first)) is backend:
            return _creation.asarray(*args, **kwargs)
        device = _registry.default_of(backend)
    elif not isinstance(device, (str, _registry.Device)):
        device = backend.from_raw_device(device)
    kwargs["device"] = device
    return getattr(_creation, name)(*args, **kwargs)


def _raw(x: Any) -> Any:
    return getattr(x, "_array", x)


_namespaces: dict[str, Namespace] = {}


def namespace_of_backend(backend: Backend) -> Namespace:
    found = _namespaces.get(backend.name)
    if found is None or found._backend is not backend:
        found = _namespaces[backend.name] = Namespace(backend)
    return found


def namespace(backend: str | Backend) -> Namespace:
    """The differentiable namespace of a backend, by name: ``namespace("torch")``.

    It has the functions of keratorch and the dtypes of that backend, and is hashable; its
    ``asarray`` and the other creation functions make arrays of that backend.
    """
    return namespace_of_backend(backend if isinstance(backend, Backend) else _registry.get(backend))


__all__ = ["Namespace", "namespace", "namespace_of_backend"]
