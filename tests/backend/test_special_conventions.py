"""Special functions, `clip` and `fft` where something could go wrong: on every backend."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import keratorch as kt
from tests.leaves import both_ways, constant, grad, grads, leaf, second
from tests.op_checks import on_host

INF, NAN = np.inf, np.nan

ONE_DEVICE_EACH = True

pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning"),
]

special = kt.special


def values(y):
    return on_host(y._array)


@pytest.fixture
def library(device):
    """Skips a device whose library has no special functions."""
    try:
        kt.backends.get(device.backend).special("erf")
    except kt.BackendUnavailableError:
        pytest.skip(f"{device.backend} has no special functions")


# -- what is ours --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softplus_and_log_expit_are_stable(device, dtype):
    x = leaf(device, [-1000.0, 0.0, 1000.0], dtype)
    log2 = np.log(2).astype(dtype)
    np.testing.assert_allclose(values(special.softplus(x)), [0, log2, 1000], rtol=1e-6)
    np.testing.assert_allclose(values(special.log_expit(x)), [-1000, -log2, 0], rtol=1e-6)
    np.testing.assert_allclose(values(special.expit(x)), [0, 0.5, 1], rtol=1e-6)
    np.testing.assert_allclose(grad(special.softplus, x), [0, 0.5, 1], rtol=1e-6)
    np.testing.assert_allclose(grad(special.log_expit, x), [1, 0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(grad(special.expit, x), [0, 0.25, 0], rtol=1e-6)


def test_softplus_and_log_expit_are_stable_in_float16(device):
    if device.backend == "array_api_strict":
        pytest.skip("array-api-strict has no float16")
    x = leaf(device, np.array([-1000, 0, 1000]), "float16")
    for function, slope in ((special.softplus, [0, 0.5, 1]), (special.log_expit, [1, 0.5, 0])):
        y = function(x)
        assert y.dtype == x.dtype
        assert np.isfinite(values(y)).all()
        np.testing.assert_allclose(grad(function, x), slope, rtol=1e-3)


@both_ways
def test_sinc_at_0(device, way):
    x = leaf(device, [0.0, 1e-9, -1e-4])
    np.testing.assert_allclose(values(special.sinc(x)), [1, 1, np.sinc(1e-4)])
    np.testing.assert_allclose(
        grad(special.sinc, x), -(np.pi**2) / 3 * np.array([0, 1e-9, -1e-4]), rtol=1e-7
    )
    np.testing.assert_allclose(second(special.sinc, x, way), [-(np.pi**2) / 3] * 3, rtol=1e-6)


def test_xlogy_at_0(device):
    x, y = leaf(device, [0.0, 0.0, 0.0, 0.0]), leaf(device, [0.0, 2.0, -1.0, NAN])
    np.testing.assert_array_equal(values(special.xlogy(x, y)), [0, 0, 0, NAN])
    of_x, of_y = grads(special.xlogy, x, y)
    np.testing.assert_allclose(of_x, [-INF, np.log(2), NAN, NAN])
    np.testing.assert_allclose(of_y, [0, 0, 0, NAN])
    x, y = leaf(device, [0.0, 0.0, 0.0]), leaf(device, [-1.0, 1.0, -2.0])
    of_x, of_y = grads(special.xlog1py, x, y)
    np.testing.assert_allclose(of_x, [-INF, np.log(2), NAN])
    np.testing.assert_allclose(of_y, [0, 0, 0])


def test_xlogy_of_one_array_is_entr_at_0(device):
    """−x·log x has the derivative +∞ at 0, however it is written; 0 below a selection."""
    x = leaf(device, [0.0, 1.0])
    for function in (
        special.entr,
        lambda x: -special.xlogy(x, x),
        lambda x: -special.xlog1py(x, x - 1.0),
    ):
        np.testing.assert_array_equal(grad(function, x), [INF, -1])
        np.testing.assert_array_equal(
            grad(lambda x, f=function: kt.where(x > 0, f(x), 0.0), x), [0, -1]
        )
        found = kt.jvp(function, (x.detach(),), (kt.ones_like(x.detach()),))[1]
        np.testing.assert_array_equal(values(found), [INF, -1])


def test_a_loss_with_constant_labels_is_0_where_label_and_probability_are(device):
    labels, p = constant(device, [0.0, 1.0]), leaf(device, [0.0, 0.5])
    np.testing.assert_array_equal(grad(lambda p: special.xlogy(labels, p), p), [0, 2])
    np.testing.assert_array_equal(grad(lambda p: special.xlog1py(labels, -p), p), [0, -2])


def test_mixed_second_derivative_of_xlogy_at_0(device):
    """∂²/∂x∂y = 1/y at x = 0 too: a guard must not cut it."""
    x, y = leaf(device, [0.0]), leaf(device, [2.0])
    (slope,) = kt.gradients([special.xlogy(x, y)], [y], [kt.ones_like(y)], create_graph=True)
    (mixed,) = kt.gradients([slope], [x], [kt.ones_like(x)])
    np.testing.assert_allclose(on_host(mixed), [0.5])


def test_entropies_at_0(device):
    x = leaf(device, [0.0, 1.0, -1.0])
    np.testing.assert_array_equal(values(special.entr(x)), [0, 0, -INF])
    np.testing.assert_array_equal(grad(special.entr, x)[:2], [INF, -1])
    zero = constant(device, [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(grad(special.entr, x, seed=zero), [0, 0, 0])
    x, y = leaf(device, [0.0, 0.0, 1.0, 1.0, -1.0]), leaf(device, [0.0, 2.0, 1.0, 0.0, 1.0])
    np.testing.assert_array_equal(values(special.rel_entr(x, y)), [0, 0, 0, INF, INF])
    np.testing.assert_array_equal(values(special.kl_div(x, y)), [0, 2, 0, INF, INF])
    of_x, of_y = grads(special.rel_entr, x, y)
    np.testing.assert_array_equal(of_x[:3], [0, -INF, 1])
    np.testing.assert_array_equal(of_y[:3], [0, 0, -1])
    of_x, of_y = grads(special.kl_div, x, y)
    np.testing.assert_array_equal(of_x[:3], [0, -INF, 0])
    np.testing.assert_array_equal(of_y[:3], [1, 1, 0])


def test_logit_and_cbrt_at_the_border(device):
    x = leaf(device, [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(values(special.logit(x)), [-INF, 0, INF])
    np.testing.assert_array_equal(grad(special.logit, x), [INF, 4, INF])
    x = leaf(device, [-8.0, 0.0, 27.0])
    np.testing.assert_allclose(values(special.cbrt(x)), [-2, 0, 3])
    np.testing.assert_allclose(grad(special.cbrt, x), [1 / 12, INF, 1 / 27])


# -- what the libraries have -----------------------------------------------------------------------


@pytest.mark.usefixtures("library")
def test_erf_of_large_numbers(device):
    x = leaf(device, [-1e200, -30.0, 0.0, 30.0, INF])
    np.testing.assert_array_equal(values(special.erf(x)), [-1, -1, 0, 1, 1])
    expected = [0, 0, 2 / np.sqrt(np.pi), 0, 0]
    np.testing.assert_allclose(grad(special.erf, x), expected, atol=1e-300)
    np.testing.assert_allclose(grad(special.erfc, x), -np.array(expected), atol=1e-300)


@both_ways
@pytest.mark.usefixtures("library")
def test_bessel_functions_at_0(device, way):
    x = leaf(device, [0.0, 1e-6])
    for function, value, slope, curvature in (
        (special.i0, 1, 0, 0.5),
        (special.i1, 0, 0.5, 0),
        (special.j0, 1, 0, -0.5),
        (special.j1, 0, 0.5, 0),
        (special.i1e, 0, 0.5, None),
    ):
        try:
            y = function(x)
        except kt.BackendUnavailableError:
            continue
        np.testing.assert_allclose(values(y), [value] * 2, atol=1e-6)
        np.testing.assert_allclose(grad(function, x), [slope] * 2, atol=2e-6)
        if curvature is not None:
            np.testing.assert_allclose(second(function, x, way), [curvature] * 2, atol=1e-5)
    np.testing.assert_array_equal(grad(special.i0e, x)[:1], [0])


@pytest.mark.usefixtures("library")
def test_log_ndtr_far_out(device):
    """φ/Φ ≈ −x: its exponents cancel, and would leave nothing in float32."""
    x = leaf(device, [-1000.0, -25.0, 0.0, 1000.0], "float32")
    expected = [1000.001, 25.039873, 2 / np.sqrt(2 * np.pi), 0]
    np.testing.assert_allclose(grad(special.log_ndtr, x), expected, rtol=1e-5)


@pytest.mark.usefixtures("library")
def test_incomplete_gamma_at_0(device):
    x = leaf(device, [0.0])
    for a, slope in ((1.0, 1.0), (2.0, 0.0), (0.5, INF)):
        np.testing.assert_allclose(grad(lambda x, a=a: special.gammainc(a, x), x), [slope])


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("n", lambda t, x: special.polygamma(t, x)),
        ("a", lambda t, x: special.gammainc(t, x)),
        ("a", lambda t, x: special.gammaincc(t, x)),
        ("a", lambda t, x: special.betainc(t, 1.0, x)),
        ("b", lambda t, x: special.betainc(1.0, t, x)),
        ("x", lambda t, x: special.zeta(t, x)),
    ],
)
def test_what_has_no_derivative_says_so(device, argument, call):
    tracked, x = leaf(device, [2.0]), constant(device, [0.5])
    with pytest.raises(kt.NotDifferentiableError, match=f"in {argument}, .*{argument}.detach"):
        call(tracked, x)
    with pytest.raises(kt.NotDifferentiableError):
        kt.jvp(lambda t: call(t, x), [tracked], [kt.ones_like(tracked)])


@pytest.mark.parametrize("name", ["erf", "softplus", "gamma", "sinc"])
def test_complex_numbers_are_refused(device, name):
    with pytest.raises(kt.DTypeError, match=f"{name} of dtype .*complex128.*real numbers"):
        getattr(special, name)(constant(device, [1j], "complex128"))


def test_integers_become_floating(device):
    y = special.exp2(constant(device, [1, 3], "int64"))
    assert kt.backends.get(device.backend).is_inexact(y.dtype)
    np.testing.assert_allclose(values(y), [2, 8])


@pytest.mark.usefixtures("library")
def test_float32_stays(device):
    x = leaf(device, [0.25, 0.5], "float32")
    for name in ("erf", "erfinv", "gammaln", "digamma", "ndtri", "i0", "gamma", "erfcinv"):
        y = getattr(special, name)(x)
        assert y.dtype == x.dtype, name
        assert grad(getattr(special, name), x).dtype == np.float32, name


def test_a_library_without_special_functions_says_what_to_do():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(kt.BackendUnavailableError, match=r"no special function 'erf'.*scipy.*to_"):
        special.erf(strict.asarray([1.0]))


def test_scipy_is_imported_when_asked_for_and_missed_by_name():
    """Without SciPy ours work, and the others name it."""
    code = """
import sys, warnings
import keratorch as kt
assert "scipy" not in sys.modules
sys.modules["scipy.special"] = None
x = kt.GradArray([0.25])
for name in "expit softplus log_expit logit entr exp2 cbrt sinc log1p logsumexp".split():
    kt.sum(getattr(kt.special, name)(x)).backward()
try:
    kt.special.erf(x)
except kt.BackendUnavailableError as error:
    assert "special.erf" in str(error) and "pip install scipy" in str(error), error
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# -- clip ------------------------------------------------------------------------------------------


def test_clip_passes_the_gradient_on_the_closed_interval(device):
    x = leaf(device, [-2.0, -1.0, 0.0, 1.0, 2.0])
    np.testing.assert_array_equal(grad(lambda x: kt.clip(x, -1.0, 1.0), x), [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(grad(lambda x: kt.clip(x, min=-1.0), x), [0, 1, 1, 1, 1])
    np.testing.assert_array_equal(grad(lambda x: kt.clip(x, max=-1.0), x), [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(grad(kt.clip, x), [1] * 5)


def test_clip_gives_the_rest_to_its_bounds(device):
    x = leaf(device, [-2.0, -1.0, 0.0, 1.0, 2.0])
    low, high = leaf(device, -1.0), leaf(device, [1.0] * 5)
    of_x, of_low, of_high = grads(kt.clip, x, low, high)
    np.testing.assert_array_equal(of_x, [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(of_low, 1)
    np.testing.assert_array_equal(of_high, [0, 0, 0, 0, 1])


def test_clip_to_one_number(device):
    """Where both bounds are the value, the one that x had passed gets the gradient."""
    x = leaf(device, [0.0, 1.0, 2.0])
    low, high = leaf(device, [1.0] * 3), leaf(device, [1.0] * 3)
    of_x, of_low, of_high = grads(kt.clip, x, low, high)
    np.testing.assert_array_equal(of_x, [0, 1, 0])
    np.testing.assert_array_equal(of_low, [1, 0, 0])
    np.testing.assert_array_equal(of_high, [0, 0, 1])


# -- transforms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_transforms_invert_each_other(device, n):
    x = leaf(device, np.arange(n) ** 2 % 3 - 0.5)
    for there, back in ((kt.fft.rfft, kt.fft.irfft), (kt.fft.ihfft, kt.fft.hfft)):
        for norm in ("backward", "ortho", "forward"):
            round_trip = lambda x: back(there(x, norm=norm), n=n, norm=norm)  # noqa: B023, E731
            np.testing.assert_allclose(values(round_trip(x)), on_host(x._array), atol=1e-12)
            np.testing.assert_allclose(grad(round_trip, x), np.ones(n), atol=1e-12)


def test_transforms_keep_single_precision(device):
    x = leaf(device, [1.0, 2.0, 3.0], "float32")
    for function in (kt.fft.fft, kt.fft.rfft, kt.fft.ihfft):
        assert str(function(x).dtype).endswith("complex64")
    y = kt.fft.irfft(kt.fft.rfft(x), n=3)
    assert y.dtype == x.dtype
    assert grad(lambda x: kt.fft.irfft(kt.fft.rfft(x), n=3), x).dtype == np.float32


def test_energy_of_a_spectrum(device):
    """Parseval: Σ|y|² = Σ x² for the ortho norm, so the gradient is 2x."""
    x = leaf(device, [1.0, -2.0, 0.5])
    energy = lambda x: kt.sum(kt.abs(kt.fft.fft(x, norm="ortho")) ** 2)  # noqa: E731
    np.testing.assert_allclose(grad(energy, x), [2, -4, 1])


def test_frequencies_are_of_the_backend(xp, target):
    for n in (1, 4, 5):
        for name in ("fftfreq", "rfftfreq"):
            y = getattr(xp.fft, name)(n, d=0.5)
            assert y.device.backend == target.backend
            np.testing.assert_allclose(values(y), getattr(np.fft, name)(n, d=0.5), rtol=1e-6)
    y = xp.fft.fftfreq(4, dtype=xp.float32, device=target.device)
    assert y.device == target.device and y.dtype == xp.float32


def test_frequencies_are_differentiable_in_the_distance(device):
    d = leaf(device, 0.5)
    for function, plain in ((kt.fft.fftfreq, np.fft.fftfreq), (kt.fft.rfftfreq, np.fft.rfftfreq)):
        y = function(4, d=d)
        np.testing.assert_allclose(values(y), plain(4, 0.5))
        d.zero_grad()
        kt.sum(y * y).backward()  # Σ f²/d², whose derivative is −2 Σ f²/d³
        expected = -2 * (plain(4, 1.0) ** 2).sum() / 0.5**3
        np.testing.assert_allclose(values(kt.asarray(d.grad)), expected)
        constant = function(4, d=d.detach())
        assert not constant.requires_grad and type(constant._array) is type(d._array)
        with pytest.raises(kt.LostGradientError, match="leave requires_grad out"):
            function(4, d=d, requires_grad=True)


def test_the_namespace_of_an_array_has_transforms(device):
    x = leaf(device, [1.0, 2.0])
    assert x.__array_namespace__().fft.fft is kt.fft.fft
    assert x.__array_namespace__().special.erf is kt.special.erf


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: kt.fft.fft(x, n=0), kt.ShapeError, "size 0"),
        (lambda x: kt.fft.fft(x, axis=1), kt.ShapeError, "axis 1 is out of range"),
        (lambda x: kt.fft.fftn(x, s=(2, 2), axes=(0,)), kt.ShapeError, "one size for each axis"),
        (lambda x: kt.fft.irfft(x), kt.ShapeError, "size 0"),
        (lambda x: kt.fft.fft(x, norm="no"), ValueError, "'backward', 'ortho', 'forward'"),
        (lambda x: kt.fft.rfft(x * 1j), kt.DTypeError, "x must be real"),
        (lambda x: kt.fft.fft(kt.astype(x, "int64")), kt.DTypeError, "floating or complex"),
        (lambda x: kt.fft.fft(x[0]), kt.ShapeError, "no axis"),
        (lambda x: kt.fft.fftfreq(0), kt.ShapeError, "size 0"),
    ],
)
def test_errors_of_transforms(call, error, message):
    with pytest.raises(error, match=message):
        call(kt.GradArray([1.0]))
