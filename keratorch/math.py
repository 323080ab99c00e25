"""Python's `math` with gradients: ``from keratorch import math``.

The module has the public names of the installed `math`. Given Python numbers, `math` itself
computes. Given a `GradArray` of one element, a function returns a `GradArray` of shape (). `floor`,
`ceil`, `trunc` and the functions that return booleans or integers return Python's, as in `math`:
their derivative is 0.

>>> import keratorch as kt
>>> from keratorch import math
>>> kt.grad(lambda x: math.exp(-x) * math.log(x, 10))(2.0)
array(0.01799369)
"""

from __future__ import annotations

import math as _math
from collections.abc import Callable, Iterable
from functools import reduce as _reduce
from functools import update_wrapper as _update_wrapper
from typing import Any

import numpy as _np

from . import functions as _kt
from . import special as _special
from .core.array import GradArray as _GradArray
from .core.nodes import is_tracked as _is_tracked
from .errors import NotDifferentiableError as _NotDifferentiableError
from .errors import ShapeError as _ShapeError
from .interop._lookup import ufunc_function as _ufunc_function


def _value(x: Any) -> Any:
    """The Python number of a `GradArray`; anything else as it is."""
    return x.item() if isinstance(x, _GradArray) else x


def _log(x: Any, base: Any = None) -> Any:
    return _kt.log(x) if base is None else _kt.log(x) / _kt.log(_kt.asarray(base))


def _hypot(*coordinates: Any) -> Any:
    first, *rest = coordinates
    return _reduce(_kt.hypot, rest, _kt.abs(first))


def _dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    return _hypot(*[a - b for a, b in zip(p, q, strict=True)])


def _fsum(seq: Iterable[Any]) -> Any:
    return _reduce(lambda a, b: a + b, seq)


def _prod(iterable: Iterable[Any], *, start: Any = 1) -> Any:
    return _reduce(lambda a, b: a * b, iterable, start)


def _remainder(x: Any, y: Any) -> Any:
    """x − n·y, with n the integer nearest to x/y."""
    a, b = _value(x), _value(y)
    return x - round((a - _math.remainder(a, b)) / b) * y


def _modf(x: Any) -> Any:
    whole = _math.trunc(_value(x))
    return x - whole, float(whole)


def _fma(x: Any, y: Any, z: Any) -> Any:
    return x * y + z


_PI = _math.pi
#: The functions that are differentiable.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(_kt, name)
        for name in [
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atan2",
            "atanh",
            "copysign",
            "cos",
            "cosh",
            "exp",
            "expm1",
            "log10",
            "log1p",
            "log2",
            "nextafter",
            "pow",
            "sin",
            "sinh",
            "sqrt",
            "tan",
            "tanh",
        ]
    },
    **{name: getattr(_special, name) for name in ("erf", "erfc", "gamma")},
    **{name: _ufunc_function(getattr(_np, name)) for name in ("cbrt", "exp2", "fabs", "fmod")},
    "degrees": lambda x: x * (180.0 / _PI),
    "dist": _dist,
    "fma": _fma,
    "fsum": _fsum,
    "hypot": _hypot,
    "ldexp": lambda x, i: x * 2.0**i,
    "lgamma": _special.gammaln,
    "log": _log,
    "modf": _modf,
    "prod": _prod,
    "radians": lambda x: x * (_PI / 180.0),
    "remainder": _remainder,
}
#: The functions that return plain values: their derivative is 0, or there is none.
_CONSTANT = frozenset(["ceil", "floor", "isclose", "isfinite", "isinf", "isnan", "trunc", "ulp"])


def _holds_array(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_array, value))
    return isinstance(value, _GradArray)


def _numbers(name: str, value: Any) -> Any:
    """The arguments of a function, each array in them of shape ()."""
    if isinstance(value, (list, tuple)):
        return [_numbers(name, v) for v in value]
    if not isinstance(value, _GradArray) or value.shape == ():
        return value
    if value.size != 1:
        raise _ShapeError(
            f"math.{name} takes numbers, and got an array of shape {tuple(value.shape)}: write "
            "keratorch's function, or keratorch.numpy's, which take arrays"
        )
    return value.reshape(())


def _with_gradients(name: str) -> Callable[..., Any]:
    original = getattr(_math, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        # Iterators are read once, so that their numbers can be looked at.
        args = tuple([v if _is_number(v) else list(v) for v in args])
        if not any(map(_holds_array, (*args, *kwargs.values()))):
            return original(*args, **kwargs)
        args = tuple([_numbers(name, v) for v in args])
        kwargs = {k: _numbers(name, v) for k, v in kwargs.items()}
        if name in _CONSTANT:
            return original(*map(_value, args), **{k: _value(v) for k, v in kwargs.items()})
        function = _FUNCTIONS.get(name)
        if function is not None:
            return function(*args, **kwargs)
        if any(map(_is_tracked, filter(_holds_array, args))):
            raise _NotDifferentiableError(
                f"math.{name} is for integers, and got a tracked array: pass x.item()"
            )
        return original(*map(_value, args), **kwargs)

    return _update_wrapper(call, original)


def _is_number(value: Any) -> bool:
    return not hasattr(value, "__iter__") or isinstance(value, (_GradArray, _np.ndarray, str))


def __getattr__(name: str) -> Any:
    try:
        value = getattr(_math, name)
    except AttributeError:
        raise AttributeError(
            f"module 'math', which keratorch mirrors, has no attribute {name!r}", name=name
        ) from None
    if callable(value) and not name.startswith("_"):
        value = _with_gradients(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [name for name in dir(_math) if not name.startswith("_")]
