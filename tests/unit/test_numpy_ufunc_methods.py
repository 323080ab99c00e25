"""The methods of ufuncs that have no function of their own, one step after another."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads

FOLDED = ["subtract", "divide", "hypot", "fmod", "remainder", "copysign", "float_power"]
RUNNING = [*FOLDED, "arctan2", "power", "fmax", "fmin"]
SLICED = [*FOLDED, "logaddexp", "logaddexp2", "fmax", "fmin"]
UPDATED = [*RUNNING, "add", "subtract", "multiply", "maximum", "minimum", "logaddexp"]
A = np.random.default_rng(0).uniform(0.5, 2.0, (3, 4))
V = A[0] * [1.0, -1.0, 1.0, -1.0]
PLACES = np.array([0, 2, 2, 3, 0, 2])
MASK = A > 1.0


def assert_agrees(function, *arrays, order=2):
    """The value is NumPy's, to the shape and dtype, and so are the derivatives."""
    wanted = function(*arrays)
    y = function(*(kt.GradArray(a) for a in arrays))
    assert y.requires_grad
    assert (y.shape, y.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-14)
    check_grads(function, arrays, order=order)


@pytest.mark.parametrize("name", FOLDED)
def test_reduce(name):
    ufunc = getattr(np, name)
    assert_agrees(ufunc.reduce, A)
    assert_agrees(lambda a: ufunc.reduce(a, axis=-1, keepdims=True), A)
    assert_agrees(lambda a: ufunc.reduce(a, 1, initial=3.0), A)
    assert_agrees(lambda a: ufunc.reduce(a, axis=0, initial=2.0, where=MASK), A)
    assert_agrees(ufunc.reduce, A[:1])


def test_a_reduction_of_many_axes():
    assert_agrees(lambda a: np.hypot.reduce(a, axis=None), A)
    assert_agrees(lambda a: np.hypot.reduce(a, axis=(0, 1), keepdims=True), A)
    assert_agrees(np.hypot.reduce, -A[:1])
    assert np.hypot.reduce(kt.GradArray(np.zeros(0))).item() == 0.0
    for plain in (A, kt.GradArray(A)):
        with pytest.raises(ValueError, match=r"axes|axis"):
            np.subtract.reduce(plain, axis=None)
        with pytest.raises(ValueError, match="identity"):
            np.divide.reduce(plain[:0])
        with pytest.raises(ValueError, match="initial"):
            np.divide.reduce(plain, where=MASK)


@pytest.mark.parametrize("name", RUNNING)
def test_accumulate(name):
    ufunc = getattr(np, name)
    assert_agrees(ufunc.accumulate, A)
    assert_agrees(lambda a: ufunc.accumulate(a, axis=-1), A)
    assert ufunc.accumulate(kt.GradArray(A[:0])).shape == (0, 4)


@pytest.mark.parametrize("name", SLICED)
def test_reduceat(name):
    ufunc = getattr(np, name)
    assert_agrees(lambda a: ufunc.reduceat(a, [0, 2, 1]), A)
    assert_agrees(lambda a: ufunc.reduceat(a, np.array([0, 3]), axis=1), A)


@pytest.mark.parametrize("name", UPDATED)
def test_at_takes_a_repeated_index_as_often_as_it_is_named(name):
    ufunc = getattr(np, name)

    def updated(a, b):
        a = a * 1.0
        assert ufunc.at(a, PLACES, b) is None
        return a

    assert_agrees(updated, A[0], np.linspace(0.6, 1.7, 6))

    def rows(a, b):
        a = a * 1.0
        ufunc.at(a, ([0, 2, 0], slice(None)), b)
        return a

    assert_agrees(rows, A, A[1])
    assert_agrees(lambda a: updated(a, 1.3), A[0])


def test_at_of_one_array():
    def updated(a):
        a = a * 1.0
        np.negative.at(a, [0, 0, 1])
        np.exp.at(a, (MASK,) if a.ndim == 2 else [3])
        return a

    assert_agrees(updated, V)
    assert_agrees(updated, A)


def test_at_of_constants_goes_to_numpy():
    raw = np.ones(3)
    np.multiply.at(raw, [0, 0], kt.asarray(2.0))
    np.add.at(raw, [1], kt.asarray(2.0))
    np.testing.assert_array_equal(raw, [4.0, 3.0, 1.0])
    y = kt.asarray([1.0, 2.0])
    np.maximum.at(y, [0, 0], [5.0, 3.0])
    np.testing.assert_array_equal(y.numpy(), [5.0, 2.0])


@pytest.mark.parametrize("name", ["add", "multiply", "maximum"])
def test_a_plain_array_takes_no_tracked_value(name):
    raw = np.ones(3)
    with pytest.raises(kt.LostGradientError, match=rf"numpy\.{name}\.at"):
        getattr(np, name).at(raw, [0], kt.GradArray(2.0))
    np.testing.assert_array_equal(raw, np.ones(3))


def test_at_of_no_index_changes_nothing():
    x = kt.GradArray(V)
    y = x * 1.0
    np.multiply.at(y, np.zeros(0, dtype=int), 3.0)
    kt.sum(y).backward()
    np.testing.assert_array_equal(x.grad, np.ones(4))


def test_at_leaves_integers_integers():
    for exponents in (3, [3, 1], np.array([2])):

        def scaled(x, places=(0, 0), exponents=exponents):
            y = x * 1.0
            np.ldexp.at(y, list(places), exponents)
            return y

        assert_agrees(scaled, V)


def test_a_tracked_initial_is_differentiated():
    start = kt.GradArray(2.0)
    y = np.divide.reduce(kt.asarray([4.0, 8.0]), initial=start)
    y.backward()
    assert (y.item(), start.grad.item()) == (0.0625, 0.03125)
    plain = np.divide.reduce(kt.asarray([4.0, 8.0]), initial=kt.asarray(2.0))
    assert plain.item() == 0.0625
    assert not plain.requires_grad


@pytest.mark.parametrize("count", [1, 2])
def test_folds_have_the_dtype_of_numpys(count):
    x = np.full(count, 2.0, np.float32)
    for fold in (
        lambda a: np.divide.reduce(a, initial=np.float64(2)),
        np.divide.accumulate,
        np.float_power.reduce,
        np.float_power.accumulate,
        lambda a: np.float_power.accumulate(a[:0]),
        lambda a: np.float_power.reduceat(a, [0]),
    ):
        assert fold(kt.GradArray(x)).dtype == fold(x).dtype
    with pytest.raises(TypeError):
        np.divide.reduce(kt.GradArray(x), initial=1j)
