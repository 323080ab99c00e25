"""Counters of what happens on the stand-in's devices."""

from __future__ import annotations

import contextlib
import ctypes as C
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Counts:
    """How often something happened since the start, or in a block (the difference of two `Counts`).

    `launches` counts kernels; `library_calls` counts computations of cuBLAS, cuSOLVER, cuSPARSE,
    cuFFT, cuRAND and Thrust. Copies and their bytes are counted by direction. Syncs are waits of
    the host for a stream, a device or an event. Allocations and frees are those of the driver
    (CuPy's pool asks it for chunks and keeps them). Stream waits are those of a stream for an
    event. A graph launch is a replay; the kernels of a graph count when they are captured.
    """

    launches: int = 0
    library_calls: int = 0
    host_to_device: int = 0
    device_to_host: int = 0
    device_to_device: int = 0
    bytes_host_to_device: int = 0
    bytes_device_to_host: int = 0
    bytes_device_to_device: int = 0
    stream_syncs: int = 0
    device_syncs: int = 0
    event_syncs: int = 0
    allocations: int = 0
    frees: int = 0
    event_records: int = 0
    stream_waits: int = 0
    graph_launches: int = 0

    @property
    def syncs(self) -> int:
        """All waits of the host."""
        return self.stream_syncs + self.device_syncs + self.event_syncs

    def __sub__(self, other: Counts) -> Counts:
        names = [f.name for f in fields(self)]
        return Counts(*(getattr(self, n) - getattr(other, n) for n in names))


FIELDS = [f.name for f in fields(Counts)]


@dataclass(frozen=True)
class Memory:
    """The memory of a device: bytes and allocations in use, the peak and the limit in bytes."""

    bytes: int
    allocations: int
    peak: int
    limit: int


@dataclass(frozen=True)
class Launch:
    """A launched kernel: its name, the stream's pointer, the device's number."""

    kernel: str
    stream: int
    device: int


class Watched:
    """What happened in a block of `counters.watch()`. Read it after the block.

    `counts` are the `Counts`. Their fields are attributes of this object too: `seen.launches` is
    the number of launched kernels. `log` has each `Launch`, in order.
    """

    counts: Counts
    log: list[Launch]

    def __getattr__(self, name: str) -> Any:
        if name in ("counts", "log"):
            raise AttributeError(f"{name}: the watched block has not ended")
        return getattr(self.counts, name)

    @property
    def kernels(self) -> list[str]:
        """The names of the kernels launched, in order."""
        return [launch.kernel for launch in self.log]

    @property
    def launches_by_stream(self) -> dict[int, int]:
        """How many kernels were launched on each stream, by the stream's pointer."""
        return dict(Counter(launch.stream for launch in self.log))


class _CCounters(C.Structure):
    _fields_ = tuple((name, C.c_int64) for name in FIELDS)


class _CDevice(C.Structure):
    _fields_ = (
        ("limit", C.c_size_t),
        ("live", C.c_size_t),
        ("peak", C.c_size_t),
        ("blocks", C.c_int64),
    )


class Counters:
    """Reads the counters of the stand-in's runtime."""

    def __init__(self) -> None:
        self._library: Any = None

    def attach(self, library: Any) -> None:
        self._library = library
        self._raw = _CCounters.in_dll(library, "stand_in_counters")
        library.stand_in_device.restype = C.POINTER(_CDevice)
        library.stand_in_reachable.restype = C.c_bool
        library.stand_in_capturing.restype = C.c_bool
        library.stand_in_recorded.restype = C.c_int64
        library.stand_in_launch.restype = C.c_char_p
        library.stand_in_launch.argtypes = [
            C.c_int64,
            C.POINTER(C.c_ssize_t),
            C.POINTER(C.c_int),
        ]

    def library_call(self, *pointers: int) -> None:
        """Count a computation of a library's stand-in that is written in Python.

        Raises `CUDARuntimeError` if one of the `pointers` cannot be reached.
        """
        if self._library.stand_in_capturing():
            from cupy.cuda.runtime import CUDARuntimeError

            raise CUDARuntimeError(900)  # cudaErrorStreamCaptureUnsupported
        self._raw.library_calls += 1
        if not all(self._library.stand_in_reachable(C.c_void_p(p)) for p in pointers):
            from cupy.cuda.runtime import CUDARuntimeError

            raise CUDARuntimeError(700)  # cudaErrorIllegalAddress

    def snapshot(self) -> Counts:
        """All counts since the start."""
        return Counts(*(getattr(self._raw, name) for name in FIELDS))

    @contextlib.contextmanager
    def watch(self) -> Iterator[Watched]:
        """Watch a block. After the block, read the counts and the launched kernels."""
        watched = Watched()
        before = self.snapshot()
        self._library.stand_in_record(1)
        try:
            yield watched
        finally:
            self._library.stand_in_record(0)
            watched.counts = self.snapshot() - before
            watched.log = self._recorded()

    def _recorded(self) -> list[Launch]:
        stream, device = C.c_ssize_t(), C.c_int()
        found = []
        for i in range(self._library.stand_in_recorded()):
            name = self._library.stand_in_launch(i, C.byref(stream), C.byref(device))
            found.append(Launch(name.decode(), stream.value, device.value))
        return found

    def _device(self, device: int) -> Any:
        pointer = self._library.stand_in_device(device)
        if not pointer:
            raise ValueError(f"the stand-in has no device {device}")
        return pointer.contents

    def memory(self, device: int = 0) -> Memory:
        """The memory that a driver gave out. CuPy's pool asks it for chunks and keeps them."""
        d = self._device(device)
        return Memory(d.live, d.blocks, d.peak, d.limit)

    def reset_peak(self, device: int = 0) -> None:
        """Restart the peak at the bytes now in use."""
        d = self._device(device)
        d.peak = d.live

    @contextlib.contextmanager
    def limit(self, size: int, device: int = 0) -> Iterator[None]:
        """Give the device `size` bytes of memory in the block."""
        d = self._device(device)
        before, d.limit = d.limit, size
        try:
            yield
        finally:
            d.limit = before

    @contextlib.contextmanager
    def subnormals_flushed(self) -> Iterator[None]:
        """In the block, subnormal numbers in kernels count as 0, as float32 numbers do on GPUs.

        Use it with float32 alone: the stand-in does the same to float64, where a GPU does not.
        """
        self._library.stand_in_flush(1)
        try:
            yield
        finally:
            self._library.stand_in_flush(0)

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """In the block, streams and events that are asked say that their work goes on."""
        self._library.stand_in_hold(1)
        try:
            yield
        finally:
            self._library.stand_in_hold(0)

    @contextlib.contextmanager
    def without_pool(self) -> Iterator[None]:
        """Make every array of the block an allocation of its own, so that `memory` counts arrays.

        CuPy's own statistics (`used_bytes()` of its pool) round sizes up; `memory` is exact.
        """
        import cupy

        with cupy.cuda.using_allocator(None):
            yield


counters = Counters()
