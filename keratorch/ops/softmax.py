"""logsumexp, softmax and log_softmax; their values are computed in `backends/_softmax.py`."""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.grad import Grad
from ..core.recording import is_active, record
from ..errors import DTypeError
from ..typing import ArrayLike
from ._operands import as_array, namespace, normalized_axes, widened
from .reductions import Axis, spread
from .reductions import sum as sum_


class LogSumExpGrad(Grad):
    """The softmax of the input times the gradient; 0 where all inputs are −∞.

    An input of +∞ gets NaN, and all others beside it get 0, as in PyTorch and JAX. The weights come
    from differences of inputs: the output is rounded, and e^(x − y) would be wrong by a factor
    where the inputs are large. They are computed in float32 at least.
    """

    __slots__ = ("axes", "keepdims")
    saves = (0,)
    fresh = True

    def weights(self, xp: Any, x: Any) -> Any:
        """e^(x − m) divided by the sum of all, with the largest input m."""
        x = widened(x)
        if 0 in x.shape:
            return x
        values = x.detach() if isinstance(x, GradArray) else x
        largest = xp.max(values, axis=self.axes, keepdims=True) if self.axes else values
        powers = xp.exp(x - xp.where(largest == -math.inf, 0.0, largest))
        total = xp.sum(powers, axis=self.axes, keepdims=True)
        return powers / xp.where(xp.isfinite(largest), total, 1.0)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (x,) = self.saved(grad)
        grad = spread(xp, grad, tuple(x.shape), self.axes, self.keepdims)
        return (grad * self.weights(xp, x),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (x,) = self.saved(t)
        weights = self.weights(namespace(t), x)
        return sum_(t * weights, axis=self.axes, keepdims=self.keepdims)


class SoftmaxGrad(Grad):
    """y·(grad − Σ grad·y); in float32 at least.

    Where one y is nearly 1, Σ grad·y rounds to its gradient. So the rule subtracts the sum twice:
    the second sum is of the differences, and has the digits that the first one lost.
    """

    __slots__ = ("axes",)
    saves = (-1,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        (y,) = self.saved(grad)
        return (self.product(grad, y),)

    def jvp(self, *tangents: Any) -> Any:
        (y,) = self.saved(tangents[0])
        return self.product(tangents[0], y)

    def product(self, v: Any, y: Any) -> Any:
        """The Jacobian, which is symmetric, times v."""
        xp, v, y = namespace(v), widened(v), widened(y)
        v = v - xp.sum(v * y, axis=self.axes, keepdims=True)
        return y * (v - xp.sum(v * y, axis=self.axes, keepdims=True))


class LogSoftmaxGrad(Grad):
    """grad − eʸ·Σ grad; in float32 at least.

    The gradients along the axis add up to 0. Where eʸ > ½ the difference cancels, so that element
    gets minus the sum of the others.
    """

    __slots__ = ("axes",)
    saves = (-1,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (y,) = self.saved(grad)
        grad, powers = widened(grad), xp.exp(widened(y))
        parts = grad - powers * xp.sum(grad, axis=self.axes, keepdims=True)
        most = powers > 0.5
        others = xp.sum(xp.where(most, 0.0, parts), axis=self.axes, keepdims=True)
        return (xp.where(most, -others, parts),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (y,) = self.saved(t)
        xp = namespace(t)
        t, powers = widened(t), xp.exp(widened(y))
        t = t - xp.sum(powers * t, axis=self.axes, keepdims=True)
        return t - xp.sum(powers * t, axis=self.axes, keepdims=True)


def logsumexp(x: ArrayLike, /, axis: Axis = None, *, keepdims: bool = False) -> GradArray:
    """log Σ eˣ along `axis` (all axes for `None`), shifted by the largest so that it is stable.

    The result is −∞ where every x is −∞, or where there is no x; the gradient there is 0. Raises
    `DTypeError` unless `x` is floating, `AxisError` for an axis that `x` does not have.
    """
    x, axes = _prepared("logsumexp", x, axis)
    a = x._array
    backend = _registry.of(a)
    if _nothing_along(a, axes):
        shape = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
        device = getattr(a, "device", None)
        raw = backend.xp.full(shape, -math.inf, dtype=a.dtype, device=device)
    else:
        raw = backend.logsumexp(a, axes)
    if not keepdims:
        raw = backend.xp.squeeze(raw, axis=axes)
    raw = as_array(a, raw)
    if not is_active(x):
        return recording.unrecorded(raw)
    return record(LogSumExpGrad, (x,), raw, (a,), axes=axes, keepdims=keepdims)


def softmax(x: ArrayLike, /, axis: Axis = None) -> GradArray:
    """eˣ / Σ eˣ along `axis` (all for `None`), shifted by the largest; errors of `logsumexp`."""
    x, axes = _prepared("softmax", x, axis)
    a = x._array
    backend = _registry.of(a)
    raw = backend.copy(a) if _nothing_along(a, axes) else as_array(a, backend.softmax(a, axes))
    return (
        record(SoftmaxGrad, (x,), raw, (raw,), axes=axes)
        if is_active(x)
        else recording.unrecorded(raw)
    )


def log_softmax(x: ArrayLike, /, axis: Axis = None) -> GradArray:
    """x − log Σ eˣ along `axis` (all for `None`), shifted by the largest; errors of `logsumexp`."""
    x, axes = _prepared("log_softmax", x, axis)
    a = x._array
    backend = _registry.of(a)
    raw = backend.copy(a) if _nothing_along(a, axes) else as_array(a, backend.log_softmax(a, axes))
    return (
        record(LogSoftmaxGrad, (x,), raw, (raw,), axes=axes)
        if is_active(x)
        else recording.unrecorded(raw)
    )


def _nothing_along(a: Any, axes: tuple[int, ...]) -> bool:
    return 0 in [a.shape[i] for i in axes]


def _prepared(op: str, x: Any, axis: Axis) -> tuple[GradArray, tuple[int, ...]]:
    x = as_operand(x)
    backend = _registry.of(x._array)
    if not backend.is_inexact(x.dtype) or backend.is_complex(x.dtype):
        raise DTypeError(
            f"{op} of dtype {x.dtype}, shape {tuple(x.shape)}: x must be floating: "
            "convert it with astype"
        )
    return x, normalized_axes(op, x, axis)
