"""The version of keratorch, and the places that repeat it. `keratorch/_version.py` decides.

python ci/versions.py                      do the places agree, and what is left before a release
python ci/versions.py v0.1.0               the same for this tag: nothing may be left
python ci/versions.py --set 0.2.0 DATE     writes a version and the date of its release everywhere
"""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

from set_repository import PLACEHOLDER, address

ROOT = Path(__file__).resolve().parents[1]
#: What pages say as long as there is no release.
EARLY = re.compile(r"[Tt]here is no release yet|PATH_OF_THE_CLONE")
VERSION = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"


def read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def only(pattern: str, text: str, what: str) -> str:
    """What the pattern finds: once, or there is an error."""
    found = re.findall(pattern, text, re.M)
    if len(found) != 1:
        raise ValueError(f"{what} stands {len(found)} times, in place of once")
    return found[0]


def version(root: Path = ROOT) -> str:
    text = read(root, "keratorch/_version.py")
    return only(rf'^__version__ = "({VERSION})"$', text, "__version__ in keratorch/_version.py")


def changelog(root: Path = ROOT) -> list[tuple[str, str, str]]:
    """The sections of the changelog: name, date and text. The first name is Unreleased."""
    headings_and_texts = re.split(r"^## (.*)\n", read(root, "CHANGELOG.md"), flags=re.M)[1:]
    sections = []
    for heading, text in zip(headings_and_texts[::2], headings_and_texts[1::2], strict=True):
        named = re.fullmatch(r"\[(\S+)\](?: - (.+))?", heading)
        name, date = named.groups(default="") if named else (f"## {heading}", "")
        sections.append((name, date, text.strip()))
    return sections


def disagreements(root: Path = ROOT) -> list[str]:
    """What is wrong at any time."""
    now = version(root)
    citation, recipe = read(root, "CITATION.cff"), read(root, "ci/conda/recipe.yaml")
    places = {
        "CITATION.cff": only(r"^version: (.+)$", citation, "version in CITATION.cff"),
        "ci/conda/recipe.yaml": only(r'^  version: "(.+)"$', recipe, "version in the recipe"),
    }
    found = [
        f"{place} has the version {there}, and keratorch/_version.py has {now}"
        for place, there in places.items()
        if there != now
    ]
    sections = changelog(root)
    if not sections or sections[0][:2] != ("Unreleased", ""):
        found.append("the first section of CHANGELOG.md is not [Unreleased]")
    for name, date, _ in sections[1:]:
        if not re.fullmatch(VERSION, name) or not is_date(date):
            found.append(f"CHANGELOG.md: {name} {date} is not [VERSION] - YYYY-MM-DD")
    cited = re.findall(r"^date-released: (\S+)", citation, re.M)
    dates = [date for name, date, _ in sections if name == now]
    if cited != dates:
        found.append(
            f"the version {now} has the date {dates} in CHANGELOG.md, {cited} in CITATION.cff"
        )
    return found


def is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def left(root: Path = ROOT) -> list[str]:
    """What is to be done before a release."""
    now, sections = version(root), changelog(root)
    found = []
    if address(root) == PLACEHOLDER:
        found.append("say where the repository is: python ci/set_repository.py OWNER/NAME")
    if now not in [name for name, _, _ in sections]:
        found.append(f"give the release its date: python ci/versions.py --set {now} YYYY-MM-DD")
    elif sections and sections[0][2]:
        found.append(f"CHANGELOG.md has changes since {now}: raise the version with --set")
    pages = [*root.glob("*.md"), *root.glob("docs/*.md")]
    if early := [p for p in sorted(pages) if EARLY.search(p.read_text(encoding="utf-8"))]:
        names = ", ".join(path.relative_to(root).as_posix() for path in early)
        found.append(f"say how to install a release, and that there is one: {names}")
    return found


def replace(root: Path, name: str, pattern: str, new: str) -> None:
    text = read(root, name)
    only(pattern, text, f"{pattern} in {name}")
    text = re.sub(pattern, lambda _: new, text, flags=re.M)
    (root / name).write_text(text, encoding="utf-8", newline="\n")


def set_version(new: str, date: str, root: Path = ROOT) -> None:
    """Write the version and the date of its release in every place."""
    if not re.fullmatch(VERSION, new):
        raise ValueError(f"{new!r} is no version such as 0.2.0 or 0.2.0rc1")
    if not is_date(date):
        raise ValueError(f"{date!r} is no date such as 2026-01-31")
    if new in [name for name, _, _ in changelog(root)]:
        raise ValueError(f"CHANGELOG.md has the version {new} already")
    replace(root, "keratorch/_version.py", r"^__version__ = .*$", f'__version__ = "{new}"')
    replace(root, "CITATION.cff", r"^version: .*$", f"version: {new}")
    replace(root, "CITATION.cff", r"^(?:# )?date-released: .*$", f"date-released: {date}")
    replace(root, "ci/conda/recipe.yaml", r'^  version: ".*"$', f'  version: "{new}"')
    heading = f"## [Unreleased]\n\n## [{new}] - {date}"
    replace(root, "CHANGELOG.md", r"^## \[Unreleased\]$", heading)


def main(arguments: list[str]) -> None:
    tags: list[str] = []
    match arguments:
        case ["--set", new, date]:
            set_version(new, date)
        case [] | [""]:
            pass
        case [tag] if not tag.startswith("-"):
            tags = [tag]
        case _:
            sys.exit(__doc__)
    wrong, open_ends = disagreements(), left()
    wrong += [
        f"the tag {tag} is not v{version()}, the version" for tag in tags if tag != f"v{version()}"
    ]
    if tags:
        wrong, open_ends = wrong + open_ends, []
    if wrong:
        sys.exit("ci/versions.py: " + "\nci/versions.py: ".join(wrong))
    print(*(f"left: {line}" for line in open_ends), sep="\n", end="\n" if open_ends else "")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ValueError as error:
        sys.exit(f"ci/versions.py: {error}")
