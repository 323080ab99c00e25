"""Gradients for code written for any array library, on CPUs and CUDA GPUs.

>>> import numpy as np
>>> import keratorch as kt
>>> x = kt.GradArray(np.array([1.0, 2.0]))
>>> kt.sum(x * x).backward()
>>> x.grad
array([2., 4.])
>>> kt.grad(lambda x: kt.sum(x * x))(np.array([1.0, 2.0]))
array([2., 4.])

Arrays       GradArray, asarray, no_grad, gradients
Functions    those of the Array API standard, as sin, sum and where;
             keratorch.linalg, fft, special and nn.functional
Transforms   grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp, checkpoint, custom_vjp, ...
Your own     Grad, the base of operations that you write; tree.register, for classes that hold
             arrays
NumPy, CuPy  keratorch.numpy and keratorch.cupy: their names, with gradients
Libraries    namespace("torch"), backends, devices, set_default_device
Tools        detect_anomaly, graph, profile, show_versions; keratorch.testing.check_grads
Annotations  keratorch.typing

help(keratorch.grad) and its like say more.
"""

import typing as _typing

# The order matters: a module may import only modules that are imported before it.
from . import backends as backends  # isort: skip
from . import errors as errors
from ._version import __version__ as __version__
from .backends import Device as Device
from .backends import default_device as default_device
from .backends import devices as devices
from .backends import get_default_device as get_default_device
from .backends import set_default_device as set_default_device
from .core.array import GradArray as GradArray
from .core.grad import Grad as Grad
from .core.mode import deterministic as deterministic
from .core.mode import enable_grad as enable_grad
from .core.mode import fillable as fillable
from .core.mode import is_grad_enabled as is_grad_enabled
from .core.mode import no_grad as no_grad
from .core.mode import set_policy as set_policy
from .core.namespace import API_VERSION as __array_api_version__  # noqa: F401
from .core.namespace import array_namespace_info as __array_namespace_info__  # noqa: F401
from .core.namespace import module_attribute as _module_attribute
from .core.namespace import namespace as namespace
from .core.sync import no_sync as no_sync
from .errors import AliasedWriteError as AliasedWriteError
from .errors import AnomalyError as AnomalyError
from .errors import AxisError as AxisError
from .errors import BackendUnavailableError as BackendUnavailableError
from .errors import ConvergenceError as ConvergenceError
from .errors import DeviceMemoryError as DeviceMemoryError
from .errors import DeviceMismatchError as DeviceMismatchError
from .errors import DTypeError as DTypeError
from .errors import GradientRequiredError as GradientRequiredError
from .errors import GraphFreedError as GraphFreedError
from .errors import InstallationWarning as InstallationWarning
from .errors import InvalidIndexError as InvalidIndexError
from .errors import KeratorchError as KeratorchError
from .errors import LeafWriteError as LeafWriteError
from .errors import LostGradientError as LostGradientError
from .errors import MissingDependencyError as MissingDependencyError
from .errors import NotDifferentiableError as NotDifferentiableError
from .errors import NotTrackedError as NotTrackedError
from .errors import RuleError as RuleError
from .errors import ShapeError as ShapeError
from .errors import StaleValueError as StaleValueError
from .errors import StructureError as StructureError
from .errors import SyncError as SyncError
from .errors import UnknownArrayError as UnknownArrayError
from .errors import UnknownDeviceError as UnknownDeviceError
from .functions import *  # noqa: F403
from .tools.anomaly import detect_anomaly as detect_anomaly
from .tools.anomaly import set_detect_anomaly as set_detect_anomaly
from .tools.drawing import graph as graph
from .tools.info import show_versions as show_versions
from .tools.profiling import profile as profile
from .transforms import checkpoint as checkpoint
from .transforms import custom_jvp as custom_jvp
from .transforms import custom_vjp as custom_vjp
from .transforms import elementwise_grad as elementwise_grad
from .transforms import fixed_point as fixed_point
from .transforms import ggnvp as ggnvp
from .transforms import grad as grad
from .transforms import gradients as gradients
from .transforms import hessian as hessian
from .transforms import hessian_diag as hessian_diag
from .transforms import hvp as hvp
from .transforms import implicit_root as implicit_root
from .transforms import jacfwd as jacfwd
from .transforms import jacobian as jacobian
from .transforms import jacrev as jacrev
from .transforms import jvp as jvp
from .transforms import linearize as linearize
from .transforms import stop_gradient as stop_gradient
from .transforms import value_and_grad as value_and_grad
from .transforms import vhp as vhp
from .transforms import vjp as vjp

from . import functions  # isort: skip
from . import fft as fft  # isort: skip
from . import linalg as linalg  # isort: skip
from . import nn as nn  # isort: skip
from . import serialization as serialization  # isort: skip
from . import special as special  # isort: skip
from . import tree as tree  # isort: skip
from . import typing as typing  # isort: skip
from . import _installation, kernels
from .core import namespace as _namespace
from .interop import _cupy as _interop_cupy
from .interop import _lookup, _methods, _missing, _others
from .interop import _numpy as _interop_numpy
from .interop import _xarray as _interop_xarray
from .interop._cupy_kernel_grads import register_kernel_grad as register_kernel_grad
from .ops import _operators

_namespace.provide(
    vars(functions), _lookup.table_function, _lookup.special_functions, _missing.instead
)
_operators.install()
_methods.install()
_missing.install(vars())
_interop_numpy.install()
_interop_cupy.install()
_interop_xarray.install()
_others.install()
kernels.install()
_installation.warn_of_others()
# help(keratorch) would list them.
del _interop_cupy, _interop_numpy, _interop_xarray
del _lookup, _methods, _missing, _namespace, _operators, _others

if not _typing.TYPE_CHECKING:  # a type checker finds such names by itself
    __getattr__ = _module_attribute

#: The folders and modules that are no part of what `keratorch` shows.
_PRIVATE = frozenset(
    ["core", "functions", "interop", "kernels", "ops", "policy", "tools", "transforms"]
)
__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    name for name in dir() if not name.startswith("_") and name not in _PRIVATE
]


def __dir__() -> list[str]:
    return sorted(globals().keys() - _PRIVATE)
