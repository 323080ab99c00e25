"""The names of `numpy` 2.4.6 for type checkers: see `tests/mirror_stubs.py`."""

import builtins
from collections.abc import Callable
from typing import Any
from ..interop._mirror_types import ArrayFunction, Function, Ufunc
from ..interop._enumerate import ndenumerate as ndenumerate
from ..interop._mirror_index import Rows
from ..interop._iterators import nditer as nditer
from ..interop._poly1d import poly1d as poly1d
from ..interop._vectorize import vectorize as vectorize
from . import emath as emath
from . import fft as fft
from . import lib as lib
from . import linalg as linalg
from . import polynomial as polynomial
from . import random as random
from numpy import False_ as False_
from numpy import ScalarType as ScalarType
from numpy import True_ as True_
from numpy import arange as arange
from numpy import asmatrix as asmatrix
from numpy import bartlett as bartlett
from numpy import base_repr as base_repr
from numpy import binary_repr as binary_repr
from numpy import blackman as blackman
from numpy import bmat as bmat
from numpy import bool as bool
from numpy import bool_ as bool_
from numpy import broadcast as broadcast
from numpy import broadcast_shapes as broadcast_shapes
from numpy import busday_count as busday_count
from numpy import busday_offset as busday_offset
from numpy import busdaycalendar as busdaycalendar
from numpy import byte as byte
from numpy import bytes_ as bytes_
from numpy import cdouble as cdouble
from numpy import char as char
from numpy import character as character
from numpy import clongdouble as clongdouble
from numpy import complex128 as complex128
from numpy import complex256 as complex256
from numpy import complex64 as complex64
from numpy import complexfloating as complexfloating
from numpy import core as core
from numpy import csingle as csingle
from numpy import ctypeslib as ctypeslib
from numpy import datetime64 as datetime64
from numpy import datetime_as_string as datetime_as_string
from numpy import datetime_data as datetime_data
from numpy import diag_indices as diag_indices
from numpy import double as double
from numpy import dtype as dtype
from numpy import dtypes as dtypes
from numpy import empty as empty
from numpy import errstate as errstate
from numpy import exceptions as exceptions
from numpy import eye as eye
from numpy import f2py as f2py
from numpy import finfo as finfo
from numpy import flatiter as flatiter
from numpy import flexible as flexible
from numpy import float128 as float128
from numpy import float16 as float16
from numpy import float32 as float32
from numpy import float64 as float64
from numpy import floating as floating
from numpy import format_float_positional as format_float_positional
from numpy import format_float_scientific as format_float_scientific
from numpy import from_dlpack as from_dlpack
from numpy import frombuffer as frombuffer
from numpy import fromfile as fromfile
from numpy import fromfunction as fromfunction
from numpy import frompyfunc as frompyfunc
from numpy import fromregex as fromregex
from numpy import fromstring as fromstring
from numpy import generic as generic
from numpy import genfromtxt as genfromtxt
from numpy import get_include as get_include
from numpy import get_printoptions as get_printoptions
from numpy import getbufsize as getbufsize
from numpy import geterr as geterr
from numpy import geterrcall as geterrcall
from numpy import half as half
from numpy import hamming as hamming
from numpy import hanning as hanning
from numpy import identity as identity
from numpy import iinfo as iinfo
from numpy import index_exp as index_exp
from numpy import indices as indices
from numpy import inexact as inexact
from numpy import info as info
from numpy import int16 as int16
from numpy import int32 as int32
from numpy import int64 as int64
from numpy import int8 as int8
from numpy import int_ as int_
from numpy import intc as intc
from numpy import integer as integer
from numpy import intp as intp
from numpy import is_busday as is_busday
from numpy import isdtype as isdtype
from numpy import isfortran as isfortran
from numpy import isnat as isnat
from numpy import issubdtype as issubdtype
from numpy import kaiser as kaiser
from numpy import little_endian as little_endian
from numpy import load as load
from numpy import loadtxt as loadtxt
from numpy import long as long
from numpy import longdouble as longdouble
from numpy import longlong as longlong
from numpy import ma as ma
from numpy import mask_indices as mask_indices
from numpy import matrix as matrix
from numpy import memmap as memmap
from numpy import mgrid as mgrid
from numpy import min_scalar_type as min_scalar_type
from numpy import mintypecode as mintypecode
from numpy import ndarray as ndarray
from numpy import ndindex as ndindex
from numpy import nested_iters as nested_iters
from numpy import number as number
from numpy import object_ as object_
from numpy import ogrid as ogrid
from numpy import ones as ones
from numpy import packbits as packbits
from numpy import printoptions as printoptions
from numpy import promote_types as promote_types
from numpy import ravel_multi_index as ravel_multi_index
from numpy import rec as rec
from numpy import recarray as recarray
from numpy import record as record
from numpy import require as require
from numpy import s_ as s_
from numpy import save as save
from numpy import savetxt as savetxt
from numpy import savez as savez
from numpy import savez_compressed as savez_compressed
from numpy import sctypeDict as sctypeDict
from numpy import set_printoptions as set_printoptions
from numpy import setbufsize as setbufsize
from numpy import seterr as seterr
from numpy import seterrcall as seterrcall
from numpy import short as short
from numpy import show_config as show_config
from numpy import show_runtime as show_runtime
from numpy import signedinteger as signedinteger
from numpy import single as single
from numpy import str_ as str_
from numpy import strings as strings
from numpy import test as test
from numpy import testing as testing
from numpy import timedelta64 as timedelta64
from numpy import tri as tri
from numpy import tril_indices as tril_indices
from numpy import triu_indices as triu_indices
from numpy import typecodes as typecodes
from numpy import typename as typename
from numpy import typing as typing
from numpy import ubyte as ubyte
from numpy import ufunc as ufunc
from numpy import uint as uint
from numpy import uint16 as uint16
from numpy import uint32 as uint32
from numpy import uint64 as uint64
from numpy import uint8 as uint8
from numpy import uintc as uintc
from numpy import uintp as uintp
from numpy import ulong as ulong
from numpy import ulonglong as ulonglong
from numpy import unpackbits as unpackbits
from numpy import unravel_index as unravel_index
from numpy import unsignedinteger as unsignedinteger
from numpy import ushort as ushort
from numpy import void as void
from numpy import zeros as zeros

__version__: str
c_: Rows
r_: Rows
abs: Ufunc
absolute: Ufunc
acos: Ufunc
acosh: Ufunc
add: Ufunc
all: ArrayFunction
allclose: Callable[..., builtins.bool]
amax: ArrayFunction
amin: ArrayFunction
angle: ArrayFunction
any: ArrayFunction
append: ArrayFunction
apply_along_axis: ArrayFunction
apply_over_axes: ArrayFunction
arccos: Ufunc
arccosh: Ufunc
arcsin: Ufunc
arcsinh: Ufunc
arctan: Ufunc
arctan2: Ufunc
arctanh: Ufunc
argmax: Function
argmin: Function
argpartition: ArrayFunction
argsort: ArrayFunction
argwhere: ArrayFunction
around: ArrayFunction
array: ArrayFunction
array2string: Callable[..., builtins.str]
array_equal: Callable[..., builtins.bool]
array_equiv: Callable[..., builtins.bool]
array_repr: Callable[..., builtins.str]
array_split: Callable[..., builtins.list[Any]]
array_str: Callable[..., builtins.str]
asanyarray: ArrayFunction
asarray: ArrayFunction
asarray_chkfinite: ArrayFunction
ascontiguousarray: ArrayFunction
asfortranarray: ArrayFunction
asin: Ufunc
asinh: Ufunc
astype: ArrayFunction
atan: Ufunc
atan2: Ufunc
atanh: Ufunc
atleast_1d: Function
atleast_2d: Function
atleast_3d: Function
average: Function
bincount: ArrayFunction
bitwise_and: Ufunc
bitwise_count: Ufunc
bitwise_invert: Ufunc
bitwise_left_shift: Ufunc
bitwise_not: Ufunc
bitwise_or: Ufunc
bitwise_right_shift: Ufunc
bitwise_xor: Ufunc
block: ArrayFunction
broadcast_arrays: Callable[..., builtins.tuple[Any, ...]]
broadcast_to: ArrayFunction
can_cast: Callable[..., builtins.bool]
cbrt: Ufunc
ceil: Ufunc
choose: ArrayFunction
clip: ArrayFunction
column_stack: ArrayFunction
common_type: Function
compress: ArrayFunction
concat: ArrayFunction
concatenate: ArrayFunction
conj: Ufunc
conjugate: Ufunc
convolve: ArrayFunction
copy: ArrayFunction
copysign: Ufunc
copyto: Callable[..., None]
corrcoef: ArrayFunction
correlate: ArrayFunction
cos: Ufunc
cosh: Ufunc
count_nonzero: ArrayFunction
cov: ArrayFunction
cross: ArrayFunction
cumprod: ArrayFunction
cumsum: ArrayFunction
cumulative_prod: ArrayFunction
cumulative_sum: ArrayFunction
deg2rad: Ufunc
degrees: Ufunc
delete: ArrayFunction
diag: ArrayFunction
diag_indices_from: Callable[..., builtins.tuple[Any, ...]]
diagflat: ArrayFunction
diagonal: ArrayFunction
diff: ArrayFunction
digitize: ArrayFunction
divide: Ufunc
divmod: Function
dot: ArrayFunction
dsplit: Callable[..., builtins.list[Any]]
dstack: ArrayFunction
e: float
ediff1d: ArrayFunction
einsum: ArrayFunction
einsum_path: Function
empty_like: ArrayFunction
equal: Ufunc
euler_gamma: float
exp: Ufunc
exp2: Ufunc
expand_dims: ArrayFunction
expm1: Ufunc
extract: ArrayFunction
fabs: Ufunc
fill_diagonal: Callable[..., None]
fix: ArrayFunction
flatnonzero: ArrayFunction
flip: ArrayFunction
fliplr: ArrayFunction
flipud: ArrayFunction
float_power: Ufunc
floor: Ufunc
floor_divide: Ufunc
fmax: Ufunc
fmin: Ufunc
fmod: Ufunc
frexp: Function
fromiter: ArrayFunction
full: ArrayFunction
full_like: ArrayFunction
gcd: Ufunc
geomspace: ArrayFunction
gradient: Function
greater: Ufunc
greater_equal: Ufunc
heaviside: Ufunc
histogram: Callable[..., builtins.tuple[Any, Any]]
histogram2d: Callable[..., builtins.tuple[Any, Any, Any]]
histogram_bin_edges: ArrayFunction
histogramdd: Function
hsplit: Callable[..., builtins.list[Any]]
hstack: ArrayFunction
hypot: Ufunc
i0: ArrayFunction
imag: ArrayFunction
inf: float
inner: ArrayFunction
insert: ArrayFunction
interp: ArrayFunction
intersect1d: Function
invert: Ufunc
isclose: ArrayFunction
iscomplex: ArrayFunction
iscomplexobj: Callable[..., builtins.bool]
isfinite: Ufunc
isin: ArrayFunction
isinf: Ufunc
isnan: Ufunc
isneginf: ArrayFunction
isposinf: ArrayFunction
isreal: ArrayFunction
isrealobj: Callable[..., builtins.bool]
isscalar: Callable[..., builtins.bool]
iterable: Callable[..., builtins.bool]
ix_: Callable[..., builtins.tuple[Any, ...]]
kron: ArrayFunction
lcm: Ufunc
ldexp: Ufunc
left_shift: Ufunc
less: Ufunc
less_equal: Ufunc
lexsort: ArrayFunction
linspace: Function
log: Ufunc
log10: Ufunc
log1p: Ufunc
log2: Ufunc
logaddexp: Ufunc
logaddexp2: Ufunc
logical_and: Ufunc
logical_not: Ufunc
logical_or: Ufunc
logical_xor: Ufunc
logspace: ArrayFunction
matmul: Ufunc
matrix_transpose: ArrayFunction
matvec: Ufunc
max: ArrayFunction
maximum: Ufunc
may_share_memory: Callable[..., builtins.bool]
mean: ArrayFunction
median: ArrayFunction
meshgrid: Callable[..., builtins.tuple[Any, ...]]
min: ArrayFunction
minimum: Ufunc
mod: Ufunc
modf: Function
moveaxis: ArrayFunction
multiply: Ufunc
nan: float
nan_to_num: ArrayFunction
nanargmax: ArrayFunction
nanargmin: ArrayFunction
nancumprod: ArrayFunction
nancumsum: ArrayFunction
nanmax: ArrayFunction
nanmean: ArrayFunction
nanmedian: ArrayFunction
nanmin: ArrayFunction
nanpercentile: ArrayFunction
nanprod: ArrayFunction
nanquantile: ArrayFunction
nanstd: ArrayFunction
nansum: ArrayFunction
nanvar: ArrayFunction
ndim: Callable[..., builtins.int]
negative: Ufunc
newaxis: None
nextafter: Ufunc
nonzero: Callable[..., builtins.tuple[Any, ...]]
not_equal: Ufunc
ones_like: ArrayFunction
outer: ArrayFunction
pad: ArrayFunction
partition: ArrayFunction
percentile: ArrayFunction
permute_dims: ArrayFunction
pi: float
piecewise: ArrayFunction
place: Callable[..., None]
poly: ArrayFunction
polyadd: ArrayFunction
polyder: ArrayFunction
polydiv: Callable[..., builtins.tuple[Any, Any]]
polyfit: Function
polyint: ArrayFunction
polymul: ArrayFunction
polysub: ArrayFunction
polyval: ArrayFunction
positive: Ufunc
pow: Ufunc
power: Ufunc
prod: ArrayFunction
ptp: ArrayFunction
put: Callable[..., None]
put_along_axis: Callable[..., None]
putmask: Callable[..., None]
quantile: ArrayFunction
rad2deg: Ufunc
radians: Ufunc
ravel: ArrayFunction
real: ArrayFunction
real_if_close: ArrayFunction
reciprocal: Ufunc
remainder: Ufunc
repeat: ArrayFunction
reshape: ArrayFunction
resize: ArrayFunction
result_type: Function
right_shift: Ufunc
rint: Ufunc
roll: ArrayFunction
rollaxis: ArrayFunction
roots: ArrayFunction
rot90: ArrayFunction
round: ArrayFunction
row_stack: ArrayFunction
searchsorted: ArrayFunction
select: ArrayFunction
setdiff1d: ArrayFunction
setxor1d: ArrayFunction
shape: Callable[..., builtins.tuple[builtins.int, ...]]
shares_memory: Callable[..., builtins.bool]
sign: Ufunc
signbit: Ufunc
sin: Ufunc
sinc: ArrayFunction
sinh: Ufunc
size: Callable[..., builtins.int]
sort: ArrayFunction
sort_complex: ArrayFunction
spacing: Ufunc
split: Callable[..., builtins.list[Any]]
sqrt: Ufunc
square: Ufunc
squeeze: ArrayFunction
stack: ArrayFunction
std: ArrayFunction
subtract: Ufunc
sum: ArrayFunction
swapaxes: ArrayFunction
take: ArrayFunction
take_along_axis: ArrayFunction
tan: Ufunc
tanh: Ufunc
tensordot: ArrayFunction
tile: ArrayFunction
trace: ArrayFunction
transpose: ArrayFunction
trapezoid: ArrayFunction
tril: ArrayFunction
tril_indices_from: Callable[..., builtins.tuple[Any, ...]]
trim_zeros: ArrayFunction
triu: ArrayFunction
triu_indices_from: Callable[..., builtins.tuple[Any, ...]]
true_divide: Ufunc
trunc: Ufunc
union1d: ArrayFunction
unique: Function
unique_all: Function
unique_counts: Function
unique_inverse: Function
unique_values: ArrayFunction
unstack: Callable[..., builtins.tuple[Any, ...]]
unwrap: ArrayFunction
vander: ArrayFunction
var: ArrayFunction
vdot: ArrayFunction
vecdot: Ufunc
vecmat: Ufunc
vsplit: Callable[..., builtins.list[Any]]
vstack: ArrayFunction
where: Function
zeros_like: ArrayFunction
