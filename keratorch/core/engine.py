"""The reverse walk: from the gradient of outputs to those of everything below.

Nodes carry the order in which they were made, and what an operation used was made before it:
sorting the reachable nodes by that number, newest first, visits each once, after all its uses.
Nothing recurses. Gradients are handed over at the end, all or none.
"""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

from ..backends import _registry
from ..errors import DeviceMismatchError
from . import writes as _writes
from .convert import as_operand, check_devices, mismatch_message
from .fitting import cast, one_per_input, reduced
from .hooks import hooked
from .making import constant
from .mode import mode
from .nodes import GradArrayBase, LeafSlot, OutputSlot, get_slot, op_name, set_grad
from .order import above, collect, collect_since, refuse_freed
from .tangents import levels
from .watch import prepare

_by_type = _registry.by_type
_no_scope = nullcontext()


def run(
    seeds: list[tuple[Any, Any]],
    *,
    retain_graph: bool,
    create_graph: bool,
    targets: set[Any] | None = None,
    since: int = 0,
) -> list[tuple[Any, Any]]:
    """Walk back from `seeds`, pairs of an edge and its gradient.

    since : stop at what was made before this number, targets too.

    Returns pairs of an edge and the gradient that reached it: of every leaf and every
    `GradArray` still alive, or of `targets` alone.
    """
    roots = [edge for edge, _ in seeds]
    order = collect_since(roots, since) if since else collect(roots)
    refuse_freed(order, targets, since)
    wrapped = create_graph or bool(levels)
    walk = _Walk(retain_graph, targets, since)
    if targets is not None:
        walk.needed = above(order, targets)
        order = [node for node in order if node in walk.needed]
    watchers = mode.watchers
    if watchers or hooked:
        prepare(walk, order, watchers)
    before = mode.recording, mode.wrapped, mode.level
    mode.recording, mode.wrapped, mode.level = create_graph, wrapped, None
    try:
        raws = [(e, _raw(g)) for e, g in seeds]
        with scope_of(raws[0]):
            if wrapped:
                results = walk.wrapped(order, [(e, _as_array(g)) for e, g in seeds])
            else:
                try:
                    results = walk.raw(order, raws)
                except MemoryError:
                    if walk.rest or walk.undone:
                        _paused[seeds[0][0]] = walk
                    raise
        for watcher in watchers:
            watcher.walked(results)
        return results
    finally:
        mode.recording, mode.wrapped, mode.level = before
        # What was put in knows the walk: no cycle is to remain, unless the walk goes on later.
        if walk.around is not None and not (walk.rest or walk.undone):
            walk.grads, walk.around, walk.by_type = {}, None, _by_type


#: Root -> a walk that freed a part of its graph and then ran out of memory.
_paused: WeakKeyDictionary[Any, _Walk] = WeakKeyDictionary()


def _resumed(root: Any, given: Any) -> list[tuple[Any, Any]] | None:
    """The results of a walk that goes on where memory ran out; `None` where there is none."""
    walk = _paused.get(root)
    if walk is None or walk.given is not given or levels:
        return None
    before = mode.recording, mode.wrapped, mode.level
    mode.recording, mode.wrapped, mode.level = False, False, None
    try:
        with scope_of((root, given)):
            results = walk.resume()
        for watcher in mode.watchers:
            watcher.walked(results)
    finally:
        mode.recording, mode.wrapped, mode.level = before
    del _paused[root]
    return results


def scope_of(seed: tuple[Any, Any]) -> Any:
    """What the walk runs in: the backend's scope of the root, or of its gradient, if given."""
    edge, g = seed
    if g is not None and not _registry.of(g).has_scope:  # and torch.compile traces this
        return _no_scope
    root = edge._out()
    array = g if root is None else get_slot(root)
    return _no_scope if array is None else _registry.of(array).scope(array)


def _copy(g: Any) -> Any:
    return g.copy()


def _as_array(g: Any) -> Any:
    return g if isinstance(g, GradArrayBase) else constant(g)


class _Walk:
    """One walk, on raw arrays or on `GradArray`s."""

    __slots__ = (
        *("around", "by_type", "given", "grads", "needed", "owned", "rest", "results"),
        *("retain", "since", "targets", "undone"),
    )

    def __init__(self, retain: bool, targets: set[Any] | None, since: int = 0) -> None:
        self.retain = retain
        self.since = since
        self.targets = targets
        self.needed: set[Any] = set()  # the nodes above a target
        self.grads: dict[Any, Any] = {}  # edge -> sum of the gradients so far
        self.owned: set[Any] = set()  # edges whose sum is ours to write into
        self.results: list[tuple[Any, Any]] = []
        self.rest: list[Any] = []  # what a walk that ran out of memory did not come to
        self.undone: Any = None  # and what it was at
        self.given: Any = None
        # Hooks and tools put themselves between the walk and the rules here: see `_watch`.
        self.by_type: Any = _by_type
        self.around: Any = None

    # -- raw arrays: nothing recorded ------------------------------------------------------

    def raw(self, order: list[Any], seeds: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        grads, owned, results, targets = self.grads, self.owned, self.results, self.targets
        for edge, seed in seeds:
            self.add(edge, seed)
        by_type = self.by_type
        writes = _writes.writes
        retain = self.retain
        rest = iter(order)
        node = grad = pairs = edge = g = None
        try:
            for node in rest:
                pairs = None
                grad = grads.pop(node, None)
                if grad is None:
                    if not retain and targets is None:
                        free(node)
                    continue
                cls = type(node)
                if targets is not None:
                    if node in targets:
                        results.append((node, self.handed(node, grad)))
                        if self.is_last(node):
                            continue
                elif cls is LeafSlot:
                    if node._out() is not None:
                        results.append((node, self.handed(node, grad)))
                    continue
                elif node._out() is not None:
                    results.append((node, grad))
                if cls is OutputSlot:
                    self.collect_output(node, grad)
                    continue
                if writes.last > node._seq:
                    _writes.check(node)
                if type(grad) is list:  # several outputs
                    array_type = type(next(g for g in grad if g is not None))
                    grad = tuple(grad)
                else:
                    array_type = type(grad)
                backend = by_type[array_type]
                edges = node._edges
                found = backend.rules[cls](node, grad)
                if not retain:
                    node._edges = node._saved = None
                if type(found) is not tuple or len(found) != len(edges):
                    found = one_per_input(node, found, len(edges))
                pairs = zip(edges, found)  # noqa: B905
                for edge, g in pairs:
                    if edge is None or g is None:
                        continue
                    fresh = cls.fresh
                    if type(g) is not array_type or g.shape != edge.shape or g.dtype != edge.dtype:
                        g, changed = self.fitted(node, edge, g, grad)
                        fresh = fresh or changed
                        backend = by_type[type(g)]
                    total = grads.get(edge)
                    if total is None:
                        grads[edge] = g
                        if fresh:
                            owned.add(edge)
                    elif edge in owned:
                        grads[edge] = backend.add_into(total, g)
                    else:
                        grads[edge] = backend.add(total, g)
                        owned.add(edge)
                    total = None  # or the old sum would live on through the next rule
        except MemoryError:
            if node is not None and not retain and targets is None:
                self.pause(node, grad, None if pairs is None else [(edge, g), *pairs], [*rest])
            raise
        return results

    def pause(self, node: Any, grad: Any, pairs: list[Any] | None, rest: list[Any]) -> None:
        """Keep what is to be done yet, after an error midway: `resume` goes on there.

        pairs : edges and gradients that the rule of `node` gave and that were not added yet;
            `None` where the rule is to run again.
        """
        if pairs is None:
            if self.results and self.results[-1][0] is node:
                self.results.pop()
            self.grads[node] = list(grad) if type(grad) is tuple else grad
            rest = [node, *rest]
        self.rest = rest
        self.undone = None if pairs is None else (node, grad, pairs)

    def resume(self) -> list[tuple[Any, Any]]:
        """The rest of a walk that was paused."""
        if self.undone is not None:
            node, grad, pairs = self.undone
            while pairs:
                edge, g = pairs[0]
                if edge is not None and g is not None:
                    total = self.grads.get(edge)
                    g, fresh = self.fitted(node, edge, g, grad)
                    self.grads[edge] = g if total is None else sum_of(total, g)
                    if total is not None or fresh:
                        self.owned.add(edge)
                pairs.pop(0)
            self.undone = None
        rest, self.rest = self.rest, []
        return self.raw(rest, [])

    def add(self, edge: Any, grad: Any) -> None:
        previous = self.grads.get(edge)
        self.grads[edge] = grad if previous is None else sum_of(previous, grad)

    def collect_output(self, slot: OutputSlot, grad: Any) -> None:
        """Put the gradient of one output into its place among those of the node."""
        node = slot._edges[0]
        pending = self.grads.get(node)
        if pending is None:
            pending = self.grads[node] = [None] * node.outputs
        present = pending[slot.index]
        pending[slot.index] = grad if present is None else sum_of(present, grad)

    def is_last(self, target: Any) -> bool:
        """Whether no other target is below: its own rule need not run."""
        return target._seq < self.since or not any(e in self.needed for e in target._edges or ())

    def handed(self, node: Any, grad: Any) -> Any:
        """A gradient as it is given to a leaf: contiguous, writable, shared with nothing."""
        backend = _registry.of(grad)
        if node in self.owned and backend.is_plain(grad):
            return grad
        return backend.copy(grad)

    def fitted(self, node: Any, edge: Any, g: Any, grad: Any) -> tuple[Any, bool]:
        """What a rule returned, with the shape and dtype of the input; and if it is new."""
        if isinstance(g, GradArrayBase):
            g = get_slot(g)
        fresh = False
        like = next(x for x in grad if x is not None) if type(grad) is tuple else grad
        backend = _registry.of(like)
        if type(g) not in _by_type and not _registry.is_array(g):
            # A real Python number takes the input's dtype; others are cast as arrays are.
            dtype = None if hasattr(g, "dtype") or type(g) is complex else edge.dtype
            g = backend.asarray(g, dtype=dtype, device=backend.device(like))
            fresh = True
        elif not node.moves and _registry.of(g) is not backend:
            raise DeviceMismatchError(mismatch_message(f"{op_name(node)}.backward", like, g))
        if g.shape != edge.shape:
            g = backend.as_array(reduced(node, edge, g, _registry.of(g).xp))
            fresh = True
        if g.dtype != edge.dtype:
            other = _registry.of(g)
            narrowed = cast(node, edge, g, other.xp, other)
            # A real part is a view: no more ours to write into than what it is a part of.
            fresh = fresh or not other.may_overlap(narrowed, g)
            g = narrowed
        return g, fresh

    # -- GradArrays: recorded, or with tangents --------------------------------------------

    def wrapped(self, order: list[Any], seeds: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        grads, results, targets = self.grads, self.results, self.targets
        for edge, seed in seeds:
            self.add(edge, seed)
        for node in order:
            grad = grads.pop(node, None)
            if grad is None:
                if not self.retain and targets is None:
                    free(node)
                continue
            cls = type(node)
            if targets is not None:
                if node in targets:
                    results.append((node, grad))
                    if self.is_last(node):
                        continue
            elif node._out() is not None:
                results.append((node, _copy(grad) if cls is LeafSlot else grad))
            if cls is LeafSlot:
                continue
            if cls is OutputSlot:
                self.collect_output(node, grad)
                continue
            edges = node._edges
            if _writes.writes.last > node._seq:
                _writes.check(node)
            given = tuple(grad) if type(grad) is list else grad
            if self.around is None:
                found = node.backward(given)
            else:
                found = self.around(_rule, node, given)
            if not self.retain:
                free(node)
            found = one_per_input(node, found, len(edges))
            for edge, g in zip(edges, found, strict=True):
                if edge is None or g is None:
                    continue
                g = self.fitted_array(node, edge, g, grad)
                previous = grads.get(edge)
                grads[edge] = g if previous is None else previous + g
        return results

    def fitted_array(self, node: Any, edge: Any, g: Any, grad: Any) -> Any:
        if type(grad) is list:
            grad = next(x for x in grad if x is not None)
        g = as_operand(g, like=grad)
        if not node.moves and type(g._array) is not type(grad._array):
            check_devices(f"{op_name(node)}.backward", grad._array, g._array)
        xp = g.__array_namespace__()
        if g.shape != edge.shape:
            g = reduced(node, edge, g, xp)
        if g.dtype != edge.dtype:
            g = cast(node, edge, g, xp, _registry.of(g._array))
        return g


def _rule(node: Any, grad: Any) -> Any:
    return node.backward(grad)


def sum_of(a: Any, b: Any) -> Any:
    """``a + b``, of raw arrays (never a scalar) or `GradArray`s."""
    if isinstance(a, GradArrayBase) or isinstance(b, GradArrayBase):
        return a + b
    return _registry.of(a).add(a, b)


def free(node: Any) -> None:
    """Drop what a node saved and where it came from."""
    if type(node) is not LeafSlot and type(node) is not OutputSlot:
        node._edges = node._saved = None


# -- what users call -----------------------------------------------------------------------------


#: Held while gradients are added to those that are there, as threads may share leaves.
#: Reentrant: a finalizer may walk too.
_adding = RLock()


def backward(
    output: GradArrayBase, grad: Any, retain_graph: bool, create_graph: bool, given: Any = None
) -> None:
    """Add the gradients of `output` to every live array that took part.

    given : what the user gave as `grad`: a walk that ran out of memory goes on from there if it
        is the same.
    """
    edge = output._edge
    results = _resumed(edge, given) if _paused and not create_graph else None
    if results is None:
        try:
            results = run([(edge, grad)], retain_graph=retain_graph, create_graph=create_graph)
        except MemoryError:
            if edge in _paused:
                _paused[edge].given = given
            raise
    with _adding:
        try:
            arrays, totals = _totals((edge, _raw(grad)), results, create_graph)
        except MemoryError:
            if not retain_graph:
                walk = _paused[edge] = _Walk(False, None)
                walk.results, walk.given = results, given
            raise
        # In C, so that no signal handler comes between two of them.
        deque(map(set_grad, arrays, totals), maxlen=0)


def _totals(
    seed: tuple[Any, Any], results: list[tuple[Any, Any]], create_graph: bool
) -> tuple[list[GradArrayBase], list[Any]]:
    """The arrays that get a gradient, and what they have of it then."""
    arrays: list[GradArrayBase] = []
    totals: list[Any] = []
    adding: list[int] = []
    for edge, g in results:
        x = edge._out()
        if x is None or x._edge is not edge:
            continue
        if isinstance(g, GradArrayBase) and not create_graph and g._tangents is None:
            g = g._array
        if x._grad is not None:
            adding.append(len(totals))
        arrays.append(x)
        totals.append(g)
    if adding:
        with scope_of(seed):
            for i in adding:
                totals[i] = sum_of(arrays[i]._grad, totals[i])
    return arrays, totals


def gradients_of(
    output: Any,
    inputs: list[Any],
    grad: Any = None,
    create_graph: bool = True,
    retain_graph: bool = True,
) -> tuple[Any, ...]:
    """The gradients of `output` in `inputs`, `None` where it does not depend on one."""
    if grad is None:
        xp = output.__array_namespace__()
        grad = xp.ones_like(output)
    edges = [x._edge for x in inputs]
    found = dict(
        run(
            [(output._edge, grad if create_graph else _raw(grad))],
            retain_graph=retain_graph,
            create_graph=create_graph,
            targets={e for e in edges if e is not None},
        )
    )
    return tuple(None if e is None else found.get(e) for e in edges)


def _raw(grad: Any) -> Any:
    return grad._array if isinstance(grad, GradArrayBase) else grad


__all__ = ["backward", "collect", "gradients_of", "run"]
