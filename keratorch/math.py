"""Python's `math` with gradients: ``from keratorch import math``.

The module has the public names of the installed `math`. Given Python numbers, `math` itself
computes. Given a `GradArray` of one element, a function returns a `GradArray` of shape (). `floor`,
`ceil`, `trunc` and the functions that return booleans or integers return Python's, as in `math`:
their derivative is 0. What `math` refuses, such as the root of −1, raises its errors; where the
host cannot look at the value, as inside `no_sync`, the result is NaN or infinite.

>>> import keratorch as kt
>>> from keratorch import math
>>> kt.grad(lambda x: math.exp(-x) * math.log(x, 10))(2.0)
array(-0.0113523)
"""

from __future__ import annotations

import math as _math
from collections.abc import Callable
from functools import update_wrapper as _update_wrapper
from typing import Any

import numpy as _np

from . import functions as _kt
from . import special as _special
from .core.array import GradArray as _GradArray
from .core.mode import mode as _mode
from .core.nodes import is_tracked as _is_tracked
from .errors import NotDifferentiableError as _NotDifferentiableError
from .errors import ShapeError as _ShapeError
from .interop._lookup import ufunc_function as _ufunc_function
from .ops._operands import can_look as _can_look
from .ops._operands import operands as _operands

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    name for name in dir(_math) if not name.startswith("_")
]


def _value(x: Any) -> Any:
    """The Python number of a `GradArray`, also in sequences; anything else as it is."""
    if isinstance(x, list):
        return [_value(v) for v in x]
    return x.item() if isinstance(x, _GradArray) else x


def _exactly(x: Any, exact: float) -> Any:
    """`x` with the value `exact`, from which it differs by rounding."""
    return x - x.detach() + exact


# -- functions that keratorch has under another name, or not at all --------------------------------


def _log(x: Any, base: Any = None) -> Any:
    above = _kt.log(x) if isinstance(x, _GradArray) else _math.log(x)
    if base is None:
        return above
    return above / (_kt.log(base) if isinstance(base, _GradArray) else _math.log(base))


def _hypot(*coordinates: Any) -> Any:
    if len(coordinates) == 1:
        return _kt.abs(coordinates[0])
    if len(coordinates) == 2:
        return _kt.hypot(*coordinates)
    norm = _kt.linalg.vector_norm(_kt.stack(_operands(*coordinates)))
    # The squares in the value of the norm may over- or underflow.
    return _exactly(norm, _math.hypot(*map(_value, coordinates))) if _can_look(norm) else norm


def _dist(p: list[Any], q: list[Any]) -> Any:
    return _hypot(*[a - b for a, b in zip(p, q, strict=True)])


def _fsum(seq: list[Any]) -> Any:
    total = sum(seq[1:], start=seq[0])
    return _exactly(total, _math.fsum(_value(seq))) if _can_look(total) else total


def _prod(iterable: list[Any], *, start: Any = 1) -> Any:
    for factor in iterable:
        start = start * factor
    return start


def _sumprod(p: list[Any], q: list[Any]) -> Any:
    return _fsum([a * b for a, b in zip(p, q, strict=True)])


def _remainder(x: Any, y: Any) -> Any:
    """x − n·y, with n the integer nearest to x/y."""
    a, b = _value(x), _value(y)
    exact = _math.remainder(a, b)
    n = (a - exact) / b
    if n == 0:  # y may be infinite
        return +x
    return _exactly(x - (round(n) if _math.isfinite(n) else n) * y, exact)


def _modf(x: Any) -> Any:
    part, whole = _math.modf(_value(x))
    return _exactly(x, part), whole


def _frexp(x: Any) -> Any:
    part, exponent = _ufunc_function(_np.frexp)(x)
    return part, int(exponent.item())


def _nextafter(x: Any, y: Any, *, steps: int | None = None) -> Any:
    if steps is None:
        return _kt.nextafter(x, y)
    exact = _math.nextafter(_value(x), _value(y), steps=steps)  # type: ignore[call-arg]
    return _exactly(x, exact) if isinstance(x, _GradArray) else exact


def _ldexp(x: Any, i: Any) -> Any:
    return _ufunc_function(_np.ldexp)(x, _value(i))


#: The functions that are differentiable.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "acos": _kt.acos,
    "acosh": _kt.acosh,
    "asin": _kt.asin,
    "asinh": _kt.asinh,
    "atan": _kt.atan,
    "atan2": _kt.atan2,
    "atanh": _kt.atanh,
    "cbrt": _ufunc_function(_np.cbrt),
    "copysign": _kt.copysign,
    "cos": _kt.cos,
    "cosh": _kt.cosh,
    "degrees": lambda x: x * (180.0 / _math.pi),
    "dist": _dist,
    "erf": _special.erf,
    "erfc": _special.erfc,
    "exp": _kt.exp,
    "exp2": _ufunc_function(_np.exp2),
    "expm1": _kt.expm1,
    "fabs": _ufunc_function(_np.fabs),
    "fma": lambda x, y, z: x * y + z,
    "fmod": _ufunc_function(_np.fmod),
    "frexp": _frexp,
    "fsum": _fsum,
    "gamma": _special.gamma,
    "hypot": _hypot,
    "ldexp": _ldexp,
    "lgamma": _special.gammaln,
    "log": _log,
    "log10": _kt.log10,
    "log1p": _kt.log1p,
    "log2": _kt.log2,
    "modf": _modf,
    "nextafter": _nextafter,
    "pow": _kt.pow,
    "prod": _prod,
    "radians": lambda x: x * (_math.pi / 180.0),
    "remainder": _remainder,
    "sin": _kt.sin,
    "sinh": _kt.sinh,
    "sqrt": _kt.sqrt,
    "sumprod": _sumprod,
    "tan": _kt.tan,
    "tanh": _kt.tanh,
}
#: The functions that return plain values: their derivative is 0, or there is none.
_CONSTANT = frozenset(["ceil", "floor", "isclose", "isfinite", "isinf", "isnan", "trunc", "ulp"])
#: The functions of sequences of numbers.
_OF_SEQUENCES = frozenset(["dist", "fsum", "prod", "sumprod"])


# -- calls -----------------------------------------------------------------------------------------


def _number(name: str, value: Any) -> Any:
    """An argument, or an element of one, as a number; an array is of shape ()."""
    if not isinstance(value, (_GradArray, _np.ndarray)) or value.shape == ():
        return value
    if value.size != 1:
        raise _ShapeError(
            f"math.{name} takes numbers, and got an array of shape {tuple(value.shape)}: write "
            "keratorch's function, or keratorch.numpy's, which take arrays"
        )
    return value.reshape(())


def _arrays(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[_GradArray]:
    """The `GradArray`s among the arguments, and in their lists."""
    found = []
    for value in (*args, *kwargs.values()):
        parts = value if type(value) is list else (value,)
        found += [v for v in parts if isinstance(v, _GradArray)]
    return found


def _differentiable(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The value of a function of which an argument is, or holds, a `GradArray`."""
    original = getattr(_math, name)
    args = tuple(
        [[_number(name, v) for v in a] if type(a) is list else _number(name, a) for a in args]
    )
    kwargs = {k: _number(name, v) for k, v in kwargs.items()}
    arrays = _arrays(args, kwargs)
    function = _FUNCTIONS.get(name)
    if function is None and name not in _CONSTANT and any(map(_is_tracked, arrays)):
        raise _NotDifferentiableError(
            f"math.{name} is for integers, and got a tracked array: pass x.item()"
        )
    if function is None or all(map(_can_look, arrays)):
        # This raises the errors of `math`.
        found = original(*map(_value, args), **{k: _value(v) for k, v in kwargs.items()})
        if function is None:
            return found
    return function(*args, **kwargs)


def _of_numbers(name: str) -> Callable[..., Any]:
    original = getattr(_math, name)
    function = _FUNCTIONS.get(name)

    def call(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if type(x) is not _GradArray:
                continue
            if type(x._array) is not _np.ndarray or x.shape or len(args) > 1 or kwargs:
                return _differentiable(name, args, kwargs)
            if function is None or _mode.no_sync:
                return _differentiable(name, args, kwargs)
            original(x._array.item())  # raises the errors of `math`
            return function(x)
        if kwargs and _arrays((), kwargs):
            return _differentiable(name, args, kwargs)
        return original(*args, **kwargs)

    return call


def _of_sequences(name: str) -> Callable[..., Any]:
    original = getattr(_math, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        # Iterators are read once, so that their numbers can be looked at.
        args = tuple([_listed(v) if hasattr(v, "__iter__") else v for v in args])
        if _arrays(args, kwargs):
            return _differentiable(name, args, kwargs)
        return original(*args, **kwargs)

    return call


def _listed(values: Any) -> list[Any]:
    vector = isinstance(values, _GradArray) and values.ndim == 1
    return list(_kt.unstack(values) if vector else values)


def __getattr__(name: str) -> Any:
    try:
        value = getattr(_math, name)
    except AttributeError:
        raise AttributeError(
            f"module 'math', which keratorch mirrors, has no attribute {name!r}", name=name
        ) from None
    if callable(value) and not name.startswith("_"):
        made = _of_sequences if name in _OF_SEQUENCES else _of_numbers
        value = _update_wrapper(made(name), value)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
