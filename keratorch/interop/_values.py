"""Find the `GradArray`s among the arguments of another library's function, and unwrap them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.array import GradArray, get_raw
from ..errors import NotDifferentiableError

#: NumPy's functions that look for arrays of other libraries in ``like=`` only.
MAKERS = frozenset([
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "empty",
    "eye", "frombuffer", "fromfile", "fromfunction", "fromiter", "fromstring", "full", "genfromtxt",
    "identity", "loadtxt", "ones", "require", "tri", "zeros",
])  # fmt: skip


def qualified_name(function: Any) -> str:
    """The name of a NumPy function in the table, such as ``"sum"`` or ``"linalg.norm"``."""
    module = str(function.__module__).removeprefix("numpy").lstrip(".")
    return f"{module}.{function.__name__}" if module else str(function.__name__)


def not_differentiable(what: str, x: GradArray) -> NotDifferentiableError:
    """The error to raise if `what` has no rule and was given the tracked array `x`."""
    return NotDifferentiableError(
        f"{what} has no rule for a GradArray of shape {tuple(x.shape)}: use keratorch's own "
        "functions, or detach() to compute without a gradient"
    )


def arrays_in(value: Any) -> Iterator[GradArray]:
    """Every `GradArray` in nested tuples, lists and dicts."""
    if isinstance(value, GradArray):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            yield from arrays_in(v)
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))


def unwrapped(value: Any) -> Any:
    """`value`, with a NumPy array in place of every `GradArray`."""
    import numpy as np

    if isinstance(value, GradArray):
        array = get_raw(value)
        return array if type(array) is np.ndarray else np.asarray(value)
    if isinstance(value, tuple):
        return tuple(unwrapped(v) for v in value)
    if isinstance(value, list):
        return [unwrapped(v) for v in value]
    if isinstance(value, dict):
        return {k: unwrapped(v) for k, v in value.items()}
    return value
