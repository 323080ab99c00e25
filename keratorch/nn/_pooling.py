"""Max and average pooling, in PyTorch's names, layout and order of arguments."""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.recording import constant
from ..core.shown import shown
from ..errors import DTypeError, ShapeError
from ..ops._operands import widened
from ..ops.manipulation import permute_dims, reshape
from ..ops.placing import astype
from ..ops.reductions import max as max_
from ..ops.reductions import sum as sum_
from ..ops.windows import pad, windows
from ._spatial import Size, batched, sizes, spans, unbatched


def max_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> GradArray:
    """The largest element of each window over one axis: as `max_pool2d`."""
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> GradArray:
    """The largest element of each window over two axes.

    ``y[n, c, i] = max over j of x[n, c, i·stride + j·dilation]``, where x is the input after
    padding with −∞. At a tie the largest elements share the gradient in equal parts, as in `max`.
    (PyTorch gives the gradient to one of them.) −∞ in the input ties with the padding. NaN in a
    window makes its maximum NaN.

    input : (N, C, H, W), or (C, H, W); floating.
    kernel_size, stride, padding, dilation : a number, or one per spatial axis. The stride `None`
        is the kernel size. The padding is at most half of the dilated kernel.
    ceil_mode : windows may reach beyond the padding at the end if they start before it.

    Returns (N, C, ⌊(H + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1, …), with ⌈ ⌉ under
    `ceil_mode`, of the input's dtype. Raises `ShapeError` where no window fits, where there is too
    much padding, and for other numbers of axes; `DTypeError` unless the input is floating.
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> GradArray:
    """The largest element of each window over three axes: as `max_pool2d`."""
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> GradArray:
    """The mean of each window over one axis: as `avg_pool2d`."""
    return _avg_pool(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad
    )


def avg_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> GradArray:
    """The mean of each window over two axes.

    ``y[n, c, i] = Σ over j of x[n, c, i·stride + j] / (elements in the window)``, where x is the
    input after zero padding.

    input : (N, C, H, W), or (C, H, W); floating or complex.
    kernel_size, stride, padding : a number, or one per spatial axis. The stride `None` is the
        kernel size. The padding is at most half of the kernel.
    ceil_mode : windows may reach beyond the padding at the end if they start before it. Places
        beyond the padding never count as elements.
    count_include_pad : whether the zeros of the padding count as elements.

    Returns (N, C, ⌊(H + 2·padding − kernel)/stride⌋ + 1, …), with ⌈ ⌉ under `ceil_mode`, of the
    input's dtype. Raises `ShapeError` where no window fits, where there is too much padding, and
    for other numbers of axes; `DTypeError` for integers and booleans.
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad
    )


def avg_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> GradArray:
    """The mean of each window over three axes: as `avg_pool2d`."""
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad
    )


class _Pool:
    """The windows of a pooling: their size and stride, the padding, and how many there are."""

    def __init__(
        self,
        op: str,
        x: GradArray,
        n: int,
        kernel_size: Size,
        stride: Size | None,
        padding: Size,
        dilation: Size,
        ceil_mode: bool,
    ) -> None:
        self.size = size = tuple(x.shape)[2:]
        self.kernel = sizes(op, "kernel_size", kernel_size, n, 1)
        self.stride = self.kernel if stride is None else sizes(op, "stride", stride, n, 1)
        self.padding = sizes(op, "padding", padding, n, 0)
        self.dilation = sizes(op, "dilation", dilation, n, 1)
        reach = spans(self.kernel, self.dilation)
        if any(2 * p > m for p, m in zip(self.padding, reach, strict=True)):
            raise ShapeError(
                f"{op}: padding {shown(padding)} must be half of the kernel at most, which "
                "reaches over "
                f"{reach}: pad the input itself"
            )
        counts: list[int] = []
        widths: list[tuple[int, int]] = []
        for m, k, step, p in zip(size, reach, self.stride, self.padding, strict=True):
            room = m + 2 * p - k
            count = (-(-room // step) if ceil_mode else room // step) + 1
            if ceil_mode and (count - 1) * step >= m + p:
                count -= 1  # the last window would start in the padding at the end
            counts.append(count)
            # Under ceil_mode the last window may need more than the padding.
            widths.append((p, p + max(0, (count - 1) * step - room)))
        self.counts = tuple(counts)
        self.widths = tuple(widths)
        if min(counts) < 1:
            raise ShapeError(
                f"{op}: a kernel of size {self.kernel} with dilation {self.dilation} reaches over "
                f"{reach}, more than the input of shape {tuple(x.shape)} has with padding "
                f"{shown(padding)}: pad more, or take a smaller kernel"
            )

    def windows(self, x: GradArray, value: float) -> GradArray:
        """The windows over `x`, padded with `value`: (N, C, *counts, *kernel)."""
        if any(width != (0, 0) for width in self.widths):
            x = pad(x, ((0, 0), (0, 0), *self.widths), value)
        return windows(x, self.kernel, self.stride, self.dilation, self.counts)


def _max_pool(
    op: str,
    n: int,
    input: Any,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
) -> GradArray:
    x = as_operand(input)
    backend = _registry.of(x._array)
    if not backend.is_inexact(x.dtype) or backend.is_complex(x.dtype):
        raise DTypeError(f"{op} of dtype {x.dtype}, shape {tuple(x.shape)}: input must be floating")
    x, has_batch = batched(op, x, n)
    pool = _Pool(op, x, n, kernel_size, stride, padding, dilation, ceil_mode)
    y = pool.windows(x, -math.inf)
    # (N, C, *kernel, *counts), copied to (N, C, K, *counts): libraries compare long rows of
    # neighbours much faster than many short windows.
    y = permute_dims(y, (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n)))
    y = reshape(y, (*tuple(x.shape)[:2], math.prod(pool.kernel), *pool.counts))
    return unbatched(max_(y, axis=2), has_batch)


def _avg_pool(
    op: str,
    n: int,
    input: Any,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    ceil_mode: bool,
    count_include_pad: bool,
) -> GradArray:
    x = as_operand(input)
    if not _registry.of(x._array).is_inexact(x.dtype):
        raise DTypeError(
            f"{op} of dtype {x.dtype}, shape {tuple(x.shape)}: input must be floating or complex"
        )
    x, has_batch = batched(op, x, n)
    pool = _Pool(op, x, n, kernel_size, stride, padding, 1, ceil_mode)
    y = sum_(pool.windows(widened(x), 0.0), axis=tuple(range(-n, 0)))
    for divisor in _divisors(pool, y, count_include_pad):
        y = y / divisor
    return unbatched(astype(y, x.dtype, copy=False), has_batch)


def _divisors(pool: _Pool, y: GradArray, count_include_pad: bool) -> list[Any]:
    """The divisors of the sums: one number where all windows are whole, else one array per axis."""
    factors: list[list[int]] = []
    for m, k, step, p, count in zip(
        pool.size, pool.kernel, pool.stride, pool.padding, pool.counts, strict=True
    ):
        first, end = (-p, m + p) if count_include_pad else (0, m)
        starts = [i * step - p for i in range(count)]
        factors.append([min(start + k, end) - max(start, first) for start in starts])
    if all(set(factor) == {k} for factor, k in zip(factors, pool.kernel, strict=True)):
        return [math.prod(pool.kernel)]
    backend = _registry.of(y._array)
    raw = [backend.asarray(f, y.dtype, backend.device(y._array)) for f in factors]
    n = len(factors)
    return [constant(backend.xp.reshape(f, (-1, *(1,) * (n - 1 - i)))) for i, f in enumerate(raw)]


__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d"]
