"""The differentiable functions: what `keratorch` shows, without its tools and transformations.

This is where a function is exported: `keratorch` shows everything that is imported here, and the
tables of other libraries' names (`interop`) are written in it.
"""

import typing as _typing

from .core.namespace import module_attribute as _module_attribute
from .ops.arithmetic import add as add
from .ops.arithmetic import clip as clip
from .ops.arithmetic import copysign as copysign
from .ops.arithmetic import divide as divide
from .ops.arithmetic import hypot as hypot
from .ops.arithmetic import maximum as maximum
from .ops.arithmetic import minimum as minimum
from .ops.arithmetic import multiply as multiply
from .ops.arithmetic import negative as negative
from .ops.arithmetic import nextafter as nextafter
from .ops.arithmetic import positive as positive
from .ops.arithmetic import pow as pow
from .ops.arithmetic import reciprocal as reciprocal
from .ops.arithmetic import remainder as remainder
from .ops.arithmetic import square as square
from .ops.arithmetic import subtract as subtract
from .ops.constants import bitwise_and as bitwise_and
from .ops.constants import bitwise_invert as bitwise_invert
from .ops.constants import bitwise_left_shift as bitwise_left_shift
from .ops.constants import bitwise_or as bitwise_or
from .ops.constants import bitwise_right_shift as bitwise_right_shift
from .ops.constants import bitwise_xor as bitwise_xor
from .ops.constants import ceil as ceil
from .ops.constants import equal as equal
from .ops.constants import floor as floor
from .ops.constants import floor_divide as floor_divide
from .ops.constants import greater as greater
from .ops.constants import greater_equal as greater_equal
from .ops.constants import isfinite as isfinite
from .ops.constants import isinf as isinf
from .ops.constants import isnan as isnan
from .ops.constants import less as less
from .ops.constants import less_equal as less_equal
from .ops.constants import logical_and as logical_and
from .ops.constants import logical_not as logical_not
from .ops.constants import logical_or as logical_or
from .ops.constants import logical_xor as logical_xor
from .ops.constants import not_equal as not_equal
from .ops.constants import round as round
from .ops.constants import signbit as signbit
from .ops.constants import trunc as trunc
from .ops.creation import arange as arange
from .ops.creation import asarray as asarray
from .ops.creation import empty as empty
from .ops.creation import empty_like as empty_like
from .ops.creation import eye as eye
from .ops.creation import from_dlpack as from_dlpack
from .ops.creation import full as full
from .ops.creation import full_like as full_like
from .ops.creation import linspace as linspace
from .ops.creation import ones as ones
from .ops.creation import ones_like as ones_like
from .ops.creation import zeros as zeros
from .ops.creation import zeros_like as zeros_like
from .ops.dtypes import can_cast as can_cast
from .ops.dtypes import finfo as finfo
from .ops.dtypes import iinfo as iinfo
from .ops.dtypes import isdtype as isdtype
from .ops.dtypes import result_type as result_type
from .ops.exponential import exp as exp
from .ops.exponential import expm1 as expm1
from .ops.exponential import log as log
from .ops.exponential import log1p as log1p
from .ops.exponential import log2 as log2
from .ops.exponential import log10 as log10
from .ops.exponential import logaddexp as logaddexp
from .ops.exponential import sqrt as sqrt
from .ops.joining import concat as concat
from .ops.joining import stack as stack
from .ops.joining import unstack as unstack
from .ops.linalg.products import matmul as matmul
from .ops.linalg.products import tensordot as tensordot
from .ops.linalg.products import vecdot as vecdot
from .ops.manipulation import broadcast_arrays as broadcast_arrays
from .ops.manipulation import broadcast_shapes as broadcast_shapes
from .ops.manipulation import broadcast_to as broadcast_to
from .ops.manipulation import expand_dims as expand_dims
from .ops.manipulation import flip as flip
from .ops.manipulation import matrix_transpose as matrix_transpose
from .ops.manipulation import meshgrid as meshgrid
from .ops.manipulation import moveaxis as moveaxis
from .ops.manipulation import permute_dims as permute_dims
from .ops.manipulation import reshape as reshape
from .ops.manipulation import squeeze as squeeze
from .ops.moving import repeat as repeat
from .ops.moving import roll as roll
from .ops.moving import tile as tile
from .ops.moving import tril as tril
from .ops.moving import triu as triu
from .ops.placing import astype as astype
from .ops.placing import copy as copy
from .ops.placing import to_device as to_device
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
from .ops.selection import sign as sign
from .ops.selection import where as where
from .ops.sorting import argsort as argsort
from .ops.sorting import isin as isin
from .ops.sorting import nonzero as nonzero
from .ops.sorting import searchsorted as searchsorted
from .ops.sorting import sort as sort
from .ops.sorting import take as take
from .ops.sorting import take_along_axis as take_along_axis
from .ops.sorting import unique_all as unique_all
from .ops.sorting import unique_counts as unique_counts
from .ops.sorting import unique_inverse as unique_inverse
from .ops.sorting import unique_values as unique_values
from .ops.statistics import count_nonzero as count_nonzero
from .ops.statistics import cumulative_prod as cumulative_prod
from .ops.statistics import cumulative_sum as cumulative_sum
from .ops.statistics import diff as diff
from .ops.statistics import prod as prod
from .ops.statistics import std as std
from .ops.statistics import var as var
from .ops.trigonometric import acos as acos
from .ops.trigonometric import acosh as acosh
from .ops.trigonometric import asin as asin
from .ops.trigonometric import asinh as asinh
from .ops.trigonometric import atan as atan
from .ops.trigonometric import atan2 as atan2
from .ops.trigonometric import atanh as atanh
from .ops.trigonometric import cos as cos
from .ops.trigonometric import cosh as cosh
from .ops.trigonometric import sin as sin
from .ops.trigonometric import sinh as sinh
from .ops.trigonometric import tan as tan
from .ops.trigonometric import tanh as tanh

from . import fft as fft  # isort: skip
from . import linalg as linalg  # isort: skip
from . import special as special  # isort: skip

if _typing.TYPE_CHECKING:
    # `__getattr__` finds the constants and the dtypes of the default backend.
    e: float
    pi: float
    inf: float
    nan: float
    newaxis: None
    bool: _typing.Any
    int8: _typing.Any
    int16: _typing.Any
    int32: _typing.Any
    int64: _typing.Any
    uint8: _typing.Any
    uint16: _typing.Any
    uint32: _typing.Any
    uint64: _typing.Any
    float16: _typing.Any
    bfloat16: _typing.Any
    float32: _typing.Any
    float64: _typing.Any
    complex64: _typing.Any
    complex128: _typing.Any
else:  # a type checker finds unknown names by itself
    __getattr__ = _module_attribute
