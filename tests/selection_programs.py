"""Small programs that multiply 0 by infinity somewhere, with and without a selection.

A program is ``f(xp, x)``: keratorch, JAX or PyTorch stands for `xp`. The module
``tests/backend/test_selections.py`` compares keratorch with the derivatives in closed form, which
stand here, and with what JAX and PyTorch found, which stands in ``selection_programs.json``. The
command

    python -m tests.selection_programs

writes that file anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

INF, NAN = np.inf, np.nan
FILE = Path(__file__).with_suffix(".json")


class Program(NamedTuple):
    """A function of one array, a point, and its derivatives there.

    slope : the gradient of the sum of the result, in closed form.
    curve : the Hessian of that sum times a vector of ones, in closed form.
    """

    function: Callable[[Any, Any], Any]
    point: list[float]
    slope: list[float]
    curve: list[float]


def only(xp: Any, condition: Any, x: Any) -> Any:
    """`x` where `condition` is true, 0 elsewhere."""
    return xp.where(condition, x, xp.zeros_like(x))


E2 = np.exp(-2.0)
LOG2 = np.log(2.0)
SECH2 = 1 - np.tanh(LOG2) ** 2

#: Nothing selects: 0·∞ is NaN, as in JAX and PyTorch. Where the value is finite it is right.
PLAIN = {
    "product of roots": Program(
        lambda xp, x: xp.sqrt(x) * xp.sqrt(x), [0.0, 4.0], [1.0, 1.0], [0.0, 0.0]
    ),
    "square of a root": Program(lambda xp, x: xp.sqrt(x) ** 2, [0.0, 4.0], [1.0, 1.0], [0.0, 0.0]),
    "fourth power of a root": Program(
        lambda xp, x: xp.sqrt(x) ** 4, [0.0, 4.0], [0.0, 8.0], [2.0, 2.0]
    ),
    "root of a square": Program(lambda xp, x: xp.sqrt(x * x), [0.0, 4.0], [NAN, 1.0], [NAN, 0.0]),
    "x times its root": Program(lambda xp, x: x * xp.sqrt(x), [0.0, 4.0], [0.0, 3.0], [INF, 0.375]),
    "x times its logarithm": Program(
        lambda xp, x: x * xp.log(x), [0.0, 2.0], [-INF, LOG2 + 1], [INF, 0.5]
    ),
    "square times logarithm": Program(
        lambda xp, x: x * x * xp.log(x), [0.0, 1.0], [0.0, 1.0], [-INF, 3.0]
    ),
    "exp of a sum of logarithms": Program(
        lambda xp, x: xp.exp(xp.sum(xp.log(x))), [0.0, 2.0, 3.0], [6.0, 0.0, 0.0], [5.0, 3.0, 2.0]
    ),
    "exp of a logarithm": Program(
        lambda xp, x: xp.exp(xp.log(x)), [0.0, 2.0], [1.0, 1.0], [0.0, 0.0]
    ),
    "twice the reciprocal": Program(lambda xp, x: 1 / (1 / x), [0.0, 2.0], [1.0, 1.0], [0.0, 0.0]),
    "x over 1/x": Program(lambda xp, x: x / (1 / x), [0.0, 2.0], [0.0, 4.0], [2.0, 2.0]),
    "a mask as a factor": Program(
        lambda xp, x: only(xp, x > 0, xp.ones_like(x)) * xp.sqrt(x),
        [0.0, 4.0],
        [0.0, 0.25],
        [0.0, -1 / 32],
    ),
    "a mask as a factor of a logarithm": Program(
        lambda xp, x: only(xp, x > 0, xp.ones_like(x)) * xp.log(x),
        [0.0, 2.0],
        [0.0, 0.5],
        [0.0, -0.25],
    ),
    "zero times a root": Program(
        lambda xp, x: 0.0 * xp.sqrt(x), [0.0, 4.0], [0.0, 0.0], [0.0, 0.0]
    ),
    "a power of a power": Program(lambda xp, x: (x**0.5) ** 4, [0.0, 4.0], [0.0, 8.0], [2.0, 2.0]),
    "a cube of a third root": Program(
        lambda xp, x: (x ** (1 / 3)) ** 3, [0.0, 8.0], [1.0, 1.0], [0.0, 0.0]
    ),
    "tanh of a logarithm": Program(
        lambda xp, x: xp.tanh(xp.log(x)), [0.0, 2.0], [0.0, SECH2 / 2], [4.0, -0.352]
    ),
    "tanh of 1/x": Program(lambda xp, x: xp.tanh(1 / x), [0.0], [0.0], [0.0]),
    "exp of -1/x": Program(
        lambda xp, x: xp.exp(-1 / x), [0.0, 1.0], [0.0, 1 / np.e], [0.0, -1 / np.e]
    ),
    "cosine of asin": Program(
        lambda xp, x: xp.cos(xp.asin(x)), [1.0, 0.6], [-INF, -0.75], [-INF, -1.953125]
    ),
    "square of acos": Program(lambda xp, x: xp.acos(x) ** 2, [1.0], [-2.0], [2 / 3]),
    "tanh of atanh": Program(
        lambda xp, x: xp.tanh(xp.atanh(x)), [1.0, 0.5], [1.0, 1.0], [0.0, 0.0]
    ),
    "exp of log1p": Program(lambda xp, x: xp.exp(xp.log1p(x)), [-1.0, 1.0], [1.0, 1.0], [0.0, 0.0]),
    "logarithm of exp": Program(
        lambda xp, x: xp.log(xp.exp(x)), [-1000.0, 1.0], [1.0, 1.0], [0.0, 0.0]
    ),
    "root of exp": Program(
        lambda xp, x: xp.sqrt(xp.exp(x)), [-1500.0, 0.0], [0.0, 0.5], [0.0, 0.25]
    ),
    "a root times a column": Program(
        lambda xp, x: xp.sum(xp.sqrt(x) * only(xp, x > 1, 2 * xp.ones_like(x))),
        [0.0, 4.0],
        [0.0, 0.5],
        [0.0, -1 / 16],
    ),
    "norm by hand": Program(
        lambda xp, x: xp.sqrt(xp.sum(x * x)), [3.0, 4.0], [0.6, 0.8], [0.032, -0.024]
    ),
    "norm by hand, squared": Program(
        lambda xp, x: xp.sqrt(xp.sum(x * x)) ** 2, [3.0, 4.0], [6.0, 8.0], [2.0, 2.0]
    ),
    "no zero": Program(lambda xp, x: xp.log(x) * xp.sqrt(x), [1.0], [1.0], [0.0]),
    "an optimum of a logarithm": Program(lambda xp, x: xp.log(x) ** 2, [1.0], [0.0], [2.0]),
    "an optimum of a root": Program(lambda xp, x: (xp.sqrt(x) - 1) ** 2, [1.0], [0.0], [0.5]),
    "an optimum of a tangent": Program(lambda xp, x: xp.tan(x) ** 2, [0.0], [0.0], [2.0]),
}

#: Something selects above: what is not selected has the derivative 0, to every order.
SELECTED = {
    "where, log": Program(
        lambda xp, x: only(xp, x > 0, xp.log(x)), [0.0, 2.0], [0.0, 0.5], [0.0, -0.25]
    ),
    "where, root": Program(
        lambda xp, x: only(xp, x > 0, xp.sqrt(x)), [0.0, 4.0], [0.0, 0.25], [0.0, -1 / 32]
    ),
    "where, reciprocal": Program(
        lambda xp, x: only(xp, x > 0, 1 / x), [0.0, 2.0], [0.0, -0.25], [0.0, 0.25]
    ),
    "where, division": Program(
        lambda xp, x: only(xp, x > 0, (x + 1) / x), [0.0, 2.0], [0.0, -0.25], [0.0, 0.25]
    ),
    "where, power": Program(
        lambda xp, x: only(xp, x > 0, x**0.5), [0.0, 4.0], [0.0, 0.25], [0.0, -1 / 32]
    ),
    "where, negative power": Program(
        lambda xp, x: only(xp, x > 0, x**-2.0), [0.0, 2.0], [0.0, -0.25], [0.0, 0.375]
    ),
    "where, x log x": Program(
        lambda xp, x: only(xp, x > 0, x * xp.log(x)), [0.0, 2.0], [0.0, LOG2 + 1], [0.0, 0.5]
    ),
    "where, x root x": Program(
        lambda xp, x: only(xp, x > 0, x * xp.sqrt(x)), [0.0, 4.0], [0.0, 3.0], [0.0, 0.375]
    ),
    "where, log x over x": Program(
        lambda xp, x: only(xp, x > 0, xp.log(x) / x),
        [0.0, 1.0],
        [0.0, 1.0],
        [0.0, -3.0],
    ),
    "where, tanh log": Program(
        lambda xp, x: only(xp, x > 0, xp.tanh(xp.log(x))),
        [0.0, 2.0],
        [0.0, SECH2 / 2],
        [0.0, -0.352],
    ),
    "where, exp log": Program(
        lambda xp, x: only(xp, x > 0, xp.exp(xp.log(x))), [0.0, 2.0], [0.0, 1.0], [0.0, 0.0]
    ),
    "where, sine of 1/x": Program(
        lambda xp, x: only(xp, x > 0, xp.sin(1 / x)),
        [0.0, 1.0],
        [0.0, -np.cos(1.0)],
        [0.0, 2 * np.cos(1.0) - np.sin(1.0)],
    ),
    "where, exp of -1/x": Program(
        lambda xp, x: only(xp, x > 0, xp.exp(-1 / x)),
        [0.0, 1.0],
        [0.0, 1 / np.e],
        [0.0, -1 / np.e],
    ),
    "where, overflow": Program(
        lambda xp, x: only(xp, x < 100, xp.exp(x)), [1000.0, 0.0], [0.0, 1.0], [0.0, 1.0]
    ),
    "where, square of an overflow": Program(
        lambda xp, x: only(xp, x < 100, xp.exp(x) ** 2), [1000.0, 0.0], [0.0, 2.0], [0.0, 4.0]
    ),
    "where, an infinite input": Program(
        lambda xp, x: only(xp, x < 100, xp.sin(x)), [INF, 0.0], [0.0, 1.0], [0.0, 0.0]
    ),
    "where, square of an infinite input": Program(
        lambda xp, x: only(xp, x < 100, x * x), [INF, 3.0], [0.0, 6.0], [0.0, 2.0]
    ),
    "where, acos": Program(
        lambda xp, x: only(xp, x < 1, xp.acos(x)), [1.0, 0.6], [0.0, -1.25], [0.0, -1.171875]
    ),
    "where, atanh": Program(
        lambda xp, x: only(xp, x < 1, xp.atanh(x)), [1.0, 0.5], [0.0, 4 / 3], [0.0, 16 / 9]
    ),
    "where, log1p": Program(
        lambda xp, x: only(xp, x > -1, xp.log1p(x)), [-1.0, 1.0], [0.0, 0.5], [0.0, -0.25]
    ),
    "where, square of a root": Program(
        lambda xp, x: only(xp, x > 0, xp.sqrt(x) ** 2), [0.0, 4.0], [0.0, 1.0], [0.0, 0.0]
    ),
    "where, log of a root": Program(
        lambda xp, x: only(xp, x > 0, xp.log(xp.sqrt(x))), [0.0, 2.0], [0.0, 0.25], [0.0, -0.125]
    ),
    "where, root of a square": Program(
        lambda xp, x: only(xp, x > 0, xp.sqrt(x * x)), [0.0, 4.0], [0.0, 1.0], [0.0, 0.0]
    ),
    "where, the other branch": Program(
        lambda xp, x: xp.where(x > 0, xp.log(x), x * x), [0.0, 2.0], [0.0, 0.5], [2.0, -0.25]
    ),
    "where, both branches": Program(
        lambda xp, x: xp.where(x > 1, xp.log(x), xp.exp(-x)),
        [0.0, 2.0],
        [-1.0, 0.5],
        [1.0, -0.25],
    ),
    "where of where": Program(
        lambda xp, x: only(xp, x > 0, xp.sqrt(only(xp, x > 1, xp.log(x)) + x)),
        [0.0, 1.0],
        [0.0, 0.5],
        [0.0, -0.25],
    ),
    "square of where": Program(
        lambda xp, x: only(xp, x > 0, xp.log(x)) ** 2,
        [0.0, 2.0],
        [0.0, LOG2],
        [0.0, (1 - LOG2) / 2],
    ),
    "product of where": Program(
        lambda xp, x: only(xp, x > 0, xp.log(x)) * x,
        [0.0, 2.0],
        [0.0, LOG2 + 1],
        [0.0, 0.5],
    ),
    "where, mean": Program(
        lambda xp, x: xp.sum(only(xp, x > 0, xp.log(x))) / 2,
        [0.0, 2.0],
        [0.0, 0.25],
        [0.0, -0.125],
    ),
    "a read": Program(lambda xp, x: xp.log(x)[1:], [0.0, 2.0], [0.0, 0.5], [0.0, -0.25]),
    "a read of one element": Program(
        lambda xp, x: xp.sqrt(x)[1], [0.0, 4.0], [0.0, 0.25], [0.0, -1 / 32]
    ),
    "a read of x log x": Program(
        lambda xp, x: (x * xp.log(x))[1:], [0.0, 2.0], [0.0, LOG2 + 1], [0.0, 0.5]
    ),
    "a read of tanh log": Program(
        lambda xp, x: xp.tanh(xp.log(x))[1:], [0.0, 2.0], [0.0, SECH2 / 2], [0.0, -0.352]
    ),
    "maximum": Program(
        lambda xp, x: xp.maximum(xp.log(x), -x), [0.0, 2.0], [-1.0, 0.5], [0.0, -0.25]
    ),
    "minimum": Program(
        lambda xp, x: xp.minimum(1 / x, 3.0 + x), [0.0, 2.0], [1.0, -0.25], [0.0, 0.25]
    ),
    "maximum of a product": Program(
        lambda xp, x: xp.maximum(x * xp.log(x) - 1, x * 0.5),
        [4.0, 1.0],
        [np.log(4.0) + 1, 0.5],
        [0.25, 0.0],
    ),
    "clip": Program(
        lambda xp, x: xp.clip(xp.log(x), -1.0, 1.0), [0.0, 2.0], [0.0, 0.5], [0.0, -0.25]
    ),
    "clip of a reciprocal": Program(
        lambda xp, x: xp.clip(1 / x, 0.0, 9.0), [0.0, 2.0], [0.0, -0.25], [0.0, 0.25]
    ),
    "largest": Program(lambda xp, x: xp.max(xp.log(x)), [0.0, 2.0], [0.0, 0.5], [0.0, -0.25]),
    "smallest": Program(lambda xp, x: xp.min(1 / x), [0.0, 2.0], [0.0, -0.25], [0.0, 0.25]),
    "flip and read": Program(
        lambda xp, x: xp.flip(xp.log(x), axis=0)[:1], [0.0, 2.0], [0.0, 0.5], [0.0, -0.25]
    ),
    "concatenated and read": Program(
        lambda xp, x: xp.concat((xp.log(x), x))[1:3], [0.0, 2.0], [1.0, 0.5], [0.0, -0.25]
    ),
    "lower triangle": Program(
        lambda xp, x: xp.tril(xp.log(x)[:, None] + xp.zeros_like(x)[None, :])[1:, :],
        [0.0, 2.0],
        [0.0, 1.0],
        [0.0, -0.5],
    ),
    "matrix times where": Program(
        lambda xp, x: (xp.ones_like(x)[:, None] + xp.ones_like(x)) @ only(xp, x > 0, xp.sqrt(x)),
        [0.0, 4.0],
        [0.0, 1.0],
        [0.0, -1 / 8],
    ),
}


def numbers(found: Any) -> list[float]:
    return [float(v) for v in np.asarray(found)]


def in_jax() -> dict[str, Any]:
    """What JAX finds: the gradient and, by two ways, the Hessian times ones."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    out = {}
    for name, program in (PLAIN | SELECTED).items():
        x = jnp.asarray(program.point)

        def total(x, function=program.function):
            return jnp.sum(function(jnp, x))

        slope = jax.grad(total)
        out[name] = [
            numbers(slope(x)),
            numbers(jax.grad(lambda x, slope=slope: jnp.sum(slope(x)))(x)),
            numbers(jax.jvp(slope, (x,), (jnp.ones_like(x),))[1]),
        ]
    return out


def in_torch() -> dict[str, Any]:
    """As `in_jax`, of PyTorch; reverse over reverse alone."""
    import torch

    class Namespace:
        concat = staticmethod(torch.cat)
        max, min = staticmethod(torch.amax), staticmethod(torch.amin)

        def __getattr__(self, name: str) -> Any:
            return getattr(torch, name)

        @staticmethod
        def flip(x: Any, axis: int) -> Any:
            return torch.flip(x, (axis,))

    xp = Namespace()
    out = {}
    for name, program in (PLAIN | SELECTED).items():
        x = torch.tensor(program.point, dtype=torch.float64, requires_grad=True)
        y = program.function(xp, x).sum()
        (slope,) = torch.autograd.grad(y, x, create_graph=True)
        found = None
        if slope.requires_grad:
            (found,) = torch.autograd.grad(slope.sum(), x, allow_unused=True)
        found = torch.zeros_like(x) if found is None else found
        out[name] = [numbers(slope.detach()), numbers(found)]
    return out


if __name__ == "__main__":
    table = {"jax": in_jax(), "torch": in_torch()}
    FILE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{len(PLAIN)} plain programs, {len(SELECTED)} with a selection: {FILE}")
