"""A stand-in for CUDA on the CPU: it runs unmodified CuPy on machines without a GPU.

    from tests import cuda_stand_in

    cuda_stand_in.install(devices=2)  # before CuPy is imported
    import cupy

    with cuda_stand_in.counters.watch() as seen:
        y = cupy.sin(x) + 1
    assert (seen.launches, seen.device_to_host, seen.syncs) == (2, 0, 0)  # see `Counts`
    assert seen.launches_by_stream == {0: 2}
    seen.kernels  # their names, in order

``pytest --cuda-stand-in`` installs it, and runs the device tests on ``cuda:0`` and ``cuda:1``.
A test that needs the counters skips itself if `installed()` is false.

These are real: all of CuPy, with the source of its kernels; the shapes, strides, dtypes, devices
and streams that CuPy passes to CUDA; which memory of which device each kernel gets. These are not:
device memory is memory of the host, and every call is done at once, one thread after another. So
the stand-in proves nothing about races, asynchrony, speed, NVIDIA's mathematical functions, the
rounding of NVIDIA's compiler (which contracts to FMA), or the inside of the libraries below.

The parts
    `_runtime`, `csrc/memory.cpp`, `streams.cpp`, `launch.cpp`
        The functions of CUDA's runtime and driver that CuPy calls. They raise CUDA's errors for a
        device that does not exist, for too little memory (`counters.limit` sets how much there
        is), a stream of another device, a block that is too large, a barrier that not all threads
        reach, and a pointer into another device's memory. They check pointers in the arguments of
        a kernel or a library, but not those that a kernel computes. New memory is filled with NaN.
        There is no access between devices.
    `csrc/capture.cpp`
        CUDA graphs. What is launched on a captured stream is kept and done at each replay. CUDA's
        errors are raised for waits, host copies, allocations and streams that it refuses there.
        Unlike CUDA, the stand-in refuses calls of libraries in a capture.
    `_kernels`, `csrc/cuda.h`
        Kernels. g++ compiles each on first use. They are kept in
        ``~/.cache/keratorch/cuda_stand_in`` (or the folder that KERATORCH_STAND_IN_CACHE names), by
        hash of source, headers and compiler. If a kernel has barriers or shuffles, the threads of
        a block are fibers; else they run in a plain loop.
    `_libraries`, `csrc/cublas.cpp` and so on
        Shared libraries that replace cuBLAS, cuSOLVER, cuSPARSE, cuFFT and cuRAND, and compute on
        the host. CuPy's calls of them are real; the computations are ours, or those of SciPy's
        LAPACK.
    `_device_code`
        `cupy.cuda.thrust` (sorts) computes on the host; `cupy.random.default_rng` raises.
    `csrc/include/cub`
        CUB's parts of a kernel. As on a GPU, CuPy makes CUB's kernels of reductions of one array
        along 128 contiguous elements or more; here they are compiled with these parts, and NVRTC
        gets the same kernels with CUB's own. CUB's functions for whole arrays (`sum`, `prod` and
        cumulative sums without an axis) are compiled device code, and are switched off.
    `_nvrtc`
        Checks that NVRTC, which needs no GPU, accepts the same source (`install(nvrtc=…)`, or
        ``pytest --nvrtc 80,90``). A GPU needs NVRTC, which refuses some source that g++ accepts.

`test_against_numpy.py` compares the stand-in with NumPy, function by function.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from importlib import metadata

from . import _build, _device_code, _kernels, _libraries, _nvrtc, _runtime
from ._counters import Counts, Launch, Memory, counters

__all__ = [
    "CannotInstall",
    "Counts",
    "Launch",
    "Memory",
    "checked",
    "compiled",
    "counters",
    "install",
    "installed",
]

#: The CuPy that the stand-in is made for: it replaces private parts of CuPy.
PACKAGE, CUPY = "cupy-cuda12x", "14.2"

_installed = False


class CannotInstall(RuntimeError):
    """The stand-in cannot be used here; the message gives the reason."""


def installed() -> bool:
    """Whether CUDA is the stand-in in this process."""
    return _installed


def compiled() -> int:
    """How many kernels this process compiled because they were not in the cache."""
    return _kernels.statistics.compiled


checked = _nvrtc.checked


def _check(force: bool) -> None:
    if sys.modules.get("cupy") is not None:
        raise CannotInstall("the CUDA stand-in must be installed before CuPy is imported")
    found = [d for d in metadata.distributions() if (d.name or "").startswith("cupy")]
    if not found or "cupy" in sys.modules:  # None there forbids the import
        raise CannotInstall(f"CuPy is not installed: pip install '{PACKAGE}=={CUPY}.*'")
    if found[0].name != PACKAGE or not found[0].version.startswith(f"{CUPY}."):
        raise CannotInstall(
            f"the CUDA stand-in is made for {PACKAGE} {CUPY}, and {found[0].name} "
            f"{found[0].version} is installed"
        )
    if importlib.util.find_spec("scipy") is None:
        raise CannotInstall("the stand-in for cuSOLVER needs SciPy: pip install scipy")
    try:
        _build.compiler()
    except _build.BuildError as error:
        raise CannotInstall(str(error)) from None
    if not force and _gpus():
        raise CannotInstall(
            "there is a GPU here that CUDA can use: run pytest --device cuda, which proves more"
        )


def _gpus() -> int:
    """How many GPUs the real driver finds."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value


def install(
    devices: int = 2,
    memory: int = 8 << 30,
    nvrtc: tuple[str, ...] = (),
    force: bool = False,
) -> None:
    """Make CuPy run on the CPU. Call this before CuPy is imported.

    devices : the number of devices.
    memory : the bytes of each device (`counters.limit` changes them for a block).
    nvrtc : compute capabilities ("80", "90") for which NVRTC must accept each kernel too.
    force : install even if there is a GPU.

    Raises `CannotInstall` with the reason if the stand-in cannot be used here.
    """
    global _installed
    if _installed:
        return
    _check(force)
    # CUB's functions for whole arrays and cuTENSOR are compiled device code.
    os.environ["CUPY_ACCELERATORS"] = ""
    library = _runtime.load()
    _runtime.put_in_place(library, devices, memory)
    _kernels.put_in_place(library)
    counters.attach(library)
    _libraries.load()
    _kernels.replace_compiler()
    _libraries.import_users()
    _device_code.put_in_place()
    _device_code.use_cub()
    if nvrtc and (reason := _nvrtc.why_not()) is not None:
        raise CannotInstall(reason)
    _nvrtc.use(nvrtc)
    _installed = True
