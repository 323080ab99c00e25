"""The forward rule of a node without one of its own: the derivative of its `backward`."""

from __future__ import annotations

from typing import Any

from ..errors import RuleError
from . import engine
from .fitting import count_message
from .making import new_array
from .mode import masking, recorded
from .nodes import LeafSlot, Node


def jvp_of_backward(node: Node, tangents: tuple[Any, ...], at: float = 0.0) -> Any:
    """The tangents of a node's outputs, by differentiating its `backward`.

    ``backward(v)`` is linear in ``v``, and its transpose is the tangent map. So the tangent is the
    gradient of ``Re <backward(v), tangents>`` in ``v`` (the double-vjp trick).

    at : the value of ``v``. A rule that walks below a selection needs another one than 0, which
        would say that no element was selected.
    """
    many = isinstance(node.dtype, tuple)
    shapes = node.shape if many else (node.shape,)
    dtypes = node.dtype if many else (node.dtype,)
    like = next(t for t in tangents if t is not None)
    with recorded():
        xp = like.__array_namespace__()
        seeds = []
        for shape, dtype in zip(shapes, dtypes, strict=True):
            raw = xp.full(shape, at, dtype=dtype, device=like.device)._array
            v = new_array(raw, None, None)
            v._edge = LeafSlot(v, raw.shape, raw.dtype)
            seeds.append(v)
        with masking(False):  # a 0 in ``v`` says nothing
            grads = node.backward(tuple(seeds) if many else seeds[0])
        grads = grads if isinstance(grads, tuple) else (grads,)
        if len(grads) != len(tangents):
            raise RuleError(count_message(node, grads, len(tangents)))
        total = None
        for g, t in zip(grads, tangents, strict=True):
            if g is None or t is None:
                continue
            term = xp.sum(_real_product(xp, g, t))
            total = term if total is None else total + term
        if total is None or total._edge is None:
            return (None,) * len(seeds)
        # In forward mode a tangent of 0 counts as a selection.
        found = engine.gradients_of(total, seeds, selected=True)
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
    """`x` without its graph, but with its tangents."""
    y = new_array(x._array, None, None)
    y._tangents = x._tangents
    return y
