"""Fixed points, differentiated by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...transforms.implicit import fixed_point as _fixed_point
from .._values import scalars, values


def fixed_point(
    f: Callable[[Any], Callable[[Any], Any]],
    a: Any,
    x0: Any,
    distance: Callable[[Any, Any], Any],
    tol: float,
) -> Any:
    """The x at which ``f(a)(x)`` equals x, differentiable in `a`.

    x0 : where the iteration starts.
    distance : a function of two values. The iteration ends when the distance between two steps is
        at most `tol`.

    The derivatives solve a linear system, also where the iteration itself would not converge for
    them.
    """

    def solve(x: Any, a: Any) -> Any:
        x, step = values(x), f(values(a))
        new = step(x)
        while distance(new, x) > tol:
            x, new = new, step(new)
        return new

    return scalars(_fixed_point(lambda x, a: f(a)(x), x0, a, solve=solve))


__all__ = ["fixed_point"]
