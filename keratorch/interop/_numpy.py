"""NumPy's protocols: calls of its ufuncs with a `GradArray` arrive here."""

from __future__ import annotations

from typing import Any

from .. import functions as kt
from ..backends import _registry
from ..backends._subclasses import refuse_in
from ..core import filled
from ..core.array import GradArray, get_raw
from ..core.callers import asked_by_root_finder
from ..core.convert import SCALARS, as_operand
from ..core.losing import lost
from ..core.nodes import is_tracked, raw_of
from ..core.recording import constant
from ..errors import LostGradientError, NotDifferentiableError
from ._lookup import _foreign, _is_numpys, _is_scipys, ufunc_function
from ._numpy_functions import array_function, of_fillable

_ISNAN = kt.isnan
#: The keyword arguments that a ufunc reads and that may be arrays.
_READ = ("where", "initial")


def array_ufunc(self: GradArray, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``np.sin(x)``, and ``a * x`` with a raw array `a` on the left.

    Given NumPy constants alone, the ufuncs of the table `_numpy_api` and of SciPy run themselves.
    The following are for constants only: a ufunc that keratorch has no function for; arguments
    such as ``where=`` and ``dtype=``; ``a += x``, which NumPy calls with ``out=a``. If `out` is a
    `GradArray`, the result is a recorded write, like ``out[...] = f(x)``.
    """
    if filled.classes:
        targets = inputs[:1] if method == "at" else kwargs.get("out", ())
        if not filled.classes.isdisjoint(map(type, targets)):
            return of_fillable().ufunc_into(ufunc, method, inputs, kwargs)
        inputs = filled.settled(inputs)
    if not kwargs or (method != "__call__" and kwargs.get("out") is None):
        function = ufunc_function(ufunc, method)
        if function is not None:
            if function is _ISNAN and is_tracked(self) and asked_by_root_finder():
                raise lost("float()", self.shape, _registry.of(get_raw(self)).name)
            elsewhere = function.__module__.startswith(__package__) or ufunc in _foreign
            if elsewhere and (method != "at" or not isinstance(inputs[0], GradArray)):
                values = _values(inputs, kwargs)
                if not any(isinstance(v, GradArray) and is_tracked(v) for v in values):
                    found = _on_raw_arrays(ufunc, method, inputs, kwargs)
                    if found is not NotImplemented:
                        return found
            return function(*inputs, **kwargs)
    if method == "__call__" and [*kwargs] == ["axis"] and ufunc.__name__ == "vecdot":
        return ufunc_function(ufunc)(*inputs, **kwargs)
    what = _qualified(ufunc) if method == "__call__" else f"{_qualified(ufunc)}.{method}"
    values = _values(inputs, kwargs)
    written = inputs[:1] if method == "at" else kwargs.get("out", ())
    if _can_write(method, kwargs):
        function = ufunc_function(ufunc, method)
        if function is not None:
            return _into(function, method, inputs, **kwargs)
    if any(isinstance(v, GradArray) for v in written) and not any(map(_is_foreign, written)):
        pass
    elif any(isinstance(v, GradArray) and is_tracked(v) for v in values):
        if "out" in kwargs:
            raise LostGradientError(
                f"{what} of a tracked array of shape {tuple(self.shape)} with out= (in-place "
                "operators too): writing the result into a NumPy array would lose its gradient: "
                "write a = a + x in place of a += x, y = f(x) in place of f(x, out=y), or use "
                "detach()"
            )
    else:
        found = _on_raw_arrays(ufunc, method, inputs, kwargs)
        if found is not NotImplemented:
            return found
    if kwargs:
        what += f" with {', '.join(kwargs)}"
    raise NotDifferentiableError(
        f"{what} has no rule for a GradArray of shape {tuple(self.shape)}: "
        f"{_remedy(ufunc, method, kwargs)}, or detach() to compute without a gradient"
    )


def _values(inputs: tuple[Any, ...], kwargs: Any) -> tuple[Any, ...]:
    """All that a ufunc reads: its inputs, and the arguments of `_READ`."""
    return (*inputs, *(kwargs.get(name) for name in _READ))


def _is_foreign(value: Any) -> bool:
    """Whether `value` is given and is no `GradArray`."""
    return value is not None and not isinstance(value, GradArray)


def _can_write(method: str, kwargs: Any) -> bool:
    """Whether ``out=`` has only `GradArray`s, and every other argument suits a recorded write."""
    out = kwargs.get("out", ())
    if method == "at" or not all(v is None or isinstance(v, GradArray) for v in out):
        return False
    if method != "__call__":
        return any(v is not None for v in out)
    whole = kwargs.get("where", True) is True or all(v is not None for v in out)
    return any(v is not None for v in out) and whole and not {*kwargs} - {"out", "where", "casting"}


def _into(
    function: Any, method: str, inputs: Any, *, out: Any, where: Any = True,
    casting: str = "same_kind", **kwargs: Any,
) -> Any:  # fmt: skip
    """``out[...] = f(x)`` as a recorded write where `where` is true; returns `out`, as NumPy does.

    Masked-out elements are evaluated at 1, so they contribute nothing to the derivative.
    """
    from ._numpy_api.writing import copyto

    if method != "__call__":  # a reduction leaves masked-out elements out
        if where is not True:
            kwargs["where"], where = where, True
    elif where is not True:
        inputs = [_one_where_not(where, x) for x in inputs]
    found = function(*inputs, **kwargs)
    several = isinstance(found, tuple)
    results = list(found) if several else [found]
    for i, target in enumerate(out):
        if target is not None:
            copyto(target, results[i], casting, where)
            results[i] = target
    return tuple(results) if several else results[0]


def _one_where_not(condition: Any, x: Any) -> Any:
    """`x` where the condition holds, else 1 in its dtype; a Python scalar stays as it is."""

    if type(x) in SCALARS:
        return x
    x = as_operand(x)
    return kt.where(as_operand(condition, x), x, kt.ones_like(x))


def _remedy(ufunc: Any, method: str, kwargs: Any) -> str:
    """The advice of the error message: what to write in place of the refused call."""
    if method == "at":
        return "write x[indices] = value"
    if method == "__call__" and "where" in kwargs:
        return "take numpy.where(condition, f(x), y), which says what is elsewhere"
    if method == "__call__" and "dtype" in kwargs:
        return "convert the arguments with astype"
    types = getattr(ufunc, "types", ())
    if method == "__call__" and types and not any(t.strip("O->") for t in types):
        return "write keratorch.numpy.vectorize(f) in place of numpy.frompyfunc(f, …)"
    if method == "__call__" and not _is_numpys(ufunc):
        return "give it a rule with kt.custom_jvp"
    return "use keratorch's own functions"


def _qualified(ufunc: Any) -> str:
    """The name of a ufunc with the name of its library, for messages: ``numpy.sin``."""
    return f"scipy.special.{ufunc.__name__}" if _is_scipys(ufunc) else f"numpy.{ufunc.__name__}"


def _on_raw_arrays(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: Any) -> Any:
    """Run the ufunc on the raw arrays of constants, and return constants; return `out` unchanged.

    `NotImplemented` if a constant holds no NumPy array.
    """
    import numpy as np

    raws = [raw_of(v) for v in inputs]
    named = {name: kwargs[name] for name in _READ if isinstance(kwargs.get(name), GradArray)}
    kwargs = {**kwargs, **{name: get_raw(v) for name, v in named.items()}}
    arrays = [r for r, v in zip(raws, inputs, strict=True) if isinstance(v, GradArray)]
    if not all(type(a) is np.ndarray for a in arrays):
        return NotImplemented
    found = getattr(ufunc, method)(*raws, **kwargs)
    if found is None or "out" in kwargs:
        return found
    if isinstance(found, tuple):
        return tuple(constant(_plain(f)) for f in found)
    return constant(_plain(found))


def _plain(found: Any) -> Any:
    """A result of a ufunc as an array of NumPy; raises `UnknownArrayError` for a quantity."""
    import numpy as np

    refuse_in([found])
    return np.asarray(found)


def install() -> None:
    """Give `GradArray` NumPy's protocols."""
    GradArray.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
    GradArray.__array_function__ = array_function  # type: ignore[attr-defined]
