"""Functions that differentiate: `gradients` backwards, `jvp` forwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import _engine
from ._array import GradArray
from ._convert import as_operand, check_devices
from ._engine import sum_of
from ._forward import open_level, take_tangent, with_tangent
from ._mode import no_grad
from .errors import NotTrackedError, ShapeError


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
