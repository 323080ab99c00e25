"""`keratorch.numpy.emath`: its dtypes, raw arrays, and where the host cannot look."""

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from tests.leaves import leaf
from tests.op_checks import on_host

ONE_DEVICE_EACH = True
NAMES = ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh")
VALUES = ([-2.0, 0.5, 3.0], [0.1, 0.2], [-0.0, 0.0], [], [np.nan, -1.0], 2.5, -2.5)
OTHERS = (2, -1.5, -3, np.float32(2), np.array([-2]), np.array(-2.0), [2.0])


def compared(found, expected):
    assert found.dtype == expected.dtype and found.shape == np.shape(expected)
    rtol = 2e-2 if found.dtype == np.float16 else 2e-6
    np.testing.assert_allclose(found.numpy(), expected, rtol=rtol)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_dtypes_are_numpys(dtype):
    for values in VALUES:
        a = np.array(values, dtype)
        for name in NAMES:
            compared(getattr(knp.emath, name)(kt.GradArray(a)), getattr(np.emath, name)(a))
        for other in OTHERS:
            for name in ("logn", "power"):
                ours, theirs = getattr(knp.emath, name), getattr(np.emath, name)
                compared(ours(kt.GradArray(a), other), theirs(a, other))
                compared(ours(other, kt.GradArray(a)), theirs(other, a))


def test_raw_arrays_give_raw_results():
    assert set(dir(knp.emath)) == {*NAMES, "logn", "power"}
    assert knp.lib.scimath is knp.emath
    for value in (-4.0, [4.0, -4.0], np.array([4.0])):
        found, expected = knp.emath.sqrt(value), np.emath.sqrt(value)
        assert type(found) is type(expected)
        np.testing.assert_array_equal(found, expected)
    assert knp.emath.sqrt([kt.GradArray(-4.0), 1.0]).dtype == np.complex128


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_library(device, dtype):
    x = leaf(device, [-4.0, 1.0], dtype)
    y = np.emath.sqrt(x)
    np.testing.assert_allclose(on_host(y._array), [2j, 1.0])
    assert on_host(y._array).dtype == ("complex64" if dtype == "float32" else "complex128")
    (g,) = kt.gradients([kt.imag(y)], [x], [kt.ones_like(x)])
    np.testing.assert_allclose(on_host(g), [-0.25, 0.0])
    assert on_host(g).dtype == dtype


def test_the_values_decide_so_that_no_sync_refuses():
    x = kt.GradArray([4.0])
    with kt.no_sync(), pytest.raises(kt.SyncError, match=r"numpy\.emath\.sqrt.*astype"):
        np.emath.sqrt(x)
    with kt.no_sync():
        assert np.emath.sqrt(kt.astype(x, complex)).dtype == np.complex128
