"""Which code asks a `GradArray` for plain values: the answer or the error depends on the caller.

NumPy and other libraries call methods of `GradArray`, and those methods call the functions here.
Each function looks at the Python frames behind that call; `_frame` counts from its own caller.
"""

from __future__ import annotations

import opcode
import sys
from types import CodeType, FrameType
from typing import Any

from ..errors import LostGradientError

_OPERATOR = opcode.opmap["BINARY_OP"]
#: The arguments of BINARY_OP that mean ``a[i]``: there is one from Python 3.14 on.
_SUBSCRIPTS = {i for i, op in enumerate(getattr(opcode, "_nb_ops", ())) if op[0] == "NB_SUBSCR"}
#: The functions of `scipy.integrate.quad_vec` that take norms of values to estimate errors. With
#: each stands a local variable that the function sets after its last call of the integrand.
_ESTIMATES = {"_quadrature_trapezoid": "s2", "_quadrature_gk": "s_g"}


def _frame(depth: int) -> FrameType | None:
    """As `sys._getframe`, but `None` where the Python stack is not that deep."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(depth):
        frame = frame and frame.f_back
    return frame


def _instruction(frame: FrameType) -> tuple[int, int]:
    """The current instruction of `frame`, and the argument of that instruction."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at], code[at + 1]


def _module(frame: FrameType) -> str:
    """The name of the module whose code `frame` runs."""
    return frame.f_globals.get("__name__") or ""


def asked_by_sparse() -> bool:
    """Whether a product of a SciPy sparse matrix called ``__array__``."""
    if "scipy.sparse" not in sys.modules:
        return False
    frame = _frame(2)  # NumPy calls `__array__` from C: this is the frame that called NumPy
    return (
        frame is not None
        and frame.f_code.co_name == "_matmul_dispatch"
        and _module(frame).startswith("scipy.sparse.")
    )


def asked_by_error_estimate() -> bool:
    """Whether `quad_vec` asks for a norm as a `float`, to estimate an error.

    The integral does not depend on that norm, so no gradient is lost. An integrand written in C may
    also ask for a `float`; the integral does depend on that one, so it does not count.
    """
    frame = _frame(3)  # the caller of ``__float__``, which calls this through `_python_number`
    if frame is None or _module(frame) != "scipy.integrate._quad_vec":
        return False
    return _ESTIMATES.get(frame.f_code.co_name) in frame.f_locals


def asked_by_operator() -> bool:
    """Whether an operator such as ``a @ x`` read the property that calls this, with only C between.

    CuPy's arrays are written in C. They read a property of `x` to decide whether they leave
    ``a @ x`` to `x`.
    """
    frame = _frame(2)
    if frame is None:
        return False
    instruction, argument = _instruction(frame)
    return instruction == _OPERATOR and argument not in _SUBSCRIPTS


def asked_by_optimizer() -> bool:
    """Whether a module of `scipy.optimize` called the NumPy function that asks."""
    if "scipy.optimize" not in sys.modules:
        return False
    frame = _frame(2)
    while frame and _module(frame).partition(".")[0] in ("numpy", "keratorch"):
        frame = frame.f_back
    return frame is not None and _module(frame).startswith("scipy.optimize.")


class Caught(LostGradientError):
    """The error for a function of `MIRRORS`, which no user sees."""


#: The code of functions that catch the error for a tracked array in a list, and make the array.
MIRRORS: set[CodeType] = set()


def asked_by_mirror() -> bool:
    """Whether a function of `MIRRORS` called NumPy. It shows no `Caught` to the user."""
    frame = _frame(2)
    while frame and _module(frame).startswith("numpy."):
        frame = frame.f_back
    return frame is not None and frame.f_code in MIRRORS


def asked_by_poly1d() -> bool:
    """Whether `numpy.poly1d` called the NumPy function that asks, to drop coefficients."""
    frame = _frame(2)
    while frame and _module(frame).startswith("keratorch."):
        frame = frame.f_back
    return frame is not None and _module(frame) == "numpy.lib._polynomial_impl"


def asked_by_root_finder() -> bool:
    """Whether SciPy's `brentq` and its like called ``numpy.isnan`` of what a function returned.

    Their next step is in C, turns the value into a `float`, and would hide the error of that.
    """
    frame = _frame(2)
    return frame is not None and _module(frame) == "scipy.optimize._zeros_py"


def table_that_asks() -> tuple[Any, bool]:
    """The pandas table that reads a property before ``table * x``, and whether it is ``*=``.

    The table is `None` if pandas is not the caller.
    """
    frame = _frame(2)
    if frame is None or not _module(frame).startswith("pandas."):
        return None, False
    behind = frame.f_back
    in_place = behind is not None and behind.f_code.co_name == "_inplace_method"
    return frame.f_locals.get("self"), in_place


def no_array() -> Any:
    """The answer that makes SciPy leave the product to keratorch: a 0-d array of dtype object."""
    import numpy as np

    return np.asarray(None, dtype=object)


__all__ = [
    "MIRRORS",
    "Caught",
    "asked_by_error_estimate",
    "asked_by_mirror",
    "asked_by_operator",
    "asked_by_optimizer",
    "asked_by_poly1d",
    "asked_by_root_finder",
    "asked_by_sparse",
    "no_array",
    "table_that_asks",
]
