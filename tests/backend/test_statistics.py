"""Products with zeros, spreads of constants, and whatever has no degree of freedom."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.leaves import leaf
from tests.op_checks import on_device, on_host

ONE_DEVICE_EACH = True

#: No zero, one, two and three of them, at the ends and inside.
ZEROS = [
    np.array([0.0 if i in places else 1.5 - i for i in range(4)])
    for places in [(), (0,), (2,), (0, 3), (1, 2), (0, 1, 3)]
]


def hessian(function, x):
    """Row by row, by backward of backward."""
    (g,) = kt.gradients(function(x), [x], create_graph=True)
    rows = []
    for i in range(x.shape[0]):
        if g[i].requires_grad:
            (row,) = kt.gradients(g[i], [x], retain_graph=True)
            rows.append(on_host(getattr(row, "_array", row)))
        else:
            rows.append(np.zeros(x.shape))
    return np.stack(rows)


@pytest.mark.parametrize("values", ZEROS, ids=str)
def test_prod_of_zeros(device, values):
    """The product of the others, and of all but two: without a division."""
    x = leaf(device, values)
    kt.prod(x).backward()
    n = len(values)
    wanted = [math.prod(np.delete(values, i)) for i in range(n)]
    np.testing.assert_allclose(on_host(x.grad), wanted, rtol=1e-12)
    second = [
        [0.0 if i == j else math.prod(np.delete(values, [i, j])) for j in range(n)]
        for i in range(n)
    ]
    np.testing.assert_allclose(hessian(kt.prod, x), second, rtol=1e-12)


@pytest.mark.parametrize("values", ZEROS, ids=str)
def test_cumulative_prod_of_zeros(device, values):
    x = on_device(device, values)
    check_grads(kt.cumulative_prod, [x], order=2)


def test_prod_of_zeros_in_both_modes(device):
    x = on_device(device, np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]]))
    check_grads(kt.prod, [x], order=2)
    check_grads(lambda x: kt.prod(x, axis=1), [x], order=2)


@pytest.mark.parametrize("value", [0.0, 2.0, 0.1, 1e-3, 1e8 / 3])
def test_std_of_a_constant(device, value):
    """0, also where the mean of equal numbers is not quite that number."""
    for n in (1, 3, 7):
        x = leaf(device, np.full((n,), value))
        kt.std(x).backward()
        np.testing.assert_allclose(on_host(x.grad), np.zeros(n), atol=1e-9)


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("n", [1, 2])
def test_no_degree_of_freedom_is_nan(device, name, n):
    x = leaf(device, np.arange(float(n)))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        y = getattr(kt, name)(x, correction=n)
        (value,) = (on_host(y._array),)
        y.backward()
        slopes = on_host(x.grad)
    assert np.isnan(value) or np.isinf(value)
    assert np.isnan(slopes).all()


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize(("axis", "correction"), [((), 1), ((), 1.5), (1, 1), ((0, 1), 3)])
def test_no_degree_of_freedom_along_axes_is_nan(device, name, axis, correction):
    for wrap in (leaf, lambda device, x: kt.asarray(on_device(device, x))):
        x = wrap(device, np.array([[0.5], [1.5], [2.5]]))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            y = getattr(kt, name)(x, axis=axis, correction=correction)
            value = on_host(y._array)
            assert np.isnan(value).all() or (axis == (0, 1) and np.isinf(value))
            if y.requires_grad:
                kt.sum(y).backward()
                assert np.isnan(on_host(x.grad)).all()


def test_differences_of_order_0_are_the_array_itself(device):
    x = leaf(device, [1.0, 3.0])
    y = kt.diff(x, n=0, prepend=leaf(device, [7.0]), append=leaf(device, [8.0]))
    np.testing.assert_array_equal(on_host(y._array), [1.0, 3.0])
    assert y is not x and y.requires_grad
    with pytest.raises(ValueError, match=r"diff: n=-1 of an array of shape \(2,\)"):
        kt.diff(x, n=-1)


def test_softmax_and_logsumexp_of_nothing(device):
    """SciPy and PyTorch: log Σ eˣ of no elements is log 0, and softmax has no elements."""
    x = leaf(device, np.zeros((3, 0)))
    for axis, shape in ((1, (3,)), (None, ())):
        y = kt.special.logsumexp(x, axis=axis)
        np.testing.assert_array_equal(on_host(y._array), np.full(shape, -np.inf))
        kt.sum(y).backward()
        assert x.grad.shape == (3, 0)
    assert kt.special.logsumexp(x, axis=1, keepdims=True).shape == (3, 1)
    assert kt.special.logsumexp(x, axis=0).shape == (0,)
    for function in kt.special.softmax, kt.special.log_softmax:
        for axis in 0, 1, None:
            y = function(x, axis=axis)
            assert y.shape == (3, 0) and y.requires_grad
            kt.sum(y).backward()


@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum", "cumulative_prod"])
def test_complex_numbers_lose_no_imaginary_part(device, name):
    x = leaf(device, [1.0 + 2.0j, 3.0], "complex128")
    for dtype in kt.float64, kt.int64:
        with pytest.raises(kt.DTypeError, match=r"complex128 .*real\(x\)"):
            getattr(kt, name)(x, dtype=dtype)


def test_of_nothing(device):
    """An axis of length 0 that stays leaves gradients of size 0."""
    for name in ("var", "std"):
        x = leaf(device, np.zeros((4, 0)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = getattr(kt, name)(x, axis=0)
        y.backward(on_device(device, np.zeros((0,))))
        assert x.grad.shape == (4, 0)


def test_integers_are_constants(device):
    x = leaf(device, [1.0, 2.0])
    for name in ("sum", "prod", "cumulative_sum", "cumulative_prod"):
        y = getattr(kt, name)(x, dtype="int64")
        assert not y.requires_grad
        assert "int64" in str(y.dtype)
    assert not kt.count_nonzero(x).requires_grad


def test_errors(device):
    x = leaf(device, np.ones((2, 3)))
    with pytest.raises(kt.ShapeError, match="axis="):
        kt.cumulative_sum(x)
    with pytest.raises(kt.ShapeError, match="out of range"):
        kt.prod(x, axis=2)
    with pytest.raises(kt.DTypeError, match="real"):
        kt.std(kt.astype(x, "complex128"))
