"""`keratorch.numpy.linalg`, with HIPS/autograd's gradients of `eigh` and `eigvalsh`.

NumPy reads one triangle of the matrix. The gradients here belong to that triangle, as those of
HIPS/autograd. `keratorch.numpy.linalg` gives the gradient in Hermitian matrices.
"""

from __future__ import annotations

from typing import Any

from ... import numpy as _np
from ...numpy import linalg as _linalg

_dot: Any = _np.matmul  # HIPS/autograd's tests use it


def _from_triangle(a: Any, UPLO: str) -> Any:
    """The Hermitian matrix with one triangle of `a`; its diagonal is real."""
    upper = str(UPLO).upper() == "U"
    strict = _np.triu(a, 1) if upper else _np.tril(a, -1)
    diagonal = _np.eye(_np.shape(a)[-1]) * _np.real(a)
    return strict + diagonal + _np.conj(_np.swapaxes(strict, -1, -2))


def T(x: Any) -> Any:
    """The matrices of a stack, transposed."""
    return _np.swapaxes(x, -1, -2)


def eigh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues and eigenvectors of a Hermitian matrix, given by one triangle."""
    return _linalg.eigh(_from_triangle(a, UPLO))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a Hermitian matrix, given by one triangle."""
    return _linalg.eigvalsh(_from_triangle(a, UPLO))


def __getattr__(name: str) -> Any:
    value = globals()[name] = getattr(_linalg, name)
    return value


def __dir__() -> list[str]:
    return dir(_linalg)
