"""CuPy on the stand-in against NumPy and SciPy: a wrong stand-in must not hide a wrong rule."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np
import pytest

from . import cases, cases_more

EPSILON = {
    "float64": 2.3e-16,
    "complex128": 2.3e-16,
    "float32": 1.2e-7,
    "complex64": 1.2e-7,
    "float16": 1e-3,
}


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        full = metafunc.config.getoption("--full")
        pairs = [
            pytest.param(case, dtype, id=f"{case.name}-{dtype}")
            for case in [*cases.CASES, *cases_more.CASES]
            for dtype in (case.full if full else case.dtypes)
        ]
        metafunc.parametrize(("case", "dtype"), pairs)


def as_list(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")
def test_agrees(case, dtype):
    """The same values, shapes and dtypes, to a few units in the last place of `dtype`."""
    inputs = [cases.made(a, dtype) for a in case.arrays]
    wanted = as_list(case.function(np, *inputs))
    found = as_list(case.function(cupy, *(cupy.asarray(a) for a in inputs)))
    assert len(found) == len(wanted)
    for y, value in zip(found, wanted, strict=True):
        y, value = cupy.asnumpy(y), np.asarray(value)
        assert y.shape == value.shape
        assert y.dtype.kind == value.dtype.kind
        tolerance = 8 * case.inexact * EPSILON.get(dtype, 2.3e-16)
        scale = np.abs(value[np.isfinite(value)]).max(initial=1) if value.size else 1
        np.testing.assert_allclose(y, value, rtol=tolerance, atol=tolerance * float(scale))
