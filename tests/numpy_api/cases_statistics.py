"""Weighted means, covariances, counts and histograms."""

import numpy

from tests.numpy_api.cases import Case, array, positive

A = array(4, 5)
B = array(3, 2, 4)
C = array(3, 6, complex=True)
ROW = array(5, seed=1)
W = positive(4, 5, seed=2)
COUNTS = numpy.array([1, 2, 3, 1, 2])
PLACES = numpy.array([3, 0, 3, 1, 1])
EDGES = numpy.array([-2.0, -0.5, 0.1, 0.8, 3.0])


def flat(found):
    """The counts and the edges of a histogram of several variables, in one list."""
    counts, edges = found
    return [counts, *edges]


CASES = [
    Case("average", lambda np, a: np.average(a), (A,)),
    Case("average", lambda np, a: np.average(a, 1, returned=True), (A,)),
    Case("average", lambda np, a, w: np.average(a, 0, w), (A, W)),
    Case("average", lambda np, a, w: np.average(a, 1, w, True, keepdims=True), (A, W[0])),
    Case("average", lambda np, a, w: np.average(a, weights=w), (A, W)),
    Case("average", lambda np, a, w: np.average(a, (2, 0), w), (B, positive(4, 3))),
    Case("average", lambda np, a: np.average(a, axis=1, weights=[1, 2, 3, 4, 5, 6]), (C,)),
    Case("cov", lambda np, a: np.cov(a), (A,)),
    Case("cov", lambda np, a: np.cov(a), (C,)),
    Case("cov", lambda np, a: np.cov(a), (ROW,)),
    Case("cov", lambda np, a: np.cov(a, rowvar=False, bias=True), (A,)),
    Case("cov", lambda np, a, b: np.cov(a, b, ddof=0), (A, ROW)),
    Case("cov", lambda np, a, w: np.cov(a, fweights=COUNTS, aweights=w), (A, W[0])),
    Case("cov", lambda np, a: np.cov(a, fweights=COUNTS, dtype=np.float64), (A,)),
    Case("cov", lambda np, a, w: np.cov(a, aweights=w, ddof=2), (A, W[0])),
    Case("corrcoef", lambda np, a: np.corrcoef(a), (A,)),
    Case("corrcoef", lambda np, a, b: np.corrcoef(a, b), (ROW, A[0])),
    Case("corrcoef", lambda np, a: np.corrcoef(a, rowvar=False), (A[:, :2],)),
    Case("corrcoef", lambda np, a: np.corrcoef(a), (C,)),
    Case("cumulative_sum", lambda np, a: np.cumulative_sum(a, axis=1), (A,)),
    Case("cumulative_sum", lambda np, a: np.cumulative_sum(a, include_initial=True), (ROW,)),
    Case("cumulative_prod", lambda np, a: np.cumulative_prod(a, axis=0), (A,)),
    Case("cumulative_prod", lambda np, a: np.cumulative_prod(a, include_initial=True), (ROW,)),
    Case("bincount", lambda np, w: np.bincount(PLACES, w), (ROW,)),
    Case("bincount", lambda np, w: np.bincount(PLACES, weights=w, minlength=9), (ROW,)),
    Case("histogram", lambda np, a: np.histogram(a), (A,)),
    Case("histogram", lambda np, a: np.histogram(a, 4, (-1.0, 2.0)), (A,), order=-1),
    Case("histogram", lambda np, a: np.histogram(a, bins=EDGES), (A,), order=-1),
    Case("histogram", lambda np, a: np.histogram(a, 4, density=True), (A,)),
    Case("histogram", lambda np, a, w: np.histogram(a, 4, weights=w), (A, W)),
    Case("histogram", lambda np, a, w: np.histogram(a, EDGES, None, True, w), (A, W)),
    Case("histogram", lambda np, a: np.histogram(a, 3), (numpy.ones(4),), order=-1),
    Case("histogram", lambda np, a: np.histogram(a, "auto"), (A,)),
    Case("histogram_bin_edges", lambda np, a: np.histogram_bin_edges(a, 4), (A,)),
    Case("histogram_bin_edges", lambda np, a: np.histogram_bin_edges(a, "sqrt", (-1, 2)), (A,), 0),
    Case("histogram_bin_edges", lambda np, a: np.histogram_bin_edges(a, 4, (-1, 1)), (A,), 0),
    Case("histogram2d", lambda np, a, b: np.histogram2d(a, b, 3), (ROW, A[0])),
    Case("histogram2d", lambda np, a, b: np.histogram2d(a, b, [2, EDGES]), (ROW, A[0])),
    Case("histogram2d", lambda np, a, b: np.histogram2d(a, b, EDGES), (ROW, A[0]), order=0),
    Case("histogram2d", lambda np, a, b: np.histogram2d(a, b, 2, density=True), (ROW, A[0])),
    Case(
        "histogram2d",
        lambda np, a, w: np.histogram2d(a, a * a, (2, 3), [(-1, 1), (0, 2)], weights=w),
        (ROW, W[0]),
        order=-1,
    ),
    Case("histogramdd", lambda np, a: flat(np.histogramdd(a, 2)), (A,)),
    Case("histogramdd", lambda np, a, b: flat(np.histogramdd((a, b), [2, 3])), (ROW, A[0])),
    Case("histogramdd", lambda np, a: flat(np.histogramdd(a[:, :2], 3, density=True)), (A,)),
    Case(
        "histogramdd", lambda np, a, w: flat(np.histogramdd(a[:, :2], 2, weights=w)), (A, W[:, 0])
    ),
    Case("histogramdd", lambda np, a: flat(np.histogramdd(a[:, :2], 2, [None, (-1, 1)])), (A,)),
]
