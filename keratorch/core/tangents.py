"""Forward mode: each array carries its tangents.

A `GradArray` can carry one tangent for each open level. A tangent is a `GradArray` that carries
tangents of lower levels only. The tangent of an operation at level L is its `Grad.jvp`, computed
on values and tangents of the levels below L. Levels therefore run in ascending order.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from weakref import ref

from ..errors import RuleError
from .fitting import fit_tangent
from .making import constant, new_array
from .mode import levels as levels
from .mode import mode, walking
from .nodes import Node, op_name

_next_level = itertools.count(1).__next__


@contextmanager
def open_level() -> Generator[int]:
    """Open a new forward level, above all open levels."""
    level = _next_level()
    levels.add(level)
    try:
        yield level
    finally:
        levels.discard(level)


def in_sight(tangents: dict[int, Any]) -> dict[int, Any] | None:
    """The tangents that a rule may see: of open levels below the level for which it runs.

    Inside of `no_grad` they are of levels that were opened inside, too.
    """
    level, floor = mode.level, mode.floor
    return {
        k: t
        for k, t in tangents.items()
        if k in levels and k > floor and (level is None or k < level)
    } or None


def propagated(x: Any) -> dict[int, Any] | None:
    """The tangents of `x` that operations propagate: inside of `no_grad`, those opened inside."""
    tangents = x._tangents
    floor = mode.floor
    if tangents is None or not floor:
        return tangents
    return {k: t for k, t in tangents.items() if k > floor} or None


def with_tangent(primal: Any, tangent: Any, level: int) -> Any:
    """`primal` (a `GradArray`) with one more tangent, at the same place in the graph."""
    x = new_array(primal._array, primal._grad_op, primal._edge)
    x._tangents = {**(primal._tangents or {}), level: tangent}
    return x


def take_tangent(y: Any, level: int) -> tuple[Any, Any | None]:
    """`y` without its tangent of `level`, and that tangent (`None` for zero)."""
    tangents = y._tangents or {}
    x = new_array(y._array, y._grad_op, y._edge)
    if y._grad_op is not None and y._edge._out() is y:
        y._edge._out = ref(x)
    x._tangents = {k: t for k, t in tangents.items() if k < level} or None
    return x, tangents.get(level)


def propagate(
    node: Node, of_inputs: tuple[dict[int, Any] | None, ...], outputs: tuple[Any, ...]
) -> None:
    """Give `outputs` their tangents, computed from the tangents of the inputs."""
    node._tangents = of_inputs
    present = sorted({level for tangents in of_inputs for level in tangents or ()})
    found = _at_levels(node, present, outputs)
    for k, y in enumerate(outputs):
        y._tangents = {level: ts[k] for level, ts in found.items() if ts[k] is not None} or None
    if not node._saved:  # they belong to saved values
        node._tangents = ()


def tangents_of_output(node: Node, raw: Any, k: int) -> dict[int, Any] | None:
    """Compute the tangents of output `k` of a node again; `raw` is that output.

    The node does not keep them: they were computed from its saved values, so that keeping them
    would make a reference cycle.
    """
    present = sorted({i for t in node._tangents or () if t for i in in_sight(t) or ()})
    if not present:
        return None
    many = isinstance(node.dtype, tuple)
    count = node.outputs if many else 1
    outputs = tuple([constant(raw) if i == k else None for i in range(count)])
    found = _at_levels(node, present, outputs)
    return {i: ts[k] for i, ts in found.items() if ts[k] is not None} or None


def _at_levels(node: Node, present: list[int], outputs: tuple[Any, ...]) -> dict[int, list[Any]]:
    """The tangents of `outputs` at each level, lowest first: higher levels need the lower ones."""
    results: dict[int, list[Any]] = {}
    for level in present:
        with walking(recording=mode.recording, rules_wrapped=True, level=level):
            tangents = node.jvp(*[None if t is None else t.get(level) for t in node._tangents])
            tangents = tangents if isinstance(tangents, tuple) else (tangents,)
            if len(tangents) != len(outputs):
                raise RuleError(
                    f"{op_name(node)}.jvp returned {len(tangents)} tangents for "
                    f"{len(outputs)} outputs: return one per output, None for zero"
                )
            results[level] = [
                None if t is None or y is None else fit_tangent(t, y, node)
                for t, y in zip(tangents, outputs, strict=True)
            ]
            for watcher in mode.watchers:
                watcher.tangents(node, results[level])
    return results
