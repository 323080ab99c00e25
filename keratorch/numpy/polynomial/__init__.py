"""The public names of ``numpy.polynomial``: functions and classes that take `GradArray`s too.

>>> import keratorch as kt
>>> import keratorch.numpy as np
>>> kt.grad(lambda c: np.polynomial.chebyshev.chebval(0.5, c))(np.array([1.0, 2.0, 3.0]))
array([ 1. ,  0.5, -0.5])
"""

from __future__ import annotations

from typing import Any

import numpy.polynomial as _polynomial

from ...interop._polynomials import FAMILIES as _FAMILIES
from ...interop._polynomials import family as _family
from . import chebyshev as chebyshev
from . import hermite as hermite
from . import hermite_e as hermite_e
from . import laguerre as laguerre
from . import legendre as legendre
from . import polynomial as polynomial
from . import polyutils as polyutils


def __getattr__(name: str) -> Any:
    for home, cls in _FAMILIES.items():
        if name == cls:
            value = _family(home)[cls]
            break
    else:
        value = getattr(_polynomial, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(_polynomial.__all__)
