"""`keratorch.numpy.fft`, under HIPS/autograd's name."""

from __future__ import annotations

from typing import Any

from ...numpy import fft as _fft


def __getattr__(name: str) -> Any:
    value = globals()[name] = getattr(_fft, name)
    return value


def __dir__() -> list[str]:
    return dir(_fft)
