"""Find keratorch's version of a function of NumPy or SciPy; import the table on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from .. import functions

#: NumPy's name of a ufunc -> its name in keratorch, if the two differ.
_RENAMED = {
    "power": "pow",
    "true_divide": "divide",
    "absolute": "abs",
    "conjugate": "conj",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}


def table_function(name: str) -> Callable[..., Any] | None:
    """keratorch's version of NumPy's function `name`; `None` if there is none."""
    from ._numpy_api import FUNCTIONS

    return FUNCTIONS.get(name)


def special_functions() -> Mapping[str, Callable[..., Any]]:
    """keratorch's versions of the functions of `scipy.special` that `keratorch.special` lacks."""
    from ._scipy_special import FUNCTIONS

    return FUNCTIONS


#: The ufuncs of SciPy, and NumPy's hidden `clip`, that were called.
_foreign: set[Any] = set()


def _is_scipys(ufunc: Any) -> bool:
    """Whether the ufunc is one of `scipy.special`, whose public name may be a wrapper of it."""
    modules = (sys.modules.get(name) for name in ("scipy.special", "scipy.special._ufuncs"))
    return any(getattr(m, str(ufunc.__name__), None) is ufunc for m in modules if m is not None)


def _is_numpys(ufunc: Any) -> bool:
    """Whether the ufunc is one of NumPy's, public or hidden."""
    return getattr(sys.modules.get("numpy._core.umath"), str(ufunc.__name__), None) is ufunc


def _foreign_function(ufunc: Any) -> Any:
    """keratorch's version of a ufunc that NumPy's namespace lacks; `None` if there is none."""
    name = str(ufunc.__name__)
    if name == "clip" and _is_numpys(ufunc):  # called by the method `clip` of its arrays
        found = table_function(name)
    elif _is_scipys(ufunc):
        special = functions.special
        found = getattr(special, name) if name in special.__all__ else special_functions().get(name)
    else:
        return None
    _foreign.add(ufunc)
    return found


def ufunc_function(ufunc: Any, method: str = "__call__") -> Any:
    """keratorch's version of a ufunc of NumPy or SciPy, or of its `method`; `None` if none."""
    import numpy as np

    name = str(ufunc.__name__)
    if getattr(np, name, None) is not ufunc:
        return _foreign_function(ufunc) if method == "__call__" else None
    if method == "__call__":
        found = getattr(functions, _RENAMED.get(name, name), None)
        if found is not None:
            return found
    from ._numpy_api import UFUNCS

    found = UFUNCS.get(name if method == "__call__" else f"{name}.{method}")
    if found is not None or method == "__call__":
        return found
    from ._numpy_api.ufunc_folds import method_of

    function = ufunc_function(ufunc)
    return None if function is None else method_of(ufunc, method, function)
