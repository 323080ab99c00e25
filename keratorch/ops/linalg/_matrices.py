"""Shared by the rules of linear algebra: checks, and matrix functions in any namespace."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...backends import _registry
from ...core.array import GradArray
from ...core.convert import as_operand
from ...core.recording import constant
from ...errors import DTypeError, ShapeError
from .._operands import as_array, is_complex

# -- before the call -----------------------------------------------------------------------------


def raw_function(x: GradArray, name: str) -> Callable[..., Any]:
    """The backend's ``linalg`` function of that name, for the raw array in `x`."""
    return _registry.of(x._array).linalg(name)


def call_raw(x: GradArray, name: str, *args: Any, **kwargs: Any) -> Any:
    """The result, one raw array, of the backend's ``linalg.name(x, ...)``."""
    a = x._array
    return as_array(a, raw_function(x, name)(a, *args, **kwargs))


def matrices(op: str, x: Any, *, square: bool = False, inexact: bool = True) -> GradArray:
    """`x` as an array of matrices; `ShapeError` for fewer than two axes.

    square : whether the matrices must be square, else `ShapeError`.
    inexact : whether they must be floating or complex, else `DTypeError`.
    """
    x = as_operand(x)
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise ShapeError(
            f"{op}: an array of shape {shape} is no matrix: it needs two axes at least; add one "
            "with None, as in x[:, None]"
        )
    if square and shape[-1] != shape[-2]:
        raise ShapeError(
            f"{op}: matrices of shape {shape[-2:]} in an array of shape {shape} are not square: "
            "the last two lengths must be equal"
        )
    if inexact:
        floating(op, x)
    return x


def floating(op: str, x: GradArray) -> None:
    """Raise `DTypeError` unless `x` is floating or complex."""
    if not _registry.of(x._array).is_inexact(x.dtype):
        raise DTypeError(
            f"{op} of an array of dtype {x.dtype} and shape {tuple(x.shape)}: it must be floating "
            "or complex; cast it with astype"
        )


def same_dtype(xp: Any, x: Any, like: Any) -> Any:
    """`x` in the dtype of `like`: not every library mixes dtypes in linear algebra."""
    return x if x.dtype == like.dtype else xp.astype(x, like.dtype)


# -- in any namespace ----------------------------------------------------------------------------


def adjoint(xp: Any, a: Any) -> Any:
    """``aᴴ``: transposed, and conjugated if complex."""
    turned = xp.matrix_transpose(a)
    return xp.conj(turned) if is_complex(a) else turned


def hermitian(xp: Any, a: Any) -> Any:
    """``(a + aᴴ)/2``."""
    return (a + adjoint(xp, a)) * 0.5


def conj(xp: Any, a: Any) -> Any:
    """The conjugate; `a` itself if it is real."""
    return xp.conj(a) if is_complex(a) else a


def real(xp: Any, a: Any) -> Any:
    """The real part; `a` itself if it is real."""
    return xp.real(a) if is_complex(a) else a


def places(xp: Any, shape: tuple[int, ...], like: Any) -> tuple[Any, Any]:
    """The row numbers as a column, and the column numbers as a row."""
    device = getattr(like, "device", None)
    rows, columns = (xp.arange(n, device=device) for n in shape[-2:])
    return rows[:, None], columns[None, :]


def triangle(xp: Any, a: Any, *, lower: bool) -> Any:
    """The lower or upper triangle of `a` with half of its diagonal."""
    rows, columns = places(xp, a.shape, a)
    inner = rows > columns if lower else rows < columns
    return xp.where(inner, a, xp.where(rows == columns, a * 0.5, 0.0))


def solved(xp: Any, a: Any, b: Any) -> Any:
    """``a⁻¹ b`` in a rule. In a stack, a singular matrix gets NaN, and the others their solution.

    A single singular matrix raises the library's error, if the library has one.
    """
    try:
        return xp.linalg.solve(a, b)
    except (ValueError, RuntimeError):  # the `LinAlgError`s of NumPy and of PyTorch
        if a.ndim < 3:
            raise
        bad = _singular(a)
        if bad is None:
            raise
    regular, nan = _in_place_of(xp, bad, a)
    return xp.linalg.solve(regular, b) * nan


def inverted(xp: Any, a: Any) -> Any:
    """``a⁻¹`` in a rule; a singular matrix as in `solved`."""
    try:
        return xp.linalg.inv(a)
    except (ValueError, RuntimeError):
        if a.ndim < 3:
            raise
        bad = _singular(a)
        if bad is None:
            raise
    regular, nan = _in_place_of(xp, bad, a)
    return xp.linalg.inv(regular) * nan


def _singular(a: Any) -> Any:
    """Which matrices of a stack are singular, of the shape (…, 1, 1); `None` for none."""
    raw = a._array if isinstance(a, GradArray) else a
    backend = _registry.of(raw)
    bad = as_array(raw, backend.linalg("slogdet")(raw)[0]) == 0
    bad = as_array(raw, bad)[..., None, None]
    if not bool(backend.xp.any(bad)):
        return None
    return constant(bad) if isinstance(a, GradArray) else bad


def _in_place_of(xp: Any, bad: Any, a: Any) -> tuple[Any, Any]:
    """`a` with unit matrices in place of the `bad` ones, and the factor NaN for these, else 1.

    The product 0·a carries the NaN on to the derivatives of the rule.
    """
    rows, columns = places(xp, a.shape, a)
    unit = xp.where(rows == columns, 1.0, a * 0.0)
    one = xp.ones_like(a[..., :1, :1])
    return xp.where(bad, unit, a), xp.where(bad, math.nan, one)


def embedded(xp: Any, d: Any, shape: tuple[int, ...], offset: int = 0) -> Any:
    """Matrices of `shape` with `d` on the diagonal `offset`, and zeros elsewhere."""
    rows, columns = places(xp, shape, d)
    before = min(max(-offset, 0), shape[-2])
    after = shape[-2] - before - d.shape[-1]
    if before or after:
        pads = [
            xp.zeros((*d.shape[:-1], n), dtype=d.dtype, device=getattr(d, "device", None))
            for n in (before, after)
        ]
        d = xp.concat([pads[0], d, pads[1]], axis=-1)
    return xp.where(columns == rows + offset, d[..., None], 0.0)


def over_gaps(xp: Any, w: Any, values: Any) -> Any:
    """``w[i, j] / (values[j] − values[i])``, and 0 on the diagonal."""
    rows, columns = places(xp, w.shape, w)
    gaps = values[..., None, :] - values[..., None]
    gaps = xp.where(rows == columns, 1.0, gaps)
    return xp.where(rows == columns, 0.0, w / gaps)


def scaled(a: Any, d: Any) -> Any:
    """``a @ diag(d)``."""
    return a * d[..., None, :]


def diagonal_of_product(xp: Any, a: Any, b: Any) -> Any:
    """The diagonal of ``aᴴ b``."""
    return xp.sum(conj(xp, a) * b, axis=-2)
