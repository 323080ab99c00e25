"""NumPy's reductions that leave NaNs out: a NaN has gradient 0, and affects no other gradient."""

from __future__ import annotations

import builtins
import math
from typing import Any

from ... import functions as kt
from ...core.array import GradArray
from ...errors import DTypeError
from . import reductions
from ._arguments import array, floating, is_complex, is_floating, no_out, one_axis
from ._table import implements


def given(value: Any, default: Any = None) -> Any:
    """`value`; `default` for NumPy's ``_NoValue``, which means not given."""
    return default if type(value).__name__ == "_NoValueType" else value


def filled(a: Any, value: Any) -> GradArray:
    """`a` with `value` in place of NaNs."""
    x = array(a)
    return kt.where(kt.isnan(x), value, x) if is_floating(x) else x


def numbers(x: GradArray, where: Any = True) -> Any:
    """The mask of the elements that are not NaN and where `where` is true."""
    if not is_floating(x):
        return where
    known = ~kt.isnan(x)
    where = given(where, True)
    return known if where is True else known & array(where, x)


@implements("nansum")
def nansum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The sum along `axis`, with NaNs as 0."""
    no_out("nansum", out)
    keepdims, initial, where = given(keepdims, False), given(initial), given(where, True)
    return reductions.sum(filled(a, 0.0), axis, dtype, None, keepdims, initial, where)


@implements("nanprod")
def nanprod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The product along `axis`, with NaNs as 1."""
    no_out("nanprod", out)
    keepdims, initial, where = given(keepdims, False), given(initial), given(where, True)
    return reductions.prod(filled(a, 1.0), axis, dtype, None, keepdims, initial, where)


@implements("nancumsum")
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running totals along `axis`, with NaNs as 0; flattened for ``axis=None``."""
    no_out("nancumsum", out)
    return reductions.cumsum(filled(a, 0.0), axis, dtype)


@implements("nancumprod")
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running products along `axis`, with NaNs as 1; flattened for ``axis=None``."""
    no_out("nancumprod", out)
    return reductions.cumprod(filled(a, 1.0), axis, dtype)


@implements("nanmean")
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    *, where: Any = True,
) -> GradArray:  # fmt: skip
    """The mean along `axis` without the NaNs; NaN if there are no other elements."""
    no_out("nanmean", out)
    x = floating(array(a) if dtype is None else kt.astype(array(a), dtype))
    known = numbers(x, where)
    y = reductions.mean(filled(x, 0.0), axis, keepdims=given(keepdims, False), where=known)
    return kt.astype(y, x.dtype, copy=False)  # CuPy's `where` of bfloat16 is of float32


@implements("nanvar")
def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: Any = False, *, where: Any = True, mean: Any = None, correction: Any = None,
) -> GradArray:  # fmt: skip
    """The variance along `axis` without the NaNs; NaN for `ddof` numbers or fewer."""
    no_out("nanvar", out)
    return _spread_of(reductions.var, a, axis, dtype, ddof, keepdims, where, mean, correction)


@implements("nanstd")
def nanstd(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: Any = False, *, where: Any = True, mean: Any = None, correction: Any = None,
) -> GradArray:  # fmt: skip
    """The square root of `nanvar`; its gradient is 0 where all numbers are equal."""
    no_out("nanstd", out)
    return _spread_of(reductions.std, a, axis, dtype, ddof, keepdims, where, mean, correction)


def _spread_of(
    function: Any, a: Any, axis: Any, dtype: Any, ddof: float, keepdims: Any, where: Any,
    mean: Any, correction: Any,
) -> GradArray:  # fmt: skip
    """`function`, which is `var` or `std`, of the numbers; NaN for `ddof` numbers or fewer."""
    x = floating(array(a) if dtype is None else kt.astype(array(a), dtype))
    known = numbers(x, where)
    ddof, keepdims = given(correction, None) or ddof, given(keepdims, False)
    y = function(filled(x, 0.0), axis, None, None, ddof, keepdims, where=known, mean=given(mean))
    count = kt.sum(kt.astype(known, kt.int64), axis=axis, keepdims=keepdims)
    return y * kt.astype(kt.where(count > ddof, 1.0, math.nan), y.dtype)


def _extremum(name: str, function: Any, a: Any, where: Any, neutral: float, **kwargs: Any) -> Any:
    x = array(a)
    kwargs = {k: given(v, False if k == "keepdims" else None) for k, v in kwargs.items()}
    if not is_floating(x):
        return function(x, where=given(where, True), **kwargs)
    if is_complex(x):
        raise DTypeError(
            f"numpy.{name} of dtype {x.dtype}, shape {tuple(x.shape)}: it takes real numbers only: "
            "pass x.real, x.imag or abs(x)"
        )
    known = numbers(x, where)
    y = function(kt.where(known, x, neutral), **kwargs)
    if kwargs["initial"] is not None:
        return y
    none = ~kt.any(known, axis=kwargs["axis"], keepdims=kwargs["keepdims"])
    return kt.where(none, math.nan, y)


@implements("nanmax")
def nanmax(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
    where: Any = True,
) -> GradArray:  # fmt: skip
    """The largest number along `axis`; NaN if there are only NaNs."""
    no_out("nanmax", out)
    return _extremum(
        "nanmax", reductions.max, a, where, -math.inf, axis=axis, keepdims=keepdims, initial=initial
    )


@implements("nanmin")
def nanmin(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
    where: Any = True,
) -> GradArray:  # fmt: skip
    """The smallest number along `axis`; NaN if there are only NaNs."""
    no_out("nanmin", out)
    return _extremum(
        "nanmin", reductions.min, a, where, math.inf, axis=axis, keepdims=keepdims, initial=initial
    )


def _argument(name: str, function: Any, a: Any, axis: Any, keepdims: Any, neutral: float) -> Any:
    x = array(a).detach()
    keepdims = builtins.bool(given(keepdims, False))
    flat, along = one_axis(name, x, axis)
    if is_floating(x) and kt.any(kt.all(kt.isnan(flat), axis=along)):
        raise ValueError(
            f"numpy.{name}: all elements along axis {axis} of shape {tuple(x.shape)} are NaN: take "
            "such rows out first, or replace their NaNs with where"
        )
    return function(filled(x, neutral), axis=axis, keepdims=keepdims)


@implements("nanargmax", constant=True)
def nanargmax(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> GradArray:
    """The position of the first largest number; `ValueError` for all NaN; waits for the device."""
    no_out("nanargmax", out)
    return _argument("nanargmax", kt.argmax, a, axis, keepdims, -math.inf)


@implements("nanargmin", constant=True)
def nanargmin(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> GradArray:
    """The position of the first smallest number; `ValueError` for all NaN; waits for the device."""
    no_out("nanargmin", out)
    return _argument("nanargmin", kt.argmin, a, axis, keepdims, math.inf)
