"""Programs in the style of CuPy's own examples: docs/cupy_examples.md says what becomes of each.

Each module has one line ``import cupy`` and is otherwise plain CuPy. `load` runs its text with
another module in place of CuPy.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

NAMES = ("black_scholes", "monte_carlo", "cg", "gmm", "kmeans", "gemm")
_LINE = "import cupy\n"


def load(name: str, cupy: Any) -> ModuleType:
    """The program `name`, with the module `cupy` in place of what its import line finds."""
    path = Path(__file__).with_name(f"{name}.py")
    before, line, after = path.read_text(encoding="utf-8").partition(_LINE)
    assert line and _LINE not in after
    program = ModuleType(f"{__name__}.{name}")
    program.__dict__["cupy"] = cupy
    exec(compile(before + "\n" + after, str(path), "exec"), program.__dict__)
    return program
