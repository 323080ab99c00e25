"""Replace CUDA's functions with the stand-in's.

When CuPy's extension modules are imported, they look for the functions of
`cupy_backends.cuda.api.runtime` and `.driver` in the tables of C functions (`__pyx_capi__`) of
these two modules. Before anything else is imported, this module fills the tables, and the Python
functions beside them, with functions of `csrc/`. The functions raise the Python exceptions of those
that they replace.
"""

from __future__ import annotations

import ctypes as C
import functools
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from . import _build

#: CUDA's name of a function -> its name in C++, where C's library has a function of CUDA's name.
RENAMED = {"malloc": "malloc_", "free": "free_", "memcpy": "memcpy_", "memset": "memset_"}

RUNTIME = """
_ensure_context _deviceEnsurePeerAccess deviceCanAccessPeer deviceEnablePeerAccess
deviceGetAttribute deviceSynchronize driverGetVersion eventCreate eventCreateWithFlags
eventDestroy eventElapsedTime eventQuery eventRecord eventSynchronize free freeHost getDevice
getDeviceCount getDeviceProperties graphDestroy graphExecDestroy graphInstantiate graphLaunch
graphUpload hostAlloc malloc memGetInfo memcpy memcpyAsync memcpyPeer
memcpyPeerAsync memset memsetAsync pointerGetAttributes pointerGetMemoryType setDevice
streamBeginCapture streamCreate streamCreateWithFlags streamCreateWithPriority streamDestroy
streamEndCapture streamGetFlags streamGetPriority streamIsCapturing streamQuery streamSynchronize
streamWaitEvent
"""

DRIVER = """
ctxGetCurrent ctxGetDevice funcGetAttribute funcSetAttribute launchCooperativeKernel launchKernel
moduleGetFunction moduleLoadData moduleUnload occupancyMaxActiveBlocksPerMultiprocessor
occupancyMaxPotentialBlockSize
"""

TYPES = {
    "PyObject *": C.py_object,
    "int": C.c_int,
    "intptr_t": C.c_ssize_t,
    "size_t": C.c_size_t,
    "unsigned int": C.c_uint,
    "float": C.c_float,
}

#: Replaced capsules, and the names that new capsules point to: kept alive for ever.
_kept: list[Any] = []


def _function(name: str, kind: Any, argtypes: list[Any] | None = None) -> Any:
    function = getattr(C.pythonapi, name)
    function.restype = kind
    function.argtypes = argtypes
    return function


_capsule_name = _function("PyCapsule_GetName", C.c_char_p, [C.py_object])
_new_capsule = _function("PyCapsule_New", C.py_object, [C.c_void_p, C.c_void_p, C.c_void_p])
_keep_for_ever = _function("Py_IncRef", None, [C.py_object])


HEADERS = ("python.h", "stand_in.h", "runtime.h", "device.h", "capture.h")
PARTS = ("memory.cpp", "streams.cpp", "launch.cpp", "capture.cpp")


@functools.cache
def runtime_path() -> Path:
    """The library of the stand-in's runtime, compiled if it is not in the cache."""
    parts = _build.sources(*PARTS)
    path = _build.cache() / f"runtime-{_build.digest(*parts, *_build.sources(*HEADERS))}.so"
    if not path.exists():
        _build.build(path, parts, ("-O2", "-Wl,-soname,libcuda_stand_in.so"))
    return path


def _signature(capsule: Any) -> tuple[Any, list[Any], bool]:
    """The return type and argument types of Cython's C function, and whether it is overridable."""
    text = _capsule_name(capsule).decode()
    result, arguments = re.fullmatch(r"(.*?) ?\((.*)\)", text).groups()
    kinds = [a.strip() for a in arguments.split(",")]
    overridable = "int __pyx_skip_dispatch" in kinds
    kinds = [k for k in kinds if k not in ("void", "int __pyx_skip_dispatch")]
    kinds = [k for k in kinds if "__pyx_opt_args" not in k]
    if result.startswith("struct __pyx_obj"):
        result = "PyObject *"
    return TYPES[result], [TYPES[k] for k in kinds], overridable


def replace(module: ModuleType, library: C.PyDLL, name: str) -> None:
    """Replace `module.name`, for C and for Python, with the function of `library`."""
    table = module.__pyx_capi__
    old = table[name]
    result, arguments, overridable = _signature(old)
    symbol = RENAMED.get(name, name)
    address = C.cast(getattr(library, symbol), C.c_void_p)
    text = C.create_string_buffer(_capsule_name(old))
    # CuPy's destructors call these functions until the very end of the interpreter.
    for kept in (old, text):
        _kept.append(kept)
        _keep_for_ever(kept)
    table[name] = _new_capsule(address, C.addressof(text), None)
    if not hasattr(module, name):
        return
    extra = (0,) * overridable
    call = C.PYFUNCTYPE(result, *arguments, *([C.c_int] * overridable))(address.value)
    if name == "streamWaitEvent":
        call = C.PYFUNCTYPE(result, *arguments, C.c_int, C.c_void_p)(address.value)

        def function(stream: int, event: int, flags: int = 0) -> Any:
            return call(stream, event, 0, None)
    elif name == "streamBeginCapture":
        call = C.PYFUNCTYPE(result, *arguments, C.c_int, C.c_void_p)(address.value)

        def function(stream: int, mode: int = 2) -> Any:
            return call(stream, 0, C.addressof((C.c_int * 2)(1, mode)))
    else:

        def function(*args: Any) -> Any:
            return call(*args, *extra)

    function.__name__ = name
    setattr(module, name, function)


def put_in_place(library: C.PyDLL, devices: int, memory: int) -> None:
    """Replace CUDA's runtime and driver, before any other part of CuPy is imported."""
    from cupy_backends.cuda.api import driver, runtime

    library.stand_in_set_up.argtypes = [C.c_int, C.c_size_t, C.py_object, C.py_object]
    library.stand_in_set_up(devices, memory, runtime.CUDARuntimeError, runtime.PointerAttributes)
    for module, names in ((runtime, RUNTIME), (driver, DRIVER)):
        for name in names.split():
            replace(module, library, name)


def load() -> C.PyDLL:
    """The runtime's functions. Calls of them hold the interpreter's lock, and may raise."""
    return C.PyDLL(str(runtime_path()))
