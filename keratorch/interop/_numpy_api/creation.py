"""Arrays from given values: `array`, `asarray`, `full` and the like; numbers between two ends."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.shown import shown
from ...ops._operands import widened
from ._arguments import arrays, floating, integers, of_dtype, placed, refuse
from ._table import implements


def _made(name: str, a: Any, dtype: Any, order: Any, device: Any, like: Any) -> GradArray:
    if order not in (None, "K", "A", "C", "F"):
        raise refuse(name, f"order={shown(order)}", "use 'K', 'A', 'C' or 'F'")
    if like is None:
        return on_cpu(name, kt.asarray(a, dtype=dtype), device)
    x = placed(a, like)
    return on_cpu(name, x if dtype is None else of_dtype(name, x, dtype), device)


def on_cpu(name: str, x: GradArray, device: Any) -> GradArray:
    """`x` on NumPy's only device, ``"cpu"``, if `device` names it; `x` for `None`."""
    if device is None:
        return x
    if device != "cpu":
        raise ValueError(f"numpy.{name}: NumPy's only device is 'cpu', not {shown(device)}")
    return x if x.device == "cpu" else kt.to_device(x, "cpu")


@implements("array")
def array(
    object: Any, dtype: Any = None, *, copy: bool | None = True, order: Any = "K",
    subok: bool = False, ndmin: int = 0, ndmax: int = 0, like: Any = None,
) -> GradArray:  # fmt: skip
    """An array from nested lists that may hold `GradArray`s, or a copy of an array."""
    if ndmax:
        raise refuse("array", "ndmax=", "leave it out")
    x = _made("array", object, dtype, order, None, like)
    if copy and (x is object or _registry.is_array(object)):
        x = kt.asarray(x, copy=True)
    if ndmin > x.ndim:
        x = kt.reshape(x, (1,) * (ndmin - x.ndim) + x.shape)
    return x


@implements("asarray", "asanyarray")
def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: bool | None = None,
    like: Any = None,
) -> GradArray:  # fmt: skip
    """`a` as an array; `a` itself if it is an array of that dtype."""
    x = _made("asarray", a, dtype, order, device, like)
    return kt.asarray(x, copy=copy) if copy else _apart(x, order)


def _apart(x: GradArray, order: Any) -> GradArray:
    """`x`, or a copy in the order ``"C"`` or ``"F"`` where NumPy copies for that order."""
    flags = getattr(x._array, "flags", None)
    if flags is None or order not in ("C", "F"):
        return x
    if order == "C":
        return x if flags.c_contiguous else kt.asarray(x, copy=True)
    if flags.f_contiguous:
        return x
    backwards = tuple(reversed(range(x.ndim)))
    return kt.permute_dims(kt.asarray(kt.permute_dims(x, backwards), copy=True), backwards)


@implements("ascontiguousarray")
def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> GradArray:
    """`a` as an array of at least one axis; a copy where NumPy makes one."""
    x = _apart(_made("ascontiguousarray", a, dtype, None, None, like), "C")
    return x if x.ndim else kt.reshape(x, (1,))


@implements("asfortranarray")
def asfortranarray(a: Any, dtype: Any = None, *, like: Any = None) -> GradArray:
    """`a` as an array of at least one axis; a copy where NumPy makes one."""
    x = _apart(_made("asfortranarray", a, dtype, None, None, like), "F")
    return x if x.ndim else kt.reshape(x, (1,))


@implements("asarray_chkfinite")
def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> GradArray:
    """`a` as an array; `ValueError` if it has infinities or NaNs. Waits for the device."""
    x = _made("asarray_chkfinite", a, dtype, order, None, None)
    if not kt.all(kt.isfinite(x)):
        raise ValueError("asarray_chkfinite: an array must not contain infs or NaNs")
    return x


@implements("fromiter")
def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> GradArray:
    """The first `count` elements of `iter` as an array of one axis; all of them for -1."""
    values = list(iter) if count < 0 else list(islice(iter, count))
    if len(values) < count:
        raise ValueError(f"numpy.fromiter: iter has {len(values)} elements, fewer than {count}")
    return _made("fromiter", values, dtype, None, None, like)


@implements("full")
def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *, device: Any = None,
    like: Any = None,
) -> GradArray:  # fmt: skip
    """An array filled with `fill_value`; differentiable in `fill_value`."""
    value = _made("full", fill_value, dtype, order, device, like)
    return kt.asarray(kt.broadcast_to(value, integers(shape)), copy=True)


@implements("linspace")
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    """`num` numbers, evenly spaced from `start` to `stop`: start + (stop − start)·i/n.

    n is num − 1, or num without `endpoint`. The ends may be arrays; the new axis is `axis`. With
    `retstep`, the result is the pair of the numbers and the step.
    """
    start, stop = (on_cpu("linspace", v, device) for v in arrays(start, stop))
    start, stop = kt.broadcast_arrays(floating(start), floating(stop))
    own = kt.result_type(start.dtype, stop.dtype)
    start, stop = widened(start), widened(stop)  # float16 cannot count the numbers
    intervals = num - 1 if endpoint else num
    at = kt.arange(num, dtype=start.real.dtype, device=start.device)
    at = kt.reshape(at, (num,) + (1,) * start.ndim)
    step = (stop - start) / intervals if intervals > 0 else (stop - start) * math.nan
    if intervals > 0:
        part = at / intervals
        y = start * (1 - part) + stop * part
    else:
        y = kt.broadcast_to(start, (num, *start.shape)) if num else start * at
    y = kt.moveaxis(y, 0, axis) if axis else y
    y = kt.astype(y, own if dtype is None else dtype, copy=False)
    return (y, kt.astype(step, own, copy=False)) if retstep else y


@implements("logspace")
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> GradArray:  # fmt: skip
    """`base` to the power of each number of `linspace`."""
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    if getattr(base, "ndim", 0):
        base = kt.expand_dims(base, axis=axis)
    y = kt.pow(base, exponents)
    return y if dtype is None else kt.astype(y, dtype)


@implements("geomspace")
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> GradArray:
    """`num` numbers from `start` to `stop`, of one sign: start·(stop/start)^(i/n)."""
    start, stop = arrays(start, stop)
    start, stop = floating(start), floating(stop)
    exponents = linspace(kt.zeros_like(start), kt.log(stop / start), num, endpoint, axis=axis)
    first = start if not axis or not start.ndim else kt.expand_dims(start, axis=axis)
    y = first * kt.exp(exponents)
    return y if dtype is None else kt.astype(y, dtype)
