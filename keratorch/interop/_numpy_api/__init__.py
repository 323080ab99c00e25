"""NumPy's functions, with NumPy's names and arguments, on `GradArray`s of any backend.

Each is written in keratorch's own differentiable functions, so it works on every device and has
derivatives of every order. ``np.sum(x)`` arrives here through ``__array_function__``;
`keratorch.numpy` and `keratorch.cupy` call the same table.
"""

from __future__ import annotations

from . import (
    creation as creation,
)
from . import (
    diagonals as diagonals,
)
from . import (
    differences as differences,
)
from . import (
    einsums as einsums,
)
from . import (
    elements as elements,
)
from . import (
    fourier as fourier,
)
from . import (
    histograms as histograms,
)
from . import (
    indexing as indexing,
)
from . import (
    inspecting as inspecting,
)
from . import (
    joining as joining,
)
from . import (
    linalg as linalg,
)
from . import (
    nans as nans,
)
from . import (
    ordering as ordering,
)
from . import (
    padding as padding,
)
from . import (
    polynomials as polynomials,
)
from . import (
    products as products,
)
from . import (
    quantiles as quantiles,
)
from . import (
    reductions as reductions,
)
from . import (
    scimath as scimath,
)
from . import (
    shapes as shapes,
)
from . import (
    signal as signal,
)
from . import (
    statistics as statistics,
)
from . import (
    ufunc_methods as ufunc_methods,
)
from . import (
    writing as writing,
)
from ._table import CONSTANT as CONSTANT
from ._table import FUNCTIONS as FUNCTIONS
from ._table import UFUNCS as UFUNCS
