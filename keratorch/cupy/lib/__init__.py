"""The public names of ``cupy.lib``."""

from __future__ import annotations

from typing import Any

import cupy.lib as _lib

from ...interop._mirror import Mirror as _Mirror
from . import stride_tricks as stride_tricks

_mirror = _Mirror(_lib, prefix="lib.")


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
