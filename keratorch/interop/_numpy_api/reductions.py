"""Sums, means, extrema and the like, with NumPy's ``where=``, ``initial=`` and ``dtype=``."""

from __future__ import annotations

import builtins
import math
from typing import Any

from ... import functions as kt
from ...backends._dtypes import is_narrow
from ...core.array import GradArray
from ...ops._operands import widened
from ._arguments import array, axes_of, floating, is_complex, is_floating, no_out, one_axis
from ._table import implements

Axis = int | tuple[int, ...] | None


def _cast(x: GradArray, dtype: Any) -> GradArray:
    return x if dtype is None else kt.astype(x, dtype, copy=False)


def _kept(x: GradArray, where: Any, neutral: Any) -> GradArray:
    """`x`, with `neutral` where `where` is false."""
    if where is True:
        return x
    where = kt.broadcast_to(array(where, x), x.shape)
    return kt.where(where, x, kt.full_like(x, neutral))


def _with_initial(y: GradArray, initial: Any, combine: Any) -> GradArray:
    return y if initial is None else combine(y, initial)


def _lowest(x: GradArray) -> Any:
    """The least value of the dtype: minus infinity, or the smallest integer."""
    return -math.inf if is_floating(x) else kt.iinfo(x.dtype).min


def _highest(x: GradArray) -> Any:
    return math.inf if is_floating(x) else kt.iinfo(x.dtype).max


@implements("sum")
def sum(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The sum along `axis` of the elements where `where` is true, plus `initial`."""
    no_out("sum", out)
    x = _kept(array(a), where, 0)
    y = kt.sum(x, axis=axis, dtype=dtype, keepdims=builtins.bool(keepdims))
    return _with_initial(y, initial, kt.add)


@implements("prod")
def prod(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The product along `axis` of the elements where `where` is true, times `initial`."""
    no_out("prod", out)
    x = _kept(array(a), where, 1)
    y = kt.prod(x, axis=axis, dtype=dtype, keepdims=builtins.bool(keepdims))
    return _with_initial(y, initial, kt.multiply)


@implements("max", "amax")
def max(
    a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> GradArray:  # fmt: skip
    """The largest along `axis` of `initial` and the elements where `where` is true."""
    no_out("max", out)
    x = array(a)
    x = _kept(x, where, _lowest(x) if initial is None else initial)
    y = kt.max(x, axis=axis, keepdims=builtins.bool(keepdims))
    return _with_initial(y, initial, kt.maximum)


@implements("min", "amin")
def min(
    a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> GradArray:  # fmt: skip
    """The smallest along `axis` of `initial` and the elements where `where` is true."""
    no_out("min", out)
    x = array(a)
    x = _kept(x, where, _highest(x) if initial is None else initial)
    y = kt.min(x, axis=axis, keepdims=builtins.bool(keepdims))
    return _with_initial(y, initial, kt.minimum)


@implements("ptp")
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False) -> GradArray:
    """max − min of the elements along `axis`."""
    no_out("ptp", out)
    keepdims = builtins.bool(keepdims)
    return kt.max(a, axis=axis, keepdims=keepdims) - kt.min(a, axis=axis, keepdims=keepdims)


def count(x: GradArray, axis: Axis, where: Any, keepdims: bool) -> Any:
    """How many elements along `axis` have a true `where`: an integer, or an array of floats.

    The floats are of float32 at least: float16 counts to 65504.
    """
    if where is True:
        return math.prod(x.shape[i] for i in axes_of("count", x, axis))
    where = kt.astype(kt.broadcast_to(array(where, x), x.shape), kt.bool)
    n = kt.sum(kt.astype(where, kt.int64), axis=axis, keepdims=keepdims)
    return kt.astype(n, kt.abs(widened(x)).dtype)


@implements("mean")
def mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    *, where: Any = True,
) -> GradArray:  # fmt: skip
    """The arithmetic mean along `axis` of the elements where `where` is true."""
    no_out("mean", out)
    keepdims = builtins.bool(keepdims)
    x = floating(_cast(array(a), dtype))
    if where is True:
        return kt.mean(x, axis=axis, keepdims=keepdims)
    n = count(x, axis, where, keepdims)
    total = kt.sum(widened(_kept(x, where, 0)), axis=axis, keepdims=keepdims)
    return kt.astype(total / n, x.dtype, copy=False)


_mean = mean


@implements("var")
def var(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = True, mean: Any = None, correction: Any = None,
) -> GradArray:  # fmt: skip
    """Σ |x − mean|² / (n − `ddof`) along `axis`.

    mean : the mean, if it is known, in the shape of ``keepdims=True``.
    correction : the Array API's name for `ddof`.
    """
    no_out("var", out)
    keepdims = builtins.bool(keepdims)
    x = floating(_cast(array(a), dtype))
    ddof = ddof if correction is None else correction
    if where is True and mean is None and not is_complex(x):
        return kt.var(x, axis=axis, correction=ddof, keepdims=keepdims)
    dtype, x = x.dtype, widened(x)
    if mean is None:
        mean = _mean(x, axis, keepdims=True, where=where)
    elif isinstance(mean, GradArray):
        mean = widened(mean)
    away = _kept(x - mean, where, 0)
    squares = away * away
    if is_complex(x):
        squares = kt.real(away) ** 2 + kt.imag(away) ** 2
    total = kt.sum(squares, axis=axis, keepdims=keepdims)
    n = count(x, axis, where, keepdims)
    if isinstance(n, GradArray):
        y = total / kt.maximum(n - ddof, 0)
    else:
        y = total / (n - ddof) if n > ddof else total * math.nan
    return kt.astype(y, _real_part(dtype, y), copy=False)


def _real_part(dtype: Any, y: GradArray) -> Any:
    """The dtype of a variance `y` of numbers of `dtype`: that of `y` for wide and complex ones."""
    return dtype if is_narrow(dtype) else y.dtype


@implements("std")
def std(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = True, mean: Any = None, correction: Any = None,
) -> GradArray:  # fmt: skip
    """The square root of `var`; its gradient is 0 where all values are equal."""
    no_out("std", out)
    x = floating(_cast(array(a), dtype))
    if where is True and mean is None and not is_complex(x):
        ddof = ddof if correction is None else correction
        return kt.std(x, axis=axis, correction=ddof, keepdims=builtins.bool(keepdims))
    # The root of the variance would have an infinite derivative at 0: the norm has the value 0.
    n = count(x, axis, where, builtins.bool(keepdims))
    alone = mean is None and where is True and n == 1
    mean = _mean(x, axis, keepdims=True, where=where) if mean is None else mean
    away = _kept(x - mean, where, 0)
    narrow = away.dtype
    wide = kt.astype(away, kt.result_type(narrow, kt.float32), copy=False)
    if alone:  # always 0, with all derivatives; the norm has a kink there
        length = kt.sum(kt.real(wide), axis=axis, keepdims=builtins.bool(keepdims))
    else:
        length = kt.linalg.vector_norm(wide, axis=axis, keepdims=builtins.bool(keepdims))
    left = n - (ddof if correction is None else correction)
    if isinstance(left, GradArray):
        divisor = kt.sqrt(kt.astype(kt.maximum(left, 0), length.dtype))
        return kt.astype(length / divisor, kt.abs(x).dtype, copy=False)
    scale = 1 / math.sqrt(left) if left > 0 else math.nan
    return kt.astype(length * scale, kt.abs(x).dtype, copy=False)


@implements("all", constant=True)
def all(
    a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> GradArray:
    """Whether all elements along `axis` are true, of those where `where` is true."""
    no_out("all", out)
    x = _kept(kt.astype(array(a), kt.bool), where, True)
    return kt.all(x, axis=axis, keepdims=builtins.bool(keepdims))


@implements("any", constant=True)
def any(
    a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> GradArray:
    """Whether any element along `axis` is true, of those where `where` is true."""
    no_out("any", out)
    x = _kept(kt.astype(array(a), kt.bool), where, False)
    return kt.any(x, axis=axis, keepdims=builtins.bool(keepdims))


@implements("argmax", constant=True)
def argmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """The position of the first largest element."""
    no_out("argmax", out)
    return kt.argmax(a, axis=axis, keepdims=builtins.bool(keepdims))


@implements("argmin", constant=True)
def argmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """The position of the first smallest element."""
    no_out("argmin", out)
    return kt.argmin(a, axis=axis, keepdims=builtins.bool(keepdims))


@implements("cumsum")
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running totals along `axis`; of the flattened array for ``axis=None``."""
    no_out("cumsum", out)
    x, axis = one_axis("cumsum", array(a), axis)
    return kt.cumulative_sum(x, axis=axis, dtype=dtype)


@implements("cumprod")
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running products along `axis`; of the flattened array for ``axis=None``."""
    no_out("cumprod", out)
    x, axis = one_axis("cumprod", array(a), axis)
    return kt.cumulative_prod(x, axis=axis, dtype=dtype)
