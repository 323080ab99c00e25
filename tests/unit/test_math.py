"""`keratorch.math`: Python's `math` on tracked numbers."""

import math as python

import numpy as np
import pytest

import keratorch as kt
from keratorch import math
from keratorch.testing import check_grads
from tests.leaves import grad, leaf

ONE_DEVICE_EACH = True

ARGUMENTS = {
    "acosh": (1.5,),
    "atan2": (0.5, -1.25),
    "copysign": (0.5, -2.0),
    "dist": ([0.5, 1.0, 2.0], [1.5, -1.0, 0.25]),
    "fma": (0.5, 1.5, -2.0),
    "fmod": (-5.5, 2.25),
    "frexp": (5.5,),
    "fsum": ([0.5, 1.5, -0.25],),
    "gamma": (2.5,),
    "hypot": (0.5, 1.5, -2.0),
    "ldexp": (0.5, 3),
    "lgamma": (2.5,),
    "log": (2.5, 3.5),
    "modf": (2.75,),
    "pow": (1.5, 2.5),
    "prod": ([0.5, 1.5, -2.0],),
    "remainder": (7.75, 2.0),
    "sumprod": ([0.5, 1.5], [-2.0, 0.25]),
}
CONSTANT = {"ceil", "floor", "trunc", "isfinite", "isinf", "isnan", "isclose", "ulp"}
OF_INTEGERS = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}
NAMES = sorted(name for name in dir(python) if not name.startswith("_"))
FUNCTIONS = [n for n in NAMES if callable(getattr(python, n)) and n not in CONSTANT | OF_INTEGERS]
#: Whose differences are no derivatives.
STEPS = {"nextafter"}


def first(result):
    return result[0] if isinstance(result, tuple) else result


def test_every_name_of_math_is_there():
    assert dir(math) == math.__all__ == NAMES
    for name in NAMES:
        value = getattr(python, name)
        if not callable(value):
            assert getattr(math, name) is value or python.isnan(value)
    with pytest.raises(AttributeError, match="no attribute 'sinn'"):
        math.sinn  # noqa: B018


def test_the_names_can_be_imported_at_once():
    names = {}
    exec("from keratorch.math import *", names)
    assert set(NAMES) <= set(names) and names["sin"] is math.sin


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in STEPS])
def test_values_and_derivatives(name):
    args = ARGUMENTS.get(name, (0.4,))
    function = getattr(math, name)
    expected = getattr(python, name)(*args)
    assert function(*args) == expected  # plain numbers: math itself
    assert type(first(function(*args))) is type(first(expected))

    def of_floats(*values):
        parts = iter(values)
        given = []
        for a in args:
            if type(a) is list:
                given.append([next(parts) for _ in a])
            else:
                given.append(next(parts) if isinstance(a, float) else a)
        return first(function(*given))

    flat = [v for a in args for v in (a if isinstance(a, list) else [a]) if isinstance(v, float)]
    tracked = of_floats(*map(kt.GradArray, flat))
    assert tracked.shape == ()
    np.testing.assert_allclose(tracked.item(), first(expected), rtol=1e-14)
    check_grads(of_floats, flat, order=2)


@pytest.mark.parametrize("name", sorted(CONSTANT))
def test_functions_without_a_derivative_return_pythons(name):
    args = (2.75, 2.75) if name == "isclose" else (2.75,)
    found = getattr(math, name)(*map(kt.GradArray, args))
    expected = getattr(python, name)(*args)
    assert found == expected and type(found) is type(expected)


def test_pythons_own_math_rounds_tracked_numbers():
    x = kt.GradArray(2.75)
    assert (python.floor(x), python.ceil(x), python.trunc(x)) == (2, 3, 2)
    assert kt.grad(lambda x: x * python.floor(x))(2.75) == 2.0


def test_iterators_are_read_once():
    x = kt.GradArray([1.0, 2.0])
    y = math.fsum(v * v for v in x)
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    assert math.prod(iter([2.0, 3.0])) == 6.0 and math.fsum(v for v in (0.1, 0.2)) == python.fsum(
        [0.1, 0.2]
    )
    assert math.prod([kt.GradArray(2.0)], start=3).item() == 6.0


def test_arrays_of_one_element_count_as_numbers_and_others_do_not():
    assert math.sin(kt.GradArray([0.5])).shape == ()
    with pytest.raises(kt.ShapeError, match=r"math.sin takes numbers.*\(2,\).*keratorch"):
        math.sin(kt.GradArray([0.5, 1.0]))


def test_functions_of_integers_refuse_tracked_numbers():
    assert math.comb(5, 2) == 10 and math.factorial(4) == 24
    with pytest.raises(kt.NotDifferentiableError, match=r"math\.factorial is for integers"):
        math.factorial(kt.GradArray(3.0))


def test_the_next_number():
    x, y = kt.GradArray(0.5), kt.GradArray(2.0)
    z = math.nextafter(x, y)
    assert z.item() == python.nextafter(0.5, 2.0)
    assert kt.gradients(z, [x, y], allow_unused=True) == (1.0, None)
    if hasattr(python, "sumprod"):  # Python 3.12
        assert math.nextafter(x, 2.0, steps=3).item() == python.nextafter(0.5, 2.0, steps=3)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda math, x: math.sqrt(-x), ValueError),
        (lambda math, x: math.log(x - x), ValueError),
        (lambda math, x: math.log(2.0, x / x), ZeroDivisionError),
        (lambda math, x: math.acos(2.0 * x), ValueError),
        (lambda math, x: math.pow(-x, 0.5), ValueError),
        (lambda math, x: math.fmod(x, 0.0), ValueError),
        (lambda math, x: math.exp(1000.0 * x), OverflowError),
        (lambda math, x: math.sin(x * 1j), TypeError),
        (lambda math, x: math.sin(x, x), TypeError),
        (lambda math, x: math.ldexp(x, x), TypeError),
        (lambda math, x: math.fsum(x), TypeError),
        (lambda math, x: math.dist([x], [x, x]), ValueError),
    ],
)
def test_what_math_refuses_is_refused(call, error):
    for x in (1.5, kt.GradArray(1.5)):
        with pytest.raises(error):
            call(python if isinstance(x, float) else math, x)


def test_where_the_host_cannot_look_the_result_is_nan():
    with kt.no_sync(), np.errstate(invalid="ignore"):
        root = math.sqrt(kt.GradArray(-1.0))
        assert math.hypot(kt.GradArray(3.0), 4.0).shape == ()
    assert np.isnan(root.item())


def test_vectors_are_sequences_of_numbers():
    x = kt.GradArray([0.1] * 10)
    y = math.fsum(x)
    assert y.item() == 1.0 != 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1
    y.backward()
    np.testing.assert_array_equal(x.grad, np.ones(10))
    np.testing.assert_allclose(math.dist(kt.GradArray([1.0, 2.0]), (4, 6)).item(), 5)
    assert math.prod(kt.GradArray([2.0, 3.0])).item() == 6.0
    with pytest.raises(kt.ShapeError, match=r"math\.fsum takes numbers"):
        math.fsum(kt.GradArray(np.ones((2, 2))))


@pytest.mark.parametrize(
    "call",
    [
        lambda math, x: math.hypot(1.0, 2.0, x),
        lambda math, x: math.log(3.0, x),
        lambda math, x: math.remainder(7.75, x),
        lambda math, x: math.fsum([1.0, x, x, 2]),
        lambda math, x: math.dist([x, 1.0, 2.0], [0.0, x, 1]),
        lambda math, x: math.frexp(x)[0] + math.modf(x)[0],
        lambda math, x: math.copysign(2.0, x) * x,
    ],
)
def test_numbers_beside_the_arrays_of_every_library(call, device):
    x = leaf(device, 2.75)
    y = call(math, x)
    np.testing.assert_allclose(y.item(), call(python, 2.75), rtol=1e-14)
    difference = (call(python, 2.75 + 1e-6) - call(python, 2.75 - 1e-6)) / 2e-6
    np.testing.assert_allclose(grad(lambda x: call(math, x), x), difference, rtol=1e-7)


def test_squares_do_not_underflow():
    tiny = 1e-200
    x = kt.GradArray(3 * tiny)
    y = math.hypot(x, 4 * tiny, 0.0)
    y.backward()
    np.testing.assert_allclose([y.item(), x.grad], [5 * tiny, 0.6])


def test_logarithms_to_a_base():
    assert kt.grad(math.log)(2.0) == 0.5
    np.testing.assert_allclose(
        kt.grad(lambda b: math.log(2.0, b))(3.0), -np.log(2) / np.log(3) ** 2 / 3
    )
