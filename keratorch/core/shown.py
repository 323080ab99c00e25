"""The text for an argument in an error message."""

from __future__ import annotations

from typing import Any

#: How many entries of a sequence, and how many characters of anything else, a message shows.
_ENTRIES, _CHARACTERS = 6, 60


def shown(value: Any) -> str:
    """A short text for `value`: of an array the dtype and the shape, else its `repr`.

    The values of an array are not read: they may be on a device, and may be many.
    """
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        kind = type(value).__name__
        return f"{kind} of dtype {value.dtype} and shape {tuple(value.shape)}"
    if isinstance(value, (list, tuple)):
        parts = [shown(v) for v in value[:_ENTRIES]]
        if len(value) > _ENTRIES:
            parts.append(f"… ({len(value)} in all)")
        inside = ", ".join(parts)
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        return f"a dict of {len(value)} entries"
    text = repr(value)
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"


__all__ = ["shown"]
