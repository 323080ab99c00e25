"""Rows for `pad`, `windows`, `fold` and `sliding_dot`: `op_specs` appends them to its own."""

from __future__ import annotations

import itertools

import numpy as np

from keratorch.ops.sliding import sliding_dot
from keratorch.ops.windows import fold, pad, windows
from tests.specs.table import Op, Sample, sample


def pad_reference(x, widths, value=0.0):
    cut = [slice(max(-a, 0), n + min(b, 0)) for n, (a, b) in zip(x.shape, widths, strict=True)]
    grown = [(max(a, 0), max(b, 0)) for a, b in widths]
    return np.pad(x[tuple(cut)], grown, constant_values=value) if widths else x.copy()


def torch_pad(torch, x, widths, value=0.0):
    flat = [n for pair in reversed(widths) for n in pair]
    # PyTorch returns a 0-d tensor itself, through which it then finds no way back.
    return torch.nn.functional.pad(x, flat, value=value) if flat else x.clone()


def places(counts, kernel, stride, dilation):
    """Each position in windows, and the element that it shows."""
    for i in itertools.product(*map(range, counts)):
        for j in itertools.product(*map(range, kernel)):
            shown = zip(i, j, stride, dilation, strict=True)
            yield (..., *i, *j), (..., *(a * s + b * d for a, b, s, d in shown))


def windows_reference(x, kernel, stride, dilation, counts=None):
    n = len(kernel)
    if counts is None:
        sizes = zip(x.shape[x.ndim - n :], kernel, stride, dilation, strict=True)
        counts = tuple((m - d * (k - 1) - 1) // s + 1 for m, k, s, d in sizes)
    out = np.zeros((*x.shape[: x.ndim - n], *counts, *kernel), dtype=x.dtype)
    for window, element in places(counts, kernel, stride, dilation):
        out[window] = x[element]
    return out


def fold_reference(x, size, stride, dilation):
    n = len(size)
    first = x.ndim - 2 * n
    out = np.zeros((*x.shape[:first], *size), dtype=x.dtype)
    counts, kernel = x.shape[first : first + n], x.shape[first + n :]
    for window, element in places(counts, kernel, stride, dilation):
        out[element] += x[window]
    return out


def torch_windows(torch, x, kernel, stride, dilation, counts=None):
    first = x.ndim - len(kernel)
    for i, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True)):
        x = x.unfold(first + i, d * (k - 1) + 1, s)[..., ::d]
        if counts is not None:
            x = x.narrow(first + i, 0, counts[i])
    return x


def slide(name, shape, kernel, stride, dilation, **kwargs) -> Sample:
    return sample(shape, name=name, kernel=kernel, stride=stride, dilation=dilation, **kwargs)


def added(name, shape, size, stride, dilation) -> Sample:
    return sample(shape, name=name, size=size, stride=stride, dilation=dilation)


def torch_sliding_dot(torch, x, w):
    return x.unfold(0, w.shape[0], 1) @ w


OPS = (
    Op(
        *("sliding_dot", "SlidingDotGrad", sliding_dot),
        lambda x, w: np.correlate(x, np.conj(w), "valid"),
        (
            sample((7,), (3,), name="shorter"),
            sample((4,), (4,), name="equal"),
            sample((5,), (1,), name="one"),
        ),
        torch_sliding_dot,
    ),
    Op(
        *("pad", "PadGrad", pad, pad_reference),
        (
            sample((2, 3), name="both", widths=((1, 2), (0, 1))),
            sample((2, 3), name="value", widths=((1, 0), (2, 1)), value=-2.5),
            sample((4, 5), name="crop", widths=((-1, -2), (0, -1))),
            sample((4, 3), name="crop_and_pad", widths=((-1, 2), (1, -1))),
            sample((2, 3), name="nothing", widths=((0, 0), (0, 0))),
            sample((3,), name="crop_all", widths=((-1, -2),)),
            sample((), name="scalar", widths=()),
            sample((0,), name="of_nothing", widths=((1, 1),)),
            sample((4, 0), name="empty", widths=((1, 0), (0, 0))),
        ),
        torch_pad,
    ),
    Op(
        *("windows", "WindowsGrad", windows, windows_reference),
        (
            slide("2d", (2, 5, 6), (2, 3), (2, 1), (1, 2)),
            slide("1d", (7,), (3,), (1,), (1,)),
            slide("gaps", (2, 8), (2,), (3,), (1,)),
            slide("dilated", (1, 2, 9), (3,), (2,), (3,)),
            slide("3d", (2, 3, 4, 3), (2, 2, 3), (1, 2, 1), (1, 1, 1)),
            slide("fewer", (2, 9), (2,), (2,), (1,), counts=(2,)),
            slide("one_by_one", (2, 3, 3), (1, 1), (1, 1), (1, 1)),
            slide("whole", (2, 3), (3,), (1,), (1,)),
            slide("empty_batch", (0, 5), (3,), (2,), (1,)),
        ),
        torch_windows,
    ),
    Op(
        *("fold", "FoldGrad", fold, fold_reference),
        (
            added("2d", (2, 2, 2, 2, 3), (5, 6), (2, 1), (1, 2)),
            added("1d", (5, 3), (7,), (1,), (1,)),
            added("gaps", (2, 3, 2), (8,), (3,), (1,)),
            added("dilated", (1, 2, 2, 3), (9,), (2,), (3,)),
            added("3d", (2, 2, 2, 1, 2, 2, 3), (3, 4, 3), (1, 2, 1), (1, 1, 1)),
            added("fewer", (2, 2, 2), (9,), (2,), (1,)),
            added("one_by_one", (2, 3, 3, 1, 1), (3, 3), (1, 1), (1, 1)),
            added("empty_batch", (0, 2, 3), (5,), (2,), (1,)),
        ),
    ),
)
