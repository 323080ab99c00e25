"""`ci/run`: which steps it runs, in which order, and what it says of a step that it does not know.

Its Python is a stand-in, which writes down what it is called with.
"""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = os.name == "posix" and shutil.which("bash")
pytestmark = pytest.mark.skipif(not HERE, reason="ci/run needs POSIX and bash")
PYTHON = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in *"$FAILS"*) echo "said by what fails"; exit 1 ;; esac
"""


#: The modules that the step `types` runs, before ci/type_completeness.py.
TYPES = ["pyright", "pyright", "mypy"]


@pytest.fixture
def ci_run(tmp_path):
    """Runs `ci/run` with the stand-in; returns the result and the calls."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    calls = tmp_path / "calls"

    def run(*arguments, fails="nothing at all", script="ci/run", **environment):
        calls.write_text("", encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KERATORCH_", "PIP_"))}
        given = {"CALLS": str(calls), "FAILS": fails, "KERATORCH_VENV": str(tmp_path / "venv")}
        result = subprocess.run(
            ["bash", script, *arguments],
            cwd=ROOT, env={**kept, **given, **environment}, capture_output=True, text=True,
        )  # fmt: skip
        return result, calls.read_text(encoding="utf-8").splitlines()

    return run


def modules(calls):
    """The modules that Python was to run, without those of setup."""
    found = [re.match(r"-m ([\w.]+)", call) for call in calls]
    return [m[1] for m in found if m and m[1] != "pip"]


def installed(calls):
    return [call.partition("version-check ")[2] for call in calls if "pip install" in call]


def test_steps_run_in_the_order_in_which_they_are_named(ci_run):
    result, calls = ci_run("tests", "lint", "types")
    assert result.returncode == 0, result.stdout + result.stderr
    assert modules(calls) == ["pytest", "ruff", *TYPES]
    assert installed(calls) == ["-e .[dev]"]
    steps = re.findall(r"^<<< (\S+): ok, \d+ s$", result.stdout, re.M)
    assert steps == ["setup", "tests", "lint", "types"]
    assert result.stdout.endswith("ci/run: all is well\n")


def test_a_step_that_takes_longer_than_its_part_of_cis_time_is_told(ci_run, tmp_path):
    text = (ROOT / "ci" / "run").read_text(encoding="utf-8")
    script = tmp_path / "clone" / "ci" / "run"
    script.parent.mkdir(parents=True)
    script.write_text(text.replace(" lint=10 ", " lint=-1 "), encoding="utf-8")
    (tmp_path / "clone" / "pyproject.toml").write_text("", encoding="utf-8")
    result, _ = ci_run("lint", "format", script=str(script))
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.findall(r"<<< (\S+): ok, \d+ s\n    more than the (-?\d+) s that", result.stdout) == [
        ("lint", "-1")
    ]


def test_what_follows_two_dashes_goes_to_pytest(ci_run):
    _, calls = ci_run("tests", "--", "-k", "matmul and numpy")
    assert calls[-1] == "-m pytest --brief -n auto -k matmul and numpy"


def test_single_steps_do_not_set_up_again_what_is_there(ci_run):
    ci_run("lint")
    _, calls = ci_run("lint")
    assert installed(calls) == []
    _, calls = ci_run("lint", KERATORCH_EXTRA_REQUIREMENTS="torch")
    assert installed(calls) == ["-e .[dev] torch"]
    _, calls = ci_run("setup", "lint", KERATORCH_EXTRA_REQUIREMENTS="torch")
    assert installed(calls) == ["-e .[dev] torch"]


def test_all_backends_are_installed_where_asked_for(ci_run):
    _, calls = ci_run("--all-backends", "lint")
    (requirements,) = installed(calls)
    assert {"torch", "jax", "dask", "cupy"} <= {*re.findall("[a-z]+", requirements)}
    line = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert line.rstrip().endswith("bash ci/run --all-backends")
    skipped = "lint format types scripts tests cuda-stand-in wheel"
    result, calls = ci_run(script=".ci/run", KERATORCH_SKIP=skipped)
    assert result.returncode == 0
    assert installed(calls) == [requirements]


@pytest.mark.parametrize("wrong", ["lnt", "-k", "--full"])
def test_an_unknown_step_is_an_error_that_lists_the_steps(ci_run, wrong):
    result, calls = ci_run("lint", wrong)
    assert result.returncode == 2
    assert calls == []
    assert f"there is no step {wrong}; the steps are: setup lint format types" in result.stderr


def test_all_steps_run_and_the_output_of_one_that_fails_is_shown(ci_run):
    result, calls = ci_run("lint", "types", "tests", fails="-m ruff")
    assert result.returncode == 1
    assert modules(calls) == ["ruff", *TYPES, "pytest"]
    assert "said by what fails\n<<< lint: FAILED" in result.stdout
    assert result.stdout.endswith("ci/run: FAILED: lint\n")


@pytest.mark.parametrize(
    "part", ["--level error", "--project tests/typed", "mypy", "ci/type_completeness.py"]
)
def test_each_part_of_the_types_counts(ci_run, part):
    result, calls = ci_run("types", fails=part)
    assert result.returncode == 1
    assert modules(calls) == TYPES
    assert calls[-1] == "ci/type_completeness.py"
    assert result.stdout.endswith("ci/run: FAILED: types\n")


def test_a_setup_that_fails_ends_it(ci_run):
    result, calls = ci_run("lint", fails="pip install")
    assert result.returncode == 1
    assert modules(calls) == []
    assert result.stdout.endswith("ci/run: FAILED: setup\n")


def test_steps_may_be_left_out(ci_run):
    result, calls = ci_run("lint", "types", KERATORCH_SKIP="setup types")
    assert result.returncode == 0
    assert calls == ["-m ruff check --quiet ."]


@pytest.mark.parametrize("fails", ["nothing at all", "shellcheck", "dependabot", "citation"])
def test_scripts_and_the_files_of_github_are_checked_with_what_setup_installs(
    ci_run, tmp_path, fails
):
    for checker in "shellcheck", "check-jsonschema", "actionlint":
        path = tmp_path / "venv" / "bin" / checker
        path.write_text(PYTHON.replace("$*", f"{checker} $*"), encoding="utf-8")
        path.chmod(0o755)
    result, calls = ci_run("scripts", KERATORCH_SKIP="setup", fails=fails)
    assert result.returncode == (fails != "nothing at all")
    checked = {word for call in calls for word in call.split() if (ROOT / word).is_file()}
    folders = [ROOT / ".github" / name for name in ("workflows", "ISSUE_TEMPLATE")]
    forms = {p.relative_to(ROOT).as_posix() for folder in folders for p in folder.glob("*.yml")}
    scripts = {p.relative_to(ROOT).as_posix() for p in ROOT.glob("ci/*.sh")}
    others = {".ci/run", "ci/run", ".github/dependabot.yml", "CITATION.cff"}
    assert checked == forms | scripts | others
    assert calls[-1].split() == ["actionlint"]


def test_pre_commit_has_the_ruff_that_setup_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (ruff,) = [r for r in project["optional-dependencies"]["dev"] if r.startswith("ruff")]
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r'additional_dependencies: \["(.*)"\]', text) == [ruff] * 2


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_the_head_of_the_script(ci_run, option):
    result, calls = ci_run(option)
    assert result.returncode == 0 and not calls
    assert "bash ci/run lint types tests" in result.stdout
    assert "set -euo" not in result.stdout and "#" not in result.stdout
