"""``numpy.linalg``, whose vectors are compared up to their phases."""

import numpy

from tests.numpy_api.cases import BESIDE, Case, array

V = array(4)
CV = array(3, complex=True)
A = array(3, 4)
TALL = array(4, 3)
C = array(3, 4, complex=True)
T = array(2, 3, 4)
Q = array(3, 3) + 2 * numpy.eye(3)
CQ = array(3, 3, complex=True) + 2 * numpy.eye(3)
T3 = array(2, 3, 3) + 2 * numpy.eye(3)
INF = numpy.inf
LOW_RANK = array(4, 1) * array(1, 3)


def hermitian(np, a):
    return a + np.conj(np.matrix_transpose(a))


def positive(np, a):
    return np.matmul(a, np.conj(np.matrix_transpose(a))) + np.eye(a.shape[-1])


def projectors(np, vectors):
    """Of each vector the matrix that projects on it, which its phase does not change."""
    v = np.matrix_transpose(vectors)
    return v[..., :, None] * np.conj(v)[..., None, :]


def of_eigen(np, found):
    return found.eigenvalues, projectors(np, found.eigenvectors)


def of_svd(np, found):
    u, s, vh = found.U, found.S, found.Vh
    return s, projectors(np, u), u[..., :, :3] @ vh[..., :3, :]


def of_qr(np, found):
    return found.Q, found.R


def norm(*args, **kwargs):
    return lambda np, x: np.linalg.norm(x, *args, **kwargs)


def lstsq(rcond=None):
    return lambda np, a, b: np.linalg.lstsq(a, b, rcond)


NORMS = [
    *(Case("linalg.norm", norm(), (x,)) for x in (V, A, T, C, numpy.array(1.5))),
    Case("linalg.norm", norm(keepdims=True), (T,)),
    *(Case("linalg.norm", norm(p), (V,)) for p in (1, 2, 3, -1, 0.5, INF, -INF)),
    Case("linalg.norm", norm(0), (V,), order=1),
    *(Case("linalg.norm", norm(p), (C,)) for p in ("fro", "nuc", 1, -1, 2, -2, INF, -INF)),
    *(Case("linalg.norm", norm(p, axis=(2, 0)), (T,)) for p in (None, "nuc", 2, 1, INF)),
    Case("linalg.norm", norm("fro", (0, -1), True), (T,)),
    *(Case("linalg.norm", norm(p, axis=1), (T,)) for p in (None, 2, 1, 3)),
    Case("linalg.norm", norm(axis=-1, keepdims=True), (C,)),
    Case("linalg.matrix_norm", lambda np, x: np.linalg.matrix_norm(x), (T,)),
    Case("linalg.matrix_norm", lambda np, x: np.linalg.matrix_norm(x, keepdims=True, ord=1), (C,)),
    Case("linalg.vector_norm", lambda np, x: np.linalg.vector_norm(x, axis=(0, 2)), (T,)),
    Case("linalg.vector_norm", lambda np, x: np.linalg.vector_norm(x, keepdims=True, ord=3), (A,)),
    *(Case("linalg.cond", lambda np, x, p=p: np.linalg.cond(x, p), (T3,)) for p in (None, 2, -2)),
    *(Case("linalg.cond", lambda np, x, p=p: np.linalg.cond(x, p), (CQ,)) for p in ("fro", 1, INF)),
    Case("linalg.cond", lambda np, x: np.linalg.cond(x), (A,)),
]

LINALG = [
    Case("linalg.matrix_rank", lambda np, x: np.linalg.matrix_rank(x), (LOW_RANK,), 0),
    Case("linalg.matrix_rank", lambda np, x: np.linalg.matrix_rank(x, tol=1.5), (T3,), 0),
    Case("linalg.matrix_rank", lambda np, x: np.linalg.matrix_rank(x, [0.1, 9.0]), (T3,), 0),
    Case("linalg.matrix_rank", lambda np, x: np.linalg.matrix_rank(x, rtol=0.5), (T3,), 0),
    Case("linalg.matrix_rank", lambda np, x: np.linalg.matrix_rank(x), (V,), 0),
    Case("linalg.matrix_rank", lambda np, x: np.linalg.matrix_rank(x, hermitian=True), (Q,), 0),
    Case("linalg.det", lambda np, x: np.linalg.det(x), (T3,)),
    Case("linalg.slogdet", lambda np, x: np.linalg.slogdet(x).logabsdet, (T3,)),
    Case("linalg.slogdet", lambda np, x: np.linalg.slogdet(x), (CQ,)),
    Case("linalg.inv", lambda np, x: np.linalg.inv(x), (CQ,)),
    Case("linalg.pinv", lambda np, x: np.linalg.pinv(x), (A,)),
    Case("linalg.pinv", lambda np, x: np.linalg.pinv(x, 1e-10), (array(2, 4, 3),)),
    Case("linalg.pinv", lambda np, x: np.linalg.pinv(x, rtol=None), (C,)),
    Case("linalg.pinv", lambda np, x: np.linalg.pinv(x, hermitian=True), (Q,)),
    Case("linalg.matrix_power", lambda np, x: np.linalg.matrix_power(x, 3), (T3,)),
    Case("linalg.matrix_power", lambda np, x: np.linalg.matrix_power(x, -2), (CQ,)),
    Case("linalg.matrix_power", lambda np, x: np.linalg.matrix_power(x, 0) * x, (Q,)),
    Case("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), (Q, CV)),
    Case("linalg.solve", lambda np, a, b: np.linalg.solve(a, b), (T3, array(3, 2))),
    Case("linalg.solve", lambda np, a: np.linalg.solve(a, [1, 2, 3]), (Q,)),
    Case(
        "linalg.tensorsolve",
        lambda np, a, b: np.linalg.tensorsolve(a, b),
        (array(2, 3, 6) + numpy.eye(6).reshape(2, 3, 6), array(2, 3)),
    ),
    Case(
        "linalg.tensorsolve",
        lambda np, a, b: np.linalg.tensorsolve(a, b, axes=(0, 2)),
        (array(2, 6, 3), array(6)),
    ),
    Case("linalg.tensorinv", lambda np, a: np.linalg.tensorinv(a), (array(2, 3, 6),)),
    Case("linalg.tensorinv", lambda np, a: np.linalg.tensorinv(a, ind=1), (array(6, 2, 3),)),
    Case("linalg.lstsq", lstsq(), (TALL, array(4))),
    Case("linalg.lstsq", lstsq(), (TALL, array(4, 2))),
    Case("linalg.lstsq", lstsq(-1), (A, array(3, 2))),
    Case("linalg.lstsq", lstsq(1e-9), (array(4, 3, complex=True), array(4))),
    Case("linalg.lstsq", lstsq(), (Q, array(3))),
    Case(
        "linalg.lstsq",
        lambda np, a, b: np.linalg.lstsq(a * np.ones((4, 2)), b)[:3],
        (array(4, 1), array(4)),
        numpy_only=BESIDE,
    ),
    Case(
        "linalg.cholesky",
        lambda np, x: np.linalg.cholesky(x.T @ x + x[0, 0] ** 2),
        (T3 if T3.ndim == 2 else T3[0],),
    ),
    Case(
        "linalg.cholesky",
        lambda np, x: np.linalg.cholesky(positive(np, x)),
        (T3,),
        numpy_only=BESIDE,
    ),
    Case(
        "linalg.cholesky",
        lambda np, x: np.linalg.cholesky(positive(np, x)),
        (CQ,),
        numpy_only=BESIDE,
    ),
    Case(
        "linalg.cholesky",
        lambda np, x: np.linalg.cholesky(positive(np, x), upper=True),
        (CQ,),
        numpy_only=BESIDE,
    ),
    Case("linalg.qr", lambda np, x: of_qr(np, np.linalg.qr(x)), (TALL,)),
    Case("linalg.qr", lambda np, x: of_qr(np, np.linalg.qr(x, mode="complete")), (C,)),
    Case("linalg.qr", lambda np, x: np.linalg.qr(x, "r"), (array(2, 4, 3),)),
    Case("linalg.svd", lambda np, x: of_svd(np, np.linalg.svd(x, full_matrices=False)), (C,)),
    Case("linalg.svd", lambda np, x: of_svd(np, np.linalg.svd(x)), (Q,)),
    Case("linalg.svd", lambda np, x: np.linalg.svd(x).S, (T3,)),
    Case("linalg.svd", lambda np, x: np.linalg.svd(x, compute_uv=False), (T,)),
    Case("linalg.svd", lambda np, x: np.linalg.svd(x, True, False, True), (Q,)),
    Case("linalg.svd", lambda np, x: np.linalg.svd(x, hermitian=True).S, (CQ,)),
    Case("linalg.svdvals", lambda np, x: np.linalg.svdvals(x), (T,)),
    Case("linalg.eigh", lambda np, x: of_eigen(np, np.linalg.eigh(hermitian(np, x))), (T3,)),
    Case("linalg.eigh", lambda np, x: of_eigen(np, np.linalg.eigh(hermitian(np, x), "U")), (CQ,)),
    Case("linalg.eigvalsh", lambda np, x: np.linalg.eigvalsh(hermitian(np, x)), (T3,)),
    Case("linalg.eigvalsh", lambda np, x: np.linalg.eigvalsh(hermitian(np, x), UPLO="u"), (CQ,)),
    Case("linalg.eig", lambda np, x: of_eigen(np, np.linalg.eig(x)), (CQ,)),
    Case("linalg.eig", lambda np, x: of_eigen(np, np.linalg.eig(x)), (Q,)),
    Case("linalg.eig", lambda np, x: of_eigen(np, np.linalg.eig(np.tril(x))), (Q,)),
    Case("linalg.eigvals", lambda np, x: np.linalg.eigvals(x), (T3,)),
    Case(
        "linalg.eigvals", lambda np, x: np.linalg.eigvals(positive(np, x)), (Q,), numpy_only=BESIDE
    ),
    Case("linalg.diagonal", lambda np, x: np.linalg.diagonal(x, offset=1), (T,)),
    Case("linalg.trace", lambda np, x: np.linalg.trace(x, offset=-1), (T,)),
]

CASES = [*NORMS, *LINALG]
