"""`Grad`: one operation of the graph, with its inputs and its derivative rules."""

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
from .tangents import in_sight, propagate, propagated, tangents_of_output
from .transposed import jvp_of_backward


def _is_own(cls: type) -> bool:
    """Whether a class is part of keratorch."""
    return cls.__module__.partition(".")[0] == "keratorch"


class Grad(Node):
    """A recorded operation: its inputs, and the rule that differentiates it.

    To differentiate an operation of your own, derive from `Grad`, write `backward`, and pass
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

    A rule returns one gradient per input, `None` for no gradient. With one input it may return a
    bare array. The engine reduces broadcast axes, sums over uses, and casts dtypes. A rule gets
    raw arrays, or `GradArray`s where derivatives are differentiated themselves. A rule that
    computes with `inputs`, operators and Array API functions works for every order.

    The class attribute `selects` says whether a 0 among the returned gradients may mean "this
    element was not selected", as in the rule of `where`. Below such a rule 0·∞ counts as 0. The
    default for your own rules is `True`. Write ``selects = False`` if your rule selects nothing:
    then 0·∞ below it is NaN.
    """

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        users = [base for base in cls.__mro__ if not _is_own(base)]
        if cls in users and not any("selects" in base.__dict__ for base in users):
            cls.selects = True  # a user's rule may do anything

    def __init__(self, *inputs: Any) -> None:
        arrays = tuple(as_operand(x) for x in inputs)
        self._edges = tuple(x._edge for x in arrays) if mode.recording else (None,) * len(arrays)
        self._saved = tuple(x._array for x in arrays)
        self._tangents = tuple(propagated(x) for x in arrays)
        self._seq = next_seq()
        self._out = nowhere
        self.shape: Any = None
        self.dtype: Any = None

    @abstractmethod
    def backward(self, grad: Any) -> Any:
        """The gradients of the inputs, from the gradient of the output.

        grad : an array of the output's shape and dtype; with several outputs a tuple of arrays,
            with `None` for each unused output.
        """

    def jvp(self, *tangents: Any) -> Any:
        """The tangent of the output, from the tangents of the inputs (`None` for zero).

        The default transposes `backward`, which is linear in `grad`, by differentiating it.
        """
        return jvp_of_backward(self, tangents)

    def register_hook(self, function: Callable[[Any, Any], Any]) -> RemovableHandle:
        """Call ``function(grads_in, grads_out)`` each time after the rule of this operation ran.

        grads_in : a tuple of the gradients of the inputs, in the shapes and dtypes of the inputs;
            `None` for an input without a gradient.
        grads_out : a tuple of the gradients of the outputs, as the rule got them.

        A tuple that `function` returns replaces `grads_in`; `None` leaves them. This is PyTorch's
        ``Node.register_hook``. The kinds of arrays and the errors are those of
        `GradArray.register_hook`.

        Returns a handle: ``remove()`` removes the hook, and so does the end of ``with handle:``.
        Raises `GraphFreedError` if an earlier backward freed this operation.
        """
        return register(self, "after", function)

    def register_prehook(self, function: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``function(grads_out)`` each time before the rule of this operation runs.

        grads_out : a tuple of the gradients of the outputs, `None` for each unused output.

        A tuple that `function` returns replaces `grads_out`; `None` leaves them. This is PyTorch's
        ``Node.register_prehook``. The hooks of the outputs (`GradArray.register_hook`) run before.

        Returns a handle, as `register_hook` does, and raises `GraphFreedError` like it.
        """
        return register(self, "before", function)

    def results(self, *values: Any) -> tuple[GradArray, ...]:
        """Make the raw arrays `values` the outputs of this operation, when it has several.

        Returns a tuple of `GradArray`s. `backward` then gets a tuple of gradients.
        """
        self._require_new()
        seq = self._seq
        made = attach_many(self, tuple(as_raw(v) for v in values))
        self._seq = seq  # so that a write after the inputs were saved counts as stale
        if any(self._tangents):
            propagate(self, self._tangents, made)
        return made

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The inputs with their saved values, for a `Grad` made by ``Grad.__init__(*inputs)``.

        Raises `GraphFreedError` after a backward freed them.
        """
        saved = self._saved
        if saved is None:
            raise GraphFreedError(freed_message(self))
        wrap = RuleInput if mode.rules_wrapped else None
        return tuple(
            [
                self._saved_as_array(raw, i, wrap if self._is_active(i) else None)
                for i, raw in enumerate(saved)
            ]
        )

    def saved(self, grad: Any) -> tuple[Any, ...]:
        """The values that the operation saved: raw arrays for a raw `grad`, else `GradArray`s.

        grad : the argument of `backward` (an array or a tuple of arrays), or a tangent.
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
                v if v is None or source is None else self._saved_as_array(v, source)
                for v, source in zip(values, sources, strict=True)
            ]
        )

    def _is_active(self, i: int) -> bool:
        edges = self._edges or ()
        return edges[i] is not None or bool(self._tangents and self._tangents[i])

    def _saved_as_array(self, raw: Any, source: int, cls: type | None = None) -> Any:
        """A saved value as a `GradArray` with its producer and the tangents that a rule may see."""
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
