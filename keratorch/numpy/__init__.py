"""NumPy with gradients: ``import keratorch.numpy as np``.

The module has the public names of the installed NumPy. Given raw arrays, NumPy itself computes and
returns raw arrays. Given a `GradArray` of any backend, a function returns a `GradArray`. Most
functions of NumPy find keratorch by themselves; this module replaces `array`, `asarray` and the
others that do not. A function without a rule raises `NotDifferentiableError` for a tracked array.

>>> import keratorch as kt
>>> import keratorch.numpy as np
>>> def f(x):
...     return np.sum(np.array([x[0] * x[1], np.exp(x[0])]))
>>> kt.grad(f)(np.array([0.0, 2.0]))
array([3., 0.])
"""

from __future__ import annotations

from typing import Any

import numpy as _numpy

from ..interop._enumerate import ndenumerate as ndenumerate
from ..interop._fillable_into import as_fillable as _as_fillable
from ..interop._iterators import nditer as nditer
from ..interop._mirror import Mirror as _Mirror
from ..interop._mirror import finds_keratorch as _finds_keratorch
from ..interop._mirror_index import Rows as _Rows
from ..interop._poly1d import OF_POLYNOMIALS as _OF_POLYNOMIALS
from ..interop._poly1d import of_polynomials as _of_polynomials
from ..interop._poly1d import poly1d as poly1d
from ..interop._vectorize import vectorize as vectorize
from . import emath as emath
from . import fft as fft
from . import lib as lib
from . import linalg as linalg
from . import polynomial as polynomial
from . import random as random

_mirror = _Mirror(_numpy, dispatches=_finds_keratorch, fillable=_as_fillable)

r_ = _Rows(_numpy.r_, axis=0, after=False)
c_ = _Rows(_numpy.c_, axis=-1, after=True)


def __getattr__(name: str) -> Any:
    value = _mirror.attribute(name)
    if name in _OF_POLYNOMIALS:
        value = _of_polynomials(value, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return _mirror.names()
