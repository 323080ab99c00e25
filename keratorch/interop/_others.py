"""What PyTorch, JAX, Numba, SymPy and others ask of an array: errors that say what to write.

Their functions take no `GradArray`. Through the hooks here the error is keratorch's, and names the
function of keratorch. The operators of PyTorch and JAX leave a `GradArray` to its own operators.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..backends import _registry
from ..core.array import GradArray, get_raw
from ..core.frames import callers
from ..core.losing import lost
from ..core.nodes import is_tracked
from ..errors import LostGradientError, UnknownArrayError
from ._missing import MODULE, SUBMODULES, of_keratorch

#: The methods by which libraries ask an object for its value.
_QUESTIONS = ("_sympy_", "_mpmath_", "as_integer_ratio")
#: The attribute in which Numba looks for a type.
_NUMBA = "_numba_type_"


def torch_function(
    cls: type, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
) -> Any:
    """``torch.sin(x)``: PyTorch calls this in place of a function of its own.

    Raises a `TypeError`, which PyTorch's operators take to mean that `x` computes.
    """
    given = [a for v in (*args, *(kwargs or {}).values()) for a in _flat(v)]
    tracked = [a for a in given if isinstance(a, GradArray) and is_tracked(a)]
    if func.__name__ == "__setitem__" and tracked:
        raise lost("write", tracked[0].shape, "torch")
    name = func.__name__
    for prefix in ("special_", "linalg_", "fft_"):
        name = name.removeprefix(prefix)
    raise _refused("PyTorch's", name, tracked)


def _flat(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


def jax_array(self: GradArray) -> Any:
    """``jax.numpy.sin(x)``: JAX looks for this attribute before it takes `x` for an array.

    Raises `AttributeError` for JAX's operators, which then leave the work to `x`; for constants,
    whose values JAX takes through NumPy; and for all that is not JAX.
    """
    asker: str = sys._getframe(1).f_globals.get("__name__") or ""
    if not asker.startswith("jax.") or asker.endswith(".array_methods") or not is_tracked(self):
        raise AttributeError("__jax_array__")
    raise _refused("JAX's", callers()[-1].rpartition(":")[2].rpartition(".")[2], [self])


def _refused(whose: str, name: str, tracked: list[GradArray]) -> TypeError:
    used = of_keratorch(None, name) or MODULE.get(name)
    for names in SUBMODULES.values():
        used = used or names.get(name)
    what = f"{whose} {name}"
    if used is None or "{}" in used:
        what, used = f"a function of {whose[:-2]}", "write it in functions of keratorch"
    if not tracked:
        return UnknownArrayError(f"{what} takes no GradArray: {used}, or pass x.numpy()")
    return LostGradientError(
        f"{what} of a tracked array of shape {tuple(tracked[0].shape)} would lose its gradient: "
        f"{used}; the values alone are x.numpy()"
    )


def _answer(question: str) -> Callable[[GradArray], Callable[..., Any]]:
    def answer(self: GradArray) -> Callable[..., Any]:
        if not is_tracked(self):
            raise AttributeError(question)

        def refuse(*_: Any) -> Any:
            raise lost("float()", self.shape, _registry.of(get_raw(self)).name)

        return refuse

    return answer


def numba_type(self: GradArray) -> Any:
    """Numba asks for this when a compiled function gets a `GradArray`: a tracked array refuses."""
    if is_tracked(self):
        raise lost("np.asarray", self.shape, _registry.of(get_raw(self)).name)
    raise AttributeError(_NUMBA)


def install() -> None:
    """Give `GradArray` the hooks of these libraries."""
    GradArray.__torch_function__ = classmethod(torch_function)  # type: ignore[attr-defined]
    GradArray.__jax_array__ = property(jax_array)  # type: ignore[attr-defined]
    setattr(GradArray, _NUMBA, property(numba_type))
    for question in _QUESTIONS:
        doc = f"Other libraries ask for ``{question}``: a tracked array refuses."
        setattr(GradArray, question, property(_answer(question), doc=doc))
