"""NumPy's functions that make arrays, with ``like=`` a `GradArray`."""

import inspect

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.interop._values import MAKERS
from keratorch.testing import check_grads

A = np.array([0.5, 2.0, 3.0])

#: A call of every function that has ``like=``.
CALLS = [
    lambda np, **like: np.zeros(3, **like),
    lambda np, **like: np.zeros((2, 3), dtype=np.int32, **like),
    lambda np, **like: np.zeros(np.int64(2), "float32", order="F", **like),
    lambda np, **like: np.ones((), **like),
    lambda np, **like: np.ones(shape=[2], dtype=complex, **like),
    lambda np, **like: np.empty((0, 2), **like),
    lambda np, **like: np.full((2, 1), 7, **like),
    lambda np, **like: np.full(2, [1.0, 2.0], dtype="float32", **like),
    lambda np, **like: np.eye(2, 3, k=1, **like),
    lambda np, **like: np.identity(2, dtype=bool, **like),
    lambda np, **like: np.arange(4, **like),
    lambda np, **like: np.arange(0.0, 1.0, 0.25, **like),
    lambda np, **like: np.tri(3, k=-1, **like),
    lambda np, **like: np.array([1, 2], **like),
    lambda np, **like: np.array(A, ndmin=2, **like),
    lambda np, **like: np.asarray([[1.0, 2.0]], dtype=complex, **like),
    lambda np, **like: np.asanyarray(2.5, **like),
    lambda np, **like: np.ascontiguousarray(2, **like),
    lambda np, **like: np.asfortranarray([[1.0, 2.0]], **like),
    lambda np, **like: np.require([1.0, 2.0], requirements="C", **like),
    lambda np, **like: np.fromfunction(lambda i, j: i + 2 * j, (2, 3), dtype=int, **like),
    lambda np, **like: np.fromfunction(lambda i: 5.0, (2,), **like),
    lambda np, **like: np.frombuffer(A.tobytes(), **like),
    lambda np, **like: np.fromiter(iter([1.0, 2.0]), float, **like),
    lambda np, **like: np.fromstring("1 2", sep=" ", **like),
    lambda np, **like: np.loadtxt(["1 2"], unpack=True, **like),
    lambda np, **like: np.genfromtxt(["1 2"], **like),
]
#: What `GradArray`s hold, by the module that makes it; JAX has no float64 unless asked.
LIBRARIES = ["numpy", "torch", "dask.array", "array_api_strict", "jax.numpy"]


def test_the_functions_are_those_of_numpy_that_have_like():
    found = set()
    for name in np.__all__:
        function = getattr(np, name)
        if callable(function) and not isinstance(function, (type, np.ufunc)):
            try:
                if "like" in inspect.signature(function).parameters:
                    found.add(name)
            except ValueError:  # written in C; NumPy 2.4 gives signatures
                pass
    assert found <= MAKERS


@pytest.mark.parametrize("mirrored", [False, True], ids=["numpy", "keratorch.numpy"])
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("call", CALLS, ids=map(str, range(len(CALLS))))
def test_what_is_made_lies_beside_the_array(call, library, mirrored):
    xp = pytest.importorskip(library)
    expected = call(np)
    for x in (kt.GradArray(xp.asarray(A, dtype=xp.float32)), kt.asarray(xp.asarray([1, 2]))):
        y = call(knp if mirrored else np, like=x)
        if not isinstance(expected, np.ndarray):
            assert y == expected  # a number that a function gave
            continue
        assert isinstance(y, kt.GradArray)
        assert type(y._array) is type(x._array)
        assert y.device == x.device
        assert y.dtype == kt.to_device(kt.asarray(expected), x.device).dtype
        assert not y.requires_grad
        np.testing.assert_array_equal(y.numpy(), expected)


@pytest.mark.parametrize("module", [np, knp], ids=["numpy", "keratorch.numpy"])
@pytest.mark.parametrize(
    "call",
    [
        lambda np, x: np.array([x[0], 1.0, x[1] * x[2]], like=x),
        lambda np, x: np.array(x, ndmin=2, like=x),
        lambda np, x: np.asarray([x, x * x], dtype=complex, like=x),
        lambda np, x: np.asanyarray(x, like=x),
        lambda np, x: np.ascontiguousarray(x[0], like=x),
        lambda np, x: np.asfortranarray([x], like=x),
        lambda np, x: np.full((2, 3), x, like=x),
        lambda np, x: np.full(4, x[0], dtype=complex, like=x),
        lambda np, x: np.fromfunction(lambda i, j: x[0] * i + x[1] ** j, (2, 3), like=x),
        lambda np, x: np.fromfunction(lambda i, c: c[i], (2,), dtype=int, c=x, like=x),
    ],
)
def test_tracked_values_are_differentiated_in(call, module):
    y = call(module, kt.GradArray(A))
    wanted = call(np, A)
    assert y.dtype == wanted.dtype
    np.testing.assert_allclose(y.numpy(), wanted)
    check_grads(lambda x: call(module, x), [A])


@pytest.mark.parametrize("module", [np, knp], ids=["numpy", "keratorch.numpy"])
def test_values_of_another_library_move(module):
    torch = pytest.importorskip("torch")
    like = kt.GradArray(torch.tensor([1.0]))
    x = kt.GradArray(A)
    y = module.asarray(x, like=like)
    assert isinstance(y._array, torch.Tensor)
    kt.sum(module.full((2, 3), y, like=x)).backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0, 2.0])
    assert isinstance(module.asarray(A, like=like)._array, torch.Tensor)
    assert isinstance(module.asarray(torch.tensor([1.0]), like=x)._array, np.ndarray)


@pytest.mark.parametrize("module", [np, knp], ids=["numpy", "keratorch.numpy"])
def test_an_array_that_is_made_and_filled(module):
    def filled(x):
        table = module.zeros((2, 3), like=x)
        table[0] = x * x
        for i in range(3):
            table[1, i] = x[i] * x[0]
        return table

    check_grads(filled, [A])


@pytest.mark.parametrize("module", [np, knp], ids=["numpy", "keratorch.numpy"])
def test_array_copies_and_asarray_does_not(module):
    x, raw = kt.GradArray(A), A.copy()
    copied, same = module.array(raw, like=x), module.asarray(raw, like=x)
    raw[0] = 9.0
    np.testing.assert_array_equal(copied.numpy(), A)
    np.testing.assert_array_equal(same.numpy(), raw)
    assert module.asarray(x, like=x) is x
    assert module.array(x, like=x) is not x


@pytest.mark.parametrize("module", [np, knp], ids=["numpy", "keratorch.numpy"])
def test_what_takes_numbers_refuses_tracked_ones(module):
    x = kt.GradArray(A)
    with pytest.raises(kt.NotDifferentiableError, match=r"numpy\.arange"):
        module.arange(x[1], like=x)
    with pytest.raises(kt.NotDifferentiableError, match=r"numpy\.require"):
        module.require([x[1]], like=x)
    np.testing.assert_array_equal(module.arange(kt.asarray(3), like=x).numpy(), [0, 1, 2])


def test_like_may_be_a_raw_array():
    x = kt.GradArray(A)
    assert type(knp.zeros(3, like=A)) is np.ndarray
    assert knp.array([x[0], 1.0], like=A).requires_grad
    torch = pytest.importorskip("torch")
    assert isinstance(knp.asarray(x, like=torch.tensor([1.0]))._array, torch.Tensor)


@pytest.mark.parametrize(
    "make",
    [
        lambda x, c: np.array(x, dtype=int, like=c),
        lambda x, c: np.asarray([x[0], x[1]], dtype=bool, like=c),
        lambda x, c: np.full(2, x[0], dtype=int, like=c),
        lambda x, c: np.add.at(c.astype(int), [0, 1], x),
        lambda x, c: np.subtract.at(c.astype(int), [0, 1], x),
        lambda x, c: knp.vectorize(lambda v: v * v, otypes="l")(x),
    ],
)
def test_no_gradient_is_lost_in_integers(make):
    x, c = kt.GradArray([1.5, 2.5]), kt.asarray([1.0, 2.0])
    with pytest.raises(kt.LostGradientError, match=r"to (int64|bool)"):
        make(x, c)
