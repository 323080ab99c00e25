"""NumPy with gradients, with the names that HIPS/autograd adds: `make_diagonal`, `metadata`.

The module is `keratorch.numpy`, except for `where`: given Python numbers and lists alone, it
returns Python numbers and lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as _numpy

from ... import numpy as _knp
from ...core.array import GradArray as _GradArray
from ...transforms.tree import leaves as _leaves
from .. import builtins as _builtins
from . import fft as fft
from . import linalg as linalg
from . import numpy_boxes as numpy_boxes
from . import numpy_vjps as numpy_vjps
from . import numpy_vspaces as numpy_vspaces
from . import numpy_wrapper as numpy_wrapper
from . import random as random

__version__ = _numpy.__version__

#: Functions that take any iterable of arrays in HIPS/autograd, such as a generator.
_JOINS = ("column_stack", "concatenate", "dstack", "hstack", "row_stack", "stack", "vstack")


def _of_any_iterable(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def joined(arrays: Any, *args: Any, **kwargs: Any) -> Any:
        given = list(arrays) if isinstance(arrays, Iterator) else arrays
        return function(given, *args, **kwargs)

    return joined


def make_diagonal(D: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Square matrices with the rows of `D` on their diagonals: the inverse of ``diagonal``.

    As in HIPS/autograd, `offset` is 0 and the axes are −1 and −2, in that order.
    """
    if (offset, axis1, axis2) != (0, -1, -2):
        raise NotImplementedError(
            "make_diagonal: only offset=0, axis1=-1, axis2=-2 are known: write "
            "make_diagonal(D, offset=0, axis1=-1, axis2=-2)"
        )
    return _knp.expand_dims(D, -1) * _numpy.eye(_knp.shape(D)[-1])


def metadata(A: Any) -> tuple[Any, int, Any, bool]:
    """The shape, the number of axes, the dtype, and whether the array is complex."""
    return _knp.shape(A), _knp.ndim(A), _knp.result_type(A), bool(_knp.iscomplexobj(A))


def where(condition: Any, *args: Any, **kwargs: Any) -> Any:
    """Elements of `x` where the condition holds, else of `y`; the indices without `x` and `y`."""
    if not args and not kwargs:
        return _knp.where(condition)
    given = [*args, *[kwargs[name] for name in ("x", "y") if name in kwargs]]
    if len(given) != 2:
        raise ValueError("where: give both x and y, or neither of them")
    found = _knp.where(condition, *given)
    python = not any(
        _builtins.isinstance(v, (_numpy.ndarray, _numpy.generic))
        for v in _leaves((condition, given))
    )
    if python and type(found) is not _GradArray:
        return _numpy.asarray(found).tolist()
    return found


def __getattr__(name: str) -> Any:
    value = getattr(_knp, name)
    if name in _JOINS:
        value = _of_any_iterable(value)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*dir(_knp), "make_diagonal", "metadata"})
