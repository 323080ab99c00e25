"""Building blocks of neural networks: `functional`."""

import typing as _typing

from ..core.namespace import missing_from as _missing_from
from . import functional as functional

__all__ = ["functional"]

if not _typing.TYPE_CHECKING:  # a type checker finds such names by itself
    __getattr__ = _missing_from(__name__)
