"""Lists and tuples that hold `GradArray`s, as arguments of a mirrored library's functions.

NumPy turns a list into an array by itself, and a tracked array in the list refuses that with
`LostGradientError`. The functions here then make the array with keratorch, and call again. A call
without such a list costs one ``try``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from types import NoneType
from typing import Any

import numpy as np

from ..backends import _registry
from ..core import filled
from ..core.array import GradArray
from ..core.callers import MIRRORS, Caught
from ..core.convert import as_operand, from_objects
from ..errors import DeviceMismatchError, LostGradientError, NotDifferentiableError
from ._lookup import table_function
from ._values import WRITERS

#: Function -> the arguments, by position and keyword, that are sequences of arrays. Any other list
#: is one array.
_SEQUENCES: dict[str, tuple[int | str, ...]] = {
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
    "row_stack": (0, "tup"),
    "select": (0, 1, "condlist", "choicelist"),
    "stack": (0, "arrays"),
    "vstack": (0, "tup"),
}
#: Functions whose lists stay: they give them a meaning of their own, or make arrays of them.
_OF_LISTS = frozenset(["array", "asanyarray", "asarray", "block"])
#: Functions that join the arrays of any iterable, generators included.
JOINERS = frozenset([
    "column_stack", "concat", "concatenate", "dstack", "hstack", "row_stack", "stack", "vstack",
])  # fmt: skip
#: NumPy's functions that answer `False` where a list makes no array, and so hide the error.
_HIDING = frozenset(["array_equal", "array_equiv"])
#: Functions that call a function of the user, which may return tracked arrays for plain ones.
_OF_CALLBACKS = frozenset(["apply_along_axis", "apply_over_axes", "piecewise"])
_METHODS = ("accumulate", "at", "outer", "reduce", "reduceat")
_FACTS = ("identity", "nargs", "nin", "nout", "ntypes", "signature", "types")
#: Types of arguments that hold no array.
PLAIN = frozenset([bool, bytes, complex, float, int, NoneType, range, slice, str, type])
#: What a `GradArray` in a list raises where NumPy or CuPy makes an array of the list.
_REFUSALS = (LostGradientError, DeviceMismatchError)
#: The same where the library makes no array of a list, as CuPy's ufuncs do not.
_OF_NO_LISTS = (TypeError, *_REFUSALS)
#: What NumPy raises where it cannot compute with the elements of an array of dtype object.
_OF_OBJECTS = (TypeError, ValueError, AttributeError)
#: Functions and methods that write into their first argument, which stays as it is.
_WRITERS = {*WRITERS, "at"}


def takes_lists(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`function` of NumPy, which also takes lists that hold tracked arrays.

    NumPy asks only some arguments for a protocol. A tracked array that it does not ask, such as the
    number in ``full_like(a, x)``, goes into keratorch's function too.

    name : its name in the table, such as ``"sum"`` or ``"linalg.norm"``.
    """

    def first_looks(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = without_lists(name, args, kwargs) or (args, kwargs)
        return function(*args, **kwargs)

    if name in _HIDING:
        return update_wrapper(first_looks, function)
    return _retrying(function, name, (NotDifferentiableError, *_REFUSALS), of_table=True)


def _retrying(
    function: Callable[..., Any], name: str, refusals: tuple[type[Exception], ...], of_table: bool
) -> Callable[..., Any]:
    """`function`, called again without lists where it raises one of `refusals`.

    of_table : call keratorch's function `name` then, if there is one.
    """
    joins = name in JOINERS
    failures = (*_OF_OBJECTS, *refusals)

    def call(*args: Any, **kwargs: Any) -> Any:
        if joins:
            args = _with_list(args)
        if filled.turned:
            args, kwargs = _settled(args), _settled(kwargs)
        try:
            return function(*args, **kwargs) if kwargs else function(*args)
        except failures as error:
            other = _other_call(function, name, args, kwargs, error, refusals, of_table)
            if other is None:
                raise
        return _called(*other)

    MIRRORS.add(call.__code__)
    return update_wrapper(call, function)


def _settled(values: Any) -> Any:
    """`values` with the `GradArray` of each filled array that is in a list."""
    if isinstance(values, dict):
        return {k: _settled((v,))[0] for k, v in values.items()}
    return tuple([filled.settled(v) if type(v) in (list, tuple) else v for v in values])


def _other_call(
    function: Callable[..., Any], name: str, args: Any, kwargs: Any, error: Exception,
    refusals: tuple[type[Exception], ...], of_table: bool,
) -> tuple[Callable[..., Any], Any, Any] | None:  # fmt: skip
    """What to call in place of a call that raised `error`; `None` to raise `error`."""
    objects = without_objects(function, name, args, kwargs)
    if objects is not None:
        args, kwargs = objects
    elif not isinstance(error, refusals):
        return None
    found = without_lists(name, args, kwargs) or objects
    ours = table_function(name) if of_table and name not in _WRITERS else None
    if ours is not None and (
        found is not None
        or name in _OF_CALLBACKS
        or any(map(holds_array, args))
        or holds_array(kwargs)
    ):
        new_args, new_kwargs = found or (args, kwargs)
        return ours, new_args, new_kwargs
    if found is not None:
        return function, found[0], found[1]
    return (function, args, kwargs) if isinstance(error, Caught) else None


def _called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The second call, whose errors the user sees: it is not one of `MIRRORS`."""
    return function(*args, **kwargs)


def ufunc_of_lists(ufunc: Any, name: str) -> Callable[..., Any]:
    """A ufunc, with its methods and facts, which also takes lists that hold tracked arrays."""
    of_numpy = type(ufunc).__module__.partition(".")[0] == "numpy"
    refusals = _REFUSALS if of_numpy else _OF_NO_LISTS
    failures = (*_OF_OBJECTS, *refusals)
    any_number = _retrying(ufunc, name, refusals, of_table=False)

    # Functions of a fixed number of arguments are the fastest.
    def unary(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            return any_number(x, *args, **kwargs)
        if filled.turned and type(x) in (list, tuple):
            x = filled.settled(x)
        try:
            return ufunc(x)
        except failures as error:
            other = _other_call(ufunc, name, (x,), {}, error, refusals, False)
            if other is None:
                raise
        return _called(*other)

    def binary(x1: Any, x2: Any, /, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            return any_number(x1, x2, *args, **kwargs)
        if filled.turned:
            x1, x2 = _settled((x1, x2))
        try:
            return ufunc(x1, x2)
        except failures as error:
            other = _other_call(ufunc, name, (x1, x2), {}, error, refusals, False)
            if other is None:
                raise
        return _called(*other)

    MIRRORS.update([unary.__code__, binary.__code__])
    call = update_wrapper({1: unary, 2: binary}.get(ufunc.nin, any_number), ufunc)
    for method in _METHODS:
        if hasattr(ufunc, method):
            theirs = getattr(ufunc, method)
            made = _retrying(theirs, method, refusals, False) if of_numpy else None
            setattr(call, method, made or _with_arrays(theirs, method))
    for fact in _FACTS:
        if hasattr(ufunc, fact):
            setattr(call, fact, getattr(ufunc, fact))
    return call


def _with_arrays(theirs: Callable[..., Any], method: str) -> Callable[..., Any]:
    """The `method` of a ufunc of CuPy, which gets arrays of the lists that hold a `GradArray`."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(map(holds_array, args)) or holds_array(kwargs):
            args, kwargs = without_lists(method, args, kwargs) or (args, kwargs)
        return theirs(*args, **kwargs)

    return update_wrapper(call, theirs)


def from_iterable(function: Callable[..., Any]) -> Callable[..., Any]:
    """``fromiter``, whose iterable may yield tracked arrays."""

    def call(iter: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        return function(iter if isinstance(iter, GradArray) else list(iter), *args, **kwargs)

    return update_wrapper(call, function)


def takes_iterables(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` that joins arrays, which also takes iterators that yield `GradArray`s."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*_with_list(args), **kwargs)

    return update_wrapper(call, function)


def _with_list(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """`args`, with a list in place of an iterable of `GradArray`s that is no sequence.

    An iterable without a `GradArray` arrives at NumPy as an iterator, and NumPy refuses it.
    """
    if not args or type(args[0]) in (list, tuple) or hasattr(args[0], "__getitem__"):
        return args
    if not isinstance(args[0], Iterable):
        return args
    arrays = list(args[0])
    return (arrays if holds_array(arrays) else iter(arrays), *args[1:])


def without_lists(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The arguments with arrays in place of lists that hold `GradArray`s; `None` without such."""
    if name in _OF_LISTS:
        return None
    sequences = _SEQUENCES.get(name, ())
    written = args[:1] if name in _WRITERS else ()
    new_args = [*written]
    new_args += [_made(v, i in sequences) for i, v in enumerate(args) if i >= len(written)]
    new_kwargs = {k: v if k == "out" else _made(v, k in sequences) for k, v in kwargs.items()}
    same = all(a is b for a, b in zip(args, new_args, strict=True))
    if same and all(new_kwargs[k] is v for k, v in kwargs.items()):
        return None
    return tuple(new_args), new_kwargs


def without_objects(
    function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The arguments with `GradArray`s in place of arrays of objects that hold such.

    What the function writes into stays. `None` without such an argument.
    """
    first, end = int(name in _WRITERS), getattr(function, "nin", len(args))
    new_args = [_of_objects(v) if first <= i < end else v for i, v in enumerate(args)]
    new_kwargs = {k: v if k == "out" else _of_objects(v) for k, v in kwargs.items()}
    same = all(a is b for a, b in zip(args, new_args, strict=True))
    if same and all(new_kwargs[k] is v for k, v in kwargs.items()):
        return None
    return tuple(new_args), new_kwargs


def _of_objects(value: Any) -> Any:
    listed = from_objects(value)
    return value if listed is value else as_operand(listed)


def _made(value: Any, of_arrays: bool) -> Any:
    if isinstance(value, np.poly1d):
        return _made(value.coeffs, False)
    if not isinstance(value, (list, tuple)) or not holds_array(value):
        return value
    if not of_arrays:
        array = table_function("array")
        assert array is not None
        return array(value)
    parts = [_made(v, False) for v in value]
    return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts


def holds_array(value: Any) -> bool:
    """Whether `value` is a `GradArray`, or a nested list, dict or `poly1d` that holds one."""
    kind = type(value)
    if kind is GradArray:
        return True
    if kind in filled.turned:
        return True
    if kind in PLAIN or kind in _registry.by_type:
        return False
    if isinstance(value, (list, tuple)):
        return not PLAIN.issuperset(map(type, value)) and any(map(holds_array, value))
    if isinstance(value, dict):
        return any(map(holds_array, value.values()))
    if isinstance(value, np.poly1d):
        return isinstance(value.coeffs, GradArray)
    return isinstance(value, GradArray)


__all__ = [
    "JOINERS",
    "PLAIN",
    "from_iterable",
    "holds_array",
    "takes_iterables",
    "takes_lists",
    "ufunc_of_lists",
    "without_lists",
    "without_objects",
]
