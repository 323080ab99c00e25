"""The reverse walk: what it visits, frees, hands over, and what stops it."""

import threading

import numpy as np
import pytest

import keratorch as kt
from tests.counting import counted

# -- what is visited ---------------------------------------------------------------------------


def test_gradients_of_what_nothing_tracks():
    x, raw = kt.GradArray([1.0, 2.0]), np.ones(2)
    y = (x * x).sum()
    for given in ((raw, x), ([y, raw], x), (y, raw), (y, [x, 2.0])):
        with pytest.raises(kt.NotTrackedError, match=r"of type (ndarray|float), which nothing"):
            kt.gradients(*given)
    with pytest.raises(kt.NotTrackedError, match="no output depends"):
        kt.gradients([], x)
    assert kt.gradients([], x, allow_unused=True) == (None,)
    assert kt.gradients(y, []) == ()


def test_a_value_used_twice_sums_its_gradients():
    x = kt.GradArray([2.0, 3.0])
    (x * x + x).sum().backward()
    np.testing.assert_array_equal(x.grad, [5.0, 7.0])


def test_diamond_with_many_paths_visits_each_node_once():
    x = kt.GradArray(1.0)
    y, nodes = x, []
    for _ in range(100):
        y = counted(y)
        nodes.append(y._grad_op)
        y = (y + y) * 0.5
    y.backward()
    assert x.grad == 1.0
    assert [node.visits for node in nodes] == [1] * 100
    z = x
    for _ in range(100):
        z = z + z
    x.grad = None
    z.backward()
    assert x.grad == 2.0**100


def test_nodes_that_no_gradient_reaches_are_not_run():
    class HalfGrad(kt.Grad):
        def backward(self, grad):
            return grad, None

    x, y = kt.GradArray([1.0]), kt.GradArray([2.0])
    unused = counted(y)
    z = kt.GradArray(np.ones(1), grad_op=HalfGrad(x, unused))
    z.backward()
    assert x.grad == 1.0 and y.grad is None
    assert unused._grad_op.visits == 0


def test_uses_made_out_of_order():
    """A node waits for uses of its output that were made long after others."""
    x = kt.GradArray([1.0])
    a = counted(x)
    b = a * 2
    c = b * 3
    d = a * c
    e = b + d * a
    e.backward()  # 2x + 6x³
    assert x.grad == 20.0
    assert a._grad_op.visits == 1


def test_results_that_are_alive_get_gradients_and_no_others():
    x = kt.GradArray([1.0, 2.0])
    y = x * 2
    z = y * y
    z.sum().backward()
    np.testing.assert_array_equal(z.grad, [1.0, 1.0])
    np.testing.assert_array_equal(y.grad, [4.0, 8.0])
    c = kt.asarray([1.0, 2.0])
    (x * c).sum().backward()
    assert c.grad is None


def test_the_output_gets_its_own_gradient():
    x = kt.GradArray([1.0, 2.0])
    x.backward(np.array([3.0, 4.0]))
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])
    y = x * 2
    y.backward([1, 2])
    np.testing.assert_array_equal(y.grad, [1.0, 2.0])
    assert y.grad.dtype == np.float64


# -- the gradient that backward is given -------------------------------------------------------


@pytest.mark.parametrize(
    "seed",
    [
        np.array([1.0, 2.0]),
        np.array([1, 2]),
        np.array([1.0, 2.0], dtype=np.float32),
        kt.asarray([1.0, 2.0]),
        [1.0, 2.0],
        (1, 2),
        np.array([0.0, 1.0, 0.0, 2.0])[1::2],
    ],
    ids=["array", "integers", "float32", "GradArray", "list", "tuple", "strided"],
)
def test_seeds(seed):
    x = kt.GradArray([3.0, 4.0])
    (x * 2).backward(seed)
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    assert type(x.grad) is np.ndarray and x.grad.dtype == np.float64


def test_seeds_that_do_not_fit():
    x = kt.GradArray([3.0, 4.0])
    y = x * 2
    for seed in (np.ones(3), np.ones((1, 2)), 1.0, np.float64(1.0), [[1.0, 2.0]]):
        with pytest.raises(kt.ShapeError, match=r"\(2,\)"):
            y.backward(seed)
    with pytest.raises(kt.DTypeError, match=r"complex128.*float64"):
        y.backward(np.array([1j, 2j]))
    with pytest.raises(kt.KeratorchError):
        y.backward("text")
    assert x.grad is None
    y.backward(np.ones(2))  # nothing was freed


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_needs_no_seed(shape):
    x = kt.GradArray(np.full(shape, 3.0, dtype=np.float32))
    (x * x).backward()
    assert x.grad.shape == shape and x.grad.dtype == np.float32 and x.grad.item() == 6.0


def test_other_outputs_need_one():
    for values, what in (([1.0, 2.0], "more than one"), ([], "no element"), ([1j], "complex")):
        x = kt.GradArray(np.array(values))
        with pytest.raises(kt.GradientRequiredError, match=what):
            (x * 2).backward()
        assert x.grad is None


def test_constants_have_nothing_to_walk():
    for y in (kt.asarray(1.0), (kt.GradArray(1.0) * 2).detach(), kt.asarray(1)):
        with pytest.raises(kt.NotTrackedError, match=r"nothing tracks|has no gradient"):
            y.backward()


# -- errors in the middle ----------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, MemoryError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("create_graph", [False, True])
def test_exception_in_a_rule_leaves_every_gradient(error, create_graph):
    def fail():
        raise error("in a rule")

    x, w = kt.GradArray([1.0, 2.0]), kt.GradArray([3.0, 4.0])
    (x * w).sum().backward()
    before = x.grad, w.grad
    copies = [g.copy() for g in before]
    y = counted(x, fail) * w
    z = y * w
    with pytest.raises(error, match="in a rule"):
        z.sum().backward(create_graph=create_graph)
    assert x.grad is before[0] and w.grad is before[1]
    for g, old in zip(before, copies, strict=True):
        np.testing.assert_array_equal(g, old)
    assert y.grad is None and z.grad is None
    assert kt.is_grad_enabled()


# -- higher orders, nesting, threads -----------------------------------------------------------


def test_create_graph_to_third_order():
    x = kt.GradArray([2.0, 3.0])
    y = (x**5).sum()
    expected = x._array**5
    for order in range(5, 2, -1):
        y.backward(create_graph=True)
        g, x.grad = x.grad, None
        expected = expected * order / x._array
        np.testing.assert_allclose(g._array, expected)
        y = g.sum()


def test_create_graph_accumulates_differentiably():
    x = kt.GradArray([2.0])
    (x**2).sum().backward(create_graph=True)
    (x**3).sum().backward(create_graph=True)
    total, x.grad = x.grad, None
    total.sum().backward()  # d(2x + 3x²)
    np.testing.assert_allclose(x.grad, [2.0 + 12.0])
    x.grad = None
    (x**2).sum().backward(create_graph=True)
    (x**2).sum().backward()
    np.testing.assert_allclose(kt.asarray(x.grad).detach().numpy(), [8.0])


def test_backward_inside_no_grad():
    x = kt.GradArray([2.0])
    y = (x * x).sum()
    with kt.no_grad():
        y.backward(create_graph=True)
        assert not kt.is_grad_enabled()
    g, x.grad = x.grad, None
    g.sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0])


def test_backward_inside_a_rule():
    inner_grads = []

    class SquareGrad(kt.Grad):
        def backward(self, grad):
            with kt.enable_grad():
                v = kt.GradArray(self.inputs[0].detach()._array)
                (v * v).sum().backward()
            inner_grads.append(v.grad)
            return v.grad * grad

    x = kt.GradArray([1.0, 2.0])
    y = kt.GradArray(x._array**2, grad_op=SquareGrad(x * 1.0))
    (y * x).sum().backward()
    np.testing.assert_array_equal(inner_grads[0], [2.0, 4.0])
    np.testing.assert_array_equal(x.grad, [3.0, 12.0])


def test_threads_with_graphs_of_their_own():
    def work(results, i):
        x = kt.GradArray(np.full(3, float(i)))
        y = x
        for _ in range(200):
            y = kt.tanh(y + x)
        with kt.no_grad():
            assert not (x * 2).requires_grad
        y.sum().backward()
        results[i] = x.grad

    alone: dict[int, np.ndarray] = {}
    for i in range(8):
        work(alone, i)
    together: dict[int, np.ndarray] = {}
    threads = [threading.Thread(target=work, args=(together, i)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(8):
        np.testing.assert_array_equal(alone[i], together[i])


# -- across backends ---------------------------------------------------------------------------


@pytest.mark.parametrize(("here", "there"), [("numpy", "torch"), ("torch", "numpy")])
def test_sums_of_gradients_that_come_from_elsewhere(here, there):
    pytest.importorskip("torch")
    backend = kt.backends.get(here)
    x = kt.GradArray(backend.from_numpy(np.array([1.0, 2.0])))
    a, b, c = (x.to_device(kt.Device(there, "cpu", 0)) for _ in range(3))
    kt.sum(a * b * c).backward()
    assert kt.backends.of(x.grad) is backend
    np.testing.assert_allclose(backend.to_numpy(x.grad), [3.0, 12.0])


@pytest.mark.parametrize("hook", [False, True])
def test_threads_add_to_a_leaf_that_they_share(hook):
    w = kt.GradArray(np.ones(1000))
    if hook:
        w.register_hook(lambda grad: None)

    def work():
        for _ in range(100):
            kt.sum(w * 2).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    np.testing.assert_array_equal(w.grad, np.full(1000, 800.0))
