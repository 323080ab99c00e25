"""Hooks: what they see, what they may do, and that PyTorch's do the same."""

import gc
import threading
import weakref

import numpy as np
import pytest

import keratorch as kt
from keratorch.core.hooks import hooked


def to_list(grad):
    raw = grad._array if isinstance(grad, kt.GradArray) else grad
    return kt.asarray(raw).tolist()


def leaf(xp, device, values):
    return xp.asarray(values, dtype=xp.float32, device=device, requires_grad=True)


# -- on every backend ----------------------------------------------------------------------------


def test_a_hook_replaces_the_gradient_of_a_leaf(xp, device):
    x = leaf(xp, device, [1.0, 2.0])
    seen = []

    def hook(grad):
        seen.append((type(grad) is type(x._array), to_list(grad)))
        return grad * 10

    x.register_hook(hook)
    (x * x + x).sum().backward()
    assert seen == [(True, [3.0, 5.0])]  # once, with the sum of both uses
    assert to_list(x.grad) == [30.0, 50.0]
    assert x.grad.dtype == x.dtype


def test_a_hook_on_a_result_changes_what_is_below(xp, device):
    x = leaf(xp, device, [1.0, 2.0])
    y = x * 3
    y.register_hook(lambda grad: grad * 2)
    y.register_hook(lambda grad: grad + 1)
    (y * y).sum().backward()
    assert to_list(y.grad) == [13.0, 25.0]  # 2·6 + 1, 2·12 + 1
    assert to_list(x.grad) == [39.0, 75.0]


def test_a_hook_that_returns_none_leaves_the_gradient(xp, device):
    x = leaf(xp, device, [1.0, 2.0])
    x.register_hook(lambda grad: None)
    (x * x).sum().backward()
    assert to_list(x.grad) == [2.0, 4.0]


def test_hooks_of_nodes(xp, device):
    x = leaf(xp, device, [[1.0], [2.0]])
    w = leaf(xp, device, [3.0, 4.0])
    y = x * w
    seen = []

    def before(grads_out):
        seen.append(("before", [to_list(g) for g in grads_out]))
        return tuple(g * 2 for g in grads_out)

    def after(grads_in, grads_out):
        seen.append(("after", [to_list(g) for g in grads_in], [to_list(g) for g in grads_out]))
        return grads_in[0] * 10, None

    y.grad_op.register_prehook(before)
    y.grad_op.register_hook(after)
    y.sum().backward()
    ones = [[1.0, 1.0], [1.0, 1.0]]
    twos = [[2.0, 2.0], [2.0, 2.0]]
    assert seen == [
        ("before", [ones]),
        ("after", [[[14.0], [14.0]], [6.0, 6.0]], [twos]),  # in the shapes of the inputs
    ]
    assert to_list(x.grad) == [[140.0], [140.0]]
    assert w.grad is None


def test_a_hook_under_create_graph_is_recorded(xp, device):
    x = leaf(xp, device, [1.0, 2.0])
    kinds = []

    def hook(grad):
        kinds.append(isinstance(grad, kt.GradArray))
        return x * grad

    x.register_hook(hook)
    (first,) = kt.gradients((x * x).sum(), x, create_graph=True)
    assert kinds == [True]
    assert to_list(first) == [2.0, 8.0]  # x · 2x
    (second,) = kt.gradients(first.sum(), x)
    # The hook of x runs again, on a raw array: x · 4x.
    assert kinds == [True, False]
    assert to_list(second) == [4.0, 16.0]


def test_a_bad_replacement_is_refused(xp, device):
    x = leaf(xp, device, [1.0, 2.0])
    before = leaf(xp, device, [1.0, 2.0])
    before.sum().backward()
    answers = {
        "shape": (lambda g: g[:1], kt.ShapeError),
        "dtype": (lambda g: kt.astype(kt.asarray(g), xp.complex64)._array, kt.DTypeError),
        "number": (lambda g: 1.0, kt.RuleError),
    }
    for answer, error in answers.values():
        with x.register_hook(answer), pytest.raises(error, match="hook <lambda> on a leaf"):
            (x * before).sum().backward()
        assert x.grad is None
        assert to_list(before.grad) == [1.0, 1.0]


# -- NumPy ---------------------------------------------------------------------------------------


def test_a_gradient_elsewhere_is_refused():
    x = kt.GradArray([1.0, 2.0])
    other = pytest.importorskip("array_api_strict").ones(2)
    with x.register_hook(lambda g: other), pytest.raises(kt.DeviceMismatchError, match="hook"):
        (x * 2).sum().backward()


def test_handles():
    x = kt.GradArray([1.0])
    handle = x.register_hook(lambda g: g * 10)
    with x.register_hook(lambda g: g + 1) as inner:
        (x * 1).sum().backward()
    assert x.grad.tolist() == [11.0]
    inner.remove()  # again: nothing
    x.zero_grad()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [10.0]
    handle.remove()
    assert x._edge not in hooked
    x.zero_grad()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [1.0]


def test_a_handle_outlives_its_array():
    x = kt.GradArray([1.0])
    edge = weakref.ref(x._edge)
    handle = x.register_hook(print)
    del x
    gc.collect()
    assert edge() is None
    handle.remove()  # nothing is left to take it off


def test_a_hook_that_holds_its_array_leaks_nothing():
    def make():
        x = kt.GradArray([1.0])
        x.register_hook(lambda g: g * x.item())
        return weakref.ref(x._edge)

    edge = make()
    gc.collect()
    assert edge() is None


def test_what_cannot_have_a_hook():
    with pytest.raises(kt.NotTrackedError, match="register_hook"):
        kt.asarray([1.0]).register_hook(print)
    with pytest.raises(TypeError, match="function"):
        kt.GradArray([1.0]).register_hook(3)
    x = kt.GradArray([1.0])
    y = x * 2
    y.sum().backward()
    with pytest.raises(kt.GraphFreedError, match="MultiplyGrad"):
        y.grad_op.register_hook(print)


@pytest.mark.parametrize("place", ["leaf", "result", "node", "prehook"])
def test_all_or_none(place):
    x = kt.GradArray([1.0, 2.0])
    w = kt.GradArray([3.0, 4.0])
    (x * w).sum().backward()
    kept = x.grad, w.grad
    values = x.grad.copy(), w.grad.copy()
    y = x * w

    def fails(*grads):
        raise ZeroDivisionError

    register = {
        "leaf": x.register_hook,
        "result": y.register_hook,
        "node": y.grad_op.register_hook,
        "prehook": y.grad_op.register_prehook,
    }[place]
    with register(fails), pytest.raises(ZeroDivisionError):
        y.sum().backward()
    assert x.grad is kept[0] and w.grad is kept[1]
    np.testing.assert_array_equal(x.grad, values[0])
    np.testing.assert_array_equal(w.grad, values[1])
    assert kt.is_grad_enabled()


def test_writing_into_the_gradient_harms_nobody():
    """Both inputs of a sum are given the same array by its rule."""
    x, w = kt.GradArray([1.0, 2.0]), kt.GradArray([3.0, 4.0])
    seed = np.ones(2)
    y = x + w

    def write(grad):
        grad *= 5

    x.register_hook(write)
    y.register_hook(write)
    y.backward(seed)
    assert seed.tolist() == [1.0, 1.0]
    assert (x.grad.tolist(), w.grad.tolist()) == ([25.0, 25.0], [5.0, 5.0])


def test_a_kept_gradient_stays_what_it_was():
    x = kt.GradArray([1.0, 2.0])
    kept = []
    x.register_hook(kept.append)
    y = x * 3
    y.grad_op.register_hook(lambda grads_in, grads_out: kept.append(grads_in[0]))
    (y + x * 5 + x * 7).sum().backward()
    x.grad *= 100
    assert [k.tolist() for k in kept] == [[3.0, 3.0], [15.0, 15.0]]


def test_a_constant_that_a_hook_returns_is_not_written():
    constant = np.array([1.0, 1.0])
    x = kt.GradArray([1.0, 2.0])
    y = kt.exp(x)
    y.grad_op.register_hook(lambda grads_in, grads_out: (constant,))
    (y + x * 2 + x * 3).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]
    x.register_hook(lambda grad: constant)
    x.zero_grad()
    (x * 2).sum().backward()
    x.grad *= 7
    assert constant.tolist() == [1.0, 1.0]


def test_hooks_of_several_outputs():
    x = kt.GradArray([[2.0, 1.0], [1.0, 3.0]])
    values, vectors = kt.linalg.eigh(x)
    seen = []
    values.register_hook(lambda g: seen.append(g.tolist()))
    values.grad_op.register_prehook(lambda grads: seen.append([g is None for g in grads]))
    values.sum().backward()
    assert seen == [[1.0, 1.0], [False, True]]
    np.testing.assert_allclose(x.grad, np.eye(2), atol=1e-12)
    assert vectors.grad is None


def test_a_hook_that_is_not_reached_does_not_run():
    x, w = kt.GradArray([1.0]), kt.GradArray([1.0])
    w.register_hook(lambda g: pytest.fail("w takes no part"))
    y = x * w
    other = w * 2
    other.register_hook(lambda g: pytest.fail("other takes no part"))
    assert kt.gradients(y.sum(), x)[0].tolist() == [1.0]


def test_hooks_inside_gradients():
    x = kt.GradArray([1.0, 2.0])
    y = x * x
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    dy, dx = kt.gradients((y * 2).sum(), [y, x], retain_graph=True)
    assert dy.tolist() == [20.0, 20.0]
    assert dx.tolist() == [41.0, 81.0]
    assert x.grad is None and y.grad is None


def test_the_transformations_see_hooks_of_what_is_captured():
    w = kt.GradArray([2.0])

    def f(x):
        y = x * w
        y.register_hook(lambda g: g * 3)
        return y.sum()

    assert kt.grad(f)(np.array([1.0])).tolist() == [6.0]


def test_a_hook_stays_with_the_value_that_was_there():
    x = kt.GradArray([1.0, 2.0])
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y[0] = 5.0 * x[1]
    (y * kt.asarray([10.0, 20.0])).sum().backward()
    assert seen == [[0.0, 20.0]]  # of the old y: its first element was overwritten
    assert x.grad.tolist() == [0.0, 110.0]


def test_tangents_go_through_hooks():
    def f(x):
        y = x * x * x
        y.register_hook(lambda g: g * 2)
        return y.sum()

    x, t = np.array([1.0, 2.0]), np.array([1.0, 10.0])
    value, tangent = kt.jvp(kt.grad(f), [x], [t])
    np.testing.assert_allclose(value, 6 * x**2)
    np.testing.assert_allclose(tangent, 12 * x * t)


def test_hooks_of_threads():
    """Threads that register and walk at once do not see each other's hooks."""
    failures = []

    def work(k):
        try:
            for _ in range(200):
                x = kt.GradArray([1.0])
                with x.register_hook(lambda g: g * k):
                    (x * 2).sum().backward()
                assert x.grad.tolist() == [2.0 * k]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 9)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


# -- as PyTorch ----------------------------------------------------------------------------------


def traced_calls(make_leaf, backward, gradients, to_numpy, node_of):
    """The same program with hooks everywhere, for two libraries: what was called with what."""
    calls = []

    def log(name, change=lambda g: None):
        def hook(grad):
            calls.append((name, to_numpy(grad).tolist()))
            return change(grad)

        return hook

    x, w = make_leaf([1.0, 2.0]), make_leaf([3.0, 4.0])
    y = x * w
    z = y * y
    x.register_hook(log("x", lambda g: g * 2))
    x.register_hook(log("x again"))
    w.register_hook(log("w"))
    y.register_hook(log("y", lambda g: g + 1))
    z.register_hook(log("z", lambda g: g * 3))

    def after(grads_in, grads_out):
        calls.append(
            (
                "node",
                to_numpy(grads_in[0]).tolist(),  # that of w is not asked for
                [to_numpy(g).tolist() for g in grads_out],
            )
        )
        return grads_in[0] * 5, grads_in[1]

    def before(grads_out):
        calls.append(("prehook", [to_numpy(g).tolist() for g in grads_out]))
        return tuple(g * 7 for g in grads_out)

    node_of(y).register_hook(after)
    node_of(y).register_prehook(before)
    total = z.sum() + x.sum()
    # (Asked for both at once, PyTorch gives that of y as it was before the hooks of y.)
    for wanted in (x, y):
        (found,) = gradients(total, [wanted])
        calls.append(("gradients", to_numpy(found).tolist()))
    backward(total)
    backward(total)
    calls.append(("grads", [to_numpy(a.grad).tolist() for a in (x, w)]))
    return calls


def test_hooks_do_what_those_of_pytorch_do():
    torch = pytest.importorskip("torch")
    theirs = traced_calls(
        lambda v: torch.tensor(v, dtype=torch.float64, requires_grad=True),
        lambda y: y.backward(retain_graph=True),
        lambda y, xs: torch.autograd.grad(y, xs, retain_graph=True),
        lambda t: t.detach().numpy(),
        lambda t: t.grad_fn,
    )
    ours = traced_calls(
        kt.GradArray,
        lambda y: y.backward(retain_graph=True),
        lambda y, xs: kt.gradients(y, xs, retain_graph=True),
        np.asarray,
        lambda x: x.grad_op,
    )

    # Between branches that do not meet the order is free.
    def by_name(calls):
        return {name: [c for c in calls if c[0] == name] for name, *_ in calls}

    assert by_name(ours) == by_name(theirs)
    assert len(ours) == len(theirs)
