"""`isinstance`, `type` and the containers of Python, as HIPS/autograd has them.

keratorch traces no containers, so `tuple`, `list` and `dict` are Python's own. `isinstance` and
`type` look at the plain value of a tracked array: a `numpy.ndarray`, or a NumPy scalar.
"""

from __future__ import annotations

import builtins as _builtins
from typing import Any

from ..core.array import GradArray as _GradArray
from ._values import getval as _getval
from ._values import holds_box as _holds_box

tuple = tuple
list = list
dict = dict


def isinstance(value: Any, classes: Any) -> bool:
    """Whether `value` or its plain value is an instance of one of `classes`."""
    return _builtins.isinstance(value, classes) or _builtins.isinstance(_getval(value), classes)


def type(value: Any, *arguments: Any, **keywords: Any) -> Any:
    """The type of the plain value; with more arguments a new class, as in Python."""
    if arguments or keywords:
        return _builtins.type(value, *arguments, **keywords)
    return _builtins.type(_getval(value) if _builtins.type(value) is _GradArray else value)


class _ContainerMeta(_builtins.type):
    containers: Any

    def __instancecheck__(cls, instance: Any) -> bool:
        return _builtins.isinstance(instance, cls.containers) and _holds_box(instance)


class SequenceBox(metaclass=_ContainerMeta):
    """The class of lists and tuples that hold tracked arrays, for `isinstance`."""

    containers: Any = (list, tuple)


class DictBox(metaclass=_ContainerMeta):
    """The class of dicts that hold tracked arrays, for `isinstance`."""

    containers: Any = dict


__all__ = ["DictBox", "SequenceBox", "dict", "isinstance", "list", "tuple", "type"]
