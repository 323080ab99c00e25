"""Entry points of installed packages, and what they may not take over.

A package names its backend in an entry point, and its code runs when keratorch meets an array that
no backend knows. The user need not know of the package. So a backend that comes this way serves no
type, no name and no device kind of a built-in backend: keratorch warns and keeps its own. A user
who wants another backend for such a type calls `register`.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

GROUP = "keratorch.backends"


class _Loading(threading.local):
    #: The entry point that this thread loads now.
    entry: Any = None


_loading = _Loading()
_table: dict[str, Any] | None = None


def entry_points(built_in: Iterable[str]) -> dict[str, Any]:
    """The entry points of the group by name, without those that have the name of a built-in."""
    global _table
    if _table is None:
        from importlib import metadata

        found: dict[str, Any] = {}
        refused: list[str] = []
        own = set(built_in)
        for entry in metadata.entry_points(group=GROUP):
            if entry.name in own:
                refused.append(f"{described(entry)}: keratorch has its own backend of that name")
            elif entry.name in found and found[entry.name].value != entry.value:
                other = described(found[entry.name])
                refused.append(f"{described(entry)}: {other} has that name already")
            else:
                found[entry.name] = entry
        _table = found
        for text in refused:
            _warn(text)
    return _table


def described(entry: Any) -> str:
    """An entry point in messages: its name, its object and its distribution."""
    dist = getattr(entry, "dist", None)
    name = "an unknown distribution" if dist is None else f"the distribution {dist.name}"
    return f"the entry point {entry.name!r} = {entry.value!r} of {name}"


@contextmanager
def loading(entry: Any) -> Generator[None]:
    """Within the context, this thread runs the code of `entry`; of none for `None`."""
    before = _loading.entry
    _loading.entry = entry
    try:
        yield
    finally:
        _loading.entry = before


def is_loading() -> bool:
    """Whether this thread runs the code of an entry point."""
    return _loading.entry is not None


def refuse(what: str, owner: str) -> None:
    """Warn that the entry point that is loaded asked for `what`, which the backend `owner` has."""
    _warn(
        f"{described(_loading.entry)} asks for {what}, which keratorch's own backend {owner} "
        "serves: to have it, call keratorch.backends.register yourself"
    )


def _warn(text: str) -> None:
    warnings.warn(f"keratorch ignores {text}", UserWarning, stacklevel=3)


__all__ = ["GROUP", "described", "entry_points", "is_loading", "loading", "refuse"]
