"""The registry of array libraries, with one `Backend` for each.

`register` adds a backend or a faster rule, `get` finds a backend by its name, `of` by an array.
"""

from ._backend import Backend as Backend
from ._backend import RuleTable as RuleTable
from ._device import Device as Device
from ._registry import default_device as default_device
from ._registry import devices as devices
from ._registry import get as get
from ._registry import get_default_device as get_default_device
from ._registry import names as names
from ._registry import of as of
from ._registry import register as register
from ._registry import set_default_device as set_default_device

__all__ = [
    "Backend",
    "Device",
    "RuleTable",
    "default_device",
    "devices",
    "get",
    "get_default_device",
    "names",
    "of",
    "register",
    "set_default_device",
]
