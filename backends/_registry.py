"""Which backend an array belongs to, and which device a name means.

Nothing here imports a library that the user has not imported or asked for: an array's type
is looked up by the module that it comes from, and a backend's module is loaded on demand.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from keratorch.errors import (
    BackendUnavailableError,
    UnknownArrayError,
    UnknownDeviceError,
)

from ._backend import Backend, Rule, namespace_of
from ._device import Device, parse_device

#: Our module for each library that is known by name.
_MODULES = {
    "numpy": "_numpy",
    "cupy": "_cupy",
    "torch": "_torch",
    "jax": "_jax",
    "dask": "_dask",
    "array_api_strict": "_array_api_strict",
}
#: The library for the top-level module that defines an array type.
_LIBRARY_OF_MODULE = {**{name: name for name in _MODULES}, "jaxlib": "jax"}
#: The backend of a plain device name.
_BACKEND_OF_KIND = {"cpu": "numpy", "cuda": "cupy"}
ENTRY_POINT_GROUP = "keratorch.backends"

_backends: dict[str, Backend] = {}
_by_namespace: dict[Any, Backend] = {}
_pending_rules: dict[str, dict[type, Rule]] = {}
_listeners: list[Callable[[], None]] = []
_lock = threading.RLock()


class _BackendByType(dict[type, Backend]):
    """Array type -> backend, filled in as types are met."""

    __slots__ = ()

    def __missing__(self, cls: type) -> Backend:
        raise KeyError(cls)


by_type: dict[type, Backend] = _BackendByType()


# -- registering -------------------------------------------------------------------------------


def register(
    backend: Backend | str,
    *,
    rules: Mapping[type, Rule] | None = None,
    kinds: tuple[str, ...] = (),
) -> None:
    """Add a backend, or rules to one.

    backend : a `Backend`, which replaces one of the same name and serves its
        ``array_types`` from now on; or the name of a backend, to add `rules` to it.
    rules : ``{GradSubclass: rule}`` with ``rule(node, grad) -> tuple of gradients``, one per
        input, `None` for none; `node.saved(grad)` gives the saved arrays.
    kinds : device kinds whose plain name (``device="tpu"``) shall mean this backend.

    A package can do the same without being imported: an entry point of the group
    ``keratorch.backends`` whose object is a `Backend` or a function that returns one.
    """
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
            backend.rules.update(_pending_rules.pop(name, {}))
            backend.rules.update(rules or {})
            for cls, other in list(by_type.items()):
                if other.name == name:
                    del by_type[cls]
            _backends[name] = backend
            for cls in backend.array_types:
                by_type[cls] = backend
        for kind in kinds:
            _BACKEND_OF_KIND[kind] = name
        for listener in _listeners:
            listener()


def on_change(listener: Callable[[], None]) -> None:
    """Call `listener` whenever a backend or a rule is registered."""
    _listeners.append(listener)


_entry_point_table: dict[str, Any] | None = None


def _entry_points() -> dict[str, Any]:
    global _entry_point_table
    if _entry_point_table is None:
        from importlib.metadata import entry_points

        _entry_point_table = {e.name: e for e in entry_points(group=ENTRY_POINT_GROUP)}
    return _entry_point_table


def _load_entry_point(name: str) -> Backend:
    found = _entry_points()[name].load()
    backend = found if isinstance(found, Backend) else found()
    if not isinstance(backend, Backend):
        raise BackendUnavailableError(
            f"the entry point {name!r} of {ENTRY_POINT_GROUP} gave a "
            f"{type(backend).__name__}, not a keratorch.backends.Backend"
        )
    register(backend)
    return backend


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

    Raises `BackendUnavailableError`, with what is missing, where there is none.
    """
    found = _backends.get(name)
    if found is not None:
        return found
    with _lock:
        if name in _MODULES:
            try:
                module = importlib.import_module(f".{_MODULES[name]}", __package__)
            except ImportError as error:
                raise BackendUnavailableError(_not_installed(name, error)) from error
            register(module.make())
        elif name in _entry_points():
            _load_entry_point(name)
        else:
            raise BackendUnavailableError(_unknown_backend(name))
        return _backends[name]


def _not_installed(name: str, error: ImportError) -> str:
    if name == "cupy":
        return (
            f"CuPy cannot be imported ({error}): install it with pip install "
            "'keratorch[cuda12]' or 'keratorch[cuda13]', whichever CUDA the driver supports"
        )
    missing = error.name or name
    return f"the backend {name} cannot be loaded ({error}): install {missing} to use it"


def of(array: Any) -> Backend:
    """The backend of an array, by its type; `UnknownArrayError` if it is no array."""
    cls = type(array)
    try:
        return by_type[cls]
    except KeyError:
        pass
    with _lock:
        backend = _find(cls, array)
        by_type[cls] = backend
        return backend


def _find(cls: type, array: Any) -> Backend:
    root = cls.__module__.partition(".")[0]
    if root in _LIBRARY_OF_MODULE:
        library = _LIBRARY_OF_MODULE[root]
        backend = get(library)
        if backend.array_types and not issubclass(cls, backend.array_types):
            raise UnknownArrayError(_no_array(cls))
        return backend
    for name in _entry_points():
        if name not in _backends:
            backend = _load_entry_point(name)
            if cls in backend.array_types:
                return backend
    for base in cls.__mro__[1:]:
        if base in by_type:
            return by_type[base]
    if not hasattr(array, "__array_namespace__"):
        raise UnknownArrayError(_no_array(cls))
    xp = namespace_of(array)
    try:
        return _by_namespace[xp]
    except (KeyError, TypeError):
        name = getattr(xp, "__name__", cls.__module__)
        backend = Backend(name, xp, (cls,))
        backend.rules.update(_pending_rules.pop(name, {}))
        _backends.setdefault(name, backend)
        with_hash = getattr(type(xp), "__hash__", None)
        if with_hash is not None:
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
    if cls in by_type:
        return True
    if not hasattr(value, "__array_namespace__") and (
        cls.__module__.partition(".")[0] not in _LIBRARY_OF_MODULE
    ):
        return False
    try:
        of(value)
    except UnknownArrayError:
        return False
    return True


# -- devices -----------------------------------------------------------------------------------


class _Default(threading.local):
    stack: tuple[Any, ...] = ()


_default = _Default()
_program_default: Any = None


def set_default_device(device: str | Device | None) -> None:
    """Set the device of the whole program; `None` goes back to ``KERATORCH_DEVICE``, or the CPU.

    It rules where `GradArray` and the creation functions put lists and scalars. The name is
    checked now, and so is that the device can be used.
    """
    global _program_default
    if device is not None:
        resolve_device(device)
    _program_default = device


@contextmanager
def default_device(device: str | Device) -> Iterator[Device]:
    """Within the ``with`` block, in this thread, `device` is the default device."""
    resolved = resolve_device(device)[1]
    before = _default.stack
    _default.stack = (*before, resolved)
    try:
        yield resolved
    finally:
        _default.stack = before


def get_default_device() -> Device:
    """The device that lists and scalars go to."""
    return resolve_device(None)[1]


def resolve_device(device: Any) -> tuple[Backend, Device]:
    """The backend and `Device` that a name, a `Device` or `None` (the default) means.

    Raises `UnknownDeviceError` for a name that no backend knows or a number that does not
    exist, `BackendUnavailableError` where the backend cannot be used on this machine.
    """
    if device is None:
        if _default.stack:
            device = _default.stack[-1]
        else:
            device = _program_default or os.environ.get("KERATORCH_DEVICE") or "cpu"
    if isinstance(device, Device):
        backend = get(device.backend)
        wanted: Any = device
    elif isinstance(device, str):
        kind, index = parse_device(device)
        if kind not in _BACKEND_OF_KIND:
            raise UnknownDeviceError(
                f"unknown device {device!r}: use one of "
                + ", ".join(repr(k) for k in _BACKEND_OF_KIND)
                + ", with a number as in 'cuda:1', or a keratorch.Device, which names "
                "the backend too"
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


def current_device(backend: Backend, kind: str) -> Device:
    """The device that `kind` means without a number: the library's current one."""
    current = getattr(backend, "current_device", None)
    return current() if current is not None else Device(backend.name, kind, 0)


def devices() -> list[Device]:
    """The devices that can be used on this machine.

    NumPy's and CuPy's, and those of every other library that has been imported.
    """
    found: list[Device] = []
    for name in names():
        library = name if name in _MODULES else None
        if library not in (None, "numpy", "cupy") and library not in sys.modules:
            continue
        try:
            backend = get(name)
        except BackendUnavailableError:
            continue
        if backend.why_unavailable() is None:
            found.extend(backend.devices())
    return found


def default_of(backend: Backend) -> Device:
    """The device on which a backend's arrays are made where none is named."""
    default = get_default_device()
    if default.backend == backend.name:
        return default
    return backend.devices()[0]
