"""Products, variances and running totals."""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.grad import Grad
from ..core.recording import constant, is_active, record
from ..errors import DTypeError, ShapeError
from ..typing import ArrayLike
from ._operands import (
    as_array,
    integer,
    is_complex,
    namespace,
    normalized_axes,
    raw_namespace,
    real_number,
    widened,
)
from ._scaling import outsize
from ._undetermined import marked, undetermined
from .joining import concat
from .placing import astype, copy
from .reductions import Axis, spread
from .reductions import sum as sum_
from .windows import pad


def one_axis_last(xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """`x` with `axes` moved to the end and merged into one."""
    others = tuple(i for i in range(x.ndim) if i not in axes)
    turned = xp.permute_dims(x, (*others, *axes)) if x.ndim else x
    shape = tuple(x.shape)
    count = math.prod([shape[i] for i in axes])
    return xp.reshape(turned, (*(shape[i] for i in others), count))


def axis_last_undone(xp: Any, x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The inverse of `one_axis_last`; `shape` is that of the array before."""
    others = tuple(i for i in range(len(shape)) if i not in axes)
    order = (*others, *axes)
    x = xp.reshape(x, tuple(shape[i] for i in order))
    back = [0] * len(order)
    for i, axis in enumerate(order):
        back[axis] = i
    return xp.permute_dims(x, tuple(back)) if back else x


def shifted_products(xp: Any, x: Any) -> Any:
    """For each element, the product of the elements before it on the last axis; 1 for the first."""
    return xp.cumulative_prod(_shifted(x, -1, 1.0), axis=-1) if x.shape[-1] else x


def _shifted(x: Any, n: int, value: float) -> Any:
    """`x` moved by `n` places to the front of the last axis; `value` follows, or comes before."""
    if isinstance(x, GradArray):
        return pad(x, (*((0, 0),) * (len(x.shape) - 1), (-n, n)), value)
    return _registry.of(x).shifted(x, n, value)


class ProdGrad(Grad):
    """Each factor gets the product of the others: the product before it times that after it."""

    __slots__ = ("axes", "keepdims")
    saves = (0,)
    fresh = True

    def others(self, xp: Any, x: Any) -> Any:
        """For each element, the product of all others, without a division: zeros do no harm."""
        flat = one_axis_last(xp, x, self.axes)
        before = shifted_products(xp, flat)
        after = xp.flip(shifted_products(xp, xp.flip(flat, axis=-1)), axis=-1)
        return axis_last_undone(xp, before * after, tuple(x.shape), self.axes)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (x,) = self.saved(grad)
        partial = self.others(xp, x)
        if is_complex(partial):
            partial = xp.conj(partial)
        return (spread(xp, grad, tuple(x.shape), self.axes, self.keepdims) * partial,)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (x,) = self.saved(t)
        return sum_(t * self.others(namespace(t), x), axis=self.axes, keepdims=self.keepdims)


def prod(
    x: ArrayLike, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
) -> GradArray:
    """The product of the elements along `axis` (all axes for `None`).

    dtype : of the product; `x` is cast to it first.

    The gradient of an element is the product of the others, also where elements are 0.
    """
    x, dtype = _cast(as_operand(x), dtype)
    axes = normalized_axes("prod", x, axis)
    a = x._array
    function = raw_namespace(x).prod
    if axis is None:
        raw = as_array(a, function(a, dtype=dtype, keepdims=keepdims))
    else:
        raw = as_array(a, function(a, axis=axes, dtype=dtype, keepdims=keepdims))
    if not is_active(x):
        return recording.unrecorded(raw)
    return record(ProdGrad, (x,), raw, (a,), axes=axes, keepdims=keepdims)


class CumulativeSumGrad(Grad):
    """The running total of the gradient, taken from the end."""

    __slots__ = ("axis", "initial")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        if self.initial:
            grad = grad[(slice(None),) * self.axis + (slice(1, None), ...)]
        return (reversed_totals(xp, grad, self.axis),)

    def jvp(self, *tangents: Any) -> Any:
        return cumulative_sum(tangents[0], axis=self.axis, include_initial=self.initial)


def reversed_totals(xp: Any, x: Any, axis: int) -> Any:
    """Along `axis`, the sum of each element and those after it."""
    return xp.flip(xp.cumulative_sum(xp.flip(x, axis=axis), axis=axis), axis=axis)


def cumulative_sum(
    x: ArrayLike, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> GradArray:
    """The running totals along `axis`, which may be left out for a 1-D array, else `ShapeError`.

    dtype : of the result; `x` is cast to it first.
    include_initial : begin with 0, so that the result is one longer.
    """
    x, axis, dtype = _prepared("cumulative_sum", x, axis, dtype)
    a = x._array
    function = raw_namespace(x).cumulative_sum
    raw = function(a, axis=axis, dtype=dtype, include_initial=include_initial)
    return record(CumulativeSumGrad, (x,), raw, axis=axis, initial=include_initial)


class CumulativeProdGrad(Grad):
    """x̄_i = h_i times the product before i, with h_i = ḡ_i + x_{i+1}·h_{i+1} from the end.

    The recurrence takes log₂ n steps on whole arrays (Hillis and Steele 1986, *Data parallel
    algorithms*), and no division.
    """

    __slots__ = ("axis", "initial")
    saves = (0,)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (x,) = self.saved(grad)
        if self.initial:
            grad = grad[(slice(None),) * self.axis + (slice(1, None), ...)]
        last = xp.moveaxis(x, self.axis, -1)
        g = xp.moveaxis(grad, self.axis, -1)
        if is_complex(last):
            last = xp.conj(last)
        n = last.shape[-1]
        if not n:
            return (grad,)
        factor = _shifted(last, 1, 0.0)
        total, step = g, 1
        while step < n:
            total = total + factor * _shifted(total, step, 0.0)
            factor = factor * _shifted(factor, step, 0.0)
            step *= 2
        return (xp.moveaxis(total * shifted_products(xp, last), -1, self.axis),)


def cumulative_prod(
    x: ArrayLike, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> GradArray:
    """The running products along `axis`, which may be left out for a 1-D array, else `ShapeError`.

    dtype : of the result; `x` is cast to it first.
    include_initial : begin with 1, so that the result is one longer.
    """
    x, axis, dtype = _prepared("cumulative_prod", x, axis, dtype)
    a = x._array
    function = raw_namespace(x).cumulative_prod
    raw = function(a, axis=axis, dtype=dtype, include_initial=include_initial)
    saved = (a if is_active(x) else None,)
    return record(CumulativeProdGrad, (x,), raw, saved, axis=axis, initial=include_initial)


def _cast(x: GradArray, dtype: Any) -> tuple[GradArray, Any]:
    """`x` cast to `dtype`, and its dtype; `x` itself and `None` for `None`."""
    if dtype is None:
        return x, None
    x = astype(x, dtype, copy=False)
    return x, x.dtype


def _prepared(op: str, x: Any, axis: int | None, dtype: Any) -> tuple[GradArray, int, Any]:
    x, dtype = _cast(as_operand(x), dtype)
    if axis is None:
        if x.ndim != 1:
            raise ShapeError(
                f"{op}: an array of shape {tuple(x.shape)} needs axis=; it may be left out for "
                "1-D arrays only"
            )
        axis = 0
    return x, normalized_axes(op, x, axis)[0], dtype


def deviations(xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """`x` minus its mean along `axes`.

    Rounding can make the mean of equal numbers differ from that number. A second subtraction makes
    the deviations of equal numbers 0, also for a later division by a std of about 1e-17.
    """
    if not axes or not math.prod(x.shape):
        return xp.zeros_like(x)
    away = x - xp.mean(x, axis=axes, keepdims=True)
    return away - xp.mean(away, axis=axes, keepdims=True)


class VarGrad(Grad):
    """2(x − mean)/(n − correction) times the gradient; in float32 at least."""

    __slots__ = ("axes", "divisor", "keepdims")
    saves = (0,)
    fresh = True

    def slopes(self, xp: Any, x: Any) -> Any:
        return deviations(xp, widened(x), self.axes) * (
            2 / self.divisor if self.divisor else math.nan
        )

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (x,) = self.saved(grad)
        g = spread(xp, widened(grad), tuple(x.shape), self.axes, self.keepdims)
        return (g * self.slopes(xp, x),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (x,) = self.saved(t)
        slopes = self.slopes(namespace(t), x)
        return sum_(widened(t) * slopes, axis=self.axes, keepdims=self.keepdims)


class StdGrad(Grad):
    """(x − mean)/((n − correction)·std) times the gradient; 0 where the std is 0.

    It computes in float32 at least.
    """

    __slots__ = ("axes", "divisor", "keepdims")
    saves = (0, -1)
    fresh = True

    def slopes(self, xp: Any, x: Any, y: Any) -> Any:
        y = widened(y)
        away = deviations(xp, widened(x), self.axes)
        largest = outsize(away, y, self.axes)
        y = spread(xp, y, tuple(x.shape), self.axes, self.keepdims)
        if largest is not None:
            away = away / (constant(largest) if isinstance(away, GradArray) else largest)
            total = xp.linalg.vector_norm(away, axis=self.axes, keepdims=True)
            y = xp.broadcast_to(total / math.sqrt(self.divisor), x.shape)
        unit = xp.where(y == 0, 0.0, away / xp.where(y == 0, 1.0, y))
        return unit * (1 / self.divisor if self.divisor else math.nan)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        x, y = self.saved(grad)
        g = spread(xp, widened(grad), tuple(x.shape), self.axes, self.keepdims)
        return (self.at_kinks(xp, x, y, g, g * self.slopes(xp, x, y)),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        x, y = self.saved(t)
        xp, t = namespace(t), widened(t)
        change = self.at_kinks(xp, x, y, t, t * self.slopes(xp, x, y))
        return sum_(change, axis=self.axes, keepdims=self.keepdims)

    def at_kinks(self, xp: Any, x: Any, y: Any, v: Any, product: Any) -> Any:
        """`product`, of `v` and the slopes, without a derivative where the std is 0.

        The std of one element is always 0.
        """
        if not isinstance(product, GradArray) or math.prod([x.shape[i] for i in self.axes]) < 2:
            return product
        kinks = spread(xp, y == 0, tuple(x.shape), self.axes, self.keepdims)
        return undetermined(product, (x,), (marked(kinks, v),), self.axes)


def var(
    x: ArrayLike, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> GradArray:
    """The variance along `axis` (all axes for `None`): Σ(x − mean)²/(n − correction).

    float16 and bfloat16 are summed in float32.

    Raises `DTypeError` for complex `x`, `AxisError` for an axis that `x` does not have.
    """
    return _spread_of("var", VarGrad, x, axis, correction, keepdims)


def std(
    x: ArrayLike, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> GradArray:
    """The standard deviation, √`var`; its gradient is 0 where all values are equal.

    Arguments and errors as in `var`.
    """
    return _spread_of("std", StdGrad, x, axis, correction, keepdims)


def _spread_of(
    name: str, cls: type[Grad], x: Any, axis: Axis, correction: float, keepdims: bool
) -> GradArray:
    x = as_operand(x)
    if _registry.of(x._array).is_complex(x.dtype):
        raise DTypeError(
            f"{name} of dtype {x.dtype}, shape {tuple(x.shape)}: x must be real: take that of "
            "kt.real(x) and of kt.imag(x)"
        )
    axes = normalized_axes(name, x, axis)
    correction = real_number(name, "correction", correction)
    a = x._array
    xp = raw_namespace(x)
    along = None if axis is None else axes
    wide = widened(a)
    # array_api_compat refuses such a correction for PyTorch.
    if name == "std" and correction != int(correction):
        raw = xp.sqrt(xp.var(wide, axis=along, correction=correction, keepdims=keepdims))
    else:
        raw = getattr(xp, name)(wide, axis=along, correction=correction, keepdims=keepdims)
    if wide is not a:
        raw = xp.astype(as_array(a, raw), a.dtype)
    raw = as_array(a, raw)
    divisor = max(math.prod([a.shape[i] for i in axes]) - correction, 0)
    if not axes and not divisor:
        raw = raw * math.nan  # array_api_compat gives 0 for PyTorch
    if not is_active(x):
        return recording.unrecorded(raw)
    saved = (a,) if cls is VarGrad else (a, raw)
    return record(cls, (x,), raw, saved, axes=axes, divisor=divisor, keepdims=keepdims)


def count_nonzero(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> GradArray:
    """How many elements along `axis` (all axes for `None`) are not 0: a constant."""
    x = as_operand(x)
    a = x._array
    normalized_axes("count_nonzero", x, axis)
    function = raw_namespace(x).count_nonzero
    return recording.unrecorded(as_array(a, function(a, axis=axis, keepdims=keepdims)))


def diff(
    x: Any, /, n: int = 1, *, axis: int = -1, prepend: Any = None, append: Any = None
) -> GradArray:
    """The `n`-th differences of neighbours along `axis`, after joining `prepend` and `append`.

    For ``n=0`` the result is a copy of `x`; nothing is joined. Raises `ValueError` for negative n.
    """
    x = as_operand(x)
    (axis,) = normalized_axes("diff", x, axis)
    if integer("diff", "n", n) < 0:
        raise ValueError(
            f"diff: n={n} of an array of shape {tuple(x.shape)} is negative: n says how often to "
            "take differences; cumulative_sum is the inverse"
        )
    if n == 0:
        return copy(x)
    parts = [p for p in (prepend, x, append) if p is not None]
    if len(parts) > 1:
        x = concat(parts, axis=axis)
    before = (slice(None),) * axis
    for _ in range(min(n, x.shape[axis])):
        x = x[(*before, slice(1, None), ...)] - x[(*before, slice(None, -1), ...)]
    return x
