"""Check that NVRTC accepts the kernels for real GPUs. NVRTC needs no GPU or driver, only a library:

    pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12

Each distinct source is compiled once for each architecture. Accepted sources are remembered beside
the compiled kernels.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from . import _build

#: Compute capabilities such as "80".
_architectures: tuple[str, ...] = ()
_checked = 0


def use(architectures: tuple[str, ...]) -> None:
    global _architectures
    _architectures = architectures


def checked() -> int:
    """How many programs this process gave to NVRTC, counted once for each architecture."""
    return _checked


def why_not() -> str | None:
    """The reason if NVRTC cannot be used here; else `None`."""
    from cupy_backends.cuda.libs import nvrtc

    try:
        nvrtc.getVersion()
    except Exception as error:
        return (
            f"NVRTC cannot be loaded ({error}): "
            "pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12"
        )
    return None


@functools.cache
def _headers(*options: str) -> Path:
    """A folder of this process for the headers that NVRTC precompiles with these options."""
    folder = Path(tempfile.mkdtemp(prefix="keratorch-nvrtc-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def check(source: str, options: tuple[str, ...], names: Any) -> None:
    """Raise CuPy's `CompileException` if NVRTC refuses the program for one of the architectures."""
    global _checked
    if not _architectures:
        return
    import cupy
    from cupy.cuda import compiler
    from cupy_backends.cuda.libs import nvrtc

    defines = [o for o in options if not o.startswith("-I")]
    for architecture in _architectures:
        about = (cupy.__version__, str(nvrtc.getVersion()), architecture, *defines)
        key = _build.digest(*about, *(names or ()), source)
        accepted = _build.cache() / "nvrtc" / key[:2] / key
        if accepted.exists():
            continue
        pch = ("--pch", f"--pch-dir={_headers(architecture, *options)}")
        compiler._compile_using_nvrtc_no_warning(
            source, (*options, "-ftz=true", *pch), architecture, "kernel.cu", names
        )
        _checked += 1
        accepted.parent.mkdir(parents=True, exist_ok=True)
        accepted.touch()
