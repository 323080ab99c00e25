"""A stand-in for CUDA on the CPU: CuPy itself, unmodified, on machines without a GPU.

    from tests import cuda_stand_in

    cuda_stand_in.install(devices=2)  # before CuPy is imported
    import cupy

    with cuda_stand_in.counters.watch() as seen:
        y = cupy.sin(x) + 1
    assert (seen.launches, seen.device_to_host, seen.syncs) == (2, 0, 0)  # see `Counts`
    assert seen.launches_by_stream == {0: 2}
    seen.kernels  # their names, in order

``pytest --cuda-stand-in`` installs it, and runs the device tests on ``cuda:0`` and ``cuda:1``.
A test that must count skips itself where `installed()` is false.

What is real: all of CuPy, its kernels' source included; the shapes, strides, dtypes, devices and
streams that it hands to CUDA; which memory of which device a kernel is given. What is not: device
memory is memory of the host, and everything is done when it is asked for, one thread after another.
Races, asynchrony, speed, NVIDIA's mathematical functions and the rounding of its compiler (which
contracts to FMA) are not proven by it, nor is anything inside the libraries below.

The parts
    `_runtime`, `csrc/memory.cpp`, `streams.cpp`, `launch.cpp`
        CUDA's runtime and driver, as far as CuPy calls them. Errors are those of CUDA: a device
        that does not exist, memory that is not there (`counters.limit` sets how much there is), a
        stream of another device, a block too large, a barrier that not all threads reach, a
        pointer into another device's memory (in a kernel's or library's arguments; what a kernel
        computes from them is not looked at). New memory is filled with NaN. There is no access
        between devices.
    `_kernels`, `csrc/cuda.h`
        Kernels, compiled by g++ on first use and kept in ``~/.cache/keratorch/cuda_stand_in`` (or
        the folder that KERATORCH_STAND_IN_CACHE names), by hash of source, headers and compiler.
        Threads of a block are fibers where the kernel has barriers or shuffles, a plain loop where
        not.
    `_libraries`, `csrc/cublas.cpp` and so on
        Shared libraries in the place of cuBLAS, cuSOLVER, cuSPARSE, cuFFT and cuRAND, which
        compute on the host. CuPy's use of them is real; what they compute is ours, or LAPACK's as
        SciPy has it.
    `_device_code`
        `cupy.cuda.thrust` (sorts) computes on the host; `cupy.random.default_rng` raises. CUB is
        switched off (``CUPY_ACCELERATORS=""``), so that reductions are CuPy's own kernels.
    `_nvrtc`
        Whether NVRTC, which needs no GPU, accepts the same source (`install(nvrtc=…)`, or
        ``pytest --nvrtc 80,90``). It refuses what g++ may accept, and is what a GPU would need.

`test_against_numpy.py` compares the whole with NumPy, function by function.
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

#: The CuPy that the stand-in is made for: it replaces what CuPy keeps to itself.
PACKAGE, CUPY = "cupy-cuda12x", "14.2"

_installed = False


class CannotInstall(RuntimeError):
    """Why the stand-in cannot be used here."""


def installed() -> bool:
    """Whether CUDA is the stand-in in this process."""
    return _installed


def compiled() -> int:
    """How many kernels this process compiled, and did not find compiled."""
    return _kernels.statistics.compiled


checked = _nvrtc.checked


def _check(force: bool) -> None:
    if sys.modules.get("cupy") is not None:
        raise CannotInstall("the CUDA stand-in must be installed before CuPy is imported")
    found = [d for d in metadata.distributions() if (d.name or "").startswith("cupy")]
    if not found or "cupy" in sys.modules:  # None there says that it must not be imported
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
    """Make CuPy, when it is imported, run on the CPU.

    devices : how many there are. memory : bytes of each (`counters.limit` changes it for a block).
    nvrtc : compute capabilities ("80", "90") for which NVRTC must accept each kernel too.
    force : also where there is a GPU. Raises `CannotInstall` with the reason where it cannot be.
    """
    global _installed
    if _installed:
        return
    _check(force)
    # CUB and cuTENSOR are compiled device code; without them CuPy generates kernels of its own.
    os.environ["CUPY_ACCELERATORS"] = ""
    library = _runtime.load()
    _runtime.put_in_place(library, devices, memory)
    _kernels.put_in_place(library)
    counters.attach(library)
    _libraries.load()
    _kernels.replace_compiler()
    _libraries.import_users()
    _device_code.put_in_place()
    if nvrtc and (reason := _nvrtc.why_not()) is not None:
        raise CannotInstall(reason)
    _nvrtc.use(nvrtc)
    _installed = True
