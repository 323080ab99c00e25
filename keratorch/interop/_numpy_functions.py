"""NumPy's functions that are no ufuncs, called with a `GradArray`: ``np.concatenate([x, y])``.

Those of the table are differentiated. The others work on constants, and refuse tracked arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .._array import GradArray, get_slot
from .._record import constant
from .._writes import share
from ..backends import _registry
from ..errors import NotDifferentiableError


def _method(name: str) -> Callable[..., Any]:
    """The method of `GradArray` of that name, which takes NumPy's arguments."""
    return lambda a, *args, **kwargs: getattr(_array(a), name)(*args, **kwargs)


def _array(a: Any) -> GradArray:
    import keratorch

    return a if isinstance(a, GradArray) else keratorch.asarray(a)


def _concatenate(arrays: Any, axis: int | None = 0) -> Any:
    import keratorch

    return keratorch.concat(list(arrays), axis=axis)


def _stack(arrays: Any, axis: int = 0) -> Any:
    import keratorch

    return keratorch.stack(list(arrays), axis=axis)


def _where(condition: Any, x: Any, y: Any) -> Any:
    import keratorch

    return keratorch.where(condition, x, y)


def _squeeze(a: Any, axis: Any = None) -> Any:
    import keratorch

    if axis is None:
        axis = tuple(i for i, n in enumerate(a.shape) if n == 1)
    return keratorch.squeeze(a, axis=axis)


def _renamed(name: str) -> Callable[..., Any]:
    """The function of keratorch of that name, whose arguments are NumPy's."""

    def call(*args: Any, **kwargs: Any) -> Any:
        import keratorch

        return getattr(keratorch, name)(*args, **kwargs)

    return call


def _by_axis(name: str, default: Any) -> Callable[..., Any]:
    """A function of keratorch that takes its axis by keyword alone."""

    def call(a: Any, axis: Any = default) -> Any:
        import keratorch

        return getattr(keratorch, name)(a, axis=axis)

    return call


#: Name in NumPy -> a function of NumPy's arguments.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _method(name) for name in ("sum", "mean", "max", "min", "reshape", "transpose")},
    "amax": _method("max"),
    "amin": _method("min"),
    "astype": _method("astype"),
    "copy": _method("copy"),
    "concatenate": _concatenate,
    "concat": _concatenate,
    "stack": _stack,
    "where": _where,
    "squeeze": _squeeze,
    "clip": _method("clip"),
    "broadcast_to": _renamed("broadcast_to"),
    "moveaxis": _renamed("moveaxis"),
    "permute_dims": _renamed("permute_dims"),
    "matrix_transpose": _renamed("matrix_transpose"),
    "expand_dims": _by_axis("expand_dims", 0),
    "flip": _by_axis("flip", None),
    "unstack": _by_axis("unstack", 0),
    "real": _renamed("real"),
    "imag": _renamed("imag"),
    "zeros_like": _renamed("zeros_like"),
    "ones_like": _renamed("ones_like"),
    "empty_like": _renamed("empty_like"),
    "full_like": _renamed("full_like"),
    "argmax": _by_axis("argmax", None),
    "argmin": _by_axis("argmin", None),
    "all": _by_axis("all", None),
    "any": _by_axis("any", None),
    "shape": lambda a: a.shape,
    "ndim": lambda a: a.ndim,
    "size": lambda a: a.size,
}


#: NumPy's functions that write into their first argument.
_WRITERS = frozenset(["copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal"])


def array_function(
    self: GradArray, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What NumPy calls in place of `func`, where an argument is a `GradArray`."""
    found = _FUNCTIONS.get(func.__name__) if func.__module__ == "numpy" else None
    if found is not None:
        try:
            return found(*args, **kwargs)
        except TypeError as error:
            if "argument" not in str(error):
                raise
            what = f"numpy.{func.__name__} with {', '.join(kwargs) or 'these arguments'}"
    else:
        what = f"{func.__module__}.{func.__name__}"
    arrays = list(_arrays_in((args, kwargs)))
    if any(x._edge is not None or x._tangents is not None for x in arrays):
        raise NotDifferentiableError(
            f"{what} has no rule for a GradArray of shape {tuple(self.shape)}: use keratorch's own "
            "functions, or detach() to compute without a gradient"
        )
    written = [kwargs.get("out"), args[0] if func.__name__ in _WRITERS and args else None]
    if any(isinstance(w, GradArray) for w in written) or kwargs.get("copy") is False:
        raise NotDifferentiableError(
            f"{what} would write into a GradArray of shape {tuple(self.shape)} past its record: "
            "write with x[...] = value"
        )
    found = _wrapped(func(*_raw(args), **_raw(kwargs)))
    for part in found if isinstance(found, (tuple, list)) else (found,):
        if isinstance(part, GradArray):
            for x in arrays:
                if _registry.of(x._array).storage(x._array) == _storage_of(part, x):
                    share(x, part)
    return found


def _storage_of(view: GradArray, x: GradArray) -> int | None:
    """The key of the memory of `view`, if it is of the library of `x`."""
    backend = _registry.of(x._array)
    return backend.storage(view._array) if _registry.of(view._array) is backend else None


def _arrays_in(value: Any) -> Iterator[GradArray]:
    if isinstance(value, GradArray):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            yield from _arrays_in(v)
    elif isinstance(value, dict):
        yield from _arrays_in(list(value.values()))


def _raw(value: Any) -> Any:
    """`value`, with every `GradArray` in it as a NumPy array."""
    import numpy as np

    if isinstance(value, GradArray):
        raw = get_slot(value)
        return raw if type(raw) is np.ndarray else np.asarray(value)
    if isinstance(value, tuple):
        return tuple(_raw(v) for v in value)
    if isinstance(value, list):
        return [_raw(v) for v in value]
    if isinstance(value, dict):
        return {k: _raw(v) for k, v in value.items()}
    return value


def _wrapped(value: Any) -> Any:
    """The arrays of a result as constants; the rest as it is."""
    import numpy as np

    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        return constant(value)
    if type(value) is tuple:
        return tuple(_wrapped(v) for v in value)
    if type(value) is list:
        return [_wrapped(v) for v in value]
    return value
