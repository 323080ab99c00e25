"""`keratorch.numpy.random`, under HIPS/autograd's name."""

from __future__ import annotations

from typing import Any

from ...numpy import random as _random


def __getattr__(name: str) -> Any:
    value = globals()[name] = getattr(_random, name)
    return value


def __dir__() -> list[str]:
    return dir(_random)
