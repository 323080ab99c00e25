"""Who asks a `GradArray` for plain values: what is right there, or what the error should say.

Each function is called by a method of `GradArray` that NumPy or another library calls, and looks at
the Python code that is behind that: `_frame` counts from here.
"""

from __future__ import annotations

import opcode
import os
import sys
from types import FrameType
from typing import Any

from ..errors import LostGradientError

_WRITES = {opcode.opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in opcode.opmap}
_READS = {opcode.opmap[name] for name in ("BINARY_SUBSCR", "BINARY_SLICE") if name in opcode.opmap}
_OPERATOR = opcode.opmap["BINARY_OP"]
#: The arguments of BINARY_OP for which it is ``a[i]``: from Python 3.14 on.
_SUBSCRIPTS = {i for i, op in enumerate(getattr(opcode, "_nb_ops", ())) if op[0] == "NB_SUBSCR"}
#: The functions of `scipy.integrate.quad_vec` that take the norms of values, to estimate errors,
#: and of each a variable that it makes after its last call of the integrand.
_ESTIMATES = {"_quadrature_trapezoid": "s2", "_quadrature_gk": "s_g"}


def _frame(depth: int) -> FrameType | None:
    """As `sys._getframe`, but None where C called with less Python code below it."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(depth):
        frame = frame and frame.f_back
    return frame


def _instruction(frame: FrameType) -> tuple[int, int]:
    """The instruction that `frame` is at, and its argument."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at], code[at + 1]


def _module(frame: FrameType) -> str:
    """The name of the module that the code of `frame` is in."""
    return frame.f_globals.get("__name__") or ""


def asked_by_sparse() -> bool:
    """Whether it is a product of SciPy's sparse matrices that called ``__array__``."""
    if "scipy.sparse" not in sys.modules:
        return False
    frame = _frame(2)  # of the caller of `__array__`, which is NumPy, in C
    return (
        frame is not None
        and frame.f_code.co_name == "_matmul_dispatch"
        and _module(frame).startswith("scipy.sparse.")
    )


def asked_by_error_estimate() -> bool:
    """Whether `quad_vec` wants the norm of values as a `float`: the integral is not made of it.

    An integrand written in C may want the same, of what the integral is made of.
    """
    frame = _frame(3)  # of the caller of ``__float__``, by way of `_python_number`
    if frame is None or _module(frame) != "scipy.integrate._quad_vec":
        return False
    return _ESTIMATES.get(frame.f_code.co_name) in frame.f_locals


def asked_by_write() -> bool:
    """Whether code is at ``a[i] = x`` or ``a[x] = v``, where `a` is of another library."""
    frame = _frame(2)
    if frame and frame.f_code.co_name in ("__float__", "__int__", "__complex__"):
        frame = frame.f_back  # of the caller of that, by way of `_python_number`
    return frame is not None and _instruction(frame)[0] in _WRITES


def asked_by_index() -> bool:
    """Whether code is at ``a[x]``, where `a` is of another library."""
    frame = _frame(2)
    if frame is None:
        return False
    instruction, argument = _instruction(frame)
    return instruction in _READS or (instruction == _OPERATOR and argument in _SUBSCRIPTS)


def asked_by_operator() -> bool:
    """Whether code is at ``a @ x`` or the like, with nothing but C between it and a property.

    CuPy's arrays are written in C, and look there whether they leave ``a @ x`` to `x`.
    """
    frame = _frame(2)
    if frame is None:
        return False
    instruction, argument = _instruction(frame)
    return instruction == _OPERATOR and argument not in _SUBSCRIPTS


def asked_by_scipy() -> bool:
    """Whether a function of SciPy, and not the user's code, called ``__array__``, or had it called.

    One that would take the array if SciPy had been told to leave arrays to their own libraries.
    """
    frame = _frame(2)
    while frame and _module(frame).partition(".")[0] in ("numpy", "keratorch"):
        frame = frame.f_back
    asked = frame is not None and _module(frame).startswith("scipy.")
    return asked and not os.environ.get("SCIPY_ARRAY_API")


def table_that_asks() -> tuple[Any, bool]:
    """The table of pandas that asks for a property before ``table * x``; whether it is ``*=``."""
    frame = _frame(2)
    if frame is None or not _module(frame).startswith("pandas."):
        return None, False
    behind = frame.f_back
    in_place = behind is not None and behind.f_code.co_name == "_inplace_method"
    return frame.f_locals.get("self"), in_place


def write_refused(shape: Any) -> LostGradientError:
    """What to raise where a tracked array would be written into a plain one."""
    # Of a value and an index only the interpreter knows which of the two it has given away.
    return LostGradientError(
        f"writing a tracked array of shape {tuple(shape)} into a plain array (a[i] = x), or "
        "indexing a plain array with it to write there (a[x] = v), would lose its gradient: make "
        "that array with np.zeros(shape, like=x) or keratorch.zeros(shape), or write x.detach()"
    )


def index_refused(shape: Any, dtype: Any) -> LostGradientError:
    """What to raise where a tracked array is the index of a plain one."""
    return LostGradientError(
        f"a plain array or list a cannot be indexed by a tracked array x of dtype {dtype} and "
        f"shape {tuple(shape)}, as in a[x]: an index has integers, or is a mask; write "
        "a[x.detach().astype(int)] for integers, or a comparison as in a[x > 0] for a mask"
    )


def no_array() -> Any:
    """What tells SciPy to leave the product to us."""
    import numpy as np

    return np.asarray(None, dtype=object)


__all__ = [
    "asked_by_error_estimate",
    "asked_by_index",
    "asked_by_operator",
    "asked_by_scipy",
    "asked_by_sparse",
    "asked_by_write",
    "index_refused",
    "no_array",
    "table_that_asks",
    "write_refused",
]
