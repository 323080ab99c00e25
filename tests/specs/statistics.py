"""Rows of `op_specs`: products, variances, running totals and differences."""

from __future__ import annotations

import array_api_compat.numpy as compat
import numpy as np

from tests.specs.exports import kt
from tests.specs.table import (
    EMPTY_REDUCED,
    REAL,
    REDUCED,
    Op,
    Sample,
    sample,
)


def torch_prod(torch, x, axis=None, keepdims=False):
    axes = range(x.ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    for i in sorted((i % x.ndim for i in axes), reverse=True):
        x = torch.prod(x, dim=i, keepdim=keepdims)
    return x


def torch_spread(name):
    def function(torch, x, axis=None, correction=0.0, keepdims=False):
        axis = tuple(range(x.ndim)) if axis is None else axis
        return getattr(torch, name)(x, dim=axis, correction=correction, keepdim=keepdims)

    return function


def spread_reference(name):
    def function(x, axis=None, correction=0.0, keepdims=False):
        return getattr(np, name)(x, axis=axis, ddof=correction, keepdims=keepdims)

    return function


def running_reference(name):
    def function(x, axis=None, include_initial=False):
        axis = 0 if axis is None else axis
        return getattr(compat, name)(x, axis=axis, include_initial=include_initial)

    return function


def torch_running(name, initial):
    def function(torch, x, axis=0, include_initial=False):
        y = getattr(torch, name)(x, dim=axis)
        if not include_initial:
            return y
        shape = list(x.shape)
        shape[axis] = 1
        return torch.cat([torch.full(shape, initial, dtype=x.dtype), y], dim=axis)

    return function


def diff(*xs, axis=-1, n=1, joined=""):
    """`kt.diff`, or NumPy's, of the first array with the others before or after it."""
    module = kt if isinstance(xs[0], kt.GradArray) else np
    names = {"both": ("prepend", "append"), "": ()}.get(joined, (joined,))
    return module.diff(xs[0], n=n, axis=axis, **dict(zip(names, xs[1:], strict=True)))


def torch_diff(torch, *xs, axis=-1, n=1, joined=""):
    names = {"both": ("prepend", "append"), "": ()}.get(joined, (joined,))
    return torch.diff(xs[0], n=n, dim=axis, **dict(zip(names, xs[1:], strict=True)))


RUNNING = (
    sample((5,)),
    sample((3, 4), axis=0),
    sample((3, 4), axis=-1),
    sample((2, 3, 4), axis=1),
    sample((5,), include_initial=True),
    sample((3, 4), axis=0, include_initial=True),
    sample((1,)),
    sample((0,)),
    sample((4, 0), axis=0),
    sample((4, 0), axis=1),
)
#: Those without a degree of freedom come out as NaN: see test_statistics.
SPREAD = (
    sample((3, 4)),
    sample((3, 4), correction=1),
    sample((3, 4), correction=0.5),
    sample((3, 4), axis=0, correction=2),
    sample((3, 4), axis=-1, keepdims=True),
    sample((2, 3, 4), axis=(0, -1)),
    sample((2, 3, 4), axis=(2, 1), keepdims=True, correction=1),
)
CONSTANT_SPREAD = (Sample("one", sample((1,)).args, differences=False),)

OPS = (
    Op(
        *("prod", "ProdGrad", kt.prod, np.prod, REDUCED + EMPTY_REDUCED, torch_prod),
        spellings=(kt.GradArray.prod,),
    ),
    Op(
        *("cumulative_sum", "CumulativeSumGrad", kt.cumulative_sum),
        *(running_reference("cumulative_sum"), RUNNING, torch_running("cumsum", 0)),
    ),
    Op(
        *("cumulative_prod", "CumulativeProdGrad", kt.cumulative_prod),
        *(running_reference("cumulative_prod"), RUNNING, torch_running("cumprod", 1)),
    ),
    Op(
        *("var", "VarGrad", kt.var, spread_reference("var"), SPREAD + CONSTANT_SPREAD),
        *(torch_spread("var"), (), REAL),
    ),
    Op(
        *("std", "StdGrad", kt.std, spread_reference("std"), SPREAD + CONSTANT_SPREAD),
        *(torch_spread("std"), (), REAL),
    ),
    Op(
        *("diff", "SubtractGrad", diff, diff),
        (
            sample((5,)),
            sample((3, 4), axis=0),
            sample((3, 4), n=2),
            sample((2, 5, 2), axis=1, n=3),
            sample((3, 4), (3, 2), joined="prepend"),
            sample((3, 4), (1, 4), axis=0, joined="append"),
            sample((3,), (1,), (2,), joined="both"),
            sample((1,)),
            sample((4, 0), axis=0),
            sample((3,), n=5),
        ),
        torch_diff,
        composed=True,
    ),
)
