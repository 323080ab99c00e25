"""Padding and sliding windows of raw arrays, in functions of the Array API.

Windows over n axes have the shape (…, *counts, *kernel): the number of windows along each axis,
then the elements of a window. `fold`, the transpose of `windows`, adds windows up at their places.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

Sizes = Sequence[int]
Widths = Sequence[tuple[int, int]]


def crop(x: Any, widths: Widths) -> Any:
    """`x` without the elements that negative `widths` crop, before and after each axis."""
    if all(a >= 0 and b >= 0 for a, b in widths):
        return x
    return x[
        tuple(slice(max(-a, 0), n + min(b, 0)) for n, (a, b) in zip(x.shape, widths, strict=True))
    ]


def padded_shape(x: Any, widths: Widths) -> tuple[int, ...]:
    """The shape of the cropped `x` after padding."""
    return tuple(n + max(a, 0) + max(b, 0) for n, (a, b) in zip(x.shape, widths, strict=True))


def inner(x: Any, widths: Widths) -> tuple[slice, ...]:
    """The slices at which the cropped `x` lies in the padded array."""
    return tuple(slice(max(a, 0), max(a, 0) + n) for n, (a, _) in zip(x.shape, widths, strict=True))


def pad(xp: Any, x: Any, widths: Widths, value: float) -> Any:
    """`x` with `value` before and after each axis; negative widths crop."""
    x = crop(x, widths)
    device = getattr(x, "device", None)
    for axis, (before, after) in enumerate(widths):
        parts = [x]
        for width, where in ((before, 0), (after, 2)):
            if width > 0:
                shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
                parts.insert(where, xp.full(shape, value, dtype=x.dtype, device=device))
        if len(parts) > 1:
            x = xp.concat(parts, axis=axis)
    return x


def shifted(xp: Any, x: Any, n: int, value: float) -> Any:
    """`x` moved by `n` places to the front of the last axis; `value` follows, or comes before."""
    k = abs(n)
    rest, free = (x[..., k:], x[..., :k]) if n > 0 else (x[..., :-k], x[..., -k:])
    fill = xp.zeros_like(free) if value == 0 else xp.full_like(free, value)
    return xp.concat([rest, fill] if n > 0 else [fill, rest], axis=-1)


def windows(xp: Any, x: Any, kernel: Sizes, counts: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """The windows over the last axes, one axis after the other."""
    first = x.ndim - len(kernel)
    for i, (size, count, step, gap) in enumerate(
        zip(kernel, counts, stride, dilation, strict=True)
    ):
        before = (slice(None),) * (first + i)
        span = (count - 1) * step + 1
        x = xp.stack(
            [x[(*before, slice(j * gap, j * gap + span, step), ...)] for j in range(size)], axis=-1
        )
    return x


def fold(xp: Any, x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """The windows `x`, added up at their places in axes of lengths `size`.

    Works on one axis after the other, and writes nothing in place: for a stride of s, s − 1 layers
    of zeros separate the windows.
    """
    n = len(size)
    first = x.ndim - 2 * n
    for i in reversed(range(n)):
        axis = first + i
        count = x.shape[axis]
        if stride[i] > 1:
            zeros = xp.zeros_like(x)
            x = xp.stack([x, *[zeros] * (stride[i] - 1)], axis=axis + 1)
            x = xp.reshape(x, (*x.shape[:axis], count * stride[i], *x.shape[axis + 2 :]))
            x = x[(*(slice(None),) * axis, slice((count - 1) * stride[i] + 1), ...)]
        total = None
        for j in range(x.shape[-1]):
            layer = x[..., j]
            start = j * dilation[i]
            widths = [(0, 0)] * layer.ndim
            widths[axis] = start, size[i] - start - layer.shape[axis]
            layer = pad(xp, layer, widths, 0.0)
            total = layer if total is None else xp.add(total, layer)
        x = total
    return x


def fold_into(out: Any, x: Any, stride: Sizes, dilation: Sizes) -> Any:
    """As `fold`, but adds in place to `out`, an array of zeros."""
    n = len(stride)
    counts, kernel = x.shape[-2 * n : -n], x.shape[-n:]
    for offsets in itertools.product(*map(range, kernel)):
        key = [
            slice(j * gap, j * gap + (count - 1) * step + 1, step)
            for j, gap, step, count in zip(offsets, dilation, stride, counts, strict=True)
        ]
        out[(..., *key)] += x[(..., *offsets)]
    return out
