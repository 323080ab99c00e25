"""The public names of ``numpy.emath``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy as _numpy

from ..interop._mirror import Mirror as _Mirror
from ..interop._mirror import finds_keratorch as _finds_keratorch

_mirror = _Mirror(_numpy.emath, prefix="lib.scimath.", dispatches=_finds_keratorch)


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
