"""What is asked about arrays."""

import numpy

from tests.numpy_api.cases import Case, array

A = array(3)
C = array(2, complex=True)
S = array()

CASES = [
    Case("iscomplexobj", lambda np, a, c: (np.iscomplexobj(a), np.iscomplexobj(c)), (A, C), 0),
    Case("isrealobj", lambda np, a, c: (np.isrealobj(a), np.isrealobj(c)), (A, C), 0),
    Case("isscalar", lambda np, a: np.isscalar(a), (A,), 0),
    Case("iterable", lambda np, a, s: (np.iterable(a), np.iterable(s)), (A, S), 0),
    Case("result_type", lambda np, a, c: str(np.result_type(a, c)), (A, C), 0),
    Case("result_type", lambda np, a: str(np.result_type(a, np.float32)), (A,), 0),
    Case("can_cast", lambda np, a: np.can_cast(a.dtype, np.complex128), (A,), 0),
    Case("can_cast", lambda np, a: np.can_cast(a, np.float32), (A,), 0),
    Case("common_type", lambda np, a, c: np.common_type(a, c) is numpy.complex128, (A, C), 0),
    Case("shares_memory", lambda np, a: np.shares_memory(a, a[1:]), (A,), 0),
    Case("shares_memory", lambda np, a, c: np.shares_memory(a, c), (A, C), 0),
    Case("may_share_memory", lambda np, a: np.may_share_memory(a, a), (A,), 0),
    Case("array_repr", lambda np, a: np.array_repr(a, precision=3), (A,), 0),
    Case("array_str", lambda np, a: np.array_str(a), (A,), 0),
    Case("array2string", lambda np, a: np.array2string(a, separator=";"), (A,), 0),
]
