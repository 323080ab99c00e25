"""Cholesky, QR, and the singular value decomposition."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ...core import recording
from ...core.array import GradArray
from ...core.grad import Grad
from ...core.recording import is_active, record, record_many
from ...core.shown import shown
from ...typing import ArrayLike
from .._operands import as_array, is_complex, namespace
from ..manipulation import matrix_transpose
from ..selection import conj
from ._gauges import of_first_columns, refuse_phases, undetermined_columns
from ._matrices import (
    adjoint,
    call_raw,
    diagonal_of_product,
    hermitian,
    matrices,
    over_gaps,
    raw_function,
    real,
    scaled,
    solved,
    triangle,
)


class QRResult(NamedTuple):
    """The result of `qr`."""

    Q: GradArray
    R: GradArray


class SVDResult(NamedTuple):
    """The result of `svd`."""

    U: GradArray
    S: GradArray
    Vh: GradArray


# -- Cholesky ------------------------------------------------------------------------------------


class CholeskyGrad(Grad):
    """L⁻ᴴ·herm(Φ(Lᴴ L̄))·L⁻¹, where Φ takes the lower triangle and half of the diagonal.

    From dL = L Φ(L⁻¹ dA L⁻ᴴ) (Murray 2016, *Differentiation of the Cholesky decomposition*,
    section 3). The gradient is Hermitian, as A is.
    """

    __slots__ = ()
    saves = (-1,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        (factor,) = self.saved(grad)
        turned = adjoint(xp, factor)
        middle = hermitian(xp, triangle(xp, xp.matmul(turned, grad), lower=True))
        half = solved(xp, turned, middle)
        return (hermitian(xp, solved(xp, turned, adjoint(xp, half))),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        (factor,) = self.saved(t)
        half = solved(xp, factor, hermitian(xp, t))
        middle = solved(xp, factor, adjoint(xp, half))
        return xp.matmul(factor, triangle(xp, middle, lower=True))


def cholesky(x: ArrayLike, /, *, upper: bool = False) -> GradArray:
    """The lower triangular L with positive diagonal such that x = L Lᴴ, for Hermitian matrices.

    upper : return U = Lᴴ instead.

    The function assumes Hermitian matrices: libraries read only one triangle, and the gradient is
    Hermitian. A matrix that is not positive definite raises the library's own error
    (``numpy.linalg.LinAlgError``), if the library has one. Raises `ShapeError` unless the matrices
    are square, `DTypeError` unless they are floating or complex. Source: Murray 2016.
    """
    x = matrices("cholesky", x, square=True)
    raw = call_raw(x, "cholesky", upper=False)
    y = record(CholeskyGrad, (x,), raw, (raw,)) if is_active(x) else recording.unrecorded(raw)
    return conj(matrix_transpose(y)) if upper else y


# -- QR ------------------------------------------------------------------------------------------


class QRGrad(Grad):
    """(Q̄ + Q(Y + Yᴴ)) R⁻ᴴ, with Y the upper triangle, diagonal halved, of R̄ Rᴴ − Qᴴ Q̄.

    Walter & Lehmann 2010, *Algorithmic differentiation of linear algebra functions with
    application in optimum experimental design*, section 2.2; complex as in Roberts & Roberts
    2020, *QR and LQ decomposition matrix backpropagation algorithms*. For a wide A = [X, Y] the
    rule differentiates X = QU and V = QᴴY.
    """

    __slots__ = ("outputs",)
    saves = (-1, -2)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        to_q, to_r = grad
        like = to_r if to_q is None else to_q
        xp = namespace(like)
        q, r = self.saved(grad)
        m, n = r.shape[-2:]
        k = min(m, n, q.shape[-1])
        if m > k:  # the mode "complete"
            to_q = of_first_columns(xp, q, k, to_q, _extra_columns("qr", "Q", m - k))
            q, r = q[..., :k], r[..., :k, :]
            to_r = None if to_r is None else to_r[..., :k, :]
        to_rest = None
        if n > k:
            rest, r = r[..., k:], r[..., :k]
            if to_r is not None:
                to_v, to_r = to_r[..., k:], to_r[..., :k]
                to_rest = xp.matmul(q, to_v)
                term = xp.matmul(xp.matmul(q, rest), adjoint(xp, to_v))
                to_q = term if to_q is None else to_q + term
            else:
                to_rest = xp.zeros_like(xp.matmul(q, rest))
        inner = None
        if to_r is not None:
            inner = xp.matmul(to_r, adjoint(xp, r))
        if to_q is not None:
            term = xp.matmul(adjoint(xp, q), to_q)
            inner = -term if inner is None else inner - term
        inner = triangle(xp, inner, lower=False)
        total = xp.matmul(q, inner + adjoint(xp, inner))
        total = total if to_q is None else total + to_q
        to_x = adjoint(xp, solved(xp, r, adjoint(xp, total)))
        return (to_x if to_rest is None else xp.concat([to_x, to_rest], axis=-1),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        q, r = self.saved(t)
        m, n = r.shape[-2:]
        k = min(m, n, q.shape[-1])
        q, r = q[..., :k], r[..., :k, :]
        square = r[..., :k]
        turned = solved(xp, xp.matrix_transpose(square), xp.matrix_transpose(t[..., :k]))
        moved = xp.matrix_transpose(turned)  # dX U⁻¹
        inner = xp.matmul(adjoint(xp, q), moved)
        inner = triangle(xp, inner + adjoint(xp, inner), lower=False)
        to_q = moved - xp.matmul(q, inner)
        to_r = xp.matmul(inner, square)
        if n > k:
            rest = xp.matmul(q, r[..., k:])
            to_v = xp.matmul(adjoint(xp, to_q), rest) + xp.matmul(adjoint(xp, q), t[..., k:])
            to_r = xp.concat([to_r, to_v], axis=-1)
        if m > k:
            to_q = undetermined_columns(xp, to_q, m - k)
            to_r = xp.concat([to_r, xp.zeros_like(t[..., k:, :])], axis=-2)
        return to_q, to_r


def qr(x: ArrayLike, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QRResult:
    """x = QR, with orthonormal columns in Q and R upper triangular.

    mode : for x with m rows and n columns, ``"reduced"`` gives min(m, n) columns of Q,
        ``"complete"`` all m. Nothing determines the columns beyond n, only their space: a function
        that depends on more of them raises `NotDifferentiableError` in backward. Forward mode gives
        them the tangent NaN.

    The derivative exists where the first min(m, n) columns are independent. For complex x the rule
    assumes that the diagonal of R stays real, as LAPACK makes it. Raises `ShapeError` for fewer
    than two axes, `DTypeError` unless x is floating or complex, `ValueError` for another mode.
    Source: Walter & Lehmann 2010.
    """
    x = matrices("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode {shown(mode)} must be 'reduced' or 'complete'")
    m, n = x.shape[-2:]
    if mode == "complete" and m <= n:
        mode = "reduced"  # there is nothing to complete
    found = raw_function(x, "qr")(x._array, mode=mode)
    raws = tuple(as_array(x._array, raw) for raw in found)
    outputs = record_many(QRGrad, (x,), raws, raws if is_active(x) else ())
    return QRResult(*outputs)


# -- singular values -----------------------------------------------------------------------------


class SVDGrad(Grad):
    """The gradient of U, S and Vᴴ (Wan & Zhang 2019, *Automatic differentiation for complex
    valued SVD*; Giles 2008, 3.2.3).

    U (S̄ + (F∘(X − Xᴴ)) S + S (F∘(Z − Zᴴ)) + i·Im(X − Z)/2S on the diagonal) Vᴴ
    + (1 − UUᴴ) Ū S⁻¹ Vᴴ + U S⁻¹ V̄ᴴ (1 − VVᴴ), with X = UᴴŪ, Z = VᴴV̄ and
    F = 1/(s_j² − s_i²), 0 on the diagonal.
    """

    __slots__ = ("outputs",)
    saves = (-1, -2, -3)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        like = next(g for g in grad if g is not None)
        xp = namespace(like)
        u, s, vh = self.saved(grad)
        to_u, to_s, to_vh = grad
        m, k, n = u.shape[-2], s.shape[-1], vh.shape[-1]
        to_u = of_first_columns(xp, u, k, to_u, _extra_columns("svd", "U", m - n))
        if to_vh is not None and vh.shape[-2] > k:
            v, to_v = adjoint(xp, vh), adjoint(xp, to_vh)
            to_v = of_first_columns(xp, v, k, to_v, _extra_columns("svd", "Vh", n - m))
            to_vh = adjoint(xp, to_v)
        u, vh = u[..., :k], vh[..., :k, :]
        total = None
        if to_s is not None:
            total = xp.matmul(scaled(u, to_s), vh)
        if to_u is not None:
            x = xp.matmul(adjoint(xp, u), to_u)
            inner = scaled(over_gaps(xp, x - adjoint(xp, x), s * s), s) + phases(xp, x, s)
            left = xp.matmul(u, inner)
            if m > k:
                left = left + (to_u - xp.matmul(u, x)) / s[..., None, :]
            total = added(total, xp.matmul(left, vh))
        if to_vh is not None:
            z = xp.matmul(vh, adjoint(xp, to_vh))
            inner = over_gaps(xp, z - adjoint(xp, z), s * s)
            inner = s[..., None] * inner - phases(xp, z, s)
            right = xp.matmul(inner, vh)
            if n > k:
                right = right + (to_vh - xp.matmul(adjoint(xp, z), vh)) / s[..., None]
            total = added(total, xp.matmul(u, right))
        if is_complex(u) and not (to_u is None and to_vh is None):
            pairs = [] if to_u is None else [(u, to_u)]
            if to_vh is not None:
                pairs.append((adjoint(xp, vh), adjoint(xp, to_vh)))
            change = sum(xp.imag(diagonal_of_product(xp, v, g)) for v, g in pairs)
            vectors = xp.concat([g for _, g in pairs], axis=-2)
            total = refuse_phases(xp, change, vectors, total, _PHASES)
        return (total,)

    def jvp(self, *tangents: Any) -> Any:
        u, s, vh = self.saved(tangents[0])
        k, xp = s.shape[-1], namespace(tangents[0])
        of_u, of_s, of_vh = super().jvp(*tangents)
        if of_u is not None and u.shape[-1] > k:
            of_u = undetermined_columns(xp, of_u[..., :k], u.shape[-1] - k)
        if of_vh is not None and vh.shape[-2] > k:
            of_v = xp.matrix_transpose(of_vh[..., :k, :])
            of_vh = xp.matrix_transpose(undetermined_columns(xp, of_v, vh.shape[-2] - k))
        return of_u, of_s, of_vh


def added(total: Any, term: Any) -> Any:
    return term if total is None else total + term


def phases(xp: Any, w: Any, s: Any) -> Any:
    """i·Im(w)/2s on the diagonal, zeros elsewhere: how the phases of the vectors change."""
    if not is_complex(w):
        return 0.0
    eye = xp.eye(w.shape[-1], dtype=s.dtype, device=getattr(s, "device", None))
    return xp.imag(w) * eye / (2 * s[..., None]) * 1j


_PHASES = (
    "svd of a complex array: the loss depends on the phases of the singular vectors, which nothing "
    "determines: use what a common phase of U[:, j] and V[:, j] does not change, such as abs(U) or "
    "products of U with Vh; or detach()"
)


def _extra_columns(op: str, name: str, extra: int) -> str:
    """The error for a function of the columns that complete a basis."""
    remedy = "full_matrices=False" if op == "svd" else "mode='reduced'"
    part = "singular vectors" if op == "svd" else "columns"
    return (
        f"{op}: the loss depends on the last {extra} {part} of {name}, which are determined by "
        f"nothing but their space: use {remedy}, or what depends on that space alone, such as the "
        "projection on it; or detach()"
    )


def svd(x: ArrayLike, /, *, full_matrices: bool = True) -> SVDResult:
    """x = U diag(S) Vᴴ, with orthonormal columns in U and V, and S descending.

    full_matrices : complete U and Vᴴ to square matrices. Nothing determines the added vectors,
        only their space: a function that depends on more of them raises `NotDifferentiableError`
        in backward. Forward mode gives them the tangent NaN.

    The derivatives of U and V do not exist where singular values are equal (they are NaN or
    infinite), or 0 in a matrix that is not square. For complex x, a function that depends on the
    phases of the vectors raises `NotDifferentiableError` in backward; forward mode fixes the
    phases. `svdvals` has none of these limits. Raises `ShapeError` for fewer than two axes,
    `DTypeError` unless x is floating or complex. Source: Wan & Zhang 2019.
    """
    x = matrices("svd", x)
    m, n = x.shape[-2:]
    found = raw_function(x, "svd")(x._array, full_matrices=full_matrices and m != n)
    raws = tuple(as_array(x._array, raw) for raw in found)
    return SVDResult(*record_many(SVDGrad, (x,), raws, raws if is_active(x) else ()))


class SVDValsGrad(Grad):
    """U diag(grad) Vᴴ, without a division by differences of singular values."""

    __slots__ = ()
    saves = (0, None, None)
    fresh = True

    def vectors(self, like: Any) -> tuple[Any, Any]:
        """U and Vᴴ; differentiable functions of the input if `like` is a `GradArray`."""
        x, u, vh = self.saved(like)
        if isinstance(like, GradArray):
            u, _, vh = svd(x, full_matrices=False)
        return u, vh

    def backward(self, grad: Any) -> tuple[Any, ...]:
        u, vh = self.vectors(grad)
        return (namespace(grad).matmul(scaled(u, grad), vh),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        u, vh = self.vectors(t)
        return real(xp, diagonal_of_product(xp, u, xp.matmul(t, adjoint(xp, vh))))


def svdvals(x: ArrayLike, /) -> GradArray:
    """The singular values of each matrix, descending.

    The gradient never divides by differences of singular values. Where some are equal, it is
    right for functions that treat these alike; at 0 it is one of many. Second derivatives need
    distinct singular values. Errors as in `svd`.
    """
    x = matrices("svdvals", x)
    if not is_active(x):
        return recording.unrecorded(call_raw(x, "svdvals"))
    a = x._array
    u, s, vh = (as_array(a, f) for f in raw_function(x, "svd")(a, full_matrices=False))
    return record(SVDValsGrad, (x,), s, (a, u, vh))
