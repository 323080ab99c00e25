"""Sparse matrices of SciPy times dense arrays: differentiable in the dense one."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads

sparse = pytest.importorskip("scipy.sparse")

DENSE = np.array([[0.0, 2.0, 0.0], [1.5, 0.0, -1.0]])
COMPLEX = DENSE * (1 + 2j)
KINDS = [
    "csr_array",
    "csc_array",
    "coo_array",
    "csr_matrix",
    "csc_matrix",
    "bsr_array",
    "lil_array",
]
V, M = np.array([1.0, -2.0, 0.5]), np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("x", [V, M, M[:, :1]], ids=["vector", "matrix", "column"])
def test_a_sparse_matrix_on_the_left(kind, x):
    a = getattr(sparse, kind)(DENSE)
    y = a @ kt.GradArray(x)
    assert isinstance(y, kt.GradArray)
    assert y.dtype == (a @ x).dtype
    np.testing.assert_array_equal(y.numpy(), a @ x)
    check_grads(lambda x: a @ x, [x])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("x", [V[:2], M[:2].T[:, :2]], ids=["vector", "matrix"])
def test_a_sparse_matrix_on_the_right(kind, x):
    a = getattr(sparse, kind)(DENSE)
    np.testing.assert_array_equal((kt.GradArray(x) @ a).numpy(), x @ a)
    check_grads(lambda x: x @ a, [x])


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "coo_matrix"])
@pytest.mark.parametrize("x", [V, M], ids=["vector", "matrix"])
def test_a_star_multiplies_by_a_sparse_matrix_that_is_no_array(kind, x):
    a = getattr(sparse, kind)(DENSE)
    np.testing.assert_array_equal((a * kt.GradArray(x)).numpy(), a * x)
    check_grads(lambda x: a * x, [x])
    with pytest.raises(kt.LostGradientError):
        sparse.csr_array(DENSE) * kt.GradArray(V)


def test_complex_matrices_and_transposes():
    a = sparse.csr_array(COMPLEX)
    check_grads(lambda x: a @ x, [V + 1j])
    check_grads(lambda x: a @ x, [V])
    check_grads(lambda x: a.T @ (a.conj() @ x), [V + 1j])
    check_grads(lambda x: a.dot(x) ** 2, [V])


def test_a_quadratic_form_has_its_hessian():
    a = sparse.csr_array(DENSE.T @ DENSE + np.eye(3))
    x = kt.GradArray(V)
    (x @ (a @ x)).backward(create_graph=True)
    np.testing.assert_allclose(x.grad.numpy(), 2 * a @ V)
    rows = [kt.gradients(x.grad[i], x, retain_graph=True)[0] for i in range(3)]
    np.testing.assert_allclose(rows, 2 * a.toarray())


def test_constants_stay_grad_arrays():
    y = sparse.csr_array(DENSE) @ kt.asarray(V)
    assert isinstance(y, kt.GradArray)
    assert not y.requires_grad


def test_float32_stays_float32():
    a = sparse.csr_array(DENSE.astype(np.float32))
    x = kt.GradArray(V.astype(np.float32))
    (a @ x).sum().backward()
    assert x.grad.dtype == np.float32
    x = kt.GradArray(V.astype(np.float32))
    (sparse.csr_array(DENSE) @ x).sum().backward()
    assert x.grad.dtype == np.float32


def test_shapes_that_do_not_fit_and_other_libraries_are_refused():
    a = sparse.csr_array(DENSE)
    with pytest.raises(kt.ShapeError, match=r"\(2, 3\).*\(2,\)"):
        a @ kt.GradArray(V[:2])
    with pytest.raises(kt.ShapeError, match=r"\(3, 1, 1\)"):
        a @ kt.GradArray(np.ones((3, 1, 1)))
    torch = pytest.importorskip("torch")
    with pytest.raises(kt.DeviceMismatchError, match="torch"):
        a @ kt.GradArray(torch.ones(3))


def test_what_else_would_make_a_numpy_array_is_still_refused():
    a = sparse.csr_array(DENSE)
    with pytest.raises(kt.LostGradientError):
        a.multiply(kt.GradArray(V))
    with pytest.raises(kt.LostGradientError):
        np.asarray(kt.GradArray(V))
