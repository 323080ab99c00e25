"""Shapes: the same elements in another shape or order."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.shown import shown
from ...errors import ShapeError
from ._arguments import array, arrays, axes_of, flat, gathered, integers, is_complex, strong
from ._table import implements

Axes = int | Sequence[int] | None


def _order(name: str, x: GradArray, order: str | None) -> str:
    """`order` as ``"C"`` or ``"F"``, or as ``"K"`` if neither describes the memory of `x`.

    Arrays that do not tell, such as those of PyTorch and JAX, count as order C.
    """
    order = "C" if order is None else order.upper()
    if order in ("C", "F"):
        return order
    if order not in ("A", "K"):
        raise ValueError(f"numpy.{name}: order {shown(order)} must be 'C', 'F', 'A' or 'K'")
    flags = getattr(x._array, "flags", None)
    if flags is None or getattr(flags, "c_contiguous", True):
        return "C"
    if flags.f_contiguous:
        return "F"
    return "C" if order == "A" else "K"


def _reversed(x: GradArray) -> GradArray:
    return kt.permute_dims(x, tuple(reversed(range(x.ndim))))


@implements("reshape")
def reshape(a: Any, /, shape: Any, order: str = "C", *, copy: bool | None = None) -> GradArray:
    """The elements, read and written in `order`, in another shape; one length may be −1."""
    x = array(a)
    if order in ("K", "k"):
        raise ValueError("numpy.reshape: order 'K' is not permitted")
    order = _order("reshape", x, order)
    shape = integers(shape) if not (isinstance(shape, (tuple, list)) and not shape) else ()
    if order == "C":
        return kt.reshape(x, shape, copy=copy)
    return _reversed(kt.reshape(_reversed(x), tuple(reversed(shape)), copy=copy))


@implements("ravel")
def ravel(a: Any, order: str = "C") -> GradArray:
    """The flattened array; the elements are read in `order`."""
    x = array(a)
    order = _order("ravel", x, order)
    if order == "F":
        x = _reversed(x)
    elif order == "K":
        strides = [abs(n) for n in x._array.strides]
        x = kt.permute_dims(x, tuple(sorted(range(x.ndim), key=lambda i: -strides[i])))
    y = flat(x)
    raw = x._array
    contiguous = getattr(getattr(raw, "flags", None), "c_contiguous", True)
    if not contiguous and _registry.of(raw).may_overlap(raw, y._array):
        return kt.asarray(y, copy=True)  # x[::-1].ravel(), where reshape makes a view
    return y


@implements("transpose", "permute_dims")
def transpose(a: Any, axes: Sequence[int] | None = None) -> GradArray:
    """The axes in the order `axes`; reversed for `None`."""
    x = array(a)
    return _reversed(x) if axes is None else kt.permute_dims(x, integers(axes) if x.ndim else ())


@implements("matrix_transpose", "linalg.matrix_transpose")
def matrix_transpose(x: Any, /) -> GradArray:
    """The last two axes exchanged."""
    return kt.matrix_transpose(array(x))


@implements("swapaxes")
def swapaxes(a: Any, axis1: int, axis2: int) -> GradArray:
    """Two axes exchanged."""
    x = array(a)
    order = list(range(x.ndim))
    (i,), (j,) = axes_of("swapaxes", x, axis1), axes_of("swapaxes", x, axis2)
    order[i], order[j] = j, i
    return kt.permute_dims(x, order)


@implements("moveaxis")
def moveaxis(a: Any, source: Axes, destination: Axes) -> GradArray:
    """The axes at `source` moved to `destination`."""
    return kt.moveaxis(array(a), integers(source), integers(destination))


@implements("rollaxis")
def rollaxis(a: Any, axis: int, start: int = 0) -> GradArray:
    """`axis` moved to before the axis `start`."""
    x = array(a)
    (axis,) = axes_of("rollaxis", x, axis)
    start = operator.index(start)
    if not -x.ndim <= start <= x.ndim:
        raise ShapeError(
            f"numpy.rollaxis: start {start} for an array of shape {tuple(x.shape)}: use "
            f"{-x.ndim} to {x.ndim}"
        )
    start += x.ndim if start < 0 else 0
    return kt.moveaxis(x, axis, start - (1 if axis < start else 0))


@implements("expand_dims")
def expand_dims(a: Any, axis: Axes) -> GradArray:
    """New axes of length 1 at the positions `axis`."""
    return kt.expand_dims(array(a), axis=integers(axis))


@implements("squeeze")
def squeeze(a: Any, axis: Axes = None) -> GradArray:
    """`a` without the axes `axis` of length 1; for `None`, without all axes of length 1."""
    x = array(a)
    if axis is None:
        return kt.squeeze(x, tuple(i for i, n in enumerate(x.shape) if n == 1))
    return kt.squeeze(x, integers(axis))


@implements("broadcast_to")
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> GradArray:
    """The array repeated along axes of length 1, and along new leading ones, to `shape`."""
    return kt.broadcast_to(array, shape)


@implements("broadcast_arrays")
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[GradArray, ...]:
    """All arrays broadcast to their common shape."""
    return kt.broadcast_arrays(*strong(*args))


def at_least(x: GradArray, ndim: int) -> GradArray:
    """`x` with at least `ndim` axes; new ones come first, and for 3 also last (`atleast_3d`)."""
    if x.ndim >= ndim:
        return x
    if ndim == 3 and x.ndim == 2:
        return kt.reshape(x, (*x.shape, 1))
    if ndim == 3 and x.ndim == 1:
        return kt.reshape(x, (1, *x.shape, 1))
    return kt.reshape(x, (*(1,) * (ndim - x.ndim), *x.shape))


def _all_at_least(arys: tuple[Any, ...], ndim: int) -> Any:
    found = tuple(at_least(x, ndim) for x in strong(*arys))
    return found[0] if len(found) == 1 else found


@implements("atleast_1d")
def atleast_1d(*arys: Any) -> Any:
    """Scalars as arrays of one element."""
    return _all_at_least(arys, 1)


@implements("atleast_2d")
def atleast_2d(*arys: Any) -> Any:
    """Vectors as matrices of one row."""
    return _all_at_least(arys, 2)


@implements("atleast_3d")
def atleast_3d(*arys: Any) -> Any:
    """Vectors of n elements in shape (1, n, 1), matrices of m rows in (m, n, 1)."""
    return _all_at_least(arys, 3)


@implements("flip")
def flip(m: Any, axis: Axes = None) -> GradArray:
    """The order of the elements along `axis` (all axes for `None`) reversed."""
    return kt.flip(array(m), axis=None if axis is None else integers(axis))


def _with_axes(name: str, m: Any, ndim: int) -> GradArray:
    x = array(m)
    if x.ndim < ndim:
        raise ShapeError(
            f"numpy.{name}: an array of shape {tuple(x.shape)} must have {ndim} axes at least"
        )
    return x


@implements("fliplr")
def fliplr(m: Any) -> GradArray:
    """The order along the second axis reversed."""
    return kt.flip(_with_axes("fliplr", m, 2), axis=1)


@implements("flipud")
def flipud(m: Any) -> GradArray:
    """The order along the first axis reversed."""
    return kt.flip(_with_axes("flipud", m, 1), axis=0)


@implements("rot90")
def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> GradArray:
    """The planes of the two `axes`, turned `k` times by 90° from the first towards the second."""
    x = array(m)
    i, j = axes_of("rot90", x, tuple(axes))
    k = operator.index(k) % 4
    if k == 0:
        return kt.copy(x)
    if k == 2:
        return kt.flip(x, axis=(i, j))
    if k == 1:
        return swapaxes(kt.flip(x, axis=j), i, j)
    return kt.flip(swapaxes(x, i, j), axis=j)


@implements("roll")
def roll(a: Any, shift: Any, axis: Axes = None) -> GradArray:
    """The elements moved by `shift` along `axis`, round the end; in flat order for `None`."""
    x = array(a)
    shifts = integers(shift)
    if axis is None:
        return kt.roll(x, sum(shifts))
    named = integers(axis)
    shifts, named = (tuple(map(int, v)) for v in np.broadcast_arrays(shifts, named))
    return kt.roll(x, shifts, axis=named)


@implements("repeat")
def repeat(a: Any, repeats: Any, axis: int | None = None) -> GradArray:
    """Each element `repeats` times along `axis`; of the flattened array for `None`."""
    if not isinstance(repeats, GradArray) and not np.ndim(repeats):
        repeats = operator.index(repeats)
    return kt.repeat(array(a), repeats, axis=axis)


@implements("tile")
def tile(A: Any, reps: Any) -> GradArray:
    """`A` repeated `reps` times along each axis."""
    return kt.tile(array(A), integers(reps) if np.size(reps) else ())


@implements("resize")
def resize(a: Any, new_shape: Any) -> GradArray:
    """The elements in `new_shape`, repeated as often as needed."""
    x, new_shape = flat(array(a)), integers(new_shape)
    if not x.size or not math.prod(new_shape):
        return kt.zeros(new_shape, dtype=x.dtype, device=x.device)
    return gathered(x, np.resize(np.arange(x.size), new_shape), 0)


@implements("astype")
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> GradArray:
    """`x` with another dtype."""
    return kt.astype(array(x), dtype, copy=copy, device=device)


@implements("copy")
def copy(a: Any, order: str = "K", subok: bool = False) -> GradArray:
    """A copy in memory of its own."""
    return kt.copy(array(a))


_copy = copy


@implements("shape", constant=True)
def shape(a: Any) -> tuple[int, ...]:
    """The lengths of the axes."""
    return tuple(array(a).shape)


_shape = shape


@implements("ndim", constant=True)
def ndim(a: Any) -> int:
    """The number of axes."""
    return array(a).ndim


@implements("size", constant=True)
def size(a: Any, axis: Axes = None) -> int:
    """The number of elements, or of those along `axis`."""
    x = array(a)
    return math.prod(x.shape[i] for i in axes_of("size", x, axis))


@implements("meshgrid")
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[GradArray, ...]:
    """The coordinates of a grid; with `sparse`, each has length 1 except along its own axis."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"numpy.meshgrid: indexing {shown(indexing)} must be 'xy' or 'ij'")
    xs = [flat(x) for x in strong(*xi)]
    places = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        places[:2] = 1, 0
    found = tuple(
        kt.reshape(x, tuple(x.size if i == place else 1 for i in range(len(xs))))
        for x, place in zip(xs, places, strict=True)
    )
    if not sparse:
        found = kt.broadcast_arrays(*found)
    return tuple(_copy(x) for x in found) if copy else found


@implements("ix_")
def ix_(*args: Any) -> tuple[GradArray, ...]:
    """Each vector along an axis of its own; booleans become the positions of the true ones."""
    found: list[GradArray] = []
    for i, x in enumerate(arrays(*args)):
        if x.ndim != 1:
            raise ShapeError(f"numpy.ix_: an array of shape {tuple(x.shape)} must have one axis")
        backend = _registry.of(x._array)
        if backend.xp.isdtype(x.dtype, "bool"):
            (x,) = kt.nonzero(x)
        found.append(kt.reshape(x, (*(1,) * i, x.size, *(1,) * (len(args) - i - 1))))
    return tuple(found)


# -- parts of complex numbers --------------------------------------------------------------------


@implements("real")
def real(val: Any) -> GradArray:
    """The real part."""
    return kt.real(array(val))


@implements("imag")
def imag(val: Any) -> GradArray:
    """The imaginary part; zeros for real numbers."""
    x = array(val)
    return kt.imag(x) if is_complex(x) else kt.zeros_like(x)


@implements("real_if_close")
def real_if_close(a: Any, tol: float = 100) -> GradArray:
    """The real part if the size of every imaginary part is below `tol`; else the array.

    tol : in units of the precision of the dtype, if above 1.

    The result depends on the values, so the call waits for the device.
    """
    x = array(a)
    if not is_complex(x):
        return x
    part = kt.imag(x)
    if tol > 1:
        tol = kt.finfo(part.dtype).eps * tol
    return kt.real(x) if bool(kt.all(kt.abs(part) < tol)) else x


# -- arrays like another -------------------------------------------------------------------------


def _like(name: str, a: Any, dtype: Any, shape: Any, device: Any, fill: Any = None) -> GradArray:
    x = array(a)
    values = () if fill is None else (fill,)
    if shape is None:
        return getattr(kt, f"{name}_like")(x, *values, dtype=dtype, device=device)
    shape = integers(shape) if np.size(shape) else ()
    x = x[:0, ...] if x.ndim else x
    like = getattr(kt, f"{name}_like")(x, *values, dtype=dtype, device=device)
    make = getattr(kt, name)
    return make(shape, *values, dtype=like.dtype, device=like.device)


@implements("zeros_like", constant=True)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
    device: Any = None,
) -> GradArray:  # fmt: skip
    """Zeros of the shape, dtype and device of `a`."""
    return _like("zeros", a, dtype, shape, device)


@implements("ones_like", constant=True)
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
    device: Any = None,
) -> GradArray:  # fmt: skip
    """Ones of the shape, dtype and device of `a`."""
    return _like("ones", a, dtype, shape, device)


@implements("empty_like", constant=True)
def empty_like(
    prototype: Any, /, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None,
    *, device: Any = None,
) -> GradArray:  # fmt: skip
    """Undefined values of the shape, dtype and device of `prototype`."""
    return _like("empty", prototype, dtype, shape, device)


@implements("full_like")
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
    shape: Any = None, *, device: Any = None,
) -> GradArray:  # fmt: skip
    """`fill_value` in the shape, dtype and device of `a`; differentiable in `fill_value`."""
    if isinstance(fill_value, (list, tuple)):
        fill_value = arrays(array(a), fill_value)[1]
    return _like("full", a, dtype, shape, device, fill_value)
