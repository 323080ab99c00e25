"""Linear algebra: the functions of the Array API's ``linalg`` extension, differentiable.

Matrices are in the last two axes; the axes before them form a stack. The gradient in a complex
matrix is ∂L/∂Re + i·∂L/∂Im. For a singular matrix the library's own error
(``numpy.linalg.LinAlgError``) is raised unchanged, in the forward pass and in backward.
"""

from .ops.linalg import EighResult as EighResult
from .ops.linalg import EigResult as EigResult
from .ops.linalg import QRResult as QRResult
from .ops.linalg import SlogdetResult as SlogdetResult
from .ops.linalg import SVDResult as SVDResult
from .ops.linalg import cholesky as cholesky
from .ops.linalg import cross as cross
from .ops.linalg import det as det
from .ops.linalg import diagonal as diagonal
from .ops.linalg import eig as eig
from .ops.linalg import eigh as eigh
from .ops.linalg import eigvals as eigvals
from .ops.linalg import eigvalsh as eigvalsh
from .ops.linalg import inv as inv
from .ops.linalg import matmul as matmul
from .ops.linalg import matrix_norm as matrix_norm
from .ops.linalg import matrix_power as matrix_power
from .ops.linalg import matrix_rank as matrix_rank
from .ops.linalg import outer as outer
from .ops.linalg import pinv as pinv
from .ops.linalg import qr as qr
from .ops.linalg import slogdet as slogdet
from .ops.linalg import solve as solve
from .ops.linalg import svd as svd
from .ops.linalg import svdvals as svdvals
from .ops.linalg import tensordot as tensordot
from .ops.linalg import trace as trace
from .ops.linalg import vecdot as vecdot
from .ops.linalg import vector_norm as vector_norm
from .ops.manipulation import matrix_transpose as matrix_transpose

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
