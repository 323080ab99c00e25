"""The names of `cupy` 14.2.0 for type checkers: see `tests/mirror_stubs.py`."""

import builtins
from collections.abc import Callable
from typing import Any
from ..interop._mirror_types import ArrayFunction, Function, Ufunc
from ..interop._mirror_index import Rows
from . import fft as fft
from . import lib as lib
from . import linalg as linalg
from . import polynomial as polynomial
from . import random as random
from ._kernels import RawKernel as RawKernel
from ._kernels import ReductionKernel as ReductionKernel
from ._names import asnumpy as asnumpy
from ._names import fuse as fuse
from ._names import get_array_module as get_array_module
from ._names import poly1d as poly1d
from cupy import AxisError as AxisError
from cupy import ComplexWarning as ComplexWarning
from cupy import DataSource as DataSource
from cupy import ElementwiseKernel as ElementwiseKernel
from cupy import ModuleDeprecationWarning as ModuleDeprecationWarning
from cupy import RankWarning as RankWarning
from cupy import RawModule as RawModule
from cupy import TooHardError as TooHardError
from cupy import VisibleDeprecationWarning as VisibleDeprecationWarning
from cupy import annotations as annotations
from numpy import bool as bool
from numpy import bool_ as bool_
from cupy import broadcast as broadcast
from numpy import broadcast_shapes as broadcast_shapes
from numpy import byte as byte
from numpy import cdouble as cdouble
from cupy import cfloat as cfloat
from numpy import complex128 as complex128
from numpy import complex64 as complex64
from cupy import complex_ as complex_
from numpy import complexfloating as complexfloating
from numpy import csingle as csingle
from cupy import cuda as cuda
from cupy import disable_experimental_feature_warning as disable_experimental_feature_warning
from numpy import double as double
from numpy import dtype as dtype
from cupy import exceptions as exceptions
from numpy import finfo as finfo
from cupy import flatiter as flatiter
from numpy import float16 as float16
from numpy import float32 as float32
from numpy import float64 as float64
from cupy import float_ as float_
from numpy import floating as floating
from cupy import format_parser as format_parser
from numpy import generic as generic
from numpy import get_printoptions as get_printoptions
from numpy import half as half
from numpy import iinfo as iinfo
from numpy import index_exp as index_exp
from numpy import inexact as inexact
from numpy import int16 as int16
from numpy import int32 as int32
from numpy import int64 as int64
from numpy import int8 as int8
from numpy import int_ as int_
from numpy import intc as intc
from numpy import integer as integer
from numpy import intp as intp
from numpy import isdtype as isdtype
from numpy import issubdtype as issubdtype
from numpy import long as long
from numpy import longlong as longlong
from cupy import mgrid as mgrid
from numpy import mintypecode as mintypecode
from cupy import ndarray as ndarray
from numpy import ndindex as ndindex
from numpy import number as number
from cupy import ogrid as ogrid
from numpy import printoptions as printoptions
from numpy import promote_types as promote_types
from numpy import s_ as s_
from numpy import set_printoptions as set_printoptions
from numpy import short as short
from numpy import signedinteger as signedinteger
from numpy import single as single
from cupy import singlecomplex as singlecomplex
from cupy import testing as testing
from numpy import typename as typename
from cupy import typing as typing
from numpy import ubyte as ubyte
from cupy import ufunc as ufunc
from numpy import uint as uint
from numpy import uint16 as uint16
from numpy import uint32 as uint32
from numpy import uint64 as uint64
from numpy import uint8 as uint8
from numpy import uintc as uintc
from numpy import uintp as uintp
from numpy import ulong as ulong
from numpy import ulonglong as ulonglong
from numpy import unsignedinteger as unsignedinteger
from numpy import ushort as ushort
from cupy import vectorize as vectorize

__version__: str
c_: Rows
r_: Rows
Inf: float
Infinity: float
NAN: float
NINF: float
NZERO: float
NaN: float
PINF: float
PZERO: float
abs: Ufunc
absolute: Ufunc
acos: Ufunc
acosh: Ufunc
add: Ufunc
all: ArrayFunction
allclose: Callable[..., builtins.bool]
alltrue: ArrayFunction
amax: ArrayFunction
amin: ArrayFunction
angle: ArrayFunction
any: ArrayFunction
append: ArrayFunction
apply_along_axis: ArrayFunction
apply_over_axes: ArrayFunction
arange: Function
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
asfarray: ArrayFunction
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
bartlett: Function
base_repr: Function
binary_repr: Function
bincount: ArrayFunction
bitwise_and: Ufunc
bitwise_count: Ufunc
bitwise_invert: Ufunc
bitwise_left_shift: Ufunc
bitwise_not: Ufunc
bitwise_or: Ufunc
bitwise_right_shift: Ufunc
bitwise_xor: Ufunc
blackman: Function
broadcast_arrays: Callable[..., builtins.tuple[Any, ...]]
broadcast_to: ArrayFunction
byte_bounds: Function
can_cast: Callable[..., builtins.bool]
cbrt: Ufunc
ceil: Ufunc
choose: ArrayFunction
clear_memo: Function
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
cumproduct: ArrayFunction
cumsum: ArrayFunction
cumulative_prod: ArrayFunction
cumulative_sum: ArrayFunction
deg2rad: Ufunc
degrees: Ufunc
delete: ArrayFunction
diag: ArrayFunction
diag_indices: Function
diag_indices_from: Callable[..., builtins.tuple[Any, ...]]
diagflat: ArrayFunction
diagonal: ArrayFunction
diff: ArrayFunction
digitize: ArrayFunction
disp: Function
divide: Ufunc
divmod: Function
dot: ArrayFunction
dsplit: Callable[..., builtins.list[Any]]
dstack: ArrayFunction
e: float
ediff1d: ArrayFunction
einsum: ArrayFunction
empty: Function
empty_like: ArrayFunction
equal: Ufunc
euler_gamma: float
exp: Ufunc
exp2: Ufunc
expand_dims: ArrayFunction
expm1: Ufunc
extract: ArrayFunction
eye: Function
fabs: Ufunc
fill_diagonal: Callable[..., None]
find_common_type: Function
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
format_float_positional: Function
format_float_scientific: Function
frexp: Function
fromDlpack: Function
from_dlpack: Function
frombuffer: Function
fromfile: Function
fromfunction: Function
fromiter: ArrayFunction
fromstring: Function
full: ArrayFunction
full_like: ArrayFunction
gcd: Ufunc
genfromtxt: Function
get_array_wrap: Function
get_default_memory_pool: Function
get_default_pinned_memory_pool: Function
gradient: Function
greater: Ufunc
greater_equal: Ufunc
hamming: Function
hanning: Function
heaviside: Ufunc
histogram: Callable[..., builtins.tuple[Any, Any]]
histogram2d: Callable[..., builtins.tuple[Any, Any, Any]]
histogramdd: Function
hsplit: Callable[..., builtins.list[Any]]
hstack: ArrayFunction
hypot: Ufunc
i0: ArrayFunction
identity: Function
imag: ArrayFunction
in1d: ArrayFunction
indices: Function
inf: float
infty: float
inner: ArrayFunction
interp: ArrayFunction
intersect1d: Function
invert: Ufunc
is_available: Function
isclose: ArrayFunction
iscomplex: ArrayFunction
iscomplexobj: Callable[..., builtins.bool]
isfinite: Ufunc
isfortran: Function
isin: ArrayFunction
isinf: Ufunc
isnan: Ufunc
isneginf: ArrayFunction
isposinf: ArrayFunction
isreal: ArrayFunction
isrealobj: Callable[..., builtins.bool]
isscalar: Callable[..., builtins.bool]
issctype: Function
issubclass_: Function
issubsctype: Function
iterable: Callable[..., builtins.bool]
ix_: Callable[..., builtins.tuple[Any, ...]]
kaiser: Function
kron: ArrayFunction
lcm: Ufunc
ldexp: Ufunc
left_shift: Ufunc
less: Ufunc
less_equal: Ufunc
lexsort: ArrayFunction
linspace: Function
load: Function
loadtxt: Function
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
make_aligned_dtype: Function
mask_indices: Function
matmul: Ufunc
matrix_transpose: ArrayFunction
max: ArrayFunction
maximum: Ufunc
may_share_memory: Callable[..., builtins.bool]
mean: ArrayFunction
median: ArrayFunction
memoize: Function
meshgrid: Callable[..., builtins.tuple[Any, ...]]
min: ArrayFunction
min_scalar_type: Function
minimum: Ufunc
mod: Ufunc
modf: Function
moveaxis: ArrayFunction
msort: Function
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
nanprod: ArrayFunction
nanstd: ArrayFunction
nansum: ArrayFunction
nanvar: ArrayFunction
ndim: Callable[..., builtins.int]
negative: Ufunc
newaxis: None
nextafter: Ufunc
nonzero: Callable[..., builtins.tuple[Any, ...]]
not_equal: Ufunc
obj2sctype: Function
ones: Function
ones_like: ArrayFunction
outer: ArrayFunction
packbits: Function
pad: ArrayFunction
partition: ArrayFunction
percentile: ArrayFunction
permute_dims: ArrayFunction
pi: float
piecewise: ArrayFunction
place: Callable[..., None]
poly: ArrayFunction
polyadd: ArrayFunction
polyfit: Function
polymul: ArrayFunction
polysub: ArrayFunction
polyval: ArrayFunction
positive: Ufunc
pow: Ufunc
power: Ufunc
prod: ArrayFunction
product: ArrayFunction
ptp: ArrayFunction
put: Callable[..., None]
put_along_axis: Callable[..., None]
putmask: Callable[..., None]
quantile: ArrayFunction
rad2deg: Ufunc
radians: Ufunc
ravel: ArrayFunction
ravel_multi_index: Function
real: ArrayFunction
real_if_close: ArrayFunction
reciprocal: Ufunc
remainder: Ufunc
repeat: ArrayFunction
require: Function
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
round_: ArrayFunction
row_stack: ArrayFunction
safe_eval: Function
save: Function
savetxt: Function
savez: Function
savez_compressed: Function
sctype2char: Function
searchsorted: ArrayFunction
select: ArrayFunction
set_string_function: Function
setdiff1d: ArrayFunction
setxor1d: ArrayFunction
shape: Callable[..., builtins.tuple[builtins.int, ...]]
shares_memory: Callable[..., builtins.bool]
show_config: Function
sign: Ufunc
signbit: Ufunc
sin: Ufunc
sinc: ArrayFunction
sinh: Ufunc
size: Callable[..., builtins.int]
sometrue: ArrayFunction
sort: ArrayFunction
sort_complex: ArrayFunction
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
trapz: ArrayFunction
tri: Function
tril: ArrayFunction
tril_indices: Function
tril_indices_from: Callable[..., builtins.tuple[Any, ...]]
trim_zeros: ArrayFunction
triu: ArrayFunction
triu_indices: Function
triu_indices_from: Callable[..., builtins.tuple[Any, ...]]
true_divide: Ufunc
trunc: Ufunc
union1d: ArrayFunction
unique: Function
unique_all: Function
unique_counts: Function
unique_inverse: Function
unique_values: ArrayFunction
unpackbits: Function
unravel_index: Function
unwrap: ArrayFunction
vander: ArrayFunction
var: ArrayFunction
vdot: ArrayFunction
vsplit: Callable[..., builtins.list[Any]]
vstack: ArrayFunction
where: Function
who: Function
zeros: Function
zeros_like: ArrayFunction
