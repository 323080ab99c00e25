"""Functions that report dtypes, memory and text of arrays. None of them has a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.nodes import raw_of
from ._arguments import is_complex
from ._table import implements


@implements("iscomplexobj", constant=True)
def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return is_complex(x)


@implements("isrealobj", constant=True)
def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return not is_complex(x)


@implements("isscalar", constant=True)
def isscalar(element: Any) -> bool:
    """`False`: a `GradArray` is an array."""
    return False


@implements("iterable", constant=True)
def iterable(y: Any) -> bool:
    """Whether there is an axis to iterate over."""
    return y.ndim > 0


@implements("result_type", constant=True)
def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype by NumPy's rules of promotion."""
    return kt.result_type(*arrays_and_dtypes)


@implements("can_cast", constant=True)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Whether the rule `casting` allows a cast from the dtype of `from_` to `to`."""
    dtype = from_.dtype if isinstance(from_, GradArray) else from_
    return np.can_cast(dtype, to, casting)


@implements("common_type", constant=True)
def common_type(*arrays: Any) -> type:
    """The floating type that all arrays fit in; float64 for integers."""
    return np.common_type(*(np.empty(0, dtype=np.dtype(str(a.dtype))) for a in arrays))


@implements("shares_memory", "may_share_memory", constant=True)
def shares_memory(a: Any, b: Any, /, max_work: Any = None) -> bool:
    """Whether two arrays may share memory."""
    a, b = raw_of(a), raw_of(b)
    if type(a) is np.ndarray and type(b) is np.ndarray:
        return np.shares_memory(a, b, max_work)
    backend = _registry.of(a)
    return _registry.of(b) is backend and backend.storage(a) == backend.storage(b)


@implements("array_repr", constant=True)
def array_repr(
    arr: Any, max_line_width: Any = None, precision: Any = None, suppress_small: Any = None
) -> str:
    """The values as text; values on a GPU are copied to the host."""
    return np.array_repr(arr.numpy(), max_line_width, precision, suppress_small)


@implements("array_str", constant=True)
def array_str(
    a: Any, max_line_width: Any = None, precision: Any = None, suppress_small: Any = None
) -> str:
    """The values as text; values on a GPU are copied to the host."""
    return np.array_str(a.numpy(), max_line_width, precision, suppress_small)


@implements("array2string", constant=True)
def array2string(a: Any, *args: Any, **kwargs: Any) -> str:
    """The values as text; values on a GPU are copied to the host."""
    return np.array2string(a.numpy(), *args, **kwargs)
