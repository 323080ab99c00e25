"""The public names of ``numpy.polynomial.laguerre``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy.polynomial.laguerre as _laguerre

from ...interop._polynomials import family as _family


def __getattr__(name: str) -> Any:
    names = _family("laguerre")
    value = globals()[name] = names[name] if name in names else getattr(_laguerre, name)
    return value


def __dir__() -> list[str]:
    return list(_laguerre.__all__)
