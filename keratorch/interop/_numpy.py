"""NumPy's protocols: its ufuncs, called with a `GradArray`, arrive here."""

from __future__ import annotations

from typing import Any

from .._array import GradArray
from ..errors import NotDifferentiableError

#: NumPy's ufuncs whose name in keratorch differs.
_RENAMED = {
    "power": "pow",
    "true_divide": "divide",
    "absolute": "abs",
    "conjugate": "conj",
    "invert": "bitwise_invert",
}


def array_ufunc(self: GradArray, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``np.sin(x)``, and ``a * x`` with a raw array on the left."""
    import keratorch

    name = _RENAMED.get(ufunc.__name__, ufunc.__name__)
    function = getattr(keratorch, name, None)
    if function is None or method != "__call__" or kwargs:
        what = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        if kwargs:
            what += f" with {', '.join(kwargs)}"
        raise NotDifferentiableError(
            f"numpy.{what} has no rule for a GradArray of shape {tuple(self.shape)}: use "
            "keratorch's own functions, or detach() to compute without a gradient"
        )
    return function(*inputs)


def install() -> None:
    """Give `GradArray` NumPy's protocols."""
    GradArray.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
