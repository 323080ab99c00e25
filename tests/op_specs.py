"""One row per operation: its function, its `Grad`, a NumPy reference, and samples.

The tests of `tests/backend` go through this table on every backend, dtype and layout. The first
sample of a row is its main case, the others are edge cases. The rows are in `tests/specs`.
"""

from tests.specs import (
    elementwise,
    fft,
    indexing,
    linalg,
    moving,
    shapes,
    sorting,
    special,
    statistics,
    windows,
)
from tests.specs.table import COMPLEX as COMPLEX
from tests.specs.table import REAL as REAL
from tests.specs.table import Arg as Arg
from tests.specs.table import Op as Op
from tests.specs.table import Sample as Sample

OPS = (
    *elementwise.OPS,
    *shapes.OPS,
    *indexing.OPS,
    *windows.OPS,
    *linalg.OPS,
    *special.OPS,
    *fft.OPS,
    *statistics.OPS,
    *sorting.OPS,
    *moving.OPS,
)
BY_NAME = {op.name: op for op in OPS}
