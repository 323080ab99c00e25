"""Polynomials of CuPy's arrays: `keratorch.cupy.polynomial`, `poly1d`, and NumPy's families."""

import importlib

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from tests.numpy_api.test_polynomials import CALLS, USES_OF_POLY1D, outputs

cupy = pytest.importorskip("cupy")
#: The values are the same on all devices.
ONE_DEVICE_EACH = True
#: CuPy has no such function; its own `poly1d` of numbers takes no tracked array.
LACKING = {"polydiv", "polyder", "polyint", "changed"}
USES = [
    use for i, use in enumerate(USES_OF_POLY1D) if not LACKING & {*use.__code__.co_names} and i != 5
]


@pytest.fixture
def kcp(device):
    with cupy.cuda.Device(device.index):
        yield importlib.import_module("keratorch.cupy")


def compare(call, first, second, arrays):
    """A call on CuPy's and on NumPy's arrays gives the same values and gradients."""
    results = []
    for module, wrap in ((first, cupy.asarray), (second, np.asarray)):
        xs = [kt.GradArray(wrap(a)) for a in arrays]
        ys = outputs(call(module, *xs))
        loss = sum(kt.sum(kt.abs(y) ** 2) for y in ys)
        found = kt.gradients(loss, xs, allow_unused=True)
        assert all(y.device == xs[0].device for y in ys)
        results.append([*ys, *(kt.asarray(g) for g in found if g is not None)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-8, atol=1e-9)


def test_a_family_of_numpys(kcp, samples):
    chebyshev = knp.polynomial.chebyshev
    for name, calls in CALLS.items():
        function = getattr(chebyshev, f"cheb{name}", None)
        for i, (call, arrays) in enumerate(calls):
            if function is not None:
                samples.check(f"{name}-{i}", compare, call, function, function, arrays)


def test_the_functions_of_cupy(kcp, samples):
    for name in ("vander", "companion", "val", "valfromroots"):
        ours = getattr(kcp.polynomial.polynomial, f"poly{name}")
        theirs = getattr(knp.polynomial.polynomial, f"poly{name}")
        for i, (call, arrays) in enumerate(CALLS.get(name, CALLS["val"][:1])):
            samples.check(f"{name}-{i}", compare, call, ours, theirs, arrays)
    raw = kcp.polynomial.polynomial.polyval(cupy.ones(2), cupy.ones(3))
    assert type(raw) is cupy.ndarray
    x = kt.GradArray(cupy.zeros(2))
    assert kcp.polynomial.polyutils.trimseq(x) is x
    assert kcp.polynomial.polyutils.trimseq(cupy.zeros(2)).shape == (1,)


def test_poly1d(kcp, samples):
    c, x = np.array([0.5, -1.2, 0.8]), np.float64(0.6)
    for i, use in enumerate(USES):
        samples.check(str(i), compare, use, kcp, knp, (c, x))


def test_the_class_of_poly1d(kcp):
    raw = kcp.poly1d(cupy.asarray([1.0, 2.0]))
    tracked = kcp.poly1d(kt.GradArray(cupy.asarray([1.0, 2.0])))
    assert type(raw) is cupy.poly1d
    assert isinstance(raw, kcp.poly1d) and isinstance(tracked, kcp.poly1d)
    assert not isinstance(1.0, kcp.poly1d)
