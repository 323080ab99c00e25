"""The graph: nodes, the ends of edges, and the state of the arrays in the graph.

Nothing here computes. The engine walks `Node`s and slots, and recording fills in a `GradArrayBase`.
The public classes `Grad` and `GradArray` derive from `Node` and `GradArrayBase`.
"""

from __future__ import annotations

import itertools
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from ..backends import _registry
from ..backends._device import Device
from ..errors import RuleError
from .signatures import Signatures

#: The next number in the order in which nodes are made; inputs have lower numbers than results.
next_seq: Callable[[], int] = itertools.count(1).__next__

#: Edge -> the name of its array, so that `graph` knows it when the array is gone. Few arrays have
#: a name, so that the edges themselves need no place for it.
names: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()

Edge = Any  # a Node of one output, an OutputSlot, or a LeafSlot


class GradArrayBase(Signatures):
    """The state of a `GradArray` that recording and the engine use."""

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
    _edge: Any  # where its gradient goes; None: it requires no gradient
    _tangents: dict[int, Any] | None  # by forward level
    _alias: Any  # the `views.Family` of arrays that may share its memory
    _link: Any  # the `views.Link` to the array that it is a view of
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
        """The device of the array; `None` for a tracer, which has no device yet."""
        raw = self._array
        return _registry.of(raw).device(raw)


#: Read and set the raw array of a `GradArray`, past the guard of a subclass.
get_raw = GradArrayBase.__dict__["_array"].__get__
set_raw = GradArrayBase.__dict__["_array"].__set__
#: Set ``x._grad``; implemented in C.
set_grad = GradArrayBase.__dict__["_grad"].__set__
_registry.unwrap(GradArrayBase, get_raw)


def raw_of(value: Any) -> Any:
    """The raw array of a `GradArray`; any other value unchanged."""
    return get_raw(value) if isinstance(value, GradArrayBase) else value


def is_tracked(x: GradArrayBase) -> bool:
    """Whether `x` is tracked (requires a gradient or carries a tangent); else `x` is a constant."""
    return x._edge is not None or x._tangents is not None


class LeafSlot:
    """The end of the graph at a leaf: where its gradient goes."""

    __slots__ = ("__weakref__", "_edges", "_hooks", "_out", "_seq", "dtype", "shape")

    def __init__(self, leaf: GradArrayBase, shape: tuple[int, ...], dtype: Any) -> None:
        self._edges: tuple[Edge, ...] = ()
        self._seq = 0
        self._out = weakref.ref(leaf)
        self.shape: tuple[int, ...] = shape
        self.dtype: Any = dtype


class OutputSlot:
    """One output of a `Grad` that has several."""

    __slots__ = ("__weakref__", "_edges", "_hooks", "_out", "_seq", "dtype", "index", "shape")

    def __init__(self, node: Node, index: int, shape: tuple[int, ...], dtype: Any) -> None:
        self._edges: tuple[Edge, ...] = (node,)
        self._seq = next_seq()
        self._out: Any = nowhere
        self.index: int = index
        self.shape: tuple[int, ...] = shape
        self.dtype: Any = dtype


def nowhere() -> None:
    """Stands for a weak reference to an array that is gone or was never made: returns `None`."""


class Node(ABC):
    """A recorded operation, as the engine sees it."""

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

    #: The source of each saved value: input i as i, output k as ``-1 - k``, a constant as `None`.
    saves: ClassVar[tuple[int | None, ...]] = ()
    #: Whether the gradients that `backward` returns are new arrays that nothing else holds.
    fresh: ClassVar[bool] = False
    #: Whether the gradients of the inputs may be on another device than the output's gradient.
    moves: ClassVar[bool] = False
    #: Whether the operation is a selection: a 0 among the gradients that `backward` returns may say
    #: that an element was not selected, and not that the function is flat there.
    selects: ClassVar[bool] = False
    #: Whether `backward` of a selection walks through a graph of its own. Then the operation
    #: selects only if that walk did (``mode.selected``).
    walks: ClassVar[bool] = False
    #: The number of outputs of the operation.
    outputs: int = 1
    #: As `backward`, for walks: gradients may be `parts.Deferred`. `None`: there is no such rule.
    backward_parts: Any = None
    #: As `jvp`, in the memory of the first tangent, which nothing else needs; or `None`.
    jvp_into: Any = None

    _edges: tuple[Edge | None, ...] | None
    _hooks: Any  # only `hooks.register` sets it
    _saved: tuple[Any, ...] | None
    _out: Any
    shape: Any
    dtype: Any

    @abstractmethod
    def backward(self, grad: Any) -> Any:
        """The gradients of the inputs, from the gradient of the output."""

    @abstractmethod
    def jvp(self, *tangents: Any) -> Any:
        """The tangent of the output, from the tangents of the inputs (`None` for zero)."""

    def _require_new(self) -> None:
        """Raise `RuleError` unless ``Grad.__init__`` ran and this node has no output yet."""
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
    """The name of a node in messages."""
    return type(node).__name__


def freed_message(node: Any) -> str:
    return (
        f"{op_name(node)} of shape {node.shape}: this graph was freed by an earlier "
        "backward; call the first one with retain_graph=True to go through it twice"
    )
