"""Counts and sums of float16 and bfloat16, which have 11 and 8 bits: on every backend.

float16 ends at 65504: the mean of 70,000 elements needs a wider count.
"""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.nn import functional as F
from tests.leaves import grad
from tests.op_checks import on_device, on_host

ONE_DEVICE_EACH = True

N = 70_000
#: The distance of 1 from the next number.
EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7}
#: Half of the distance of subnormal numbers.
TINY = {"float16": 2.0**-25, "bfloat16": 0.0}

narrow = pytest.mark.parametrize("dtype", ["float16", "bfloat16"])


def leaf(device, values, dtype):
    """A leaf of `dtype`; skips libraries without the dtype."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    without = ["array_api_strict"] + ["dask", "numpy_readonly"] * (dtype == "bfloat16")
    if device.backend in without:
        pytest.skip(f"{device.backend} has no {dtype}")
    raw = on_device(device, np.asarray(values, dtype="float32"))
    return kt.GradArray(kt.astype(kt.asarray(raw), dtype).detach()._array)


def number(y):
    return np.asarray(on_host(kt.astype(y.detach(), kt.float32)._array), dtype=float)


def as_float(raw):
    return number(kt.asarray(raw))


def check(found, expected, dtype, ulps=1.0):
    expected = np.broadcast_to(np.asarray(expected, dtype=float), np.shape(found))
    bound = ulps * EPS[dtype] * np.abs(expected) + TINY[dtype] * ulps
    np.testing.assert_array_less(np.abs(found - expected), bound + 1e-300)


def slope(function, x):
    (found,) = kt.gradients([kt.sum(function(x))], [x])
    return as_float(found)


@narrow
@pytest.mark.parametrize(
    "mean",
    [
        kt.mean,
        knp.mean,
        knp.nanmean,
        lambda x: knp.mean(x, where=x == x),
        knp.average,
        lambda x: knp.average(x, weights=kt.ones_like(x)),
    ],
    ids=["mean", "numpy.mean", "nanmean", "where", "average", "weights"],
)
def test_the_mean_of_many(device, dtype, mean):
    x = leaf(device, np.full(N, 0.1), dtype)
    given = number(x)[0]
    check(number(mean(x)), given, dtype)
    check(slope(mean, x), 1 / N, dtype)
    # A gradient that was scaled up, as is done against underflow.
    check(slope(lambda x: mean(x) * 1024, x), 1024 / N, dtype)
    assert mean(x).dtype == x.dtype
    _, tangent = kt.jvp(mean, [x], [kt.ones_like(x)])
    check(number(tangent), 1, dtype)


@narrow
def test_the_mean_of_many_to_second_order(device, dtype):
    x = leaf(device, np.full(N, 0.5), dtype)
    (first,) = kt.gradients([kt.mean(x) ** 2], [x], create_graph=True)
    (second,) = kt.gradients([kt.sum(first * 1024)], [x])
    check(as_float(second), 2048 / N, dtype, 2)


VARIANCES = {
    "var": (kt.var, lambda d, n: d @ d / n, lambda d, n: 2 * d / n),
    "std": (kt.std, lambda d, n: np.sqrt(d @ d / n), lambda d, n: d / np.sqrt(d @ d * n)),
    "nanvar": (knp.nanvar, lambda d, n: d @ d / n, lambda d, n: 2 * d / n),
    "nanstd": (knp.nanstd, lambda d, n: np.sqrt(d @ d / n), lambda d, n: d / np.sqrt(d @ d * n)),
    "where": (lambda x: knp.var(x, where=x == x), lambda d, n: d @ d / n, lambda d, n: 2 * d / n),
}


@narrow
@pytest.mark.parametrize("name", VARIANCES)
def test_the_variance_of_many(device, dtype, name):
    function, value, expected = VARIANCES[name]
    x = leaf(device, np.tile([-1.0, 0.0, 1.0, 2.0], N // 4), dtype)
    away = number(x) - 0.5
    check(number(function(x)), value(away, N), dtype, 2)
    check(slope(lambda x: function(x) * 1024, x), 1024 * expected(away, N), dtype, 3)
    _, tangent = kt.jvp(function, [x], [x.detach()])
    check(number(tangent), expected(away, N) @ number(x), dtype, 3)


@narrow
@pytest.mark.parametrize("padding", [0, 30])
def test_average_pooling_of_many(device, dtype, padding):
    side = 265 - 2 * padding if padding else 265
    x = leaf(device, np.ones((1, 1, side, side)), dtype)

    def pooled(x):
        return F.avg_pool2d(x, 265, padding=padding, count_include_pad=False)

    check(number(pooled(x)), 1, dtype)
    check(slope(lambda x: pooled(x) * 1024, x), 1024 / side**2, dtype)


@narrow
def test_numbers_between_two_ends(device, dtype):
    """The 5,000 numbers are rounded once; the weights of the ends are not rounded twice."""
    x = leaf(device, [0.0, 1.0], dtype)
    y = knp.linspace(x[0], x[1], 5000)
    assert y.dtype == x.dtype
    places = np.linspace(0, 1, 5000)
    check(number(y), places, dtype)
    for i in (1, 2500, 4999):
        check(
            slope(lambda x, i=i: knp.linspace(x[0], x[1], 5000)[i], x),
            [1 - i / 4999, i / 4999],
            dtype,
        )


@narrow
def test_quantiles_of_many(device, dtype):
    x = leaf(device, np.arange(N) % 128, dtype)
    q = leaf(device, [0.25, 0.5], dtype).detach()
    np.testing.assert_array_equal(number(knp.quantile(x, q)), [31.0, 63.0])
    np.testing.assert_array_equal(number(knp.nanquantile(x, 0.5)), 63.0)


@narrow
@pytest.mark.parametrize("ord", [2, 3, 1])
def test_norms(device, dtype, ord):
    """The squares of float16 overflow from 256 on."""
    values = np.array([300.0, -400.0, 1200.0, 2.0])
    x = leaf(device, values, dtype)

    def norm(x):
        return kt.linalg.vector_norm(x, ord=ord)

    values = number(x)
    size = np.linalg.norm(values, ord=ord)
    check(number(norm(x)), size, dtype)
    expected = np.sign(values) * (np.abs(values) / size) ** (ord - 1)
    check(slope(norm, x), expected, dtype, 2)
    _, tangent = kt.jvp(norm, [x], [kt.ones_like(x)])
    check(number(tangent), expected.sum(), dtype, 4)
    # The squares of small numbers underflow in float16.
    x = leaf(device, values / 2**20, dtype)
    if dtype == "bfloat16" or ord == 2:
        check(slope(norm, x)[:3], expected[:3], dtype, 8)


@narrow
def test_weights_of_large_numbers(device, dtype):
    x = leaf(device, np.full(3, 2e4), dtype)
    for function in (
        kt.special.logsumexp,
        np.logaddexp.reduce,
        np.logaddexp2.reduce,
        lambda x: np.logaddexp.accumulate(x)[-1],
    ):
        check(slope(function, x), 1 / 3, dtype, 2)
    check(slope(lambda x: kt.logaddexp(x, 2e4), x), 1 / 2, dtype)


@narrow
def test_tails(device, dtype):
    x = leaf(device, [-8.0, -5.0, 0.0, 5.0, 8.0], dtype)
    z = np.exp(-np.abs(number(x)))
    for function, expected in (
        (kt.special.expit, z / (1 + z) ** 2),
        (kt.tanh, 4 * z**2 / (1 + z**2) ** 2),
        (kt.special.softplus, 1 / (1 + np.exp(-number(x)))),
    ):
        check(slope(function, x), expected, dtype, 4)
    (first,) = kt.gradients([kt.sum(kt.special.expit(x))], [x], create_graph=True)
    (second,) = kt.gradients([kt.sum(first)], [x])
    check(as_float(second), -np.sign(number(x)) * z * (1 - z) / (1 + z) ** 3, dtype, 8)


def test_numpys_own_means(device):
    """In float16 the values are NumPy's where NumPy sums in float32; elsewhere they are better."""
    if device.backend != "numpy":
        pytest.skip("NumPy's functions")
    x = np.random.default_rng(0).normal(size=5000).astype(np.float16)
    assert kt.mean(x).item() == np.mean(x)
    assert knp.nanmean(kt.asarray(x)).item() == np.mean(x)
    assert knp.mean(kt.asarray(x), where=x > -9).item() == np.mean(x, where=x > -9)
    assert grad(kt.mean, kt.GradArray(x)).dtype == np.float16
