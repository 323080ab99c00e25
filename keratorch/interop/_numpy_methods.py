"""NumPy's methods and attributes of arrays that need more than one function of keratorch.

Most methods call NumPy's function of the same name in the table `interop._numpy_api`, which is
imported with the first call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.array import GradArray
from ..core.convert import raw_key
from ..errors import NotDifferentiableError
from ..ops import indexing, manipulation, placing, writing
from ..ops.dtypes import finfo, iinfo, isdtype
from ..ops.selection import conj
from . import _lookup
from ._numpy_functions import into


def table_function(name: str) -> Callable[..., Any]:
    """keratorch's version of NumPy's function `name`; `NotDifferentiableError` if there is none."""
    found = _lookup.table_function(name)
    if found is None:
        raise NotDifferentiableError(
            f"GradArray.{name} has no rule: use keratorch's own functions, or x.numpy().{name}()"
        )
    return found


def _method(name: str) -> Callable[..., Any]:
    def method(self: GradArray, *args: Any, **kwargs: Any) -> Any:
        if isinstance(kwargs.get("out"), GradArray):
            return into(table_function(name), (self, *args), **kwargs)
        return table_function(name)(self, *args, **kwargs)

    method.__name__ = name
    method.__qualname__ = f"GradArray.{name}"
    method.__doc__ = f"NumPy's ``{name}``, with the arguments of NumPy's function after the array."
    return method


#: Methods with the arguments of NumPy's function, without its first one, the array.
OF_THE_TABLE = (
    *("all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "diagonal", "dot"),
    *("nonzero", "ptp", "ravel", "repeat", "round", "searchsorted", "squeeze", "std"),
    *("swapaxes", "take", "trace", "var"),
)


def _compress(self: GradArray, condition: Any, axis: Any = None, out: Any = None) -> GradArray:
    """The slices along `axis` where `condition` is true."""
    return table_function("compress")(condition, self, axis, out)


def _conjugate(self: GradArray) -> GradArray:
    """The complex conjugate, as `keratorch.conj`."""
    return conj(self)


def _flatten(self: GradArray, order: str = "C") -> GradArray:
    """A flattened copy; the elements are read in `order`."""
    if order in ("C", "A", "K"):
        return placing.copy(manipulation.reshape(self, (self.size,)))
    return placing.copy(table_function("ravel")(self, order))


# -- writing -----------------------------------------------------------------------------------


def _sort(self: GradArray, axis: int = -1, kind: Any = None, order: Any = None, **kw: Any) -> None:
    """Sort in place, as a recorded write. For a leaf that requires a gradient use `numpy.sort`."""
    writing.setitem(self, ..., table_function("sort")(self, axis, kind, order, **kw))


def _partition(
    self: GradArray, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
) -> None:
    """Partition in place, as a recorded write."""
    writing.setitem(self, ..., table_function("partition")(self, kth, axis, kind, order))


def _fill(self: GradArray, value: Any) -> None:
    """Write `value` into every element, as ``x[...] = value`` does."""
    writing.setitem(self, ..., value)


def _put(self: GradArray, indices: Any, values: Any, mode: str = "raise") -> None:
    """Write `values` at the positions `indices` of the flattened array."""
    table_function("put")(self, indices, values, mode)


# -- memory ------------------------------------------------------------------------------------


def _itemsize(self: GradArray) -> int:
    """The bytes of one element."""
    raw: Any = self._array
    size: Any = getattr(raw, "itemsize", None)
    if size is None:  # the Array API has no `itemsize`
        bits = 8 if isdtype(self.dtype, "bool") else _bits(self.dtype)
        return bits // 8
    return int(size)


def _bits(dtype: Any) -> int:
    if isdtype(dtype, "integral"):
        return iinfo(dtype).bits
    # For a complex dtype, `finfo` gives the bits of one part.
    return finfo(dtype).bits * (2 if isdtype(dtype, "complex floating") else 1)


def _nbytes(self: GradArray) -> int:
    """The bytes of all elements."""
    return _itemsize(self) * self.size


class Flat:
    """The flattened array: ``x.flat[3]``, ``x.flat[2:] = 0``, ``for v in x.flat``."""

    __slots__ = ("base",)

    def __init__(self, base: GradArray) -> None:
        self.base = base

    def _row(self) -> GradArray:
        return manipulation.reshape(self.base, (self.base.size,))

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[GradArray]:
        return iter(self._row())

    def __getitem__(self, key: Any) -> GradArray:
        place = self._place(key)
        return placing.copy(self._row()[key] if place is None else self.base[place])

    def _place(self, key: Any) -> tuple[int, ...] | None:
        """The index of one element into the array itself; `None` for other keys."""
        n = self.base.size
        if not isinstance(key, (int, np.integer)) or isinstance(key, bool) or not -n <= key < n:
            return None
        return tuple([int(i) for i in np.unravel_index(int(key) % n, tuple(self.base.shape))])

    def __setitem__(self, key: Any, value: Any) -> None:
        place = self._place(key)
        if place is not None or self.base.ndim == 1:
            self.base[key if place is None else place] = value
            return
        row = placing.copy(self._row())
        if isinstance(value, Flat):
            value = value._row()
        row = indexing.with_item(row, _raw_index(key, row), value)
        self.base[...] = manipulation.reshape(row, self.base.shape)

    def copy(self) -> GradArray:
        """A flattened copy of the array."""
        return placing.copy(self._row())


def _raw_index(key: Any, row: GradArray) -> Any:
    return raw_key(key, row._array, keep=True)


def _set_flat(self: GradArray, value: Any) -> None:
    row = value._row() if isinstance(value, Flat) else value
    Flat(self)[...] = row


METHODS: dict[str, Any] = {
    **{name: _method(name) for name in OF_THE_TABLE},
    "compress": _compress,
    "conjugate": _conjugate,
    "flatten": _flatten,
    "sort": _sort,
    "partition": _partition,
    "fill": _fill,
    "put": _put,
    "itemsize": property(_itemsize, doc="The bytes of one element."),
    "nbytes": property(_nbytes, doc="The bytes of all elements."),
    "flat": property(Flat, _set_flat, doc="The elements in a row, to read, write and go through."),
}

__all__ = ["METHODS", "Flat", "table_function"]
