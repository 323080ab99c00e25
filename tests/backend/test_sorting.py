"""Ties, repeated positions and sets."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.leaves import constant, leaf
from tests.op_checks import on_device, on_host

DASK_SETS = "the shape of a Dask array of the distinct elements is unknown"


def host(x):
    return on_host(x._array)


@pytest.mark.parametrize("descending", [False, True])
def test_ties_keep_their_order(device, descending):
    """The gradient of equal elements goes to them in their order, both ways round."""
    x = leaf(device, [2.0, 1.0, 2.0, 1.0, 2.0])
    order = kt.argsort(x, descending=descending)
    wanted = [0, 2, 4, 1, 3] if descending else [1, 3, 0, 2, 4]
    np.testing.assert_array_equal(host(order), wanted)
    assert not order.requires_grad
    seed = np.arange(5.0)
    kt.sort(x, descending=descending, stable=False).backward(on_device(device, seed))
    grad = np.empty(5)
    grad[wanted] = seed
    np.testing.assert_array_equal(on_host(x.grad), grad)


@pytest.mark.parametrize("descending", [False, True])
def test_many_ties_keep_their_order(device, descending):
    """Few elements are sorted in a stable way by any algorithm."""
    values = np.random.default_rng(3).integers(0, 4, 500).astype("float64")
    wanted = np.argsort(-values if descending else values, stable=True)
    x = leaf(device, values)
    for stable in (False, True):
        order = kt.argsort(x, descending=descending, stable=stable)
        np.testing.assert_array_equal(host(order), wanted)
    y = kt.sort(x, descending=descending, stable=False)
    np.testing.assert_array_equal(host(y), values[wanted])
    seed = np.arange(500.0)
    (g,) = kt.gradients([y], [x], [constant(device, seed)])
    np.testing.assert_array_equal(on_host(g)[wanted], seed)


def test_sort_without_a_gradient_is_the_same(device):
    values = np.array([[3.0, 1.0, 2.0], [0.0, 0.0, -1.0]])
    x = leaf(device, values)
    with kt.no_grad():
        np.testing.assert_array_equal(host(kt.sort(x, axis=0)), np.sort(values, axis=0))


def test_repeated_positions_add_up(device):
    x = leaf(device, [1.0, 2.0, 3.0])
    kt.sum(kt.take(x, [0, 2, 0, 0])).backward()
    np.testing.assert_array_equal(on_host(x.grad), [3.0, 0.0, 1.0])
    x.zero_grad()
    kt.sum(kt.take_along_axis(x, [2, 2, 1, 2, 2])).backward()
    np.testing.assert_array_equal(on_host(x.grad), [0.0, 1.0, 4.0])


def test_positions_are_constants(device):
    x = leaf(device, [0.0, 2.0, 0.0, 3.0])
    (places,) = kt.nonzero(kt.asarray(x.detach()))
    if device.backend != "dask":  # whose shape is unknown
        np.testing.assert_array_equal(host(places), [1, 3])
    ordered = kt.sort(x)
    found = kt.searchsorted(ordered, leaf(device, [0.0, 2.5]), side="right")
    np.testing.assert_array_equal(host(found), [2, 3])
    within = kt.isin(kt.astype(x, "int64"), kt.asarray([0, 3], device=device), invert=True)
    np.testing.assert_array_equal(host(within), [False, True, False, False])
    assert not any(y.requires_grad for y in (places, found, within))


def test_sets(device, request):
    if device.backend == "dask":
        request.applymarker(pytest.mark.xfail(reason=DASK_SETS))
    values = np.array([[2.0, 1.0, 2.0], [3.0, 1.0, 1.0]])
    x = leaf(device, values)
    found = kt.unique_all(x)
    wanted = np.unique_all(values)
    for y, value in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(host(y), value)
    found.values.backward(on_device(device, np.array([1.0, 2.0, 3.0])))
    np.testing.assert_array_equal(on_host(x.grad), [[2.0, 1.0, 0.0], [3.0, 0.0, 0.0]])
    np.testing.assert_array_equal(host(kt.unique_counts(x).counts), [3, 2, 1])
    np.testing.assert_array_equal(
        host(kt.unique_inverse(x.detach()).inverse_indices), [[1, 0, 1], [2, 0, 0]]
    )


def test_errors(device):
    x = leaf(device, np.ones((2, 3)))
    with pytest.raises(kt.ShapeError, match="axis="):
        kt.take(x, [0])
    with pytest.raises(kt.DTypeError, match="integers"):
        kt.take(x, [0.5], axis=0)
    with pytest.raises(kt.ShapeError, match="as many axes"):
        kt.take_along_axis(x, [0])
    with pytest.raises(kt.ShapeError, match="one axis"):
        kt.searchsorted(x, x)
    with pytest.raises(kt.ShapeError, match="no axis"):
        kt.nonzero(leaf(device, 1.0))
    with pytest.raises(kt.ShapeError, match="3 of them"):
        kt.repeat(x, [1, 2], axis=1)
    with pytest.raises(kt.ShapeError, match="names 1 axes"):
        kt.roll(x, (1, 2), axis=0)
    with pytest.raises(kt.ShapeError, match="no matrix"):
        kt.tril(leaf(device, [1.0]))
