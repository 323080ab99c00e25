"""NVRTC, CUDA's compiler, accepts every kernel that keratorch makes; it needs no driver."""

from __future__ import annotations

import importlib.util
import inspect
from typing import Any

import numpy as np
import pytest

from keratorch.ops._elementwise import ElementwiseGrad
from tests.cuda.test_kernels import BY_HAND, DTYPES, moved, nodes_of, subclasses
from tests.op_checks import on_device, random_like
from tests.op_specs import OPS

cupy = pytest.importorskip("cupy")

#: A kernel is the same on every device.
ONE_DEVICE = True

CLASSES = sorted(
    (c for c in subclasses(ElementwiseGrad) if c.__module__.startswith("keratorch.")),
    key=lambda c: c.__name__,
)
DTYPE = {"f": "float32", "d": "float64", "F": "complex64", "D": "complex128", "e": "float16"}


@pytest.fixture(autouse=True)
def architectures(device, full):
    """What is compiled in a test is compiled by NVRTC too, for these compute capabilities."""
    cuda_stand_in = pytest.importorskip("tests.cuda_stand_in")
    if not cuda_stand_in.installed():
        pytest.skip("NVRTC compiles for the GPU that is here: run with --cuda-stand-in")
    from tests.cuda_stand_in import _nvrtc

    reason = _nvrtc.why_not()
    if reason is not None:
        pytest.skip(reason)
    before = _nvrtc._architectures
    _nvrtc.use(("80", "90"))
    try:
        yield
    finally:
        _nvrtc.use(before)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_generated_kernels(device, cls, full):
    """In float and complex<float>; in every type with --full."""
    from keratorch.kernels._cupy_device_code import NoDeviceCode
    from keratorch.kernels._cupy_elementwise import make_kernel

    made = 0
    for char in "fdFD" if full else "fF":
        try:
            nothing = (None,) * (cls.arity + 1)
            kernel = make_kernel(cls, (True,) * cls.arity, nothing, True, char)
        except NoDeviceCode:
            continue
        if kernel.function is None:
            continue
        ones = on_device(device, np.ones(2, DTYPE[char]))
        count = 1 + len(kernel.reads) + kernel.reads_y + len(kernel.results)
        kernel.function(*[ones.copy() for _ in range(count)])
        made += 1
    assert made or all(e.is_constant for e in cls.exprs)


def fresh_module(name: str) -> Any:
    """A second copy of a module, whose kernels have not been compiled yet."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_kernels_by_hand(device, name):
    fused = fresh_module("keratorch.kernels._cupy_fused")
    rows = [op for op in OPS if op.grad == name and not op.composed]
    assert rows
    for op in rows:
        sample = op.samples[0]
        dtype = next(d for d in DTYPES if d in op.dtypes_of(sample))
        for node in nodes_of(op, sample, sample.inputs(dtype)):
            seed = on_device(device, random_like(node.shape, str(node.dtype), sample.name))
            fused.RULES[type(node)](moved(node, lambda a: on_device(device, a)), seed)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_forward_kernels(device, dtype):
    fused = fresh_module("keratorch.kernels._cupy_fused")
    x = on_device(device, np.ones((2, 3), dtype))
    for function in (fused.softmax, fused.log_softmax, fused.logsumexp):
        assert function(x, (1,)) is not None
    index = on_device(device, np.array([0, 0, 1]))
    segments = fresh_module("keratorch.kernels._cupy_segments")
    segments.SHORTEST = 2
    segments.segment_sum(4, index, x[0])
    fresh_module("keratorch.backends._cupy_own")._sign(x)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_special_forward_kernels(device, dtype):
    from keratorch.backends import _special
    from keratorch.kernels._cupy_elementwise import forward_kernel

    def refuse(*arrays):
        raise AssertionError("this one has no kernel")

    x = on_device(device, np.array([0.25, 0.75], dtype))
    for name, function in _special.GENERAL.items():
        arity = len(inspect.signature(function).parameters) - 1  # but for the namespace
        y = forward_kernel(name, refuse)(*[x] * arity)
        assert (y.shape, y.dtype) == (x.shape, x.dtype), name


def test_a_kernel_that_nvrtc_refuses_is_an_error(device):
    """So that the tests above can fail."""
    kernel = cupy.ElementwiseKernel("T x", "T y", "y = no_such_function(x)", "refused")
    with pytest.raises(Exception, match="no_such_function"):
        kernel(on_device(device, np.ones(2)))
