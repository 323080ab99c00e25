"""Slices that walk backwards, which PyTorch alone does not have."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host

A = np.arange(12.0).reshape(3, 4)
KEYS = [
    np.s_[::-1],
    np.s_[..., ::-2],
    np.s_[2:0:-1, None, 1],
    np.s_[1, ::-1],
    np.s_[::-1, ::-3],
    np.s_[None, ..., -1:-4:-2],
    np.s_[0:2:-1],
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_negative_steps(key, device):
    if device.backend == "array_api_strict" and not isinstance(key, tuple):
        key = (key, ...)  # it wants every axis accounted for
    x = kt.GradArray(on_device(device, A))
    y = x[key]
    np.testing.assert_array_equal(y.numpy(), A[key])
    kt.sum(y * y).backward()
    expected = np.zeros((3, 4))
    expected[key] = 2 * A[key]
    np.testing.assert_array_equal(on_host(x.grad), expected)
    _, tangent = kt.jvp(lambda x: x[key], [on_device(device, A)], [on_device(device, A * A)])
    np.testing.assert_array_equal(on_host(tangent), (A * A)[key])
