"""What was given to a function of another library: which arrays, tracked or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.array import GradArray, get_raw
from ..errors import NotDifferentiableError

#: NumPy's functions that have ``like=``, and look for arrays of others in that alone.
MAKERS = frozenset([
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "empty",
    "eye", "frombuffer", "fromfile", "fromfunction", "fromiter", "fromstring", "full", "genfromtxt",
    "identity", "loadtxt", "ones", "require", "tri", "zeros",
])  # fmt: skip


def qualified_name(function: Any) -> str:
    """``"sum"`` or ``"linalg.norm"``: the name under which the table has a function of NumPy."""
    module = str(function.__module__).removeprefix("numpy").lstrip(".")
    return f"{module}.{function.__name__}" if module else str(function.__name__)


def not_differentiable(what: str, x: GradArray) -> NotDifferentiableError:
    """What to raise where `what` was given the tracked array `x`."""
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
    """`value`, with every `GradArray` in it as a NumPy array."""
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
