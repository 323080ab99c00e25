"""``numpy.fft``: Fourier transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.shown import shown
from ...errors import ShapeError
from ._arguments import array, floating, index_array, no_out
from ._table import implements
from .creation import on_cpu


def _transformed(name: str, a: Any, n: int | None, axis: int, norm: Any, out: Any) -> GradArray:
    no_out(f"fft.{name}", out)
    return getattr(kt.fft, name)(floating(array(a)), n=n, axis=axis, norm=norm or "backward")


@implements("fft.fft")
def fft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> GradArray:
    """The discrete Fourier transform along `axis`: Σⱼ a[j]·e^(−2πi·jk/n), scaled as `norm` says."""
    return _transformed("fft", a, n, axis, norm, out)


@implements("fft.ifft")
def ifft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> GradArray:
    """The inverse of `fft`."""
    return _transformed("ifft", a, n, axis, norm, out)


@implements("fft.rfft")
def rfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> GradArray:
    """The first n//2 + 1 elements of the `fft` of real numbers."""
    return _transformed("rfft", a, n, axis, norm, out)


@implements("fft.irfft")
def irfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> GradArray:
    """The inverse of `rfft`."""
    return _transformed("irfft", a, n, axis, norm, out)


@implements("fft.hfft")
def hfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> GradArray:
    """The real spectrum of a Hermitian signal, whose first half is `a`."""
    return _transformed("hfft", a, n, axis, norm, out)


@implements("fft.ihfft")
def ihfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> GradArray:
    """The inverse of `hfft`."""
    return _transformed("ihfft", a, n, axis, norm, out)


def _along_several(name: str, a: Any, s: Any, axes: Any, norm: Any, out: Any) -> GradArray:
    no_out(f"fft.{name}", out)
    x = floating(array(a))
    if s is not None:
        if not hasattr(s, "__iter__"):
            raise ShapeError(
                f"numpy.fft.{name}: s is {shown(s)}: give one size for each axis, as (4, 4)"
            )
        s = [n.__index__() for n in s]
        axes = list(range(-len(s), 0)) if axes is None else axes
        if name.startswith("irfft") and s and s[-1] == -1:
            s[-1] = 2 * (x.shape[axes[-1]] - 1)
        # A length of −1 keeps that of the axis.
        s = [x.shape[i] if n == -1 else n for n, i in zip(s, axes, strict=True)]
    return getattr(kt.fft, name)(x, s=s, axes=axes, norm=norm or "backward")


@implements("fft.fftn")
def fftn(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None,
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """`fft` along several axes, all for `None`."""
    return _along_several("fftn", a, s, axes, norm, out)


@implements("fft.ifftn")
def ifftn(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None,
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """The inverse of `fftn`."""
    return _along_several("ifftn", a, s, axes, norm, out)


@implements("fft.rfftn")
def rfftn(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None,
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """`rfft` along the last of the axes, `fft` along the others."""
    return _along_several("rfftn", a, s, axes, norm, out)


@implements("fft.irfftn")
def irfftn(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None,
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """The inverse of `rfftn`."""
    return _along_several("irfftn", a, s, axes, norm, out)


@implements("fft.fft2")
def fft2(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1),
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """`fft` along two axes."""
    return _along_several("fftn", a, s, axes, norm, out)


@implements("fft.ifft2")
def ifft2(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1),
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """The inverse of `fft2`."""
    return _along_several("ifftn", a, s, axes, norm, out)


@implements("fft.rfft2")
def rfft2(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1),
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """`rfftn` along two axes."""
    return _along_several("rfftn", a, s, axes, norm, out)


@implements("fft.irfft2")
def irfft2(
    a: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1),
    norm: str | None = None, out: Any = None,
) -> GradArray:  # fmt: skip
    """The inverse of `rfft2`."""
    return _along_several("irfftn", a, s, axes, norm, out)


def _frequencies(name: str, n: int, d: Any, device: Any) -> GradArray:
    d = on_cpu(f"fft.{name}", array(d), device)
    return index_array(getattr(np.fft, name)(n), d) / d


@implements("fft.fftfreq")
def fftfreq(n: int, d: Any = 1.0, device: Any = None) -> GradArray:
    """The frequencies of the n elements of `fft`; differentiable in the distance `d`."""
    return _frequencies("fftfreq", n, d, device)


@implements("fft.rfftfreq")
def rfftfreq(n: int, d: Any = 1.0, device: Any = None) -> GradArray:
    """The frequencies of the elements of `rfft`; differentiable in the distance `d`."""
    return _frequencies("rfftfreq", n, d, device)


@implements("fft.fftshift")
def fftshift(x: Any, axes: Any = None) -> GradArray:
    """`x` rolled by half along `axes`, so that frequency 0 is in the middle."""
    return kt.fft.fftshift(array(x), axes=axes)


@implements("fft.ifftshift")
def ifftshift(x: Any, axes: Any = None) -> GradArray:
    """The inverse of `fftshift`."""
    return kt.fft.ifftshift(array(x), axes=axes)
