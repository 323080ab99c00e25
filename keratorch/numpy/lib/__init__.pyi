"""The names of `numpy.lib`."""

from types import ModuleType

from . import stride_tricks as stride_tricks

scimath: ModuleType
