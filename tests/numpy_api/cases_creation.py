"""Arrays of arrays, and numbers between two ends."""

import numpy

from tests.numpy_api.cases import Case, array, positive

A = array(3)
B = array(2, 3)
S = array()
T = array(seed=1)
P, Q = positive(2), positive(2, seed=1)

CASES = [
    Case("fromiter", lambda np, a: np.fromiter(a, float), (A,)),
    Case("fromiter", lambda np, a: np.fromiter(a, complex, 2), (A,)),
    Case("array", lambda np, a: np.array(a), (A,)),
    Case("array", lambda np, a: np.array([a, [1, 2, 3]], dtype=complex), (A,)),
    Case("array", lambda np, a, b: np.array([[a, b], [2.0, b]], ndmin=3), (S, T)),
    Case("array", lambda np, a: np.array(a, copy=False), (A,)),
    Case("asarray", lambda np, a: np.asarray([a, a * a]), (A,)),
    Case("asarray", lambda np, a: np.asarray(a, dtype=complex, copy=True), (A,)),
    Case("asanyarray", lambda np, a: np.asanyarray((a[0], a[1])), (A,)),
    Case("ascontiguousarray", lambda np, a: np.ascontiguousarray(a.T), (B,)),
    Case("asfortranarray", lambda np, a: np.asfortranarray(a), (S,)),
    Case("asarray", lambda np, a: np.asarray([a, 2 * a], device="cpu"), (A,)),
    Case("asanyarray", lambda np, a: np.asanyarray(a, device="cpu", copy=True), (A,)),
    Case("asarray_chkfinite", lambda np, a: np.asarray_chkfinite(a), (A,)),
    Case("full", lambda np, a: np.full((2, 3), a), (A,)),
    Case("full", lambda np, a: np.full((2, 3), a, device="cpu"), (A,)),
    Case("full", lambda np, a: np.full(4, a, dtype=complex), (S,)),
    Case("linspace", lambda np, a, b: np.linspace(a, b), (S, T)),
    Case("linspace", lambda np, a: np.linspace(a, 2, 5, device="cpu"), (S,)),
    Case("linspace", lambda np, a: np.linspace(a, 2, 5, endpoint=False), (S,)),
    Case("linspace", lambda np, a: np.linspace(0, a, num=4, retstep=True), (S,)),
    Case("linspace", lambda np, a, b: np.linspace(a, b, 4, axis=1), (A, B)),
    Case("linspace", lambda np, a, b: np.linspace(a, b, 4, axis=-1, dtype=complex), (A, B)),
    Case("linspace", lambda np, a, b: np.linspace(a, b, 1, retstep=True)[0], (A, B)),
    Case("linspace", lambda np, a: np.linspace(a, [1, 2], 3), (P,)),
    Case("logspace", lambda np, a, b: np.logspace(a, b, 4), (S, T)),
    Case("logspace", lambda np, a, b: np.logspace(a, 2.0, 4, base=b), (S, numpy.asarray(2.5))),
    Case("geomspace", lambda np, a, b: np.geomspace(a, b, 4), (P, Q)),
    Case("geomspace", lambda np, a, b: np.geomspace(a, b, 3, endpoint=False, axis=1), (-P, -Q)),
]
