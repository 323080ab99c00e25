"""One call of a transformed function: its variables in, its results out.

What a transformation differentiates in are variables of its own: each stays connected to the
argument that it stands for, so that levels are told apart by their places in the graph.
What comes out is raw where raw arrays went in, except where that would drop the derivative of a
transformation around this one: an array that its variables reach stays a `GradArray`.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from ..backends import _registry
from ..core import engine, order
from ..core.array import GradArray, new_array
from ..core.convert import SCALARS, as_operand, as_raw
from ..core.grad import LeafSlot, next_seq
from ..core.mode import mode
from ..core.recording import constant
from ..core.tangents import in_sight, levels
from ..core.walk import sum_of
from ..errors import DTypeError, KeratorchError, StructureError, UnknownArrayError
from ..ops.arithmetic import positive
from .tree import leaves, mapped, paths, unflattened

#: The calls that are running, in any thread.
_running: set[Call] = set()


class Call:
    """The state of one call, and a context in which its function runs, recorded."""

    __slots__ = (
        "_before",
        "arrays",
        "edges",
        "enclosed",
        "name",
        "own",
        "raw",
        "recording",
        "since",
        "tracked",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        #: Whether another transformation is running around this one.
        self.enclosed = mode.transforms > 0
        #: Whether what comes out may be recorded, for what is around.
        self.recording = mode.recording
        self.raw = True  # no GradArray went in
        self.tracked = False  # a variable stands for a tracked array
        self.arrays: list[GradArray] = []  # the variables
        # Their edges, as a variable that the function writes into gets another one.
        self.edges: list[Any] = []
        self.own: set[Any] = set()
        self.since = next_seq()

    def __enter__(self) -> Call:
        self._before = mode.recording
        mode.recording = True
        mode.transforms += 1
        _running.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mode.recording = self._before
        mode.transforms -= 1
        _running.discard(self)

    # -- in ----------------------------------------------------------------------------------

    def variables(self, trees: tuple[Any, ...], names: tuple[Any, ...]) -> tuple[Any, ...]:
        """`trees`, one per argument, with a variable in place of each leaf."""
        if len(trees) == 1 and not self.arrays:
            (value,) = trees
            cls = type(value)
            if cls in _registry.by_type and cls is not GradArray:
                # One raw array, the commonest of all: nothing to take apart. What is wrong with
                # it, the general way says.
                backend = _registry.by_type[cls]
                raw = backend.adopt(value)
                if backend.is_inexact(raw.dtype):
                    x = as_variable(constant(raw))
                    self.arrays.append(x)
                    self.own.add(x._edge)
                    self.edges.append(x._edge)
                    return (x,)
        given = leaves(trees) if len(trees) != 1 else leaves(trees[0])
        like = self.note(given)
        try:
            made = [self.variable(v, like) for v in given]
        except KeratorchError as error:
            raise self.located(error, trees, names) from error.__cause__
        self.arrays += made
        edges = [x._edge for x in made]
        self.edges += edges
        self.own.update(edges)
        if len(made) == 1 and type(trees[0]) in _registry.by_type:
            return (made[0],)
        values = iter(made)
        return tuple([unflattened(t, values) for t in trees])

    def note(self, given: list[Any]) -> Any:
        """Whether `given` are raw, and an array that numbers among them are put beside."""
        like = None
        for v in given:
            if isinstance(v, GradArray):
                self.raw = False
                if like is None:
                    like = v
            elif like is None and type(v) not in SCALARS and _registry.is_array(v):
                like = v
        return like

    def variable(self, value: Any, like: Any) -> GradArray:
        """A new place in the graph for one argument."""
        if isinstance(value, GradArray):
            check_inexact(self.name, value._array)
            if value._edge is not None and self.recording:
                self.tracked = True
                return positive(value)
            x = new_array(value._array, None, None)
            x._tangents = value._tangents
            if self.recording and x._tangents is not None and has_edge(x):
                self.tracked = True
        else:
            x = constant(raw_argument(self.name, value, like))
        return as_variable(x)

    def located(
        self, error: KeratorchError, trees: tuple[Any, ...], names: tuple[Any, ...]
    ) -> Exception:
        """`error`, that says which argument it is about."""
        done = 0
        for name, tree in zip(names, trees, strict=True):
            for path, value in zip(paths(tree), leaves(tree), strict=True):
                done += 1
                try:
                    Call(self.name).variable(value, None)
                except type(error):
                    return type(error)(f"{error} (argument {name}{path})")
        return error

    # -- through -----------------------------------------------------------------------------

    def connected(self, outputs: list[Any]) -> bool:
        """Whether derivatives of `outputs` are to be recorded: something around sees them."""
        if not self.recording:
            return False
        if self.raw and not self.enclosed:
            return self.helps(outputs)
        if self.tracked:
            return True
        return any(self.reaches(y) for y in outputs)

    def reaches(self, y: GradArray) -> bool:
        """Whether `y`, or a tangent on the way to it, was made of what was tracked before."""
        since, own = self.since, self.own
        stack = edges_of(y)
        seen = set(stack)
        while stack:
            node = stack.pop()
            if node in own:
                continue
            if node._seq < since:
                return True
            found = [e for e in node._edges or () if e is not None]
            if levels:
                for tangents in getattr(node, "_tangents", None) or ():
                    for t in (tangents or {}).values():
                        found += edges_of(t)
            for edge in found:
                if edge not in seen:
                    seen.add(edge)
                    stack.append(edge)
        return False

    def helps(self, outputs: list[Any]) -> bool:
        """Whether this thread works for a transformation that is running in another one.

        Then a variable of that is among what `outputs` were made of, or a tangent.
        """
        others = [call for call in list(_running) if call is not self]
        if not others and not levels:
            return False
        stack = [edge for y in outputs for edge in edges_of(y)]
        seen = set(stack)
        while stack:
            node = stack.pop()
            if any(node in call.own for call in others):
                return True
            if any(t and in_sight(t) for t in getattr(node, "_tangents", None) or ()):
                return True
            for edge in node._edges or ():
                if edge is not None and edge not in seen:
                    seen.add(edge)
                    stack.append(edge)
        return False

    def pulled(self, outputs: list[Any], seeds: list[Any], retain: bool, record: bool) -> list[Any]:
        """The gradients of the variables, given those of `outputs`; zeros where there is none."""
        if len(outputs) == 1:
            edge = outputs[0]._edge
            pairs = [] if edge is None else [(edge, seeds[0])]
        else:
            sums: dict[Any, Any] = {}
            for y, seed in zip(outputs, seeds, strict=True):
                edge = y._edge
                if edge is not None:
                    sums[edge] = sum_of(sums[edge], seed) if edge in sums else seed
            pairs = list(sums.items())
        found: dict[Any, Any] = {}
        if pairs and self.own:
            found = dict(
                engine.run(
                    pairs,
                    retain_graph=retain,
                    create_graph=record,
                    targets=self.own,
                    since=self.since,
                )
            )
        return [
            _registry.of(x._array).xp.zeros_like(x._array) if g is None else g
            for x, edge in zip(self.arrays, self.edges, strict=True)
            for g in (found.get(edge),)
        ]

    # -- out ---------------------------------------------------------------------------------

    def result(self, value: Any, connected: bool) -> Any:
        """One array as it is handed out."""
        if not isinstance(value, GradArray):
            return value if self.raw else constant(value)
        if connected and self.recording and has_edge(value):
            return value
        if self.raw and value._tangents is None:
            return value._array
        return value if connected else without_edges(value)

    def aux(self, tree: Any) -> Any:
        """What a function returned beside its value; arrays of it handed out, the rest as is."""

        def one(value: Any) -> Any:
            if not isinstance(value, GradArray):
                return value
            return self.result(value, has_edge(value) and self.connected([value]))

        return mapped(one, tree)


def edges_of(x: GradArray) -> list[Any]:
    """The edge of an array, and those of its tangents."""
    out = [] if x._edge is None else [x._edge]
    for t in (x._tangents or {}).values():
        out += edges_of(t)
    return out


def has_edge(x: GradArray) -> bool:
    """Whether an array, or a tangent of it, is recorded."""
    return x._edge is not None or (x._tangents is not None and bool(edges_of(x)))


def captured(roots: list[Any], since: int, own: set[Any]) -> list[Any]:
    """The edges in the graph below `roots` that lead to what was there before `since`.

    own : edges that do not count, as what they lead to was given.
    """
    return [
        n
        for n in order.collect_since(roots, since)
        if n._seq < since
        and n not in own
        # A leaf of which the array is gone was made, and dropped, by the function.
        and not (type(n) is LeafSlot and n._out() is None)
    ]


def without_edges(x: GradArray) -> GradArray:
    """`x`, and its tangents, as constants."""
    y = new_array(x._array, None, None)
    if x._tangents is not None:
        y._tangents = {level: without_edges(t) for level, t in x._tangents.items()}
    return y


def as_variable(x: GradArray) -> GradArray:
    """`x`, a new `GradArray`, as a leaf that knows when it was made."""
    raw = x._array
    x._edge = slot = LeafSlot(x, raw.shape, raw.dtype)
    slot._seq = next_seq()
    return x


def raw_argument(name: str, value: Any, like: Any) -> Any:
    """A raw array or a number as a raw array that derivatives can be taken in."""
    if isinstance(value, (bool, int)) and not hasattr(value, "dtype"):
        raise DTypeError(
            f"{name}: {value!r} is of type {type(value).__name__}, and only floating and complex "
            "numbers have derivatives: write it as a float, or leave it out of what is "
            "differentiated"
        )
    if isinstance(value, (float, complex)) or _registry.is_array(value) or hasattr(value, "dtype"):
        raw = as_raw(value, as_operand(like) if like is not None and like is not value else None)
        check_inexact(name, raw)
        return raw
    raise UnknownArrayError(
        f"{name}: {type(value).__name__} is no array and no number: leave it out of what is "
        "differentiated, or mark the field of a dataclass that holds it with "
        'metadata={"static": True}'
    )


def check_inexact(name: str, raw: Any) -> None:
    """Raise `DTypeError` for an array that has no derivative."""
    if not _registry.of(raw).is_inexact(raw.dtype):
        raise DTypeError(
            f"{name}: an array of dtype {raw.dtype} and shape {tuple(raw.shape)}: only floating "
            "and complex arrays have derivatives; convert it with astype, or leave it out of what "
            "is differentiated"
        )


def positions_of(name: str, argnums: Any) -> tuple[int, ...]:
    """`argnums` as a tuple."""
    if type(argnums) is int:
        return (argnums,)
    found = argnums if isinstance(argnums, Sequence) else (argnums,)
    try:
        if not any(isinstance(i, bool) for i in found):
            return tuple([operator.index(i) for i in found])
    except TypeError:
        pass
    raise StructureError(
        f"{name}: argnums must be an integer or a tuple of integers, not {argnums!r}"
    )


def chosen(name: str, positions: tuple[int, ...], args: tuple[Any, ...]) -> tuple[int, ...]:
    """`positions` counted from 0, all among the arguments, no two equal."""
    n = len(args)
    if len(positions) == 1 and 0 <= positions[0] < n:
        return positions
    for i in positions:
        if not -n <= i < n:
            raise StructureError(
                f"{name}: argnums names the argument {i}, but the function was called with {n} "
                "positional arguments: arguments that are differentiated in are given by position"
            )
    out = tuple([i % n for i in positions])
    if len(set(out)) != len(out):
        raise StructureError(f"{name}: argnums {positions} names an argument twice")
    return out


def with_aux(name: str, outcome: Any) -> tuple[Any, Any]:
    """The pair that a function returns under ``has_aux=True``."""
    if not isinstance(outcome, tuple) or len(outcome) != 2:
        raise StructureError(
            f"{name}: has_aux=True, and the function returned {type(outcome).__name__}: it must "
            "return a pair, (value, aux)"
        )
    return outcome


def output_leaves(name: str, tree: Any, like: Any = None) -> list[GradArray]:
    """The leaves of what a function returned, as arrays."""
    out: list[GradArray] = []
    for v in leaves(tree):
        if not isinstance(v, (GradArray, *SCALARS)) and not _registry.is_array(v):
            raise UnknownArrayError(
                f"{name}: the function returned {type(v).__name__}, which is no array: return "
                "arrays, or dicts, lists, tuples and dataclasses of them"
            )
        out.append(as_operand(v, like))
    return out


__all__ = [
    "Call",
    "as_variable",
    "captured",
    "check_inexact",
    "chosen",
    "edges_of",
    "has_edge",
    "output_leaves",
    "positions_of",
    "raw_argument",
    "with_aux",
    "without_edges",
]
