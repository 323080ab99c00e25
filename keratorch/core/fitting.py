"""What a rule returned, in the count, shapes and dtypes that its inputs have."""

from __future__ import annotations

from typing import Any

from ..backends._dtypes import is_complex_dtype
from ..errors import RuleError
from .nodes import op_name


def one_per_input(node: Any, found: Any, count: int) -> tuple[Any, ...]:
    """What a rule returned, as a tuple of one gradient per input."""
    if not isinstance(found, (tuple, list)):
        found = (found,)
    if len(found) != count:
        raise RuleError(count_message(node, found, count))
    return tuple(found)


def count_message(node: Any, found: Any, count: int) -> str:
    return (
        f"{op_name(node)}.backward returned {len(found)} gradients for {count} inputs: return "
        "one per input, None for one that has none"
    )


def reduced(node: Any, edge: Any, g: Any, xp: Any) -> Any:
    """`g` summed over the axes along which the input was broadcast."""
    want, have = tuple(edge.shape), tuple(g.shape)
    lead = len(have) - len(want)
    if lead > 0 and have[lead:] == want:
        return xp.sum(g, axis=0 if lead == 1 else tuple(range(lead)))
    axes = list(range(lead))
    for i, n in enumerate(want):
        if lead < 0 or have[lead + i] != n:
            if lead < 0 or n != 1:
                raise RuleError(
                    f"{op_name(node)}.backward returned a gradient of shape {have} for an input "
                    f"of shape {want}: return one that sums to the input's shape"
                )
            axes.append(lead + i)
    g = xp.sum(g, axis=tuple(axes))
    return xp.reshape(g, want) if tuple(g.shape) != want else g


def cast(node: Any, edge: Any, g: Any, xp: Any, backend: Any) -> Any:
    """`g` in the dtype of the input; the real part where that is real."""
    if not backend.is_inexact(g.dtype):
        if not backend.is_inexact(edge.dtype):
            return g
    elif backend.is_complex(g.dtype) and not is_complex_dtype(edge.dtype):
        g = xp.real(g)
    dtype = edge.dtype
    try:
        same = g.dtype == dtype
    except TypeError:
        same = False
    return g if same else xp.astype(g, backend.dtype(dtype))


__all__ = ["cast", "count_message", "one_per_input", "reduced"]
