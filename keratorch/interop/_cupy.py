"""CuPy's hook: calls of its ufuncs and `ElementwiseKernel`s with a `GradArray` arrive here.

CuPy calls `__cupy_override_elementwise_kernel__` before it touches its driver. The hook identifies
the kernel by its `id`, because names of kernels are not unique.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from .. import functions as kt
from ..core.array import GradArray, get_raw
from ..core.nodes import is_tracked, raw_of
from ..core.recording import constant
from ..core.sync import waits
from ..errors import LostGradientError, NotDifferentiableError
from ._cupy_kernel_grads import registered
from ._lookup import special_functions, table_function, ufunc_function
from ._mirror import ufunc_named


class _Table(dict[int, tuple[Any, Callable[..., Any]]]):
    """The `id` of a CuPy kernel -> the kernel (so that it stays alive) and keratorch's function."""

    __slots__ = ("filled",)

    def __init__(self) -> None:
        super().__init__()
        self.filled = False

    def fill(self) -> None:
        """Enter CuPy's ufuncs and kernels. This happens when the hook is first called."""
        import cupy

        ufunc = cupy.ufunc
        for name in dir(cupy):
            kernel = getattr(cupy, name, None)
            if isinstance(kernel, ufunc):
                function = ufunc_named(name) or table_function(name)
                if function is not None:
                    self[id(kernel)] = kernel, function
        self._fill_special()
        search = sys.modules.get("cupy._sorting.search")
        where = getattr(search, "_where_ufunc", None)
        if where is not None:
            self[id(where)] = where, kt.where
        rsqrt = getattr(sys.modules.get("cupyx"), "rsqrt", None)
        if rsqrt is not None:
            self[id(rsqrt)] = rsqrt, lambda x: kt.reciprocal(kt.sqrt(x))
        self.filled = True

    def _fill_special(self) -> None:
        import cupy
        import cupyx.scipy.special as library

        for name in dir(library):
            kernel = getattr(library, name)
            function = getattr(kt.special, name, None) or special_functions().get(name)
            if isinstance(kernel, cupy.ufunc) and function is not None:
                self.setdefault(id(kernel), (kernel, function))

    def find(self, kernel: Any) -> Callable[..., Any] | None:
        """keratorch's function in place of `kernel`; `None` if there is none."""
        if not self.filled:
            self.fill()
        found = self.get(id(kernel))
        return None if found is None else found[1]


_table = _Table()


def override(self: GradArray, kernel: Any, *args: Any, **kwargs: Any) -> Any:
    """The hook for ``cupy.sin(x)``, ``cupy.where(m, x, 0)`` and any kernel given a `GradArray`."""
    nin = _nin(kernel)
    inputs = args[:nin]
    outputs = args[nin:] or _tuple(kwargs.get("out"))
    if any(o is not None for o in outputs):
        return _written(kernel, inputs, outputs, kwargs)
    return _computed(kernel, inputs, kwargs)


def _computed(kernel: Any, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The new arrays that the kernel makes of `inputs`."""
    rule = registered(kernel)
    if rule is not None:
        return rule(*inputs, **kwargs)
    dtype = kwargs.get("dtype")
    others = {k: v for k, v in kwargs.items() if k not in ("dtype", "out") and v is not None}
    if dtype is None:
        others.pop("casting", None)  # it is about `dtype` and `out`
    function = _table.find(kernel)
    if function is not None and not others:
        return function(*(inputs if dtype is None else [_cast(kernel, x, dtype) for x in inputs]))
    tracked = [x for x in inputs if _is_tracked(x)]
    if not tracked:
        return _on_raw_arrays(kernel, inputs, kwargs)
    raise NotDifferentiableError(
        f"the kernel {_name(kernel)!r} of CuPy{_options(others)} has no rule for a GradArray of "
        f"shape {tuple(tracked[0].shape)}: "
        + ("leave the options out" if function else "give it one with keratorch."
           "register_kernel_grad(kernel, backward)")
        + ", or detach() to compute without a gradient"
    )  # fmt: skip


def _nin(kernel: Any) -> int:
    return int(getattr(kernel, "nin", len(getattr(kernel, "in_params", ()))))


def _tuple(out: Any) -> tuple[Any, ...]:
    return out if isinstance(out, tuple) else (out,)


def _written(
    kernel: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Run a kernel that writes into given arrays; into `GradArray`s as recorded writes.

    Raw arrays take results of constants only. A kernel of a user may read the arrays into which it
    writes, so a tracked one needs a rule.
    """
    what = f"the kernel {_name(kernel)!r} of CuPy"
    targets = [o for o in outputs if o is not None]
    tracked = [x for x in inputs if _is_tracked(x)]
    if any(not isinstance(o, GradArray) for o in targets):
        if tracked or any(map(_is_tracked, targets)):
            x = next(x for x in (*tracked, *targets) if _is_tracked(x))
            raise LostGradientError(
                f"{what} would write a tracked array of shape {tuple(x.shape)} into a "
                "cupy.ndarray (a += x and out=a do), which would lose its gradient: write a = a + "
                "x in place of a += x, make the array with keratorch.cupy, or use detach()"
            )
        if not any(isinstance(o, GradArray) for o in targets):
            raws = [raw_of(x) for x in inputs]
            if kwargs.get("out") is not None:
                return kernel(*raws, **kwargs)
            return kernel(*raws, *outputs, **kwargs)
    function = _table.find(kernel)
    rule = registered(kernel)
    options = {k: v for k, v in kwargs.items() if k not in ("out", "casting")}
    buffers: list[Any] = []
    if function is not None:
        found = _computed(kernel, inputs, options)
    elif tracked and rule is None:
        found = _computed(kernel, inputs, options)  # which raises
    elif rule is None and any(map(_is_tracked, targets)):
        raise NotDifferentiableError(
            f"{what} would write into a tracked GradArray of shape {tuple(targets[0].shape)} past "
            "its record: write with x[...] = value, or use keratorch.register_kernel_grad"
        )
    else:
        buffers.extend(map(_buffer, outputs))
        if rule is not None:
            found = rule(*inputs, into=tuple(buffers), **options)
        else:
            found = kernel(*map(raw_of, inputs), *buffers, **options)
    silent = found is None  # a kernel with no_return=True
    results = buffers if silent else list(_tuple(found))
    write: Any = table_function("copyto")
    for i, target in enumerate(outputs):
        if isinstance(target, GradArray):
            write(target, results[i], kwargs.get("casting", "same_kind"))
            results[i] = target
    if silent:
        return None
    return tuple(results) if isinstance(found, tuple) else results[0]


def _buffer(target: Any) -> Any:
    """A raw array for a kernel to write into: a copy of `target`.

    The gradient of old values that a kernel reads would be lost, so those of a tracked array are
    NaN in the copy.
    """
    if not isinstance(target, GradArray):
        return target
    raw = target._array.copy()
    if is_tracked(target):
        raw.fill(math.nan)
    return raw


def _on_raw_arrays(kernel: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run the kernel on raw arrays, and return constants."""
    found = kernel(*[raw_of(x) for x in args], **{k: raw_of(v) for k, v in kwargs.items()})
    if isinstance(found, tuple):
        return tuple(constant(f) for f in found)
    return constant(found)


def _cast(kernel: Any, x: Any, dtype: Any) -> Any:
    from ._numpy_api._arguments import of_dtype

    return of_dtype(_name(kernel), x, dtype, "same_kind") if isinstance(x, GradArray) else x


def _is_tracked(x: Any) -> bool:
    return isinstance(x, GradArray) and is_tracked(x)


def _name(kernel: Any) -> str:
    return str(getattr(kernel, "name", None) or getattr(kernel, "__name__", kernel))


def _options(others: dict[str, Any]) -> str:
    return f" with {', '.join(others)}" if others else ""


def _position(name: str) -> Callable[..., Any]:
    """The method `argmax` or `argmin` with ``dtype=``, which CuPy's function passes on."""
    plain = getattr(GradArray, name)

    def method(self: GradArray, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        found = plain(self, *args, **kwargs)
        return found if dtype is None else kt.astype(found, dtype)

    method.__name__, method.__doc__ = name, plain.__doc__
    return method


#: CuPy's name of a scatter -> the name of its ufunc.
_SCATTERS = {"add": "add", "sub": "subtract", "max": "maximum", "min": "minimum"}


def _scatter_op(self: GradArray, indices: Any, value: Any, op: str) -> None:
    """``cupy.add.at(x, indices, value)`` calls this method of `x`."""
    import numpy as np

    ufunc = getattr(np, _SCATTERS.get(op, op), None)
    function = ufunc_function(ufunc, "at") if isinstance(ufunc, np.ufunc) else None
    if function is None:
        raise NotDifferentiableError(
            f"the scatter {op!r} of CuPy has no rule for a GradArray of shape "
            f"{tuple(self.shape)}: write x[indices] = value, use cupy.add.at, or detach()"
        )
    function(self, indices, value)


def _scatter(op: str) -> Callable[..., None]:
    def method(self: GradArray, slices: Any, value: Any) -> None:
        _scatter_op(self, slices, value, op)

    method.__name__ = f"scatter_{op}"
    method.__doc__ = f"``cupyx.scatter_{op}(x, slices, value)``, which calls this."
    return method


def _get(self: GradArray) -> Callable[..., Any]:
    """The method `get` of CuPy's arrays, which copies to the host; other arrays have none."""
    raw = get_raw(self)
    if not hasattr(raw, "get"):
        raise AttributeError(
            f"a GradArray that holds a {type(raw).__module__}.{type(raw).__name__} has no "
            "attribute 'get'"
        )

    def get(*args: Any, **kwargs: Any) -> Any:
        if _is_tracked(self):
            raise LostGradientError(
                f"get() of a tracked array of shape {tuple(self.shape)} would lose its gradient: "
                "use to_device('cpu'), which is differentiable, or detach() first"
            )
        waits("get()", self.shape, "leave the array where it is until the end")
        return raw.get(*args, **kwargs)

    return get


def install() -> None:
    """Give `GradArray` CuPy's hook, and the methods that CuPy's functions call."""
    GradArray.__cupy_override_elementwise_kernel__ = override  # type: ignore[attr-defined]
    GradArray._scatter_op = _scatter_op  # type: ignore[attr-defined]
    for op in ("add", "max", "min"):
        setattr(GradArray, f"scatter_{op}", _scatter(op))
    GradArray.get = property(_get)  # type: ignore[attr-defined]
    for name in ("argmax", "argmin"):
        setattr(GradArray, name, _position(name))
