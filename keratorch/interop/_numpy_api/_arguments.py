"""Convert NumPy's arguments into those of keratorch's functions."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.convert import SCALARS, as_index, as_operand, check_devices, has_array, kept
from ...core.recording import constant, is_active
from ...core.shown import shown
from ...errors import DTypeError, LostGradientError, NotDifferentiableError
from ...ops._operands import normalized_axes, operands

array = as_operand
arrays = operands


def no_out(name: str, out: Any) -> None:
    """Raise `LostGradientError` for ``out=``: only the new result array has the gradient."""
    if out is not None:
        raise LostGradientError(
            f"numpy.{name} with out=: writing the result into a plain array would lose its "
            "gradient: use the result itself, or make out with np.zeros(shape, like=x)"
        )


def refuse(name: str, what: str, remedy: str) -> NotDifferentiableError:
    """The error to raise for an argument that keratorch's version of a function does not take."""
    return NotDifferentiableError(f"numpy.{name} with {what} has no rule: {remedy}")


def is_floating(x: GradArray) -> bool:
    """Whether `x` is floating or complex."""
    return _registry.of(x._array).is_inexact(x.dtype)


def is_complex(x: GradArray) -> bool:
    """Whether `x` is complex."""
    return _registry.of(x._array).is_complex(x.dtype)


def floating(x: GradArray) -> GradArray:
    """`x`, with integers and booleans cast to the default floating dtype, as NumPy does."""
    if is_floating(x):
        return x
    return kt.astype(x, _registry.of(x._array).float_dtype())


def promoted(name: str, values: Sequence[Any]) -> tuple[GradArray, ...]:
    """All values as arrays of one dtype, by NumPy's promotion; errors mention `name`."""
    xs = operands(*values)
    check_devices(name, *(x._array for x in xs))
    dtype = common_dtype(xs)
    return tuple(x if x.dtype == dtype else kt.astype(x, dtype) for x in xs)


def common_dtype(xs: Sequence[GradArray]) -> Any:
    """The dtype by NumPy's promotion, also for integers with floats, which the standard lacks."""
    try:
        return kt.result_type(*xs)
    except TypeError:
        names = (numpy_dtype(x.dtype) for x in xs)
        return _registry.of(xs[0]._array).dtype(numpy.result_type(*names).name)


def is_number(value: Any) -> bool:
    """Whether `value` is a number: a Python or NumPy scalar, or an array of shape ()."""
    return not isinstance(value, (list, tuple)) and not getattr(value, "ndim", 0)


def flat(x: GradArray) -> GradArray:
    """`x`, flattened to one axis."""
    return x if x.ndim == 1 else kt.reshape(x, (math.prod(x.shape),))


def axes_of(name: str, x: GradArray, axis: Any) -> tuple[int, ...]:
    """`axis` as a tuple of non-negative numbers; all axes for `None`."""
    return normalized_axes(name, x, axis)


def one_axis(name: str, x: GradArray, axis: Any) -> tuple[GradArray, int]:
    """`x` and its non-negative `axis`; for `None`, the flattened `x` and 0."""
    if axis is None:
        return flat(x), 0
    return x, normalized_axes(name, x, axis)[0]


def index_array(values: Any, like: GradArray) -> GradArray:
    """An array of NumPy as a constant on the device of `like`."""
    backend = _registry.of(like._array)
    return kt.asarray(backend.from_numpy(values, backend.device(like._array)))


def positions(x: GradArray, values: Any, new: Any = None) -> GradArray:
    """`values`, positions in `x` or a mask, as an array of its library.

    A NumPy array is copied, where the library takes such indices. So is an array of the library if
    a derivative will keep it: where `x` is active, or `new`, which is to be written into `x`.
    """
    if isinstance(values, GradArray):
        return values
    if _registry.is_array(values):
        raw = as_index(values, x._array)
        is_kept = is_active(x) or (new is not None and is_active(new))
        return constant(kept(raw) if raw is values and is_kept else raw)
    if hasattr(values, "dtype"):  # a NumPy scalar
        return index_array(numpy.asarray(values), x)
    return strong(x, values)[1]


def placed(value: Any, like: Any) -> GradArray:
    """`value` as an array on the device of `like`; differentiable.

    Numbers and lists of numbers get NumPy's dtype.
    """
    like = as_operand(like)
    if not (isinstance(value, GradArray) or has_array(value) or _registry.is_array(value)):
        return index_array(numpy.asarray(value), like)
    x = kt.asarray(value)
    return x if like.device is None else kt.to_device(x, like.device)


def integers(value: Any) -> tuple[int, ...]:
    """One integer or several, of any type, as a tuple."""
    if isinstance(value, GradArray):
        value = value.numpy()
    return tuple(int(operator.index(n)) for n in numpy.atleast_1d(value))


def gathered(x: GradArray, positions: Any, axis: int) -> GradArray:
    """The slices of `x` along `axis` at `positions`: integers on the host, in any shape."""
    positions = numpy.asarray(positions)
    (axis,) = normalized_axes("take", x, axis)
    y = kt.take(x, index_array(positions.reshape(-1), x), axis=axis)
    if positions.ndim == 1:
        return y
    return kt.reshape(y, (*x.shape[:axis], *positions.shape, *x.shape[axis + 1 :]))


def strong(*values: Any) -> tuple[GradArray, ...]:
    """All values as arrays; a Python scalar gets the dtype that NumPy gives it on its own."""
    xs = arrays(*([v] if type(v) in SCALARS else v for v in values))
    return tuple(
        kt.reshape(x, ()) if type(v) in SCALARS else x for x, v in zip(xs, values, strict=True)
    )


def of_dtype(name: str, x: GradArray, dtype: Any, casting: Any = "unsafe") -> GradArray:
    """`x` in `dtype`.

    Raises `DTypeError` if `casting` forbids the cast, `LostGradientError` if it loses a gradient.
    """
    backend = _registry.of(x._array)
    dtype = backend.dtype(dtype)
    if x.dtype == dtype:
        return x
    if not can_cast(x.dtype, dtype, casting):
        raise DTypeError(
            f"numpy.{name}: cannot cast an array of dtype {x.dtype} and shape {tuple(x.shape)} to "
            f"{dtype} according to the rule {shown(casting)}: pass casting='unsafe', or use astype"
        )
    if is_active(x) and not backend.is_inexact(dtype):
        raise LostGradientError(
            f"numpy.{name} would cast a tracked array of shape {tuple(x.shape)} to {dtype} and "
            "lose its gradient: make the result floating, or use detach()"
        )
    return kt.astype(x, dtype)


def can_cast(dtype: Any, to: Any, casting: Any) -> bool:
    """Whether NumPy's rule `casting` allows the cast; the dtypes may be of any library."""
    return casting == "unsafe" or numpy.can_cast(numpy_dtype(dtype), numpy_dtype(to), casting)


def numpy_dtype(dtype: Any) -> Any:
    """NumPy's dtype of the same name; float16 for bfloat16 and float8, which NumPy lacks."""
    try:
        return numpy.dtype(dtype)
    except TypeError:
        name = str(dtype).rpartition(".")[2]
        return numpy.dtype("float16" if name.startswith(("bfloat", "float8")) else name)


__all__ = [
    "array",
    "arrays",
    "axes_of",
    "can_cast",
    "common_dtype",
    "flat",
    "floating",
    "gathered",
    "index_array",
    "integers",
    "is_complex",
    "is_floating",
    "is_number",
    "no_out",
    "numpy_dtype",
    "of_dtype",
    "one_axis",
    "placed",
    "positions",
    "promoted",
    "refuse",
    "strong",
]
