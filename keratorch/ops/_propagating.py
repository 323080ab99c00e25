"""The general way to record an elementwise operation, for inputs that may carry tangents."""

from __future__ import annotations

from typing import Any

from ..core import recording
from ..core.array import GradArray
from ..core.mode import mode
from ..core.recording import attach
from ..core.tangents import propagate, propagated


def record_elementwise(cls: Any, inputs: tuple[Any, ...], raw: Any) -> GradArray:
    """The result of an elementwise operation, with its node and its tangents."""
    arrays = [x if type(x) is GradArray else None for x in inputs]
    records = mode.recording
    edges = tuple([x._edge if x is not None and records else None for x in arrays])
    tangents = tuple([None if x is None else propagated(x) for x in arrays])
    read: frozenset[str] = frozenset()
    for i, (edge, t) in enumerate(zip(edges, tangents, strict=True)):
        if edge is not None or t is not None:
            read |= cls.reads(i)
    node = object.__new__(cls)
    node._edges = edges
    values = [x if x.__class__ is not GradArray else x._array for x in inputs]
    node._saved = (
        *[v if f"x{i}" in read else None for i, v in enumerate(values)],
        raw if "y" in read else None,
    )
    if any(e is not None for e in edges):
        y = attach(node, raw)
    else:
        y = recording.unrecorded(raw)
        node.shape, node.dtype = raw.shape, raw.dtype
    propagate(node, tangents, (y,))
    return y
