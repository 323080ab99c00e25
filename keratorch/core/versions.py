"""Versions: the time of the last write in place to each piece of memory.

A time is a number from the numbering of the nodes. A write in place records its time under the
memory that it changes. A node that saved that memory before the write must not use it. A node made
after all writes needs no check. Views and `detach()` share memory, and so they share the record.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any
from weakref import ref

from ..backends import _registry
from ..errors import StaleValueError
from .nodes import GradArrayBase, Node, get_raw, next_seq, op_name

Key = tuple[str, int]


class _Writes:
    __slots__ = ("last", "lock", "owners", "times")

    def __init__(self) -> None:
        self.last: int = 0
        self.times: dict[Key, int] = {}
        self.owners: dict[Key, Any] = {}  # weak references: the entry of a dead array is dropped
        self.lock: threading.Lock = threading.Lock()


writes: _Writes = _Writes()


def mark(raw: Any) -> None:
    """Record that `raw` was written in place now."""
    backend = _registry.of(raw)
    key = backend.name, backend.storage(raw)
    with writes.lock:
        writes.times[key] = writes.last = next_seq()
        owner = _owner(raw)
        if key not in writes.owners and id(owner) == key[1]:
            # Some classes take no weak references; the entry of such an array stays.
            with contextlib.suppress(TypeError):
                writes.owners[key] = ref(owner, functools.partial(_forget, key))


def _owner(raw: Any) -> Any:
    """The array that owns the memory of `raw`, found through attributes named ``base``."""
    while isinstance(base := getattr(raw, "base", None), type(raw)):
        raw = base
    return raw


def _forget(key: Key, _: Any) -> None:
    writes.owners.pop(key, None)
    writes.times.pop(key, None)


def check(node: Any) -> None:
    """Raise `StaleValueError` if an array that `node` saved was written since."""
    for raw in held(node):
        if written_since(raw, node._seq):
            raise StaleValueError(
                f"{op_name(node)} saved an array of shape {tuple(raw.shape)} that was written "
                "in place since: write to a copy() of it, or call backward before the write"
            )


def written_since(raw: Any, seq: int) -> bool:
    """Whether the memory of `raw` was written in place after the number `seq`."""
    if writes.last <= seq:
        return False
    backend = _registry.of(raw)
    return writes.times.get((backend.name, backend.storage(raw)), 0) > seq


def held(node: Any) -> Iterator[Any]:
    """The raw arrays that `node` keeps: in its saved values and in its attributes."""
    stack = [node._saved, getattr(node._saved, "kept", None)]
    stack += getattr(node, "__dict__", {}).values()
    stack += [getattr(node, name, None) for name in _slots(type(node))]
    while stack:
        value = stack.pop()
        if type(value) in _registry.by_type:
            yield value
        elif isinstance(value, GradArrayBase):
            yield get_raw(value)
        elif isinstance(value, (tuple, list)):
            stack.extend(value)
        elif isinstance(value, dict):
            stack.extend(value.values())


@functools.cache
def _slots(cls: type) -> tuple[str, ...]:
    """The slots that the classes from `cls` up to `Node`, without `Node`, declare."""
    found: list[str] = []
    for base in cls.__mro__[: cls.__mro__.index(Node)]:
        slots = base.__dict__.get("__slots__", ())
        found += [slots] if isinstance(slots, str) else slots
    return tuple(found)


__all__ = ["check", "held", "mark", "writes", "written_since"]
