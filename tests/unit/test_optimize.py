"""SciPy's optimisers, on functions that keratorch differentiates, wherever they compute."""

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device

optimize = pytest.importorskip("scipy.optimize")

START = np.array([0.4, 0.5, 0.7])


@pytest.fixture
def rosenbrock(device):
    """Rosenbrock's function: NumPy in, NumPy out, computed on the device under test."""
    scale = kt.asarray(on_device(device, np.asarray(100.0)))

    def function(x):
        x = x.to_device(device)
        y = kt.sum(scale * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
        assert y.device == device
        return y.to_device(kt.Device("numpy", "cpu", 0))

    return function


def check(found):
    assert found.success, found.message
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-5)


def test_gradients(rosenbrock):
    value, gradient = kt.value_and_grad(rosenbrock)(START)
    assert type(value) is type(gradient) is np.ndarray
    np.testing.assert_allclose(value, optimize.rosen(START))
    np.testing.assert_allclose(gradient, optimize.rosen_der(START))
    check(optimize.minimize(kt.value_and_grad(rosenbrock), START, jac=True, method="BFGS"))


def test_hessians(rosenbrock):
    np.testing.assert_allclose(kt.hessian(rosenbrock)(START), optimize.rosen_hess(START))
    check(
        optimize.minimize(
            kt.value_and_grad(rosenbrock),
            START,
            jac=True,
            hess=kt.hessian(rosenbrock),
            method="trust-exact",
        )
    )


def test_least_squares(device):
    """The Jacobian of residuals."""

    def residuals(x):
        x = x.to_device(device)
        y = kt.concat([10.0 * (x[1:] - x[:-1] ** 2), 1.0 - x[:-1]])
        return y.to_device(kt.Device("numpy", "cpu", 0))

    def values(x):
        return residuals(kt.asarray(x)).numpy()

    check(optimize.least_squares(values, START, jac=kt.jacrev(residuals)))
