"""`profile`: what it counts, what it leaves behind, and the trace that it writes."""

import io
import json
import threading
import time

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _clock
from keratorch.tools import timing as _timing


def work(xp, device):
    x = xp.reshape(xp.arange(6, dtype=xp.float32, device=device), (2, 3)) / 7.0
    x = kt.GradArray(x._array)
    y = kt.tanh(x * 2) * x[0, :]
    z = kt.sum(kt.exp(y)) + kt.max(kt.sort(x, axis=1) @ kt.matrix_transpose(x))
    z.backward()
    return kt.asarray(x.grad).numpy()


def test_the_rows(xp, device):
    plain = work(xp, device)
    with kt.profile() as p:
        found = work(xp, device)
    np.testing.assert_array_equal(found, plain)
    rows = {row.op: row for row in p.rows()}
    tracked = {"Multiply", "Tanh", "GetItem", "Exp", "Sum", "Max", "Sort", "MatMul", "Transpose"}
    assert tracked | {"Add", "Divide"} == set(rows) - {"arange", "Reshape"}
    assert rows["Multiply"].calls == rows["Multiply"].backward_calls == 2
    assert rows["Divide"].calls == 1 and rows["Divide"].backward_calls == 0  # of a constant
    for name in tracked:
        row = rows[name]
        assert row.backward_calls == row.calls and row.backward_seconds > 0, name
    assert all(rows[name].seconds > 0 for name in ("Multiply", "Tanh", "Exp", "Sum", "MatMul"))
    assert rows["Tanh"].bytes == 6 * 4 == rows["Tanh"].backward_bytes
    assert rows["MatMul"].bytes == 4 * 4 and rows["MatMul"].backward_bytes == 2 * 6 * 4
    totals = [row.total for row in p.rows()]
    assert totals == sorted(totals, reverse=True)
    for name in rows:
        assert name in str(p)


def test_nothing_is_left_behind(target):
    backend = kt.backends.get(target.backend)
    before = dict(vars(backend))
    with kt.profile():
        assert vars(backend)["xp"] is not before["xp"]
        assert kt.namespace(target.backend) is kt.namespace(target.backend)
    assert vars(backend) == before
    assert not _timing._covered and _timing.timer.spans is None


def test_times_are_those_of_the_library(monkeypatch):
    backend = kt.backends.get("numpy")
    original = backend.elementwise

    def slow(name):
        function = original(name)

        def wait(*args):
            time.sleep(0.02)
            return function(*args)

        return wait

    monkeypatch.setattr(backend, "elementwise", slow, raising=False)
    x = kt.GradArray([1.0, 2.0])
    with kt.profile() as p:
        kt.exp(x)
        kt.exp(x)
    monkeypatch.undo()
    kt.backends.register(backend)  # which makes everybody forget the slow functions
    (row,) = p.rows()
    assert row.op == "Exp" and row.calls == 2 and 0.04 <= row.seconds < 2


class SlowGrad(kt.Grad):
    """A rule that takes its time."""

    def backward(self, grad):
        time.sleep(0.02)
        return (2 * grad,)


def test_operations_of_users_and_hooks():
    x = kt.GradArray([1.0, 2.0])
    with kt.profile() as p:
        y = kt.GradArray(x._array * 2, grad_op=SlowGrad(x))
        y.grad_op.register_hook(lambda grads_in, grads_out: time.sleep(0.2))
        y.sum().backward()
    rows = {row.op: row for row in p.rows()}
    assert set(rows) == {"Slow", "Sum"}
    assert 0.02 <= rows["Slow"].backward_seconds < 0.19  # without the hook
    assert rows["Slow"].calls == rows["Slow"].backward_calls == 1


def test_create_graph_counts_rules_as_backward():
    x = kt.GradArray([1.0, 2.0])
    with kt.profile() as p:
        y = kt.exp(x) * x
        kt.gradients(y.sum(), x, create_graph=True)
    rows = {row.op: (row.calls, row.backward_calls) for row in p.rows()}
    assert rows == {"Exp": (1, 1), "Multiply": (1, 1), "Sum": (1, 1)}


def test_with_detect_anomaly():
    x = kt.GradArray([1.0, 2.0])
    with kt.detect_anomaly(), kt.profile() as p:
        kt.exp(x).sum().backward()
    assert {row.op: (row.calls, row.backward_calls) for row in p.rows()} == {
        "Exp": (1, 1),
        "Sum": (1, 1),
    }
    ignored = np.errstate(all="ignore")
    found = pytest.raises(kt.AnomalyError, match=r"LogGrad")
    with found, ignored, kt.profile(), kt.detect_anomaly():
        kt.log(x * 0)


def test_the_table():
    x = kt.GradArray(np.ones(1000))
    with kt.profile() as p:
        (kt.exp(x) + kt.exp(x)).sum().backward()
    lines = p.table(sort_by="calls").splitlines()
    assert lines[1].split() == ["op", *["calls", "time", "bytes"] * 2, "total"]
    assert lines[2].split()[:2] == ["Exp", "2"] and "15.6 KiB" in lines[2]
    assert [line.split()[0] for line in p.table(sort_by="op").splitlines()[2:5]] == [
        "Add",
        "Exp",
        "Sum",
    ]
    with pytest.raises(ValueError, match="sort_by"):
        p.table(sort_by="colour")
    with kt.profile() as empty:
        pass
    assert empty.rows() == [] and "0 operations" in str(empty)


def test_the_chrome_trace(tmp_path):
    x = kt.GradArray(np.ones((50, 50)))
    with kt.profile() as p:
        (x @ x).sum().backward()
    p.chrome_trace(tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())
    opened = io.StringIO()
    p.chrome_trace(opened)
    assert json.loads(opened.getvalue()) == trace
    complete = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    assert [e["name"] for e in complete] == ["MatMul", "Sum", "Sum.backward", "MatMul.backward"]
    assert [e["cat"] for e in complete] == ["forward"] * 2 + ["backward"] * 2
    at = 0.0
    for e in complete:
        assert e["ts"] >= at and e["dur"] > 0 and {"pid", "tid", "args"} <= set(e)
        at = e["ts"] + e["dur"]
    names = {e["tid"] for e in trace["traceEvents"] if e["ph"] == "M"}
    assert {e["tid"] for e in complete} <= names
    assert complete[0]["args"] == {"shape": "(50, 50)", "bytes": 20000}


def test_profiles_nest_and_can_be_opened_again():
    x = kt.GradArray([1.0])
    outer, inner = kt.profile(), kt.profile()
    with outer:
        kt.exp(x)
        with inner:
            kt.tanh(x)
        kt.exp(x)
        with pytest.raises(kt.KeratorchError, match="open"), outer:
            pass
    with inner:
        kt.tanh(x)
    assert [(r.op, r.calls) for r in outer.rows()] == [("Exp", 2)]
    assert [(r.op, r.calls) for r in inner.rows()] == [("Tanh", 2)]


def test_an_exception_ends_it():
    with pytest.raises(ZeroDivisionError), kt.profile():
        1 / 0  # noqa: B018
    assert not _timing._covered and _timing.timer.spans is None


def test_threads_have_profiles_of_their_own():
    failures = []

    def run(k):
        try:
            for _ in range(20):
                x = kt.GradArray([1.0])
                if k % 2:
                    with kt.profile() as p:
                        for _ in range(k):
                            kt.exp(x).sum().backward()
                    rows = {r.op: (r.calls, r.backward_calls) for r in p.rows()}
                    assert rows == {"Exp": (k, k), "Sum": (k, k)}
                else:
                    kt.tanh(x).sum().backward()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(1, 9)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures
    assert not _timing._covered


def test_a_backend_that_is_met_inside_is_timed():
    """A library that nobody registered, whose arrays appear while the profile is open."""
    strict = pytest.importorskip("array_api_strict")

    class Mine:
        def __init__(self, raw):
            self.raw = raw
            self.shape, self.dtype, self.ndim = raw.shape, raw.dtype, raw.ndim
            self.device = raw.device

        def __array_namespace__(self, api_version=None):
            return MINE

        def __mul__(self, other):
            return Mine(self.raw * other.raw)

    class MineNamespace:
        __name__ = "mine"

        def __getattr__(self, name):
            return getattr(strict, name)

        @staticmethod
        def exp(x):
            return Mine(strict.exp(x.raw))

    MINE = MineNamespace()
    with kt.profile() as p:
        y = kt.exp(kt.asarray(Mine(strict.ones(2))))
    assert y.shape == (2,)
    assert [(r.op, r.calls) for r in p.rows()] == [("Exp", 1)]


# -- devices -------------------------------------------------------------------------------------


class FakeEvent:
    """An event of a device whose clock goes by 5 ms for each event."""

    now = 0.0
    waited = 0

    def record(self):
        FakeEvent.now += 5.0
        self.at = FakeEvent.now

    def synchronize(self):
        FakeEvent.waited += 1


def test_the_clock_of_a_device(monkeypatch):
    """Events are recorded, and nobody waits before the times are asked for."""
    strict = pytest.importorskip("array_api_strict")
    clock = _clock.CUDAClock(FakeEvent, lambda a, b: b.at - a.at)
    monkeypatch.setattr(_timing, "clock_of", lambda backend, raw, clocks: clock)
    FakeEvent.waited = 0
    x = kt.GradArray(strict.ones(3, device=strict.Device("device1")))
    with kt.profile() as p:
        kt.exp(x).sum().backward()
    assert FakeEvent.waited == 0
    rows = {r.op: r for r in p.rows()}
    assert FakeEvent.waited > 0
    for name in ("Exp", "Sum"):
        assert rows[name].seconds == pytest.approx(0.005)
        assert rows[name].backward_seconds == pytest.approx(0.005)
    opened = io.StringIO()
    p.chrome_trace(opened)
    events = [e for e in json.loads(opened.getvalue())["traceEvents"] if e["ph"] == "X"]
    # In the middle the gradient of the result itself is made, which takes two events too.
    assert [round(e["ts"]) for e in events] == [0, 10000, 30000, 40000]


def test_cuda_arrays_get_the_clock_of_their_device(monkeypatch):
    class OnCUDA:
        name = "elsewhere"

        def device(self, raw):
            return kt.Device("elsewhere", "cuda", raw)

    made = []
    monkeypatch.setattr(_clock, "_cuda_clock", lambda backend: made.append(1) or _clock.Clock())
    clocks = {}
    first = _clock.clock_of(OnCUDA(), 0, clocks)
    assert _clock.clock_of(OnCUDA(), 0, clocks) is first
    assert _clock.clock_of(OnCUDA(), 1, clocks) is not first
    assert len(made) == 2
    numpy = kt.backends.get("numpy")
    assert _clock.clock_of(numpy, np.ones(1), clocks) is _clock.HOST


def test_profiles_closed_in_the_order_in_which_they_were_opened_leave_nothing():
    x = kt.GradArray([1.0, 2.0])
    first, second = kt.profile(), kt.profile()
    first.__enter__()
    second.__enter__()
    x * x
    first.__exit__(None, None, None)
    kt.sin(x)
    second.__exit__(None, None, None)
    assert [row.op for row in first.rows()] == []  # the innermost has it
    assert sorted(row.op for row in second.rows()) == ["Multiply", "Sin"]
    assert _timing.timer.spans is None
