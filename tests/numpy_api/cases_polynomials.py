"""Polynomials by their coefficients."""

import numpy

from tests.numpy_api.cases import Case, array, positive

P = array(4)
Q = array(3, seed=1)
X = array(2, 3, seed=2)
C = array(4, complex=True)
PLACES = array(7, seed=3)
Y = array(7, seed=4)
#: (x + 1)(x − 2)(x − 0.5)
THREE = numpy.array([1.0, -1.5, -1.5, 1.0])

CASES = [
    Case("polyval", lambda np, p, x: np.polyval(p, x), (P, X)),
    Case("polyval", lambda np, p, x: np.polyval(p, x), (C, X)),
    Case("polyval", lambda np, x: np.polyval([1, 2, 3], x), (X,)),
    Case("polyval", lambda np, p: np.polyval(p, 2.0), (P,)),
    Case("polyadd", lambda np, p, q: np.polyadd(p, q), (P, Q)),
    Case("polyadd", lambda np, p: np.polyadd(2.0, p), (C,)),
    Case("polysub", lambda np, p, q: np.polysub(p, q), (Q, P)),
    Case("polymul", lambda np, p, q: np.polymul(p, q), (P, Q)),
    Case("polymul", lambda np, p: np.polymul([1, 2], p), (C,)),
    Case("polydiv", lambda np, p, q: np.polydiv(p, q), (array(6), Q)),
    Case("polydiv", lambda np, p, q: np.polydiv(p, q), (Q, P)),
    Case("polydiv", lambda np, p, q: np.polydiv(p, q), (C, 1 + Q)),
    Case("polydiv", lambda np, p: np.polydiv(p, [2.0]), (P,)),
    Case("polydiv", lambda np, p: np.polydiv(p, [1.0, 1.0]), (THREE,), order=-1),
    Case("polyder", lambda np, p: np.polyder(p), (P,)),
    Case("polyder", lambda np, p: np.polyder(p, m=2), (C,)),
    Case("polyint", lambda np, p: np.polyint(p), (P,)),
    Case("polyint", lambda np, p, k: np.polyint(p, 3, k), (P, Q)),
    Case("polyint", lambda np, p: np.polyint(p, m=2, k=1.5), (C,)),
    Case("polyfit", lambda np, x, y: np.polyfit(x, y, 2), (PLACES, Y)),
    Case("polyfit", lambda np, x, y, w: np.polyfit(x, y, 3, w=w), (PLACES, Y, positive(7))),
    Case("polyfit", lambda np, x, y: np.polyfit(x, y, 1), (PLACES, array(7, 2))),
    Case("polyfit", lambda np, y: np.polyfit(PLACES, y, 1), (array(7, complex=True),)),
    Case("polyfit", lambda np, x, y: np.polyfit(x, y, 2, cov=True), (PLACES, Y)),
    Case("polyfit", lambda np, x, y: np.polyfit(x, y, 1, cov=True), (PLACES, array(7, 2))),
    Case("polyfit", lambda np, x, y: np.polyfit(x, y, 1, cov="unscaled"), (PLACES, array(7, 2))),
    Case(
        "polyfit",
        lambda np, x, y, w: np.polyfit(x, y, 1, w=w, cov="unscaled"),
        (PLACES, Y, positive(7)),
    ),
    Case(
        "polyfit",
        lambda np, x, y: [v for v in np.polyfit(x, y, 2, full=True) if np.ndim(v)],
        (PLACES, Y),
    ),
    Case("polyfit", lambda np, x, y: np.polyfit(x, y, 7), (PLACES, Y)),
    Case("polyfit", lambda np, x, y: np.polyfit(x, y, 2, 1e-10), (PLACES, Y)),
    Case("polyfit", lambda np, y: np.polyfit(PLACES // 1, y, 5), (Y,)),
    Case("polyfit", lambda np, y: np.polyfit(PLACES, y, 1, cov=True), (array(7, complex=True),)),
    Case("poly", lambda np, z: np.poly(z), (P,)),
    Case("poly", lambda np, z: np.poly(z), (C,)),
    Case("poly", lambda np, z: np.poly(z), (numpy.array([1 + 2j, 1 - 2j, 3]),), order=-1),
    Case("poly", lambda np, a: np.poly(a), (array(3, 3) + numpy.diag([1.0, 5.0, 9.0]),)),
    Case("roots", lambda np, p: np.roots(p), (THREE,)),
    Case("roots", lambda np, p: np.roots(p), (C,)),
    Case("roots", lambda np, p: np.roots(p), (numpy.array([0, 1.0, -3, 2, 0, 0]),), order=-1),
    Case("roots", lambda np, p: np.roots(p), (numpy.array([0, 2.0]),), order=-1),
]
