"""Products of arrays: sums of products of their elements."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from ... import functions as kt
from ...core.array import GradArray
from ...errors import ShapeError
from ._arguments import axes_of, flat, is_complex, no_out, promoted, strong
from ._table import implements, implements_ufunc


@implements("dot")
def dot(a: Any, b: Any, out: Any = None) -> GradArray:
    """The sum of products over the last axis of `a` and the last but one of `b`.

    For a vector `b`, the sum is over its only axis. A scalar multiplies every element.
    """
    no_out("dot", out)
    x, y = promoted("dot", strong(a, b))
    if not x.ndim or not y.ndim:
        return x * y
    if x.ndim <= 2 and y.ndim <= 2:
        return kt.matmul(x, y)
    return kt.tensordot(x, y, axes=((x.ndim - 1,), (max(y.ndim - 2, 0),)))


@implements("inner")
def inner(a: Any, b: Any, /) -> GradArray:
    """The sum of products over the last axis of both."""
    x, y = promoted("inner", strong(a, b))
    if not x.ndim or not y.ndim:
        return x * y
    return kt.tensordot(x, y, axes=((x.ndim - 1,), (y.ndim - 1,)))


@implements("outer")
def outer(a: Any, b: Any, out: Any = None) -> GradArray:
    """The matrix of all products aᵢ·bⱼ; `a` and `b` are flattened."""
    no_out("outer", out)
    x, y = promoted("outer", strong(a, b))
    return flat(x)[:, None] * flat(y)[None, :]


@implements("vdot")
def vdot(a: Any, b: Any, /) -> GradArray:
    """Σᵢ conj(aᵢ)·bᵢ over all elements; `a` and `b` are flattened."""
    x, y = (flat(v) for v in promoted("vdot", strong(a, b)))
    return kt.vecdot(x, y)


@implements("linalg.tensordot")
def linalg_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> GradArray:
    """The sum of products over `axes`, as `tensordot`."""
    return tensordot(x1, x2, axes)


@implements("tensordot")
def tensordot(a: Any, b: Any, axes: Any = 2) -> GradArray:
    """The sum of products over `axes`.

    axes : an integer n for the last n axes of `a` and the first n of `b`; or the pair of the axes
        of `a` and those of `b`.
    """
    x, y = promoted("tensordot", strong(a, b))
    if hasattr(axes, "__iter__"):
        of_a, of_b = axes
        pairs = [tuple(v) if hasattr(v, "__iter__") else (v,) for v in (of_a, of_b)]
        return kt.tensordot(x, y, axes=(pairs[0], pairs[1]))
    return kt.tensordot(x, y, axes=axes.__index__())


@implements("kron")
def kron(a: Any, b: Any) -> GradArray:
    """The Kronecker product: a block for each element of `a`, the element times `b`."""
    x, y = promoted("kron", strong(a, b))
    ndim = max(x.ndim, y.ndim)
    shapes = [(1,) * (ndim - v.ndim) + tuple(v.shape) for v in (x, y)]
    pairs = list(zip(*shapes, strict=True))
    spread = kt.reshape(x, tuple(n for m, _ in pairs for n in (m, 1)))
    inner_ = kt.reshape(y, tuple(n for _, m in pairs for n in (1, m)))
    return kt.reshape(spread * inner_, tuple(m * n for m, n in pairs))


@implements("cross")
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> GradArray:
    """The vector product along an axis of three elements.

    A vector of two elements has 0 as its third element. Of two such vectors, the result is the
    third component alone. NumPy refuses vectors of two elements from 2.5 on.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = promoted("cross", strong(a, b))
    x = kt.moveaxis(x, axes_of("cross", x, axisa)[0], -1)
    y = kt.moveaxis(y, axes_of("cross", y, axisb)[0], -1)
    sizes = (x.shape[-1], y.shape[-1])
    if not {*sizes} <= {2, 3}:
        raise ShapeError(f"numpy.cross: vectors of {sizes[0]} and {sizes[1]} elements: give 3 each")
    if 2 in sizes:
        warnings.warn(
            "cross: vectors of 2 elements are deprecated by NumPy: use vectors of 3",
            DeprecationWarning,
            stacklevel=2,
        )
    if sizes == (2, 2):
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    x, y = (
        v if v.shape[-1] == 3 else kt.concat([v, kt.zeros_like(v[..., :1])], axis=-1)
        for v in (x, y)
    )
    found = kt.linalg.cross(x, y)
    return kt.moveaxis(found, -1, axes_of("cross", found, axisc)[0])


# -- products of stacks --------------------------------------------------------------------------


@implements_ufunc("matvec")
def matvec(x1: Any, x2: Any, /) -> GradArray:
    """The products of matrices and vectors, whose stacks broadcast."""
    x, y = promoted("matvec", (x1, x2))
    return kt.squeeze(kt.matmul(x, kt.expand_dims(y, axis=-1)), -1)


@implements_ufunc("vecmat")
def vecmat(x1: Any, x2: Any, /) -> GradArray:
    """The products of conjugated vectors and matrices, whose stacks broadcast."""
    x, y = promoted("vecmat", (x1, x2))
    x = kt.conj(x) if is_complex(x) else x
    return kt.squeeze(kt.matmul(kt.expand_dims(x, axis=-2), y), -2)


@implements("linalg.matmul")
def matmul(x1: Any, x2: Any, /) -> GradArray:
    """The matrix product."""
    return kt.matmul(*promoted("matmul", (x1, x2)))


@implements("linalg.vecdot")
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> GradArray:
    """The sum of products along `axis`, the first factor conjugated."""
    return kt.vecdot(*promoted("vecdot", (x1, x2)), axis=axis)


@implements("linalg.outer")
def linalg_outer(x1: Any, x2: Any, /) -> GradArray:
    """The matrix of all products x1ᵢ·x2ⱼ of two vectors."""
    return kt.linalg.outer(*promoted("outer", (x1, x2)))


@implements("linalg.cross")
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> GradArray:
    """The vector product along `axis`, of three elements."""
    return kt.linalg.cross(*promoted("cross", (x1, x2)), axis=axis)


@implements("linalg.multi_dot")
def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> GradArray:
    """The product of matrices, in the order that takes the fewest multiplications.

    The first and the last may be vectors.
    """
    no_out("linalg.multi_dot", out)
    xs = list(promoted("multi_dot", list(arrays)))
    if len(xs) < 2:
        raise ShapeError(f"numpy.linalg.multi_dot: {len(xs)} arrays: give two at least")
    vectors = xs[0].ndim == 1, xs[-1].ndim == 1
    if vectors[0]:
        xs[0] = xs[0][None, :]
    if vectors[1]:
        xs[-1] = xs[-1][:, None]
    for x in xs:
        if x.ndim != 2:
            raise ShapeError(
                f"numpy.linalg.multi_dot: an array of shape {tuple(x.shape)} is no matrix; only "
                "the first and the last may be vectors"
            )
    found = _chain(xs, _best_splits([x.shape[0] for x in xs] + [xs[-1].shape[1]]), 0, len(xs) - 1)
    if vectors[1]:
        found = kt.squeeze(found, 1)
    return kt.squeeze(found, 0) if vectors[0] else found


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """(i, j) -> where to split the product of matrices i to j, for the fewest multiplications."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            cost[i, j], splits[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )
    return splits


def _chain(xs: list[GradArray], splits: dict[tuple[int, int], int], i: int, j: int) -> GradArray:
    if i == j:
        return xs[i]
    k = splits[i, j]
    return kt.matmul(_chain(xs, splits, i, k), _chain(xs, splits, k + 1, j))
