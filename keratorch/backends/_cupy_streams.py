"""The CUDA streams on which keratorch worked, and the stream on which backward runs.

CuPy's memory pool returns freed memory to the stream that took it, and two streams wait for each
other only at events. Backward therefore runs on the stream that made its root, after all work that
was launched on the other streams of the forward pass. Those streams, and the stream that called
backward, go on after backward. Where there is only one stream, no event is made.

A stream is forgotten when its last event has passed: no later backward waits for it. Its memory may
still be freed by a backward, so keratorch's next operation there waits for the end of the last one.

Some streams can be used only while they are current: an `ExternalStream`, which its owner may
destroy, and the per-thread default stream, whose pointer means another stream in each thread. For
these an event is recorded after each operation.

A stream that is captured into a CUDA graph neither waits for streams outside of the capture nor do
they wait for it: CUDA refuses both.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Generator
from typing import Any

import cupy as cp

#: Streams, results, and forgotten streams beyond these numbers are dropped, the oldest first.
MOST_STREAMS = 16
MOST_RESULTS = 1024
MOST_FORGOTTEN = 64

#: A device's number, a stream's pointer, and a thread for the per-thread default stream, else 0.
Key = tuple[int, int, int]

_PER_THREAD = 2  # cudaStreamPerThread

_current = cp.cuda.get_current_stream
_device = cp.cuda.runtime.getDevice
_lock = threading.Lock()
#: Address of a result -> the key of the stream that made it.
_results: OrderedDict[int, Key] = OrderedDict()
_forgotten: OrderedDict[Key, None] = OrderedDict()
#: For each stream that has to wait before its next operation: the end of a backward.
behind: dict[Key, Any] = {}


class Used:
    """A stream with work of keratorch that may not have ended. `event` comes after its last work.

    stale : whether there was work after `event`; its stream lives, and can still record one.
    lasts : whether the stream can be used later: see the top of this module.
    waited : the streams that wait for `event` already.
    """

    __slots__ = ("event", "key", "lasts", "stale", "stream", "waited")

    def __init__(self, stream: Any, key: Key) -> None:
        self.stream = stream
        self.key = key
        self.lasts = isinstance(stream, cp.cuda.Stream) and stream.ptr != _PER_THREAD
        self.event = cp.cuda.Event(disable_timing=True)
        self.stale = True
        self.waited: set[Key] = set()

    def worked(self) -> None:
        """Note that the stream, which is current, got work."""
        self.stale = self.lasts
        if not self.lasts and not _is_capturing(self.stream):
            self._record()

    def end(self) -> Any:
        """The event after the last work of the stream, whose device is current."""
        if self.stale:
            self._record()
            self.stale = False
        return self.event

    def _record(self) -> None:
        self.event.record(self.stream)
        self.waited.clear()

    def has_ended(self) -> bool:
        return not self.stale and self.event.done


#: The streams in use; empty until a stream other than the default one is used.
_used: OrderedDict[Key, Used] = OrderedDict()


def _key(device: int, stream: Any) -> Key:
    return device, stream.ptr, threading.get_ident() if stream.ptr == _PER_THREAD else 0


def _is_capturing(stream: Any) -> bool:
    """Whether a CUDA graph is captured from `stream`, which lives.

    The legacy default stream cannot be captured, nor be asked while another stream is.
    """
    return stream.ptr > 1 and cp.cuda.runtime.streamIsCapturing(stream.ptr)


def note(result: Any) -> None:
    """Remember the current stream as that of `result`; nearly free on the default stream."""
    stream = _current()
    if stream.ptr == 0 and not _used:
        return
    _note(stream, result)


def _note(stream: Any, result: Any) -> None:
    key = _key(_device(), stream)
    with _lock:
        used = _used.get(key)
        if used is None:
            used = _used[key] = Used(stream, key)
            _forgotten.pop(key, None)
            if len(_used) > MOST_STREAMS:
                oldest = next(iter(_used.values()))
                with cp.cuda.Device(oldest.key[0]):
                    _before(_current(), oldest.key[0], [oldest])
                _forget(oldest.key)
        else:
            _used.move_to_end(key)
        used.worked()
        for array in result if isinstance(result, tuple) else (result,):
            if type(array) is cp.ndarray:
                _results[array.data.ptr] = key
                _results.move_to_end(array.data.ptr)
        while len(_results) > MOST_RESULTS:
            _results.popitem(last=False)


def _forget(key: Key) -> None:
    """Forget a stream. Its results must not be found again: others may get their addresses."""
    del _used[key]
    for used in _used.values():
        used.waited.discard(key)
    for address in [a for a, k in _results.items() if k == key]:
        del _results[address]
    _forgotten[key] = None
    if len(_forgotten) > MOST_FORGOTTEN:
        behind.pop(_forgotten.popitem(last=False)[0], None)


def catch_up() -> None:
    """Let the current stream wait for the end of the last backward, if that did not wait for it."""
    stream = _current()
    key = _key(_device(), stream)
    event = behind.get(key)
    if event is not None and not _is_capturing(stream):
        del behind[key]
        stream.wait_event(event)


def order(first: Any, then: Any, device: int, device_of_then: int) -> None:
    """Make the next work of the stream `then` start after all work that `first` has by now."""
    if (first.ptr, device) == (then.ptr, device_of_then):
        return
    if _is_capturing(first) == _is_capturing(then):
        with cp.cuda.Device(device):
            event = cp.cuda.Event(disable_timing=True)
            event.record(first)
        with cp.cuda.Device(device_of_then):
            then.wait_event(event)


def await_maker(array: Any) -> None:
    """Make the current stream wait for the work of the stream that made `array`, if that is known.

    The device of `array` is current.
    """
    used = _used.get(_results.get(array.data.ptr, (-1, -1, -1)))
    if used is not None:
        _before(_current(), used.key[0], [used])


@contextlib.contextmanager
def stream_of(root: Any) -> Generator[None]:
    """Run the block on the device and stream that made `root`, in order with other streams."""
    with root.device as device:
        current = _current()
        alone = current.ptr == 0 and not _used and not _forgotten
        if alone or _is_capturing(current):
            yield
        else:
            with _lock:
                own = _own(root, device.id, current)
                others = _drop_ended(device.id, _key(device.id, own))
                elsewhere = _elsewhere(device.id)
            order(current, own, device.id, device.id)
            _before(own, device.id, others)
            for other, streams in elsewhere:
                with cp.cuda.Device(other):
                    _before(_current(), other, streams)
            try:
                with own:
                    yield
            finally:
                _after(device.id, own, current, others)
                for other, streams in elsewhere:
                    with cp.cuda.Device(other):
                        _after(other, _current(), _current(), streams)


def _own(root: Any, device: int, current: Any) -> Any:
    """The stream for a backward: the one that made `root`, or one that can be used and waits."""
    key = _results.get(root.data.ptr)
    used = _used.get(key) if key is not None else None
    if used is not None:
        return used.stream if used.lasts or key == _key(device, current) else current
    # It was made on the default stream while no other was used, or long ago.
    lasting = [u.stream for k, u in _used.items() if k[0] == device and u.lasts]
    return lasting[-1] if lasting else cp.cuda.Stream.null


def _drop_ended(device: int, own: Key | None) -> list[Used]:
    """The streams in use on a device, without `own`; those whose work has ended are forgotten."""
    keys = [k for k in _used if k[0] == device and k != own]
    for key in keys:
        if _used[key].has_ended():
            _forget(key)
    others = [_used[k] for k in keys if k in _used]
    if all(ptr == 0 for _, ptr, _ in _used):  # again there are default streams alone
        _used.clear()
        _results.clear()
    return others


def _elsewhere(device: int) -> list[tuple[int, list[Used]]]:
    """The streams in use on each other device."""
    devices = sorted({d for d, *_ in _used if d != device})
    return [(d, _drop_ended(d, None)) for d in devices]


def _before(own: Any, device: int, others: list[Used]) -> None:
    """Make `own`, a stream of `device`, wait for the work of the streams `others`."""
    if _is_capturing(own):
        return
    key = _key(device, own)
    for used in others:
        if used.key != key and not (used.lasts and _is_capturing(used.stream)):
            event = used.end()
            if key not in used.waited:
                if key in _used and _used[key].lasts:  # else another may get the pointer
                    used.waited.add(key)
                own.wait_event(event)


def _after(device: int, own: Any, current: Any, others: list[Used]) -> None:
    """Make the streams go on after the work of `own`; a stream that may be gone when it is used."""
    if _is_capturing(own):
        return
    waiting = {u.key: u.stream for u in others if u.lasts and not _is_capturing(u.stream)}
    waiting[_key(device, current)] = current
    waiting.pop(_key(device, own), None)
    with _lock:
        later = {k for k in _forgotten if k[0] == device} | {u.key for u in others if not u.lasts}
    later -= {_key(device, own), *waiting}
    if waiting or later:
        end = cp.cuda.Event(disable_timing=True)
        end.record(own)
        for stream in waiting.values():
            stream.wait_event(end)
        behind.update(dict.fromkeys(later, end))
