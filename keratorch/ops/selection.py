"""`where`, and the parts of complex numbers."""

from __future__ import annotations

from typing import Any

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.convert import as_operand, check_devices, kept
from ..core.grad import Grad
from ..core.mode import policy
from ..core.recording import constant, is_active, record
from ..core.views import share
from ..errors import DTypeError
from ..typing import ArrayLike
from ._elementwise import (
    SCALARS,
    Binary,
    ElementwiseGrad,
    RawFunctions,
    binary,
    explained,
    masked,
)
from ._operands import as_array, first_array, is_complex, namespace, raw_namespace
from ._undetermined import below_selection, marked, undetermined
from .placing import copy


class WhereGrad(Grad):
    """Each branch gets the gradient where it was taken, 0 elsewhere."""

    __slots__ = ("condition",)
    selects = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        condition = constant(self.condition) if isinstance(grad, GradArray) else self.condition
        return xp.where(condition, grad, 0.0), xp.where(condition, 0.0, grad)

    def jvp(self, *tangents: Any) -> Any:
        first, second = (0.0 if t is None else t for t in tangents)
        return where(constant(self.condition), first, second)


def where(condition: Any, x1: ArrayLike, x2: ArrayLike, /) -> GradArray:
    """`x1` where `condition` is true, else `x2`; the three broadcast.

    condition : booleans, or numbers, of which all but 0 are true.

    The branch that is not taken gets gradient 0. Below `where`, a zero gradient times an infinite
    partial counts as 0: ``where(x > 0, log(x), 0)`` has gradient 0 at 0 (see `set_policy`). Raises
    `ShapeError` where the shapes do not broadcast.
    """
    like = first_array(condition, x1, x2)
    came_raw = not isinstance(condition, GradArray)
    condition = as_operand(condition, like)
    like = condition if like is None else like
    if type(x2) not in SCALARS:
        x2 = as_operand(x2, like)
    if type(x1) not in SCALARS or type(x2) in SCALARS:
        x1 = as_operand(x1, like)
    c = condition._array
    a = x1._array if type(x1) is GradArray else x1
    b = x2._array if type(x2) is GradArray else x2
    backend = _registry.of(c)
    check_devices("where", c, *(v for v in (a, b) if type(v) not in SCALARS))
    if type(a) in SCALARS:
        a = backend.scalar(a, b)
    elif type(b) in SCALARS:
        b = backend.scalar(b, a)
    if not backend.xp.isdtype(c.dtype, "bool"):
        c = backend.xp.astype(c, backend.xp.bool)
    try:
        raw = as_array(c, backend.xp.where(c, a, b))
    except (ValueError, TypeError, RuntimeError) as error:
        raise explained("where", error, c, a, b) from error
    arrays = tuple(x if type(x) is GradArray else constant(r) for x, r in ((x1, a), (x2, b)))
    if not any(is_active(x) for x in arrays):
        return recording.unrecorded(raw)
    return record(WhereGrad, arrays, raw, condition=kept(c) if came_raw else c)


class SelectedGrad(Grad):
    """The gradient, whose zeros may say that an element was not selected."""

    __slots__ = ()
    selects = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (grad,)

    def jvp(self, *tangents: Any) -> Any:
        return tangents[0]


def selected(x: GradArray) -> GradArray:
    """`x`, a recorded gradient that came through a selection, in the same memory.

    A later walk then knows that the operations below `x` are below a selection.
    """
    return share(x, record(SelectedGrad, (x,), x._array), selected)


class SelectedProductGrad(ElementwiseGrad):
    """The rule of x1·x2, a gradient below a selection times a partial, when it was recorded.

    A 0 in x1 may say that an element was not selected. So the rule selects in reverse mode, and in
    forward mode a change of x2 that is not finite counts as 0 there.
    """

    __slots__ = ()
    selects = True
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return x2, x1

    def jvp(self, *tangents: Any) -> Any:
        t1, t2 = tangents
        if type(t2) is GradArray and policy.masked_zeros:
            xp, values = self._operands(t2)
            t2 = masked(xp, values[0], t2)
        return super().jvp(t1, t2)


selected_product: Binary = binary(
    SelectedProductGrad, "multiply", "x1 · x2, for a gradient x1 below a selection."
)


# -- complex numbers ---------------------------------------------------------------------------


class RealGrad(Grad):
    """The gradient, a real number ∂L/∂Re z: ∂L/∂Im z is 0."""

    __slots__ = ()

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (grad,)

    def jvp(self, *tangents: Any) -> Any:
        return real(tangents[0])


class ImagGrad(Grad):
    """i times the gradient ∂L/∂Im z: ∂L/∂Re z is 0."""

    __slots__ = ()
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (grad * 1j,)

    def jvp(self, *tangents: Any) -> Any:
        return imag(tangents[0])


class ConjGrad(Grad):
    """The conjugate of the gradient."""

    __slots__ = ()
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        xp = namespace(grad)
        return (xp.conj(grad) if is_complex(grad) else grad,)

    def jvp(self, *tangents: Any) -> Any:
        return conj(tangents[0])


class AbsGrad(Grad):
    """x/|x|·grad, 0 at 0: the sign for real x.

    For real x the second derivative is 0 too, as |x| is linear on both sides of 0. It is NaN at 0
    for complex x, and where `grad` is 0: |x|² is smooth.
    """

    __slots__ = ()
    saves = (0,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        (x,) = self.saved(grad)
        return (self.at_0(x, grad, grad * direction(namespace(grad), x)),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (x,) = self.saved(t)
        xp = namespace(t)
        u = direction(xp, x)
        if is_complex(x):
            return self.at_0(x, t, xp.real(xp.conj(u) * t))
        return u * t

    def at_0(self, x: Any, v: Any, product: Any) -> Any:
        """`product`, of `v` and the direction, without a derivative where there is none."""
        if not isinstance(product, GradArray):
            return product
        if is_complex(x):
            return undetermined(product, (x,), (marked(x == 0, v),))
        if below_selection():  # the 0 is a mask
            return product
        return undetermined(product, (x,), (marked((x == 0) & (v == 0), v),))


class SignGrad(Grad):
    """(grad − u·Re(ū·grad))/|x| with u = x/|x|, 0 at 0: a change along u does not change u."""

    __slots__ = ()
    saves = (0,)
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        (x,) = self.saved(grad)
        return (self.product(namespace(grad), x, grad),)

    def jvp(self, *tangents: Any) -> Any:
        (t,) = tangents
        (x,) = self.saved(t)
        return self.product(namespace(t), x, t)

    def product(self, xp: Any, x: Any, v: Any) -> Any:
        """The Jacobian, which is symmetric, times v."""
        u = direction(xp, x)
        size = xp.abs(x)
        zero = size == 0
        turned = v - u * xp.real(xp.conj(u) * v)
        product = xp.where(zero, 0.0, turned / xp.where(zero, 1.0, size))
        return (
            undetermined(product, (x,), (marked(zero, v),)) if isinstance(v, GradArray) else product
        )


def direction(xp: Any, x: Any) -> Any:
    """x/|x|, and 0 at 0."""
    if not is_complex(x):
        return xp.sign(x)
    size = xp.abs(x)
    return x / xp.where(size == 0, 1.0, size)


def abs(x: Any, /) -> GradArray:
    """The absolute value, elementwise; its gradient at 0 is 0."""
    x = as_operand(x)
    a = x._array
    raw = as_array(a, raw_namespace(x).abs(a))
    return record(AbsGrad, (x,), raw, (a,)) if is_active(x) else recording.unrecorded(raw)


_sign = RawFunctions("sign")


def sign(x: Any, /) -> GradArray:
    """x/|x|, elementwise, and 0 at 0. For real x this is the sign, a constant.

    For complex x it is differentiable; the gradient at 0 is 0.
    """
    x = as_operand(x)
    a = x._array
    backend = _registry.of(a)
    raw = backend.as_array(_sign[type(a)](a))
    if not backend.is_complex(a.dtype) or not is_active(x):
        return recording.unrecorded(raw)
    return record(SignGrad, (x,), raw, (a,))


def real(x: Any, /) -> GradArray:
    """The real part, elementwise; `x` itself if its dtype is real."""
    x = as_operand(x)
    a = x._array
    backend = _registry.of(a)
    if not backend.is_complex(a.dtype):
        return x
    y = record(RealGrad, (x,), as_array(a, backend.xp.real(a)))
    return share(x, y, real, None, sure=False)


def imag(x: Any, /) -> GradArray:
    """The imaginary part, elementwise, of a complex array; `DTypeError` for a real one."""
    x = as_operand(x)
    a = x._array
    backend = _registry.of(a)
    if not backend.is_complex(a.dtype):
        raise DTypeError(
            f"imag of an array of dtype {a.dtype} and shape {tuple(a.shape)}, which has real "
            "numbers: write x.imag, which gives zeros for it, or pass a complex array"
        )
    y = record(ImagGrad, (x,), as_array(a, backend.xp.imag(a)))
    return share(x, y, imag, None, sure=False)


def conj(x: Any, /) -> GradArray:
    """The complex conjugate, elementwise; a copy of `x` if its dtype is real, as in NumPy."""
    x = as_operand(x)
    a = x._array
    backend = _registry.of(a)
    if not backend.is_complex(a.dtype):
        return copy(x)
    return record(ConjGrad, (x,), as_array(a, backend.xp.conj(a)))
