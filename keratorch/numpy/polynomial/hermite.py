"""The public names of ``numpy.polynomial.hermite``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy.polynomial.hermite as _hermite

from ...interop._polynomials import family as _family


def __getattr__(name: str) -> Any:
    names = _family("hermite")
    value = globals()[name] = names[name] if name in names else getattr(_hermite, name)
    return value


def __dir__() -> list[str]:
    return list(_hermite.__all__)
