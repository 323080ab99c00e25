"""``numpy.linalg``: norms, decompositions, and systems of equations."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.shown import shown
from ...errors import ShapeError
from ...ops._undetermined import undetermined
from ...ops.linalg._matrices import inverted
from ._arguments import array, arrays, axes_of, flat, floating, is_complex, promoted, refuse
from ._table import implements

_NO_VALUE: Any = getattr(np, "_NoValue")  # noqa: B009


def _matrix(a: Any) -> GradArray:
    return floating(array(a))


def _adjoint(x: GradArray) -> GradArray:
    return kt.conj(kt.matrix_transpose(x)) if is_complex(x) else kt.matrix_transpose(x)


def _from_triangle(x: GradArray, UPLO: str) -> GradArray:
    """`x`, or its adjoint for ``"U"``, so that the lower triangle is the one that NumPy reads."""
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"UPLO {shown(UPLO)} must be 'L' or 'U'")
    return x if UPLO.upper() == "L" else _adjoint(x)


def _mirrored(x: GradArray) -> GradArray:
    """The Hermitian matrix with the lower triangle of `x`; NumPy reads only that triangle."""
    lower = kt.tril(x, k=-1)
    middle = kt.tril(kt.triu(x))
    if is_complex(x):
        middle = kt.astype(kt.real(middle), x.dtype)
    return lower + middle + _adjoint(lower)


# -- norms ---------------------------------------------------------------------------------------


@implements("linalg.norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> GradArray:
    """The norm of vectors along one axis, or of matrices in two axes.

    Without `axis` and `ord`, the 2-norm of all elements. With `ord` alone, the norm of the whole
    vector or matrix.
    """
    x, keepdims = _matrix(x), bool(keepdims)
    if axis is None and (
        ord is None or (ord in ("f", "fro") and x.ndim == 2) or (ord == 2 and x.ndim == 1)
    ):
        return kt.linalg.vector_norm(x, keepdims=keepdims)
    axes = axes_of("linalg.norm", x, axis)
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(
                f"numpy.linalg.norm: ord {shown(ord)} for one axis: it must be a number, inf or "
                "-inf"
            )
        order = 2 if ord is None else ord
        return kt.linalg.vector_norm(x, axis=axes[0], keepdims=keepdims, ord=order)
    if len(axes) != 2:
        raise ShapeError(
            f"numpy.linalg.norm: {len(axes)} axes of shape {tuple(x.shape)}: name one axis "
            "for the norm of vectors, or two for that of matrices, as in axis=(-2, -1)"
        )
    order = "fro" if ord in (None, "f") else ord
    found = kt.linalg.matrix_norm(kt.moveaxis(x, axes, (-2, -1)), ord=order)
    return kt.expand_dims(found, axis=axes) if keepdims else found


@implements("linalg.matrix_norm")
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> GradArray:
    """The norm of each matrix in the last two axes."""
    order = "fro" if ord is None or ord == "f" else ord
    return kt.linalg.matrix_norm(_matrix(x), keepdims=bool(keepdims), ord=order)


@implements("linalg.vector_norm")
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> GradArray:
    """The norm of the vectors along `axis`."""
    order = 2 if ord is None else ord
    return kt.linalg.vector_norm(_matrix(x), axis=axis, keepdims=bool(keepdims), ord=order)


@implements("linalg.cond")
def cond(x: Any, p: Any = None) -> GradArray:
    """The condition numbers ‖A‖·‖A⁻¹‖; for p = ±2, or `None`, the ratio of singular values.

    Infinite for a singular matrix, whose gradient is NaN.
    """
    x = _matrix(x)
    if x.ndim < 2 or not x.size:
        raise ShapeError(
            f"numpy.linalg.cond of shape {tuple(x.shape)}: it takes matrices that have elements"
        )
    if p is None or p in (2, -2):
        s = kt.linalg.svdvals(x)
        found = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    else:
        # As one of a stack, a singular matrix gets NaN where it would raise an error.
        inverse = inverted(x.__array_namespace__(), x if x.ndim > 2 else x[None])
        inverse = inverse if x.ndim > 2 else inverse[0]
        found = kt.linalg.matrix_norm(x, ord=p) * kt.linalg.matrix_norm(inverse, ord=p)
    singular = kt.isnan(found) & ~kt.any(kt.isnan(x), axis=(-2, -1))
    found = kt.where(singular, math.inf, found)
    return undetermined(found, (kt.sum(x, axis=(-2, -1)),), (singular,))


@implements("linalg.matrix_rank", constant=True)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> GradArray:
    """The number of singular values above `tol`, or above `rtol` times the largest."""
    x = _matrix(A).detach()
    if x.ndim < 2:
        return kt.astype(kt.any(x != 0), "int64")
    if hermitian:
        x = _mirrored(x)
    if tol is None:
        return kt.linalg.matrix_rank(x, rtol=rtol)
    if rtol is not None:
        raise ValueError("numpy.linalg.matrix_rank: give tol or rtol, not both")
    values = kt.linalg.svdvals(x)
    if np.ndim(tol) if not isinstance(tol, GradArray) else tol.ndim:
        tol = kt.expand_dims(arrays(values, tol)[1], axis=-1)
    return kt.count_nonzero(values > tol, axis=-1)


# -- determinants, inverses, powers --------------------------------------------------------------


@implements("linalg.det")
def det(a: Any) -> GradArray:
    """The determinant of each matrix."""
    return kt.linalg.det(_matrix(a))


@implements("linalg.slogdet")
def slogdet(a: Any) -> Any:
    """The sign of the determinant, and the logarithm of its absolute value."""
    return kt.linalg.slogdet(_matrix(a))


@implements("linalg.inv")
def inv(a: Any) -> GradArray:
    """The inverse of each matrix."""
    return kt.linalg.inv(_matrix(a))


@implements("linalg.pinv")
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _NO_VALUE) -> GradArray:
    """The Moore-Penrose inverse: singular values up to `rcond` times the largest count as 0."""
    x = _matrix(a)
    if rcond is not None and rtol is not _NO_VALUE:
        raise ValueError("numpy.linalg.pinv: give rcond or rtol, not both")
    if rcond is None:
        rcond = 1e-15 if rtol is _NO_VALUE else rtol
    x = _mirrored(x) if hermitian else x
    return kt.linalg.pinv(x, rtol=rcond)


@implements("linalg.matrix_power")
def matrix_power(a: Any, n: int) -> GradArray:
    """The matrix product of n factors `a`; for negative n, of −n factors of its inverse."""
    x = array(a)
    return kt.linalg.matrix_power(x if n > 0 else floating(x), n)


# -- systems of equations ------------------------------------------------------------------------


@implements("linalg.solve")
def solve(a: Any, b: Any) -> GradArray:
    """The x with ``a @ x = b``; `b` is a vector if it has one axis, else a stack of matrices."""
    x, y = promoted("solve", (a, b))
    return kt.linalg.solve(floating(x), floating(y))


@implements("linalg.tensorsolve")
def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> GradArray:
    """The x with ``tensordot(a, x, x.ndim) = b``.

    axes : the axes of `a` to move to its end first.
    """
    x, y = (floating(v) for v in promoted("tensorsolve", (a, b)))
    if axes is not None:
        moved = [operator.index(i) for i in axes]
        order = [i for i in range(x.ndim) if i not in moved]
        x = kt.permute_dims(x, order + moved)
    shape = tuple(x.shape[y.ndim :])
    n = math.prod(shape)
    if y.size != n or x.size != n * n:
        raise ShapeError(
            f"numpy.linalg.tensorsolve: shapes {tuple(x.shape)} and {tuple(y.shape)}: the axes "
            "of the first that the second lacks must have as many elements as the second"
        )
    return kt.reshape(kt.linalg.solve(kt.reshape(x, (n, n)), flat(y)), shape)


@implements("linalg.tensorinv")
def tensorinv(a: Any, ind: int = 2) -> GradArray:
    """The inverse of `a` as a map from its last axes to its first `ind`."""
    x, ind = _matrix(a), operator.index(ind)
    rows, columns = tuple(x.shape[:ind]), tuple(x.shape[ind:])
    if ind <= 0 or math.prod(rows) != math.prod(columns):
        raise ShapeError(
            f"numpy.linalg.tensorinv: shape {tuple(x.shape)} and ind {ind}: the first ind lengths "
            "must have the product of the others"
        )
    n = math.prod(rows)
    return kt.reshape(kt.linalg.inv(kt.reshape(x, (n, n))), (*columns, *rows))


@implements("linalg.lstsq")
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[GradArray, ...]:
    """The x that minimises ‖b − a x‖, of least norm: x, residuals, rank, singular values.

    rcond : singular values up to `rcond` times the largest count as 0. −1 is the precision of the
        dtype; the default is the precision times max(m, n).

    x is the pseudo-inverse times b; its derivative assumes constant rank. The residuals are empty
    unless `a` has more rows than columns, and independent columns; this check waits for the device.
    """
    x, y = (floating(v) for v in promoted("lstsq", (a, b)))
    if x.ndim != 2 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise ShapeError(
            f"numpy.linalg.lstsq: shapes {tuple(x.shape)} and {tuple(y.shape)}: give a matrix, and "
            "a vector or a matrix of as many rows"
        )
    m, n = x.shape
    precision = kt.finfo(x.dtype).eps
    if rcond is None:
        rcond = precision * max(m, n)
    elif not isinstance(rcond, GradArray) and rcond < 0:
        rcond = precision
    values = kt.linalg.svdvals(x)
    rank = kt.linalg.matrix_rank(x.detach(), rtol=rcond)
    found = kt.matmul(kt.linalg.pinv(x, rtol=rcond), y)
    away = y - kt.matmul(x, found)
    away = kt.reshape(away, (m, away.size // m if m else 0))
    squares = away * kt.conj(away) if is_complex(away) else away * away
    residuals = kt.sum(kt.real(squares), axis=0)
    if m <= n or int(rank.item()) < n:
        residuals = residuals[:0]
    return found, residuals, kt.astype(rank, "int32"), values


# -- decompositions ------------------------------------------------------------------------------


@implements("linalg.cholesky")
def cholesky(a: Any, /, *, upper: bool = False) -> GradArray:
    """The lower triangular L with a = L Lᴴ, or the upper triangular Lᴴ."""
    x = _matrix(a)
    return kt.linalg.cholesky(_adjoint(x) if upper else x, upper=upper)


@implements("linalg.qr")
def qr(a: Any, mode: str = "reduced") -> Any:
    """a = QR with orthonormal columns in Q and upper triangular R; for ``mode="r"``, R alone."""
    if mode == "r":
        return kt.linalg.qr(_matrix(a)).R
    if mode not in ("reduced", "complete"):
        raise refuse("linalg.qr", f"mode={shown(mode)}", "use 'reduced', 'complete' or 'r'")
    return kt.linalg.qr(_matrix(a), mode="complete" if mode == "complete" else "reduced")


@implements("linalg.svd")
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """a = U diag(S) Vᴴ; the singular values alone without `compute_uv`."""
    x = _matrix(a)
    x = _mirrored(x) if hermitian else x
    if not compute_uv:
        return kt.linalg.svdvals(x)
    return kt.linalg.svd(x, full_matrices=bool(full_matrices))


@implements("linalg.svdvals")
def svdvals(x: Any, /) -> GradArray:
    """The singular values of each matrix, descending."""
    return kt.linalg.svdvals(_matrix(x))


@implements("linalg.eigh")
def eigh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues and eigenvectors of Hermitian matrices; only the triangle `UPLO` is read.

    The gradient is Hermitian.
    """
    return kt.linalg.eigh(_from_triangle(_matrix(a), UPLO))


@implements("linalg.eigvalsh")
def eigvalsh(a: Any, UPLO: str = "L") -> GradArray:
    """The eigenvalues of Hermitian matrices, as from `eigh`."""
    return kt.linalg.eigvalsh(_from_triangle(_matrix(a), UPLO))


#: From NumPy 2.5 on, the eigenvalues of all matrices are complex.
_ALWAYS_COMPLEX = np.lib.NumpyVersion(np.__version__) >= "2.5.0"


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: GradArray
    eigenvectors: GradArray


def _is_real(x: GradArray, values: GradArray) -> bool:
    """Whether NumPy returns real eigenvalues: before 2.5, of a real matrix if all are real."""
    if _ALWAYS_COMPLEX or is_complex(x) or _registry.of(x._array).name != "numpy":
        return False
    return not bool(kt.any(kt.imag(values) != 0))


@implements("linalg.eig")
def eig(a: Any) -> EigResult:
    """The eigenvalues and eigenvectors; real where NumPy's are."""
    x = _matrix(a)
    values, vectors = kt.linalg.eig(x)
    if _is_real(x, values):
        return EigResult(kt.real(values), kt.real(vectors))
    return EigResult(values, vectors)


@implements("linalg.eigvals")
def eigvals(a: Any) -> GradArray:
    """The eigenvalues; real where NumPy's are."""
    x = _matrix(a)
    values = kt.linalg.eigvals(x)
    return kt.real(values) if _is_real(x, values) else values


# -- diagonals -----------------------------------------------------------------------------------


@implements("linalg.diagonal")
def diagonal(x: Any, /, *, offset: int = 0) -> GradArray:
    """The diagonals of the matrices in the last two axes."""
    return kt.linalg.diagonal(array(x), offset=offset)


@implements("linalg.trace")
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> GradArray:
    """The sum of the diagonal of each matrix in the last two axes."""
    return kt.linalg.trace(array(x), offset=offset, dtype=dtype)
