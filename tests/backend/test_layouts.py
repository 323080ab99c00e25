"""Every operation on arrays however they lie in memory, and on gradients that do likewise.

Rules must not care whether an array is transposed, flipped, has zero strides or gaps, or may not
be written: values are what they are for a contiguous copy, and nothing that came in is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from tests.conftest import wanted_targets
from tests.op_checks import TOLERANCE, assert_grad_fits, differentiate, on_device, on_host
from tests.op_specs import OPS, Op, Sample

Layout = Callable[[np.ndarray], np.ndarray]


def contiguous(x: np.ndarray) -> np.ndarray:
    return np.array(x, order="C")


def transposed(x: np.ndarray) -> np.ndarray:
    return np.array(x, order="F")


def flipped(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.flip(np.flip(x).copy()))


def spaced(x: np.ndarray) -> np.ndarray:
    """Every second element of a larger array."""
    holes = np.full([2 * n for n in x.shape], 7, dtype=x.dtype)
    view = holes[(..., *(slice(None, None, 2) for _ in x.shape))]
    view[...] = x
    return view


def repeated(x: np.ndarray) -> np.ndarray:
    """The first row, over and over, with stride 0: other values than `x`."""
    return np.broadcast_to(x[:1].copy(), x.shape) if x.size and x.ndim else x.copy()


def unwritable(x: np.ndarray) -> np.ndarray:
    y = x.copy()
    y.flags.writeable = False
    return y


def shared(x: np.ndarray) -> np.ndarray:
    """One element everywhere: all strides 0, as the gradient of a sum."""
    return np.broadcast_to(x.ravel()[:1].reshape(()), x.shape) if x.size else x.copy()


#: All but a move to another backend, which makes arrays of its own.
HERE = [op for op in OPS if op.name != "to_device"]
INPUTS: tuple[Layout, ...] = (contiguous, transposed, flipped, spaced, repeated)
GRADS: tuple[Layout, ...] = (*INPUTS, unwritable, shared)


@pytest.mark.parametrize("op", HERE, ids=lambda op: op.name)
def test_numpy(op, samples):
    """All layouts of inputs with all layouts of gradients."""
    for sample in op.samples:
        for dtype in op.dtypes_of(sample):
            samples.check(f"{sample.name}-{dtype}", check_layouts, op, sample, dtype)


def check_layouts(op: Op, sample: Sample, dtype: str) -> None:
    plain: dict[Any, list[np.ndarray]] = {}
    for input_layout in INPUTS:
        if input_layout is repeated and not sample.repeatable:
            continue
        raws = [input_layout(x) if is_array(x) else x for x in sample.inputs(dtype)]
        seeds = [random_like(y) for y in call_raw(op, sample, raws)]
        for grad_layout in GRADS:
            laid = [grad_layout(s) for s in seeds]
            given = [x for x in (*raws, *laid) if is_array(x)]
            before = tuple(x.tobytes() for x in given)
            what = f"{input_layout.__name__}, {grad_layout.__name__}"
            found = differentiate(op, sample, raws, laid)
            assert tuple(x.tobytes() for x in given) == before, f"{what}: an argument was written"
            if before not in plain:
                copies = [contiguous(x) if is_array(x) else x for x in raws]
                plain[before] = differentiate(op, sample, copies, [*map(contiguous, laid)]).grads
            for x, g, wanted in zip(found.leaves, found.grads, plain[before], strict=True):
                np.testing.assert_allclose(g, wanted, **TOLERANCE[dtype], err_msg=what)
                assert_grad_fits(x)
                assert not any(np.may_share_memory(x.grad, a) for a in given), what


def call_raw(op: Any, sample: Any, raws: list) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        y = op.reference(*raws, **sample.kwargs)
    return [np.asarray(v) for v in (y if isinstance(y, tuple) else (y,))]


def is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray)


def random_like(y: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(y.size)
    values = rng.standard_normal(y.shape)
    if y.dtype.kind == "c":
        values = values + 1j * rng.standard_normal(y.shape)
    return np.asarray(values).astype(y.dtype)


# -- every backend -------------------------------------------------------------------------------


def laid_out(xp: Any, raw: Any, layout: str) -> Any:
    """The elements of `raw` in another layout, by functions of the Array API alone."""
    axes = tuple(reversed(range(raw.ndim)))
    if layout == "transposed":
        return xp.permute_dims(xp.asarray(xp.permute_dims(raw, axes), copy=True), axes)
    if layout == "flipped":
        return xp.flip(xp.asarray(xp.flip(raw), copy=True))
    if layout == "spaced":
        return xp.stack([raw, raw], axis=-1)[..., 0]
    return xp.broadcast_to(raw[:1, ...], raw.shape) if raw.shape[0] else raw


def has_layouts(target, full: bool) -> bool:
    """All targets but NumPy, whose layouts are above, and JAX, which ``--full`` takes.

    JAX's arrays have no strides: nothing is left of a layout where a rule begins.
    """
    if target.backend == "jax":
        return full and target.device.index == 0
    return target.backend != "numpy"


def pytest_generate_tests(metafunc):
    if "op_row" in metafunc.fixturenames:
        full = metafunc.config.getoption("--full")
        pairs = [
            pytest.param(target, op, id=f"{target.id}-{op.name}")
            for target in wanted_targets(metafunc.config)
            if has_layouts(target, full)
            for op in HERE
        ]
        metafunc.parametrize(("target", "op_row"), pairs)


def test_backend(target, op_row, full, samples):
    """The main case of an operation, with ``--full`` the edge cases too."""
    for sample in op_row.samples if full else op_row.samples[:1]:
        dtype = "float64" if "float64" in op_row.dtypes_of(sample) else "complex128"
        reason = op_row.reason_to_fail(sample, target.backend, dtype)
        samples.check(
            f"{sample.name}-{dtype}", check_layouts_of, target, op_row, sample, dtype, fails=reason
        )


def check_layouts_of(target, op: Op, sample: Sample, dtype: str) -> None:
    """Inputs and gradients laid out in the same ways by the library itself."""
    xp = kt.backends.get(target.backend).xp
    inputs = sample.inputs(dtype)
    plain = [on_device(target.device, x) if is_array(x) else x for x in inputs]
    outputs = differentiate(op, sample, plain).results
    seeds = [on_device(y.device, random_like(y.numpy())) for y in outputs]
    for layout in ("transposed", "flipped", "spaced", "repeated"):
        if layout == "repeated" and not (
            sample.repeatable and all(x.shape and x.shape[0] for x in inputs if is_array(x))
        ):
            continue
        raws = [laid_out(xp, x, layout) if is_array(i) else x for x, i in zip(plain, inputs)]  # noqa: B905
        laid = [laid_out(kt.backends.of(s).xp, s, layout) if s.ndim else s for s in seeds]
        given = [x for x in (*raws, *laid) if type(x) not in (int, float)]
        before = [on_host(x).tobytes() for x in given]
        found = differentiate(op, sample, raws, laid)
        assert [on_host(x).tobytes() for x in given] == before, "an argument was written"
        host = [on_host(x) if type(x) not in (int, float) else x for x in raws]
        wanted = differentiate(op, sample, host, [on_host(s) for s in laid])
        for x, g, z in zip(found.leaves, found.grads, wanted.grads, strict=True):
            np.testing.assert_allclose(g, z, **TOLERANCE[dtype], err_msg=layout)
            assert_grad_fits(x)
