"""Functions that create arrays: constants, unless called with ``requires_grad=True``."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import (
    SCALARS,
    as_operand,
    check_devices,
    from_objects,
    has_array,
    target_device,
    to_raw,
)
from ..core.filled import settled
from ..core.nodes import is_tracked, raw_of
from ..core.recording import constant
from ..core.shown import shown
from ..errors import DTypeError, LostGradientError, UnknownArrayError
from ..typing import ArrayLike
from . import placing
from ._operands import integer, shape_tuple
from .manipulation import broadcast_to
from .placing import copy


def asarray(
    obj: Any,
    /,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> GradArray:
    """`obj` as a `GradArray`; differentiable in a tracked `obj`, and in tracked arrays in a list.

    obj : an array of any known library, a `GradArray`, a scalar, or a nested list of those.
    dtype : of the result; default: that of `obj`.
    device : of the result; default: that of an array, the default device for scalars and lists.
    copy : `True` always copies, `None` copies where needed. `False` raises `ValueError` where
        `obj` is no array of a library, or a cast is needed.
    requires_grad : make the result a leaf that requires a gradient. Raises `LostGradientError`
        for a tracked `obj`.

    Raises `UnknownArrayError` or `DTypeError` where `obj` is no array of booleans or numbers.
    """
    obj = settled(obj)
    if isinstance(obj, GradArray) or has_array(obj):
        x = as_operand(obj)
        if requires_grad and is_tracked(x):
            raise LostGradientError(
                f"asarray(requires_grad=True) of a tracked array of shape {tuple(x.shape)} would "
                "lose its gradient: leave requires_grad out, or pass x.detach()"
            )
        if device is not None:
            x = placing.to_device(x, device)
        if dtype is not None and _registry.of(x._array).dtype(dtype) != x.dtype:
            x = placing.astype(x, dtype)
        elif copy:
            x = placing.copy(x)
        if copy is False and x._array is not raw_of(obj):
            raise _needs_copy(obj, dtype, device)
        return x if not requires_grad else GradArray(x, requires_grad=True)
    try:
        raw = to_raw(obj, device, dtype, "asarray")
    except DTypeError:
        listed = from_objects(obj)
        if listed is obj:
            raise
        return asarray(listed, dtype=dtype, device=device, copy=copy, requires_grad=requires_grad)
    if copy and raw is obj:
        raw = _registry.of(raw).copy(raw)
    elif copy is False and raw is not obj:
        raise _needs_copy(obj, dtype, device)
    return _made(raw, requires_grad)


def _needs_copy(obj: Any, dtype: Any, device: Any) -> ValueError:
    what = f"a {type(obj).__name__}"
    if hasattr(obj, "shape"):
        what += f" of dtype {obj.dtype} and shape {tuple(obj.shape)}"
    asked = {"dtype": dtype, "device": device}
    asked = ", ".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    return ValueError(
        f"asarray(copy=False) of {what}{asked and ', with '}{asked}, needs a copy: leave copy out"
    )


def _made(raw: Any, requires_grad: bool) -> GradArray:
    return GradArray(raw, requires_grad=True) if requires_grad else constant(raw)


def _create(name: str, *args: Any, dtype: Any, device: Any, requires_grad: bool) -> GradArray:
    backend, where = _registry.resolve_device(device)
    kwargs: dict[str, Any] = {"device": backend.raw_device(where)}
    if dtype is not None:
        kwargs["dtype"] = backend.dtype(dtype)
    return _made(backend.create(name, where, *args, **kwargs), requires_grad)


def _shape(op: str, shape: Any) -> Any:
    """`shape`, if it is an integer or a sequence of them; else `DTypeError`."""
    if type(shape) is tuple and all([type(n) is int for n in shape]):
        return shape
    if isinstance(shape, (tuple, list)) or not hasattr(shape, "__len__"):
        return shape_tuple(op, shape)
    return shape_tuple(op, tuple(shape))


def _number(op: str, name: str, value: Any) -> None:
    """Raise unless `value` can be a number, or numbers."""
    if has_array(value):
        raise LostGradientError(
            f"{op}: {name} is a list with a GradArray in it: write kt.asarray({name}), which is "
            "differentiable, and take what is needed of that"
        )
    if value is None or isinstance(value, (str, bytes, dict)):
        raise DTypeError(
            f"{op}: {name} is {shown(value)}, of type {type(value).__name__}: it must be a number"
        )


def _create_like(name: str, x: Any, *args: Any, dtype: Any, device: Any) -> GradArray:
    x = as_operand(x)
    if device is not None:
        device = target_device(x._array, device)
        if device != x.device:
            plain = name.removesuffix("_like")
            return _create(
                plain, tuple(x.shape), *args, dtype=dtype or x.dtype, device=device,
                requires_grad=False,
            )  # fmt: skip
    backend = _registry.of(x._array)
    kwargs = {} if dtype is None else {"dtype": backend.dtype(dtype)}
    return constant(getattr(backend.xp, name)(x._array, *args, **kwargs))


def zeros(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> GradArray:
    """An array of zeros of `shape`.

    dtype : default: the library's default floating dtype.
    device : default: `get_default_device()`.
    requires_grad : make the result a leaf that requires a gradient; otherwise it is a constant.
    """
    return _create(
        "zeros", _shape("zeros", shape), dtype=dtype, device=device, requires_grad=requires_grad
    )


def ones(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> GradArray:
    """An array of ones of `shape`; arguments as in `zeros`."""
    return _create(
        "ones", _shape("ones", shape), dtype=dtype, device=device, requires_grad=requires_grad
    )


def empty(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> GradArray:
    """An array of `shape` whose elements are whatever was in memory; arguments as in `zeros`."""
    return _create(
        "empty", _shape("empty", shape), dtype=dtype, device=device, requires_grad=requires_grad
    )


def full(
    shape: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> GradArray:
    """An array of `shape` filled with one number; differentiable in `fill_value`.

    dtype : default: that of `fill_value`. Other arguments as in `zeros`.
    """
    fill_value = settled(fill_value)
    if isinstance(fill_value, GradArray) or _registry.is_array(fill_value):
        value = asarray(fill_value, dtype=dtype, device=device)
        return copy(broadcast_to(value, shape))
    _number("full", "fill_value", fill_value)
    shape = _shape("full", shape)
    return _create(
        "full", shape, fill_value, dtype=dtype, device=device, requires_grad=requires_grad
    )


def arange(
    start: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> GradArray:
    """The numbers from `start` up to, but not including, `stop`, at a distance of `step`.

    ``arange(stop)`` starts at 0. dtype : default: an integer dtype for integers, else floating.
    """
    if stop is None:
        start, stop = 0, start
    for name, value in (("start", start), ("stop", stop), ("step", step)):
        _number("arange", name, value)
    if type(step) in SCALARS and not step:
        raise ValueError("arange: step is 0: give the distance between the numbers, as 1 or 0.5")
    return _create(
        "arange", start, stop, step, dtype=dtype, device=device, requires_grad=requires_grad
    )


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
    requires_grad: bool = False,
) -> GradArray:
    """`num` evenly spaced numbers from `start` to `stop`; differentiable in both.

    endpoint : whether `stop` is the last number; `False` leaves it out.
    """
    num = integer("linspace", "num", num)
    start, stop = settled(start), settled(stop)
    if isinstance(start, GradArray) or isinstance(stop, GradArray):
        like = start if isinstance(start, GradArray) else stop
        part = linspace(
            0.0, 1.0, num,
            dtype=dtype or like.dtype, device=device or like.device, endpoint=endpoint,
        )  # fmt: skip
        return start * (1.0 - part) + stop * part
    backend, where = _registry.resolve_device(device)
    kwargs = {} if dtype is None else {"dtype": backend.dtype(dtype)}
    raw = backend.create(
        "linspace", where, start, stop, num,
        device=backend.raw_device(where), endpoint=endpoint, **kwargs,
    )  # fmt: skip
    return _made(raw, requires_grad)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> GradArray:
    """A matrix with ones on the k-th diagonal and zeros elsewhere; square without `n_cols`.

    k : above the main diagonal if positive, below if negative. Other arguments as in `zeros`.
    """
    backend, where = _registry.resolve_device(device)
    kwargs = {} if dtype is None else {"dtype": backend.dtype(dtype)}
    rows = integer("eye", "n_rows", n_rows)
    columns = None if n_cols is None else integer("eye", "n_cols", n_cols)
    raw = backend.create(
        "eye", where, rows, columns,
        k=integer("eye", "k", k), device=backend.raw_device(where), **kwargs,
    )  # fmt: skip
    return _made(raw, requires_grad)


def zeros_like(x: ArrayLike, /, *, dtype: Any = None, device: Any = None) -> GradArray:
    """Zeros of the shape, dtype and device of `x`: a constant."""
    return _create_like("zeros_like", x, dtype=dtype, device=device)


def ones_like(x: ArrayLike, /, *, dtype: Any = None, device: Any = None) -> GradArray:
    """Ones of the shape, dtype and device of `x`: a constant."""
    return _create_like("ones_like", x, dtype=dtype, device=device)


def empty_like(x: ArrayLike, /, *, dtype: Any = None, device: Any = None) -> GradArray:
    """An array of the shape, dtype and device of `x` with whatever was in memory: a constant."""
    return _create_like("empty_like", x, dtype=dtype, device=device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> GradArray:
    """One number everywhere, in the shape, dtype and device of `x`.

    Differentiable in `fill_value`; not in `x`.
    """
    if isinstance(fill_value, GradArray) or _registry.is_array(fill_value):
        x = as_operand(x, fill_value)
        fill_value = as_operand(fill_value, x)
        check_devices("full_like", x._array, fill_value._array)
        value = asarray(fill_value, dtype=dtype or x.dtype, device=device or x.device)
        return copy(broadcast_to(value, tuple(x.shape)))
    _number("full_like", "fill_value", fill_value)
    return _create_like("full_like", x, fill_value, dtype=dtype, device=device)


def from_dlpack(x: ArrayLike, /, *, device: Any = None, copy: bool | None = None) -> GradArray:
    """An array that has ``__dlpack__``, as a `GradArray`: a constant unless `x` is tracked.

    device : of the result. Default: that of `x` if keratorch knows its library, else the default
        device.
    copy : `True` copies; otherwise memory may be shared.
    """
    if isinstance(x, GradArray) or _registry.is_array(x):
        return asarray(x, device=device, copy=copy)
    backend = _registry.resolve_device(device)[0]
    if not hasattr(x, "__dlpack__"):
        raise UnknownArrayError(
            f"from_dlpack: {type(x).__name__} has no __dlpack__, and is no array of a library: use "
            "asarray for numbers and lists"
        )
    raw = backend.function("from_dlpack")(x)
    return constant(raw if not copy else backend.copy(raw))
