"""Forward mode: tangents that travel beside the values.

A `GradArray` carries a tangent per open level, itself a `GradArray` that carries tangents of
lower levels only. An operation's tangent of level L is its `Grad.jvp`, computed on values and
tangents as they are below L; levels are therefore done in ascending order.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from weakref import ref

from ..errors import RuleError
from .grad import Grad, LeafSlot, op_name
from .mode import enable_grad, mode

_next_level = itertools.count(1).__next__

#: The levels that are open, in any thread: a function may have others work for it.
levels: set[int] = set()


@contextmanager
def open_level() -> Generator[int]:
    """A new forward level, above all that are open."""
    level = _next_level()
    levels.add(level)
    try:
        yield level
    finally:
        levels.discard(level)


def in_sight(tangents: dict[int, Any]) -> dict[int, Any] | None:
    """The tangents that a rule may see: of open levels, below the one that it runs for."""
    level = mode.level
    return {
        k: t for k, t in tangents.items() if k in levels and (level is None or k < level)
    } or None


def with_tangent(primal: Any, tangent: Any, level: int) -> Any:
    """`primal` (a `GradArray`) with one more tangent; the same place in the graph."""
    from .array import new_array

    x = new_array(primal._array, primal._grad_op, primal._edge)
    x._tangents = {**(primal._tangents or {}), level: tangent}
    return x


def take_tangent(y: Any, level: int) -> tuple[Any, Any | None]:
    """`y` without its tangent of `level`, and that tangent (`None` for zero)."""
    from .array import new_array

    tangents = y._tangents or {}
    x = new_array(y._array, y._grad_op, y._edge)
    if y._grad_op is not None and y._edge._out() is y:
        y._edge._out = ref(x)
    x._tangents = {k: t for k, t in tangents.items() if k < level} or None
    return x, tangents.get(level)


def propagate(
    node: Grad, of_inputs: tuple[dict[int, Any] | None, ...], outputs: tuple[Any, ...]
) -> None:
    """Give `outputs` the tangents that follow from those of the inputs."""
    node._tangents = of_inputs
    present = sorted({level for tangents in of_inputs for level in tangents or ()})
    found = _at_levels(node, present, outputs)
    for k, y in enumerate(outputs):
        y._tangents = {level: ts[k] for level, ts in found.items() if ts[k] is not None} or None


def tangents_of_output(node: Grad, raw: Any, k: int) -> dict[int, Any] | None:
    """The tangents of output `k` of a node, `raw`, again.

    A node that kept them would be part of a cycle: they were made from what it saved.
    """
    from .recording import constant

    present = sorted({i for t in node._tangents or () if t for i in in_sight(t) or ()})
    if not present:
        return None
    many = isinstance(node.dtype, tuple)
    count = node.outputs if many else 1
    outputs = tuple([constant(raw) if i == k else None for i in range(count)])
    found = _at_levels(node, present, outputs)
    return {i: ts[k] for i, ts in found.items() if ts[k] is not None} or None


def _at_levels(node: Grad, present: list[int], outputs: tuple[Any, ...]) -> dict[int, list[Any]]:
    """The tangents of `outputs` at each level; lower ones first, which higher ones need."""
    results: dict[int, list[Any]] = {}
    before = mode.level, mode.wrapped
    mode.wrapped = True
    try:
        for level in present:
            mode.level = level
            tangents = node.jvp(*[None if t is None else t.get(level) for t in node._tangents])
            tangents = tangents if isinstance(tangents, tuple) else (tangents,)
            if len(tangents) != len(outputs):
                raise RuleError(
                    f"{op_name(node)}.jvp returned {len(tangents)} tangents for "
                    f"{len(outputs)} outputs: return one per output, None for zero"
                )
            results[level] = [
                None if t is None or y is None else fitted(t, y, node)
                for t, y in zip(tangents, outputs, strict=True)
            ]
            for watcher in mode.watchers:
                watcher.tangents(node, results[level])
    finally:
        mode.level, mode.wrapped = before
    return results


def fitted(t: Any, y: Any, node: Grad) -> Any:
    """A tangent with the shape and dtype of its primal.

    y : an array, or what else has its shape and dtype (an edge; `t` is then a `GradArray`).
    """
    from .convert import as_operand

    t = as_operand(t, like=y)
    xp = t.__array_namespace__()
    if t.shape != y.shape:
        try:
            t = xp.broadcast_to(t, y.shape)
        except ValueError as error:
            raise RuleError(
                f"{op_name(node)}.jvp returned a tangent of shape {tuple(t.shape)} for an "
                f"output of shape {tuple(y.shape)}: return one of the output's shape"
            ) from error
    if t.dtype != y.dtype:
        t = xp.astype(t, y.dtype)
    return t


def jvp_of_backward(node: Grad, tangents: tuple[Any, ...]) -> Any:
    """The tangents of a node's outputs, by differentiating its `backward`.

    ``backward(v)`` is linear in ``v`` and its transpose is the tangent map, so the gradient of
    ``Re <backward(v), tangents>`` in ``v`` is the tangent (the trick of double vjp).
    """
    from . import engine as _engine
    from . import fitting as _fitting
    from .array import new_array

    many = isinstance(node.dtype, tuple)
    shapes = node.shape if many else (node.shape,)
    dtypes = node.dtype if many else (node.dtype,)
    like = next(t for t in tangents if t is not None)
    with enable_grad():
        xp = like.__array_namespace__()
        seeds = []
        for shape, dtype in zip(shapes, dtypes, strict=True):
            raw = xp.zeros(shape, dtype=dtype, device=like.device)._array
            v = new_array(raw, None, None)
            v._edge = LeafSlot(v, raw.shape, raw.dtype)
            seeds.append(v)
        grads = node.backward(tuple(seeds) if many else seeds[0])
        grads = grads if isinstance(grads, tuple) else (grads,)
        if len(grads) != len(tangents):
            raise RuleError(_fitting.count_message(node, grads, len(tangents)))
        total = None
        for g, t in zip(grads, tangents, strict=True):
            if g is None or t is None:
                continue
            term = xp.sum(_real_product(xp, g, t))
            total = term if total is None else total + term
        if total is None or total._edge is None:
            return (None,) * len(seeds)
        found = _engine.gradients_of(total, seeds)
    if not any(x is not None for x in node._edges or ()) and all(
        t is None or t._edge is None for t in tangents
    ):
        found = tuple(None if f is None else _untracked(f) for f in found)
    return found


def _real_product(xp: Any, g: Any, t: Any) -> Any:
    """``Re(conj(g) * t)``."""
    if xp.isdtype(g.dtype, "complex floating"):
        product = xp.conj(g) * t
    elif xp.isdtype(t.dtype, "complex floating"):
        product = g * xp.real(t)
    else:
        return g * t
    return xp.real(product) if xp.isdtype(product.dtype, "complex floating") else product


def _untracked(x: Any) -> Any:
    """`x` without its graph; tangents stay."""
    from .array import new_array

    y = new_array(x._array, None, None)
    y._tangents = x._tangents
    return y
