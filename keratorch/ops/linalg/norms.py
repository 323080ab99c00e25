"""Norms of vectors and matrices; the gradient is 0 where the norm is 0."""

from __future__ import annotations

import math
from typing import Any

from ...backends._dtypes import is_narrow
from ...core import recording
from ...core.array import GradArray
from ...core.convert import as_operand
from ...core.grad import Grad
from ...core.mode import mode, policy
from ...core.recording import constant, is_active, record
from ...core.shown import shown
from ...typing import ArrayLike
from .._operands import namespace, normalized_axes, widened
from .._scaling import outsize
from .._undetermined import marked, undetermined
from ..manipulation import reshape
from ..placing import astype
from ..reductions import Axis, max, min, spread, sum
from ..selection import abs, direction, where
from ..selection import real as real_part
from ._matrices import call_raw, conj, floating, matrices, real
from .decompositions import svdvals


class VectorNormGrad(Grad):
    """grad·u·(|x|/‖x‖)^(p−1) with u = x/|x|, and 0 where x or the norm is 0.

    Below a selection also 0 where `grad` is 0 and the norm is not finite, as in `ElementwiseGrad`.
    """

    __slots__ = ("axes", "keepdims", "order")
    selects = True
    saves = (0, -1)
    fresh = True

    def steepest(self, xp: Any, x: Any, y: Any, unseen: Any = None) -> Any:
        """The gradient of the norm; 0 where the norm is 0, and where `unseen` is true."""
        flat = y == 0 if unseen is None else (y == 0) | unseen
        flat = spread(xp, flat, tuple(x.shape), self.axes, self.keepdims)
        y = spread(xp, y, tuple(x.shape), self.axes, self.keepdims)
        y = xp.where(flat, 1.0, y)
        if self.order == 2:
            return xp.where(flat, 0.0, x) / y
        size = xp.abs(x)
        flat = flat | (size == 0)
        part = xp.where(flat, 1.0, size) / y
        return xp.where(flat, 0.0, direction(xp, x)) * part ** (self.order - 1)

    def in_range(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Elements and a norm of the same direction, for which no power over- or underflows."""
        largest = outsize(x, y, self.axes, self.order)
        if largest is None:
            return x, y
        tracked = isinstance(x, GradArray)
        x = (x if tracked else constant(x)) / constant(largest)
        y = vector_norm(x, axis=self.axes, keepdims=self.keepdims, ord=self.order)
        return (x, y) if tracked else (x._array, y._array)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        x, y = self.in_range(*self.saved(grad))
        unseen = (grad == 0) & ~xp.isfinite(y) if mode.masking and policy.masked_zeros else None
        steepest = self.steepest(xp, x, y, unseen)
        grad = spread(xp, grad, tuple(x.shape), self.axes, self.keepdims)
        return (self.at_kinks(xp, x, y, grad, grad * steepest),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        x, y = self.in_range(*self.saved(t))
        change = real(xp, conj(xp, self.steepest(xp, x, y)) * t)
        change = self.at_kinks(xp, x, y, t, change)
        return sum(change, axis=self.axes, keepdims=self.keepdims)

    def at_kinks(self, xp: Any, x: Any, y: Any, v: Any, product: Any) -> Any:
        """`product`, of `v` and the gradient, without a derivative where the norm has a kink.

        All orders have one where the norm is 0. Orders below 2 have one at every element that is
        0; below 1 it shows in the gradients of all elements.
        """
        if not isinstance(product, GradArray):
            return product
        flat = spread(xp, y == 0, tuple(x.shape), self.axes, self.keepdims)
        if self.order < 1:
            flat = flat | xp.any(x == 0, axis=self.axes, keepdims=True)
        elif self.order < 2:
            product = undetermined(product, (x,), (marked(x == 0, v),))
        return undetermined(product, (x,), (marked(flat, v),), self.axes)


def vector_norm(
    x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2
) -> GradArray:
    """(Σ|x|^p)^(1/p) along `axis` (all axes for `None`); real for complex x too.

    ord : p; ``inf`` for the largest |x|, ``-inf`` for the smallest, 0 for the number of elements
        that are not 0, whose derivative is 0.

    An element that is 0 gets gradient 0, and so do all where the norm is 0. Equal extrema share
    the gradient. float16 and bfloat16 are computed in float32. The norm of no elements is 0; only
    the smallest of none raises `ShapeError`. Raises `DTypeError` unless x is floating or complex.
    """
    x = as_operand(x)
    floating("vector_norm", x)
    if is_narrow(x.dtype):
        wide = vector_norm(widened(x), axis=axis, keepdims=keepdims, ord=ord)
        return astype(wide, x.dtype)
    axes = normalized_axes("vector_norm", x, axis)
    try:
        order = float(ord)
    except (TypeError, ValueError):
        raise ValueError(
            f"vector_norm: ord is {shown(ord)}: it must be a number, or inf or -inf: "
            "linalg.matrix_norm has 'fro' and 'nuc'"
        ) from None
    if order in (math.inf, -math.inf, 1.0) or (not axes and order):
        some = all([x.shape[i] for i in axes])
        reduce = {math.inf: max if some else sum, -math.inf: min}.get(order, sum)
        return reduce(abs(x), axis=axes, keepdims=keepdims)
    if not order:
        count = sum(astype(x != 0, abs(x).dtype), axis=axes, keepdims=keepdims)
        if not is_active(x):
            return count
        # Makes the result tracked, as every norm is, with gradient 0, also beside infinities.
        nowhere = where((x == 0) & (x != 0), real_part(x), 0.0)
        return count + sum(nowhere, axis=axes, keepdims=keepdims)
    ord = int(order) if order.is_integer() else order
    raw = call_raw(x, "vector_norm", axis=axes, keepdims=keepdims, ord=ord)
    if not is_active(x):
        return recording.unrecorded(raw)
    return record(
        VectorNormGrad, (x,), raw, (x._array, raw), axes=axes, keepdims=keepdims, order=ord
    )


def matrix_norm(
    x: ArrayLike, /, *, keepdims: bool = False, ord: float | str | None = "fro"
) -> GradArray:
    """A norm of each matrix in the last two axes.

    ord : ``"fro"`` (and `None`): the root of the sum of |x|²; ``"nuc"``: the sum of the singular
        values; 2 and -2: the largest and the smallest singular value; 1 and -1: the largest and
        the smallest sum of |x| over a column; ``inf`` and ``-inf``: over a row.

    The gradient is 0 where the norm is 0; equal extrema share it. Raises `ShapeError` for fewer
    than two axes, `DTypeError` unless x is floating or complex, `ValueError` for another `ord`.
    """
    x = matrices("matrix_norm", x)
    if type(ord).__hash__ is None:  # a list or an array
        raise _no_norm(ord, x)
    if ord is None or ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    extrema: dict[Any, Any] = {1: max, 2: max, math.inf: max, -1: min, -2: min, -math.inf: min}
    extremum = extrema.get(ord)
    if ord == "nuc" or ord in (2, -2):
        # |s|, since the derivative of |s| at 0 is 0.
        values = abs(svdvals(x))
    elif extremum is not None:
        values = sum(abs(x), axis=-2 if ord in (1, -1) else -1)
    else:
        raise _no_norm(ord, x)
    if extremum is None or (extremum is max and not values.shape[-1]):
        extremum = sum
    found = extremum(values, axis=-1)
    return reshape(found, (*found.shape, 1, 1)) if keepdims else found


def _no_norm(ord: Any, x: Any) -> ValueError:
    return ValueError(
        f"matrix_norm: ord {shown(ord)} of an array of shape {tuple(x.shape)}: use 'fro', 'nuc', "
        "1, -1, 2, -2, inf or -inf"
    )
