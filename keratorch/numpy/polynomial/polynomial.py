"""The public names of ``numpy.polynomial.polynomial``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy.polynomial.polynomial as _polynomial

from ...interop._polynomials import family as _family


def __getattr__(name: str) -> Any:
    names = _family("polynomial")
    value = globals()[name] = names[name] if name in names else getattr(_polynomial, name)
    return value


def __dir__() -> list[str]:
    return list(_polynomial.__all__)
