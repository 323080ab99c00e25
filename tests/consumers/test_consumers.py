"""`docs/consumers.md` says what is so, and no consumer loses a gradient in silence."""

from __future__ import annotations

import importlib.util
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from tests.consumers import table
from tests.consumers.case import BACKENDS, REASONS, reason_of

FAULTS = ("wrong", "lost")


def documented(group: str) -> list[str]:
    """The lines of a group's section in the document."""
    text = table.DOCUMENT.read_text(encoding="utf-8")
    body = text.partition(f"\n## {group}\n")[2].partition("\n## ")[0]
    return [line for line in body.splitlines() if line]


def row_cells(line: str) -> list[str]:
    """The cells of a row; ``the same`` written out."""
    cells = [c.strip() for c in line.strip("|").split(" | ")]
    return [cells[0], cells[1], *(cells[1] if c == "the same" else c for c in cells[2:])]


def same_version(group: str) -> bool:
    """Whether the library is of the version that the document speaks of."""
    distribution = table.GROUPS[group][1]
    return any(
        line.startswith(f"{distribution} {version(distribution)};") for line in documented(group)
    )


def is_installed(group: str) -> bool:
    try:
        version(table.GROUPS[group][1])
    except PackageNotFoundError:
        return False
    return True


def test_what_consumers_do(samples):
    """Every case: no wrong value or derivative, none lost; and what the document says.

    Other versions of a library may refuse more or less than the document says. All groups are
    computed in one process: imports take most of its time.
    """
    asked = {
        group: [b for b in table.backends_of(group) if importlib.util.find_spec(b) is not None]
        for group in table.GROUPS
        if is_installed(group)
    }
    try:
        found = table.outcomes_apart(asked)
    except RuntimeError:  # one group is to blame: the others are looked at all the same
        found = {}
    for group in table.GROUPS:
        samples.check(group, check_group, group, asked.get(group), found.get(group))


def check_group(group: str, backends: list[str] | None, found: Any) -> None:
    if backends is None:
        pytest.skip(f"not installed: {table.GROUPS[group][1]}")
    if found is None:
        found = table.outcomes_apart({group: backends})[group]
    assert any(outcome.verdict != "absent" for row in found.values() for outcome in row.values())
    faults = {
        (name, backend): outcome.detail
        for name, row in found.items()
        for backend, outcome in row.items()
        if outcome.verdict in FAULTS
    }
    if not same_version(group):
        # An error that the table has no words for is a refusal as well.
        faults = {k: d for k, d in faults.items() if "Error: " not in d}
        assert not faults
        return
    assert not faults
    columns = [list(table.backends_of(group)).index(b) for b in backends]
    lines = [line for line in documented(group) if line.startswith("| `")]
    assert len(lines) == len(found)
    for line, (name, row) in zip(lines, found.items(), strict=True):
        first, *cells = row_cells(line)
        assert first.partition("`")[2].partition("`")[0] == name.partition(",")[0]
        expected = [table.cell(row[b]) for b in backends]
        assert [cells[i] for i in columns] == expected, (
            f"{name} does not do what docs/consumers.md says: if that is right, write the page "
            "anew with python -m tests.consumers, which needs PyTorch"
        )


def test_the_document_has_every_group():
    text = table.DOCUMENT.read_text(encoding="utf-8")
    assert text.startswith(table.HEAD)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [*table.GROUPS]
    never = (*FAULTS, "absent")  # of the releases that it names, all functions are there
    assert not any(f" {n}" in line for line in text.splitlines() for n in never if "|" in line)


def test_unknown_errors_are_faults():
    assert reason_of(KeyError("x")) is None
    assert reason_of(TypeError("np.asarray of a tracked array")) is None
    assert all(kind and pattern and words for kind, pattern, words in REASONS)
    assert set(BACKENDS) >= set(table.ONLY["xarray"])
