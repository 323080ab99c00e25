"""Recorded writes in the memory of the array, so that filling n elements costs O(n).

A recorded write makes a new value of the array. Where nothing but live `GradArray`s of its family
sees the memory (`core.ownership`), the new value takes the place of the old one, and the family is
read anew where the write shows. Otherwise the write copies the array (`views.replace`).
"""

from __future__ import annotations

from typing import Any
from weakref import ref

from ..backends import _registry
from ..backends._indices import is_basic, may_repeat
from ..core import recording
from ..core.array import GradArray
from ..core.mode import mode, walking
from ..core.nodes import LeafSlot, names, next_seq, nowhere
from ..core.ownership import has_sole_tangent, is_exclusive
from ..core.recording import constant, is_active
from ..core.tangents import propagated
from ..core.views import Link, become, is_lent, path_to, top_of
from ._operands import namespace
from .indexing import WRITE_ERRORS, SetItemGrad, at, is_small, write_error

_new = object.__new__


def fill(x: GradArray, key: Any, value: GradArray) -> bool:
    """Record ``x[key] = value`` in the memory of `x`; `False`, and no change, where it must copy.

    The caller has checked that the write may be recorded, and that the dtype of `x` holds `value`.
    """
    if not _registry.of(x._array).fills or is_lent(x):
        return False
    family = getattr(x, "_alias", None)
    others = [] if family is None else family.others(x)
    if family is None or not others:
        if is_exclusive(x):
            return _fill(x, x, [], key, value, [])
        if family is not None:
            family.reads_copy = True
        return False
    top, links = top_of(x)
    members = [m for m in (x, *others) if m is not top]
    if not is_exclusive(top, members):
        family.reads_copy = True
        return False
    above = (top, *(link.parent() for link in links))
    if any(link.write is None for link in links) or any(
        a is not None and type(a._edge) is LeafSlot for a in above
    ):
        return False  # the other way raises the error
    shown = _where_shown(x, top, links, key, members, family)
    return shown is not None and _fill(x, top, links, key, value, shown)


def _where_shown(
    x: GradArray, top: GradArray, links: list[Link], key: Any, members: list[Any], family: Any
) -> list[tuple[Any, list[Link]]] | None:
    """The members that show a write at ``x[key]``, each with its links up to `top`.

    `None` if a member that may show the write cannot be read from `top`.
    """
    overlap = _registry.of(top._array).may_overlap
    copies = {id(m) for m in family.live_copies()}
    # A view beside the written part keeps its value. Its gradient belongs to the gradient of `top`
    # all the same, so it is read anew where somebody may ask for that.
    written = _place(_in_memory_of(top, x, links), key) if mode.transforms else top._array
    found = []
    for m in members:
        path = links if m is x else path_to(m, top)
        if path is None:
            if id(m) in copies or id(top) in copies or overlap(top._array, m._array):
                return None
        elif m is x:
            found.append((m, path))
        else:
            seen = _in_memory_of(top, m, path)
            if overlap(written, seen) or not overlap(top._array, seen):  # else it is a copy
                found.append((m, path))
    return found


def _in_memory_of(top: GradArray, view: GradArray, links: list[Link]) -> Any:
    """The raw array of `view`, or where that is a copy, what it shows of the memory of `top`."""
    if _registry.of(top._array).may_overlap(top._array, view._array):
        return view._array
    return at(constant(top._array), _path(links))._array


def _path(links: list[Link]) -> tuple[Any, ...]:
    return tuple([(link.read, link.write, link.args) for link in reversed(links)])


def _place(raw: Any, key: Any) -> Any:
    """The part of `raw` that a write at `key` may change, as a view."""
    if not is_basic(key):
        return raw
    parts = key if isinstance(key, tuple) else (key,)
    return raw[parts if any(p is ... for p in parts) else (*parts, ...)]


def _fill(
    x: GradArray,
    top: GradArray,
    links: list[Link],
    key: Any,
    value: GradArray,
    shown: list[tuple[Any, list[Link]]],
) -> bool:
    target = _in_memory_of(top, x, links) if links else top._array
    backend = _registry.of(target)
    if links and not backend.may_overlap(target, top._array):
        return False
    # A number that is a constant is written, and its place is cleared, by the mask itself.
    plain = value._array.ndim == 0 and not is_active(value)
    settled = key if plain else backend.settled(tuple(target.shape), key)
    repeats = None if settled is key else may_repeat(key)
    raw = value._array
    if backend.storage(raw) == backend.storage(target):
        raw = backend.copy(raw)  # x[1:] = x[:-1]
    soles = {level: has_sole_tangent(top, level) for level in list(top._tangents or ())}
    try:
        backend.set_item(target, settled, raw)
    except WRITE_ERRORS as error:
        raise write_error(target, key, raw, error) from error
    path = _path(links)
    node: Any = None
    if mode.recording and (top._edge is not None or value._edge is not None):
        node = _new(SetItemGrad)
        node._edges = (top._edge, value._edge)
        node._saved = ()
        node._tangents = ()
        node.key, node.path, node.whole, node.repeats = settled, path, False, repeats
        node.shape, node.dtype = top._array.shape, top._array.dtype
        node._seq = next_seq()
    if top._tangents is not None or value._tangents is not None:
        top._tangents = _filled_tangents(top, path, settled, value, soles)
    _advance(top, node)
    for m, links_of_m in shown:
        y = at(top, _path(links_of_m))
        become(m, y)
        if not backend.may_overlap(m._array, top._array):
            _count_as_copy(m)
    return True


def _filled_tangents(
    top: GradArray, path: tuple[Any, ...], key: Any, value: GradArray, soles: dict[int, bool]
) -> dict[int, Any] | None:
    """The tangents of `top` after the write, in the same memory where nothing else sees it."""
    olds, news = propagated(top) or {}, propagated(value) or {}
    found: dict[int, Any] = {}
    for level in sorted({*olds, *news}):
        with walking(recording=mode.recording, rules_wrapped=True, level=level):
            t, v = olds.get(level), news.get(level)
            if t is None:
                t = namespace(top).zeros(top.shape, dtype=top.dtype, device=top.device)
            elif not soles.get(level):
                t = t.copy()
            at(t, path)[key] = 0.0 if v is None else v
            found[level] = t
    return found or None


def _advance(top: GradArray, node: Any) -> None:
    """Make `top` the output of `node`, in the same memory."""
    old = top._edge
    if old is not None and old._out() is top:
        old._out = nowhere  # otherwise a walk would keep a gradient for the old value
    top._grad = None
    top._grad_op = top._edge = node
    if node is not None:
        node._out = recording.ref_to(top)
        if (name := getattr(top, "_name", None)) is not None:
            names[node] = name


def _count_as_copy(x: GradArray) -> None:
    copies = x._alias.copies
    if not any(r() is x for r in copies):
        copies.append(ref(x))


def spare_views(x: GradArray) -> None:
    """After a write to `x` that had to copy: give small live views memory of their own.

    A view that a rule saves would make the next write copy again.
    """
    family = getattr(x, "_alias", None)
    if family is None or not family.reads_copy:
        return
    top, _ = top_of(x)
    backend = _registry.of(top._array)
    for m in (x, *family.others(x)):
        if m is top or not is_small(m._array, top._array):
            continue
        if backend.may_overlap(m._array, top._array):
            m._array = backend.copy(m._array)
            _count_as_copy(m)


__all__ = ["fill", "spare_views"]
