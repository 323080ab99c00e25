"""NumPy's creation functions, given a `GradArray` as ``like=``: ``np.zeros(3, like=x)``.

The new array has NumPy's values and dtype, and the library and device of `like`. `array`,
`asarray`, `full` and others take tracked values.
"""

from __future__ import annotations

from typing import Any

from ..core.array import GradArray
from ..core.nodes import is_tracked
from ._lookup import table_function
from ._values import arrays_in, not_differentiable, unwrapped

#: The functions that fill an array with one number -> the number.
_FILLS = {"empty": 0.0, "ones": 1.0, "zeros": 0.0}


def made_like(like: GradArray, name: str, args: Any, kwargs: Any) -> Any:
    """The array that NumPy's function `name` makes, on the device of `like`."""
    import numpy as np

    if name == "fromfunction":
        return _from_function(like, *args, **kwargs)
    if name in _FILLS:
        return _filled(like, _FILLS[name], *args, **kwargs)
    function = table_function(name)
    if function is not None:
        return function(*args, like=like, **kwargs)
    for x in arrays_in((args, kwargs)):
        if is_tracked(x):
            raise not_differentiable(f"numpy.{name}", x)
    return _placed(getattr(np, name)(*unwrapped(args), **unwrapped(kwargs)), like)


def _filled(
    like: GradArray, value: float, shape: Any, dtype: Any = None, order: Any = "C", **kwargs: Any
) -> Any:
    from ._numpy_api.creation import full

    return full(shape, value, dtype, order, like=like, **kwargs)


def _from_function(
    like: GradArray, function: Any, shape: Any, *, dtype: Any = float, **kwargs: Any
) -> Any:
    """``np.fromfunction``: `function` gets its arrays of indices on the device of `like`."""
    import numpy as np

    indices = (_placed(i, like) for i in np.indices(shape, dtype))
    return _placed(function(*indices, **kwargs), like)


def _placed(found: Any, like: GradArray) -> Any:
    """A result of NumPy, with its arrays of numbers moved to the device of `like`."""
    import numpy as np

    from ._numpy_api._arguments import placed

    if isinstance(found, (tuple, list)):
        return type(found)(_placed(f, like) for f in found)
    numbers = isinstance(found, (np.ndarray, np.generic)) and found.dtype.kind in "biufc"
    return placed(found, like) if numbers else found


__all__ = ["made_like"]
