"""Every row of `op_specs`, on every backend: values, gradients, second derivatives.

NumPy takes every sample in every dtype; the other backends take the main case in float64 to
second order, and the edge cases to first order; CuPy takes the main case in a second dtype too.
JAX takes the main case and an empty one, and on its second device nothing.
``--full`` takes everything everywhere. One test loops over the samples of an operation on a device.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.conftest import wanted_targets
from tests.op_cases import ORDER, Case, cases_of, is_second_device, torch_cases_of
from tests.op_checks import (
    assert_close,
    assert_grad_fits,
    assert_recorded,
    call,
    differentiate,
    dtype_name,
    expected,
    is_complex,
    make_seeds,
    on_device,
    on_host,
)
from tests.op_specs import COMPLEX, OPS, Op, Sample

try:
    import torch
except ImportError:
    torch = None


#: The operations that are compared with PyTorch's.
WITH_TORCH = [op for op in OPS if torch_cases_of(op)]


def pytest_generate_tests(metafunc):
    if "op_row" in metafunc.fixturenames:
        full = metafunc.config.getoption("--full")
        pairs = [
            pytest.param(target, op, id=f"{target.id}-{op.name}")
            for target in wanted_targets(metafunc.config)
            for op in OPS
            if cases_of(op, target.backend, target.device.index, full)
        ]
        metafunc.parametrize(("target", "op_row"), pairs)


def test_op(target, op_row, full, samples):
    for case in cases_of(op_row, target.backend, target.device.index, full):
        reason = case.reason_to_fail(target.backend)
        samples.check(case.id, check_case, case, target, full, fails=reason)


def check_case(case: Case, target, full: bool) -> None:
    """The values are the reference's, the gradients and second derivatives those of differences."""
    with warnings.catch_warnings():
        if target.backend == "dask" and is_complex(case.dtype):
            # Dask guesses dtypes, and guesses float for complex arrays read by arrays of integers.
            warnings.filterwarnings("ignore", "Casting complex", np.exceptions.ComplexWarning)
        op, sample, dtype = case.op, case.sample, case.dtype
        inputs = sample.inputs(dtype)
        raws = [on_device(target.device, x) if isinstance(x, np.ndarray) else x for x in inputs]
        found = differentiate(op, sample, raws)

        values, grads = expected(op.name, case.index, dtype)
        assert len(found.outputs) == len(values)
        for y, value in zip(found.outputs, values, strict=True):
            assert_close(y, value, dtype, "value")
        assert_recorded(op, found.results)
        assert len(found.grads) == len(grads)
        for i, (x, g, grad) in enumerate(zip(found.leaves, found.grads, grads, strict=True)):
            assert_close(g, grad, dtype, f"gradient {i}")
            assert_grad_fits(x)
        for raw, before in zip(raws, inputs, strict=True):
            if isinstance(before, np.ndarray):
                assert on_host(raw).tobytes() == before.tobytes(), "an input was written"

        if target.backend == "dask" and not all(y.size for y in found.outputs):
            return  # Dask fails to join what is computed of empty arrays.
        if case.differences(target.backend, full):
            check_differences(op, sample, raws)


def check_differences(op: Op, sample: Sample, raws: list) -> None:
    """First and second derivatives of the arrays among the arguments, both modes."""

    def function(*arrays):
        given = iter(arrays)
        inputs = [x if type(x) in (int, float) else next(given) for x in raws]
        return call(op, sample, inputs)

    check_grads(function, [x for x in raws if type(x) not in (int, float)], order=ORDER)


# -- the same in PyTorch -------------------------------------------------------------------------


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("op", WITH_TORCH, ids=lambda op: op.name)
def test_agrees_with_torch(op, samples):
    """Values and gradients are PyTorch's: so is the convention for complex numbers."""
    for case in torch_cases_of(op):
        samples.check(case.id, compare_with_torch, case)


def compare_with_torch(case: Case) -> None:
    op, sample = case.op, case.sample
    inputs = sample.inputs(case.dtype)
    found = differentiate(op, sample, inputs)
    tensors = [
        torch.tensor(x, requires_grad=True) if isinstance(x, np.ndarray) else x for x in inputs
    ]
    function = getattr(torch, op.torch) if isinstance(op.torch, str) else None
    if function is None:
        results = op.torch(torch, *tensors, **sample.kwargs)
    else:
        results = function(*tensors, **sample.kwargs)
    results = results if isinstance(results, tuple) else (results,)
    leaves = [t for t in tensors if isinstance(t, torch.Tensor)]
    seeds = [torch.tensor(s) for s in make_seeds(sample, found.results)]
    grads = torch.autograd.grad(results, leaves, seeds)
    dtype = dtype_name(found.results[0].dtype)
    for y, wanted in zip(found.outputs, results, strict=True):
        assert_close(y, wanted.detach().resolve_conj().numpy(), dtype, "value")
    for g, wanted in zip(found.grads, grads, strict=True):
        assert_close(g, wanted.resolve_conj().numpy(), dtype, "gradient")


# -- other spellings -----------------------------------------------------------------------------

SPELLED = [op for op in OPS if op.spellings]


@pytest.mark.parametrize("op", SPELLED, ids=lambda op: op.name)
def test_spelling(device, op, samples):
    """An operator or method does what the function does, and records the same `Grad`."""
    for i, spelling in enumerate(op.spellings):
        samples.check(f"{op.name} {i}", check_spelling, device, op, spelling)


def check_spelling(device, op: Op, spelling) -> None:
    sample = op.samples[0]
    dtype = "float64" if "float64" in op.dtypes else "complex128"
    raws = [on_device(device, x) for x in sample.inputs(dtype)]
    results = call(op, sample, [kt.GradArray(x) for x in raws], spelling)
    values, _ = expected(op.name, 0, dtype)
    assert [type(y._grad_op).__name__ for y in results] == [op.grad] * len(values)
    for y, value in zip(results, values, strict=True):
        assert_close(on_host(y._array), value, dtype, "value")


@pytest.mark.parametrize(
    "op", [o for o in OPS if o.name in ("add", "subtract", "multiply")], ids=lambda o: o.name
)
def test_raw_operands(device, op):
    """A raw array on either side is a constant."""
    sample = op.samples[0]
    a, b = (on_device(device, x) for x in sample.inputs("float64"))
    for x, y in ((kt.GradArray(a), b), (a, kt.GradArray(b))):
        tracked = x if isinstance(x, kt.GradArray) else y
        z = op.function(x, y)
        z.backward(kt.ones_like(z))
        assert_close(on_host(z._array), expected(op.name, 0, "float64")[0][0], "float64", "value")
        assert_grad_fits(tracked)


# -- mixed dtypes --------------------------------------------------------------------------------

MIXED = ("add", "subtract", "multiply", "divide", "pow", "matmul", "where", "concat", "stack")
PAIRS = [
    ("float32", "float64"),
    ("float64", "float32"),
    ("float32", "complex64"),
    ("complex128", "float64"),
    ("float32", "complex128"),
]


@pytest.mark.parametrize("op", [o for o in OPS if o.name in MIXED], ids=lambda o: o.name)
def test_mixed_dtypes(device, op, full, samples):
    """Each input gets a gradient of its own dtype; a real one the real part of it."""
    if is_second_device(device.backend, device.index) and not full:
        pytest.skip("JAX compiles everything anew for its second device")
    for dtypes in PAIRS:
        samples.check("-".join(dtypes), check_mixed_dtypes, device, op, dtypes)


def check_mixed_dtypes(device, op: Op, dtypes: tuple[str, str]) -> None:
    sample = op.samples[0]
    inputs = [sample.inputs(d)[i] for i, d in enumerate(dtypes)]
    found = differentiate(op, sample, [on_device(device, x) for x in inputs])
    wide = "complex128" if any(d in COMPLEX for d in dtypes) else "float64"
    seeds = [s.astype(wide) for s in make_seeds(sample, found.results)]
    wanted = differentiate(op, sample, [x.astype(wide) for x in inputs], seeds)
    for x, g, grad, dtype in zip(found.leaves, found.grads, wanted.grads, dtypes, strict=True):
        assert_grad_fits(x)
        assert g.dtype == dtype
        assert_close(g, grad if is_complex(dtype) else grad.real, "float32", dtype)
