"""Pausing a walk that runs out of memory, so that it can continue later.

A walk frees the nodes that it passes, so a walk that stops midway cannot start again. keratorch
keeps such a walk. The walk continues when `backward` is called again with the same gradient object,
or again without one.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import ref

from .fitting import fit_plain
from .mode import mode, walking
from .nodes import GradArrayBase
from .tangents import levels
from .walk import Walk, scope_of, sum_of, walk_plain


class Paused(NamedTuple):
    """A walk that waits for another `backward` of the same output."""

    output: ref[GradArrayBase]
    edge: Any  # of the output when the walk began; a write gives the output another one
    walk: Walk
    given: Any  # the gradient of the output as the user gave it


#: The `id` of an output -> its walk. The entry goes with the output: a walk may refer to the edge
#: of its output, but not to the output itself.
paused: dict[int, Paused] = {}


def keep(output: GradArrayBase, walk: Walk, given: Any) -> None:
    """Keep `walk` until a `backward` of `output` with the gradient `given` continues it."""
    key = id(output)
    weak = ref(output, lambda _: paused.pop(key, None))
    paused[key] = Paused(weak, output._edge, walk, given)


def resumed(output: GradArrayBase, given: Any) -> list[tuple[Any, Any]] | None:
    """Continue the paused walk of `output` and return its results; `None` if there is none."""
    entry = paused.get(id(output))
    if entry is None or entry.edge is not output._edge or entry.given is not given or levels:
        return None
    walk = entry.walk
    # Forgotten first: after any error but the next lack of memory the graph counts as freed.
    del paused[id(output)]
    try:
        with walking(recording=False, rules_wrapped=False), scope_of((entry.edge, given)):
            results = _go_on(walk)
            for watcher in mode.watchers:
                watcher.walked(results)
        return results
    except MemoryError:
        if walk.rest is not None:
            paused[id(output)] = entry
        raise
    finally:
        walk.release()


def _go_on(walk: Walk) -> list[tuple[Any, Any]]:
    rest = walk.rest
    if rest is None:  # memory ran out after the walk
        return walk.results
    while rest.pairs:
        edge, g = rest.pairs[0]
        if edge is not None and g is not None:
            g, fresh = fit_plain(rest.node, edge, g, rest.grad)
            total = walk.grads.get(edge)
            walk.grads[edge] = g if total is None else sum_of(total, g)
            if total is not None or fresh:
                walk.owned.add(edge)
        rest.pairs.pop(0)
    walk.rest = None
    return walk_plain(walk, rest.order, [])


__all__ = ["keep", "paused", "resumed"]
