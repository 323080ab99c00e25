"""Subclasses of `numpy.ndarray`: which of them are arrays to keratorch.

A class that changes what operations mean is refused: quantities with units, masked arrays,
matrices. Its plain values would give other results, in silence. Other subclasses differ in how
they are made and shown (`numpy.memmap`, `numpy.recarray`): keratorch takes their memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from keratorch.errors import UnknownArrayError

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul")
#: What a subclass must not define to be an array: NumPy's protocols, and the operators.
_MEANING = (
    "__array_ufunc__",
    "__array_function__",
    *(f"__{prefix}{name}__" for name in _BINARY for prefix in ("", "r")),
    *("__neg__", "__pos__", "__abs__"),
)
#: What to write instead, by a class and the module of the class.
_REMEDIES = {
    "MaskedArray": "fill it first, as in x.filled(0)",
    "matrix": "its * is the product of matrices: pass np.asarray(x), whose product is @",
    "Quantity": "pass its values in the unit that you choose, as in x.to_value(unit)",
    "unyt_array": "pass its values in the unit that you choose, as in x.to_value(unit)",
}

#: Class -> the method that changes its meaning; `None` for an array.
_found: dict[type, str | None] = {np.ndarray: None}


def changed_method(cls: type) -> str | None:
    """The method by which a subclass of `numpy.ndarray` changes an operation; `None` for none."""
    try:
        return _found[cls]
    except KeyError:
        pass
    for name in _MEANING:
        if getattr(cls, name) is not getattr(np.ndarray, name):
            break
    else:
        name = None
    _found[cls] = name
    return name


def allow(*classes: type) -> None:
    """Take subclasses as arrays whose operators are their own, and mean what NumPy's do."""
    _found.update(dict.fromkeys(classes))


def is_refused(value: Any) -> bool:
    """Whether `value` is of a class that changes what operations mean."""
    return isinstance(value, np.ndarray) and changed_method(type(value)) is not None


def refuse(cls: type, shape: Any = None) -> None:
    """Raise `UnknownArrayError` for a class that changes what operations mean."""
    name = changed_method(cls)
    if name is None:
        return
    bases = {base.__name__ for base in cls.__mro__}
    remedy = next(
        (text for known, text in _REMEDIES.items() if known in bases),
        "pass its plain values, as np.asarray(x) gives them",
    )
    of = "" if shape is None else f" of shape {tuple(shape)}"
    raise UnknownArrayError(
        f"{cls.__module__}.{cls.__qualname__}{of} is no plain array: its {name} differs from that "
        f"of numpy.ndarray, and keratorch would compute other results; {remedy}"
    )


def refuse_in(data: Any) -> None:
    """`refuse` for the arrays in a nested list, which NumPy would turn into plain values."""
    while isinstance(data, (list, tuple)) and data:
        if isinstance(data[0], np.ndarray):
            for part in data:
                if isinstance(part, np.ndarray):
                    refuse(type(part), part.shape)
            return
        data = data[0]


__all__ = ["allow", "changed_method", "is_refused", "refuse", "refuse_in"]
