"""Transformations on every backend and device."""

import numpy as np
import pytest

import keratorch as kt

A = [0.5, 1.5, 2.0]
V = [1.0, -2.0, 0.5]


@pytest.fixture
def make(xp, device):
    """Raw arrays on the device under test."""

    def make(values, dtype="float64"):
        x = xp.asarray(values, dtype=getattr(xp, dtype), device=device)
        return x._array

    return make


def check(found, expected, like, device, rtol=1e-10):
    assert type(found) is type(like)
    x = kt.asarray(found)
    assert x.device == device and x.dtype == like.dtype
    np.testing.assert_allclose(x.numpy(), expected, rtol=rtol, atol=1e-12)


def f(x):
    return kt.sum(kt.sin(x) * x[0] ** 2)


a, v = np.array(A), np.array(V)
GRADIENT = a[0] ** 2 * np.cos(a)
GRADIENT[0] += 2 * a[0] * np.sin(a).sum()
HESSIAN = np.diag(-(a[0] ** 2) * np.sin(a))
HESSIAN[0] += 2 * a[0] * np.cos(a)
HESSIAN[:, 0] += 2 * a[0] * np.cos(a)
HESSIAN[0, 0] += 2 * np.sin(a).sum()


def test_gradients_stay_where_the_arguments_are(make, device):
    x, t = make(A), make(V)
    check(kt.grad(f)(x), GRADIENT, x, device)
    value, g = kt.value_and_grad(f)({"x": x}["x"])
    check(g, GRADIENT, x, device)
    check(value, np.sum(np.sin(a)) * a[0] ** 2, x, device)
    out, pullback = kt.vjp(f, x)
    seed = (kt.ones_like(kt.asarray(out)) * 2.0)._array
    check(pullback(seed)[0], 2 * GRADIENT, x, device)
    check(kt.jvp(f, (x,), (t,))[1], GRADIENT @ v, x, device)
    check(kt.linearize(f, x)[1](t), GRADIENT @ v, x, device)
    check(kt.elementwise_grad(kt.tanh)(x), 1 - np.tanh(a) ** 2, x, device)
    g = kt.grad(lambda p: f(p["x"]) * p["b"])({"x": x, "b": 2.0})
    check(g["x"], 2 * GRADIENT, x, device)
    check(g["b"], np.sum(np.sin(a)) * a[0] ** 2, x, device)


def test_second_derivatives(make, device):
    x, t = make(A), make(V)
    check(kt.hessian(f)(x), HESSIAN, x, device)
    check(kt.jacrev(kt.grad(f))(x), HESSIAN, x, device)
    check(kt.jacobian(kt.jacfwd(f))(x), HESSIAN, x, device)
    check(kt.hvp(f, (x,), (t,)), HESSIAN @ v, x, device)
    check(kt.vhp(f, (x,), (t,)), HESSIAN @ v, x, device)
    j = np.diag(2 * a)
    found = kt.ggnvp(lambda x: x * x, lambda y: kt.sum(y**3), (x,), (t,))
    check(found, j @ np.diag(6 * a**2) @ j @ v, x, device)


def test_single_precision(make, device):
    x, t = make(A, "float32"), make(V, "float32")
    for found in (kt.grad(f)(x), kt.jacfwd(f)(x), kt.jacrev(f)(x)):
        check(found, GRADIENT, x, device, rtol=1e-5)
    check(kt.hvp(f, (x,), (t,)), HESSIAN @ v, x, device, rtol=1e-4)


def test_complex(make, device):
    z = make([1 + 2j, 0.5j, -1 + 0j], "complex128")
    w = np.array([1 + 2j, 0.5j, -1])
    check(kt.grad(lambda z: kt.sum(kt.abs(z) ** 2))(z), 2 * w, z, device)
    for jac in (kt.jacrev, kt.jacfwd):
        check(jac(kt.exp)(z), np.diag(np.exp(w)), z, device)


def test_rules_of_users(make, device):
    x = make(A)

    @kt.custom_vjp
    def sine(x):
        return kt.sin(x)

    sine.defvjp(lambda x: (kt.sin(x), x), lambda x, g: (g * kt.cos(x),))
    check(kt.grad(lambda x: kt.sum(sine(x)))(x), np.cos(a), x, device)
    check(kt.hessian(lambda x: kt.sum(sine(x)))(x), np.diag(-np.sin(a)), x, device)

    @kt.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda p, t: (cube(*p), 3 * p[0] ** 2 * t[0]))
    check(kt.grad(lambda x: kt.sum(cube(x)))(x), 3 * a**2, x, device)
    check(kt.hessian(lambda x: kt.sum(cube(x)))(x), np.diag(6 * a), x, device)


def test_checkpoint(make, device):
    x = make(A)
    w = kt.GradArray(make(V))
    g = kt.grad(kt.checkpoint(lambda x: f(x * w)))(x)
    check(g, kt.asarray(kt.grad(lambda x: f(x * w.detach()))(x)).numpy(), x, device)
    check(kt.hessian(kt.checkpoint(f))(x), HESSIAN, x, device)


def test_solutions(make, device):
    x = make(A)
    root = kt.implicit_root(lambda y, x: y * y - x, lambda x: x**0.5)
    check(kt.grad(lambda x: kt.sum(root(x)))(x), 0.5 / np.sqrt(a), x, device)
    check(kt.hessian(lambda x: kt.sum(root(x)))(x), np.diag(-0.25 * a**-1.5), x, device)
    check(kt.jvp(root, (x,), (x,))[1], 0.5 * np.sqrt(a), x, device)
    newton = lambda x: kt.fixed_point(lambda y, x: (y + x / y) / 2, make([1.0] * 3), x)  # noqa: E731
    check(kt.grad(lambda x: kt.sum(newton(x)))(x), 0.5 / np.sqrt(a), x, device)


def test_many_unknowns(make, device):
    n = 70
    b = make(np.linspace(0, 1, n))
    root = kt.implicit_root(lambda y, b: 50 * y - kt.roll(y, 1) - b, lambda b: b * 0)
    matrix = 50 * np.eye(n) - np.roll(np.eye(n), 1, axis=0)
    found = kt.grad(lambda b: kt.sum(root(b) * b))(b)
    x = np.linspace(0, 1, n)
    check(found, np.linalg.solve(matrix.T, x), b, device, rtol=1e-9)
