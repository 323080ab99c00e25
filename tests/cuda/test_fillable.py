"""Arrays made first and filled after, with keratorch.cupy: makers return constants."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.fillable import test_programs as programs

cp = pytest.importorskip("cupy")
kcp = pytest.importorskip("keratorch.cupy")

ON_DEVICE = [
    *((programs.thomas, 24), (programs.gauss_jordan, 9), (programs.runge_kutta, 4)),
    *((programs.heat, 4), (programs.wave_history, 4), (programs.recurrent_cell, 21)),
    (programs.covariance_matrix, 4),
]


@pytest.mark.parametrize(("program", "size"), ON_DEVICE, ids=[f.__name__ for f, _ in ON_DEVICE])
def test_program(program, size, device):
    p = np.random.default_rng(0).uniform(0.4, 1.3, size)
    with cp.cuda.Device(device.index):
        value, found = kt.value_and_grad(lambda p: program(p, kcp))(cp.asarray(p))
    assert type(value) is type(found) is cp.ndarray
    wanted = kt.grad(lambda p: program(p, programs.knp))(p)
    np.testing.assert_allclose(cp.asnumpy(value), program(p, np), rtol=1e-9)
    np.testing.assert_allclose(cp.asnumpy(found), wanted, rtol=1e-8)


def test_makers(device):
    with cp.cuda.Device(device.index), kt.fillable():
        for a in (kcp.zeros(3), kcp.ones((2, 3)), kcp.empty_like(cp.zeros(2)), kcp.eye(2)):
            assert isinstance(a, kt.GradArray) and type(a._array) is cp.ndarray
        assert type(kcp.zeros(3, int)) is cp.ndarray
    assert type(kcp.zeros(3)) is cp.ndarray
    assert type(kt.jacobian(lambda x: kcp.zeros(2))(cp.ones(2))) is cp.ndarray
