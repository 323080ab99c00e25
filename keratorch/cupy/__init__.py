"""CuPy with gradients: ``import keratorch.cupy as cp``.

The public names of the CuPy that is installed. Raw arrays in, raw arrays out, by CuPy itself. A
`GradArray` in gives a `GradArray`, by keratorch's function of that name; a function without one
raises `NotDifferentiableError` for a tracked array. CuPy's own functions take `GradArray`s too
where they let others in: its ufuncs, and what calls methods.
"""

from __future__ import annotations

from typing import Any

try:
    import cupy as _cupy
except ImportError as _error:
    from ..errors import BackendUnavailableError as _BackendUnavailableError

    raise _BackendUnavailableError(
        "keratorch.cupy mirrors CuPy, which is not installed: pip install 'keratorch[cuda12]', or "
        "import keratorch.numpy"
    ) from _error

from ..interop._mirror import Mirror as _Mirror
from ..interop._mirror_index import Rows as _Rows
from . import fft as fft
from . import lib as lib
from . import linalg as linalg
from . import random as random
from ._names import asnumpy as asnumpy
from ._names import fuse as fuse
from ._names import get_array_module as get_array_module

# CuPy's ufuncs find keratorch by CuPy's hook.
_mirror = _Mirror(_cupy, dispatches=lambda value: isinstance(value, _cupy.ufunc))

r_ = _Rows(_cupy.r_, axis=0, after=False)
c_ = _Rows(_cupy.c_, axis=-1, after=True)


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
