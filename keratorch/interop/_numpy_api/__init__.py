"""NumPy's functions, with NumPy's names and arguments, on `GradArray`s of any backend.

Each is written in keratorch's own differentiable functions, so that it works on every device and
to every order. ``np.sum(x)`` arrives here through ``__array_function__``; `keratorch.numpy` and
`keratorch.cupy` call the same table.
"""

from __future__ import annotations

from ._table import CONSTANT as CONSTANT
from ._table import FUNCTIONS as FUNCTIONS
from ._table import UFUNCS as UFUNCS

from . import (  # isort: skip
    creation as creation,
    diagonals as diagonals,
    differences as differences,
    einsums as einsums,
    elements as elements,
    fourier as fourier,
    indexing as indexing,
    inspecting as inspecting,
    joining as joining,
    linalg as linalg,
    nans as nans,
    ordering as ordering,
    padding as padding,
    polynomials as polynomials,
    products as products,
    quantiles as quantiles,
    reductions as reductions,
    shapes as shapes,
    signal as signal,
    statistics as statistics,
    ufunc_methods as ufunc_methods,
    writing as writing,
)
