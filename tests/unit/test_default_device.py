"""The device on which arrays are made where none is named."""

import threading

import numpy as np
import pytest

import keratorch as kt
from tests.devices import CPU, MAKERS, STRICT_1, TORCH, cupy_is_usable, here
from tests.processes import run_python


def test_the_default_is_the_cpu():
    assert kt.get_default_device() == CPU
    assert kt.zeros(2).device == CPU
    assert kt.GradArray([1.0]).device == CPU


def test_set_default_device(device):
    kt.set_default_device(device)
    try:
        assert kt.get_default_device() == device
        for make in MAKERS.values():
            if make not in (
                MAKERS["zeros_like"],
                MAKERS["ones_like"],
                MAKERS["empty_like"],
                MAKERS["full_like"],
            ):
                assert make(None).device == device
        assert kt.GradArray(np.ones(2)).device == CPU  # an array stays where it is
        assert kt.ones_like(np.ones(2)).device == CPU
        assert kt.zeros(2, device="cpu").device == CPU
    finally:
        kt.set_default_device(None)
    assert kt.get_default_device() == CPU


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("tpu", kt.UnknownDeviceError),
        ("cpu:9", kt.UnknownDeviceError),
        (7, kt.UnknownDeviceError),
        (kt.Device("nothing", "cpu"), kt.BackendUnavailableError),
    ],
)
def test_the_default_is_checked_when_it_is_set(name, error):
    with pytest.raises(error):
        kt.set_default_device(name)
    with pytest.raises(error), kt.default_device(name):
        raise AssertionError("not reached")
    assert kt.get_default_device() == CPU


def test_default_device_nests_and_ends():
    here(STRICT_1, TORCH)
    with kt.default_device(STRICT_1) as outer:
        assert outer == STRICT_1
        assert kt.zeros(2).device == STRICT_1
        with kt.default_device(TORCH) as inner:
            assert inner == kt.get_default_device() == TORCH
            with kt.default_device("cpu"):
                assert kt.zeros(2).device == CPU
            assert kt.zeros(2).device == TORCH
        assert kt.zeros(2).device == STRICT_1
    assert kt.zeros(2).device == CPU


def test_default_device_ends_with_an_exception():
    here(STRICT_1)
    with pytest.raises(KeyError), kt.default_device(STRICT_1):
        assert kt.get_default_device() == STRICT_1
        raise KeyError
    assert kt.get_default_device() == CPU


def test_default_device_rules_over_the_programs():
    here(STRICT_1, TORCH)
    kt.set_default_device(STRICT_1)
    try:
        with kt.default_device(TORCH):
            assert kt.zeros(2).device == TORCH
        assert kt.zeros(2).device == STRICT_1
    finally:
        kt.set_default_device(None)


def test_default_device_is_of_one_thread_and_the_programs_of_all():
    here(STRICT_1, TORCH)
    seen = []

    def look():
        seen.append(kt.get_default_device())
        with kt.default_device(TORCH):
            seen.append(kt.zeros(2).device)
        seen.append(kt.get_default_device())

    with kt.default_device(STRICT_1):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert kt.get_default_device() == STRICT_1
    assert seen == [CPU, TORCH, CPU]
    kt.set_default_device(STRICT_1)
    try:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    finally:
        kt.set_default_device(None)
    assert seen[3:] == [STRICT_1, TORCH, STRICT_1]


def test_the_environment_names_the_default():
    code = """
        import keratorch as kt
        try:
            print(kt.get_default_device())
            print(kt.GradArray([1.0]).device)
            with kt.default_device("cpu"):
                print(kt.zeros(2).device)
        except kt.KeratorchError as error:
            print(type(error).__name__, error)
            with kt.default_device("cpu"):
                print(kt.zeros(2).device)
            kt.set_default_device("cpu")
            print(kt.zeros(2).device)
    """
    assert run_python(code, KERATORCH_DEVICE="cpu").split() == ["cpu"] * 3
    assert run_python(code, KERATORCH_DEVICE="").split() == ["cpu"] * 3
    first, *rest = run_python(code, KERATORCH_DEVICE="tpu").splitlines()
    assert first.startswith("UnknownDeviceError the environment variable KERATORCH_DEVICE: ")
    assert "unknown device 'tpu'" in first
    assert rest == ["cpu", "cpu"]


@pytest.mark.skipif(cupy_is_usable(), reason="there is a GPU")
def test_the_environment_may_name_what_is_not_here():
    out = run_python(
        """
        import keratorch as kt
        x = kt.GradArray(__import__("numpy").ones(2))   # needs no default
        kt.sum(x * 2.0 + [1.0, 2.0]).backward()
        print(x.grad)
        try:
            kt.zeros(2)
        except kt.BackendUnavailableError as error:
            print(error)
        """,
        KERATORCH_DEVICE="cuda",
    )
    grad, message = out.splitlines()
    assert grad == "[2. 2.]"
    assert message.startswith("the environment variable KERATORCH_DEVICE: CuPy ")
