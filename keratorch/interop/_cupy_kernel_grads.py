"""`register_kernel_grad`: give a user's own CUDA kernel a derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..backends import _registry
from ..core.array import GradArray, get_raw
from ..core.convert import SCALARS, as_operand
from ..core.grad import Grad
from ..core.recording import constant, is_active, record, record_many
from ..errors import RuleError, ShapeError
from ..ops._operands import first_array, first_tracked

_rules: dict[int, tuple[Any, Callable[..., Any]]] = {}


class KernelGrad(Grad):
    """The node of a CUDA kernel whose derivative the user registered."""

    __slots__ = ("given", "outputs")

    kernel: ClassVar[Any]
    #: An `ElementwiseKernel`, or a function of the gradient and the inputs.
    rule: ClassVar[Any]
    selects = True  # a user's rule may do anything

    def backward(self, grad: Any) -> Any:
        values = list(self.saved(grad))
        grads: Any = grad if isinstance(grad, tuple) else (grad,)
        if any(g is None for g in grads):  # unused outputs: zeros
            like = next(i for i, g in enumerate(grads) if g is not None)
            xp = _namespace(grads[like])
            shapes: Any = self.shape
            dtypes: Any = self.dtype
            grads = tuple(
                xp.zeros(shapes[i], dtype=dtypes[i]) if g is None else g
                for i, g in enumerate(grads)
            )
        rule = type(self).rule
        inputs, outputs = values[: self.given], values[self.given :]
        if _is_kernel(rule):
            extra = outputs if rule.nin > len(grads) + len(inputs) else []
            return rule(*grads, *inputs, *extra)
        return rule(grads if len(grads) > 1 else grads[0], *inputs)


def _namespace(x: Any) -> Any:
    return x.__array_namespace__() if isinstance(x, GradArray) else _registry.of(x).xp


def _is_kernel(value: Any) -> bool:
    """Whether `value` is an `ElementwiseKernel` or a ufunc of CuPy; a `ReductionKernel` is not."""
    return hasattr(value, "nin") and hasattr(value, "nout") and not hasattr(value, "reduce_expr")


def _takes_output(kernel: Any, backward: Any) -> bool:
    """Whether the kernel `backward` takes the outputs; `RuleError` if its parameters do not fit."""
    needed = kernel.nout + kernel.nin
    if backward.nin not in (needed, needed + kernel.nout) or backward.nout != kernel.nin:
        raise RuleError(
            f"register_kernel_grad: the kernel {backward.name!r} takes {backward.nin} arrays and "
            f"returns {backward.nout}; it must take {needed} (the gradient and the inputs) or "
            f"{needed + kernel.nout} (the output too), and return {kernel.nin}"
        )
    return backward.nin > needed


def register_kernel_grad(kernel: Any, backward: Any) -> None:
    """Give your own CUDA kernel a derivative, so that you can call the kernel with `GradArray`s.

    kernel : a `cupy.ElementwiseKernel`, or a ufunc of CuPy.
    backward : a Python function or a kernel.
        A function ``backward(grad, *inputs)`` returns the gradient of each input, or `None` for
        an input without one. `grad` is the gradient of the output; for several outputs, a tuple.
        If the function uses only array functions and operators, it serves every order.
        A `cupy.ElementwiseKernel` takes the gradient of each output, then the inputs and, if it
        has as many parameters, then the outputs. It returns the gradients of the inputs. For
        second derivatives, call `register_kernel_grad` for this kernel too.

    CuPy drops the arguments ``stream=``, ``size=`` and ``block_size=`` of a kernel where an
    argument is a `GradArray`. In place of ``stream=`` write ``with stream:``; in place of
    ``size=`` make one parameter of the kernel not raw.

    A gradient may have the shape of the output: keratorch sums the broadcast axes.
    Raises `TypeError` for other arguments, `RuleError` if the parameters of the kernel `backward`
    do not fit.
    """
    if not _is_kernel(kernel):
        raise TypeError(
            f"register_kernel_grad: {type(kernel).__name__} is no kernel that CuPy lets "
            "GradArrays into: wrap it in a cupy.ElementwiseKernel, or write a keratorch.Grad"
        )
    if not callable(backward):
        raise TypeError(
            f"register_kernel_grad: backward must be a function or a cupy.ElementwiseKernel, not "
            f"{type(backward).__name__}"
        )
    keeps_output = _is_kernel(backward) and _takes_output(kernel, backward)
    name = getattr(kernel, "name", type(kernel).__name__)
    saves = (*range(kernel.nin), *(-1 - k for k in range(kernel.nout)))
    members = {"__slots__": (), "__doc__": f"The derivative of {name}.", "kernel": kernel}
    rule = backward if _is_kernel(backward) else staticmethod(backward)
    cls = type(f"{name}_grad", (KernelGrad,), {**members, "rule": rule, "saves": saves})

    def call(*args: Any, into: tuple[Any, ...] = (), **kwargs: Any) -> Any:
        return _recorded(cls, kernel, keeps_output, args, into, kwargs)

    # The entry keeps the kernel alive, so that no other object can get the same `id`.
    _rules[id(kernel)] = kernel, call


def registered(kernel: Any) -> Callable[..., Any] | None:
    """The function to call in place of a registered kernel; `None` for other kernels.

    The function takes raw arrays into which the kernel writes as ``into=``.
    """
    found = _rules.get(id(kernel))
    return None if found is None else found[1]


def _launched(kernel: Any, raws: list[Any], into: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return kernel(*raws, *into, **kwargs)
    except ValueError as error:
        if "Loop size is undecided" not in str(error):
            raise
        raise ShapeError(
            f"the kernel {kernel.name!r}: all its parameters are raw, so nothing says how often it "
            "runs, and CuPy keeps size= to itself where an argument is a GradArray: make one "
            "parameter not raw, as the output"
        ) from error


def _recorded(
    cls: type[Grad],
    kernel: Any,
    keeps_output: bool,
    args: tuple[Any, ...],
    into: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    like = first_array(*args, *into)
    assert like is not None
    tracked = first_tracked(*args)
    beside = like if tracked is None else tracked
    arrays = tuple(constant(a) if type(a) in SCALARS else as_operand(a, beside) for a in args)
    raws = [get_raw(a) for a in arrays]
    backend = _registry.of(like._array)
    backend.check_devices(cls.__name__, *(r for r in raws if type(r) not in SCALARS))
    with backend.on_device(like._array):
        found = _launched(kernel, raws, into, kwargs)
    outputs = found if isinstance(found, tuple) else (found,)
    if not any(is_active(a) for a in arrays):
        made = tuple(constant(y) for y in outputs)
        return made if isinstance(found, tuple) else made[0]
    kept = outputs if keeps_output else (None,) * len(outputs)
    saved = (*raws, *kept)
    if isinstance(found, tuple):
        return record_many(cls, arrays, outputs, saved, given=len(arrays))
    return record(cls, arrays, found, saved, given=len(arrays), outputs=1)


__all__ = ["KernelGrad", "register_kernel_grad", "registered"]
