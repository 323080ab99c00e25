"""`scipy.signal`: each function that takes arrays of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace
from scipy import signal

from tests.consumers.case import Case

X = np.sin(np.arange(40.0) ** 1.3)
K = np.array([0.2, 0.5, 0.3])
IMAGE = np.sin(np.arange(36.0)).reshape(6, 6)
BIG = np.sin(np.arange(1600.0)).reshape(40, 40)
PATCH = np.array([[0.1, 0.2], [0.3, 0.4]])
B = np.array([0.2, 0.5, 0.1])
A = np.array([1.1, -0.6, 0.3])
SECTIONS = np.array([[0.2, 0.5, 0.1, -0.6, 0.3], [0.3, 0.1, 0.2, -0.2, 0.1]])
Z = np.array([-1.0 + 0.1j, -1.0 - 0.1j])
P = np.array([0.3 + 0.4j, 0.3 - 0.4j])
W = np.array([0.2, 0.5])


def sos(x: Any) -> Any:
    """Second-order sections, with the 1 in its place."""
    xp = array_namespace(x)
    return xp.concat([x[:, :3], x[:, :1] * 0.0 + 1.0, x[:, 3:]], axis=1)


def of_roots(zeros: Any, poles: Any, gain: Any) -> tuple[Any, ...]:
    """Sums over zeros and poles, whose order is no one's to say."""
    xp = array_namespace(zeros, poles)
    return xp.sum(zeros**3), xp.sum(poles**3), gain


#: Name -> the function of the inputs, or `None` for the function itself, and the inputs.
CALLS: dict[str, tuple[Any, ...]] = {
    "abcd_normalize": (
        lambda a, b, c, d: signal.abcd_normalize(a, b, c, d),
        IMAGE[:2, :2], IMAGE[:2, 2:3], IMAGE[2:3, :2], IMAGE[:1, :1],
    ),
    "bilinear": (None, B, A),
    "bilinear_zpk": (lambda z, p: signal.bilinear_zpk(z, p, 0.7, 1.0)[:2], Z, P - 1.0),
    "convolve": (None, X, K),
    "convolve, direct": (lambda x, k: signal.convolve(x, k, method="direct"), X, K),
    "convolve, by FFT": (lambda x, k: signal.convolve(x, k, method="fft"), X, K),
    "convolve2d": (None, IMAGE, PATCH),
    "correlate": (None, X, K),
    "correlate, by FFT": (lambda x, k: signal.correlate(x, k, method="fft"), X, K),
    "correlate2d": (None, IMAGE, PATCH),
    "cspline1d": (None, X),
    "cspline1d_eval": (lambda c: signal.cspline1d_eval(c, c[:3] + 2.0), X),
    "cspline2d": (lambda x: signal.cspline2d(x), BIG),
    "deconvolve": (lambda x, k: signal.deconvolve(x, k), X, K),
    "detrend": (None, X),
    "detrend, constant": (lambda x: signal.detrend(x, type="constant"), X),
    "envelope": (lambda x: signal.envelope(x), X),
    "fftconvolve": (None, X, K),
    "filtfilt": (lambda b, a, x: signal.filtfilt(b, a, x), B, A, X),
    "firwin": (lambda w: signal.firwin(5, w), W),
    "firwin2": (
        lambda f, g: signal.firwin2(5, f, g), np.array([0.0, 0.4, 1.0]), np.array([1.0, 0.6, 0.2])
    ),
    "freqs": (lambda b, a: signal.freqs(b, a, b)[1], B, A),
    "freqs_zpk": (lambda z, p, w: signal.freqs_zpk(z, p, 0.7, w)[1], Z, P, W),
    "freqz": (lambda b, a: signal.freqz(b, a, 8)[1], B, A),
    "freqz_sos": (lambda s: signal.freqz_sos(sos(s), 8)[1], SECTIONS),
    "freqz_zpk": (lambda z, p: signal.freqz_zpk(z, p, 0.7, 8)[1], Z, P),
    "gauss_spline": (lambda x: signal.gauss_spline(x, 3), X),
    "group_delay": (lambda b, a: signal.group_delay((b, a), 8)[1], B, A),
    "hilbert": (None, X),
    "hilbert2": (None, IMAGE),
    "lfilter": (None, B, A, X),
    "lfilter_zi": (None, B, A),
    "lfiltic": (lambda b, a: signal.lfiltic(b, a, b), B, A),
    "lp2bp": (lambda b, a: signal.lp2bp(b, a), B, A),
    "lp2bp_zpk": (lambda z, p: signal.lp2bp_zpk(z, p, 0.7)[:2], Z, P),
    "lp2bs": (lambda b, a: signal.lp2bs(b, a), B, A),
    "lp2bs_zpk": (lambda z, p: signal.lp2bs_zpk(z, p, 0.7)[:2], Z, P),
    "lp2hp": (lambda b, a: signal.lp2hp(b, a), B, A),
    "lp2hp_zpk": (lambda z, p: signal.lp2hp_zpk(z, p, 0.7)[:2], Z, P),
    "lp2lp": (lambda b, a: signal.lp2lp(b, a), B, A),
    "lp2lp_zpk": (lambda z, p: signal.lp2lp_zpk(z, p, 0.7)[:2], Z, P),
    "medfilt": (None, X),
    "medfilt2d": (None, IMAGE),
    "minimum_phase": (lambda h: signal.minimum_phase(h), np.array([0.1, 0.5, 0.9, 0.5, 0.1])),
    "normalize": (lambda b, a: signal.normalize(b, a), B, A),
    "oaconvolve": (None, X, K),
    "order_filter": (lambda x, k: signal.order_filter(x, k, 1), X, np.ones(3)),
    "qspline1d": (None, X),
    "qspline1d_eval": (lambda c: signal.qspline1d_eval(c, c[:3] + 2.0), X),
    "resample": (lambda x: signal.resample(x, 25), X),
    "resample_poly": (lambda x: signal.resample_poly(x, 2, 3), X),
    "savgol_filter": (lambda x: signal.savgol_filter(x, 5, 2), X),
    "sos2tf": (lambda s: signal.sos2tf(sos(s)), SECTIONS),
    "sos2zpk": (lambda s: of_roots(*signal.sos2zpk(sos(s))), SECTIONS),
    "sosfilt": (lambda s, x: signal.sosfilt(sos(s), x), SECTIONS, X),
    "sosfilt_zi": (lambda s: signal.sosfilt_zi(sos(s)), SECTIONS),
    "sosfiltfilt": (lambda s, x: signal.sosfiltfilt(sos(s), x), SECTIONS, X),
    "spline_filter": (lambda x: signal.spline_filter(x), BIG),
    "tf2sos": (lambda b, a: signal.tf2sos(b, a), B, A),
    "tf2zpk": (lambda b, a: of_roots(*signal.tf2zpk(b, a)), B, A),
    "upfirdn": (lambda k, x: signal.upfirdn(k, x, 2, 3), K, X),
    "vectorstrength": (lambda x: signal.vectorstrength(x, 1.7), X),
    "wiener": (lambda x: signal.wiener(x, 3), X),
    "zpk2sos": (lambda z, p: signal.zpk2sos(z, p, 0.7), Z, P),
    "zpk2tf": (lambda z, p: signal.zpk2tf(z, p, 0.7), Z * 1.1j, P * 0.9j),
    "welch": (lambda x: signal.welch(x, nperseg=16)[1], X),
    "stft": (lambda x: signal.stft(x, nperseg=16)[2], X),
    "find_peaks": (lambda x: signal.find_peaks(x)[0], X),
}  # fmt: skip


def _case(name: str, function: Any, *inputs: Any) -> Case:
    return Case(f"scipy.signal.{name}", function or getattr(signal, name), inputs)


CASES = [_case(name, *call) for name, call in CALLS.items()]
