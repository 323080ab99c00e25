"""The operators of `Fillable`: NumPy's, for operands that may be lists of tracked values.

NumPy itself makes a plain array of a list, which would lose the gradients. The fast way of each
operator calls the ufunc, and has the result as a plain array without a call of `__array_wrap__`.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core import filled
from ..core.convert import as_operand
from ._fillable_values import holds_active, numbers

_nd = np.ndarray
_ARITHMETIC = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "divmod": np.divmod,
    "matmul": np.matmul,
}
_IN_PLACE = {getattr(operator, f"i{name}", None) for name in (*_ARITHMETIC, "pow")}
_COMPARISONS = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}


def operand(value: Any) -> Any:
    """The other operand: one `GradArray` if it is a list or tuple that holds tracked values."""
    if isinstance(value, (list, tuple)):
        value = filled.settled(value)
        if holds_active(value):
            return as_operand(value)
    return value


def _slow(name: str, function: Any, types: Any) -> Any:
    """NumPy's operator, unless the other operand is a list that holds tracked values."""
    own = getattr(_nd, f"__{name}__")
    may_defer = function not in _IN_PLACE

    def method(self: Any, other: Any, *rest: Any) -> Any:
        if type(other) in types:
            return own(self, other, *rest)
        value = operand(other)
        if value is not other:
            return function(self, value)
        if may_defer and isinstance(other, _nd) and type(other) not in filled.classes:
            return function(self.view(_nd), other)  # Python asks np.matrix before np.ndarray
        return own(self, other, *rest)

    return method


def _fast(name: str, ufunc: Any, types: Any) -> Any:
    other_way = _slow(name, getattr(operator, name, divmod), types)

    def method(self: Any, other: Any) -> Any:
        if type(other) in types:
            return ufunc(self, other, subok=False)
        return other_way(self, other)

    return method


def _fast_reflected(name: str, ufunc: Any, types: Any) -> Any:
    function = getattr(operator, name, divmod)
    other_way = _slow(f"r{name}", lambda a, b: function(b, a), types)

    def method(self: Any, other: Any) -> Any:
        if type(other) in types:
            return ufunc(other, self, subok=False)
        return other_way(self, other)

    return method


def _fast_in_place(name: str, ufunc: Any, types: Any) -> Any:
    other_way = _slow(f"i{name}", getattr(operator, f"i{name}"), types)

    def method(self: Any, other: Any) -> Any:
        if type(other) in types:
            return ufunc(self, other, self)
        return other_way(self, other)

    return method


def _equality(name: str, ufunc: Any, types: Any) -> Any:
    other_way = _slow(name, getattr(operator, name), types)

    def method(self: Any, other: Any) -> Any:
        if type(other) in types:
            try:
                return ufunc(self, other, subok=False)
            except TypeError:  # numbers beside strings: the operator says that they differ
                pass
        return other_way(self, other)

    return method


#: The exponents for which NumPy's operator calls another function than `np.power`.
_ROOTS: dict[Any, Any] = {2: np.square, 0.5: np.sqrt}
_SPECIAL = frozenset([-1, 0, 1])


def _power(name: str, function: Any, types: Any) -> Any:
    other_way = _slow(name, function, types)
    in_place = name == "ipow"

    def method(self: Any, other: Any, *mod: Any) -> Any:
        kind = type(other)
        if mod or kind not in types:
            return other_way(self, other, *mod)
        if (kind is int or kind is float) and other not in _SPECIAL:
            root = _ROOTS.get(other)
            if root is not None:
                return root(self, self) if in_place else root(self, subok=False)
        elif kind is not _nd or not other.ndim:
            return other_way(self, other)
        return np.power(self, other, self) if in_place else np.power(self, other, subok=False)

    return method


def give_operators(cls: Any) -> None:
    """Give `Fillable` its operators."""
    types = numbers | {cls}
    methods: dict[str, Any] = {}
    for name, ufunc in _ARITHMETIC.items():
        methods[name] = _fast(name, ufunc, types)
        methods[f"r{name}"] = _fast_reflected(name, ufunc, types)
        if name not in ("divmod", "matmul"):
            methods[f"i{name}"] = _fast_in_place(name, ufunc, types)
    for name, ufunc in _COMPARISONS.items():
        methods[name] = _fast(name, ufunc, types)
    methods["eq"] = _equality("eq", np.equal, types)
    methods["ne"] = _equality("ne", np.not_equal, types)
    methods["pow"] = _power("pow", operator.pow, types)
    methods["ipow"] = _power("ipow", operator.ipow, types)
    methods["rpow"] = _slow("rpow", lambda a, b: operator.pow(b, a), types)
    methods["imatmul"] = _slow("imatmul", operator.imatmul, types)
    for name, method in methods.items():
        method.__name__ = f"__{name}__"
        method.__qualname__ = f"{cls.__name__}.__{name}__"
        setattr(cls, f"__{name}__", method)


__all__ = ["give_operators", "operand"]
