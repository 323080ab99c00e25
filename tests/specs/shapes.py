"""Rows of `op_specs`: shapes, joining, dtype and place."""

from __future__ import annotations

import numpy as np

from tests.specs.elementwise import elsewhere, torch_expand_dims, torch_flip
from tests.specs.exports import kt
from tests.specs.table import (
    REAL,
    SHAPES,
    Arg,
    Op,
    Sample,
    sample,
    unary_samples,
)

SHAPE = (
    Op(
        *("permute_dims", "TransposeGrad", kt.permute_dims, np.transpose),
        (
            sample((2, 3, 4), axes=(2, 1, 0)),
            sample((2, 3, 4), axes=(1, 2, 0)),
            sample((2, 3, 4), axes=(-1, 0, -2)),
            sample((), axes=()),
            sample((0,), axes=(0,)),
            sample((4, 0), axes=(1, 0)),
            sample((1,), axes=(-1,)),
        ),
        lambda torch, x, axes: torch.permute(x, axes),
        spellings=(
            lambda x, axes: x.T,
            lambda x, axes: x.transpose(),
            lambda x, axes: x.transpose(axes),
        ),
    ),
    Op(
        *("matrix_transpose", "TransposeGrad", kt.matrix_transpose, np.matrix_transpose),
        (sample((2, 3, 4)), sample((3, 4)), sample((4, 0)), sample((1, 1))),
        lambda torch, x: x.mT,
        spellings=(lambda x: x.mT,),
    ),
    Op(
        *("moveaxis", "TransposeGrad"),
        lambda x, source, destination: kt.moveaxis(x, source, destination),
        np.moveaxis,
        (
            sample((2, 3, 4), source=0, destination=-1),
            sample((2, 3, 4), source=(0, -1), destination=(1, 0)),
            sample((4, 0), source=1, destination=0),
            sample((1,), source=0, destination=0),
        ),
        "moveaxis",
    ),
    Op(
        *(
            "reshape",
            "ReshapeGrad",
            lambda x, shape: kt.reshape(x, shape),
            lambda a, shape: a.reshape(shape),
        ),
        (
            sample((3, 4), shape=(2, 6)),
            sample((3, 4), shape=(-1,)),
            sample((3, 4), shape=(2, -1, 3)),
            sample((), shape=(1,)),
            sample((1,), shape=()),
            sample((1,), shape=(1, 1)),
            sample((0,), shape=(0, 3)),
            sample((0,), shape=(-1,)),
            sample((4, 0), shape=(0,)),
            sample((4, 0), shape=(-1,)),
            sample((4, 0), shape=(2, 0, 5)),
        ),
        lambda torch, x, shape: torch.reshape(x, shape),
        spellings=(lambda x, shape: x.reshape(shape), lambda x, shape: x.reshape(*shape)),
    ),
    Op(
        *("expand_dims", "ReshapeGrad", kt.expand_dims, np.expand_dims),
        (
            sample((3, 4), axis=1),
            sample((3, 4), axis=-1),
            sample((), axis=0),
            sample((0,), axis=-2),
            sample((4, 0), axis=2),
            sample((1,), axis=1),
            sample((3, 4), axis=(0, -1)),
            sample((3, 4), axis=()),
        ),
        torch_expand_dims,
    ),
    Op(
        *("squeeze", "ReshapeGrad", kt.squeeze, np.squeeze),
        (
            sample((3, 1, 4), axis=1),
            sample((1, 3, 1), axis=(0, -1)),
            sample((1,), axis=-1),
            sample((1, 0), axis=0),
        ),
        lambda torch, x, axis: torch.squeeze(x, axis),
    ),
    Op(
        *("broadcast_to", "BroadcastGrad"),
        lambda x, shape: kt.broadcast_to(x, shape),
        np.broadcast_to,
        (
            sample((3, 1), shape=(3, 4)),
            sample((4,), shape=(2, 3, 4)),
            sample((), shape=(3,)),
            sample((), shape=()),
            sample((1,), shape=(0,)),
            sample((1,), shape=(1, 1)),
            sample((0,), shape=(3, 0)),
            sample((4, 1), shape=(4, 0)),
            sample((3, 4), shape=(3, 4)),
        ),
        lambda torch, x, shape: torch.broadcast_to(x, shape),
    ),
    Op(
        *("flip", "FlipGrad", kt.flip, np.flip),
        (
            sample((3, 4)),
            sample((3, 4), axis=0),
            sample((3, 4), axis=(-1, 0)),
            sample((3, 4), axis=-1),
            sample(()),
            sample((0,)),
            sample((4, 0), axis=0),
            sample((1,)),
        ),
        torch_flip,
    ),
    Op(
        *("concat", "ConcatGrad"),
        lambda *xs, axis=0: kt.concat(xs, axis=axis),
        lambda *xs, axis=0: np.concatenate(xs, axis=axis),
        (
            sample((3, 4), (2, 4)),
            sample((3, 2), (3, 4), (3, 1), axis=-1),
            sample((2, 1, 2), (2, 3, 2), axis=1),
            sample((3, 4)),
            sample((0, 4), (2, 4)),
            sample((0,), (0,)),
            sample((4, 0), (4, 0), axis=1),
            sample((1,), (1,)),
            sample((3, 4), (2,), axis=None),
            sample((), (2, 1), axis=None),
        ),
        lambda torch, *xs, axis=0: torch.cat(
            [x.reshape(-1) for x in xs] if axis is None else xs, dim=axis or 0
        ),
    ),
    Op(
        *("stack", "StackGrad"),
        lambda *xs, axis=0: kt.stack(xs, axis=axis),
        lambda *xs, axis=0: np.stack(xs, axis=axis),
        (
            sample((3, 4), (3, 4)),
            sample((3, 4), (3, 4), (3, 4), axis=-1),
            sample((3, 4), (3, 4), axis=1),
            sample((), ()),
            sample((0,), (0,)),
            sample((4, 0), (4, 0), axis=1),
            sample((1,)),
        ),
        lambda torch, *xs, axis=0: torch.stack(xs, dim=axis),
    ),
    Op(
        *("unstack", "UnstackGrad", kt.unstack),
        lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)),
        (
            sample((3, 4)),
            sample((2, 3, 4), axis=-1),
            sample((2, 3, 4), axis=1),
            sample((4, 0)),
            sample((1,)),
        ),
        lambda torch, x, axis=0: torch.unbind(x, dim=axis),
    ),
)


PLACE = (
    Op(
        *("astype", "AsTypeGrad", lambda x, dtype: kt.astype(x, dtype)),
        lambda x, dtype: x.astype(dtype),
        (
            sample((3, 4), dtype="complex128"),
            *(sample(s, dtype="complex128") for s in SHAPES[1:]),
            Sample("to_float64", (Arg((3,)),), {"dtype": "float64"}, dtypes=REAL),
            Sample("to_float32", (Arg((3,)),), {"dtype": "float32"}, REAL, differences=False),
            Sample("to_complex64", (Arg((3,)),), {"dtype": "complex64"}, differences=False),
        ),
        lambda torch, x, dtype: x.to(getattr(torch, dtype)),
        spellings=(lambda x, dtype: x.astype(dtype),),
    ),
    Op(
        *("copy", "CopyGrad", kt.copy, np.copy, unary_samples(), "clone"),
        spellings=(lambda x: x.copy(), lambda x: kt.asarray(x, copy=True)),
    ),
    Op("to_device", "ToDeviceGrad", elsewhere, np.copy, unary_samples(), "clone"),
)


OPS = (*SHAPE, *PLACE)
