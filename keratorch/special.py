"""Special functions, in SciPy's names."""

from .ops.elementwise import sigmoid as expit

__all__ = ["expit"]
