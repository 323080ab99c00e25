"""Rows of `op_specs` for linear algebra.

A body is written once, for keratorch, NumPy and PyTorch: it is given the library. Where outputs
are determined up to phases (eigenvectors, singular vectors) it returns what does not depend on
them. Hermitian matrices are made inside the body, so that differences perturb them as such.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keratorch.ops.linalg.determinants import adjugate
from tests.specs.exports import kt
from tests.specs.table import COMPLEX, Arg, Op, Sample, sample, with_xfails


def row(
    name: str,
    grad: str | None,
    body: Callable[..., Any],
    samples: tuple[Sample, ...],
    *,
    inside: bool = False,
    **changes: Any,
) -> Op:
    """A row whose function, reference and PyTorch function are one body."""
    values = {
        "function": lambda *xs, **kwargs: body(kt, *xs, **kwargs),
        "reference": lambda *xs, **kwargs: body(np, *xs, **kwargs),
        "torch": body,
    }
    return Op(name, grad, samples=samples, inside=inside, **(values | changes))


def matrices(*shapes: tuple[int, ...], **kwargs: Any) -> tuple[Sample, ...]:
    """Samples of regular matrices, named by shape."""
    return tuple(sample(Arg(s, "regular"), **kwargs) for s in shapes)


#: One matrix, a stack, an empty stack, one element, no element.
SQUARE = matrices((3, 3), (2, 3, 3), (2, 1, 2, 2), (0, 3, 3), (1, 1), (0, 0))
TALL = matrices((4, 3), (2, 4, 2), (3, 1), (0, 3, 2))
WIDE = matrices((3, 4), (2, 2, 4), (1, 3), (0, 2, 3))


MISSING = {"dask": "Dask has no such function"}


def single(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Dask's own functions of linear algebra take one matrix, and no stacks."""
    return tuple(
        with_xfails(s, dask="Dask takes one matrix, and no stacks")
        if any(len(a.shape) > 2 for a in s.args)
        else s
        for s in samples
    )


def adjoint(lib, x):
    return lib.conj(x.mT)


def hermitian(lib, x):
    return (x + adjoint(lib, x)) / 2


def size(lib, x):
    return lib.abs(x) ** 2


# -- products ------------------------------------------------------------------------------------


def vecdot(lib, x, y, axis=-1):
    if lib in (kt, np):
        return lib.vecdot(x, y, axis=axis)
    return lib.linalg.vecdot(x, y, dim=axis)


def tensordot(lib, x, y, axes=2):
    return lib.tensordot(x, y, dims=axes) if lib not in (kt, np) else lib.tensordot(x, y, axes=axes)


def outer(lib, x, y):
    return kt.linalg.outer(x, y) if lib is kt else lib.outer(x, y)


def cross(lib, x, y, axis=-1):
    if lib in (kt, np):
        return lib.linalg.cross(x, y, axis=axis)
    return lib.linalg.cross(x, y, dim=axis)


def diagonal(lib, x, offset=0):
    if lib in (kt, np):
        return lib.linalg.diagonal(x, offset=offset)
    return lib.linalg.diagonal(x, offset=offset)


def trace(lib, x, offset=0):
    if lib in (kt, np):
        return lib.linalg.trace(x, offset=offset)
    return lib.diagonal(x, offset=offset, dim1=-2, dim2=-1).sum(-1)


DIAGONALS = (
    sample((3, 4)),
    sample((2, 3, 3)),
    sample((3, 4), offset=1),
    sample((3, 4), offset=-2),
    sample((4, 2), offset=-1),
    sample((3, 4), offset=4),
    sample((3, 4), offset=-5),
    sample((0, 3, 3)),
    sample((4, 0)),
    sample((1, 1)),
)

PRODUCTS = (
    row(
        *("vecdot", "VecDotGrad", vecdot),
        (
            sample((3, 4), (3, 4)),
            sample((4,), (4,)),
            sample((3, 4), (4,)),
            sample((3, 1, 4), (2, 4)),
            sample((3, 4), (3, 4), axis=-2),
            sample((3, 1), (3, 4), axis=-2),
            sample((0,), (0,)),
            sample((4, 0), (4, 0)),
            sample((1,), (1,)),
        ),
    ),
    row(
        *("tensordot", None, tensordot),
        (
            sample((2, 3, 4), (3, 4, 2)),
            sample((3, 4), (4, 2), axes=1),
            sample((2,), (3,), axes=0),
            sample((2, 3, 4), (4, 2, 5), axes=((0, 2), (1, 0))),
            sample((3,), (3,), axes=1),
            sample((2, 0), (0, 3), axes=1),
            sample((0, 2), (2, 3), axes=1),
        ),
    ),
    row("outer", None, outer, (sample((3,), (4,)), sample((1,), (1,)), sample((0,), (2,)))),
    row(
        *("cross", "CrossGrad", cross),
        (
            sample((3,), (3,)),
            sample((2, 3), (2, 3)),
            sample((2, 3), (1, 3)),
            sample((3, 2), (3, 2), axis=-2),
            sample((0, 3), (0, 3)),
        ),
        xfails=MISSING,
    ),
    row("diagonal", "DiagonalGrad", diagonal, DIAGONALS),
    row("trace", None, trace, DIAGONALS),
    row(
        *("matrix_power", None, lambda lib, x, n: lib.linalg.matrix_power(x, n)),
        (
            *matrices((3, 3), (2, 3, 3), n=3),
            *matrices((2, 2), n=1),
            *single(matrices((3, 3), (2, 2, 2), n=-1)),
            *matrices((2, 2), n=-2),
            *matrices((1, 1), (0, 2, 2), n=2),
        ),
    ),
)

# -- decompositions ------------------------------------------------------------------------------


def cholesky(lib, x, upper=False):
    x = hermitian(lib, x)
    if lib is np:
        return np.linalg.cholesky(x, upper=upper) if x.size else x
    return lib.linalg.cholesky(x, upper=upper)


def qr(lib, x):
    return lib.linalg.qr(x)


def svd(lib, x):
    u, s, vh = lib.linalg.svd(x, full_matrices=False)
    return s, size(lib, u), size(lib, vh), (u * lib.tanh(s)[..., None, :]) @ vh


def svd_full(lib, x):
    return lib.linalg.svd(x, full_matrices=True)[1]


def eigh(lib, x):
    values, v = lib.linalg.eigh(hermitian(lib, x))
    return values, size(lib, v), (v * lib.tanh(values)[..., None, :]) @ adjoint(lib, v)


def apart(lib, x):
    """`x` with 0, 3, 6, … added on the diagonal: its eigenvalues are well apart."""
    diagonal = np.diag(3.0 * np.arange(x.shape[-1]))
    if lib is np:
        return x + diagonal.astype(x.dtype)
    if lib is kt:
        return x + kt.astype(kt.asarray(diagonal, device=x.device), x.dtype)
    return x + lib.asarray(diagonal).to(x.dtype)


def eig(lib, x):
    values, v = lib.linalg.eig(apart(lib, x))
    if lib is np:
        values, v = values + 0j, v + 0j
    powers = lib.exp(values / 4)[..., None, :]
    return values, size(lib, v), (v * powers) @ lib.linalg.inv(v)


def eigvals(lib, x):
    values = lib.linalg.eigvals(x)
    return values + 0j if lib is np else values


DECOMPOSITIONS = (
    row("cholesky", "CholeskyGrad", cholesky, single(SQUARE)),
    row("cholesky_upper", None, cholesky, single(matrices((3, 3), (2, 3, 3), upper=True))),
    row("qr", "QRGrad", qr, single(SQUARE[:-1] + TALL + WIDE)),
    row("svd", "SVDGrad", svd, single(SQUARE[:-1] + TALL + WIDE), inside=True),
    row(
        *("svd_full", "SVDGrad", svd_full),
        (
            *SQUARE[:1],
            *(with_xfails(s, dask="Dask has no full matrices") for s in TALL[:1] + WIDE[:1]),
        ),
    ),
    row(
        *("svdvals", "SVDValsGrad", lambda lib, x: lib.linalg.svdvals(x)),
        single(SQUARE[:-1] + TALL + WIDE),
    ),
    row("eigh", "EighGrad", eigh, SQUARE, inside=True, xfails=MISSING),
    row(
        "eigvalsh",
        "EigvalshGrad",
        lambda lib, x: lib.linalg.eigvalsh(hermitian(lib, x)),
        SQUARE,
        xfails=MISSING,
    ),
    row("eig", "EigGrad", eig, SQUARE, inside=True, xfails=MISSING),
    row("eigvals", "EigvalsGrad", eigvals, SQUARE, xfails=MISSING),
)

# -- solving -------------------------------------------------------------------------------------


def slogdet(lib, x):
    return tuple(lib.linalg.slogdet(x))


def adjugate_of(lib, x):
    if lib is kt:
        return adjugate(x)
    return lib.linalg.det(x)[..., None, None] * lib.linalg.inv(x)


def solve(lib, a, b):
    if lib not in (kt, np) and a.ndim == b.ndim + 1:
        b = b if b.ndim == 1 else b[None]  # PyTorch would take a matrix for vectors
    return lib.linalg.solve(a, b)


def systems(*pairs: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[Sample, ...]:
    return single(tuple(sample(Arg(a, "regular"), b) for a, b in pairs))


SOLVING = (
    row("det", "DetGrad", lambda lib, x: lib.linalg.det(x), SQUARE, xfails=MISSING),
    row("adjugate", None, adjugate_of, SQUARE[:-1], xfails=MISSING),
    row("slogdet", "SlogdetGrad", lambda lib, x: lib.linalg.slogdet(x)[1], SQUARE, xfails=MISSING),
    row("slogdet_sign", "SlogdetGrad", slogdet, SQUARE, dtypes=COMPLEX, xfails=MISSING),
    row("inv", "InvGrad", lambda lib, x: lib.linalg.inv(x), single(SQUARE)),
    row(
        "pinv",
        "PinvGrad",
        lambda lib, x: lib.linalg.pinv(x),
        SQUARE[:-1] + TALL + WIDE,
        xfails=MISSING,
    ),
    row(
        *("solve", "SolveGrad", solve),
        systems(
            ((3, 3), (3, 2)),
            ((3, 3), (3,)),
            ((2, 3, 3), (2, 3, 2)),
            ((2, 3, 3), (3, 2)),
            ((3, 3), (2, 3, 2)),
            ((2, 3, 3), (3,)),
            ((2, 1, 3, 3), (4, 3, 2)),
            ((3, 3, 3), (3, 3)),
            ((1, 1), (1, 1)),
            ((0, 2, 2), (0, 2, 1)),
            ((2, 2), (2, 0)),
        ),
    ),
)

# -- norms ---------------------------------------------------------------------------------------


def vector_norm(lib, x, axis=None, keepdims=False, ord=2):
    if lib in (kt, np):
        return lib.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    if ord == 0:  # no gradient there, 0 here
        return (x != 0).sum(dim=axis, keepdim=keepdims) + lib.real(x * 0).sum(dim=axis)
    return lib.linalg.vector_norm(x, ord, dim=axis, keepdim=keepdims)


def matrix_norm(lib, x, keepdims=False, ord="fro"):
    if lib in (kt, np):
        return lib.linalg.matrix_norm(x, keepdims=keepdims, ord=ord)
    return lib.linalg.matrix_norm(x, ord, keepdim=keepdims)


NORMED = (
    sample((3, 4)),
    sample((3, 4), axis=0),
    sample((2, 3, 4), axis=(0, -1), keepdims=True),
    sample((3, 4), ord=3),
    sample((3, 4), axis=-1, ord=1.5),
    sample(Arg((3, 4), "nonzero"), ord=0.5),
    sample(Arg((3, 4), "nonzero"), axis=-1, ord=-1),
    sample(Arg((3, 4), "nonzero"), axis=(1, 0), ord=-2, keepdims=True),
    sample((1,)),
    sample((0,)),
    sample((4, 0), axis=0),
)
NORMED_OTHERWISE = (
    *(sample((3, 4), axis=-1, ord=o) for o in (1, float("inf"), float("-inf"), 0)),
    sample((3, 4), ord=float("inf"), keepdims=True),
    sample((2, 3, 4), axis=(2, 0), ord=1, keepdims=True),
    sample(Arg((), "nonzero")),
    sample(Arg((), "nonzero"), ord=3, keepdims=True),
)
ORDS = ("nuc", 2, -2, "fro", 1, -1, float("inf"), float("-inf"))

NORMS = (
    row("vector_norm", "VectorNormGrad", vector_norm, NORMED),
    row("vector_norm_by_parts", None, vector_norm, NORMED_OTHERWISE),
    row(
        *("matrix_norm", None, matrix_norm),
        (
            *(sample(Arg((3, 4), "regular"), ord=o) for o in ORDS),
            *(sample(Arg((2, 3, 2), "regular"), ord=o, keepdims=True) for o in ORDS[3:]),
            *single(matrices((2, 3, 2), ord="nuc", keepdims=True)),
            *single(matrices((2, 3, 2), ord=2, keepdims=True)),
            *single(matrices((2, 3, 2), ord=-2, keepdims=True)),
            sample(Arg((1, 1), "regular"), ord=2),
            *single(matrices((0, 3, 2), ord="nuc")),
        ),
    ),
)

OPS = (*PRODUCTS, *DECOMPOSITIONS, *SOLVING, *NORMS)
