"""Products, `einsum`."""

import numpy

from tests.numpy_api.cases import BESIDE, Case, array

S = numpy.array(0.7)
V = array(4)
W = array(4, seed=1)
A = array(3, 4)
A2 = array(3, 4, seed=1)
B = array(4, 2)
C = array(3, 4, complex=True)
CV = array(4, complex=True)
T = array(2, 3, 4)
Q = array(3, 3)
T3 = array(2, 3, 3)
INTS = numpy.arange(12).reshape(4, 3)
F32 = numpy.ones((4, 3), dtype=numpy.float32)


def two_vectors(np, a, b):
    """The products of vectors of two elements, which NumPy warns of; only on GradArrays silent."""
    return np.cross(np.pad(a, (0, 1)), b)


def ein(*subscripts, **options):
    """A call of `einsum` with these subscripts."""
    return lambda np, *xs: np.einsum(*subscripts, *xs, **options)


CASES = [
    Case("dot", lambda np, a, b: np.dot(a, b), (V, W)),
    Case("dot", lambda np, a, b: np.dot(a, b), (A, B)),
    Case("dot", lambda np, a, b: np.dot(a, b), (T, CV)),
    Case("dot", lambda np, a, b: np.dot(a, b), (A, array(2, 4, 3))),
    Case("dot", lambda np, a, b: np.dot(a, b), (V, array(2, 4, 3))),
    Case("dot", lambda np, a, b: np.dot(a, b), (A, S)),
    Case("dot", lambda np, a: np.dot(a, INTS), (A,), numpy_only=BESIDE),
    Case("dot", lambda np, a: np.dot(3, a), (A,)),
    Case("dot", lambda np, a: np.dot(a, F32), (A,), numpy_only=BESIDE),
    Case("dot", lambda np, a: np.dot([1, 2, 3], a), (A,)),
    Case("inner", lambda np, a, b: np.inner(a, b), (V, W)),
    Case("inner", lambda np, a, b: np.inner(a, b), (C, T)),
    Case("inner", lambda np, a, b: np.inner(a, b), (A, S)),
    Case("outer", lambda np, a, b: np.outer(a, b), (V, C)),
    Case("outer", lambda np, a: np.outer(a, 2.0), (V,)),
    Case("vdot", lambda np, a, b: np.vdot(a, b), (C, A)),
    Case("vdot", lambda np, a, b: np.vdot(a, b), (A, A2)),
    Case("tensordot", lambda np, a, b: np.tensordot(a, b), (A, A2)),
    Case("tensordot", lambda np, a, b: np.tensordot(a, b, 1), (T, B)),
    Case("tensordot", lambda np, a, b: np.tensordot(a, b, 0), (V, C)),
    Case("tensordot", lambda np, a, b: np.tensordot(a, b, axes=(-1, 1)), (T, A)),
    Case("tensordot", lambda np, a, b: np.tensordot(a, b, axes=([1, 2], (0, 1))), (T, C)),
    Case("tensordot", lambda np, a: np.tensordot(a, INTS, 1), (A,), numpy_only=BESIDE),
    Case("kron", lambda np, a, b: np.kron(a, b), (A, B)),
    Case("kron", lambda np, a, b: np.kron(a, b), (V, array(2, 2, 2))),
    Case("kron", lambda np, a, b: np.kron(a, b), (array(2, 3, complex=True), S)),
    Case("cross", lambda np, a, b: np.cross(a, b), (array(3), array(2, 3))),
    Case("cross", lambda np, a, b: np.cross(a, b, axis=0), (A, C)),
    Case("cross", lambda np, a, b: np.cross(a, b, 0, 1, 0), (A, array(4, 3))),
    Case("cross", lambda np, a: np.cross(a, [1, 2, 3]), (array(2, 3),)),
    Case("cross", two_vectors, (array(2), array(4, 3))),
    Case("matvec", lambda np, a, b: np.matvec(a, b), (T, V)),
    Case("matvec", lambda np, a, b: np.matvec(a, b), (C, array(2, 4))),
    Case("vecmat", lambda np, a, b: np.vecmat(a, b), (CV, B)),
    Case("vecmat", lambda np, a, b: np.vecmat(a, b), (array(2, 3), T)),
    Case("linalg.matmul", lambda np, a, b: np.linalg.matmul(a, b), (T, B)),
    Case("linalg.vecdot", lambda np, a, b: np.linalg.vecdot(a, b, axis=0), (C, A)),
    Case("linalg.outer", lambda np, a, b: np.linalg.outer(a, b), (V, array(3))),
    Case("linalg.cross", lambda np, a, b: np.linalg.cross(a, b, axis=0), (A, A2)),
    Case("linalg.tensordot", lambda np, a, b: np.linalg.tensordot(a, b, axes=1), (A, B)),
    Case("linalg.multi_dot", lambda np, *xs: np.linalg.multi_dot(xs), (A, B)),
    Case(
        "linalg.multi_dot",
        lambda np, a, b, c, d: np.linalg.multi_dot([a, b, c, d]),
        (array(5), array(5, 2), array(2, 6), array(6)),
    ),
    Case(
        "linalg.multi_dot",
        lambda np, a, b, c: np.linalg.multi_dot([a, INTS, b, c]),
        (A, C, array(4)),
        numpy_only=BESIDE,
    ),
    Case("einsum", ein("ij,jk->ik"), (A, B)),
    Case("einsum", ein("ij,jk"), (A, B)),
    Case("einsum", ein("ba"), (A,)),
    Case("einsum", ein("ij->"), (A,)),
    Case("einsum", ein("ij->j"), (C,)),
    Case("einsum", ein("ii"), (Q,)),
    Case("einsum", ein("ii->i"), (Q,)),
    Case("einsum", ein("kii->ik"), (T3,)),
    Case("einsum", ein("iii->i"), (array(3, 3, 3),)),
    Case("einsum", ein("iji,i->j"), (array(3, 2, 3), array(3))),
    Case("einsum", ein("i,j->ij"), (V, array(3))),
    Case("einsum", ein("i,i->i"), (V, W)),
    Case("einsum", ein("i,i"), (V, CV)),
    Case("einsum", ein("ij,ij->i"), (A, A2)),
    Case("einsum", ein("bij, bjk -> bik"), (T, array(2, 4, 2))),
    Case("einsum", ein("bij,jc->cbi"), (T, B)),
    Case("einsum", ein("ij,kl->"), (A, B)),
    Case("einsum", ein("ij,k->j"), (A, V)),
    Case("einsum", ein("i,->i"), (V, S)),
    Case("einsum", ein("...ij,...jk->...ik"), (T, B)),
    Case("einsum", ein("...j,j..."), (T, array(4, 3))),
    Case("einsum", ein("i...->..."), (T,)),
    Case("einsum", ein("...i,...i"), (T, A)),
    Case("einsum", ein("i...i->...i"), (array(3, 2, 3),)),
    Case("einsum", ein("...,..."), (A, V)),
    Case("einsum", ein("ij,ij->ij"), (array(1, 4), array(3, 1))),
    Case("einsum", ein("ij,ij->j"), (array(1, 4), A)),
    Case("einsum", ein("ij,jk,kl->il"), (A, B, array(2, 3))),
    Case("einsum", ein("ij,jk,kl->il", optimize=True), (A, B, array(2, 3))),
    Case("einsum", ein("ij,jk,k,i->", optimize="optimal"), (A, B, array(2), array(3))),
    Case("einsum", ein("bij,jk,bk->bi", optimize="greedy"), (T, B, array(2, 2, complex=True))),
    Case("einsum", ein("ij,jk,k->i", optimize=["einsum_path", (1, 2), (0, 1)]), (A, B, array(2))),
    Case("einsum", ein("...i,ij,...j->...", optimize=True), (T, array(4, 4), T)),
    Case("einsum", lambda np, a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), (A, B)),
    Case("einsum", lambda np, a, b: np.einsum(a, [..., 1], b, [1, 2]), (T, B)),
    Case("einsum", lambda np, a: np.einsum(a, [0, 1], INTS, [1, 2]), (A,), numpy_only=BESIDE),
    Case(
        "einsum",
        lambda np, a: np.einsum("ij,jk", a, INTS, dtype=np.complex128),
        (A,),
        numpy_only=BESIDE,
    ),
    Case("einsum", ein("ij,jk->ik"), (array(0, 3), array(3, 2))),
    Case("einsum", lambda np, a, b: np.einsum("ij,jk->ik", a, b) + a[0, 0], (A, array(4, 0))),
    Case("einsum_path", lambda np, a: np.einsum_path("ij,jk,k", a, INTS, [1, 2, 3]), (A,), 0),
]
