"""The CUDA streams on which keratorch worked, and the stream on which backward runs.

CuPy's memory pool returns freed memory to the stream that took it, and two streams wait for each
other only at events. Backward therefore runs on the stream that made its root, after all work that
was launched on the other streams of the forward pass. Those streams, and the stream that called
backward, go on after backward. Where there is only one stream, no event is made.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Generator
from typing import Any

import cupy as cp

#: Streams and results beyond these numbers are forgotten, the oldest first.
MOST_STREAMS = 16
MOST_RESULTS = 1024

_current = cp.cuda.get_current_stream
_lock = threading.Lock()
#: (device, stream's pointer) -> stream; empty until a stream other than the default one is used.
_streams: OrderedDict[tuple[int, int], Any] = OrderedDict()
#: Address of a result -> the key of the stream that made it.
_results: OrderedDict[int, tuple[int, int]] = OrderedDict()


def note(result: Any) -> None:
    """Remember the current stream as that of `result`; nearly free on the default stream."""
    stream = _current()
    if stream.ptr == 0 and not _streams:
        return
    _note(stream, result)


def _note(stream: Any, result: Any) -> None:
    key = cp.cuda.runtime.getDevice(), stream.ptr
    with _lock:
        if key not in _streams:
            _streams[key] = stream  # kept alive: backward may have to wait for its work
            if len(_streams) > MOST_STREAMS:
                (device, _), oldest = _streams.popitem(last=False)
                with cp.cuda.Device(device):
                    _wait(_current(), oldest)
        else:
            _streams.move_to_end(key)
        for array in result if isinstance(result, tuple) else (result,):
            if type(array) is cp.ndarray:
                _results[array.data.ptr] = key
                _results.move_to_end(array.data.ptr)
        while len(_results) > MOST_RESULTS:
            _results.popitem(last=False)


def _wait(waiting: Any, other: Any) -> None:
    """Make the next work of `waiting` start after all work that `other` has been given so far."""
    if waiting.ptr != other.ptr:
        event = cp.cuda.Event(disable_timing=True)
        other.record(event)
        waiting.wait_event(event)


def _used_on(device: int) -> list[tuple[tuple[int, int], Any]]:
    with _lock:
        return [(key, s) for key, s in _streams.items() if key[0] == device]


@contextlib.contextmanager
def stream_of(root: Any) -> Generator[None]:
    """Run the block on the device and stream that made `root`, in order with other streams."""
    with root.device as device:
        current = _current()
        used = _used_on(device.id)
        if not used and current.ptr == 0:
            yield
            return
        own = _own(root, used)
        others = [s for _, s in used if s.ptr != own.ptr]
        for stream in (current, *others):
            _wait(own, stream)
        elsewhere = _elsewhere(device.id)
        try:
            with own:
                yield
        finally:
            for stream in (current, *others):
                _wait(stream, own)
            for other, streams in elsewhere:
                with cp.cuda.Device(other):
                    for stream in streams:
                        _wait(stream, _current())


def _own(root: Any, used: list[tuple[tuple[int, int], Any]]) -> Any:
    """The stream that made `root`; if that is not known, the stream that was used last."""
    found = dict(used).get(_results.get(root.data.ptr, (-1, -1)))
    if found is not None:
        return found
    return used[-1][1] if used else cp.cuda.Stream.null


def _elsewhere(device: int) -> list[tuple[int, list[Any]]]:
    """The streams used on each other device, whose current stream now waits for them."""
    with _lock:
        devices = sorted({d for d, _ in _streams if d != device})
    found = [(d, [s for _, s in _used_on(d)]) for d in devices]
    for other, streams in found:
        with cp.cuda.Device(other):
            for stream in streams:
                _wait(_current(), stream)
    return found
