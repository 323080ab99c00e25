"""Every example in the documents and docstrings runs, and prints what it says."""

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
        WITHOUT += rf"|keratorch\.{library}\b|backends\._{library}_|kernels\.{library}"


def not_imported(package):
    """Called where a package fails to be imported: only one that is left out may."""
    if not re.search(WITHOUT, package):
        raise


MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(keratorch.__path__, "keratorch.", not_imported)
    if not re.search(WITHOUT, m.name)
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_document(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
    assert all(block.lstrip().startswith(">>>") for block in blocks), "an example that is not run"
    result = doctest.testfile(str(path), module_relative=False, encoding="utf-8")
    assert result.failed == 0
    assert result.attempted >= len(blocks)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.failed == 0


def test_examples_in_docstrings_are_found():
    """Examples are written with >>>, so that the test above sees them."""
    attempted = sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES)
    assert attempted > 0
    for name in MODULES:
        source = Path(importlib.import_module(name).__file__).read_text(encoding="utf-8")
        assert not re.search(r"::\n\n +(?:class|def|>>>|import|with|x =)", source), name


def test_readme_opens_with_an_example_and_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    main_job, tests = re.findall(r"^```sh\n(.*?)\n```", text, re.S | re.M)
    assert "keratorch.examples.perceptron --device cpu" in main_job
    assert tests == "bash ci/run"
    assert tests in (ROOT / ".ci" / "run").read_text()
