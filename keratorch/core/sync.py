"""`no_sync`: inside it, what would wait for a device raises."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import SyncError
from .mode import mode
from .site import user_site

F = TypeVar("F", bound=Callable[..., Any])


class no_sync:
    """Within ``with no_sync():``, what would make the host wait for a device raises `SyncError`.

    That is all of keratorch that needs the values of an array on the host: `item`, `bool`,
    `float` and their like, `numpy`, `tolist`, `repr` and formatting, pickling, ``to_device`` from
    another kind of device to the CPU, and results whose shape depends on values: `nonzero`,
    the ``unique_*`` functions, reading and recorded writing by a boolean mask, `repeat` with an
    array; and the iterations of `fixed_point`, and of GMRES for the derivative of a solution. The
    message names the line. It raises on every backend, so that a test on the CPU finds what would
    be slow on a GPU, in this thread alone; as a decorator too.

    What is called on raw CuPy arrays (``float(x.grad)``, ``cupy.nonzero(raw)``) cannot be caught.
    `detect_anomaly` and `profile` wait once each backward and once at the end, as they are asked.

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
    """Raise `SyncError` inside `no_sync`: `what` of an array of `shape` waits for its device."""
    if not mode.no_sync:
        return
    site = user_site()
    raise SyncError(
        f"{what} of an array of shape {tuple(shape)} waits for its device, inside no_sync(): "
        f"{remedy}" + (f"\n  at {site}" if site else "")
    )


__all__ = ["no_sync", "waits"]
