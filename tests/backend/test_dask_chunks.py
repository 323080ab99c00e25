"""Reads, writes, sums at an index and windows of Dask arrays in several chunks, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keratorch as kt
from keratorch.ops.indexing import add_at

da = pytest.importorskip("dask.array")

A = np.random.default_rng(5).random((7, 6)) + 0.5
CHUNKS = [(7, 6), (3, 6), (7, (1, 3, 2)), ((2, 4, 1), (4, 2)), (1, 1)]
ROWS = np.array([True, False, True, True, False, False, True])
BASIC = [
    np.s_[...],
    np.s_[()],
    np.s_[2],
    np.s_[-1, 3],
    np.s_[:, -2],
    np.s_[1:6],
    np.s_[1:6:2, ::-1],
    np.s_[::-3, 1],
    np.s_[None, 4:1:-1, None, ..., :2],
    np.s_[np.int64(3), None],
    np.s_[5:2],
    np.s_[-100:100, 1:2],
]
ARRAYS = [
    ([5, 0, 3],),
    ([-1, 2, -3], np.s_[1:5:3]),
    np.s_[::-2, [4, 0]],
    (np.array([], dtype=int),),
    (ROWS,),
    (ROWS, np.s_[::-1]),
    np.s_[None, :, [False, True, True, False, False, True]],
]
REPEATED = [
    ([1, 1, -6, 4, 1],),
    np.s_[1:, [2, 2, 5]],
]


@pytest.fixture(params=CHUNKS, ids=str)
def x(request):
    return da.from_array(A, chunks=request.param)


def placed(key: Any, lazy: bool) -> Any:
    """The key, with Dask arrays of indices for lists and NumPy arrays."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(
        [
            da.from_array(np.asarray(p), chunks=2)
            if lazy and isinstance(p, (list, np.ndarray))
            else p.tolist()
            if isinstance(p, np.ndarray)
            else p
            for p in parts
        ]
    )


@pytest.mark.parametrize("lazy", [False, True])
def test_sums_at_an_index(x, lazy):
    for key in (*BASIC, *ARRAYS, *REPEATED):
        values = np.asarray(np.random.default_rng(1).random(A[key].shape))
        expected = np.zeros_like(A)
        np.add.at(expected, key, values)
        shape = kt.GradArray(x)[0:7]._grad_op.input_shape
        assert shape == A.shape
        chunks = tuple([max(1, n // 2) for n in values.shape])
        found = add_at(kt.GradArray(da.from_array(values, chunks=chunks)), placed(key, lazy), shape)
        assert found._array.chunks == x.chunks
        np.testing.assert_allclose(found._array.compute(), expected)


def test_reads_by_dask_arrays_beside_none(x):
    for key in (np.s_[None, [5, 0, 3]], np.s_[::2, None, [4, 0], None], np.s_[None, [1, 1, -6], 2]):
        found = kt.GradArray(x)[placed(key, True)]
        np.testing.assert_array_equal(found._array.compute(), A[key])


@pytest.mark.parametrize("lazy", [False, True])
def test_writes(x, lazy):
    for key in (*BASIC, *ARRAYS):
        part = A[key]
        values = np.asarray(np.random.default_rng(1).random(part.shape))
        broadcast = (
            (values[None], values[..., :1], values[:1], np.asarray(values[-1]))
            if part.ndim and part.size
            else ()
        )
        for value in (7.0, values, *broadcast):
            expected = A.copy()
            expected[key] = value
            y = kt.GradArray(x) * 1.0
            raw = value if type(value) is float else da.from_array(value, chunks=2)
            y[placed(key, lazy)] = raw
            assert y._array.chunks == x.chunks
            np.testing.assert_array_equal(y._array.compute(), expected)


def test_derivatives_of_reads_and_writes(x):
    keys = [(key, True) for key in REPEATED] + [(key, False) for key in (*BASIC, *ARRAYS[:4])]
    for key, repeated in keys:
        values = np.asarray(np.random.default_rng(1).random(A[key].shape) + 0.5)

        def f(a, v, key=key, repeated=repeated):
            y = a * a
            part = y[placed(key, False)]
            if not repeated:
                y[placed(key, False)] = part * v
            return kt.sum(y**3) + kt.sum(part * v)

        found = kt.grad(f, argnums=(0, 1))(x, da.from_array(values, chunks=2))
        expected = kt.grad(f, argnums=(0, 1))(A, values)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.compute(), other, rtol=1e-12)
        assert found[0].chunks == x.chunks


def test_positions_along_an_axis(x):
    rng = np.random.default_rng(2)
    for axis, shape in ((0, (4, 6)), (1, (7, 9)), (0, (4, 1)), (1, (1, 3)), (-1, (7, 0))):
        index = rng.integers(-A.shape[axis], A.shape[axis], shape)
        raw = da.from_array(index, chunks=(2, 2))

        def f(a, axis=axis, index=index, raw=raw):
            positions = raw if isinstance(kt.asarray(a)._array, da.Array) else index
            return kt.sum(kt.take_along_axis(a, positions, axis=axis) ** 3)

        found = kt.take_along_axis(kt.GradArray(x), raw, axis=axis)
        np.testing.assert_array_equal(found._array, np.take_along_axis(A, index, axis))
        gradient = kt.grad(f)(x)
        assert gradient.chunks == x.chunks
        np.testing.assert_allclose(gradient.compute(), kt.grad(f)(A), rtol=1e-12)
        second = kt.hvp(f, [x], [x])
        np.testing.assert_allclose(second.compute(), kt.hvp(f, [A], [A]), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:Increasing number of chunks")
def test_windows_and_padding(x):
    image = A.reshape(1, 1, 7, 6)
    kernel = np.random.default_rng(3).random((2, 1, 3, 2))
    options = [{}, {"stride": 2}, {"stride": (1, 3), "padding": 2}, {"dilation": (1, 4)}]

    def transposed(a, w):
        return kt.nn.functional.conv_transpose2d(a, w, stride=(3, 2))

    functions = [
        lambda a, w: kt.nn.functional.max_pool2d(a, 3, stride=2),
        lambda a, w: kt.nn.functional.avg_pool2d(a, (2, 3), stride=(3, 1)),
        lambda a, w: transposed(a, kt.permute_dims(w, (1, 0, 2, 3))),
        *(lambda a, w, o=o: kt.nn.functional.conv2d(a, w, **o) for o in options),
    ]
    lazy = [da.reshape(x, image.shape), da.from_array(kernel, chunks=1)]
    for function in functions:
        plain = function(image, kernel)
        np.testing.assert_allclose(function(*lazy)._array.compute(), plain._array, rtol=1e-12)

        def f(a, w, function=function):
            return kt.sum(function(a, w) ** 3)

        for found, expected in zip(
            kt.grad(f, argnums=(0, 1))(*lazy),
            kt.grad(f, argnums=(0, 1))(image, kernel),
            strict=True,
        ):
            np.testing.assert_allclose(found.compute(), expected, rtol=1e-11, atol=1e-12)


def test_refusals_of_writes():
    x = kt.GradArray(da.from_array(A, chunks=3)) * 1.0
    with pytest.raises(kt.ShapeError, match="does not fit"):
        x[1:3] = da.ones((3, 6))
    with pytest.raises(kt.InvalidIndexError, match="out of bounds"):
        x[7] = 0.0
    with pytest.raises(kt.InvalidIndexError, match="too many"):
        x[0, 0, 0] = 0.0
    x[[0, 9]] = 1.0
    with pytest.raises(IndexError, match="out of bounds"):
        x._array.compute()


def test_integers_beside_arrays_have_their_own_axis():
    a = np.random.default_rng(1).random((2, 3, 4))
    x = da.from_array(a, chunks=(1, 2, 3))
    weights = np.arange(9.0).reshape(3, 3)  # as many rows as columns: a transpose would fit

    def f(x, index):
        return kt.sum(x[1, :, index] * da.from_array(weights))

    expected = np.zeros_like(a)
    expected[1][:, [3, 0, 2]] = weights
    gradient = kt.grad(f, argnums=0)(x, [3, 0, 2])
    np.testing.assert_array_equal(gradient.compute(), expected)
