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
from . import linalg as linalg
from . import random as random

_mirror = _Mirror(_cupy)

r_ = _Rows(_cupy.r_, axis=0, after=False)
c_ = _Rows(_cupy.c_, axis=-1, after=True)


def get_array_module(*args: Any) -> Any:
    """`keratorch.cupy` if any argument is, or holds, a CuPy array; else `keratorch.numpy`.

    CuPy's own function answers NumPy for every `GradArray`.
    """
    import sys

    from ..interop._numpy_functions import raw_of

    if any(isinstance(raw_of(a), _cupy.ndarray) for a in args):
        return sys.modules[__name__]
    from .. import numpy

    return numpy


def asnumpy(a: Any, *args: Any, **kwargs: Any) -> Any:
    """The values in a NumPy array on the host; a tracked array is refused."""
    from ..interop._numpy_functions import is_gradarray, is_tracked

    if not is_gradarray(a):
        return _cupy.asnumpy(a, *args, **kwargs)
    if is_tracked(a):
        from ..errors import LostGradientError

        raise LostGradientError(
            f"cupy.asnumpy of a tracked array of shape {tuple(a.shape)} would lose its gradient: "
            "use to_device('cpu'), which is differentiable, or detach() first"
        )
    return a.numpy()


def __getattr__(name: str) -> Any:
    value = globals()[name] = _mirror.attribute(name)
    return value


def __dir__() -> list[str]:
    return _mirror.names()
