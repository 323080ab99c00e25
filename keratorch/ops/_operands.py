"""Operands and axes of an operation, checked with errors that name the operation."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..backends._dtypes import is_complex_dtype, is_narrow
from ..core import filled
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.mode import mode
from ..core.nodes import raw_of
from ..core.recording import is_active
from ..core.shown import shown
from ..errors import AxisError, DTypeError, ShapeError


def raw_namespace(x: GradArray) -> Any:
    """The namespace of the raw array in `x`."""
    return _registry.of(x._array).xp


def namespace(x: Any) -> Any:
    """The namespace to compute with `x`: differentiable for a `GradArray`, else the library's."""
    if isinstance(x, GradArray):
        return x.__array_namespace__()
    return _registry.of(x).xp


def is_complex(x: Any) -> bool:
    """Whether an array, raw or not, has a complex dtype."""
    return is_complex_dtype(x.dtype)


def can_look(a: Any) -> bool:
    """Whether the host can read the values of an array without waiting: a tracer has none."""
    raw = a._array if isinstance(a, GradArray) else a
    backend = _registry.of(raw)
    device = backend.device(raw)
    at_hand = device is not None and device.kind == "cpu"
    return at_hand and not (backend.lazy or mode.no_sync)


def widened(x: Any) -> Any:
    """`x`, raw or not, in float32 if it is of float16 or bfloat16.

    float16 counts to 65504 and bfloat16 has 8 bits, so that sums and counts need more.
    """
    if not is_narrow(x.dtype):
        return x
    xp = namespace(x)
    return xp.astype(x, xp.float32)


def as_array(like: Any, value: Any) -> Any:
    """`value`, a result of the library of `like`, as a raw array: some libraries give scalars."""
    return value if type(value) is type(like) else _registry.of(like).as_array(value)


#: Functions that work on all elements where no axis is named.
_OF_ALL = frozenset([
    "sum", "mean", "prod", "max", "min", "std", "var", "all", "any", "argmax", "argmin",
    "count_nonzero", "logsumexp",
])  # fmt: skip


def no_axis(op: str, axis: Any, shape: tuple[int, ...], ndim: int) -> AxisError:
    """The error for an axis outside of `ndim` axes, in an operation on an array of `shape`."""
    if ndim:
        return AxisError(
            f"{op}: axis {axis} is out of range for an array of shape {shape}: use "
            f"{-ndim} to {ndim - 1}"
        )
    if op == "concat":
        use = "join such arrays with stack"
    else:
        use = "give it one with reshape(x, (1,))"
        if op.removeprefix("numpy.") in _OF_ALL:
            use = f"leave axis out, or {use}"
    return AxisError(f"{op}: an array of shape () has no axis {axis}: {use}")


def integer(op: str, name: str, value: Any) -> int:
    """The argument `name` of `op` as an integer."""
    try:
        return value.__index__()
    except (AttributeError, TypeError):  # an array of one element has the method, and refuses
        raise DTypeError(
            f"{op}: {name} is {shown(value)}, of type {type(value).__name__}: it must be an integer"
        ) from None


def shape_tuple(op: str, shape: Any) -> tuple[int, ...]:
    """`shape`, an integer or a sequence of integers, as a tuple; else `DTypeError`.

    A sequence is a tuple, a list, or a NumPy array of one axis.
    """
    backend = _registry.by_type.get(type(shape))
    if backend is not None and backend.name == "numpy" and shape.ndim == 1:
        shape = tuple(shape)
    if isinstance(shape, (tuple, list)):
        return tuple([integer(op, "a length of shape", n) for n in shape])
    return (integer(op, "shape", shape),)


def real_number(op: str, name: str, value: Any) -> Any:
    """`value`, if it is a real number or an array of one without axes; else `DTypeError`."""
    if isinstance(value, (int, float)) or (
        hasattr(value, "dtype") and not is_complex(value) and tuple(value.shape) == ()
    ):
        return value
    raise DTypeError(
        f"{op}: {name} is {shown(value)}, of type {type(value).__name__}: it must be a real number"
    )


def normalized_axes(op: str, x: GradArray, axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """`axis` as a tuple of distinct numbers from 0; all axes for `None`.

    Raises `AxisError` for an axis that `x` does not have, `ShapeError` for one named twice.
    """
    ndim = x.ndim
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    axes = (axis,) if not isinstance(axis, (tuple, list)) else tuple(axis)
    out: list[int] = []
    for a in axes:
        a = integer(op, "axis", a)
        if not -ndim <= a < ndim:
            raise no_axis(op, a, tuple(x.shape), ndim)
        out.append(a % ndim)
    if len(set(out)) != len(out):
        raise ShapeError(
            f"{op}: axis {axis} names an axis of shape {tuple(x.shape)} twice: name each once"
        )
    return tuple(out)


def operands(*values: Any) -> tuple[GradArray, ...]:
    """All values as `GradArray`s; scalars and lists follow the first array among them."""
    if all([type(v) is GradArray for v in values]):
        return values
    values = filled.settled(values)
    like = first_array(*values)
    tracked = first_tracked(*values)
    tracked = like if tracked is None else tracked
    return tuple(
        v if type(v) is GradArray else as_operand(v, tracked if _registry.is_array(v) else like)
        for v in values
    )


def first_tracked(*values: Any) -> GradArray | None:
    """The first active array, or `None`. `as_operand` copies raw masks and indices beside it."""
    found = filled.settled(values)
    return next((v for v in found if isinstance(v, GradArray) and is_active(v)), None)


def first_array(*values: Any) -> GradArray | None:
    """The array that the others follow, as a `GradArray`; `None` if all are scalars or lists.

    It is the first array. Where that is a raw NumPy array, it is the first array of a library that
    takes NumPy arrays beside its own.
    """
    arrays = [v for v in values if isinstance(v, GradArray) or _registry.is_array(v)]
    if not arrays:
        return None
    first = arrays[0]
    if len(arrays) > 1 and not isinstance(first, GradArray) and _registry.of(first).name == "numpy":
        first = next((v for v in arrays if _registry.of(raw_of(v)).takes_numpy), first)
    return as_operand(first)
