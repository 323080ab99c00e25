"""The public names of ``numpy.polynomial.chebyshev``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy.polynomial.chebyshev as _chebyshev

from ...interop._polynomials import family as _family


def __getattr__(name: str) -> Any:
    names = _family("chebyshev")
    value = globals()[name] = names[name] if name in names else getattr(_chebyshev, name)
    return value


def __dir__() -> list[str]:
    return list(_chebyshev.__all__)
