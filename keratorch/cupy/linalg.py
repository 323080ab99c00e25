"""The public names of ``cupy.linalg``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import cupy as _cupy

from ..interop._mirror import Mirror as _Mirror

_mirror = _Mirror(_cupy.linalg, prefix="linalg.")


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
