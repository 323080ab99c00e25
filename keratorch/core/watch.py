"""How hooks and tools get between the engine and what it runs.

Nothing on the hot paths asks whether anybody watches. A tool that is open is in ``mode.watchers``,
which `engine.run` reads once; and while any thread has one open, what recording calls for each
result (`ref_to`, `unrecorded`) is replaced by functions that tell the watchers of their thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import ref

from ..backends import _registry
from . import hooks, recording
from .mode import mode

Rule = Callable[[Any, Any], Any]


class Watcher:
    """A tool that looks at results and rules, in the thread that opened it."""

    #: Whether it sees a rule without its hooks, as what measures it does.
    inner = False

    def result(self, y: Any) -> None:
        """An operation has the result `y`; its node, if there is one, is ``y._grad_op``."""

    def rule(self, rule: Rule, node: Any, grad: Any) -> Any:
        """Run the rule of a node."""
        return rule(node, grad)

    def forward(self, rule: Callable[..., Any], node: Any, given: list[Any]) -> Any:
        """Run the forward rule of a node, in a graph that is gone through once more."""
        return rule(*given)

    def tangents(self, node: Any, found: list[Any]) -> None:
        """Forward mode has the tangents `found` of a node's outputs; `None` is zero."""

    def walked(self, results: list[tuple[Any, Any]]) -> None:
        """A walk has ended well; its gradients, `results`, are not handed over yet."""


# -- the walk ------------------------------------------------------------------------------------


def prepare(walk: Any, order: list[Any], watchers: tuple[Watcher, ...]) -> None:
    """Put hooks and watchers into a walk that is about to begin."""
    layers: list[Callable[..., Any]] = [w.rule for w in watchers if w.inner]
    if any(node in hooks.hooked for node in order):
        walk.grads = hooks.HookedGrads(walk)
        layers.append(hooks.around)
    layers += [w.rule for w in watchers if not w.inner]
    around: Callable[..., Any] | None = None
    for layer in layers:
        around = layer if around is None else partial(_layered, layer, around)
    if around is not None:
        walk.around = around
        walk.by_type = _WatchedBackends(around)


def _layered(layer: Any, around: Any, rule: Rule, node: Any, grad: Any) -> Any:
    return layer(partial(around, rule), node, grad)


class _WatchedBackends(dict[type, Any]):
    """Array type -> what a walk needs of its backend, with `around` around each rule."""

    __slots__ = ("around",)

    def __init__(self, around: Callable[..., Any]) -> None:
        super().__init__()
        self.around = around

    def __missing__(self, array_type: type) -> Any:
        found = self[array_type] = _WatchedBackend(_registry.by_type[array_type], self.around)
        return found


class _WatchedBackend:
    __slots__ = ("add", "add_into", "rules")

    def __init__(self, backend: Any, around: Callable[..., Any]) -> None:
        self.add = backend.add
        self.add_into = backend.add_into
        self.rules = _WatchedRules(backend.rules, around)


class _WatchedRules:
    __slots__ = ("around", "rules")

    def __init__(self, rules: Any, around: Callable[..., Any]) -> None:
        self.rules = rules
        self.around = around

    def __getitem__(self, cls: type) -> Rule:
        return partial(self.around, self.rules[cls])


# -- results -------------------------------------------------------------------------------------

_lock = threading.Lock()
_open = 0


def set_watchers(watchers: tuple[Watcher, ...]) -> None:
    """From now on `watchers`, and no others, see what this thread does."""
    global _open
    with _lock:
        before = _open
        _open += len(watchers) - len(mode.watchers)
        if _open and not before:
            _install(_watched_ref, _watched_constant)
        elif before and not _open:
            _install(ref, recording.constant)
    mode.watchers = watchers


def _install(ref_to: Any, unrecorded: Any) -> None:
    for module in recording.recorders:
        module["ref_to"] = ref_to
        module["unrecorded"] = unrecorded


def _watched_ref(y: Any) -> Any:
    for watcher in mode.watchers:
        watcher.result(y)
    return ref(y)


def _watched_constant(raw: Any) -> Any:
    y = recording.constant(raw)
    for watcher in mode.watchers:
        watcher.result(y)
    return y


__all__ = ["Watcher", "prepare", "set_watchers"]
