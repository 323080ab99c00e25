"""Reverse mode: `gradients`, `grad`, `value_and_grad`, `elementwise_grad`, `vjp`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeAlias, overload

from ..backends import _registry
from ..core import engine
from ..core.array import GradArray
from ..core.convert import SCALARS, as_operand, as_raw, check_devices
from ..core.filled import settled
from ..core.mode import mode
from ..core.nodes import raw_of
from ..core.recording import constant
from ..core.tangents import propagated
from ..core.walk import sum_of
from ..errors import (
    DTypeError,
    GradientRequiredError,
    NotTrackedError,
    ShapeError,
    StructureError,
    UnknownArrayError,
)
from ..typing import Array
from .arguments import Arguments, named_as, replaced
from .call import Call, each, has_edge, output_leaves, with_aux, without_edges
from .tree import is_labelled, leaves, leaves_like, outline, paths, unflattened

P = ParamSpec("P")
#: The function that `vjp` gives: from the gradient of the output to those of the primals.
Pullback: TypeAlias = Callable[[Any], tuple[Any, ...]]


def gradients(
    outputs: GradArray | Sequence[GradArray],
    inputs: GradArray | Sequence[GradArray],
    grad_outputs: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` in `inputs`; no ``grad`` attribute changes.

    outputs : one or several arrays that require a gradient; the gradients of several add up.
    inputs : one or several arrays that require a gradient, leaves or results.
    grad_outputs : the gradient of each output; real arrays of one element need none.
    retain_graph, create_graph : as for `GradArray.backward`.
    allow_unused : return `None` for an input on which no output depends, in place of an error.

    Returns a tuple with one gradient per input: raw arrays, or `GradArray`s under `create_graph`.
    This is PyTorch's ``autograd.grad``. Raises `NotTrackedError` for a constant and for an unused
    input, else as `GradArray.backward`.
    """
    outs: list[Any] = [outputs] if _registry.is_array(outputs) else list(outputs)
    ins: list[Any] = [inputs] if _registry.is_array(inputs) else list(inputs)
    if grad_outputs is None:
        seeds: list[Any] = [None] * len(outs)
    elif isinstance(grad_outputs, (list, tuple)):
        seeds = list(grad_outputs)
    else:
        seeds = [grad_outputs]
    if len(seeds) != len(outs):
        raise ShapeError(
            f"gradients: {len(seeds)} grad_outputs for {len(outs)} outputs: give one for each"
        )
    outs, ins = settled(outs), settled(ins)
    for what, arrays in (("output", outs), ("input", ins)):
        for x in arrays:
            if not isinstance(x, GradArray):
                raise NotTrackedError(
                    f"gradients: an {what} is of type {type(x).__name__}, which nothing tracks: "
                    "pass GradArrays, one or a sequence of them"
                )
            if x._edge is None:
                raise NotTrackedError(
                    f"gradients: an {what} of shape {tuple(x.shape)} is a constant: make it a "
                    "GradArray that requires a gradient"
                )
    pairs: dict[Any, Any] = {}
    for y, seed in zip(outs, seeds, strict=True):
        if seed is None and y.size != 1:
            raise GradientRequiredError(
                f"gradients of an output of shape {tuple(y.shape)}, which has {y.size} elements: "
                "reduce it first, as in y.sum(), or pass grad_outputs with an array of its shape"
            )
        g = y._seed(seed)
        pairs[y._edge] = sum_of(pairs[y._edge], g) if y._edge in pairs else g
    found: dict[Any, Any] = {}
    if pairs:
        found = dict(
            engine.run(
                list(pairs.items()),
                retain_graph=create_graph if retain_graph is None else retain_graph,
                create_graph=create_graph,
                targets={x._edge for x in ins},
                selected=[y._edge for y, s in zip(outs, seeds, strict=True) if s is not None],
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


@overload
def grad(
    function: Callable[P, Array | float], argnums: int = 0, has_aux: Literal[False] = False
) -> Callable[P, Any]: ...
@overload
def grad(
    function: Callable[P, Array | float], argnums: Sequence[int], has_aux: Literal[False] = False
) -> Callable[P, tuple[Any, ...]]: ...
@overload
def grad(
    function: Callable[P, tuple[Array | float, Any]], argnums: int = 0, *, has_aux: Literal[True]
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def grad(
    function: Callable[P, tuple[Array | float, Any]],
    argnums: Sequence[int],
    has_aux: Literal[True],
) -> Callable[P, tuple[tuple[Any, ...], Any]]: ...
@overload
def grad(
    function: Callable[P, Array | float],
    argnums: int | Sequence[int] | None = None,
    has_aux: Literal[False] = False,
    *,
    argnames: str | Sequence[str],
) -> Callable[P, Any]: ...
@overload
def grad(
    function: Callable[P, tuple[Array | float, Any]],
    argnums: int | Sequence[int] | None = None,
    *,
    has_aux: Literal[True],
    argnames: str | Sequence[str],
) -> Callable[P, tuple[Any, Any]]: ...
def grad(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]:
    """A function that returns the gradient of `function`, whose value is one real number.

    argnums : the positions of the arguments to differentiate in. An integer gives one gradient, a
        sequence gives a tuple of gradients. Default: 0, or no position if `argnames` is given.
    argnames : the names of parameters to differentiate in, which may be passed by position or by
        keyword; a parameter that is not passed has its default. A string gives one gradient, a
        sequence gives a tuple. With `argnums` too, its gradients come first.
    has_aux : whether `function` returns a pair ``(value, aux)``; the result is then
        ``(gradient, aux)``.

    An argument may be an array, a float, or nested dicts, lists, tuples and dataclasses of them.
    Its gradient has the same structure, shapes and dtypes. Raw arrays give raw gradients.
    `GradArray`s give `GradArray`s, which can be differentiated again. The gradient in a complex
    argument z is ∂L/∂Re z + i·∂L/∂Im z.

    Raises `GradientRequiredError` if the value has several elements, `DTypeError` if the value is
    not real and floating or an argument is not floating or complex, `UnknownArrayError` if either
    is no array, and `StructureError` if `argnums`, `argnames` or `aux` does not fit.

    >>> import numpy as np
    >>> grad(lambda p: (p["w"] * p["w"]).sum())({"w": np.array([1.0, 2.0])})
    {'w': array([2., 4.])}
    >>> grad(lambda x, *, scale: scale * x * x, argnames="scale")(3.0, scale=2.0)
    array(9.)
    """
    both = _value_and_grad("grad", function, argnums, argnames, has_aux)

    @named_as(function)
    def gradient(*args: P.args, **kwargs: P.kwargs) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


@overload
def value_and_grad(
    function: Callable[P, Array | float], argnums: int = 0, has_aux: Literal[False] = False
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def value_and_grad(
    function: Callable[P, Array | float], argnums: Sequence[int], has_aux: Literal[False] = False
) -> Callable[P, tuple[Any, tuple[Any, ...]]]: ...
@overload
def value_and_grad(
    function: Callable[P, tuple[Array | float, Any]], argnums: int = 0, *, has_aux: Literal[True]
) -> Callable[P, tuple[tuple[Any, Any], Any]]: ...
@overload
def value_and_grad(
    function: Callable[P, tuple[Array | float, Any]],
    argnums: Sequence[int],
    has_aux: Literal[True],
) -> Callable[P, tuple[tuple[Any, Any], tuple[Any, ...]]]: ...
@overload
def value_and_grad(
    function: Callable[P, Array | float],
    argnums: int | Sequence[int] | None = None,
    has_aux: Literal[False] = False,
    *,
    argnames: str | Sequence[str],
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def value_and_grad(
    function: Callable[P, tuple[Array | float, Any]],
    argnums: int | Sequence[int] | None = None,
    *,
    has_aux: Literal[True],
    argnames: str | Sequence[str],
) -> Callable[P, tuple[Any, Any]]: ...
def value_and_grad(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]:
    """As `grad`, but gives ``(value, gradient)``; with `has_aux`, ``((value, aux), gradient)``."""
    return _value_and_grad("value_and_grad", function, argnums, argnames, has_aux)


@overload
def elementwise_grad(
    function: Callable[P, Array | float], argnums: int = 0
) -> Callable[P, Any]: ...
@overload
def elementwise_grad(
    function: Callable[P, Array | float], argnums: Sequence[int]
) -> Callable[P, tuple[Any, ...]]: ...
@overload
def elementwise_grad(
    function: Callable[P, Array | float],
    argnums: int | Sequence[int] | None = None,
    *,
    argnames: str | Sequence[str],
) -> Callable[P, Any]: ...
def elementwise_grad(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]:
    """A function that returns the gradient of the sum over the result of `function`.

    If `function` works element by element, this gradient is its elementwise derivative. `argnums`,
    `argnames` and errors are as for `grad`, but the result may have any shape.
    """

    def summed(y: GradArray) -> None:
        _check_real("elementwise_grad", y)

    return _derivative("elementwise_grad", function, argnums, argnames, False, summed)


def _value_and_grad(
    name: str, function: Callable[..., Any], argnums: Any, argnames: Any, has_aux: bool
) -> Callable[..., Any]:
    def one_number(y: GradArray) -> None:
        if y.size != 1:
            raise GradientRequiredError(
                f"{name}: the function returned an array of shape {tuple(y.shape)}, and gradients "
                "are of one number: reduce it first, as in y.sum(), or use jacrev"
            )
        _check_real(name, y)

    return _derivative(name, function, argnums, argnames, has_aux, one_number, with_value=True)


def _check_real(name: str, y: GradArray) -> None:
    backend = _registry.of(y._array)
    if backend.is_complex(y._array.dtype):
        raise DTypeError(
            f"{name}: the function returned a complex array of shape {tuple(y.shape)}, and "
            "gradients are of real numbers: take its real part, or its abs; jacrev and jacfwd "
            "give df/dz of a holomorphic function"
        )
    if not backend.is_inexact(y._array.dtype):
        raise DTypeError(
            f"{name}: the function returned an array of dtype {y.dtype} and shape "
            f"{tuple(y.shape)}, which has no derivative: return a floating one"
        )


def _derivative(
    name: str,
    function: Callable[..., Any],
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    check: Callable[[GradArray], None],
    with_value: bool = False,
) -> Callable[..., Any]:
    """The gradient, in chosen arguments, of the sum over the result of `function`."""
    if not callable(function):
        raise TypeError(
            f"{name}: {type(function).__name__} is no function: pass the function itself, as in "
            f"{name}(f), and not f(x)"
        )
    arguments = Arguments(name, function, argnums, argnames)
    many = arguments.many

    @named_as(function)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        at = arguments.places(args, kwargs)
        with Call(name) as call:
            given = arguments.given(at, args, kwargs)
            moved, named = replaced(at, call.variables(given, at), args, kwargs)
            outcome = function(*moved, **named)
            aux = None
            if has_aux:
                outcome, aux = with_aux(name, outcome)
            labels, y = None, outcome
            if type(outcome) is not GradArray:
                if is_labelled(outcome):
                    labels = outline(outcome)
                    (outcome,) = leaves(outcome)
                y = _one_array(name, outcome)
            check(y)
            connected = call.connected([y])
            if has_aux:  # before the graph is freed
                aux = call.aux(aux)
            seed = _registry.of(y._array).ones_like(y._array)
            found = call.pulled([y], [seed], connected, connected)
        results = [call.result(g, connected) for g in found]
        if len(results) == 1 and type(given[0]) in _registry.by_type:
            trees: tuple[Any, ...] = (results[0],)
        else:
            values = iter(results)
            trees = tuple([unflattened(t, values) for t in given])
        found = trees if many else trees[0]
        if not with_value:
            return found
        value = call.result(y, connected)
        if labels is not None:
            value = unflattened(labels, iter([value]))
        return ((value, aux) if has_aux else value), found

    return derivative


def _one_array(name: str, value: Any) -> GradArray:
    if isinstance(value, (dict, list, tuple)) or not (
        isinstance(value, (GradArray, *SCALARS))
        or _registry.is_array(value)
        or hasattr(value, "dtype")
    ):
        raise UnknownArrayError(
            f"{name}: the function returned {type(value).__name__}, and must return one array; "
            "has_aux=True lets it return (value, anything)"
        )
    return as_operand(float(value) if type(value) is int else value)


# -- vjp -----------------------------------------------------------------------------------------


@overload
def vjp(
    function: Callable[..., Any], *primals: Any, has_aux: Literal[False] = False
) -> tuple[Any, Pullback]: ...
@overload
def vjp(
    function: Callable[..., tuple[Any, Any]], *primals: Any, has_aux: Literal[True]
) -> tuple[Any, Pullback, Any]: ...
def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `function` at `primals`, and a function that pulls gradients back through it.

    Returns ``(output, pullback)``, or ``(output, pullback, aux)`` with `has_aux`. ``pullback(g)``
    takes a gradient with the structure, shapes and dtypes of the output, else it raises
    `StructureError`, `ShapeError` or `DTypeError`. It returns a tuple with one gradient per primal.
    You can call it several times.

    With complex numbers `pullback` is the adjoint: for ``z -> A @ z``, ``pullback(g)`` is
    ``conj(A.T) @ g``. So its gradients agree with those of `grad`.

    >>> y, pullback = vjp(lambda a, b: a * b, 2.0, 3.0)
    >>> y, pullback(1.0)
    (array(6.), (array(3.), array(2.)))
    """
    return vjp_as("vjp", function, primals, has_aux)


def vjp_as(name: str, function: Callable[..., Any], primals: Any, has_aux: bool = False) -> Any:
    """`vjp` for the transformation `name`, which its errors name."""
    with Call(name) as call:
        variables = call.variables(primals, tuple(range(len(primals))))
        outcome = function(*variables)
        aux = None
        if has_aux:
            outcome, aux = with_aux(name, outcome)
        like = call.arrays[0] if call.arrays else None
        outputs = output_leaves(name, outcome, like)
        connected = call.connected(outputs)
        if has_aux:
            aux = call.aux(aux)
    results = iter([call.result(y, connected) for y in outputs])
    output = unflattened(outcome, results)
    pullback = _Pullback(call, outcome, outputs, primals, connected)
    return (output, pullback, aux) if has_aux else (output, pullback)


class _Pullback:
    """The second result of `vjp`."""

    __slots__ = ("_call", "_connected", "_outcome", "_outputs", "_primals")

    def __init__(
        self, call: Call, outcome: Any, outputs: list[GradArray], primals: Any, connected: bool
    ) -> None:
        self._call = call
        # Keep only the structure of the result, so that arrays outside the graph can be freed.
        self._outcome = outline(outcome)
        self._outputs = outputs
        self._primals = outline(primals)
        self._connected = connected

    def __call__(self, g: Any) -> tuple[Any, ...]:
        return self.pulled(g, True)

    def pulled(self, g: Any, selected: bool) -> tuple[Any, ...]:
        """The gradients of the primals.

        selected : whether `g` counts as a gradient that came through a selection.
        """
        call = self._call
        given = leaves_like(self._outcome, g, "pullback")
        seeds = each(lambda i: f"output{paths(self._outcome)[i]}", seed_for, self._outputs, given)
        plain = not any(isinstance(s, GradArray) for s in given)
        tracked = any(isinstance(s, GradArray) and has_edge(s) for s in seeds)
        record = mode.recording and (self._connected or tracked)
        found = call.pulled(self._outputs, seeds, True, record, selected)
        out: list[Any] = []
        for x in found:
            if not isinstance(x, GradArray):
                out.append(x if call.raw and plain else constant(x))
            elif record and has_edge(x):
                out.append(x)
            elif call.raw and plain and propagated(x) is None:
                out.append(x._array)
            else:
                out.append(without_edges(x))
        return unflattened(self._primals, iter(out))

    def __repr__(self) -> str:
        return f"<pullback of {len(self._primals)} primals>"


def seed_for(y: GradArray, g: Any, what: str = "pullback") -> Any:
    """The gradient `g` for the output `y`, checked."""
    number = type(g) in SCALARS or isinstance(g, list)
    is_array = isinstance(g, GradArray) or _registry.is_array(g) or hasattr(g, "dtype")
    if not number and not is_array:
        raise StructureError(
            f"{what}: {type(g).__name__} was given for an array of shape {tuple(y.shape)}: pass an "
            "array of that shape"
        )
    g = g if isinstance(g, GradArray) else as_raw(g, like=y)
    raw = raw_of(g)
    check_devices(what, y._array, raw)
    if tuple(raw.shape) != tuple(y.shape):
        raise ShapeError(
            f"{what}: an array of shape {tuple(raw.shape)} was given for one of shape "
            f"{tuple(y.shape)}: they must be equal"
        )
    if raw.dtype != y.dtype:
        backend = _registry.of(raw)
        if not number or (backend.is_complex(raw.dtype) and not backend.is_complex(y.dtype)):
            raise DTypeError(
                f"{what}: an array of dtype {raw.dtype} was given for one of dtype {y.dtype}: they "
                "must be equal; convert it with astype"
            )
        g = backend.xp.astype(raw, y.dtype)
    return g
