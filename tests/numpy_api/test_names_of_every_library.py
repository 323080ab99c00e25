"""NumPy's rarer functions on the arrays of every library: values and gradients as on NumPy's."""

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from tests.leaves import leaf
from tests.numpy_api.cases import array, positive
from tests.numpy_api.test_functions import parts
from tests.op_checks import on_host

ONE_DEVICE_EACH = True

A = array(5)
P = positive(5)
Z = array(5, complex=True)
CALLS = {
    "emath.sqrt": (lambda a: np.emath.sqrt(a), A),
    "emath.sqrt, real": (lambda a: np.emath.sqrt(a), P),
    "emath.log": (lambda a: np.emath.log(a), A),
    "emath.log2": (lambda a: np.emath.log2(a), A),
    "emath.log10": (lambda a: np.emath.log10(a), A),
    "emath.logn": (lambda a, n: np.emath.logn(n, a), A, P),
    "emath.power": (lambda a: np.emath.power(a, 0.5), A),
    "emath.arccos": (lambda a: np.emath.arccos(a), 2 * A),
    "emath.arcsin": (lambda a: np.emath.arcsin(a), 2 * A),
    "emath.arctanh": (lambda a: np.emath.arctanh(a), 2 * A),
    "histogram_bin_edges": (lambda a: np.histogram_bin_edges(a, 3), A),
    "histogram2d": (lambda a, b: np.histogram2d(a, b, [2, 3], density=True), A, P),
    "histogramdd": (lambda a, w: np.histogramdd([a, a * a], 2, weights=w), A, P),
    "intersect1d": (lambda a: np.intersect1d(a, a[1:], return_indices=True), A),
    "polyfit": (lambda a, b: np.polyfit(a, b, 1, cov=True), A, P),
    "quantile": (lambda a, q: np.quantile(a, q / 5), A, P),
    "sort_complex": (lambda a: np.sort_complex(a), Z),
    "fftfreq": (lambda d: knp.fft.fftfreq(5, d), np.asarray(2.5)),
    "nextafter": (lambda a: np.nextafter(a, 9.0), A),
}


#: What a library cannot compute, and why.
XFAILS = {
    ("dask", "intersect1d"): "Dask does not know how many elements a result has",
    ("dask", "polyfit"): "Dask factorizes no matrix whose columns are joined from several",
}


#: What JAX compiles for seconds; `--full` runs it.
SLOW = {"histogram2d", "histogram_bin_edges", "intersect1d", "polyfit", "quantile"}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_and_gradients_are_those_of_numpy(name, device, full, request):
    if device.backend == "jax" and name in SLOW and not full:
        pytest.skip("JAX compiles it for seconds: --full runs it")
    reason = XFAILS.get((device.backend, name))
    if reason is not None:
        request.applymarker(pytest.mark.xfail(raises=ValueError, reason=reason, strict=True))
    call, *inputs = CALLS[name]

    def computed(xs):
        outputs = [y for y in parts(call(*xs)) if isinstance(y, kt.GradArray)]
        loss = sum(kt.sum(kt.abs(y) ** 2) for y in outputs if y.requires_grad)
        gradients = kt.gradients(loss, xs, allow_unused=True)
        return [on_host(v) for v in [*(y._array for y in outputs), *gradients] if v is not None]

    expected = computed([kt.GradArray(a) for a in inputs])
    found = computed([leaf(device, a, a.dtype) for a in inputs])
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        assert value.shape == wanted.shape
        np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-10)
