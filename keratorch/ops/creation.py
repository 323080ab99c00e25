"""Making arrays: constants, unless told ``requires_grad=True``."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand, check_devices, has_array, target_device, to_raw
from ..core.nodes import is_tracked
from ..core.recording import constant
from ..errors import LostGradientError
from . import placing
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
    """`obj` as a `GradArray`; differentiable where it is, or holds, tracked ones.

    obj : an array of any known library, a `GradArray`, a scalar, or a nested list of those.
    copy : `True` always copies, `None` where needed, `False` raises where needed.
    requires_grad : make the result a leaf that requires a gradient.
    """
    if isinstance(obj, GradArray) or has_array(obj):
        x = as_operand(obj)
        if requires_grad and is_tracked(x):
            raise LostGradientError(
                "asarray(requires_grad=True) of a tracked array would cut its graph: detach() first"
            )
        if device is not None:
            x = placing.to_device(x, device)
        if dtype is not None and _registry.of(x._array).dtype(dtype) != x.dtype:
            if copy is False:
                raise ValueError(f"asarray: {x.dtype} to {dtype} needs a copy")
            x = placing.astype(x, dtype)
        elif copy:
            x = placing.copy(x)
        return x if not requires_grad else GradArray(x, requires_grad=True)
    raw = to_raw(obj, device, dtype, "asarray")
    if copy and raw is obj:
        raw = _registry.of(raw).copy(raw)
    elif copy is False and raw is not obj:
        raise ValueError(f"asarray(copy=False) of a {type(obj).__name__} needs a copy")
    return _made(raw, requires_grad)


def _made(raw: Any, requires_grad: bool) -> GradArray:
    return GradArray(raw, requires_grad=True) if requires_grad else constant(raw)


def _create(name: str, *args: Any, dtype: Any, device: Any, requires_grad: bool) -> GradArray:
    backend, where = _registry.resolve_device(device)
    kwargs: dict[str, Any] = {"device": backend.raw_device(where)}
    if dtype is not None:
        kwargs["dtype"] = backend.dtype(dtype)
    return _made(backend.create(name, where, *args, **kwargs), requires_grad)


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
    """An array of zeros."""
    return _create("zeros", shape, dtype=dtype, device=device, requires_grad=requires_grad)


def ones(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> GradArray:
    """An array of ones."""
    return _create("ones", shape, dtype=dtype, device=device, requires_grad=requires_grad)


def empty(
    shape: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> GradArray:
    """An array of whatever was in memory."""
    return _create("empty", shape, dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    shape: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> GradArray:
    """An array filled with one number; differentiable in `fill_value`."""
    if isinstance(fill_value, GradArray) or _registry.is_array(fill_value):
        value = asarray(fill_value, dtype=dtype, device=device)
        return copy(broadcast_to(value, shape))
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
    """The numbers from `start` up to, not including, `stop`, `step` apart."""
    if stop is None:
        start, stop = 0, start
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
    """`num` numbers, evenly spaced from `start` to `stop`; differentiable in both."""
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
    """Ones on the k-th diagonal, zeros elsewhere."""
    backend, where = _registry.resolve_device(device)
    kwargs = {} if dtype is None else {"dtype": backend.dtype(dtype)}
    raw = backend.create(
        "eye", where, n_rows, n_cols, k=k, device=backend.raw_device(where), **kwargs
    )
    return _made(raw, requires_grad)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> GradArray:
    """Zeros of the shape, dtype and device of `x`: a constant."""
    return _create_like("zeros_like", x, dtype=dtype, device=device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> GradArray:
    """Ones of the shape, dtype and device of `x`: a constant."""
    return _create_like("ones_like", x, dtype=dtype, device=device)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> GradArray:
    """Whatever was in memory, of the shape, dtype and device of `x`: a constant."""
    return _create_like("empty_like", x, dtype=dtype, device=device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> GradArray:
    """One number everywhere, in the shape, dtype and device of `x`."""
    if isinstance(fill_value, GradArray) or _registry.is_array(fill_value):
        x, fill_value = as_operand(x), as_operand(fill_value)
        check_devices("full_like", x._array, fill_value._array)
        value = asarray(fill_value, dtype=dtype or x.dtype, device=device or x.device)
        return copy(broadcast_to(value, tuple(x.shape)))
    return _create_like("full_like", x, fill_value, dtype=dtype, device=device)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> GradArray:
    """The array of another library, given by ``__dlpack__``, as a constant.

    device : where it goes; default: where it is.
    """
    if isinstance(x, GradArray) or _registry.is_array(x):
        return asarray(x, device=device, copy=copy)
    backend = _registry.resolve_device(device)[0]
    raw = backend.function("from_dlpack")(x)
    return constant(raw if not copy else backend.copy(raw))
