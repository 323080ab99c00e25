"""Sums, means, extrema and running totals."""

import numpy

from tests.numpy_api.cases import Case, array

A = array(3, 4)
B = array(2, 3, 2)
C = array(3, 4, complex=True)
MASK = numpy.array([[True, False, True, True], [True] * 4, [False, True, False, True]])

CASES = [
    Case("sum", lambda np, a: np.sum(a), (A,)),
    Case("sum", lambda np, a: np.sum(a, 1), (A,)),
    Case("sum", lambda np, a: np.sum(a, axis=(0, 2), keepdims=True), (B,)),
    Case("sum", lambda np, a: np.sum(a, axis=0, where=MASK, initial=2.0), (A,)),
    Case("sum", lambda np, a: np.sum(a, dtype=np.complex128), (A,)),
    Case("prod", lambda np, a: np.prod(a, axis=1), (A,)),
    Case("prod", lambda np, a: np.prod(a, where=MASK, initial=3.0), (A,)),
    Case("max", lambda np, a: np.max(a, axis=1, keepdims=True), (A,)),
    Case("max", lambda np, a: np.max(a, axis=1, initial=0.3), (A,)),
    Case("max", lambda np, a: np.max(a, axis=1, initial=-9.0, where=MASK), (A,)),
    Case("amax", lambda np, a: np.amax(a, 0), (A,)),
    Case("min", lambda np, a: np.min(a), (A,)),
    Case("min", lambda np, a: np.min(a, axis=0, initial=9.0, where=MASK), (A,)),
    Case("amin", lambda np, a: np.amin(a, 0), (A,)),
    Case("ptp", lambda np, a: np.ptp(a, axis=1), (A,)),
    Case("mean", lambda np, a: np.mean(a, 1), (C,)),
    Case("mean", lambda np, a: np.mean(a, axis=1, where=MASK, keepdims=True), (A,)),
    Case("var", lambda np, a: np.var(a), (A,)),
    Case("var", lambda np, a: np.var(a, 0, ddof=1), (A,)),
    Case("var", lambda np, a: np.var(a, axis=1, where=MASK), (A,)),
    Case("var", lambda np, a: np.var(a, axis=1, correction=1), (C,)),
    Case("var", lambda np, a: np.var(a, axis=1, mean=np.mean(a, 1, keepdims=True)), (A,)),
    Case("std", lambda np, a: np.std(a, axis=(0, 1), ddof=2, keepdims=True), (A,)),
    Case("std", lambda np, a: np.std(a, axis=0), (C,)),
    Case("std", lambda np, a: np.std(a, axis=1, where=MASK), (A,)),
    Case("all", lambda np, a: np.all(a, axis=0), (A,), order=0),
    Case("any", lambda np, a: np.any(a > 1, axis=0, where=MASK), (A,), order=0),
    Case("any", lambda np, a: np.any(a, keepdims=True), (A,), order=0),
    Case("all", lambda np, a: np.all(a, where=MASK), (A,), order=0),
    Case("argmax", lambda np, a: np.argmax(a, axis=1, keepdims=True), (A,), order=0),
    Case("argmin", lambda np, a: np.argmin(a), (A,), order=0),
    Case("cumsum", lambda np, a: np.cumsum(a), (A,)),
    Case("cumsum", lambda np, a: np.cumsum(a, axis=1, dtype=np.complex128), (A,)),
    Case("cumprod", lambda np, a: np.cumprod(a, axis=-1), (A,)),
    Case("cumprod", lambda np, a: np.cumprod(a), (A,)),
]
