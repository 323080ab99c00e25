"""The vector spaces of arrays, under HIPS/autograd's name."""

from __future__ import annotations

from .._vspaces import ArrayVSpace as ArrayVSpace
from .._vspaces import ComplexArrayVSpace as ComplexArrayVSpace
from .._vspaces import VSpace as VSpace

__all__ = ["ArrayVSpace", "ComplexArrayVSpace", "VSpace"]
