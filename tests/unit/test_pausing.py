"""A backward that runs out of memory goes on when it is called again."""

import contextlib
import gc

import numpy as np
import pytest

import keratorch as kt
from keratorch.core.pausing import paused
from keratorch.core.walk import Walk


class FailingGrad(kt.Grad):
    """``2 * x``, whose rule raises the errors of a list, one in each call, before it works."""

    def __init__(self, errors, x):
        super().__init__(x)
        self.errors = errors

    def backward(self, grad):
        if self.errors:
            raise self.errors.pop(0)
        return (2 * grad,)


def failing(x, *errors):
    return kt.GradArray(2 * x.detach()._array, grad_op=FailingGrad(list(errors), x))


def graph(*errors):
    """a, b, and their function ``Σ 3(2ab + b)``: newer nodes are passed before the rule fails."""
    a, b = kt.GradArray([1.0, 2.0]), kt.GradArray([3.0, 4.0])
    return a, b, (3 * (failing(a * b, *errors) + b)).sum()


def assert_whole(a, b):
    np.testing.assert_allclose(a.grad, 6 * b._array)
    np.testing.assert_allclose(b.grad, 6 * a._array + 3)


def test_a_walk_goes_on_where_memory_ran_out():
    a, b, y = graph(MemoryError(), MemoryError())
    for _ in range(2):
        with pytest.raises(MemoryError):
            y.backward()
        assert a.grad is None and b.grad is None and len(paused) == 1
    y.backward()
    assert_whole(a, b)
    assert not paused
    with pytest.raises(kt.GraphFreedError):
        y.backward()


def test_after_another_error_the_graph_counts_as_freed():
    """A walk that was forgotten was once taken for one that had ended: gradients were lost."""
    a, b, y = graph(MemoryError(), ValueError("in a rule"))
    with pytest.raises(MemoryError):
        y.backward()
    with pytest.raises(ValueError, match="in a rule"):
        y.backward()
    assert not paused
    with pytest.raises(kt.GraphFreedError):
        y.backward()
    assert a.grad is None and b.grad is None


def test_a_graph_that_is_kept_is_walked_anew():
    a, b, y = graph(MemoryError())
    with pytest.raises(MemoryError):
        y.backward(retain_graph=True)
    assert not paused
    y.backward()
    assert_whole(a, b)


def test_a_walk_is_forgotten_with_its_output():
    """A walk has results for its output, and may have to begin at it: no reference is to remain."""
    for failing_root in (False, True):
        a, _, y = graph(MemoryError())
        if failing_root:
            y = failing(a.sum(), MemoryError())
        with pytest.raises(MemoryError):
            y.backward()
        assert len(paused) == 1
        del y
        gc.collect()
        assert not paused


def test_a_write_after_the_pause_begins_anew():
    a, _, y = graph(MemoryError())
    with pytest.raises(MemoryError):
        y.backward()
    y += 2 * a.sum()
    with pytest.raises(kt.GraphFreedError):
        y.backward()
    assert a.grad is None


def test_another_gradient_does_not_go_on():
    _, _, y = graph(MemoryError())
    with pytest.raises(MemoryError):
        y.backward()
    with pytest.raises(kt.GraphFreedError):
        y.backward(np.array(2.0))


class FlatFailingGrad(FailingGrad):
    selects = False


@pytest.mark.parametrize("selects", [True, False])
def test_a_walk_remembers_what_is_below_a_selection(selects):
    x = kt.GradArray([0.0, 4.0])
    root = kt.sqrt(x)
    twice = FlatFailingGrad([MemoryError(), MemoryError()], root)
    y = kt.GradArray(2 * root.detach()._array, grad_op=twice)
    y = (kt.where(x > 0, y, 0.0) if selects else y * y).sum()
    for _ in range(2):
        with pytest.raises(MemoryError):
            y.backward()
    y.backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.5] if selects else [np.nan, 4.0])


def test_after_an_error_below_a_selection_other_walks_do_not_mask():
    x = kt.GradArray([0.0, 4.0])
    y = failing(kt.sqrt(x), ValueError("in a rule"))
    with pytest.raises(ValueError, match="in a rule"):
        kt.where(x > 0, y, 0.0).sum().backward()
    (g,) = kt.gradients((kt.sqrt(x) ** 2).sum(), x)
    np.testing.assert_array_equal(g, [np.nan, 1.0])


def test_hooks_run_once_and_leave_no_cycle():
    a, b, y = graph(MemoryError())
    seen = []
    a.register_hook(lambda grad: seen.append(grad.copy()))
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(MemoryError):  # pytest.raises would keep the walk's frame
            y.backward()
        assert len(paused) == 1
        y.backward()
        assert not any(isinstance(o, Walk) for o in gc.get_objects())
    finally:
        gc.enable()
    assert_whole(a, b)
    assert len(seen) == 1
