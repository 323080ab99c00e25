"""Compile with the system's C++ compiler, and keep the results on disk."""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SOURCES = Path(__file__).with_name("csrc")
#: The environment variable that names another folder for compiled code.
CACHE_VARIABLE = "KERATORCH_STAND_IN_CACHE"

FLAGS = ("-std=c++17", "-fPIC", "-shared", "-w", "-ffp-contract=off")


class BuildError(RuntimeError):
    """The compiler failed, or is not installed."""


@functools.cache
def compiler() -> str:
    found = shutil.which(os.environ.get("CXX", "g++"))
    if found is None:
        raise BuildError(
            "the CUDA stand-in compiles kernels with g++, which is not installed here "
            "(Debian and Ubuntu: apt install g++)"
        )
    return found


@functools.cache
def compiler_version() -> str:
    return subprocess.run(
        [compiler(), "--version"], capture_output=True, text=True, check=True
    ).stdout


def digest(*parts: str | Path) -> str:
    """A hash of texts and of the contents of files."""
    found = hashlib.sha256(compiler_version().encode())
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        found.update(b"%d:" % len(data) + data)
    return found.hexdigest()[:32]


def sources(*names: str) -> list[Path]:
    return [SOURCES / name for name in names]


@functools.cache
def cache() -> Path:
    """The folder of compiled code; the names in it are hashes of sources and compiler.

    The code is loaded into this process. So the folder must be the user's, and nobody else may
    write there. A folder that `KERATORCH_STAND_IN_CACHE` names and that is not so is refused. In
    place of another one, this process gets a new private folder, which it removes at its end.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:  # empty means none
        folder = _made(Path(chosen))
        why = why_unsafe(folder)
        if why is not None:
            raise BuildError(
                f"{CACHE_VARIABLE} names {folder}, and {why}: compiled code is loaded from there, "
                "so name a folder of your own, as one made with mkdir -m 700"
            )
        return folder
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    temporary = Path(tempfile.gettempdir(), f"keratorch-stand-in-{os.getuid()}")
    for place in (Path(base, "keratorch", "cuda_stand_in"), temporary):
        try:
            folder = _made(place)
        except OSError:  # the home folder is not writable
            continue
        if why_unsafe(folder) is None:
            return folder
    folder = Path(tempfile.mkdtemp(prefix="keratorch-stand-in-"))  # of mode 700
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _made(folder: Path) -> Path:
    """The folder, made if it is missing, so that only the user can read and write there."""
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder.resolve()


def why_unsafe(folder: Path) -> str | None:
    """Why another user could put code into `folder`; `None` if no other user can."""
    uid = os.getuid()
    for place in (folder, *folder.parents):
        found = place.stat()
        if found.st_uid != uid and (place == folder or found.st_uid != 0):
            return f"{place} belongs to another user"
        # In a folder with the sticky bit, as /tmp, nobody can replace what is another user's.
        sticky = place != folder and found.st_mode & stat.S_ISVTX
        if found.st_mode & 0o022 and not sticky:
            return f"other users can write into {place}"
    return None


def build(
    output: Path, inputs: Sequence[Path | str], flags: Sequence[str] = (), cwd: Path | None = None
) -> Path:
    """Compile `inputs` to `output`, whole or not at all, even if several processes do it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=output.parent, prefix=output.name, suffix=".tmp")
    os.close(handle)
    try:
        command = [compiler(), *FLAGS, *flags, "-o", name, *map(str, inputs)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
        if done.returncode:
            raise BuildError(f"{' '.join(command)}\n{done.stderr[:6000]}")
        os.replace(name, output)
    finally:
        Path(name).unlink(missing_ok=True)
    return output


def write(path: Path, text: str) -> Path:
    """Write a file, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.replace(name, path)
    return path


def undefined(library: Path, soname: str) -> set[str]:
    """The functions that `library` takes from the library `soname`, which is their version too."""
    symbols = (s.partition("@") for s in _symbols(library, "-D", "--undefined-only"))
    return {name for name, _, version in symbols if version.strip("@") == soname}


def defined(part: Path) -> set[str]:
    """The functions that an object file has."""
    return set(_symbols(part, "--defined-only"))


@functools.cache
def _symbols(path: Path, *options: str) -> list[str]:
    nm = shutil.which("nm")
    if nm is None:
        raise BuildError("the CUDA stand-in needs nm of the GNU binutils, which is not installed")
    command = [nm, *options, str(path)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split()[-1] for line in listing.splitlines()]


if sys.platform != "linux":  # pragma: no cover
    raise ImportError("the CUDA stand-in is for Linux")
