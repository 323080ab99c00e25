"""Writes into arrays: when each array's memory was last written, and who shares it.

A write in place records its time, in the engine's own numbering, under the memory that it
changed. A node that saved that memory before the write must not use it; a node that was made
after all writes need not look. Views and `detach()` share memory, and so the record.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

from ._grad import next_seq, op_name
from .backends import _registry
from .errors import AliasedWriteError, StaleValueError


class _Writes:
    __slots__ = ("last", "times")

    def __init__(self) -> None:
        self.last = 0
        self.times: dict[tuple[str, int], int] = {}


writes = _Writes()


def mark(raw: Any) -> None:
    """Note that `raw` has been written in place, now."""
    backend = _registry.of(raw)
    writes.times[backend.name, backend.storage(raw)] = now = next_seq()
    writes.last = now


def check(node: Any) -> None:
    """Raise `StaleValueError` if something that `node` saved was written since."""
    for raw in node._saved or ():
        if type(raw) not in _registry.by_type:
            continue
        backend = _registry.of(raw)
        if writes.times.get((backend.name, backend.storage(raw)), 0) > node._seq:
            raise StaleValueError(
                f"{op_name(node)} saved an array of shape {tuple(raw.shape)} that was written "
                "in place since: write to a copy() of it, or call backward before the write"
            )


def share(x: Any, view: Any) -> Any:
    """Note that `view` may be a view of `x`; returns `view`."""
    group = getattr(x, "_alias", None)
    if group is None:
        group = x._alias = [ref(x)]
    elif len(group) > 16:
        group[:] = [r for r in group if r() is not None]
    group.append(ref(view))
    view._alias = group
    return view


def refuse_if_aliased(x: Any, how: str) -> None:
    """Raise `AliasedWriteError` if a live array shows part of the memory of `x`."""
    for r in getattr(x, "_alias", None) or ():
        other = r()
        if other is None or other is x:
            continue
        if _registry.of(x._array).may_overlap(x._array, other._array):
            raise AliasedWriteError(
                f"{how} an array of shape {tuple(x.shape)} would have to show in another live "
                f"array of shape {tuple(other.shape)} that shares its memory, and {why(x)}: "
                "write to x.copy(), or take the other array as a copy()"
            )


def why(x: Any) -> str:
    """Why a write to `x` cannot go through to its views."""
    if not _registry.of(x._array).writeable(x._array):
        return "arrays of its library are not written in place"
    return "a recorded write makes a new array"
