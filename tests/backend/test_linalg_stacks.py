"""Stacks with one bad matrix: it alone gets NaN. And empty matrices: all have gradients."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.leaves import constant, grad, leaf, normal, with_linalg
from tests.op_checks import on_device, on_host

pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
]


@pytest.fixture
def device(device):
    return with_linalg(device)


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
OTHERS = [0, 2]

#: name: a function of matrices, and the one of a stack that has no derivative.
OF_STACKS = {
    "slogdet": (lambda x: kt.linalg.slogdet(x).logabsdet, SINGULAR),
    "qr": (lambda x: kt.linalg.qr(x).Q * x, np.array([[1.0, 2.0], [0.0, 0.0]])),
    "det of NaN": (kt.linalg.det, np.array([[np.nan, 2.0], [1.0, 3.0]])),
}


def hvp(function, x, t):
    return on_host(kt.asarray(kt.hvp(lambda x: kt.sum(function(x)), (x,), (t,)))._array)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", OF_STACKS)
def test_one_bad_matrix_of_a_stack(device, name, dtype, rng):
    function, bad = OF_STACKS[name]
    values = normal(rng, 3, 2, 2, dtype=dtype)
    values[1] = bad
    x, good = leaf(device, values, dtype), leaf(device, values[OTHERS], dtype)

    def size(x):
        return kt.real(function(x)) if dtype == "complex128" else function(x)

    found, wanted = grad(size, x), grad(size, good)
    np.testing.assert_allclose(found[OTHERS], wanted, rtol=1e-12)
    assert not np.isfinite(found[1]).any()  # JAX gives infinite numbers in places
    ones = [kt.ones_like(v.detach()) for v in (x, good)]
    tangents = [
        on_host(kt.jvp(size, [v.detach()], [t])[1]._array)
        for v, t in zip((x, good), ones, strict=True)
    ]
    np.testing.assert_allclose(tangents[0][OTHERS], tangents[1], rtol=1e-12)
    assert not np.isfinite(tangents[0][1]).all()
    found, wanted = (hvp(size, v.detach(), t) for v, t in zip((x, good), ones, strict=True))
    np.testing.assert_allclose(found[OTHERS], wanted, rtol=1e-10)
    assert not np.isfinite(found[1]).any()


def test_a_singular_matrix_that_is_not_taken(device, rng):
    """The gradient of the others is A⁻ᵀ."""
    values = normal(rng, 3, 2, 2)
    values[1] = SINGULAR
    taken = constant(device, [True, False, True], "bool")
    x = leaf(device, values)
    found = grad(lambda x: kt.where(taken, kt.linalg.slogdet(x).logabsdet, 0.0), x)
    wanted = np.linalg.inv(values[OTHERS]).swapaxes(-1, -2)
    np.testing.assert_allclose(found[OTHERS], wanted, rtol=1e-12)
    assert (~np.isfinite(found[1]) | (found[1] == 0)).all()


def test_a_single_singular_matrix_raises_the_error_of_its_library(device):
    x = leaf(device, SINGULAR)
    y = kt.linalg.slogdet(x).logabsdet
    if device.backend in ("jax", "cupy"):  # these raise none
        assert not np.isfinite(on_host(kt.gradients(y, x)[0])).all()
        return
    with pytest.raises((ValueError, RuntimeError), match=r"(?i)singular"):
        kt.gradients(y, x)


def test_eigen_systems_and_pseudo_inverses_of_a_stack(device, rng):
    """Equal eigenvalues of one matrix leave the vectors of the others their derivatives."""
    values = normal(rng, 3, 2, 2)
    values = values + values.swapaxes(-1, -2)
    values[1] = np.eye(2)
    for function in (
        lambda x: kt.linalg.eigh(x).eigenvectors ** 2,
        lambda x: kt.abs(kt.linalg.svd(x).U) ** 2,
        lambda x: kt.linalg.pinv(x) ** 2,
    ):
        found, wanted = (grad(function, leaf(device, v)) for v in (values, values[OTHERS]))
        np.testing.assert_allclose(found[OTHERS], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("p", [None, 1, -1, 2, np.inf, "fro"], ids=str)
def test_condition_numbers_of_a_stack(p, rng):
    values = normal(rng, 3, 2, 2)
    values[1] = 0.0
    x = kt.GradArray(values)
    y = np.linalg.cond(x, p)
    np.testing.assert_allclose(y.detach().numpy(), np.linalg.cond(values, p), rtol=1e-12)
    assert np.linalg.cond(x[1], p).item() == np.inf
    with np.errstate(all="ignore"):
        (g,) = kt.gradients(kt.sum(y), [x])
        (wanted,) = kt.gradients(kt.sum(np.linalg.cond(x[::2], p)), [x])
    np.testing.assert_allclose(g[OTHERS], wanted[OTHERS], rtol=1e-12)
    assert not np.isfinite(g[1]).all()


# -- empty matrices ------------------------------------------------------------------------------

SQUARE = [(0, 0), (2, 0, 0), (0, 2, 2)]
ANY = [*SQUARE, (3, 0), (0, 3), (2, 0, 3), (0, 3, 2)]


def rows_of_ones(x):
    return kt.ones_like(x)[..., :1]


OF_EMPTY = {
    **{
        name: (getattr(kt.linalg, name), SQUARE)
        for name in ("inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh", "eig", "eigvals")
    },
    **{name: (getattr(kt.linalg, name), ANY) for name in ("qr", "svd", "svdvals", "pinv")},
    "qr, complete": (lambda x: kt.linalg.qr(x, mode="complete"), ANY),
    "svd, reduced": (lambda x: kt.linalg.svd(x, full_matrices=False), ANY),
    "solve": (lambda x: kt.linalg.solve(x, kt.ones_like(x)), SQUARE),
    "matrix_power": (lambda x: kt.linalg.matrix_power(x, -2), SQUARE),
    **{
        f"matrix_norm, {order}": (lambda x, o=order: kt.linalg.matrix_norm(x, ord=o), ANY)
        for order in ("fro", "nuc", 2, 1, np.inf)
    },
    **{
        f"vector_norm, {order}": (lambda x, o=order: kt.linalg.vector_norm(x, ord=o, axis=-1), ANY)
        for order in (2, 3, 1, 0, np.inf)
    },
}


def size_of(result):
    parts = result if isinstance(result, tuple) else (result,)
    return sum((kt.sum(kt.abs(y) ** 2) for y in parts), start=0.0)


@pytest.mark.parametrize("name", OF_EMPTY)
def test_empty_matrices(device, name):
    function, shapes = OF_EMPTY[name]
    for shape in shapes if device.backend != "jax" else shapes[-1:]:
        x = on_device(device, np.ones(shape))
        for derivative in (kt.grad(lambda x: size_of(function(x))), kt.hvp):
            if derivative is kt.hvp:
                found = kt.hvp(lambda x: size_of(function(x)), (x,), (x,))
            else:
                found = derivative(x)
            assert tuple(found.shape) == shape, (derivative, shape)
            assert (on_host(found) == 0).all()
        y, t = kt.jvp(function, (x,), (x,))
        for a, b in zip(*(v if isinstance(v, tuple) else (v,) for v in (y, t)), strict=True):
            assert a.shape == b.shape


def test_ranks_of_empty_matrices(device):
    for shape in ANY:
        x = on_device(device, np.ones(shape))
        for rtol in (None, 0.1):
            found = on_host(kt.linalg.matrix_rank(x, rtol=rtol)._array)
            assert found.shape == shape[:-2]
            assert (found == (shape[-1] if shape == (0, 2, 2) else 0)).all()


@pytest.mark.parametrize("shape", [(3, 0), (0, 0), (0, 3)], ids=str)
@pytest.mark.parametrize("right", [(), (2,), (0,)], ids=str)
def test_lstsq_of_empty_matrices(shape, right):
    a, b = np.zeros(shape), np.ones((shape[0], *right))
    wanted = np.linalg.lstsq(a, b, rcond=None)
    found = np.linalg.lstsq(kt.GradArray(a), kt.GradArray(b), rcond=None)
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), y)

    def solution(a, b):
        x, residuals, *_ = np.linalg.lstsq(a, b, rcond=None)
        return np.sum(x) + np.sum(residuals)

    to_a, to_b = kt.grad(solution, argnums=(0, 1))(a, b)
    assert to_a.shape == a.shape
    np.testing.assert_array_equal(to_b, 2.0 if shape == (3, 0) else 0.0)
    assert kt.hessian(solution)(a, b).shape == shape * 2
    _, t = kt.jvp(lambda a: np.linalg.lstsq(a, b, rcond=None)[0], (a,), (a,))
    assert t.shape == (shape[1], *right)
