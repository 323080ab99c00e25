"""`detect_anomaly`: it reports the first NaN, infinity or stale value, and its line of code."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary, ref

from ..backends import _registry
from ..core import versions, watch
from ..core.array import get_raw
from ..core.grad import Grad, LeafSlot, op_name
from ..core.mode import mode
from ..core.nodes import raw_of
from ..core.parts import values_of
from ..core.site import Site, user_site
from ..errors import AnomalyError, StaleValueError

F = TypeVar("F", bound=Callable[..., Any])

#: Where a check waits for the device, at most this many results are collected for one check.
MAX_PENDING = 4096
#: Operations that only move values: an infinity in their result comes from their input.
_MOVES = frozenset(
    f"{name}Grad"
    for name in (
        *("Broadcast", "Concat", "Conj", "Copy", "Diagonal", "Flip", "GetItem", "Imag", "Pad"),
        *("Positive", "Real", "Reshape", "Roll", "Selected", "SetItem", "Sort", "Stack", "Take"),
        *("TakeAlongAxis", "ToDevice", "Transpose", "Tril", "Triu", "Unstack", "Where", "Windows"),
    )
)


class _Pending(NamedTuple):
    """A result that has not been checked yet."""

    fine: Any  # a 0-d array of dtype bool: whether all elements are fine
    message: Callable[[str], str]


class _Kept(NamedTuple):
    """The state of an array at the time when a node saved it."""

    raw: Any  # a weak reference
    digest: bytes


class Anomaly(watch.Watcher):
    """The watcher that checks the results of operations and rules."""

    def __init__(self, check_inf: bool) -> None:
        self.check_inf = check_inf
        self.sites: WeakKeyDictionary[Any, Site | None] = WeakKeyDictionary()
        self.saved: WeakKeyDictionary[Any, dict[int, _Kept]] = WeakKeyDictionary()
        self.pending: list[_Pending] = []
        self.running: list[Any] = []  # nodes whose rules are running

    # -- events ------------------------------------------------------------------------------

    def result(self, y: Any) -> None:
        node = y._grad_op
        if node is not None and node not in self.saved:
            self.keep(node)
        if self.running:  # under create_graph: name the line that will be differentiated again
            if node is not None:  # or the line in the user's own rule or function, if it ran
                site = user_site(until=_RULES)
                self.sites[node] = site or self.sites.get(self.running[-1])
            return
        site = user_site()
        if node is not None:
            self.sites[node] = site
        if mode.level is not None:  # inside a rule of forward mode
            return
        name = operation_of(3) if node is None else op_name(node)
        if name in _MOVES:
            return
        raw = get_raw(y)
        alive = None if node is None else ref(node)
        self.look(raw, functools.partial(self._of_result, name, alive, _described(raw), site))

    def rule(self, rule: Any, node: Any, grad: Any) -> Any:
        edges = node._edges or ()
        self.check_saved(node)
        self.running.append(node)
        try:
            found = rule(node, grad)
        finally:
            self.running.pop()
        if getattr(node, "__dict__", None) and node in self.saved:
            self.keep(node)  # the user's rule may write into its own arrays
        grads = found if isinstance(found, (tuple, list)) else (found,)
        for i, g in enumerate(grads):
            if g is None or (i < len(edges) and edges[i] is None):
                continue
            raw = raw_of(values_of(g))
            if _registry.is_array(raw):
                # A check that happens later must not keep the gradient alive until then.
                given = None if _waits(raw) else grad
                site = self.sites.get(node)
                self.look(
                    raw,
                    functools.partial(
                        self._of_rule, op_name(node), i, _described(raw), given, site
                    ),
                )
        return found

    def forward(self, rule: Callable[..., Any], node: Any, given: list[Any]) -> Any:
        self.check_saved(node)
        self.running.append(node)
        try:
            return rule(*given)
        finally:
            self.running.pop()

    def tangents(self, node: Any, found: list[Any]) -> None:
        site = self.sites.get(self.running[-1] if self.running else node) or user_site()
        for t in found:
            if t is not None:
                raw = get_raw(t)
                self.look(
                    raw, functools.partial(self._of_tangent, op_name(node), _described(raw), site)
                )

    def walked(self, results: list[tuple[Any, Any]]) -> None:
        for edge, g in results:
            if type(edge) is LeafSlot:
                raw = raw_of(g)
                self.look(raw, functools.partial(self._of_leaf, _described(raw)))
        self.look_at_pending()

    # -- saved values ------------------------------------------------------------------------

    def keep(self, node: Any) -> None:
        """Store digests of the node's saved arrays on the host, to notice changes from outside."""
        self.saved[node] = {
            id(raw): _Kept(ref(raw), _digest(raw)) for raw in versions.held(node) if _on_host(raw)
        }

    def check_saved(self, node: Any) -> None:
        """Raise `StaleValueError` if a saved array of the node has changed."""
        found = self.saved.get(node, {})
        for raw in versions.held(node) if found else ():
            kept = found.get(id(raw))
            if kept is not None and kept.raw() is raw and kept.digest != _digest(raw):
                raise StaleValueError(
                    f"{op_name(node)} saved an array of shape {tuple(raw.shape)} that was changed "
                    "since, past keratorch: copy() it before the change, or make it an array of "
                    "keratorch's with keratorch.asarray and change it through that"
                    + _at(self.sites.get(node))
                )

    # -- checks ------------------------------------------------------------------------------

    def look(self, raw: Any, message: Callable[[str], str]) -> None:
        """Raise `AnomalyError` if `raw` has a NaN or infinity; later, if the check must wait."""
        backend = _registry.of(raw)
        if not backend.is_inexact(raw.dtype):
            return
        if backend.device(raw) is None:  # a tracer has no values
            return
        fine = self._fine(backend, raw)
        if _waits(raw):
            self.pending.append(_Pending(fine, message))
            if len(self.pending) >= MAX_PENDING:
                self.look_at_pending()
        elif not bool(fine):
            what = "NaN" if bool(backend.xp.any(backend.xp.isnan(raw))) else "infinity"
            raise AnomalyError(message(what))

    def _fine(self, backend: Any, raw: Any) -> Any:
        xp = backend.xp
        with backend.scope(raw):
            return xp.all(xp.isfinite(raw) if self.check_inf else ~xp.isnan(raw))

    def look_at_pending(self) -> None:
        """Check all pending results, with one wait for each device; raise for the first bad one."""
        pending, self.pending = self.pending, []
        places: dict[Any, list[int]] = {}
        for i, p in enumerate(pending):
            backend = _registry.of(p.fine)
            places.setdefault((backend.name, backend.device(p.fine)), []).append(i)
        first = len(pending)
        for numbers in places.values():
            backend = _registry.of(pending[numbers[0]].fine)
            fine = backend.to_numpy(backend.xp.stack([pending[i].fine for i in numbers]))
            first = min([first, *(i for i, f in zip(numbers, fine, strict=True) if not f)])
        if first < len(pending):
            raise AnomalyError(
                pending[first].message("NaN or infinity" if self.check_inf else "NaN")
            )

    # -- messages ----------------------------------------------------------------------------

    def _of_result(
        self, name: str, alive: Any, described: str, site: Site | None, what: str
    ) -> str:
        node = None if alive is None else alive()
        shapes = notes = ""
        if node is not None:
            shapes = f" from inputs {_input_shapes(node)}"
            notes = "".join(f"\n  {note}" for note in self._bad_inputs(node))
        return f"{name} made {what}: a result of {described}{shapes}{_at(site)}{notes}"

    def _of_rule(
        self, name: str, i: int, described: str, grad: Any, site: Site | None, what: str
    ) -> str:
        text = f"{name}.backward made {what}: a gradient of {described} for input {i}"
        if site is None:
            text += "\n  the operation was recorded outside of detect_anomaly()"
        for g in grad if type(grad) is tuple else (grad,):
            raw = raw_of(g)
            if raw is not None and self._is_bad(raw):
                text += (
                    f"\n  the gradient that it was given, of {_described(raw)}, had it already: "
                    "that is the argument of backward, what a hook returned, or a sum"
                )
        return text + _at(site)

    def _of_tangent(self, name: str, described: str, site: Site | None, what: str) -> str:
        return f"{name}.jvp made {what}: a tangent of {described}{_at(site)}"

    def _of_leaf(self, described: str, what: str) -> str:
        return (
            f"the sum of the gradients of a leaf, of {described}, is {what}; each of them is not: "
            "scale the loss down"
        )

    def _is_bad(self, raw: Any) -> bool:
        if isinstance(raw, (int, float)):
            return math.isnan(raw) or (self.check_inf and math.isinf(raw))
        if not _registry.is_array(raw):
            return False
        backend = _registry.of(raw)
        if not backend.is_inexact(raw.dtype) or backend.device(raw) is None:
            return False
        return not bool(backend.to_numpy(self._fine(backend, raw)))

    def _bad_inputs(self, node: Any) -> list[str]:
        """The notes for the message: one for each input that was not finite already."""
        notes: list[str] = []
        for i, edge in enumerate(node._edges or ()):
            x = None if edge is None else edge._out()
            raw = _saved_input(node, i) if x is None else get_raw(x)
            if raw is not None and self._is_bad(raw):
                kind = "a leaf" if type(edge) is LeafSlot else "an array made before"
                if edge is None:
                    kind = "a constant"
                notes.append(f"its input {i}, {kind}, had it already")
        return notes


#: The code of the methods that call rules.
_RULES = (Anomaly.rule.__code__, Anomaly.forward.__code__)


def _waits(raw: Any) -> bool:
    """Whether a look at the values of an array waits for a device or a lazy library."""
    backend = _registry.of(raw)
    device = backend.device(raw)
    return backend.lazy or (device is not None and device.kind != "cpu")


def _on_host(raw: Any) -> bool:
    """Whether the bytes of an array are on the host, where others can change them."""
    backend = _registry.of(raw)
    return backend.knows_storage and backend.device(raw) is not None and not _waits(raw)


def _digest(raw: Any) -> bytes:
    import hashlib

    import numpy as np

    values = np.ascontiguousarray(_registry.of(raw).to_numpy(raw))
    return hashlib.blake2b(values.reshape(-1).view(np.uint8).data, digest_size=16).digest()


def _saved_input(node: Grad, i: int) -> Any:
    """The value of input `i`, if the node saved it; else `None`."""
    saved = node._saved or ()
    sources = node.saves or range(len(saved))
    return next((v for v, source in zip(saved, sources, strict=False) if source == i), None)


def _input_shapes(node: Grad) -> str:
    shapes: list[str] = []
    for i, edge in enumerate(node._edges or ()):
        value = _saved_input(node, i) if edge is None else edge
        shape = getattr(value, "shape", None)
        shapes.append("constant" if shape is None else str(tuple(shape)))
    return ", ".join(shapes)


def _described(raw: Any) -> str:
    device = _registry.of(raw).device(raw)
    where = "" if device is None else f" on {device}"
    return f"shape {tuple(raw.shape)}, dtype {raw.dtype}{where}"


def _at(site: Site | None) -> str:
    return "" if site is None else f"\n  at {site}"


def operation_of(depth: int) -> str:
    """The name of the operation that makes a constant: its `Grad` class, or the function."""
    frame = sys._getframe(depth)
    while True:
        found = frame.f_locals.get("cls")
        if isinstance(found, type) and issubclass(found, Grad):
            return found.__name__
        found = frame.f_locals.get("name")
        if isinstance(found, str):
            return found
        called = frame.f_code.co_name
        if called not in _GENERAL or frame.f_back is None:
            return called
        frame = frame.f_back


#: General functions, which run on behalf of an operation.
_GENERAL = frozenset(["<genexpr>", "apply", "function", "record", "record_many"])


# -- the public functions ------------------------------------------------------------------------


class detect_anomaly:
    """Within ``with detect_anomaly():`` the first NaN or infinity raises `AnomalyError`.

    A saved array that was changed outside keratorch before its rule runs raises `StaleValueError`.
    Nothing else detects such a change.

    The message names the operation, the shapes, and the line of your code that made the value: for
    a gradient, the line whose operation was differentiated. After an error every ``grad`` is
    unchanged.

    mode : `False` turns the check off inside another ``with detect_anomaly():``.
    check_inf : `False` reports NaN alone, for code with intended infinities.

    On a CPU each result and each gradient is checked as it is made. On a GPU and with Dask, the
    checks do not wait: they are read once, at the end of each backward and of the ``with`` block,
    and after every 4096 results. The values behind a tracer are not checked. The results of
    operations that only move values, such as indexing, `concat` and `where`, are not checked: a
    mask of -inf is no anomaly until a computation gives an infinity.

    A rule that needs the values of a raw array keeps the array without a copy, and keratorch does
    not see writes to it. So `detect_anomaly` compares a digest of the saved arrays when the rule
    runs: for arrays on the host, not on a GPU. Copy the array before you change it, or change it
    through its `keratorch.asarray`: keratorch always sees those writes.

    The check covers one thread, and works as a decorator too. `set_detect_anomaly` is the switch
    without a block.

    >>> import keratorch as kt
    >>> x = kt.GradArray([1.0, 0.0])
    >>> try:
    ...     with kt.detect_anomaly():
    ...         kt.sqrt(x).sum().backward()
    ... except kt.AnomalyError as error:
    ...     print(str(error).splitlines()[0])
    SqrtGrad.backward made infinity: a gradient of shape (2,), dtype float64 on cpu for input 0

    >>> import numpy as np
    >>> weights = np.ones(2)
    >>> try:
    ...     with kt.detect_anomaly():
    ...         y = (x * weights).sum()
    ...         weights *= 0.5
    ...         y.backward()
    ... except kt.StaleValueError as error:
    ...     print(str(error).partition(":")[0])
    MultiplyGrad saved an array of shape (2,) that was changed since, past keratorch
    """

    __slots__ = ("_before", "_check_inf", "_mode")

    def __init__(self, mode: bool = True, *, check_inf: bool = True) -> None:
        self._mode = mode
        self._check_inf = check_inf
        self._before: list[tuple[Any, ...]] = []

    def __enter__(self) -> None:
        self._before.append(mode.watchers)
        set_detect_anomaly(self._mode, check_inf=self._check_inf)

    def __exit__(self, kind: Any, *exc: object) -> None:
        mine = [w for w in mode.watchers if isinstance(w, Anomaly)]
        before = [w for w in self._before.pop() if isinstance(w, Anomaly)]
        others = [w for w in mode.watchers if not isinstance(w, Anomaly)]
        watch.set_watchers((*others, *before))
        if kind is None:
            for watcher in mine:
                watcher.look_at_pending()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with detect_anomaly(self._mode, check_inf=self._check_inf):
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]


def set_detect_anomaly(mode: bool, *, check_inf: bool = True) -> None:
    """Turn `detect_anomaly` on or off for this thread from now on; `check_inf` as there."""
    _set(mode, check_inf)


def _set(on: bool, check_inf: bool) -> None:
    others = tuple(w for w in mode.watchers if not isinstance(w, Anomaly))
    watch.set_watchers((*others, Anomaly(check_inf)) if on else others)


__all__ = ["Anomaly", "detect_anomaly", "set_detect_anomaly"]
