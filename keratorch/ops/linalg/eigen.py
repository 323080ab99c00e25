"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...backends import _registry
from ...core import recording
from ...core.array import GradArray
from ...core.grad import Grad
from ...core.recording import is_active, record, record_many
from ...typing import ArrayLike
from .._operands import as_array, is_complex, namespace
from ._gauges import refuse_phases
from ._matrices import (
    adjoint,
    call_raw,
    conj,
    diagonal_of_product,
    embedded,
    hermitian,
    matrices,
    over_gaps,
    raw_function,
    real,
    same_dtype,
    scaled,
    solved,
)


class EighResult(NamedTuple):
    """The result of `eigh`."""

    eigenvalues: GradArray
    eigenvectors: GradArray


class EigResult(NamedTuple):
    """The result of `eig`."""

    eigenvalues: GradArray
    eigenvectors: GradArray


def _checked(xp: Any, op: str, v: Any, to_vectors: Any, found: Any) -> Any:
    """`found`, unless the function depends on the phases of the eigenvectors `v`."""
    if not is_complex(v):
        return found
    message = (
        f"{op} of a complex array: the loss depends on the phases of the eigenvectors, which "
        "nothing determines: use what a phase does not change, such as abs(V), or the projections "
        "V[:, j] V[:, j]ᴴ; or detach()"
    )
    if op == "eig":
        message = message.replace("eig of a complex array", "eig")
    change = xp.imag(diagonal_of_product(xp, v, to_vectors))
    return refuse_phases(xp, change, to_vectors, found, message)


# -- of Hermitian matrices -----------------------------------------------------------------------


class EighGrad(Grad):
    """V (diag(λ̄) + F∘(Vᴴ V̄)) Vᴴ, its Hermitian part; F = 1/(λ_j − λ_i), 0 on the diagonal.

    Giles 2008, *Collected matrix derivative results*, 3.1.
    """

    __slots__ = ("outputs",)
    saves = (-1, -2)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        to_values, to_vectors = grad
        xp = namespace(to_values if to_vectors is None else to_vectors)
        values, v = self.saved(grad)
        if to_vectors is None:
            left = scaled(v, to_values)
        else:
            w = xp.matmul(adjoint(xp, v), to_vectors)
            left = xp.matmul(v, over_gaps(xp, w, values))
            left = _checked(xp, "eigh", v, to_vectors, left)
            if to_values is not None:
                left = left + scaled(v, to_values)
        return (hermitian(xp, xp.matmul(left, adjoint(xp, v))),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        values, v = self.saved(t)
        inner = xp.matmul(adjoint(xp, v), xp.matmul(hermitian(xp, t), v))
        return (
            real(xp, xp.linalg.diagonal(inner)),
            xp.matmul(v, over_gaps(xp, inner, values)),
        )


def eigh(x: ArrayLike, /) -> EighResult:
    """x = V diag(λ) Vᴴ for Hermitian matrices: λ real and ascending, V unitary.

    The function assumes Hermitian matrices: libraries read only one triangle, and the gradient is
    Hermitian. The derivatives of V do not exist at equal eigenvalues (they are NaN or infinite).
    For complex x, a function that depends on the phases of the vectors raises
    `NotDifferentiableError` in backward. Forward mode keeps vᴴ dv = 0 for each vector. `eigvalsh`
    has none of these limits. Raises `ShapeError` unless the matrices are square, `DTypeError`
    unless they are floating or complex. Source: Giles 2008.
    """
    x = matrices("eigh", x, square=True)
    raws = tuple(as_array(x._array, raw) for raw in raw_function(x, "eigh")(x._array))
    return EighResult(*record_many(EighGrad, (x,), raws, raws if is_active(x) else ()))


class EigvalshGrad(Grad):
    """V diag(grad) Vᴴ, without a division by differences of eigenvalues."""

    __slots__ = ()
    saves = (0, None)
    fresh = True

    def vectors(self, like: Any) -> Any:
        """V; a differentiable function of the input if `like` is a `GradArray`."""
        x, v = self.saved(like)
        return eigh(x).eigenvectors if isinstance(like, GradArray) else v

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        v = self.vectors(grad)
        return (hermitian(xp, xp.matmul(scaled(v, grad), adjoint(xp, v))),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        v = self.vectors(t)
        return real(xp, diagonal_of_product(xp, v, xp.matmul(hermitian(xp, t), v)))


def eigvalsh(x: ArrayLike, /) -> GradArray:
    """The eigenvalues of Hermitian matrices, ascending.

    The gradient is Hermitian, and never divides by differences of eigenvalues. Where some are
    equal, it is right for functions that treat these alike. Second derivatives need distinct
    eigenvalues. Errors as in `eigh`.
    """
    x = matrices("eigvalsh", x, square=True)
    if not is_active(x):
        return recording.unrecorded(call_raw(x, "eigvalsh"))
    a = x._array
    values, v = (as_array(a, f) for f in raw_function(x, "eigh")(a))
    return record(EigvalshGrad, (x,), values, (a, v))


# -- of any square matrix ------------------------------------------------------------------------


class EigGrad(Grad):
    """V⁻ᴴ (diag(λ̄) + F̄∘(W − VᴴV diag(Re W))) Vᴴ, with W = VᴴV̄ and F = 1/(λ_j − λ_i).

    Giles 2008, 3.1, for vectors of length 1, as in PyTorch: the second term keeps the length.
    """

    __slots__ = ("outputs",)
    saves = (-1, -2)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        to_values, to_vectors = grad
        xp = namespace(to_values if to_vectors is None else to_vectors)
        values, v = self.saved(grad)
        turned = adjoint(xp, v)
        inner = None
        if to_vectors is not None:
            w = xp.matmul(turned, to_vectors)
            lengths = real(xp, diagonal_of_product(xp, v, to_vectors))
            w = w - scaled(xp.matmul(turned, v), lengths)
            inner = over_gaps(xp, w, conj(xp, values))
            inner = _checked(xp, "eig", v, to_vectors, inner)
        if to_values is not None:
            diagonal = embedded(xp, to_values, tuple(v.shape))
            inner = diagonal if inner is None else inner + diagonal
        return (solved(xp, turned, xp.matmul(inner, turned)),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        values, v = self.saved(t)
        inner = solved(xp, v, xp.matmul(same_dtype(xp, t, v), v))
        moved = xp.matmul(v, over_gaps(xp, inner, values))
        along = real(xp, diagonal_of_product(xp, v, moved))
        return xp.linalg.diagonal(inner), moved - scaled(v, along)


def eig(x: ArrayLike, /) -> EigResult:
    """x V = V diag(λ) for square matrices: λ and V complex, the columns of V of length 1.

    The derivatives exist where the eigenvalues are distinct. A function that depends on the phases
    of the vectors raises `NotDifferentiableError` in backward. Forward mode fixes the
    phases: V⁻¹dV has a real diagonal. A real x gets a real gradient. Errors as in `eigh`.
    Source: Giles 2008.
    """
    x = matrices("eig", x, square=True)
    raws = tuple(complex_raw(x, raw) for raw in raw_function(x, "eig")(x._array))
    return EigResult(*record_many(EigGrad, (x,), raws, raws if is_active(x) else ()))


def complex_raw(x: GradArray, raw: Any) -> Any:
    """`raw` in the complex dtype of its precision: some libraries return real arrays."""
    backend = _registry.of(x._array)
    raw = as_array(x._array, raw)
    if is_complex(raw):
        return raw
    dtype = backend.weak_dtype(complex, raw.dtype)
    return backend.xp.astype(raw, dtype)


class EigvalsGrad(Grad):
    """V⁻ᴴ diag(grad) Vᴴ, without a division by differences of eigenvalues."""

    __slots__ = ()
    saves = (0, None)
    fresh = True

    def vectors(self, like: Any) -> Any:
        """V; a differentiable function of the input if `like` is a `GradArray`."""
        x, v = self.saved(like)
        return eig(x).eigenvectors if isinstance(like, GradArray) else v

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        turned = adjoint(xp, self.vectors(grad))
        return (solved(xp, turned, grad[..., None] * turned),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        v = self.vectors(t)
        return xp.linalg.diagonal(solved(xp, v, xp.matmul(same_dtype(xp, t, v), v)))


def eigvals(x: ArrayLike, /) -> GradArray:
    """The eigenvalues of square matrices, complex, in the library's order.

    The gradient never divides by differences of eigenvalues; the matrices must be diagonalizable.
    Second derivatives need distinct eigenvalues. Errors as in `eigh`.
    """
    x = matrices("eigvals", x, square=True)
    if not is_active(x):
        return recording.unrecorded(complex_raw(x, raw_function(x, "eigvals")(x._array)))
    values, v = (complex_raw(x, raw) for raw in raw_function(x, "eig")(x._array))
    return record(EigvalsGrad, (x,), values, (x._array, v))
