"""CuPy with gradients: ``import keratorch.cupy as cp``.

The module has the public names of the installed CuPy. Given raw arrays, CuPy itself computes and
returns raw arrays. Given a `GradArray`, keratorch's function of the same name returns a
`GradArray`; if there is none, a tracked array raises `NotDifferentiableError`. Some of CuPy's own
functions take `GradArray`s too: the ufuncs, and the functions that call methods of their arguments.
"""

from __future__ import annotations

from typing import Any

try:
    import cupy as _cupy
except ImportError as _error:
    from ..errors import BackendUnavailableError as _BackendUnavailableError

    raise _BackendUnavailableError(
        "keratorch.cupy mirrors CuPy, which is not installed: pip install "
        "'keratorch-autograd[cuda12]', or import keratorch.numpy"
    ) from _error

from ..core.recording import constant as _constant
from ..interop._mirror import Mirror as _Mirror
from ..interop._mirror_index import Rows as _Rows
from ..interop._poly1d import OF_POLYNOMIALS as _OF_POLYNOMIALS
from ..interop._poly1d import of_polynomials as _of_polynomials
from . import fft as fft
from . import lib as lib
from . import linalg as linalg
from . import polynomial as polynomial
from . import random as random
from ._arguments import UFunc as _UFunc
from ._arguments import adapted as _adapted
from ._kernels import RawKernel as RawKernel
from ._kernels import ReductionKernel as ReductionKernel
from ._names import asnumpy as asnumpy
from ._names import fuse as fuse
from ._names import get_array_module as get_array_module
from ._names import poly1d as poly1d

# CuPy's ufuncs call keratorch by CuPy's hook.
# An array of CuPy takes no tracked values, and a constant does.
_mirror = _Mirror(
    _cupy,
    dispatches=lambda value: isinstance(value, _cupy.ufunc),
    adapted=_adapted,
    ufunc=_UFunc,
    fillable=_constant,
)

r_ = _Rows(_cupy.r_, axis=0, after=False)
c_ = _Rows(_cupy.c_, axis=-1, after=True)


def __getattr__(name: str) -> Any:
    value = _mirror.attribute(name)
    if name in _OF_POLYNOMIALS:
        value = _of_polynomials(value, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return _mirror.names()
