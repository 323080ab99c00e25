"""The display of a `GradArray`: as text, and as HTML in a notebook."""

from __future__ import annotations

from typing import Any

from .nodes import get_raw
from .sync import waits


def text(x: Any) -> str:
    """The values as their library shows them, then the dtype, device and other facts.

    The values of an array on a GPU are copied to the host. Inside `no_sync` this raises
    `SyncError`.
    """
    body, indent = _values(x, "repr")
    notes = [f"{key}={value}" for key, value in _notes(x, body)]
    body = body.replace("\n" + " " * indent, "\n" + " " * len("GradArray("))
    return f"GradArray({body}, {', '.join(notes)})"


def html(x: Any) -> str:
    """The facts as a small table above the values; all text from users is escaped."""
    from html import escape  # imported here: only notebooks need it

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
    """The text inside the brackets of the raw array's `repr`, and the indent of its lines."""
    raw = get_raw(x)
    waits(what, raw.shape, "keep the array, and print it later")
    lines = repr(raw)
    start, _, rest = lines.partition("(")
    if rest and start in ("array", "Array", "tensor"):
        return rest.rpartition(")")[0], len(start) + 1
    return lines, len(start) + 1


def _notes(x: Any, body: str) -> list[tuple[str, str]]:
    """The names and values of the facts that `body`, the text of the values, does not show."""
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
