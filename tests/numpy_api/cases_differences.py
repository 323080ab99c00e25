"""Differences, integrals and interpolation."""

import numpy

from tests.numpy_api.cases import Case, array, positive

A = array(4, 5)
B = array(3, 4, 5)
C = array(4, 5, complex=True)
ROW = array(5, seed=1)
COLUMN = array(4, 1, seed=2)
PLACES = numpy.cumsum(positive(5))
ROWS = numpy.cumsum(positive(4))
AT = numpy.array([[0.1, 1.9, 2.2], [3.3, 4.1, 30.0]])
ODD = numpy.array([numpy.nan, -numpy.inf, numpy.inf, 2.0, PLACES[0], PLACES[2], PLACES[-1]])
ANGLES = numpy.cumsum(4 * array(3, 6), axis=1)

CASES = [
    Case("diff", lambda np, a: np.diff(a), (A,)),
    Case("diff", lambda np, a: np.diff(a, 2, 0), (A,)),
    Case("diff", lambda np, a: np.diff(a, 0), (A,)),
    Case("diff", lambda np, a, b: np.diff(a, axis=1, prepend=b, append=0), (A, COLUMN)),
    Case("diff", lambda np, a: np.diff(ROW, append=a), (ROW[:2],)),
    Case("diff", lambda np, a: np.diff(a, n=9), (ROW,)),
    Case("diff", lambda np, a: np.diff(a > 0), (ROW,), order=0),
    Case("ediff1d", lambda np, a: np.ediff1d(a), (A,)),
    Case("ediff1d", lambda np, a, b: np.ediff1d(a, to_end=b, to_begin=7.0), (A, ROW)),
    Case("gradient", lambda np, a: np.gradient(a), (A,)),
    Case("gradient", lambda np, a: np.gradient(a, 0.5, edge_order=2), (ROW,)),
    Case("gradient", lambda np, a, x: np.gradient(a, x, axis=1), (A, PLACES)),
    Case("gradient", lambda np, a, x: np.gradient(a, x, axis=0, edge_order=2), (A, ROWS)),
    Case("gradient", lambda np, a, x: np.gradient(a, 2.0, x), (C, PLACES)),
    Case("gradient", lambda np, a: np.gradient(a, 2, 3, 0.5), (B,)),
    Case("gradient", lambda np, a: np.gradient(a, axis=(0, 2)), (B,)),
    Case("gradient", lambda np, a: np.gradient(a), (ROW[:2],)),
    Case("trapezoid", lambda np, a: np.trapezoid(a), (A,)),
    Case("trapezoid", lambda np, a: np.trapezoid(a, dx=0.1, axis=0), (C,)),
    Case("trapezoid", lambda np, a, x: np.trapezoid(a, x), (A, PLACES)),
    Case("trapezoid", lambda np, a, x: np.trapezoid(a, x, axis=0), (A, ROWS)),
    Case("trapezoid", lambda np, a, x: np.trapezoid(a, x=x), (A, A[::-1])),
    Case("trapezoid", lambda np, x: np.trapezoid(ROW, x), (PLACES,)),
    Case("unwrap", lambda np, a: np.unwrap(a), (ANGLES,)),
    Case("unwrap", lambda np, a: np.unwrap(a, axis=0, discont=4.0), (ANGLES,)),
    Case("unwrap", lambda np, a: np.unwrap(a, period=3), (ANGLES,)),
    Case("unwrap", lambda np, a: np.unwrap(a, period=2.0), (numpy.arange(5.0),), order=-1),
    Case("interp", lambda np, x, xp, fp: np.interp(x, xp, fp), (AT, PLACES, ROW)),
    Case("interp", lambda np, x, fp: np.interp(x, PLACES, fp, -1.0, 2), (AT, C[0])),
    Case("interp", lambda np, x, a: np.interp(x, PLACES, ROW, left=a[0]), (AT, ROW)),
    Case("interp", lambda np, x, xp, fp: np.interp(x, xp, fp, period=3.0), (AT, ROW, A[0])),
    Case("interp", lambda np, x: np.interp(x, PLACES, ROW), (ODD,), order=-1),
    Case("interp", lambda np, x: np.interp(x, [1.0], [2.0], 5.0, 7.0), (AT,), order=-1),
    Case("interp", lambda np, x: np.interp(x, list(PLACES), list(ROW)), (AT[0, 1],)),
    Case("vander", lambda np, a: np.vander(a), (ROW,)),
    Case("vander", lambda np, a: np.vander(a, 3, increasing=True), (C[0],)),
    Case("vander", lambda np, a: np.vander(a, N=1), (ROW,), order=-1),
    Case("vander", lambda np, a: np.vander(a, 0), (ROW,), order=-1),
]
