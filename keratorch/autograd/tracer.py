"""What HIPS/autograd calls boxes: tracked arrays."""

from __future__ import annotations

from typing import Any

from ._primitive import notrace_primitive as notrace_primitive
from ._primitive import primitive as primitive
from ._primitive import register_notrace as register_notrace
from ._values import getval as getval
from ._values import isbox as isbox


class _BoxMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isbox(instance)


class Box(metaclass=_BoxMeta):
    """The class of tracked arrays, for `isinstance`; keratorch makes `GradArray`s."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError(
            "Box has no instances of its own: keratorch tracks arrays as GradArrays. For a class "
            "of your own, make it a dataclass: its fields are tracked"
        )

    @classmethod
    def register(cls, value_type: type) -> None:
        """Refused: keratorch has no boxes of its users' own classes."""
        raise TypeError(
            f"{cls.__name__}.register: keratorch makes no boxes of {value_type.__name__}. Make the "
            "class a dataclass, or call keratorch.tree.register, so that its parts are tracked; "
            "write its methods with functions of keratorch.autograd.numpy"
        )


__all__ = ["Box", "getval", "isbox", "notrace_primitive", "primitive", "register_notrace"]
