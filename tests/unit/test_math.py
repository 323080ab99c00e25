"""`keratorch.math`: Python's `math` on tracked numbers."""

import math as python

import numpy as np
import pytest

import keratorch as kt
from keratorch import math
from keratorch.testing import check_grads

ARGUMENTS = {
    "acosh": (1.5,),
    "atan2": (0.5, -1.25),
    "copysign": (0.5, -2.0),
    "dist": ([0.5, 1.0, 2.0], [1.5, -1.0, 0.25]),
    "fma": (0.5, 1.5, -2.0),
    "fmod": (-5.5, 2.25),
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
    "nextafter": (0.5, 2.0),
}
CONSTANT = {"ceil", "floor", "trunc", "isfinite", "isinf", "isnan", "isclose", "ulp"}
OF_INTEGERS = {"comb", "factorial", "frexp", "gcd", "isqrt", "lcm", "perm", "sumprod"}
NAMES = sorted(name for name in dir(python) if not name.startswith("_"))
FUNCTIONS = [n for n in NAMES if callable(getattr(python, n)) and n not in CONSTANT | OF_INTEGERS]


def first(result):
    return result[0] if isinstance(result, tuple) else result


def test_every_name_of_math_is_there():
    assert dir(math) == NAMES
    for name in NAMES:
        value = getattr(python, name)
        if not callable(value):
            assert getattr(math, name) is value or python.isnan(value)
    with pytest.raises(AttributeError, match="no attribute 'sinn'"):
        math.sinn  # noqa: B018


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "nextafter"])
def test_values_and_derivatives(name):
    args = ARGUMENTS.get(name, (0.4,))
    function = getattr(math, name)
    expected = getattr(python, name)(*args)
    assert function(*args) == expected  # plain numbers: math itself
    assert type(first(function(*args))) is type(first(expected))

    def of_floats(*values):
        parts = iter(values)
        given = [
            [next(parts) for _ in a] if isinstance(a, list) else next(parts) if isinstance(a, float) else a
            for a in args
        ]  # fmt: skip
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
    with pytest.raises(kt.NotDifferentiableError, match="math.factorial is for integers"):
        math.factorial(kt.GradArray(3.0))


def test_logarithms_to_a_base():
    assert kt.grad(math.log)(2.0) == 0.5
    np.testing.assert_allclose(
        kt.grad(lambda b: math.log(2.0, b))(3.0), -np.log(2) / np.log(3) ** 2 / 3
    )
