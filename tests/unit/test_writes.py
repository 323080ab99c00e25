"""Writes on NumPy arrays: what happens in place, what is recorded, what is refused."""

import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads


@pytest.fixture
def w():
    return kt.GradArray(np.array([1.0, 2.0, 3.0]))


def matrix(tracked: bool = True) -> kt.GradArray:
    """The numbers 0 … 11 as a 3 by 4 result, or constant, in memory of its own."""
    values = np.arange(12.0).reshape(3, 4)
    return kt.GradArray(values) * 1.0 if tracked else kt.asarray(values)


def iadd(x, v):
    x += v
    return x


def isub(x, v):
    x -= v
    return x


def imul(x, v):
    x *= v
    return x


def itruediv(x, v):
    x /= v
    return x


def ipow(x, v):
    x **= v
    return x


def imatmul(x, v):
    x @= v
    return x


def set_all(x, v):
    x[...] = v
    return x


def set_part(x, v):
    x[0] = v[0] if isinstance(v, (np.ndarray, kt.GradArray)) and v.ndim else v
    return x


UPDATES = [iadd, isub, imul, itruediv, ipow, imatmul, set_all, set_part]
SQUARE = np.array([[1.5, 2.0], [0.5, 1.0]])


# -- leaves ----------------------------------------------------------------------------------


@pytest.mark.parametrize("update", UPDATES)
def test_leaf_refuses_recorded_writes(update):
    raw = SQUARE.copy()
    w = kt.GradArray(raw)
    with pytest.raises(kt.LeafWriteError, match=r"\(2, 2\).*no_grad\(\).*copy\(\)"):
        update(w, SQUARE)
    assert w._array is raw and w.is_leaf and w.requires_grad
    np.testing.assert_array_equal(raw, SQUARE)


@pytest.mark.parametrize("update", UPDATES)
def test_leaf_is_written_in_place_inside_no_grad(update):
    raw, expected = SQUARE.copy(), SQUARE.copy()
    w = kt.GradArray(raw)
    with kt.no_grad():
        assert update(w, SQUARE) is w
    assert w._array is raw and w.is_leaf and w.requires_grad
    np.testing.assert_array_equal(raw, update(expected, SQUARE))


def test_view_of_a_leaf_refuses_recorded_writes(w):
    view = w[1:]
    with pytest.raises(kt.LeafWriteError, match="leaf"):
        view += 1.0
    np.testing.assert_array_equal(w._array, [1.0, 2.0, 3.0])


def test_part_of_a_leaf_is_written_inside_no_grad(w):
    raw = w._array
    with kt.no_grad():
        w[1:] -= 1.0
    assert w._array is raw
    np.testing.assert_array_equal(raw, [1.0, 1.0, 2.0])


def test_gradient_step_in_a_decorated_function(w):
    @kt.no_grad()
    def step():
        nonlocal w
        w -= 0.5 * w.grad

    (w * w).sum().backward()
    leaf = w
    step()
    assert w is leaf
    np.testing.assert_allclose(w._array, [0.0, 0.0, 0.0])


# -- constants -------------------------------------------------------------------------------


@pytest.mark.parametrize("update", UPDATES)
def test_constants_are_written_in_place(update):
    raw, expected = SQUARE.copy(), SQUARE.copy()
    x = kt.asarray(raw)
    assert update(x, kt.asarray(SQUARE)) is x
    assert x._array is raw
    assert not x.requires_grad
    np.testing.assert_array_equal(raw, update(expected, SQUARE))


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("tracked", ["old", "new", "both"])
def test_recorded_updates_have_the_right_gradients(update, tracked):
    new = SQUARE.T.copy() + 0.25

    def function(x, v):
        x = x.copy()
        return update(x, v)

    args = [SQUARE, new]
    if tracked == "old":
        check_grads(lambda x: function(x, new), args[:1])
    elif tracked == "new":
        check_grads(lambda v: function(kt.asarray(SQUARE), v), args[1:])
    else:
        check_grads(function, args)


@pytest.mark.parametrize("update", UPDATES)
def test_constant_with_tracked_value_becomes_a_result(update):
    raw = SQUARE.copy()
    x = kt.asarray(raw)
    v = kt.GradArray(SQUARE)
    assert update(x, v) is x
    assert type(x._grad_op).__name__ == "SetItemGrad"
    assert x.requires_grad and not x.is_leaf
    np.testing.assert_array_equal(raw, SQUARE)  # the old memory is left alone
    x.sum().backward()
    assert v.grad.shape == (2, 2)


def test_nothing_is_recorded_inside_no_grad():
    x, v = kt.asarray(np.zeros(3)), kt.GradArray(np.ones(3))
    with kt.no_grad():
        x += v
        x[0] = v[1] * 5.0
    assert not x.requires_grad
    np.testing.assert_array_equal(x._array, [5.0, 1.0, 1.0])


# -- what a write leaves alone -----------------------------------------------------------------


def test_values_saved_before_a_write_stay(w):
    x = w * 1.0
    y = x * x
    x += 1.0
    z = x * x
    (y.sum() + 10.0 * z.sum()).backward()
    a = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(w.grad, 2 * a + 20 * (a + 1))


def test_old_node_stays_what_it_was(w):
    x = w * 3.0
    old = x._grad_op
    x[0] = 7.0
    assert type(old).__name__ == "MultiplyGrad"
    assert x._grad_op is not old
    x.sum().backward()
    np.testing.assert_array_equal(w.grad, [0.0, 3.0, 3.0])
    np.testing.assert_array_equal(x.grad, [1.0, 1.0, 1.0])  # of what x is now


def test_gradient_of_the_value_before_a_write_is_not_kept():
    x = kt.GradArray(np.ones(4)) * 1.0
    first = weakref.ref(x._grad_op)
    x.backward(np.ones(4), retain_graph=True)
    assert x.grad is not None
    x *= 2.0
    assert x.grad is None  # a new value, without a gradient yet
    assert first()._out() is None


def test_loop_that_fills_an_array():
    w = kt.GradArray(np.array(0.5))
    x = kt.zeros(6)
    x[0] = 1.0
    for i in range(1, 6):
        x[i] = x[i - 1] * w
    x[5].backward()
    assert w.grad == pytest.approx(5 * 0.5**4)


def test_loop_that_adds_to_slices():
    w = kt.GradArray(np.arange(1.0, 4.0))
    x = kt.zeros((3, 4))
    for i in range(3):
        x[i] += w[i] ** 2
        x[:, i : i + 2] += w[i]
        x[i, 1:3] *= 2.0
    plain, p = np.zeros((3, 4)), np.arange(1.0, 4.0)
    for i in range(3):
        plain[i] += p[i] ** 2
        plain[:, i : i + 2] += p[i]
        plain[i, 1:3] *= 2.0
    np.testing.assert_array_equal(x._array, plain)

    def function(w):
        x = kt.zeros((3, 4))
        for i in range(3):
            x[i] += w[i] ** 2
            x[:, i : i + 2] += w[i]
            x[i, 1:3] *= 2.0
        return x

    check_grads(function, [p])


def test_update_of_a_part_makes_one_write():
    x, v = kt.asarray(np.zeros(5)), kt.GradArray(np.ones(2))
    x[1:3] += v
    old, new = x._grad_op._edges
    assert old is None  # the constant, not what an earlier write left
    assert type(new).__name__ == "AddGrad" and new._edges[1] is v._edge


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (np.array([0, 2, 0]), np.array([1.0, 2.0, 3.0])),
        ([1, 1, 1], np.array([1.0, 2.0, 3.0])),
        (np.array([[0, 1], [1, 0]]), np.array([5.0, 6.0])),
    ],
)
def test_repeated_indices_give_the_gradient_to_the_last(key, value):
    check_grads(lambda x, v: with_set(x, key, v), [np.arange(3.0), value])


def with_set(x, key, v):
    x = x.copy()
    x[key] = v
    return x


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ((0,), np.ones((1, 4))),
        ((slice(None), 1), np.array(2.0)),
        ((..., None), np.ones((3, 1, 1))),
        (np.arange(12).reshape(3, 4) > 5, np.arange(6.0)),
        (np.arange(12).reshape(3, 4) > 5, np.array(2.0)),
        ((np.array([0, 2]), slice(1, 3)), np.array([[1.0], [2.0]])),
        ((slice(0, 0),), np.ones((1, 4))),
        ((slice(None, None, -2),), np.ones((2, 4))),
    ],
    ids=str,
)
def test_values_broadcast_into_the_part(key, value):
    start = np.arange(12.0).reshape(3, 4)
    expected = start.copy()
    expected[key] = value
    x = kt.GradArray(start) * 1.0
    x[key] = kt.GradArray(value)
    np.testing.assert_array_equal(x._array, expected)
    check_grads(lambda x, v: with_set(x, key, v), [start, value])


def test_a_write_reads_its_own_array():
    start = np.arange(6.0)
    expected = start.copy()
    expected[1:] = expected[:-1]
    expected[::2] += expected[::-2]
    for x in (kt.asarray(start.copy()), kt.GradArray(start) * 1.0):
        x[1:] = x[:-1]
        x[::2] += x[::-2]
        np.testing.assert_array_equal(x._array, expected)

    def function(x):
        x = x.copy()
        x[1:] = x[:-1] * x[1:]
        x[:] = x[::-1]
        x += x[::-1]
        return x

    check_grads(function, [start])


# -- what is refused -------------------------------------------------------------------------


def test_tracked_value_into_integers(w):
    x = kt.asarray(np.zeros(3, dtype=int))
    for write in (iadd, set_all):
        with pytest.raises(kt.DTypeError, match=r"int64.*float64.*astype"):
            write(x, w)
    np.testing.assert_array_equal(x._array, [0, 0, 0])


def test_complex_tracked_value_into_real(w):
    z = kt.GradArray(np.ones(3, dtype=complex))
    for x in (kt.asarray(np.zeros(3)), w * 1.0):
        before = x._array.copy()
        for write in (iadd, set_all):
            with pytest.raises(kt.DTypeError, match=r"float64.*complex128.*astype"):
                write(x, z)
        np.testing.assert_array_equal(x._array, before)


def test_real_tracked_value_into_complex(w):
    x = kt.asarray(np.zeros(3, dtype=complex))
    x += w
    x[0] = w[1]
    assert x.dtype == np.complex128
    kt.real(x * (2.0 - 1.0j)).sum().backward()
    assert w.grad.dtype == np.float64
    np.testing.assert_allclose(w.grad, [0.0, 4.0, 2.0])


def test_dtype_of_the_array_stays():
    w = kt.GradArray(np.ones(3))
    x = kt.zeros(3, dtype="float32")
    x += w
    x[0] = w[1] * 2.0
    assert x.dtype == np.float32
    x.sum().backward()
    assert w.grad.dtype == np.float64
    np.testing.assert_array_equal(w.grad, [0.0, 3.0, 1.0])


@pytest.mark.parametrize("tracked", [False, True])
def test_shapes_do_not_grow(tracked):
    x = matrix(tracked)
    before = x._array.copy()
    for value in (np.ones((2, 3, 4)), kt.GradArray(np.ones((2, 3, 4)))):
        with pytest.raises(kt.ShapeError, match=r"\(2, 3, 4\)"):
            x += value
        with pytest.raises(kt.ShapeError, match=r"\(2, 3, 4\)"):
            x[...] = value
    for value in (np.ones(5), kt.GradArray(np.ones(5))):
        with pytest.raises(kt.ShapeError, match=r"\(5,\)"):
            x += value
        with pytest.raises(kt.ShapeError, match=r"\(5,\)"):
            x[0] = value
    np.testing.assert_array_equal(x._array, before)


def test_floats_are_not_added_to_integers_in_place():
    x = kt.asarray(np.ones(3, dtype=int))
    with pytest.raises(kt.DTypeError, match=r"int64.*float64"):
        x += 0.5
    with pytest.raises(kt.DTypeError, match=r"int64.*float64"):
        x /= 2
    x[0] = 2.7  # as in NumPy
    np.testing.assert_array_equal(x._array, [2, 1, 1])


def test_a_refused_operand_is_left_to_python(w):
    x = w * 1.0
    with pytest.raises(TypeError):
        x += "text"
    with pytest.raises(IndexError, match=r"\(3,\)|out of bounds"):
        x[5] = 1.0


# -- derivatives of derivatives --------------------------------------------------------------


def test_second_order_and_forward_mode():
    def function(a, b):
        x = kt.zeros((2, 3))
        x[0] = a
        x[1, :2] = b * a[:2]
        x *= x
        x[:, 1] += kt.exp(b[0]) * x[:, 2]
        y = x.T
        y[0] = y[1] ** 3
        return x

    check_grads(function, [np.array([0.5, 1.5, -1.0]), np.array([2.0, 0.3])], order=3)


def test_forward_mode_leaves_the_callers_array_alone():
    raw = np.ones(3)

    def function(x):
        x += 1.0
        x[0] = x[1] * 2.0
        return x

    value, tangent = kt.jvp(function, [raw], [np.array([1.0, 2.0, 3.0])])
    np.testing.assert_array_equal(raw, np.ones(3))
    np.testing.assert_array_equal(value, [4.0, 2.0, 2.0])
    np.testing.assert_array_equal(tangent, [4.0, 2.0, 3.0])


def test_tangents_are_not_written_into_leaves(w):
    def function(x):
        w[0] = x[0]
        return x

    with pytest.raises(kt.LeafWriteError, match="plain values"):
        kt.jvp(function, [np.ones(3)], [np.ones(3)])
    assert w.is_leaf and w.requires_grad
    np.testing.assert_array_equal(w._array, [1.0, 2.0, 3.0])

    def values(x):
        with kt.no_grad():  # in forward mode as in reverse mode, the values alone
            w[0] = 5.0 * x[0]
            w[1:] = x[1:]
        return x * w

    for slope in (kt.jvp(values, [np.ones(3)], [np.ones(3)])[1], kt.elementwise_grad(values)):
        slope = slope(np.ones(3)) if callable(slope) else slope
        np.testing.assert_array_equal(kt.asarray(slope).numpy(), [5.0, 1.0, 1.0])
        assert w.is_leaf and w.requires_grad and w._tangents is None


# -- cost and threads -------------------------------------------------------------------------


def test_many_views_cost_no_more_than_few():
    """Noting a view does not look at all others."""
    x = matrix()
    views = [x[0] for _ in range(3000)]
    assert len(x._alias.members) == 3001
    del views
    for _ in range(3000):
        x[0]
    assert len(x._alias.members) < 3001


def test_writes_of_many_threads():
    def work(results, i):
        w = kt.GradArray(np.full(4, float(i)))
        x = kt.zeros(4)
        for k in range(4):
            x[k] = w[k] * w[k]
        x.sum().backward()
        c = kt.asarray(np.ones(4))
        for _ in range(20):
            c += 1.0
        results[i] = (w.grad, c._array)

    results: dict[int, tuple] = {}
    threads = [threading.Thread(target=work, args=(results, i)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(8):
        np.testing.assert_array_equal(results[i][0], np.full(4, 2.0 * i))
        np.testing.assert_array_equal(results[i][1], np.full(4, 21.0))


def test_a_write_makes_one_new_array():
    x = kt.GradArray(np.ones(100_000)) * 1.0
    tracemalloc.start()
    x[0] = 5.0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.1 * 800_000


def test_operators_without_a_derivative_are_in_place_too():
    x = kt.zeros(4) + 4.0
    v = x[:2]
    v //= 3
    np.testing.assert_array_equal(x.numpy(), [1.0, 1.0, 4.0, 4.0])
    mask = kt.asarray([True, False])
    same = mask
    mask |= True
    assert mask is same
    np.testing.assert_array_equal(same.numpy(), [True, True])
    y = kt.GradArray([5.0]) * 1.0
    y //= 2
    assert y.numpy() == [2.0]


def test_an_array_without_weak_references_can_be_written():
    class Slotted:
        __slots__ = ("shape",)

    from keratorch.core.versions import mark, writes

    kt.backends.register(kt.backends.Backend("slotted", None, (Slotted,)))
    before = writes.last
    mark(Slotted())
    assert writes.last > before
