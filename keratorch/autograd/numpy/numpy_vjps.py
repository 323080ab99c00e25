"""Helpers that rules of primitives use, in HIPS/autograd's names.

The rules themselves are keratorch's, and are not in this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as _numpy

from ... import numpy as _np


def unbroadcast(x: Any, target_meta: Any, broadcast_idx: int = 0) -> Any:
    """The gradient of an array from the gradient `x` of what the array was broadcast to.

    target_meta : ``metadata`` of the array.
    broadcast_idx : where broadcasting put the new axes.
    """
    shape, ndim, _, is_complex = target_meta
    while _np.ndim(x) > ndim:
        x = _np.sum(x, axis=broadcast_idx)
    ones = tuple([axis for axis, size in enumerate(shape) if size == 1])
    if ones:
        x = _np.sum(x, axis=ones, keepdims=True)
    return x if is_complex or not _np.iscomplexobj(x) else _np.real(x)


def unbroadcast_f(target: Any, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`f`, whose results get the shape of `target`: a broadcast `target` gets the sum."""
    shape, ndim, is_complex = _np.shape(target), _np.ndim(target), _np.iscomplexobj(target)
    return lambda g: unbroadcast(f(g), (shape, ndim, None, is_complex))


def repeat_to_match_shape(
    g: Any, shape: tuple[int, ...], dtype: Any, axis: Any, keepdims: bool
) -> tuple[Any, int]:
    """The gradient `g` of a reduction along `axis`, repeated to `shape`; and how often."""
    if shape == ():
        return g, 1
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    at = {i % len(shape) for i in axes}
    kept = [1 if i in at else size for i, size in enumerate(shape)]
    count = int(_numpy.prod([shape[i] for i in at]))
    return _np.reshape(g, kept) + _numpy.zeros(shape, dtype=dtype), count


def match_complex(target: Any, x: Any) -> Any:
    """`x` as complex numbers if `target` is complex, else its real part."""
    if _np.iscomplexobj(target):
        return x if _np.iscomplexobj(x) else x + 0j
    return _np.real(x) if _np.iscomplexobj(x) else x


def balanced_eq(x: Any, z: Any, y: Any) -> Any:
    """1 where `x` equals `z`, and ½ where `y` does so too; else 0."""
    return (x == z) / (1.0 + (x == y))


def replace_zero(x: Any, val: Any) -> Any:
    """`x`, with `val` in place of zeros."""
    return _np.where(x, x, val)


__all__ = [
    "balanced_eq",
    "match_complex",
    "repeat_to_match_shape",
    "replace_zero",
    "unbroadcast",
    "unbroadcast_f",
]
