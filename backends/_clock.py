"""How long something took: on the host, or on a device that works behind the host's back."""

from __future__ import annotations

import time
from typing import Any

from ._backend import Backend


class Clock:
    """The host's clock; a mark is a time in seconds."""

    def mark(self) -> Any:
        """Now."""
        return time.perf_counter()

    def seconds(self, start: Any, end: Any) -> float:
        """From one mark to another."""
        return end - start

    def when(self, mark: Any) -> float:
        """A mark as a time of the host."""
        return mark


class CUDAClock(Clock):
    """A clock of one CUDA device: a mark is an event in its current stream, which nobody waits for.

    events : ``make()`` gives an event, which has ``record()`` and ``synchronize()``;
        ``elapsed(a, b)`` the milliseconds between two.
    """

    def __init__(self, make: Any, elapsed: Any) -> None:
        self._make = make
        self._elapsed = elapsed
        self._began = time.perf_counter()
        self._origin = self.mark()

    def mark(self) -> Any:
        event = self._make()
        event.record()
        return event

    def seconds(self, start: Any, end: Any) -> float:
        end.synchronize()
        return self._elapsed(start, end) / 1000

    def when(self, mark: Any) -> float:
        return self._began + self.seconds(self._origin, mark)


HOST = Clock()


def clock_of(backend: Backend, raw: Any, clocks: dict[Any, Clock]) -> Clock:
    """The clock for work on the array `raw`; those of devices are kept in `clocks`."""
    device = backend.device(raw)
    if device is None or device.kind != "cuda":
        return HOST
    found = clocks.get(device)
    if found is None:
        found = clocks[device] = _cuda_clock(backend)
    return found


def _cuda_clock(backend: Backend) -> Clock:
    """The clock of the current device of a library; the host's where it has no events."""
    if backend.name == "cupy":
        import cupy

        return CUDAClock(cupy.cuda.Event, cupy.cuda.get_elapsed_time)
    if backend.name == "torch":
        import torch

        return CUDAClock(
            lambda: torch.cuda.Event(enable_timing=True), lambda a, b: a.elapsed_time(b)
        )
    return HOST


__all__ = ["HOST", "CUDAClock", "Clock", "clock_of"]
