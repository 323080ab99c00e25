"""`check_grads`: it checks derivatives against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backends import _registry
from .core.array import GradArray
from .core.convert import as_operand
from .core.mode import enable_grad, fillable, no_grad
from .core.nodes import LeafSlot, is_tracked
from .transforms import gradients, jvp
from .transforms.call import lent

_STEP = 1e-5


def check_grads(
    function: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    *,
    modes: Sequence[str] = ("reverse", "forward"),
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
) -> None:
    """Compare the derivatives of `function` at `args` with central differences.

    function : takes `GradArray`s, and returns one `GradArray` or a tuple or list of them.
    args : arrays of any backend. Floating ones must be float64 or complex128, as differences of
        less precise numbers are too inexact. Integers and booleans are passed as constants.
    order : 1 checks first derivatives, 2 also second derivatives, and so on.
    modes : ``"reverse"``, ``"forward"``, or both.
    seed : the seed of the random weights and directions.

    Random weights c reduce the outputs y to one number, L = Re Σ c̄·y. L is differentiated along a
    random direction d: with the gradient g, Re Σ ḡ·d must equal (L(x+hd) − L(x−hd)) / 2h up to
    `atol` + `rtol`·|value|, where h = 1e-5. In forward mode the tangent of L must equal it too.
    Every gradient must have the shape, dtype and device of its argument.

    Raises `AssertionError` with the difference if a check fails, and `ValueError` if no argument
    is floating or complex or if one is less precise than float64.

    Functions that read a symmetric or Hermitian matrix (`cholesky`, `eigh`, `eigvalsh`) symmetrise
    their gradient, but the direction d is not symmetric. So make the matrix symmetric inside the
    checked function, or Hermitian with ``(a + kt.conj(a.mT)) / 2``.

    >>> import keratorch as kt
    >>> check_grads(lambda a: kt.linalg.cholesky((a + a.mT) / 2), [[[2.0, 0.5], [0.5, 1.0]]])
    """
    rng = np.random.default_rng(seed)
    xs = [as_operand(a) for a in args]
    xs = [GradArray(x._array, requires_grad=False) for x in xs]
    for i, x in enumerate(xs):
        if _is_inexact(x) and str(x.dtype).rpartition(".")[2] not in ("float64", "complex128"):
            raise ValueError(
                f"check_grads: argument {i} is {x.dtype} of shape {tuple(x.shape)}: differences "
                "need float64 or complex128: convert it with astype"
            )
    if not any(_is_inexact(x) for x in xs):
        raise ValueError(
            "check_grads: no argument is floating or complex: pass one to differentiate in"
        )
    weights: list[np.ndarray[Any, Any]] = []

    def loss(*inputs: Any) -> Any:
        with fillable():  # as in a transformation
            outputs = function(*inputs)
        outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        total = None
        for i, y in enumerate(y for y in map(as_operand, outputs) if _is_inexact(y)):
            if len(weights) <= i:
                weights.append(_random(rng, y))
            term = _inner(_like(weights[i], y), y)
            total = term if total is None else total + term
        if total is None:
            raise AssertionError("check_grads: no output is floating or complex")
        return total

    _check(loss, xs, order, tuple(modes), rtol, atol, rng, "first")


def _check(
    loss: Callable[..., Any],
    xs: list[GradArray],
    order: int,
    modes: tuple[str, ...],
    rtol: float,
    atol: float,
    rng: Any,
    which: str,
) -> None:
    directions = [_like(_random(rng, x), x) if _is_inexact(x) else None for x in xs]
    expected = _difference(loss, xs, directions)
    if "reverse" in modes:
        found = float(_directional(loss, xs, directions, create_graph=False))
        _compare(which, "reverse", found, expected, rtol, atol)
    if "forward" in modes:
        primals = [x for x, d in zip(xs, directions, strict=True) if d is not None]
        tangents = [d for d in directions if d is not None]

        def of_inexact(*moving: Any) -> Any:
            given = iter(moving)
            return loss(
                *(x if d is None else next(given) for x, d in zip(xs, directions, strict=True))
            )

        with no_grad():
            _, tangent = jvp(of_inexact, primals, tangents)
        _compare(which, "forward", tangent.item(), expected, rtol, atol)
    if order > 1:
        fixed = [_like(_random(rng, x), x) if _is_inexact(x) else None for x in xs]

        def slope(*inputs: Any) -> Any:
            return _directional(loss, inputs, fixed, create_graph=True)

        names = {"first": "second", "second": "third"}
        _check(slope, xs, order - 1, modes, rtol, atol, rng, names.get(which, "a higher"))


def _directional(
    loss: Callable[..., Any], xs: Sequence[Any], directions: Sequence[Any], create_graph: bool
) -> Any:
    """Re Σ ḡ·d for the gradients g of the loss, as a number or a differentiable array."""
    with enable_grad():
        leaves = [
            x if d is None else _leaf_of(x, create_graph)
            for x, d in zip(xs, directions, strict=True)
        ]
        value = loss(*lent(leaves))
        moving = [x for x, d in zip(leaves, directions, strict=True) if d is not None]
        steps = [d for d in directions if d is not None]
        if value._edge is None:
            grads: tuple[Any, ...] = (None,) * len(moving)
        else:
            grads = gradients(value, moving, create_graph=create_graph, allow_unused=True)
        total: Any = None
        for x, g, d in zip(moving, grads, steps, strict=True):
            if g is None:
                continue
            g = as_operand(g)
            _same(g, x)
            term = _inner(g, d)
            total = term if total is None else total + term
        if total is None:
            total = value * 0.0
    return total if create_graph else total.item()


def _leaf_of(x: GradArray, differentiable: bool) -> GradArray:
    """A leaf with the values of `x`; if `x` is tracked, `x` itself, so that its graph stays."""
    if differentiable and is_tracked(x):
        return x if x._edge is not None else _tracked_view(x)
    return GradArray(x._array)


def _tracked_view(x: GradArray) -> GradArray:
    """`x` with its tangents, as a leaf that requires a gradient."""
    y = GradArray(x._array)
    y._edge = LeafSlot(y, x._array.shape, x._array.dtype)
    y._tangents = x._tangents
    return y


def _difference(loss: Callable[..., Any], xs: list[GradArray], directions: list[Any]) -> float:
    values = []
    for step in (_STEP, -_STEP):
        with no_grad():
            moved = [x if d is None else x + d * step for x, d in zip(xs, directions, strict=True)]
            values.append(loss(*lent(moved)).item())
    return (values[0] - values[1]) / (2 * _STEP)


def _compare(
    which: str, mode: str, found: float, expected: float, rtol: float, atol: float
) -> None:
    limit = atol + rtol * max(abs(found), abs(expected))
    if not abs(found - expected) <= limit:
        raise AssertionError(
            f"check_grads: {which} derivative, {mode} mode: {found!r} along a random direction, "
            f"but differences give {expected!r} (they may differ by {limit:.1e})"
        )


def _same(g: GradArray, x: GradArray) -> None:
    for what in ("shape", "dtype", "device"):
        a, b = getattr(g, what), getattr(x, what)
        if a != b and None not in (a, b):
            raise AssertionError(
                f"check_grads: a gradient has {what} {a} for an argument of {what} {b}"
            )


def _is_inexact(x: Any) -> bool:
    return _registry.of(x._array).is_inexact(x._array.dtype)


def _is_complex(x: Any) -> bool:
    return _registry.of(x._array).is_complex(x._array.dtype)


def _random(rng: Any, x: Any) -> Any:
    values = rng.standard_normal(tuple(x.shape))
    return values + 1j * rng.standard_normal(tuple(x.shape)) if _is_complex(x) else values


def _like(values: Any, x: Any) -> GradArray:
    backend = _registry.of(x._array)
    raw = backend.from_numpy(np.asarray(values), backend.device(x._array))
    return GradArray(raw, dtype=x.dtype, requires_grad=False)


def _inner(a: Any, b: Any) -> Any:
    """Re Σ ā·b."""
    xp = b.__array_namespace__()
    product = xp.conj(a) * b
    return xp.sum(xp.real(product))
