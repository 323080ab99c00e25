"""Second derivatives where the first is a convention: right or NaN, and never a finite guess.

At 0 the gradient of a norm is 0 by convention. So its second derivative is not determined there.
"""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.leaves import leaf, with_linalg
from tests.op_checks import on_device, on_host

INF = np.inf

ONE_DEVICE_EACH = True

# Libraries that compute with NumPy warn at the kinks, some in threads.
pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
]


def norm(x, **kwargs):
    return kt.linalg.vector_norm(x, **kwargs)


def hessian(function, device, values, way="reverse", dtype="float64"):
    """The second derivatives of a function of one array, with the array flattened."""
    x = on_device(device, np.array(values, dtype=dtype))
    outer = {"reverse": kt.jacrev, "forward": kt.jacfwd}[way]
    found = on_host(kt.asarray(outer(kt.grad(function))(x))._array)
    n = np.size(values)
    return found.reshape(n, n)


def check(found, right, undetermined):
    """NaN or infinite, or else right; and finite and right where the limit exists."""
    right, undetermined = np.array(right, dtype=float), np.array(undetermined, dtype=bool)
    loud = ~np.isfinite(found)
    assert not loud[~undetermined].any(), found
    np.testing.assert_allclose(found[~loud], right[~loud], rtol=1e-12, atol=1e-12)


both = pytest.mark.parametrize("way", ["reverse", "forward"])
ALL = np.ones((2, 2), bool)

#: name: a function of two numbers whose Hessian at 0 is twice the unit matrix.
SQUARES = {
    "norm": lambda x: norm(x) ** 2,
    "norm times norm": lambda x: norm(x) * norm(x),
    "square of norm": lambda x: kt.square(norm(x)),
    "norm that keeps its axis": lambda x: kt.sum(norm(x, axis=0, keepdims=True) ** 2),
    "frobenius": lambda x: kt.linalg.matrix_norm(x[None, :]) ** 2,
    "hypot": lambda x: kt.hypot(x[0], x[1]) ** 2,
    "norms of parts": lambda x: norm(x[:1]) ** 2 + norm(x[1:]) ** 2,
    "hypot of norms": lambda x: kt.hypot(norm(x[:1]), norm(x[1:])) ** 2,
    "abs": lambda x: kt.sum(kt.abs(x) ** 2),
    "abs of complex": lambda x: kt.abs(x[0] + 1j * x[1]) ** 2,
    "exp": lambda x: -2.0 * kt.exp(-0.5 * norm(x) ** 2),
    "of order 1, one element": lambda x: norm(x[:1], ord=1) ** 2 + norm(x[1:], ord=1) ** 2,
    "order 3, one element": lambda x: norm(x[:1], ord=3) ** 2 + norm(x[1:], ord=3) ** 2,
}


@both
@pytest.mark.parametrize("name", SQUARES)
def test_squares_of_norms_at_0(device, name, way):
    found = hessian(SQUARES[name], device, [0.0, 0.0], way)
    check(found, 2 * np.eye(2), ALL)


@both
@pytest.mark.parametrize("order", [2, 3, 1.5, 0.5, -1], ids=str)
def test_other_rows_keep_their_second_derivatives(device, order, way):
    """NaN stands in the block of the row that is 0, and in no other."""

    def total(x):
        return kt.sum(norm(kt.reshape(x, (2, 2)), axis=1, ord=order) ** 2)

    found = hessian(total, device, [0.0, 0.0, 3.0, 4.0], way)
    alone = hessian(lambda x: norm(x, ord=order) ** 2, device, [3.0, 4.0], way)
    assert np.isnan(found[:2, :2]).any()
    np.testing.assert_array_equal(found[:2, 2:], 0.0)
    np.testing.assert_array_equal(found[2:, :2], 0.0)
    np.testing.assert_allclose(found[2:, 2:], alone, rtol=1e-12)
    if order == 2:
        np.testing.assert_allclose(alone, 2 * np.eye(2), atol=1e-12)


@both
@pytest.mark.parametrize("order", [3, 2, 1.5, 0.5], ids=str)
def test_elements_that_are_0_in_a_norm_that_is_not(device, order, way):
    """∂²‖x‖/∂x₀² is 0 for orders above 2, 1/‖x‖ for 2, and infinite below."""
    found = hessian(lambda x: norm(x, ord=order), device, [0.0, 2.0], way)
    steep = order < 2
    right = [[0.5 if order == 2 else 0.0, 0.0], [0.0, 0.0]]
    undetermined = [[steep, order < 1], [order < 1, order < 1]]
    check(found, right, undetermined)
    assert np.isfinite(found[0, 0]) != steep


def test_mixed_derivatives_of_a_kernel_at_equal_points(device):
    """∂²/∂x∂y of exp(−½·‖x − y‖²) is the unit matrix at x = y."""
    x = on_device(device, np.array([1.0, 2.0]))

    def kernel(x, y):
        return kt.exp(-0.5 * norm(x - y) ** 2)

    for inner, outer in ((kt.jacrev, kt.grad), (kt.jacfwd, kt.grad)):
        found = on_host(kt.asarray(inner(outer(kernel, 0), 1)(x, x))._array)
        check(found, np.eye(2), ALL)


def test_gradients_of_norms_are_what_they_were(device):
    """The first derivative at the kink is 0, alone and inside of other functions."""
    for function in (norm, *SQUARES.values()):
        x = leaf(device, [0.0, 0.0])
        (g,) = kt.gradients(kt.sum(function(x)), [x], create_graph=True)
        np.testing.assert_array_equal(on_host(g._array), [0.0, 0.0])


@both
def test_a_norm_that_is_not_taken_has_no_curvature(device, way):
    def total(x):
        sizes = norm(kt.reshape(x, (2, 2)), axis=1)
        return kt.sum(kt.where(sizes > 0, sizes, 0.0))

    found = hessian(total, device, [0.0, 0.0, 3.0, 4.0], way)
    expected = np.zeros((4, 4))
    expected[2:, 2:] = np.array([[16, -12], [-12, 9]]) / 125
    np.testing.assert_allclose(found, expected, atol=1e-15)


@both
def test_linear_kinks_stay_linear(device, way):
    """|x|, and norms made of it: no curvature on either side, and none at 0."""
    for function in (lambda x: kt.sum(kt.abs(x)), lambda x: norm(x, ord=1)):
        np.testing.assert_array_equal(hessian(function, device, [0.0, 1.0], way), 0.0)
    found = hessian(lambda x: kt.sum(kt.maximum(x, 0.0)), device, [0.0, 1.0], way)
    np.testing.assert_array_equal(found, 0.0)


def distance(x):
    """Huber's function of the norm: x²/2 near 0."""
    size = norm(x)
    return kt.where(size <= 1, size**2 / 2, size - 0.5)


BELOW = {  # name: a function whose Hessian at 0 is the unit matrix, with a selection in it
    "huber": distance,
    "a read": lambda x: (kt.stack([norm(x), kt.sum(x)]) ** 2)[0] / 2,
    "the largest": lambda x: kt.max(norm(kt.reshape(x, (1, 2)), axis=1)) ** 2 / 2,
    "a norm of norms": lambda x: norm(kt.stack([norm(x), 1.0 + 0.0 * x[0]])) ** 2 / 2,
}


@both
@pytest.mark.parametrize("name", BELOW)
def test_a_selection_above_hides_no_kink(device, name, way):
    """A zero gradient that may change is not taken for a mask."""
    check(hessian(BELOW[name], device, [0.0, 0.0], way), np.eye(2), ALL)


@both
def test_real_abs_below_a_selection_is_linear(device, way):
    """The largest |x| hands 0 to all others."""
    found = hessian(lambda x: norm(x, ord=INF) ** 2, device, [0.0, 2.0], way)
    np.testing.assert_array_equal(found, [[0.0, 0.0], [0.0, 2.0]])


@both
def test_std_of_a_constant(device, way):
    """The square of std is the variance, whose Hessian is 2(1/n − 1/n²)."""
    n = 3
    right = 2 * (np.eye(n) / n - 1 / n**2)
    found = hessian(lambda x: kt.std(x) ** 2, device, [1.0] * n, way)
    check(found, right, np.ones((n, n)))
    assert np.isnan(found).any()
    # One number has no deviation, wherever it is.
    np.testing.assert_array_equal(hessian(lambda x: kt.std(x) ** 2, device, [1.0], way), 0.0)


@both
def test_std_of_one_constant_row(device, way):
    def total(x):
        return kt.sum(kt.std(kt.reshape(x, (2, 2)), axis=1) ** 2)

    found = hessian(total, device, [1.0, 1.0, 3.0, 4.0], way)
    assert np.isnan(found[:2, :2]).any()
    np.testing.assert_array_equal(found[:2, 2:], 0.0)
    np.testing.assert_allclose(found[2:, 2:], [[0.5, -0.5], [-0.5, 0.5]], atol=1e-12)


NUMPYS = {
    "std of complex": (lambda x: np.std(x * (1 + 0j)), [1.0, 1.0, 1.0]),
    "std where": (lambda x: np.std(x, where=[True, True, False]), [1.0, 1.0, 3.0]),
    "std with its mean": (lambda x: np.std(x, mean=np.mean(x, keepdims=True)), [1.0, 1.0, 1.0]),
    "nanstd": (np.nanstd, [1.0, 1.0, np.nan]),
}


@pytest.mark.parametrize("name", NUMPYS)
def test_numpys_std_of_a_constant(name):
    """The gradient is 0, for complex numbers too, and the Hessian of the square is no number."""
    function, values = NUMPYS[name]
    x = np.array(values)
    np.testing.assert_array_equal(kt.grad(function)(x), 0.0)
    found = kt.hessian(lambda x: function(x) ** 2)(x)
    assert np.isnan(found).any()


def test_numpys_std_of_complex_numbers():
    z = np.array([1 + 2j, 3 - 1j, 0.5j])
    away = z - z.mean()
    found = kt.grad(np.std)(z)
    np.testing.assert_allclose(found, away / (3 * np.std(z)), rtol=1e-14)
    np.testing.assert_array_equal(kt.grad(np.std)(np.full(3, 1 + 2j)), 0)
    np.testing.assert_allclose(kt.asarray(np.std(kt.asarray(z), ddof=1))._array, np.std(z, ddof=1))


def test_the_std_of_one_complex_number_is_0_with_all_derivatives():
    x = np.array([1.0, 2.0])

    def alone(x):
        return np.sum(np.std((x * (1 + 2j))[:, None], axis=1))

    assert kt.asarray(alone(kt.asarray(x)))._array == 0
    np.testing.assert_array_equal(kt.grad(alone)(x), 0)
    np.testing.assert_array_equal(kt.hessian(lambda x: (1 + alone(x)) ** 2)(x), 0)


def test_numpys_complex_sinc_at_0():
    for function in (lambda x: np.real(np.sinc(x + 0j)), np.sinc):
        assert kt.grad(function)(0.0) == 0
        np.testing.assert_allclose(kt.hessian(function)(0.0), -(np.pi**2) / 3, rtol=1e-14)
    z = np.array([0, 0.1 + 0.2j, 0.29 - 0.05j, 0.31j, 2 - 1j])
    np.testing.assert_allclose(np.sinc(kt.asarray(z))._array, np.sinc(z), rtol=1e-14)


@both
def test_complex_sign_at_0(device, way):
    def total(x):
        return kt.real(kt.sign(x[0] + 1j * x[1])) ** 2

    assert np.isnan(hessian(total, device, [0.0, 0.0], way)).all()


def test_complex_abs_of_complex_arrays_at_0(device):
    z = leaf(device, [0.0, 3 + 4j], "complex128")
    (g,) = kt.gradients(kt.sum(kt.abs(z) ** 2), [z], create_graph=True)
    np.testing.assert_allclose(on_host(g._array), [0, 6 + 8j])
    (h,) = kt.gradients(kt.sum(kt.real(g)), [z])
    assert np.isnan(on_host(h)[0])
    np.testing.assert_allclose(on_host(h)[1], 2.0)


# -- functions of two arguments ------------------------------------------------------------------


def power(x):
    return x[0] ** x[1]


#: name: function, point, the limits of the Hessian from the right, and where there are none.
POINTS = {
    "atan2 at (0, 0)": (lambda x: kt.atan2(x[0], x[1]), (0, 0), None, ALL),
    "atan2 at (0, 2)": (lambda x: kt.atan2(x[0], x[1]), (0, 2), [[0, -0.25], [-0.25, 0]], 0 * ALL),
    "power at (0, 1)": (power, (0, 1), [[0, INF], [INF, 0]], [[0, 1], [1, 0]]),
    "power at (0, 2)": (power, (0, 2), [[2, 0], [0, 0]], 0 * ALL),
    "power at (0, 3)": (power, (0, 3), np.zeros((2, 2)), 0 * ALL),
    "power at (0, 0)": (power, (0, 0), [[0, INF], [INF, INF]], [[0, 1], [1, 1]]),
    "power at (0, 1/2)": (power, (0, 0.5), [[INF, INF], [INF, 0]], [[1, 1], [1, 0]]),
    "power at (0, 3/2)": (power, (0, 1.5), [[INF, 0], [0, 0]], [[1, 0], [0, 0]]),
    "power at (0, -1)": (power, (0, -1), np.full((2, 2), INF), ALL),
    "power at (0, -1/2)": (power, (0, -0.5), np.full((2, 2), INF), ALL),
    "power at (2, 0)": (power, (2, 0), [[0, 0.5], [0.5, np.log(2) ** 2]], 0 * ALL),
}


@both
@pytest.mark.parametrize("name", POINTS)
def test_two_arguments(device, name, way):
    function, point, right, undetermined = POINTS[name]
    found = hessian(function, device, point, way)
    check(found, np.full((2, 2), INF) if right is None else right, undetermined)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(found).T)


@pytest.mark.parametrize("name", POINTS)
def test_two_arguments_forward_over_forward(device, name):
    """Each number that comes out is right. NaN may stand in more elements than in reverse mode."""
    function, point, right, _ = POINTS[name]
    x = on_device(device, np.array(point, dtype=float))
    found = on_host(kt.asarray(kt.jacfwd(kt.jacfwd(function))(x))._array)
    check(found, np.full((2, 2), INF) if right is None else right, ALL)


SPECIAL = {
    ("xlogy", (0, 0)): ([[0, INF], [INF, INF]], [[0, 1], [1, 1]]),
    ("xlogy", (0, 2)): ([[0, 0.5], [0.5, 0]], 0 * ALL),
    ("xlog1py", (0, -1)): ([[0, INF], [INF, INF]], [[0, 1], [1, 1]]),
    ("xlog1py", (0, 1)): ([[0, 0.5], [0.5, 0]], 0 * ALL),
    ("rel_entr", (0, 0)): (np.full((2, 2), INF), ALL),
    ("rel_entr", (0, 2)): ([[INF, -0.5], [-0.5, 0]], [[1, 0], [0, 0]]),
    ("kl_div", (0, 0)): (np.full((2, 2), INF), ALL),
    ("kl_div", (0, 2)): ([[INF, -0.5], [-0.5, 0]], [[1, 0], [0, 0]]),
}


@both
@pytest.mark.parametrize(("name", "point"), SPECIAL)
def test_two_special_arguments(device, name, point, way):
    if device.backend == "array_api_strict":
        pytest.skip("array-api-strict has no special functions")
    function = getattr(kt.special, name)
    found = hessian(lambda x: function(x[0], x[1]), device, point, way)
    check(found, *SPECIAL[name, point])


@both
def test_angle_at_0(way):
    found = {"reverse": kt.jacrev, "forward": kt.jacfwd}[way](
        kt.grad(lambda x: np.angle(x[0] + 1j * x[1]))
    )(np.zeros(2))
    assert not np.isfinite(found).any()


def test_third_derivatives_are_no_numbers_either():
    """What is differentiated again stays undetermined."""
    third = kt.jacrev(kt.jacrev(kt.grad(lambda x: norm(x) ** 2)))(np.zeros(2))
    assert np.isnan(third).any()


def test_nuclear_and_spectral_norms_at_0(device):
    device = with_linalg(device)
    for order in ("nuc", 2):
        found = hessian(
            lambda x, order=order: kt.linalg.matrix_norm(kt.reshape(x, (2, 2)), ord=order) ** 2,
            device,
            [0.0] * 4,
        )
        assert not np.isfinite(found).any()
