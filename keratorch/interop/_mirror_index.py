"""``r_`` and ``c_``, which join the pieces in their brackets."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as kt
from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand
from ..errors import NotDifferentiableError
from ._values import arrays_in


class Rows:
    """``r_[x, 0.0, 1:4]``: the pieces joined along `axis`.

    plain : the library's own ``r_`` or ``c_``, which joins pieces without a `GradArray`.
    after : a piece with too few axes gets the new ones at its end, as in ``c_``.
    """

    def __init__(self, plain: Any, axis: int, after: bool) -> None:
        self.plain = plain
        self.axis = axis
        self.after = after

    def __getitem__(self, key: Any) -> Any:
        key = key if isinstance(key, tuple) else (key,)
        like = next(arrays_in(key), None)
        if like is None:
            return self.plain[key]

        if any(isinstance(piece, str) for piece in key):
            raise NotDifferentiableError(
                "r_ and c_ with directives in a string have no rule for GradArrays: use "
                "concatenate or stack"
            )
        pieces = [self._piece(piece, like) for piece in key]
        ndim = max([2 if self.after else 1, *(p.ndim for p in pieces)])
        return kt.concat([self._raised(p, ndim) for p in promoted(pieces)], axis=self.axis)

    def _piece(self, piece: Any, like: GradArray) -> GradArray:

        if isinstance(piece, slice):
            raw = self.plain[piece]
            return kt.asarray(raw.ravel() if self.after else raw)

        if isinstance(piece, np.ndarray):
            backend = _registry.of(like._array)
            piece = backend.from_numpy(piece, backend.device(like._array))
        x = as_operand(piece, None if hasattr(piece, "shape") else like)
        return x if x.ndim else kt.reshape(x, (1,))

    def _raised(self, x: GradArray, ndim: int) -> GradArray:

        new = (1,) * (ndim - x.ndim)
        shape = tuple(x.shape)
        return kt.reshape(x, (*shape, *new) if self.after else (*new, *shape)) if new else x


def promoted(pieces: list[GradArray]) -> Any:
    """The pieces in one dtype."""
    from ._numpy_api._arguments import promoted as promote

    return promote("concatenate", pieces)


__all__ = ["Rows"]
