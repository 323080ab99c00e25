"""The engine: from the gradients of outputs to the gradients of everything below them.

Each node has a number, in the order in which nodes were made. An operation is newer than its
inputs. So the engine sorts the reachable nodes, newest first, and visits each node once, after all
its uses. Arrays get their gradients at the end: all of them, or none after an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from threading import RLock
from typing import Any

from .hooks import hooked
from .making import constant
from .mode import mode, walking
from .nodes import GradArrayBase, next_seq, raw_of, set_grad
from .order import above, collect, collect_since, freeing, refuse_freed
from .pausing import keep, paused, resumed
from .tangents import levels
from .walk import Walk, scope_of, sum_of, walk_plain, walk_recorded
from .watch import prepare


def run(
    seeds: list[tuple[Any, Any]],
    *,
    retain_graph: bool,
    create_graph: bool,
    targets: set[Any] | None = None,
    since: int = 0,
    given: Any = None,
    selected: Collection[Any] = (),
) -> list[tuple[Any, Any]]:
    """Walk back from `seeds`, pairs of an edge and its gradient.

    since : stop at nodes made before this number, targets included.
    given : the gradient of the only seed, as the user gave it. A walk that runs out of memory is
        kept with it; see `pausing`.
    selected : the edges of `seeds` whose gradient counts as one that came through a selection: 0
        may say that an element was not selected. Inside a rule below a selection all of them do.

    Returns pairs of an edge and the gradient that reached it: for every leaf and every result
    whose `GradArray` is alive, or for `targets` alone.
    """
    roots = [edge for edge, _ in seeds]
    order = collect_since(roots, since) if since else collect(roots)
    refuse_freed(order, targets, since)
    rules_wrapped = create_graph or bool(levels)
    walk = Walk(retain_graph, targets, since)
    if mode.masking:  # a rule below a selection runs this walk
        selected = roots
    if selected:
        walk.below.update(selected)
    if targets is not None:
        walk.needed = above(order, targets)
        order = [node for node in order if node in walk.needed]
    watchers = mode.watchers
    if watchers or hooked:
        prepare(walk, order, watchers)
    try:
        with walking(recording=create_graph, rules_wrapped=rules_wrapped):
            raws = [(e, raw_of(g)) for e, g in seeds]
            with scope_of(raws[0]):
                if rules_wrapped:
                    results = walk_recorded(walk, order, [(e, _as_grad_array(g)) for e, g in seeds])
                else:
                    results = walk_plain(walk, order, raws)
            for watcher in watchers:
                watcher.walked(results)
        if walk.below:
            for edge, _ in results:
                if edge in walk.below:
                    mode.selected = True
                    break
        return results
    except MemoryError:
        output = seeds[0][0]._out()
        if walk.rest is not None and output is not None:
            keep(output, walk, given)
        raise
    finally:
        walk.release()
        if targets is None and not retain_graph:
            freeing.last = next_seq()


def _as_grad_array(g: Any) -> Any:
    return g if isinstance(g, GradArrayBase) else constant(g)


#: Held while gradients are added to existing ones, as threads may share leaves.
#: Reentrant, as a finalizer may run a backward too.
_adding = RLock()


def backward(
    output: GradArrayBase, grad: Any, retain_graph: bool, create_graph: bool, given: Any = None
) -> None:
    """Add the gradients of `output` to every live array that took part.

    given : `grad` as the user gave it. A walk that ran out of memory continues if it began with
        the same object.
    """
    edge = output._edge
    results = resumed(output, given) if paused and not create_graph else None
    if results is None:
        results = run(
            [(edge, grad)],
            retain_graph=retain_graph,
            create_graph=create_graph,
            given=given,
            selected=() if given is None else (edge,),
        )
    with _adding:
        try:
            arrays, totals = _totals((edge, raw_of(grad)), results, create_graph)
        except MemoryError:
            if not retain_graph:
                walk = Walk(False)
                walk.results = results
                keep(output, walk, given)
            raise
        # This loop runs in C, so no signal handler can run between two assignments.
        deque(map(set_grad, arrays, totals), maxlen=0)


def _totals(
    seed: tuple[Any, Any], results: list[tuple[Any, Any]], create_graph: bool
) -> tuple[list[GradArrayBase], list[Any]]:
    """The arrays that get a gradient, and their new ``grad``: the old one plus the result."""
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
    selected: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `output` in `inputs`; `None` where `output` does not depend on an input.

    selected : whether the gradient of `output` counts as one that came through a selection.
    """
    if grad is None:
        xp = output.__array_namespace__()
        grad = xp.ones_like(output)
    edges = [x._edge for x in inputs]
    found = dict(
        run(
            [(output._edge, grad if create_graph else raw_of(grad))],
            retain_graph=retain_graph,
            create_graph=create_graph,
            targets={e for e in edges if e is not None},
            selected=(output._edge,) if selected else (),
        )
    )
    return tuple(None if e is None else found.get(e) for e in edges)


__all__ = ["backward", "gradients_of", "run"]
