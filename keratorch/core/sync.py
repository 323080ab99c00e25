"""`no_sync`: inside it, an operation that would wait for a device raises `SyncError`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import SyncError
from .mode import mode
from .site import user_site

F = TypeVar("F", bound=Callable[..., Any])


class no_sync:
    """Within ``with no_sync():``, an operation that makes the host wait raises `SyncError`.

    These operations need the values of an array on the host: `item`, `bool`, `float` and the like,
    `numpy`, `tolist`, `repr` and formatting, pickling, and ``to_device`` from another kind of
    device to the CPU. Results whose shape depends on values need them too: `nonzero`, the
    ``unique_*`` functions, reading and recorded writes with a boolean mask, and `repeat` with an
    array. So do the iterations of `fixed_point`, and of GMRES for the derivative of a solution.

    The message names the line of your code. The error is raised on every backend, so a test on the
    CPU finds the lines that would be slow on a GPU. `no_sync` acts on its own thread, and works as
    a decorator too.

    `no_sync` cannot see calls on raw CuPy arrays (``float(x.grad)``, ``cupy.nonzero(raw)``).
    `detect_anomaly` still waits, once in each backward and once at its end. `profile` waits when
    you read its times.

    >>> import keratorch as kt
    >>> x = kt.GradArray([1.0, 2.0])
    >>> with kt.no_sync():
    ...     (x * x).sum().backward()
    """

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(mode.no_sync)
        mode.no_sync = True

    def __exit__(self, *exc: object) -> None:
        mode.no_sync = self._before.pop()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with no_sync():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


def waits(what: str, shape: Any, remedy: str) -> None:
    """Inside `no_sync`, raise `SyncError`: `what` of an array of `shape` waits for its device."""
    if not mode.no_sync:
        return
    site = user_site()
    raise SyncError(
        f"{what} of an array of shape {tuple(shape)} waits for its device, inside no_sync(): "
        f"{remedy}" + (f"\n  at {site}" if site else "")
    )


__all__ = ["no_sync", "waits"]
