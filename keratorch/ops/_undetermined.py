"""Second derivatives at points where the first derivative is a convention.

At 0 the gradient of a norm is 0 by convention: no derivative exists there. So the gradient has no
derivative either, and a rule that is differentiated again must not pretend that it has. Rules mark
such points with `undetermined`: the derivative of the marked product is NaN there.
"""

from __future__ import annotations

import math
from typing import Any

from ..backends._dtypes import is_complex_dtype
from ..core.array import GradArray
from ..core.grad import Grad
from ..core.mode import mode, policy
from ..core.recording import constant, is_active, record
from ._operands import is_complex, namespace


class _UndeterminedGrad(Grad):
    """The gradient; and NaN to the inputs at the marked points where the gradient is not 0."""

    __slots__ = ("axes", "marks")
    saves = ()

    def backward(self, grad: Any) -> tuple[Any, ...]:
        edges = (self._edges or ())[1:]
        lost = [None if e is None else self._lost(grad, i, e.dtype) for i, e in enumerate(edges)]
        return (grad, *lost)

    def jvp(self, *tangents: Any) -> Any:
        total, *of_inputs = tangents
        for i, t in enumerate(of_inputs):
            if t is not None:
                lost = self._lost(t, i, self.dtype)
                total = lost if total is None else total + lost
        return total

    def _lost(self, change: Any, i: int, dtype: Any) -> Any:
        """NaN at the marked points of input `i` that `change` reaches, else 0."""
        xp = namespace(change)
        marks: Any = self.marks[i]
        marks = constant(marks) if isinstance(change, GradArray) else marks
        moved = change != 0
        if self.axes:
            moved = xp.any(moved, axis=self.axes, keepdims=True)
            change = xp.sum(change, axis=self.axes, keepdims=True)
        if is_complex_dtype(dtype) != is_complex(change):
            change = xp.astype(xp.real(change) if is_complex(change) else change, dtype)
        nan = complex(math.nan, math.nan) if is_complex(change) else math.nan
        return xp.where(marks & moved, change * nan, 0.0)


def undetermined(
    product: Any, inputs: tuple[Any, ...], marks: tuple[Any, ...], axes: tuple[int, ...] = ()
) -> Any:
    """`product`, whose derivative in each of `inputs` is NaN at its marks.

    product : the gradient times a partial; a raw array is returned as it is.
    marks : for each input a boolean array of the shape of `product`.
    axes : the axes along which one element of an input changes all elements of `product`.

    A change that is exactly 0 stays 0. So the marked points have NaN in their own block of a
    Hessian, and only there.
    """
    if type(product) is not GradArray:
        return product
    pairs = [(x, m) for x, m in zip(inputs, marks, strict=True) if _moves(x)]
    if not pairs:
        return product
    arrays = (product, *[x for x, _ in pairs])
    raws = tuple(m._array for _, m in pairs)
    return record(_UndeterminedGrad, arrays, product._array, (), marks=raws, axes=axes)


def _moves(x: Any) -> bool:
    return type(x) is GradArray and is_active(x)


def marked(where: Any, grad: Any) -> Any:
    """The points in `where`, without those at which a constant `grad` is 0.

    A 0 that is no constant says nothing: the gradient 2y of y² is 0 where the norm y is 0. Whether
    it came through a selection does not matter here.
    """
    return where if _moves(grad) or not policy.masked_zeros else where & (grad != 0)


def below_selection() -> bool:
    """Whether the gradient that a rule gets came through a selection, whose zeros are masks."""
    return policy.masked_zeros and mode.masking


__all__ = ["below_selection", "marked", "undetermined"]
