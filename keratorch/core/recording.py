"""Recording: from a raw result to a `GradArray` that knows how it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from .array import GradArray
from .grad import Grad, OutputSlot, next_seq
from .mode import mode

_new = object.__new__


def constant(raw: Any) -> GradArray:
    """`raw` as a `GradArray` that nothing tracks."""
    y = _new(GradArray)
    y._array = raw
    y._grad = y._grad_op = y._edge = y._tangents = None
    return y


#: What is called for each result of an operation, with and without a node. While a tool watches,
#: functions of its own are in their place (`_watch`).
made: Callable[[GradArray], Any] = ref
unrecorded: Callable[[Any], GradArray] = constant


def attach(node: Grad, raw: Any) -> GradArray:
    """`raw` as the only output of `node`."""
    node.shape = raw.shape
    node.dtype = raw.dtype
    node._seq = next_seq()
    y = _new(GradArray)
    y._array = raw
    y._grad = y._tangents = None
    y._grad_op = y._edge = node
    node._out = made(y)
    return y


def is_active(x: Any) -> bool:
    """Whether a rule will ask for the derivative in `x`."""
    return (x._edge is not None and mode.recording) or x._tangents is not None


def record(
    cls: type[Grad],
    inputs: tuple[GradArray, ...],
    raw: Any,
    saved: tuple[Any, ...] = (),
    **params: Any,
) -> GradArray:
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
    cls: type[Grad],
    inputs: tuple[GradArray, ...],
    raw: Any,
    saved: tuple[Any, ...],
    params: dict[str, Any],
) -> GradArray:
    """As `record`, where an input carries tangents."""
    from .tangents import propagate

    node = _make_node(cls, inputs, saved, params)
    if any(e is not None for e in node._edges or ()):
        y = attach(node, raw)
    else:
        y = unrecorded(raw)
        node.shape, node.dtype = raw.shape, raw.dtype
    propagate(node, tuple([x._tangents for x in inputs]), (y,))
    return y


def record_many(
    cls: type[Grad],
    inputs: tuple[GradArray, ...],
    raws: tuple[Any, ...],
    saved: tuple[Any, ...] = (),
    **params: Any,
) -> tuple[GradArray, ...]:
    """As `record`, for an operation of several outputs: its rule gets a tuple."""
    if not any(is_active(x) for x in inputs):
        return tuple(unrecorded(raw) for raw in raws)
    node = _make_node(cls, inputs, saved, params)
    outputs = attach_many(node, raws)
    if any(x._tangents for x in inputs):
        from .tangents import propagate

        propagate(node, tuple([x._tangents for x in inputs]), outputs)
    return outputs


def attach_many(node: Grad, raws: tuple[Any, ...]) -> tuple[GradArray, ...]:
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
            slot._out = made(y)
    return outputs


def _make_node(
    cls: type[Grad], inputs: tuple[GradArray, ...], saved: tuple[Any, ...], params: dict[str, Any]
) -> Grad:
    """A `cls` node without outputs yet."""
    node = _new(cls)
    recording = mode.recording
    node._edges = tuple([x._edge if recording else None for x in inputs])
    node._saved = saved
    for name, value in params.items():
        setattr(node, name, value)
    return node
