"""Jacobians, Hessians, and their products with vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, overload

from ..backends import _registry
from ..core.array import GradArray
from ..core.recording import constant
from ..errors import NotTrackedError
from ..ops.joining import stack
from . import tree
from .arguments import Arguments, named_as, replaced
from .call import Call, with_aux
from .forward import Linear, check_sequences, jvp_as
from .reverse import grad, vjp_as
from .tree import mapped

P = ParamSpec("P")
T = TypeVar("T")


@overload
def jacrev(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None = None,
    *,
    has_aux: Literal[True],
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def jacrev(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None,
    has_aux: Literal[True],
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def jacrev(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]: ...
def jacrev(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]:
    """A function that returns the Jacobian of `function`, row by row: reverse mode.

    argnums, argnames, has_aux : as for `grad`; with `has_aux` the result is ``(jacobian, aux)``.

    The Jacobian has the structure of the result of `function`. In place of each array it has the
    structure of the argument, with arrays of shape ``output.shape + input.shape``. The function is
    recorded once, and its graph is walked once for each element of the output, or twice where the
    output is complex and an argument is real.

    For a holomorphic function the Jacobian is df/dz, as it is for `jacfwd`. For a real function of
    complex arguments it is ∂f/∂Re z − i·∂f/∂Im z, the conjugate of the gradient.
    """
    return _jacobian("jacrev", function, argnums, argnames, has_aux, lambda linear: True)


@overload
def jacfwd(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None = None,
    *,
    has_aux: Literal[True],
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def jacfwd(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None,
    has_aux: Literal[True],
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def jacfwd(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]: ...
def jacfwd(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]:
    """As `jacrev`, but column by column: forward mode, one pass per element of the arguments.

    `function` is called once: the passes go through its graph, as with `linearize`. An element of a
    complex argument takes two passes where an output is real.
    """
    return _jacobian("jacfwd", function, argnums, argnames, has_aux, lambda linear: False)


@overload
def jacobian(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None = None,
    *,
    has_aux: Literal[True],
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def jacobian(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None,
    has_aux: Literal[True],
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def jacobian(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]: ...
def jacobian(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]:
    """As `jacrev` if the Jacobian has fewer rows than columns, else as `jacfwd`.

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return _jacobian("jacobian", function, argnums, argnames, has_aux, _fewer_rows)


@overload
def hessian(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None = None,
    *,
    has_aux: Literal[True],
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def hessian(
    function: Callable[P, tuple[Any, Any]],
    argnums: int | Sequence[int] | None,
    has_aux: Literal[True],
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def hessian(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]: ...
def hessian(
    function: Callable[P, Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    *,
    argnames: str | Sequence[str] | None = None,
) -> Callable[P, Any]:
    """A function that returns the second derivatives of `function`.

    Real arguments use reverse over reverse, complex arguments forward over reverse.

    argnums, argnames, has_aux : as for `grad`; with `has_aux` the result is ``(hessian, aux)``.

    For each array that `function` returns, and for each pair of leaves of the arguments, the result
    has an array of shape ``output.shape + input1.shape + input2.shape``.
    """
    Arguments("hessian", function, argnums, argnames)  # an error names hessian, not jacrev
    gradient = jacrev(function, argnums, has_aux, argnames=argnames)
    return _jacobian("hessian", gradient, argnums, argnames, has_aux, is_real)


def _jacobian(
    name: str,
    function: Callable[..., Any],
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    by_rows: Callable[[Linear], bool],
) -> Callable[..., Any]:
    def of_blocks(linear: Linear, given: tuple[Any, ...], many: bool) -> Any:
        found = _rows(linear) if by_rows(linear) else _columns(linear)
        trees: list[Any] = []
        for row in found:
            parts = tree.blocks(given, iter([_result(linear, block) for block in row]), False)
            trees.append(parts if many else parts[0])
        return tree.blocks(linear.outcome, iter(trees), True)

    return of_linear(name, function, argnums, argnames, has_aux, of_blocks)


def _result(linear: Linear, array: GradArray) -> Any:
    return linear.call.result(array, linear.connected)


def of_linear(
    name: str,
    function: Callable[..., Any],
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    result_of: Callable[[Linear, tuple[Any, ...], bool], Any],
) -> Callable[..., Any]:
    """A function that records `function` once in chosen arguments, and returns a result of that.

    result_of : gets the recorded function, the chosen arguments, and whether they are several.
    """
    arguments = Arguments(name, function, argnums, argnames)
    many = arguments.many

    @named_as(function)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        at = arguments.places(args, kwargs)
        aux: list[Any] = []

        def partial(*given: Any) -> Any:
            moved, named = replaced(at, given, args, kwargs)
            outcome = function(*moved, **named)
            if has_aux:
                outcome, extra = with_aux(name, outcome)
                aux.append(extra)
            return outcome

        given = arguments.given(at, args, kwargs)
        linear = Linear(name, partial, given, at)
        with Call(name):  # the passes run as part of a transformation, as `linear` did
            result = result_of(linear, given, many)
        return (result, linear.call.aux(aux[0])) if has_aux else result

    return derivative


def _fewer_rows(linear: Linear) -> bool:
    """Whether the Jacobian has fewer rows than columns."""
    return sum(y.size for y in linear.outputs) < sum(x.size for x in linear.call.arrays)


def is_real(linear: Linear) -> bool:
    """Whether no argument is complex."""
    return not any(is_complex(x) for x in linear.call.arrays)


def one_hot(like: GradArray, i: int, value: complex = 1.0) -> Any:
    """A raw array like `like`, with `value` at element `i` and 0 elsewhere."""
    raw = like._array
    backend = _registry.of(raw)
    xp = backend.xp
    device = backend.device(raw)
    where = {} if device is None else {"device": backend.raw_device(device)}
    with backend.on_device(raw):
        flat = xp.astype(xp.arange(like.size, **where) == i, raw.dtype)
        return xp.reshape(flat if value == 1.0 else flat * value, raw.shape)


def _rows(linear: Linear) -> list[list[Any]]:
    """The blocks of the Jacobian, from one reverse walk for each element of the outputs."""
    call = linear.call
    out: list[list[Any]] = []
    for y in linear.outputs:
        in_complex = is_complex(y)
        rows: list[list[Any]] = []
        for i in range(y.size):
            row = pulled(linear, y, one_hot(y, i))
            if in_complex and not all(is_complex(x) for x in call.arrays):
                turned = pulled(linear, y, one_hot(y, i, 1j))
                row = [
                    _conj(g) if is_complex(x) else g + 1j * h
                    for x, g, h in zip(call.arrays, row, turned, strict=True)
                ]
            else:
                row = [_conj(g) if is_complex(g) else g for g in row]
            rows.append(row)
        out.append([_stacked([r[k] for r in rows], y, x) for k, x in enumerate(call.arrays)])
    return out


def pulled(linear: Linear, y: GradArray, seed: Any) -> list[GradArray]:
    """The gradients of the variables, from the gradient `seed` of the output `y`."""
    call = linear.call
    # One row of several selects an element; the one row of a number is its gradient.
    found = call.pulled([y], [seed], True, linear.connected, y.size > 1)
    return [g if isinstance(g, GradArray) else constant(g) for g in found]


def _columns(linear: Linear) -> list[list[Any]]:
    """The blocks of the Jacobian, from one forward pass for each element of the variables."""
    call = linear.call
    count = len(call.arrays)
    columns: list[list[list[Any]]] = [[] for _ in range(count)]
    for k, x in enumerate(call.arrays):
        for i in range(x.size):
            column = pushed(linear, k, one_hot(x, i))
            if is_complex(x) and not all(is_complex(y) for y in linear.outputs):
                turned = pushed(linear, k, one_hot(x, i, 1j))
                column = [
                    t if is_complex(y) else t - 1j * u
                    for y, t, u in zip(linear.outputs, column, turned, strict=True)
                ]
            columns[k].append(column)
    return [
        [
            _stacked([c[j] for c in columns[k]], y, x, columns=True)
            for k, x in enumerate(call.arrays)
        ]
        for j, y in enumerate(linear.outputs)
    ]


def pushed(linear: Linear, k: int, tangent: Any) -> list[GradArray]:
    """The tangents of the outputs, from a tangent of variable `k` alone."""
    given: list[Any] = [None] * len(linear.call.arrays)
    given[k] = tangent
    found = linear.pushed(given)
    return [t if isinstance(t, GradArray) else constant(t) for t in found]


def _stacked(parts: list[Any], y: GradArray, x: GradArray, columns: bool = False) -> GradArray:
    """The rows or columns of one block as an array of shape ``y.shape + x.shape``."""
    xp = y.__array_namespace__()
    shape = (*y.shape, *x.shape)
    if not parts or not math.prod(shape):
        dtype = xp.result_type(y.dtype, x.dtype)
        return xp.zeros(shape, dtype=dtype, device=y.device)
    block = stack(parts, axis=-1 if columns else 0)
    return xp.reshape(block, shape)


def is_complex(x: Any) -> bool:
    return _registry.of(x._array).is_complex(x._array.dtype)


def _conj(x: GradArray) -> GradArray:
    return x.__array_namespace__().conj(x)


# -- products ------------------------------------------------------------------------------------


def _plain(found: tuple[Any, ...]) -> Any:
    return found[0] if len(found) == 1 else found


def _gradient(name: str, function: Callable[..., Any], count: int) -> Callable[..., Any]:
    if not count:
        raise NotTrackedError(f"{name}: there are no primals to differentiate in")
    return grad(function, argnums=tuple(range(count)))


def hvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of `function`, whose value is one real number, times `tangents`.

    primals, tangents : as for `jvp`.

    This is forward over reverse: two to three times the work of the gradient, and no matrix is
    built. The result has the structure of the primal; for several primals it is a tuple. Raises
    `GradientRequiredError` if the value has several elements, else as `jvp`.

    >>> import numpy as np
    >>> hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    check_sequences("hvp", primals, tangents)
    return _plain(jvp_as("hvp", _gradient("hvp", function, len(primals)), primals, tangents)[1])


def vhp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """As `hvp`, but reverse over reverse: for functions whose rules have no forward mode.

    The Hessian is symmetric, so both give the same result.
    """
    check_sequences("vhp", primals, tangents)
    _, pullback = vjp_as("vhp", _gradient("vhp", function, len(primals)), primals)
    return _plain(pullback(tuple(tangents)))


def ggnvp(
    function: Callable[..., Any],
    loss: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
) -> Any:
    """The generalised Gauss–Newton matrix of ``loss(function(*primals))`` times `tangents`.

    The matrix is Jᵀ·H·J. J is the Jacobian of `function`, and H is the Hessian of `loss` at the
    result of `function`. The matrix is positive semidefinite where `loss` is convex. `loss` takes
    the result of `function` as its one argument. The result has the structure that `hvp` returns.

    >>> import numpy as np
    >>> x, t = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    >>> ggnvp(lambda x: x**2, lambda y: (y**2).sum(), (x,), (t,))
    array([8., 0.])
    """
    check_sequences("ggnvp", primals, tangents)
    output, moved = jvp_as("ggnvp", function, primals, tangents)
    curved = hvp(loss, (output,), (moved,))
    _, pullback = vjp_as("ggnvp", function, primals)
    return _plain(pullback(curved))


# -- constants -----------------------------------------------------------------------------------


def stop_gradient(x: T) -> T:
    """`x`, an array or a nested structure, with all arrays as constants: no derivative passes.

    Each `GradArray` is detached, for reverse and for forward mode. All other leaves are unchanged.
    """
    return mapped(lambda v: v.detach() if isinstance(v, GradArray) else v, x)
