"""Loops that write or read elements on CuPy: the values of copies, and no copy a step."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host
from tests.unit.test_filling import COUNTED, MODES, PROGRAMS

cupy = pytest.importorskip("cupy")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("mode", MODES)
def test_programs(mode, program, device, monkeypatch):
    backend = kt.backends.get("cupy")
    sizes = []

    def counting(function):
        def call(*args):
            found = function(*args)
            if all(found is not a for a in args):
                sizes.append(found.size)
            return found

        return call

    w = on_device(device, np.asarray(0.9))
    n = 24

    def f(w):
        return program(w, n)

    with monkeypatch.context() as patch:
        for name in COUNTED:
            patch.setattr(backend, name, counting(getattr(backend, name)))
        found = MODES[mode](f)(w)
    assert sum(size >= n // 2 for size in sizes) <= 12
    monkeypatch.setattr(backend, "fills", False)
    np.testing.assert_allclose(on_host(found), on_host(MODES[mode](f)(w)), rtol=1e-12)


def test_what_the_caller_took_out_keeps_its_values(device):
    w = kt.GradArray(on_device(device, np.array([2.0, 3.0])))
    with kt.default_device(device):
        a = kt.zeros(3)
    a[0] = w[0]
    for look in (lambda: a._array, lambda: a._array[:2], lambda: cupy.from_dlpack(a._array)):
        taken = look()
        before = on_host(taken)
        a[0] = w[1] * a[0]
        np.testing.assert_array_equal(on_host(taken), before)
