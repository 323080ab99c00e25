"""The mode of each thread: whether it records, and whether it differentiates derivatives.

The mode is a `threading.local`, as a `ContextVar` breaks `torch.compile`.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from ..policy import deterministic as deterministic
from ..policy import policy as policy
from ..policy import set_policy as set_policy

F = TypeVar("F", bound=Callable[..., Any])


class Mode(threading.local):
    """The state of one thread."""

    #: Whether operations on tracked arrays make a `Grad`.
    recording: bool = True
    #: Whether rules get `GradArray`s: under `create_graph`, or inside a forward level.
    rules_wrapped: bool = False
    #: The number of transformations (`grad`, `jvp`, …) that are running.
    transforms: int = 0
    #: The level for which a `Grad.jvp` runs, if one runs; it sees only tangents of lower levels.
    level: int | None = None
    #: The tools that see every result and rule: see `watch`.
    watchers: tuple[Any, ...] = ()
    #: Whether operations that wait for a device raise an error: see `sync`.
    no_sync: bool = False


mode: Mode = Mode()


class walking:
    """Context manager: the mode in which a walk through the graph runs rules.

    recording : whether the operations of the rules are recorded.
    rules_wrapped : whether rules get `GradArray`s.
    level : the forward level that the rules run for.
    """

    __slots__ = ("_before", "_during")

    def __init__(self, *, recording: bool, rules_wrapped: bool, level: int | None = None) -> None:
        self._during = recording, rules_wrapped, level
        self._before = self._during

    def __enter__(self) -> None:
        self._before = mode.recording, mode.rules_wrapped, mode.level
        mode.recording, mode.rules_wrapped, mode.level = self._during

    def __exit__(self, *exc: object) -> None:
        mode.recording, mode.rules_wrapped, mode.level = self._before


class _Recording:
    """Context manager and decorator that sets whether operations are recorded."""

    __slots__ = ("_before",)
    _value = True

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(mode.recording)
        mode.recording = self._value

    def __exit__(self, *exc: object) -> None:
        mode.recording = self._before.pop()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


class no_grad(_Recording):
    """Within ``with no_grad():``, or in a function decorated with it, nothing is recorded."""

    __slots__ = ()
    _value = False


class enable_grad(_Recording):
    """Within ``with enable_grad():``, or in a function decorated with it, recording is on."""

    __slots__ = ()
    _value = True


def is_grad_enabled() -> bool:
    """Whether operations on tracked arrays are recorded in this thread."""
    return mode.recording
