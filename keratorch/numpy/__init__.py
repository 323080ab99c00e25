"""NumPy with gradients: ``import keratorch.numpy as np``.

The public names of the NumPy that is installed. Raw arrays in, raw arrays out, by NumPy itself.
A `GradArray` in, of any backend, gives a `GradArray`: most functions of NumPy find keratorch by
themselves, and `array`, `asarray` and the others that do not are replaced here. A function
without a rule raises `NotDifferentiableError` for a tracked array.

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

from ..interop._mirror import Mirror as _Mirror


def _dispatches(value: Any) -> bool:
    return isinstance(value, _numpy.ufunc) or hasattr(value, "_implementation")


_mirror = _Mirror(_numpy, dispatches=_dispatches)

from . import fft as fft  # noqa: E402
from . import linalg as linalg  # noqa: E402
from . import random as random  # noqa: E402


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
