"""The CuPy backend: memory, devices, streams, indices, float16."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import keratorch as kt
from tests.devices import other_device
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")

VALUES = np.array([0.5, -1.0, 2.0])


def leaf(device, values, dtype="float64") -> kt.GradArray:
    return kt.GradArray(on_device(device, np.asarray(values, dtype)))


# -- wrapping and moving -------------------------------------------------------------------------


def test_an_array_is_wrapped_without_a_copy(device):
    raw = on_device(device, VALUES)
    x = kt.GradArray(raw)
    assert x._array is raw
    assert x.device == device == str(device)
    assert kt.GradArray(raw[::2])._array.data.ptr == raw.data.ptr


def test_to_the_host_and_back(device):
    """`to_device` is differentiable both ways."""
    x = leaf(device, VALUES)
    y = x.to_device("cpu")
    assert type(y._array) is np.ndarray
    kt.sum(y * y).backward()
    np.testing.assert_array_equal(on_host(x.grad), 2 * VALUES)
    assert type(x.grad) is cupy.ndarray
    assert x.grad.device.id == device.index

    host = kt.GradArray(VALUES.copy())
    there = host.to_device(device)
    assert there.device == device
    kt.sum(there**3).backward()
    assert type(host.grad) is np.ndarray
    np.testing.assert_allclose(host.grad, 3 * VALUES**2)


def test_to_another_gpu_and_back(device):
    other = other_device(device)
    x = leaf(device, VALUES)
    y = kt.tanh(x.to_device(other))
    assert y.device == other
    kt.sum(y.to_device(device) * x).backward()
    assert kt.asarray(x.grad).device == device
    wanted = np.tanh(VALUES) + VALUES * (1 - np.tanh(VALUES) ** 2)
    np.testing.assert_allclose(on_host(x.grad), wanted)


def test_backward_runs_on_the_device_of_the_arrays(device):
    """Whatever the current device is, forward and backward."""
    other = other_device(device)
    x = leaf(device, VALUES)
    with cupy.cuda.Device(other.index):
        y = kt.sum(kt.exp(x)[kt.asarray(on_device(device, np.array([0, 0, 2])))] ** 2)
        y.backward()
        assert cupy.cuda.runtime.getDevice() == other.index
    assert y.device == device
    assert kt.asarray(x.grad).device == device
    np.testing.assert_allclose(on_host(x.grad), [4, 0, 2] * np.exp(2 * VALUES))


OPERATIONS = {
    "add": lambda a, b: a + b,
    "matmul": lambda a, b: a @ b,
    "where": lambda a, b: kt.where(a > 0, a, b),
    "concat": lambda a, b: kt.concat([a, b]),
    "solve": lambda a, b: kt.linalg.solve(a * kt.eye(3, device=a.device), b),
    "vecdot": kt.vecdot,
    "hypot": kt.hypot,
    "clip": lambda a, b: kt.clip(a, b, None),
    "take": lambda a, b: kt.take(a, kt.astype(b, "int64"), axis=0),
    "getitem": lambda a, b: a[kt.astype(b.detach() * 0, "int64")],
    "special": lambda a, b: kt.special.xlogy(a, b),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_two_gpus_do_not_mix(device, name):
    """CuPy's matmul would read the other device's memory."""
    other = other_device(device)
    a, b = leaf(device, VALUES), leaf(other, VALUES)
    with pytest.raises(kt.errors.DeviceMismatchError, match="to_device") as caught:
        OPERATIONS[name](a, b)
    assert str(device) in str(caught.value)
    assert str(other) in str(caught.value)


@pytest.mark.parametrize("name", OPERATIONS)
def test_numpy_and_cupy_do_not_mix(device, name):
    a, b = leaf(device, VALUES), kt.GradArray(VALUES.copy())
    for x, y in ((a, b), (b, a)):
        with pytest.raises(kt.errors.DeviceMismatchError, match="to_device") as caught:
            OPERATIONS[name](x, y)
        assert "numpy" in str(caught.value)
        assert "cupy" in str(caught.value)


def test_numpy_does_not_get_the_values_in_secret(device):
    x = leaf(device, VALUES)
    with pytest.raises(kt.errors.LostGradientError):
        np.asarray(x)
    with pytest.raises(kt.errors.DeviceMismatchError, match="to the host"):
        np.asarray(x.detach())
    with pytest.raises(kt.errors.KeratorchError):
        x * np.ones(3)


# -- streams -------------------------------------------------------------------------------------


def streams_of_launches(function) -> set[int]:
    """The streams of the kernels that `function` launches; on a GPU, that of a rule."""
    try:
        from tests.cuda_stand_in import counters, installed
    except ImportError:
        pytest.skip("without the stand-in nothing tells the streams of launches")
    if not installed():
        pytest.skip("without the stand-in nothing tells the streams of launches")
    with counters.watch() as watched:
        function()
    return set(watched.launches_by_stream)


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward_runs_on_the_stream_of_the_forward_pass(device, create_graph):
    x = leaf(device, VALUES)
    with cupy.cuda.Device(device.index):
        stream = cupy.cuda.Stream(non_blocking=True)
        with stream:
            y = kt.sum(kt.tanh(x) * x)
        seed = cupy.ones(())  # what backward makes itself where none is given is made right here

        def backward():
            y.backward(seed, retain_graph=True, create_graph=create_graph)

        assert streams_of_launches(backward) == {stream.ptr}
        with cupy.cuda.Stream(non_blocking=True) as third:
            x.zero_grad()
            y.zero_grad()
            assert streams_of_launches(backward) == {stream.ptr}
            assert cupy.cuda.get_current_stream() == third
    t = np.tanh(VALUES)
    found = x.grad.numpy() if create_graph else on_host(x.grad)
    np.testing.assert_allclose(found, t + VALUES * (1 - t * t))


def test_gradients_are_added_up_on_the_stream_of_the_forward_pass(device):
    """The old sum goes back to that stream's memory, which may be given out again there."""
    x = leaf(device, VALUES)
    with cupy.cuda.Device(device.index):
        stream = cupy.cuda.Stream(non_blocking=True)
        with stream:
            y = kt.sum(kt.tanh(x) * x)
        seed = cupy.ones(())
        y.backward(seed, retain_graph=True)
        for create_graph in (False, True):

            def backward(create_graph=create_graph):
                y.backward(seed, retain_graph=True, create_graph=create_graph)

            assert streams_of_launches(backward) == {stream.ptr}
    t = np.tanh(VALUES)
    np.testing.assert_allclose(x.grad.numpy(), 3 * (t + VALUES * (1 - t * t)))


def test_a_forward_pass_on_the_default_stream_goes_back_on_it(device):
    x = leaf(device, VALUES)
    with cupy.cuda.Device(device.index):
        y = kt.sum(kt.exp(x))
        seed = cupy.ones(())
        with cupy.cuda.Stream(non_blocking=True):
            assert streams_of_launches(lambda: y.backward(seed)) == {0}


def test_each_root_has_its_stream(device):
    x = leaf(device, VALUES)
    with cupy.cuda.Device(device.index):
        first, second = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
        with first:
            y = kt.sum(kt.exp(x))
        with second:
            z = kt.sum(kt.sin(x))
        seed = cupy.ones(())
        assert streams_of_launches(lambda: y.backward(seed)) == {first.ptr}
        x.zero_grad()
        assert streams_of_launches(lambda: z.backward(seed)) == {second.ptr}


def test_the_streams_wait_for_each_other(device, monkeypatch):
    """Backward after what its streams were given, and they after backward."""
    recorded, waits = {}, []

    def record(event, stream=None):
        recorded[event.ptr] = stream.ptr
        real_record(event, stream)

    def wait_event(stream, event):
        waits.append((stream.ptr, recorded[event.ptr]))
        real_wait(stream, event)

    real_record, real_wait = cupy.cuda.Event.record, cupy.cuda.Stream.wait_event
    monkeypatch.setattr(cupy.cuda.Event, "record", record)
    monkeypatch.setattr(cupy.cuda.Stream, "wait_event", wait_event)
    x = leaf(device, VALUES)
    with cupy.cuda.Device(device.index):
        stream = cupy.cuda.Stream(non_blocking=True)
        with stream:
            y = kt.sum(kt.exp(x))
        assert waits == []
        y.backward()
        assert (stream.ptr, 0) in waits  # the gradient of the root was made on the default stream
        assert (0, stream.ptr) in waits  # and x.grad is read there


def test_threads_have_streams_of_their_own(device):
    results = {}

    def work(number):
        with cupy.cuda.Device(device.index), cupy.cuda.Stream(non_blocking=True):
            x = leaf(device, VALUES + number)
            kt.sum(kt.exp(x)).backward()
            results[number] = on_host(x.grad)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for number in range(4):
        np.testing.assert_allclose(results[number], np.exp(VALUES + number))


# -- indices -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("deterministic", [False, True])
def test_gather_with_repeated_indices(device, dtype, deterministic):
    x = leaf(device, np.arange(12).reshape(4, 3), dtype)
    index = kt.asarray(on_device(device, np.array([[3, 0, -1], [3, 3, 1]])))
    seed = np.arange(18).reshape(2, 3, 3).astype(dtype)
    with kt.deterministic(deterministic):
        x[index].backward(on_device(device, seed))
    wanted = np.zeros((4, 3), dtype)
    np.add.at(wanted, on_host(index._array), seed)
    np.testing.assert_array_equal(on_host(x.grad), wanted)
    assert x.grad.dtype == dtype


@pytest.mark.parametrize("deterministic", [False, True])
def test_other_gathers(device, deterministic, rng):
    values = rng.standard_normal((4, 5))
    index = np.array([[1, 1, 3, 0, 1], [0, 2, 3, 3, 1]])
    functions = [
        lambda x, i: kt.take(x, kt.reshape(i, (-1,)), axis=0),
        lambda x, i: kt.take_along_axis(x, i, axis=0),
        lambda x, i: x[:, kt.reshape(i, (-1,))],
        lambda x, i: x[i, i],
        lambda x, i: x[x > 0],
        lambda x, i: x[1:, ::2],
    ]
    for function in functions:
        grads = []
        for place in (lambda a: on_device(device, a), np.array):
            x = kt.GradArray(place(values))
            with kt.deterministic(deterministic):
                y = function(x, kt.asarray(place(index)))
                kt.sum(y * y * y).backward()
            grads.append(on_host(x.grad))
        np.testing.assert_allclose(*grads, rtol=1e-12)


def test_deterministic_sums_are_the_same_every_time(device, rng):
    """In the order of the indices: each sum is that of NumPy, to the last bit."""
    values = rng.standard_normal(2000).astype("float32")
    index = rng.integers(0, 7, 2000)
    with kt.deterministic(True):
        x = leaf(device, np.zeros(7), "float32")
        x[kt.asarray(on_device(device, index))].backward(on_device(device, values))
    wanted = np.zeros(7, "float32")
    np.add.at(wanted, index, values)
    np.testing.assert_array_equal(on_host(x.grad), wanted)


#: How many values the indices have: long segments beside short ones, at the borders of parts.
SEGMENTS = {
    "one hot": [3000],
    "two hot": [1024, 1025],
    "hot between": [5, 2049, 0, 3, 1500, 1],
    "hot at the ends": [2048, 1, 1, 5000],
    "many hot": [1030] * 5,
    "none hot": [1024, 1024, 7],
}


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_deterministic_sums_of_hot_indices(device, name, dtype, rng):
    """A thread adds up a bounded number of values; short segments are summed in their order."""
    from keratorch.kernels import _cupy_segments

    counts = SEGMENTS[name]
    index = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    values = rng.standard_normal(index.size).astype(dtype)
    longest = _cupy_segments.bounded_length(index.size)
    found = []
    with kt.deterministic(True):
        for _ in range(2):
            x = leaf(device, np.zeros(len(counts)), dtype)
            x[kt.asarray(on_device(device, index))].backward(on_device(device, values))
            found.append(on_host(x.grad))
    np.testing.assert_array_equal(*found)
    for i, count in enumerate(counts):
        part = values[index == i]
        wide = "complex128" if dtype == "complex64" else "float64"
        scale = max(1.0, float(np.abs(part.astype(wide)).sum()))
        error = {"float16": 2**-10, "float64": 1e-15}.get(dtype, 1e-6)
        assert abs(found[0][i] - part.astype(wide).sum()) <= error * scale
        if count <= longest and dtype != "float16":
            wanted = np.zeros(1, dtype)
            np.add.at(wanted, np.zeros(count, int), part)
            assert found[0][i] == wanted[0]


def test_a_hot_index_costs_one_launch_more(device):
    try:
        from tests.cuda_stand_in import counters, installed
    except ImportError:
        pytest.skip("without the stand-in nothing counts launches")
    if not installed():
        pytest.skip("without the stand-in nothing counts launches")
    from keratorch.kernels._cupy_segments import bounded_length, segment_sum

    launches = []
    for count in (1000, 5000):
        where = on_device(device, np.zeros(count, "int64"))
        with cupy.cuda.Device(device.index), counters.watch() as seen:
            segment_sum(3, where, on_device(device, np.ones(count)))
        launches.append(len(seen.kernels))
        assert [k for k in seen.kernels if "segment" in k][-1] == "keratorch_segment_sum"
    assert launches[1] == launches[0] + 1
    # The longest way to a sum: the values of a part, and the parts of a segment.
    n = 10**6
    assert bounded_length(n) + -(-n // bounded_length(n)) < 2100


def test_deterministic_can_be_switched(device):
    from keratorch.core.mode import policy

    kt.deterministic(True)
    assert policy.deterministic
    with kt.deterministic(False):
        assert not policy.deterministic
    assert policy.deterministic
    kt.deterministic(False)
    assert not policy.deterministic


def test_float16_gathers_are_summed_in_float32(device):
    """3000 ones: in float16, 2048 + 1 is 2048."""
    for deterministic in (False, True):
        x = leaf(device, [1.0], "float16")
        with kt.deterministic(deterministic):
            y = x[kt.zeros(3000, dtype="int64", device=device)]
            y.backward(on_device(device, np.ones(3000, "float16")))
        assert on_host(x.grad)[0] == 3000


# -- dtypes --------------------------------------------------------------------------------------


def test_float16(device):
    x = leaf(device, VALUES, "float16")
    y = kt.sum(kt.tanh(x) * x + kt.exp(x))
    y.backward()
    assert y.dtype == x.grad.dtype == "float16"
    t = np.tanh(VALUES)
    wanted = t + VALUES * (1 - t * t) + np.exp(VALUES)
    np.testing.assert_allclose(on_host(x.grad), wanted, rtol=5e-3)


def test_bfloat16(device):
    """Where CuPy has it: version 14, with ml_dtypes."""
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    if int(cupy.__version__.partition(".")[0]) < 14:
        pytest.skip("CuPy has bfloat16 from version 14")
    with cupy.cuda.Device(device.index):
        raw = on_device(device, VALUES.astype("float32")).astype(bfloat16)
        seed = cupy.ones(3, bfloat16)
    functions = [
        (kt.tanh, 1 - np.tanh(VALUES) ** 2),
        (lambda x: x * x, 2 * VALUES),
        (lambda x: kt.where(x > 0, x * 2, 0), [2, 0, 2]),
        (lambda x: kt.special.softmax(x, axis=0) * 0 + x, [1, 1, 1]),
        (kt.abs, [1, -1, 1]),
        (lambda x: x[kt.asarray(on_device(device, np.array([0, 0, 2])))], [2, 0, 1]),
        (kt.cumulative_sum, [3, 2, 1]),
        (lambda x: kt.broadcast_to(kt.prod(x), (3,)), 3 * np.prod(VALUES) / VALUES),
        (lambda x: kt.broadcast_to(x @ x, (3,)), 6 * VALUES),
    ]
    for function, wanted in functions:
        x = kt.GradArray(raw)
        assert x.requires_grad
        y = function(x)
        y.backward(seed)
        assert x.grad.dtype == bfloat16  # y may be wider: `where` of CuPy has no bfloat16
        # The rule of tanh has its output, of 8 bits: 2⁻⁸ is one unit in its last place.
        np.testing.assert_allclose(on_host(x.grad).astype("float32"), wanted, atol=2**-8)


def test_reductions_return_arrays(device):
    """Never a NumPy scalar, whose arithmetic would leave the GPU."""
    x = leaf(device, VALUES)
    for y in (kt.sum(x), kt.max(x), kt.linalg.vector_norm(x), x[0], kt.argmax(x)):
        assert type(y._array) is cupy.ndarray
        assert y.shape == ()


def test_creation_heeds_the_device(device):
    """`eye(device=)` of CuPy ignores it."""
    assert kt.eye(3, device=device).device == device
    assert kt.zeros(3, device=device).device == device
    assert kt.linspace(0, 1, 3, device=device).device == device
    assert kt.full((2,), 1.5, device=device).device == device
    with kt.default_device(device):
        assert kt.arange(3).device == device


def test_scalars_do_not_promote(device):
    """NumPy's scalars are strong types to CuPy: rules use Python's."""
    x = leaf(device, VALUES, "float32")
    kt.sum(kt.special.erf(x) + kt.log10(x * x) + kt.std(x) + kt.linalg.vector_norm(x)).backward()
    assert x.grad.dtype == "float32"
