"""`checkpoint` compares what it computes again with what came first."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.transforms.recomputed import waits

A = np.array([0.5, 1.5, 2.0])


@pytest.fixture
def x(xp, device):
    return xp.asarray(A, dtype=xp.float64, device=device)._array


class Dropout:
    """A layer with a generator of its own."""

    def __init__(self, scale=1.0):
        self.rng = np.random.default_rng(0)
        self.scale = scale

    def __call__(self, x):
        mask = 1.0 + self.scale * self.rng.random(3)
        return x * kt.asarray(mask.tolist(), device=x.device)


class Block:
    """A layer that holds others: `checkpoint` does not see the generator."""

    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return kt.sin(x)


def total(function, **options):
    return lambda x: kt.sum(kt.checkpoint(function, **options)(x))


DERIVATIVES = {
    "grad": lambda f, x: kt.grad(f)(x),
    "hessian": lambda f, x: kt.hessian(f)(x),
    "jvp": lambda f, x: kt.jvp(f, (x,), (x,))[1],
    "linearize": lambda f, x: kt.linearize(f, x)[1](x),
    "jacfwd": lambda f, x: kt.jacfwd(f)(x),
    "backward": lambda f, x: backward(f, kt.GradArray(x)),
}


def backward(f, leaf):
    f(leaf).backward()
    return leaf.grad


@pytest.mark.parametrize("how", DERIVATIVES)
def test_a_hidden_generator_is_an_error_or_nan(how, x):
    derivative = DERIVATIVES[how]
    if waits(x):
        found = kt.asarray(derivative(total(Block(Dropout())), x)).numpy()
        # The block works element by element: a Hessian is 0 beside the diagonal, whatever it draws.
        expected = np.eye(3, dtype=bool) if how == "hessian" else np.ones(found.shape, dtype=bool)
        np.testing.assert_array_equal(np.isnan(found), expected)
        np.testing.assert_array_equal(found[~expected], 0.0)
    else:
        with pytest.raises(kt.RuleError, match=r"output 0, of shape \(3,\).*pass the generator"):
            derivative(total(Block(Dropout())), x)


@pytest.mark.parametrize("how", DERIVATIVES)
def test_what_is_the_same_twice_is_right(how, x):
    def f(x):
        y = kt.sin(x)
        return {"a": y * x, "b": [kt.sum(y), None], "c": 3, "d": kt.floor(x)}

    def loss(of):
        def function(x):
            found = of(x)
            return kt.sum(found["a"]) * found["b"][0]

        return function

    found = DERIVATIVES[how](loss(kt.checkpoint(f)), x)
    expected = DERIVATIVES[how](loss(f), x)
    assert type(found) is type(expected)
    np.testing.assert_allclose(kt.asarray(found).numpy(), kt.asarray(expected).numpy())


def test_values_that_are_not_finite_are_the_same_twice(x):
    def f(x):
        return kt.where(x > 1.0, x * x, kt.nan), kt.where(x > 1.0, x, kt.inf), x[:0]

    def loss(x):
        a, b, empty = kt.checkpoint(f)(x)
        return kt.sum(a[1:]) + kt.sum(b[1:]) + kt.sum(empty)

    np.testing.assert_allclose(kt.asarray(kt.grad(loss)(x)).numpy(), [0.0, 4.0, 5.0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_rounding_is_no_difference(dtype, xp, device):
    x = xp.asarray(A, dtype=getattr(xp, dtype), device=device)._array
    rounding = 1e-6 if dtype in ("float32", "complex64") else 1e-14
    calls = []

    def f(x):
        calls.append(1)
        return x * (1.0 + rounding * len(calls)) * x

    found = kt.grad(lambda x: kt.sum(kt.real(total(f)(x))))(x)
    np.testing.assert_allclose(kt.asarray(found).numpy(), 2 * A, rtol=1e-5)


def test_the_comparison_can_be_left_out(x):
    found = kt.grad(total(Block(Dropout(0.01)), compare=False))(x)
    np.testing.assert_allclose(kt.asarray(found).numpy(), np.cos(A), atol=0.1)


def test_a_result_that_was_written_since_is_not_compared(x):
    leaf = kt.GradArray(x)
    y = kt.checkpoint(lambda x: x * 2.0)(leaf)
    z = y + 0.0
    with kt.no_grad():
        y[...] = 7.0
    kt.sum(z).backward()
    np.testing.assert_array_equal(kt.asarray(leaf.grad).numpy(), [2.0, 2.0, 2.0])


def test_another_dtype_is_an_error(xp, device):
    x = xp.asarray(A, dtype=xp.float32, device=device)._array
    calls = []

    def f(x):
        calls.append(1)
        return kt.astype(x, kt.float64 if len(calls) > 1 else kt.float32) * 2.0

    with pytest.raises(kt.RuleError, match=r"dtypes .*float32.*float64"):
        kt.grad(total(f))(x)


def test_nothing_waits_for_a_device(x):
    if not waits(x):
        pytest.skip("values of this device are on the host")
    leaf = kt.GradArray(x)
    y = total(lambda x: kt.sin(x) * 2.0)(leaf)
    with kt.no_sync():
        y.backward()
    np.testing.assert_allclose(kt.asarray(leaf.grad).numpy(), 2 * np.cos(A))


def test_under_jit():
    jax = pytest.importorskip("jax")
    x = jax.numpy.asarray(A)
    found = jax.jit(kt.grad(total(lambda x: kt.sin(x) * x)))(x)
    np.testing.assert_allclose(np.asarray(found), np.cos(A) * A + np.sin(A))
