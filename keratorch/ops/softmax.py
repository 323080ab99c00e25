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
from ._operands import as_array, namespace, normalized_axes
from .reductions import Axis, spread
from .reductions import sum as sum_


class LogSumExpGrad(Grad):
    """The softmax of the input times the gradient; 0 where all inputs are −∞.

    Beside +∞, which gets NaN, all others get 0: PyTorch's and JAX's values.
    """

    __slots__ = ("axes", "keepdims")
    saves = (0, -1)
    fresh = True

    def weights(self, xp: Any, x: Any, y: Any) -> Any:
        """e^(x − y), with the output spread over the reduced axes."""
        y = spread(xp, y, tuple(x.shape), self.axes, self.keepdims)
        return xp.exp(x - xp.where(y == -math.inf, 0.0, y))

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        x, y = self.saved(grad)
        grad = spread(xp, grad, tuple(x.shape), self.axes, self.keepdims)
        return (grad * self.weights(xp, x, y),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        x, y = self.saved(t)
        return sum_(t * self.weights(namespace(t), x, y), axis=self.axes, keepdims=self.keepdims)


class SoftmaxGrad(Grad):
    """y·(grad − Σ grad·y)."""

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
        return y * (v - namespace(v).sum(v * y, axis=self.axes, keepdims=True))


class LogSoftmaxGrad(Grad):
    """grad − eʸ·Σ grad."""

    __slots__ = ("axes",)
    saves = (-1,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (y,) = self.saved(grad)
        return (grad - xp.exp(y) * xp.sum(grad, axis=self.axes, keepdims=True),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (y,) = self.saved(t)
        xp = namespace(t)
        return t - xp.sum(xp.exp(y) * t, axis=self.axes, keepdims=True)


def logsumexp(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> GradArray:
    """log Σ eˣ along `axis` (all axes for `None`), shifted by the largest so that it is stable.

    −∞ where every x is −∞ or there is none, and the gradient there is 0.
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
    return record(LogSumExpGrad, (x,), raw, (a, raw), axes=axes, keepdims=keepdims)


def softmax(x: Any, /, axis: Axis = None) -> GradArray:
    """eˣ / Σ eˣ along `axis` (all axes for `None`), shifted by the largest."""
    x, axes = _prepared("softmax", x, axis)
    a = x._array
    backend = _registry.of(a)
    raw = backend.copy(a) if _nothing_along(a, axes) else as_array(a, backend.softmax(a, axes))
    return (
        record(SoftmaxGrad, (x,), raw, (raw,), axes=axes)
        if is_active(x)
        else recording.unrecorded(raw)
    )


def log_softmax(x: Any, /, axis: Axis = None) -> GradArray:
    """x − log Σ eˣ along `axis` (all axes for `None`), shifted by the largest."""
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
        raise DTypeError(f"{op} of dtype {x.dtype}, shape {tuple(x.shape)}: x must be floating")
    return x, normalized_axes(op, x, axis)
