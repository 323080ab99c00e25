"""The public names of ``numpy.polynomial.polyutils``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy.polynomial.polyutils as _polyutils

from ...interop._polynomials import family as _family


def __getattr__(name: str) -> Any:
    names = _family("polyutils")
    value = globals()[name] = names[name] if name in names else getattr(_polyutils, name)
    return value


def __dir__() -> list[str]:
    return list(_polyutils.__all__)
