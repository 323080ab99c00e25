"""Compile kernels for the host, from the same source that CuPy would give to NVRTC."""

from __future__ import annotations

import ctypes as C
import functools
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import _build, _nvrtc, _runtime

#: No optimisation: with the tests' small arrays, it takes more time than it saves.
OPTIMISE = ("-O0",)
HEADERS = ("cuda.h", "special.h", "device.h")
#: The headers that kernels with CUB's parts include too.
CUB = ("include/cub/block/block_load.cuh", "include/cub/block/block_reduce.cuh")
#: If the threads of a kernel wait for one another, they are fibers; else they run in a plain loop.
BARRIER = re.compile(r"__(syncthreads|syncwarp|shfl|ballot_sync|any_sync|all_sync)")
DYNAMIC_SHARED = re.compile(
    r"extern\s+__shared__\s+(?:__align__\s*\(\d+\)\s*)?([\w:<>, ]+?)\s+(\w+)\s*\[\s*\]\s*;"
)


@dataclass
class Module:
    """A program: its source and the options for the compiler."""

    source: str
    options: tuple[str, ...]


@dataclass
class Statistics:
    """How many kernels this process compiled, and how many it found in the cache."""

    compiled: int = 0
    found: int = 0


statistics = Statistics()
_modules: dict[int, Module] = {}
_numbers = itertools.count(1)
_libraries: list[Any] = []
#: Address of a function -> its program and its name there.
_programs: dict[int, tuple[Module, str]] = {}


@functools.cache
def include_flags() -> tuple[str, ...]:
    from cupy._core import core

    return (
        f"-I{_build.SOURCES / 'include'}",
        f"-I{_build.SOURCES}",
        f"-I{core._get_header_dir_path()}",
    )


@functools.cache
def headers_digest() -> str:
    """A hash of the headers that every kernel includes; CuPy's version stands for its headers."""
    import cupy

    flags = (*_build.FLAGS, *OPTIMISE, cupy.__version__)
    return _build.digest(*_build.sources(*HEADERS), *flags)


@functools.cache
def precompiled_header() -> Path:
    """The folder of the precompiled header."""
    place = _build.digest(headers_digest(), *include_flags())  # the result has paths in it
    folder = _build.cache() / f"header-{place}"
    header = folder / "cuda.h"
    compiled = folder / "cuda.h.gch"
    if not compiled.exists():
        folder.mkdir(exist_ok=True)
        _build.write(header, f'#include "{_build.SOURCES / "cuda.h"}"\n')
        flags = (*OPTIMISE, *include_flags(), "-x", "c++-header")
        _build.build(compiled, [header], flags)
    return header


def host_source(module: Module, name: str) -> str:
    """The source of one kernel's library: CuPy's source, and the name of the kernel to run."""
    source = DYNAMIC_SHARED.sub(
        r"static \1* const \2 = reinterpret_cast<\1*>(stand_in_shared);", module.source
    )
    return f"{source}\nSTAND_IN_KERNEL({name})\n"


def compile_kernel(module: Module, name: str) -> Path:
    """The library of one kernel, compiled if it is not in the cache."""
    return _compiled(module, host_source(module, name))


def _compiled(module: Module, source: str) -> Path:
    defines = [o for o in module.options if o.startswith("-D")]
    includes = [o for o in module.options if o.startswith("-I")]
    parts = _build.sources(*CUB) if "<cub/" in source else []
    digest = _build.digest(headers_digest(), source, *defines, *parts)
    path = _build.cache() / "kernels" / digest[:2] / f"{digest}.so"
    if path.exists():
        statistics.found += 1
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _build.write(path.with_suffix(".cpp"), source)
    flags = (*OPTIMISE, "-fpermissive", "-include", str(precompiled_header()))
    flags += (*include_flags(), *defines, *includes, "-Wl,-s")
    _build.build(path, [text, _runtime.runtime_path()], flags)
    statistics.compiled += 1
    return path


def load_module(image: bytes) -> int:
    """The driver's `moduleLoadData`: the image is the number that `compile_` wrote."""
    try:
        return int(bytes(image).removeprefix(b"stand-in:"))
    except ValueError:
        raise NotImplementedError(
            "the CUDA stand-in runs kernels from their source; it cannot load compiled ones"
        ) from None


def get_function(number: int, name: Any) -> int:
    """The driver's `moduleGetFunction`."""
    from cupy.cuda.compiler import CompileException

    name = name.decode() if isinstance(name, bytes) else name
    module = _modules[number]
    try:
        path = compile_kernel(module, name)
        library = C.CDLL(str(path))
        pointers = library.stand_in_kernel_pointers
    except (_build.BuildError, OSError, AttributeError) as error:
        raise CompileException(str(error), module.source, name, module.options, "g++") from None
    _libraries.append(library)
    address = [C.cast(f, C.c_void_p).value for f in (library.stand_in_kernel, pointers)]
    barriers = BARRIER.search(module.source) is not None
    function = _new_function(*address, barriers, name.encode())
    _programs[function] = module, name
    return function


#: The sizes of a kernel's arguments, which a capture copies.
SIZES = """
template <class... A> static int stand_in_sizes_of(void (*)(A...), std::size_t* found) {{
    ((*found++ = sizeof(A)), ...);
    return sizeof...(A);
}}
extern "C" int stand_in_sizes(std::size_t* found) {{ return stand_in_sizes_of({name}, found); }}
"""


def find_sizes(function: int) -> None:
    """Tell the runtime the sizes of the arguments of a kernel, from a small library of its own."""
    module, name = _programs[function]
    source = module.source + SIZES.format(name=name)
    library = C.CDLL(str(_compiled(Module(source, module.options), source)))
    sizes = (C.c_size_t * 256)()
    _runtime.load().stand_in_set_sizes(C.c_ssize_t(function), sizes, library.stand_in_sizes(sizes))


def _new_function(*args: Any) -> int:
    raise RuntimeError("the CUDA stand-in is not installed")


def compile_(
    source: str,
    options: tuple[str, ...] = (),
    *,
    arch: Any = None,
    extra_source: str | None = None,
    backend: str = "nvrtc",
    enable_cooperative_groups: bool = False,
    name_expressions: Any = None,
    log_stream: Any = None,
    jitify: bool = False,
    to_ltoir: bool = False,
) -> Any:
    """Replaces `cupy.cuda.compiler._compile_module_with_cache`."""
    from cupy.cuda import function

    _nvrtc.check(source, tuple(options), name_expressions)
    number = next(_numbers)
    _modules[number] = Module(source, tuple(options))
    module = function.Module()
    module._set_mapping({n: n for n in name_expressions} if name_expressions else None)
    module.load(b"stand-in:%d" % number)
    return module


def put_in_place(library: Any) -> None:
    """From now on this module compiles kernels, and `library` launches them."""
    global _new_function
    library.stand_in_set_loaders.argtypes = [C.py_object] * 3
    library.stand_in_set_loaders(load_module, get_function, find_sizes)
    _new_function = library.stand_in_new_function
    _new_function.restype = C.c_ssize_t
    _new_function.argtypes = [C.c_void_p, C.c_void_p, C.c_int, C.c_char_p]


def replace_compiler() -> None:
    from cupy.cuda import compiler

    compiler._compile_module_with_cache = compile_
