"""Building blocks of neural networks: `functional`."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ..core.namespace import missing_from as _missing_from
from . import functional as functional

__all__ = ["functional"]

if not _TYPE_CHECKING:  # a type checker finds such names by itself
    __getattr__ = _missing_from(__name__)
