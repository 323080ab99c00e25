"""`Device`: the place where an array lives, and its names."""

from __future__ import annotations

import re

from keratorch.errors import UnknownDeviceError

_NAME = re.compile(r"(?P<kind>[A-Za-z][A-Za-z_0-9]*?)(?::(?P<index>\d+))?")


def parse_device(name: str) -> tuple[str, int | None]:
    """Split ``"cuda:1"`` into ``("cuda", 1)``; the index of ``"cuda"`` is `None`.

    Raises `UnknownDeviceError` for a string of another form.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise UnknownDeviceError(
            f"{name!r} is no device name: write a kind and, if you like, a number, "
            "as in 'cpu', 'cuda' or 'cuda:1'"
        )
    index = match["index"]
    return match["kind"].lower(), None if index is None else int(index)


class Device:
    """A device of a backend, such as ``Device("cupy", "cuda", 1)``.

    Two devices are equal if their backends, kinds and indices are. A device also equals its names:
    ``"cuda"`` names every CUDA device, ``"cuda:1"`` the second one. The hash of a name is that of
    a string, so use a `Device`, not a name, as the key of a dict.
    """

    __slots__ = ("backend", "index", "kind")

    def __init__(self, backend: str, kind: str, index: int = 0) -> None:
        self.backend: str = backend
        self.kind: str = kind
        self.index: int = index

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Device):
            return (self.backend, self.kind, self.index) == (
                other.backend,
                other.kind,
                other.index,
            )
        if isinstance(other, str):
            try:
                kind, index = parse_device(other)
            except UnknownDeviceError:
                return False
            return kind == self.kind and index in (None, self.index)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.backend, self.kind, self.index))

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" and self.index == 0 else f"{self.kind}:{self.index}"

    def __repr__(self) -> str:
        return f"Device({self.backend!r}, {self.kind!r}, {self.index})"
