"""Views: which arrays share memory, so that a write shows wherever NumPy would show it.

Some writes make a new array: recorded writes, and all writes in a library whose arrays cannot be
written in place. Such a write to a view must also show in the view's parent and in all other live
views of that parent. Each view knows how to read itself from its parent, so keratorch reads the
views again. If that is not possible, the write raises an error. Some libraries make a copy where
NumPy makes a view, as PyTorch does for negative steps. Then every write works this way, and goes
to the memory of the copies too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from ..backends import _registry
from ..errors import AliasedWriteError, LeafWriteError
from .making import new_array
from .mode import mode
from .nodes import LeafSlot, names, nowhere
from .versions import mark


class Link:
    """The link from a view to its parent: how to read the view, and how to put its values back.

    read : ``read(parent, *args)`` returns the view.
    write : ``write(parent, values, *args)`` returns the parent with the view replaced by `values`;
        `None` if that is not possible.
    """

    __slots__ = ("args", "depth", "parent", "read", "up", "write")

    def __init__(
        self,
        x: Any,
        read: Callable[..., Any],
        write: Callable[..., Any] | None,
        args: tuple[Any, ...],
    ) -> None:
        self.parent: ref[Any] = ref(x)
        self.up: Link | None = getattr(x, "_link", None)
        self.read: Callable[..., Any] = read
        self.write: Callable[..., Any] | None = write
        self.args: tuple[Any, ...] = args
        self.depth: int = 1 if self.up is None else self.up.depth + 1


class Family:
    """Arrays that may share memory, in the order in which they were made.

    copies : the members that are copies where NumPy would make views, and the views of these.
    lent : a raw array of the caller, into whose memory no member writes; or `None`.
    reads_copy : whether small parts that are read become such copies. A view that a rule saves
        would make the next recorded write copy the whole array.
    """

    __slots__ = ("copies", "lent", "limit", "members", "reads_copy")

    def __init__(self, x: Any, lent: Any = None) -> None:
        self.members: list[ref[Any]] = [] if x is None else [ref(x)]
        self.limit: int = 16
        self.copies: list[ref[Any]] = []
        self.lent: Any = lent
        self.reads_copy: bool = False

    def add(self, x: Any) -> None:
        if len(self.members) >= self.limit:
            self.members = [r for r in self.members if r() is not None]
            self.limit = max(16, 2 * len(self.members))
        self.members.append(ref(x))

    def others(self, x: Any) -> list[Any]:
        found = [r() for r in self.members]
        return [m for m in found if m is not None and m is not x]

    def is_alone(self, x: Any) -> bool:
        """Whether no other member than `x` lives."""
        if len(self.members) > 1:
            self.members = [r for r in self.members if r() is not None]
        return all(r() is x for r in self.members)

    def live_copies(self) -> list[Any]:
        if not self.copies:
            return []
        found = [m for r in self.copies if (m := r()) is not None]
        if 2 * len(found) < len(self.copies):
            self.copies = [ref(m) for m in found]
        return found


#: The family of all arrays that show memory of the caller and have no views yet.
LENT: Family = Family(None)


def lend(x: Any) -> Any:
    """Mark the memory of `x`, a new `GradArray`, as the caller's; returns `x`.

    A function that a transformation calls may write into `x` and into views of `x`. The first write
    makes a copy. So the array of the caller stays as it was, and nothing is copied without need.
    """
    x._alias = LENT
    return x


def is_lent(x: Any) -> bool:
    """Whether the memory of `x` is the caller's (see `lend`), so that no write goes there."""
    family = getattr(x, "_alias", None)
    if family is None or (family is not LENT and family.lent is None):
        return False
    if family is LENT:
        return True
    backend = _registry.of(x._array)
    return not backend.knows_storage or backend.same_storage(x._array, family.lent)


def mark_family(x: Any) -> None:
    """As `mark`, for the raw array of `x` and for all arrays that may share its memory."""
    mark(x._array)
    family = getattr(x, "_alias", None)
    if family is not None and not _registry.of(x._array).knows_storage:
        for other in family.others(x):
            mark(other._array)


def has_copies(x: Any) -> bool:
    """Whether a write may not go to the memory of `x`: another array must show it, or none may.

    The first is so where a view is a copy; the second, where the memory is the caller's (`lend`).
    """
    family = getattr(x, "_alias", None)
    if family is None:
        return False
    return is_lent(x) or (bool(family.live_copies()) and bool(family.others(x)))


#: keratorch follows views of views to this depth; beyond it, a write that must show raises.
_DEEPEST = 64


def share(
    x: Any,
    view: Any,
    read: Callable[..., Any] | None = None,
    write: Callable[..., Any] | None = None,
    *args: Any,
    sure: bool = True,
    copied: bool = False,
) -> Any:
    """Record that `view` shows the memory of `x`; returns `view`.

    read, write, args : the parts of its `Link`. Without `read` there is no link, and a write that
        must show in the other array raises an error.
    sure : whether NumPy would make a view. If not, `share` compares the memory of both arrays.
    copied : whether `view` is a copy in its own memory where NumPy would make a view.
    """
    if not sure and not copied:
        backend = _registry.of(x._array)
        if not backend.same_storage(x._array, view._array):
            if backend.writeable(x._array):
                return view
            read = None
    family = getattr(x, "_alias", None)
    if family is None or family is LENT:
        family = x._alias = Family(x, None if family is None else x._array)
    family.add(view)
    if copied or (family.copies and any(m is x for m in family.live_copies())):
        family.copies.append(ref(view))
    view._alias = family
    if read is not None:
        link = Link(x, read, write, args)
        if link.depth <= _DEEPEST:
            view._link = link
    return view


def replace(x: Any, new: Any, how: str, recorded: bool) -> None:
    """Make `x` equal to `new`, also in every live array that shows the memory of `x`.

    recorded : whether `new` is a recorded result. The other arrays then become results too;
        otherwise only their values change.

    Raises `AliasedWriteError` where the write cannot show, and `LeafWriteError` where it would have
    to show in a leaf that requires a gradient. After an error nothing has changed.
    """
    family = getattr(x, "_alias", None)
    others = [] if family is None else family.others(x)
    plan = _plan(x, new, others, how, recorded) if others else [(x, _laid_out_as(new, x))]
    backend = _registry.of(x._array)
    in_place = not recorded and backend.writeable(x._array) and not is_lent(x)
    for array, value in plan:
        if recorded:
            become(array, value)
        elif in_place:
            backend.overwrite(array._array, value._array)
            mark(array._array)
        else:
            array._array = value._array
    if getattr(x, "_alias", None) is LENT:
        x._alias = None  # `x` has memory of its own now


def _plan(x: Any, new: Any, others: list[Any], how: str, recorded: bool) -> list[tuple[Any, Any]]:
    """The arrays that change if `x` becomes `new`, each with its new value."""
    top, links = top_of(x)
    if recorded:
        for array in (top, *(link.parent() for link in links)):
            if array is not None:
                refuse_leaf(array, how)
    if any(link.write is None for link in links):
        raise _aliased(x, top, how)
    # The arrays between `top` and `x`: read them downwards, and put the values back upwards.
    between = [now(top, recorded)]
    for link in links[:0:-1]:
        between.append(link.read(between[-1], *link.args))
    for link in links:
        assert link.write is not None
        new = link.write(between.pop(), new, *link.args)
    new = _laid_out_as(new, top)
    plan = [(top, new)]
    overlap = _registry.of(top._array).may_overlap
    family = getattr(x, "_alias", None)
    copies = set() if family is None else {id(m) for m in family.live_copies()}
    for array in (x, *others):
        is_copy = id(array) in copies
        if array is top:
            continue
        if not (is_copy or id(top) in copies or overlap(top._array, array._array)):
            continue
        path = path_to(array, top)
        if path is None:
            raise _aliased(x, array, how)
        value = new
        for link in reversed(path):
            value = link.read(value, *link.args)
        if not is_copy and not overlap(new._array, value._array):
            raise _aliased(x, array, how)
        plan.append((array, value))
    return plan


def _laid_out_as(new: Any, x: Any) -> Any:
    """`new` with the memory layout of `x`: otherwise `reshape` could copy where it made a view."""
    new._array = _registry.of(x._array).laid_out_as(new._array, x._array)
    return new


def top_of(x: Any) -> tuple[Any, list[Link]]:
    """The highest live array of which `x` is a view, and the links from `x` up to that array."""
    top, links, height = x, [], 0
    link = getattr(x, "_link", None)
    while link is not None:
        links.append(link)
        parent = link.parent()
        if parent is not None:
            top, height = parent, len(links)
        link = link.up
    return top, links[:height]


def path_to(view: Any, top: Any) -> list[Link] | None:
    """The links from `view` up to `top`; `None` if `view` was not made from `top`."""
    path = []
    link = getattr(view, "_link", None)
    while link is not None:
        path.append(link)
        if link.parent() is top:
            return path
        link = link.up
    return None


def now(x: Any, tracked: bool = True) -> Any:
    """The present state of `x` as a separate `GradArray`; a constant if not `tracked`."""
    if not tracked:
        return new_array(x._array, None, None)
    old = new_array(x._array, x._grad_op, x._edge)
    old._tangents = x._tangents
    return old


def become(x: Any, result: Any) -> None:
    """Turn `x` into the given result; views of `x` stay its views."""
    edge = x._edge
    if edge is not None and edge._out() is x:
        edge._out = nowhere  # otherwise a walk would keep a gradient for the old value
    x._array = result._array
    x._grad = None
    x._grad_op = result._grad_op
    x._edge = result._edge
    x._tangents = result._tangents
    if x._edge is not None:
        x._edge._out = ref(x)
        name = getattr(x, "_name", None)
        if name is not None:
            names[x._edge] = name


def refuse_leaf(x: Any, how: str) -> None:
    """Raise `LeafWriteError` if a recorded write would turn the leaf `x` into a result."""
    edge = x._edge
    if type(edge) is not LeafSlot or edge._seq or is_lent(x):
        return  # a result, or the array that a transformation made for its function
    if mode.recording or x._tangents is None:
        raise LeafWriteError(
            f"{how} a leaf of shape {tuple(x.shape)} that requires a gradient: update it inside "
            "no_grad() with plain values, or compute with x.copy()"
        )


def _aliased(x: Any, other: Any, how: str) -> AliasedWriteError:
    backend = _registry.of(x._array)
    if is_lent(x):
        why = "the function of a transformation writes into a copy"
    elif backend.writeable(x._array):
        why = "a recorded write makes a new array"
    elif backend.writeable(backend.scalar(0, x._array)):
        why = "a read-only array is copied to be written"
    else:
        why = f"{backend.name} arrays are not written in place"
    return AliasedWriteError(
        f"{how} an array of shape {tuple(x.shape)} would have to show in another live array of "
        f"shape {tuple(other.shape)} that shares its memory, and {why}: write to x.copy(), or "
        "take the other array as a copy()"
    )
