"""Streams that end, that are used once, those of threads; copies between devices and streams."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from tests.devices import other_device
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")
_cupy_streams = pytest.importorskip("keratorch.backends._cupy_streams")
cuda_stand_in = pytest.importorskip("tests.cuda_stand_in")
counters = cuda_stand_in.counters

VALUES = np.array([0.5, -1.0, 2.0])


@pytest.fixture(autouse=True)
def counted(device):
    """Only the stand-in counts events and waits. Each test begins with no stream in use."""
    if not cuda_stand_in.installed():
        pytest.skip("a GPU does not count: run with --cuda-stand-in")
    with cupy.cuda.Device(device.index):
        forget_all()
        yield
        forget_all()


def forget_all() -> None:
    for table in ("_used", "_results", "_forgotten", "behind"):
        getattr(_cupy_streams, table).clear()


def leaf(device) -> kt.GradArray:
    return kt.GradArray(on_device(device, VALUES))


def external(stream: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated in CuPy 14
        return cupy.cuda.ExternalStream(stream.ptr)


def test_the_default_stream_alone_costs_no_event(device):
    x = leaf(device)
    with counters.watch() as seen:
        kt.sum(kt.exp(x)).backward()
    assert (seen.event_records, seen.stream_waits) == (0, 0)


@pytest.mark.parametrize("root_is_theirs", [False, True])
def test_an_external_stream_that_has_ended(device, root_is_theirs):
    """Its pointer is not used again, whether its work has passed or not."""
    x = leaf(device)
    with counters.holding():
        stream = cupy.cuda.Stream(non_blocking=True)
        with external(stream):
            y = kt.sum(kt.exp(x))
        stream.synchronize()
        del stream
        for _ in range(2):
            z = y if root_is_theirs else kt.sum(kt.exp(x))
            z.backward(retain_graph=True)
    z.backward()
    np.testing.assert_allclose(on_host(x.grad), 3 * np.exp(VALUES))


def test_an_external_stream_waits_before_its_next_operation(device):
    """If backward ran on another one. The memory that backward freed is given out there again."""
    x = leaf(device)
    stream = cupy.cuda.Stream(non_blocking=True)
    with external(stream):
        y = kt.exp(x)
    kt.sum(y).backward()
    with external(stream), counters.watch() as first:
        y = kt.exp(x)
    with external(stream), counters.watch() as second:
        kt.sum(y)
    assert (first.stream_waits, second.stream_waits) == (1, 0)


def test_a_backward_on_the_external_stream_itself(device):
    x = leaf(device)
    stream = cupy.cuda.Stream(non_blocking=True)
    seed = cupy.ones(())
    with external(stream), counters.watch() as seen:
        kt.sum(kt.exp(x)).backward(seed)
    assert set(seen.launches_by_stream) == {stream.ptr}
    assert seen.stream_waits == 0


def used_once(device, x: kt.GradArray) -> list[Any]:
    streams = [cupy.cuda.Stream(non_blocking=True) for _ in range(5)]
    for stream in streams:
        with stream:
            kt.exp(x)
    return streams


def waits_of_backward(x: kt.GradArray) -> int:
    with counters.watch() as seen:
        kt.sum(kt.sin(x)).backward()
    return seen.stream_waits


def test_streams_that_were_used_once_are_forgotten(device):
    """Later backwards do not wait for them; each one waits for backward if it is used again."""
    x = leaf(device)
    streams = used_once(device, x)
    assert waits_of_backward(x) == 10  # backward for each stream, and each stream for backward
    assert [waits_of_backward(x) for _ in range(3)] == [0, 0, 0]
    assert not _cupy_streams._used
    for stream in streams:
        with stream, counters.watch() as seen:
            kt.exp(x)
            kt.exp(x)
        assert seen.stream_waits == 1


def test_a_stream_whose_work_goes_on_is_not_forgotten(device):
    x = leaf(device)
    streams = used_once(device, x)
    with counters.holding():
        assert waits_of_backward(x) == 10
        assert all(waits_of_backward(x) >= 5 for _ in range(2))  # they wait for backward
    assert waits_of_backward(x) == 0
    assert len(streams) == 5


def test_a_root_of_a_forgotten_stream(device):
    """Its address says nothing any more: another array may have got it."""
    x = leaf(device)
    with cupy.cuda.Stream(non_blocking=True):
        y = kt.sum(kt.exp(x))
    for _ in range(3):
        kt.sum(kt.sin(x)).backward()
    x.zero_grad()
    y.backward()
    np.testing.assert_allclose(on_host(x.grad), np.exp(VALUES))


def test_each_thread_has_its_per_thread_default_stream(device):
    """The pointer is the same in every thread. Backward waits for the stream of another thread."""
    x = leaf(device)
    found = {}

    def forward():
        with cupy.cuda.Device(device.index), cupy.cuda.Stream.ptds:
            found["y"] = kt.sum(kt.exp(x))

    with counters.holding():
        thread = threading.Thread(target=forward)
        thread.start()
        thread.join()
        with cupy.cuda.Stream.ptds:
            z = found["y"] * 2
            assert len({key for key in _cupy_streams._used if key[1] == 2}) == 2
            with counters.watch() as seen:
                z.backward(cupy.ones(()))
    assert set(seen.launches_by_stream) == {2}
    assert seen.stream_waits == 1
    np.testing.assert_allclose(on_host(x.grad), 2 * np.exp(VALUES))


def test_a_copy_to_another_gpu_is_in_order_with_both(device):
    """The copy starts after the array was computed; the array's memory is free after the copy."""
    other = other_device(device)
    x = leaf(device)
    y = kt.exp(x)
    with counters.watch() as seen:
        z = y.to_device(other)
    assert (seen.event_records, seen.stream_waits) == (2, 2)
    np.testing.assert_array_equal(on_host(z._array), on_host(y._array))
    with cupy.cuda.Stream(non_blocking=True):
        y = kt.exp(x)
    with counters.watch() as seen:
        y.to_device(other)
    assert seen.stream_waits == 3  # also for the stream that computed y


def test_a_copy_to_the_host_waits_for_the_stream_of_the_array(device):
    x = leaf(device)
    with cupy.cuda.Stream(non_blocking=True):
        y = kt.exp(x)
    with counters.watch() as seen:
        y.to_device("cpu")
    assert seen.stream_waits == 1
