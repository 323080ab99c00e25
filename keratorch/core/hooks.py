"""Hooks: the user's functions that see gradients during a backward, and may replace them.

Edges and nodes store their hooks in the slot ``_hooks``. The set `hooked` has all edges and nodes
with hooks, so a backward without hooks makes one test in all.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from ..backends import _registry
from ..errors import DTypeError, GraphFreedError, KeratorchError, RuleError, ShapeError
from .convert import as_raw, check_devices
from .fitting import fit_plain, fit_recorded, one_of, one_per_input
from .making import constant
from .mode import masking
from .nodes import GradArrayBase, LeafSlot, Node, OutputSlot, op_name

#: The edges and nodes that have hooks.
hooked: weakref.WeakSet[Any] = weakref.WeakSet()

_next_key = itertools.count().__next__


class RemovableHandle:
    """The handle of a hook: `remove()`, or the end of a ``with`` block, removes the hook."""

    __slots__ = ("_key", "_owner", "_place")

    def __init__(self, owner: Any, place: str, key: int) -> None:
        self._owner = weakref.ref(owner)
        self._place = place
        self._key = key

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        owner = self._owner()
        if owner is None:
            return
        found: dict[str, dict[int, Any]] = getattr(owner, "_hooks", None) or {}
        found.get(self._place, {}).pop(self._key, None)
        if not any(found.values()):
            hooked.discard(owner)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register(owner: Any, place: str, function: Callable[..., Any]) -> RemovableHandle:
    """Add a hook to an edge (place ``"array"``) or a node (``"before"``, ``"after"``)."""
    if not callable(function):
        raise TypeError(f"a hook must be a function, not {type(function).__name__}")
    if isinstance(owner, Node) and place != "array" and owner._edges is None:
        raise GraphFreedError(
            f"{op_name(owner)} of shape {owner.shape} was freed by an earlier backward: its rule "
            "never runs again"
        )
    if getattr(owner, "_hooks", None) is None:
        owner._hooks = {}
    key = _next_key()
    owner._hooks.setdefault(place, {})[key] = function
    hooked.add(owner)
    return RemovableHandle(owner, place, key)


def functions(owner: Any, place: str) -> list[Callable[..., Any]]:
    """The hooks of `owner` at one place, in the order of their registration."""
    found = getattr(owner, "_hooks", None)
    return list(found.get(place, {}).values()) if found else []


# -- running them --------------------------------------------------------------------------------


class HookedGrads(dict[Any, Any]):
    """The gradient sums of a walk; `pop` runs the hooks of the array of that edge."""

    __slots__ = ("walk",)

    def __init__(self, walk: Any) -> None:
        super().__init__()
        self.walk: Any = walk

    def pop(self, edge: Any, default: Any = None) -> Any:  # type: ignore[override]
        grad = super().pop(edge, default)
        if grad is None or type(grad) is list or edge not in hooked:
            return grad
        owned = self.walk.owned
        for function in functions(edge, "array"):
            # The hook may write into its argument, and may keep it.
            given = grad if edge in owned else copied(grad)
            owned.discard(edge)
            with masking(False):
                found = function(given)
            if found is None:
                grad = given
            else:
                grad = checked_gradient(
                    found, given, edge.shape, edge.dtype, _array_hook(function, edge)
                )
                self.walk.below.add(edge)  # the hook may select, as a user's rule may
        return grad


def around(below: set[Any], rule: Callable[..., Any], node: Any, grad: Any) -> Any:
    """Run the rule of `node`, with the hooks of the node before and after it.

    below : the edges below a selection. A hook that replaces gradients counts as one.
    """
    if node not in hooked:
        return rule(node, grad)
    many = type(grad) is tuple
    grads: tuple[Any, ...] = grad if many else (grad,)
    selects = False
    for function in functions(node, "before"):
        given = tuple(None if g is None else copied(g) for g in grads)
        shapes = node.shape if many else (node.shape,)
        dtypes = node.dtype if many else (node.dtype,)
        grads = _replaced(function, (given,), given, shapes, dtypes, node, "prehook")
        selects = selects or grads is not given
    grad = grads if many else grads[0]
    edges = node._edges
    if selects:
        below.update(edges)
        with masking(True):
            found = getattr(rule, "masking", lambda: rule)()(node, grad)
    else:
        found = rule(node, grad)
    after = functions(node, "after")
    if not after:
        return found
    inputs = one_per_input(node, found, len(edges))
    inputs = tuple(
        None if g is None or edge is None else copied(_fit(node, edge, g, grad))
        for edge, g in zip(edges, inputs, strict=True)
    )
    for function in after:
        outputs = tuple(None if g is None else copied(g) for g in grads)
        shapes = [None if edge is None else edge.shape for edge in edges]
        dtypes = [None if edge is None else edge.dtype for edge in edges]
        before, given = inputs, (inputs, outputs)
        inputs = _replaced(function, given, inputs, shapes, dtypes, node, "hook")
        if inputs is not before:
            below.update(edges)
    # A rule may promise new arrays (`Node.fresh`), but a hook may have kept these: copy them.
    return tuple(None if g is None else copied(g) for g in inputs)


def _fit(node: Any, edge: Any, g: Any, grad: Any) -> Any:
    if isinstance(one_of(grad), GradArrayBase):
        return fit_recorded(node, edge, g, grad)
    return fit_plain(node, edge, g, grad)[0]


def _replaced(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    given: tuple[Any, ...],
    shapes: Any,
    dtypes: Any,
    node: Any,
    kind: str,
) -> tuple[Any, ...]:
    """The gradients after a hook of `node`: `given`, or the tuple that the hook returned."""
    found = function(*arguments)
    if found is None:
        return given
    where = f"the {kind} {_name(function)} of {op_name(node)}"
    if not isinstance(found, (tuple, list)):
        found = (found,)
    if len(found) != len(given):
        raise RuleError(
            f"{where} returned {len(found)} gradients in place of {len(given)}: return a tuple "
            "of as many as it was given, or None to leave them"
        )
    results: list[Any] = []
    for i, (g, old) in enumerate(zip(found, given, strict=True)):
        if g is None or shapes[i] is None:
            results.append(None)
            continue
        like = old if old is not None else next(o for o in given if o is not None)
        results.append(checked_gradient(g, like, shapes[i], dtypes[i], f"{where}, gradient {i}"))
    return tuple(results)


def copied(grad: Any) -> Any:
    """A copy of the gradient, in its own memory."""
    if isinstance(grad, GradArrayBase):
        return grad.copy()
    return _registry.of(grad).copy(grad)


def checked_gradient(found: Any, like: Any, shape: Any, dtype: Any, where: str) -> Any:
    """The value `found` that a hook returned, checked as a gradient of that shape and dtype.

    like : the gradient that `found` replaces, or one on the same device.
    """
    wrapped = isinstance(like, GradArrayBase)
    if found is like:
        return found
    if not isinstance(found, GradArrayBase) and not _registry.is_array(found):
        raise RuleError(
            f"{where} returned {type(found).__name__}: return an array of shape {tuple(shape)}, or "
            "None to leave the gradient"
        )
    if not (wrapped and isinstance(found, GradArrayBase)):
        try:
            found = as_raw(found, like)
        except KeratorchError as error:
            raise type(error)(f"{where}: {error}") from error
        if wrapped:
            found = constant(found)
    raw, raw_like = (found._array, like._array) if wrapped else (found, like)
    check_devices(where, raw_like, raw)
    if tuple(raw.shape) != tuple(shape):
        raise ShapeError(
            f"{where} returned a gradient of shape {tuple(raw.shape)} in place of one of shape "
            f"{tuple(shape)}: they must be equal"
        )
    if raw.dtype != dtype:
        raise DTypeError(
            f"{where} returned a gradient of dtype {raw.dtype} in place of one of dtype {dtype}: "
            "they must be equal; convert it with astype"
        )
    return found


def _array_hook(function: Callable[..., Any], edge: Any) -> str:
    made_by = "a leaf"
    if type(edge) is OutputSlot:
        made_by = f"output {edge.index} of {op_name(edge._edges[0])}"
    elif type(edge) is not LeafSlot:
        made_by = f"the result of {op_name(edge)}"
    return f"the hook {_name(function)} on {made_by}"


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


__all__ = ["HookedGrads", "RemovableHandle", "around", "hooked", "register"]
