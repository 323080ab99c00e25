"""Checks of derivatives against differences, in HIPS/autograd's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from .core import make_jvp, make_vjp, vspace
from .wrap_util import get_name, unary_to_nary

TOL = 1e-6
RTOL = 1e-6
EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers agree to `TOL`, or to `RTOL` of their sum."""
    return bool(abs(a - b) < TOL or abs(a - b) / abs(a + b) < RTOL)


def make_numerical_jvp(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    """A function from a tangent to the central difference along it."""
    y = f(x)
    inputs, outputs = vspace(x), vspace(y)

    def jvp(v: Any) -> Any:
        step = inputs.scalar_mul(v, EPS / 2)
        above = f(inputs.add(x, step))
        below = f(inputs.add(x, inputs.scalar_mul(step, -1.0)))
        return outputs.scalar_mul(outputs.add(above, outputs.scalar_mul(below, -1.0)), 1.0 / EPS)

    return jvp


def check_vjp(f: Callable[[Any], Any], x: Any) -> None:
    """Compare reverse mode with a difference, in random directions."""
    vjp, y = make_vjp(f, x)
    inputs, outputs = vspace(x), vspace(y)
    x_v, y_v = inputs.randn(), outputs.randn()
    found = inputs.covector(vjp(outputs.covector(y_v)))
    assert vspace(found) == inputs, (
        f"the gradient of {get_name(f)} is in {vspace(found)}, and the argument in {inputs}"
    )
    exact = inputs.inner_prod(x_v, found)
    numeric = outputs.inner_prod(y_v, make_numerical_jvp(f, x)(x_v))
    assert scalar_close(numeric, exact), (
        f"Derivative (VJP) check of {get_name(f)} failed with arg {x}:\n"
        f"analytic: {exact}\nnumeric:  {numeric}"
    )


def check_jvp(f: Callable[[Any], Any], x: Any) -> None:
    """Compare forward mode with a difference, in a random direction."""
    x_v = vspace(x).randn()
    check_equivalent(make_jvp(f, x)(x_v)[1], make_numerical_jvp(f, x)(x_v))


def check_equivalent(x: Any, y: Any) -> None:
    """Compare two values in structure, shapes, dtypes, and in a random direction."""
    space = vspace(x)
    assert space == vspace(y), f"VSpace mismatch:\nx: {space}\ny: {vspace(y)}"
    v = space.randn()
    assert scalar_close(space.inner_prod(x, v), space.inner_prod(y, v)), (
        f"Value mismatch:\nx: {x}\ny: {y}"
    )


@unary_to_nary
def check_grads(
    f: Callable[..., Any], x: Any, modes: Sequence[str] | None = None, order: int = 2
) -> None:
    """Compare derivatives to `order` with differences; `modes` are ``"fwd"`` and ``"rev"``."""
    modes = ["fwd", "rev"] if modes is None else modes
    if not set(modes) <= {"fwd", "rev"}:
        raise ValueError(f"check_grads: modes are 'fwd' and 'rev', not {modes}")
    if "fwd" in modes:
        check_jvp(f, x)
        if order > 1:

            def grad_f(x: Any, v: Any) -> Any:
                return make_jvp(f, x)(v)[1]

            grad_f.__name__ = f"jvp_{get_name(f)}"
            check_grads(grad_f, (0, 1), modes, order=order - 1)(x, vspace(x).randn())
    if "rev" in modes:
        check_vjp(f, x)
        if order > 1:

            def grad_f(x: Any, v: Any) -> Any:
                return make_vjp(f, x)[0](v)

            grad_f.__name__ = f"vjp_{get_name(f)}"
            check_grads(grad_f, (0, 1), modes, order=order - 1)(x, vspace(f(x)).randn())


def combo_check(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., None]:
    """`check_grads` for every combination of the arguments in some lists."""

    def check(*lists: Any, **options: Any) -> None:
        named = [[(name, value) for value in values] for name, values in options.items()]
        for chosen in product(*lists):
            for keywords in product(*named):
                check_grads(fun, *args, **kwargs)(*chosen, **dict(keywords))

    return check


__all__ = [
    "check_equivalent",
    "check_grads",
    "check_jvp",
    "check_vjp",
    "combo_check",
    "make_numerical_jvp",
    "scalar_close",
]
