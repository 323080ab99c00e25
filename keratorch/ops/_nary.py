"""Elementwise functions of any number of arrays, some of which may have no derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backends import _registry
from ..backends._dtypes import is_narrow
from ..core import recording
from ..core.array import GradArray
from ..core.convert import check_devices
from ..core.recording import constant, is_active
from ..errors import DTypeError, NotDifferentiableError
from ._elementwise import ElementwiseGrad, RawFunctions, explained
from ._operands import as_array, operands, widened
from ._propagating import record_elementwise

_raw_functions: dict[str, RawFunctions] = {}


def special(cls: type[ElementwiseGrad], name: str, *args: Any) -> GradArray:
    """The special function `name` of real arrays, which `cls` differentiates.

    Integers and booleans become floating. Raises `NotDifferentiableError` for an active argument
    that is one of `cls.constants`, `DTypeError` for complex numbers.
    """
    xs = tuple(_real(name, x) for x in operands(*args))
    for argument, x in zip(cls.constants, xs, strict=False):
        refuse_tracked(name, argument, x)
    if name not in _raw_functions:
        _raw_functions[name] = RawFunctions(name, "special")
    return apply(cls, name, _raw_functions[name][type(xs[0]._array)], xs)


def apply(
    cls: type[ElementwiseGrad], name: str, function: Callable[..., Any], xs: tuple[GradArray, ...]
) -> GradArray:
    """The result of `function` on the raw arrays in `xs`; with a `cls` node if any is active."""
    raws = [x._array for x in xs]
    if len(raws) > 1:
        check_devices(name, *raws)
    narrow = is_narrow(raws[0].dtype)
    try:
        y = as_array(raws[0], _in_float32(function, raws) if narrow else function(*raws))
    except (ValueError, TypeError, RuntimeError) as error:
        raise explained(name, error, *raws) from error
    if not any(is_active(x) for x in xs):
        return recording.unrecorded(y)
    return record_elementwise(cls, xs, y)


def _in_float32(function: Callable[..., Any], raws: list[Any]) -> Any:
    """The function of arrays of float16 or bfloat16, computed in float32 and rounded once.

    SciPy has no function of these dtypes: it computes in float32, or in float64, and keeps that.
    """
    xp = _registry.of(raws[0]).xp
    return xp.astype(function(*map(widened, raws)), xp.result_type(*raws))


def refuse_tracked(op: str, argument: str, x: GradArray) -> None:
    """Raise `NotDifferentiableError` if `x`, an argument without a derivative, is active."""
    if is_active(x):
        raise NotDifferentiableError(
            f"{op} has no derivative in {argument}, of shape {tuple(x.shape)} here: pass "
            f"{argument}.detach(), which makes it a constant"
        )


def _real(name: str, x: GradArray) -> GradArray:
    raw = x._array
    backend = _registry.of(raw)
    if backend.is_complex(raw.dtype):
        raise DTypeError(
            f"{name} of dtype {raw.dtype}, shape {tuple(raw.shape)}: it takes real numbers only: "
            "pass kt.real(x), kt.imag(x) or kt.abs(x)"
        )
    if backend.is_inexact(raw.dtype):
        return x
    return constant(backend.xp.astype(raw, backend.float_dtype()))


def polynomial(coefficients: list[float], x: Any) -> Any:
    """Σ aₖ xᵏ, by Horner's rule."""
    total: Any = coefficients[-1]
    for a in reversed(coefficients[:-1]):
        total = total * x + a
    return total


__all__ = ["apply", "polynomial", "refuse_tracked", "special"]
