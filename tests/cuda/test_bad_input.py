"""What goes wrong with GPUs: each trouble has its message, and leaves the graph usable."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import keratorch as kt
from keratorch.errors import BackendUnavailableError, DeviceMemoryError, UnknownDeviceError
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")


# -- no usable GPU: these need none --------------------------------------------------------------


def refuse(monkeypatch, status: int, driver: int = 0) -> str:
    """The message for ``device="cuda"`` where CUDA answers with an error."""

    def count() -> int:
        raise cupy.cuda.runtime.CUDARuntimeError(status)

    monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", count)
    monkeypatch.setattr(cupy.cuda.runtime, "driverGetVersion", lambda: driver)
    with pytest.raises(BackendUnavailableError) as caught:
        kt.GradArray([1.0], device="cuda")
    assert "device='cpu'" in str(caught.value)
    assert "https://www.nvidia.com/drivers" in str(caught.value)
    assert not [d for d in kt.devices() if d.kind == "cuda"]
    return str(caught.value)


def test_cupy_without_a_driver(monkeypatch):
    assert "finds no NVIDIA driver" in refuse(monkeypatch, 35)


def test_a_driver_that_is_too_old(monkeypatch):
    message = refuse(monkeypatch, 35, driver=11040)
    assert "the NVIDIA driver is too old: it is for CUDA 11.4, this CuPy for CUDA" in message
    assert "cudaErrorInsufficientDriver" in message


def test_a_driver_without_a_gpu(monkeypatch):
    assert "can use no GPU (cudaErrorNoDevice" in refuse(monkeypatch, 100)


def test_no_cupy(monkeypatch):
    from keratorch.backends import _registry

    monkeypatch.setitem(sys.modules, "keratorch.backends._cupy", None)
    monkeypatch.setattr(
        _registry, "_backends", {n: b for n, b in _registry._backends.items() if n != "cupy"}
    )
    hint = r"pip install 'keratorch-autograd\[cuda12\]'"
    with pytest.raises(BackendUnavailableError, match=hint):
        kt.GradArray([1.0], device="cuda")


# -- a GPU that is not there ---------------------------------------------------------------------


def test_a_device_number_that_does_not_exist(device):
    x = kt.GradArray(on_device(device, np.ones(3)))
    for call in (
        lambda: kt.GradArray([1.0], device="cuda:99"),
        lambda: kt.zeros(3, device="cuda:99"),
        lambda: x.to_device("cuda:99"),
        lambda: kt.set_default_device("cuda:99"),
    ):
        with pytest.raises(UnknownDeviceError, match=r"'cuda:99' here; it has 'cuda:0'"):
            call()


# -- out of memory -------------------------------------------------------------------------------

N = 100_000


@pytest.fixture
def limited(device):
    """A context manager in which the device has so many bytes more; the stand-in's alone."""
    try:
        from tests.cuda_stand_in import counters, installed
    except ImportError:
        pytest.skip("only the stand-in can run out of memory on purpose")
    if not installed():
        pytest.skip("only the stand-in can run out of memory on purpose")

    def limited(more: int):
        cupy.get_default_memory_pool().free_all_blocks()
        return counters.limit(counters.memory(device.index).bytes + more, device.index)

    with cupy.cuda.Device(device.index):
        yield limited


def big_leaf(device) -> kt.GradArray:
    return kt.GradArray(on_device(device, np.linspace(0.1, 1, N)))


def test_out_of_memory_forward(device, limited):
    """The error says what was asked for and what the pool holds; the graph can be used."""
    x = big_leaf(device)
    y = kt.exp(x)
    with limited(1000), pytest.raises(DeviceMemoryError) as caught:
        kt.exp(y)
    message = str(caught.value)
    assert "allocating 800," in message
    assert f"device {device}" in message
    assert "in use" in message
    assert isinstance(caught.value, MemoryError)
    del caught
    kt.sum(kt.log(y)).backward()
    np.testing.assert_allclose(on_host(x.grad), 1.0)


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("arrays", range(5))
def test_out_of_memory_backward(device, limited, retain, arrays):
    """`grad` stays what it was, and backward can be called again when memory is free."""
    x = big_leaf(device)
    z = kt.exp(x)
    y = kt.sum(kt.sin(z) * kt.cos(z) + z[: N // 2].sum() * z + kt.linalg.vector_norm(z))
    failed = False
    with limited(1000 + arrays * 8 * N):
        try:
            y.backward(retain_graph=retain)
        except DeviceMemoryError:
            failed = True
            assert x.grad is None
            assert z.grad is None
    assert failed or arrays > 2
    if failed:
        y.backward(retain_graph=retain)
    reference = kt.GradArray(np.linspace(0.1, 1, N))
    w = kt.exp(reference)
    kt.sum(kt.sin(w) * kt.cos(w) + w[: N // 2].sum() * w + kt.linalg.vector_norm(w)).backward()
    np.testing.assert_allclose(on_host(x.grad), reference.grad, rtol=1e-9)


def test_out_of_memory_again_and_again(device, limited):
    """A walk goes on where it stopped, however often; the gradient given must be the same."""
    x = big_leaf(device)
    y = kt.tanh(kt.exp(kt.tanh(kt.exp(x))))
    seed = on_device(device, np.ones(N))
    with limited(1000 + 8 * N):
        for _ in range(2):
            with pytest.raises(DeviceMemoryError):
                y.backward(seed)
    with pytest.raises(kt.errors.GraphFreedError):
        y.backward(on_device(device, np.ones(N)))
    y.backward(seed)
    reference = kt.GradArray(np.linspace(0.1, 1, N))
    kt.tanh(kt.exp(kt.tanh(kt.exp(reference)))).backward(np.ones(N))
    np.testing.assert_allclose(on_host(x.grad), reference.grad, rtol=1e-12)
    with pytest.raises(kt.errors.GraphFreedError):
        y.backward(seed)
