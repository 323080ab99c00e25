"""Devices by name, and functions that make arrays on them."""

import numpy as np
import pytest

import keratorch as kt

CPU = kt.Device("numpy", "cpu", 0)
STRICT_CPU = kt.Device("array_api_strict", "cpu", 0)
STRICT_1 = kt.Device("array_api_strict", "device1", 0)
TORCH = kt.Device("torch", "cpu", 0)
JAX = kt.Device("jax", "cpu", 0)
JAX_1 = kt.Device("jax", "cpu", 1)
DASK = kt.Device("dask", "cpu", 0)

#: The name of a creation function -> a call of it on the given device.
MAKERS = {
    "GradArray": lambda d: kt.GradArray([1.0, 2.0], device=d),
    "asarray": lambda d: kt.asarray([1.0, 2.0], device=d),
    "zeros": lambda d: kt.zeros((2,), device=d),
    "ones": lambda d: kt.ones(2, device=d),
    "empty": lambda d: kt.empty(2, device=d),
    "full": lambda d: kt.full((2,), 3.0, device=d),
    "arange": lambda d: kt.arange(2, device=d),
    "linspace": lambda d: kt.linspace(0.0, 1.0, 2, device=d),
    "eye": lambda d: kt.eye(2, device=d),
    "zeros_like": lambda d: kt.zeros_like(np.ones(2), device=d),
    "ones_like": lambda d: kt.ones_like(np.ones(2), device=d),
    "empty_like": lambda d: kt.empty_like(np.ones(2), device=d),
    "full_like": lambda d: kt.full_like(np.ones(2), 3.0, device=d),
}


def here(*devices):
    """Skip unless the backends of these devices are installed."""
    for device in devices:
        try:
            backend = kt.backends.get(device.backend)
        except kt.BackendUnavailableError as error:
            pytest.skip(str(error))
        if device not in backend.devices():
            pytest.skip(f"{device!r} is not here")


def other_device(device):
    """Another device of the same backend; skip where there is none."""
    others = [d for d in kt.backends.get(device.backend).devices() if d != device]
    if not others:
        pytest.skip(f"there is no {device.backend} device but {device} here")
    return others[0]


def cupy_is_usable():
    try:
        return kt.backends.get("cupy").why_unavailable() is None
    except kt.BackendUnavailableError:
        return False
