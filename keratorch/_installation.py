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
_UNINSTALL = f"{sys.executable} -m pip uninstall keratorch"
_REINSTALL = f"{sys.executable} -m pip install --force-reinstall --no-deps keratorch-autograd"


def warn_of_others() -> None:
    """Issue an `InstallationWarning` for each package that `others` finds on `sys.path`."""
    for message in others(sys.path, OWN):
        # Python leaves out its own frames of an import: the third frame imports keratorch.
        warnings.warn(message, InstallationWarning, stacklevel=3)


def others(folders: Iterable[str], own: str | os.PathLike[str]) -> list[str]:
    """Other packages called `keratorch` in `folders`: one text each, with how to remove it.

    `own` is the folder of this library.
    """
    own = os.fspath(own)
    found: list[str] = []
    mixed = _names(own) >= _FOREIGN
    for folder in dict.fromkeys(folders):
        for name in sorted(_names(folder or os.curdir)):
            match = _METADATA.fullmatch(name)
            if match is None:
                continue
            version = f"keratorch {match['version']} in {folder or os.getcwd()}"
            files = _files(os.path.join(folder, name))
            if files >= _FOREIGN:
                found.append(_foreign(version, own if mixed else None))
                mixed = False
            elif files >= _OURS:
                found.append(
                    _early(version, shared=_same(folder or os.curdir, os.path.dirname(own)))
                )
    if mixed:
        found.append(_foreign("keratorch", own))
    return found


def _foreign(version: str, mixed_with: str | None) -> str:
    text = (
        f"{version} is another project, a wrapper for PyTorch; this library is distributed as "
        f"keratorch-autograd. Remove the other one: {_UNINSTALL}"
    )
    if mixed_with:
        text += f". Its files lie among those of this library, in {mixed_with}: then {_REINSTALL}"
    return text


def _early(version: str, shared: bool) -> str:
    text = (
        f"{version} is an early copy of this library, which is distributed as keratorch-autograd "
        f"now. Remove the early copy: {_UNINSTALL}"
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
    except (OSError, ValueError, LookupError, TypeError):
        return frozenset()
    source = url2pathname(urlsplit(str(url)).path)
    packages = (name for name in _names(source) if name.lower() == "keratorch")
    return frozenset().union(*(_names(os.path.join(source, name)) for name in packages))


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:  # a zip file, or a folder that is not there
        return frozenset()


def _same(one: str, other: str) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


__all__ = ["OWN", "others", "warn_of_others"]
