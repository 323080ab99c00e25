"""keratorch: gradients for code written for any array library, on CPUs and CUDA GPUs."""

__version__ = "0.1.0"

# The order matters: what is imported first knows nothing of what follows.
from . import backends as backends  # isort: skip
from . import errors as errors
from ._array import GradArray as GradArray
from ._creation import arange as arange
from ._creation import asarray as asarray
from ._creation import empty as empty
from ._creation import empty_like as empty_like
from ._creation import eye as eye
from ._creation import full as full
from ._creation import full_like as full_like
from ._creation import linspace as linspace
from ._creation import ones as ones
from ._creation import ones_like as ones_like
from ._creation import zeros as zeros
from ._creation import zeros_like as zeros_like
from ._grad import Grad as Grad
from ._mode import enable_grad as enable_grad
from ._mode import is_grad_enabled as is_grad_enabled
from ._mode import no_grad as no_grad
from ._mode import set_policy as set_policy
from ._namespace import namespace as namespace
from ._transforms import gradients as gradients
from ._transforms import jvp as jvp
from .backends import Device as Device
from .backends import default_device as default_device
from .backends import devices as devices
from .backends import get_default_device as get_default_device
from .backends import set_default_device as set_default_device
from .errors import AliasedWriteError as AliasedWriteError
from .errors import BackendUnavailableError as BackendUnavailableError
from .errors import DeviceMismatchError as DeviceMismatchError
from .errors import DTypeError as DTypeError
from .errors import GradientRequiredError as GradientRequiredError
from .errors import GraphFreedError as GraphFreedError
from .errors import KeratorchError as KeratorchError
from .errors import LeafWriteError as LeafWriteError
from .errors import LostGradientError as LostGradientError
from .errors import NotDifferentiableError as NotDifferentiableError
from .errors import NotTrackedError as NotTrackedError
from .errors import RuleError as RuleError
from .errors import ShapeError as ShapeError
from .errors import StaleValueError as StaleValueError
from .errors import UnknownArrayError as UnknownArrayError
from .errors import UnknownDeviceError as UnknownDeviceError
from .ops.elementwise import add as add
from .ops.elementwise import bitwise_and as bitwise_and
from .ops.elementwise import bitwise_invert as bitwise_invert
from .ops.elementwise import bitwise_or as bitwise_or
from .ops.elementwise import bitwise_xor as bitwise_xor
from .ops.elementwise import cos as cos
from .ops.elementwise import divide as divide
from .ops.elementwise import equal as equal
from .ops.elementwise import exp as exp
from .ops.elementwise import greater as greater
from .ops.elementwise import greater_equal as greater_equal
from .ops.elementwise import isfinite as isfinite
from .ops.elementwise import isinf as isinf
from .ops.elementwise import isnan as isnan
from .ops.elementwise import less as less
from .ops.elementwise import less_equal as less_equal
from .ops.elementwise import log as log
from .ops.elementwise import logical_and as logical_and
from .ops.elementwise import logical_not as logical_not
from .ops.elementwise import logical_or as logical_or
from .ops.elementwise import maximum as maximum
from .ops.elementwise import minimum as minimum
from .ops.elementwise import multiply as multiply
from .ops.elementwise import negative as negative
from .ops.elementwise import not_equal as not_equal
from .ops.elementwise import positive as positive
from .ops.elementwise import pow as pow
from .ops.elementwise import sign as sign
from .ops.elementwise import sin as sin
from .ops.elementwise import sqrt as sqrt
from .ops.elementwise import subtract as subtract
from .ops.elementwise import tanh as tanh
from .ops.linalg import matmul as matmul
from .ops.manipulation import astype as astype
from .ops.manipulation import broadcast_arrays as broadcast_arrays
from .ops.manipulation import broadcast_to as broadcast_to
from .ops.manipulation import concat as concat
from .ops.manipulation import copy as copy
from .ops.manipulation import expand_dims as expand_dims
from .ops.manipulation import flip as flip
from .ops.manipulation import matrix_transpose as matrix_transpose
from .ops.manipulation import moveaxis as moveaxis
from .ops.manipulation import permute_dims as permute_dims
from .ops.manipulation import reshape as reshape
from .ops.manipulation import squeeze as squeeze
from .ops.manipulation import stack as stack
from .ops.manipulation import to_device as to_device
from .ops.manipulation import unstack as unstack
from .ops.reductions import all as all
from .ops.reductions import any as any
from .ops.reductions import argmax as argmax
from .ops.reductions import argmin as argmin
from .ops.reductions import max as max
from .ops.reductions import mean as mean
from .ops.reductions import min as min
from .ops.reductions import sum as sum
from .ops.selection import abs as abs
from .ops.selection import conj as conj
from .ops.selection import imag as imag
from .ops.selection import real as real
from .ops.selection import where as where

from . import nn as nn  # isort: skip
from . import special as special  # isort: skip
from .interop import _numpy as _interop_numpy
from .ops import _methods

_methods.install()
_interop_numpy.install()
