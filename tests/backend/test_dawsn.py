"""Dawson's function: its values, and its derivatives where they cancel, on every backend."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _special
from tests.leaves import both_ways, grad, leaf, second
from tests.op_checks import on_device, on_host

ONE_DEVICE_EACH = True

INF, NAN = np.inf, np.nan
#: x, F(x), F′(x), F″(x), F‴(x), in 400 digits: by mpmath, F⁽ⁿ⁺¹⁾ = −2x·F⁽ⁿ⁾ − 2n·F⁽ⁿ⁻¹⁾, and
#: beyond 16 by the asymptotic series.
TABLE = np.array(
    [
        [1e-30, 1e-30, 1.0, -4e-30, -4.0],
        [1e-08, 1e-08, 1.0, -4e-08, -4.0],
        [0.125, 0.12370601848283973, 0.96907349537929, -0.4896804108105, -3.7538738788],
        [0.5, 0.4244363835020223, 0.57556361649798, -1.424436383502, -0.87781808249],
        [0.875, 0.539698982896529, 0.055526779931074, -1.1765698306724, 1.836890084],
        [1.0, 0.5380795069127684, -0.076159013825537, -0.92384098617446, 2.1523180277],
        [1.5, 0.4282490710853986, -0.2847472132562, -0.0022565024022096, 1.1457583602],
        [2.0, 0.30134038892379195, -0.20536155569517, 0.21876544493309, -0.053615556952],
        [3.0, 0.1782710306105583, -0.06962618366335, 0.061215040758982, -0.0887855099],
        [4.75, 0.1077715111802445, -0.023829356212323, 0.010835861656577, -0.0076232608882],
        [5.25, 0.09706962847320189, -0.01923109896862, 0.0077872822241047, -0.0048420674786],
        [6.5, 0.07786781898606987, -0.012281646818908, 0.0039257706736685, -0.0019084314821],
        [7.75, 0.06506721040057242, -0.0085417612088726, 0.0022628779363805, -0.00090756317841],
        [8.25, 0.06106147655752788, -0.0075143631992101, 0.0018640396719104, -0.00069920178968],
        [10.0, 0.05025384718759853, -0.0050769437519706, 0.0010311806642142, -0.0003158382764],
        [16.0, 0.031311396325184614, -0.0019646824059076, 0.00024704433867324, -4.6689213913e-05],
        [100.0, 0.005000250037509378, -5.0007501875657e-05, 1.0003001125525e-06, -3.001500788e-08],
        [10000.0, 5.000000025e-05, -5.000000075e-09, 1.00000003e-12, -3.00000015e-16],
        [100000000.0, 5e-09, -5e-17, 1e-24, -3e-32],
        [1000000000000000.0, 5e-16, -5e-31, 1e-45, -3e-60],
    ]
)
X, F, SLOPE, CURVATURE, THIRD = TABLE.T


def dawsn(x):
    return kt.special.dawsn(x)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-14), ("float32", 4e-7)])
def test_values(device, dtype, rtol):
    """SciPy's own are off by up to 8e-15."""
    x = np.array([*X, *-X, 0.0, INF, -INF, NAN])
    y = dawsn(leaf(device, x, dtype))
    assert on_host(y._array).dtype == dtype
    expected = np.array([*F, *-F, 0.0, 0.0, 0.0, NAN])
    np.testing.assert_allclose(on_host(y._array), expected, rtol=rtol)
    assert np.all(np.signbit(on_host(dawsn(leaf(device, [-0.0, -INF], dtype))._array)))


@pytest.mark.parametrize(("dtype", "eps"), [("float64", 5e-16), ("float32", 3e-7)])
def test_values_in_plain_array_api(device, dtype, eps):
    """What libraries get that have no such function, to what the docstring says."""
    raw = on_device(device, X.astype(dtype))
    found = on_host(_special.GENERAL["dawsn"](kt.backends.get(device.backend).xp, raw))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, F, rtol=eps)


def test_values_everywhere():
    """The same, between and far beyond the numbers of the table, by mpmath."""
    mpmath = pytest.importorskip("mpmath")
    x = np.concatenate([np.linspace(0.005, 12, 2400), 10.0 ** np.arange(-300, 2)])
    found = _special.GENERAL["dawsn"](np, x)
    with mpmath.workdps(180):
        half = mpmath.sqrt(mpmath.pi) / 2
        exact = [half * mpmath.exp(-(mpmath.mpf(v) ** 2)) * mpmath.erfi(v) for v in x.tolist()]
        errors = [abs(y / e - 1) for y, e in zip(found.tolist(), exact, strict=True)]
    assert max(errors) < 5e-16
    far = 10.0 ** np.arange(9, 301)
    np.testing.assert_allclose(_special.GENERAL["dawsn"](np, far), 0.5 / far, rtol=4e-16)


def test_the_slope(device):
    x = leaf(device, np.array([*X, *-X, 0.0, INF, -INF, NAN]))
    expected = [*SLOPE, *SLOPE, 1.0, 0.0, 0.0, NAN]
    np.testing.assert_allclose(grad(dawsn, x), expected, rtol=1e-13, atol=1e-16)


def test_the_slope_in_float32(device):
    x = leaf(device, X, "float32")
    np.testing.assert_allclose(grad(dawsn, x), SLOPE, rtol=2e-5, atol=2e-7)


@both_ways
def test_the_curvature(device, way):
    """−2F − 2x·F′, which cancels too; at 0 and ±∞ no 0·∞ comes into it."""
    x = leaf(device, np.array([*X, *-X, 0.0, INF, -INF]))
    expected = [*CURVATURE, *-CURVATURE, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(second(dawsn, x, way), expected, rtol=5e-12, atol=1e-15)


def test_the_third_derivative(device, full):
    if device.backend == "dask" and not full:
        pytest.skip("Dask builds a graph of the sum's sum: 20 seconds")
    x = leaf(device, np.array([*X, 0.0, INF]))
    (first,) = kt.gradients(kt.sum(dawsn(x)), [x], create_graph=True)
    (twice,) = kt.gradients(kt.sum(first), [x], create_graph=True)
    (third,) = kt.gradients(kt.sum(twice), [x])
    np.testing.assert_allclose(on_host(third), [*THIRD, -4.0, 0.0], rtol=2e-10, atol=1e-15)


def test_a_branch_not_taken(device):
    """Neither an infinity nor a NaN on it is in the derivatives."""
    x = leaf(device, np.array([INF, -INF, 1e200, 0.5]))
    taken = leaf(device, np.array([0.0, 0.0, 0.0, 1.0])).detach() > 0

    def function(x):
        return kt.where(taken, dawsn(x), 0.0)

    slope, curvature = TABLE[X == 0.5][0, 2:4]
    np.testing.assert_allclose(grad(function, x), [0, 0, 0, slope], rtol=1e-14)
    ways = ("reverse over reverse", "forward over reverse")
    for way in ways[: 1 if device.backend == "dask" else 2]:  # 3 seconds each on Dask
        found = second(function, x, way)
        np.testing.assert_allclose(found, [0, 0, 0, curvature], rtol=1e-13)


def test_integers_and_complex_numbers(device):
    y = dawsn(kt.asarray(on_device(device, np.array([0, 1]))))
    np.testing.assert_allclose(on_host(y._array), [0, 0.5380795069127684], rtol=1e-6)
    with pytest.raises(kt.DTypeError, match=r"dawsn of dtype .*complex128.*real numbers"):
        dawsn(kt.asarray(on_device(device, np.array([1j]))))


def test_numpy_without_scipy(monkeypatch):
    """It needs no library."""

    def refuse(name):
        raise kt.BackendUnavailableError(f"no SciPy for {name}")

    numpy = kt.backends.get("numpy")
    monkeypatch.setattr(numpy, "library_special", refuse, raising=False)
    np.testing.assert_allclose(_special.find(numpy, "dawsn")(X), F, rtol=5e-16)
    with pytest.raises(kt.BackendUnavailableError, match="erf"):
        _special.find(numpy, "erf")
