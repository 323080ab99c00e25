"""NumPy's arrays that take tracked values: what the core knows of them.

`interop` makes two classes of them and sets `present`. An object of the first class is NumPy's
array until a tracked value is written into it. It is of the second class from then on, and stands
for a `GradArray`. keratorch's functions ask `present` for what such an object is now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backends import _registry


def _unchanged(value: Any) -> Any:
    return value


#: Both classes; empty until an array that can be filled is made for the first time.
classes: set[type] = _registry.changing
#: The second class; empty until a tracked value is written into such an array for the first time.
turned: set[type] = set()
#: The `GradArray` that an object stands for, or a copy of it as NumPy's own array.
present: Callable[[Any], Any] = _unchanged


def settled(value: Any) -> Any:
    """`value`, and what is in nested lists, tuples and dicts, with the `GradArray` of each object
    that stands for one."""
    if not turned:
        return value
    cls = type(value)
    if cls in turned:
        return present(value)
    if cls is tuple or cls is list:
        parts = [settled(v) for v in value]
        same = all([a is b for a, b in zip(parts, value, strict=True)])
        return value if same else cls(parts)
    if cls is dict:
        found = {k: settled(v) for k, v in value.items()}
        return value if all([found[k] is v for k, v in value.items()]) else found
    return value


__all__ = ["classes", "present", "settled", "turned"]
