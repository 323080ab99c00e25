"""Derivatives of solutions by the implicit function theorem, without differentiating a solver."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from ..backends import _registry
from ..core.array import GradArray, new_array
from ..core.convert import SCALARS, as_kept, as_operand
from ..core.grad import Grad
from ..core.mode import fillable, mode, no_grad, recorded
from ..core.nodes import is_tracked, raw_of
from ..core.recording import constant, is_active
from ..core.sync import waits
from ..core.tangents import levels
from ..errors import ConvergenceError, LostGradientError, ShapeError
from . import krylov
from .call import lent, lent_constants, output_leaves
from .forward import jvp, linearize
from .reverse import vjp
from .tree import leaves, leaves_like, mapped, outline, unflattened

P = ParamSpec("P")
Solver = Callable[[Callable[[Any], Any], Any], Any]


def implicit_root(
    residual: Callable[..., Any],
    solve: Callable[P, Any],
    *,
    linear_solve: Solver | None = None,
) -> Callable[P, Any]:
    """A differentiable function ``solution(*params)``: the x at which `residual` is 0.

    residual : ``residual(x, *params)``, written in differentiable functions. Its result has the
        structure and the shapes of x.
    solve : any solver; it is not differentiated. ``solve(*params)`` gets the parameters of
        `solution`, with constants for `GradArray`s, and returns x: an array, or a nested structure
        of arrays.
    linear_solve : ``linear_solve(matvec, b)`` solves ``matvec(x) = b`` for a raw real vector b. The
        default builds the matrix from products for up to 64 real unknowns, and uses GMRES for
        more. GMRES waits for the device, and raises `ConvergenceError` if it does not converge.

    With F the residual, dx = −(∂F/∂x)⁻¹ (∂F/∂p) dp (the implicit function theorem). Forward mode
    applies this map, and reverse mode its transpose. Derivatives of every order work, as the
    solution of the linear system is itself such a root. If `residual` captures a tracked array,
    `solution` raises `LostGradientError`: pass the array as a parameter. A residual of another
    shape than x raises `ShapeError`.

    >>> sqrt = implicit_root(lambda x, a: x * x - a, lambda a: a**0.5)
    >>> from keratorch import grad
    >>> grad(sqrt)(4.0)
    array(0.25)
    """

    @wraps(residual, ("__module__",), ())
    def solution(*params: Any) -> Any:
        found = _solution(residual, solve, linear_solve, params)
        return found if _has_gradarrays(params) else mapped(raw_of, found)

    return cast("Callable[P, Any]", solution)


def _solution(residual: Any, solve: Any, linear_solve: Any, params: tuple[Any, ...]) -> Any:
    """The solution, with `GradArray`s where the parameters or the solver have them."""
    with no_grad(), fillable(False):
        x = solve(*lent_constants(params))
    problem = _Problem(residual, linear_solve, x, params)
    return unflattened(x, iter(problem.root(problem.values, leaves(params))))


def _has_gradarrays(structure: Any) -> bool:
    return any(isinstance(v, GradArray) for v in leaves(structure))


def fixed_point(
    function: Callable[..., Any],
    init: Any,
    *params: Any,
    tol: float | None = None,
    maxiter: int = 1000,
    solve: Callable[..., Any] | None = None,
    linear_solve: Solver | None = None,
) -> Any:
    """The x at which ``function(x, *params)`` equals x, differentiable in `params`.

    init : the start of the iteration, an array or a nested structure; x has the same structure.
        The derivative in `init` is 0.
    tol : the iteration ends when a step changes no element by more than ``tol·(1 + |x|)``. Default:
        8 times the machine epsilon of the dtype.
    maxiter : after this many steps `ConvergenceError` is raised. Each step reads values, and so
        waits for the device: inside `jax.jit` give `solve`.
    solve : a solver to use in place of the iteration: ``solve(init, *params)`` returns x.
    linear_solve : as for `implicit_root`, which computes the derivatives. The iteration is not
        differentiated.

    >>> from keratorch import cos, grad
    >>> grad(lambda a: fixed_point(lambda x, a: cos(a * x), 0.5, a))(1.0)
    array(-0.29747434)
    """

    if not callable(function):
        raise TypeError(
            f"fixed_point: {type(function).__name__} is no function: pass the function itself, "
            "and then where to start, as in fixed_point(f, init)"
        )

    def residual(x: Any, *params: Any) -> Any:
        found = function(*lent((x, *params)))
        pairs = zip(leaves(x), leaves_like(x, found, "fixed_point: the function's"), strict=True)
        return unflattened(x, iter([a - b for a, b in pairs]))

    def iterate(*params: Any) -> Any:
        start = lent_constants(init)
        if solve is not None:
            return solve(start, *params)
        return _iterated(function, start, params, tol, maxiter)

    found = _solution(residual, iterate, linear_solve, params)
    return found if _has_gradarrays((init, params)) else mapped(raw_of, found)


def _iterated(
    function: Callable[..., Any], x: Any, params: tuple[Any, ...], tol: float | None, maxiter: int
) -> Any:
    like = next((v for v in leaves(params) if _is_inexact(v)), None)
    like = None if like is None else as_operand(like)
    values = [v if isinstance(v, GradArray) else as_operand(v, like) for v in leaves(x)]
    for v in values:
        waits("fixed_point", v.shape, "each step looks at what it found; give solve")
    for _ in range(maxiter):
        found = function(*lent((unflattened(x, iter(values)), *params)))
        new = [as_operand(v) for v in leaves_like(x, found, "fixed_point: the function's")]
        done = all(_close(a, b, tol) for a, b in zip(values, new, strict=True))
        values = new
        if done:
            return unflattened(x, iter(values))
    raise ConvergenceError(
        f"fixed_point: no fixed point within {tol or 'rounding'} after {maxiter} steps: raise "
        "maxiter or tol, start nearer, or give solve"
    )


def _close(a: GradArray, b: GradArray, tol: float | None) -> bool:
    if tuple(a.shape) != tuple(b.shape):
        raise ShapeError(
            f"fixed_point: the function returned an array of shape {tuple(b.shape)} for one of "
            f"shape {tuple(a.shape)}: they must be equal"
        )
    raw = b._array
    backend = _registry.of(raw)
    xp = backend.xp
    if not b.size:
        return True
    bound = 8 * float(xp.finfo(raw.dtype).eps) if tol is None else tol
    with backend.on_device(raw):
        return bool(xp.all(xp.abs(raw - a._array) <= bound * (1 + xp.abs(raw))))


def _is_inexact(value: Any) -> bool:
    if type(value) in SCALARS:
        return False
    raw = raw_of(value)
    return _registry.is_array(raw) and _registry.of(raw).is_inexact(raw.dtype)


class _Problem:
    """A residual, and a root of it."""

    def __init__(self, residual: Any, linear_solve: Any, x: Any, params: Any) -> None:
        self.residual = residual
        self.linear_solve = linear_solve
        self.x = outline(x)
        self.params = outline(params, lambda v: 0.0 if isinstance(v, GradArray) else v)
        self.raw = not any(isinstance(v, GradArray) for v in (*leaves(params), *leaves(x)))
        like = next((as_operand(v) for v in leaves(params) if _is_inexact(v)), None)
        # A number beside complex parameters counts as complex: the solution often is.
        x = mapped(lambda v: as_operand(v, like) if type(v) in SCALARS else v, x)
        self.values = [
            constant(as_operand(v, like)._array) for v in output_leaves("implicit_root", x, like)
        ]

    def root(self, values: list[GradArray], params: list[Any]) -> list[Any]:
        """The root `values` as the result of an operation on `params`."""
        at = [i for i, p in enumerate(params) if isinstance(p, GradArray) and is_active(p)]
        if at or mode.recording or any(level > mode.floor for level in levels):
            self.check_captured(values, params)
        if not at:
            return [v._array if self.raw else v for v in values]
        node = _RootGrad(*[params[i] for i in at])
        node.problem, node.at, node.plain = self, at, [as_kept(v) for v in params]
        node.values = [v._array for v in values]
        return list(node.results(*node.values))

    def check_captured(self, values: list[GradArray], params: list[Any]) -> None:
        """Raise `LostGradientError` if the residual of constants is tracked (captured an array)."""
        with recorded(), fillable():
            found = self.residuals(values, lent_constants(params))
        if any(is_tracked(r) for r in found):
            raise LostGradientError(
                "implicit_root: the residual captures a tracked array, whose derivative would be "
                "lost: pass it as a parameter"
            )

    def residuals(self, values: list[Any], params: list[Any]) -> list[GradArray]:
        """The residual at `values`, leaf by leaf."""
        x = unflattened(self.x, iter(values))
        found = self.residual(*lent((x, *unflattened(self.params, iter(params)))))
        out = [as_operand(r) for r in leaves_like(self.x, found, "implicit_root: the residual's")]
        for r, v in zip(out, values, strict=True):
            if tuple(r.shape) != tuple(v.shape):
                raise ShapeError(
                    f"implicit_root: the residual has shape {tuple(r.shape)} where the solution "
                    f"has {tuple(v.shape)}: they must be equal"
                )
        return out


class _RootGrad(Grad):
    """The node of a root, with the implicit function theorem as its rule."""

    problem: _Problem
    at: list[int]
    plain: list[Any]
    values: list[Any]
    selects = walks = True

    def state(self) -> tuple[list[GradArray], list[GradArray], Any]:
        """The inputs, the root, and the function F(x, inputs).

        If the rule is differentiated again, the root is a result of the inputs.
        """
        inputs = [as_operand(x) for x in self.inputs]
        params = list(self.plain)
        for i, x in zip(self.at, inputs, strict=True):
            params[i] = x
        values = [constant(v) for v in self.values]
        if any(is_active(x) for x in inputs):
            values = self.problem.root(values, params)

        def of(*both: Any) -> tuple[Any, ...]:
            x, moving = both[: len(values)], both[len(values) :]
            params = list(self.plain)
            for i, p in zip(self.at, moving, strict=True):
                params[i] = p
            return tuple(self.problem.residuals(list(x), params))

        return inputs, values, of

    def jvp(self, *tangents: Any) -> Any:
        inputs, values, of = self.state()
        moved = [i for i, t in enumerate(tangents) if t is not None]

        def of_params(*some: Any) -> Any:
            every = list(inputs)
            for i, p in zip(moved, some, strict=True):
                every[i] = p
            return of(*values, *every)

        _, b = jvp(of_params, [inputs[i] for i in moved], [tangents[i] for i in moved])
        b = [-t for t in b]

        def apply(u: list[Any], *state: Any) -> Any:
            x, p = state[: len(values)], state[len(values) :]
            return jvp(lambda *x: of(*x, *p), list(x), u)[1]

        return tuple(_solved(apply, [*values, *inputs], b, self.problem.linear_solve, values))

    def backward(self, grad: Any) -> Any:
        inputs, values, of = self.state()
        seeds = [
            v.__array_namespace__().zeros_like(v.detach())
            if g is None
            else (g if isinstance(g, GradArray) else constant(g))
            for v, g in zip(values, grad, strict=True)
        ]

        def apply(u: list[Any], *state: Any) -> Any:
            x, p = state[: len(values)], state[len(values) :]
            return _pulled(lambda *x: of(*x, *p), x, u)

        u = _solved(apply, [*values, *inputs], seeds, self.problem.linear_solve, values)
        mode.selected = False
        return tuple([-g for g in _pulled(lambda *p: of(*values, *p), inputs, u)])


def _pulled(function: Callable[..., Any], primals: Any, g: list[Any]) -> Any:
    """The gradients of `primals`, from `g`, which counts as a selection only below one."""
    pullback: Any = vjp(function, *primals)[1]
    return pullback.pulled(tuple(g), False)


def _solved(
    apply: Callable[..., Any],
    state: list[GradArray],
    b: list[Any],
    linear_solve: Any,
    like: list[GradArray],
) -> list[GradArray]:
    """The solution u of ``apply(u, *state) = b``, differentiable in `state` and `b`."""
    b = [as_operand(v) for v in b]
    fixed = [new_array(s._array, None, None) for s in state]
    raw_b = [new_array(v._array, None, None) for v in b]
    with no_grad():
        # The map is linear: any point will do, but a 0 may say that an element was not selected.
        ones = [v.__array_namespace__().ones_like(v) for v in raw_b]
        _, matvec = linearize(lambda *u: tuple(apply(list(u), *fixed)), *ones)
        first = raw_b[0]._array
        with _registry.of(first).on_device(first), fillable(False):
            found = krylov.solve(matvec, raw_b, linear_solve)
    if not any(is_active(v) for v in (*state, *b)):
        return found
    count = len(state)

    def residual(u: list[Any], *params: Any) -> list[Any]:
        made = apply(list(u), *params[:count])
        return [a - c for a, c in zip(made, params[count:], strict=True)]

    problem = _Problem(residual, linear_solve, found, (*state, *b))
    return problem.root(problem.values, [*state, *b])


__all__ = ["fixed_point", "implicit_root"]
