"""The programs of `test_write_fuzz` in PyTorch, where views that walk backwards are copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.test_write_fuzz import WORLDS, Library, check_gradients, check_values

torch = pytest.importorskip("torch")


def makes_no_element(step: tuple[Any, ...], arrays: list[Any]) -> bool:
    """Whether nothing is read by integers alone: PyTorch has a view where NumPy has a scalar."""
    kind, i, *rest = step
    x = arrays[i]
    if kind not in ("view", "item"):
        return True
    if kind == "view" and rest[0] == "unstack":
        return x.ndim > 1
    if kind == "view" and rest[0] != "getitem":
        return True
    key = rest[1] if kind == "view" else rest[0]
    parts = key if isinstance(key, tuple) else (key,)
    return len(parts) < x.ndim or not all(isinstance(part, int) for part in parts)


def with_lists(step: tuple[Any, ...]) -> tuple[Any, ...]:
    """The step, with lists for NumPy's arrays of integers."""
    return tuple([part.tolist() if isinstance(part, np.ndarray) else part for part in step])


#: Refused is what must show in a copy, where the array between them is gone or was detached.
TORCH = Library(
    lambda array: torch.from_numpy(np.array(array)), with_lists, makes_no_element, refused=0.01
)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("block", range(4))
def test_values_are_those_of_numpy(world: str, block: int):
    check_values(world, block, TORCH)


@pytest.mark.parametrize("world", ["tracked", "mixed"])
@pytest.mark.parametrize("block", range(4))
def test_gradients_are_those_of_the_program(world: str, block: int):
    check_gradients(world, block, TORCH)
