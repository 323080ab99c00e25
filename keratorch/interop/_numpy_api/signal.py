"""Convolution and correlation of sequences."""

from __future__ import annotations

from typing import Any

from ... import functions as kt
from ...core.array import GradArray
from ...core.shown import shown
from ...core.views import share
from ...errors import ShapeError
from ...ops.sliding import sliding_dot
from ...ops.windows import pad, windows
from ._arguments import array, axes_of, flat, integers, promoted, refuse
from ._table import implements


def _sequences(name: str, a: Any, v: Any) -> tuple[GradArray, GradArray]:
    x, y = promoted(name, [a, v])
    for each in (x, y):
        if each.ndim > 1:
            raise ShapeError(
                f"numpy.{name}: an array of shape {tuple(each.shape)} has more than one axis"
            )
        if not each.size:
            raise ValueError(f"numpy.{name}: an array of shape {tuple(each.shape)} is empty")
    return flat(x), flat(y)


def _slid(long: GradArray, short: GradArray, mode: str) -> GradArray:
    """Slide `short` along `long`: the sums of products at each place that `mode` includes."""
    m = short.shape[0]
    before, after = {"full": (m - 1, m - 1), "same": (m // 2, m - 1 - m // 2), "valid": (0, 0)}[
        mode
    ]
    if before or after:
        long = pad(long, ((before, after),))
    return sliding_dot(long, short)


def _checked(name: str, mode: str) -> str:
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"numpy.{name}: mode is {shown(mode)}: use 'full', 'same' or 'valid'")
    return mode


@implements("convolve")
def convolve(a: Any, v: Any, mode: str = "full") -> GradArray:
    """Σᵢ a[i]·v[k − i], of sequences; differentiable in both."""
    mode = _checked("convolve", mode)
    x, y = _sequences("convolve", a, v)
    if y.shape[0] > x.shape[0]:
        x, y = y, x
    m = y.shape[0]
    if mode == "same":  # the middle of "full", from (m − 1) // 2
        full = _slid(x, kt.flip(y), "full")
        return full[(m - 1) // 2 : (m - 1) // 2 + x.shape[0]]
    return _slid(x, kt.flip(y), mode)


@implements("correlate")
def correlate(a: Any, v: Any, mode: str = "valid") -> GradArray:
    """Σᵢ a[i + k]·conj(v[i]), of sequences; differentiable in both."""
    mode = _checked("correlate", mode)
    x, y = _sequences("correlate", a, v)
    if y.shape[0] > x.shape[0]:
        return kt.flip(_slid(kt.conj(y), x, mode))
    return _slid(x, kt.conj(y), mode)


@implements("lib.stride_tricks.sliding_window_view")
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> GradArray:
    """A read-only view of all windows along `axis`; the axes of a window are new ones at the end.

    The gradient of an element is the sum over the windows that show it.
    """
    name = "lib.stride_tricks.sliding_window_view"
    if writeable:
        raise refuse(name, "writeable=True", "write into the array itself")
    x, kernel = array(x), integers(window_shape)
    axes = axes_of(name, x, axis)
    if len(axes) != len(kernel) or len({*axes}) != len(axes):
        raise ShapeError(
            f"numpy.{name}: windows of shape {kernel} along the axes {axes} of an array of shape "
            f"{tuple(x.shape)}: give one length for each axis, and no axis twice"
        )
    last = tuple(range(x.ndim - len(axes), x.ndim))
    ones = (1,) * len(axes)
    y = windows(kt.moveaxis(x, axes, last), kernel, ones, ones)
    return share(x, kt.moveaxis(y, last, axes), sliding_window_view, None, kernel, axes)
