"""`no_grad`, `enable_grad` and `set_policy`."""

import threading

import numpy as np
import pytest

import keratorch as kt


def test_no_grad_and_enable_grad_nest():
    x = kt.GradArray([1.0])
    assert kt.is_grad_enabled() and (x * 2).requires_grad
    with kt.no_grad():
        assert not kt.is_grad_enabled() and not (x * 2).requires_grad
        with kt.enable_grad():
            assert (x * 2).requires_grad
            with kt.no_grad():
                assert not (x * 2).requires_grad
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
        assert kt.GradArray([1.0]).requires_grad  # leaves can be made
    assert (x * 2).requires_grad


def test_modes_end_with_exceptions():
    with pytest.raises(ZeroDivisionError), kt.no_grad():
        1 / 0  # noqa: B018
    assert kt.is_grad_enabled()
    manager = kt.no_grad()
    with manager, manager:
        assert not kt.is_grad_enabled()
    assert kt.is_grad_enabled()


def test_modes_as_decorators():
    @kt.no_grad()
    def without(x, *, scale=1):
        """Doc."""
        return kt.is_grad_enabled(), with_grad(), x * scale

    @kt.enable_grad()
    def with_grad():
        return kt.is_grad_enabled()

    off, on, y = without(kt.GradArray([1.0]), scale=2)
    assert not off and on and not y.requires_grad
    assert without.__name__ == "without" and without.__doc__ == "Doc."
    assert kt.is_grad_enabled()


def test_modes_belong_to_a_thread():
    seen = {}
    inside, done = threading.Event(), threading.Event()

    def work():
        inside.wait(10)
        seen["other"] = kt.is_grad_enabled(), (kt.GradArray([1.0]) * 2).requires_grad
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    with kt.no_grad():
        inside.set()
        done.wait(10)
    thread.join()
    assert seen["other"] == (True, True)


def test_set_policy():
    def gradient():
        x = kt.GradArray([0.0, 1.0])
        with np.errstate(all="ignore"):
            kt.where(x > 0, kt.log(x), 0.0).sum().backward()
        return x.grad

    np.testing.assert_array_equal(gradient(), [0.0, 1.0])
    kt.set_policy(masked_zeros=False)
    np.testing.assert_array_equal(gradient(), [np.nan, 1.0])
    kt.set_policy()  # changes nothing
    np.testing.assert_array_equal(gradient(), [np.nan, 1.0])
    kt.set_policy(masked_zeros=True)
    np.testing.assert_array_equal(gradient(), [0.0, 1.0])
