"""The public names of ``cupy.lib.stride_tricks``, whose windows are differentiable."""

from __future__ import annotations

from typing import Any

import cupy.lib.stride_tricks as _stride_tricks

from ...interop._mirror import Mirror as _Mirror

_mirror = _Mirror(_stride_tricks, prefix="lib.stride_tricks.")


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
