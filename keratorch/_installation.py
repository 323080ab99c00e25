"""Whether another package called `keratorch` is installed beside this library.

This library is distributed as `keratorch-autograd`. `keratorch` on the package index is a wrapper
for PyTorch. Its folder is `keraTorch`, which is our folder where the file system ignores case.
Early copies of this library were called `keratorch` too. The two are told apart by their files.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterable

from .errors import InstallationWarning

#: The folder in which an installer describes an installed package called `keratorch`.
_METADATA = re.compile(r"keratorch-(?P<version>[^-]+)(-py.*)?\.(dist|egg)-info", re.IGNORECASE)
#: Where that folder lists the files of the package.
_LISTS = ("RECORD", "installed-files.txt", "SOURCES.txt")
#: Files that the wrapper for PyTorch has and this library does not have, and the reverse.
_FOREIGN = frozenset(["_nbdev.py", "activations.py", "losses.py"])
_OURS = frozenset(["errors.py", "py.typed"])
#: The folder of this library. `pathlib` would make the import slower.
OWN = os.path.dirname(os.path.abspath(__file__))
_REINSTALL = f"{sys.executable} -m pip install --force-reinstall --no-deps keratorch-autograd"


def warn_of_others() -> None:
    """Issue an `InstallationWarning` for each package that `others` finds on `sys.path`."""
    for message in others(sys.path, OWN):
        # Python leaves out its own frames of an import: the third frame imports keratorch.
        warnings.warn(message, InstallationWarning, stacklevel=3)


def others(folders: Iterable[object], own: str | os.PathLike[str]) -> list[str]:
    """Other packages called `keratorch` in `folders`: one text each, with how to remove it.

    `own` is the folder of this library.
    """
    own = os.fspath(own)
    found: list[str] = []
    mixed = _names(own) >= _FOREIGN
    # An import leaves out entries of `sys.path` that are no strings.
    for folder in dict.fromkeys(folder for folder in folders if isinstance(folder, str)):
        for name in sorted(_names(folder or os.curdir)):
            match = _METADATA.fullmatch(name)
            if match is None:
                continue
            version = f"keratorch {match['version']} in {folder or os.getcwd()}"
            files = _files(os.path.join(folder, name))
            if files >= _FOREIGN:
                removal = _removal(folder, name, _FOREIGN)
                found.append(_foreign(version, removal, own if mixed else None))
                mixed = False
            elif files >= _OURS:
                shared = _same(folder or os.curdir, os.path.dirname(own))
                found.append(_early(version, _removal(folder, name, _OURS), shared))
    if mixed:
        found.append(_foreign("keratorch", _uninstall(sys.executable), own))
    return found


def _uninstall(python: str) -> str:
    return f"{python} -m pip uninstall keratorch"


def _removal(folder: str, metadata: str, marks: frozenset[str]) -> str:
    """How to remove the package with the files `marks` that lies in `folder`.

    The pip of an environment leaves alone what lies outside of the environment.
    """
    if sys.prefix == sys.base_prefix or _inside(folder, sys.prefix):
        return _uninstall(sys.executable)
    if _inside(folder, sys.base_prefix):  # the environment sees the packages of its Python
        return _uninstall(getattr(sys, "_base_executable", None) or "python")
    paths = {name: os.path.join(os.path.abspath(folder), name) for name in _names(folder or ".")}
    packages = (name for name in paths if name.lower() == "keratorch")
    gone = [paths[name] for name in sorted(packages) if _names(paths[name]) >= marks]
    return f"delete {' and '.join([*gone, paths[metadata]])}, for pip does not do so"


def _inside(folder: str, prefix: str) -> bool:
    folder, prefix = os.path.realpath(folder), os.path.realpath(prefix)
    return folder == prefix or folder.startswith(os.path.join(prefix, ""))


def _foreign(version: str, removal: str, mixed_with: str | None) -> str:
    text = (
        f"{version} is another project, a wrapper for PyTorch; this library is distributed as "
        f"keratorch-autograd. Remove the other one: {removal}"
    )
    if mixed_with:
        text += f". Its files lie among those of this library, in {mixed_with}: then {_REINSTALL}"
    return text


def _early(version: str, removal: str, shared: bool) -> str:
    text = (
        f"{version} is an early copy of this library, which is distributed as keratorch-autograd "
        f"now. Remove the early copy: {removal}"
    )
    if shared:
        text += f". This removes files that both have: then {_REINSTALL}"
    return text


def _files(metadata: str) -> frozenset[str]:
    """The names of the files in the top folder of an installed package called `keratorch`."""
    for name in _LISTS:
        try:
            lines = _read(os.path.join(metadata, name)).splitlines()
        except OSError:
            continue
        paths = [line.split(",")[0].replace("\\", "/").split("/")[-2:] for line in lines]
        files = frozenset(p[1] for p in paths if len(p) == 2 and p[0].lower() == "keratorch")
        return files or _linked(metadata)
    return _linked(metadata)


def _linked(metadata: str) -> frozenset[str]:
    """As `_files`, for an editable installation: the files are in the folder that it links to."""
    # These modules are slow to import, and seldom needed.
    import json
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        url = json.loads(_read(os.path.join(metadata, "direct_url.json")))["url"]
        source = url2pathname(urlsplit(str(url)).path)
    except (OSError, ValueError, LookupError, TypeError):
        return frozenset()
    packages = (name for name in _names(source) if name.lower() == "keratorch")
    return frozenset().union(*(_names(os.path.join(source, name)) for name in packages))


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except (OSError, ValueError):  # a zip file, no folder, or no name that a file can have
        return frozenset()


def _same(one: str, other: str) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


__all__ = ["OWN", "others", "warn_of_others"]
