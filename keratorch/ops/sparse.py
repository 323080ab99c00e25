"""Products of sparse matrices of SciPy and CuPy with dense arrays; differentiable in the array.

``matrix @ x`` reaches `GradArray` through ``__rmatmul__``. CuPy leaves the product to the other
operand. SciPy does so only if NumPy turns that operand into a 0-d array of dtype object.
"""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.grad import Grad
from ..core.nodes import raw_of
from ..core.recording import record
from ..errors import DeviceMismatchError, ShapeError


class SparseMatMulGrad(Grad):
    """The gradient of A @ x is Aᴴ @ ḡ; the matrix is a constant."""

    __slots__ = ("matrix",)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        raw = raw_of(grad)
        backend = _registry.of(raw)
        with backend.on_device(raw):
            adjoint = self.matrix.T if self.matrix.dtype.kind != "c" else self.matrix.conj().T
        if isinstance(grad, GradArray):
            return (sparse_matmul(adjoint, grad),)
        return (backend.sparse_matmul(adjoint, grad),)

    def jvp(self, *tangents: Any) -> Any:
        return sparse_matmul(self.matrix, tangents[0])


def is_sparse(value: Any) -> bool:
    """Whether `value` is a sparse matrix or array of SciPy or CuPy."""
    module = type(value).__module__
    return module.startswith(("scipy.sparse", "cupyx.scipy.sparse")) and hasattr(value, "tocsr")


def sparse_matmul(matrix: Any, x: Any) -> GradArray:
    """``matrix @ x`` for a sparse `matrix` (M, N) and a dense `x` of shape (N,) or (N, K).

    Raises `ShapeError` where the shapes do not fit, `DeviceMismatchError` where `x` is an array of
    another library than the matrix, or on another device.
    """
    x = as_operand(x)
    a = x._array
    backend = _registry.of(a)
    library = "cupy" if type(matrix).__module__.startswith("cupyx") else "numpy"
    if backend.name.partition("_")[0] != library:
        raise DeviceMismatchError(
            f"matmul of a sparse matrix of {type(matrix).__module__.partition('.')[0]} and an "
            f"array of {backend.name} on {x.device}: move the array with to_device"
        )
    if x.ndim not in (1, 2) or len(matrix.shape) != 2 or matrix.shape[1] != x.shape[0]:
        raise ShapeError(
            f"matmul of a sparse matrix of shape {tuple(matrix.shape)} and an array of shape "
            f"{tuple(x.shape)}: an (M, N) matrix takes (N,) or (N, K); a number "
            "scales the product, as in s * (A @ x)"
        )
    matrix = backend.sparse_operand(matrix, a)
    return record(SparseMatMulGrad, (x,), backend.sparse_matmul(matrix, a), matrix=matrix)


def product(left: Any, right: Any) -> Any:
    """``left @ right`` where one of them is sparse; `NotImplemented` where neither is."""
    if is_sparse(left):
        return sparse_matmul(left, right)
    if is_sparse(right):
        x = as_operand(left)
        if x.ndim == 1:
            return sparse_matmul(right.T, x)
        return sparse_matmul(right.T, x.T).T
    return NotImplemented


def matrix_product(left: Any, right: GradArray) -> Any:
    """``left * right`` where that is a matrix product: `left` is a sparse matrix, not an array."""
    if is_sparse(left) and _multiplies_with_star(left):
        return sparse_matmul(left, right)
    return NotImplemented


def _multiplies_with_star(matrix: Any) -> bool:
    """All sparse matrices of CuPy do; SciPy's ``*_matrix`` do, but not its sparse arrays."""
    return type(matrix).__module__.startswith("cupyx") or type(matrix).__name__.endswith("_matrix")


__all__ = [
    "SparseMatMulGrad",
    "matrix_product",
    "product",
    "sparse_matmul",
]
