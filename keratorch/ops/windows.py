"""Padding and sliding windows, from which convolution and pooling are built.

All three functions are linear, so their transposes give derivatives of every order. The transpose
of `pad` is `pad` with negated widths; `windows` and `fold` are each other's transpose.
"""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.grad import Grad
from ..core.recording import record
from ..core.views import share
from ..errors import ShapeError

Sizes = tuple[int, ...]
Widths = tuple[tuple[int, int], ...]


class PadGrad(Grad):
    """The gradient at the elements of the input; 0 for elements that were cropped."""

    __slots__ = ("widths",)
    selects = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        back = tuple((-before, -after) for before, after in self.widths)
        return (padded(grad, back),)

    def jvp(self, *tangents: Any) -> Any:
        return pad(tangents[0], self.widths)


class WindowsGrad(Grad):
    """Each element gets the sum of the gradients of the windows that show it."""

    __slots__ = ("counts", "dilation", "kernel", "size", "stride")
    selects = True
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (fold(grad, self.size, self.stride, self.dilation),)
        backend = _registry.of(grad)
        return (backend.fold(grad, self.size, self.stride, self.dilation),)

    def jvp(self, *tangents: Any) -> Any:
        return windows(tangents[0], self.kernel, self.stride, self.dilation, self.counts)


class FoldGrad(Grad):
    """The windows over the gradient: `FoldGrad` and `WindowsGrad` are each other's transpose."""

    __slots__ = ("counts", "dilation", "kernel", "size", "stride")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (windows(grad, self.kernel, self.stride, self.dilation, self.counts),)
        backend = _registry.of(grad)
        return (backend.windows(grad, self.kernel, self.counts, self.stride, self.dilation),)

    def jvp(self, *tangents: Any) -> Any:
        return fold(tangents[0], self.size, self.stride, self.dilation)


def pad(x: Any, /, widths: Widths, value: float = 0.0) -> GradArray:
    """`x` with `value` before and after each axis.

    widths : (before, after) of every axis; a negative width crops.

    Raises `ShapeError` unless each axis has its pair, and where more is cropped than there is.
    """
    x = as_operand(x)
    shape = tuple(x.shape)
    widths = tuple(widths)
    if len(widths) != len(shape):
        raise ShapeError(
            f"pad: {len(widths)} pairs of widths for an array of shape {shape}: give one pair "
            "(before, after) per axis"
        )
    if any(
        n + min(before, 0) + min(after, 0) < 0
        for n, (before, after) in zip(shape, widths, strict=True)
    ):
        raise ShapeError(
            f"pad: widths {widths} crop more than there is of an array of shape {shape}"
        )
    raw = _registry.of(x._array).pad(x._array, widths, value)
    return share(x, record(PadGrad, (x,), raw, widths=widths), sure=False)


def padded(x: Any, widths: Widths, value: float = 0.0) -> Any:
    """`pad` for an array, raw or not."""
    if isinstance(x, GradArray):
        return pad(x, widths, value)
    return _registry.of(x).pad(x, widths, value)


def windows(
    x: Any, /, kernel: Sizes, stride: Sizes, dilation: Sizes, counts: Sizes | None = None
) -> GradArray:
    """Sliding windows over the last axes: (…, *size) becomes (…, *counts, *kernel).

    ``y[…, i, …, j, …] = x[…, i·stride + j·dilation, …]`` for each of those axes. On NumPy and
    PyTorch the result is a view (a read-only one on NumPy): no element is copied.

    kernel, stride, dilation : one number for each of those axes.
    counts : the number of windows along each axis; default: as many as fit.

    Raises `ShapeError` where no window fits, or fewer than `counts`.
    """
    x = as_operand(x)
    shape = tuple(x.shape)
    n = len(kernel)
    size = shape[len(shape) - n :]
    if not n == len(stride) == len(dilation) <= len(shape):
        raise ShapeError(
            f"windows: kernel {kernel}, stride {stride} and dilation {dilation} for an array of "
            f"shape {shape}: give one number of each per axis"
        )
    fitting = window_counts(size, kernel, stride, dilation)
    counts = fitting if counts is None else counts
    if any(not 0 < count <= most for count, most in zip(counts, fitting, strict=True)):
        raise ShapeError(
            f"windows: {counts} windows of shape {kernel}, dilation {dilation} and stride {stride} "
            f"do not fit into an array of shape {shape}: pad it, or take a smaller kernel"
        )
    backend = _registry.of(x._array)
    raw = backend.windows(x._array, kernel, counts, stride, dilation)
    y = record(
        WindowsGrad,
        (x,),
        raw,
        size=backend.shape_of(x._array)[len(shape) - n :],
        kernel=kernel,
        counts=counts,
        stride=stride,
        dilation=dilation,
    )
    return share(x, y, sure=False)


def fold(x: Any, /, size: Sizes, stride: Sizes, dilation: Sizes) -> GradArray:
    """Windows (…, *counts, *kernel), added up at their places in zeros of shape (…, *size).

    ``y[…, i·stride + j·dilation, …] += x[…, i, …, j, …]``, the transpose of `windows`.

    Raises `ShapeError` where the windows reach beyond `size`.
    """
    x = as_operand(x)
    shape = tuple(x.shape)
    n = len(size)
    if not (n == len(stride) == len(dilation) and 2 * n <= len(shape)):
        raise ShapeError(
            f"fold: size {size}, stride {stride} and dilation {dilation} for windows of shape "
            f"{shape}: give one number of each per axis"
        )
    counts, kernel = shape[len(shape) - 2 * n : len(shape) - n], shape[len(shape) - n :]
    fitting = window_counts(size, kernel, stride, dilation)
    if any(not 0 < count <= most for count, most in zip(counts, fitting, strict=True)):
        raise ShapeError(
            f"fold: windows of shape {shape}, dilation {dilation} and stride {stride} do not fit "
            f"into axes of lengths {size}"
        )
    raw = _registry.of(x._array).fold(x._array, size, stride, dilation)
    return record(
        FoldGrad,
        (x,),
        raw,
        size=size,
        kernel=kernel,
        counts=counts,
        stride=stride,
        dilation=dilation,
    )


def window_counts(size: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Sizes:
    """How many windows fit along each axis; 0 or less where the axis is too short."""
    return tuple(
        (n - gap * (k - 1) - 1) // step + 1
        for n, k, step, gap in zip(size, kernel, stride, dilation, strict=True)
    )


__all__ = ["FoldGrad", "PadGrad", "WindowsGrad", "fold", "pad", "padded", "windows"]
