"""Rows of `op_specs`: sorting, and taking by positions."""

from __future__ import annotations

import numpy as np

from keratorch.ops.sorting import _add_along, _add_taken
from tests.specs.exports import kt
from tests.specs.indexing import raw_place
from tests.specs.table import REAL, Op, ints, place, sample

UNKNOWN = "the shape of a Dask array of the distinct elements is unknown"


def take(x, indices, axis=None):
    return kt.take(x, place(indices, x), axis=axis)


def torch_take(torch, x, indices, axis=None):
    return torch.index_select(
        x, 0 if axis is None else axis, torch.tensor(indices % x.shape[axis or 0])
    )


def take_along_axis_reference(x, indices, axis=-1):
    return np.take_along_axis(x, indices, axis)


def take_along_axis(x, indices, axis=-1):
    return kt.take_along_axis(x, place(indices, x), axis=axis)


def torch_take_along(torch, x, indices, axis=-1):
    return torch.take_along_dim(x, torch.tensor(indices), dim=axis)


def add_taken(x, indices, axis, shape):
    return _add_taken(x, shape, raw_place(indices, x), axis)


def add_taken_reference(x, indices, axis, shape):
    total = np.zeros(shape, dtype=x.dtype)
    np.add.at(total, (slice(None),) * axis + (indices,), x)
    return total


def add_along(x, indices, axis, shape):
    return _add_along(x, shape, raw_place(indices, x), axis)


def add_along_reference(x, indices, axis, shape):
    total = np.zeros(shape, dtype=x.dtype)
    grid = list(np.indices(np.broadcast_shapes(indices.shape, x.shape), sparse=True))
    grid[axis] = indices
    np.add.at(total, tuple(grid), x)
    return total


def sort(x, axis=-1, descending=False):
    y = np.sort(x, axis=axis)
    return np.flip(y, axis=axis) if descending else y


def torch_sort(torch, x, axis=-1, descending=False):
    return torch.sort(x, dim=axis, descending=descending, stable=True).values


def apart(x):
    """`x`, its elements made distinct however they lie in memory, largest last."""
    if isinstance(x, kt.GradArray):
        return x + kt.asarray(apart(np.zeros(x.shape)), dtype=x.dtype, device=x.device)
    return x + 10 * np.arange(x.size).reshape(x.shape).astype(x.dtype)


def unique_values(x):
    return kt.unique_values(apart(x))


def unique_all(x):
    return kt.unique_all(apart(x)).values


def unique_reference(x):
    return np.unique(apart(x))


SORTED = (
    sample((3, 4)),
    sample((3, 4), axis=0),
    sample((3, 4), descending=True),
    sample((2, 3, 4), axis=1),
    sample((1,)),
    sample((0,)),
    sample((4, 0), axis=0),
    sample((4, 0)),
)
TAKEN = (
    sample((3, 4), name="rows", axis=0, indices=ints(2, 0)),
    sample((3, 4), name="repeated", axis=-1, indices=ints(3, 0, 3, 3)),
    sample((2, 3, 4), name="middle", axis=1, indices=ints(2, 2, 0, 1)),
    sample((5,), name="1d", indices=ints(4, 4, 0)),
    sample((5,), name="none", indices=ints()),
    sample((4, 0), name="empty", axis=0, indices=ints(1, 1)),
    sample((1,), name="one", axis=0, indices=ints(0)),
)
ADDED = (
    sample((2, 4), name="rows", axis=0, indices=ints(2, 0), shape=(3, 4)),
    sample((3, 4), name="repeated", axis=1, indices=ints(3, 0, 3, 3), shape=(3, 4)),
    sample((0,), name="none", axis=0, indices=ints(), shape=(5,)),
)
ALONG = (
    sample((3, 4), name="columns", indices=ints([3, 0], [1, 1], [2, 0])),
    sample((3, 4), name="rows", axis=0, indices=ints([2, 0, 0, 1], [2, 2, 1, 1], [0, 1, 2, 0])),
    sample((3, 4), name="broadcast", axis=0, indices=ints([2], [0])),
    sample((5,), name="1d", axis=0, indices=ints(4, 4, 0)),
    sample((5,), name="none", axis=0, indices=ints()),
    sample((1, 4), name="one", axis=1, indices=ints([0])),
)
ADDED_ALONG = (
    sample((3, 2), name="columns", axis=1, indices=ints([3, 0], [1, 1], [2, 0]), shape=(3, 4)),
    sample((3,), name="repeated", axis=0, indices=ints(4, 4, 0), shape=(5,)),
    sample((0,), name="none", axis=0, indices=ints(), shape=(5,)),
)
DISTINCT = (sample((5,)), sample((3, 4)), sample((1,)), sample((0,)))

OPS = (
    Op("sort", "SortGrad", kt.sort, sort, SORTED, torch_sort, dtypes=REAL),
    Op("take", "TakeGrad", take, np.take, TAKEN, torch_take),
    Op("add_taken", "AddTakenGrad", add_taken, add_taken_reference, ADDED),
    Op(
        *("take_along_axis", "TakeAlongAxisGrad", take_along_axis, take_along_axis_reference),
        *(ALONG, torch_take_along),
    ),
    Op("add_along", "AddAlongAxisGrad", add_along, add_along_reference, ADDED_ALONG),
    Op(
        *("unique_values", "TakeGrad", unique_values, unique_reference, DISTINCT),
        *(None, (unique_all,), REAL, {"dask": UNKNOWN}),
    ),
)
