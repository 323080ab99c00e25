"""Which backend an array belongs to, and which device a name means.

This module imports no library that the user has not imported or asked for. It finds the backend of
a type by the module that defines the type, and loads the module of a backend on demand.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from keratorch.errors import (
    BackendUnavailableError,
    KeratorchError,
    UnknownArrayError,
    UnknownDeviceError,
)

from . import _plugins
from ._backend import Backend
from ._device import Device, parse_device
from ._rules import Rule

#: Library -> the module of its backend in this package.
_MODULES = {
    "numpy": "_numpy",
    "cupy": "_cupy",
    "torch": "_torch",
    "jax": "_jax",
    "dask": "_dask",
    "array_api_strict": "_array_api_strict",
}
#: Top-level module that defines an array type -> library.
_LIBRARY_OF_MODULE = {**{name: name for name in _MODULES}, "jaxlib": "jax"}
#: The commonest types that are no arrays: no backend is asked about them. NumPy's scalar types join
#: when they are first met.
_NEVER_ARRAYS = {
    *(list, tuple, dict, int, float, complex, bool, str, bytes, slice, type(None), type(...))
}
#: Kind of a device -> the backend that a plain device name of that kind means.
_BACKEND_OF_KIND = {"cpu": "numpy", "cuda": "cupy"}
ENTRY_POINT_GROUP = _plugins.GROUP

_backends: dict[str, Backend] = {}
_by_namespace: dict[Any, Backend] = {}
_pending_rules: dict[str, dict[type, Rule]] = {}
_listeners: list[Callable[[], None]] = []
_lock = threading.RLock()


class _BackendByType(dict[type, Backend]):
    """Array type -> backend; filled in when a type is first met."""

    __slots__ = ()

    def __missing__(self, cls: type) -> Backend:
        raise KeyError(cls)


by_type: dict[type, Backend] = _BackendByType()

#: Classes of arrays that stand for something else at times, so that they are never in `by_type`:
#: `core.filled` says what such an array is now.
changing: set[type] = set()


# -- registering -------------------------------------------------------------------------------


def register(
    backend: Backend | str,
    *,
    rules: Mapping[type, Rule] | None = None,
    kinds: tuple[str, ...] = (),
) -> None:
    """Add a backend, or rules to one.

    backend : a `Backend`, which replaces one of the same name, and from now on serves its
        ``array_types``; or the name of a backend, to add `rules` to that backend.
    rules : ``{GradSubclass: rule}`` with ``rule(node, grad) -> tuple of gradients``, one per
        input, `None` for none; `node.saved(grad)` gives the saved arrays.
    kinds : device kinds whose plain name (``device="tpu"``) shall mean this backend.

    Raises `TypeError` for arguments of other types, `BackendUnavailableError` for an unknown name.

    A package can do the same without being imported, by an entry point of the group
    ``keratorch.backends``. The entry point has the backend's name, and its object is a `Backend` or
    a function that returns one. Such a backend gets no type, name or device kind of a built-in
    backend: keratorch warns, and names the package.
    """
    for cls, rule in (rules or {}).items():
        if not (isinstance(cls, type) and callable(rule)):
            raise TypeError(
                f"rules: {cls!r}: {rule!r} must be a Grad subclass and a function rule(node, grad)"
            )
    if not isinstance(backend, (Backend, str)):
        raise TypeError(
            f"register: {backend!r} must be a keratorch.backends.Backend or the name of one"
        )
    with _lock:
        if isinstance(backend, str):
            name = backend
            if name in _backends:
                _backends[name].rules.update(rules or {})
            elif name in _MODULES or name in _entry_points():
                _pending_rules.setdefault(name, {}).update(rules or {})
            else:
                raise BackendUnavailableError(_unknown_backend(name))
        else:
            name = backend.name
            if _plugins.is_loading():
                if name in _MODULES:
                    _plugins.refuse(f"the name {name!r}", name)
                    return
                backend.array_types = _own_types(backend)
            backend.rules.update(_pending_rules.pop(name, {}))
            backend.rules.update(rules or {})
            for cls, other in list(by_type.items()):
                replaced = other.name == name
                derived = cls not in other.array_types
                if (replaced or derived) and issubclass(cls, backend.array_types):
                    by_type[cls] = backend
                elif replaced:
                    del by_type[cls]
            _backends[name] = backend
            for cls in backend.array_types:
                by_type[cls] = backend
        for kind in kinds:
            kind = parse_device(kind)[0]
            owner = _BACKEND_OF_KIND.get(kind)
            if _plugins.is_loading() and owner in _MODULES:
                _plugins.refuse(f"the device kind {kind!r}", owner)
            else:
                _BACKEND_OF_KIND[kind] = name
        for listener in _listeners:
            listener()


def _own_types(backend: Backend) -> tuple[type, ...]:
    """The array types of the backend of an entry point, without those of built-in backends."""
    own: list[type] = []
    for cls in backend.array_types:
        library = _LIBRARY_OF_MODULE.get(cls.__module__.partition(".")[0])
        if library is not None and issubclass(cls, get(library).array_types):
            _plugins.refuse(f"arrays of type {cls.__module__}.{cls.__qualname__}", library)
        else:
            own.append(cls)
    return tuple(own)


def on_change(listener: Callable[[], None]) -> None:
    """Call `listener` whenever a backend or a rule is registered."""
    _listeners.append(listener)


def _entry_points() -> dict[str, Any]:
    return _plugins.entry_points(_MODULES)


def _load_entry_point(name: str) -> Backend:
    try:
        entry = _entry_points()[name]
        with _plugins.loading(entry):
            found = entry.load()
        with _lock, _plugins.loading(entry):
            if name in _backends:  # registered by the module itself, or by another thread
                return _backends[name]
            backend = found if isinstance(found, Backend) else found()
            if not isinstance(backend, Backend):
                raise TypeError(f"it gave a {type(backend).__name__}")
            if backend.name != name:
                raise TypeError(f"its backend calls itself {backend.name!r}")
            register(backend)
            return backend
    except Exception as error:
        raise BackendUnavailableError(
            f"the entry point {name!r} of {ENTRY_POINT_GROUP} gives no backend "
            f"({type(error).__name__}: {error}): it must name a keratorch.backends.Backend, or a "
            f"function that returns one, called {name!r}"
        ) from error


def _load_entry_points() -> list[str]:
    """Load the entry points that are not loaded yet; return the messages of those that fail."""
    failures: list[str] = []
    for name in _entry_points():
        if name not in _backends:
            try:
                _load_entry_point(name)
            except BackendUnavailableError as error:
                failures.append(str(error))
    return failures


def _unknown_backend(name: str) -> str:
    return (
        f"there is no backend {name!r}; known are "
        + ", ".join(names())
        + "; others are added with keratorch.backends.register"
    )


# -- looking up --------------------------------------------------------------------------------


def names() -> list[str]:
    """The names of all backends that are registered or known, usable here or not."""
    return list(dict.fromkeys([*_MODULES, *_backends, *_entry_points()]))


def get(name: str) -> Backend:
    """The backend of that name; imports its library.

    Raises `BackendUnavailableError` if there is none; the message says what is missing.
    """
    found = _backends.get(name)
    if found is not None:
        return found
    # A library is imported without the lock: its import may take locks of its own.
    if name in _MODULES:
        try:
            module = importlib.import_module(f".{_MODULES[name]}", __package__)
        except Exception as error:
            raise BackendUnavailableError(_not_installed(name, error)) from error
        with _lock, _plugins.loading(None):
            if name not in _backends:
                register(module.make())
            return _backends[name]
    if name in _entry_points():
        return _load_entry_point(name)
    raise BackendUnavailableError(_unknown_backend(name))


def _not_installed(name: str, error: Exception) -> str:
    if name == "cupy":
        return (
            f"CuPy cannot be imported ({error}): install it with pip install "
            "'keratorch-autograd[cuda12]' or 'keratorch-autograd[cuda13]', whichever CUDA the "
            "driver supports"
        )
    missing = getattr(error, "name", None) or name
    return f"the backend {name} cannot be loaded ({error}): install {missing} to use it"


def of(array: Any) -> Backend:
    """The backend of an array, by its type; raises `UnknownArrayError` for other objects."""
    cls = type(array)
    try:
        return by_type[cls]
    except KeyError:
        pass
    wrapped = _held_by(array)
    if wrapped is not None:
        return of(wrapped)
    backend = _find(cls, array)
    if cls in changing:
        return backend
    with _lock:
        return by_type.setdefault(cls, backend)


#: The class whose instances hold a raw array, and the function that returns that array.
_holder: tuple[type, Callable[[Any], Any]] | None = None


def unwrap(cls: type, get: Callable[[Any], Any]) -> None:
    """Make ``of(x)``, for an `x` of the class `cls`, the backend of ``get(x)``."""
    global _holder
    _holder = cls, get


def _held_by(array: Any) -> Any:
    """The raw array of a `GradArray`; `None` for anything else."""
    return _holder[1](array) if _holder and isinstance(array, _holder[0]) else None


def _find(cls: type, array: Any) -> Backend:
    """The backend of a type that is met for the first time."""
    found = _by_base(cls)
    if found is not None:
        return found
    failures = _load_entry_points()
    found = _by_base(cls)
    if found is not None:
        return found
    if isinstance(array, type) or not hasattr(array, "__array_namespace__"):
        raise UnknownArrayError("; ".join([_no_array(cls), *failures]))
    return _general(cls, array.__array_namespace__())


def _by_base(cls: type) -> Backend | None:
    """The backend of the class, or of the nearest class that it derives from."""
    for base in cls.__mro__:
        if base in by_type:
            return by_type[base]
        library = _LIBRARY_OF_MODULE.get(base.__module__.partition(".")[0])
        if library is not None:
            backend = get(library)
            if issubclass(base, backend.array_types):
                return backend
            if base is cls:
                raise UnknownArrayError(_no_array(cls))
    return None


def _general(cls: type, xp: Any) -> Backend:
    """The general adapter for a namespace that nobody registered."""
    with _lock:
        try:
            return _by_namespace[xp]
        except (KeyError, TypeError):
            pass
        name = getattr(xp, "__name__", None) or f"{cls.__module__}.{cls.__qualname__}"
        if name in _backends or name in _MODULES:
            name = f"{name} of {cls.__module__}.{cls.__qualname__}"
        backend = Backend(name, xp, (cls,))
        _backends[name] = backend
        if getattr(type(xp), "__hash__", None) is not None:
            _by_namespace[xp] = backend
        return backend


def _no_array(cls: type) -> str:
    return (
        f"{cls.__module__}.{cls.__qualname__} is no array that keratorch knows: it needs "
        "__array_namespace__ (the Array API standard), or a backend registered with "
        "keratorch.backends.register"
    )


def is_array(value: Any) -> bool:
    """Whether some backend has arrays of the type of `value`."""
    cls = type(value)
    if cls in by_type or cls in changing:
        return True
    if cls in _NEVER_ARRAYS:
        return False
    # Entry points are loaded only for an object with a namespace, or with a shape and a dtype.
    if not (
        hasattr(value, "__array_namespace__")
        or (hasattr(value, "shape") and hasattr(value, "dtype"))
    ):
        return False
    try:
        of(value)
    except UnknownArrayError:
        if cls.__module__ == "numpy":
            _NEVER_ARRAYS.add(cls)
        return False
    return True


# -- devices -----------------------------------------------------------------------------------


class _Default(threading.local):
    stack: tuple[Any, ...] = ()


_default = _Default()
_program_default: Any = None


def set_default_device(device: str | Device | None) -> None:
    """Set the default device of the whole program, where lists and scalars become arrays.

    device : a name or a `Device`; `None` goes back to ``KERATORCH_DEVICE``, or the CPU.

    Raises `UnknownDeviceError` or `BackendUnavailableError` at once if the device cannot be used.
    """
    global _program_default
    if device is not None:
        resolve_device(device)
    _program_default = device


@contextmanager
def default_device(device: str | Device) -> Generator[Device]:
    """Within the ``with`` block, in this thread, `device` is the default device.

    Errors as in `set_default_device`.
    """
    resolved = resolve_device(device)[1]
    before = _default.stack
    _default.stack = (*before, resolved)
    try:
        yield resolved
    finally:
        _default.stack = before


def get_default_device() -> Device:
    """The default device of this thread, where lists and scalars become arrays."""
    return resolve_device(None)[1]


def resolve_device(device: Any) -> tuple[Backend, Device]:
    """The backend and `Device` that a name, a `Device` or `None` (the default) means.

    Raises `UnknownDeviceError` for a name that no backend knows, or a number that does not exist;
    `BackendUnavailableError` where the backend cannot be used on this machine.
    """
    if device is None:
        if _default.stack:
            device = _default.stack[-1]
        elif _program_default is not None:
            device = _program_default
        elif os.environ.get("KERATORCH_DEVICE"):
            return _device_of_environment(os.environ["KERATORCH_DEVICE"])
        else:
            device = "cpu"
    if isinstance(device, Device):
        backend = get(device.backend)
        wanted: Any = device
    elif isinstance(device, str):
        kind, index = parse_device(device)
        if kind not in _BACKEND_OF_KIND:
            raise UnknownDeviceError(
                f"unknown device {device!r}: use one of "
                + ", ".join(repr(k) for k in _BACKEND_OF_KIND)
                + ", with a number as in 'cuda:1', or a keratorch.Device, which names the "
                "backend too; keratorch.devices() lists those that can be used here: "
                + ", ".join(dict.fromkeys(repr(str(d)) for d in _loaded_devices()))
            )
        backend = get(_BACKEND_OF_KIND[kind])
        if kind == "cpu" and backend.name == "numpy" and not index:
            return backend, Device("numpy", "cpu", 0)
        backend.require()
        wanted = (
            current_device(backend, kind) if index is None else Device(backend.name, kind, index)
        )
    else:
        raise UnknownDeviceError(
            f"a device is a name such as 'cpu' or 'cuda:1' or a keratorch.Device, "
            f"not {type(device).__name__}"
        )
    backend.require()
    usable = backend.devices()
    if wanted not in usable:
        raise UnknownDeviceError(
            f"{backend.name} has no device {str(wanted)!r} here; it has "
            + ", ".join(repr(str(d)) for d in usable)
        )
    return backend, wanted


def _device_of_environment(name: str) -> tuple[Backend, Device]:
    try:
        return resolve_device(name)
    except KeratorchError as error:
        raise type(error)(f"the environment variable KERATORCH_DEVICE: {error}") from error


def current_device(backend: Backend, kind: str) -> Device:
    """The device that `kind` means without a number: the library's current one."""
    current = backend.current_device()
    return current if current.kind == kind else Device(backend.name, kind, 0)


def devices() -> list[Device]:
    """The devices that can be used on this machine.

    These are the devices of NumPy and CuPy, of every other library that has been imported, and of
    entry points. A backend that cannot be used has no devices, and raises nothing.
    """
    found: list[Device] = []
    for name in names():
        library = name in _MODULES and name not in ("numpy", "cupy")
        if library and name not in sys.modules and name not in _backends:
            continue
        try:
            backend = get(name)
            if backend.why_unavailable() is None:
                found.extend(backend.devices())
        except Exception:  # a broken library, for example, has no usable device
            continue
    return found


def _loaded_devices() -> list[Device]:
    """The devices of the backends that were used: an error is no reason to import a library."""
    found: list[Device] = []
    for name in dict.fromkeys(["numpy", *_backends]):
        with suppress(Exception):
            backend = get(name)
            if backend.why_unavailable() is None:
                found.extend(backend.devices())
    return found


def default_of(backend: Backend) -> Device:
    """The device of a backend's new arrays if the caller names none."""
    backend.require()
    default = get_default_device()
    return default if default.backend == backend.name else backend.current_device()
