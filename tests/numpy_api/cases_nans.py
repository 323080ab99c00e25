"""Reductions that leave NaNs out."""

import numpy

from tests.numpy_api.cases import Case, array

A = array(4, 3)
B = array(2, 3, 2)
C = array(4, 3, complex=True)
MASK = numpy.array([[True, False, True], [True] * 3, [False, True, False], [True] * 3])
HOLES = numpy.where(MASK, 0.0, numpy.nan)
GAP = numpy.array([[1.0, numpy.nan, 2.0], [numpy.nan] * 3, [4.0, 0.0, -numpy.inf]])


def holed(np, a):
    """`a` with NaN in the place of some elements."""
    return np.where(a > -0.5, a, np.nan)


CASES = [
    Case("nansum", lambda np, a: np.nansum(a + HOLES), (A,)),
    Case("nansum", lambda np, a: np.nansum(a + HOLES, axis=1, keepdims=True), (C,)),
    Case("nansum", lambda np, a: np.nansum(a, 0, where=MASK, initial=2.0), (A,)),
    Case("nansum", lambda np, a: np.nansum(a, axis=1), (GAP,), order=-1),
    Case("nanprod", lambda np, a: np.nanprod(a + HOLES, axis=0), (A,)),
    Case("nanprod", lambda np, a: np.nanprod(a, axis=1), (GAP,), order=-1),
    Case("nancumsum", lambda np, a: np.nancumsum(a + HOLES), (A,)),
    Case("nancumsum", lambda np, a: np.nancumsum(a + HOLES, axis=1), (A,)),
    Case("nancumprod", lambda np, a: np.nancumprod(a + HOLES, axis=0), (A,)),
    Case("nanmean", lambda np, a: np.nanmean(a + HOLES), (A,)),
    Case("nanmean", lambda np, a: np.nanmean(a + HOLES, 1, keepdims=True), (C,)),
    Case("nanmean", lambda np, a: np.nanmean(a, axis=1), (GAP,), order=-1),
    Case("nanmean", lambda np, a: np.nanmean(a, axis=0, where=MASK), (A,)),
    Case("nanvar", lambda np, a: np.nanvar(a + HOLES), (A,)),
    Case("nanvar", lambda np, a: np.nanvar(a + HOLES, axis=0, ddof=1), (A,)),
    Case("nanvar", lambda np, a: np.nanvar(a + HOLES, axis=0), (C,)),
    Case("nanvar", lambda np, a: np.nanvar(a + HOLES, axis=0, correction=1), (A,)),
    Case("nanstd", lambda np, a: np.nanstd(a + HOLES, axis=0), (A,)),
    Case("nanstd", lambda np, a: np.nanstd(a + HOLES, axis=0, ddof=1, keepdims=True), (A,)),
    Case("nanstd", lambda np, a: np.nanstd(a, axis=1), (GAP[:2],), order=-1),
    Case("nanmax", lambda np, a: np.nanmax(a + HOLES), (A,)),
    Case("nanmax", lambda np, a: np.nanmax(a + HOLES, axis=1, keepdims=True), (A,)),
    Case("nanmax", lambda np, a: np.nanmax(a, axis=1), (GAP,), order=-1),
    Case("nanmax", lambda np, a: np.nanmax(a + HOLES, axis=1, initial=0.1), (A,)),
    Case("nanmin", lambda np, a: np.nanmin(a + HOLES, axis=0), (A,)),
    Case("nanmin", lambda np, a: np.nanmin(a, axis=(0, 1)), (GAP,), order=-1),
    Case("nanmin", lambda np, a: np.nanmin(a, where=MASK, initial=9.0), (A,)),
    Case("nanargmax", lambda np, a: np.nanargmax(a + HOLES, axis=0), (A,), order=0),
    Case("nanargmax", lambda np, a: np.nanargmax(a + HOLES), (A,), order=0),
    Case("nanargmin", lambda np, a: np.nanargmin(a, axis=1, keepdims=True), (A,), order=0),
    Case("nansum", lambda np, a: np.nansum(holed(np, a), axis=1), (A,)),
    Case("nanprod", lambda np, a: np.nanprod(holed(np, a), axis=1), (A,)),
    Case("nancumsum", lambda np, a: np.nancumsum(holed(np, a), axis=1), (A,)),
    Case("nancumprod", lambda np, a: np.nancumprod(holed(np, a), axis=1), (A,)),
    Case("nanmean", lambda np, a: np.nanmean(holed(np, a), axis=1), (A,)),
    Case("nanvar", lambda np, a: np.nanvar(holed(np, a), axis=1), (A,)),
    Case("nanstd", lambda np, a: np.nanstd(holed(np, a), axis=1), (A,)),
    Case("nanmax", lambda np, a: np.nanmax(holed(np, a), axis=1), (A,)),
    Case("nanmin", lambda np, a: np.nanmin(holed(np, a), axis=1), (A,)),
    Case("nanargmax", lambda np, a: np.nanargmax(holed(np, a), axis=1), (A,), order=0),
]
