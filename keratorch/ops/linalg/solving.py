"""Determinants, inverses, and systems of equations."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import _record
from ..._array import GradArray
from ..._convert import check_devices
from ..._grad import Grad
from ..._record import constant, is_active, record, record_many
from ..._sync import waits
from ...backends import _registry
from ...errors import ShapeError
from .._call import as_array, is_complex, namespace, operands, raw_namespace
from ..manipulation import broadcast_shape
from ._matrices import (
    adjoint,
    call_raw,
    conj,
    floating,
    matrices,
    places,
    raw_function,
    same_dtype,
    scaled,
)
from .decompositions import svdvals


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: GradArray
    logabsdet: GradArray


# -- determinants --------------------------------------------------------------------------------


class DetGrad(Grad):
    """grad·adj(A)ᴴ, with the adjugate adj(A) = det(A)·A⁻¹, which singular matrices have too.

    Jacobi's formula: Giles 2008, *Collected matrix derivative results*, 2.2.4.
    """

    __slots__ = ()
    saves = (0,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (x,) = self.saved(grad)
        adj = adjugate(x) if isinstance(grad, GradArray) else raw_adjugate(x)
        return (grad[..., None, None] * adjoint(xp, adj),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (x,) = self.saved(t)
        return trace_of_product(namespace(t), adjugate(x), t)


def det(x: Any, /) -> GradArray:
    """The determinant of each matrix.

    The gradient is right for singular matrices too: it is made of cofactors, from a singular
    value decomposition. Second derivatives need regular ones. Source: Giles 2008.
    """
    x = matrices("det", x, square=True)
    raw = call_raw(x, "det")
    return record(DetGrad, (x,), raw, (x._array,)) if is_active(x) else _record.unrecorded(raw)


class AdjugateGrad(Grad):
    """det(A)*·(tr(Yᴴ·grad)·Yᴴ − Yᴴ·grad·Yᴴ), with Y = A⁻¹: from adj(A) = det(A)·Y."""

    __slots__ = ()
    saves = (0,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (x,) = self.saved(grad)
        turned = adjoint(xp, xp.linalg.inv(x))
        weight = trace_of_product(xp, turned, grad)[..., None, None]
        product = xp.matmul(turned, xp.matmul(grad, turned))
        size = conj(xp, xp.linalg.det(x))[..., None, None]
        return (size * (weight * turned - product),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        (x,) = self.saved(t)
        inverse = xp.linalg.inv(x)
        weight = trace_of_product(xp, inverse, t)[..., None, None]
        product = xp.matmul(inverse, xp.matmul(t, inverse))
        return xp.linalg.det(x)[..., None, None] * (weight * inverse - product)


def adjugate(x: GradArray) -> GradArray:
    """det(x)·x⁻¹, continued to singular matrices; its own derivative needs regular ones."""
    with _registry.of(x._array).on_device(x._array):
        raw = raw_adjugate(x._array)
    return record(AdjugateGrad, (x,), raw, (x._array,)) if is_active(x) else _record.unrecorded(raw)


def raw_adjugate(a: Any) -> Any:
    """The adjugate of raw matrices, without a division.

    With A = U diag(s) Vᴴ it is det(U)·det(Vᴴ)·V diag(p) Uᴴ, where p_i is the product of all s
    but s_i.
    """
    backend = _registry.of(a)
    xp = backend.xp
    u, s, vh = raw_function(constant(a), "svd")(a, full_matrices=False)
    rows, columns = places(xp, a.shape, a)
    others = xp.prod(xp.where(rows == columns, 1.0, s[..., None, :]), axis=-1)
    sign = as_array(a, xp.linalg.det(u)) * as_array(a, xp.linalg.det(vh))
    core = xp.matmul(scaled(adjoint(xp, vh), others), adjoint(xp, u))
    return sign[..., None, None] * core


def trace_of_product(xp: Any, a: Any, b: Any) -> Any:
    """tr(a b)."""
    return xp.sum(xp.matrix_transpose(a) * b, axis=(-2, -1))


class SlogdetGrad(Grad):
    """(grad + i·Im(sign*·grad of the sign))·A⁻ᴴ; a real sign has no derivative.

    From d log det A = tr(A⁻¹ dA) (Giles 2008, 2.2.4).
    """

    __slots__ = ("outputs",)
    saves = (0, -1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        to_sign, to_log = grad
        xp = namespace(to_sign if to_log is None else to_log)
        x, sign = self.saved(grad)
        weight = to_log
        if to_sign is not None and is_complex(x):
            term = xp.imag(to_sign * xp.conj(sign)) * 1j
            weight = term if weight is None else weight + term
        if weight is None:
            return (None,)
        return (weight[..., None, None] * adjoint(xp, xp.linalg.inv(x)),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        x, sign = self.saved(t)
        change = trace_of_product(xp, xp.linalg.inv(x), t)
        if not is_complex(x):
            return None, change
        return sign * (xp.imag(change) * 1j), xp.real(change)


def slogdet(x: Any, /) -> SlogdetResult:
    """The sign of the determinant (complex: its phase factor), and the log of its size.

    The derivative needs regular matrices: backward of a singular one raises the library's own
    error, if it has one. Source: Giles 2008.
    """
    x = matrices("slogdet", x, square=True)
    a = x._array
    raws = tuple(as_array(a, raw) for raw in raw_function(x, "slogdet")(a))
    saved = (a, raws[0]) if is_active(x) else ()
    return SlogdetResult(*record_many(SlogdetGrad, (x,), raws, saved))


# -- inverses ------------------------------------------------------------------------------------


class InvGrad(Grad):
    """−Yᴴ Ȳ Yᴴ for Y = A⁻¹ (Giles 2008, 2.2.3)."""

    __slots__ = ()
    saves = (-1,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (y,) = self.saved(grad)
        turned = adjoint(xp, y)
        return (-xp.matmul(turned, xp.matmul(grad, turned)),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (y,) = self.saved(t)
        xp = namespace(t)
        return -xp.matmul(y, xp.matmul(t, y))


def inv(x: Any, /) -> GradArray:
    """The inverse of each matrix.

    A singular one raises the library's own error (``numpy.linalg.LinAlgError``), or, where the
    library raises none (CuPy, JAX), gives what the library gives. Source: Giles 2008.
    """
    x = matrices("inv", x, square=True)
    raw = call_raw(x, "inv")
    return record(InvGrad, (x,), raw, (raw,)) if is_active(x) else _record.unrecorded(raw)


class PinvGrad(Grad):
    """−Yᴴ Ȳ Yᴴ + (1 − AY) Ȳᴴ Y Yᴴ + Yᴴ Y Ȳᴴ (1 − YA) for Y = A⁺.

    Golub & Pereyra 1973, *The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate*, 4.12; for constant rank.
    """

    __slots__ = ()
    saves = (0, -1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        a, y = self.saved(grad)
        mul = xp.matmul
        yh, gh = adjoint(xp, y), adjoint(xp, grad)
        first = mul(yh, mul(grad, yh))
        second = mul(mul(gh, y), yh)
        second = second - mul(a, mul(y, second))
        third = mul(yh, mul(y, gh))
        third = third - mul(mul(third, y), a)
        return (second + third - first,)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        a, y = self.saved(t)
        mul = xp.matmul
        yh, th = adjoint(xp, y), adjoint(xp, t)
        second = mul(y, mul(yh, th))
        second = second - mul(mul(second, a), y)
        third = mul(mul(th, yh), y)
        third = third - mul(y, mul(a, third))
        return second + third - mul(y, mul(t, y))


def pinv(x: Any, /, *, rtol: Any = None) -> GradArray:
    """The Moore-Penrose inverse of each matrix.

    rtol : singular values up to this times the largest count as 0; default: max(m, n) times the
        precision of the dtype.

    The derivative is that at constant rank. Source: Golub & Pereyra 1973.
    """
    x = matrices("pinv", x)
    waits("pinv", x.shape, "CuPy counts singular values; use solve, or do it outside")
    rtol = rtol._array if isinstance(rtol, GradArray) else rtol
    raw = call_raw(x, "pinv", **({} if rtol is None else {"rtol": rtol}))
    return record(PinvGrad, (x,), raw, (x._array, raw)) if is_active(x) else _record.unrecorded(raw)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> GradArray:
    """The number of singular values above `rtol` times the largest: a constant.

    rtol : default: max(m, n) times the precision of the dtype.
    """
    x = matrices("matrix_rank", x)
    if rtol is None:
        return _record.unrecorded(call_raw(x, "matrix_rank"))
    # Not by the library: JAX takes `rtol` for an absolute tolerance.
    values = svdvals(constant(x._array))
    if not values.size:
        return _record.unrecorded(call_raw(x, "matrix_rank"))
    rtol = rtol._array if isinstance(rtol, GradArray) else rtol
    rtol = rtol if isinstance(rtol, (float, int)) else rtol[..., None]
    s, xp = values._array, raw_namespace(x)
    with _registry.of(s).on_device(s):
        kept = s > rtol * xp.max(s, axis=-1, keepdims=True)
        return _record.unrecorded(as_array(x._array, xp.count_nonzero(kept, axis=-1)))


# -- systems of equations ------------------------------------------------------------------------


class SolveGrad(Grad):
    """For AX = B: B̄ = A⁻ᴴ X̄ and Ā = −B̄ Xᴴ (Giles 2008, 2.3.1)."""

    __slots__ = ("vector",)
    saves = (0, -1)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        a, y = self.saved(grad)
        turned = adjoint(xp, a)
        if self.vector:
            grad, y = grad[..., None], y[..., None]
        to_b = xp.linalg.solve(same_dtype(xp, turned, grad), grad)
        to_a = -xp.matmul(to_b, adjoint(xp, y))
        return to_a, to_b[..., 0] if self.vector else to_b

    def jvp(self, *tangents: Any) -> Any:
        of_a, of_b = tangents
        like = of_b if of_a is None else of_a
        xp = namespace(like)
        a, y = self.saved(like)
        if self.vector:
            y = y[..., None]
            of_b = None if of_b is None else of_b[:, None]
        right = of_b
        if of_a is not None:
            term = -xp.matmul(of_a, y)
            right = term if of_b is None else term + of_b
        found = xp.linalg.solve(a, right)
        return found[..., 0] if self.vector else found


def solve(x1: Any, x2: Any, /) -> GradArray:
    """The X with ``x1 @ X = x2``, for square matrices `x1`; stacks broadcast.

    x2 : a vector if it has one axis; else matrices, of as many rows as `x1`.

    A singular `x1` raises the library's own error (``numpy.linalg.LinAlgError``), if it has one.
    Source: Giles 2008.
    """
    x1, x2 = operands(x1, x2)
    check_devices("solve", x1._array, x2._array)
    x1 = matrices("solve", x1, square=True)
    floating("solve", x2)
    n, shape = x1.shape[-1], tuple(x2.shape)
    vector = len(shape) == 1
    if not shape or shape[-1 if vector else -2] != n:
        raise ShapeError(
            f"solve: shapes {tuple(x1.shape)} and {shape} do not fit: the second must be a vector "
            f"of {n} elements, or matrices of {n} rows"
        )
    if not vector:
        broadcast_shape("solve", tuple(x1.shape[:-2]), shape[:-2])
    raw = call_raw(x1, "solve", x2._array)
    if not is_active(x1) and not is_active(x2):
        return _record.unrecorded(raw)
    return record(SolveGrad, (x1, x2), raw, (x1._array, raw), vector=vector)
