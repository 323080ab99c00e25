"""Lists and tuples that hold tracked arrays, as arguments of a mirrored library's functions.

NumPy turns a list into an array by itself, and a tracked array in the list refuses that with
`LostGradientError`. The functions here then make the array with keratorch, and call again. A call
without such a list costs one ``try``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from ..core.array import GradArray
from ..core.recording import is_active
from ..errors import LostGradientError
from ._lookup import table_function

#: Function -> the arguments, by position and keyword, that are sequences of arrays. Any other list
#: is one array.
_SEQUENCES: dict[str, tuple[int | str, ...]] = {
    "block": (0, "arrays"),
    "choose": (1, "choices"),
    "column_stack": (0, "tup"),
    "concat": (0, "arrays"),
    "concatenate": (0, "arrays"),
    "dstack": (0, "tup"),
    "histogram2d": (2, "bins"),
    "histogramdd": (0, 1, "sample", "bins"),
    "hstack": (0, "tup"),
    "linalg.multi_dot": (0, "arrays"),
    "piecewise": (1, 2, "condlist", "funclist"),
    "select": (0, 1, "condlist", "choicelist"),
    "stack": (0, "arrays"),
    "vstack": (0, "tup"),
    "row_stack": (0, "tup"),
}
_METHODS = ("accumulate", "at", "outer", "reduce", "reduceat")
_FACTS = ("identity", "nargs", "nin", "nout", "ntypes", "signature", "types")


def takes_lists(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`function` of NumPy or CuPy, which also takes lists that hold tracked arrays.

    name : its name in the table, such as ``"sum"`` or ``"linalg.norm"``.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except LostGradientError:
            found = without_lists(name, args, kwargs)
            if found is None:
                raise
        args, kwargs = found
        return function(*args, **kwargs)

    return update_wrapper(call, function)


def ufunc_of_lists(ufunc: Any) -> Callable[..., Any]:
    """A ufunc, with its methods and facts, which also takes lists that hold tracked arrays."""
    name = str(ufunc.__name__)
    call = takes_lists(ufunc, name)
    for method in _METHODS:
        if hasattr(ufunc, method):
            setattr(call, method, takes_lists(getattr(ufunc, method), name))
    for fact in _FACTS:
        if hasattr(ufunc, fact):
            setattr(call, fact, getattr(ufunc, fact))
    return call


def without_lists(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The arguments with arrays in place of lists that hold tracked arrays; `None` without such."""
    sequences = _SEQUENCES.get(name, ())
    new_args = [_made(v, i in sequences) for i, v in enumerate(args)]
    new_kwargs = {k: _made(v, k in sequences) for k, v in kwargs.items()}
    same = all(a is b for a, b in zip(args, new_args, strict=True))
    if same and all(new_kwargs[k] is v for k, v in kwargs.items()):
        return None
    return tuple(new_args), new_kwargs


def _made(value: Any, of_arrays: bool) -> Any:
    if type(value) not in (list, tuple) or not holds_tracked(value):
        return value
    if not of_arrays:
        array = table_function("array")
        assert array is not None
        return array(value)
    parts = [_made(v, False) for v in value]
    return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts


def holds_tracked(value: Any) -> bool:
    """Whether nested lists and tuples hold a tracked array."""
    if type(value) is GradArray:
        return is_active(value)
    return isinstance(value, (list, tuple)) and any(map(holds_tracked, value))


__all__ = ["holds_tracked", "takes_lists", "ufunc_of_lists", "without_lists"]
