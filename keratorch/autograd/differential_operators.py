"""Derivatives of functions, with HIPS/autograd's arguments and results."""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..core.recording import is_active
from ..functions import reshape, stack
from ..transforms.checkpointing import checkpoint as _checkpoint
from ..transforms.tree import leaves, mapped
from . import numpy as np
from ._values import getval, raw_where_raw, scalars
from .core import make_jvp as _make_jvp
from .core import make_vjp as _make_vjp
from .core import vspace
from .wrap_util import get_name, unary_to_nary

#: ``make_vjp(f, argnum=0)(*args)`` gives ``(vjp, value)``: `vjp` turns the gradient of the value
#: into the gradient of the argument, as often as asked.
make_vjp: Callable[..., Any] = unary_to_nary(_make_vjp)
#: ``make_jvp(f, argnum=0)(*args)(v)`` gives ``(value, derivative of the value along v)``.
make_jvp: Callable[..., Any] = unary_to_nary(_make_jvp)


def _one_number(name: str, fun: Any, value: Any) -> None:
    space = vspace(value)
    if space.size != 1:
        raise TypeError(
            f"{name} of {get_name(fun)}: the value has shape {getattr(space, 'shape', None)}"
            f"{' and is complex' if space.iscomplex else ''}; it must be one real number: sum the "
            "elements, or call jacobian, elementwise_grad or holomorphic_grad"
        )


@unary_to_nary
def grad(fun: Callable[..., Any], x: Any) -> Any:
    """
    Returns a function which computes the gradient of `fun` in the argument number `argnum`.

    `fun` returns one real number, else `TypeError` is raised. The gradient has the structure,
    shapes and dtypes of the argument. In a complex argument z it is ∂L/∂Re z − i·∂L/∂Im z.
    """
    vjp, value = _make_vjp(fun, x, called="grad")
    _one_number("grad", fun, value)
    return vjp(vspace(value).ones())


@unary_to_nary
def value_and_grad(fun: Callable[..., Any], x: Any) -> Any:
    """A function that returns the value and the gradient, as SciPy's optimizers take them."""
    vjp, value = _make_vjp(fun, x, called="value_and_grad")
    _one_number("value_and_grad", fun, value)
    return value, vjp(vspace(value).ones())


@unary_to_nary
def grad_and_aux(fun: Callable[..., Any], x: Any) -> Any:
    """For a function that returns ``(value, aux)``: the gradient of the value, and `aux`."""
    kept: list[Any] = []

    def value_of(x: Any) -> Any:
        value, aux = fun(x)
        kept.append(aux)
        return value

    vjp, value = _make_vjp(value_of, x, called="grad_and_aux")
    _one_number("grad_and_aux", fun, value)
    found = vjp(vspace(value).ones())
    return found, _released(kept.pop())


def _released(aux: Any) -> Any:
    """`aux` with plain values, unless it belongs to a derivative around this one."""
    tracked = [v for v in leaves(aux) if hasattr(v, "_edge") and is_active(v)]
    return mapped(getval, aux) if tracked else scalars(aux)


@unary_to_nary
def elementwise_grad(fun: Callable[..., Any], x: Any) -> Any:
    """The sum of each column of the Jacobian: the derivatives of a function of each element."""
    vjp, value = _make_vjp(fun, x, called="elementwise_grad")
    if vspace(value).iscomplex:
        raise TypeError(
            f"elementwise_grad of {get_name(fun)}: the value is complex: take np.real or np.abs "
            "of it"
        )
    return vjp(vspace(value).ones())


@unary_to_nary
def deriv(fun: Callable[..., Any], x: Any) -> Any:
    """The derivative along a vector of ones, in forward mode."""
    return _make_jvp(fun, x, called="deriv")(vspace(x).ones())[1]


@unary_to_nary
def jacobian(fun: Callable[..., Any], x: Any) -> Any:
    """The Jacobian, of the shape of the value followed by the shape of the argument.

    The argument and the value are arrays or numbers.
    """
    vjp, value = _make_vjp(fun, x, called="jacobian")
    space = vspace(value)
    rows = [vjp(g) for g in space.standard_basis()]
    found = reshape(stack(rows), (*space.shape, *vspace(x).shape))
    return raw_where_raw(found, rows)


@unary_to_nary
def hessian(fun: Callable[..., Any], x: Any) -> Any:
    """The matrix of second derivatives: the Jacobian of the Jacobian."""
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def holomorphic_grad(fun: Callable[..., Any], x: Any) -> Any:
    """The complex derivative f'(z) of a holomorphic function."""
    if not vspace(x).iscomplex:
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=3)
    return grad(lambda z: np.real(fun(z)))(x)


def grad_named(fun: Callable[..., Any], argname: str) -> Callable[..., Any]:
    """`grad` in the argument of that name."""
    return grad(fun, list(inspect.signature(fun).parameters).index(argname))


@unary_to_nary
def make_hvp(fun: Callable[..., Any], x: Any) -> Any:
    """``(hvp, gradient)``: `hvp` multiplies vectors by the Hessian."""
    return _make_vjp(grad(fun), x)


def hessian_tensor_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A function of ``(*args, tensor)``: the Hessian times the tensor."""
    fun_grad = grad(fun, argnum)

    def vector_dot_grad(*args: Any, **kwargs: Any) -> Any:
        *args_, vector = args
        return np.tensordot(fun_grad(*args_, **kwargs), vector, np.ndim(vector))

    return grad(vector_dot_grad, argnum)


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A function of ``(*args, tensor)``: the tensor times the Jacobian."""

    def vector_dot_fun(*args: Any, **kwargs: Any) -> Any:
        *args_, vector = args
        return np.tensordot(vector, fun(*args_, **kwargs), axes=np.ndim(vector))

    return jacobian(vector_dot_fun, argnum)


vector_jacobian_product = tensor_jacobian_product


@unary_to_nary
def make_jvp_reversemode(fun: Callable[..., Any], x: Any) -> Any:
    """A function from a tangent to the derivative along it: reverse mode twice."""
    vjp, value = _make_vjp(fun, x, called="make_jvp_reversemode")
    return _make_vjp(vjp, vspace(value).zeros())[0]


def _half_of_squares(x: Any) -> Any:
    return 0.5 * np.sum(x**2, axis=-1)


def make_ggnvp(
    f: Callable[..., Any], g: Callable[..., Any] = _half_of_squares, f_argnum: int = 0
) -> Callable[..., Any]:
    """A function from arguments to products with the Gauss–Newton matrix of ``g(f(x))``."""

    @unary_to_nary
    def _make_ggnvp(f: Callable[..., Any], x: Any) -> Any:
        f_vjp, f_x = _make_vjp(f, x)
        g_hvp, grad_g_x = _make_vjp(grad(g), f_x)
        f_jvp, _ = _make_vjp(f_vjp, vspace(grad_g_x).zeros())
        return lambda v: f_vjp(g_hvp(f_jvp(v)))

    return _make_ggnvp(f, f_argnum)


def multigrad_dict(fun: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the arguments of `fun`: a dict with the gradient in each argument by name."""
    signature = inspect.signature(fun)

    def gradfun(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_dict(arguments: Any) -> Any:
            again = inspect.BoundArguments(signature, OrderedDict(arguments))
            return fun(*again.args, **again.kwargs)

        found = grad(of_dict)(dict(bound.arguments))
        return OrderedDict((name, found[name]) for name in bound.arguments)

    return gradfun


def checkpoint(fun: Callable[..., Any]) -> Callable[..., Any]:
    """`fun`, whose intermediate values are computed again in the backward pass."""
    return _checkpoint(fun)


__all__ = [
    "checkpoint",
    "deriv",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "tensor_jacobian_product",
    "value_and_grad",
    "vector_jacobian_product",
]
