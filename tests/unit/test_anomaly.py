"""`detect_anomaly`: what is found, what is said of it, and when it waits."""

import copy
import threading
import weakref

import numpy as np
import pytest

import keratorch as kt
from keratorch.core import recording as _record
from keratorch.core.watch import mode

pytestmark = pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow)")


def leaf(xp, device, values):
    return xp.asarray(values, dtype=xp.float32, device=device, requires_grad=True)


# -- on every backend ----------------------------------------------------------------------------


def test_an_infinite_result(xp, device):
    x = leaf(xp, device, [1.0, 0.0])
    with pytest.raises(kt.AnomalyError) as caught, kt.detect_anomaly():
        y = x * 2
        z = kt.log(y)  # here it happens
        w = z * 3
        w.sum().backward()
    text = str(caught.value)
    assert text.startswith("LogGrad made ") and "infinity" in text
    assert "shape (2,)" in text and str(device) in text
    assert "z = kt.log(y)  # here it happens" in text and "test_anomaly.py:" in text
    assert "w = z * 3" not in text
    assert x.grad is None


def test_an_infinite_gradient(xp, device):
    x = leaf(xp, device, [1.0, 0.0])
    other = leaf(xp, device, [1.0, 2.0])
    with pytest.raises(kt.AnomalyError) as caught, kt.detect_anomaly():
        y = kt.sqrt(x)  # its derivative is infinite
        z = (y * other).sum()
        z.backward()
    text = str(caught.value)
    assert text.startswith("SqrtGrad.backward made ") and "infinity" in text
    assert "for input 0" in text and "y = kt.sqrt(x)  # its derivative is infinite" in text
    assert x.grad is None and other.grad is None


def test_a_nan_of_constants(xp, device):
    x = xp.asarray([-1.0, 2.0], dtype=xp.float32, device=device)
    with pytest.raises(kt.AnomalyError, match=r"^LogGrad made") as caught, kt.detect_anomaly():
        kt.log(x)  # nothing tracks it
    assert "kt.log(x)  # nothing tracks it" in str(caught.value)


def test_finite_work_is_left_alone(xp, device):
    x = leaf(xp, device, [1.0, 2.0])
    with kt.detect_anomaly():
        mask = x > 1.5
        y = kt.where(mask, x, -float("inf"))  # a mask: it moves values
        z = kt.max(y) + kt.exp(x).sum()
        z.backward()
    expected = leaf(xp, device, [1.0, 2.0])
    (kt.max(kt.where(mask, expected, -float("inf"))) + kt.exp(expected).sum()).backward()
    np.testing.assert_array_equal(kt.asarray(x.grad).numpy(), kt.asarray(expected.grad).numpy())


def test_nan_alone(xp, device):
    x = leaf(xp, device, [1.0, 0.0])
    with kt.detect_anomaly(check_inf=False):
        kt.log(x)
    with pytest.raises(kt.AnomalyError, match="NaN"), kt.detect_anomaly(check_inf=False):
        y = kt.log(x)
        y - y


def test_under_create_graph(xp, device):
    """The line of the forward pass is named for derivatives of derivatives too."""
    x = leaf(xp, device, [0.0, 1.0])
    with pytest.raises(kt.AnomalyError) as caught, kt.detect_anomaly():
        y = x**1.5  # the second derivative is infinite at 0
        (first,) = kt.gradients(y.sum(), x, create_graph=True)
        kt.gradients(first.sum(), x)
    assert "y = x**1.5  # the second derivative" in str(caught.value)
    assert ".backward made" in str(caught.value)


def test_the_line_inside_of_a_function_that_a_rule_calls(xp, device):
    """`checkpoint` calls its function again in backward, `custom_jvp` its rule."""

    def segment(x):
        y = kt.sqrt(x)  # its derivative is infinite
        return y * 2.0

    @kt.custom_jvp
    def half(x):
        return x / 2.0

    @half.defjvp
    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        return half(x), t * kt.sqrt(x)  # differentiated again, it is infinite

    def loss(x):
        return kt.checkpoint(segment)(x).sum()

    cases = {
        "its derivative is infinite": [
            lambda x: loss(x).backward(),
            lambda x: kt.checkpoint(lambda x: kt.checkpoint(segment)(x) * 2.0)(x).sum().backward(),
            lambda x: loss(x).backward(create_graph=True),
            lambda x: kt.grad(loss)(x),
        ],
        "differentiated again": [lambda x: kt.grad(lambda x: kt.grad(half)(x))(x[1])],
    }
    for line, functions in cases.items():
        for function in functions:
            x = leaf(xp, device, [1.0, 0.0])
            found = pytest.raises(kt.AnomalyError, match=r"\.backward made")
            with found as caught, kt.detect_anomaly():
                function(x)
            assert f"# {line}" in str(caught.value), str(caught.value)


def test_the_masked_partials_of_the_rules_are_no_anomaly(xp, device):
    """`where(x > 0, log(x), 0)`: inside of the rule something is infinite, and outside nothing."""
    x = leaf(xp, device, [0.0, 1.0])
    with kt.detect_anomaly(check_inf=False):
        y = kt.where(x > 0, kt.log(x), 0.0)
        (first,) = kt.gradients(y.sum(), x, create_graph=True)
        kt.gradients(first.sum(), x)
        kt.jvp(lambda x: kt.where(x > 0, kt.log(x), 0.0), [x], [x])


# -- when it waits -------------------------------------------------------------------------------


def test_a_gpu_is_waited_for_once_in_each_backward(monkeypatch):
    """With a device of array-api-strict in place of a GPU."""
    strict = pytest.importorskip("array_api_strict")
    backend = kt.backends.get("array_api_strict")
    waits = []
    original = backend.to_numpy
    monkeypatch.setattr(backend, "to_numpy", lambda raw: waits.append(raw.shape) or original(raw))
    x = kt.GradArray(strict.ones(3, device=strict.Device("device1")))
    for _ in range(2):
        with kt.detect_anomaly():
            y = x
            for _ in range(20):
                y = kt.tanh(y * x)
            assert waits == []
            y.sum().backward()
            assert len(waits) == 1 and waits[0][0] > 80
            y = kt.exp(x)
        assert len(waits) == 2 and waits[1] == (1,)
        waits.clear()


def test_of_several_anomalies_the_first_is_told():
    strict = pytest.importorskip("array_api_strict")
    x = kt.GradArray(strict.zeros(3, device=strict.Device("device1")))
    with pytest.raises(kt.AnomalyError) as caught, kt.detect_anomaly():
        kt.log(x)  # first
        kt.reciprocal(x)  # second
    assert "# first" in str(caught.value) and "LogGrad" in str(caught.value)


def test_many_results_are_looked_at_on_the_way(monkeypatch):
    strict = pytest.importorskip("array_api_strict")
    from keratorch.tools import anomaly as _anomaly

    monkeypatch.setattr(_anomaly, "MAX_PENDING", 10)
    x = kt.GradArray(strict.zeros(3, device=strict.Device("device1")))
    count = 0
    with pytest.raises(kt.AnomalyError), kt.detect_anomaly():
        y = kt.log(x)
        while count < 100:
            y = y * 1.0
            count += 1
    assert count == 8


# -- what is said --------------------------------------------------------------------------------


def message(function):
    with pytest.raises(kt.AnomalyError) as caught, kt.detect_anomaly():
        function()
    return str(caught.value)


def test_an_input_that_had_it_is_named():
    x = kt.GradArray([1.0, np.nan])
    text = message(lambda: x * 2)
    assert "MultiplyGrad made NaN" in text and "input 0, a leaf, had it already" in text
    y = kt.GradArray([1.0, 2.0])
    text = message(lambda: y * np.array([1.0, np.inf]))
    assert "input 1, a constant, had it already" in text
    assert "from inputs (2,), (2,)" in text
    text = message(lambda: y * float("nan"))
    assert "input 1, a constant, had it already" in text


def test_the_gradient_given_to_backward():
    x = kt.GradArray([1.0, 2.0])
    y = x * 2
    text = message(lambda: y.backward([np.nan, 1.0]))
    assert "MultiplyGrad.backward made NaN" in text
    assert "the gradient that it was given" in text and "argument of backward" in text
    assert "recorded outside of detect_anomaly()" in text


def test_an_infinite_sum_of_finite_gradients():
    x = kt.GradArray(np.array([0.1], dtype=np.float32))
    text = message(lambda: (x * 3e38 + x * 2e38).backward([1.0]))
    assert "the sum of the gradients of a leaf" in text and "infinity" in text


def test_a_hook_that_makes_a_nan():
    x = kt.GradArray([1.0, 2.0])
    y = kt.exp(x)
    y.register_hook(lambda g: g * np.nan)
    text = message(lambda: y.sum().backward())
    assert "ExpGrad.backward made NaN" in text and "what a hook returned" in text


def test_operations_of_users():
    class BadGrad(kt.Grad):
        def backward(self, grad):
            return (grad / 0.0,)

    x = kt.GradArray([1.0, 2.0])
    assert message(lambda: kt.GradArray(x._array / 0, grad_op=BadGrad(x))).startswith(
        "BadGrad made"
    )
    text = message(lambda: kt.GradArray(x._array * 1, grad_op=BadGrad(x)).sum().backward())
    assert text.startswith("BadGrad.backward made infinity")
    many = message(lambda: kt.linalg.eigh(kt.GradArray(np.eye(2)))[1].sum().backward())
    assert many.startswith("EighGrad.backward made NaN")


CONSTANTS = {
    "sum": lambda x: kt.sum(x),
    "mean": lambda x: kt.mean(x),
    "matmul": lambda x: x @ x,
    "vector_norm": lambda x: kt.linalg.vector_norm(x),
    "cumulative_sum": lambda x: kt.cumulative_sum(x),
    "inv": lambda x: kt.linalg.inv(kt.reshape(x, (2, 1, 1))),
    "gammaln": lambda x: kt.special.gammaln(x),
    "softplus": lambda x: kt.special.softplus(x),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_operations_on_constants_are_seen(name):
    text = message(lambda: CONSTANTS[name](kt.asarray([np.nan, 1.0])))
    named = text.partition(" made NaN")[0].lower()
    assert named.removesuffix("grad").replace("_", "") == name.replace("_", "")


def test_the_line_behind_a_library():
    scipy = pytest.importorskip("scipy.optimize")

    def f(x):
        return kt.log(x).sum()  # the line

    text = message(lambda: scipy.approx_fprime(np.array([-1.0]), lambda x: f(kt.asarray(x)).item()))
    assert "return kt.log(x).sum()  # the line" in text


# -- switching -----------------------------------------------------------------------------------


def test_it_nests_and_can_be_turned_off_inside():
    x = kt.asarray([0.0])
    with kt.detect_anomaly():
        with kt.detect_anomaly(False):
            kt.log(x)
        with kt.detect_anomaly(check_inf=False):
            kt.log(x)
        with pytest.raises(kt.AnomalyError):
            kt.log(x)
    kt.log(x)
    manager = kt.detect_anomaly()
    with manager, manager, pytest.raises(kt.AnomalyError):
        kt.log(x)
    kt.log(x)


def test_the_switch_and_the_decorator():
    x = kt.asarray([0.0])
    kt.set_detect_anomaly(True)
    try:
        with pytest.raises(kt.AnomalyError):
            kt.log(x)
    finally:
        kt.set_detect_anomaly(False)
    kt.log(x)

    @kt.detect_anomaly()
    def f():
        """Doc."""
        return kt.log(x)

    with pytest.raises(kt.AnomalyError):
        f()
    assert f.__doc__ == "Doc."


def test_nothing_stays_in_the_way():
    from weakref import ref

    from keratorch.ops import _elementwise

    def in_place():
        return [vars(m)[n] for m in (_record, _elementwise) for n in ("ref_to", "unrecorded")]

    before = in_place()
    assert before == [ref, _record.constant] * 2
    with pytest.raises(ZeroDivisionError), kt.detect_anomaly():
        assert in_place() != before
        1 / 0  # noqa: B018
    assert in_place() == before and mode.watchers == ()


def test_it_belongs_to_a_thread():
    failures = []
    inside, done = threading.Event(), threading.Event()

    def other():
        try:
            assert inside.wait(30)
            kt.log(kt.GradArray([0.0])).sum().backward()
        except BaseException as error:
            failures.append(error)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with kt.detect_anomaly():
        inside.set()
        assert done.wait(30)
    thread.join()
    assert not failures


def test_threads_open_and_close_at_once():
    failures = []

    def work(k):
        try:
            for i in range(100):
                x = kt.GradArray([1.0 * k])
                if (i + k) % 2:
                    with kt.detect_anomaly(), pytest.raises(kt.AnomalyError):
                        (x / 0).sum().backward()
                else:
                    (x / 0).sum().backward()
        except BaseException as error:
            failures.append(error)

    with np.errstate(all="ignore"):
        threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 9)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not failures
    assert _record.unrecorded is _record.constant


def test_tracers_and_other_dtypes_are_not_looked_at():
    with kt.detect_anomaly():
        copy.copy(kt.asarray([1, 2])) + 1
        assert kt.any(kt.asarray([True]))
    jax = pytest.importorskip("jax")

    @jax.jit
    def f(raw):
        with kt.detect_anomaly():
            return kt.log(kt.asarray(raw))._array

    assert not np.isfinite(np.asarray(f(jax.numpy.zeros(2)))).any()


def test_tangents(xp, device):
    """In forward mode the derivative is looked at too, at each level."""
    x, t = kt.asarray(xp.asarray([0.0, 1.0])), kt.asarray(xp.asarray([1.0, 1.0]))

    def slope(x):
        return kt.jvp(kt.sqrt, (x,), (t,))[1]  # here

    for f in (kt.sqrt, slope):
        with (
            pytest.raises(
                kt.AnomalyError, match=r"\.jvp made .*infinity: a tangent of shape \(2,\)"
            ),
            kt.detect_anomaly(),
        ):
            kt.jvp(f, (x,), (t,))
    for f in (  # a graph is gone through forward
        lambda x: kt.linearize(kt.sqrt, x)[1](t),  # on the way
        lambda x: kt.jacfwd(lambda x: kt.sqrt(x))(x),  # on the way
    ):
        found = pytest.raises(kt.AnomalyError, match=r"^SqrtGrad\.jvp made (.|\n)*# on the way")
        with found, kt.detect_anomaly():
            f(x)
    with kt.detect_anomaly():  # a zero times an infinite partial, as below
        kt.linearize(kt.sqrt, x)[1](kt.asarray(xp.asarray([0.0, 1.0])))
    with pytest.raises(kt.AnomalyError, match=r"return kt.jvp.*# here"), kt.detect_anomaly():
        slope(x)
    with kt.detect_anomaly():
        # A zero times an infinite partial is 0, and nothing to report.
        _, tangent = kt.jvp(kt.sqrt, (x,), (kt.asarray(xp.asarray([0.0, 1.0])),))
    np.testing.assert_allclose(tangent.numpy(), [0.0, 0.5])


# -- what was changed from outside -------------------------------------------------------------


def power(a):
    t, step, s = np.linspace(0, 1, 5), np.ones(5), 0.0
    for k in range(4):
        s = s + a[k] * step  # here it is saved
        step *= t
    return kt.sum(s**2)


def test_a_raw_array_that_was_changed_since():
    with pytest.raises(kt.StaleValueError) as caught, kt.detect_anomaly():
        kt.grad(power)(np.ones(4))
    text = str(caught.value)
    assert text.startswith("MultiplyGrad saved an array of shape (5,) that was changed since")
    assert "copy()" in text and "keratorch.asarray" in text
    assert "s = s + a[k] * step  # here it is saved" in text and "test_anomaly.py:" in text


def test_the_remedies():
    def copied(a):
        step = np.ones(3)
        y = a * step.copy()
        step *= 2
        return y.sum()

    def known(a):
        step = kt.asarray(np.ones(3))
        y = a * step
        step *= 2
        return y.sum()

    with kt.detect_anomaly():
        np.testing.assert_array_equal(kt.grad(copied)(np.zeros(3)), np.ones(3))
    with pytest.raises(kt.StaleValueError, match="written in place since"):
        kt.grad(known)(np.zeros(3))


CHANGED = {
    "an operand": lambda x, a: x * a,
    "an operand in no order": lambda x, a: x * np.broadcast_to(a[:1], 3)[::-1],
    "one of several": lambda x, a: kt.linalg.qr(kt.expand_dims(x, axis=1) * a)[1],
    "an attribute of a user's": lambda x, a: kt.GradArray(
        x.detach()._array, grad_op=ScaleGrad(x, a)
    ),
}


class ScaleGrad(kt.Grad):
    def __init__(self, x, scale):
        super().__init__(x)
        self.scale = scale
        self.work = np.zeros(3)

    def backward(self, grad):
        self.work += 1  # its own, and no anomaly
        return (grad * self.scale,)


@pytest.mark.parametrize("case", CHANGED)
def test_what_is_saved_is_compared_each_time(case):
    x, a = kt.GradArray([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])
    with kt.detect_anomaly():
        y = CHANGED[case](x, a).sum()
        y.backward(retain_graph=True)
        y.backward(retain_graph=True)
        a[0] = 7.0
        before = x.grad.copy()
        with pytest.raises(kt.StaleValueError, match="Grad saved an array of shape"):
            y.backward(retain_graph=True)
        np.testing.assert_array_equal(x.grad, before)
        with pytest.raises(kt.StaleValueError, match="Grad saved an array of shape"):
            y.backward(create_graph=True)
        a[0] = 2.0
        y.backward()


def test_a_leaf_that_was_changed_since():
    a = np.array([1.0, 2.0])
    x = kt.GradArray(a)
    with kt.detect_anomaly():
        y = (x * x).sum()
        a *= 2
        with pytest.raises(kt.StaleValueError, match=r"^MultiplyGrad saved .* \(2,\)"):
            y.backward()
    outside = (x * x).sum()
    a *= 2
    with kt.detect_anomaly():  # recorded before: nothing is known of it
        outside.backward()


def test_what_was_saved_is_not_kept_alive():
    x = kt.GradArray([1.0, 2.0])
    a = np.ones(2)
    alive = weakref.ref(a)
    with kt.detect_anomaly():
        y = x * a
        del a
        y.sum().backward()
        assert alive() is None
        assert y.grad_op is not None


def test_of_every_library(xp, device):
    x = leaf(xp, device, [1.0, 2.0])
    a = xp.asarray([3.0, 4.0], dtype=xp.float32, device=device)._array
    with kt.detect_anomaly():
        y = xp.sum(x * a)
        y.backward(retain_graph=True)  # nothing was changed
        try:
            a[0] = 5.0
        except (TypeError, ValueError):  # JAX, and what is read-only
            return
        library = type(a).__module__.partition(".")[0]
        if device.kind == "cpu" and library in ("numpy", "torch", "array_api_strict"):
            with pytest.raises(kt.StaleValueError, match=r"^MultiplyGrad saved an array of shape"):
                y.backward()
        else:
            y.backward()
