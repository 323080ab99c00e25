"""Functions that update their argument, under every transformation and on every backend.

Each function has a twin that computes the same without a write. The derivatives of both are equal,
and the array of the caller stays as it was.
"""

import numpy as np
import pytest

import keratorch as kt
from keratorch.transforms.tree import leaves

ONE_DEVICE_EACH = True

X = np.array([1.5, 0.5, 2.0])
T = np.array([1.0, -2.0, 0.5])


def add(u):
    u += 0.1 * u**2
    return u**2


def add_twin(u):
    return (u + 0.1 * u**2) ** 2


def several(u):
    y = u * u
    u *= u
    u -= 1.0
    u /= 2.0
    u **= 3
    return y * u


def several_twin(u):
    return u * u * ((u * u - 1.0) / 2.0) ** 3


def element(u):
    u[0] = u[1] * 2.0
    return u**3


def element_twin(u):
    return kt.stack([8.0 * u[1] ** 3, u[1] ** 3, u[2] ** 3])


def shifted(u):
    u[1:] = u[:-1] * u[1:]
    return kt.sin(u)


def shifted_twin(u):
    return kt.sin(kt.stack([u[0], u[0] * u[1], u[1] * u[2]]))


def through_a_view(u):
    v = u[1:]
    v *= 2.0
    w = v[:1]
    w[0] = v[1] * u[0]
    return u**3


def through_a_view_twin(u):
    return kt.stack([u[0] ** 3, (2.0 * u[2] * u[0]) ** 3, 8.0 * u[2] ** 3])


def sorted_in_place(u):
    u.sort()
    return u**2 * kt.asarray([1.0, 2.0, 3.0], device=u.device)


def sorted_twin(u):
    return kt.sort(u) ** 2 * kt.asarray([1.0, 2.0, 3.0], device=u.device)


def filled(u):
    y = u**3
    u.fill(2.0)
    u[1] = 4.0
    return y * u


def filled_twin(u):
    return u**3 * kt.asarray([2.0, 4.0, 2.0], device=u.device)


def out(u):
    np.multiply(u, u, out=u)
    np.add(u, 1.0, out=u)
    return u**2


def out_twin(u):
    return (u * u + 1.0) ** 2


TWINS = {
    f.__name__: (f, twin)
    for f, twin in [
        (add, add_twin),
        (several, several_twin),
        (element, element_twin),
        (shifted, shifted_twin),
        (through_a_view, through_a_view_twin),
        (sorted_in_place, sorted_twin),
        (filled, filled_twin),
        (out, out_twin),
    ]
}


def total(f):
    return lambda u: kt.sum(f(u))


#: Each gives numbers from a function, a point and a direction.
DERIVATIVES = {
    "grad": lambda f, x, t: kt.grad(total(f))(x),
    "value_and_grad": lambda f, x, t: kt.value_and_grad(total(f))(x),
    "elementwise_grad": lambda f, x, t: kt.elementwise_grad(f)(x),
    "vjp": lambda f, x, t: (kt.vjp(f, x)[0], kt.vjp(f, x)[1](t)),
    "jvp": lambda f, x, t: kt.jvp(f, (x,), (t,)),
    "linearize": lambda f, x, t: (kt.linearize(f, x)[0], kt.linearize(f, x)[1](t)),
    "jacrev": lambda f, x, t: kt.jacrev(f)(x),
    "jacfwd": lambda f, x, t: kt.jacfwd(f)(x),
    "jacobian": lambda f, x, t: kt.jacobian(f)(x),
    "hessian": lambda f, x, t: kt.hessian(total(f))(x),
    "hvp": lambda f, x, t: kt.hvp(total(f), (x,), (t,)),
    "vhp": lambda f, x, t: kt.vhp(total(f), (x,), (t,)),
    "ggnvp": lambda f, x, t: kt.ggnvp(f, total(f), (x,), (t,)),
    "grad of grad": lambda f, x, t: kt.grad(lambda u: kt.sum(kt.grad(total(f))(u)))(x),
    "jvp of jvp": lambda f, x, t: kt.jvp(lambda u: kt.jvp(f, (u,), (t,))[1], (x,), (t,)),
    "checkpoint": lambda f, x, t: kt.grad(total(kt.checkpoint(f)))(x),
    "hvp of checkpoint": lambda f, x, t: kt.hvp(total(kt.checkpoint(f)), (x,), (t,)),
}


@pytest.fixture
def make(xp, device):
    """Raw arrays on the device under test."""
    return lambda values: xp.asarray(np.array(values), device=device)._array


def host(x):
    return np.array(kt.asarray(x).detach().numpy())


def numbers(found):
    return [host(x) for x in leaves(found)]


@pytest.mark.parametrize("name", TWINS)
def test_all_derivatives_are_those_of_the_twin(name, make, target, full):
    f, twin = TWINS[name]
    x, t = make(X), make(T)
    for derivative in DERIVATIVES:
        if target.backend in ("jax", "dask") and not full and derivative not in FEW:
            continue
        of = DERIVATIVES[derivative]
        for a, b in zip(numbers(of(f, x, t)), numbers(of(twin, x, t)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12, err_msg=derivative)
        np.testing.assert_array_equal(host(x), X, err_msg=derivative)
        np.testing.assert_array_equal(host(t), T, err_msg=derivative)


#: Libraries that compile, or build graphs, take a second for all of them.
FEW = ("grad", "jvp", "checkpoint")


def test_writes_under_no_grad_leave_the_array_of_the_caller(make):
    """The values change, and the derivative stays that of the old value."""

    def f(u):
        v = u[1:]
        with kt.no_grad():
            u += 1.0
            v *= 2.0
            u[0] = 5.0
        return kt.sum(u**2)

    x, t = make(X), make(T)
    now = np.array([5.0, 3.0, 6.0])
    np.testing.assert_allclose(host(kt.grad(f)(x)), 2 * now)
    np.testing.assert_allclose(host(kt.jvp(f, (x,), (t,))[1]), np.sum(2 * now * T))
    np.testing.assert_allclose(host(kt.jacfwd(f)(x)), 2 * now)
    np.testing.assert_array_equal(host(x), X)


def test_gradarrays_of_the_caller_stay_as_they_were(make):
    for x in (kt.GradArray(make(X)), kt.asarray(make(X)), kt.GradArray(make(X)) * 1.0):
        for derivative in ("grad", "jvp", "linearize"):
            DERIVATIVES[derivative](add, x, make(T))
            assert type(x.grad_op).__name__ in ("NoneType", "MultiplyGrad")
            np.testing.assert_array_equal(host(x), X)


def test_checkpoint_computes_with_what_it_was_given(make):
    """Neither the first call nor the second shows in the arrays of the caller."""

    def f(u, c):
        c *= 2.0
        u += c
        return u * u

    x, c = kt.GradArray(make(X)), kt.asarray(make(T))
    y = kt.checkpoint(f)(x, c)
    for _ in range(2):
        y.sum().backward(retain_graph=True)
    np.testing.assert_allclose(host(x.grad), 4 * (X + 2 * T))
    np.testing.assert_array_equal(host(c), T)
    np.testing.assert_array_equal(host(x), X)
    with kt.no_grad():
        np.testing.assert_allclose(host(kt.checkpoint(f)(x, c)), (X + 2 * T) ** 2)
    np.testing.assert_array_equal(host(x), X)


def test_a_leaf_of_the_user_refuses(make):
    x = kt.GradArray(make(X))
    for write in (add, element, through_a_view, filled, out):
        with pytest.raises(kt.LeafWriteError, match="no_grad"):
            write(x)
    with pytest.raises(kt.LeafWriteError):  # also where a function captures it
        kt.grad(lambda u: kt.sum(u * add(x)))(make(X))
    np.testing.assert_array_equal(host(x), X)
