"""Factors that a matrix does not determine. What is used of them may have a derivative.

These are the columns that complete a basis, and the phases of complex vectors.
"""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.leaves import grad, leaf, normal, with_linalg
from tests.op_checks import on_device, on_host

SHAPES = [(2, 4), (4, 2), (2, 3, 2)]


def order(device):
    """JAX compiles each derivative anew: one order of them is enough there."""
    return 1 if device.backend == "jax" else 2


@pytest.fixture
def device(device):
    return with_linalg(device)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_singular_values_beside_full_matrices(device, shape, rng):
    """The derivatives are those of `svdvals`, of both orders and in both modes."""
    x, t = (on_device(device, normal(rng, *shape)) for _ in range(2))

    def full(x):
        return kt.sum(kt.linalg.svd(x)[1] ** 3)

    def alone(x):
        return kt.sum(kt.linalg.svdvals(x) ** 3)

    for derivative in (
        lambda f: kt.grad(f)(x),
        lambda f: kt.jvp(f, (x,), (t,))[1],
        lambda f: kt.hvp(f, (x,), (t,)),
        lambda f: kt.vhp(f, (x,), (t,)),
        lambda f: kt.jvp(lambda x: kt.jvp(f, (x,), (t,))[1], (x,), (t,))[1],
    ):
        found, wanted = (on_host(kt.asarray(derivative(f))._array) for f in (full, alone))
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_first_columns_of_a_complete_basis(device, dtype, rng):
    tall, wide = (on_device(device, normal(rng, *s, dtype=dtype)) for s in ((4, 2), (2, 4)))
    for function, x in (
        (lambda x: kt.abs(kt.linalg.svd(x).U[:, :2]) ** 2, tall),
        (lambda x: kt.abs(kt.linalg.svd(x).Vh[:2, :]) ** 2, wide),
        (lambda x: kt.linalg.qr(x, mode="complete").Q[:, :2], tall),
        (lambda x: kt.linalg.qr(x, mode="complete").R, tall),
        (lambda x: kt.linalg.qr(x, mode="complete"), wide),
    ):
        check_grads(function, [x], order=order(device))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_space_of_the_other_columns_is_determined(device, dtype, rng):
    """The projection on it is 1 minus that on the first columns."""
    x = on_device(device, normal(rng, 4, 2, dtype=dtype))
    weights = leaf(device, normal(rng, 4, 4, dtype=dtype), dtype).detach()

    def total(projection):
        return kt.sum(kt.real(projection * weights))

    def first(x):
        u = kt.linalg.svd(x, full_matrices=False).U
        return total(kt.eye(4, dtype=u.dtype, device=u.device) - u @ kt.conj(u.mT))

    def of_others(q):
        return total(q[:, 2:] @ kt.conj(q[:, 2:].mT))

    for function in (
        lambda x: of_others(kt.linalg.svd(x).U),
        lambda x: of_others(kt.conj(kt.linalg.svd(kt.conj(kt.asarray(x).mT)).Vh.mT)),
        lambda x: of_others(kt.linalg.qr(x, mode="complete").Q),
    ):
        for derivative in (kt.grad, lambda f: lambda x: kt.vhp(f, (x,), (x,))):
            found, wanted = (on_host(derivative(f)(x)) for f in (function, first))
            np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


def test_the_other_columns_are_determined_by_nothing(device, rng):
    """Backward raises; forward mode, and backward where the host cannot look, give NaN."""
    tall, wide = (on_device(device, normal(rng, *s)) for s in ((4, 2), (2, 4)))
    for function, x, remedy in (
        (lambda x: kt.linalg.svd(x).U, tall, "last 2 .* of U.*full_matrices=False"),
        (lambda x: kt.linalg.svd(x).Vh.mT, wide, "last 2 .* of Vh.*full_matrices=False"),
        (lambda x: kt.linalg.qr(x, mode="complete").Q, tall, "last 2 .* of Q.*mode='reduced'"),
    ):
        gradient = kt.grad(lambda x, f=function: kt.sum(f(x)))
        if device.kind == "cpu":
            with pytest.raises(kt.NotDifferentiableError, match=remedy):
                gradient(x)
        with kt.no_sync():
            assert np.isnan(on_host(gradient(x))).all()
        tangent = on_host(kt.asarray(kt.jvp(function, (x,), (x,))[1])._array)
        np.testing.assert_array_equal(np.isnan(tangent), [[False, False, True, True]] * 4)


def hermitian(x):
    return x + kt.conj(kt.asarray(x).mT)


VECTORS = {
    "eig": lambda x: kt.linalg.eig(x).eigenvectors,
    "eigh": lambda x: kt.linalg.eigh(hermitian(x)).eigenvectors,
    "svd, U": lambda x: kt.linalg.svd(x).U,
    "svd, Vh": lambda x: kt.linalg.svd(x).Vh,
}


@pytest.mark.parametrize("name", VECTORS)
def test_phases(device, name, rng):
    """A loss that depends on them raises, as in PyTorch; one that does not is right."""
    function = VECTORS[name]
    x = on_device(device, normal(rng, 3, 3, dtype="complex128"))
    for part in (kt.real, kt.imag, lambda v: kt.real(v) ** 2):
        if device.kind == "cpu":
            with pytest.raises(kt.NotDifferentiableError, match="phases"):
                kt.grad(lambda x, p=part: kt.sum(p(function(x))))(x)
        with kt.no_sync():
            assert np.isnan(on_host(kt.grad(lambda x, p=part: kt.sum(p(function(x))))(x))).all()
    check_grads(lambda x: kt.abs(function(x)) ** 2, [x], order=order(device))


def test_phases_that_cancel(device, rng):
    """A common phase of U and V changes no product of both."""
    x = on_device(device, normal(rng, 3, 3, dtype="complex128"))

    def polar(x):
        u, _, vh = kt.linalg.svd(x)
        return u @ vh

    def projections(x):
        values, v = kt.linalg.eig(x)
        return (v * kt.exp(values / 4)[None, :]) @ kt.linalg.inv(v)

    for function in (polar, projections):
        check_grads(function, [x], order=order(device))


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_rounding_is_no_phase(device, dtype, scale, rng):
    if device.backend == "jax" and (scale, dtype) != (1.0, "complex64"):
        pytest.skip("JAX compiles everything anew for each dtype")
    x = leaf(device, normal(rng, 6, 6, dtype="complex128"), dtype)
    for function in VECTORS.values():
        assert np.isfinite(grad(lambda x, f=function: scale * kt.abs(f(x)) ** 3, x)).all()

    def residual(x):  # 0 but for rounding
        values, v = kt.linalg.eig(x)
        return scale * kt.abs(x @ v - v * values[None, :]) ** 2

    assert np.isfinite(grad(residual, x)).all()


def test_eigenvectors_of_real_matrices(device):
    """Their signs are no phases; pairs of complex ones have phases."""
    symmetric = leaf(device, [[2.0, 1.0], [1.0, 3.0]])
    assert np.isfinite(grad(lambda x: kt.real(kt.linalg.eig(x).eigenvectors), symmetric)).all()
    assert np.isfinite(grad(lambda x: kt.linalg.eigh(x).eigenvectors, symmetric)).all()
    rotation = leaf(device, [[1.0, -1.5], [1.0, 1.0]])
    if device.kind == "cpu":
        with pytest.raises(kt.NotDifferentiableError, match="phases"):
            grad(lambda x: kt.real(kt.linalg.eig(x).eigenvectors), rotation)
    check_grads(lambda x: kt.abs(kt.linalg.eig(x).eigenvectors), [rotation.detach()._array])


def test_phases_are_not_looked_at_under_jit(rng):
    jax = pytest.importorskip("jax")
    x = jax.numpy.asarray(normal(rng, 3, 3, dtype="complex128"))

    def loss(part):
        return kt.grad(lambda x: kt.sum(part(kt.linalg.eigh(hermitian(x)).eigenvectors)))

    assert np.isnan(jax.jit(loss(kt.real))(x)).all()
    right = loss(lambda v: kt.abs(v) ** 3)
    np.testing.assert_allclose(jax.jit(right)(x), right(x), rtol=1e-4, atol=1e-5)


def test_equal_eigenvalues_give_no_number(rng):
    """Nothing tells a function of the space of both vectors from one of the values too."""
    v = np.linalg.qr(normal(rng, 3, 3)).Q
    x = v @ np.diag([1.0, 1.0, 2.0]) @ v.T

    def function(x):
        values, v = kt.linalg.eigh(x)
        return kt.sum((v * kt.exp(values)) @ v.mT * np.arange(9.0).reshape(3, 3))

    values = np.linalg.eigh(x).eigenvalues
    if values[0] == values[1]:
        assert not np.isfinite(kt.grad(function)(x)).all()
    assert not np.isfinite(kt.grad(function)(np.eye(3))).all()
