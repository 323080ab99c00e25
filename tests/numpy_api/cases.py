"""What a case is: one call of a function of NumPy, written once for every module that has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One call.

    name : of the function, as in the table: ``"sum"``, ``"linalg.norm"``.
    call : takes the module (``numpy`` or one with its functions) and the arrays.
    inputs : floating or complex NumPy arrays, to be differentiated in.
    order : up to which derivatives are compared with differences; 0 where there are none, -1
        where there are some, but not at these inputs (or no differences there).
    numpy_only : why the call is one for NumPy's arrays alone, if it is.
    """

    name: str
    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    order: int = 2
    note: str = ""
    numpy_only: str = ""


def array(*shape: int, seed: int = 0, complex: bool = False) -> Any:
    """Random numbers of `shape`, the same for the same shape and seed."""
    rng = np.random.default_rng([seed, *shape])
    values = rng.standard_normal(shape)
    return values + 1j * rng.standard_normal(shape) if complex else values


def positive(*shape: int, seed: int = 0) -> Any:
    """Random numbers of `shape` above 0.5."""
    return 0.5 + np.abs(array(*shape, seed=seed))


#: Reasons why a case is for NumPy's arrays alone.
BESIDE = "NumPy arrays beside the inputs"
ORDER = "only NumPy's arrays tell their order in memory"
