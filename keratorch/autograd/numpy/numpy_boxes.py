"""`ArrayBox`, for `isinstance`: whether a value is a tracked array."""

from __future__ import annotations

from ..tracer import Box as ArrayBox

__all__ = ["ArrayBox"]
