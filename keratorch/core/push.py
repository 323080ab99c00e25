"""The forward walk: it pushes tangents through a recorded graph, oldest node first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import GraphFreedError, RuleError
from . import versions
from .convert import SCALARS, as_operand
from .fitting import fit_tangent
from .mode import mode, walking
from .nodes import LeafSlot, OutputSlot, freed_message, op_name
from .order import collect_since
from .ownership import is_sole


def forward_order(
    outputs: list[Any], variables: set[Any] | frozenset[Any], since: int
) -> list[Any]:
    """The nodes between `variables` and `outputs`, oldest first.

    outputs, variables : edges.
    since : the number at which the recording began; older nodes were captured.
    """
    order = collect_since([edge for edge in outputs if edge is not None], since)
    needed = set(variables)
    found: list[Any] = []
    for node in reversed(order):
        if node in variables or node._seq < since or type(node) is LeafSlot:
            continue
        if node._edges is None:
            raise GraphFreedError(freed_message(node))
        if any(e in needed for e in node._edges if e is not None):
            needed.add(node)
            found.append(node)
    return found


def push(order: list[Any], tangents: dict[Any, Any], ends: list[Any], record: bool) -> list[Any]:
    """The tangents of the edges `ends`, by the forward rules of the nodes in `order`.

    tangents : edge -> its tangent. At first it has the variables; `push` adds the nodes.
    record : whether the operations of the rules are recorded.
    """
    many: dict[Any, tuple[Any, ...]] = {}
    last = _last_uses(order, ends)
    with walking(recording=record, rules_wrapped=True):
        for i, node in enumerate(order):
            if type(node) is OutputSlot:
                outputs = many.get(node._edges[0])
                t = None if outputs is None else outputs[node.index]
                if t is not None:
                    tangents[node] = fit_tangent(t, node, node._edges[0])
                continue
            if node._edges is None:
                raise GraphFreedError(freed_message(node))
            if versions.writes.last > node._seq:
                versions.check(node)
            rule = node.jvp
            first, *others = node._edges
            if node.jvp_into is not None and last.get(first) == i and first not in others:
                old = [tangents.pop(first, None)]
                if old[0] is not None and is_sole(old):
                    rule = node.jvp_into
                given = [old.pop(), *[tangents.get(e) for e in others]]
            else:
                given = [tangents.get(e) for e in node._edges]
            if all(t is None for t in given):
                continue
            for watcher in mode.watchers:
                rule = partial(_watched, watcher, rule, node)
            found = rule(*given)
            if isinstance(node.dtype, tuple):
                found = found if isinstance(found, tuple) else (found,)
                if len(found) != node.outputs:
                    raise RuleError(
                        f"{op_name(node)}.jvp returned {len(found)} tangents for "
                        f"{node.outputs} outputs: return one per output, None for zero"
                    )
                like = next(t for t in given if t is not None)
                many[node] = tuple(
                    as_operand(t, like=like) if type(t) in SCALARS else t for t in found
                )
                for watcher in mode.watchers:
                    watcher.tangents(node, list(many[node]))
                continue
            if isinstance(found, tuple):
                (found,) = found
            if found is not None:
                tangents[node] = fit_tangent(found, node, node)
                for watcher in mode.watchers:
                    watcher.tangents(node, [tangents[node]])
    return [None if e is None else tangents.get(e) for e in ends]


def _last_uses(order: list[Any], ends: list[Any]) -> dict[Any, int]:
    """Edge -> the place in `order` of the last node that needs its tangent, if any can reuse it."""
    if all(type(node) is OutputSlot or node.jvp_into is None for node in order):
        return {}
    last = {e: i for i, node in enumerate(order) for e in node._edges or ()}
    kept = set(ends)
    return {e: i for e, i in last.items() if e not in kept}


def _watched(watcher: Any, rule: Callable[..., Any], node: Any, *given: Any) -> Any:
    return watcher.forward(rule, node, list(given))


__all__ = ["forward_order", "push"]
