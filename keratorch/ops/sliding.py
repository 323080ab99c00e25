"""The sliding dot product of two sequences, on which their convolution and correlation rest."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.grad import Grad
from ..core.recording import is_active, record
from ..errors import ShapeError
from ._operands import as_array, namespace, operands
from .linalg._matrices import conj
from .windows import padded


class SlidingDotGrad(Grad):
    """For y[k] = Σⱼ x[k + j]·w[j]: x gets the reversed w̄ slid along the padded ḡ, w gets ḡ along x̄.

    On NumPy the windows are a view: no matrix is stored whose size is the product of both lengths.
    """

    saves = (0, 1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        x, w = self.saved(grad)
        to_x = to_w = None
        if w is not None:
            n = w.shape[0] - 1
            to_x = _slid(padded(grad, ((n, n),)), conj(xp, xp.flip(w)))
        if x is not None:
            to_w = _slid(conj(xp, x), grad)
        return to_x, to_w

    def jvp(self, *tangents: Any) -> Any:
        like = next(t for t in tangents if t is not None)
        x, w = self.saved(like)
        terms = [] if tangents[0] is None else [sliding_dot(tangents[0], w)]
        terms += [] if tangents[1] is None else [sliding_dot(x, tangents[1])]
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _slid(x: Any, w: Any) -> Any:
    if isinstance(x, GradArray):
        return sliding_dot(x, w)
    backend = _registry.of(x)
    kernel = (w.shape[0],)
    windows = backend.windows(x, kernel, (x.shape[0] - w.shape[0] + 1,), (1,), (1,))
    return as_array(x, backend.function("matmul")(windows, w))


def sliding_dot(x1: Any, x2: Any, /) -> GradArray:
    """``y[k] = Σⱼ x1[k + j]·x2[j]`` of two sequences of one dtype: (M,) and (N,) give (M − N + 1,).

    Raises `ShapeError` unless each array has one axis and 1 ≤ N ≤ M.
    """
    x, w = operands(x1, x2)
    a, b = x._array, w._array
    shapes = tuple(a.shape), tuple(b.shape)
    if not len(shapes[0]) == len(shapes[1]) == 1 or not 0 < shapes[1][0] <= shapes[0][0]:
        raise ShapeError(
            f"sliding_dot: shapes {shapes[0]} and {shapes[1]}: both need one axis, and the second "
            "array one element at least and no more than the first"
        )
    raw = _slid(a, b)
    active1, active2 = is_active(x), is_active(w)
    if not active1 and not active2:
        return recording.unrecorded(raw)
    return record(SlidingDotGrad, (x, w), raw, (a if active2 else None, b if active1 else None))


__all__ = ["SlidingDotGrad", "sliding_dot"]
