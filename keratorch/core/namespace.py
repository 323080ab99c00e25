"""The differentiable Array API namespace of a backend: ``kt.namespace("torch")``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ..backends import Backend, _registry
from ..errors import UnknownDeviceError
from .nodes import GradArrayBase, raw_of

#: Constants and dtypes, which a namespace takes from its backend.
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
#: The functions of keratorch that neither the standard nor one of its extensions has.
_BEYOND = ("copy", "to_device")
_FREQUENCIES = ("fftfreq", "rfftfreq")
_CREATION = (
    "asarray",
    "zeros",
    "ones",
    "empty",
    "full",
    "arange",
    "linspace",
    "eye",
    "from_dlpack",
)


#: The public functions by name; the package sets them with `provide` during its import.
_functions: Mapping[str, Any] = {}
#: Functions that consumers look up under NumPy's names and under SciPy's names.
_others: Callable[[str], Any] = {}.get
_others_special: Callable[[], Mapping[str, Any]] = dict
#: What to use in place of a name that a namespace, ``"linalg"`` say, has not; "" for no idea.
_instead: Callable[[str, str], str] = "".format


def provide(
    functions: Mapping[str, Any],
    others: Callable[[str], Any],
    others_special: Callable[[], Mapping[str, Any]],
    instead: Callable[[str, str], str],
) -> None:
    """Set the functions that the namespaces offer, and what to use for missing names."""
    global _functions, _others, _others_special, _instead
    _functions, _others, _others_special = functions, others, others_special
    _instead = instead


def _no_name(what: str, scope: str, name: str) -> AttributeError:
    """The error for a name that the namespace `scope` has not: `what`, and what to use."""
    use = "" if name.startswith("_") else _instead(scope, name)
    use = use and ("; " if ": " in what else ": ") + use
    return AttributeError(what + use, name=name)


def missing_from(module: str) -> Callable[[str], Any]:
    """``__getattr__`` of a module of keratorch, called with a name that the module has not."""
    scope = module.partition(".")[2]

    def missing(name: str) -> Any:
        raise _no_name(f"module {module!r} has no attribute {name!r}", scope, name)

    return missing


#: The version of the Array API standard that keratorch implements.
API_VERSION = "2025.12"


class Info:
    """The result of ``__array_namespace_info__()``: the dtypes and devices of a backend.

    The answers come from the backend's own namespace, with `Device`s as devices.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._raw = backend.xp.__array_namespace_info__()

    def capabilities(self) -> dict[str, Any]:
        """The optional behaviours of the standard, and whether the backend has each."""
        return self._raw.capabilities()

    def default_device(self) -> Any:
        """The device of new arrays when the caller names none."""
        return _registry.default_of(self._backend)

    def devices(self) -> tuple[Any, ...]:
        """The backend's devices that this machine can use."""
        return tuple(self._backend.devices())

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The default dtype of each kind."""
        return self._raw.default_dtypes(device=self._raw_device(device))

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """The dtypes by name: all dtypes, or those of one kind."""
        return self._raw.dtypes(device=self._raw_device(device), kind=kind)

    def _raw_device(self, device: Any) -> Any:
        if device is None:
            return None
        return self._backend.raw_device(_own_device(self._backend, device))


class Namespace:
    """The functions and extensions of the Array API standard, with the dtypes of one backend.

    Creation functions make arrays of that backend; all other functions work on any `GradArray`. The
    namespace has no transformations and no errors. Functions beyond the standard, which some
    consumers need, are there under NumPy's names.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.__name__: str = f"keratorch.namespace({backend.name!r})"

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __reduce__(self) -> Any:
        return namespace, (self._backend.name,)

    def __getattr__(self, name: str) -> Any:
        if name in _CONSTANTS or name in _DTYPES:
            try:
                value = None if name == "newaxis" else getattr(self._backend.xp, name)
            except AttributeError:
                raise AttributeError(
                    f"{self.__name__} has no {name!r}: {self._backend.name} has none"
                ) from None
        elif name == "__array_namespace_info__":
            value = functools.partial(Info, self._backend)
        elif name == "__array_api_version__":
            value = API_VERSION
        elif name in _CREATION:
            value = functools.partial(_create, self._backend, name)
            functools.update_wrapper(value, _functions[name])
        elif name == "fft":
            value = FourierNamespace(self)
        elif name == "special":
            value = SpecialNamespace(self)
        elif name.startswith("_"):
            raise AttributeError(f"{self.__name__} has no attribute {name!r}")
        else:
            # Consumers look up functions beyond the standard under NumPy's names.
            value = None if name in _BEYOND else _functions.get(name)
            value = value or _others(name)
            if value is None:
                raise _no_name(
                    f"{self.__name__} has no {name!r}, which is no function of the standard or of "
                    "NumPy that keratorch differentiates",
                    "",
                    name,
                )
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        public = {name for name in _functions if not name.startswith("_")} - {*_BEYOND}
        dtypes = {name for name in _DTYPES if hasattr(self._backend.xp, name)}
        return sorted({*public, *_CONSTANTS, *dtypes})


class FourierNamespace:
    """`keratorch.fft`, with `fftfreq` and `rfftfreq` that make arrays of one backend."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self.__name__: str = f"{namespace.__name__}.fft"

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __reduce__(self) -> Any:
        return getattr, (self._namespace, "fft")

    def __getattr__(self, name: str) -> Any:
        fft = _functions["fft"]
        if name not in fft.__all__:
            raise _no_name(f"{self.__name__} has no {name!r}", "fft", name)
        value = getattr(fft, name)
        if name in _FREQUENCIES:
            plain, backend = value, self._namespace._backend
            value = functools.update_wrapper(functools.partial(_create_on, backend, plain), plain)
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        fft = _functions["fft"]
        return sorted(fft.__all__)


class SpecialNamespace:
    """`keratorch.special`, and SciPy's functions that are composed of those."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self.__name__: str = f"{namespace.__name__}.special"

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __reduce__(self) -> Any:
        return getattr, (self._namespace, "special")

    def __getattr__(self, name: str) -> Any:
        special = _functions["special"]
        value = getattr(special, name) if name in special.__all__ else _others_special().get(name)
        if value is None:
            raise _no_name(f"{self.__name__} has no {name!r}", "special", name)
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        special = _functions["special"]
        return sorted({*special.__all__, *_others_special()})


def _create_on(
    backend: Backend, function: Any, *args: Any, device: Any = None, **kwargs: Any
) -> Any:
    """Call a creation function on a device of `backend`: for `None`, the default device."""
    where = _registry.default_of(backend) if device is None else _own_device(backend, device)
    return function(*args, device=where, **kwargs)


def _create(backend: Backend, name: str, *args: Any, **kwargs: Any) -> Any:
    device = kwargs.get("device")
    first = args[0] if args else None
    if device is None:
        is_value = isinstance(first, GradArrayBase) or _registry.is_array(first)
        if name == "asarray" and is_value and _registry.of(raw_of(first)) is backend:
            return _functions["asarray"](*args, **kwargs)
        device = _registry.default_of(backend)
    else:
        device = _own_device(backend, device)
    kwargs["device"] = device
    return _functions[name](*args, **kwargs)


def _own_device(backend: Backend, device: Any) -> _registry.Device:
    """The device of `backend` that `device`, a name or a device, means."""
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


def default_namespace() -> Namespace:
    """The namespace of the default device's backend; the module `keratorch` stands for it."""
    return namespace_of_backend(_registry.resolve_device(None)[0])


def module_attribute(name: str) -> Any:
    """An attribute of the module `keratorch` that depends on the default backend."""
    if name in _DTYPES or name in _CONSTANTS:
        return getattr(default_namespace(), name)
    raise _no_name(f"module 'keratorch' has no attribute {name!r}", "", name)


def array_namespace_info() -> Info:
    """The dtypes and devices of the default backend, in the form of the Array API standard."""
    return Info(_registry.resolve_device(None)[0])


_namespaces: dict[str, Namespace] = {}


def namespace_of_backend(backend: Backend) -> Namespace:
    found = _namespaces.get(backend.name)
    if found is None or found._backend is not backend:
        found = _namespaces[backend.name] = Namespace(backend)
    return found


def namespace(backend: str | Backend) -> Namespace:
    """The differentiable namespace of a backend, by name: ``namespace("torch")``.

    The namespace has the standard's functions, differentiable, and the dtypes of that backend. Its
    creation functions make arrays of that backend. It is hashable.

    Raises `BackendUnavailableError` for an unknown name.
    """
    return namespace_of_backend(backend if isinstance(backend, Backend) else _registry.get(backend))


__all__ = [
    "API_VERSION",
    "Info",
    "Namespace",
    "array_namespace_info",
    "default_namespace",
    "missing_from",
    "module_attribute",
    "namespace",
    "namespace_of_backend",
    "provide",
]
