"""Which of the two computes ``series * x``: pandas with a constant, `GradArray` with a tracked one.

pandas turns the other side of its operators into values. It leaves the operation to one that has a
higher ``__pandas_priority__`` than its own, which it reads anew for each operation.
"""

from __future__ import annotations

import sys
from typing import Any

from ..backends import _registry
from ..core.array import GradArray, get_raw
from ..core.callers import table_that_asks
from ..core.nodes import is_tracked
from ..errors import LostGradientError, UnknownArrayError

_ABOVE_ALL = 5000  # pandas's own go to 4000


def takes_table(x: GradArray, table: Any) -> bool:
    """Whether `x` computes an operation with a table of pandas, and makes an array of it.

    With constants pandas does, except where it cannot: beside arrays of other libraries than NumPy,
    and beside a DataFrame those of 0 and 2 axes.
    """
    if is_tracked(x) or not _is_numpys(x):
        return True
    pandas = sys.modules["pandas"]
    return x.ndim != 1 and not isinstance(table, (pandas.Series, pandas.Index))


def _is_numpys(x: GradArray) -> bool:
    return _registry.of(get_raw(x)).name == "numpy"


def priority(self: GradArray) -> int:
    """What pandas reads before an operation; none where that is left to pandas."""
    table, in_place = table_that_asks()
    tracked = is_tracked(self)
    if in_place and tracked:
        raise LostGradientError(
            f"an in-place operator with a tracked array of shape {tuple(self.shape)} would write "
            f"it into a {type(table).__name__} of pandas, which would lose its gradient: write "
            "z = z - x in place of z -= x, which makes z a GradArray, or use x.detach()"
        )
    if in_place and _is_numpys(self) and takes_table(self, table):
        raise UnknownArrayError(
            f"pandas cannot write a GradArray of shape {tuple(self.shape)} into a "
            f"{type(table).__name__} with an in-place operator: give it x.numpy(), or x.item()"
        )
    if tracked or (table is not None and not in_place and takes_table(self, table)):
        return _ABOVE_ALL
    raise AttributeError("__pandas_priority__ of a constant: pandas takes its values")


__all__ = ["priority", "takes_table"]
