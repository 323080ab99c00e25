"""The public names of ``numpy.lib.stride_tricks``, whose windows are differentiable."""

from __future__ import annotations

from typing import Any

import numpy.lib.stride_tricks as _stride_tricks

from ...interop._mirror import Mirror as _Mirror
from ...interop._mirror import finds_keratorch as _finds_keratorch

_mirror = _Mirror(_stride_tricks, prefix="lib.stride_tricks.", dispatches=_finds_keratorch)


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
