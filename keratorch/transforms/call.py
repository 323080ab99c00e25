"""One call of a transformed function: from its arguments to its variables and results.

A transformation differentiates in its own variables. Each variable stays connected to its argument,
so nested transformations have different places in the graph. Raw arguments give raw results, except
where a raw result would lose the derivative of an enclosing transformation: a result that depends
on the variables of that transformation stays a `GradArray`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..backends import _registry
from ..backends._dtypes import is_complex_dtype
from ..core import engine, order
from ..core.array import GradArray, new_array
from ..core.convert import SCALARS, as_operand, as_raw
from ..core.grad import LeafSlot, next_seq
from ..core.mode import mode
from ..core.recording import constant
from ..core.shown import shown
from ..core.tangents import in_sight, levels, propagated
from ..core.views import lend, now
from ..core.walk import sum_of
from ..errors import DTypeError, KeratorchError, StructureError, UnknownArrayError
from ..ops.arithmetic import positive
from .tree import leaves, mapped, paths, unflattened

#: The calls that are running, in all threads.
_running: set[Call] = set()


class Call:
    """The state of one call, and the context in which its function runs with recording on."""

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
        self.name: str = name
        #: Whether another transformation is running around this one.
        self.enclosed: bool = mode.transforms > 0
        #: Whether recording was on around the call, so that its results may stay connected.
        self.recording: bool = mode.recording
        self.raw: bool = True  # no argument is a GradArray
        self.tracked: bool = False  # a variable stands for a tracked array
        self.arrays: list[GradArray] = []  # the variables
        # Their first edges: a variable gets another edge when the function writes into it.
        self.edges: list[Any] = []
        self.own: set[Any] = set()
        self.since: int = next_seq()

    def __enter__(self) -> Call:
        self._before = mode.recording, mode.fillable
        mode.recording = mode.fillable = True
        mode.transforms += 1
        _running.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mode.recording, mode.fillable = self._before
        mode.transforms -= 1
        _running.discard(self)

    # -- in ----------------------------------------------------------------------------------

    def variables(self, trees: tuple[Any, ...], names: tuple[Any, ...]) -> tuple[Any, ...]:
        """`trees`, one per argument, with a variable for each leaf."""
        if len(trees) == 1 and not self.arrays:
            (value,) = trees
            cls = type(value)
            if cls in _registry.by_type and cls is not GradArray:
                # One raw array is the commonest case, and needs no flattening. An array without
                # a derivative takes the general path below, which raises the error.
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
        """Note whether `given` has a `GradArray`; returns the array that numbers are put beside."""
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
        """A new variable for one argument: a new place in the graph."""
        if isinstance(value, GradArray):
            check_inexact(self.name, value._array)
            if value._edge is not None and self.recording:
                self.tracked = True
                return positive(value)
            x = new_array(value._array, None, None)
            x._tangents = propagated(value)
            if self.recording and x._tangents is not None and has_edge(x):
                self.tracked = True
        else:
            x = constant(raw_argument(self.name, value, like))
        return as_variable(x)

    def located(
        self, error: KeratorchError, trees: tuple[Any, ...], names: tuple[Any, ...]
    ) -> Exception:
        """`error` with the argument that caused it in its message."""
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
        """Whether the derivatives of `outputs` must be recorded, as code around may use them."""
        if not self.recording:
            return False
        if self.raw and not self.enclosed:
            return self.helps(outputs)
        if self.tracked:
            return True
        return any(self.reaches(y) for y in outputs)

    def reaches(self, y: GradArray) -> bool:
        """Whether `y`, or a tangent on the way to `y`, depends on an array tracked before."""
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
        """Whether this thread works for a transformation that is running in another thread.

        If so, `outputs` depend on a variable or a tangent of that transformation.
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

    def pulled(
        self,
        outputs: list[Any],
        seeds: list[Any],
        retain: bool,
        record: bool,
        selected: bool = False,
    ) -> list[Any]:
        """The gradients of the variables, from those of `outputs`; zeros for no gradient.

        selected : whether `seeds` count as gradients that came through a selection.
        """
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
                    selected=[edge for edge, _ in pairs] if selected else (),
                )
            )
        return [
            _registry.of(x._array).xp.zeros_like(x._array) if g is None else g
            for x, edge in zip(self.arrays, self.edges, strict=True)
            for g in (found.get(edge),)
        ]

    # -- out ---------------------------------------------------------------------------------

    def result(self, value: Any, connected: bool) -> Any:
        """The array `value` as the call returns it: raw, a constant, or connected."""
        if not isinstance(value, GradArray):
            return value if self.raw else constant(value)
        if connected and self.recording and has_edge(value):
            return value
        if self.raw and propagated(value) is None:
            return value._array
        return value if connected else without_edges(value)

    def aux(self, tree: Any) -> Any:
        """The auxiliary result of a function: arrays as `result` returns them, the rest as is."""

        def one(value: Any) -> Any:
            if not isinstance(value, GradArray):
                return value
            return self.result(value, has_edge(value) and self.connected([value]))

        return mapped(one, tree)


def each(where: Callable[[int], str], function: Callable[..., Any], *lists: list[Any]) -> list[Any]:
    """``function(*values)`` for the values at each position of `lists`.

    where : the place of a position, which the message of an error gets.
    """
    out: list[Any] = []
    try:
        for values in zip(*lists, strict=True):
            out.append(function(*values))
    except KeratorchError as error:
        raise type(error)(f"{error} ({where(len(out))})") from error.__cause__
    return out


def edges_of(x: GradArray) -> list[Any]:
    """The edge of an array and the edges of its tangents."""
    out = [] if x._edge is None else [x._edge]
    for t in (x._tangents or {}).values():
        out += edges_of(t)
    return out


def has_edge(x: GradArray) -> bool:
    """Whether an array, or one of its tangents, is recorded."""
    return x._edge is not None or (x._tangents is not None and bool(edges_of(x)))


def captured(roots: list[Any], since: int, own: set[Any]) -> list[Any]:
    """The edges below `roots` that lead to captured arrays: arrays made before `since`.

    own : edges that do not count, as they belong to arguments.
    """
    return [
        n
        for n in order.collect_since(roots, since)
        if n._seq < since
        and n not in own
        # A plain leaf has the number 0. If its array is gone, the function made and dropped it.
        and not (type(n) is LeafSlot and n._out() is None)
    ]


def without_edges(x: GradArray) -> GradArray:
    """`x` without edges; the tangents that are propagated stay, also without edges."""
    y = new_array(x._array, None, None)
    tangents = propagated(x)
    if tangents is not None:
        y._tangents = {level: without_edges(t) for level, t in tangents.items()}
    return y


def as_variable(x: GradArray) -> GradArray:
    """Make `x`, a new `GradArray`, a leaf with a number in the order of nodes.

    The function may write into a variable; the array of the caller stays as it was (`lend`).
    """
    raw = x._array
    x._edge = slot = LeafSlot(x, raw.shape, raw.dtype)
    slot._seq = next_seq()
    return lend(x)


def lent(tree: Any) -> Any:
    """`tree`, an argument of a function of the user: it may write into the arrays that it gets.

    The caller's `GradArray`s stay as they were. Raw arrays are passed on.
    """
    return mapped(lambda v: lend(now(v)) if isinstance(v, GradArray) else v, tree)


def lent_constants(tree: Any) -> Any:
    """As `lent`, with constants for the `GradArray`s."""
    return mapped(lambda v: lend(now(v, False)) if isinstance(v, GradArray) else v, tree)


def raw_argument(name: str, value: Any, like: Any) -> Any:
    """A raw array or a number as a floating or complex raw array, to be differentiated in."""
    if isinstance(value, (bool, int)) and not hasattr(value, "dtype"):
        raise DTypeError(
            f"{name}: {shown(value)} is of type {type(value).__name__}, and only floating and "
            "complex "
            "numbers have derivatives: write it as a float, or leave it out of what is "
            "differentiated"
        )
    if isinstance(value, (float, complex)) or _registry.is_array(value) or hasattr(value, "dtype"):
        raw = beside(value, as_operand(like) if like is not None and like is not value else None)
        check_inexact(name, raw)
        return raw
    raise UnknownArrayError(
        f"{name}: {type(value).__name__} is no array and no number: leave it out of what is "
        "differentiated, or mark the field of a dataclass that holds it with "
        'metadata={"static": True}; keratorch.tree.register takes classes that hold arrays'
    )


def beside(value: Any, like: Any) -> Any:
    """`value` as a raw array beside `like`; a real number beside complex arrays stays real."""
    raw = as_raw(value, None if _registry.is_array(value) else like)  # arrays stay as they are
    backend = _registry.of(raw)
    if backend.is_complex(raw.dtype) and (
        isinstance(value, (int, float))
        or (hasattr(value, "dtype") and not is_complex_dtype(value.dtype))
    ):
        return backend.as_array(backend.copy(backend.xp.real(raw)))
    return raw


def check_inexact(name: str, raw: Any) -> None:
    """Raise `DTypeError` for an array that is neither floating nor complex."""
    if not _registry.of(raw).is_inexact(raw.dtype):
        raise DTypeError(
            f"{name}: an array of dtype {raw.dtype} and shape {tuple(raw.shape)}: only floating "
            "and complex arrays have derivatives; convert it with astype, or leave it out of what "
            "is differentiated"
        )


def with_aux(name: str, outcome: Any) -> tuple[Any, Any]:
    """`outcome`, if it is the pair that ``has_aux=True`` asks for; else `StructureError`."""
    if not isinstance(outcome, tuple) or len(outcome) != 2:
        raise StructureError(
            f"{name}: has_aux=True, and the function returned {type(outcome).__name__}: it must "
            "return a pair, (value, aux)"
        )
    return outcome


def output_leaves(name: str, tree: Any, like: Any = None) -> list[GradArray]:
    """The leaves of a function's result, as `GradArray`s; `UnknownArrayError` for others."""
    out: list[GradArray] = []
    for v in leaves(tree):
        if not isinstance(v, (GradArray, *SCALARS)) and not _registry.is_array(v):
            raise UnknownArrayError(
                f"{name}: the function returned {type(v).__name__}, which is no array: return "
                "arrays, or dicts, lists, tuples and dataclasses of them, or tell "
                "keratorch.tree.register of the class"
            )
        out.append(constant(beside(v, like)) if type(v) in SCALARS else as_operand(v))
    return out


__all__ = [
    "Call",
    "as_variable",
    "captured",
    "check_inexact",
    "each",
    "edges_of",
    "has_edge",
    "lent",
    "lent_constants",
    "output_leaves",
    "raw_argument",
    "with_aux",
    "without_edges",
]
