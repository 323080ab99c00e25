"""What a thread is doing: recording or not, differentiating derivatives or not.

`threading.local`, not a `ContextVar`: the latter breaks `torch.compile`.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Mode(threading.local):
    """The state of one thread."""

    #: Operations on tracked arrays leave a `Grad`.
    recording: bool = True
    #: Rules are given `GradArray`s: under `create_graph`, or inside a forward level.
    wrapped: bool = False
    #: How many transformations (`grad`, `jvp`, …) are running.
    transforms: int = 0
    #: While a `Grad.jvp` runs: its level; values are then seen below that level only.
    level: int | None = None
    #: The tools that look at every result and rule: see `_watch`.
    watchers: tuple[Any, ...] = ()
    #: Whether what waits for a device raises: see `_sync`.
    no_sync: bool = False


mode = Mode()


class Policy:
    """Choices for the whole program; see `set_policy`."""

    masked_zeros: bool = True
    deterministic: bool = False


policy = Policy()


def set_policy(*, masked_zeros: bool | None = None) -> None:
    """Change how derivatives are computed, for the whole program.

    masked_zeros : `True` (the default) counts a partial derivative that is not finite as 0
        where the incoming gradient is 0, so that ``where(x > 0, log(x), 0)`` has gradient 0
        at 0; `False` gives the plain IEEE product, NaN there.
    """
    if masked_zeros is not None:
        policy.masked_zeros = bool(masked_zeros)


class deterministic:
    """Choose, for the whole program, whether gradients are the same numbers in every run.

    On a GPU, the gradient of a gather with repeated indices is added up in an order that changes
    from run to run. ``deterministic(True)`` sorts the indices and adds in their order, which is
    slower. As a context manager it holds within the ``with`` block:

    >>> import keratorch as kt
    >>> with kt.deterministic(True):
    ...     x = kt.GradArray([1.0, 2.0])
    ...     kt.sum(x[kt.asarray([0, 0, 1])]).backward()
    >>> x.grad
    array([2., 1.])
    """

    __slots__ = ("_before",)

    def __init__(self, on: bool = True) -> None:
        self._before = policy.deterministic
        policy.deterministic = bool(on)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        policy.deterministic = self._before


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
    """Within ``with no_grad():`` (or a function so decorated) nothing is recorded."""

    __slots__ = ()
    _value = False


class enable_grad(_Recording):
    """Within ``with enable_grad():`` operations are recorded again."""

    __slots__ = ()
    _value = True


def is_grad_enabled() -> bool:
    """Whether operations on tracked arrays are recorded in this thread."""
    return mode.recording
