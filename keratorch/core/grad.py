"""`Grad`: one operation of the graph, and what the engine needs to walk it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from ..errors import GraphFreedError
from .array import GradArray, RuleInput
from .convert import as_operand, as_raw
from .hooks import RemovableHandle, register
from .making import new_array
from .mode import mode
from .nodes import LeafSlot as LeafSlot
from .nodes import Node, freed_message, next_seq, nowhere, producer
from .nodes import OutputSlot as OutputSlot
from .nodes import op_name as op_name
from .recording import attach_many
from .tangents import in_sight, propagate, tangents_of_output
from .transposed import jvp_of_backward


class Grad(Node):
    """An operation that was done: its inputs, and the rule that differentiates it.

    To differentiate an operation of your own, derive from `Grad`, write `backward`, and give
    an instance to the `GradArray` of the result:

    >>> import keratorch as kt
    >>> class CubeGrad(kt.Grad):
    ...     def backward(self, grad):
    ...         (x,) = self.inputs
    ...         return (3 * x**2 * grad,)
    >>> def cube(x):
    ...     return kt.GradArray(x.detach()._array ** 3, grad_op=CubeGrad(x))
    >>> x = kt.GradArray([1.0, 2.0])
    >>> kt.sum(cube(x)).backward()
    >>> x.grad
    array([ 3., 12.])

    A rule returns one gradient per input, `None` for none, and may return a bare array where
    there is one input. It need not reduce broadcast axes, sum over uses, or cast: the engine
    does. It is given raw arrays, or `GradArray`s where derivatives are differentiated
    themselves: rules that compute with `inputs`, operators and functions of the Array API
    hold for every order.
    """

    __slots__ = ()

    def __init__(self, *inputs: Any) -> None:
        arrays = tuple(as_operand(x) for x in inputs)
        self._edges = tuple(x._edge for x in arrays) if mode.recording else (None,) * len(arrays)
        self._saved = tuple(x._array for x in arrays)
        self._tangents = tuple(x._tangents for x in arrays)
        self._seq = next_seq()
        self._out = nowhere
        self.shape = None
        self.dtype = None

    @abstractmethod
    def backward(self, grad: Any) -> Any:
        """The gradients of the inputs, given that of the output.

        grad : an array of the output's shape and dtype; with several outputs a tuple of
            them, `None` for each that was not used.
        """

    def jvp(self, *tangents: Any) -> Any:
        """The tangent of the output, given those of the inputs (`None` for zero).

        The default is the derivative of `backward`, which is linear in `grad`.
        """
        return jvp_of_backward(self, tangents)

    def register_hook(self, function: Callable[[Any, Any], Any]) -> RemovableHandle:
        """Call ``function(grads_in, grads_out)`` whenever the rule of this operation has run.

        grads_in : a tuple of the gradients of the inputs, in their shapes and dtypes; `None` for
            each that has none.
        grads_out : a tuple of the gradients of the outputs, which the rule was given.

        A tuple that it returns replaces `grads_in`; `None` leaves them. PyTorch's
        ``Node.register_hook``. Returns a handle, whose ``remove()`` takes the hook off again; it is
        a context manager too. What `function` is given, and may return, is as in
        `GradArray.register_hook`.
        """
        return register(self, "after", function)

    def register_prehook(self, function: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``function(grads_out)`` whenever the rule of this operation is about to run.

        grads_out : a tuple of the gradients of the outputs, `None` for each that was not used.

        A tuple that it returns replaces them. PyTorch's ``Node.register_prehook``; the hooks of the
        outputs themselves (`GradArray.register_hook`) run before. Returns a handle.
        """
        return register(self, "before", function)

    def results(self, *values: Any) -> tuple[GradArray, ...]:
        """The outputs `values` of this operation, where there are several.

        Each becomes a `GradArray`; `backward` is then given a tuple of gradients.
        """
        self._require_new()
        seq = self._seq
        made = attach_many(self, tuple(as_raw(v) for v in values))
        self._seq = seq  # a write since the inputs were saved is one too many
        if any(self._tangents):
            propagate(self, self._tangents, made)
        return made

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The inputs as they were, for a `Grad` made by ``Grad.__init__(*inputs)``."""
        saved = self._saved
        if saved is None:
            raise GraphFreedError(freed_message(self))
        wrap = RuleInput if mode.rules_wrapped else None
        return tuple(
            [
                self._wrapped(raw, i, wrap if self._is_active(i) else None)
                for i, raw in enumerate(saved)
            ]
        )

    def saved(self, grad: Any) -> tuple[Any, ...]:
        """What the operation saved: raw arrays for a raw `grad`, else `GradArray`s.

        grad : the argument of `backward` (or the tuple of them), or a tangent.
        """
        values = self._saved
        if values is None:
            raise GraphFreedError(freed_message(self))
        if isinstance(grad, tuple):
            grad = next(g for g in grad if g is not None)
        if type(grad) is not GradArray:
            return values
        sources = self.saves or range(len(values))
        return tuple(
            [
                v if v is None or source is None else self._wrapped(v, source)
                for v, source in zip(values, sources, strict=True)
            ]
        )

    def _is_active(self, i: int) -> bool:
        edges = self._edges or ()
        return edges[i] is not None or bool(self._tangents and self._tangents[i])

    def _wrapped(self, raw: Any, source: int, cls: type | None = None) -> Any:
        """A saved value as a `GradArray` with its producer and the tangents in sight."""
        if type(raw) in (float, int, complex, bool):
            return raw
        edges = self._edges or ()
        op: Any
        if source >= 0:
            edge = edges[source]
            op = producer(edge)
        elif all(e is None for e in edges):
            edge = op = None
        elif self.outputs == 1:
            edge = op = self
        else:
            edge, op = OutputSlot(self, -1 - source, raw.shape, raw.dtype), self
        x = new_array(raw, op, edge, cls)
        if getattr(self, "_tangents", None) is not None:
            if source < 0:
                x._tangents = tangents_of_output(self, raw, -1 - source)
            elif found := self._tangents[source]:
                x._tangents = in_sight(found)
        return x
