"""The names of `keratorch.autograd.numpy.linalg` for type checkers."""

from typing import Any

from ...numpy.linalg import *  # noqa: F403

def eigh(a: Any, UPLO: Any = "L") -> Any: ...
def eigvalsh(a: Any, UPLO: Any = "L") -> Any: ...
