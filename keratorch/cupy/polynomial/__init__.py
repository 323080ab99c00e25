"""The public names of ``cupy.polynomial``: functions that take `GradArray`s too."""

from __future__ import annotations

from . import polynomial as polynomial
from . import polyutils as polyutils
