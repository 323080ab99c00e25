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
    #: Tangents of levels up to this one are not propagated: `no_grad` was entered inside of them.
    floor: int = 0
    #: The tools that see every result and rule: see `watch`.
    watchers: tuple[Any, ...] = ()
    #: Whether operations that wait for a device raise an error: see `sync`.
    no_sync: bool = False
    #: Whether the rule that runs is below a selection (see `Node.selects`): where its gradient is
    #: 0, a partial that is not finite counts as 0.
    masking: bool = False
    #: Set by a walk that returned a gradient that came through a selection.
    selected: bool = False
    #: Whether arrays that a mirror makes take tracked values: a transformed function runs.
    fillable: bool = False


mode: Mode = Mode()

#: The open forward levels of all threads, as a function may let other threads work for it.
levels: set[int] = set()


class walking:
    """Context manager: the mode in which a walk through the graph runs rules.

    recording : whether the operations of the rules are recorded.
    rules_wrapped : whether rules get `GradArray`s.
    level : the forward level that the rules run for.
    """

    __slots__ = ("_before", "_during")

    def __init__(self, *, recording: bool, rules_wrapped: bool, level: int | None = None) -> None:
        self._during = recording, rules_wrapped, level, False
        self._before = self._during

    def __enter__(self) -> None:
        self._before = mode.recording, mode.rules_wrapped, mode.level, mode.fillable
        mode.recording, mode.rules_wrapped, mode.level, mode.fillable = self._during

    def __exit__(self, *exc: object) -> None:
        mode.recording, mode.rules_wrapped, mode.level, mode.fillable = self._before


class masking:
    """Context manager: whether the rules inside are below a selection."""

    __slots__ = ("_before", "_during")

    def __init__(self, on: bool) -> None:
        self._during = self._before = on

    def __enter__(self) -> None:
        self._before = mode.masking
        mode.masking = self._during

    def __exit__(self, *exc: object) -> None:
        mode.masking = self._before


class _Recording:
    """Context manager and decorator that sets whether operations are recorded."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: list[tuple[bool, int]] = []

    def __enter__(self) -> None:
        self._before.append((mode.recording, mode.floor))
        self._set()

    def __exit__(self, *exc: object) -> None:
        mode.recording, mode.floor = self._before.pop()

    def _set(self) -> None:
        raise NotImplementedError

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


class no_grad(_Recording):
    """Within ``with no_grad():``, or in a function decorated with it, nothing is differentiated.

    Results are constants for `backward` and for every transformation around the block, in reverse
    and in forward mode. A transformation that is called inside differentiates its own function;
    its result is a constant for the code around. (``torch.func.jvp`` differentiates inside
    ``torch.no_grad``.)
    """

    __slots__ = ()

    def _set(self) -> None:
        mode.recording = False
        if levels:
            mode.floor = max(mode.floor, *levels)


class enable_grad(_Recording):
    """Within ``with enable_grad():``, or in a function decorated with it, recording is on.

    Inside of `no_grad` this undoes `no_grad`, in reverse and in forward mode.
    """

    __slots__ = ()

    def _set(self) -> None:
        mode.recording = True
        mode.floor = 0


class recorded(_Recording):
    """Context manager: recording is on, and what `no_grad` did to forward mode stays."""

    __slots__ = ()

    def _set(self) -> None:
        mode.recording = True


class fillable:
    """Within ``with fillable():``, or in a function decorated with it, new arrays can be filled.

    In the block, ``zeros``, ``empty`` and the other functions of `keratorch.numpy` and
    `keratorch.cupy` that make arrays return arrays that take tracked values: ``a[i] = x[i]**2``.
    Transformations such as `grad` do the same for the function that they differentiate, so that
    only code with ``backward()`` needs the block. ``fillable(False)`` gives plain arrays.

    >>> import keratorch as kt
    >>> import keratorch.numpy as np
    >>> x = kt.GradArray([1.0, 2.0])
    >>> with kt.fillable():
    ...     a = np.zeros(3)
    ...     a[1:] = x**2
    >>> np.sum(a).backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ("_before", "_on")

    def __init__(self, on: bool = True) -> None:
        self._on = bool(on)
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(mode.fillable)
        mode.fillable = self._on

    def __exit__(self, *exc: object) -> None:
        mode.fillable = self._before.pop()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with fillable(self._on):
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


def is_grad_enabled() -> bool:
    """Whether operations on tracked arrays are recorded in this thread."""
    return mode.recording
