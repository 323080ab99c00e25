"""Functions that differentiate: `gradients` and `grad` backwards, `jvp` forwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import _engine
from ._array import GradArray
from ._convert import as_operand, as_raw, check_devices
from ._engine import sum_of
from ._forward import open_level, take_tangent, with_tangent
from ._grad import LeafSlot
from ._mode import enable_grad, no_grad
from .errors import NotTrackedError, ShapeError
from .ops.arithmetic import positive


def gradients(
    outputs: GradArray | Sequence[GradArray],
    inputs: GradArray | Sequence[GradArray],
    grad_outputs: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` in `inputs`; no ``grad`` is touched.

    outputs : one or several tracked arrays; several add up.
    inputs : one or several tracked arrays, leaves or results.
    grad_outputs : the gradient of each output, which may be left out for real arrays of one
        element.
    allow_unused : give `None` for an input that no output depends on, in place of an error.

    Returns a tuple, one per input: raw arrays, or `GradArray`s under `create_graph`. PyTorch's
    ``autograd.grad``.
    """
    outs = [outputs] if isinstance(outputs, GradArray) else list(outputs)
    ins = [inputs] if isinstance(inputs, GradArray) else list(inputs)
    if grad_outputs is None:
        seeds: list[Any] = [None] * len(outs)
    elif isinstance(grad_outputs, (list, tuple)):
        seeds = list(grad_outputs)
    else:
        seeds = [grad_outputs]
    if len(seeds) != len(outs):
        raise ShapeError(f"gradients: {len(seeds)} grad_outputs for {len(outs)} outputs")
    for what, arrays in (("output", outs), ("input", ins)):
        for x in arrays:
            if x._edge is None:
                raise NotTrackedError(
                    f"gradients: an {what} of shape {tuple(x.shape)} is a constant: make it a "
                    "GradArray that requires a gradient"
                )
    pairs: dict[Any, Any] = {}
    for y, seed in zip(outs, seeds, strict=True):
        g = y._seed(seed)
        pairs[y._edge] = sum_of(pairs[y._edge], g) if y._edge in pairs else g
    found = dict(
        _engine.run(
            list(pairs.items()),
            retain_graph=create_graph if retain_graph is None else retain_graph,
            create_graph=create_graph,
            targets={x._edge for x in ins},
        )
    )
    out = tuple(found.get(x._edge) for x in ins)
    if not allow_unused:
        for x, g in zip(ins, out, strict=True):
            if g is None:
                raise NotTrackedError(
                    f"gradients: no output depends on the input of shape {tuple(x.shape)}: pass "
                    "allow_unused=True to get None for it"
                )
    return out


def jvp(
    function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Any, Any]:
    """The value of `function` at `primals`, and its derivative along `tangents`: forward mode.

    One pass, in which each array carries its tangent; no graph is kept.

    primals, tangents : sequences of arrays of equal shapes.

    Returns ``(output, tangent)``: raw arrays where the primals are raw, else `GradArray`s; two
    tuples where `function` returns several outputs.
    """
    if len(primals) != len(tangents):
        raise ShapeError(f"jvp: {len(tangents)} tangents for {len(primals)} primals")
    raw = not any(isinstance(p, GradArray) for p in (*primals, *tangents))
    xs = [as_operand(p) for p in primals]
    ts = [as_operand(t, like=x) for t, x in zip(tangents, xs, strict=True)]
    for x, t in zip(xs, ts, strict=True):
        check_devices("jvp", x._array, t._array)
        if tuple(x.shape) != tuple(t.shape):
            raise ShapeError(
                f"jvp: a tangent of shape {tuple(t.shape)} for a primal of shape "
                f"{tuple(x.shape)}: they must be equal"
            )
    with open_level() as level:
        outputs = function(*(with_tangent(x, t, level) for x, t in zip(xs, ts, strict=True)))
        many = isinstance(outputs, (tuple, list))
        pairs = [take_tangent(as_operand(y), level) for y in (outputs if many else [outputs])]
    filled: list[tuple[Any, Any]] = []
    for value, tangent in pairs:
        if tangent is None:
            with no_grad():
                tangent = value.__array_namespace__().zeros_like(value)
        filled.append((value._array, tangent._array) if raw else (value, tangent))
    if not many:
        return filled[0]
    return tuple(y for y, _ in filled), tuple(t for _, t in filled)


# -- of functions --------------------------------------------------------------------------------


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `function`, whose value is one real number.

    argnums : which arguments to differentiate in, by position; for several the gradients come
        as a tuple.
    has_aux : `function` returns a pair, of which the second part is passed on.

    An argument may be an array, a Python number, or nested dicts, lists and tuples of them; its
    gradient has the same structure. Raw arrays give raw gradients, `GradArray`s give
    `GradArray`s, which can be differentiated again.

    >>> import numpy as np
    >>> grad(lambda p: (p["w"] * p["w"]).sum())({"w": np.array([1.0, 2.0])})
    {'w': array([2., 4.])}
    """
    both = value_and_grad(function, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad`, but the function returns ``(value, gradient)``; with aux the value is a pair."""
    many = not isinstance(argnums, int)
    positions = tuple(argnums) if isinstance(argnums, Sequence) else (argnums,)

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        leaves: list[Any] = []
        given: list[Any] = []
        moved = list(args)
        with enable_grad():
            for i in positions:
                moved[i] = _mapped(args[i], lambda v: _variable(v, given, leaves))
            raw = not any(isinstance(v, GradArray) for v in given)
            outcome = function(*moved, **kwargs)
            y = as_operand(outcome[0] if has_aux else outcome)
            found: tuple[Any, ...] = (None,) * len(leaves)
            if y._edge is not None and leaves:
                found = gradients(y, leaves, create_graph=not raw, allow_unused=True)
            found = tuple(
                x.__array_namespace__().zeros_like(x) if g is None else g
                for x, g in zip(leaves, found, strict=True)
            )
        results = iter(g._array if raw and isinstance(g, GradArray) else g for g in found)
        trees = tuple(_mapped(args[i], lambda _: next(results)) for i in positions)
        value = y._array if raw else y
        return (value, outcome[1]) if has_aux else value, trees if many else trees[0]

    return both


def _variable(value: Any, given: list[Any], leaves: list[Any]) -> GradArray:
    """`value` as something to differentiate in, which stays connected to what made it."""
    given.append(value)
    if isinstance(value, GradArray) and (value._edge is not None or value._tangents is not None):
        x = positive(value)
        if x._edge is None:  # tangents alone
            x._edge = LeafSlot(x, x._array.shape, x._array.dtype)
    else:
        x = GradArray(as_raw(value), requires_grad=True)
    leaves.append(x)
    return x


def _mapped(tree: Any, function: Callable[[Any], Any]) -> Any:
    """`tree`, nested dicts, lists and tuples, with `function` applied to what is in them."""
    if isinstance(tree, dict):
        return {k: _mapped(v, function) for k, v in tree.items()}
    if isinstance(tree, tuple):
        parts = [_mapped(v, function) for v in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    if isinstance(tree, list):
        return [_mapped(v, function) for v in tree]
    return function(tree)
