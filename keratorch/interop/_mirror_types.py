"""Types of the functions of `keratorch.numpy` and `keratorch.cupy`, for their stubs alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, overload

from ..core.array import GradArray

#: An argument that makes the result a `GradArray`.
Arrays: TypeAlias = GradArray | list[GradArray] | tuple[GradArray, ...]
#: A function of arrays with another result than one array.
Function: TypeAlias = Callable[..., Any]


class ArrayFunction(Protocol):
    """A function that returns one array: a `GradArray` if an argument is, or holds, a `GradArray`.

    Raw arrays give raw arrays, whose type depends on the library: `Any`.
    """

    @overload
    def __call__(self, x: Arrays, /, *args: Any, **kwargs: Any) -> GradArray: ...
    @overload
    def __call__(self, x: Any, y: Arrays, /, *args: Any, **kwargs: Any) -> GradArray: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class Ufunc(ArrayFunction, Protocol):
    """A ufunc with one result."""

    @property
    def nin(self) -> int:
        """The number of arguments."""
        ...

    @property
    def nout(self) -> int:
        """The number of results."""
        ...

    def accumulate(self, array: Any, /, *args: Any, **kwargs: Any) -> Any:
        """The results of all steps of `reduce`."""
        ...

    def at(self, a: Any, indices: Any, /, *args: Any) -> None:
        """Apply the ufunc to elements of `a`, in place."""
        ...

    def outer(self, a: Any, b: Any, /, **kwargs: Any) -> Any:
        """The ufunc of each pair of elements."""
        ...

    def reduce(self, array: Any, /, *args: Any, **kwargs: Any) -> Any:
        """The ufunc applied along an axis."""
        ...

    def reduceat(self, array: Any, indices: Any, /, *args: Any, **kwargs: Any) -> Any:
        """`reduce` over slices."""
        ...


__all__ = ["ArrayFunction", "Function", "Ufunc"]
