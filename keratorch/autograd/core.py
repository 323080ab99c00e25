"""`make_vjp`, `make_jvp`, and how primitives get their rules."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import numpy as np

from ..core.array import GradArray
from ..transforms.forward import jvp_as as _jvp_as
from ..transforms.reverse import vjp_as as _vjp_as
from ..transforms.tree import leaves, mapped
from ._primitive import JVPNode as JVPNode
from ._primitive import NoRule
from ._primitive import SparseObject as SparseObject
from ._primitive import VJPNode as VJPNode
from ._primitive import primitive as primitive_
from ._primitive import primitive_jvps as primitive_jvps
from ._primitive import primitive_vjps as primitive_vjps
from ._subvals import subval
from ._values import conjugates, holds_box, scalars
from ._vspaces import VSpace as VSpace
from ._vspaces import vspace as vspace
from .tracer import Box as Box
from .tracer import getval as getval
from .tracer import isbox as isbox
from .wrap_util import get_name

# -- derivatives of functions of one argument ------------------------------------------------------


def make_vjp(
    fun: Callable[[Any], Any], x: Any, *, called: str = "make_vjp"
) -> tuple[Callable[[Any], Any], Any]:
    """``(vjp, value)``: `vjp` turns the gradient of the value into the gradient of `x`.

    called : the function that error messages name.
    """
    value, pullback = _vjp_as(called, _watched(fun), (x,))
    space = value

    def vjp(g: Any) -> Any:
        (found,) = pullback(_fitted(conjugates(g), space))
        return scalars(conjugates(found))

    return vjp, scalars(value)


def make_jvp(
    fun: Callable[[Any], Any], x: Any, *, called: str = "make_jvp"
) -> Callable[[Any], tuple[Any, Any]]:
    """A function from a tangent of `x` to ``(value, tangent of the value)``.

    called : the function that error messages name.
    """

    def jvp(g: Any) -> tuple[Any, Any]:
        value, tangent = _jvp_as(called, _watched(fun), (x,), (_fitted(g, x),))
        return scalars(value), scalars(tangent)

    return jvp


def _watched(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`fun`, which warns if its value does not depend on its argument."""

    def watched(x: Any) -> Any:
        found = fun(x)
        if not holds_box(found):
            warnings.warn("Output seems independent of input.", stacklevel=6)
        return found

    return watched


def _fitted(g: Any, like: Any) -> Any:
    """A gradient or a tangent in the dtypes of the values in `like`."""
    if type(like) is GradArray or type(like) is np.ndarray:
        return _cast(g, like)
    found = iter(leaves(g))
    return mapped(lambda v: _cast(next(found), v), like)


def _cast(g: Any, like: Any) -> Any:
    dtype = getattr(like, "dtype", None)
    own = getattr(g, "dtype", None)
    if dtype is None or own is None or own == dtype:
        return g
    return g.astype(dtype) if hasattr(g, "astype") else g


# -- rules of reverse mode ---------------------------------------------------------------------


def defvjp_argnums(fun: Any, vjpmaker: Callable[..., Any]) -> None:
    """``vjpmaker(argnums, ans, args, kwargs)(g)`` gives the gradients of those arguments."""
    if _takes_rules("defvjp", fun):
        primitive_vjps[fun] = vjpmaker


def defvjp_argnum(fun: Any, vjpmaker: Callable[..., Any]) -> None:
    """``vjpmaker(argnum, ans, args, kwargs)(g)`` gives the gradient of that argument."""

    def makers(argnums: Any, *rest: Any) -> Callable[[Any], Any]:
        vjps = [vjpmaker(argnum, *rest) for argnum in argnums]
        return lambda g: tuple([vjp(g) for vjp in vjps])

    defvjp_argnums(fun, makers)


def defvjp(fun: Any, *vjpmakers: Any, argnums: Iterable[int] | None = None) -> None:
    """``vjpmaker(ans, *args, **kwargs)(g)`` gives the gradient of one argument.

    There is one maker per argument, in their order or in that of `argnums`. `None` is the
    derivative 0. Gradients follow the convention of HIPS/autograd: the VJP of a holomorphic f is
    g·f'(z).
    """
    makers = dict(zip(count() if argnums is None else argnums, vjpmakers, strict=False))
    for argnum, maker in makers.items():
        if maker is not None and not callable(maker):
            raise TypeError(
                f"defvjp: the rule of {get_name(fun)} for the argument {argnum} must be a function "
                f"or None, not {maker!r}"
            )

    def rule(argnum: int, ans: Any, args: Any, kwargs: Any) -> Callable[[Any], Any]:
        if argnum not in makers:
            raise NoRule(argnum)
        maker = makers[argnum]
        if maker is None:
            return lambda g: vspace(args[argnum]).zeros()
        return maker(ans, *args, **kwargs)

    defvjp_argnum(fun, rule)


# -- rules of forward mode ---------------------------------------------------------------------


def defjvp_argnums(fun: Any, jvpmaker: Callable[..., Any]) -> None:
    """``jvpmaker(argnums, tangents, ans, args, kwargs)`` gives the tangent of the result."""
    if _takes_rules("defjvp", fun):
        primitive_jvps[fun] = jvpmaker


def defjvp_argnum(fun: Any, jvpmaker: Callable[..., Any]) -> None:
    """``jvpmaker(argnum, tangent, ans, args, kwargs)`` gives one argument's part of the tangent."""

    def makers(argnums: Any, gs: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        parts = [jvpmaker(i, g, ans, args, kwargs) for i, g in zip(argnums, gs, strict=True)]
        total = parts[0]
        for part in parts[1:]:
            total = vspace(ans).add(total, part)
        return total

    defjvp_argnums(fun, makers)


def defjvp(fun: Any, *jvpfuns: Any, argnums: Iterable[int] | None = None) -> None:
    """``jvpfun(g, ans, *args, **kwargs)`` gives one argument's part of the tangent.

    `None` is the derivative 0; ``"same"`` means that `fun` is linear in the argument.
    """
    rules = dict(zip(count() if argnums is None else argnums, jvpfuns, strict=False))
    for argnum, rule in rules.items():
        if rule is not None and rule != "same" and not callable(rule):
            raise TypeError(
                f"defjvp: the rule of {get_name(fun)} for the argument {argnum} must be a "
                f"function, 'same' or None, not {rule!r}"
            )

    def maker(argnum: int, g: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        if argnum not in rules:
            raise NoRule(argnum)
        rule = rules[argnum]
        if rule is None:
            return vspace(ans).zeros()
        if isinstance(rule, str):
            return fun(*subval(args, argnum, g), **kwargs)
        return rule(g, ans, *args, **kwargs)

    defjvp_argnum(fun, maker)


def def_linear(fun: Any) -> None:
    """Say that `fun` is linear in each argument."""
    defjvp_argnum(fun, lambda argnum, g, ans, args, kwargs: fun(*subval(args, argnum, g), **kwargs))


def _takes_rules(name: str, fun: Any) -> bool:
    """Whether `fun` is a primitive; a warning says what becomes of the rule if not."""
    if getattr(fun, "_is_autograd_primitive", False):
        return True
    warnings.warn(
        f"{name}: {get_name(fun)} is no primitive, and this rule is not used: keratorch "
        "differentiates the function itself. For a rule of your own write primitive(f), and call "
        "what this returns",
        stacklevel=_distance(),
    )
    return False


def _distance() -> int:
    """How many calls up the first function outside of this module is, for `warnings.warn`."""
    frame, found = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals is globals():
        frame, found = frame.f_back, found + 1
    return found


# -- methods that HIPS/autograd deprecates -----------------------------------------------------


def primitive_with_deprecation_warnings(f_raw: Callable[..., Any]) -> Any:
    """`primitive`, with the deprecated methods ``defvjp``, ``defvjp_is_zero`` and ``defgrad``."""
    wrapped = primitive_(f_raw)
    makers: dict[int, Any] = {}

    def set_rules(name: str, found: dict[int, Any]) -> None:
        warnings.warn(f"the method {name} is deprecated: call {name}(f, ...)", stacklevel=3)
        makers.update(found)
        defvjp(wrapped, *makers.values(), argnums=tuple(makers))

    def defvjp_unstaged(vjp: Callable[..., Any], argnum: int = 0) -> None:
        def maker(ans: Any, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
            return lambda g: vjp(g, ans, vspace(args[argnum]), vspace(g), *args, **kwargs)

        set_rules("defvjp", {argnum: maker})

    def defvjp_is_zero(argnums: Iterable[int] = (0,)) -> None:
        set_rules("defvjp_is_zero", dict.fromkeys(argnums))

    def defgrad(gradfun: Callable[..., Any], argnum: int = 0) -> None:
        set_rules("defgrad", {argnum: gradfun})

    wrapped.defvjp = defvjp_unstaged
    wrapped.defvjp_is_zero = defvjp_is_zero
    wrapped.defgrad = defgrad
    return wrapped


primitive = primitive_with_deprecation_warnings

__all__ = [
    "Box",
    "JVPNode",
    "SparseObject",
    "VJPNode",
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "getval",
    "isbox",
    "make_jvp",
    "make_vjp",
    "primitive",
    "primitive_jvps",
    "primitive_vjps",
    "vspace",
]
