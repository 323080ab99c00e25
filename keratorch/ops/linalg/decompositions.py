"""Cholesky, QR, and the singular value decomposition."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ...core import recording
from ...core.array import GradArray
from ...core.grad import Grad
from ...core.recording import is_active, record, record_many
from ...core.shown import shown
from ...errors import NotDifferentiableError
from .._operands import as_array, is_complex, namespace
from ..manipulation import matrix_transpose
from ..selection import conj
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
        half = xp.linalg.solve(turned, middle)
        return (hermitian(xp, xp.linalg.solve(turned, adjoint(xp, half))),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        (factor,) = self.saved(t)
        half = xp.linalg.solve(factor, hermitian(xp, t))
        middle = xp.linalg.solve(factor, adjoint(xp, half))
        return xp.matmul(factor, triangle(xp, middle, lower=True))


def cholesky(x: Any, /, *, upper: bool = False) -> GradArray:
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
        k, n = r.shape[-2:]
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
        to_x = adjoint(xp, xp.linalg.solve(r, adjoint(xp, total)))
        return (to_x if to_rest is None else xp.concat([to_x, to_rest], axis=-1),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        q, r = self.saved(t)
        k, n = r.shape[-2:]
        square = r[..., :k]
        turned = xp.linalg.solve(xp.matrix_transpose(square), xp.matrix_transpose(t[..., :k]))
        moved = xp.matrix_transpose(turned)  # dX U⁻¹
        inner = xp.matmul(adjoint(xp, q), moved)
        inner = triangle(xp, inner + adjoint(xp, inner), lower=False)
        to_q = moved - xp.matmul(q, inner)
        to_r = xp.matmul(inner, square)
        if n > k:
            rest = xp.matmul(q, r[..., k:])
            to_v = xp.matmul(adjoint(xp, to_q), rest) + xp.matmul(adjoint(xp, q), t[..., k:])
            to_r = xp.concat([to_r, to_v], axis=-1)
        return to_q, to_r


def qr(x: Any, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QRResult:
    """x = QR, with orthonormal columns in Q and R upper triangular.

    mode : for x with m rows and n columns, ``"reduced"`` gives min(m, n) columns of Q,
        ``"complete"`` all m. Nothing determines the columns beyond n: in this mode an active x
        with more rows than columns raises `NotDifferentiableError`.

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
    active = is_active(x)
    if active and mode == "complete":
        raise NotDifferentiableError(
            f"qr(mode='complete') of a tracked array of shape {tuple(x.shape)}: the last {m - n} "
            "columns of Q are determined by nothing, and have no derivative; use mode='reduced', "
            "or detach()"
        )
    found = raw_function(x, "qr")(x._array, mode=mode)
    raws = tuple(as_array(x._array, raw) for raw in found)
    outputs = record_many(QRGrad, (x,), raws, raws if active else ())
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
        refuse_extra_columns(u, to_u, vh, to_vh)
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
        return (total,)

    def jvp(self, *tangents: Any) -> Any:
        u, _, vh = self.saved(tangents[0])
        if u.shape[-2] != u.shape[-1] or vh.shape[-2] != vh.shape[-1]:
            refuse_extra_columns(u, u, vh, vh)
        return super().jvp(*tangents)


def added(total: Any, term: Any) -> Any:
    return term if total is None else total + term


def phases(xp: Any, w: Any, s: Any) -> Any:
    """i·Im(w)/2s on the diagonal, zeros elsewhere: how the phases of the vectors change."""
    if not is_complex(w):
        return 0.0
    eye = xp.eye(w.shape[-1], dtype=s.dtype, device=getattr(s, "device", None))
    return xp.imag(w) * eye / (2 * s[..., None]) * 1j


def refuse_extra_columns(u: Any, to_u: Any, vh: Any, to_vh: Any) -> None:
    """Raise `NotDifferentiableError` for a gradient of singular vectors that nothing determines."""
    m, n = u.shape[-2], vh.shape[-1]
    for name, size, extra, asked in (
        ("U", u.shape[-1], m - n, to_u),
        ("Vh", vh.shape[-2], n - m, to_vh),
    ):
        if asked is not None and extra > 0 and size > min(m, n):
            raise NotDifferentiableError(
                f"svd(full_matrices=True) of a tracked array of shape {(*u.shape[:-1], n)}: the "
                f"last {extra} singular vectors of {name} are determined by nothing, and have no "
                "derivative; use full_matrices=False, or svdvals"
            )


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """x = U diag(S) Vᴴ, with orthonormal columns in U and V, and S descending.

    full_matrices : complete U and Vᴴ to square matrices. Nothing determines the added vectors:
        the gradient of a completed factor raises `NotDifferentiableError`, and so does forward
        mode. ``full_matrices=False`` has all derivatives.

    The derivatives of U and V do not exist where singular values are equal (they are NaN or
    infinite), or 0 in a matrix that is not square. Only functions that do not depend on the
    phases of the vectors are differentiable. `svdvals` has none of these limits. Raises
    `ShapeError` for fewer than two axes, `DTypeError` unless x is floating or complex.
    Source: Wan & Zhang 2019.
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


def svdvals(x: Any, /) -> GradArray:
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
