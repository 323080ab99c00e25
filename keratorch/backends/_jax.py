"""JAX arrays and tracers, used as plain arrays: nothing is written in place."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
from jax.core import Tracer

from . import _windows
from ._backend import Backend
from ._device import Device
from ._rules import RawArray

_KINDS: dict[Any, Any] = {"gpu": "cuda"}
# Compiled as a whole: otherwise JAX compiles, and runs, each slice and each sum by itself.
_pad: Any = jax.jit(_windows.pad, static_argnums=(0, 2, 3))
_slide: Any = jax.jit(_windows.windows, static_argnums=(0, 2, 3, 4, 5))
_fold: Any = jax.jit(_windows.fold, static_argnums=(0, 2, 3, 4))


class JAXBackend(Backend):
    """JAX arrays on every platform that JAX has."""

    immutable = True
    mixes_indices = True
    takes_numpy = True
    takes_numpy_indices = True

    def __init__(self) -> None:
        super().__init__("jax", jnp, (jax.Array, Tracer))

    def device(self, array: RawArray) -> Device | None:
        if isinstance(array, Tracer):
            return None
        devices = array.devices()
        return self.from_raw_device(next(iter(devices))) if len(devices) == 1 else None

    def from_raw_device(self, raw: Any) -> Device:
        return Device(self.name, _KINDS.get(raw.platform, raw.platform), raw.id)

    def _raw_devices(self) -> list[Any]:
        found = jax.local_devices()
        if found[0].platform != "cpu":
            with contextlib.suppress(RuntimeError):  # JAX_PLATFORMS may leave the CPU out
                found += jax.local_devices(backend="cpu")
        return found

    def to_device(self, array: RawArray, device: Device) -> RawArray:
        return jax.device_put(array, self.raw_device(device))

    def writeable(self, array: RawArray) -> bool:
        return False

    def strong_scalars(self, value: Any, like: RawArray) -> bool:
        return True

    def with_item(self, array: RawArray, key: Any, value: Any) -> RawArray:
        return array.at[key].set(value)

    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        where = None if isinstance(values, Tracer) else values.sharding
        return jnp.zeros(shape, dtype=values.dtype, device=where).at[key].add(values)

    def pad(self, array: RawArray, widths: Sequence[tuple[int, int]], value: float) -> RawArray:
        return _pad(self.xp, array, tuple(widths), value)

    def windows(
        self,
        array: RawArray,
        kernel: Sequence[int],
        counts: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        return _slide(self.xp, array, tuple(kernel), tuple(counts), tuple(stride), tuple(dilation))

    def fold(
        self,
        array: RawArray,
        size: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
    ) -> RawArray:
        return _fold(self.xp, array, tuple(size), tuple(stride), tuple(dilation))

    def add_flat(self, size: int, where: RawArray, values: RawArray) -> RawArray:
        return self.add_at((size,), where, values)

    def linalg(self, name: str) -> Any:
        function = super().linalg(name)
        return _staying(function) if name in ("diagonal", "pinv") else function

    def special(self, name: str) -> Any:
        return {"expit": jax.nn.sigmoid}.get(name) or super().special(name)

    def library_special(self, name: str) -> Any:
        if name == "zeta":
            return _zeta
        # JAX's polygamma accepts orders of an integer dtype only.
        return None if name == "polygamma" else getattr(jax.scipy.special, name, None)


def _staying(function: Any) -> Any:
    """`function` with its result on the device of its array: JAX puts empty ones on the first."""

    def stay(array: RawArray, /, *args: Any, **kwargs: Any) -> RawArray:
        found = function(array, *args, **kwargs)
        if isinstance(found, Tracer) or found.sharding == array.sharding or found.size:
            return found
        return jax.device_put(found, array.sharding)

    return stay


def _zeta(x: RawArray, q: RawArray) -> RawArray:
    """JAX's ζ(x, q), and NaN where q < 0: JAX gives wrong numbers there."""
    return jax.numpy.where(q < 0, jax.numpy.nan, jax.scipy.special.zeta(x, q))


def make() -> Backend:
    return JAXBackend()
