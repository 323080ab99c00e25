"""The names of `numpy.linalg` 2.4.6 for type checkers: see `tests/mirror_stubs.py`."""

import builtins
from collections.abc import Callable
from typing import Any
from ..interop._mirror_types import ArrayFunction, Function
from numpy.linalg import LinAlgError as LinAlgError

cholesky: ArrayFunction
cond: ArrayFunction
cross: ArrayFunction
det: ArrayFunction
diagonal: ArrayFunction
eig: Function
eigh: Function
eigvals: ArrayFunction
eigvalsh: ArrayFunction
inv: ArrayFunction
lstsq: Callable[..., builtins.tuple[Any, ...]]
matmul: ArrayFunction
matrix_norm: ArrayFunction
matrix_power: ArrayFunction
matrix_rank: ArrayFunction
matrix_transpose: ArrayFunction
multi_dot: ArrayFunction
norm: ArrayFunction
outer: ArrayFunction
pinv: ArrayFunction
qr: Function
slogdet: Function
solve: ArrayFunction
svd: Function
svdvals: ArrayFunction
tensordot: ArrayFunction
tensorinv: ArrayFunction
tensorsolve: ArrayFunction
trace: ArrayFunction
vecdot: ArrayFunction
vector_norm: ArrayFunction
