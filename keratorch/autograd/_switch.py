"""One switch for whole programs: the name ``autograd`` stands for `keratorch.autograd`."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType

_OURS = "keratorch.autograd"


def replace_autograd() -> None:
    """From now on, ``import autograd`` in this program gives `keratorch.autograd`.

    Call it before anything imports HIPS/autograd; libraries that are built on HIPS/autograd then
    run on keratorch. Modules that keratorch does not have, such as ``autograd.scipy``, are not
    found.

    If HIPS/autograd is imported already, `RuntimeError` is raised: the program would compute with
    two libraries that do not know each other's arrays.
    """
    found = sys.modules.get("autograd")
    if found is not None and found.__name__ != _OURS:
        raise RuntimeError(
            f"replace_autograd: autograd is imported already, from {found.__file__}: call "
            "keratorch.autograd.replace_autograd() before the imports that need autograd"
        )
    for module in _modules(_OURS):
        sys.modules["autograd" + module.__name__.removeprefix(_OURS)] = module


def _modules(name: str) -> Iterator[ModuleType]:
    module = importlib.import_module(name)
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if not found.name.startswith("_"):
            yield from _modules(f"{name}.{found.name}")


__all__ = ["replace_autograd"]
