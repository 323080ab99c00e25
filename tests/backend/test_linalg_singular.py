"""Determinants and pseudo-inverses, of singular and of nearly singular matrices."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.leaves import grad, leaf, normal, with_linalg
from tests.op_checks import on_device, on_host


@pytest.fixture
def device(device):
    return with_linalg(device)


def tangent(function, x, t):
    _, found = kt.jvp(function, [x.detach()], [t])
    return on_host(found._array)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_det_of_singular_matrices(device, rank, dtype, rng):
    """The gradient is made of cofactors, each a determinant."""
    a = normal(rng, 3, rank, dtype=dtype) @ normal(rng, rank, 3, dtype=dtype)
    expected = cofactors(a)
    x = leaf(device, a, dtype)
    np.testing.assert_allclose(grad(kt.linalg.det, x), np.conj(expected), atol=1e-12)
    t = kt.ones_like(x.detach())
    np.testing.assert_allclose(tangent(kt.linalg.det, x, t), np.sum(expected), atol=1e-12)


def cofactors(a):
    minors = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(3)] for i in range(3)]
    return np.array(
        [[(-1) ** (i + j) * np.linalg.det(minors[i][j]) for j in range(3)] for i in range(3)]
    )


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_second_derivatives_of_det_of_singular_matrices(device, rank, rng):
    """The cofactors of 3×3 matrices are of degree 2: half a difference is their derivative."""
    a, v = normal(rng, 3, rank) @ normal(rng, rank, 3), normal(rng, 3, 3)
    x, t = (on_device(device, m) for m in (a, v))
    expected = (cofactors(a + v) - cofactors(a - v)) / 2
    for product in kt.hvp, kt.vhp:
        found = on_host(product(kt.linalg.det, (x,), (t,)))
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_det_of_a_stack_of_all_ranks_has_all_derivatives(n, dtype, rng):
    factors = [(normal(rng, n, r, dtype=dtype), normal(rng, r, n, dtype=dtype)) for r in range(n)]
    stack = np.stack([a @ b for a, b in factors])
    check_grads(kt.linalg.det, [stack], order=3)
    check_grads(lambda x: kt.sum(kt.linalg.det(x)), [stack[:0]], order=2)


def test_second_derivatives_of_det_where_singular_values_differ_much(rng):
    """Of a diagonal matrix they are products of all its elements but two."""
    turn = np.linalg.qr(normal(rng, 8, 8)).Q
    v = normal(rng, 8, 8)
    for s in np.geomspace(1, 1e-8, 8), np.array([3.0, 1, 1e-3, 1e-6, 1e-9, 1e-12, 0, 0]):
        rest = np.array([[np.prod(np.delete(s, [i, j])) for j in range(8)] for i in range(8)])
        np.fill_diagonal(rest, 0)
        expected = np.diag(rest @ np.diag(v)) - rest * (v.T - np.diag(np.diag(v)))
        found = kt.hvp(kt.linalg.det, (np.diag(s),), (v,))
        np.testing.assert_allclose(found, expected, atol=1e-9 * abs(expected).max())
        if s[-1] == 0:
            continue  # turned, its rounding is as large as the smallest of its values
        found = kt.hvp(kt.linalg.det, (turn @ np.diag(s) @ turn.T,), (turn @ v @ turn.T,))
        found = turn.T @ found @ turn
        np.testing.assert_allclose(found, expected, atol=1e-6 * abs(expected).max())


def test_second_derivatives_of_det_where_no_value_is_looked_at(rng):
    """As on GPUs and under `jax.jit`: up to 8 singular values may have vanished."""
    for n, rank in ((3, 1), (10, 7), (9, 9)):
        a, v = normal(rng, n, rank) @ normal(rng, rank, n), normal(rng, n, n)
        seen = kt.hvp(kt.linalg.det, (a,), (v,))
        with kt.no_sync():
            unseen = kt.hvp(kt.linalg.det, (a,), (v,))
        np.testing.assert_allclose(unseen, seen, rtol=1e-7, atol=1e-9)


def test_second_derivatives_of_det_of_singular_matrices_are_compiled_by_jax(rng):
    jax = pytest.importorskip("jax")
    a, v = normal(rng, 3, 2) @ normal(rng, 2, 3), normal(rng, 3, 3)
    x, t = jax.numpy.asarray(a), jax.numpy.asarray(v)
    found = jax.jit(lambda x, t: kt.hvp(kt.linalg.det, (x,), (t,)))(x, t)
    expected = (cofactors(a + v) - cofactors(a - v)) / 2
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 4), (4, 6), (6, 4)])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_second_derivatives_of_pinv_keep_their_digits(device, dtype, shape, rng):
    """1 − AA⁺ is 0 at full rank: what rounding leaves of it must not be multiplied.

    Zeros around a square matrix are around its pseudo-inverse too.
    """
    (m, n), singular = shape, np.geomspace(1, 1e-5, 4)
    u, v = (np.linalg.qr(normal(rng, 4, 4, dtype=dtype)).Q for _ in range(2))
    d, e = (on_device(device, normal(rng, 4, 4, dtype=dtype)) for _ in range(2))
    x = on_device(device, u * singular @ v)

    def padded(x):
        zeros = kt.zeros((m, n), dtype=x.dtype, device=kt.asarray(x).device)
        zeros[:4, :4] = x
        return zeros

    functions = (kt.linalg.inv, lambda x: kt.linalg.pinv(padded(x))[:4, :4])
    results = []
    for of in functions:
        (forward,) = (kt.jvp(lambda x, of=of: kt.jvp(of, (x,), (d,))[1], (x,), (e,))[1],)
        reverse = kt.hvp(lambda x, of=of: kt.sum(kt.real(of(x) * d)), (x,), (e,))
        results.append([on_host(kt.asarray(y)._array) for y in (forward, reverse)])
    for found, wanted in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-9 * abs(wanted).max())


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_pinv_at_constant_rank(device, dtype, rng):
    """A product of thin factors keeps its rank, whatever its factors do."""
    factors = [on_device(device, normal(rng, *s, dtype=dtype)) for s in ((4, 2), (2, 3))]
    check_grads(lambda a, b: kt.linalg.pinv(a @ b, rtol=1e-8), factors)


def test_pinv_that_leaves_out_singular_values_has_no_derivative(device, rng):
    """The formula assumes constant rank; here the rank of what is inverted is another."""
    a = on_device(with_linalg(device), normal(rng, 2, 5, 3) * np.array([1.0, 1.0, 0.1]))
    on_gpu = kt.asarray(a).device.kind != "cpu"

    def f(x):
        return kt.sum(kt.linalg.pinv(x, rtol=0.2))

    assert kt.linalg.pinv(kt.asarray(a), rtol=0.2).shape == (2, 3, 5)
    if on_gpu:
        assert np.isnan(on_host(kt.grad(f)(a))).all()
        return
    for derivative in (kt.grad, lambda f: lambda a: kt.jvp(f, (a,), (a,))[1]):
        with pytest.raises(kt.NotDifferentiableError, match="rtol leaves out singular values"):
            derivative(f)(a)


def test_pinv_under_jit_is_nan_there(rng):
    jax = pytest.importorskip("jax")
    a = normal(rng, 5, 3) * np.array([1.0, 1.0, 0.1])
    for rtol, cut in ((0.2, True), (1e-6, False)):

        def slope(x, rtol=rtol):
            return kt.grad(lambda x: kt.sum(kt.linalg.pinv(x, rtol=rtol)))(x)

        assert np.isnan(np.asarray(jax.jit(slope)(jax.numpy.asarray(a)))).all() == cut
