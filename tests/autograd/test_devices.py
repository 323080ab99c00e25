"""The names of HIPS/autograd on arrays of every library: results stay in it, on its device."""

import numpy as onp
import pytest

import keratorch as kt
from keratorch import autograd as ag
from keratorch.autograd.extend import defjvp, defvjp, primitive, vspace
from keratorch.backends import _registry
from tests.op_checks import on_device, on_host

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


def test_vector_spaces(device):
    x = on_device(device, A)
    space = vspace(x)
    vectors = [space.zeros(), space.ones(), space.randn(), *space.standard_basis()]
    assert len(vectors) == 6 and all(vspace(v) == space for v in vectors)
    assert all(_registry.of(v).device(v) == device for v in vectors)
    assert float(space.inner_prod(x, x)) == pytest.approx((A**2).sum())


def test_primitives(device):
    """A primitive is given the library's own arrays."""
    x = on_device(device, A)
    seen = []

    @primitive
    def doubled(x):
        seen.append(_registry.of(x))
        return x + x

    defvjp(doubled, lambda ans, x: lambda g: 2.0 * g)
    defjvp(doubled, lambda g, ans, x: 2.0 * g)
    onp.testing.assert_allclose(on_host(ag.grad(lambda x: f(doubled(x)))(x)), 8 * JACOBIAN.sum(0))
    onp.testing.assert_allclose(on_host(ag.deriv(doubled)(x)), 2.0)
    assert set(seen) == {_registry.of(x)}
