"""The methods of ufuncs."""

import numpy

from tests.numpy_api.cases import Case, array, positive

A = array(4, 3)
B = array(2, 3, 2)
ROW = array(3, seed=1)
POSITIVE = positive(4, 3)
MASK = numpy.array([[True, False, True], [True] * 3, [False, True, False], [True] * 3])
PLACES = numpy.array([0, 2, 0, 3])
TIES = numpy.array([1.0, 3.0, 3.0, 2.0, numpy.nan, 5.0])


def add_at(np, name, a, b, key):
    total = a * 1
    getattr(np, name).at(total, key, b)
    return total


#: Of positive numbers, not near an integer quotient.
PAIRS = (
    *("add", "subtract", "multiply", "divide", "power", "float_power", "remainder", "fmod"),
    *("divmod", "maximum", "minimum", "fmax", "fmin", "arctan2", "hypot", "copysign"),
    *("logaddexp", "logaddexp2", "heaviside"),
)
CONSTANT_PAIRS = (
    *("floor_divide", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    *("logical_and", "logical_or", "logical_xor"),
)


def outer(name):
    return lambda np, a, b: getattr(np, name).outer(a, b)


CASES = [
    Case("add.reduce", lambda np, a: np.add.reduce(a), (A,)),
    Case("add.reduce", lambda np, a: np.add.reduce(a, None), (B,)),
    Case("add.reduce", lambda np, a: np.add.reduce(a, axis=(0, 2), keepdims=True), (B,)),
    Case("add.reduce", lambda np, a: np.add.reduce(a, 1, initial=2.0, where=MASK), (A,)),
    Case("add.reduce", lambda np, a: np.add.reduce(a, dtype=np.complex128), (A,)),
    Case("multiply.reduce", lambda np, a: np.multiply.reduce(a, axis=1), (A,)),
    Case("multiply.reduce", lambda np, a: np.multiply.reduce(a, where=MASK, initial=3), (A,)),
    Case("maximum.reduce", lambda np, a: np.maximum.reduce(a), (A,)),
    Case("maximum.reduce", lambda np, a: np.maximum.reduce(a, 1, initial=0.4), (A,)),
    Case("minimum.reduce", lambda np, a: np.minimum.reduce(a, axis=None), (A,)),
    Case("fmax.reduce", lambda np, a: np.fmax.reduce(a), (A,)),
    Case("fmax.reduce", lambda np, a: np.fmax.reduce(a), (TIES,), order=-1),
    Case("fmin.reduce", lambda np, a: np.fmin.reduce(a, -1, keepdims=True), (A,)),
    Case("logaddexp.reduce", lambda np, a: np.logaddexp.reduce(a), (A,)),
    Case("logaddexp.reduce", lambda np, a: np.logaddexp.reduce(a, 1, initial=0.2), (A,)),
    Case("logaddexp2.reduce", lambda np, a: np.logaddexp2.reduce(a, axis=1), (A,)),
    Case(
        "logaddexp2.reduce",
        lambda np, a: np.logaddexp2.reduce(a, axis=1, initial=-np.inf, where=MASK),
        (A,),
    ),
    Case("logical_and.reduce", lambda np, a: np.logical_and.reduce(a), (A,), order=0),
    Case("logical_or.reduce", lambda np, a: np.logical_or.reduce(a, 1), (A,), order=0),
    Case("add.accumulate", lambda np, a: np.add.accumulate(a), (A,)),
    Case("add.accumulate", lambda np, a: np.add.accumulate(a, axis=1), (B,)),
    Case("multiply.accumulate", lambda np, a: np.multiply.accumulate(a, 1), (A,)),
    Case("maximum.accumulate", lambda np, a: np.maximum.accumulate(a), (A,)),
    Case("maximum.accumulate", lambda np, a: np.maximum.accumulate(a, axis=-1), (B,)),
    Case("maximum.accumulate", lambda np, a: np.maximum.accumulate(a), (TIES,), order=-1),
    Case("minimum.accumulate", lambda np, a: np.minimum.accumulate(a), (array(13),)),
    Case("minimum.accumulate", lambda np, a: np.minimum.accumulate(a), (-TIES,), order=-1),
    Case("logaddexp.accumulate", lambda np, a: np.logaddexp.accumulate(a), (A,)),
    Case("logaddexp2.accumulate", lambda np, a: np.logaddexp2.accumulate(a, 1), (A,)),
    Case("add.reduceat", lambda np, a: np.add.reduceat(a, [0, 2, 1, 3]), (A,)),
    Case("add.reduceat", lambda np, a: np.add.reduceat(a, [0, 2], axis=1), (A,)),
    Case("multiply.reduceat", lambda np, a: np.multiply.reduceat(a, [0, 1]), (A,)),
    Case("maximum.reduceat", lambda np, a: np.maximum.reduceat(a, [0, 2]), (A,)),
    Case("minimum.reduceat", lambda np, a: np.minimum.reduceat(a, PLACES), (A,)),
    Case("add.at", lambda np, a, b: add_at(np, "add", a, b, PLACES), (A, A[::-1])),
    Case("add.at", lambda np, a, b: add_at(np, "add", a, b, (slice(None), 1)), (A, ROW[0])),
    Case("subtract.at", lambda np, a, b: add_at(np, "subtract", a, b, PLACES), (A, ROW)),
    *(Case(f"{n}.outer", outer(n), (POSITIVE, 0.3 + positive(2, seed=3))) for n in PAIRS),
    *(Case(f"{n}.outer", outer(n), (A, ROW), order=0) for n in CONSTANT_PAIRS),
]
