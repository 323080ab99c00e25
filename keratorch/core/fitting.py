"""Fitting the results of rules: the count, shapes, dtypes and library that the inputs have."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..backends._dtypes import is_complex_dtype
from ..errors import DeviceMismatchError, RuleError
from .convert import as_operand, beside, check_devices, mismatch_message
from .nodes import GradArrayBase, Node, get_raw, op_name
from .parts import Deferred


def one_per_input(node: Any, found: Any, count: int) -> tuple[Any, ...]:
    """The result of a rule as a tuple with one gradient per input; else `RuleError`."""
    if not isinstance(found, (tuple, list)):
        found = (found,)
    if len(found) != count:
        raise RuleError(count_message(node, found, count))
    return tuple(found)


def count_message(node: Any, found: Any, count: int) -> str:
    return (
        f"{op_name(node)}.backward returned {len(found)} gradients for {count} inputs: return "
        "one per input, None for one that has none"
    )


def one_of(grad: Any) -> Any:
    """The gradient that a rule got; with several outputs, the first that is not `None`."""
    return next(g for g in grad if g is not None) if isinstance(grad, (tuple, list)) else grad


def fit_plain(node: Any, edge: Any, g: Any, grad: Any) -> tuple[Any, bool]:
    """The gradient `g` from a rule, as a raw array with the shape and dtype of the input.

    grad : the gradient that the rule got.

    The second value says whether the array is new, so that the engine may write into it.
    """
    fresh = False
    if isinstance(g, Deferred):
        g, fresh = g.dense(grad), True
    if isinstance(g, GradArrayBase):
        g = get_raw(g)
    like = one_of(grad)
    backend = _registry.of(like)
    if type(g) not in _registry.by_type and not _registry.is_array(g):
        # A real Python number takes the input's dtype; others are cast as arrays are.
        dtype = None if hasattr(g, "dtype") or type(g) is complex else edge.dtype
        g = backend.asarray(g, dtype=dtype, device=backend.device(like))
        fresh = True
    else:
        other = _registry.of(g)
        g = other.adopt(g)
        if not node.moves and other is not backend:
            g = beside(g, like)
            fresh = True
        if not node.moves and _registry.of(g) is not backend:
            raise DeviceMismatchError(mismatch_message(f"{op_name(node)}.backward", like, g))
    if g.shape != edge.shape:
        g = backend.as_array(reduced(node, edge, g, _registry.of(g).xp))
        fresh = True
    if g.dtype != edge.dtype:
        other = _registry.of(g)
        narrowed = cast(node, edge, g, other.xp, other)
        # A real part is a view: as little ours to write into as the whole array.
        fresh = fresh or not other.may_overlap(narrowed, g)
        g = narrowed
    return g, fresh


def fit_recorded(node: Any, edge: Any, g: Any, grad: Any) -> Any:
    """The gradient `g` from a rule, as a `GradArray` with the shape and dtype of the input."""
    if isinstance(g, Deferred):
        g = g.dense(grad)
    grad = one_of(grad)
    g = as_operand(g, like=grad)
    if not node.moves and type(g._array) is not type(grad._array):
        check_devices(f"{op_name(node)}.backward", grad._array, g._array)
    xp = g.__array_namespace__()
    if g.shape != edge.shape:
        g = reduced(node, edge, g, xp)
    if g.dtype != edge.dtype:
        g = cast(node, edge, g, xp, _registry.of(g._array))
    return g


def fit_tangent(t: Any, y: Any, node: Node) -> Any:
    """The tangent `t` with the shape and dtype of its primal `y`.

    y : an array, or an edge (which has a shape and a dtype too); for an edge, `t` is a `GradArray`.
    """
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


def reduced(node: Any, edge: Any, g: Any, xp: Any) -> Any:
    """`g` summed over the axes along which the input was broadcast."""
    want, have = tuple(edge.shape), tuple(g.shape)
    lead = len(have) - len(want)
    if lead > 0 and have[lead:] == want:
        return xp.sum(g, axis=0 if lead == 1 else tuple(range(lead)))
    axes = list(range(lead))
    for i, n in enumerate(want):
        if lead < 0 or have[lead + i] != n:
            if lead < 0 or n != 1:
                raise RuleError(
                    f"{op_name(node)}.backward returned a gradient of shape {have} for an input "
                    f"of shape {want}: return one that sums to the input's shape"
                )
            axes.append(lead + i)
    g = xp.sum(g, axis=tuple(axes))
    return xp.reshape(g, want) if tuple(g.shape) != want else g


def cast(node: Any, edge: Any, g: Any, xp: Any, backend: Any) -> Any:
    """`g` in the dtype of the input: for a real input, the real part of a complex gradient."""
    if not backend.is_inexact(g.dtype):
        if not backend.is_inexact(edge.dtype):
            return g
    elif backend.is_complex(g.dtype) and not is_complex_dtype(edge.dtype):
        g = xp.real(g)
    dtype = edge.dtype
    try:
        same = g.dtype == dtype
    except TypeError:
        same = False
    return g if same else xp.astype(g, backend.dtype(dtype))


__all__ = ["count_message", "fit_plain", "fit_recorded", "fit_tangent", "one_of", "one_per_input"]
