"""Diagonals of Hessians, without the matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, overload

from ..core.array import GradArray
from ..ops.joining import stack
from .arguments import Arguments
from .forward import Linear
from .jacobians import is_complex, is_real, jacrev, of_linear, one_hot, pulled, pushed
from .tree import unflattened

P = ParamSpec("P")


@overload
def hessian_diag(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None = None,
    *,
    has_aux: Literal[True],
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def hessian_diag(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None,
    has_aux: Literal[True],
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def hessian_diag(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]: ...
def hessian_diag(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]:
    """A function that returns the second derivative of `function` in each element: ∂²f/∂xᵢ².

    This is the diagonal of `hessian`. For a number that `function` returns, the result has the
    structure and the shapes of the argument. For an array, each leaf has the shape
    ``output.shape + input.shape``.

    argnums, argnames, has_aux : as for `grad`; with `has_aux` the result is ``(diagonal, aux)``.

    The gradient is recorded once, and each element of the arguments takes one pass through its
    graph, of which one number is kept. So the time is that of `hessian`, and the memory that of the
    gradient. For a function that works element by element,
    ``elementwise_grad(elementwise_grad(f))`` takes one pass for all elements.

    >>> import numpy as np
    >>> hessian_diag(lambda x: (x**3).sum() + x[0] * x[1])(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    Arguments("hessian_diag", function, argnums, argnames)  # an error names hessian_diag
    gradient = jacrev(function, argnums, has_aux, argnames=argnames)

    def diagonals(linear: Linear, given: tuple[Any, ...], many: bool) -> Any:
        found = [linear.call.result(d, linear.connected) for d in _diagonals(linear)]
        return unflattened(linear.outcome, iter(found))

    return of_linear("hessian_diag", gradient, argnums, argnames, has_aux, diagonals)


def _diagonals(linear: Linear) -> list[GradArray]:
    """For each output of a recorded Jacobian, the diagonal in its own variable.

    The outputs are the blocks of the Jacobian, and in each row there is one for each variable.
    """
    variables = linear.call.arrays
    count = len(variables)
    parts: list[list[GradArray]] = [[] for _ in linear.outputs]
    # As in `hessian`; an output that is complex would take two walks.
    reverse = is_real(linear) and not any(map(is_complex, linear.outputs))
    for k, x in enumerate(variables):
        blocks = range(k, len(linear.outputs), count)
        for i in range(x.size):
            if not reverse or any(linear.outputs[j].size != x.size for j in blocks):
                tangents = pushed(linear, k, one_hot(x, i))
                for j in blocks:
                    parts[j].append(_element(tangents[j], x, i))
                continue
            for j in blocks:  # of a number: a walk back is cheaper than a pass forward
                y = linear.outputs[j]
                parts[j].append(_element(pulled(linear, y, one_hot(y, i))[k], x, i))
    return [
        xp.reshape(stack(elements, axis=-1), y.shape) if elements else xp.zeros_like(y)
        for y, elements in zip(linear.outputs, parts, strict=True)
        for xp in (y.__array_namespace__(),)
    ]


def _element(block: GradArray, x: GradArray, i: int) -> GradArray:
    """The element `i` of `x` in a block whose last axes are those of `x`; in memory of its own."""
    xp = block.__array_namespace__()
    flat = xp.reshape(block, (*block.shape[: block.ndim - x.ndim], x.size))
    return xp.asarray(flat[..., i], copy=True)


__all__ = ["hessian_diag"]
