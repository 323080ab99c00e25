"""What neural networks are made of."""

from . import functional as functional

__all__ = ["functional"]
