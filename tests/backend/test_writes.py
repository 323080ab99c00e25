"""Writes on every backend: in place where the library can, and the same values everywhere."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads


def host(x):
    return np.array(x.detach().numpy())


@pytest.fixture
def leaf(xp, device):
    def make(values):
        return xp.asarray(np.array(values), device=device, requires_grad=True)

    return make


@pytest.fixture
def constant(xp, device):
    def make(values):
        return xp.asarray(np.array(values), device=device)

    return make


def test_updates_of_constants(constant):
    x, y = constant([[1.0, 2.0], [3.0, 4.0]]), constant([[5.0, 6.0], [7.0, 8.0]])
    plain = np.array([[1.0, 2.0], [3.0, 4.0]])
    other = host(y)
    x += y
    plain += other
    x -= 0.5
    plain -= 0.5
    x *= y
    plain *= other
    x /= 4.0
    plain /= 4.0
    x **= 2
    plain **= 2
    np.testing.assert_allclose(host(x), plain)
    x @= y
    plain @= other
    np.testing.assert_allclose(host(x), plain)
    assert not x.requires_grad


def test_an_array_added_to_its_own_transpose(constant):
    x = constant([[1.0, 2.0], [3.0, 4.0]])
    x += x.mT
    np.testing.assert_array_equal(host(x), [[2.0, 5.0], [5.0, 8.0]])


def test_an_array_moved_within_itself(constant):
    x = constant([1.0, 2.0, 3.0, 4.0])
    x[1:] = x[:-1]
    np.testing.assert_array_equal(host(x), [1.0, 1.0, 2.0, 3.0])


def test_leaf_is_updated_inside_no_grad(leaf):
    w = leaf([1.0, 2.0, 3.0])
    (w * w).sum().backward()
    with kt.no_grad():
        w -= 0.25 * kt.asarray(w.grad)
        w[0] = 7.0
    assert w.is_leaf and w.requires_grad
    np.testing.assert_array_equal(host(w), [7.0, 1.0, 1.5])
    w.grad = None
    (w * w).sum().backward()
    np.testing.assert_array_equal(host(kt.asarray(w.grad)), [14.0, 2.0, 3.0])
    for write in (lambda: w.__iadd__(1.0), lambda: w.__setitem__(0, 1.0)):
        with pytest.raises(kt.LeafWriteError, match=r"no_grad\(\)"):
            write()


def test_values_before_a_write_stay(leaf):
    w = leaf([1.0, 2.0, 3.0])
    x = w * 1.0
    y = x * x
    x += 1.0
    x[0] = x[1] * 2.0
    z = x * x
    (y.sum() + z.sum()).backward()
    # y: 2w; z: (2(w1 + 1))² + (w1 + 1)² + (w2 + 1)²
    np.testing.assert_allclose(host(kt.asarray(w.grad)), [2.0, 4.0 + 24.0 + 6.0, 6.0 + 8.0])


def test_loop_that_fills_an_array(leaf, xp, device):
    w = leaf([0.5, 1.5])
    x = xp.zeros((4, 2), device=device, dtype=xp.float64)
    for i in range(4):
        x[i, :] = w**i
    x[3, :] += w
    x[:, 0] *= 2.0
    x.sum().backward()
    v = np.array([0.5, 1.5])
    expected = (1 + 2 * v + 3 * v**2 + 1) * [2.0, 1.0]
    np.testing.assert_allclose(host(kt.asarray(w.grad)), expected)


@pytest.mark.parametrize("tracked", [False, True])
def test_views_show_writes(tracked, leaf, constant):
    values = np.arange(6.0).reshape(2, 3)
    x = leaf(values) * 1.0 if tracked else constant(values)
    row, turned = x[1, :], x.mT
    plain = values.copy()
    x[:, 1] = 9.0
    plain[:, 1] = 9.0
    for view, expected in ((x, plain), (row, plain[1]), (turned, plain.T)):
        np.testing.assert_array_equal(host(view), expected)
    row += 10.0
    plain[1] += 10.0
    turned[0, :] = 5.0
    plain[:, 0] = 5.0
    for view, expected in ((x, plain), (row, plain[1]), (turned, plain.T)):
        np.testing.assert_array_equal(host(view), expected)


def test_derivatives_of_writes(leaf, target):
    def function(a, b):
        x = a * 1.0
        x[1:] = b * x[:-1]
        x *= a
        view = x[:2]
        view += b**2
        return x

    args = [host(leaf([0.5, 1.5, -1.0])), np.array([2.0, 0.3])]
    backend = kt.backends.get(target.backend)
    check_grads(function, [backend.from_numpy(a, target.device) for a in args], order=2)


def test_saved_values_that_were_written(leaf, constant):
    w, c = leaf([1.0, 2.0, 3.0]), constant([4.0, 5.0, 6.0])
    y = (w * c).sum()
    in_place = kt.backends.of(c._array).writeable(c._array)
    before = host(c)
    c += 1.0
    if in_place:
        with pytest.raises(kt.StaleValueError, match=r"MultiplyGrad.*\(3,\).*copy\(\)"):
            y.backward()
        assert w.grad is None
    else:  # the library made a new array; the old one is as it was
        y.backward()
        np.testing.assert_array_equal(host(kt.asarray(w.grad)), before)
