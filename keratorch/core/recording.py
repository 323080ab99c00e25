"""Recording: it turns a raw result into a `GradArray` with the node that made it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from . import making
from .making import constant as constant
from .making import is_active as is_active
from .mode import mode
from .nodes import Node, OutputSlot, next_seq
from .tangents import propagate, propagated

_new = object.__new__


#: Called for each result of an operation: `ref_to` for one with a node, `unrecorded` for one
#: without. While a tool watches, `watch` replaces both.
ref_to: Callable[[Any], Any] = ref
unrecorded: Callable[[Any], Any] = constant

#: The globals of the modules that call `ref_to` and `unrecorded`: this module, and the modules
#: that record inline.
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
    """The result `raw` of an operation on `inputs`, with a `cls` node if an input is active.

    saved : the values that the rule needs, in the order of ``cls.saves``; `None` for a value that
        it does not need.
    params : attributes of the node.
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
    """As `record`, for inputs that carry tangents."""
    tangents = tuple([propagated(x) for x in inputs])
    node = _make_node(cls, inputs, saved, params)
    if any(e is not None for e in node._edges or ()):
        y = attach(node, raw)
    else:
        y = unrecorded(raw)
        node.shape, node.dtype = raw.shape, raw.dtype
    propagate(node, tangents, (y,))
    return y


def record_many(
    cls: type[Node],
    inputs: tuple[Any, ...],
    raws: tuple[Any, ...],
    saved: tuple[Any, ...] = (),
    **params: Any,
) -> tuple[Any, ...]:
    """As `record`, for an operation with several outputs: its rule gets a tuple of gradients."""
    if not any(is_active(x) for x in inputs):
        return tuple(unrecorded(raw) for raw in raws)
    node = _make_node(cls, inputs, saved, params)
    outputs = attach_many(node, raws)
    tangents = tuple([propagated(x) for x in inputs])
    if any(tangents):
        propagate(node, tangents, outputs)
    return outputs


def attach_many(node: Node, raws: tuple[Any, ...]) -> tuple[Any, ...]:
    """`raws` as the outputs of `node`; constants if no input requires a gradient."""
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
