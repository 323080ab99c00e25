"""Pickles of `GradArray`s: their format, and its home.

A pickle of a `GradArray` names `keratorch.serialization.restored` and the version of its format.
Both stay: later releases of keratorch read the pickles of earlier ones.

A pickle can run any code. Load only pickles that you or people you trust made. To exchange arrays
with others, save the values: ``np.save("w.npy", w.numpy())``, and
``GradArray(np.load("w.npy", allow_pickle=False))``.
"""

from __future__ import annotations

import contextlib
from typing import Any

from .backends import _registry
from .core import making
from .core.array import GradArray
from .core.convert import move
from .errors import (
    BackendUnavailableError,
    KeratorchError,
    StructureError,
    UnknownDeviceError,
)

#: The version of the format that this release writes.
VERSION = 1
#: The entries of a state of version 1, and the types that they may have.
_ENTRIES: dict[str, tuple[type, ...]] = {
    "array": (object,),  # a raw array of booleans or numbers
    "requires_grad": (bool,),
    "name": (str, type(None)),
    "grad": (object,),  # an array of the shape, dtype and device of `array`, or `None`
    "device": (_registry.Device, type(None)),
}


def restored(version: int, state: dict[str, Any]) -> GradArray:
    """The `GradArray` of a pickle.

    version : of the format of `state`.
    state : the raw array, ``requires_grad``, the name, the gradient and the device.

    Raises `StructureError` for another format, and the error of `GradArray` or of ``x.grad = g``
    for entries that do not fit together. It checks against damage and mistakes. It cannot make a
    pickle of a stranger safe.
    """
    _check(version, state)
    raw, device = state["array"], state["device"]
    if isinstance(raw, GradArray) or not _registry.is_array(raw):
        raise StructureError(
            f"the pickle of a GradArray holds a {type(raw).__name__} in place of an array: it is "
            "damaged, or was not made by keratorch"
        )
    options = {"requires_grad": state["requires_grad"], "name": state["name"]}
    x, grad = GradArray(raw, **options), state["grad"]
    if device is not None and x.device != device:  # JAX unpickles onto its default device
        with contextlib.suppress(UnknownDeviceError, BackendUnavailableError):
            x = GradArray(raw, device=device, **options)
            if _registry.is_array(grad) and not isinstance(grad, GradArray):
                grad = move(grad, device)
    try:
        x.grad = grad
    except KeratorchError as error:
        raise type(error)(f"the pickle of a GradArray is damaged: {error}") from error
    return x


def _check(version: Any, state: Any) -> None:
    """Raise `StructureError` unless `state` has the entries of the version that keratorch reads."""
    if type(version) is int and version > VERSION:
        raise StructureError(
            f"this pickle of a GradArray has the format {version}, and this keratorch reads "
            f"formats up to {VERSION}: load it with a newer keratorch"
        )
    wrong = None
    if type(version) is not int or version < 1:
        wrong = f"its version is {version!r:.40}"
    elif not isinstance(state, dict):
        wrong = f"its state is a {type(state).__name__}"
    elif state.keys() != _ENTRIES.keys():
        names = sorted(map(str, state.keys() ^ _ENTRIES.keys()))
        wrong = f"its state lacks entries, or has others than keratorch's: {', '.join(names)[:80]}"
    else:
        for name, types in _ENTRIES.items():
            if not isinstance(state[name], types):
                wrong = f"its entry {name!r} is a {type(state[name]).__name__}"
                break
    if wrong is not None:
        raise StructureError(
            f"the pickle of a GradArray is damaged, or was not made by keratorch: {wrong}"
        )


def _reduced(x: GradArray) -> tuple[Any, ...]:
    """What `pickle` keeps of a leaf or a constant."""
    state = {
        "array": x._array,
        "requires_grad": x.requires_grad,
        "name": x.name,
        "grad": x.grad,
        "device": x.device,
    }
    return restored, (VERSION, state)


making.reduced = _reduced

__all__ = ["VERSION", "restored"]
