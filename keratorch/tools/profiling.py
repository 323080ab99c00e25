"""`profile`: the time and memory of each operation, forward and backward."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..backends import _registry
from ..backends._dtypes import dtype_name
from ..core import watch
from ..core.array import get_raw
from ..core.grad import op_name
from ..core.mode import mode
from ..core.nodes import raw_of
from ..core.parts import values_of
from ..errors import KeratorchError
from . import timing
from .anomaly import operation_of
from .timing import Span, timer


class Row(NamedTuple):
    """The measurements of one operation in a profile. Times are in seconds."""

    op: str
    calls: int
    seconds: float
    bytes: int
    backward_calls: int
    backward_seconds: float
    backward_bytes: int

    @property
    def total(self) -> float:
        """The seconds forward and backward together."""
        return self.seconds + self.backward_seconds


class _Event(NamedTuple):
    op: str
    phase: str
    spans: tuple[Span, ...]
    bytes: int
    shape: str


class profile(watch.Watcher):
    """Within ``with profile() as p:``, measure each operation; ``print(p)`` shows a table.

    Forward, the time of an operation is the time of the array library's functions that it calls.
    Its bytes are the bytes of its results; a view counts too, though it has no memory of its own.
    Backward, the time is that of the rule, without hooks, and the bytes are those of the gradients
    that the rule returns. The time to add gradients is not counted. Under `create_graph` the
    operations of a rule count as part of the rule.

    On CUDA the times come from events of the device, and the profile does not wait before they are
    read. Elsewhere the times are the host's. JAX and Dask compute later, so there the times are
    those of the calls.

    A profile sees the thread that opened it. Without an open profile in the process nothing is
    slower. A second ``with`` on an open profile raises `KeratorchError`.

    >>> import keratorch as kt
    >>> x = kt.GradArray([1.0, 2.0])
    >>> with kt.profile() as p:
    ...     kt.tanh(x * x).sum().backward()
    >>> [(row.op, row.calls, row.backward_calls) for row in sorted(p.rows())]
    [('Multiply', 1, 1), ('Sum', 1, 1), ('Tanh', 1, 1)]
    """

    inner = True

    def __init__(self) -> None:
        self._events: list[_Event] = []
        self._spans: list[Span] = []
        self._began = 0.0
        self._wall = 0.0
        self._thread = 0

    def __enter__(self) -> profile:
        if self in mode.watchers:
            raise KeratorchError("this profile is open already: make another one with profile()")
        timing.start()
        timer.spans = self._spans
        self._thread = threading.get_ident()
        watch.set_watchers((*mode.watchers, self))
        self._began = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self._wall += time.perf_counter() - self._began
        watch.set_watchers(tuple(w for w in mode.watchers if w is not self))
        # Go back to the innermost profile that is still open: profiles may close in any order.
        others = [w._spans for w in mode.watchers if isinstance(w, profile)]
        timer.spans = others[-1] if others else None
        timing.stop()

    # -- events ------------------------------------------------------------------------------

    def result(self, y: Any) -> None:
        # Skip results inside a rule, sums of a walk, and results that an inner profile measures.
        if timer.busy or mode.rules_wrapped or timer.spans is not self._spans:
            return
        node = y._grad_op
        raw = get_raw(y)
        name = operation_of(3) if node is None else op_name(node)
        spans = tuple(self._spans)
        self._spans.clear()
        self._add(name, "forward", spans, [raw])

    def rule(self, rule: Any, node: Any, grad: Any) -> Any:
        if timer.busy or timer.spans is not self._spans:
            return rule(node, grad)
        first = next(g for g in grad if g is not None) if type(grad) is tuple else grad
        like = raw_of(first)
        found, span = timing.run(_registry.of(like), like, rule, node, grad)
        grads = found if isinstance(found, (tuple, list)) else (found,)
        arrays = [raw_of(values_of(g)) for g in grads if g is not None]
        self._add(op_name(node), "backward", (span,), arrays)
        return found

    def walked(self, results: list[tuple[Any, Any]]) -> None:
        self._spans.clear()  # copies of gradients for leaves

    def _add(self, name: str, phase: str, spans: tuple[Span, ...], arrays: list[Any]) -> None:
        arrays = [a for a in arrays if hasattr(a, "shape")]
        self._events.append(
            _Event(
                name.removesuffix("Grad") or name,
                phase,
                spans,
                sum(_nbytes(a) for a in arrays),
                ", ".join(str(tuple(a.shape)) for a in arrays),
            )
        )

    # -- reports -----------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        """One row for each operation, the slowest first."""
        sums: dict[str, list[Any]] = {}
        for event in self._events:
            row = sums.setdefault(event.op, [0, 0.0, 0, 0, 0.0, 0])
            at = 0 if event.phase == "forward" else 3
            row[at] += 1
            row[at + 1] += sum(span.seconds for span in event.spans)
            row[at + 2] += event.bytes
        rows = [Row(op, *values) for op, values in sums.items()]
        return sorted(rows, key=lambda row: row.total, reverse=True)

    def table(self, sort_by: str = "total") -> str:
        """The rows as text, sorted by `sort_by`: ``"total"`` or a field of `Row`, largest first.

        ``"op"`` sorts alphabetically. Any other name raises `ValueError`.
        """
        if sort_by not in ("total", *Row._fields):
            raise ValueError(f"sort_by={sort_by!r}: use 'total' or one of {Row._fields}")
        rows = sorted(self.rows(), key=lambda r: getattr(r, sort_by), reverse=sort_by != "op")
        lines = [_COLUMNS.format("op", "calls", "time", "bytes", "calls", "time", "bytes", "total")]
        lines.insert(0, f"{'':<20}{'forward':>26}   {'backward':>25}")
        for r in rows:
            forward = r.calls, _time(r.seconds), _size(r.bytes)
            backward = r.backward_calls, _time(r.backward_seconds), _size(r.backward_bytes)
            lines.append(_COLUMNS.format(r.op[:20], *forward, *backward, _time(r.total)))
        inside = sum(r.total for r in rows)
        lines.append(f"{_time(inside)} in {len(rows)} operations, {_time(self._wall)} in all")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.table()

    def chrome_trace(self, file: Any) -> None:
        """Write a trace for chrome://tracing or Perfetto into `file`, a path or an open text file.

        Each piece of work of an operation is one event; times count from the first event.
        """
        import json

        starts: list[tuple[_Event, Span, float]] = [
            (event, span, span.clock.when(span.start))
            for event in self._events
            for span in event.spans
        ]
        zero = min((start for *_, start in starts), default=0.0)
        threads = {id(span.clock): span.clock for _, span, _ in starts}
        numbers = {key: i for i, key in enumerate(threads)}
        pid = os.getpid()
        events: list[dict[str, Any]] = [
            {
                "name": "thread_name",
                "ph": "M",
                "pid": pid,
                "tid": numbers[key],
                "args": {"name": f"{type(clock).__name__} of thread {self._thread}"},
            }
            for key, clock in threads.items()
        ]
        events += [
            {
                "name": event.op if event.phase == "forward" else f"{event.op}.backward",
                "cat": event.phase,
                "ph": "X",
                "ts": (start - zero) * 1e6,
                "dur": span.seconds * 1e6,
                "pid": pid,
                "tid": numbers[id(span.clock)],
                "args": {"shape": event.shape, "bytes": event.bytes},
            }
            for event, span, start in starts
        ]
        text = json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})
        if hasattr(file, "write"):
            file.write(text)
            return
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(text)


_COLUMNS = "{:<20}{:>7} {:>9} {:>9}   {:>7} {:>8} {:>9}   {:>9}"


def _nbytes(raw: Any) -> int:
    """The bytes of the values of an array of any library."""
    name = dtype_name(raw.dtype) or str(raw.dtype)
    bits = re.search(r"(\d+)$", name)
    return math.prod(_known(raw.shape)) * (int(bits[1]) // 8 if bits else 1)


def _known(shape: Sequence[Any]) -> list[int]:
    """The lengths of axes; an unknown length (Dask's NaN) counts as 0."""
    return [n if isinstance(n, int) else 0 for n in shape]


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e6:.1f} µs"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


__all__ = ["Row", "profile"]
