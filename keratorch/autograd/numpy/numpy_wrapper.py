"""`wrap_namespace`: the functions of another module as primitives."""

from __future__ import annotations

from typing import Any

import numpy as _numpy

from ... import numpy as _np
from .._primitive import primitive


def wrap_namespace(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Put what is in the namespace `old` into the namespace `new`, for arrays with gradients.

    Functions of NumPy become keratorch's. Other functions become primitives, for which `defvjp`
    gives rules. Types and modules are left out; numbers and `None` are copied.
    """
    made: dict[int, Any] = {}  # by identity: one function may have several names
    for name, value in old.items():
        if callable(value) and not isinstance(value, type):
            if id(value) not in made:
                numpys = getattr(_numpy, name, None) is value
                made[id(value)] = getattr(_np, name) if numpys else primitive(value)
            new[name] = made[id(value)]
        elif value is None or type(value) in (float, int):
            new[name] = value


__all__ = ["wrap_namespace"]
