"""The public names of ``cupy.polynomial.polyutils``, whose functions take `GradArray`s too."""

from __future__ import annotations

from typing import Any

import cupy.polynomial.polyutils as _polyutils

from ...interop._polynomials import taking_arrays as _taking_arrays


def __getattr__(name: str) -> Any:
    found = _taking_arrays(_polyutils, [name], "polyutils", __name__)
    value = globals()[name] = found[name]
    return value


def __dir__() -> list[str]:
    return sorted(n for n in dir(_polyutils) if not n.startswith("_"))
