"""Vector spaces and primitives of `keratorch.autograd` on every device."""

import numpy as onp
import pytest

import keratorch as kt
from keratorch import autograd as ag
from keratorch.autograd.extend import defjvp, defvjp, primitive, vspace
from keratorch.backends import _registry
from tests.op_checks import on_device, on_host

A = onp.array([0.5, -1.0, 2.0])


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
    onp.testing.assert_allclose(on_host(ag.grad(lambda x: kt.sum(doubled(x) ** 2))(x)), 8 * A)
    onp.testing.assert_allclose(on_host(ag.deriv(doubled)(x)), 2.0)
    assert set(seen) == {_registry.of(x)}
