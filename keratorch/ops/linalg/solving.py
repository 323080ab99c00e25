"""Inverses and systems of equations."""

from __future__ import annotations

import math
from typing import Any

from ...backends import _registry
from ...core import recording
from ...core.array import GradArray
from ...core.convert import check_devices
from ...core.grad import Grad
from ...core.nodes import raw_of
from ...core.recording import constant, is_active, record
from ...core.sync import waits
from ...errors import NotDifferentiableError, ShapeError
from ...typing import ArrayLike
from .._operands import as_array, can_look, namespace, operands, raw_namespace
from ..manipulation import broadcast_shape
from ._matrices import adjoint, call_raw, floating, matrices, real, same_dtype, solved
from .decompositions import svdvals

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


def inv(x: ArrayLike, /) -> GradArray:
    """The inverse of each matrix.

    A singular matrix raises the library's own error (``numpy.linalg.LinAlgError``). A library that
    raises none (CuPy, JAX) returns its own values. Raises `ShapeError` unless the matrices are
    square, `DTypeError` unless they are floating or complex. Source: Giles 2008.
    """
    x = matrices("inv", x, square=True)
    raw = call_raw(x, "inv")
    return record(InvGrad, (x,), raw, (raw,)) if is_active(x) else recording.unrecorded(raw)


class PinvGrad(Grad):
    """−Yᴴ Ȳ Yᴴ + (1 − AY) Ȳᴴ Y Yᴴ + Yᴴ Y Ȳᴴ (1 − YA) for Y = A⁺.

    Golub & Pereyra 1973, *The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate*, 4.12; for constant rank.

    AY is 1 where the rank is the number of rows, and YA where it is the number of columns. The
    rule leaves out these terms then: the rounding errors in 1 − AY would be multiplied by ‖Y‖²,
    and by more in the derivatives of the rule.

    `cut` says of each matrix whether `pinv` left out singular values that are not 0. The formula
    does not hold then, and the derivative is NaN. It is `None` if there is no such matrix.
    """

    __slots__ = ("cut",)
    saves = (0, -1)
    fresh = True

    def _unless_cut(self, xp: Any, value: Any) -> Any:
        if self.cut is None:
            return value
        cut = self.cut[..., None, None]
        return xp.where(constant(cut) if isinstance(value, GradArray) else cut, math.nan, value)

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
        second, third = _unless_full(a, y, second, third)
        return (self._unless_cut(xp, second + third - first),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        a, y = self.saved(t)
        mul = xp.matmul
        yh, th = adjoint(xp, y), adjoint(xp, t)
        second = mul(y, mul(yh, th - mul(mul(th, a), y)))
        third = mul(mul(th - mul(y, mul(a, th)), yh), y)
        second, third = _unless_full(a, y, second, third)
        return self._unless_cut(xp, second + third - mul(y, mul(t, y)))


def _unless_full(a: Any, y: Any, of_rows: Any, of_columns: Any) -> tuple[Any, Any]:
    """The terms with 1 − AY and with 1 − YA; 0 in place of a term that full rank makes 0."""
    xp, (m, n) = namespace(a), a.shape[-2:]
    tracked = isinstance(a, GradArray)
    a, y = (a._array, y._array) if tracked else (a, y)
    backend = _registry.of(a)
    raw = backend.xp
    with backend.on_device(a):
        # The trace of the projector AY is the number of singular values that `pinv` kept.
        rank = raw.sum(real(raw, a * raw.matrix_transpose(y)), axis=(-2, -1))
        full = (rank > min(m, n) - 0.5)[..., None, None]
    full = constant(full) if tracked else full
    return (
        xp.where(full, 0.0, of_rows) if m <= n else of_rows,
        xp.where(full, 0.0, of_columns) if m >= n else of_columns,
    )


def pinv(x: ArrayLike, /, *, rtol: Any = None) -> GradArray:
    """The Moore-Penrose inverse of each matrix.

    rtol : singular values up to `rtol` times the largest count as 0; default: max(m, n) times the
        precision of the dtype.

    The derivative assumes that the rank does not change. If `rtol` leaves out singular values that
    are not 0, it is another: `NotDifferentiableError`, or NaN where the host cannot look. Raises
    `SyncError` inside `no_sync()`, `ShapeError` for fewer than two axes, `DTypeError` unless x is
    floating or complex.
    Source: Golub & Pereyra 1973.
    """
    x = matrices("pinv", x)
    waits("pinv", x.shape, "CuPy counts singular values; use solve, or do it outside")
    rtol = raw_of(rtol)
    raw = call_raw(x, "pinv", **({} if rtol is None else {"rtol": rtol}))
    if not is_active(x):
        return recording.unrecorded(raw)
    cut = None if rtol is None else _cut(x, rtol)
    return record(PinvGrad, (x,), raw, (x._array, raw), cut=cut)


def _cut(x: GradArray, rtol: Any) -> Any:
    """Of each matrix whether `rtol` leaves out singular values above rounding errors; or `None`."""
    s = svdvals(constant(x._array))._array
    rtol = rtol if isinstance(rtol, (float, int)) else rtol[..., None]
    backend, xp = _registry.of(s), raw_namespace(x)
    with backend.on_device(s):
        largest = xp.max(s, axis=-1, keepdims=True) if x.size else s
        noise = 100 * max(x.shape[-2:]) * xp.finfo(s.dtype).eps
        cut = xp.any((s <= rtol * largest) & (s > noise * largest), axis=-1)
        cut = as_array(s, cut)
        if not can_look(s):
            return cut
        if not bool(xp.any(cut)):
            return None
    raise NotDifferentiableError(
        f"pinv of a tracked array of shape {tuple(x.shape)}: rtol leaves out singular values that "
        "are not 0, and the derivative assumes constant rank: take a smaller rtol, or pass "
        "x.detach()"
    )


def matrix_rank(x: ArrayLike, /, *, rtol: Any = None) -> GradArray:
    """The number of singular values above `rtol` times the largest: a constant.

    rtol : default: max(m, n) times the precision of the dtype. Errors as in `svdvals`.

    An empty matrix has the rank 0.
    """
    x = matrices("matrix_rank", x)
    if not x.size:  # some libraries refuse it
        ranks = raw_namespace(x).count_nonzero(svdvals(constant(x._array))._array, axis=-1)
        return recording.unrecorded(as_array(x._array, ranks))
    if rtol is None:
        return recording.unrecorded(call_raw(x, "matrix_rank"))
    # Not with the library's own function: JAX takes `rtol` for an absolute tolerance.
    values = svdvals(constant(x._array))
    rtol = raw_of(rtol)
    rtol = rtol if isinstance(rtol, (float, int)) else rtol[..., None]
    s, xp = values._array, raw_namespace(x)
    with _registry.of(s).on_device(s):
        kept = s > rtol * xp.max(s, axis=-1, keepdims=True)
        return recording.unrecorded(as_array(x._array, xp.count_nonzero(kept, axis=-1)))


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
        to_b = solved(xp, same_dtype(xp, turned, grad), grad)
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
        found = solved(xp, a, right)
        return found[..., 0] if self.vector else found


def solve(x1: ArrayLike, x2: ArrayLike, /) -> GradArray:
    """The solution X of ``x1 @ X = x2``, for square matrices `x1`; stacks broadcast.

    x2 : a vector if it has one axis; else matrices, with as many rows as `x1`.

    A singular `x1` raises the library's own error (``numpy.linalg.LinAlgError``), if the library
    has one. Raises `ShapeError` where the shapes do not fit, `DTypeError` unless both are floating
    or complex. Source: Giles 2008.
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
        return recording.unrecorded(raw)
    return record(SolveGrad, (x1, x2), raw, (x1._array, raw), vector=vector)
