"""A linear system by conjugate gradients, on the CPU or the GPU, wherever its matrix is."""

import cupy


def solve(matrix, rhs, tolerance=1e-12, steps=100):
    """The solution of ``matrix @ x = rhs`` for a symmetric positive definite matrix."""
    xp = cupy.get_array_module(matrix)
    x = xp.zeros_like(rhs, dtype="float64")
    residual = rhs - xp.dot(matrix, x)
    direction = residual
    square = xp.inner(residual, residual)
    for _ in range(steps):
        image = xp.dot(matrix, direction)
        step = square / xp.inner(direction, image)
        x += step * direction
        residual = residual - step * image
        if xp.linalg.norm(residual) < tolerance:
            break
        before, square = square, xp.inner(residual, residual)
        direction = residual + square / before * direction
    return x
