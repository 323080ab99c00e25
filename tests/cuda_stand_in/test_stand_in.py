"""The stand-in itself: what it counts, which errors it raises, its devices, streams and cache."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import cupy
import numpy as np
import pytest
from cupy.cuda.runtime import CUDARuntimeError

from tests import cuda_stand_in
from tests.cuda_stand_in import _build, counters

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def x():
    """An array on device 0, with its kernels compiled."""
    return cupy.asarray(np.arange(12.0).reshape(3, 4))


@pytest.fixture
def y():
    """An array on device 1."""
    with cupy.cuda.Device(1):
        return cupy.asarray(np.arange(12.0).reshape(3, 4))


# -- counters ------------------------------------------------------------------------------------


def test_each_kernel_is_a_launch_with_its_name(x):
    with counters.watch() as seen:
        cupy.sin(x)
        x + 1
        x.sum()
    assert seen.launches == 3
    assert [name.split("__")[0] for name in seen.kernels] == ["cupy_sin", "cupy_add", "cupy_sum"]
    assert (seen.device_to_host, seen.host_to_device, seen.syncs) == (0, 0, 0)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x.get(), {"device_to_host": 1, "bytes_device_to_host": 96, "syncs": 1}),
        (lambda x: float(x.sum()), {"launches": 1, "device_to_host": 1, "syncs": 1}),
        (lambda x: bool(x[0, 0]), {"device_to_host": 1, "syncs": 1}),
        (lambda x: cupy.asarray(np.ones(3)), {"host_to_device": 1, "bytes_host_to_device": 24}),
        (lambda x: x[x > 3], {"launches": 3, "device_to_host": 1, "syncs": 1}),
        (lambda x: x @ x.T, {"library_calls": 1, "launches": 0, "syncs": 0}),
        (lambda x: x.copy(), {"launches": 1, "device_to_host": 0, "syncs": 0}),
        (lambda x: x.data.copy_from_device(x.data, 96), {"device_to_device": 1, "launches": 0}),
        (lambda x: cupy.cuda.Device().synchronize(), {"device_syncs": 1, "syncs": 1}),
        (lambda x: cupy.sort(x.ravel()), {"library_calls": 1, "syncs": 0}),
    ],
    ids=[
        "get",
        "float",
        "bool",
        "asarray",
        "mask",
        "matmul",
        "copy",
        "memcpy",
        "synchronize",
        "sort",
    ],
)
def test_copies_and_waits_are_counted(x, function, expected):
    function(x)
    with counters.watch() as seen:
        function(x)
    assert {name: getattr(seen, name) for name in expected} == expected


def test_the_counts_of_a_block_cannot_be_read_inside(x):
    with counters.watch() as seen, pytest.raises(AttributeError, match="has not ended"):
        seen.counts  # noqa: B018


def test_snapshots_can_be_subtracted(x):
    before = counters.snapshot()
    x * 2
    x * 2
    assert (counters.snapshot() - before).launches == 2


def test_memory_is_counted_by_device_and_returns():
    with counters.without_pool():
        before = counters.memory(0), counters.memory(1)
        counters.reset_peak(0)
        a = cupy.empty(1000, dtype="float32")
        b = cupy.empty(500, dtype="float32")
        during = counters.memory(0)
        assert during.bytes - before[0].bytes == 6000
        assert during.allocations - before[0].allocations == 2
        del a, b
        after = counters.memory(0)
        assert (after.bytes, after.allocations) == (before[0].bytes, before[0].allocations)
        assert after.peak == before[0].bytes + 6000
        assert counters.memory(1) == before[1]


def test_new_memory_is_not_zero():
    with counters.without_pool():
        assert np.isnan(cupy.empty(5).get()).all()


# -- errors --------------------------------------------------------------------------------------


def test_a_device_that_does_not_exist():
    with pytest.raises(CUDARuntimeError, match="cudaErrorInvalidDevice") as caught:
        cupy.cuda.Device(2).use()
    assert caught.value.status == 101
    with pytest.raises(CUDARuntimeError, match="cudaErrorInvalidDevice"), cupy.cuda.Device(7):
        pass
    assert cupy.cuda.runtime.getDevice() == 0
    with pytest.raises(ValueError, match="no device 2"):
        counters.memory(2)


def test_out_of_memory_and_the_device_goes_on(x):
    cupy.get_default_memory_pool().free_all_blocks()
    limit = counters.memory(0).bytes + 4096
    with counters.limit(limit):
        with pytest.raises(cupy.cuda.memory.OutOfMemoryError, match="8,388,608 bytes"):
            cupy.empty(1 << 20)
        free, total = cupy.cuda.runtime.memGetInfo()
        assert (free, total) == (limit - counters.memory(0).bytes, limit)
        assert float(x.sum()) == 66
    assert cupy.empty(1 << 20).nbytes == 8 << 20


def test_arrays_of_two_devices(x, y):
    with pytest.raises(ValueError, match="device where the array resides"):
        x + y
    assert not cupy.cuda.runtime.deviceCanAccessPeer(0, 1)
    assert cupy.array_equal(x, cupy.asarray(y))  # a copy


def test_a_kernel_given_another_devices_memory(x, y):
    source = 'extern "C" __global__ void one(double* x) { x[threadIdx.x] = 1; }'
    kernel = cupy.RawKernel(source, "one")
    with pytest.raises(CUDARuntimeError, match="cudaErrorIllegalAddress"):
        kernel((1,), (3,), (y,))
    assert y.get()[0, 1] == 1
    kernel((1,), (3,), (x,))
    assert x.get()[0].tolist() == [1, 1, 1, 3]


def test_libraries_given_another_devices_memory(x, y):
    with pytest.raises(cupy.cuda.cublas.CUBLASError, match="EXECUTION_FAILED"):
        cupy.matmul(x, y.T)
    with pytest.raises(CUDARuntimeError, match="cudaErrorIllegalAddress"):
        y.sort()


def test_a_block_that_is_too_large(x):
    kernel = cupy.RawKernel('extern "C" __global__ void none(double* x) {}', "none")
    with pytest.raises(CUDARuntimeError, match="cudaErrorInvalidValue"):
        kernel((1,), (1025,), (x,))


def test_source_that_does_not_compile():
    kernel = cupy.ElementwiseKernel("T x", "T y", "y = sinn(x)", "wrong")
    with pytest.raises(cupy.cuda.compiler.CompileException, match="sinn"):
        kernel(cupy.ones(2))


def test_what_is_not_supported_says_so():
    with pytest.raises(NotImplementedError, match="compiled device code"):
        cupy.random.default_rng(0)
    with pytest.raises(NotImplementedError, match="cannot load compiled ones"):
        cupy.cuda.function.Module().load(b"\x7fELF")


# -- users' kernels ------------------------------------------------------------------------------


def test_elementwise_reduction_and_fused_kernels(x):
    scaled = cupy.ElementwiseKernel(
        "T x, float64 s, raw T w", "T z", "z = s * x + w[i % 2]", "scaled"
    )
    w = cupy.asarray([1.0, -1.0])
    np.testing.assert_array_equal(scaled(x, 2.0, w).get(), 2 * x.get() + np.tile([1.0, -1], (3, 2)))
    length = cupy.ReductionKernel("T x", "T y", "x * x", "a + b", "y = sqrt(a)", "0", "length")
    np.testing.assert_allclose(length(x, axis=0).get(), np.linalg.norm(x.get(), axis=0))
    fused = cupy.fuse(kernel_name="fused")(lambda a, b: cupy.sqrt(a * a + b * b))
    with counters.watch() as seen:
        found = fused(x, x)
    np.testing.assert_allclose(found.get(), np.sqrt(2) * x.get())
    assert seen.kernels == ["fused"]


def test_a_module_of_templates_and_several_kernels(x):
    source = """
        template <class T, int n> __global__ void fill(T* x) { x[threadIdx.x] = T(n); }
        extern "C" __global__ void next(double* x) { x[threadIdx.x] += 1; }
        extern "C" __global__ void shared(double* x) {
            extern __shared__ double copy[];
            copy[threadIdx.x] = x[threadIdx.x];
            __syncthreads();
            x[threadIdx.x] = copy[blockDim.x - 1 - threadIdx.x];
        }
    """
    names = ["fill<float, 3>", "fill<double, 5>"]
    module = cupy.RawModule(code=source, options=("-std=c++17",), name_expressions=names)
    single = cupy.zeros(4, "float32")
    module.get_function(names[0])((1,), (4,), (single,))
    module.get_function(names[1])((1,), (4,), (x,))
    module.get_function("next")((1,), (2,), (x,))
    module.get_function("shared")((1,), (4,), (x,), shared_mem=32)
    assert single.get().tolist() == [3] * 4
    assert x.get()[0].tolist() == [5, 5, 6, 6]


# -- threads -------------------------------------------------------------------------------------


def run(source, name, blocks, threads, *arrays):
    kernel = cupy.RawKernel(f'extern "C" __global__ void {name}{source}', name)
    kernel((blocks,), (threads,), arrays)
    return [a.get() for a in arrays]


def test_barriers_and_shared_memory():
    source = """(double* x) {
        __shared__ double copy[64];
        int i = threadIdx.x;
        copy[i] = x[blockIdx.x * 64 + i];
        __syncthreads();
        x[blockIdx.x * 64 + i] = copy[63 - i];
    }"""
    values = np.arange(128.0)
    (found,) = run(source, "reverse", 2, 64, cupy.asarray(values))
    assert found.tolist() == values.reshape(2, 64)[:, ::-1].ravel().tolist()


def test_shuffles_and_votes_within_a_warp():
    source = """(double* x, unsigned* votes, double* up) {
        double v = x[threadIdx.x];
        up[threadIdx.x] = __shfl_up_sync(0xffffffff, v, 1);
        votes[threadIdx.x] = __ballot_sync(0xffffffff, v > 30);
        for (int step = 16; step; step /= 2) v += __shfl_xor_sync(0xffffffff, v, step);
        x[threadIdx.x] = v + __shfl_sync(0xffffffff, v, 0, 8) - __shfl_down_sync(0xffffffff, v, 1);
    }"""
    values = np.arange(64.0)
    arrays = [cupy.asarray(values), cupy.zeros(64, "uint32"), cupy.zeros(64)]
    found, votes, up = run(source, "shuffles", 1, 64, *arrays)
    assert found.tolist() == [sum(range(32))] * 32 + [sum(range(32, 64))] * 32
    assert votes.tolist() == [1 << 31] * 32 + [(1 << 32) - 1] * 32
    assert up.tolist() == [0, *range(31), 32, *range(32, 63)]


def test_atomics():
    source = """(int* total, unsigned* most, double* sum) {
        atomicAdd(total, threadIdx.x);
        atomicMax(most, threadIdx.x);
        atomicAdd(sum, 0.5);
    }"""
    arrays = [cupy.zeros(1, "int32"), cupy.zeros(1, "uint32"), cupy.zeros(1)]
    total, most, half = run(source, "count", 2, 100, *arrays)
    assert (total[0], most[0], half[0]) == (9900, 99, 100)


def test_a_barrier_that_not_all_threads_reach_fails():
    stuck = """(double* x) {
        if (threadIdx.x == 0) __syncwarp();
        else __syncthreads();
    }"""
    with pytest.raises(CUDARuntimeError, match="cudaErrorLaunchFailure"):
        run(stuck, "stuck", 1, 2, cupy.zeros(1))
    assert float(cupy.ones(3).sum()) == 3


# -- devices, streams, events --------------------------------------------------------------------


def test_two_devices_compute(y):
    with cupy.cuda.Device(1):
        z = cupy.exp(y) @ y.T
    assert z.device.id == 1
    np.testing.assert_allclose(z.get(), np.exp(y.get()) @ y.get().T)
    attributes = cupy.cuda.runtime.pointerGetAttributes(z.data.ptr)
    assert (attributes.device, attributes.type) == (1, 2)
    assert cupy.cuda.runtime.getDeviceProperties(1)["name"] == b"stand-in on the CPU"


def test_launches_are_known_by_stream_and_device(x, y):
    stream = cupy.cuda.Stream(non_blocking=True)
    with counters.watch() as seen:
        x + 1
        with stream:
            x + 1
            cupy.sin(x)
        with cupy.cuda.Device(1):
            y + 1
    assert seen.launches_by_stream == {0: 2, stream.ptr: 2}
    assert [launch.device for launch in seen.log] == [0, 0, 0, 1]


def test_a_stream_belongs_to_its_device(y):
    stream = cupy.cuda.Stream()
    with pytest.raises(CUDARuntimeError, match="InvalidResourceHandle"), cupy.cuda.Device(1):
        cupy.cuda.runtime.eventRecord(cupy.cuda.Event().ptr, stream.ptr)


def test_events_measure_time_and_streams_wait(x):
    start, end, other = cupy.cuda.Event(), cupy.cuda.Event(), cupy.cuda.Stream()
    start.record()
    for _ in range(10):
        x = x + 1
    end.record()
    other.wait_event(end)
    with counters.watch() as seen:
        end.synchronize()
        other.synchronize()
    assert 0 < cupy.cuda.get_elapsed_time(start, end) < 60_000
    assert (seen.event_syncs, seen.stream_syncs) == (1, 1)
    assert end.done and other.done


def test_random_numbers_are_seeded():
    first = cupy.random.RandomState(3).normal(size=2000).get()
    again = cupy.random.RandomState(3).normal(size=2000).get()
    assert (first == again).all()
    assert abs(first.mean()) < 0.1 and abs(first.std() - 1) < 0.1
    cupy.random.seed(0)
    uniform = cupy.random.rand(2000).get()
    assert 0 <= uniform.min() < 0.01 and 0.99 < uniform.max() < 1


# -- installing ----------------------------------------------------------------------------------


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


COMPILES = """
    from tests import cuda_stand_in
    cuda_stand_in.install()
    import cupy
    assert float(cupy.sin(cupy.ones(3)).sum()) > 2
    print(cuda_stand_in.compiled())
"""


def test_a_second_process_compiles_nothing(tmp_path):
    cache = {"KERATORCH_STAND_IN_CACHE": str(tmp_path / "cache")}
    first, second = python(COMPILES, **cache), python(COMPILES, **cache)
    assert first.returncode == 0, first.stderr
    assert int(first.stdout) == 3  # fill, sin, sum
    assert int(second.stdout) == 0, second.stderr
    assert not list((tmp_path / "cache").rglob("*.tmp"))


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("import cupy", "before CuPy is imported"),
        ("import os; os.environ['CXX'] = 'no-such-compiler'", "g++, which is not installed"),
        ("cuda_stand_in.CUPY = '13.1'", "is made for cupy-cuda12x 13.1, and cupy-cuda12x 14.2"),
        ("cuda_stand_in._gpus = lambda: 1", "there is a GPU here"),
    ],
    ids=["late", "compiler", "version", "gpu"],
)
def test_installing_where_it_cannot_be(before, message):
    result = python(f"from tests import cuda_stand_in\n{before}\ncuda_stand_in.install()")
    assert result.returncode == 1
    assert "CannotInstall: " in result.stderr
    assert message in result.stderr.splitlines()[-1]


PYTORCH = """
    import sys
    sys.path.insert(0, {folder!r})
    from tests import cuda_stand_in
    cuda_stand_in.install()
    import torch
    print(torch.asked())
    import cupy, cupyx.scipy.sparse as sparse
    print((sparse.csr_matrix(cupy.eye(2)) @ cupy.ones(2)).tolist())
"""


def test_pytorch_for_cuda_can_be_imported_beside_it(tmp_path):
    """PyTorch asks for the same CUDA libraries, and for functions that CuPy does not ask for."""
    soname, build = "libcusparse.so.12", _build.build
    versions = _build.write(tmp_path / "versions.map", f"{soname} {{ global: *; }};")
    flags = (f"-Wl,-soname,{soname}", f"-Wl,--version-script={versions}")
    name = "cusparseNobodyElseAsksForThis"
    theirs = _build.write(tmp_path / "theirs.cpp", f'extern "C" int {name}() {{ return 0; }}')
    library = build(tmp_path / soname, [theirs], flags)
    package = tmp_path / "packages" / "torch"
    (package / "lib").mkdir(parents=True)
    ours = f'extern "C" {{ int {name}(); int asked() {{ return {name}(); }} }}'
    source = _build.write(tmp_path / "torch.cpp", ours)
    user = build(package / "lib" / "libtorch_cuda.so", [source, library])
    init = f"import ctypes\nasked = ctypes.CDLL({str(user)!r}).asked\n"
    _build.write(package / "__init__.py", init)
    result = python(PYTORCH.format(folder=str(package.parent)))
    not_supported = "10"  # CUSPARSE_STATUS_NOT_SUPPORTED
    assert result.stdout.split("\n")[:2] == [not_supported, "[1.0, 1.0]"], result.stderr


def test_it_is_installed():
    assert cuda_stand_in.installed()
    assert cupy.cuda.runtime.getDeviceCount() == 2
    assert cupy._core.get_routine_accelerators() == []


# -- NVRTC ---------------------------------------------------------------------------------------

CHECKS = """
    from tests import cuda_stand_in
    cuda_stand_in.install(nvrtc=("80", "90"))
    import cupy
    cupy.sin(cupy.ones(3)).sum()
    print(cuda_stand_in.checked(), flush=True)
    # The compiler of the host has this function; CUDA has not.
    cupy.ElementwiseKernel("T x", "T y", "y = std::riemann_zeta(x)", "wrong")(cupy.ones(2))
"""


def test_nvrtc_checks_each_source_once_and_refuses(tmp_path):
    from tests.cuda_stand_in import _nvrtc

    reason = _nvrtc.why_not()
    if reason is not None:
        pytest.skip(reason)
    cache = {"KERATORCH_STAND_IN_CACHE": str(tmp_path / "cache")}
    first, second = python(CHECKS, **cache), python(CHECKS, **cache)
    assert (first.stdout.strip(), second.stdout.strip()) == ("6", "0"), first.stderr
    for result in (first, second):
        assert result.returncode == 1
        assert "riemann_zeta" in result.stderr
        assert "CompileException" in result.stderr
