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

    A class that is not in the table uses its own `backward_parts`, or its `backward`.
    """

    __slots__ = ("masking",)

    def __init__(self) -> None:
        super().__init__()
        #: The rules of nodes below a selection.
        self.masking = MaskingTable(self)

    def __missing__(self, cls: type) -> Rule:
        return cls.backward_parts or cls.backward  # type: ignore[attr-defined]

    def __setitem__(self, cls: type, rule: Rule) -> None:
        super().__setitem__(cls, rule)
        self.masking.pop(cls, None)

    def __delitem__(self, cls: type) -> None:
        super().__delitem__(cls)
        self.masking.pop(cls, None)

    def pop(self, cls: type, *default: Any) -> Any:
        self.masking.pop(cls, None)
        return super().pop(cls, *default)

    def update(self, rules: Any = (), /) -> None:  # type: ignore[override]
        for cls, rule in dict(rules).items():
            self[cls] = rule


class MaskingTable(dict[type, Rule]):
    """The second table of a backend: where a gradient is 0, an infinite partial counts as 0.

    A rule may have an attribute ``masking``: a function that makes its variant that masks. Any
    other rule runs as it is. The general rules ask ``mode.masking``, which the walk sets.
    """

    __slots__ = ("plain",)

    def __init__(self, plain: RuleTable) -> None:
        super().__init__()
        self.plain = plain

    def __missing__(self, cls: type) -> Rule:
        rule = self.plain[cls]
        make = getattr(rule, "masking", None)
        found = self[cls] = rule if make is None else make()
        return found


__all__ = ["KERNELS", "MaskingTable", "RawArray", "Rule", "RuleTable"]
