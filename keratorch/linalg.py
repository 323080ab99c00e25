"""Linear algebra: the functions of the Array API's ``linalg`` extension, differentiable.

Matrices are in the last two axes; the axes before them form a stack. The gradient in a complex
matrix is ∂L/∂Re + i·∂L/∂Im. For a singular matrix the library's own error
(``numpy.linalg.LinAlgError``) is raised unchanged, in the forward pass and in backward.
"""

import typing as _typing

from .core.namespace import missing_from as _missing_from
from .ops.linalg.decompositions import QRResult as QRResult
from .ops.linalg.decompositions import SVDResult as SVDResult
from .ops.linalg.decompositions import cholesky as cholesky
from .ops.linalg.decompositions import qr as qr
from .ops.linalg.decompositions import svd as svd
from .ops.linalg.decompositions import svdvals as svdvals
from .ops.linalg.determinants import SlogdetResult as SlogdetResult
from .ops.linalg.determinants import det as det
from .ops.linalg.determinants import slogdet as slogdet
from .ops.linalg.eigen import EighResult as EighResult
from .ops.linalg.eigen import EigResult as EigResult
from .ops.linalg.eigen import eig as eig
from .ops.linalg.eigen import eigh as eigh
from .ops.linalg.eigen import eigvals as eigvals
from .ops.linalg.eigen import eigvalsh as eigvalsh
from .ops.linalg.norms import matrix_norm as matrix_norm
from .ops.linalg.norms import vector_norm as vector_norm
from .ops.linalg.products import cross as cross
from .ops.linalg.products import diagonal as diagonal
from .ops.linalg.products import matmul as matmul
from .ops.linalg.products import matrix_power as matrix_power
from .ops.linalg.products import outer as outer
from .ops.linalg.products import tensordot as tensordot
from .ops.linalg.products import trace as trace
from .ops.linalg.products import vecdot as vecdot
from .ops.linalg.solving import inv as inv
from .ops.linalg.solving import matrix_rank as matrix_rank
from .ops.linalg.solving import pinv as pinv
from .ops.linalg.solving import solve as solve
from .ops.manipulation import matrix_transpose as matrix_transpose

# The functions above; classes are capitalized.
__all__ = [name for name in dir() if name[0].islower()]  # pyright: ignore[reportUnsupportedDunderAll]

if not _typing.TYPE_CHECKING:  # a type checker finds such names by itself
    __getattr__ = _missing_from(__name__)
