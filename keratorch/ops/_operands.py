"""Calling a backend's function on raw arrays, with errors that say what was called."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..backends._dtypes import is_complex_dtype
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.recording import is_active
from ..errors import AxisError, ShapeError


def raw_namespace(x: GradArray) -> Any:
    """The namespace of the raw array in `x`."""
    return _registry.of(x._array).xp


def namespace(x: Any) -> Any:
    """The namespace to compute with `x`: a library's own, or for a `GradArray` ours."""
    if isinstance(x, GradArray):
        return x.__array_namespace__()
    return _registry.of(x).xp


def is_complex(x: Any) -> bool:
    """Whether an array, raw or not, has a complex dtype."""
    return is_complex_dtype(x.dtype)


def as_array(like: Any, value: Any) -> Any:
    """`value` as an array of the backend of the raw array `like`, were it a scalar."""
    return value if type(value) is type(like) else _registry.of(like).as_array(value)


def no_axis(op: str, axis: Any, shape: tuple[int, ...], ndim: int) -> AxisError:
    """The error for an axis that is none of `ndim`, of what is made of an array of `shape`."""
    return AxisError(
        f"{op}: axis {axis} is out of range for an array of shape {shape}: use "
        f"{-ndim} to {ndim - 1}"
        if ndim
        else f"{op}: an array of shape () has no axis {axis}: leave axis out"
    )


def normalized_axes(op: str, x: GradArray, axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """`axis` as a tuple of distinct numbers from 0; all axes for `None`."""
    ndim = x.ndim
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    axes = (axis,) if not isinstance(axis, (tuple, list)) else tuple(axis)
    out: list[int] = []
    for a in axes:
        a = a.__index__()
        if not -ndim <= a < ndim:
            raise no_axis(op, a, tuple(x.shape), ndim)
        out.append(a % ndim)
    if len(set(out)) != len(out):
        raise ShapeError(
            f"{op}: axis {axis} names an axis of shape {tuple(x.shape)} twice: name each once"
        )
    return tuple(out)


def operands(*values: Any) -> tuple[GradArray, ...]:
    """All as `GradArray`s, those that are no arrays after the example of the first that is."""
    if all([type(v) is GradArray for v in values]):
        return values
    like = first_array(*values)
    tracked = first_tracked(*values)
    tracked = like if tracked is None else tracked
    return tuple(
        v if type(v) is GradArray else as_operand(v, tracked if _registry.is_array(v) else like)
        for v in values
    )


def first_tracked(*values: Any) -> GradArray | None:
    """The first that is tracked: beside it raw masks and indices are copied (`as_operand`)."""
    return next((v for v in values if isinstance(v, GradArray) and is_active(v)), None)


def first_array(*values: Any) -> GradArray | None:
    """The first that is an array, as a `GradArray`; `None` where all are scalars or lists."""
    return next(
        (as_operand(v) for v in values if isinstance(v, GradArray) or _registry.is_array(v)), None
    )
