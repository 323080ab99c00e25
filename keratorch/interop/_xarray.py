"""xarray's `DataArray` and `Dataset` as structures: derivatives keep the labels.

The values of a `DataArray`, and of the data variables of a `Dataset`, are what transformations
differentiate in. Dimensions, coordinates, names and attributes stay as they are. Nothing here
imports xarray.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import StructureError
from ..transforms.registered import Structure, register_of_library
from ..transforms.tree import children, rebuilt


def _empty(shape: tuple[int, ...]) -> Any:
    """An array of `shape` that takes no memory."""
    return np.broadcast_to(np.zeros(()), shape)


class _Labelled(Structure):
    """What `DataArray` and `Dataset` have in common.

    The auxiliary value is such an object with empty values.
    """

    __slots__ = ()

    def same(self, a: Any, b: Any) -> bool:
        """Equal dimensions, and equal indexes where both have one."""
        if _dimensions(a) != _dimensions(b):
            return False
        first, second = a.indexes, b.indexes
        return all(first[k].equals(second[k]) for k in first if k in second)

    def described(self, aux: Any, count: int) -> str:
        indexes = ", ".join(map(str, aux.indexes)) or "none"
        return f"{self.cls.__name__} with the dimensions {_dimensions(aux)}, indexes: {indexes}"


def _dimensions(x: Any) -> Any:
    if hasattr(x, "data_vars"):
        return {name: v.dims for name, v in x.data_vars.items()}
    return x.dims


class _DataArray(_Labelled):
    """`xarray.DataArray`: one part."""

    __slots__ = ()
    is_array = True

    def __init__(self, cls: type[Any]) -> None:
        super().__init__(cls, _array_apart, _array_of)

    def parts(self, tree: Any) -> list[Any]:
        return [tree.data]

    def keys(self, aux: Any, count: int) -> Sequence[Any]:
        return ["data"]

    def blocks(self, aux: Any, parts: tuple[Any, ...], rows: bool) -> Any:
        (part,) = parts
        if rows:
            return _below(aux, part)
        if tuple(part.shape) == aux.shape:
            return _array_of(aux, parts)
        return _argument(aux, part)


def _array_apart(x: Any) -> tuple[Any, Any]:
    return (x.data,), x.copy(deep=False, data=_empty(x.shape))


def _array_of(labels: Any, parts: tuple[Any, ...]) -> Any:
    (values,) = parts
    if not hasattr(values, "shape"):
        values = np.asarray(values)
    if tuple(values.shape) != labels.shape:
        raise StructureError(
            f"DataArray of shape {labels.shape}: values of shape {tuple(values.shape)} do not fit "
            "its dimensions: take its values with .data first"
        )
    return labels.copy(deep=False, data=values)


class _Dataset(_Labelled):
    """`xarray.Dataset`: a part for each data variable."""

    __slots__ = ()

    def __init__(self, cls: type[Any]) -> None:
        super().__init__(cls, _dataset_apart, _dataset_of)

    def parts(self, tree: Any) -> list[Any]:
        return [v.data for v in tree.data_vars.values()]

    def keys(self, aux: Any, count: int) -> Sequence[Any]:
        return list(aux.data_vars)

    def blocks(self, aux: Any, parts: tuple[Any, ...], rows: bool) -> Any:
        arrays = dict(zip(aux.data_vars, parts, strict=True))
        if rows:
            return {name: _below(aux[name], part) for name, part in arrays.items()}
        if all(tuple(part.shape) == aux[name].shape for name, part in arrays.items()):
            return _dataset_of(aux, parts)
        return self.cls({name: _argument(aux[name], part) for name, part in arrays.items()})


def _dataset_apart(x: Any) -> tuple[Any, Any]:
    variables = x.data_vars
    empty = {name: _empty(v.shape) for name, v in variables.items()}
    return [v.data for v in variables.values()], x.copy(deep=False, data=empty)


def _dataset_of(labels: Any, parts: tuple[Any, ...]) -> Any:
    arrays = [
        _array_of(v, (part,)) for v, part in zip(labels.data_vars.values(), parts, strict=True)
    ]
    values = {name: a.data for name, a in zip(labels.data_vars, arrays, strict=True)}
    return labels.copy(deep=False, data=values)


# -- Jacobians: the dimensions of the result, and then those of the argument ----------------------


def _argument(labels: Any, block: Any) -> Any:
    """A block whose last axes are those of the argument; the first ones have no names yet."""
    lead = block.ndim - labels.ndim
    dims = [*(f"out_{i}" for i in range(lead)), *labels.dims]
    return type(labels)(block, dims=dims, coords=labels.coords)


def _below(labels: Any, tree: Any) -> Any:
    """`tree`, a structure like the argument, with the labels of the result on its first axes."""
    if not labels.ndim:
        return tree
    if hasattr(tree, "data_vars") or isinstance(tree, type(labels)):
        clash = {*labels.dims, *labels.coords}
        names = {*tree.dims, *tree.coords} & clash
        tree = tree.rename({name: f"{name}_in" for name in names})
        tree = tree.rename({f"out_{i}": dim for i, dim in enumerate(labels.dims)})
        return tree.assign_coords(labels.coords)
    found = children(tree)
    if found is not None:
        return rebuilt(tree, [_below(labels, part) for _, part in found])
    dims = [*labels.dims, *(f"in_{i}" for i in range(tree.ndim - labels.ndim))]
    return type(labels)(tree, dims=dims, coords=labels.coords)


def install() -> None:
    """Make the classes of xarray structures, as soon as there are objects of them."""
    register_of_library("xarray", "DataArray", _DataArray)
    register_of_library("xarray", "Dataset", _Dataset)


__all__ = ["install"]
