"""Types for annotations: what the functions of keratorch take.

The functions return `keratorch.GradArray`. The transformations, such as `keratorch.grad`, give a
function with the parameters of the function that they are given.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias


class Array(Protocol):
    """An array of any library, as `numpy.ndarray` or `torch.Tensor`; every `GradArray` too."""

    @property
    def shape(self) -> Any:
        """The length of each axis."""
        ...

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        ...


#: An array, a Python number, or a nested list of numbers.
ArrayLike: TypeAlias = Array | complex | list[Any] | tuple[Any, ...]

__all__ = ["Array", "ArrayLike"]
