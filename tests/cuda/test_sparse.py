"""Sparse matrices of `cupyx.scipy.sparse` times dense arrays: differentiable in the dense one."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.devices import other_device
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")
sparse = pytest.importorskip("cupyx.scipy.sparse")

DENSE = np.array([[0.0, 2.0, 0.0], [1.5, 0.0, -1.0]])
COMPLEX = DENSE * (1 + 2j)
V, M = np.array([1.0, -2.0, 0.5]), np.arange(6.0).reshape(3, 2)
KINDS = ["csr_matrix", "csc_matrix", "coo_matrix"]


@pytest.fixture(autouse=True)
def current(device):
    """Matrices are made on the current device."""
    with cupy.cuda.Device(device.index):
        yield


def made(device, kind="csr_matrix", dense=DENSE):
    return getattr(sparse, kind)(on_device(device, dense))


@pytest.fixture
def counters():
    stand_in = pytest.importorskip("tests.cuda_stand_in")
    if not stand_in.installed():
        pytest.skip("a GPU does not count: run with --cuda-stand-in")
    return stand_in.counters


@pytest.mark.parametrize("kind", [*KINDS, "csr_array"])
@pytest.mark.parametrize("x", [V, M, M[:, :1]], ids=["vector", "matrix", "column"])
def test_a_sparse_matrix_on_the_left(device, kind, x):
    if not hasattr(sparse, kind):
        pytest.skip(f"this CuPy has no {kind}")
    a = made(device, kind)
    y = a @ kt.GradArray(on_device(device, x))
    assert type(y) is kt.GradArray
    assert y.device == device
    np.testing.assert_allclose(y.numpy(), DENSE @ x)
    check_grads(lambda x: a @ x, [on_device(device, x)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("x", [V[:2], M[:2].T[:, :2]], ids=["vector", "matrix"])
def test_a_sparse_matrix_on_the_right(device, kind, x):
    a = made(device, kind)
    np.testing.assert_allclose((kt.GradArray(on_device(device, x)) @ a).numpy(), x @ DENSE)
    check_grads(lambda x: x @ a, [on_device(device, x)])


def test_complex_matrices_and_transposes(device):
    a = made(device, dense=COMPLEX)
    v = on_device(device, V)
    check_grads(lambda x: a @ x, [v + 1j])
    check_grads(lambda x: a @ x, [v])
    check_grads(lambda x: a.T @ (a.conj() @ x), [v + 1j])
    check_grads(lambda x: a.dot(x) ** 2, [v + 1j])


def test_a_quadratic_form_has_its_hessian(device):
    a = made(device, dense=DENSE.T @ DENSE + np.eye(3))
    found = kt.hessian(lambda x: x @ (a @ x))(on_device(device, V))
    np.testing.assert_allclose(on_host(found), 2 * (DENSE.T @ DENSE + np.eye(3)))


def test_it_runs_where_the_matrix_is(device):
    """Whatever the current device is, forward and backward, to second order."""
    other = other_device(device)
    a = made(device)
    x = kt.GradArray(on_device(device, V))
    with cupy.cuda.Device(other.index):
        y = kt.sum((a @ x) ** 2)
        y.backward(create_graph=True)
        kt.sum(x.grad**2).backward()
        assert cupy.cuda.runtime.getDevice() == other.index
    assert y.device == x.grad.device == device
    square = 2 * DENSE.T @ DENSE
    np.testing.assert_allclose(x.grad.numpy(), square @ V + 2 * square @ square @ V)


@pytest.mark.parametrize("kind", KINDS)
def test_two_gpus_do_not_mix(device, kind):
    """CuPy would hand cuSPARSE the other device's memory."""
    other = other_device(device)
    a = made(device, kind)
    x = kt.GradArray(on_device(other, V))
    for product in (lambda: a @ x, lambda: x[:2] @ a, lambda: a @ x.detach()):
        with pytest.raises(kt.DeviceMismatchError, match=r"cuda:0 and cuda:1.*to_device"):
            product()


def test_libraries_do_not_mix(device):
    scipy = pytest.importorskip("scipy.sparse")
    with pytest.raises(kt.DeviceMismatchError, match=r"cupyx.*numpy.*to_device"):
        made(device) @ kt.GradArray(V)
    with pytest.raises(kt.DeviceMismatchError, match=r"scipy.*cupy.*to_device"):
        scipy.csr_matrix(DENSE) @ kt.GradArray(on_device(device, V))
    with pytest.raises(kt.ShapeError, match=r"\(2, 3\).*\(2,\)"):
        made(device) @ kt.GradArray(on_device(device, V[:2]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dense", [DENSE, COMPLEX], ids=["real", "complex"])
def test_backward_waits_for_nothing(device, kind, dense, counters):
    """Nor does forward, but for COO, whose conversion counts duplicates."""
    a = made(device, kind, dense)
    x = kt.GradArray(on_device(device, V))
    a @ x
    with counters.watch() as forward:
        y = a @ x
    seed = on_device(device, np.ones(2, str(y.dtype)))
    with counters.watch() as backward:
        y.backward(seed)
    if kind != "coo_matrix":
        assert (forward.device_to_host, forward.syncs) == (0, 0)
    assert (backward.device_to_host, backward.syncs) == (0, 0)


def test_out_of_memory(device, counters):
    """Forward and backward say what the pool holds, and the graph can be used."""
    n = 100_000
    a = sparse.eye(n, format="csr")
    x = kt.GradArray(on_device(device, np.ones(n)))
    y = kt.sum(a @ x)
    for call in (lambda: a @ x, y.backward):
        cupy.get_default_memory_pool().free_all_blocks()
        limited = counters.limit(counters.memory(device.index).bytes + 1000, device.index)
        with limited, pytest.raises(kt.errors.DeviceMemoryError, match="CuPy's pool holds"):
            call()
    assert x.grad is None
    y.backward()
    np.testing.assert_array_equal(on_host(x.grad), np.ones(n))
