"""`hessian_diag` on every backend: the diagonal of `hessian`."""

import numpy as np
import pytest

import keratorch as kt

X = np.array([[0.5, 1.5]])


def host(x):
    return np.array(kt.asarray(x).detach().numpy())


@pytest.fixture
def make(xp, device):
    """Raw arrays on the device under test."""
    return lambda values: xp.asarray(np.array(values), device=device)._array


def f(x):
    return kt.sum(kt.sin(x[0, 0] * x)) * x[0, 1] ** 2


def vector(x):
    return kt.stack([x[0, 0] ** 2 * x[0, 1], kt.sum(x**3)])


def diagonal(h, lead):
    return np.einsum("...ijij->...ij", h) if h.ndim == lead + 4 else h


def test_of_a_number_and_of_an_array(make, device):
    x = make(X)
    found = kt.hessian_diag(f)(x)
    assert type(found) is type(x)
    assert kt.asarray(found).device == device
    np.testing.assert_allclose(host(found), diagonal(kt.hessian(f)(X), 0), rtol=1e-10)
    found = host(kt.hessian_diag(vector)(x))
    expected = diagonal(kt.hessian(vector)(X), 1)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_complex_numbers(make):
    def h(x):
        return kt.sum(kt.exp(1j * x) * x[0, 0])

    expected = diagonal(kt.hessian(h)(X), 0)
    assert np.abs(expected.imag).min() > 0.1
    np.testing.assert_allclose(host(kt.hessian_diag(h)(make(X))), expected, rtol=1e-10)
    z = make(X + 1j * X[:, ::-1])

    def g(z):
        return kt.sum(kt.real(z**3))

    np.testing.assert_allclose(host(kt.hessian_diag(g)(z)), 6 * host(z), rtol=1e-10)


def test_structures_arguments_and_aux(make):
    x, y = make(X), make([3.0])

    def g(p, c, *, scale):
        return kt.sum(p["x"] ** 3) * scale**2 * p["b"] ** 2 * c[0], c

    found, aux = kt.hessian_diag(g, has_aux=True)({"x": x, "b": 2.0}, y, scale=0.5)
    assert aux is y
    np.testing.assert_allclose(host(found["x"]), 6 * X * 3.0, rtol=1e-10)
    np.testing.assert_allclose(host(found["b"]), 1.5 * np.sum(X**3), rtol=1e-10)
    p = {"x": kt.asarray(x), "b": 2.0}
    found = kt.hessian_diag(lambda *a, **k: g(*a, **k)[0], 1, argnames="scale")(p, y, scale=0.5)
    of_c, of_scale = found
    np.testing.assert_array_equal(host(of_c), [0.0])
    np.testing.assert_allclose(host(of_scale), 24.0 * np.sum(X**3), rtol=1e-10)


def test_derivatives_of_the_diagonal(make):
    x = make(X)
    third = kt.grad(lambda x: kt.sum(kt.hessian_diag(lambda x: kt.sum(x**4))(x)))(x)
    np.testing.assert_allclose(host(third), 24 * X, rtol=1e-10)
    _, along = kt.jvp(kt.hessian_diag(lambda x: kt.sum(x**4)), (x,), (x,))
    np.testing.assert_allclose(host(along), 24 * X**2, rtol=1e-10)


def test_where_the_first_derivative_is_a_convention(make):
    x = make([0.0, 0.0])
    assert np.isnan(host(kt.hessian_diag(lambda x: kt.linalg.vector_norm(x) ** 2)(x))).all()
    np.testing.assert_array_equal(host(kt.hessian_diag(lambda x: kt.sum(x * x))(x)), 2.0)


def test_empty_arrays_and_updates(make):
    assert host(kt.hessian_diag(lambda x: kt.sum(x * x))(make(np.zeros((0, 3))))).shape == (0, 3)

    def g(x):
        x *= x
        return kt.sum(x * x)

    x = make(X)
    np.testing.assert_allclose(host(kt.hessian_diag(g)(x)), 12 * X**2, rtol=1e-10)
    np.testing.assert_array_equal(host(x), X)


def test_errors_name_the_transformation():
    with pytest.raises(kt.StructureError, match=r"^hessian_diag: argnums must be"):
        kt.hessian_diag(f, "x")
    with pytest.raises(kt.DTypeError, match="argument 0"):
        kt.hessian_diag(lambda x: x)(np.arange(3))
