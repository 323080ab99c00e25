"""`checkpoint`: the graph keeps a function's inputs alone, and backward calls it again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ..core import engine
from ..core.array import GradArray
from ..core.convert import as_kept, as_operand
from ..core.grad import Grad, next_seq
from ..core.mode import fillable, mode, recorded
from ..core.recording import constant, is_active
from ..core.tangents import open_level, take_tangent, with_tangent
from ..core.transposed import jvp_of_backward
from ..core.walk import sum_of
from ..errors import RuleError
from ..ops.arithmetic import positive
from . import random_state
from .call import as_variable, captured, lent
from .recomputed import FirstResults, are_same, times
from .tree import leaves, outline, unflattened

P = ParamSpec("P")
R = TypeVar("R")


def checkpoint(function: Callable[P, R], *, compare: bool = True) -> Callable[P, R]:
    """`function`, but the graph keeps its inputs alone: backward calls it again.

    This trades time for memory: the intermediate results are not kept between the forward and the
    backward pass. Tracked arrays that `function` captures count as inputs. `function` must compute
    the same values in both calls; otherwise backward raises `RuleError`.

    compare : whether backward compares the values of the second call with those of the first. It
        keeps the results of the first call for this. Differences by rounding are allowed. On a GPU,
        and with lazy and traced arrays, the gradient is NaN in place of the error, as the error
        would have to wait for the values. Shapes and captured arrays are always compared.

    Random numbers: the second call starts with the generators in the state of the first. These
    are the global generators of Python, NumPy and PyTorch. They are also the Python, NumPy and
    PyTorch generators among the arguments, defaults, closure and named globals of `function`, and
    of the functions that it names. keratorch cannot restore generators hidden deeper, nor CuPy's:
    draw outside, and pass the numbers in.

    Writes: `function` may write into its `GradArray` arguments. The arrays of the caller stay as
    they were, so return what the caller is to see. If the caller writes into such an argument
    before the second call, backward raises `StaleValueError`: write into a copy. Raw masks and
    indices among the arguments are copied. Captured ones are not.

    If `function` captures an array that carries tangents, it runs without checkpointing.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not mode.recording:
            return _called(function, args, kwargs)
        with fillable():
            return _checkpointed(function, args, kwargs, compare)

    return wrapper


def _called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    args, kwargs = lent((args, kwargs))
    return function(*args, **kwargs)


def _checkpointed(function: Callable[..., Any], args: Any, kwargs: Any, compare: bool) -> Any:
    values = leaves((args, kwargs))
    at = [i for i, v in enumerate(values) if isinstance(v, GradArray) and is_active(v)]
    inputs = [as_operand(values[i]) for i in at]
    states = random_state.taken(function, values)
    since = next_seq()
    node = _CheckpointGrad(*inputs)
    own: set[Any] = set()
    moved = lent(values)
    stored = [v if isinstance(v, GradArray) else as_kept(v) for v in values]
    for i, x in zip(at, inputs, strict=True):
        stored[i] = 0.0
        moved[i] = v = _leaf(x)
        own.add(v._edge)
    new_args, new_kwargs = unflattened((args, kwargs), iter(moved))
    outcome = function(*new_args, **new_kwargs)
    results = leaves(outcome)
    if any(isinstance(y, GradArray) and y._tangents for y in results):
        with random_state.restored(states, function, values):
            return _called(function, args, kwargs)
    tracked = [k for k, y in enumerate(results) if isinstance(y, GradArray) and y._edge is not None]
    if not tracked:
        return outcome
    older = captured([results[k]._edge for k in tracked], since, own)
    # Keep the captured arrays too, to notice a write to one of them; live arrays come first.
    older.sort(key=lambda e: e._out() is None)
    alive = [x._array for e in older for x in (e._out(),) if x is not None]
    node.count = len(inputs)
    node._edges = (*(node._edges or ()), *older)
    node._saved = saved = FirstResults((*(node._saved or ()), *alive))
    saved.arrays = [results[k]._array for k in tracked] if compare else []
    saved.since = next_seq()
    node._tangents = (*node._tangents, *[None] * len(older))
    node.function, node.states, node.tracked = function, states, tracked
    # Kept to notice a write to one of them.
    node.constants = tuple([v._array for v in stored if isinstance(v, GradArray)])
    kept = iter(stored)
    node.at, node.arguments = at, outline((args, kwargs), lambda _: next(kept))
    made = node.results(*[results[k]._array for k in tracked])
    for k, y in zip(tracked, made, strict=True):
        results[k] = y
    return unflattened(outcome, iter(results))


def _leaf(x: GradArray) -> GradArray:
    return as_variable(constant(x._array))


class _CheckpointGrad(Grad):
    """The call of a function: its inputs are the active arguments and the captured arrays."""

    function: Callable[..., Any]
    arguments: Any  # (args, kwargs), with a number in place of each input
    at: list[int]  # the positions of the inputs among their leaves
    count: int  # how many inputs are arguments
    constants: tuple[Any, ...]  # the raw arrays of the other GradArray arguments
    states: Any
    tracked: list[int]  # the positions of the outputs among the leaves of the result
    selects = walks = True

    def again(self, inputs: list[Any]) -> list[Any]:
        """The outputs, computed again from `inputs`."""
        values = leaves(self.arguments)
        for i, x in zip(self.at, inputs, strict=True):
            values[i] = x
        args, kwargs = lent(unflattened(self.arguments, iter(values)))
        with random_state.restored(self.states, self.function, values), fillable():
            results = leaves(self.function(*args, **kwargs))
        found = [results[k] for k in self.tracked if k < len(results)]
        arrays = [y for y in found if hasattr(y, "dtype")]
        for what, before, now in (
            ("shapes", [*map(tuple, self.shape)], [tuple(y.shape) for y in arrays]),
            ("dtypes", [*map(str, self.dtype)], [str(y.dtype) for y in arrays]),
        ):
            if now != before:
                raise RuleError(
                    f"checkpoint: the function returned arrays of {what} {before}, and called "
                    f"again {now}: it must compute the same both times"
                )
        return [as_operand(y) for y in found]

    def backward(self, grad: Any) -> Any:
        inputs = [as_operand(x) for x in self.inputs[: self.count]]
        older = (self._edges or ())[self.count :]
        record = mode.recording
        since = next_seq()
        variables: list[GradArray] = []
        with recorded():
            for x in inputs:
                if x._edge is not None and record:
                    variables.append(positive(x))
                    continue
                v = _leaf(x)
                v._tangents = x._tangents
                variables.append(v)
            outputs = self.again(variables)
        own = {v._edge for v in variables}
        for y in outputs:
            if y._edge is None:
                raise RuleError(
                    "checkpoint: called again, the function returned a constant, of shape "
                    f"{tuple(y.shape)}, where it returned a tracked array before: it must compute "
                    "the same both times"
                )
        above = {*own, *(e for x in inputs for e in (x._edge,) if e is not None)}
        below = [y._edge for y in outputs if y._edge is not None]
        new = [e for e in captured(below, since, above) if e not in older]
        if new:
            raise RuleError(
                "checkpoint: called again, the function captured a tracked array that it did not "
                f"capture before, of shape {tuple(new[0].shape)}: it must compute the same both "
                "times"
            )
        pairs: dict[Any, Any] = {}
        for y, g, same in zip(outputs, grad, are_same(self, outputs), strict=True):
            if g is not None:
                g = times(g, same)
                pairs[y._edge] = sum_of(pairs[y._edge], g) if y._edge in pairs else g
        found: dict[Any, Any] = {}
        mode.selected = False
        if pairs:
            found = dict(
                engine.run(
                    list(pairs.items()),
                    retain_graph=record,
                    create_graph=record,
                    targets={*own, *older},
                    since=since,
                )
            )
        return tuple([found.get(e) for e in (*(v._edge for v in variables), *older)])

    def jvp(self, *tangents: Any) -> Any:
        inputs = [as_operand(x) for x in self.inputs[: self.count]]
        with open_level() as level:
            moved = [
                x if t is None else with_tangent(x, t, level)
                for x, t in zip(inputs, tangents, strict=False)
            ]
            outputs = self.again(moved)
            found = [take_tangent(y, level)[1] for y in outputs]
        found = [times(t, same) for t, same in zip(found, are_same(self, outputs), strict=True)]
        return tuple(self._with_captured(found, inputs, tangents))

    def _with_captured(self, found: list[Any], inputs: list[Any], tangents: Any) -> list[Any]:
        """`found` plus the share of captured arrays, whose tangents `linearize` pushes."""
        rest = tangents[self.count :]
        if all(t is None for t in rest):
            return found
        more = jvp_of_backward(self, (*[None] * self.count, *rest), at=1.0)
        return [
            a if b is None else b if a is None else a + b for a, b in zip(found, more, strict=True)
        ]


__all__ = ["checkpoint"]
