"""Examples in documents and docstrings run; the links and files that documents name are there."""

import doctest
import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

import keratorch

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    p for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if p.name != "CHANGELOG.md"
)
#: Modules of libraries that may be missing, without examples.
WITHOUT = r"backends\._(cupy|torch|jax|dask|array_api_strict)$|__main__"
for library in "cupy", "torch", "jax", "dask":
    if importlib.util.find_spec(library) is None:
        WITHOUT += rf"|keratorch\.{library}\b|backends\._{library}_|kernels\._{library}"


def not_imported(package):
    """Called where a package fails to be imported: only one that is left out may."""
    if not re.search(WITHOUT, package):
        raise


MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(keratorch.__path__, "keratorch.", not_imported)
    if not re.search(WITHOUT, m.name)
)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_document(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
    assert all(block.lstrip().startswith(">>>") for block in blocks), "an example that is not run"
    result = doctest.testfile(str(path), module_relative=False, encoding="utf-8")
    assert result.failed == 0
    assert result.attempted >= len(blocks)


class OwnDocstrings(doctest.DocTestFinder):
    """Finds the docstrings of a module, but not those of NumPy's functions in `keratorch.numpy`."""

    def _from_module(self, module, object):
        theirs = hasattr(object, "__wrapped__") and module.__name__.startswith(MIRRORS)
        return not theirs and super()._from_module(module, object)


MIRRORS = ("keratorch.numpy", "keratorch.cupy")


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner()
    for found in OwnDocstrings().find(module, module.__name__):
        runner.run(found)
    assert runner.summarize().failed == 0


def test_examples_in_docstrings_are_found():
    """Examples are written with >>>, so that the test above sees them."""
    found = [
        t for name in MODULES for t in OwnDocstrings().find(importlib.import_module(name), name)
    ]
    assert any(t.examples for t in found)
    for name in MODULES:
        source = Path(importlib.import_module(name).__file__).read_text(encoding="utf-8")
        assert not re.search(r"::\n\n +(?:class|def|>>>|import|with|x =)", source), name


def test_readme_opens_with_an_example_and_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    main_job, tests = re.findall(r"^```sh\n(.*?)\n```", text, re.S | re.M)
    assert "keratorch.examples.perceptron --device cpu" in main_job
    assert tests == "bash ci/run"
    assert tests in (ROOT / ".ci" / "run").read_text()


def test_commands_for_windows_are_those_of_the_workflow_and_are_said_to_be_untried():
    readme, contributing, workflow = (
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("README.md", "CONTRIBUTING.md", ".github/workflows/numpy.yml")
    )
    for text in readme, contributing:
        before, block = text.split("```powershell\n")
        assert "Nobody has tried" in before.rpartition("\n\n")[0].rpartition("\n\n")[2]
        for command in re.split(r"[;\n] *", block.partition("```")[0].strip()):
            assert f"run: {command}\n" in workflow, command


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=name_of)
def test_links_lead_to_files(path):
    prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
    prose = re.sub(r"`[^`\n]*`", "", prose)  # `f(x)[0](v)` is no link
    links = re.findall(r"\]\((?!\w+:)([^)#]*)[^)]*\)", prose)
    missing = [link for link in links if not (path.parent / link).exists()]
    assert not missing


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
ABOUT_THE_INSIDE = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "how-it-works.md",
    *DECISIONS,
]


@pytest.mark.parametrize("path", ABOUT_THE_INSIDE, ids=name_of)
def test_named_files_are_there(path):
    """A file is named from the root or from `keratorch/`, as in `core/engine.py`."""
    names = re.findall(r"`([\w./]+/(?:\w+\.\w+)?)`", path.read_text(encoding="utf-8"))
    missing = [n for n in names if not any((ROOT / at / n).exists() for at in ("", "keratorch"))]
    assert not missing


def test_contributing_names_every_module_of_the_core():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| file in `keratorch/core/` |")[2].partition("\n\n")[0]
    modules = {p.name for p in ROOT.glob("keratorch/core/*.py")} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", table)) == modules


@pytest.mark.parametrize("path", DECISIONS, ids=lambda p: p.stem)
def test_a_decision_has_its_parts_and_a_row_in_the_index(path):
    text = path.read_text(encoding="utf-8")
    parts = re.fullmatch(
        r"# (\d{4}): (.+)\n\n- Date: (\d{4}-\d\d-\d\d)\n- Status: (.+)\n"
        r"\n## Context\n\n.+\n\n## Decision\n\n.+\n\n## Consequences\n\n.+\n",
        text,
        re.S,
    )
    assert parts is not None
    number, title, date, status = (part.partition("\n")[0] for part in parts.groups())
    assert path.name.startswith(f"{number}-")
    row = f"| [{number}]({path.name}) | {title} | {date} | {status} |"
    assert row in (path.parent / "README.md").read_text(encoding="utf-8").splitlines()


def test_decisions_are_numbered_without_gaps():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
