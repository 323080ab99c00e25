"""Recording: from a raw result to a `GradArray` that knows how it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from . import making
from .making import constant as constant
from .making import is_active as is_active
from .mode import mode
from .nodes import Node, OutputSlot, next_seq
from .tangents import propagate

_new = object.__new__


#: What is called for each result of an operation, with and without a node. While a tool watches,
#: functions of its own are in their place (`_watch`).
ref_to: Callable[[Any], Any] = ref
unrecorded: Callable[[Any], Any] = constant

#: The globals of the modules that call `ref_to` and `unrecorded`: this one, and those that record
#: inline.
recorders: list[dict[str, Any]] = [globals()]


def attach(node: Node, raw: Any) -> Any:
    """`raw` as the only output of `node`."""
    node.shape = raw.shape
    node.dtype = raw.dtype
    node._seq = next_seq()
    y = _new(making.cls)
    y._array = raw
    y._grad = y._tangents = None
    y._grad_op = y._edge = node
    node._out = ref_to(y)
    return y


def record(
    cls: type[Node],
    inputs: tuple[Any, ...],
    raw: Any,
    saved: tuple[Any, ...] = (),
    **params: Any,
) -> Any:
    """The result `raw` of an operation on `inputs`, with a `cls` node if one is tracked.

    saved : what the rule needs, laid out as ``cls.saves`` says; `None` where it does not.
    params : set as attributes of the node.
    """
    for x in inputs:
        if x._tangents is not None:
            return _record_forward(cls, inputs, raw, saved, params)
    if mode.recording:
        for x in inputs:
            if x._edge is not None:
                node = _new(cls)
                node._edges = tuple([x._edge for x in inputs])
                node._saved = saved
                for name in params:
                    setattr(node, name, params[name])
                return attach(node, raw)
    return unrecorded(raw)


def _record_forward(
    cls: type[Node],
    inputs: tuple[Any, ...],
    raw: Any,
    saved: tuple[Any, ...],
    params: dict[str, Any],
) -> Any:
    """As `record`, where an input carries tangents."""
    node = _make_node(cls, inputs, saved, params)
    if any(e is not None for e in node._edges or ()):
        y = attach(node, raw)
    else:
        y = unrecorded(raw)
        node.shape, node.dtype = raw.shape, raw.dtype
    propagate(node, tuple([x._tangents for x in inputs]), (y,))
    return y


def record_many(
    cls: type[Node],
    inputs: tuple[Any, ...],
    raws: tuple[Any, ...],
    saved: tuple[Any, ...] = (),
    **params: Any,
) -> tuple[Any, ...]:
    """As `record`, for an operation of several outputs: its rule gets a tuple."""
    if not any(is_active(x) for x in inputs):
        return tuple(unrecorded(raw) for raw in raws)
    node = _make_node(cls, inputs, saved, params)
    outputs = attach_many(node, raws)
    if any(x._tangents for x in inputs):
        propagate(node, tuple([x._tangents for x in inputs]), outputs)
    return outputs


def attach_many(node: Node, raws: tuple[Any, ...]) -> tuple[Any, ...]:
    """`raws` as the outputs of `node`; constants where no input is tracked."""
    node._seq = next_seq()
    node.outputs = len(raws)
    node.shape = tuple(tuple(raw.shape) for raw in raws)
    node.dtype = tuple(raw.dtype for raw in raws)
    node._out = lambda: None
    outputs = tuple(constant(raw) for raw in raws)
    if any(e is not None for e in node._edges or ()):
        for i, y in enumerate(outputs):
            slot = OutputSlot(node, i, y._array.shape, y._array.dtype)
            y._grad_op = node
            y._edge = slot
            slot._out = ref_to(y)
    return outputs


def _make_node(
    cls: type[Node], inputs: tuple[Any, ...], saved: tuple[Any, ...], params: dict[str, Any]
) -> Node:
    """A `cls` node without outputs yet."""
    node = _new(cls)
    recording = mode.recording
    node._edges = tuple([x._edge if recording else None for x in inputs])
    node._saved = saved
    for name, value in params.items():
        setattr(node, name, value)
    return node
