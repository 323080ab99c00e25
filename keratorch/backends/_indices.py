"""Questions about an index: whether it has negative steps, and whether it makes a view."""

from __future__ import annotations

from typing import Any


def has_negative_step(key: Any) -> bool:
    """Whether a slice in an index has a negative step."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, slice) and part.step is not None and part.step < 0:
            return True
    return False


def is_basic(key: Any) -> bool:
    """Whether an index makes a view: it has only integers, slices, ``None`` and ``...``."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        part is None
        or part is ...
        or type(part) in (int, slice)
        or (hasattr(part, "__index__") and not hasattr(part, "shape") and type(part) is not bool)
        for part in parts
    )


def may_repeat(key: Any) -> bool:
    """Whether an index may name an element twice, because it has integer arrays in it."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, list):
            if len(part) != 1 or isinstance(part[0], list):
                return True
        elif "int" in str(getattr(part, "dtype", "")) and part.shape not in ((), (1,)):
            return True
    return False
