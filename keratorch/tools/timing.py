"""Timing the functions of backends while a profile is open.

Operations call the functions of an array library through its `Backend`. While any thread has an
open profile, timed versions cover the attributes of the backends that give these functions. Nothing
else changes, and closing the last profile removes the covers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from ..backends import _registry
from ..backends._clock import Clock, clock_of

#: Methods of a backend that compute; each is timed.
_METHODS = (
    *("add_along", "add_at", "add_taken", "copy", "flip", "fold", "from_numpy", "pad"),
    *("shifted", "take_along", "to_device", "windows", "with_item"),
)
#: Methods of a backend that return a function; that function is timed.
_GETTERS = ("elementwise", "function", "linalg", "special")
#: Functions of a namespace that compute nothing; they are not timed.
_QUESTIONS = frozenset(
    ["__array_namespace_info__", "can_cast", "finfo", "iinfo", "isdtype", "result_type"]
)


class Span(NamedTuple):
    """A piece of work, between two marks of a clock."""

    clock: Clock
    start: Any
    end: Any

    @property
    def seconds(self) -> float:
        return self.clock.seconds(self.start, self.end)


class Timer(threading.local):
    """The timing state of one thread."""

    #: The list that gets the spans; `None` if this thread times nothing.
    spans: list[Span] | None = None
    #: Whether a function is running that is timed as a whole.
    busy: bool = False

    def __init__(self) -> None:
        self.clocks: dict[Any, Clock] = {}


timer: Timer = Timer()


def run(backend: Any, like: Any, function: Callable[..., Any], *args: Any) -> tuple[Any, Span]:
    """Call a function; returns its result and its span on the device of the array `like`."""
    with backend.scope(like):
        clock = clock_of(backend, like, timer.clocks)
        before, timer.busy = timer.busy, True
        try:
            start = clock.mark()
            result = function(*args)
            return result, Span(clock, start, clock.mark())
        finally:
            timer.busy = before


def _timed(backend: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        spans = timer.spans
        if spans is None or timer.busy:
            return function(*args, **kwargs)
        like = _first_array(backend, args)
        if like is None:
            return function(*args, **kwargs)
        result, span = run(backend, like, lambda: function(*args, **kwargs))
        spans.append(span)
        return result

    call.__name__ = getattr(function, "__name__", "function")
    return call


def _first_array(backend: Any, args: Any) -> Any:
    for a in args:
        if isinstance(a, backend.array_types):
            return a
        if isinstance(a, (list, tuple)):
            found = _first_array(backend, a)
            if found is not None:
                return found
    return None


class _TimedNamespace(ModuleType):
    """A namespace whose functions are timed."""

    def __init__(self, backend: Any, source: Any) -> None:
        super().__init__(getattr(source, "__name__", "namespace"))
        self.__dict__.update(_backend=backend, _source=source)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._source, name)
        if isinstance(value, ModuleType):
            value = _TimedNamespace(self._backend, value)
        elif callable(value) and not isinstance(value, type) and name not in _QUESTIONS:
            value = _timed(self._backend, value)
        self.__dict__[name] = value
        return value


# -- covering ------------------------------------------------------------------------------------

_lock = threading.RLock()
_open = 0
_covered: dict[int, tuple[Any, dict[str, Any]]] = {}
_listening = False


def start() -> None:
    """Start to time the functions of backends, in the threads whose `timer` has a list of spans."""
    global _open, _listening
    with _lock:
        _open += 1
        if not _listening:
            _registry.on_change(_cover_all)
            _listening = True
        if _open == 1:
            _changed()


def stop() -> None:
    """Undo one `start`; the last one removes the covers."""
    global _open
    with _lock:
        _open -= 1
        if _open == 0:
            for backend, before in _covered.values():
                for name in (*_METHODS, *_GETTERS, "xp"):
                    backend.__dict__.pop(name, None)
                backend.__dict__.update(before)
            _covered.clear()
            _changed()


def _changed() -> None:
    """Tell all code that keeps functions of backends to get them again."""
    for listener in list(_registry._listeners):
        listener()


def _cover_all() -> None:
    with _lock:
        if _open:
            for backend in {id(b): b for b in _backends()}.values():
                if id(backend) not in _covered:
                    _cover(backend)


def _backends() -> list[Any]:
    return [*_registry._backends.values(), *_registry.by_type.values()]


def _cover(backend: Any) -> None:
    own = backend.__dict__
    names = (*_METHODS, *_GETTERS, "xp")
    _covered[id(backend)] = backend, {name: own[name] for name in names if name in own}
    covers: dict[str, Any] = {name: _timed(backend, getattr(backend, name)) for name in _METHODS}
    for name in _GETTERS:
        covers[name] = _timed_getter(backend, getattr(backend, name))
    covers["xp"] = _TimedNamespace(backend, backend.xp)
    own.update(covers)


def _timed_getter(backend: Any, getter: Callable[..., Any]) -> Callable[..., Any]:
    def get(name: str) -> Callable[..., Any]:
        return _timed(backend, getter(name))

    return get


__all__ = ["Span", "run", "start", "stop", "timer"]
