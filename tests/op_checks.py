"""Running a row of `op_specs` on a backend, and comparing what comes out."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import keratorch as kt
from keratorch.core.order import collect
from tests.op_specs import BY_NAME, COMPLEX, Arg, Op, Sample

NUMPY = kt.Device("numpy", "cpu", 0)
DOUBLE = {"float32": "float64", "complex64": "complex128"}
TOLERANCE = {
    "float32": {"rtol": 2e-5, "atol": 2e-5},
    "float64": {"rtol": 1e-11, "atol": 1e-12},
}
TOLERANCE["complex64"] = TOLERANCE["float32"]
TOLERANCE["complex128"] = TOLERANCE["float64"]


@dataclass(frozen=True)
class Result:
    """What a call gave: outputs and gradients as NumPy arrays, and the arrays themselves."""

    outputs: list[np.ndarray]
    grads: list[np.ndarray]
    leaves: list[kt.GradArray]
    results: list[kt.GradArray]


def dtype_name(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def double(dtype: str) -> str:
    return DOUBLE.get(dtype, dtype)


def on_device(device: kt.Device, array: np.ndarray) -> Any:
    """A raw array of the backend under test; a copy, since tests look for writes."""
    return kt.backends.get(device.backend).from_numpy(np.array(array), device)


def on_host(raw: Any) -> np.ndarray:
    return np.asarray(kt.backends.of(raw).to_numpy(raw))


def call(op: Op, sample: Sample, inputs: list[Any], function: Callable[..., Any] | None = None):
    """The outputs of `op` as a list of `GradArray`s."""
    with np.errstate(all="ignore"):
        y = (function or op.function)(*inputs, **sample.kwargs)
    return list(y) if isinstance(y, (tuple, list)) else [y]


def random_like(shape: tuple[int, ...], dtype: str, name: str) -> np.ndarray:
    """The same random numbers for the same name and shape."""
    rng = np.random.default_rng(zlib.crc32(name.encode()) + 1)
    return Arg(tuple(shape)).make(rng, dtype)


def make_seeds(sample: Sample, results: list[kt.GradArray]) -> list[np.ndarray]:
    return [
        random_like(y.shape, dtype_name(y.dtype), f"{sample.name}{i}")
        for i, y in enumerate(results)
    ]


def differentiate(op: Op, sample: Sample, raws: list[Any], seeds: list[Any] | None = None):
    """Call `op` on new leaves and walk back, from raw arrays of the device under test.

    raws : raw arrays, and Python scalars. seeds : raw gradients of the outputs.
    """
    inputs = [x if type(x) in (int, float) else kt.GradArray(x) for x in raws]
    results = call(op, sample, inputs)
    if seeds is None:
        made = make_seeds(sample, results)
        seeds = [on_device(y.device, s) for y, s in zip(results, made, strict=True)]
    for y, seed in zip(results, seeds, strict=True):
        y.backward(seed, retain_graph=True)
    for i, x in enumerate(inputs):
        if i in op.flat and isinstance(x, kt.GradArray):
            assert x.grad is None, f"argument {i} has a gradient"
            x.grad = on_device(x.device, np.zeros(x.shape, dtype=dtype_name(x.dtype)))
    leaves = [x for x in inputs if isinstance(x, kt.GradArray)]
    return Result(
        [on_host(y._array) for y in results],
        [on_host(x.grad) for x in leaves],
        leaves,
        results,
    )


@functools.cache
def expected(name: str, index: int, dtype: str) -> tuple[tuple[np.ndarray, ...], ...]:
    """Values by the reference, and gradients by keratorch on NumPy, in double precision.

    The latter are right if `test_ops.py` passes in float64 and complex128 on NumPy: there they
    are compared with differences.
    """
    op = BY_NAME[name]
    sample = op.samples[index]
    inputs = sample.inputs(dtype)
    wide = [x.astype(double(dtype)) if isinstance(x, np.ndarray) else x for x in inputs]
    with np.errstate(all="ignore"):
        values = op.reference(*wide, **sample.kwargs)
    values = values if isinstance(values, tuple) else (values,)
    return tuple(map(np.asarray, values)), tuple(differentiate(op, sample, wide).grads)


def assert_close(found: np.ndarray, wanted: np.ndarray, dtype: str, what: str) -> None:
    """`found` and `wanted` have one shape, and the precision of `dtype` in common."""
    assert found.shape == wanted.shape, f"{what}: shape {found.shape}, not {wanted.shape}"
    assert (found.dtype.kind == "c") == (wanted.dtype.kind == "c"), f"{what}: {found.dtype}"
    np.testing.assert_allclose(found, wanted, **TOLERANCE[dtype], err_msg=what)


def assert_recorded(op: Op, results: list[kt.GradArray]) -> None:
    """The results are of the `Grad` of `op`, or made of what is."""
    if op.grad is None:
        assert all(y._grad_op is not None for y in results)
    for y in results if op.grad is not None else ():
        names = {type(n).__name__ for n in collect([y._edge])} if op.inside else set()
        names.add(type(y._grad_op).__name__)
        assert op.grad in names, f"the row says that it records {op.grad}, not {sorted(names)}"


def assert_grad_fits(x: kt.GradArray) -> None:
    """The gradient of a leaf is of its type, shape, dtype and device, plain, and its own."""
    g, raw = x.grad, x._array
    backend = kt.backends.of(raw)
    assert type(g) is type(raw)
    assert tuple(g.shape) == tuple(raw.shape)
    assert g.dtype == raw.dtype
    assert backend.device(g) == backend.device(raw)
    assert backend.is_plain(g), "a leaf's gradient must be contiguous and writable"
    if backend.name == "numpy":
        assert not np.may_share_memory(g, raw)


def is_complex(dtype: str) -> bool:
    return dtype in COMPLEX
