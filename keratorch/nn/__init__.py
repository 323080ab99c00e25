"""Building blocks of neural networks: `functional`."""

from . import functional as functional

__all__ = ["functional"]
