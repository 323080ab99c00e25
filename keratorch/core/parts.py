"""Gradients that a rule leaves to the walk, so that n reads or writes of elements cost O(n).

The gradient of ``x[i]`` is 0 but at one place, and that of a write differs from the gradient that
the rule got at one place. As whole arrays, n of them would cost O(n²). A walk adds the first kind
into the sum of its edge, and hands the second kind on in the same memory where nobody else sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backends import _registry
from ..backends._indices import may_repeat
from .nodes import GradArrayBase


class Deferred:
    """A gradient that is no array yet."""

    __slots__ = ()

    def dense(self, grad: Any) -> Any:
        """The gradient as a new array. grad : the gradient that the rule got."""
        raise NotImplementedError


class Part(Deferred):
    """A gradient that is `values` at an index, and 0 elsewhere; repeated indices add up.

    rule : ``rule(values)`` gives that gradient as an array, in a tuple.
    """

    __slots__ = ("key", "rule", "values")

    def __init__(self, values: Any, key: Any, rule: Callable[[Any], tuple[Any, ...]]) -> None:
        self.values: Any = values
        self.key: Any = key
        self.rule: Callable[[Any], tuple[Any, ...]] = rule

    def dense(self, grad: Any) -> Any:
        return self.rule(self.values)[0]

    def added(self, total: Any) -> Any:
        """`total`, which is ours, with this gradient added: in place where the library can."""
        if isinstance(total, GradArrayBase):
            if may_repeat(self.key) or not _registry.of(total._array).fills:
                return total + self.dense(total)
            total[self.key] += self.values  # type: ignore[index]
            return total
        return _registry.of(total).add_part(total, self.key, self.values)


class Cleared(Deferred):
    """The gradient that the rule got, with 0 in the place of a write.

    clear : ``clear(grad, ours)`` gives that gradient. `ours` : whether `clear` may write in `grad`.
    """

    __slots__ = ("clear",)

    def __init__(self, clear: Callable[[Any, bool], Any]) -> None:
        self.clear: Callable[[Any, bool], Any] = clear

    def dense(self, grad: Any) -> Any:
        return self.clear(grad, False)


def values_of(g: Any) -> Any:
    """What a tool may look at of a gradient: the values of a `Part`, and nothing of a `Cleared`."""
    if isinstance(g, Deferred):
        return g.values if isinstance(g, Part) else None
    return g


__all__ = ["Cleared", "Deferred", "Part", "values_of"]
