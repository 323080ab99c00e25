"""More rows: linear algebra, transforms, special functions, moving and making arrays, sparse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .cases import (
    COLUMN,
    CUBE,
    FULL_INEXACT,
    INEXACT,
    INSIDE,
    LONG,
    POSITIVE,
    REAL,
    ROW,
    SQUARE,
    STACK,
    TALL,
    TALLS,
    Case,
    X,
    Y,
    named,
    words,
)

#: cuSOLVER and cuFFT have no float16.
DOUBLE_TO_SINGLE = ("float64", "float32", "complex128", "complex64")


def products() -> Iterator[Case]:
    settings = {"dtypes": INEXACT, "full": FULL_INEXACT, "inexact": 16}
    table: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
        "matmul": (lambda xp, a, b: a @ b.T, (X, Y)),
        "matmul-transposed": (lambda xp, a, b: a.T @ b, (X, Y)),
        "matmul-strided": (lambda xp, a, b: a[:, ::2] @ b[::2, 1:], (SQUARE, SQUARE)),
        "matmul-conjugate": (lambda xp, a: a.conj().T @ a, (X,)),
        "matmul-vector": (lambda xp, a, b: a @ b, (X, ROW)),
        "vector-matmul": (lambda xp, a, b: b @ a.T, (X, ROW)),
        "matmul-vectors": (lambda xp, a: a @ a, (ROW,)),
        "matmul-batch": (lambda xp, a, b: a @ b, (STACK, STACK[::-1])),
        "matmul-broadcast": (lambda xp, a, b: a[:, None] @ b, (STACK, STACK[:2])),
        "matmul-one": (lambda xp, a, b: a @ b, (STACK, SQUARE)),
        "matmul-big": (lambda xp, a: a @ a.T, (LONG,)),
        "matmul-empty": (lambda xp, a: a[:, :0] @ a[:, :0].T, (X,)),
        "dot": (lambda xp, a, b: xp.dot(a, b.T), (X, Y)),
        "dot-vectors": (lambda xp, a, b: xp.dot(a[0], b[0]), (X, Y)),
        "vdot": (named("vdot"), (X, Y)),
        "inner": (named("inner"), (X, Y)),
        "outer": (named("outer"), (ROW, COLUMN)),
        "kron": (named("kron"), (X, ROW)),
        "tensordot": (lambda xp, a, b: xp.tensordot(a, b, axes=([2, 0], [1, 0])), (CUBE, X[:2])),
        "einsum": (lambda xp, a, b: xp.einsum("ij,kj->ik", a, b), (X, Y)),
        "einsum-batch": (lambda xp, a, b: xp.einsum("bij,bjk->bik", a, b), (STACK, STACK)),
        "einsum-trace": (lambda xp, a: xp.einsum("bii->b", a), (STACK,)),
        "cross": (lambda xp, a, b: xp.cross(a[:, :3], b[:, :3]), (X, Y)),
    }
    del table["tensordot"]
    table["tensordot"] = (lambda xp, a, b: xp.tensordot(a, b, axes=([2, 1], [1, 0])), (CUBE, X))
    for name, (function, arrays) in table.items():
        yield Case(name, function, arrays, **settings)
    yield Case("matmul-whole", lambda xp, a, b: a @ b.T, (X, Y), ("int64",), ("int64", "int32"))


def _rebuilt_svd(full: bool) -> Callable[..., Any]:
    """U S V, S, UᴴU and V Vᴴ, because the factors U and V are not unique."""

    def function(xp: Any, a: Any) -> Any:
        u, s, v = xp.linalg.svd(a, full_matrices=full)
        k = s.shape[-1]
        eye = u.conj().swapaxes(-1, -2) @ u
        return (u[..., :k] * s[..., None, :]) @ v[..., :k, :], s, eye, v @ v.conj().swapaxes(-1, -2)

    return function


def _rebuilt_eigh(xp: Any, a: Any) -> Any:
    w, v = xp.linalg.eigh(a + a.conj().swapaxes(-1, -2))
    return w, (v * w[..., None, :]) @ v.conj().swapaxes(-1, -2)


def _rebuilt_eig(xp: Any, a: Any) -> Any:
    w, v = xp.linalg.eig(a)
    return xp.sort(w, axis=-1), abs(a @ v - v * w[..., None, :])


def _positive(function: str) -> Callable[..., Any]:
    def call(xp: Any, a: Any) -> Any:
        eye = xp.asarray(np.eye(4, dtype=a.dtype))
        return getattr(xp.linalg, function)(a @ a.conj().swapaxes(-1, -2) + eye)

    return call


def decompositions() -> Iterator[Case]:
    table: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {}
    for label, a in (("", SQUARE), ("-stack", STACK)):
        for name in ("inv", "det", "slogdet", "pinv"):
            table[f"{name}{label}"] = (named(f"linalg.{name}"), (a,))
        table[f"solve{label}"] = (named("linalg.solve"), (a, a.swapaxes(-1, -2) + 1))
        table[f"cholesky{label}"] = (_positive("cholesky"), (a,))
        table[f"eigvalsh{label}"] = (_positive("eigvalsh"), (a,))
        table[f"eigh{label}"] = (_rebuilt_eigh, (a,))
        table[f"eig{label}"] = (_rebuilt_eig, (a,))
    table["inv-fortran"] = (lambda xp, a: xp.linalg.inv(a.T), (SQUARE,))
    table["solve-vector"] = (lambda xp, a, b: xp.linalg.solve(a, b), (SQUARE, ROW))
    table["lstsq"] = (lambda xp, a, b: xp.linalg.lstsq(a, b, rcond=None)[0], (TALL, TALL[:, :2]))
    table["matrix_power"] = (lambda xp, a: xp.linalg.matrix_power(a, 3), (SQUARE,))
    table["det-singular"] = (lambda xp, a: xp.linalg.det(a * 0 + 1), (STACK,))
    shapes = {"tall": TALL, "wide": TALL.T, "square": SQUARE, "talls": TALLS}
    shapes["wides"] = TALLS.swapaxes(-1, -2)
    for label, a in shapes.items():
        table[f"svdvals-{label}"] = (lambda xp, a: xp.linalg.svd(a, compute_uv=False), (a,))
        for full in (False, True):
            table[f"svd-{label}-{full}"] = (_rebuilt_svd(full), (a,))
        for mode in ("reduced", "complete", "r"):
            table[f"qr-{label}-{mode}"] = (
                lambda xp, a, mode=mode: xp.linalg.qr(a, mode=mode),
                (a,),
            )
    for name, (function, arrays) in table.items():
        yield Case(f"linalg-{name}", function, arrays, INEXACT, DOUBLE_TO_SINGLE, 500)


def transforms() -> Iterator[Case]:
    for name in words(
        "fft ifft fft2 ifft2 fftn ifftn rfft rfft2 rfftn ihfft irfft irfft2 irfftn hfft"
    ):
        real = name in ("rfft", "rfft2", "rfftn", "ihfft")
        dtypes, full = (REAL, REAL) if real else (("complex128", "float64"), DOUBLE_TO_SINGLE)
        settings = {"dtypes": dtypes, "full": full, "inexact": 64}
        for label, a in (("even", CUBE), ("odd", CUBE[:, :, :3])):
            yield Case(f"fft-{name}-{label}", named(f"fft.{name}"), (a,), **settings)
        yield Case(
            f"fft-{name}-ortho",
            lambda xp, x, name=name: getattr(xp.fft, name)(x, norm="ortho"),
            (CUBE,),
            **settings,
        )
        if name.endswith("n"):
            yield Case(
                f"fft-{name}-axes",
                lambda xp, x, name=name: getattr(xp.fft, name)(x, axes=(1, 0)),
                (CUBE,),
                **settings,
            )
        elif not name.endswith("2"):
            for label, kwargs in (("axis", {"axis": 0}), ("longer", {"n": 7}), ("cut", {"n": 2})):
                yield Case(
                    f"fft-{name}-{label}",
                    lambda xp, x, name=name, kwargs=kwargs: getattr(xp.fft, name)(x, **kwargs),
                    (CUBE,),
                    **settings,
                )
    yield Case("fft-prime", lambda xp, x: xp.fft.fft(x, axis=1), (LONG[:, :127],), inexact=256)
    yield Case("fftshift", named("fft.fftshift"), (CUBE,))


def special() -> Iterator[Case]:
    """The special functions of keratorch, in SciPy and in `cupyx.scipy.special`."""

    def call(name: str) -> Callable[..., Any]:
        def function(xp: Any, *arrays: Any) -> Any:
            if xp is np:
                import scipy.special as library
            else:
                import cupyx.scipy.special as library
            return getattr(library, name)(*arrays)

        return function

    for name in words(
        "erf erfc erfinv expit i0 i0e i1 i1e j0 j1 log_expit log_ndtr ndtr exp2 cbrt sinc expm1",
        "log1p",
    ):
        yield Case(f"special-{name}", call(name), (INSIDE,), ("float64",), REAL, 64)
    for name in words("digamma gamma gammaln entr ndtri logit erfcinv"):
        values = 0.95 * POSITIVE / POSITIVE.max()
        yield Case(f"special-{name}", call(name), (values,), ("float64",), REAL, 64)
    for name in words("i0 i0e i1e j0 j1 erfc gammaln digamma log_ndtr expit gamma"):
        yield Case(f"special-{name}-far", call(name), (9 * POSITIVE,), ("float64",), REAL, 256)
    arrays = (POSITIVE, np.abs(Y) + 0.2)
    for name in words("betaln beta gammainc gammaincc kl_div rel_entr xlogy xlog1py"):
        yield Case(f"special-{name}", call(name), arrays, ("float64",), REAL, 64)
    arrays = (POSITIVE + 1, POSITIVE)
    yield Case("special-zeta", call("zeta"), arrays, ("float64",), ("float64",), 64)
    arrays = (POSITIVE, np.abs(Y) + 0.2, (INSIDE + 1) / 2)
    yield Case("special-betainc", call("betainc"), arrays, ("float64",), ("float64",), 256)

    def polygamma(xp: Any, x: Any) -> Any:
        return call("polygamma")(xp, xp.asarray(np.array([1, 2, 3])[:, None]), x)

    yield Case("special-polygamma", polygamma, (POSITIVE,), ("float64",), ("float64",), 64)
    for name in words("logsumexp softmax log_softmax"):
        yield Case(f"special-{name}", call(name), (X,), ("float64",), REAL, 16)


def shapes() -> Iterator[Case]:
    settings = {"dtypes": INEXACT, "full": (*FULL_INEXACT, "int64", "bool")}
    table: dict[str, Callable[..., Any]] = {
        "astype-float32": lambda xp, x: x.real.astype("float32"),
        "astype-float16": lambda xp, x: x.real.astype("float16"),
        "astype-int": lambda xp, x: (x.real * 3).astype("int32"),
        "astype-bool": lambda xp, x: x.astype("bool"),
        "astype-complex": lambda xp, x: x.astype("complex64"),
        "concatenate": lambda xp, x: xp.concatenate([x, x.T.copy().T, 2 * x], axis=1),
        "concatenate-0": lambda xp, x: xp.concatenate([x, x[:1]], axis=0),
        "stack": lambda xp, x: xp.stack([x, x], axis=1),
        "roll": lambda xp, x: xp.roll(x, (1, -1), axis=(0, 1)),
        "flip": lambda xp, x: xp.flip(x, axis=1).copy(),
        "repeat": lambda xp, x: xp.repeat(x, 2, axis=1),
        "repeats": lambda xp, x: xp.repeat(x, [2, 0, 3], axis=0),
        "tile": lambda xp, x: xp.tile(x, (2, 1, 2)),
        "tril": lambda xp, x: xp.tril(x, 1),
        "triu": lambda xp, x: xp.triu(x, -1),
        "broadcast": lambda xp, x: xp.broadcast_to(x[:, None], (3, 2, 4)).copy(),
        "reshape": lambda xp, x: x.T.reshape(2, 6),
        "transpose": lambda xp, x: xp.moveaxis(x, 0, 1).copy(),
        "pad": lambda xp, x: xp.pad(x, ((1, 0), (2, 1))),
        "pad-edge": lambda xp, x: xp.pad(x, 1, mode="edge"),
        "meshgrid": lambda xp, x: xp.meshgrid(x[0], x[1]),
        "diff": lambda xp, x: xp.diff(x.astype("complex128"), axis=1),
        "clip": lambda xp, x: xp.clip(x.real, 0, 1),
        "diag": lambda xp, x: xp.diag(x[0]),
        "zeros": lambda xp, x: xp.zeros_like(x) + xp.ones_like(x) + xp.full_like(x, 2),
        "eye": lambda xp, x: xp.eye(3, 4, 1, dtype=x.dtype),
        "arange": lambda xp, x: xp.arange(0, 7, 2, dtype="float64"),
        "linspace": lambda xp, x: xp.linspace(0, 1, 5),
        "windows": lambda xp, x: xp.lib.stride_tricks.as_strided(x, (2, 3), x.strides).copy(),
        "interp": lambda xp, x: xp.interp(abs(x[0]), xp.arange(4.0), xp.arange(4.0) ** 2),
        "nan_to_num": lambda xp, x: xp.nan_to_num(xp.where(x.real > 0, x, xp.nan)),
    }
    for name, function in table.items():
        yield Case(f"shape-{name}", function, (X,), **settings)


def triangles() -> Iterator[Case]:
    """Triangular systems with a matrix, its transpose and its conjugate transpose."""

    def library(xp: Any) -> Any:
        if xp is np:
            import scipy.linalg as found
        else:
            import cupyx.scipy.linalg as found
        return found

    for lower in (True, False):
        for trans in words("N T C"):

            def solved(xp: Any, a: Any, lower: bool = lower, trans: str = trans) -> Any:
                return library(xp).solve_triangular(a, a[:, :2], trans=trans, lower=lower)

            name = f"triangle-{'lower' if lower else 'upper'}-{trans}"
            full = ("float64", "float32", "complex128", "complex64")
            yield Case(name, solved, (SQUARE,), INEXACT, full, 256)


def sparse() -> Iterator[Case]:
    """Sparse matrices of SciPy and of `cupyx.scipy.sparse`, which computes with cuSPARSE."""
    settings = {"dtypes": INEXACT, "full": ("float64", "float32", "complex128", "complex64")}

    def library(xp: Any) -> Any:
        if xp is np:
            import scipy.sparse as found
        else:
            import cupyx.scipy.sparse as found
        return found

    def made(xp: Any, form: str, x: Any) -> Any:
        return getattr(library(xp), f"{form}_matrix")(xp.where(abs(x) > 0.6, x, 0).astype(x.dtype))

    def unsorted(xp: Any, x: Any) -> Any:
        """A COO matrix with unsorted elements; two positions occur twice."""
        row, column = xp.asarray([2, 0, 1, 2, 0, 1, 2]), xp.asarray([3, 1, 0, 0, 1, 2, 0])
        return library(xp).coo_matrix((x.ravel()[:7].copy(), (row, column)), shape=(3, 4))

    def sorted_rows(xp: Any, x: Any) -> Any:
        starts, columns = xp.asarray([0, 2, 2, 6]), xp.asarray([3, 1, 2, 0, 3, 1])
        a = library(xp).csr_matrix((x.ravel()[:6].copy(), columns, starts), shape=(3, 4))
        a.sort_indices()
        return [a.data, a.indices.astype("int64"), a.indptr.astype("int64"), a.T @ x[:, 0]]

    for form in words("csr csc coo"):
        table: dict[str, Callable[..., Any]] = {
            "vector": lambda xp, x, form=form: made(xp, form, x) @ x[0],
            "matrix": lambda xp, x, form=form: made(xp, form, x) @ x.T,
            "transposed": lambda xp, x, form=form: made(xp, form, x).T @ x,
            "adjoint": lambda xp, x, form=form: made(xp, form, x).conj().T @ x[:, 1],
            "dense": lambda xp, x, form=form: made(xp, form, x).toarray(),
            "empty": lambda xp, x, form=form: made(xp, form, 0 * x) @ x[0],
        }
        for name, function in table.items():
            yield Case(f"sparse-{form}-{name}", function, (X,), **settings)
        for other in words("csr csc coo"):

            def converted(xp: Any, x: Any, form: str = form, other: str = other) -> Any:
                return getattr(made(xp, form, x), f"to{other}")().toarray()

            yield Case(f"sparse-{form}-{other}", converted, (X,), **settings)
    for other in words("csr csc"):

        def summed(xp: Any, x: Any, other: str = other) -> Any:
            a = getattr(unsorted(xp, x), f"to{other}")()
            return [a.toarray(), a @ x[0]]

        yield Case(f"sparse-unsorted-{other}", summed, (X,), **settings)
    yield Case("sparse-sorted_rows", sorted_rows, (X,), **settings)


CASES = [
    *products(),
    *decompositions(),
    *transforms(),
    *special(),
    *shapes(),
    *triangles(),
    *sparse(),
]
