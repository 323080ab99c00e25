"""Medians, percentiles and quantiles."""

import numpy

from tests.numpy_api.cases import Case, array

A = array(4, 5)
B = array(3, 2, 4)
MASK = array(4, 5, seed=4) > -0.3
HOLES = numpy.where(MASK | (numpy.arange(5) == 0), 0.0, numpy.nan)
GAP = numpy.array([[1.0, numpy.nan, 2.0], [numpy.nan] * 3, [4.0, 0.0, 7.0]])
Q = numpy.array([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.9, 1.0])
METHODS = (
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation"),
    *("interpolated_inverted_cdf", "hazen", "weibull", "linear", "median_unbiased"),
    *("normal_unbiased", "lower", "higher", "midpoint", "nearest"),
)


def quantile(method, name="quantile"):
    return lambda np, a: getattr(np, name)(a, Q, axis=0, method=method)


def weighted(np, name, a, q, weights, axis=None):
    return getattr(np, name)(a, q, axis=axis, method="inverted_cdf", weights=numpy.array(weights))


V = array(3)
WEIGHTS = numpy.abs(array(4, 5, seed=7))
WEIGHTED = (
    lambda np, a: weighted(np, "quantile", a, 0.4, WEIGHTS),
    lambda np, a: weighted(np, "quantile", a, Q, WEIGHTS, axis=1),
    lambda np, a: weighted(np, "quantile", a, [[0.2, 0.9]], [3, 0, 1, 2], axis=0),
    lambda np, a: weighted(np, "quantile", a, Q, [0, 0, 1, 2, 0], axis=-1),
)
#: Elements, quantiles and weights of which sums and bounds depend on the dtype.
STEPS = numpy.arange(1, 10) / 10
EXACT = [
    (numpy.arange(7.0), numpy.arange(1, 7) / 7, numpy.full(7, 0.1, dtype))
    for dtype in (numpy.float16, numpy.float32, numpy.float64)
] + [
    (numpy.arange(10, dtype=dtype), q, numpy.ones(10))
    for dtype in (numpy.float16, numpy.float32)
    for q in (
        STEPS,
        STEPS.tolist(),
        STEPS.astype("f4"),
        STEPS.astype("f2"),
        0.4,
        numpy.float64(0.4),
    )
]


def narrow(method, q, name="quantile"):
    return lambda np, a: getattr(np, name)(a, q, method=method)


def exact(name, q, weights):
    return lambda np, a: weighted(np, name, a, q, weights)


#: Places between two elements, for the derivative in q.
BETWEEN = numpy.array([0.11, 0.37, 0.52, 0.83])


def in_q(method, name="quantile", scale=1.0):
    return lambda np, a, q: getattr(np, name)(a, q * scale, axis=0, method=method)


CASES = [
    *(Case("quantile", in_q(m), (A, BETWEEN)) for m in METHODS),
    Case("percentile", in_q("linear", "percentile", 100.0), (A, BETWEEN)),
    Case("nanquantile", in_q("hazen", "nanquantile"), (A, BETWEEN)),
    Case("nanpercentile", in_q("linear", "nanpercentile", 100.0), (A, BETWEEN)),
    Case("median", lambda np, a: np.median(a), (A,)),
    Case("median", lambda np, a: np.median(a, 0), (A,)),
    Case("median", lambda np, a: np.median(a, axis=(0, 2), keepdims=True), (B,)),
    Case("median", lambda np, a: np.median(a, axis=1), (GAP,), order=-1),
    Case("quantile", lambda np, a: np.quantile(a, 0.3), (A,)),
    Case("quantile", lambda np, a: np.quantile(a, [[0.3, 0.7]], axis=1), (A,)),
    Case("quantile", lambda np, a: np.quantile(a, 0.3, (0, 2), keepdims=True), (B,)),
    Case("quantile", lambda np, a: np.quantile(a, Q, axis=1), (GAP,), order=-1),
    *(Case("quantile", quantile(m), (array(n, 2),)) for m in METHODS for n in (1, 4, 7)),
    *(Case("quantile", call, (A,)) for call in WEIGHTED),
    *(
        Case(name, narrow(m, q, name), (numpy.arange(10, dtype=dtype),), order=-1)
        for name in ("quantile", "nanquantile")
        for m in METHODS
        for dtype in (numpy.float16, numpy.float32)
        for q in (STEPS, 0.4, numpy.float64(0.4), [0, 1], numpy.int64(1), numpy.array([1], "i4"))
    ),
    *(Case("quantile", exact("quantile", q, w), (a,), order=-1) for a, q, w in EXACT),
    *(
        Case("percentile", exact("percentile", numpy.asarray(q) * 100, w), (a,), order=-1)
        for a, q, w in EXACT
    ),
    Case("percentile", lambda np, a: np.percentile(a, 30), (A,)),
    Case("percentile", lambda np, a: weighted(np, "percentile", a, [30, 80], [1, 0, 2]), (V,)),
    Case("percentile", lambda np, a: np.percentile(a, [5, 50], axis=0), (A,)),
    Case("percentile", lambda np, a: np.percentile(a, 20, method="higher", axis=1), (A,)),
    Case("nanmedian", lambda np, a: np.nanmedian(np.where(a > -0.5, a, np.nan), axis=1), (A,)),
    Case("nanmedian", lambda np, a: np.nanmedian(a + HOLES, axis=0), (A,)),
    Case("nanmedian", lambda np, a: np.nanmedian(a + HOLES), (A,)),
    Case("nanmedian", lambda np, a: np.nanmedian(a, axis=1, keepdims=True), (GAP,), order=-1),
    Case("nanquantile", lambda np, a: np.nanquantile(a + HOLES, 0.3), (A,)),
    Case("nanquantile", lambda np, a: np.nanquantile(a + HOLES, Q, axis=1), (A,)),
    *(Case("nanquantile", quantile(m, "nanquantile"), (GAP,), order=-1) for m in METHODS),
    Case("nanpercentile", lambda np, a: np.nanpercentile(a + HOLES, [20, 70], axis=0), (A,)),
]
