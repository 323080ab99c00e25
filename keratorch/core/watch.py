"""How hooks and tools get between the engine and the rules.

The hot paths do not test whether a tool watches. An open tool is in ``mode.watchers``, which
`engine.run` reads once. While any thread has an open tool, the functions that recording calls for
each result (`ref_to`, `unrecorded`) are replaced by functions that tell the watchers of their
thread.
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
    """A tool that sees the results and rules of the thread that opened it."""

    #: Whether the tool sees a rule without its hooks; a tool that measures time does.
    inner = False

    def result(self, y: Any) -> None:
        """Called when an operation made the result `y`; its node, if any, is ``y._grad_op``."""

    def rule(self, rule: Rule, node: Any, grad: Any) -> Any:
        """Run the rule of a node."""
        return rule(node, grad)

    def forward(self, rule: Callable[..., Any], node: Any, given: list[Any]) -> Any:
        """Run the forward rule of a node during a forward walk through a recorded graph."""
        return rule(*given)

    def tangents(self, node: Any, found: list[Any]) -> None:
        """Called with `found`, the tangents of a node's outputs in forward mode (`None`: zero)."""

    def walked(self, results: list[tuple[Any, Any]]) -> None:
        """Called after a walk without an error, before the arrays get its gradients `results`."""


# -- the walk ------------------------------------------------------------------------------------


def prepare(walk: Any, order: list[Any], watchers: tuple[Watcher, ...]) -> None:
    """Put hooks and watchers into a walk before it begins."""
    layers: list[Callable[..., Any]] = [w.rule for w in watchers if w.inner]
    if any(node in hooks.hooked for node in order):
        walk.grads = hooks.HookedGrads(walk)
        layers.append(partial(hooks.around, walk.below))
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
    """Array type -> the parts of its backend that a walk needs, with `around` around each rule."""

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

    @property
    def masking(self) -> _WatchedRules:
        return _WatchedRules(self.rules.masking, self.around)


# -- results -------------------------------------------------------------------------------------

_lock = threading.Lock()
_open = 0


def set_watchers(watchers: tuple[Watcher, ...]) -> None:
    """Make `watchers` the only tools that see this thread from now on."""
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
