"""Whether a function that was called twice computed the same both times.

The comparison allows for rounding, as sums on GPUs and in threads have no fixed order: a difference
counts from √ε of the largest element on. Where a look at the values would wait for a GPU, for a
lazy library or for a tracer, the comparison stays in the library, and the derivative is NaN where
the results differ.
"""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..core import versions
from ..core.array import GradArray
from ..core.grad import Grad
from ..core.recording import record
from ..errors import RuleError


class FirstResults(tuple[Any, ...]):
    """The saved values of a node, with the arrays that its function returned.

    They are freed together with the saved values.
    """

    arrays: list[Any]
    since: int  # a write after this number makes an array useless for the comparison


def are_same(node: Any, outputs: list[GradArray]) -> list[Any]:
    """For each output, `None` if it equals the first result of `node`; else raises `RuleError`.

    Where the values are not on the host: a raw 0-d boolean array, which is true if both are equal.
    """
    saved = node._saved
    if not saved.arrays:
        return [None] * len(outputs)
    found: list[Any] = []
    for i, (raw, y) in enumerate(zip(saved.arrays, outputs, strict=True)):
        backend = _registry.of(raw)
        if _is_same(backend, raw, y._array) or versions.written_since(raw, saved.since):
            found.append(None)
            continue
        with backend.on_device(raw):
            equal = _equal(backend, raw, y._array)
        if not waits(raw) and not bool(equal):
            raise RuleError(
                "checkpoint: called again, the function computed other values for its output "
                f"{i}, of shape {tuple(raw.shape)}: it must compute the same both times. If it "
                "draws random numbers, pass the generator or the numbers as an argument; "
                "compare=False leaves this comparison out"
            )
        found.append(equal if waits(raw) else None)
    return found


def waits(raw: Any) -> bool:
    """Whether a look at the values of `raw` waits for a device, a lazy library or a tracer."""
    backend = _registry.of(raw)
    device = backend.device(raw)
    return backend.lazy or device is None or device.kind != "cpu"


def _is_same(backend: Any, a: Any, b: Any) -> bool:
    """Whether both are one array. Lazy arrays of one name have one graph."""
    name = getattr(a, "name", None) if backend.lazy else None
    return a is b or (name is not None and name == getattr(b, "name", None))


def _equal(backend: Any, a: Any, b: Any) -> Any:
    """Whether `a` and `b` are equal up to rounding: a raw 0-d array."""
    xp = backend.xp
    exact = xp.all(a == b)
    if 0 in tuple(a.shape) or (not waits(a) and bool(exact)):
        return exact
    finite = xp.isfinite(a) & xp.isfinite(b)
    zeros = xp.zeros_like(a)
    a0, b0 = xp.where(finite, a, zeros), xp.where(finite, b, zeros)
    allowed = math.sqrt(float(xp.finfo(a.dtype).eps)) * xp.max(xp.abs(a0))
    close = finite & (xp.abs(a0 - b0) <= allowed)
    return xp.all((a == b) | close | (xp.isnan(a) & xp.isnan(b)))


def times(g: Any, same: Any) -> Any:
    """`g`, a gradient or tangent, or NaN where `same` is false; `None` for `same` means true."""
    if same is None or g is None:
        return g
    raw = g._array if isinstance(g, GradArray) else g
    backend = _registry.of(raw)
    xp = backend.xp
    with backend.on_device(raw):
        one = xp.astype(same, raw.dtype)
        product = raw * xp.where(same, one, xp.full_like(one, math.nan))
    return record(_TimesGrad, (g,), product, same=same) if isinstance(g, GradArray) else product


class _TimesGrad(Grad):
    """`times` of the gradient. No mask makes 0 of NaN here, as it would below a product."""

    __slots__ = ("same",)
    fresh = True
    selects = False

    same: Any

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (times(grad, self.same),)

    def jvp(self, *tangents: Any) -> Any:
        return times(tangents[0], self.same)


__all__ = ["FirstResults", "are_same", "times"]
