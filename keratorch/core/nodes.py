"""The graph: nodes, the ends of edges, and the state of an array that is in it.

Nothing here computes. The engine walks `Node`s and slots, and recording fills in a `GradArrayBase`.
`Grad` and `GradArray`, which users see, derive from the two.
"""

from __future__ import annotations

import itertools
import weakref
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ..backends import _registry
from ..backends._device import Device
from ..errors import RuleError
from .signatures import Signatures

#: The order in which nodes were made: inputs before what was made of them.
next_seq = itertools.count(1).__next__

Edge = Any  # a Node of one output, an OutputSlot, or a LeafSlot


class GradArrayBase(Signatures):
    """What recording and the engine know of a `GradArray`."""

    __slots__ = (
        "__weakref__",
        "_alias",
        "_array",
        "_edge",
        "_grad",
        "_grad_op",
        "_link",
        "_name",
        "_tangents",
    )

    _array: Any
    _grad: Any
    _grad_op: Any
    _edge: Any  # where its gradient goes; None: nothing tracks it
    _tangents: dict[int, Any] | None  # by forward level
    _alias: Any  # the `views.Family` of arrays that may share its memory
    _link: Any  # the `views.Link` to what it is a view of
    _name: str | None

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> Any:
        return self._array.dtype

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def size(self) -> int:
        n = 1
        for k in self._array.shape:
            n *= k
        return n

    @property
    def device(self) -> Device | None:
        """Where the array lives; `None` for a tracer, which is nowhere yet."""
        raw = self._array
        return _registry.of(raw).device(raw)


#: The raw array of a `GradArray`, whatever its subclass guards.
get_raw = GradArrayBase.__dict__["_array"].__get__
set_raw = GradArrayBase.__dict__["_array"].__set__
#: Sets ``x._grad``, in C.
set_grad = GradArrayBase.__dict__["_grad"].__set__
_registry.unwrap(GradArrayBase, get_raw)


def raw_of(value: Any) -> Any:
    """The raw array of a `GradArray`; anything else as it is."""
    return get_raw(value) if isinstance(value, GradArrayBase) else value


def is_tracked(x: GradArrayBase) -> bool:
    """Whether `x` requires a gradient or carries a tangent; else it is a constant."""
    return x._edge is not None or x._tangents is not None


class LeafSlot:
    """The end of the graph at a leaf: where its gradient goes."""

    __slots__ = ("__weakref__", "_edges", "_hooks", "_out", "_seq", "dtype", "shape")

    def __init__(self, leaf: GradArrayBase, shape: tuple[int, ...], dtype: Any) -> None:
        self._edges: tuple[Edge, ...] = ()
        self._seq = 0
        self._out = weakref.ref(leaf)
        self.shape = shape
        self.dtype = dtype


class OutputSlot:
    """One output of a `Grad` that has several."""

    __slots__ = ("__weakref__", "_edges", "_hooks", "_out", "_seq", "dtype", "index", "shape")

    def __init__(self, node: Node, index: int, shape: tuple[int, ...], dtype: Any) -> None:
        self._edges: tuple[Edge, ...] = (node,)
        self._seq = next_seq()
        self._out: Any = nowhere
        self.index = index
        self.shape = shape
        self.dtype = dtype


def nowhere() -> None:
    """In place of a weak reference to a `GradArray` that never was."""


class Node(ABC):
    """An operation that was done, as the engine sees it."""

    __slots__ = (
        "__weakref__",
        "_edges",
        "_hooks",
        "_out",
        "_saved",
        "_seq",
        "_tangents",
        "dtype",
        "shape",
    )

    #: What each saved value is: input i, output k as ``-1 - k``, or `None` for a constant.
    saves: ClassVar[tuple[int | None, ...]] = ()
    #: Whether the gradients that `backward` returns are new arrays that nothing else holds.
    fresh: ClassVar[bool] = False
    #: Whether the gradients of the inputs live elsewhere than that of the output.
    moves: ClassVar[bool] = False
    #: How many outputs the operation has.
    outputs: int = 1

    _edges: tuple[Edge | None, ...] | None
    _hooks: Any  # set by `hooks.register` alone
    _saved: tuple[Any, ...] | None
    _out: Any
    shape: Any
    dtype: Any

    @abstractmethod
    def backward(self, grad: Any) -> Any:
        """The gradients of the inputs, given that of the output."""

    @abstractmethod
    def jvp(self, *tangents: Any) -> Any:
        """The tangent of the output, given those of the inputs (`None` for zero)."""

    def _require_new(self) -> None:
        """Raise `RuleError` unless ``Grad.__init__`` ran, and no array was made of this yet."""
        name = type(self).__name__
        if not hasattr(self, "_seq"):
            raise RuleError(
                f"{name} was made without Grad.__init__: call super().__init__(*inputs) with the "
                "arrays that it was computed from"
            )
        if self.dtype is not None:
            raise RuleError(
                f"{name} of shape {self.shape} was given to two arrays: make one {name} for "
                "each, or all outputs of one at once with its results(*values)"
            )


def producer(edge: Edge | None) -> Node | None:
    """The `Grad` behind an edge; `None` for a leaf or a constant."""
    if edge is None or type(edge) is LeafSlot:
        return None
    return edge._edges[0] if type(edge) is OutputSlot else edge


def op_name(node: Any) -> str:
    """What messages call a node."""
    return type(node).__name__


def freed_message(node: Any) -> str:
    return (
        f"{op_name(node)} of shape {node.shape}: this graph was freed by an earlier "
        "backward; call the first one with retain_graph=True to go through it twice"
    )
