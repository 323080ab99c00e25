"""Who is behind a call for plain values: what may have them, and what the error says."""

import _thread
import functools
import importlib.util
import math
import opcode
import operator
import sys
import textwrap
import threading
import types

import numpy as np
import pytest

import keratorch as kt
from keratorch.core import callers as _callers
from tests.processes import run_python

V = np.array([1.5, 2.0, 0.5])
QUADRATURES = ["gk15", "gk21", "trapezoid"]


@pytest.mark.parametrize("quadrature", QUADRATURES)
def test_an_integrand_in_c_is_no_estimate_of_errors(quadrature):
    quad_vec = pytest.importorskip("scipy.integrate").quad_vec

    def integral(function, w):
        return quad_vec(functools.partial(function, w), 0.0, 1.0, quadrature=quadrature)[0]

    with pytest.raises(kt.LostGradientError, match=r"^float\(\)"):
        kt.grad(lambda w: integral(math.pow, w))(2.0)
    slope = kt.grad(lambda w: integral(lambda w, t: w**t, w))(2.0)
    np.testing.assert_allclose(slope, (2 * math.log(2) - 1) / (2 * math.log(2) ** 2), rtol=1e-7)


@pytest.mark.parametrize("convert", [float, int, complex, np.asarray])
def test_a_call_from_c_alone(convert, monkeypatch):
    """A thread of its own has no Python code below what it calls."""
    raised, done = [], threading.Event()

    def hook(args):
        raised.append(args.exc_type)
        done.set()

    monkeypatch.setattr(sys, "unraisablehook", hook)
    _thread.start_new_thread(convert, (kt.GradArray(1.5),))
    assert done.wait(60)
    assert raised == [kt.LostGradientError]


def test_a_property_asked_for_by_c_alone(monkeypatch):
    raised, done = [], threading.Event()

    def hook(args):
        raised.append(args.exc_type)
        done.set()

    monkeypatch.setattr(sys, "unraisablehook", hook)
    asks = functools.partial(hasattr, kt.asarray(V), "__cuda_array_interface__")
    _thread.start_new_thread(list, (map(operator.call, [asks, done.set]),))
    assert done.wait(60)
    assert raised == []


def test_an_index_of_a_plain_array_that_is_written():
    raw, x = np.zeros(3), kt.GradArray(V)
    with pytest.raises(kt.LostGradientError, match=r"\(a\[i\] = x\).*\(a\[x\] = v\).*detach\(\)"):
        raw[x] = 1.0
    with pytest.raises(kt.LostGradientError, match=r"\(a\[i\] = x\).*np\.zeros\(shape, like=x\)"):
        raw[:] = x
    np.testing.assert_array_equal(raw, 0.0)


def _copy_of_module(monkeypatch, names):
    """The module as it is where ``BINARY_OP`` has these arguments."""
    monkeypatch.setattr(opcode, "_nb_ops", names)
    spec = importlib.util.spec_from_file_location("keratorch.interop._copy", _callers.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_subscript_is_no_operator(monkeypatch):
    """From Python 3.14 on ``a[x]`` is a BINARY_OP like ``a @ x``, of another argument."""
    names = [name for name in opcode._nb_ops if name[0] != "NB_SUBSCR"]
    module = _copy_of_module(monkeypatch, [*names, ("NB_SUBSCR", "[]")])
    matmul = [name for name, _ in names].index("NB_MATRIX_MULTIPLY")
    for argument, expected in ((matmul, True), (0, True), (len(names), False)):
        code = bytes([0, 0, opcode.opmap["BINARY_OP"], argument])
        frame = types.SimpleNamespace(f_code=types.SimpleNamespace(co_code=code), f_lasti=2)
        monkeypatch.setattr(module, "_frame", lambda depth, frame=frame: frame)
        assert module.asked_by_operator() is expected


def test_a_function_of_the_same_name_is_not_scipys():
    pytest.importorskip("scipy.sparse")

    def _matmul_dispatch(x):
        return np.asarray(x)

    np.testing.assert_array_equal(_matmul_dispatch(kt.asarray(V)), V)
    with pytest.raises(kt.LostGradientError):
        _matmul_dispatch(kt.GradArray(V))


def run_scipy(code, **environment):
    """What `code` prints where SciPy is told, or not, to leave arrays to their libraries."""
    pytest.importorskip("scipy")
    head = """
        import numpy as np, scipy.fft, scipy.integrate, scipy.signal, scipy.special
        import keratorch as kt
        x = kt.GradArray([1.5, 2.0, 0.5])
    """
    return run_python(
        textwrap.dedent(head) + textwrap.dedent(code), **{"SCIPY_ARRAY_API": "", **environment}
    )


def test_scipy_is_said_to_take_arrays_where_it_was_not_told_to():
    messages = run_scipy("""
        for function in (
            scipy.fft.fft,
            lambda x: scipy.signal.fftconvolve(x, x),
            scipy.special.logsumexp,
            scipy.integrate.trapezoid,
            # what a user's function does, SciPy does not do better
            np.asarray,
            lambda x: scipy.integrate.quad(lambda t: np.asarray(x)[0], 0.0, 1.0),
        ):
            try:
                print(function(x))
            except kt.LostGradientError as error:
                print(str(error).replace(chr(10), " "))
    """).splitlines()
    assert len(messages) == 6
    for text in messages[:4]:
        assert text.startswith("np.asarray of a tracked") and "SCIPY_ARRAY_API=1" in text
    for text in messages[4:]:
        assert "keratorch.numpy" in text and "SCIPY_ARRAY_API" not in text


def test_scipy_is_not_told_twice():
    message = run_scipy(
        """
        try:
            scipy.integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), x)
        except kt.LostGradientError as error:
            print("lost:", error)
        """,
        SCIPY_ARRAY_API="1",
    )
    assert message.startswith("lost:") and "SCIPY_ARRAY_API" not in message
