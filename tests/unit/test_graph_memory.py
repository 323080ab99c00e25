"""What a graph keeps, when it lets go, and that it needs no garbage collector."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from tests.counting import counted, live

ROOT = Path(__file__).resolve().parents[2]


# -- freeing -----------------------------------------------------------------------------------


def freed_graph():
    x = kt.GradArray([1.0, 2.0])
    y = kt.exp(x)
    y.sum().backward()
    return x, y


def test_second_backward_is_refused_before_anything_changes():
    x, y = freed_graph()
    before = x.grad.copy()
    with pytest.raises(kt.GraphFreedError, match=r"ExpGrad of shape \(2,\).*retain_graph=True"):
        y.backward(np.ones(2))
    np.testing.assert_array_equal(x.grad, before)


def test_graph_of_which_a_part_was_freed():
    x, y = freed_graph()
    before = x.grad.copy()
    w = kt.GradArray([1.0, 1.0])
    z = counted(w) * y
    node = z._grad_op._edges[0]
    with pytest.raises(kt.GraphFreedError, match="ExpGrad"):
        z.sum().backward()
    assert node.visits == 0 and w.grad is None and z.grad is None
    np.testing.assert_array_equal(x.grad, before)


def test_gradients_through_a_freed_part_are_refused():
    x, y = freed_graph()
    z = (y * 2.0 + x).sum()
    with pytest.raises(kt.GraphFreedError, match="ExpGrad"):
        kt.gradients(z, x)
    with pytest.raises(kt.GraphFreedError, match="ExpGrad"):
        kt.gradients(z, x, allow_unused=True)
    (found,) = kt.gradients(z, y)  # above the freed part
    np.testing.assert_array_equal(found, [2.0, 2.0])


def test_gradients_leave_the_rule_of_an_input_alone():
    x = kt.GradArray([1.0, 2.0])
    y = counted(x)
    (found,) = kt.gradients((y * y).sum(), y)
    np.testing.assert_array_equal(found, [2.0, 4.0])
    assert y._grad_op.visits == 0
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


def test_gradients_in_an_input_and_what_it_is_made_of():
    x = kt.GradArray([1.0, 2.0])
    y = x * x
    found = kt.gradients((y * x).sum(), [x, y], create_graph=True)
    np.testing.assert_allclose(found[0]._array, [3.0, 12.0])
    np.testing.assert_allclose(found[1]._array, [1.0, 2.0])
    again = kt.gradients((y * x).sum(), [x, y])
    np.testing.assert_allclose(again[0], [3.0, 12.0])
    assert x.grad is None and y.grad is None


@pytest.mark.parametrize("kwargs", [{"retain_graph": True}, {"create_graph": True}])
def test_retained_graphs_can_be_walked_again(kwargs):
    x = kt.GradArray([1.0, 2.0])
    y = (x * x).sum()
    y.backward(**kwargs)
    y.backward(**kwargs)
    y.backward(retain_graph=False)
    np.testing.assert_array_equal(np.asarray(kt.asarray(x.grad).detach()), [6.0, 12.0])
    with pytest.raises(kt.GraphFreedError):
        y.backward()


def test_saved_arrays_are_freed_as_they_are_used():
    x = kt.GradArray(np.ones(4))
    alive = []
    saved = []

    def look():
        alive.append(sum(r() is not None for r in saved))

    y = x
    for _ in range(5):
        y = counted(y, look)
        factor = np.full(4, 2.0)
        saved.append(weakref.ref(factor))
        y = y * factor
        del factor
    assert sum(r() is not None for r in saved) == 5
    y.sum().backward()
    assert alive == [4, 3, 2, 1, 0]


def test_retained_graphs_keep_what_they_saved():
    x = kt.GradArray(np.ones(4))
    factor = np.full(4, 2.0)
    saved = weakref.ref(factor)
    y = x * factor
    del factor
    y.sum().backward(retain_graph=True)
    assert saved() is not None
    del y
    assert saved() is None


def test_what_a_rule_does_not_need_is_not_kept():
    x = kt.GradArray(np.ones(4))
    y = x + np.ones(4)
    first = weakref.ref(y._array)
    y = y + 1.0
    assert first() is None
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones(4))


def test_gradients_of_dead_results_are_not_kept():
    x = kt.GradArray(np.ones(4))
    alive = []
    grads = []

    class LookGrad(kt.Grad):
        def backward(self, grad):
            alive.append(sum(r() is not None for r in grads))
            g = grad * 2.0
            grads.append(weakref.ref(g))
            return g

    y = x
    for _ in range(5):
        y = kt.GradArray(y._array * 2.0, grad_op=LookGrad(y))
    y.sum().backward()
    assert max(alive) <= 1
    np.testing.assert_array_equal(x.grad, np.full(4, 32.0))


# -- long chains -------------------------------------------------------------------------------

CHAIN = """
import gc, sys, numpy as np, keratorch as kt
gc.disable()
sys.setrecursionlimit(150)
x = kt.GradArray(np.array([1.0]))
for walk in (True, False):
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    if walk:
        y.backward()
        assert x.grad == 1.0, x.grad
    assert (y._grad_op._edges is None) == walk
    del y
print("done")
"""


def test_chain_of_a_million():
    """Forward, backward and destruction, with next to no room for recursion."""
    result = subprocess.run(
        [sys.executable, "-c", CHAIN], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.strip() == "done"


def test_chain_under_create_graph_and_in_forward_mode():
    x = kt.GradArray([1.0])
    y = x
    for _ in range(20_000):
        y = y * 1.0
    y.backward(create_graph=True)
    np.testing.assert_array_equal(x.grad._array, [1.0])
    x.grad = None

    def deep(v):
        for _ in range(5_000):
            v = v * 1.0
        return v

    value, tangent = kt.jvp(deep, [x], [kt.GradArray([2.0])])
    tangent.sum().backward()
    assert value.item() == 1.0 and tangent.item() == 2.0


# -- cycles ------------------------------------------------------------------------------------


@pytest.fixture
def no_collector(few_objects):
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def cube_of(x):
    class CubeGrad(kt.Grad):
        def backward(self, grad):
            (x,) = self.inputs
            return 3 * x**2 * grad

    return kt.GradArray(x.numpy() ** 3, grad_op=CubeGrad(x))


def formula(x):
    y = kt.tanh(x) * kt.exp(x) / kt.sqrt(x) + kt.special.expit(x) ** 2
    z = kt.concat([y, kt.max(y)[None]]) @ kt.ones(4)
    return z + kt.sum(kt.unstack(kt.abs(y))[0])


def with_writes(x):
    y = kt.zeros(5)
    y[:3] = x
    view = y[1:4]
    view *= x
    return kt.sum(y * y)


DIFFERENTIATE = {
    "forward": lambda f, x, t: f(x),
    "backward": lambda f, x, t: f(x).backward(),
    "retained": lambda f, x, t: f(x).backward(retain_graph=True),
    "second order": lambda f, x, t: kt.gradients(
        kt.sum(kt.gradients(f(x), x, create_graph=True)[0]), x
    ),
    "jvp": lambda f, x, t: kt.jvp(f, [x], [t]),
    "gradients of a jvp": lambda f, x, t: kt.jvp(f, [x], [t])[1].backward(),
    "jvp of gradients": lambda f, x, t: kt.jvp(
        lambda v: kt.gradients(f(v), v, create_graph=True)[0], [x], [t]
    ),
    "jvp of jvp": lambda f, x, t: kt.jvp(lambda v: kt.jvp(f, [v], [t])[1], [x], [t]),
}


def hooked_backward(f, x, t):
    with x.register_hook(lambda grad: 2 * grad):
        f(x).backward()


DIFFERENTIATE["hooks"] = hooked_backward


def test_a_walk_with_hooks_is_gone_with_what_it_found(no_collector):
    x = kt.GradArray(np.ones(3))
    for kwargs in ({}, {"create_graph": True}):
        found = []
        with x.register_hook(found.append):
            kt.gradients(kt.sum(x * x), x, **kwargs)
        gone = weakref.ref(found.pop())
        assert gone() is None


@pytest.mark.parametrize("way", DIFFERENTIATE)
@pytest.mark.parametrize("f", [formula, cube_of, with_writes])
def test_no_reference_cycles(f, way, no_collector):
    """All that was made is gone without the garbage collector."""
    x, t = kt.GradArray(np.array([0.5, 1.0, 2.0])), kt.asarray(np.ones(3))

    def loss(v):
        return kt.sum(f(v))

    DIFFERENTIATE[way](loss, x, t)  # fills caches
    x.grad = None
    before = live()
    DIFFERENTIATE[way](loss, x, t)
    x.grad = None
    assert live() == before
