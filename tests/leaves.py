"""Leaves and constants on the device under test, and their derivatives as NumPy arrays."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host


def leaf(device, values, dtype="float64"):
    return kt.GradArray(on_device(device, np.array(values, dtype=dtype)))


def constant(device, values, dtype="float64"):
    return kt.asarray(on_device(device, np.array(values, dtype=dtype)))


def grads(function, *xs, seed=None):
    """The gradients of the sum of ``function(*xs)``, or of its product with `seed`."""
    y = function(*xs)
    g = kt.ones_like(y) if seed is None else seed
    found = kt.gradients([y], list(xs), [g])
    return [on_host(g) for g in found]


def grad(function, x, seed=None):
    (g,) = grads(function, x, seed=seed)
    return g


def second(function, x, way):
    """The second derivative of the sum of an elementwise function."""

    def slope(x):
        return kt.gradients(kt.sum(function(x)), x, create_graph=True)[0]

    if way == "reverse over reverse":
        return on_host(kt.gradients(kt.sum(slope(x)), x)[0])
    _, tangent = kt.jvp(slope, [x], [kt.ones_like(x)])
    return on_host(tangent._array)


both_ways = pytest.mark.parametrize("way", ["reverse over reverse", "forward over reverse"])


def normal(rng, *shape, dtype="float64"):
    """Normally distributed numbers; complex ones have both parts."""
    values = rng.standard_normal(shape)
    return values + 1j * rng.standard_normal(shape) if dtype == "complex128" else values


def with_linalg(device):
    """The device, if its library has all of linear algebra; else the test is skipped."""
    if device.backend == "dask":
        pytest.skip("Dask has a part of linear algebra, which test_ops tests")
    if device.backend == "jax" and device.index:
        pytest.skip("JAX compiles everything anew for its second device")
    return device
