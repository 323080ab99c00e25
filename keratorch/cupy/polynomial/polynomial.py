"""The public names of ``cupy.polynomial.polynomial``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import cupy.polynomial.polynomial as _polynomial

from ...interop._polynomials import taking_arrays as _taking_arrays


def __getattr__(name: str) -> Any:
    found = _taking_arrays(_polynomial, [name], "polynomial", __name__)
    value = globals()[name] = found[name]
    return value


def __dir__() -> list[str]:
    return sorted(n for n in dir(_polynomial) if not n.startswith("_"))
