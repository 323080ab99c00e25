"""The public names of ``numpy.polynomial.legendre``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy.polynomial.legendre as _legendre

from ...interop._polynomials import family as _family


def __getattr__(name: str) -> Any:
    names = _family("legendre")
    value = globals()[name] = names[name] if name in names else getattr(_legendre, name)
    return value


def __dir__() -> list[str]:
    return list(_legendre.__all__)
