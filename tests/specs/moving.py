"""Rows of `op_specs`: rolling, repeating, grids and triangles."""

from __future__ import annotations

import numpy as np

from tests.specs.exports import kt
from tests.specs.table import Op, ints, place, sample


def roll(x, shift, axis=None):
    return kt.roll(x, shift, axis=axis)


def repeat(x, repeats, axis=None):
    return kt.repeat(x, place(repeats, x), axis=axis)


def repeat_reference(x, repeats, axis=None):
    return np.repeat(x, repeats, axis=axis)


def torch_repeat(torch, x, repeats, axis=None):
    repeats = torch.tensor(repeats) if isinstance(repeats, np.ndarray) else repeats
    return torch.repeat_interleave(x, repeats, dim=axis)


def tile(x, repetitions):
    return kt.tile(x, repetitions)


def tile_reference(x, repetitions):
    return np.tile(x, repetitions)


def torch_tile(torch, x, repetitions):
    return torch.tile(x, repetitions)


def meshgrid(*xs, indexing="xy"):
    return kt.meshgrid(*xs, indexing=indexing)


def meshgrid_reference(*xs, indexing="xy"):
    return tuple(np.meshgrid(*xs, indexing=indexing))


def torch_meshgrid(torch, *xs, indexing="xy"):
    return torch.meshgrid(*xs, indexing=indexing)


def linspace(start, stop, num, endpoint=True):
    return kt.linspace(start, stop, num, endpoint=endpoint)


TRIANGLES = (
    sample((3, 4)),
    sample((4, 3), k=1),
    sample((2, 3, 3), k=-1),
    sample((3, 4), k=9),
    sample((1, 1)),
    sample((4, 0)),
)

OPS = (
    Op(
        *("roll", "RollGrad", roll, np.roll),
        (
            sample((3, 4), shift=1, axis=0),
            sample((3, 4), shift=(1, -2), axis=(0, -1)),
            sample((3, 4), shift=-5, axis=1),
            sample((3, 4), shift=2, axis=(0, 1)),
            sample((0,), shift=1, axis=0),
            sample((4, 0), shift=2, axis=0),
            sample((1,), shift=3, axis=0),
        ),
        lambda torch, x, shift, axis: torch.roll(
            x,
            shift if not isinstance(axis, tuple) or isinstance(shift, tuple) else (shift,) * 2,
            axis,
        ),
    ),
    Op(
        *("roll_flat", "ReshapeGrad", roll, np.roll),
        (sample((3, 4), shift=5), sample((), shift=1), sample((4, 0), shift=1)),
        lambda torch, x, shift: torch.roll(x, shift),
    ),
    Op(
        *("repeat", "ReshapeGrad", repeat, repeat_reference),
        (
            sample((3, 4), repeats=2),
            sample((3, 4), repeats=3, axis=0),
            sample((2, 3, 4), repeats=2, axis=1),
            sample((3, 4), repeats=0, axis=-1),
            sample((), repeats=2),
            sample((0,), repeats=2),
            sample((4, 0), repeats=2, axis=0),
            sample((1, 3), repeats=3, axis=0),
            sample((2, 3), repeats=1, axis=1),
        ),
        torch_repeat,
        inside=True,  # one layer, spread, is copied
    ),
    Op(
        *("repeat_by_array", "TakeGrad", repeat, repeat_reference),
        (
            sample((3, 4), name="rows", repeats=ints(2, 0, 1), axis=0),
            sample((3, 4), name="columns", repeats=ints(1, 3, 2, 0), axis=1),
            sample((3,), name="flat", repeats=ints(1, 2, 3)),
            sample((3, 4), name="one", repeats=ints(2), axis=0),
        ),
        torch_repeat,
        xfails={"dask": "Dask repeats by a number alone"},
    ),
    Op(
        *("tile", "ReshapeGrad", tile, tile_reference),
        (
            sample((3, 4), repetitions=(2, 3)),
            sample((3, 4), repetitions=(2,)),
            sample((3,), repetitions=(2, 1, 2)),
            sample((3, 4), repetitions=(0, 2)),
            sample((), repetitions=(3,)),
            sample((0,), repetitions=(2,)),
            sample((4, 0), repetitions=(2, 2)),
            sample((1, 3), repetitions=(3, 1)),
        ),
        torch_tile,
        inside=True,  # one layer, spread, is copied
    ),
    Op(
        *("tile_once", "CopyGrad", tile, tile_reference),
        (sample((3, 4), repetitions=(1, 1, 1)), sample((3,), repetitions=())),
    ),
    Op(
        *("linspace", "AddGrad", linspace, np.linspace),
        (
            sample((), (), num=5),
            sample((), 2.0, num=3, endpoint=False),
            sample(1.0, (), num=1),
            sample((), (), num=0),
        ),
        composed=True,
    ),
    Op("tril", "TrilGrad", kt.tril, np.tril, TRIANGLES, lambda torch, x, k=0: torch.tril(x, k)),
    Op("triu", "TriuGrad", kt.triu, np.triu, TRIANGLES, lambda torch, x, k=0: torch.triu(x, k)),
    Op(
        *("meshgrid", "CopyGrad", meshgrid, meshgrid_reference),
        (
            sample((3,), (4,)),
            sample((3,), (4,), indexing="ij"),
            sample((2,), (3,), (4,)),
            sample((2,), (0,)),
            sample((1,)),
        ),
        torch_meshgrid,
    ),
)
