"""Products of matrices and vectors; diagonals, traces and powers of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...core import recording
from ...core.array import GradArray
from ...core.convert import check_devices
from ...core.grad import Grad
from ...core.recording import is_active, record
from ...core.shown import shown
from ...core.views import share
from ...errors import AxisError, ShapeError
from ...typing import ArrayLike
from .._elementwise import RawFunctions
from .._operands import as_array, integer, namespace, normalized_axes, operands, raw_namespace
from ..manipulation import broadcast_shape, broadcast_to, permute_dims, reshape
from ..placing import copy
from ..reductions import sum as sum_
from ._matrices import adjoint, call_raw, conj, embedded, matrices, raw_function
from .solving import inv


class MatMulGrad(Grad):
    """For Y = A B: Ḡ Bᴴ and Aᴴ Ḡ (Giles 2008, *Collected matrix derivative results*, 2.2.1)."""

    __slots__ = ("ndims",)
    saves = (0, 1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        a, b = self.saved(grad)
        rows, columns = self.ndims[0] > 1, self.ndims[1] > 1
        # The output lacks the axis of a vector. With that axis back, the products below are outer
        # products for vectors.
        if not rows:
            grad = grad[..., None, :] if columns else grad[None]
        if not columns:
            grad = grad[..., None]
        to_a = to_b = None
        if b is not None:
            to_a = xp.matmul(grad, adjoint(xp, b if columns else b[:, None]))
            if not rows:
                to_a = to_a[..., 0, :]
        if a is not None:
            to_b = xp.matmul(adjoint(xp, a if rows else a[None, :]), grad)
            if not columns:
                to_b = to_b[..., 0]
        return to_a, to_b

    def jvp(self, *tangents: Any) -> Any:
        like = next(t for t in tangents if t is not None)
        a, b = self.saved(like)
        total = None
        if tangents[0] is not None:
            total = matmul(tangents[0], b)
        if tangents[1] is not None:
            term = matmul(a, tangents[1])
            total = term if total is None else total + term
        return total


_matmul = RawFunctions("matmul")


def matmul(x1: ArrayLike, x2: ArrayLike, /) -> GradArray:
    """The matrix product: (…, M, K) and (…, K, N) give (…, M, N), where the stacks (…) broadcast.

    A vector is a row on the left and a column on the right; the result then lacks that axis.
    Raises `ShapeError` where an array has no axis, the inner lengths differ, or the stacks do not
    broadcast.
    """
    x1, x2 = operands(x1, x2)
    a, b = x1._array, x2._array
    if type(a) is not type(b):
        check_devices("matmul", a, b)
    try:
        raw = as_array(a, _matmul[type(a)](a, b))
    except (ValueError, TypeError, RuntimeError) as error:
        _check_shapes(tuple(a.shape), tuple(b.shape))
        raise error
    active1, active2 = is_active(x1), is_active(x2)
    if not active1 and not active2:
        return recording.unrecorded(raw)
    saved = (a if active2 else None, b if active1 else None)
    return record(MatMulGrad, (x1, x2), raw, saved, ndims=(a.ndim, b.ndim))


def _check_shapes(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if not a or not b:
        raise ShapeError(f"matmul: shapes {a} and {b}: both need an axis; use * for scalars")
    inner = b[max(len(b) - 2, 0)]
    if a[-1] != inner:
        raise ShapeError(
            f"matmul: shapes {a} and {b} do not fit: the last axis of the first has {a[-1]} "
            f"elements, the {'first' if len(b) == 1 else 'last but one'} of the second {inner}; "
            "transpose one with .mT"
        )
    if len(a) > 2 or len(b) > 2:
        broadcast_shape("matmul", a[:-2], b[:-2])


class VecDotGrad(Grad):
    """For y = Σ āb: b·ḡ* and a·ḡ, where ḡ* is the conjugate of the gradient ḡ."""

    __slots__ = ("axis",)
    saves = (0, 1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        a, b = self.saved(grad)
        # The axis counts from the end, and the output lacks it.
        grad = xp.expand_dims(grad, axis=self.axis)
        return (
            None if b is None else b * conj(xp, grad),
            None if a is None else a * grad,
        )

    def jvp(self, *tangents: Any) -> Any:
        a, b = self.saved(next(t for t in tangents if t is not None))
        total = None
        if tangents[0] is not None:
            total = vecdot(tangents[0], b, axis=self.axis)
        if tangents[1] is not None:
            term = vecdot(a, tangents[1], axis=self.axis)
            total = term if total is None else total + term
        return total


def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> GradArray:
    """Σ x̄₁·x₂ along `axis`; the other axes broadcast.

    axis : counted from the end, or from the start if both arrays have equally many axes.

    Raises `AxisError` for an axis that one of them does not have, `ShapeError` where the lengths
    there differ or the other axes do not broadcast.
    """
    x1, x2 = operands(x1, x2)
    check_devices("vecdot", x1._array, x2._array)
    axis = _axis_from_the_end("vecdot", x1, x2, axis)
    raw = as_array(x1._array, raw_namespace(x1).vecdot(x1._array, x2._array, axis=axis))
    active1, active2 = is_active(x1), is_active(x2)
    if not active1 and not active2:
        return recording.unrecorded(raw)
    saved = (x1._array if active2 else None, x2._array if active1 else None)
    return record(VecDotGrad, (x1, x2), raw, saved, axis=axis)


def _axis_from_the_end(op: str, x1: GradArray, x2: GradArray, axis: int) -> int:
    """`axis` as a negative number; raises unless its lengths are equal and the others broadcast."""
    shapes = tuple(x1.shape), tuple(x2.shape)
    axis = integer(op, "axis", axis)
    if axis >= 0 and x1.ndim == x2.ndim:
        axis -= x1.ndim
    if not -min(map(len, shapes)) <= axis < 0:
        raise AxisError(
            f"{op}: axis {axis} of shapes {shapes[0]} and {shapes[1]}: use an axis that both have, "
            "counted from the end, as -1"
        )
    if shapes[0][axis] != shapes[1][axis]:
        raise ShapeError(
            f"{op}: shapes {shapes[0]} and {shapes[1]} have {shapes[0][axis]} and "
            f"{shapes[1][axis]} elements along axis {axis}: the two must be equal"
        )
    broadcast_shape(op, *shapes)
    return axis


def tensordot(
    x1: ArrayLike, x2: ArrayLike, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> GradArray:
    """The sum of products over pairs of axes, as one matrix product of the reshaped arrays.

    axes : a number n pairs the last n axes of `x1` with the first n of `x2`; or two sequences, the
        axes of `x1` and those of `x2`, pair by pair.

    The result has the other axes of `x1`, then those of `x2`. Raises `ShapeError` where the
    lengths of a pair differ, or there are fewer than n axes.
    """
    x1, x2 = operands(x1, x2)
    check_devices("tensordot", x1._array, x2._array)
    shape1, shape2 = tuple(x1.shape), tuple(x2.shape)
    if isinstance(axes, (tuple, list)):
        pair: Any = axes
        if len(pair) != 2 or None in pair:
            raise ShapeError(
                f"tensordot: axes={shown(axes)}: give a number, or two sequences, the axes of the "
                "first array and those of the second"
            )
        of1 = normalized_axes("tensordot", x1, pair[0])
        of2 = normalized_axes("tensordot", x2, pair[1])
    elif 0 <= integer("tensordot", "axes", axes) <= min(len(shape1), len(shape2)):
        of1 = tuple(range(len(shape1) - axes, len(shape1)))
        of2 = tuple(range(axes))
    else:
        raise ShapeError(
            f"tensordot: axes={axes} of shapes {shape1} and {shape2}: give at most as many as "
            "both have"
        )
    inner = tuple(shape1[i] for i in of1)
    if inner != tuple(shape2[i] for i in of2):
        raise ShapeError(
            f"tensordot: shapes {shape1} and {shape2} do not fit along axes {of1} and {of2}: the "
            "lengths of each pair must be equal"
        )
    free1 = tuple(i for i in range(x1.ndim) if i not in of1)
    free2 = tuple(i for i in range(x2.ndim) if i not in of2)
    outer1, outer2 = (tuple(s[i] for i in f) for s, f in ((shape1, free1), (shape2, free2)))
    n = math.prod(inner)
    left = reshape(permute_dims(x1, (*free1, *of1)), (math.prod(outer1), n))
    right = reshape(permute_dims(x2, (*of2, *free2)), (n, math.prod(outer2)))
    return reshape(matmul(left, right), (*outer1, *outer2))


def outer(x1: ArrayLike, x2: ArrayLike, /) -> GradArray:
    """``x1[i]·x2[j]`` for two vectors: (M,) and (N,) give (M, N); `ShapeError` for other arrays."""
    x1, x2 = operands(x1, x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(
            f"outer: shapes {tuple(x1.shape)} and {tuple(x2.shape)}: both must be vectors; flatten "
            "them with reshape(x, (-1,))"
        )
    return x1[:, None] * x2[None, :]


class CrossGrad(Grad):
    """For y = a × b: b̄ × ḡ and ḡ × ā, by the cyclic symmetry of the triple product."""

    __slots__ = ("axis",)
    saves = (0, 1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        a, b = self.saved(grad)
        to_a = to_b = None
        if b is not None:
            to_a = as_array(grad, xp.linalg.cross(conj(xp, b), grad, axis=self.axis))
        if a is not None:
            to_b = as_array(grad, xp.linalg.cross(grad, conj(xp, a), axis=self.axis))
        return to_a, to_b

    def jvp(self, *tangents: Any) -> Any:
        a, b = self.saved(next(t for t in tangents if t is not None))
        total = None
        if tangents[0] is not None:
            total = cross(tangents[0], b, axis=self.axis)
        if tangents[1] is not None:
            term = cross(a, tangents[1], axis=self.axis)
            total = term if total is None else total + term
        return total


def cross(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> GradArray:
    """The vector product along `axis`, which has three elements; the other axes broadcast.

    axis : as in `vecdot`. Raises `ShapeError` for another number of elements.
    """
    x1, x2 = operands(x1, x2)
    check_devices("cross", x1._array, x2._array)
    axis = _axis_from_the_end("cross", x1, x2, axis)
    if x1.shape[axis] != 3:
        raise ShapeError(
            f"cross: shapes {tuple(x1.shape)} and {tuple(x2.shape)} have {x1.shape[axis]} elements "
            f"along axis {axis}: it takes 3"
        )
    raw = as_array(x1._array, raw_function(x1, "cross")(x1._array, x2._array, axis=axis))
    active1, active2 = is_active(x1), is_active(x2)
    if not active1 and not active2:
        return recording.unrecorded(raw)
    saved = (x1._array if active2 else None, x2._array if active1 else None)
    return record(CrossGrad, (x1, x2), raw, saved, axis=axis)


class DiagonalGrad(Grad):
    """The gradient on the diagonal of a matrix, zeros elsewhere."""

    __slots__ = ("input_shape", "offset")
    selects = True
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (embedded(namespace(grad), grad, self.input_shape, self.offset),)

    def jvp(self, *tangents: Any) -> Any:
        return diagonal(tangents[0], offset=self.offset)


def diagonal(x: ArrayLike, /, *, offset: int = 0) -> GradArray:
    """The diagonals of the matrices in the last two axes.

    offset : which diagonal: above the main one if positive, below if negative. A diagonal beyond
        the matrices is empty.

    Raises `ShapeError` for fewer than two axes.
    """
    x = matrices("diagonal", x, inexact=False)
    offset = integer("diagonal", "offset", offset)
    raw = call_raw(x, "diagonal", offset=offset)
    y = record(DiagonalGrad, (x,), raw, offset=offset, input_shape=tuple(x.shape))
    return share(x, y, _diagonal, None, offset, sure=False)


def _diagonal(x: GradArray, offset: int) -> GradArray:
    return diagonal(x, offset=offset)


def trace(x: ArrayLike, /, *, offset: int = 0, dtype: Any = None) -> GradArray:
    """The sum of the diagonal of each matrix in the last two axes.

    offset : as in `diagonal`. dtype : of the sum, as in `sum`.
    """
    x = matrices("trace", x, inexact=False)
    offset = integer("trace", "offset", offset)
    return sum_(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def matrix_power(x: ArrayLike, n: int, /) -> GradArray:
    """`x` to the power n, an integer; for negative n the inverse to the power −n.

    Repeated squaring takes at most 2·log₂ n products, each with a node of its own in the graph.
    The zeroth power is the identity, a constant. Raises `ShapeError` unless the matrices are
    square, `DTypeError` unless they are floating or complex.
    """
    x = matrices("matrix_power", x, square=True)
    n = integer("matrix_power", "n", n)
    if n == 1:
        return copy(x)
    if n == 0:
        xp = namespace(x)
        eye = xp.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        return broadcast_to(eye, tuple(x.shape))
    if n < 0:
        x, n = inv(x), -n
    power = None
    while n > 1:
        if n & 1:
            power = x if power is None else matmul(power, x)
        x = matmul(x, x)
        n >>= 1
    return x if power is None else matmul(power, x)
