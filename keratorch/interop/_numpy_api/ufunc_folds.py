"""The methods of ufuncs that have no function of their own: one step after another, as NumPy does.

``np.divide.reduce``, ``np.hypot.accumulate`` and ``np.logaddexp.reduceat`` apply the ufunc once for
each element along the axis. ``np.maximum.at`` applies it once for each occurrence of an index.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.convert import SCALARS, as_operand
from ...core.sync import waits
from ...errors import LostGradientError, ShapeError
from ...ops.indexing import with_item
from ._arguments import array, axes_of, flat, index_array, no_out, of_dtype
from ._table import UFUNCS
from .ufunc_methods import DIFFERENTIABLE_PAIRS, given, one_axis_of, reduced_at

Function = Callable[..., Any]
#: Ufuncs of two outputs, which have none of these methods.
_TWO_OUTPUTS = ("divmod",)
#: Ufuncs whose reductions in NumPy differ from one step after another: NumPy's vector loops read
#: several elements before they write the first result.
_READ_AHEAD = ("arctan2", "power")


def method_of(ufunc: Any, method: str, function: Function) -> Function | None:
    """keratorch's version of a ufunc's method, made from `function`; `None` if there is none.

    Only ufuncs that make a floating array of two floating arrays have reductions.
    """
    name = str(ufunc.__name__)
    if method == "at":
        return _at(name, function) if ufunc.nout == 1 and ufunc.signature is None else None
    if name not in DIFFERENTIABLE_PAIRS or name in _TWO_OUTPUTS:
        return None
    if name in _READ_AHEAD and method != "accumulate":
        return None
    make = {"reduce": _reduce, "accumulate": _accumulate, "reduceat": _reduceat}.get(method)
    return None if make is None else make(ufunc, function)


def _named(function: Function, ufunc: str, method: str) -> Function:
    function.__name__ = f"{ufunc}.{method}"
    return function


# -- along an axis -----------------------------------------------------------------------------


def _layers(x: GradArray, axis: int) -> list[GradArray]:
    lead = (slice(None),) * axis
    return [x[(*lead, i, ...)] for i in range(x.shape[axis])]


def _as_computed(name: str, function: Function, a: Any, dtype: Any) -> GradArray:
    """`a` in `dtype`, by default the dtype of `function` of two elements, as NumPy does."""
    x = array(a)
    if dtype is None:
        element = as_operand(1, x)
        dtype = function(element, element).dtype
    return of_dtype(name, x, dtype)


def _reduce(ufunc: Any, function: Function) -> Function:
    name = str(ufunc.__name__)

    def reduce(
        a: Any, /, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
        initial: Any = None, where: Any = True,
    ) -> GradArray:  # fmt: skip
        no_out(f"{name}.reduce", out)
        x = _as_computed(f"{name}.reduce", function, a, dtype)
        shape, initial = tuple(x.shape), given(initial)
        axes = axes_of(f"{name}.reduce", x, axis)
        if len(axes) > 1 and ufunc.identity is None:
            raise ShapeError(
                f"numpy.{name}.reduce of an array of shape {shape} along {len(axes)} axes: their "
                "order would matter; reduce one axis at a time"
            )
        if where is not True and initial is None and ufunc.identity is None:
            raise ValueError(f"numpy.{name}.reduce with where= needs initial=")
        kept = [i for i in range(x.ndim) if i not in axes]
        folded = (*(shape[i] for i in kept), math.prod(shape[i] for i in axes))
        admitted = None
        if where is not True:
            admitted = kt.broadcast_to(as_operand(where, x), shape)
            admitted = kt.reshape(kt.permute_dims(admitted, (*kept, *axes)), folded)
        x = kt.reshape(kt.permute_dims(x, (*kept, *axes)), folded)
        y = _folded(name, function, x, initial if initial is not None else ufunc.identity, admitted)
        if keepdims:
            y = kt.reshape(y, tuple(1 if i in axes else n for i, n in enumerate(shape)))
        return y

    return _named(reduce, name, "reduce")


def _folded(
    name: str, function: Function, x: GradArray, initial: Any, admitted: GradArray | None
) -> GradArray:
    """Apply `function` along the last axis from left to right, starting from `initial`, if any."""
    layers = _layers(x, x.ndim - 1)
    masks = [None] * len(layers) if admitted is None else _layers(admitted, x.ndim - 1)
    if initial is None:
        if not layers:
            raise ValueError(
                f"numpy.{name}.reduce of an array of size 0 along the axis, which has no identity"
            )
        y, layers, masks = layers[0], layers[1:], masks[1:]
    else:
        first = of_dtype(f"{name}.reduce", as_operand(initial, x), x.dtype)
        y = kt.broadcast_to(first, tuple(x.shape[:-1]))
    for layer, mask in zip(layers, masks, strict=True):
        step = function(y, layer)
        y = step if mask is None else kt.where(mask, step, y)
    return y


def _accumulate(ufunc: Any, function: Function) -> Function:
    name = str(ufunc.__name__)

    def accumulate(a: Any, /, axis: int = 0, dtype: Any = None, out: Any = None) -> GradArray:
        no_out(f"{name}.accumulate", out)
        x = _as_computed(f"{name}.accumulate", function, a, dtype)
        axis = one_axis_of(f"{name}.accumulate", x, axis)
        layers = _layers(x, axis)
        for i in range(1, len(layers)):
            layers[i] = function(layers[i - 1], layers[i])
        return kt.stack(layers, axis=axis) if layers else x

    return _named(accumulate, name, "accumulate")


def _reduceat(ufunc: Any, function: Function) -> Function:
    name = str(ufunc.__name__)
    reduce = UFUNCS.get(f"{name}.reduce") or _reduce(ufunc, function)
    return _named(reduced_at(name, reduce), name, "reduceat")


# -- at indices --------------------------------------------------------------------------------


def _on_host(key: Any) -> Any:
    """An index, with NumPy's arrays in place of all others."""
    if isinstance(key, tuple):
        return tuple(_on_host(k) for k in key)
    if isinstance(key, GradArray):
        return key.numpy()
    if _registry.is_array(key):
        return _registry.of(key).to_numpy(key)
    return key


def _at(name: str, function: Function) -> Function:
    def at(a: Any, indices: Any, *operand: Any) -> None:
        if not isinstance(a, GradArray):
            raise LostGradientError(
                f"numpy.{name}.at of a NumPy array with a tracked value would lose its gradient: "
                "make the array one of keratorch, with keratorch.asarray"
            )
        waits(f"numpy.{name}.at", a.shape, "write x[indices] = value")
        shape = tuple(a.shape)
        chosen = np.arange(a.size).reshape(shape)[_on_host(indices)]
        places = chosen.reshape(-1)
        values = [  # a Python scalar takes its dtype from each element, or stays an integer
            v if type(v) in SCALARS else flat(kt.broadcast_to(as_operand(v, a), chosen.shape))
            for v in operand
        ]
        row = flat(a)
        for turn in _turns(places):
            read, taken = index_array(places[turn], a), index_array(turn, a)
            old = kt.take(row, read, axis=0)
            beside = [v if type(v) in SCALARS else kt.take(v, taken, axis=0) for v in values]
            new = of_dtype(f"{name}.at", function(old, *beside), a.dtype, "same_kind")
            row = with_item(row, read._array, new)
        if places.size:
            a[...] = kt.reshape(row, shape)

    return _named(at, name, "at")


def _turns(places: Any) -> list[Any]:
    """Where `places` has the first occurrence of each place, where the second, and so on."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    first = np.searchsorted(ordered, ordered, side="left")
    turn = np.arange(places.size) - first
    return [np.sort(order[turn == k]) for k in range(int(turn.max(initial=-1)) + 1)]


__all__ = ["method_of"]
