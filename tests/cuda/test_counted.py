"""What keratorch does on a device, counted by the stand-in: launches, copies, waits, memory."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from keratorch.ops._elementwise import ElementwiseGrad
from tests.op_checks import call, make_seeds, on_device
from tests.op_specs import OPS, Arg, Op, Sample
from tests.specs.table import place

cupy = pytest.importorskip("cupy")
cuda_stand_in = pytest.importorskip("tests.cuda_stand_in")
counters = cuda_stand_in.counters


@pytest.fixture(autouse=True)
def counted(device):
    """Only the stand-in counts; and arrays are then freed when nobody holds them."""
    if not cuda_stand_in.installed():
        pytest.skip("a GPU does not count: run with --cuda-stand-in")
    with cupy.cuda.Device(device.index):
        yield


def used_bytes() -> int:
    return cupy.get_default_memory_pool().used_bytes()


# -- no copies to the host, no waiting -----------------------------------------------------------

#: Where values have to come to the host, and why.
DATA_DEPENDENT = {
    "unique_values": "forward",  # how many there are decides the shape
    "repeat_by_array": "forward",  # so does the sum of the repetitions
    "pinv": "forward",  # CuPy's cuts small singular values off with their number
    "to_device": "forward",  # which is what it is for
    "mask": "forward",  # the samples with one: how many elements it has
}
#: Rows of which every sample is counted, not the first alone.
ALL_SAMPLES = {"getitem", "setitem", "add_at"}


def data_dependent(op: Op, sample: Sample) -> list[str]:
    """Where a call waits: "forward", "backward"."""
    masked = op.name in ALL_SAMPLES and "mask" in sample.name and "empty" not in sample.name
    return DATA_DEPENDENT.get("mask" if masked else op.name, "").split()


def prepared(device, op: Op, sample: Sample, dtype: str) -> tuple[Any, list[Any], Any, list[Any]]:
    """A call whose arrays are all on the device: the function, leaves, and seeds."""
    raws = [on_device(device, x) if isinstance(x, np.ndarray) else x for x in sample.inputs(dtype)]
    like = next(kt.asarray(x) for x in raws if not isinstance(x, (int, float)))
    kwargs = {k: place(v, like) for k, v in sample.kwargs.items()}
    moved = Sample(sample.name, sample.args, kwargs)
    leaves = [x if isinstance(x, (int, float)) else kt.GradArray(x) for x in raws]
    results = call(op, moved, leaves)
    seeds = [
        on_device(y.device, s) for y, s in zip(results, make_seeds(moved, results), strict=True)
    ]
    return moved, leaves, results, seeds


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_nothing_waits_for_the_device(device, op, full):
    """Forward and backward copy nothing to the host and wait for nothing."""
    for sample in op.samples if full or op.name in ALL_SAMPLES else op.samples[:1]:
        check_waits(device, op, sample)


@pytest.mark.parametrize("axes", [1, 2])
def test_a_number_is_written_by_a_mask_without_waiting(device, axes):
    """No shape depends on how many elements the mask has."""
    values = np.arange(12.0).reshape(3, 4) + 1
    mask = values[:, 0] > 4 if axes == 1 else values > 4
    x = kt.GradArray(on_device(device, values))
    where = on_device(device, mask)
    with counters.watch() as seen:
        y = x * x
        y[where] = 0.5
        y.backward(cupy.ones((3, 4)))
        z = kt.exp(x.detach())
        z[where] = 2.0
    assert (seen.syncs, seen.device_to_host) == (0, 0)
    wanted = 2 * values
    wanted[mask] = 0
    np.testing.assert_array_equal(cupy.asnumpy(x.grad), wanted)
    assert np.all(z.numpy()[mask] == 2)


def check_waits(device, op: Op, sample: Sample) -> None:
    dtype = "float64" if "float64" in op.dtypes_of(sample) else "complex128"
    moved, leaves, _, seeds = prepared(device, op, sample, dtype)
    with counters.watch() as forward:
        results = call(op, moved, leaves)
    with counters.watch() as backward:
        for y, seed in zip(results, seeds, strict=True):
            y.backward(seed, retain_graph=True)
    found = {
        "forward": (forward.device_to_host, forward.syncs),
        "backward": (backward.device_to_host, backward.syncs),
    }
    waits = [name for name, counts in found.items() if counts != (0, 0)]
    assert waits == data_dependent(op, sample), (sample.name, found)


# -- launches ------------------------------------------------------------------------------------


def elementwise_rows() -> list[Op]:
    classes = {}
    pending = [ElementwiseGrad]
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        classes[cls.__name__] = cls
    return [op for op in OPS if op.grad in classes and not op.composed]


def same_shapes(op: Op) -> Sample:
    """A sample whose arguments are of one shape: nothing is summed afterwards."""
    return next(
        s
        for s in op.samples
        if all(isinstance(a, Arg) for a in s.args)
        and len({a.shape for a in s.args}) == 1
        and s.args[0].shape not in ((), (0,), (4, 0))
    )


@pytest.mark.parametrize("op", elementwise_rows(), ids=lambda op: op.name)
def test_one_launch_per_elementwise_rule(device, op):
    """All gradients of an operation come from one kernel, or from none."""
    sample = same_shapes(op)
    dtype = "float64" if "float64" in op.dtypes_of(sample) else "complex128"
    _, _, results, seeds = prepared(device, op, sample, dtype)
    (y,), (seed,) = results, seeds
    node = y._grad_op
    if type(node).__name__ != op.grad:
        pytest.skip(f"{op.name} goes on to compute with its result")
    rule = kt.backends.get("cupy").rules[type(node)]
    rule(node, seed)
    with counters.watch() as watched:
        rule(node, seed)
    trivial = all(e.is_constant and e.value in (0, 1) for e in type(node).exprs)
    assert len(watched.kernels) == (0 if trivial else 1), watched.kernels


#: (forward, backward) of what has kernels of its own.
LAUNCHES = {
    "softmax": (lambda x: kt.special.softmax(x, axis=1), 2, 3),
    "log_softmax": (lambda x: kt.special.log_softmax(x, axis=1), 2, 3),
    "logsumexp": (lambda x: kt.special.logsumexp(x, axis=1), 1, 2),
    "max": (lambda x: kt.max(x, axis=1), 1, 2),
    "abs": (kt.abs, 1, 1),
    "var": (lambda x: kt.var(x, axis=1), 3, 3),
    "std": (lambda x: kt.std(x, axis=1), 4, 3),
    "sum": (lambda x: kt.sum(x, axis=1), 1, 0),
    "mean": (lambda x: kt.mean(x, axis=1), 1, 1),
    "tanh": (kt.tanh, 1, 1),
    "divide": (lambda x: x / (x + 1).detach(), 2, 1),
}


@pytest.mark.parametrize("name", LAUNCHES)
def test_launches(device, name, rng):
    function, forward, backward = LAUNCHES[name]
    x = kt.GradArray(on_device(device, rng.standard_normal((3, 4))))
    function(x)
    with counters.watch() as watched:
        y = function(x)
    assert len(watched.kernels) == forward, watched.kernels
    rule = kt.backends.get("cupy").rules[type(y._grad_op)]
    with counters.watch() as watched:
        rule(y._grad_op, y._array)
    assert len(watched.kernels) == backward, watched.kernels


def test_where_is_one_launch_for_both_branches(device, rng):
    x, y = (kt.GradArray(on_device(device, rng.standard_normal((3, 4)))) for _ in range(2))
    z = kt.where(x > 0, x, y)
    rule = kt.backends.get("cupy").rules[type(z._grad_op)]
    with counters.watch() as watched:
        rule(z._grad_op, z._array)
    assert watched.kernels == ["keratorch_WhereGrad"]


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_memory_returns(device, op):
    """After backward only the gradients are left, and after them nothing; without a collector."""
    sample = op.samples[0]
    dtype = "float64" if "float64" in op.dtypes_of(sample) else "complex128"
    prepared(device, op, sample, dtype)  # what libraries keep for good, such as FFT plans
    gc.collect()
    gc.disable()
    try:
        before = used_bytes()
        moved, leaves, results, seeds = prepared(device, op, sample, dtype)
        for y, seed in zip(results, seeds, strict=True):
            y.backward(seed, retain_graph=True)
        del moved, leaves, results, seeds, y, seed
        assert used_bytes() == before
    finally:
        gc.enable()


N = 10_000


def test_peak_of_a_deep_network(device, rng):
    """50 times ``tanh(y + b)``: the arrays that its rules save, and what is on its way."""
    layers = 50
    x = kt.GradArray(on_device(device, rng.standard_normal(N)))
    bias = kt.asarray(on_device(device, rng.standard_normal(N)))

    def network() -> Any:
        y = x
        for _ in range(layers):
            y = kt.tanh(y + bias)
        return y

    seed = on_device(device, np.ones(N))
    network().backward(seed)
    x.zero_grad()
    with counters.without_pool():
        before = counters.memory(device.index).bytes
        counters.reset_peak(device.index)
        y = network()
        held = counters.memory(device.index).bytes - before
        assert held == (layers + 1) * N * 8, "the inputs of tanh, which its rule saves, and y"
        forward = counters.memory(device.index).peak - before
        assert forward == (layers + 2) * N * 8, "and one output on its way out of the loop"
        del y
        assert counters.memory(device.index).bytes == before
        counters.reset_peak(device.index)
        network().backward(seed)
        peak = counters.memory(device.index).peak - before
        # Each saved array goes as its gradient comes; the last output is the caller's here.
        assert peak == (layers + 2) * N * 8, "the gradient that comes, and the one that goes"
        assert counters.memory(device.index).bytes - before == N * 8, "x.grad"
        x.zero_grad()
        assert counters.memory(device.index).bytes == before
        counters.reset_peak(device.index)
        kt.sum(network()).backward()
        peak = counters.memory(device.index).peak - before
        assert peak - forward < N, "with a loss at its end backward needs no more than forward"
