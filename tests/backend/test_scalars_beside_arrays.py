"""A number that is differentiated in keeps its kind: beside complex arrays it stays real."""

import numpy as np
import pytest

import keratorch as kt

ONE_DEVICE_EACH = True


@pytest.fixture(params=["complex64", "complex128"])
def c(request, xp, device):
    return xp.asarray(1 + 2j, dtype=getattr(xp, request.param), device=device)._array


def dtype_of(x):
    return str(kt.asarray(x).dtype).rpartition(".")[2]


def check(found, expected, like):
    """`found` is of the library and precision of `like`, and of the kind of `expected`."""
    bits = 128 if dtype_of(like) == "complex128" else 64
    kind = f"complex{bits}" if isinstance(expected, complex) else f"float{bits // 2}"
    assert dtype_of(found) == kind and type(found) is type(like)
    np.testing.assert_allclose(kt.asarray(found).numpy(), expected, rtol=1e-6)


def product(a, c):
    return a * c


def real(a, c):
    return kt.real(a * c)


def test_gradients(c):
    for g in (
        kt.grad(lambda p: real(**p))({"a": 0.4, "c": c}),
        kt.value_and_grad(lambda p: real(**p))({"a": 0.4, "c": c})[1],
        kt.elementwise_grad(lambda p: real(**p))({"a": 0.4, "c": c}),
    ):
        check(g["a"], 1.0, c)
        check(g["c"], 0.4 + 0j, c)
    a, z = kt.vjp(product, 0.4, c)[1](kt.ones_like(kt.asarray(c))._array)
    check(a, 1.0, c)
    check(z, 0.4 + 0j, c)


def test_forward_mode(c):
    y, t = kt.jvp(product, (0.4, c), (1.0, c))
    check(y, 0.4 + 0.8j, c)
    check(t, 1.4 + 2.8j, c)
    check(kt.linearize(product, 0.4, c)[1](1.0, c), 1.4 + 2.8j, c)
    with pytest.raises(kt.DTypeError, match="real array is real"):
        kt.jvp(product, (0.4, c), (1j, c))
    y, t = kt.jvp(lambda a, c: a * 2.0, (0.4, c), (1.0, c))
    check(y, 0.8, c)
    check(t, 2.0, c)


@pytest.mark.parametrize("jacobian", [kt.jacrev, kt.jacfwd, kt.jacobian])
def test_jacobians(jacobian, c):
    a, z = jacobian(product, argnums=(0, 1))(0.4, c)
    check(a, 1 + 2j, c)
    check(z, 0.4 + 0j, c)
    a, z = jacobian(real, argnums=(0, 1))(0.4, c)
    check(a, 1.0, c)
    check(z, 0.4 + 0j, c)


def test_second_derivatives(c):
    def square(a, c):
        return kt.real(a * a * c)

    check(kt.hessian(square, argnums=(0, 1))(0.4, c)[0][0], 2.0, c)
    a, z = kt.hvp(square, (0.4, c), (1.0, c))
    check(a, 2.8, c)  # 2·Re c + 2a·Re c
    check(z, 0.8 + 0j, c)
    check(kt.vhp(square, (0.4, c), (1.0, c))[0], 2.8, c)


def test_numbers_that_a_function_returns(c):
    y, t = kt.jvp(lambda c: (c * c, 2.0, 3), (c,), (c,))
    check(y[1], 2.0, c)
    check(y[2], 3.0, c)
    check(t[1], 0.0, c)


def test_scalars_of_numpy(c):
    gradient = kt.grad(real, argnums=(0, 1))
    for a in (np.float64(0.4), np.float32(0.4)):
        found = gradient(a, c)[0]
        assert dtype_of(found).startswith("float") and kt.asarray(found).item() == 1.0
    for a in (np.complex128(0.4), 0.4 + 0j):
        found = gradient(a, c)[0]
        assert dtype_of(found).startswith("complex") and kt.asarray(found).item() == 1 - 2j


def test_real_arrays_beside_complex_ones(c, xp, device):
    a = xp.asarray([1.0, 2.0], dtype=xp.float32, device=device)._array
    for g in (
        kt.grad(lambda a, c: kt.sum(real(a, c)))(a, c),
        kt.vjp(real, a, c)[1](_like(c, a))[0],
    ):
        assert dtype_of(g) == "float32"
        np.testing.assert_array_equal(kt.asarray(g).numpy(), [1.0, 1.0])


def _like(c, a):
    return kt.ones_like(real(kt.asarray(a), kt.asarray(c)))._array


def test_integers_are_refused_beside_complex_arrays(c):
    for a in (1, True):
        with pytest.raises(kt.DTypeError, match="write it as a float"):
            kt.grad(real)(a, c)


def test_a_solution_beside_complex_parameters_may_be_complex(c):
    root = kt.fixed_point(lambda x, c: 0.25 * kt.cos(x) * c, 0.0, c)
    assert dtype_of(root) == dtype_of(c)
    np.testing.assert_allclose(
        kt.asarray(root).numpy(), (0.25 * kt.cos(kt.asarray(root)) * c).numpy(), 1e-5
    )
