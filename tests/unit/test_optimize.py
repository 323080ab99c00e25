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


def disc(x):
    """The square of the radius, with keratorch's own functions: constants, outside of `grad`."""
    return kt.sum(kt.asarray(x) ** 2)


def distance(x):
    return kt.sum((x - 1.0) ** 2)


CONSTRAINTS = {
    "nonlinear": lambda: optimize.NonlinearConstraint(disc, 0.0, 1.0, jac=kt.grad(disc)),
    "differences": lambda: optimize.NonlinearConstraint(disc, 0.0, 1.0),
    "old form": lambda: {
        "type": "ineq",
        "fun": lambda x: 1.0 - disc(x),
        "jac": kt.grad(lambda x: 1.0 - disc(x)),
    },
}


def parts(found):
    """Everything in a result of SciPy, lists and dicts included."""
    for value in found.values():
        yield from value if isinstance(value, (list, tuple)) else [value]


@pytest.mark.parametrize("method", ["trust-constr", "SLSQP", "COBYLA", "COBYQA"])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_constrained_optimizers_give_plain_arrays(method, constraint):
    options = {} if method.startswith("COB") else {"jac": kt.grad(distance)}
    if method == "trust-constr":
        options["hess"] = kt.hessian(distance)
    found = optimize.minimize(
        distance,
        np.array([3.0, 0.0]),
        method=method,
        constraints=[CONSTRAINTS[constraint]()],
        **options,
    )
    np.testing.assert_allclose(found.x, np.sqrt([0.5, 0.5]), atol=1e-3)
    assert type(found.x) is np.ndarray
    assert not any(isinstance(part, kt.GradArray) for part in parts(found))


def test_constraints_of_several_values():
    def both(x):
        return kt.stack([disc(x), kt.asarray(x)[0]])

    weights = np.array([0.0, 1.0])
    found = optimize.minimize(
        distance,
        np.array([3.0, 0.0]),
        jac=kt.grad(distance),
        hess=kt.hessian(distance),
        method="trust-constr",
        constraints=optimize.NonlinearConstraint(
            both,
            -1.0,
            [1.0, 0.5],
            jac=kt.jacobian(both),
            hess=lambda x, v: kt.hessian(lambda u: kt.sum(v * both(u)))(x) + 0.0 * weights,
        ),
    )
    np.testing.assert_allclose(found.x, [0.5, np.sqrt(0.75)], atol=1e-3)
    assert not any(isinstance(part, kt.GradArray) for part in parts(found))


def test_differential_evolution_with_a_constraint():
    found = optimize.differential_evolution(
        distance, [(-2.0, 2.0)] * 2, maxiter=30, seed=0,
        constraints=optimize.NonlinearConstraint(disc, 0.0, 1.0),
    )  # fmt: skip
    np.testing.assert_allclose(found.x, np.sqrt([0.5, 0.5]), atol=1e-2)
    assert not any(isinstance(part, kt.GradArray) for part in parts(found))


def test_atleast_1d_elsewhere_gives_a_constant():
    assert isinstance(np.atleast_1d(kt.asarray(1.0)), kt.GradArray)
