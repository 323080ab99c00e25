"""Gradient descent for nested containers of arrays: `sgd`, `rmsprop`, `adam`.

``grad(x, i)`` is the gradient at `x` in the iteration `i`; ``callback(x, i, g)`` is called before
each step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from .. import numpy as np
from .flatten import flatten

Step = Callable[[Any, int], Any]


def unflatten_optimizer(optimize: Callable[..., Any]) -> Callable[..., Any]:
    """An optimizer of containers, from an optimizer of vectors."""

    @wraps(optimize)
    def optimized(
        grad: Step, x0: Any, callback: Callable[..., Any] | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        vector, unflatten = flatten(x0)

        def flat_grad(x: Any, i: int) -> Any:
            return flatten(grad(unflatten(x), i))[0]

        def flat_callback(x: Any, i: int, g: Any) -> Any:
            return callback(unflatten(x), i, unflatten(g)) if callback else None

        return unflatten(optimize(flat_grad, vector, flat_callback, *args, **kwargs))

    return optimized


@unflatten_optimizer
def sgd(
    grad: Step,
    x: Any,
    callback: Callable[..., Any],
    num_iters: int = 200,
    step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:
    """Gradient descent with momentum: v ← mass·v − (1 − mass)·g, x ← x + step_size·v."""
    velocity = np.zeros_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        velocity = mass * velocity - (1.0 - mass) * g
        x = x + step_size * velocity
    return x


@unflatten_optimizer
def rmsprop(
    grad: Step,
    x: Any,
    callback: Callable[..., Any],
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
) -> Any:
    """x ← x − step_size·g/(√s + eps), with s the running mean of g²."""
    squares = np.ones_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        squares = gamma * squares + (1.0 - gamma) * g**2
        x = x - step_size * g / (np.sqrt(squares) + eps)
    return x


@unflatten_optimizer
def adam(
    grad: Step,
    x: Any,
    callback: Callable[..., Any],
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Adam (Kingma and Ba, 2014): running means of g and g², each corrected for its start."""
    mean, squares = np.zeros_like(x), np.zeros_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        mean = b1 * mean + (1.0 - b1) * g
        squares = b2 * squares + (1.0 - b2) * g**2
        correction = np.sqrt(squares / (1.0 - b2 ** (i + 1))) + eps
        x = x - step_size * mean / (1.0 - b1 ** (i + 1)) / correction
    return x


__all__ = ["adam", "rmsprop", "sgd", "unflatten_optimizer"]
