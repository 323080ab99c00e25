"""The public names of ``numpy.polynomial.hermite_e``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import numpy.polynomial.hermite_e as _hermite_e

from ...interop._polynomials import family as _family


def __getattr__(name: str) -> Any:
    names = _family("hermite_e")
    value = globals()[name] = names[name] if name in names else getattr(_hermite_e, name)
    return value


def __dir__() -> list[str]:
    return list(_hermite_e.__all__)
