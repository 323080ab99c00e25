"""Reductions that CuPy's accelerator CUB takes: one array, along 128 contiguous elements or more.

For these CuPy makes other kernels than for small arrays: one along some axes, two along all. It
makes them of the same expressions, in which it renames the input and the output as text.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import TOLERANCE, dtype_name, on_device, on_host

cupy = pytest.importorskip("cupy")
cuda_stand_in = pytest.importorskip("tests.cuda_stand_in")

#: 2⁻⁸ and 2⁻¹¹ are the rounding of bfloat16 and float16.
CLOSE = {**TOLERANCE, "float16": {"rtol": 4e-3}, "bfloat16": {"rtol": 2**-7}}

#: A kernel is the same on every device.
ONE_DEVICE = True

#: The dtypes of the input and of the output, for each reduction of one array that keratorch makes.
#: Every one is compiled and run: whoever writes a new one adds its row.
WIDENED = ("float16-float32", "bfloat16-float32", "float32-float32", "float64-float64")
HALVES = ("float16-float16", "bfloat16-bfloat16")
SINGLE = ("float16-float16", "bfloat16-bfloat16", "float32-float32")
ROWS: dict[str, tuple[str, ...]] = {
    "keratorch_logsumexp_float": SINGLE,
    "keratorch_logsumexp_double": ("float64-float64",),
    "keratorch_powers_float": tuple(f"{p.split('-')[0]}-complex64" for p in SINGLE),
    "keratorch_powers_double": ("float64-complex128",),
    "keratorch_sum": WIDENED,
    "keratorch_mean": WIDENED,
    "keratorch_sum_in_float": HALVES,
    "keratorch_prod_in_float": HALVES,
}


@pytest.fixture(autouse=True)
def checked_by_nvrtc(device):
    """What a test compiles must be accepted by NVRTC too."""
    if not cuda_stand_in.installed():
        pytest.skip("CUB is switched on and off on the stand-in: run with --cuda-stand-in")
    from tests.cuda_stand_in import _nvrtc

    before = _nvrtc._architectures
    if _nvrtc.why_not() is None:
        _nvrtc.use(("90",))  # one is enough for names and types; CUB's headers take time
    try:
        with cupy.cuda.Device(device.index):
            yield
    finally:
        _nvrtc.use(before)


def call_sites() -> set[tuple[str, int]]:
    """The file and the line of each place in keratorch where a `ReductionKernel` is made."""
    folder = Path(kt.__file__).parent
    found = set()
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "ReductionKernel(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ("ReductionKernel", "create_reduction_func"):
                    found.add((str(path), node.lineno))
    return found


@functools.cache
def kernels() -> dict[str, Any]:
    """Every `ReductionKernel` that keratorch makes, by name."""
    made: dict[str, Any] = {}
    seen = set()
    sites = call_sites()
    real = cupy.ReductionKernel

    def recorded(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        kernel = real(*args, **kwargs)
        assert kernel.name not in made
        made[kernel.name] = kernel
        return kernel

    folder = Path(kt.__file__).parent.parent
    cupy.ReductionKernel = recorded
    try:
        for path in sorted({path for path, _ in sites}):
            name = ".".join(Path(path).relative_to(folder).with_suffix("").parts)
            spec = importlib.util.find_spec(name)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
    finally:
        cupy.ReductionKernel = real
    assert seen == sites, "a kernel that is not made at import cannot be found: make it there"
    return made


def test_every_reduction_of_one_array_has_a_row(device):
    """CUB takes reductions of one array. Those of more arrays are kernels of CuPy at any size."""
    assert {name for name, k in kernels().items() if k.nin == 1} == set(ROWS)


LAYOUTS = {
    "vector": ((1000,), (0,), "C"),
    "all": ((5, 200), (0, 1), "C"),
    "rows": ((5, 200), (1,), "C"),
    "columns": ((200, 5), (0,), "F"),
}


def array(device, dtype: str, shape: tuple[int, ...], order: str, rng) -> Any:
    values = 1 + rng.standard_normal(shape) / 100
    raw = on_device(device, np.asarray(values, "float32" if dtype == "bfloat16" else dtype))
    if dtype == "bfloat16":
        raw = raw.astype(pytest.importorskip("ml_dtypes").bfloat16)
    return cupy.asarray(raw, order=order)


@pytest.mark.parametrize("pair", sorted({p for row in ROWS.values() for p in row}))
def test_cub_computes_what_cupys_own_kernel_computes(device, pair, rng):
    from tests.cuda_stand_in import _device_code

    source, result = pair.split("-")
    for name in [n for n, row in ROWS.items() if pair in row]:
        kernel = kernels()[name]
        for shape, axes, order in LAYOUTS.values():
            x = array(device, source, shape, order, rng)
            kind = x.dtype if result == "bfloat16" else cupy.dtype(result)
            found = []
            for cub in (True, False):
                out = cupy.empty([1 if i in axes else n for i, n in enumerate(shape)], kind)
                _device_code.use_cub(cub)
                try:
                    with cuda_stand_in.counters.watch() as seen:
                        kernel(x, out, axis=axes, keepdims=True)
                finally:
                    _device_code.use_cub()
                passes = ["_pass1", "_pass2"] if cub and len(axes) == len(shape) else [""]
                assert seen.kernels == [name + p for p in passes]
                found.append(on_host(out.astype("float32") if result == "bfloat16" else out))
            np.testing.assert_allclose(*found, **CLOSE[result])


FUNCTIONS = {
    "sum": kt.sum,
    "prod": kt.prod,
    "mean": kt.mean,
    "var": kt.var,
    "std": kt.std,
    "max": kt.max,
    "min": kt.min,
    "logsumexp": kt.special.logsumexp,
    "softmax": kt.special.softmax,
    "log_softmax": kt.special.log_softmax,
    "cumulative_sum": lambda x, axis: kt.cumulative_sum(kt.reshape(x, (-1,))),
    "vector_norm": lambda x, axis: kt.linalg.vector_norm(x, axis=axis),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_reductions_of_many_elements(device, name, rng):
    """Values and gradients of 1000 elements, along all axes and some, in each dtype."""
    function = FUNCTIONS[name]
    for shape, axis in (((1000,), (0,)), ((4, 250), (1,)), ((4, 250), (0, 1))):
        values = rng.standard_normal(shape) / 2
        if name == "prod":  # neither too large nor too small
            values = np.resize([2.0, 0.5], shape)
        for dtype in ("float16", "float32", "float64"):
            raw = values.astype(dtype)
            x, y = kt.GradArray(raw.astype("float64")), kt.GradArray(on_device(device, raw))
            found = []
            for v in (x, y):
                out = function(v, axis=axis)
                weights = np.linspace(0.5, 1.5, out.size).reshape(out.shape).astype(dtype)
                if v is y:
                    weights = on_device(device, weights)
                out.backward(weights if v is y else weights.astype("float64"))
                found.append((out.detach().numpy() if v is x else on_host(out._array), v.grad))
            (wanted, slope), (value, grad) = found
            assert dtype_name(value.dtype) == dtype_name(grad.dtype) == dtype
            for a, b in ((value, wanted), (on_host(grad), slope)):
                rtol = CLOSE[dtype]["rtol"]
                atol = rtol * np.max(np.abs(b))
                np.testing.assert_allclose(a.astype("float64"), b, rtol=rtol, atol=atol)


def test_a_name_that_is_part_of_a_word_is_an_error(device):
    """So that the tests above can fail."""
    kernel = cupy.ReductionKernel(
        "T x", "T d", "x", "a + b", "d = a / static_cast<T>(_in_ind.size())", "0", "some_mean"
    )
    assert float(kernel(cupy.ones(100))) == 1
    with pytest.raises(cupy.cuda.compiler.CompileException, match="_in_inout0"):
        kernel(cupy.ones(1000))
