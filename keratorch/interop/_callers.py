"""Who asks a `GradArray` for plain values: what is right there, or what the error should say.

Each function is called by a method of `GradArray` that NumPy or another library calls, and looks at
the Python code that is behind that: `_frame` counts from here.
"""

from __future__ import annotations

import opcode
import sys
from types import FrameType
from typing import Any

from ..errors import LostGradientError

_WRITES = {opcode.opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE") if name in opcode.opmap}
#: The functions of `scipy.integrate.quad_vec` that take the norms of values, to estimate errors.
_ESTIMATES = ("_quadrature_trapezoid", "_quadrature_gk")


def _instruction(frame: FrameType) -> int:
    """The instruction that `frame` is at."""
    return frame.f_code.co_code[frame.f_lasti]


def asked_by_sparse() -> bool:
    """Whether it is a product of SciPy's sparse matrices that called ``__array__``."""
    if "scipy.sparse" not in sys.modules:
        return False
    code = sys._getframe(2).f_code  # of the caller of `__array__`, which is NumPy, in C
    return code.co_name == "_matmul_dispatch"


def asked_by_error_estimate() -> bool:
    """Whether `quad_vec` wants the norm of values as a `float`: the integral is not made of it."""
    frame = sys._getframe(3)  # of the caller of ``__float__``, by way of `_python_number`
    return (
        frame.f_code.co_name in _ESTIMATES
        and frame.f_globals.get("__name__") == "scipy.integrate._quad_vec"
    )


def asked_by_write() -> bool:
    """Whether code is at ``a[i] = x``, where `a` is an array of another library."""
    frame = sys._getframe(2)
    if frame.f_code.co_name in ("__float__", "__int__", "__complex__"):  # of `_python_number`
        frame = frame.f_back or frame
    return _instruction(frame) in _WRITES


def asked_by_operator() -> bool:
    """Whether code is at ``a @ x`` or the like, with nothing but C between it and a property.

    CuPy's arrays are written in C, and look there whether they leave ``a @ x`` to `x`.
    """
    return _instruction(sys._getframe(2)) == opcode.opmap["BINARY_OP"]


def write_refused(shape: Any) -> LostGradientError:
    """What to raise where a tracked array would be written into a plain one."""
    return LostGradientError(
        f"writing a tracked array of shape {tuple(shape)} into a plain array would lose its "
        "gradient: make that with np.zeros(shape, like=x) or keratorch.zeros(shape), or write "
        "x.detach()"
    )


__all__ = [
    "asked_by_error_estimate",
    "asked_by_operator",
    "asked_by_sparse",
    "asked_by_write",
    "write_refused",
]
