"""From NumPy's arguments to what keratorch's functions take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keratorch as kt

from ..._array import GradArray
from ..._convert import as_operand
from ...backends import _registry
from ...errors import LostGradientError, NotDifferentiableError
from ...ops._call import first_array, normalized_axes, operands

array = as_operand
arrays = operands


def no_out(name: str, out: Any) -> None:
    """Refuse ``out=``: the result is a new array, and its gradient belongs to it."""
    if out is not None:
        raise LostGradientError(
            f"numpy.{name} with out=: writing the result into an array would lose its gradient: "
            "use the result, or write it with out[...] = result"
        )


def refuse(name: str, what: str, remedy: str) -> NotDifferentiableError:
    """What to raise for an argument that a function does not take here."""
    return NotDifferentiableError(f"numpy.{name} with {what} has no rule: {remedy}")


def is_floating(x: GradArray) -> bool:
    """Whether `x` is floating or complex."""
    return _registry.of(x._array).is_inexact(x.dtype)


def is_complex(x: GradArray) -> bool:
    """Whether `x` is complex."""
    return _registry.of(x._array).is_complex(x.dtype)


def floating(x: GradArray) -> GradArray:
    """`x`; integers and booleans as the default floating dtype, as NumPy's functions do."""
    if is_floating(x):
        return x
    return kt.astype(x, _registry.of(x._array).float_dtype())


def promoted(values: Sequence[Any]) -> tuple[GradArray, ...]:
    """All as arrays of one dtype, that of NumPy's promotion."""
    like = first_array(*values)
    xs = [as_operand(v, like) for v in values]
    dtype = kt.result_type(*xs)
    return tuple(x if x.dtype == dtype else kt.astype(x, dtype) for x in xs)


def flat(x: GradArray) -> GradArray:
    """The elements in a row."""
    return x if x.ndim == 1 else kt.reshape(x, (math.prod(x.shape),))


def axes_of(name: str, x: GradArray, axis: Any) -> tuple[int, ...]:
    """`axis` as a tuple of numbers from 0; all for `None`."""
    return normalized_axes(name, x, axis)


def one_axis(name: str, x: GradArray, axis: Any) -> tuple[GradArray, int]:
    """`x` and `axis` from 0; the elements in a row, and 0, for `None`."""
    if axis is None:
        return flat(x), 0
    return x, normalized_axes(name, x, axis)[0]


def index_array(values: Any, like: GradArray) -> GradArray:
    """Integers of the host as an array beside `like`."""
    backend = _registry.of(like._array)
    return kt.asarray(backend.from_numpy(values, backend.device(like._array)))


__all__ = [
    "array",
    "arrays",
    "axes_of",
    "flat",
    "floating",
    "index_array",
    "is_complex",
    "is_floating",
    "no_out",
    "one_axis",
    "promoted",
    "refuse",
]
