"""The names of `cupy.linalg` 14.2.0 for type checkers: see `tests/mirror_stubs.py`."""

import builtins
from collections.abc import Callable
from typing import Any
from ..interop._mirror_types import ArrayFunction, Function
from numpy.linalg import LinAlgError as LinAlgError

cholesky: ArrayFunction
cond: ArrayFunction
cross: ArrayFunction
det: ArrayFunction
eig: Function
eigh: Function
eigvals: ArrayFunction
eigvalsh: ArrayFunction
inv: ArrayFunction
lstsq: Callable[..., builtins.tuple[Any, ...]]
matmul: ArrayFunction
matrix_power: ArrayFunction
matrix_rank: ArrayFunction
matrix_transpose: ArrayFunction
norm: ArrayFunction
pinv: ArrayFunction
qr: Function
slogdet: Function
solve: ArrayFunction
svd: Function
tensorinv: ArrayFunction
tensorsolve: ArrayFunction
