"""bfloat16 of NumPy, a dtype of the package ml_dtypes: a leaf, with kernels in float32."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp

bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
X = np.array([0.5, -1.0, 3.0], dtype=bfloat16)
WIDE = X.astype(np.float64)


def wide(x):
    return np.asarray(x).astype(np.float64)


def test_it_is_a_leaf():
    x = kt.GradArray(X)
    assert x.requires_grad
    assert x.dtype == bfloat16
    assert kt.asarray(X, requires_grad=True).requires_grad
    assert kt.GradArray([1.0], dtype=bfloat16).dtype == bfloat16
    assert kt.isdtype(X.dtype, "real floating")
    assert kt.finfo(X.dtype).bits == 16
    assert (x * 2.0).dtype == (2 - x).dtype == bfloat16


def test_the_gradient_is_of_the_same_dtype():
    x = kt.GradArray(X)
    kt.sum(x * x * 3.0).backward()
    assert x.grad.dtype == bfloat16
    np.testing.assert_array_equal(wide(x.grad), 6 * WIDE)
    found = kt.grad(lambda x: kt.sum(kt.exp(x)))(X)
    assert type(found) is np.ndarray
    assert found.dtype == bfloat16


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_rules_compute_in_float32(shape):
    """In bfloat16 each step would be rounded to 8 bits; the result is rounded once."""
    x = kt.GradArray(np.full(shape, 1.703125, bfloat16))
    for function, expected in (
        (kt.tan, 1 / np.cos(1.703125) ** 2),
        (kt.atan, 1 / (1 + 1.703125**2)),
        (lambda x: x**3, 3 * 1.703125**2),
        (lambda x: 1 / x, -1 / 1.703125**2),
        (kt.special.softplus, 1 / (1 + np.exp(-1.703125))),
    ):
        found = kt.gradients([kt.sum(function(x))], [x])[0]
        bound = 2.0**-8 if function is not kt.tan else 2.0**-4  # tan reads its rounded output
        np.testing.assert_allclose(wide(found), np.full(shape, expected), rtol=bound)


def test_sums_of_broadcast_gradients_are_in_float32():
    x, y = kt.GradArray(np.asarray(1.0, bfloat16)), np.full(1000, 1.0078125, bfloat16)
    kt.sum(kt.exp(x * 0) * y).backward()
    kt.sum(x * y).backward()
    np.testing.assert_allclose(wide(x.grad), 1007.8125, rtol=2.0**-8)


def test_where_trap_and_second_order():
    x = kt.GradArray(np.array([0.0, 2.0], bfloat16))
    with np.errstate(divide="ignore"):
        y = kt.sum(kt.where(x > 0, kt.log(x), 0.0))
    (first,) = kt.gradients([y], [x], create_graph=True)
    np.testing.assert_array_equal(wide(first._array), [0, 0.5])
    (second,) = kt.gradients([kt.sum(first)], [x])
    np.testing.assert_array_equal(wide(second), [0, -0.25])
    assert second.dtype == bfloat16
    _, tangent = kt.jvp(kt.sin, [X], [np.ones_like(X)])
    assert tangent.dtype == bfloat16
    np.testing.assert_allclose(wide(tangent), np.cos(WIDE), rtol=2.0**-7)


def test_layers():
    """A step of a small network."""
    rng = np.random.default_rng(0)
    w = kt.GradArray(rng.normal(size=(4, 3)).astype(bfloat16))
    data = rng.normal(size=(5, 4)).astype(bfloat16)
    loss = -kt.mean(kt.special.log_softmax(kt.tanh(data @ w), axis=-1)[:, 0])
    loss.backward()
    reference = kt.GradArray(wide(w._array))
    hidden = kt.tanh(wide(data) @ reference)
    (-kt.mean(kt.special.log_softmax(hidden, axis=-1)[:, 0])).backward()
    np.testing.assert_allclose(wide(w.grad), reference.grad, rtol=0.05, atol=0.02)
    assert w.grad.dtype == bfloat16


def test_numpys_functions():
    x = kt.GradArray(X)
    assert knp.mean(x).dtype == bfloat16
    np.testing.assert_allclose(wide(kt.grad(knp.var)(X)), 2 * (WIDE - WIDE.mean()) / 3, rtol=0.01)
    assert (np.float32(2) * x).dtype == np.float32
