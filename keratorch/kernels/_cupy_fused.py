"""CuPy kernels written by hand: reductions fused with the elementwise work around them.

For float16 arrays each kernel computes in float32. The table `RULES` has rules of `Grad`s that
need few launches. `softmax`, `log_softmax` and `logsumexp` are forward passes. Sums over repeated
indices are in `_cupy_segments`.

CuPy's accelerator CUB takes reductions of one input. It renames the input and the output of a
`ReductionKernel` by replacing text in the expressions, so their names must be part of no other
word there: they are ``kx`` and ``kr``. `tests/cuda/test_cub.py` has a row for each such kernel.
"""

from __future__ import annotations

import math
from typing import Any

import cupy as cp

from ..backends._rules import RawArray, Rule
from ..ops.reductions import MaxGrad, MinGrad
from ..ops.selection import AbsGrad, WhereGrad
from ..ops.softmax import LogSoftmaxGrad, LogSumExpGrad, SoftmaxGrad
from ..ops.statistics import StdGrad, VarGrad
from ._cupy_device_code import type_character
from ._cupy_elementwise import WRITE

Axes = tuple[int, ...]

#: The type to compute in for the type of an array: float for types of two bytes.
COMPUTED = """
namespace keratorch {
template <typename T, int size = sizeof(T)> struct computed { typedef T type; };
template <typename T> struct computed<T, 2> { typedef float type; };
}
"""


def computed_dtype(dtype: Any) -> Any:
    """The dtype to compute in for arrays of `dtype`: float32 for float16 and bfloat16."""
    char = type_character(dtype)
    return dtype if char is None else cp.dtype(char)


def _kept_shape(shape: tuple[int, ...], axes: Axes) -> tuple[int, ...]:
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def _kept(reduced: RawArray, shape: tuple[int, ...], axes: Axes) -> RawArray:
    """A view of a reduced array, with its reduced axes put back in length 1."""
    return reduced.reshape(_kept_shape(shape, axes))


def _reduces(shape: tuple[int, ...], axes: Axes) -> bool:
    """Whether there are axes to reduce, and elements in the array."""
    return bool(axes) and 0 not in shape


def _reduce(kernel: Any, dtype: Any, axes: Axes, first: RawArray, *others: RawArray) -> RawArray:
    """A reduction along `axes`, which are kept, of arrays that broadcast to `first`."""
    out = cp.empty(_kept_shape(first.shape, axes), dtype)
    kernel(first, *others, out, axis=axes, keepdims=True)
    return out


# -- softmax, forward: the largest and the sum of powers in one pass ---------------------------

#: The pair of m, the largest x so far, and Σ e^(x − m); two pairs join into one.
_POWERS = """
template <typename T> struct keratorch_powers {
  T largest, sum;
  __device__ keratorch_powers() : largest(-CUDART_INF), sum(0) {}
  __device__ keratorch_powers(T x) : largest(x), sum(1) {}
  __device__ keratorch_powers(T m, T s) : largest(m), sum(s) {}
};
template <typename T> __device__ keratorch_powers<T> keratorch_join(
    const keratorch_powers<T>& a, const keratorch_powers<T>& b) {
  if (a.largest != a.largest || a.largest == b.largest)
    return keratorch_powers<T>(a.largest, a.sum + b.sum);
  if (a.largest > b.largest)
    return keratorch_powers<T>(a.largest, a.sum + b.sum * exp(b.largest - a.largest));
  return keratorch_powers<T>(b.largest, b.sum + a.sum * exp(a.largest - b.largest));
}
"""


def _powers_kernel(name: str, real: str, result: str) -> Any:
    kind = f"keratorch_powers<{real}>"
    return cp.ReductionKernel(
        "X kx",
        "Y kr",
        f"{kind}(static_cast<{real}>(kx))",
        "keratorch_join(a, b)",
        f"kr = {result}",
        f"{kind}()",
        f"keratorch_{name}_{real}",
        reduce_type=kind,
        preamble=_POWERS,
    )


_REAL = {"f": "float", "d": "double"}
_LOG_SUM_EXP = {
    char: _powers_kernel("logsumexp", real, "static_cast<Y>(a.largest + log(a.sum))")
    for char, real in _REAL.items()
}
#: Both numbers of the pair, as one complex number.
_LARGEST_AND_SUM = {
    # The sum is NaN where the largest is infinite, because ∞ − ∞ is NaN.
    char: _powers_kernel("powers", real, "Y(a.largest, a.sum + (a.largest - a.largest))")
    for char, real in _REAL.items()
}
_SOFTMAX = cp.ElementwiseKernel(
    "X x, P p",
    "Y y",
    "typedef typename P::value_type T; "
    "y = static_cast<Y>(exp(static_cast<T>(x) - p.real()) / p.imag())",
    "keratorch_softmax",
)
_LOG_SOFTMAX = cp.ElementwiseKernel(
    "X x, P p",
    "Y y",
    "typedef typename P::value_type T; "
    "y = static_cast<Y>(static_cast<T>(x) - p.real() - log(p.imag()))",
    "keratorch_log_softmax",
)


def logsumexp(x: RawArray, axes: Axes) -> RawArray | None:
    """log Σ eˣ along `axes`, which are kept, in one launch; `None` where no kernel serves."""
    char = type_character(x.dtype)
    if char not in _LOG_SUM_EXP or not _reduces(x.shape, axes):
        return None
    return _reduce(_LOG_SUM_EXP[char], x.dtype, axes, x)


def softmax(x: RawArray, axes: Axes) -> RawArray | None:
    """eˣ / Σ eˣ along `axes`, in two launches; `None` where no kernel serves."""
    return _softened(_SOFTMAX, x, axes)


def log_softmax(x: RawArray, axes: Axes) -> RawArray | None:
    """x − log Σ eˣ along `axes`, in two launches; `None` where no kernel serves."""
    return _softened(_LOG_SOFTMAX, x, axes)


def _softened(kernel: Any, x: RawArray, axes: Axes) -> RawArray | None:
    char = type_character(x.dtype)
    if char not in _LARGEST_AND_SUM or not _reduces(x.shape, axes):
        return None
    pairs = _reduce(_LARGEST_AND_SUM[char], char.upper(), axes, x)
    y = cp.empty(x.shape, x.dtype)
    kernel(x, pairs, y)
    return y


# -- softmax, backward -------------------------------------------------------------------------

_DOT = cp.ReductionKernel(
    "G g, Y y", "D kr", "static_cast<D>(g) * static_cast<D>(y)", "a + b", "kr = a", "0",
    "keratorch_dot",
)  # fmt: skip
_DOT_FROM = cp.ReductionKernel(
    "G g, Y y, D c", "D kr", "(static_cast<D>(g) - c) * static_cast<D>(y)", "a + b", "kr = a", "0",
    "keratorch_dot_from",
)  # fmt: skip
_SUM = cp.ReductionKernel(
    "G kx", "D kr", "static_cast<D>(kx)", "a + b", "kr = a", "0", "keratorch_sum"
)
#: The sum of grad − eʸ·Σ grad where eʸ ≤ ½.
_SUM_OF_OTHERS = cp.ReductionKernel(
    "G g, Y y, D s",
    "D kr",
    "exp(static_cast<D>(y)) > D(0.5) ? D(0) : static_cast<D>(g) - exp(static_cast<D>(y)) * s",
    "a + b", "kr = a", "0", "keratorch_sum_of_others",
)  # fmt: skip
_SOFTMAX_GRAD = cp.ElementwiseKernel(
    "G g, Y y, D c, D d",
    "R r",
    "r = static_cast<R>(static_cast<D>(y) * (static_cast<D>(g) - c - d))",
    "keratorch_SoftmaxGrad",
)
_LOG_SOFTMAX_GRAD = cp.ElementwiseKernel(
    "G g, Y y, D s, D d",
    "R r",
    """
    const D power = exp(static_cast<D>(y));
    r = static_cast<R>(power > D(0.5) ? -d : static_cast<D>(g) - power * s);
    """,
    "keratorch_LogSoftmaxGrad",
)
_LOG_SUM_EXP_GRAD = cp.ElementwiseKernel(
    "G g, X x, P p",
    "R r",
    """
    typedef typename P::value_type T;
    const T largest = p.real();
    const T power = exp(static_cast<T>(x) - (isinf(largest) && largest < T(0) ? T(0) : largest));
    r = static_cast<R>(static_cast<T>(g) * (isfinite(largest) ? power / p.imag() : power));
    """,
    "keratorch_LogSumExpGrad",
)


def softmax_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """y·(grad − Σ grad·y), in two rounds as in `SoftmaxGrad`."""
    (y,) = node.saved(grad)
    if not _reduces(y.shape, node.axes):
        return node.backward(grad)
    kind = computed_dtype(grad.dtype)
    dots = _reduce(_DOT, kind, node.axes, grad, y)
    rest = _reduce(_DOT_FROM, kind, node.axes, grad, y, dots)
    return (_filled(_SOFTMAX_GRAD, y, grad, y, dots, rest),)


def log_softmax_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """grad − eʸ·Σ grad; minus the sum of the others where eʸ > ½."""
    (y,) = node.saved(grad)
    if not _reduces(y.shape, node.axes):
        return node.backward(grad)
    kind = computed_dtype(grad.dtype)
    sums = _reduce(_SUM, kind, node.axes, grad)
    others = _reduce(_SUM_OF_OTHERS, kind, node.axes, grad, y, sums)
    return (_filled(_LOG_SOFTMAX_GRAD, y, grad, y, sums, others),)


def logsumexp_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """grad·e^(x − m)/Σ e^(x − m), with the largest input m."""
    (x,) = node.saved(grad)
    shape, axes = x.shape, node.axes
    char = type_character(x.dtype)
    if char not in _LARGEST_AND_SUM or not _reduces(shape, axes):
        return node.backward(grad)
    pairs = _reduce(_LARGEST_AND_SUM[char], char.upper(), axes, x)
    return (_filled(_LOG_SUM_EXP_GRAD, x, _kept(grad, shape, axes), x, pairs),)


def _filled(kernel: Any, like: RawArray, *args: Any) -> RawArray:
    """The one result of an elementwise kernel, in the shape and dtype of `like`."""
    out = cp.empty(like.shape, like.dtype)
    kernel(*args, out)
    return out


# -- largest and smallest ----------------------------------------------------------------------

_TIES = cp.ReductionKernel(
    "X x, Y y", "int64 kr", "(x == y || x != x) ? 1 : 0", "a + b", "kr = a", "0", "keratorch_ties"
)
_EXTREMUM_GRAD = cp.ElementwiseKernel(
    "G g, X x, Y y, int64 n",
    "R r",
    """
    typedef typename keratorch::computed<R>::type T;
    r = static_cast<R>((x == y || x != x) ? static_cast<T>(g) / static_cast<T>(n) : T(0));
    """,
    "keratorch_ExtremumGrad",
    preamble=COMPUTED,
)


def extremum_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """grad/(number of ties) where x is the largest (smallest), 0 elsewhere."""
    x, y = node.saved(grad)
    shape, axes = x.shape, node.axes
    if x.dtype.kind != "f" or not _reduces(shape, axes):
        return node.backward(grad)
    y = _kept(y, shape, axes)
    ties = _reduce(_TIES, cp.int64, axes, x, y)
    return (_filled(_EXTREMUM_GRAD, x, _kept(grad, shape, axes), x, y, ties),)


# -- variance and standard deviation -----------------------------------------------------------

_DIVIDED = "kr = a / static_cast<D>(_in_ind.size() / _out_ind.size())"
_MEAN = cp.ReductionKernel(
    "X kx", "D kr", "static_cast<D>(kx)", "a + b", _DIVIDED, "0", "keratorch_mean"
)
_MEAN_FROM = cp.ReductionKernel(
    "X x, D m", "D kr", "static_cast<D>(x) - m", "a + b", _DIVIDED, "0", "keratorch_mean_from"
)
_VAR_GRAD = cp.ElementwiseKernel(
    "G g, X x, D m, D n, D factor",
    "R r",
    "r = static_cast<R>(static_cast<D>(g) * (static_cast<D>(x) - m - n) * factor)",
    "keratorch_VarGrad",
)
_STD_GRAD = cp.ElementwiseKernel(
    "G g, X x, Y y, D m, D n, D factor",
    "R r",
    """
    const D s = static_cast<D>(y);
    const D away = static_cast<D>(x) - m - n;
    const D rounding = (m < D(0) ? -m : m) * D(sizeof(D) == 8 ? 1e-14 : 1e-5);
    // Squares that over- or underflowed left no std to divide by.
    const bool none = s == D(0) && (away > rounding || away < -rounding);
    const bool lost = none || (s == s + s && s > D(0));
    const D unit = lost ? D(CUDART_NAN) : s == D(0) ? D(0) : away / s;
    r = static_cast<R>(static_cast<D>(g) * unit * factor);
    """,
    "keratorch_StdGrad",
)


def var_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """2(x − mean)/(n − correction) times the gradient."""
    return _spread_rule(node, grad, 2.0)


def std_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """(x − mean)/((n − correction)·std) times the gradient; 0 where the std is 0.

    NaN where the squares over- or underflow, so that the std is ∞, or 0 for different elements.
    """
    return _spread_rule(node, grad, 1.0)


def _spread_rule(node: Any, grad: RawArray, factor: float) -> tuple[Any, ...]:
    x, *ys = node.saved(grad)
    shape, axes = x.shape, node.axes
    if not _reduces(shape, axes):
        return node.backward(grad)
    kind = computed_dtype(x.dtype)
    # In two rounds, as in `deviations`: the second corrects the rounding of the first.
    mean = _reduce(_MEAN, kind, axes, x)
    rest = _reduce(_MEAN_FROM, kind, axes, x, mean)
    scale = kind.type(factor / node.divisor if node.divisor else math.nan)
    kept = [_kept(v, shape, axes) for v in ys]
    kernel = _STD_GRAD if ys else _VAR_GRAD
    return (_filled(kernel, x, _kept(grad, shape, axes), x, *kept, mean, rest, scale),)


# -- elementwise rules that do not come from partials ------------------------------------------

_WHERE_BOTH = cp.ElementwiseKernel(
    "bool c, G g",
    "O r0, P r1",
    "keratorch::write(c ? g : G(0), r0); keratorch::write(c ? G(0) : g, r1);",
    "keratorch_WhereGrad",
    preamble=WRITE,
)
_WHERE_ONE = cp.ElementwiseKernel(
    "bool c, G g, bool first",
    "O r",
    "keratorch::write(c == first ? g : G(0), r);",
    "keratorch_WhereGrad_one",
    preamble=WRITE,
)
_ABS_GRAD = cp.ElementwiseKernel(
    "G g, X x",
    "R r",
    "r = keratorch_abs_grad<R>(g, x);",
    "keratorch_AbsGrad",
    preamble="""
template <typename R, typename G, typename X> __device__ R keratorch_abs_grad(G g, X x) {
  return x > X(0) ? R(g) : x < X(0) ? R(-g) : R(g * (x - x));
}
template <typename R, typename G, typename X>
__device__ R keratorch_abs_grad(G g, const complex<X>& x) {
  const X size = abs(x);
  return size == X(0) ? R(0) : R(x / size * X(g));
}
""",
)


def where_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """Each branch gets the gradient where it was taken, 0 elsewhere."""
    first, second = node._edges
    condition = node.condition
    if first is not None and second is not None:
        r0, r1 = _result(first, grad), _result(second, grad)
        _WHERE_BOTH(condition, grad, r0, r1)
        return r0, r1
    r = _result(first if second is None else second, grad)
    _WHERE_ONE(condition, grad, second is None, r)
    return (r, None) if second is None else (None, r)


def _result(edge: Any, grad: RawArray) -> RawArray:
    """An empty array for the gradient of `edge`; in the dtype of `grad` if it is still summed."""
    return cp.empty(grad.shape, edge.dtype if edge.shape == grad.shape else grad.dtype)


def abs_rule(node: Any, grad: RawArray) -> tuple[Any, ...]:
    """x/|x|·grad, 0 at 0."""
    (x,) = node.saved(grad)
    if x.dtype.kind not in "fc" or grad.shape != x.shape:
        return node.backward(grad)
    return (_filled(_ABS_GRAD, x, grad, x),)


RULES: dict[type, Rule] = {
    SoftmaxGrad: softmax_rule,
    LogSoftmaxGrad: log_softmax_rule,
    LogSumExpGrad: logsumexp_rule,
    MaxGrad: extremum_rule,
    MinGrad: extremum_rule,
    VarGrad: var_rule,
    StdGrad: std_rule,
    WhereGrad: where_rule,
    AbsGrad: abs_rule,
}
