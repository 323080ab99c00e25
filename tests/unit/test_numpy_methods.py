"""NumPy's methods of arrays, on a GradArray: NumPy's names, arguments and values."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.interop._missing import ATTRIBUTES
from keratorch.interop._numpy_api import FUNCTIONS
from keratorch.interop._numpy_methods import OF_THE_TABLE
from keratorch.testing import check_grads
from tests.numpy_api.cases import array

A = array(3, 4)
B = array(4, 2, seed=1)
C = array(3, 4, complex=True)
S = array(3, 3)
MASK = A > -0.5
PLACES = np.array([2, 0, 2])


def test_every_public_name_of_ndarray_is_here_or_has_a_reason():
    theirs = {n for n in dir(np.ndarray) if not n.startswith("_")}
    x = kt.GradArray(A)
    ours = {n for n in dir(x) if not n.startswith("_")}
    gone = {"itemset", "newbyteorder", "tostring"}  # with NumPy 2.0 and 2.3, or raise since
    assert theirs - ours - set(ATTRIBUTES) - gone == set()
    assert all(ATTRIBUTES.values())
    for name in ATTRIBUTES:
        assert not hasattr(x, name)


def test_methods_of_the_table_are_in_the_table():
    assert set(OF_THE_TABLE) - set(FUNCTIONS) == set()


METHODS = [
    (A, lambda x: x.sum(0)),
    (A, lambda x: x.sum(1, np.complex128, None, True)),
    (A, lambda x: x.sum(axis=0, initial=2.0, where=MASK)),
    (A, lambda x: x.mean((0, 1), None, None, True)),
    (A, lambda x: x.mean(1, where=MASK)),
    (A, lambda x: x.prod(1, initial=2.0, where=MASK)),
    (A, lambda x: x.max(1, None, True)),
    (A, lambda x: x.max(initial=0.2, where=MASK)),
    (A, lambda x: x.min(1, initial=9.0, where=MASK)),
    (A, lambda x: x.var(0, None, None, 1, True)),
    (C, lambda x: x.var(0)),
    (A, lambda x: x.std(0, ddof=1)),
    (C, lambda x: x.std(axis=1, where=MASK)),
    (A, lambda x: x.cumsum()),
    (A, lambda x: x.cumprod(1)),
    (A, lambda x: x.clip(-0.5, 0.5)),
    (A, lambda x: x.clip(max=0.5)),
    (A, lambda x: x.dot(B)),
    (A, lambda x: x.ravel()),
    (A, lambda x: x.ravel("F")),
    (A, lambda x: x.flatten()),
    (A, lambda x: x.flatten(order="F")),
    (A, lambda x: x.reshape(2, 6)),
    (A, lambda x: x.reshape((2, 6), order="F")),
    pytest.param(
        A,
        lambda x: x.reshape(-1, copy=True),
        marks=pytest.mark.skipif(
            np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="copy= came with NumPy 2.1"
        ),
    ),
    (A, lambda x: x.transpose()),
    (A, lambda x: x.transpose(1, 0)),
    (A, lambda x: x.transpose((1, 0))),
    (A, lambda x: x.transpose([0, 1])),
    (A, lambda x: x.T),
    (A, lambda x: x.swapaxes(0, 1)),
    (A, lambda x: x[None].squeeze()),
    (A, lambda x: x[None].squeeze(axis=0)),
    (A, lambda x: x.take(PLACES)),
    (A, lambda x: x.take(PLACES, axis=1)),
    (A, lambda x: x.take([0, 5], 0, None, "wrap")),
    (A, lambda x: x.repeat(2)),
    (A, lambda x: x.repeat([1, 0, 2], axis=0)),
    (A, lambda x: x.compress([True, False, True], 0)),
    (S, lambda x: x.trace()),
    (S, lambda x: x.trace(1, 1, 0)),
    (S, lambda x: x.diagonal(offset=-1)),
    (C, lambda x: x.conj()),
    (C, lambda x: x.conjugate()),
    (C, lambda x: x.real),
    (C, lambda x: x.imag),
    (A, lambda x: x.astype(np.complex128)),
    (A, lambda x: x.astype("float64", "K", "safe", True, False)),
    (A, lambda x: x.copy()),
    (A, lambda x: x.copy("F")),
    (A, lambda x: x.flat[3]),
    (A, lambda x: x.flat[2:7]),
    (A, lambda x: sum(v * i for i, v in enumerate(x.flat))),
]


@pytest.mark.parametrize(("value", "call"), METHODS)
def test_a_method_gives_what_numpys_does_and_differentiates(value, call):
    x = kt.GradArray(value)
    y, expected = call(x), call(value)
    assert isinstance(y, kt.GradArray)
    assert y.requires_grad
    assert y.shape == np.shape(expected)
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13)
    check_grads(call, (value,))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.argmax(),
        lambda x: x.argmax(1, keepdims=True),
        lambda x: x.argmin(0),
        lambda x: x.argsort(),
        lambda x: x.argsort(0),
        lambda x: x.argpartition(1, axis=0)[1],
        lambda x: x.all(1),
        lambda x: x.any(axis=0, keepdims=True),
        lambda x: x.all(where=MASK),
        lambda x: x.round(1),
        lambda x: x.astype(int),
        lambda x: x[0].nonzero()[0],
        lambda x: x[0].searchsorted([0.0, 1.0], "right", x[0].argsort()),
    ],
)
def test_a_method_without_a_derivative_gives_numpys_constants(call):
    y = call(kt.GradArray(A))
    assert isinstance(y, kt.GradArray)
    assert not y.requires_grad
    np.testing.assert_allclose(y.numpy(), call(A))


def test_choose_takes_from_tracked_choices():
    x = kt.GradArray([1.0, 2.0, 3.0])
    y = kt.asarray([0, 1, 0]).choose([x, 10 * x])
    np.testing.assert_array_equal(y.numpy(), [1.0, 20.0, 3.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 10.0, 1.0])


def test_python_values_and_sizes_are_numpys():
    x = kt.GradArray(A)
    assert x.item(5) == A.item(5)
    assert x.item(1, 2) == A.item(1, 2)
    assert x.item((2, 0)) == A.item((2, 0))
    assert x.tolist() == A.tolist()
    assert (x.nbytes, x.itemsize, len(x.flat)) == (A.nbytes, A.itemsize, 12)
    half = kt.asarray(A.astype(np.float32))
    assert (half.nbytes, half.itemsize) == (48, 4)


# -- methods that write ------------------------------------------------------------------------


def written(value, write):
    """The gradient of Σ k·yₖ, with `write` on a result, and the result itself."""
    x = kt.GradArray(value)
    y = x * 1.0
    write(y)
    weights = np.arange(1.0, value.size + 1).reshape(value.shape)
    kt.sum(y * weights).backward()
    return y.numpy(), x.grad


def test_sort_is_a_recorded_write():
    value = np.array([3.0, 1.0, 2.0])
    y, gradient = written(value, lambda y: y.sort())
    np.testing.assert_array_equal(y, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(gradient, [3.0, 1.0, 2.0])
    y, gradient = written(np.array([[3.0, 1.0], [2.0, 5.0]]), lambda y: y.sort(axis=0))
    np.testing.assert_array_equal(y, [[2.0, 1.0], [3.0, 5.0]])
    np.testing.assert_array_equal(gradient, [[3.0, 2.0], [1.0, 4.0]])


def test_partition_is_a_recorded_write():
    value = np.array([3.0, 1.0, 2.0, 5.0])
    y, gradient = written(value, lambda y: y.partition(1))
    assert y[1] == 2.0
    np.testing.assert_array_equal(np.sort(y), np.sort(value))
    assert gradient[2] == 2.0
    assert sorted(gradient) == [1.0, 2.0, 3.0, 4.0]


def test_fill_put_and_flat_are_recorded_writes():
    value = np.array([[3.0, 1.0], [2.0, 5.0]])
    y, gradient = written(value, lambda y: y.fill(7.0))
    np.testing.assert_array_equal(y, np.full((2, 2), 7.0))
    np.testing.assert_array_equal(gradient, np.zeros((2, 2)))
    y, gradient = written(value, lambda y: y.put([0, 3], [8.0, 9.0]))
    np.testing.assert_array_equal(y, [[8.0, 1.0], [2.0, 9.0]])
    np.testing.assert_array_equal(gradient, [[0.0, 2.0], [3.0, 0.0]])

    def through_flat(y):
        y.flat[1:3] = 0.5

    y, gradient = written(value, through_flat)
    np.testing.assert_array_equal(y, [[3.0, 0.5], [0.5, 5.0]])
    np.testing.assert_array_equal(gradient, [[1.0, 0.0], [0.0, 4.0]])

    def whole(y):
        y.flat = [1.0, 2.0, 3.0, 4.0]

    y, gradient = written(value, whole)
    np.testing.assert_array_equal(y, [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(gradient, np.zeros((2, 2)))


def test_a_tracked_value_fills_with_its_gradient():
    x = kt.GradArray(2.0)
    y = kt.zeros(3)
    y.fill(x)
    (y * np.array([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad == 6.0


@pytest.mark.parametrize(
    "write", [lambda x: x.sort(), lambda x: x.partition(1), lambda x: x.fill(1.0)]
)
def test_writing_into_a_leaf_is_refused(write):
    x = kt.GradArray([2.0, 1.0, 3.0])
    with pytest.raises(kt.LeafWriteError):
        write(x)
    np.testing.assert_array_equal(x.numpy(), [2.0, 1.0, 3.0])


def test_constants_are_sorted_in_place():
    raw = np.array([2.0, 1.0, 3.0])
    x = kt.asarray(raw)
    x.sort()
    np.testing.assert_array_equal(raw, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda x, out: x.argmax(0, out),
        lambda x, out: x.round(1, out),
        lambda x, out: x.var(0, None, out),
        lambda x, out: x.take([0], 0, out),
        lambda x, out: x.sum(0, None, out, where=[True, False]),
    ],
)
def test_out_is_refused(call):
    with pytest.raises(kt.LostGradientError, match="out="):
        call(kt.GradArray([1.0, 2.0]), np.zeros(()))


def test_the_imaginary_part_of_real_numbers_is_zero():
    y = kt.GradArray([1.0, 2.0]).imag
    np.testing.assert_array_equal(y.numpy(), [0.0, 0.0])
    assert not y.requires_grad


def test_casting_is_checked():
    x = kt.GradArray([1.0, 2.0])
    assert x.astype(np.float32, casting="same_kind").dtype == np.float32
    with pytest.raises(kt.DTypeError):
        x.astype(np.float32, casting="safe")
    with pytest.raises(kt.DTypeError):
        x.astype(np.int64, casting="same_kind")


def test_codes_of_dtypes_are_numpys_on_every_library(xp):
    x = kt.GradArray(xp.asarray([1.0, 2.0]))
    assert x.astype("f4").dtype == xp.float32
    assert x.astype("D").dtype == xp.complex128
    assert np.zeros_like(x, dtype="i8").dtype == xp.int64
    with pytest.raises(kt.DTypeError):
        x.astype("no such dtype")
    with pytest.raises(kt.DTypeError):
        x.astype("M8[s]")


@pytest.mark.parametrize("call", [lambda x: divmod(x, 0.7), lambda x: divmod(3.0, x)])
def test_divmod(call):
    plain = np.abs(A) + 0.3
    x = kt.GradArray(plain)
    quotient, remainder = call(x)
    for found, wanted in zip((quotient, remainder), call(plain), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-14)
    assert not quotient.requires_grad
    check_grads(lambda x: call(x)[1], [plain])
    with pytest.raises(TypeError):
        divmod(x, "a")


def test_round_of_one_element():
    x = kt.GradArray(2.346)
    assert round(x) == 2
    assert type(round(x)) is int
    assert round(x, 2).item() == 2.35
    assert not round(x, 2).requires_grad
    with pytest.raises(TypeError, match=r"numpy\.round"):
        round(kt.GradArray(A))


def test_a_mask_of_repeats_counts_as_numbers():
    x = kt.GradArray([1.0, 2.0, 3.0])
    for y in (np.repeat(x, [True, False, True]), x.repeat(np.array([True, False, True]))):
        np.testing.assert_array_equal(y._array, [1.0, 3.0])
        x.zero_grad()
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, [1.0, 0.0, 1.0])


def test_equivalent_dtypes_differ_in_the_order_of_bytes():
    x = kt.GradArray([1.0, 2.0])
    assert x.astype(">f8", casting="equiv").dtype == np.dtype(">f8")
    with pytest.raises(kt.DTypeError, match="another order of bytes"):
        x.astype("float32", casting="equiv")
    with pytest.raises(kt.DTypeError, match="it allows no other dtype"):
        x.astype(">f8", casting="no")
