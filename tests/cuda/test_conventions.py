"""What CuPy does otherwise than NumPy, and what becomes of derivatives there."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")

VALUES = np.array([1.0, 2.0, 4.0])


@pytest.fixture(autouse=True)
def current(device):
    with cupy.cuda.Device(device.index):
        yield


@pytest.mark.parametrize("read", [lambda x, i: x[i], kt.take], ids=["getitem", "take"])
def test_the_gradient_goes_where_an_index_out_of_range_read(device, read):
    """CuPy wraps such indices and says nothing; its gradients wrap as well."""
    x = kt.GradArray(on_device(device, VALUES))
    index = kt.asarray(on_device(device, np.array([0, 5, 5])))
    y = read(x, index)
    np.testing.assert_array_equal(y.numpy(), [1.0, 4.0, 4.0])
    kt.sum(y * y).backward()
    np.testing.assert_array_equal(on_host(x.grad), [2.0, 0.0, 16.0])


def test_singular_matrices_raise_nothing(device):
    """CuPy does not look, which would wait for the GPU: what comes out is not finite."""
    a = kt.GradArray(on_device(device, np.array([[1.0, 2.0], [2.0, 4.0]])))
    y = kt.linalg.solve(a, kt.asarray(on_device(device, np.array([1.0, 1.0]))))
    kt.sum(y).backward()
    assert not np.isfinite(y.numpy()).any()
    assert not np.isfinite(on_host(a.grad)).all()


def test_eigenvalues_of_matrices_that_are_not_symmetric(device):
    """`eig` came to CuPy with version 14."""
    if int(cupy.__version__.split(".")[0]) < 14:
        pytest.skip("CuPy has eig from version 14 on")
    a = kt.GradArray(on_device(device, np.array([[1.0, 2.0], [0.5, 3.0]])))
    w = kt.linalg.eigvals(a)
    kt.sum(kt.real(w) ** 2).backward()
    # Σλ² is the trace of A², whose gradient is 2Aᵀ.
    np.testing.assert_allclose(on_host(a.grad), [[2.0, 1.0], [4.0, 6.0]], rtol=1e-12)


def test_asarray_without_a_copy(device):
    """`cupy.array(copy=False)` raises from version 14 on where it must copy; ours where it must."""
    raw = on_device(device, VALUES)
    assert kt.asarray(raw, copy=False)._array is raw
    with pytest.raises(ValueError, match="copy"):
        kt.asarray([1.0, 2.0], device=device, copy=False)
