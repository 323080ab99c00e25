"""CuPy, for pyright: everything is `Any`, whether CuPy is installed or not.

Without this file pyright would take `import cupy` for `keratorch.cupy` where CuPy is not installed.
"""

from typing import Any

def __getattr__(name: str) -> Any: ...
