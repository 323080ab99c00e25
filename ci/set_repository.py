"""Says where the repository is. The address stands in `pyproject.toml` and in some other files.

    python ci/set_repository.py OWNER/NAME     on GitHub
    python ci/set_repository.py URL            the whole address, without a slash at its end
    python ci/set_repository.py                prints the address, and the files that have it

`[project.urls] Repository` in `pyproject.toml` is the address. Every other place is rewritten from
the old address to the new one. tests/unit/test_release.py fails if a place has another address.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The address until somebody says where the repository is. Nothing can be at it (RFC 2606).
PLACEHOLDER = "https://repository.invalid/keratorch"
#: Files that may name the repository. This script names the placeholder.
PLACES = [
    "*.md",
    "*.toml",
    "*.cff",
    ".github/**/*.md",
    ".github/**/*.y*ml",
    "ci/**/*.yaml",
    "docs/**/*.md",
]


def address(root: Path = ROOT) -> str:
    """The address of the repository."""
    with open(root / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"]


def whole(text: str) -> re.Pattern[str]:
    """Finds the address, but no longer name that begins with it."""
    return re.compile(rf"{re.escape(text)}(?![\w-])")


def places(root: Path = ROOT) -> Iterator[Path]:
    """The files that have the address."""
    pattern = whole(address(root))
    for path in sorted({path for place in PLACES for path in root.glob(place)}):
        if pattern.search(path.read_text(encoding="utf-8")):
            yield path


def set_address(new: str, root: Path = ROOT) -> list[Path]:
    """Write the new address in every place; returns the files that have changed."""
    if re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        new = f"https://github.com/{new}"
    if not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)+", new):
        raise ValueError(f"{new!r} is no OWNER/NAME, and no address such as {PLACEHOLDER}")
    old, changed = whole(address(root)), list(places(root))
    for path in changed:
        text = path.read_text(encoding="utf-8")
        path.write_text(old.sub(lambda _: new, text), encoding="utf-8", newline="\n")
    return changed


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            found = list(places())
        case [argument] if not argument.startswith("-"):
            try:
                found = set_address(argument)
            except ValueError as error:
                sys.exit(f"ci/set_repository.py: {error}")
        case _:
            sys.exit(__doc__)
    print(address(), *(path.relative_to(ROOT) for path in found), sep="\n  ")
