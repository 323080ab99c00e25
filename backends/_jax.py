"""JAX arrays and tracers, used as plain arrays: nothing is written in place."""

from __future__ import annotations

import contextlib
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from ._backend import Backend, RawArray, namespace_of
from ._device import Device

_KINDS: dict[Any, Any] = {"gpu": "cuda"}


class JAXBackend(Backend):
    """JAX arrays on every platform that JAX has."""

    def __init__(self) -> None:
        super().__init__("jax", namespace_of(jnp.zeros(())), (jax.Array, Tracer))

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

    def with_item(self, array: RawArray, key: Any, value: Any) -> RawArray:
        return array.at[key].set(value)

    def add_at(self, shape: tuple[int, ...], key: Any, values: RawArray) -> RawArray:
        where = None if isinstance(values, Tracer) else values.sharding
        return jnp.zeros(shape, dtype=values.dtype, device=where).at[key].add(values)

    def add_taken(
        self, shape: tuple[int, ...], index: RawArray, axis: int, values: RawArray
    ) -> RawArray:
        return self.add_at(shape, (slice(None),) * axis + (index,), values)

    def add_flat(self, size: int, where: RawArray, values: RawArray) -> RawArray:
        return self.add_at((size,), where, values)

    def special(self, name: str) -> Any:
        return {"expit": jax.nn.sigmoid}.get(name) or super().special(name)


def make() -> Backend:
    return JAXBackend()
