"""The methods that CuPy's and NumPy's functions call on their first argument, in their order.

``cupy.sum(x, axis=1)`` is ``x.sum(1, None, None, False)``. Methods that `GradArray` has already
(`ops._methods`) are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._array import GradArray
from ..errors import NotDifferentiableError


def _refuse(name: str, **options: Any) -> None:
    """Raise for arguments that have no meaning here."""
    for option, value in options.items():
        if value is not None:
            raise TypeError(f"{name}: {option}={value!r} is not supported for a GradArray")


def _keratorch() -> Any:
    import keratorch

    return keratorch


def _extremum(name: str) -> Callable[..., Any]:
    def method(
        self: GradArray,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
    ) -> GradArray:
        _refuse(name, dtype=dtype, out=out)
        return getattr(_keratorch(), name)(self, axis=axis, keepdims=keepdims)

    method.__doc__ = f"As `keratorch.{name}`."
    return method


def _truth(name: str) -> Callable[..., Any]:
    def method(
        self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False
    ) -> GradArray:
        _refuse(name, out=out)
        return getattr(_keratorch(), name)(self, axis=axis, keepdims=keepdims)

    method.__doc__ = f"As `keratorch.{name}`."
    return method


def _argsort(self: GradArray, axis: int | None = -1, kind: Any = None) -> GradArray:
    """The order that sorts along `axis`; of all elements in a row for `None`."""
    x = self if axis is not None else _ravel(self)
    return _keratorch().argsort(x, axis=-1 if axis is None else axis)


def _sort(self: GradArray, axis: int = -1, kind: Any = None) -> None:
    """Sort in place, along `axis`."""
    self[...] = _keratorch().sort(self, axis=axis)


def _ravel(self: GradArray, order: str = "C") -> GradArray:
    """All elements in a row."""
    return _reshape(self, (-1,) if self.size else (0,), order=order)


def _flatten(self: GradArray, order: str = "C") -> GradArray:
    """A copy of all elements in a row."""
    return _keratorch().copy(_ravel(self, order))


def _reshape(
    self: GradArray, *shape: Any, order: str | None = "C", copy: bool | None = None
) -> GradArray:
    """The elements in another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""
    kt = _keratorch()
    to = shape[0] if len(shape) == 1 else shape
    if order in ("C", "A", "K", None):
        return kt.reshape(self, to, copy=copy)
    if order != "F":
        raise TypeError(f"reshape: order={order!r} is not one of 'C', 'F' and 'A'")
    to = (to,) if isinstance(to, int) else tuple(to)
    return kt.reshape(self.T, to[::-1], copy=copy).T


def _copy(self: GradArray, order: str = "C") -> GradArray:
    """A copy, as `keratorch.copy`."""
    return _keratorch().copy(self)


def _squeeze(self: GradArray, axis: Any = None) -> GradArray:
    """Without axes of length 1: all of them, or `axis`."""
    if axis is None:
        axis = tuple(i for i, n in enumerate(self.shape) if n == 1)
    return _keratorch().squeeze(self, axis=axis)


def _swapaxes(self: GradArray, axis1: int, axis2: int) -> GradArray:
    """Two axes exchanged."""
    order = list(range(self.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return _keratorch().permute_dims(self, tuple(order))


def _repeat(self: GradArray, repeats: Any, axis: int | None = None) -> GradArray:
    """Each element several times, as `keratorch.repeat`."""
    return _keratorch().repeat(self, repeats, axis=axis)


def _take(
    self: GradArray, indices: Any, axis: int | None = None, out: Any = None, mode: Any = None
) -> GradArray:
    """The elements at `indices`; of all elements in a row for ``axis=None``."""
    _refuse("take", out=out, mode=mode)
    kt = _keratorch()
    x = self if axis is not None else _ravel(self)
    axis = 0 if axis is None else axis % max(self.ndim, 1)
    index = kt.asarray(indices, device=self.device)
    if index.ndim == 1:
        return kt.take(x, index, axis=axis)
    flat = kt.take(x, kt.reshape(index, (-1,)), axis=axis)
    return kt.reshape(flat, (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]))


def _diagonal(self: GradArray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> GradArray:
    """The diagonals of the matrices in two axes, along a new last axis."""
    kt = _keratorch()
    return kt.linalg.diagonal(kt.moveaxis(self, (axis1, axis2), (-2, -1)), offset=offset)


def _trace(
    self: GradArray,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Any = None,
) -> GradArray:
    """The sums of the diagonals of the matrices in two axes."""
    _refuse("trace", out=out)
    return _keratorch().sum(_diagonal(self, offset, axis1, axis2), axis=-1, dtype=dtype)


def _dot(self: GradArray, b: Any, out: Any = None) -> GradArray:
    """The product over the last axis of this array and the last but one of `b`."""
    _refuse("dot", out=out)
    kt = _keratorch()
    ndim = getattr(b, "ndim", 0)
    if not self.ndim or not ndim:
        return self * b
    if ndim <= 2:
        return kt.matmul(self, b)
    return kt.tensordot(self, b, axes=((self.ndim - 1,), (ndim - 2,)))


def _ptp(self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False) -> GradArray:
    """The largest less the smallest along `axis`."""
    _refuse("ptp", out=out)
    kt = _keratorch()
    return kt.max(self, axis=axis, keepdims=keepdims) - kt.min(self, axis=axis, keepdims=keepdims)


def _compress(self: GradArray, condition: Any, axis: Any = None, out: Any = None) -> GradArray:
    """The slices along `axis` where the condition holds; waits for the device."""
    _refuse("compress", out=out)
    kt = _keratorch()
    (where,) = kt.nonzero(kt.astype(kt.asarray(condition, device=self.device), "bool"))
    return _take(self, where, axis=axis)


def _without_rule(name: str) -> Callable[..., Any]:
    def method(self: GradArray, *args: Any, **kwargs: Any) -> Any:
        raise NotDifferentiableError(
            f"{name} of a GradArray of shape {tuple(self.shape)} has no rule: use keratorch's own "
            "functions, such as take and sort, or detach() to compute without a gradient"
        )

    method.__doc__ = "Has no rule."
    return method


#: Those that `GradArray` has with fewer arguments.
_WIDER: dict[str, Callable[..., Any]] = {"reshape": _reshape, "copy": _copy}
_METHODS: dict[str, Callable[..., Any]] = {
    "argmax": _extremum("argmax"),
    "argmin": _extremum("argmin"),
    "all": _truth("all"),
    "any": _truth("any"),
    "argsort": _argsort,
    "sort": _sort,
    "ravel": _ravel,
    "flatten": _flatten,
    "squeeze": _squeeze,
    "swapaxes": _swapaxes,
    "repeat": _repeat,
    "take": _take,
    "diagonal": _diagonal,
    "trace": _trace,
    "dot": _dot,
    "ptp": _ptp,
    "compress": _compress,
    **{name: _without_rule(name) for name in ("choose", "partition", "argpartition")},
}


def install() -> None:
    """Give `GradArray` the methods that it lacks."""
    for name, method in _METHODS.items():
        if name not in GradArray.__dict__:
            setattr(GradArray, name, method)
    for name, method in _WIDER.items():
        setattr(GradArray, name, method)
