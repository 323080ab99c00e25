"""How a `GradArray` looks: as text, and in a notebook."""

from __future__ import annotations

from typing import Any

from .nodes import get_raw
from .sync import waits


def text(x: Any) -> str:
    """The values as their library shows them, then what there is to say of the array.

    The values of an array on a GPU are copied to the host for it; inside `no_sync` it raises.
    """
    body, indent = _values(x, "repr")
    notes = [f"{key}={value}" for key, value in _notes(x, body)]
    body = body.replace("\n" + " " * indent, "\n" + " " * len("GradArray("))
    return f"GradArray({body}, {', '.join(notes)})"


def html(x: Any) -> str:
    """The same as a small table over the values; all that comes from users is escaped."""
    from html import escape  # loaded where a notebook asks

    body, indent = _values(x, "_repr_html_")
    notes = dict(_notes(x, ""))
    notes = {"shape": str(tuple(x.shape)), "dtype": str(get_raw(x).dtype), **notes}
    head = "".join(f"<th>{escape(key)}</th>" for key in notes)
    cells = "".join(f"<td>{escape(str(value))}</td>" for value in notes.values())
    values = escape(body.replace("\n" + " " * indent, "\n"))
    return (
        '<div class="keratorch"><strong>GradArray</strong>'
        f"<table><thead><tr>{head}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
        f"<pre>{values}</pre></div>"
    )


def _values(x: Any, what: str) -> tuple[str, int]:
    """What is inside the brackets of the raw array's `repr`; how far its lines are indented."""
    raw = get_raw(x)
    waits(what, raw.shape, "keep the array, and print it later")
    lines = repr(raw)
    start, _, rest = lines.partition("(")
    if rest and start in ("array", "Array", "tensor"):
        return rest.rpartition(")")[0], len(start) + 1
    return lines, len(start) + 1


def _notes(x: Any, body: str) -> list[tuple[str, str]]:
    """Name and value of what `body`, the values, does not tell."""
    raw = get_raw(x)
    notes = [("device", repr(None if x.device is None else str(x.device)))]
    if "dtype" not in body:
        notes.insert(0, ("dtype", str(raw.dtype)))
    if "..." in body and "shape" not in body:
        notes.insert(0, ("shape", str(tuple(raw.shape))))
    if x._grad_op is not None:
        notes.append(("grad_op", type(x._grad_op).__name__))
    elif x._edge is not None:
        notes.append(("requires_grad", "True"))
    if x.name:
        notes.append(("name", repr(x.name)))
    return notes


__all__ = ["html", "text"]
