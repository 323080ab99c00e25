"""Clocks: of the host, and of CUDA devices, which work while the host goes on."""

from __future__ import annotations

import time
from typing import Any

from ._backend import Backend


class Clock:
    """The host's clock; a mark is a time in seconds."""

    def mark(self) -> Any:
        """The present moment."""
        return time.perf_counter()

    def seconds(self, start: Any, end: Any) -> float:
        """The seconds from one mark to another."""
        return end - start

    def when(self, mark: Any) -> float:
        """A mark as a time of the host's clock, in seconds."""
        return mark


class CUDAClock(Clock):
    """A clock of one CUDA device. A mark is an event in its current stream, made without a wait.

    make : ``make()`` returns an event, which has ``record()`` and ``synchronize()``.
    elapsed : ``elapsed(a, b)`` returns the milliseconds between two events.
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
    """The clock for work on the array `raw`; `clocks` keeps the clocks of devices."""
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
