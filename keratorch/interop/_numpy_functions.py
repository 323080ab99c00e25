"""Calls of NumPy's functions (not ufuncs) with a `GradArray`: ``np.concatenate([x, y])``.

The functions of the table `_numpy_api` are differentiable. Given constants alone, NumPy itself
computes. A tracked array given to a function outside the table raises `NotDifferentiableError`.
"""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..backends._subclasses import refuse
from ..core import filled
from ..core.array import GradArray
from ..core.callers import asked_by_optimizer
from ..core.mode import mode
from ..core.nodes import is_tracked
from ..core.recording import constant
from ..core.views import share
from ..errors import NotDifferentiableError
from ._like import made_like
from ._lookup import table_function
from ._values import MAKERS, WRITERS, arrays_in, not_differentiable, qualified_name, unwrapped

#: NumPy's functions whose results are views through which users write.
_VIEWERS = frozenset(["flip", "fliplr", "flipud"])

#: Through these functions SciPy's optimizers pass what a user's function returns: a value, a
#: gradient or a Jacobian. They go on with the result, and results of optimizers are plain arrays.
_OF_USERS = frozenset(["atleast_1d", "atleast_2d"])


def of_fillable() -> Any:
    """The module of arrays that take tracked values: loaded with the first of them."""
    from . import _fillable_into

    return _fillable_into


def array_function(
    self: GradArray, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """NumPy calls this in place of `func` if an argument is a `GradArray`."""
    import numpy as np

    if filled.classes and not filled.classes.isdisjoint(types):
        fillable = of_fillable()
        if fillable.takes_part(func, types, args, kwargs):
            return fillable.function_into(func, args, kwargs)
    for cls in types:
        if issubclass(cls, np.ndarray):
            refuse(cls)
    name = qualified_name(func)
    if name in MAKERS:
        return made_like(self, name, args, kwargs)
    arrays = list(arrays_in((args, kwargs)))
    if not arrays:  # `roots` and `poly` look at the elements of their argument, a `poly1d` here
        args = tuple(a.coeffs if isinstance(a, np.poly1d) else a for a in args)
        arrays = list(arrays_in(args))
    tracked = any(is_tracked(x) for x in arrays)
    writes = name in WRITERS and any(isinstance(a, GradArray) for a in args[:1])
    writes = writes or isinstance(kwargs.get("out"), GradArray)
    on_numpy = all(type(x._array) is np.ndarray for x in arrays)
    # Inside no_sync take the path of a GPU, so that operations that wait there raise here too.
    if tracked or writes or name in _VIEWERS or mode.no_sync or not on_numpy:
        function = table_function(name)
        if function is not None:
            if isinstance(kwargs.get("out"), GradArray):
                return into(function, args, **kwargs)
            return function(*args, **kwargs)
    if tracked:
        raise not_differentiable(f"numpy.{name}", self)
    written = [kwargs.get("out"), *((*args, *kwargs.values())[:1] if name in WRITERS else ())]
    in_place = name == "nan_to_num" and kwargs.get("copy") is False
    if any(isinstance(w, GradArray) for w in written) or in_place:
        raise NotDifferentiableError(
            f"numpy.{name} would write into a GradArray of shape {tuple(self.shape)} past its "
            "record: write with x[...] = value"
        )
    raw = func(*unwrapped(args), **unwrapped(kwargs))
    if name in _OF_USERS and asked_by_optimizer():
        return raw
    found = _as_constants(raw)
    for part in found if isinstance(found, (tuple, list)) else (found,):
        if isinstance(part, GradArray):
            for x in arrays:
                if _registry.of(x._array).storage(x._array) == _storage_of(part, x):
                    share(x, part)
    return found


def into(function: Any, args: Any, *, out: GradArray, **kwargs: Any) -> GradArray:
    """``out[...] = function(...)`` as a recorded write; returns `out`, as NumPy does."""
    from ._numpy_api.writing import copyto

    copyto(out, function(*args, **kwargs))
    return out


def _storage_of(view: GradArray, x: GradArray) -> int | None:
    """The key of the memory of `view`; `None` if `view` and `x` are of different libraries."""
    backend = _registry.of(x._array)
    return backend.storage(view._array) if _registry.of(view._array) is backend else None


def _as_constants(value: Any) -> Any:
    """A result of NumPy, with its arrays and scalars as constants and the rest unchanged."""
    import numpy as np

    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        return constant(array) if array.dtype.kind in "biufc" else value
    if isinstance(value, tuple):
        parts = [_as_constants(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if type(value) is list:
        return [_as_constants(v) for v in value]
    return value


__all__ = ["array_function", "into", "of_fillable"]
