"""What code written for the Array API does to arrays: SciPy, array-api-extra, dataclasses."""

import dataclasses
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import keratorch as kt

A = np.array([1.0, 2.0, 3.0])


def run_scipy(code):
    """Run `code` in a process in which SciPy takes arrays of any library."""
    pytest.importorskip("scipy")
    head = """
        import os
        os.environ["SCIPY_ARRAY_API"] = "1"
        import numpy as np
        import keratorch as kt
        from keratorch.testing import check_grads
    """
    source = textwrap.dedent(head) + textwrap.dedent(code)
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_scipy_rotations_differentiate():
    """`asarray`, the norm, item assignment and the where trap at once."""
    out = run_scipy("""
        from scipy.spatial.transform import Rotation
        q = np.array([0.1, 0.2, 0.3, 0.9])
        for f in (lambda r: r.as_quat(), lambda r: r.as_matrix(), lambda r: r.inv().as_quat()):
            check_grads(lambda q: f(Rotation.from_quat(q)), [q], order=1)
        print(type(Rotation.from_quat(kt.GradArray(q)).as_quat()).__name__)
    """)
    assert out.split() == ["GradArray"]


def test_scipy_asks_the_namespace_for_special_functions():
    out = run_scipy("""
        import scipy.special as sc
        x = np.array([0.5, 1.0, 2.0])
        for f in (sc.erf, sc.gammaln, sc.expit, sc.logsumexp, lambda x: sc.xlogy(x, x)):
            check_grads(f, [x])
        print(type(sc.erf(kt.GradArray(x))._grad_op).__name__)
    """)
    assert out.split() == ["ErfGrad"]


def test_at_and_set_of_array_api_extra():
    xpx = pytest.importorskip("array_api_extra")
    x = kt.GradArray(A)
    y = xpx.at(x * 2)[1].set(x[0] * x[2])
    np.testing.assert_array_equal(y.numpy(), [2.0, 3.0, 6.0])
    kt.sum(y * y).backward()
    np.testing.assert_array_equal(x.grad, [26.0, 0.0, 30.0])


def test_a_gradarray_is_not_lazy():
    from array_api_compat import is_array_api_obj, is_lazy_array

    assert is_lazy_array(kt.GradArray(A)) is False
    assert is_array_api_obj(kt.GradArray(A))


def test_namespaces_are_keys(xp):
    other = kt.namespace(xp._backend.name)
    assert {xp: 1}[other] == 1
    assert "keratorch" in xp.__name__


def test_creation_takes_device_and_dtype_of_the_namespace(xp, device):
    x = xp.asarray([1.0, 2.0], device=device, dtype=xp.float64)
    y = xp.zeros(2, device=x.device, dtype=xp.float64)
    assert y.device == x.device == device
    assert y.dtype == x.dtype
    assert type(y._array) is type(x._array)


@dataclasses.dataclass
class Parameters:
    weights: kt.GradArray
    result: kt.GradArray


def test_astuple_copies_leaves_and_results():
    w = kt.GradArray(A)
    leaf, result = dataclasses.astuple(Parameters(w, w * 2))
    assert leaf.is_leaf and leaf.requires_grad and leaf is not w
    assert not np.shares_memory(leaf._array, w._array)
    kt.sum(result * leaf).backward()
    np.testing.assert_array_equal(w.grad, 2 * A)
    np.testing.assert_array_equal(leaf.grad, 2 * A)


def test_xarray_reduces_a_gradarray():
    xarray = pytest.importorskip("xarray")
    x = kt.GradArray(np.array([[1.0, 2.0], [3.0, 5.0]]))
    table = xarray.DataArray(x, dims=("row", "column"))
    loss = (table.mean("row") ** 2).sum() + table.where(x > 2.0, 0.0).max()
    loss.data.backward()
    np.testing.assert_allclose(x.grad, [[2.0, 3.5], [2.0, 4.5]])
