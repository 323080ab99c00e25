"""Factors that a matrix does not determine: phases, and the columns that complete a basis.

A function of such a factor has a derivative only if it does not depend on the choice that the
library made. The gradient of the factor tells: it must not change the function along any choice.
"""

from __future__ import annotations

import math
from typing import Any

from ...core.array import GradArray
from ...errors import NotDifferentiableError
from .._operands import can_look
from ._matrices import adjoint


def refuse_phases(xp: Any, change: Any, to_vectors: Any, found: Any, message: str) -> Any:
    """`found`, if a turn of the phases changes nothing; else `NotDifferentiableError`.

    change : the derivatives in the phases, of the shape (…, k).
    to_vectors : the gradients of the vectors, as columns.

    Where the host cannot look, NaN takes the place of the error.
    """
    change, to_vectors = _detached(change), _detached(to_vectors)
    lengths = xp.sqrt(xp.sum(xp.abs(to_vectors) ** 2, axis=-2))
    return _refused(xp, xp.abs(change) > _rounding(xp, lengths), found, (-1,), message)


def of_first_columns(xp: Any, q: Any, k: int, to_q: Any, message: str) -> Any:
    """The gradient of the first `k` columns of a unitary `q`, with all that reached the others.

    The first columns determine the space of the others, and nothing their directions in it: a
    change Ω of the first columns towards the others changes the others by −q₁Ωᴴ. A function that
    depends on these directions raises `NotDifferentiableError`, or gets NaN where the host cannot
    look.
    """
    if to_q is None or q.shape[-1] == k:
        return to_q
    first, rest = to_q[..., :k], to_q[..., k:]
    used = xp.any(rest != 0, axis=(-2, -1))[..., None, None]
    if can_look(used) and not bool(xp.any(used)):
        return first
    others = q[..., k:]
    turned = xp.matmul(adjoint(xp, _detached(others)), _detached(rest))
    lengths = xp.sqrt(xp.sum(xp.abs(_detached(rest)) ** 2, axis=(-2, -1)))[..., None, None]
    wrong = xp.abs(turned - adjoint(xp, turned)) > _rounding(xp, lengths)
    first = _refused(xp, wrong, first, (-2, -1), message)
    # Where nothing reached the others, their tangents, which are NaN, must not matter.
    change = xp.matmul(others, xp.matmul(adjoint(xp, rest), q[..., :k]))
    return first - xp.where(used, change, 0.0)


def undetermined_columns(xp: Any, first: Any, count: int) -> Any:
    """`first` with `count` columns of NaN behind it."""
    if not count or first is None:
        return first
    shape = (*first.shape[:-1], count)
    nan = complex(math.nan, math.nan) if xp.isdtype(first.dtype, "complex floating") else math.nan
    device = getattr(first, "device", None)
    return xp.concat([first, xp.full(shape, nan, dtype=first.dtype, device=device)], axis=-1)


def _detached(a: Any) -> Any:
    return a.detach() if isinstance(a, GradArray) else a


def _rounding(xp: Any, size: Any) -> Any:
    """How far rounding may take a number from 0 that is made of numbers of `size`."""
    eps = float(xp.finfo(size.dtype).eps)
    return eps**0.5 * size + eps**0.75


def _refused(xp: Any, wrong: Any, found: Any, axes: tuple[int, ...], message: str) -> Any:
    """`found`; with NaN for the matrices that are `wrong`, or an error if the host can look."""
    if can_look(wrong):
        if bool(xp.any(wrong)):
            raise NotDifferentiableError(message)
        return found
    wrong = xp.any(wrong, axis=axes)[..., None, None]
    return xp.where(wrong, math.nan, found)


__all__ = ["of_first_columns", "refuse_phases", "undetermined_columns"]
