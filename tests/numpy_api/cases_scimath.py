"""``numpy.emath``, inside and outside of the real domains."""

import numpy

from tests.numpy_api.cases import Case, array, positive

A = array(4, 3)
P = positive(4)
Z = array(3, complex=True)
SMALL = numpy.tanh(A)
NAMES = ("sqrt", "log", "log2", "log10")
TURNS = ("arccos", "arcsin", "arctanh")


def call(name):
    return lambda np, a: getattr(np.emath, name)(a)


CASES = [
    *(Case(f"lib.scimath.{name}", call(name), (a,)) for name in NAMES for a in (A, P, Z)),
    *(Case(f"lib.scimath.{name}", call(name), (a,)) for name in TURNS for a in (2 * A, SMALL, Z)),
    Case("lib.scimath.logn", lambda np, n, a: np.emath.logn(n, a), (P + 1, array(4))),
    Case("lib.scimath.logn", lambda np, a: np.emath.logn(2, a), (P,)),
    Case("lib.scimath.power", lambda np, a: np.emath.power(a, 0.5), (A,)),
    Case("lib.scimath.power", lambda np, a, p: np.emath.power(a, p), (P, array(4))),
    Case("lib.scimath.power", lambda np, a: np.emath.power(a, -2), (P,)),
]
