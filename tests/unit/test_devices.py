"""Devices: their names, and those that there are."""

import copy
import pickle

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _registry
from tests.devices import (
    CPU,
    JAX_1,
    MAKERS,
    STRICT_1,
    TORCH,
    cupy_is_usable,
)
from tests.processes import run_python

# -- Device ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "equal", "unequal"),
    [
        (CPU, ["cpu", "cpu:0", "CPU"], ["cpu:1", "cuda", "numpy", "", "cpu:", "cp u"]),
        (kt.Device("cupy", "cuda", 0), ["cuda", "cuda:0", "CUDA:0"], ["cuda:1", "cpu", "cuda:01x"]),
        (kt.Device("cupy", "cuda", 1), ["cuda", "cuda:1"], ["cuda:0", "cuda:11", "cuda 1"]),
        (STRICT_1, ["device1", "device1:0"], ["device", "device2", "cpu"]),
    ],
)
def test_a_device_equals_its_names(device, equal, unequal):
    for name in equal:
        assert device == name
        assert name == device
        assert (device != name) is False
    for name in unequal:
        assert device != name
        assert (name == device) is False


def test_devices_are_equal_by_backend_kind_and_index():
    assert kt.Device("cupy", "cuda", 1) == kt.Device("cupy", "cuda", 1)
    assert kt.Device("cupy", "cuda", 1) != kt.Device("cupy", "cuda", 0)
    assert kt.Device("torch", "cpu") != CPU
    assert kt.Device("torch", "cpu") == TORCH
    assert CPU != 3
    assert CPU != None  # noqa: E711
    assert {CPU: "here"}[kt.Device("numpy", "cpu", 0)] == "here"
    assert len({CPU, TORCH, kt.Device("numpy", "cpu"), kt.Device("torch", "cpu", 1)}) == 3


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (CPU, "cpu"),
        (JAX_1, "cpu:1"),
        (kt.Device("cupy", "cuda", 0), "cuda:0"),
        (kt.Device("cupy", "cuda", 3), "cuda:3"),
    ],
)
def test_text_of_a_device(device, text):
    assert str(device) == text
    assert f"{device}" == text
    assert device == text
    assert eval(repr(device), {"Device": kt.Device}) == device


def test_a_device_can_be_copied_and_pickled():
    for device in (CPU, JAX_1):
        for twin in (copy.deepcopy(device), pickle.loads(pickle.dumps(device))):
            assert twin == device
            assert hash(twin) == hash(device)


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("name", ["cpu", "cpu:0", "CPU", CPU], ids=str)
def test_the_cpu_is_numpy(make, name):
    x = make(name)
    assert type(x._array) is np.ndarray
    assert x.device == CPU


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_creation_on_every_device(make, device):
    x = make(device)
    assert x.device == device
    assert kt.backends.of(x._array).name == device.backend
    assert make(x.device).device == device


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("name", ["tpu", "gpu:0", "numpy", "device1"])
def test_an_unknown_kind_is_refused(make, name):
    with pytest.raises(kt.UnknownDeviceError) as caught:
        make(name)
    message = str(caught.value)
    assert f"unknown device {name!r}" in message
    assert "'cpu', 'cuda'" in message
    assert "keratorch.Device" in message
    assert "keratorch.devices()" in message
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["", "cpu:", ":0", "cpu:-1", "cuda:one", "c p u", "cpu:0:0", "1"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(kt.UnknownDeviceError, match="is no device name: write a kind"):
        kt.zeros(2, device=name)


@pytest.mark.parametrize("what", [3, 1.5, ("cpu",), np.float64, b"cpu"])
def test_what_is_no_device_is_refused(what):
    with pytest.raises(kt.UnknownDeviceError, match=r"a device is a name such as 'cpu' .*, not "):
        kt.zeros(2, device=what)


def test_a_number_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(kt.UnknownDeviceError, match=r"numpy has no device 'cpu:1' here.* 'cpu'"):
        kt.zeros(2, device="cpu:1")
    with pytest.raises(kt.UnknownDeviceError, match="numpy has no device 'cuda:0' here"):
        kt.zeros(2, device=kt.Device("numpy", "cuda", 0))
    with pytest.raises(kt.UnknownDeviceError, match="cpu:7"):
        kt.GradArray(np.ones(2)).to_device("cpu:7")


def test_a_device_of_an_unknown_backend_is_refused():
    with pytest.raises(kt.BackendUnavailableError, match="there is no backend 'nothing'"):
        kt.zeros(2, device=kt.Device("nothing", "cpu"))


# -- CUDA --------------------------------------------------------------------------------------


def test_cuda_without_cupy():
    out = run_python("""
        import sys
        sys.modules["cupy"] = None
        import keratorch as kt
        for call in (
            lambda: kt.zeros(2, device="cuda"),
            lambda: kt.GradArray([1.0], device="cuda:1"),
            lambda: kt.ones(2).to_device("cuda"),
            lambda: kt.set_default_device("cuda"),
            lambda: kt.default_device("cuda").__enter__(),
            lambda: kt.namespace("cupy"),
        ):
            try:
                call()
            except kt.BackendUnavailableError as error:
                assert isinstance(error, RuntimeError)
                print(error)
        print(kt.devices())
    """)
    *messages, devices = out.splitlines()
    assert len(messages) == 6
    for message in messages:
        assert message.startswith("CuPy cannot be imported")
        assert "pip install 'keratorch-autograd[cuda12]' or 'keratorch-autograd[cuda13]'" in message
    assert devices == "[Device('numpy', 'cpu', 0)]"


@pytest.mark.skipif(cupy_is_usable(), reason="there is a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:99", kt.Device("cupy", "cuda", 0)])
def test_cuda_without_a_gpu(name):
    pytest.importorskip("cupy")
    for call in (
        lambda: kt.zeros(2, device=name),
        lambda: kt.GradArray([1.0], device=name),
        lambda: kt.ones(2).to_device(name),
        lambda: kt.set_default_device(name),
        lambda: kt.namespace("cupy").zeros(2),
        lambda: kt.namespace("cupy").asarray([1.0], device=name),
    ):
        with pytest.raises(kt.BackendUnavailableError) as caught:
            call()
        message = str(caught.value)
        assert message.startswith("CuPy 1")
        assert "needs an NVIDIA GPU and a driver for CUDA" in message
        assert "https://www.nvidia.com/drivers" in message
        assert "device='cpu'" in message
    assert kt.backends.get("cupy").devices() == []


@pytest.mark.skipif(not cupy_is_usable(), reason="there is no GPU")
def test_a_gpu_that_does_not_exist():
    with pytest.raises(kt.UnknownDeviceError, match=r"cupy has no device 'cuda:99' here.*'cuda:0'"):
        kt.zeros(2, device="cuda:99")


# -- kt.devices --------------------------------------------------------------------------------


def test_devices_are_usable():
    found = kt.devices()
    assert found[0] == CPU
    assert len(set(found)) == len(found)
    for device in found:
        if device.kind in ("no_float64", "no_x64"):  # array-api-strict's, for its own tests
            continue
        assert kt.zeros(2, device=device).device == device


def test_devices_are_those_of_the_libraries_in_use(device):
    assert device in kt.devices()


def test_devices_never_raises(monkeypatch):
    class Broken(kt.backends.Backend):
        def why_unavailable(self):
            raise OSError("broken")

    monkeypatch.setitem(_registry._backends, "broken", Broken("broken", np))
    assert CPU in kt.devices()
