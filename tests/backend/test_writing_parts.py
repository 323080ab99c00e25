"""``x.real = value`` and ``x.imag = value``, of computed arrays."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host

ONE_DEVICE_EACH = True

X = np.array([0.7, 1.3, 0.9])


def written(x, xp=kt):
    """Writes into whole parts, into parts of views, and after the array was used."""
    z = x * (1.0 + 2.0j)
    used = z * z
    z.real = x * x
    z.imag = z.imag + x[0]
    z[1:].real = x[:2]
    z[:1].imag = z.real[2:] * 3.0
    return xp.sum(xp.abs(z) ** 2 * x) + xp.sum(xp.abs(used))


def real_array(x, xp=kt):
    y = x * 1.0
    y.real *= x
    y.real[0] = x[1]
    y.real = y * x[2]
    return xp.sum(y * y)


@pytest.mark.parametrize("f", [written, real_array])
def test_derivatives(device, f):
    x = on_device(device, X)
    # differences of the same program on NumPy's arrays
    expected = [(f(X + h, np) - f(X - h, np)) / 2e-6 for h in 1e-6 * np.eye(3)]
    for transform in (kt.grad, kt.jacfwd):
        np.testing.assert_allclose(on_host(transform(f)(x)), expected, rtol=1e-6)


def test_constants_are_written_in_their_memory():
    raw = np.array([1.0 + 1.0j, 2.0])
    z = kt.asarray(raw)
    part = z.real
    z.real = 5.0
    np.testing.assert_array_equal(raw, [5.0 + 1.0j, 5.0])
    np.testing.assert_array_equal(part.numpy(), [5.0, 5.0])


def test_what_does_not_fit_is_refused():
    with pytest.raises(kt.DTypeError, match=r"writing into x\.imag .* make the array complex"):
        kt.GradArray(X).imag = 3.0
    z = kt.GradArray(X) * 1.0j
    with pytest.raises(kt.DTypeError, match=r"x\.real takes real numbers"):
        z.real = 1.0j
