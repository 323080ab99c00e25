"""CUDA graphs: backward passes and training steps that are captured and replayed."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")
cuda_stand_in = pytest.importorskip("tests.cuda_stand_in")

VALUES = np.array([0.5, -1.0, 2.0])
CUDARuntimeError = cupy.cuda.runtime.CUDARuntimeError


@pytest.fixture(autouse=True)
def on_its_device(device):
    if not cuda_stand_in.installed():
        pytest.skip("no GPU has tried these yet: run with --cuda-stand-in")
    with cupy.cuda.Device(device.index):
        yield


def captured(step):
    """The graph of `step`, which ran before, so that its kernels are compiled."""
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        step()
        stream.begin_capture()
        try:
            step()
        finally:
            graph = stream.end_capture()
    return graph, stream


def replayed(graph, stream) -> None:
    with stream:
        graph.launch()
    stream.synchronize()


@pytest.mark.parametrize("other_work", [False, True])
@pytest.mark.parametrize("way", ["backward", "grad"])
def test_a_backward_is_replayed_with_new_values(device, way, other_work):
    """Also where other streams have work: a capture waits for none of them."""
    raw = on_device(device, VALUES)
    x, w = kt.asarray(raw), kt.GradArray(on_device(device, np.ones(3)))
    found = {}

    def step():
        if way == "backward":
            w.zero_grad()
            kt.sum(kt.tanh(x * w)).backward()
            found["grad"] = w.grad
        else:
            found["grad"] = kt.grad(lambda w: kt.sum(kt.tanh(x * w)))(w.detach())._array

    if other_work:
        with cupy.cuda.Stream(non_blocking=True):
            kt.exp(w)
        kt.exp(w)
    graph, stream = captured(step)
    for scale in (2.0, -0.5):
        raw[...] = scale * raw
        replayed(graph, stream)
        values = on_host(raw)
        wanted = values * (1 - np.tanh(values) ** 2)
        np.testing.assert_allclose(on_host(found["grad"]), wanted)
    kt.sum(kt.exp(w)).backward()  # and life goes on


def test_a_training_step_is_replayed(device):
    weights = on_device(device, np.zeros(3))
    x, y = on_device(device, VALUES), on_device(device, 3 * VALUES)

    def step():
        w = kt.GradArray(weights)
        error = w * x - y
        kt.sum(error * error).backward()
        cupy.subtract(weights, 0.1 * w.grad, out=weights)

    graph, stream = captured(step)
    weights[...] = 0
    wanted = np.zeros(3)
    with cuda_stand_in.counters.watch() as seen:
        for _ in range(20):
            replayed(graph, stream)
            wanted -= 0.1 * 2 * (wanted * VALUES - 3 * VALUES) * VALUES
    assert (seen.graph_launches, seen.launches) == (20, 0)
    np.testing.assert_allclose(on_host(weights), wanted, rtol=1e-12)


def refused(action, status: str, non_blocking: bool = True) -> None:
    stream = cupy.cuda.Stream(non_blocking=non_blocking)
    with stream:
        stream.begin_capture()
        try:
            with pytest.raises((CUDARuntimeError, RuntimeError), match=status):
                action(stream)
        finally:
            stream.end_capture()


def test_the_stand_in_refuses_in_a_capture_what_cuda_refuses(device):
    x = on_device(device, VALUES)
    event = cupy.cuda.Event()
    event.record(cupy.cuda.Stream.null)
    refused(lambda s: s.synchronize(), "StreamCaptureUnsupported")
    refused(lambda s: s.wait_event(event), "StreamCaptureIsolation")
    refused(lambda s: x.get(), "capturing")
    refused(lambda s: x.set(VALUES), "capturing")
    refused(lambda s: s.record().synchronize(), "CapturedEvent")
    with cupy.cuda.Stream.null:
        pass
    refused(lambda s: event.record(cupy.cuda.Stream.null), "StreamCaptureImplicit", False)
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture(cupy.cuda.runtime.streamCaptureModeGlobal)
        with pytest.raises(CUDARuntimeError, match="StreamCaptureUnsupported"):
            cupy.cuda.runtime.malloc(8)
        stream.end_capture()


def test_the_stand_in_captures_streams_that_fork_and_join(device):
    x = on_device(device, VALUES)
    y, z = cupy.empty(3), cupy.empty(3)
    first, second = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
    cupy.exp(x, y)
    for joins in (True, False):
        first.begin_capture()
        second.wait_event(first.record())
        assert second.is_capturing()
        with second:
            cupy.exp(x, y)
        if joins:
            first.wait_event(second.record())
            with first:
                cupy.exp(y, z)
            y[...] = 0
            first.end_capture().launch()
            np.testing.assert_allclose(on_host(z), np.exp(np.exp(VALUES)))
        else:
            with pytest.raises(CUDARuntimeError, match="StreamCaptureUnjoined"):
                first.end_capture()
