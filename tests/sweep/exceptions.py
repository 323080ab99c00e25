"""What differs from the exact values by more than 32 units, and why.

An exception names a row, dtypes, and a region; within it the errors stay below `bound`. Infinity is
the bound of what is NaN or not right at all. An exception that nothing needs fails the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ALL = ("float16", "float32", "float64")
INF = float("inf")

#: From the arguments and the exact value, all as float64, to where an exception holds.
Region = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Known:
    """An exception.

    rows : the names of the rows, in one string.
    orders : the orders of the derivatives; 0 is the value.
    region : where it holds, in words, and as a function of the columns of arguments.
    nan : whether the wrong results are all NaN: loud, and no exception to "right or NaN".
    backends : the libraries that it is about.
    """

    rows: str
    orders: tuple[int, ...]
    region: Region
    where: str
    bound: float
    reason: str
    dtypes: tuple[str, ...] = ALL
    nan: bool = False
    backends: tuple[str, ...] = ("numpy",)

    def holds(self, row: str, dtype: str, order: int, backend: str) -> bool:
        return (
            row in self.rows.split()
            and dtype in self.dtypes
            and order in self.orders
            and backend in self.backends
        )


KNOWN: tuple[Known, ...] = ()
