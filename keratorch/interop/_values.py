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

#: NumPy's functions that write into their first argument.
WRITERS = frozenset(["copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal"])

#: NumPy's functions that write values to files.
_SAVERS = frozenset(["save", "savetxt", "savez", "savez_compressed"])


def qualified_name(function: Any) -> str:
    """The name of a NumPy function in the table, such as ``"sum"`` or ``"linalg.norm"``."""
    module = str(function.__module__).removeprefix("numpy").lstrip(".")
    return f"{module}.{function.__name__}" if module else str(function.__name__)


def not_differentiable(what: str, x: GradArray) -> NotDifferentiableError:
    """The error to raise if `what` has no rule and was given the tracked array `x`."""
    if what.removeprefix("numpy.") in _SAVERS:
        return NotDifferentiableError(
            f"{what} of a tracked array of shape {tuple(x.shape)}: a file has values and no "
            "gradient: pass x.numpy(), which copies the values to the host"
        )
    return NotDifferentiableError(
        f"{what} has no rule for a GradArray of shape {tuple(x.shape)}: write it in functions "
        "that have one (docs/ops.md and docs/numpy.md list them), or pass x.detach(), which has no "
        "gradient"
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
