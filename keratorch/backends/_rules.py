"""The rules of a backend: which rule each `Grad` subclass has, and where the kernels come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

RawArray = Any
Rule = Callable[[Any, Any], "tuple[Any, ...]"]


#: The name of a backend -> a function that gives the module of its kernels (`keratorch.kernels`).
KERNELS: dict[str, Callable[[], Any]] = {}


class RuleTable(dict[type, Rule]):
    """Maps a `Grad` subclass (exact type) to the rule of one backend.

    A class that is not in the table uses its own `backward`.
    """

    __slots__ = ()

    def __missing__(self, cls: type) -> Rule:
        return cls.backward  # type: ignore[attr-defined]


__all__ = ["KERNELS", "RawArray", "Rule", "RuleTable"]
