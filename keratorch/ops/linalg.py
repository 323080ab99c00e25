"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

from .._array import GradArray
from .._convert import check_devices
from .._grad import Grad
from .._record import constant, is_active, record
from ..errors import ShapeError
from ._call import as_array, is_complex, namespace, operands
from ._elementwise import RawFunctions
from .manipulation import broadcast_shape


class MatMulGrad(Grad):
    """For Y = A B: Ḡ Bᴴ and Aᴴ Ḡ (Giles 2008, *Collected matrix derivative results*, 2.2.1)."""

    __slots__ = ("ndims",)
    saves = (0, 1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        a, b = self.saved(grad)
        rows, columns = self.ndims[0] > 1, self.ndims[1] > 1
        # A missing axis of the output is put back: for vectors the products are outer ones.
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


def adjoint(xp: Any, a: Any) -> Any:
    """``aᴴ``: transposed, and conjugated where complex."""
    turned = xp.matrix_transpose(a)
    return xp.conj(turned) if is_complex(a) else turned


_matmul = RawFunctions("matmul")


def matmul(x1: Any, x2: Any, /) -> GradArray:
    """The matrix product, of vectors, matrices, and stacks of matrices that broadcast.

    A vector stands for a row on the left, for a column on the right, and the result has no such
    axis. Raises `ShapeError` where the inner lengths differ or the stacks do not broadcast.
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
        return constant(raw)
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
