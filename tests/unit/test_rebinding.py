"""`GraphFreedError` where a loop rebinds what it computed: it names what such a loop needs."""

import numpy as np
import pytest

import keratorch as kt

DATA = np.array([1.0, 2.0, 3.0])
#: What the error says in a loop, and where a second backward is meant.
LOOP = r"rebinds w = w - 0\.1 \* w\.grad.*kt\.no_grad\(\).*detach\(\)"
TWICE = r"retain_graph=True"


def loss(w):
    return kt.sum((kt.exp(w) - DATA) ** 2)


def momentum(w, state):
    state["m"] = 0.9 * state.get("m", 0.0) + w.grad
    return w - 0.1 * state["m"]


STEPS = {
    "subtract": lambda w, _: w - 0.1 * w.grad,
    "add": lambda w, _: w + (-0.1) * w.grad,
    "decay": lambda w, _: 0.999 * w - 0.1 * w.grad,
    "momentum": momentum,
    "numpy": lambda w, _: np.subtract(w, 0.1 * w.grad),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_loop_that_rebinds_a_parameter(name):
    w, state = kt.GradArray(np.zeros(3)), {}
    with pytest.raises(kt.GraphFreedError, match=LOOP) as caught:
        for _ in range(5):
            loss(w).backward()
            w = STEPS[name](w, state)
    assert "retain_graph" not in str(caught.value)


def test_a_state_that_is_carried_on():
    w, h = kt.GradArray(np.eye(3) / 2), kt.asarray(np.ones(3))
    with pytest.raises(kt.GraphFreedError, match=r"h = h\.detach\(\)"):
        for x in DATA:
            h = kt.tanh(w @ h + x)
            kt.sum(h * h).backward()
    h = kt.asarray(np.ones(3))
    for x in DATA:
        h = kt.tanh(w @ h + x)
        kt.sum(h * h).backward()
        h = h.detach()


def test_what_the_message_says_works():
    w = kt.GradArray(np.zeros(3))
    v = kt.GradArray(np.zeros(3))
    raw = np.zeros(3)
    for _ in range(20):
        loss(w).backward()
        with kt.no_grad():
            w -= 0.1 * w.grad
        w.zero_grad()
        loss(v).backward()
        v = kt.GradArray(v.detach() - 0.1 * v.grad)
        raw = raw - 0.1 * kt.grad(loss)(raw)
    np.testing.assert_allclose(w.numpy(), raw, rtol=1e-12)
    np.testing.assert_allclose(v.numpy(), raw, rtol=1e-12)


def two_losses(x):
    h = kt.exp(x)
    return kt.sum(h * 2.0), kt.sum(h * h)


def test_two_losses_of_one_result():
    """Both were computed before the first backward: `retain_graph` is what is missing."""
    first, second = two_losses(kt.GradArray(DATA))
    first.backward()
    with pytest.raises(kt.GraphFreedError, match=TWICE):
        second.backward()
    first, second = two_losses(kt.GradArray(DATA))
    first.backward(retain_graph=True)
    second.backward()


def test_a_result_that_is_kept_and_used_again():
    h = kt.exp(kt.GradArray(DATA))
    kt.sum(h).backward()
    with pytest.raises(kt.GraphFreedError, match=TWICE):
        kt.sum(2.0 * h).backward()


def test_a_second_backward_of_one_array():
    y = kt.sum(kt.exp(kt.GradArray(DATA)))
    y.backward()
    with pytest.raises(kt.GraphFreedError, match=TWICE):
        y.backward()
