"""Determinants."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ...backends import _registry
from ...core import recording
from ...core.array import GradArray
from ...core.grad import Grad
from ...core.recording import constant, is_active, record, record_many
from ...typing import ArrayLike
from .._operands import as_array, can_look, is_complex, namespace
from .._undetermined import below_selection
from ._matrices import adjoint, call_raw, inverted, matrices, places, raw_function, scaled

#: For how many vanishing singular values higher derivatives are right, on GPUs and for tracers.
_UNSEEN = 8


class SlogdetResult(NamedTuple):
    """The result of `slogdet`."""

    sign: GradArray
    logabsdet: GradArray


class DetGrad(Grad):
    """grad·adj(A)ᴴ, with the adjugate adj(A) = det(A)·A⁻¹, which exists for singular matrices too.

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


def det(x: ArrayLike, /) -> GradArray:
    """The determinant of each matrix.

    The derivatives are right for singular matrices too: they use cofactors, from a singular value
    decomposition. On GPUs, under `jax.jit` and inside `no_sync()` keratorch does not read the
    singular values; second and higher derivatives then need a rank of n − 8 or more. Raises
    `ShapeError` unless the matrices are square, `DTypeError` unless they are floating or complex.
    Source: Giles 2008.
    """
    x = matrices("det", x, square=True)
    raw = call_raw(x, "det")
    return record(DetGrad, (x,), raw, (x._array,)) if is_active(x) else recording.unrecorded(raw)


def adjugate(x: GradArray) -> GradArray:
    """det(x)·x⁻¹, continued to singular matrices; differentiable to any order there too."""
    a = x._array
    with _registry.of(a).on_device(a):
        if not is_active(x):
            return recording.unrecorded(raw_adjugate(a))
        if a.shape[-1] == 1:  # 1, whatever x is
            return constant(raw_adjugate(a)) + 0 * x
        return _adjugate_by_updates(x)


def _adjugate_by_updates(x: GradArray) -> GradArray:
    """The adjugate, from operations whose derivatives need no inverse of `x`.

    With the singular values and vectors of A as constants, A = U √L Z √L Vᴴ. L holds the singular
    values, the vanishing ones lifted (`_lifted`). Z is then near the unit matrix, except in the
    last r elements of its diagonal. Y = Z + PQ, with P of r columns and Q of r rows, is near the
    unit matrix everywhere. With the r×r matrix K = 1 − QY⁻¹P,
    adj(Z) = det(Y)·(det(K)·Y⁻¹ + Y⁻¹P adj(K) QY⁻¹): the matrix determinant lemma and Woodbury's
    identity (Hager 1989, *Updating the inverse of a matrix*), times det(Z) = det(Y)·det(K).
    """
    a, xp = x._array, namespace(x)
    raw = _registry.of(a).xp
    u, s, vh = _factors(a)
    lifted = _lifted(raw, s, a)
    r = _differing(a, s, lifted)
    root = 1 / raw.sqrt(lifted)
    sign = as_array(a, raw.linalg.det(u)) * as_array(a, raw.linalg.det(vh))
    scale = constant((raw.prod(lifted, axis=-1) * sign)[..., None, None])
    rows, columns = constant(scaled(u, root)), constant(scaled(adjoint(raw, vh), root))
    z = xp.matmul(adjoint(xp, rows), xp.matmul(x, columns))
    found = _adjugate_near_one(xp, z, raw.astype(1 - s / lifted, a.dtype), r)
    return scale * xp.matmul(columns, xp.matmul(found, adjoint(xp, rows)))


def _adjugate_near_one(xp: Any, z: GradArray, gaps: Any, r: int) -> GradArray:
    """The adjugate of `z`; z + diag(gaps) is near the unit matrix, and all gaps but r are 0."""
    n = z.shape[-1]
    if not r:
        return xp.linalg.det(z)[..., None, None] * xp.linalg.inv(z)
    part = gaps[..., n - r :]
    unit = _eye(xp, n, z)
    y = z + unit[:, n - r :] @ (constant(part)[..., None] * unit[n - r :, :])
    inverse = xp.linalg.inv(y)
    left, right = inverse[..., n - r :] * constant(part[..., None, :]), inverse[..., n - r :, :]
    size, adjugate = _by_traces(xp, _eye(xp, r, z) - left[..., n - r :, :])
    found = size[..., None, None] * inverse + xp.matmul(left, xp.matmul(adjugate, right))
    return xp.linalg.det(y)[..., None, None] * found


def _factors(a: Any) -> tuple[Any, Any, Any]:
    """U, S and Vᴴ of raw matrices. In a stack, matrices with NaN or ∞ get NaN.

    NumPy and PyTorch refuse such a matrix, and with it the stack.
    """
    svd = raw_function(constant(a), "svd")
    try:
        return svd(a, full_matrices=False)
    except (ValueError, RuntimeError):  # their `LinAlgError`s
        if a.ndim < 3:
            raise
    xp = _registry.of(a).xp
    bad = as_array(a, xp.any(~xp.isfinite(a), axis=(-2, -1)))[..., None, None]
    u, s, vh = svd(xp.where(bad, 0.0, a), full_matrices=False)
    return xp.where(bad, math.nan, u), xp.where(bad[..., 0], math.nan, s), vh


def _lifted(xp: Any, s: Any, a: Any) -> Any:
    """The singular values, each that vanishes beside the one before replaced by that one."""
    small = xp.finfo(a.dtype).eps ** 0.2
    found = [xp.where(s[..., 0] > 0, s[..., 0], 1)] if s.shape[-1] else []
    for i in range(1, s.shape[-1]):
        found.append(xp.where(s[..., i] < small * found[-1], found[-1], s[..., i]))
    return xp.stack(found, axis=-1) if found else s


def _differing(a: Any, s: Any, lifted: Any) -> int:
    """How many of the last singular values may have been lifted."""
    if not math.prod(s.shape):
        return 0
    if not can_look(a):
        return min(s.shape[-1], _UNSEEN)
    xp = _registry.of(a).xp
    return int(xp.max(xp.count_nonzero(s != lifted, axis=-1)))


def _by_traces(xp: Any, x: GradArray) -> tuple[GradArray, GradArray]:
    """The determinant and adjugate of small matrices, by additions and multiplications alone.

    The recursion of Le Verrier and Faddeev (Householder 1964, *The theory of matrices in
    numerical analysis*, 6.7).
    """
    n = x.shape[-1]
    one = _eye(xp, n, x)
    found: Any = one
    weight = -xp.linalg.trace(x)
    for k in range(2, n + 1):
        found = xp.matmul(x, found) + weight[..., None, None] * one
        weight = xp.linalg.trace(xp.matmul(x, found)) * (-1 / k)
    sign = (-1) ** n
    return sign * weight, -sign * found


def _eye(xp: Any, n: int, like: GradArray) -> Any:
    return xp.eye(n, dtype=like.dtype, device=like.device)


def raw_adjugate(a: Any) -> Any:
    """The adjugate of raw matrices, without a division.

    For A = U diag(s) Vᴴ the adjugate is det(U)·det(Vᴴ)·V diag(p) Uᴴ, where p_i is the product of
    all s except s_i.
    """
    backend = _registry.of(a)
    xp = backend.xp
    u, s, vh = _factors(a)
    rows, columns = places(xp, a.shape, a)
    others = xp.prod(xp.where(rows == columns, 1.0, s[..., None, :]), axis=-1)
    sign = as_array(a, xp.linalg.det(u)) * as_array(a, xp.linalg.det(vh))
    core = xp.matmul(scaled(adjoint(xp, vh), others), adjoint(xp, u))
    return sign[..., None, None] * core


def trace_of_product(xp: Any, a: Any, b: Any) -> Any:
    """tr(a b)."""
    return xp.sum(xp.matrix_transpose(a) * b, axis=(-2, -1))


class SlogdetGrad(Grad):
    """(grad of the log + i·Im(sign*·grad of the sign))·A⁻ᴴ; a real sign has no derivative.

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
        weight = weight[..., None, None]
        inverse = inverted(xp, x)
        if below_selection():
            inverse = xp.where((weight == 0) & ~xp.isfinite(inverse), 0.0, inverse)
        return (weight * adjoint(xp, inverse),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        xp = namespace(t)
        x, sign = self.saved(t)
        change = trace_of_product(xp, inverted(xp, x), t)
        if not is_complex(x):
            return None, change
        return sign * (xp.imag(change) * 1j), xp.real(change)


def slogdet(x: ArrayLike, /) -> SlogdetResult:
    """The sign of the determinant (complex: its phase factor), and the log of its absolute value.

    The derivative needs invertible matrices: backward of a singular one raises the library's own
    error, if the library has one. In a stack, a singular matrix gets NaN, and the others their
    derivative. Errors of the arguments as in `det`. Source: Giles 2008.
    """
    x = matrices("slogdet", x, square=True)
    a = x._array
    raws = tuple(as_array(a, raw) for raw in raw_function(x, "slogdet")(a))
    saved = (a, raws[0]) if is_active(x) else ()
    return SlogdetResult(*record_many(SlogdetGrad, (x,), raws, saved))
