"""Elementwise functions, and comparisons of whole arrays."""

import numpy

from tests.numpy_api.cases import Case, array, positive

A = array(3, 4)
B = array(3, 4, seed=1)
ROW = array(4, seed=2)
C = array(3, 4, complex=True)
D = array(3, 4, seed=1, complex=True)
POSITIVE = positive(3, 4)
INTEGERS = numpy.array([12, 18, 7, 0])
OTHERS = numpy.array([8, 27, 21, 5])
ODD = numpy.array([0.0, -0.0, 1.0, -2.5, numpy.inf, -numpy.inf, numpy.nan, 1e300, 5e-324])
ODDER = numpy.array([1.0, 3.0, numpy.nan, 2.0, 5.0, -numpy.inf, numpy.nan, -7.0, 2.0])
POWERS = 2.0 ** numpy.arange(-40, 40)

CASES = [
    Case("exp2", lambda np, a: np.exp2(a), (A,)),
    Case("exp2", lambda np, a: np.exp2(a), (C,)),
    Case("exp2", lambda np, a: np.exp2(a), (ODD,), order=-1),
    Case("cbrt", lambda np, a: np.cbrt(a), (A,)),
    Case("cbrt", lambda np, a: np.cbrt(a), (ODD,), order=-1),
    Case("logaddexp2", lambda np, a, b: np.logaddexp2(a, b), (A, ROW)),
    Case("logaddexp2", lambda np, a, b: np.logaddexp2(a, b), (ODD, ODDER), order=-1),
    Case("deg2rad", lambda np, a: np.deg2rad(a), (A,)),
    Case("radians", lambda np, a: np.radians(a), (A,)),
    Case("rad2deg", lambda np, a: np.rad2deg(a), (A,)),
    Case("degrees", lambda np, a: np.degrees(a), (A,)),
    Case("fabs", lambda np, a: np.fabs(a), (A,)),
    Case("float_power", lambda np, a, b: np.float_power(a, b), (POSITIVE, ROW)),
    Case("float_power", lambda np, a: np.float_power(a, 3), (A,)),
    Case("float_power", lambda np, a, b: np.float_power(a, b), (C, ROW)),
    Case("fmod", lambda np, a, b: np.fmod(a, b), (3 * A, POSITIVE)),
    Case("fmod", lambda np, a, b: np.fmod(a, b), (3 * A, -POSITIVE)),
    Case("fmod", lambda np, a, b: np.fmod(a, b), (ODD, ODDER), order=-1),
    Case("fmod", lambda np, a, b: np.fmod(a, b), (-ODD, -ODDER), order=-1),
    Case("divmod", lambda np, a, b: np.divmod(a, b), (3 * A, POSITIVE)),
    Case("modf", lambda np, a: np.modf(a), (3 * A,)),
    Case("modf", lambda np, a: np.modf(a), (ODD,), order=-1),
    Case("ldexp", lambda np, a: np.ldexp(a, INTEGERS), (A,)),
    Case("ldexp", lambda np, a: np.ldexp(a, -3), (A,)),
    Case("ldexp", lambda np, a: np.ldexp(a, -1070), (ODD,), order=-1),
    Case("ldexp", lambda np, a: np.ldexp(a, 3000), (ODD,), order=-1),
    Case("frexp", lambda np, a: np.frexp(a), (3 * A,)),
    Case("frexp", lambda np, a: np.frexp(a), (ODD,), order=-1),
    Case("frexp", lambda np, a: np.frexp(a), (POWERS,), order=-1),
    Case("frexp", lambda np, a: np.frexp(a), (numpy.nextafter(POWERS, 0),), order=-1),
    Case("fmax", lambda np, a, b: np.fmax(a, b), (A, ROW)),
    Case("fmax", lambda np, a, b: np.fmax(a, b), (ODD, ODDER), order=-1),
    Case("fmin", lambda np, a, b: np.fmin(a, b), (A, ROW)),
    Case("fmin", lambda np, a, b: np.fmin(a, b), (ODD, ODDER), order=-1),
    Case("heaviside", lambda np, a, b: np.heaviside(a, b), (A, ROW)),
    Case("heaviside", lambda np, a: np.heaviside(a * 0, a), (A,)),
    Case(
        "heaviside",
        lambda np, a: np.heaviside(np.floor(A), a),
        (ROW,),
        numpy_only="raw NumPy arrays in the call",
    ),
    Case("heaviside", lambda np, a: np.heaviside(a, 0.5), (ODD,), order=-1),
    Case("rint", lambda np, a: np.rint(a), (3 * A,), order=0),
    Case("rint", lambda np, a: np.rint(a), (numpy.array([0.5, 1.5, -2.5]),), order=0),
    Case("spacing", lambda np, a: np.spacing(a), (A,), order=0),
    Case("spacing", lambda np, a: np.spacing(a), (ODD,), order=0),
    Case("gcd", lambda np, a, b: np.gcd(a, b), (INTEGERS, OTHERS), order=0),
    Case("lcm", lambda np, a, b: np.lcm(a, b), (INTEGERS, OTHERS), order=0),
    Case("bitwise_count", lambda np, a: np.bitwise_count(a), (INTEGERS,), order=0),
    Case("round", lambda np, a: np.round(a), (3 * A,), order=0),
    Case("round", lambda np, a: np.round(a, 2), (3 * A,), order=0),
    Case("round", lambda np, a: np.round(a, -1), (30 * A,), order=0),
    Case("round", lambda np, a: np.round(a, decimals=1), (C,), order=0),
    Case("round", lambda np, a: np.round(a, -1), (INTEGERS,), order=0),
    Case("around", lambda np, a: np.around(a, 1), (3 * A,), order=0),
    Case("fix", lambda np, a: np.fix(a), (3 * A,), order=0),
    Case("isneginf", lambda np, a: np.isneginf(a), (ODD,), order=0),
    Case("isposinf", lambda np, a: np.isposinf(a), (ODD,), order=0),
    Case("iscomplex", lambda np, a: np.iscomplex(a), (C.real + 0j,), order=0),
    Case("iscomplex", lambda np, a: np.iscomplex(a), (A,), order=0),
    Case("isreal", lambda np, a: np.isreal(a), (C,), order=0),
    Case("isreal", lambda np, a: np.isreal(a), (A,), order=0),
    Case("isclose", lambda np, a, b: np.isclose(a, b), (A, A + 1e-7 * B), order=0),
    Case("isclose", lambda np, a, b: np.isclose(a, b, 1e-3, 0.5), (A, B), order=0),
    Case("isclose", lambda np, a: np.isclose(a, ODD), (ODD,), order=0),
    Case("isclose", lambda np, a: np.isclose(a, ODDER, equal_nan=True), (ODD,), order=0),
    Case("allclose", lambda np, a: np.allclose(a, A), (A + 1e-12,), order=0),
    Case("allclose", lambda np, a: np.allclose(a, A), (B,), order=0),
    Case("allclose", lambda np, a: np.allclose(a, a + 1e-12), (B,), order=0),
    Case("array_equal", lambda np, a: np.array_equal(a, A), (A,), order=0),
    Case("array_equal", lambda np, a: np.array_equal(a, ROW), (A,), order=0),
    Case("array_equal", lambda np, a: np.array_equal(a, ODD), (ODD,), order=0),
    Case("array_equal", lambda np, a: np.array_equal(a, ODD, equal_nan=True), (ODD,), order=0),
    Case("array_equiv", lambda np, a: np.array_equiv(a, [[1.0], [1.0]]), (ROW * 0 + 1,), order=0),
    Case("array_equiv", lambda np, a: np.array_equiv(a, INTEGERS[:3]), (ROW,), order=0),
    Case("nan_to_num", lambda np, a: np.nan_to_num(a), (A,)),
    Case("nan_to_num", lambda np, a: np.nan_to_num(a), (C,)),
    Case("nan_to_num", lambda np, a: np.nan_to_num(a), (ODD,), order=-1),
    Case("nan_to_num", lambda np, a: np.nan_to_num(a, True, 7, 1, -1), (ODD,), order=-1),
    Case("nan_to_num", lambda np, a: np.nan_to_num(a + ODDER[1:5], nan=a[0, 0]), (A,)),
    Case("sinc", lambda np, a: np.sinc(a), (A,)),
    Case("sinc", lambda np, a: np.sinc(a), (C,)),
    Case("sinc", lambda np, a: np.sinc(a), (numpy.arange(3.0),)),
    Case("i0", lambda np, a: np.i0(a), (A,)),
    Case("i0", lambda np, a: np.i0(a), (numpy.ones(2, dtype=numpy.float16),), order=-1),
    Case("angle", lambda np, a: np.angle(a), (C,)),
    Case("angle", lambda np, a: np.angle(a, deg=True), (C,)),
    Case("angle", lambda np, a: np.angle(a), (A,)),
]
