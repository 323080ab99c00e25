"""What pyproject.toml promises, compared with the source tree and with what an import does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]

# Array libraries, and what is imported with them or by the examples.
HEAVY = {
    *("array_api_strict", "cupy", "cupyx", "dask", "jax", "jaxlib", "ndonnx", "sparse", "torch"),
    *("matplotlib", "pandas", "scipy", "sklearn", "tensorflow", "tqdm", "xarray"),
}


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter, in the root of the repository."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version, without zeros at the end: "2.0" and "2" are one version."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def versions(requirements: list[str], operator: str) -> dict[str, tuple[int, ...]]:
    """The version that each requirement names after the operator, by name."""
    pattern = re.compile(rf"([\w-]+){operator}([\d.]+)")
    matches = [pattern.fullmatch(requirement) for requirement in requirements]
    assert all(matches), f"each of {requirements} should read name{operator}version"
    return {match[1]: release(match[2]) for match in matches if match}


def test_oldest_constraints_are_the_lower_bounds():
    lines = (ROOT / "ci/oldest.txt").read_text(encoding="utf-8").splitlines()
    pinned = versions([line for line in lines if line and not line.startswith("#")], "==")
    bounds = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["examples"]
    assert pinned == versions(bounds, ">=")


def test_every_package_on_disk_is_listed():
    on_disk = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for init in (ROOT / "keratorch").rglob("__init__.py")
    }
    assert sorted(SETUPTOOLS["packages"]) == sorted(on_disk)


def test_every_module_is_in_a_package():
    for module in (ROOT / "keratorch").rglob("*.py"):
        assert (module.parent / "__init__.py").is_file(), f"{module} is in no package"


def test_a_clone_needs_no_symlink():
    """Git makes no symlinks on Windows, unless it is told to."""
    links = [path for path in (ROOT / "keratorch").rglob("*") if path.is_symlink()]
    assert links == []


def test_typing_marker_is_shipped():
    assert (ROOT / "keratorch/py.typed").is_file()
    assert "py.typed" in SETUPTOOLS["package-data"]["keratorch"]
    assert "*.pyi" in SETUPTOOLS["package-data"]["*"]


@pytest.mark.parametrize("statement", ["import keratorch", "import keratorch.backends"])
def test_import_brings_no_array_library_but_numpy(statement: str):
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    imported = set(result.stdout.split())
    assert "keratorch" in imported
    assert imported.isdisjoint(HEAVY), f"{statement} imports {sorted(imported & HEAVY)}"
