"""``ndenumerate`` of `keratorch.numpy`: the places and the elements of an array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core import filled
from ..core.convert import as_operand
from ._lists import holds_array


class ndenumerate:
    """`numpy.ndenumerate`, which gives differentiable elements of shape () of a `GradArray`."""

    def __init__(self, arr: Any) -> None:
        self._pairs: Iterator[tuple[Any, Any]]
        if type(arr) in filled.classes:  # the loop may fill it
            self._pairs = ((place, arr[place]) for place in np.ndindex(tuple(arr.shape)))
            return
        if not holds_array(arr):
            self._pairs = np.ndenumerate(arr)
            return
        x = as_operand(arr)
        self._pairs = ((place, x[place]) for place in np.ndindex(tuple(x.shape)))

    def __iter__(self) -> ndenumerate:
        return self

    def __next__(self) -> tuple[tuple[int, ...], Any]:
        return next(self._pairs)


__all__ = ["ndenumerate"]
