"""What must be in a source archive and in a wheel: `python ci/archives.py TREE SDIST WHEEL`.

TREE is a clone, or a folder with the files of a commit and nothing else.
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

#: What a build adds to the files of the tree.
MADE = {"PKG-INFO", "setup.cfg", "keratorch_autograd.egg-info/SOURCES.txt"}

#: What tools leave in a tree.
LEFT_BEHIND = re.compile(
    r"(build|dist|[^/]+\.egg-info|\.venv[^/]*|\.hypothesis|\.ruff_cache)/|(.+/)?(__pycache__|\.pytest_cache)/"
)


def files(tree: Path, *options: str) -> set[str]:
    """The files of the project: those that git lists, in a clone."""
    if (tree / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", *options]
        listed = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True)
        names = {name for name in listed.stdout.split("\0") if (tree / name).is_file()}
    else:
        names = {p.relative_to(tree).as_posix() for p in tree.rglob("*") if p.is_file()}
    return {name for name in names if not LEFT_BEHIND.match(name)} - MADE


def of_sdist(path: Path) -> set[str]:
    """The files of a source archive, without its folder."""
    with tarfile.open(path) as tar:
        return {m.name.partition("/")[2] for m in tar.getmembers() if m.isfile()}


def of_wheel(path: Path) -> set[str]:
    """The files of a wheel, without its metadata."""
    with zipfile.ZipFile(path) as wheel:
        return {name for name in wheel.namelist() if ".dist-info/" not in name}


def differences(tree: Path, sdist: Path, wheel: Path) -> list[str]:
    """What is missing, and what is there without a reason."""
    required, allowed = files(tree), files(tree, "--others", "--exclude-standard")
    module = re.compile(r"keratorch/(.+\.pyi?|py\.typed)").fullmatch
    found = []
    for path, there, belongs in [
        (sdist, of_sdist(sdist) - MADE, bool),
        (wheel, of_wheel(wheel), module),
    ]:
        missing, strange = (
            set(filter(belongs, required)) - there,
            there - set(filter(belongs, allowed)),
        )
        found += [f"{path.name} lacks {name}" for name in sorted(missing)]
        found += [f"{path.name} has {name}" for name in sorted(strange)]
    return found


def relative_links(wheel: Path) -> list[str]:
    """The links of the README in the metadata that lead nowhere on the page of the index."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = email.message_from_string(archive.read(name).decode("utf-8"))
    if metadata["Description-Content-Type"] != "text/markdown":
        return ["the README is not marked as Markdown"]
    prose = re.sub(r"^```.*?^```", "", metadata.get_payload(), flags=re.S | re.M)
    return [f"a relative link: {link}" for link in re.findall(r"\]\((?![a-z]+:|#)[^)]*\)", prose)]


if __name__ == "__main__":
    tree, sdist, wheel = map(Path, sys.argv[1:])
    if wrong := differences(tree, sdist, wheel) + relative_links(wheel):
        sys.exit("\n".join(wrong))
