"""Rows of `op_specs`: reading and writing by indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keratorch.ops.indexing import add_at
from tests.specs.exports import kt
from tests.specs.table import (
    Op,
    Sample,
    ints,
    place,
    place_torch,
    sample,
    with_xfails,
)

MASK = np.array([[True, False, True, False], [False, False, False, True], [True] * 4])
ROWS = np.array([True, False, True])

Key = tuple[str, tuple[int, ...], Any]
KEYS: tuple[Key, ...] = (
    ("slices", (3, 4), (slice(1, 3), slice(0, 4, 2))),
    ("int", (3, 4), (1, ...)),
    ("negative_int", (3, 4), (..., -1)),
    ("element", (3, 4), (1, 2)),
    ("ellipsis", (3, 4), ...),
    ("new_axes", (3, 4), (None, ..., slice(None), None)),
    ("int_and_new_axis", (3, 4), (None, 1, ...)),
    ("middle", (2, 3, 4), (0, ..., slice(None, 2))),
    ("negative_step", (3, 4), (slice(None, None, -1), slice(3, 0, -2))),
    ("nothing", (3, 4), (slice(0, 0), ...)),
    ("0d", (), ()),
    ("0d_ellipsis", (), ...),
    ("0d_new_axis", (), (None,)),
    ("empty", (0,), (slice(None),)),
    ("empty_axis", (4, 0), (slice(1, 3), ...)),
    ("one", (1,), (0,)),
    ("mask", (3, 4), MASK),
    ("mask_of_none", (3, 4), MASK & False),
    ("mask_of_empty", (0,), np.zeros(0, dtype=bool)),
    ("mask_of_rows", (3, 4), ROWS),
    ("mask_and_slice", (3, 4), (ROWS, slice(1, 3))),
    ("integers", (3, 4), (ints(2, 0, 1), ints(3, 1, 1))),
    ("integers_broadcast", (3, 4), (ints([2], [0]), ints(3, 1))),
    ("integers_and_int", (3, 4), (ints(-1, 0), 1)),
    ("integers_in_1d", (4,), (ints(2, 0),)),
    ("rows", (3, 4), (ints(2, 0), slice(1, None))),
    ("rows_2d", (3, 4), ints([2], [1])),
    ("columns", (3, 4), (..., ints(3, 0))),
    ("apart", (2, 3, 4), (ints(1, 0), slice(None), ints(3, 2))),
)
#: For reading only: where an index repeats, nobody says which write wins.
REPEATED: tuple[Key, ...] = (
    ("repeated", (4,), (ints(2, 0, 2, -2, 2),)),
    ("repeated_pairs", (3, 4), (ints(0, 2, 0), ints(1, 1, 1))),
    ("repeated_rows", (3, 4), (ints(2, 0, 2), ...)),
    ("repeated_2d", (3,), (ints([1, 1], [0, 1]),)),
)


def reasons(backend: str, why: str, names: str) -> dict[str, dict[str, str]]:
    return {name: {backend: why} for name in names.split()}


def merged(*tables: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Name of a key -> backend -> why it fails there."""
    out: dict[str, dict[str, str]] = {}
    for table in tables:
        for name, of_backend in table.items():
            out[name] = {**out.get(name, {}), **of_backend}
    return out


ANY_FAILS = merged(
    reasons(
        "array_api_strict",
        "the standard has no arrays beside slices, and none but in full tuples",
        "mask_and_slice rows rows_2d columns apart repeated_rows",
    ),
)
READ_FAILS = merged(
    ANY_FAILS,
    reasons(
        "dask",
        "the shape of a Dask array read through a mask is unknown",
        "mask mask_of_none mask_of_empty mask_of_rows mask_and_slice",
    ),
    reasons(
        "dask",
        "Dask reads by one 1-d array of integers at most",
        "integers integers_broadcast rows_2d apart repeated_pairs repeated_2d",
    ),
)
WRITE_FAILS = merged(
    ANY_FAILS,
    reasons(
        "array_api_strict",
        "the standard does not write by None or by arrays of integers",
        "new_axes int_and_new_axis 0d_new_axis "
        "integers integers_broadcast integers_and_int integers_in_1d",
    ),
    reasons(
        "dask",
        "Dask writes by one 1-d array at most, through masks scalars only",
        "mask mask_of_none mask_of_empty mask_of_rows mask_and_slice "
        "integers integers_broadcast rows_2d apart",
    ),
)


def key_samples(
    keys: tuple[Key, ...], fails: dict[str, dict[str, str]], make: Callable[..., Sample]
) -> tuple[Sample, ...]:
    return tuple(with_xfails(make(*key), **fails.get(key[0], {})) for key in keys)


def read_sample(name: str, shape: tuple[int, ...], key: Any) -> Sample:
    return sample(shape, name=name, key=key)


def write_sample(name: str, shape: tuple[int, ...], key: Any) -> Sample:
    return sample(shape, np.empty(shape)[key].shape, name=name, key=key)


def add_sample(name: str, shape: tuple[int, ...], key: Any) -> Sample:
    return sample(np.empty(shape)[key].shape, name=name, key=key, shape=shape)


def getitem(x, key):
    return x[place(key, x)]


def setitem(x, value, key):
    y = kt.copy(x)
    y[place(key, x)] = value
    return y


def setitem_reference(x, value, key):
    y = x.copy()
    y[key] = value
    return y


def getitem_torch(torch, x, key):
    return x[key_in_torch(torch, x, key)]


def setitem_torch(torch, x, value, key):
    y = x.clone()
    y[key_in_torch(torch, x, key)] = value
    return y


def key_in_torch(torch, x, key):
    """`place_torch`, with slices that walk backwards as arrays of integers."""
    parts = key if isinstance(key, tuple) else (key,)
    if all(not isinstance(part, slice) or (part.step or 1) > 0 for part in parts):
        return place_torch(torch, key)
    places = np.arange(x.numel()).reshape(x.shape)[key]
    return tuple(torch.tensor(i) for i in np.unravel_index(places, x.shape))


def raw_place(key, like):
    """`place`, for an internal function: raw arrays."""
    placed = place(key, like)
    parts = placed if isinstance(placed, tuple) else (placed,)
    raw = tuple(p._array if isinstance(p, kt.GradArray) else p for p in parts)
    return raw if isinstance(placed, tuple) else raw[0]


def add_at_reference(values, key, shape):
    total = np.zeros(shape, dtype=values.dtype)
    np.add.at(total, key, values)
    return total


WRITTEN = (
    sample((3, 4), 1.5, name="scalar", key=(slice(1, 3), ...)),
    sample((3, 4), (), name="0d_value", key=(slice(1, 3), ...)),
    sample((3, 4), (4,), name="broadcast_value", key=(slice(1, 3), ...)),
    sample((3, 4), (2, 1), name="broadcast_columns", key=(slice(1, 3), ...)),
    sample((3, 4), (), name="0d_value_by_mask", key=MASK),
)


INDEXING = (
    Op(
        *("getitem", "GetItemGrad", getitem, lambda x, key: x[key]),
        key_samples(KEYS + REPEATED, READ_FAILS, read_sample),
        getitem_torch,
    ),
    Op(
        *("setitem", "SetItemGrad", setitem, setitem_reference),
        (*key_samples(KEYS, WRITE_FAILS, write_sample), *WRITTEN),
        setitem_torch,
    ),
    Op(
        *("add_at", "AddAtGrad"),
        lambda x, key, shape: add_at(x, raw_place(key, x), shape),
        add_at_reference,
        key_samples(KEYS + REPEATED, READ_FAILS, add_sample),
    ),
)


OPS = INDEXING
