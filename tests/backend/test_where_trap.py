"""What is infinite where the incoming gradient is 0 does not leak: the where trap."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.leaves import both_ways, constant, grad, leaf, second
from tests.op_checks import on_host

NAN = np.nan

ONE_DEVICE_EACH = True

# The values at kinks and poles: libraries that compute with NumPy warn of them, some in threads.
pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning"),
]


TRAPS = {  # name: a function that is infinite at 0, or whose derivative is, and that derivative
    "log": (kt.log, lambda x: 1 / x),
    "log2": (kt.log2, lambda x: 1 / (x * np.log(2))),
    "log10": (kt.log10, lambda x: 1 / (x * np.log(10))),
    "log1p": (lambda x: kt.log1p(x - 1.0), lambda x: 1 / x),
    "sqrt": (kt.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "reciprocal": (kt.reciprocal, lambda x: -1 / x**2),
    "divide": (lambda x: 3.0 / x, lambda x: -3 / x**2),
    "divide arrays": (lambda x: (x + 1.0) / x, lambda x: -1 / x**2),
    "power": (lambda x: x**0.5, lambda x: 0.5 / np.sqrt(x)),
    "negative power": (lambda x: x**-2, lambda x: -2 / x**3),
    "power of arrays": (
        lambda x: x ** (x - 1.0),
        lambda x: x ** (x - 1) * ((x - 1) / x + np.log(x)),
    ),
    "asin": (lambda x: kt.asin(1.0 - x), lambda x: -1 / np.sqrt(1 - (1 - x) ** 2)),
    "acos": (lambda x: kt.acos(1.0 - x), lambda x: 1 / np.sqrt(1 - (1 - x) ** 2)),
    "acosh": (lambda x: kt.acosh(1.0 + x), lambda x: 1 / np.sqrt((1 + x) ** 2 - 1)),
    "atanh": (lambda x: kt.atanh(1.0 - x), lambda x: -1 / (1 - (1 - x) ** 2)),
    "log of sqrt": (lambda x: kt.log(kt.sqrt(x)), lambda x: 0.5 / x),
}
SAFE = 0.5


@pytest.mark.parametrize("name", TRAPS)
def test_where_trap(device, name):
    """What is infinite on the branch not taken does not leak."""
    function, derivative = TRAPS[name]
    x = leaf(device, [0.0, SAFE])
    found = grad(lambda x: kt.where(x > 0, function(x), 0.0), x)
    np.testing.assert_allclose(found, [0.0, derivative(SAFE)])


@pytest.mark.parametrize("name", TRAPS)
def test_where_trap_of_second_order(device, name):
    """Nor does it when the walk is recorded, and walked again."""
    function, derivative = TRAPS[name]
    x = leaf(device, [0.0, SAFE])
    y = kt.where(x > 0, function(x), 0.0)
    (g,) = kt.gradients(kt.sum(y), x, create_graph=True)
    np.testing.assert_allclose(on_host(g._array), [0.0, derivative(SAFE)])
    h = 1e-6
    slope = (derivative(SAFE + h) - derivative(SAFE - h)) / (2 * h)
    found = on_host(kt.gradients(kt.sum(g), x)[0])
    np.testing.assert_allclose(found, [0.0, slope], rtol=1e-6)


@pytest.mark.parametrize("name", TRAPS)
def test_where_trap_forwards(device, name):
    function, derivative = TRAPS[name]
    x = constant(device, [0.0, SAFE])
    _, tangent = kt.jvp(lambda x: kt.where(x > 0, function(x), 0.0), [x], [kt.ones_like(x)])
    np.testing.assert_allclose(on_host(tangent._array), [0.0, derivative(SAFE)])


@pytest.mark.parametrize("function", [kt.exp, kt.expm1, kt.sinh, kt.cosh])
def test_where_trap_of_overflow(device, function):
    x = leaf(device, [1000.0, 0.0])
    found = grad(lambda x: kt.where(x < 100, function(x), 0.0), x)
    np.testing.assert_array_equal(found, [0.0, 0.0 if function is kt.cosh else 1.0])


def skip_recompiling(device):
    if device.backend == "jax" and device.index:
        pytest.skip("JAX compiles everything anew for its second device")


POLES = {  # where a special function, or its derivative, is not finite
    "gamma": [0.0, -1.0, 172.0],
    "gammaln": [0.0, -1.0],
    "digamma": [0.0, -1.0],
    "erfinv": [-1.0, 1.0],
    "erfcinv": [0.0, 2.0],
    "ndtri": [0.0, 1.0],
    "log_ndtr": [-np.inf],
    "logit": [0.0, 1.0],
    "entr": [0.0],
    "cbrt": [0.0],
    "exp2": [2000.0],
    "i0": [-1000.0, 1000.0],
    "i1": [-1000.0, 1000.0],
}


def special_function(device, name):
    """`kt.special`'s, where the library has it."""
    skip_recompiling(device)
    function = getattr(kt.special, name)
    try:
        function(constant(device, [0.3]))
    except kt.BackendUnavailableError as error:
        pytest.skip(str(error))
    return function


@pytest.mark.parametrize("name", POLES)
def test_where_trap_of_special_functions(device, name):
    """Elsewhere everything is as if there were no pole, to second order and in both modes."""
    function = special_function(device, name)
    values = [*POLES[name], 0.3]
    taken = constant(device, [False] * len(POLES[name]) + [True], "bool")
    wanted = leaf(device, [0.3])
    kept = leaf(device, values)

    def where(x):
        return kt.where(taken, function(x), 0.0)

    zeros = [0.0] * len(POLES[name])
    np.testing.assert_array_equal(grad(where, kept), [*zeros, *grad(function, wanted)])
    for way in ("reverse over reverse", "forward over reverse"):
        found = second(where, kept, way)
        np.testing.assert_array_equal(found[:-1], zeros)
        np.testing.assert_allclose(found[-1:], second(function, wanted, way), rtol=1e-14)
    _, tangent = kt.jvp(where, [kept.detach()], [kt.ones_like(kept.detach())])
    np.testing.assert_array_equal(on_host(tangent._array)[:-1], zeros)


@pytest.mark.parametrize("name", ["beta", "betaln"])
def test_where_trap_of_two_special_arguments(device, name):
    special_function(device, "gammaln")
    function = getattr(kt.special, name)
    a, b = leaf(device, [0.0, 0.3]), leaf(device, [1.0, 0.4])
    y = kt.sum(kt.where(a > 0, function(a, b), 0.0))
    slopes = kt.gradients(y, [a, b], create_graph=True)
    for g in slopes:
        assert on_host(g._array)[0] == 0
        for h in kt.gradients(kt.sum(g), [a, b], retain_graph=True):
            assert on_host(h)[0] == 0
            assert np.isfinite(on_host(h)).all()


@pytest.mark.parametrize("ord", [2, 1, 0, 3, 1.5, 0.5, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("row", [[0.0, 0.0], [np.inf, 1.0], [0.0, 1.0]], ids=str)
def test_where_trap_of_norms(device, ord, row):
    skip_recompiling(device)
    x = leaf(device, [row, [3.0, 4.0]])
    taken = constant(device, [False, True], "bool")

    def norm(x):
        return kt.linalg.vector_norm(x, axis=1, ord=ord)

    (g,) = kt.gradients(kt.sum(kt.where(taken, norm(x), 0.0)), [x], create_graph=True)
    np.testing.assert_array_equal(on_host(g._array)[0], [0.0, 0.0])
    wanted = leaf(device, [[3.0, 4.0]])
    np.testing.assert_allclose(on_host(g._array)[1:], grad(norm, wanted))
    if ord in (2, 3, 1.5, 0.5):
        (h,) = kt.gradients(kt.sum(g[:, 0]), [x])
        np.testing.assert_array_equal(on_host(h)[0], [0.0, 0.0])
        assert np.isfinite(on_host(h)).all()


def test_where_trap_of_remainder(device):
    x = leaf(device, [0.0, 0.5])
    found = grad(lambda x: kt.where(x > 0, 3.2 % x, 0.0), x)
    np.testing.assert_array_equal(found, [0.0, -6.0])


def test_zero_dimensional_where_trap(device):
    x = leaf(device, 0.0)
    assert grad(lambda x: kt.where(x > 0, kt.log(x), 0.0), x) == 0


def test_complex_where_trap(device):
    x = leaf(device, [0.0, 1j], "complex128")
    found = grad(lambda x: kt.where(kt.abs(x) > 0, kt.log(x), 0.0), x)
    np.testing.assert_allclose(found, [0.0, 1j])  # conj(1/i)


def test_ieee_products_on_request(device):
    """``set_policy(masked_zeros=False)``."""
    x = leaf(device, [0.0, 2.0])

    def function(x):
        return kt.where(x > 0, kt.sqrt(x), 0.0)

    kt.set_policy(masked_zeros=False)
    try:
        found = grad(function, x)
    finally:
        kt.set_policy(masked_zeros=True)
    np.testing.assert_allclose(found, [NAN, 0.5 / np.sqrt(2)])
    np.testing.assert_allclose(grad(function, x), [0, 0.5 / np.sqrt(2)])


@both_ways
@pytest.mark.parametrize(
    ("function", "expected"),
    [(lambda x: kt.log(x) ** 2, 2.0), (lambda x: (kt.sqrt(x) - 1.0) ** 2, 0.5)],
    ids=["log", "sqrt"],
)
def test_hessian_at_an_optimum(device, function, expected, way):
    """The product is not masked where the gradient is 0: curvature stays."""
    x = leaf(device, [1.0, 1.0])
    np.testing.assert_array_equal(grad(function, x), [0.0, 0.0])
    np.testing.assert_allclose(second(function, x, way), [expected] * 2)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("create_graph", [False, True])
def test_backward_on_numpy_does_not_warn(create_graph):
    """An infinite derivative is a value, not a mishap."""
    x = kt.GradArray(np.array([0.0, 2.0]))
    with np.errstate(all="ignore"):
        y = kt.sum(kt.where(x > 0, kt.log(x) / x + x**-0.5, 0.0))
    (g,) = kt.gradients(y, x, create_graph=create_graph)
    assert kt.asarray(g).detach().tolist()[0] == 0
