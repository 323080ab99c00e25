"""The derivatives of HIPS/autograd's names on arrays of every library stay in the library."""

import numpy as onp
import pytest

import keratorch as kt
from keratorch import autograd as ag
from keratorch.backends import _registry
from tests.op_checks import on_device, on_host

ONE_DEVICE_EACH = True

A = onp.array([0.5, -1.0, 2.0])
V = onp.array([1.0, 0.5, -0.25])
JACOBIAN = onp.diag(2 * A) * A[0] + onp.outer(A**2, [1, 0, 0])
HESSIAN = 2 * A[0] * onp.eye(3) + 2 * (onp.outer(A, [1, 0, 0]) + onp.outer([1, 0, 0], A))


def g(x):
    return x**2 * x[0]


def f(x):
    return kt.sum(g(x))


RESULTS = {
    "grad": (lambda x, v: ag.grad(f)(x), JACOBIAN.sum(0)),
    "value_and_grad": (lambda x, v: ag.value_and_grad(f)(x)[0], (A**2 * A[0]).sum()),
    "elementwise_grad": (lambda x, v: ag.elementwise_grad(g)(x), JACOBIAN.sum(0)),
    "deriv": (lambda x, v: ag.deriv(g)(x), JACOBIAN.sum(1)),
    "jacobian": (lambda x, v: ag.jacobian(g)(x), JACOBIAN),
    "hessian": (lambda x, v: ag.hessian(f)(x), HESSIAN),
    "hessian_vector_product": (lambda x, v: ag.hessian_vector_product(f)(x, v), HESSIAN @ V),
    "tensor_jacobian_product": (lambda x, v: ag.tensor_jacobian_product(g)(x, v), V @ JACOBIAN),
    "make_vjp": (lambda x, v: ag.make_vjp(g)(x)[0](v), V @ JACOBIAN),
    "make_jvp": (lambda x, v: ag.make_jvp(g)(x)(v)[1], JACOBIAN @ V),
    "make_jvp_reversemode": (lambda x, v: ag.make_jvp_reversemode(g)(x)(v), JACOBIAN @ V),
    "make_ggnvp": (lambda x, v: ag.make_ggnvp(g)(x)(v), JACOBIAN.T @ (JACOBIAN @ V)),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_of_the_library_of_the_argument(device, name):
    function, expected = RESULTS[name]
    x = on_device(device, A)
    found = function(x, on_device(device, V))
    if isinstance(found, onp.generic):  # NumPy's arrays without axes become NumPy scalars
        assert device.backend == "numpy" and not onp.ndim(expected)
        found = onp.asarray(found)
    else:
        assert _registry.of(found) is _registry.of(x)
        assert _registry.of(found).device(found) == device
    onp.testing.assert_allclose(on_host(found), expected, rtol=1e-6)
