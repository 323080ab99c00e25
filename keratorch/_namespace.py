"""The differentiable Array API namespace of a backend: ``kt.namespace("torch")``."""

from __future__ import annotations

import functools
from typing import Any

from .backends import Backend, _registry
from .errors import UnknownDeviceError

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
_FREQUENCIES = ("fftfreq", "rfftfreq")


class Namespace:
    """The functions of keratorch, with the dtypes of one backend.

    Creation functions put their arrays on that backend; all others work on any `GradArray`.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.__name__ = f"keratorch.namespace({backend.name!r})"

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __reduce__(self) -> Any:
        return namespace, (self._backend.name,)

    def __getattr__(self, name: str) -> Any:
        if name in _CONSTANTS or name in _DTYPES or name == "__array_namespace_info__":
            try:
                value = None if name == "newaxis" else getattr(self._backend.xp, name)
            except AttributeError:
                raise AttributeError(
                    f"{self.__name__} has no {name!r}: {self._backend.name} has none"
                ) from None
        elif name in _INQUIRIES:
            value = functools.partial(_inquire, getattr(self._backend.xp, name))
        elif name in _CREATION:
            value = functools.partial(_create, self._backend, name)
        elif name == "fft":
            value = FourierNamespace(self)
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

        public = {name for name in vars(keratorch) if not name.startswith("_")}
        return sorted({*public, *_CONSTANTS, *_INQUIRIES, *_CREATION})


class FourierNamespace:
    """`keratorch.fft`, whose frequencies are arrays of one backend."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self.__name__ = f"{namespace.__name__}.fft"

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __reduce__(self) -> Any:
        return getattr, (self._namespace, "fft")

    def __getattr__(self, name: str) -> Any:
        from . import fft

        if name not in fft.__all__:
            raise AttributeError(f"{self.__name__} has no {name!r}")
        value = getattr(fft, name)
        if name in _FREQUENCIES:
            value = functools.partial(_create_on, self._namespace._backend, value)
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        from . import fft

        return sorted(fft.__all__)


def _create_on(
    backend: Backend, function: Any, *args: Any, device: Any = None, **kwargs: Any
) -> Any:
    """What a creation function makes on a device of `backend`, its default one for `None`."""
    where = _registry.default_of(backend) if device is None else _own_device(backend, device)
    return function(*args, device=where, **kwargs)


def _inquire(function: Any, *args: Any, **kwargs: Any) -> Any:
    return function(*map(_raw, args), **kwargs)


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
    else:
        device = _own_device(backend, device)
    kwargs["device"] = device
    return getattr(_creation, name)(*args, **kwargs)


def _own_device(backend: Backend, device: Any) -> _registry.Device:
    """The backend's device of that name; or `device` itself if it is the backend's."""
    if isinstance(device, str):
        backend.require()
        found = next((d for d in backend.devices() if d == device), None)
        if found is not None:
            return found
    elif not isinstance(device, _registry.Device):
        return backend.from_raw_device(device)
    elif device.backend == backend.name:
        return device
    raise UnknownDeviceError(
        f"{backend.name} has no device {device!r}; it has "
        + ", ".join(repr(str(d)) for d in backend.devices())
    )


def _raw(x: Any) -> Any:
    from ._array import GradArray, get_slot

    return get_slot(x) if isinstance(x, GradArray) else x


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
