"""CuPy: sums over repeated indices, in a fixed order.

The indices are sorted, and one thread adds up the values of an index: every run gives the same
numbers. One index may be that of most values, as the padding of a batch. So no thread adds up more
than `bounded_length` values: a longer segment is cut into parts of this length from its start, and
the sums of the parts are added in their order.
"""

from __future__ import annotations

import math
from typing import Any

import cupy as cp

from ..backends._rules import RawArray
from ._cupy_fused import COMPUTED, computed_dtype

#: A segment of this many values is one part, so it is summed in the order of the values.
SHORTEST = 1024

_FIRST = """
// The first position of `sorted`, which has n numbers, whose number is not less than `wanted`.
template <typename I> __device__ long long keratorch_first(
    const I& sorted, long long n, long long wanted) {
  long long low = 0, high = n;
  while (low < high) {
    const long long middle = (low + high) / 2;
    if (static_cast<long long>(sorted[middle]) < wanted) low = middle + 1; else high = middle;
  }
  return low;
}
"""

#: The sums of the parts of long segments. At most two parts begin in `length` sorted values: one of
#: the segment of the first value, and one of the segment of the last value. These are the even and
#: the odd elements of `part`.
_PARTS = cp.ElementwiseKernel(
    "raw I sorted, raw int64 order, raw V values, int64 n, int64 length",
    "T part",
    """
    const long long begin = i / 2 * length;
    const long long end = begin + length < n ? begin + length : n;
    const long long index = sorted[i % 2 ? end - 1 : begin];
    const long long first = keratorch_first(sorted, n, index);
    const long long past = keratorch_first(sorted, n, index + 1);
    long long at = i % 2 ? first : first + (begin - first + length - 1) / length * length;
    T total = T(0);
    if (past - first > length && at < end && at >= begin + i % 2)
      for (const long long stop = at + length < past ? at + length : past; at < stop; at++)
        total += static_cast<T>(values[order[at]]);
    part = total;
    """,
    "keratorch_segment_parts",
    preamble=_FIRST,
)

_SEGMENT_SUM = cp.ElementwiseKernel(
    "raw I sorted, raw int64 order, raw V values, raw P parts, int64 n, int64 length",
    "O out",
    """
    typedef typename keratorch::computed<O>::type T;
    const long long first = keratorch_first(sorted, n, i);
    const long long past = keratorch_first(sorted, n, static_cast<long long>(i) + 1);
    T total = T(0);
    if (past - first <= length)
      for (long long at = first; at < past; at++) total += static_cast<T>(values[order[at]]);
    else
      for (long long at = first; at < past; at += length)
        total += static_cast<T>(parts[at / length * 2 + (first > at / length * length)]);
    out = static_cast<O>(total);
    """,
    "keratorch_segment_sum",
    preamble=COMPUTED + _FIRST,
)


def bounded_length(count: int) -> int:
    """How many of `count` values a thread adds up at most; half of the longest way to a sum."""
    return max(SHORTEST, math.isqrt(count))


def segment_sum(size: int, where: RawArray, values: RawArray) -> RawArray:
    """`size` zeros, with each of `values` added at its index in `where`, in the order of `values`.

    Two launches where there are many values, else one, beside those of the sort.
    """
    out = cp.empty((size,), values.dtype)
    where = where % size if size else where
    order = cp.argsort(where, kind="stable")
    count: int = where.size
    length = bounded_length(count)
    given: tuple[Any, ...] = (where[order], order, cp.ascontiguousarray(values))
    blocks = -(-count // length) if count > length else 0
    parts = cp.empty(2 * blocks, computed_dtype(values.dtype))
    if blocks:
        _PARTS(*given, count, length, parts)
    _SEGMENT_SUM(*given, parts, count, length, out)
    return out
