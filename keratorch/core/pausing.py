"""Pausing a walk that runs out of memory, so that it can continue later.

A walk frees the nodes that it passes, so a walk that stops midway cannot start again. keratorch
keeps such a walk. The walk continues when `backward` is called again with the same gradient object,
or again without one.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from .fitting import fit_plain
from .mode import mode, walking
from .tangents import levels
from .walk import Walk, scope_of, sum_of, walk_plain

#: The edge of an output -> its walk, and its gradient as the user gave it.
paused: WeakKeyDictionary[Any, tuple[Walk, Any]] = WeakKeyDictionary()


def resumed(root: Any, given: Any) -> list[tuple[Any, Any]] | None:
    """Continue the paused walk of `root` and return its results; `None` if there is none."""
    walk, before = paused.get(root, (None, None))
    if walk is None or before is not given or levels:
        return None
    with walking(recording=False, rules_wrapped=False), scope_of((root, given)):
        results = _go_on(walk)
    for watcher in mode.watchers:
        watcher.walked(results)
    del paused[root]
    return results


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


__all__ = ["paused", "resumed"]
