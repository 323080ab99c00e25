"""The nodes below some outputs, in the order in which the reverse walk visits them."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from ..errors import GraphFreedError
from .nodes import Node, freed_message, op_name


class _Freeing:
    """When the last `backward` freed a graph, in the numbers of nodes."""

    last = 0


freeing = _Freeing()


def collect(roots: list[Any]) -> list[Any]:
    """All nodes below `roots`, newest first."""
    seen = set(roots)
    stack = list(seen)
    order: list[Any] = []
    while stack:
        node = stack.pop()
        order.append(node)
        edges = node._edges
        if edges is None:
            continue
        for edge in edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    # The attrgetter is made here: torch.compile cannot trace one that exists already.
    order.sort(key=attrgetter("_seq"), reverse=True)
    return order


def collect_since(roots: list[Any], since: int) -> list[Any]:
    """As `collect`, but without the history of nodes made before the number `since`.

    Such an older node is in the result if an edge leads to it, but the nodes below it are not. If
    `since` is the start of a transformation, the older nodes are the arrays that its function
    captured; their history may be long.
    """
    seen = set(roots)
    stack = list(seen)
    order: list[Any] = []
    while stack:
        node = stack.pop()
        order.append(node)
        edges = node._edges
        if edges is None or node._seq < since:
            continue
        for edge in edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    # The attrgetter is made here: torch.compile cannot trace one that exists already.
    order.sort(key=attrgetter("_seq"), reverse=True)
    return order


def above(order: list[Any], targets: set[Any]) -> set[Any]:
    """The nodes of `order` from which a target can be reached."""
    needed = set(targets)
    for node in reversed(order):
        for edge in node._edges or ():
            if edge in needed:
                needed.add(node)
                break
    return needed


def refuse_freed(order: list[Any], targets: set[Any] | None, since: int) -> None:
    """Raise `GraphFreedError` for a node that was freed and may lead to a target."""
    for node in order:
        if node._edges is None:
            # A node older than all targets leads to none of them.
            first = since if targets is None else min((t._seq for t in targets), default=0)
            if node._seq > max(first, since):
                raise GraphFreedError(_message(node, order))


def _message(freed: Node, order: list[Any]) -> str:
    """The message for a freed node among the nodes of a walk, newest first.

    In a loop that rebinds ``w = w - 0.1 * w.grad`` the old w is gone, and was used once more after
    the `backward` of its step. A second `backward` is meant in all other cases.
    """
    users = [node for node in order if node._edges and freed in node._edges]
    if freed._out() is not None or not users or any(u._seq < freeing.last for u in users):
        return freed_message(freed)
    return (
        f"{op_name(freed)} of shape {freed.shape}: this result was used after the backward that "
        "freed its graph, as where a loop rebinds w = w - 0.1 * w.grad: each w is computed from "
        "the one before. Write the step as w -= 0.1 * w.grad inside `with kt.no_grad():`, or as "
        "w = kt.GradArray(w.detach() - 0.1 * w.grad); a state that goes on to the next step as "
        "h = h.detach()"
    )


__all__ = ["above", "collect", "collect_since", "freeing", "refuse_freed"]
