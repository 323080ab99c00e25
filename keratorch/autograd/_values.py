"""From keratorch's conventions to those of HIPS/autograd: values, results and conjugates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backends import _registry
from ..core.array import GradArray
from ..core.recording import is_active
from ..ops._operands import is_complex
from ..transforms.tree import leaves, mapped

#: Types that are no containers, and the commonest.
_PLAIN = frozenset({GradArray, np.ndarray, np.float64, float, int, complex, bool, str, type(None)})


def each(function: Callable[[Any], Any], structure: Any) -> Any:
    """`mapped`, which is slow for a single array."""
    return function(structure) if type(structure) in _PLAIN else mapped(function, structure)


def isbox(value: Any) -> bool:
    """Whether a derivative is computed in `value`: it is a tracked `GradArray`."""
    return type(value) is GradArray and is_active(value)


def holds_box(value: Any) -> bool:
    """Whether `value` is a tracked `GradArray`, or a container that holds one."""
    if type(value) in _PLAIN:
        return isbox(value)
    return any(isbox(v) for v in leaves(value))


def scalar(value: Any) -> Any:
    """A NumPy array without axes as a NumPy scalar; everything else as it is."""
    return value[()] if type(value) is np.ndarray and value.ndim == 0 else value


def getval(value: Any) -> Any:
    """The plain value of a `GradArray`; everything else as it is."""
    return scalar(value._array) if type(value) is GradArray else value


# The name of this attribute in HIPS/autograd, for programs that read it.
setattr(GradArray, "_value", property(getval, doc="The plain value: keratorch.autograd.getval."))  # noqa: B010


def values(structure: Any) -> Any:
    """A nested structure with plain values in place of its `GradArray`s."""
    return each(getval, structure)


def scalars(structure: Any) -> Any:
    """A nested structure with NumPy scalars in place of its arrays without axes."""
    return each(scalar, structure)


def raw_where_raw(found: GradArray, given: list[Any]) -> Any:
    """A result as a plain value, unless an array in `given` is a `GradArray`."""
    return found if any(type(v) is GradArray for v in given) else getval(found)


def conjugates(structure: Any) -> Any:
    """The complex conjugate of each complex leaf: from one convention of gradients to the other."""
    return each(_conjugate, structure)


def _conjugate(value: Any) -> Any:
    if isinstance(value, (complex, np.complexfloating)):
        return value.conjugate()
    if value is None or isinstance(value, (int, float)) or not is_complex(value):
        return value
    if type(value) is GradArray:
        return value.__array_namespace__().conj(value)
    return _registry.of(value).xp.conj(value)


__all__ = [
    "conjugates",
    "each",
    "getval",
    "holds_box",
    "isbox",
    "raw_where_raw",
    "scalar",
    "scalars",
    "values",
]
