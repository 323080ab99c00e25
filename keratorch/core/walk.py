"""The reverse walk through the nodes, on raw arrays or on `GradArray`s.

The walk is a loop, without recursion: each node comes after all its uses. A walk keeps the sum of
the gradients that have reached each edge. The gradient of a leaf goes to that leaf alone.

A walk also keeps the edges that are *below a selection*: a gradient came to them through a rule
that selects (`Node.selects`), such as that of `where`. The rules of nodes below a selection mask
(`mode.masking`); all others compute as IEEE arithmetic has it.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

from ..backends import _registry
from . import versions
from .fitting import fit_plain, fit_recorded, one_per_input
from .mode import masking as mask
from .mode import mode
from .nodes import GradArrayBase, LeafSlot, OutputSlot, get_raw
from .parts import Cleared, Deferred, Part

_by_type = _registry.by_type
_no_scope = nullcontext()


class Rest(NamedTuple):
    """The remaining work of a walk that ran out of memory."""

    order: list[Any]  # the nodes that the walk did not reach
    node: Any = None  # the node whose rule ran, but whose gradients were not all added
    grad: Any = None  # the gradient that this rule got
    pairs: list[tuple[Any, Any]] | None = None  # the edges and gradients that were not added


class Walk:
    """One walk: its task, and its progress."""

    __slots__ = (
        "around",
        "below",
        "by_type",
        "grads",
        "needed",
        "owned",
        "rest",
        "results",
        "retain",
        "since",
        "targets",
    )

    def __init__(self, retain: bool, targets: set[Any] | None = None, since: int = 0) -> None:
        self.retain: bool = retain
        self.since: int = since
        self.targets: set[Any] | None = targets
        self.needed: set[Any] = set()  # the nodes above a target
        self.grads: dict[Any, Any] = {}  # edge -> sum of the gradients so far
        self.owned: set[Any] = set()  # edges whose sum is ours to write into
        self.below: set[Any] = set()  # edges whose gradient came through a selection
        self.results: list[tuple[Any, Any]] = []
        self.rest: Rest | None = None
        # Here hooks and tools come between the walk and the rules: see `watch`.
        self.by_type: Any = _by_type
        self.around: Any = None

    def add(self, edge: Any, grad: Any) -> None:
        """Add a gradient to the sum of an edge."""
        previous = self.grads.get(edge)
        self.grads[edge] = grad if previous is None else sum_of(previous, grad)

    def add_deferred(self, node: Any, edge: Any, g: Deferred, grad: Any) -> None:
        """Add a gradient that the rule of `node`, which got `grad`, left to the walk."""
        total = self.grads.get(edge)
        if type(g) is Part and total is not None and total.dtype == g.values.dtype:
            if edge not in self.owned:
                total = _copied(total)
            self.grads[edge] = g.added(total)
        else:
            if type(g) is Cleared:
                handed = bool(self.results) and self.results[-1][0] is node
                found = g.clear(grad, node in self.owned and not handed)
            else:
                found = g.dense(grad)
            if type(found) is type(grad) and found.dtype == edge.dtype:
                pass
            elif isinstance(found, GradArrayBase):
                found = fit_recorded(node, edge, found, grad)
            else:
                found, _ = fit_plain(node, edge, found, grad)
            self.grads[edge] = found if total is None else sum_of(total, found)
        self.owned.add(edge)

    def collect_output(self, slot: OutputSlot, grad: Any) -> None:
        """Put the gradient of one output into its place in the node's list of gradients."""
        node = slot._edges[0]
        if slot in self.below:
            self.below.add(node)
        pending = self.grads.get(node)
        if pending is None:
            pending = self.grads[node] = [None] * node.outputs
        present = pending[slot.index]
        pending[slot.index] = grad if present is None else sum_of(present, grad)

    def is_last(self, target: Any) -> bool:
        """Whether no other target is below `target`, so that its rule need not run."""
        return target._seq < self.since or not any(e in self.needed for e in target._edges or ())

    def handed(self, node: Any, grad: Any) -> Any:
        """The gradient in the form that a leaf gets: contiguous, writable, and not shared."""
        backend = _registry.of(grad)
        if node in self.owned and backend.is_plain(grad):
            return grad
        return backend.copy(grad)

    def stop(self, node: Any, grad: Any, pairs: list[Any] | None, order: list[Any]) -> None:
        """Store the remaining work after an error at `node`.

        pairs : the edges and gradients from the rule of `node` that were not added yet; `None` if
            the rule must run again.
        """
        if pairs is not None:
            self.rest = Rest(order, node, grad, pairs)
            return
        if self.results and self.results[-1][0] is node:
            self.results.pop()
        self.grads[node] = list(grad) if type(grad) is tuple else grad
        self.rest = Rest([node, *order])

    def release(self) -> None:
        """Drop the hooks and tools of a walk that does not go on later.

        They refer to the walk, and the walk to them: a reference cycle would stay.
        """
        if self.around is not None and self.rest is None:
            self.grads, self.around, self.by_type = {}, None, _by_type


def walk_plain(walk: Walk, order: list[Any], seeds: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Walk on raw arrays, without recording. Returns ``walk.results``."""
    grads, owned, results, targets = walk.grads, walk.owned, walk.results, walk.targets
    for edge, seed in seeds:
        walk.add(edge, seed)
    by_type = walk.by_type
    below = walk.below
    writes = versions.writes
    retain = walk.retain
    rest = iter(order)
    node = grad = pairs = edge = g = None
    masking = outside = False  # what this walk set `mode.masking` to, and what it found there
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
                    results.append((node, walk.handed(node, grad)))
                    if walk.is_last(node):
                        continue
            elif cls is LeafSlot:
                if node._out() is not None:
                    results.append((node, walk.handed(node, grad)))
                continue
            elif node._out() is not None:
                results.append((node, grad))
            if cls is OutputSlot:
                walk.collect_output(node, grad)
                continue
            if writes.last > node._seq:
                versions.check(node)
            if type(grad) is list:  # several outputs
                array_type = type(next(g for g in grad if g is not None))
                grad = tuple(grad)
            else:
                array_type = type(grad)
            backend = by_type[array_type]
            edges = node._edges
            if below and node in below:
                if not masking:
                    outside = mode.masking
                    mode.masking = masking = True
                found = backend.rules.masking[cls](node, grad)
                below.update(edges)
            else:
                if masking:
                    mode.masking = masking = False
                found = backend.rules[cls](node, grad)
                if cls.selects and (not cls.walks or mode.selected):
                    below.update(edges)
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
                    if isinstance(g, Deferred):
                        walk.add_deferred(node, edge, g, grad)
                        continue
                    g, changed = fit_plain(node, edge, g, grad)
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
                total = None  # otherwise the old sum would stay alive during the next rule
    except MemoryError:
        if node is not None and not retain and targets is None:
            walk.stop(node, grad, None if pairs is None else [(edge, g), *pairs], [*rest])
        raise
    finally:
        if masking:
            mode.masking = outside
    return results


def walk_recorded(
    walk: Walk, order: list[Any], seeds: list[tuple[Any, Any]]
) -> list[tuple[Any, Any]]:
    """Walk on `GradArray`s, so that the rules can be recorded. Returns ``walk.results``."""
    grads, results, targets, below = walk.grads, walk.results, walk.targets, walk.below
    for edge, seed in seeds:
        walk.add(edge, seed)
    for node in order:
        grad = grads.pop(node, None)
        if grad is None:
            if not walk.retain and targets is None:
                free(node)
            continue
        cls = type(node)
        is_below = node in below
        if targets is not None:
            if node in targets:
                results.append((node, _marked(grad) if is_below else grad))
                if walk.is_last(node):
                    continue
        elif node._out() is not None:
            handed = grad.copy() if cls is LeafSlot else grad
            results.append((node, _marked(handed) if is_below else handed))
        if cls is LeafSlot:
            continue
        if cls is OutputSlot:
            walk.collect_output(node, grad)
            continue
        edges = node._edges
        if versions.writes.last > node._seq:
            versions.check(node)
        given = tuple(grad) if type(grad) is list else grad
        with mask(is_below):
            if walk.around is None:
                found = (node.backward_parts or node.backward)(given)
            else:
                found = walk.around(_rule, node, given)
        if is_below or (node.selects and (not node.walks or mode.selected)):
            below.update(edges)
        if not walk.retain:
            free(node)
        found = one_per_input(node, found, len(edges))
        for edge, g in zip(edges, found, strict=True):
            if edge is None or g is None:
                continue
            if isinstance(g, Deferred):
                walk.add_deferred(node, edge, g, grad)
                continue
            g = fit_recorded(node, edge, g, grad)
            previous = grads.get(edge)
            if previous is None:
                grads[edge] = g
            else:
                grads[edge] = previous + g
                walk.owned.add(edge)
    return results


def _rule(node: Any, grad: Any) -> Any:
    return (node.backward_parts or node.backward)(grad)


def _copied(total: Any) -> Any:
    return total.copy() if isinstance(total, GradArrayBase) else _registry.of(total).copy(total)


def _marked(grad: Any) -> Any:
    """A gradient that came through a selection, in a form that tells later walks so."""
    return grad if grad._edge is None else grad._selected()


def sum_of(a: Any, b: Any) -> Any:
    """``a + b`` for raw arrays or `GradArray`s; always an array, never a scalar."""
    if isinstance(a, GradArrayBase) or isinstance(b, GradArrayBase):
        return a + b
    return _registry.of(a).add(a, b)


def free(node: Any) -> None:
    """Drop the saved values and the edges of a node."""
    if type(node) is not LeafSlot and type(node) is not OutputSlot:
        node._edges = node._saved = None


def scope_of(seed: tuple[Any, Any]) -> Any:
    """The context in which the walk runs: the backend's scope for the root or its gradient `g`."""
    edge, g = seed
    if g is not None and not _registry.of(g).has_scope:  # torch.compile can trace this path
        return _no_scope
    root = edge._out()
    array = g if root is None else get_raw(root)
    return _no_scope if array is None else _registry.of(array).scope(array)


__all__ = ["Rest", "Walk", "free", "scope_of", "sum_of", "walk_plain", "walk_recorded"]
