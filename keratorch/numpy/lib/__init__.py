"""The public names of ``numpy.lib``."""

from __future__ import annotations

from typing import Any

import numpy.lib as _lib

from ...interop._mirror import Mirror as _Mirror
from ...interop._mirror import finds_keratorch as _finds_keratorch
from .. import emath as _emath
from . import stride_tricks as stride_tricks

scimath = _emath
_mirror = _Mirror(_lib, prefix="lib.", dispatches=_finds_keratorch)


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
