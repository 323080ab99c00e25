"""The methods of `GradArray` that NumPy's arrays have too, with NumPy's arguments in its order."""

from __future__ import annotations

from typing import Any

from ..core import filled
from ..core.array import GradArray
from ..core.shown import shown
from ..errors import DTypeError, LostGradientError
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


def _into(name: str, out: Any, found: GradArray) -> Any:
    """Write the result of the method `name` into `out`, which takes gradients; returns `out`."""
    if type(out) in filled.classes:
        out[...] = found
        return out
    if not isinstance(out, GradArray):
        raise LostGradientError(
            f"x.{name}(out=...) writes into a GradArray, not into a {type(out).__name__}, which "
            f"would lose the gradient: write y = x.{name}(...), or make `out` with keratorch.zeros"
        )
    table_function("copyto")(out, found)
    return out


def _sum(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.sum` along `axis`, of the elements where `where` is true, plus `initial`."""
    if out is not None:
        return _into("sum", out, _sum(self, axis, dtype, None, keepdims, initial, where))
    if initial is not None or where is not True:
        return table_function("sum")(self, axis, dtype, None, keepdims, initial, where)
    return reductions.sum(self, axis=axis, dtype=dtype, keepdims=keepdims)


def _mean(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    *, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.mean` along `axis`, of the elements where `where` is true."""
    if out is not None:
        return _into("mean", out, _mean(self, axis, dtype, None, keepdims, where=where))
    if where is not True:
        return table_function("mean")(self, axis, dtype, None, keepdims, where=where)
    x = self if dtype is None else placing.astype(self, dtype)
    return reductions.mean(x, axis=axis, keepdims=keepdims)


def _prod(
    self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.prod` along `axis`, of the elements where `where` is true, times `initial`."""
    if out is not None:
        return _into("prod", out, _prod(self, axis, dtype, None, keepdims, initial, where))
    if initial is not None or where is not True:
        return table_function("prod")(self, axis, dtype, None, keepdims, initial, where)
    return statistics.prod(self, axis=axis, dtype=dtype, keepdims=keepdims)


def _cumsum(self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running totals along `axis`; of the flattened array for ``axis=None``."""
    if out is not None:
        return _into("cumsum", out, _cumsum(self, axis, dtype))
    x = self if axis is not None else manipulation.reshape(self, (-1,) if self.size else (0,))
    return statistics.cumulative_sum(x, axis=0 if axis is None else axis, dtype=dtype)


def _cumprod(self: GradArray, axis: Any = None, dtype: Any = None, out: Any = None) -> GradArray:
    """The running products along `axis`; of the flattened array for ``axis=None``."""
    if out is not None:
        return _into("cumprod", out, _cumprod(self, axis, dtype))
    x = self if axis is not None else manipulation.reshape(self, (-1,) if self.size else (0,))
    return statistics.cumulative_prod(x, axis=0 if axis is None else axis, dtype=dtype)


def _max(
    self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.max` along `axis`, of `initial` and the elements where `where` is true."""
    if out is not None:
        return _into("max", out, _max(self, axis, None, keepdims, initial, where))
    if initial is not None or where is not True:
        return table_function("max")(self, axis, None, keepdims, initial, where)
    return reductions.max(self, axis=axis, keepdims=keepdims)


def _min(
    self: GradArray, axis: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> GradArray:  # fmt: skip
    """`keratorch.min` along `axis`, of `initial` and the elements where `where` is true."""
    if out is not None:
        return _into("min", out, _min(self, axis, None, keepdims, initial, where))
    if initial is not None or where is not True:
        return table_function("min")(self, axis, None, keepdims, initial, where)
    return reductions.min(self, axis=axis, keepdims=keepdims)


def _clip(self: GradArray, min: Any = None, max: Any = None, out: Any = None) -> GradArray:
    """Each element limited to the range `min` to `max`, as in `keratorch.clip`."""
    if out is not None:
        return _into("clip", out, _clip(self, min, max))
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
