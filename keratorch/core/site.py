"""Finding the line of the user's code that is running."""

from __future__ import annotations

import linecache
import sys
from types import CodeType
from typing import NamedTuple

#: The packages whose frames do not count as the user's code.
_LIBRARIES = frozenset(
    [
        *("keratorch", "array_api_compat", "array_api_extra", "array_api_strict", "contextlib"),
        *("cupy", "cupyx", "dask", "functools", "jax", "jaxlib", "numpy", "scipy", "torch"),
    ]
)


class Site(NamedTuple):
    """A line of code."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        """``file:line, in function``, with the source line below."""
        text = linecache.getline(self.file, self.line).strip()
        where = f"{self.file}:{self.line}, in {self.function}"
        return f"{where}\n    {text}" if text else where


def user_site(until: tuple[CodeType, ...] = ()) -> Site | None:
    """The innermost line outside keratorch and the array libraries; `None` if there is none.

    until : stop at a frame that runs one of these code objects.
    """
    frame = sys._getframe(1)
    while frame is not None and frame.f_code not in until:
        module: str = frame.f_globals.get("__name__") or ""
        if (
            module.partition(".")[0] not in _LIBRARIES
            # Code that keratorch generated has no file.
            and not frame.f_code.co_filename.startswith("<keratorch")
        ) or module.startswith("keratorch.examples"):
            return Site(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)
        frame = frame.f_back
    return None


__all__ = ["Site", "user_site"]
