"""`flatten`, optimizers, fixed points and `const_graph`."""

from __future__ import annotations

from .flatten import flatten as flatten
from .tracers import const_graph as const_graph

__all__ = ["const_graph", "flatten"]
