"""CuPy's kernels that let no `GradArray` in: here they take constants, and no tracked arrays."""

from __future__ import annotations

import re
from typing import Any

import cupy

from ..core.array import GradArray, get_raw
from ..core.nodes import is_tracked
from ..core.recording import constant
from ..core.views import mark_family
from ..errors import NotDifferentiableError
from ..interop._values import arrays_in


def _plain(kind: str, kernel: Any, values: Any) -> Any:
    """`values` with raw arrays in place of constants; raises for a tracked array."""
    for x in arrays_in(values):
        if is_tracked(x):
            raise NotDifferentiableError(
                f"the {kind} {kernel.name!r} of CuPy was given a tracked array of shape "
                f"{tuple(x.shape)}, and keratorch cannot differentiate CUDA code: wrap the "
                "function that calls the kernel in keratorch.custom_vjp, or pass x.detach()"
            )
    return _unwrapped(values)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, GradArray):
        return get_raw(value)
    if type(value) in (tuple, list):
        return type(value)([_unwrapped(v) for v in value])
    if type(value) is dict:
        return {k: _unwrapped(v) for k, v in value.items()}
    return value


class RawKernel(cupy.RawKernel):
    """`cupy.RawKernel`, which also takes constants.

    A constant counts as written, unless the code declares its parameter ``const``.
    """

    def __call__(self, grid: Any, block: Any, args: Any, **kwargs: Any) -> None:
        super().__call__(grid, block, _plain("RawKernel", self, args), **kwargs)
        if next(arrays_in(args), None) is None:
            return
        reads = _only_read(self.code, self.name)
        for i, x in enumerate(args):
            if isinstance(x, GradArray) and not (len(reads) == len(args) and reads[i]):
                mark_family(x)


def _only_read(code: str, name: str) -> list[bool]:
    """For each parameter of the function `name` in CUDA code, whether it is declared ``const``."""
    found = re.search(rf"\b{re.escape(name)}\s*\(([^()]*)\)", code)
    return [] if found is None else ["const " in part for part in found.group(1).split(",")]


class ReductionKernel(cupy.ReductionKernel):
    """`cupy.ReductionKernel`, which also takes constants; its result is then a constant."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = next(arrays_in((args, kwargs)), None)
        if given is None:
            return super().__call__(*args, **kwargs)
        out = kwargs.get("out")
        found = super().__call__(
            *_plain("ReductionKernel", self, args), **_plain("ReductionKernel", self, kwargs)
        )
        if isinstance(out, GradArray):
            mark_family(out)
            return out
        return constant(found)


__all__ = ["RawKernel", "ReductionKernel"]
