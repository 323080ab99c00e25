"""Stand-ins for CUDA's libraries, which compute on the host.

Each is a shared library with the name (soname) that CuPy's extension modules ask for, and is loaded
before them. A function that CuPy may call and that `csrc/` lacks returns the library's own "not
supported". If PyTorch is installed in its build for CUDA, it asks for the same names and gets these
libraries; so that it can be imported, they also have the functions that PyTorch may call.
"""

from __future__ import annotations

import ctypes as C
import functools
import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import _build, _runtime


@dataclass(frozen=True)
class Library:
    """One of CUDA's libraries: its soname, the modules that use it, its "not supported" status."""

    name: str
    soname: str
    users: tuple[str, ...]
    unsupported: int
    headers: tuple[str, ...] = ("stand_in.h",)


#: The libraries without code of ours are needed because the others depend on them.
LIBRARIES = (
    Library("nvJitLink", "libnvJitLink.so.12", (), 0),
    Library("cublasLt", "libcublasLt.so.12", (), 15),
    Library(
        "cusparse",
        "libcusparse.so.12",
        ("cupy_backends.cuda.libs.cusparse",),
        10,
        ("stand_in.h", "dense.h"),
    ),
    Library(
        "cublas",
        "libcublas.so.12",
        ("cupy_backends.cuda.libs.cublas",),
        15,
        ("stand_in.h", "dense.h"),
    ),
    Library(
        "cusolver",
        "libcusolver.so.11",
        ("cupy_backends.cuda.libs.cusolver", "cupyx._cusolver"),
        9,
        ("stand_in.h", "dense.h"),
    ),
    Library("cufft", "libcufft.so.11", ("cupy.cuda.cufft",), 16),
    Library("curand", "libcurand.so.10", ("cupy_backends.cuda.libs.curand",), 201),
)

#: Letters of types -> LAPACK's routines for them; some are for real or complex numbers alone.
LAPACK = {
    "sdcz": ("potrf", "geqrf", "gesvd", "geev"),
    "sd": ("orgqr", "ormqr", "syevd"),
    "cz": ("ungqr", "unmqr", "heevd"),
}

_loaded: list[Any] = []


def _extension(module: str) -> Path:
    """The file of an extension module, without importing CuPy."""
    package, *rest = module.split(".")
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent.joinpath(*rest[:-1])
    (found,) = folder.glob(f"{rest[-1]}.*.so")
    return found


@functools.cache
def _pytorch() -> tuple[Path, ...]:
    """PyTorch's libraries, and NVIDIA's that come with PyTorch, without importing PyTorch."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return ()
    package = Path(spec.origin).parent
    found = (package.glob("lib/libtorch_*.so"), package.parent.glob("nvidia/*/lib/libcu*.so*"))
    return tuple(sorted(path for paths in found for path in paths))


def _build_library(library: Library) -> Path:
    users = (*map(_extension, library.users), *_pytorch())
    wanted = {name for user in users for name in _build.undefined(user, library.soname)}
    source = _build.SOURCES / f"{library.name}.cpp"
    text = source.read_text() if source.exists() else ""
    headers = _build.sources(*library.headers)
    key = _build.digest(text, *headers, library.soname, *sorted(wanted))
    folder = _build.cache() / f"{library.name}-{key}"
    path = folder / library.soname
    if path.exists():
        return path
    folder.mkdir(exist_ok=True)
    flags = ["-O2", f"-Wl,-soname,{library.soname}"]
    runtime = _runtime.runtime_path()
    parts: list[Path] = []
    if text:
        parts = [folder / "own.o"]
        _build.build(parts[0], [source], ("-O2", "-c"))
        wanted -= set(_build.defined(parts[0]))
    stubs = "".join(
        f"int {name}() {{ return {library.unsupported}; }}\n" for name in sorted(wanted)
    )
    parts.append(_build.write(folder / "stubs.cpp", f'extern "C" {{\n{stubs}}}\n'))
    versions = _build.write(folder / "versions.map", f"{library.soname} {{ global: *; }};\n")
    flags.append(f"-Wl,--version-script={versions}")
    return _build.build(path, [*parts, runtime], flags)


def load() -> None:
    """Load all libraries, so that the dynamic linker finds them when CuPy asks for them."""
    for library in LIBRARIES:
        loaded = C.CDLL(str(_build_library(library)), C.RTLD_GLOBAL)
        _loaded.append(loaded)
        if library.name == "cusolver":
            _give_lapack(loaded)


def import_users() -> None:
    """Import the modules that use the libraries; CuPy would first look for CUDA's own files."""
    for library in LIBRARIES:
        for user in library.users:
            importlib.import_module(user)


def _give_lapack(cusolver: Any) -> None:
    from scipy.linalg import cython_lapack

    name_of = C.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = C.c_char_p, [C.py_object]
    address_of = C.pythonapi.PyCapsule_GetPointer
    address_of.restype, address_of.argtypes = C.c_void_p, [C.py_object, C.c_char_p]
    cusolver.stand_in_set_lapack.argtypes = [C.c_char_p, C.c_void_p]
    for types, names in LAPACK.items():
        for name in (t + n for n in names for t in types):
            capsule = cython_lapack.__pyx_capi__[name]
            cusolver.stand_in_set_lapack(name.encode(), address_of(capsule, name_of(capsule)))
