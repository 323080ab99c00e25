"""Choosing elements, sorting, sets, and writing."""

import numpy

from tests.numpy_api.cases import BESIDE, Case, array

S = numpy.array(0.7)
V = array(5)
W = array(5, seed=1)
A = array(3, 4)
A2 = array(3, 4, seed=1)
B = array(2, 3, 2)
C = array(3, 4, complex=True)
MASK = array(3, 4, seed=3) > 0
NUMBERS = numpy.array([[0, 2, 1], [1, 0, 2]])
TWICE = numpy.array([2.0, 1.0, 2.0, 0.0, 1.0])
ROWS = numpy.array([[1.0, 2.0], [0.0, 5.0], [1.0, 2.0], [0.0, 3.0]])


def written(write):
    """A call that writes into a copy of the first array, and returns that."""

    def call(np, a, *rest):
        a = a * 1.0
        assert write(np, a, *rest) is None
        return a

    return call


CASES = [
    Case("where", lambda np, a, b: np.where(MASK, a, b), (A, C), numpy_only=BESIDE),
    Case("where", lambda np, a: np.where(a > 0, a, 0), (A,)),
    Case("where", lambda np, a: np.where(a > 0, [1, 2, 3, 4], a), (A,)),
    Case("where", lambda np, a: np.where(a > 0), (A,), order=0),
    Case("nonzero", lambda np, a: np.nonzero(a), (A,), order=0),
    Case("flatnonzero", lambda np, a: np.flatnonzero(a), (A,), order=0),
    Case("argwhere", lambda np, a: (np.argwhere(a), np.argwhere(a[0, 0])), (A,), order=0),
    Case("count_nonzero", lambda np, a: np.count_nonzero(a), (A,), order=0),
    Case("count_nonzero", lambda np, a: np.count_nonzero(a, 1, keepdims=True), (A,), order=0),
    Case("take", lambda np, a: np.take(a, 2), (A,)),
    Case("take", lambda np, a: np.take(a, NUMBERS), (A,), numpy_only=BESIDE),
    Case("take", lambda np, a: np.take(a, [[0, -1], [2, 2]], axis=1), (A,)),
    Case("take", lambda np, a: np.take(a, [5, -7], 0, mode="wrap"), (C,)),
    Case("take", lambda np, a: np.take(a, [5, -7, 1], axis=-1, mode="clip"), (B,)),
    Case("take_along_axis", lambda np, a: np.take_along_axis(a, np.argsort(a, 1), 1), (A,)),
    Case(
        "take_along_axis",
        lambda np, a: np.take_along_axis(a, np.array([0, 7, 7]), None),
        (A,),
        numpy_only=BESIDE,
    ),
    Case(
        "take_along_axis",
        lambda np, a: np.take_along_axis(a, np.array([[0, 0]])),
        (A,),
        numpy_only=BESIDE,
    ),
    Case("compress", lambda np, a: np.compress([True, False, True], a, axis=1), (A,)),
    Case("compress", lambda np, a: np.compress(np.ravel(a) > 0, a), (A,)),
    Case("extract", lambda np, a: np.extract(MASK, a), (A,), numpy_only=BESIDE),
    Case("extract", lambda np, a: np.extract(a > 0, a), (A,)),
    Case("select", lambda np, a, b: np.select([a > 1, a > 0], [a, b], 3), (A, A2)),
    Case(
        "select",
        lambda np, a, b: np.select([MASK, ~MASK[:1]], [a, 2.0], b),
        (A, C),
        numpy_only=BESIDE,
    ),
    Case("choose", lambda np, a, b: np.choose([0, 1, 1, 0, 2], [a, b, 3.0]), (V, S)),
    Case("choose", lambda np, a: np.choose([3, -1], a[:, :2], mode="wrap"), (A,)),
    Case("choose", lambda np, a: np.choose([3, -1, 1, 0], (a, 1), mode="clip"), (A,)),
    Case(
        "piecewise",
        lambda np, a: np.piecewise(a, [a < 0, a >= 0.5], [lambda v: v**2, lambda v: v**3]),
        (A,),
    ),
    Case(
        "piecewise",
        lambda np, a: np.piecewise(a, a > 0, [lambda v, k: np.sqrt(v) * k, 7.0], 2.0),
        (V,),
    ),
    Case(
        "piecewise",
        lambda np, a: np.piecewise(a, MASK, [np.sin, np.cos, 4]),
        (array(4),),
        numpy_only=BESIDE,
    ),
    Case("piecewise", lambda np, a: np.piecewise(a, [a > 0, a < 0], [np.log, -1, 2]), (S,)),
    Case("clip", lambda np, a: np.clip(a, -0.5, 0.5), (A,)),
    Case("clip", lambda np, a, b: np.clip(a, b, None), (A, array(4))),
    Case("clip", lambda np, a, b: np.clip(a, min=0.1, max=b), (A, array(4))),
    Case("clip", lambda np, a: np.clip(a, [0.0, -1.0, 0.0, -1.0], [[1], [2], [3]]), (A,)),
    Case("diag_indices_from", lambda np, a: np.diag_indices_from(a), (array(3, 3),), order=0),
    Case("tril_indices_from", lambda np, a: np.tril_indices_from(a, -1), (A,), order=0),
    Case("triu_indices_from", lambda np, a: np.triu_indices_from(a, k=1), (A,), order=0),
    Case("sort", lambda np, a: np.sort(a), (A,)),
    Case("sort", lambda np, a: np.sort(a, axis=0, kind="stable"), (A,)),
    Case(
        "sort",
        lambda np, a: np.sort(a, axis=None),
        (C,),
        numpy_only="PyTorch sorts no complex numbers",
    ),
    Case("argsort", lambda np, a: np.argsort(a, axis=None), (A,), order=0),
    Case("argsort", lambda np, a: np.argsort(a, 0, stable=True), (A,), order=0),
    Case("partition", lambda np, a: np.partition(a, 2), (A,)),
    Case("partition", lambda np, a: np.partition(a, (1, -1), axis=0), (A,)),
    Case("partition", lambda np, a: np.partition(a, 5, axis=None), (A,)),
    Case("argpartition", lambda np, a: np.argpartition(a, 1, axis=1), (A,), order=0),
    Case("lexsort", lambda np, a: np.lexsort((a, [1, 0, 1, 0, 0])), (V,), order=0),
    Case("lexsort", lambda np, a: np.lexsort(a, axis=0), (B,), order=0),
    Case("searchsorted", lambda np, a: np.searchsorted([0, 1], a), (A,), order=0),
    Case("searchsorted", lambda np, a: np.searchsorted(a, 0.1, "right", np.argsort(a)), (V,), 0),
    Case("digitize", lambda np, a: np.digitize(a, [-1.0, 0.0, 2.0]), (A,), order=0),
    Case("digitize", lambda np, a: np.digitize(a, [2, 0, 0], right=True), (TWICE,), order=0),
    Case("digitize", lambda np, a: np.digitize(a, [1, 1, 2], right=True), (TWICE,), order=0),
    Case("isin", lambda np, a: np.isin(a, [2, 0], invert=True), (TWICE,), order=0),
    Case("unique", lambda np, a: np.unique(a), (A,)),
    Case("unique", lambda np, a: np.unique(np.concatenate([a, a])), (V,)),
    Case("unique", lambda np, a: np.unique(a, True, True, True)[1:], (TWICE,), order=0),
    Case("unique", lambda np, a: np.unique(a, return_index=True)[0], (A,)),
    Case("unique", lambda np, a: np.unique(a, axis=0), (A,)),
    Case("unique", lambda np, a: np.unique(a, axis=1), (B,)),
    Case("unique", lambda np, a: np.unique(np.tile(a, (1, 2)), axis=1), (A,)),
    Case("unique_values", lambda np, a: np.sort(np.unique_values(a)), (V,)),
    Case("unique_all", lambda np, a: np.unique_all(a), (A,)),
    Case("unique_counts", lambda np, a: np.unique_counts(a), (A,)),
    Case("unique_inverse", lambda np, a: np.unique_inverse(a), (A,)),
    Case("union1d", lambda np, a, b: np.union1d(a, b), (A, V)),
    Case("intersect1d", lambda np, a: np.intersect1d(a, a), (A,)),
    Case("intersect1d", lambda np, a: np.intersect1d(a, np.concatenate((a[1:], a[:1]))), (V,)),
    Case(
        "intersect1d",
        lambda np, a: np.intersect1d(a, a[::-1], True, return_indices=True),
        (V,),
    ),
    Case("sort_complex", lambda np, a: np.sort_complex(a), (A,)),
    Case("sort_complex", lambda np, a: np.sort_complex(a), (array(3, 4, complex=True),)),
    Case("setdiff1d", lambda np, a, b: np.setdiff1d(a, b), (V, W)),
    Case("setdiff1d", lambda np, a: np.setdiff1d(a, np.sum(a), assume_unique=True), (V,)),
    Case("setxor1d", lambda np, a, b: np.setxor1d(a, np.concatenate([a[:2], b])), (V, W)),
    Case("copyto", written(lambda np, a, b: np.copyto(a, b)), (A, array(4))),
    Case(
        "copyto", written(lambda np, a, b: np.copyto(a, b, where=MASK)), (A, A2), numpy_only=BESIDE
    ),
    Case("copyto", written(lambda np, a: np.copyto(a, 3, where=[True, False] * 2)), (A,)),
    Case("put", written(lambda np, a, b: np.put(a, [1, -1, 5], b)), (A, array(2))),
    Case("put", written(lambda np, a, b: np.put(a, [14, 3], b, mode="clip")), (A, S)),
    Case("put", written(lambda np, a, b: np.put(a, 14, b, mode="wrap")), (A, S)),
    Case("place", written(lambda np, a, b: np.place(a, MASK, b)), (A, array(3)), numpy_only=BESIDE),
    Case("place", written(lambda np, a: np.place(a, a > 0, [1.0, 2.0])), (A,)),
    Case("putmask", written(lambda np, a, b: np.putmask(a, a > 0, b)), (A, array(5))),
    Case(
        "putmask", written(lambda np, a, b: np.putmask(a, MASK, b * b)), (A, A2), numpy_only=BESIDE
    ),
    Case(
        "put_along_axis",
        written(lambda np, a, b: np.put_along_axis(a, np.argmax(a, 1, keepdims=True), b, 1)),
        (A, array(3, 1)),
    ),
    Case(
        "put_along_axis",
        written(lambda np, a, b: np.put_along_axis(a, np.array([1, -2]), b, None)),
        (A, array(2)),
        numpy_only=BESIDE,
    ),
    Case("fill_diagonal", written(lambda np, a, b: np.fill_diagonal(a, b)), (A, S)),
    Case("fill_diagonal", written(lambda np, a, b: np.fill_diagonal(a, b)), (array(7, 3), V)),
    Case("fill_diagonal", written(lambda np, a, b: np.fill_diagonal(a, b, True)), (array(7, 3), W)),
    Case("fill_diagonal", written(lambda np, a: np.fill_diagonal(a, 2)), (array(3, 3, 3),)),
]
