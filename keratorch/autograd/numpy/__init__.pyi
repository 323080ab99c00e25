"""The names of `keratorch.autograd.numpy` for type checkers."""

from typing import Any

from ...core.array import GradArray
from ...numpy import *  # noqa: F403
from . import fft as fft
from . import linalg as linalg
from . import numpy_boxes as numpy_boxes
from . import numpy_vjps as numpy_vjps
from . import numpy_vspaces as numpy_vspaces
from . import numpy_wrapper as numpy_wrapper
from . import random as random

__version__: str

def make_diagonal(D: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> GradArray | Any: ...
def metadata(A: Any) -> Any: ...
def where(condition: Any, *args: Any, **kwargs: Any) -> GradArray | Any: ...
