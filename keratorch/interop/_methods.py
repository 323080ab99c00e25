"""The methods of `GradArray` that NumPy's arrays have too, with NumPy's arguments in its order."""

from __future__ import annotations

from typing import Any

from ..core.array import GradArray
from ..core.shown import shown
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
    """``round(x, 2)`` of an array of shape (), with derivative 0; ``round(x)`` is a Python int."""
    if self.ndim:
        raise TypeError(
            f"round() of a GradArray of shape {tuple(self.shape)}: use numpy.round, or x.round()"
        )
    y = table_function("round")(self, 0 if ndigits is None else ndigits)
    return int(y) if ndigits is None else y


def _no_out(name: str, out: Any) -> None:
    if out is not None:
        raise TypeError(
            f"x.{name}(out=...): a method of a GradArray returns a new array: write "
            f"y = x.{name}(...), or out[...] = x.{name}(...)"
        )


def _sum(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.sum` along `axis`, of the elements where `where` is true, plus `initial`."""
    if initial is not None or where is not True:
        return table_function("sum")(self, axis, dtype, out, keepdims, initial, where)
    _no_out("sum", out)
    return reductions.sum(self, axis=axis, dtype=dtype, keepdims=keepdims)


def _mean(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    *, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.mean` along `axis`, of the elements where `where` is true."""
    if where is not True:
        return table_function("mean")(self, axis, dtype, out, keepdims, where=where)
    _no_out("mean", out)
    x = self if dtype is None else placing.astype(self, dtype)
    return reductions.mean(x, axis=axis, keepdims=keepdims)


def _prod(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.prod` along `axis`, of the elements where `where` is true, times `initial`."""
    if initial is not None or where is not True:
        return table_function("prod")(self, axis, dtype, out, keepdims, initial, where)
    _no_out("prod", out)
    return statistics.prod(self, axis=axis, dtype=dtype, keepdims=keepdims)


def _cumsum(self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running totals along `axis`; of the flattened array for ``axis=None``."""
    _no_out("cumsum", out)
    x = self if axis is not None else manipulation.reshape(self, (-1,) if self.size else (0,))
    return statistics.cumulative_sum(x, axis=0 if axis is None else axis, dtype=dtype)


def _cumprod(self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running products along `axis`; of the flattened array for ``axis=None``."""
    _no_out("cumprod", out)
    x = self if axis is not None else manipulation.reshape(self, (-1,) if self.size else (0,))
    return statistics.cumulative_prod(x, axis=0 if axis is None else axis, dtype=dtype)


def _max(
    self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.max` along `axis`, of `initial` and the elements where `where` is true."""
    if initial is not None or where is not True:
        return table_function("max")(self, axis, out, keepdims, initial, where)
    _no_out("max", out)
    return reductions.max(self, axis=axis, keepdims=keepdims)


def _min(
    self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.min` along `axis`, of `initial` and the elements where `where` is true."""
    if initial is not None or where is not True:
        return table_function("min")(self, axis, out, keepdims, initial, where)
    _no_out("min", out)
    return reductions.min(self, axis=axis, keepdims=keepdims)


def _clip(self: GradArray, min: Any = None, max: Any = None, out: Any = None) -> GradArray:
    """Each element limited to the range `min` to `max`, as in `keratorch.clip`."""
    _no_out("clip", out)
    return arithmetic.clip(self, min, max)


def _reshape(self: GradArray, *shape: Any, order: str = "C", copy: bool | None = None) -> GradArray:
    """The elements in another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""
    new = shape[0] if len(shape) == 1 else shape
    if order != "C":
        return table_function("reshape")(self, new, order, copy=copy)
    return manipulation.reshape(self, new, copy=copy)


#: What each rule of casting allows.
_CASTINGS = {
    "no": "it allows no other dtype",
    "equiv": "it allows no other dtype, but another order of bytes",
    "safe": "it allows only dtypes that hold every value of the first",
    "same_kind": "it allows only dtypes of the same kind or of one above it, as floating is above "
    "integer",
    "unsafe": "it allows every dtype",
}


def _astype(
    self: GradArray, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True,
    copy: bool = True,
) -> GradArray:  # fmt: skip
    """The array in another dtype, as in `keratorch.astype`; `order` is ignored.

    Raises `DTypeError` if `casting` forbids the cast.
    """
    if casting not in _CASTINGS:
        raise DTypeError(f"astype: casting is {shown(casting)}: use one of {', '.join(_CASTINGS)}")
    y = placing.astype(self, dtype, copy=copy)
    have, wanted = self.dtype, y.dtype
    kinds = [str(d).rpartition(".")[2].rstrip("0123456789") for d in (have, wanted)]
    if casting == "same_kind":
        refused = result_type(have, wanted) != wanted and kinds[0] != kinds[1]
    elif casting == "safe":
        refused = not can_cast(have, wanted)
    elif casting == "equiv" and hasattr(have, "newbyteorder"):
        refused = have.newbyteorder("=") != wanted.newbyteorder("=")
    else:
        refused = casting != "unsafe" and have != wanted
    if refused:
        name = str(wanted).rpartition(".")[2]
        raise DTypeError(
            f"astype from {have} to {wanted}, of an array of shape {tuple(self.shape)}, with "
            f"casting={casting!r}: {_CASTINGS[casting]}; write x.astype({name!r}), which casts any "
            "number, or choose another dtype"
        )
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
