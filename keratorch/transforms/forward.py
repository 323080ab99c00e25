"""Forward mode: `jvp` in one pass without a graph, `linearize` through a recorded graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, overload

from ..backends import _registry
from ..core.array import GradArray
from ..core.convert import as_operand, as_raw, check_devices
from ..core.mode import mode
from ..core.push import forward_order, push
from ..core.recording import constant
from ..core.tangents import open_level, propagated, take_tangent, with_tangent
from ..core.views import lend
from ..errors import DTypeError, ShapeError, StructureError
from .call import (
    Call,
    check_inexact,
    each,
    has_edge,
    output_leaves,
    raw_argument,
    with_aux,
    without_edges,
)
from .tree import leaves, leaves_like, mapped, outline, paths, unflattened


@overload
def jvp(
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: Literal[False] = False,
) -> tuple[Any, Any]: ...
@overload
def jvp(
    function: Callable[..., tuple[Any, Any]],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: Literal[True],
) -> tuple[Any, Any, Any]: ...
def jvp(
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> Any:
    """The value of `function` at `primals`, and its derivative along `tangents`: forward mode.

    This takes one pass, in which each array carries its tangent. No graph is kept, so memory does
    not grow with the number of operations.

    primals, tangents : a tuple or list each, with one entry per argument: arrays, floats, or nested
        structures of them. A tangent has the structure and the shapes of its primal, and is cast
        to the dtype of its primal.
    has_aux : whether `function` returns a pair ``(value, aux)``; `aux` is passed on.

    Returns ``(output, tangent)``, or ``(output, tangent, aux)`` with `has_aux`. Both have the
    structure of the result of `function`: raw arrays where all primals and tangents are raw, else
    `GradArray`s.

    Raises `StructureError`, `ShapeError`, `DTypeError`, `DeviceMismatchError` or
    `UnknownArrayError` for arguments or results that do not fit.

    >>> jvp(lambda x: x * x, (3.0,), (1.0,))
    (array(9.), array(6.))
    """
    return jvp_as("jvp", function, primals, tangents, has_aux)


def jvp_as(
    name: str,
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> Any:
    """`jvp` for the transformation `name`, which its errors name."""
    check_sequences(name, primals, tangents)
    call = Call(name)
    given = leaves(list(primals))
    directions = leaves_like(list(primals), list(tangents), f"{name}: tangents")
    call.note(directions)
    like = call.note(given)
    where = partial(_argument, primals)
    xs = each(where, lambda v: _primal(name, v, like), given)
    ts = each(where, lambda t, x: tangent_for(name, t, x), directions, xs)
    before = mode.fillable
    mode.transforms += 1
    mode.recording = mode.fillable = True
    try:
        with open_level() as level:
            moved = iter([lend(with_tangent(x, t, level)) for x, t in zip(xs, ts, strict=True)])
            outcome = function(*[unflattened(p, moved) for p in primals])
            aux = None
            if has_aux:
                outcome, aux = with_aux(name, outcome)
                aux = mapped(lambda v: _below(v, level), aux)
            outputs = output_leaves(name, outcome, xs[0] if xs else None)
            pairs = [take_tangent(y, level) for y in outputs]
    finally:
        mode.transforms -= 1
        mode.recording, mode.fillable = call.recording, before
    made = [x for pair in pairs for x in pair if x is not None]
    connected = call.recording and (not call.raw or call.enclosed or call.helps(made))

    def out(x: Any) -> Any:
        return call.result(x, connected)

    values: list[Any] = []
    slopes: list[Any] = []
    for value, tangent in pairs:
        values.append(out(value))
        if tangent is None:
            raw = value._array
            tangent = constant(_registry.of(raw).xp.zeros_like(raw))
        slopes.append(out(tangent))
    output = unflattened(outcome, iter(values))
    slope = unflattened(outcome, iter(slopes))
    if not has_aux:
        return output, slope
    aux = mapped(lambda v: out(v) if isinstance(v, GradArray) else v, aux)
    return output, slope, aux


def _argument(primals: Sequence[Any], i: int) -> str:
    """The place of leaf `i` of the primals: ``argument 1['w']``."""
    return [f"argument {k}{path}" for k, tree in enumerate(primals) for path in paths(tree)][i]


def _below(value: Any, level: int) -> Any:
    return take_tangent(value, level)[0] if isinstance(value, GradArray) else value


def _primal(name: str, value: Any, like: Any) -> GradArray:
    if isinstance(value, GradArray):
        check_inexact(name, value._array)
        return as_operand(value) if mode.recording else without_edges(value)
    return constant(raw_argument(name, value, like))


def check_sequences(name: str, primals: Any, tangents: Any) -> None:
    """Raise `StructureError` or `ShapeError` unless both are tuples or lists of equal length."""
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise StructureError(
                f"{name}: {what} must be a tuple or list with one entry per argument, as in "
                f"{name}(f, (x,), (t,)), not {type(given).__name__}"
            )
    if len(primals) != len(tangents):
        raise ShapeError(
            f"{name}: {len(tangents)} tangents for {len(primals)} primals: give one for each"
        )


def tangent_for(name: str, t: Any, x: GradArray) -> GradArray:
    """The tangent `t`, checked against the primal `x` and cast to its dtype."""
    t = as_operand(t) if isinstance(t, GradArray) else constant(as_raw(t, like=x))
    check_devices(name, x._array, t._array)
    if tuple(x.shape) != tuple(t.shape):
        raise ShapeError(
            f"{name}: a tangent of shape {tuple(t.shape)} for a primal of shape "
            f"{tuple(x.shape)}: they must be equal"
        )
    if t.dtype != x.dtype:
        backend = _registry.of(t._array)
        if backend.is_complex(t.dtype) and not backend.is_complex(x.dtype):
            raise DTypeError(
                f"{name}: a tangent of dtype {t.dtype} for a primal of dtype {x.dtype}: that of a "
                "real array is real"
            )
        t = t.__array_namespace__().astype(t, x.dtype)
    return t


# -- linearize -----------------------------------------------------------------------------------


def linearize(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of `function` at `primals`, and its derivative there as a linear function.

    Returns ``(output, derivative)``. ``derivative(*tangents)`` is the tangent of
    ``jvp(function, primals, tangents)``, but does not call `function` again: it pushes the tangents
    through the graph that `linearize` recorded, and keeps that graph. Errors are those of `jvp`.

    >>> y, derivative = linearize(lambda x: x**3, 2.0)
    >>> derivative(1.0), derivative(0.5)
    (array(12.), array(6.))
    """
    linear = Linear("linearize", function, primals)
    return linear.output, linear


class Linear:
    """A function that was recorded once; a call pushes tangents through its graph."""

    __slots__ = ("call", "connected", "order", "outcome", "output", "outputs", "primals")

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        primals: tuple[Any, ...],
        positions: tuple[int, ...] | None = None,
    ) -> None:
        with Call(name) as call:
            names = tuple(range(len(primals))) if positions is None else positions
            variables = call.variables(primals, names)
            outcome = function(*variables)
            like = call.arrays[0] if call.arrays else None
            self.outputs: list[GradArray] = output_leaves(name, outcome, like)
            self.connected: bool = call.connected(self.outputs)
        self.call: Call = call
        self.outcome: Any = outline(outcome)
        self.primals: Any = outline(primals)
        self.output: Any = unflattened(
            outcome, iter([call.result(y, self.connected) for y in self.outputs])
        )
        self.order: list[Any] | None = None

    def __call__(self, *tangents: Any) -> Any:
        name = self.call.name
        check_sequences(name, self.primals, tangents)
        given = leaves_like(self.primals, tangents, f"{name}: tangents")
        found = self.pushed(given)
        return unflattened(self.outcome, iter(found))

    def pushed(self, given: list[Any]) -> list[Any]:
        """The tangents of the outputs, from the tangents of the variables (`None` for zero)."""
        call = self.call
        plain = call.raw and not any(isinstance(t, GradArray) for t in given)
        ts = each(
            partial(_argument, self.primals),
            lambda t, x: None if t is None else tangent_for(call.name, t, x),
            given,
            call.arrays,
        )
        tracked = any(t is not None and has_edge(t) for t in ts)
        record = mode.recording and (self.connected or tracked)
        if self.order is None:
            ends = [y._edge for y in self.outputs]
            self.order = forward_order(ends, call.own, call.since)
        edges = {e: t for e, t in zip(call.edges, ts, strict=True) if t is not None}
        found = push(self.order, edges, [y._edge for y in self.outputs], record)
        out: list[Any] = []
        for y, t in zip(self.outputs, found, strict=True):
            if t is None:
                t = constant(_registry.of(y._array).xp.zeros_like(y._array))
            if record and has_edge(t):
                out.append(t)
            elif plain and propagated(t) is None:
                out.append(t._array)
            else:
                out.append(without_edges(t))
        return out

    def __repr__(self) -> str:
        return f"<derivative in {len(self.primals)} primals>"
