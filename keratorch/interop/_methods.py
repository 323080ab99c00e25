"""NumPy's methods of arrays, in NumPy's argument order."""

from __future__ import annotations

from typing import Any

from ..core.array import GradArray
from ..errors import DTypeError
from ..ops import arithmetic, manipulation, placing, reductions, statistics
from ..ops._operators import add_operator
from ..ops.dtypes import can_cast, result_type
from ._numpy_methods import METHODS, table_function


def _divmod_of(left: Any, right: Any) -> Any:
    """``divmod(left, right)``: the quotient is a constant, the remainder is differentiable."""
    from ._numpy_api import UFUNCS

    return UFUNCS["divmod"](left, right)


def _round(self: GradArray, ndigits: int | None = None) -> Any:
    """``round(x, 2)`` of one element, as of NumPy's scalars; the derivative is 0."""
    if self.ndim:
        raise TypeError(
            f"round() of a GradArray of shape {tuple(self.shape)}: use numpy.round, or x.round()"
        )
    y = table_function("round")(self, 0 if ndigits is None else ndigits)
    return int(y) if ndigits is None else y


def _no_out(out: Any) -> None:
    if out is not None:
        raise TypeError("out= is not supported: the result is a new GradArray")


def _sum(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The sum along `axis`, as `keratorch.sum`; of what `where` admits, plus `initial`."""
    if initial is not None or where is not True:
        return table_function("sum")(self, axis, dtype, out, keepdims, initial, where)
    _no_out(out)
    return reductions.sum(self, axis=axis, dtype=dtype, keepdims=keepdims)


def _mean(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    *, where: Any = True,
) -> GradArray:  # fmt: skip
    """The mean along `axis`, as `keratorch.mean`; of what `where` admits."""
    if where is not True:
        return table_function("mean")(self, axis, dtype, out, keepdims, where=where)
    _no_out(out)
    x = self if dtype is None else placing.astype(self, dtype)
    return reductions.mean(x, axis=axis, keepdims=keepdims)


def _prod(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The product along `axis`, as `keratorch.prod`; of what `where` admits, times `initial`."""
    if initial is not None or where is not True:
        return table_function("prod")(self, axis, dtype, out, keepdims, initial, where)
    _no_out(out)
    return statistics.prod(self, axis=axis, dtype=dtype, keepdims=keepdims)


def _cumsum(self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running totals along `axis`; of all elements in a row for `None`."""
    _no_out(out)
    x = self if axis is not None else manipulation.reshape(self, (-1,) if self.size else (0,))
    return statistics.cumulative_sum(x, axis=0 if axis is None else axis, dtype=dtype)


def _cumprod(self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running products along `axis`; of all elements in a row for `None`."""
    _no_out(out)
    x = self if axis is not None else manipulation.reshape(self, (-1,) if self.size else (0,))
    return statistics.cumulative_prod(x, axis=0 if axis is None else axis, dtype=dtype)


def _max(
    self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The largest element along `axis`, as `keratorch.max`; of what `where` admits."""
    if initial is not None or where is not True:
        return table_function("max")(self, axis, out, keepdims, initial, where)
    _no_out(out)
    return reductions.max(self, axis=axis, keepdims=keepdims)


def _min(
    self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """The smallest element along `axis`, as `keratorch.min`; of what `where` admits."""
    if initial is not None or where is not True:
        return table_function("min")(self, axis, out, keepdims, initial, where)
    _no_out(out)
    return reductions.min(self, axis=axis, keepdims=keepdims)


def _clip(self: GradArray, min: Any = None, max: Any = None, out: Any = None) -> GradArray:
    """The array between two bounds, as `keratorch.clip`."""
    _no_out(out)
    return arithmetic.clip(self, min, max)


def _reshape(self: GradArray, *shape: Any, order: str = "C", copy: bool | None = None) -> GradArray:
    """The elements in another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""
    new = shape[0] if len(shape) == 1 else shape
    if order != "C":
        return table_function("reshape")(self, new, order, copy=copy)
    return manipulation.reshape(self, new, copy=copy)


def _astype(
    self: GradArray, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True,
    copy: bool = True,
) -> GradArray:  # fmt: skip
    """The array with another dtype, as `keratorch.astype`; `order` is the library's to choose."""
    y = placing.astype(self, dtype, copy=copy)
    if casting not in ("unsafe", "same_kind") and not can_cast(self.dtype, y.dtype):
        raise DTypeError(f"astype: {self.dtype} to {y.dtype} is not {casting!r}: cast unsafely")
    if casting == "same_kind" and result_type(self.dtype, y.dtype) != y.dtype:
        kinds = [str(d).rpartition(".")[2].rstrip("0123456789") for d in (self.dtype, y.dtype)]
        if kinds[0] != kinds[1]:
            raise DTypeError(f"astype: {self.dtype} and {y.dtype} are not of the same kind")
    return y


def install() -> None:
    """Give `GradArray` NumPy's methods."""
    add_operator("divmod", _divmod_of)
    GradArray.__round__ = _round
    named = {
        "sum": _sum, "mean": _mean, "prod": _prod, "cumsum": _cumsum, "cumprod": _cumprod,
        "max": _max, "min": _min, "clip": _clip, "reshape": _reshape, "astype": _astype,
    }  # fmt: skip
    for name, method in {**named, **METHODS}.items():
        if not isinstance(method, property):
            method.__name__, method.__qualname__ = name, f"GradArray.{name}"
        setattr(GradArray, name, method)
