"""Solvers for linear systems given by matrix-vector products, on the arrays' own library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.nodes import raw_of
from ..core.recording import constant
from ..core.sync import waits
from ..errors import ConvergenceError, ShapeError

#: Up to this many unknowns, `solve` builds the matrix, column by column.
DENSE = 64
#: The number of vectors that GMRES keeps before a restart.
RESTART = 64
#: The number of cycles of GMRES.
CYCLES = 32


def solve(matvec: Callable[..., Any], b: list[GradArray], linear_solve: Any) -> list[GradArray]:
    """The arrays u for which ``matvec(*u)`` is `b`; `matvec` is linear over the real numbers.

    The unknowns form one real vector, which holds the real and the imaginary part of each complex
    array. `linear_solve` gets a product on such vectors and the vector of `b`; `None` is the
    default: a dense solution for up to `DENSE` unknowns, GMRES for more.
    """
    layout = _Layout(b)
    target = layout.vector([v._array for v in b])
    xp = layout.xp

    def product(u: Any) -> Any:
        found = matvec(*[constant(v) for v in layout.arrays(u)])
        return layout.vector([raw_of(v) for v in found])

    if not layout.size:
        return b
    if linear_solve is not None:
        u = linear_solve(product, target)
        u = raw_of(u)
        if tuple(u.shape) != tuple(target.shape):
            raise ShapeError(
                f"linear_solve returned an array of shape {tuple(u.shape)} for a vector of shape "
                f"{tuple(target.shape)}: they must be equal"
            )
    elif layout.size <= DENSE:
        numbers = xp.arange(layout.size, **layout.where)
        columns = [product(xp.astype(numbers == i, target.dtype)) for i in range(layout.size)]
        matrix = xp.stack(columns, axis=-1)
        u = _registry.of(target).linalg("solve")(matrix, target[:, None])[:, 0]
    else:
        u = gmres(xp, product, target)
    return [constant(v) for v in layout.arrays(u)]


class _Layout:
    """The layout of several arrays in one real vector."""

    def __init__(self, like: list[GradArray]) -> None:
        raws = [v._array for v in like]
        backend = _registry.of(raws[0])
        self.xp = backend.xp
        device = backend.device(raws[0])
        self.where = {} if device is None else {"device": backend.raw_device(device)}
        self.parts = [(tuple(r.shape), r.dtype, backend.is_complex(r.dtype)) for r in raws]
        self.counts = [v.size for v in like]
        self.size = sum(
            n * (2 if c else 1) for n, (_, _, c) in zip(self.counts, self.parts, strict=True)
        )
        xp = self.xp
        real = [xp.real(r) if c else r for r, (_, _, c) in zip(raws, self.parts, strict=True)]
        # At least float32: libraries cannot solve systems of a narrower dtype.
        self.dtype = xp.result_type(xp.float32, *[r.dtype for r in real])

    def vector(self, raws: list[Any]) -> Any:
        xp = self.xp
        flat: list[Any] = []
        for r, (_, _, in_complex) in zip(raws, self.parts, strict=True):
            for part in (xp.real(r), xp.imag(r)) if in_complex else (r,):
                flat.append(xp.astype(xp.reshape(part, (-1,)), self.dtype))
        return flat[0] if len(flat) == 1 else xp.concat(flat)

    def arrays(self, u: Any) -> list[Any]:
        xp = self.xp
        out: list[Any] = []
        start = 0
        for (shape, dtype, in_complex), n in zip(self.parts, self.counts, strict=True):
            part = u[start : start + n]
            start += n
            if in_complex:
                part = xp.astype(part, dtype) + 1j * xp.astype(u[start : start + n], dtype)
                start += n
            out.append(xp.astype(xp.reshape(part, shape), dtype))
        return out


def gmres(xp: Any, product: Callable[[Any], Any], b: Any) -> Any:
    """The solution of ``product(u) = b`` by restarted GMRES, almost to rounding error.

    Source: Y. Saad and M. Schultz, SIAM J. Sci. Stat. Comput. 7 (1986) 856. Each vector is
    orthogonalised twice. The host solves the small least-squares problems, in float64.

    Raises `ConvergenceError` if the residual stays larger than ``eps**0.75`` times `b` in norm.
    """
    import numpy as np

    waits("a linear system by GMRES", b.shape, "give linear_solve")
    rounding = float(xp.finfo(b.dtype).eps)
    norm_b = _norm(xp, b)
    if norm_b == 0:
        return b
    wanted = 50 * rounding * norm_b
    u = xp.zeros_like(b)
    b = _settled(b)
    r, size = b, norm_b
    for _ in range(CYCLES):
        basis = [r / size]
        h = np.zeros((RESTART + 1, RESTART))
        coefficients = np.zeros(0)
        for k in range(RESTART):
            w = _settled(product(basis[k]))
            stack = xp.stack(basis)
            for _twice in range(2):
                along = xp.sum(stack * w, axis=1)
                w = _settled(w - xp.sum(stack * along[:, None], axis=0))
                h[: k + 1, k] += np.asarray(_host(along), dtype=float)
            h[k + 1, k] = _norm(xp, w)
            right = np.zeros(k + 2)
            right[0] = size
            coefficients, *_ = np.linalg.lstsq(h[: k + 2, : k + 1], right, rcond=None)
            left = float(np.linalg.norm(h[: k + 2, : k + 1] @ coefficients - right))
            if left <= wanted or h[k + 1, k] <= rounding * float(np.abs(h).max()):
                break
            basis.append(_settled(w / float(h[k + 1, k])))
        for c, v in zip(coefficients, basis, strict=False):
            u = u + float(c) * v
        u = _settled(u)
        r = _settled(b - product(u))
        before, size = size, _norm(xp, r)
        if size <= wanted:
            return u
        if size > 0.9 * before:
            # No more progress: rounding errors of the dtype may allow no smaller residual.
            break
    if size <= rounding**0.75 * norm_b:
        return u
    raise ConvergenceError(
        f"implicit derivatives: GMRES left {size / norm_b:.1e} of the right-hand side of a linear "
        f"system of {b.shape[0]} unknowns: the derivative of the residual is singular or nearly "
        "so; give linear_solve"
    )


def _settled(v: Any) -> Any:
    """`v`; a lazy library computes it now, as it would otherwise compute it for each use."""
    return v.persist() if hasattr(v, "persist") else v


def _norm(xp: Any, v: Any) -> float:
    return float(xp.sqrt(xp.sum(v * v)))


def _host(v: Any) -> Any:
    return _registry.of(v).to_numpy(v)


__all__ = ["solve"]
