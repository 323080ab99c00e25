"""Arguments that CuPy's functions take and keratorch's functions do not.

CuPy takes raw NumPy arrays beside its own in some functions, and refuses them in most. The
functions of `keratorch.cupy` take them where CuPy does.
"""

from __future__ import annotations

from typing import Any

import cupy
import numpy

from ..backends import _registry
from ..core.array import GradArray
from ..core.nodes import raw_of
from ..core.sync import waits
from ..interop._cupy import override
from ..interop._values import arrays_in

#: CuPy's functions that take NumPy arrays beside its own.
_TAKE_NUMPY = frozenset([
    "allclose", "append", "average", "broadcast_arrays", "corrcoef", "cov", "cross", "diff",
    "dstack", "einsum", "gradient", "histogram", "hstack", "intersect1d", "isclose", "linspace",
    "polyval", "setdiff1d", "vstack",
])  # fmt: skip


def adapted(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with a `GradArray`; NumPy arrays are moved where CuPy takes them."""
    if name not in _TAKE_NUMPY:
        return args, kwargs
    like = next((x for x in arrays_in((args, kwargs)) if isinstance(raw_of(x), cupy.ndarray)), None)
    if like is None:
        return args, kwargs
    return _moved(args, like), {k: _moved(v, like) for k, v in kwargs.items()}


def _moved(value: Any, like: GradArray) -> Any:
    if isinstance(value, numpy.ndarray):
        backend = _registry.of(like)
        return backend.from_numpy(value, backend.device(raw_of(like)))
    if type(value) in (tuple, list):
        return type(value)([_moved(v, like) for v in value])
    return value


class UFunc:
    """A ufunc of CuPy, whose ``out=`` and whose methods take `GradArray`s too."""

    def __init__(self, ufunc: Any) -> None:
        self._ufunc = ufunc
        self.__name__ = ufunc.__name__.removeprefix("cupy_")
        self.__doc__ = ufunc.__doc__
        for fact in ("nargs", "nin", "nout", "types"):
            setattr(self, fact, getattr(ufunc, fact))

    def __repr__(self) -> str:
        return f"<keratorch.cupy ufunc {self.__name__!r}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # CuPy asks the positional arguments only, and would write into the memory of a constant.
        for x in arrays_in(kwargs.get("out")):
            return override(x, self._ufunc, *args, **kwargs)
        return self._ufunc(*args, **kwargs)

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        """Add `b` at the indices, or what the ufunc does; repeated indices count as often."""
        return self._method("at", a, indices, b)

    def outer(self, a: Any, b: Any, **kwargs: Any) -> Any:
        """The ufunc of all pairs of elements."""
        return self._method("outer", a, b, **kwargs)

    def reduce(self, array: Any, *args: Any, **kwargs: Any) -> Any:
        """The reduction along an axis."""
        return self._method("reduce", array, *args, **kwargs)

    def accumulate(self, array: Any, *args: Any, **kwargs: Any) -> Any:
        """The running results along an axis."""
        return self._method("accumulate", array, *args, **kwargs)

    def reduceat(self, array: Any, indices: Any, *args: Any, **kwargs: Any) -> Any:
        """The reductions of the slices between the indices."""
        return self._method("reduceat", array, indices, *args, **kwargs)

    def _method(self, method: str, *args: Any, **kwargs: Any) -> Any:
        plain = getattr(self._ufunc, method)
        like = next(arrays_in((args, kwargs)), None)
        if like is None or method == "at":
            return plain(*args, **kwargs)
        numpys = getattr(numpy, self.__name__, None)
        if not isinstance(numpys, numpy.ufunc):
            return plain(*args, **kwargs)
        if method == "outer" and isinstance(raw_of(like), cupy.ndarray):
            args = _moved(args, like)
        if method == "reduceat" and isinstance(args[1], cupy.ndarray):
            waits("reduceat", args[1].shape, "give the indices as a list")
            args = (args[0], args[1].get(), *args[2:])
        return getattr(numpys, method)(*args, **kwargs)
