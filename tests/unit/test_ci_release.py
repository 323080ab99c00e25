"""`ci/release.sh`: what it runs, what ends it, and what it leaves to do.

It builds a small repository. Its Python is a stand-in, which writes down what it is called with.
"""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = os.name == "posix" and all(map(shutil.which, ["bash", "git", "tar"]))
pytestmark = pytest.mark.skipif(not HERE, reason="ci/release.sh needs POSIX, bash, git and tar")
PYTHON = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in *"$FAILS"*) echo "said by what fails" >&2; exit 1 ;; esac
case "$*" in
    "ci/versions.py ") echo "left: a date" ;;
    "-m build "*)
        mkdir "$5"
        cp "$SDIST" "$5/k-1.tar.gz"
        echo "$DIFFERS" | sed "s|PLACE|$5|" > "$5/k-1-py3-none-any.whl"
        ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-c import twine") exit "${NO_TWINE:-0}" ;;
    *purelib*) dirname "$CALLS" ;;
esac
"""
STEPS = [
    "ci/versions.py",
    "-m build",
    "-m build",
    "ci/archives.py",
    "-m twine",
    "-m venv",
    "-m pip",
    "ci/smoke.py",
    "-m pytest",
]


@pytest.fixture
def repository(tmp_path):
    """A clone with one commit, which has the tag v1.0.0."""
    path = tmp_path / "clone"
    (path / "ci").mkdir(parents=True)
    shutil.copy(ROOT / "ci" / "release.sh", path / "ci")
    for *words, message in [("init",), ("add", "."), ("commit", "-m", "all"), ("tag", "v1.0.0")]:
        git(path, *words, message)
    return path


def git(path, *arguments):
    settings = ["user.name=nobody", "user.email=nobody@example.invalid", "commit.gpgsign=false"]
    options = [word for setting in settings for word in ("-c", setting)]
    subprocess.run(["git", *options, *arguments], cwd=path, check=True, capture_output=True)


@pytest.fixture
def release(tmp_path, repository):
    """Runs `ci/release.sh` with the stand-in; returns the result and the calls."""
    python, calls, sdist = (tmp_path / name for name in ("python", "calls", "k-1.tar.gz"))
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / "k-1").mkdir()
    with tarfile.open(sdist, "w:gz") as tar:
        tar.add(tmp_path / "k-1", "k-1")

    def run(*arguments, fails="nothing at all", differs="", **environment):
        calls.write_text("", encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KERATORCH_", "GIT_"))}
        given = {"CALLS": str(calls), "FAILS": fails, "DIFFERS": differs, "SDIST": str(sdist)}
        result = subprocess.run(
            ["bash", "ci/release.sh", *arguments], cwd=repository,
            env={**kept, **given, "PYTHON": str(python), **environment},
            capture_output=True, text=True,
        )  # fmt: skip
        return result, calls.read_text(encoding="utf-8").splitlines()

    return run


def steps(calls):
    found = [re.search(r"(?:^|/)(-m \w+|ci/\w+\.py)", call) for call in calls]
    return [step[1] for step in found if step is not None]


def test_a_rehearsal_runs_every_step_and_says_what_is_left(release):
    result, calls = release()
    assert result.returncode == 0, result.stdout + result.stderr
    assert steps(calls) == STEPS
    assert "left: a date\nleft: tag the commit" in result.stdout
    assert result.stdout.endswith("ci/release.sh: all is well\n")


def test_a_tag_leaves_nothing(release):
    result, calls = release("v1.0.0")
    assert result.returncode == 0, result.stdout + result.stderr
    assert calls[0] == "ci/versions.py v1.0.0"
    assert "left:" not in result.stdout


@pytest.mark.parametrize("step", dict.fromkeys(STEPS))
def test_a_step_that_fails_ends_it(release, step):
    result, calls = release(fails=step)
    assert result.returncode != 0
    assert "said by what fails" in result.stderr
    assert step in calls[-1]
    assert "all is well" not in result.stdout


def test_builds_that_differ_are_an_error(release):
    result, _ = release(differs="made in PLACE")
    assert result.returncode == 1
    assert "two builds of k-1-py3-none-any.whl differ" in result.stderr


def test_changes_that_are_not_committed_are_left_to_do(release, repository):
    (repository / "new.txt").write_text("", encoding="utf-8")
    result, _ = release()
    assert result.returncode == 0 and "left: commit or remove" in result.stdout
    result, _ = release("v1.0.0")
    assert result.returncode == 1 and "new.txt" in result.stderr


def test_the_tag_is_at_the_commit(release, repository):
    git(repository, "commit", "--allow-empty", "-m", "more")
    result, _ = release("v1.0.0")
    assert result.returncode == 1
    assert "the tag v1.0.0 is not at the commit" in result.stderr


def test_without_twine_it_says_what_was_not_checked(release):
    result, calls = release(NO_TWINE="1")
    assert result.returncode == 0 and "-m twine" not in steps(calls)
    assert "twine is not installed" in result.stdout


def test_archives_are_kept_where_asked_for(release, tmp_path):
    kept = tmp_path / "kept"
    result, _ = release(KERATORCH_DIST=str(kept))
    assert result.returncode == 0, result.stderr
    assert {path.name for path in kept.iterdir()} == {"k-1.tar.gz", "k-1-py3-none-any.whl"}
    result, _ = release(KERATORCH_DIST=str(kept))
    assert result.returncode == 1 and "is not empty" in result.stderr


def test_wheels_that_are_given_are_installed_without_an_index(release):
    _, calls = release(KERATORCH_WHEELS="/wheels")
    (pip,) = [call for call in calls if call.startswith("-m pip")]
    assert pip.startswith("-m pip install --no-index --find-links /wheels ")


def test_what_is_asked_for_wrongly(release):
    result, calls = release("--tag")
    assert result.returncode == 2 and not calls and "no option --tag" in result.stderr
    result, calls = release(PYTHON="/no/python")
    assert result.returncode == 2 and "there is no /no/python" in result.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_the_head_of_the_script(release, option):
    result, calls = release(option)
    assert result.returncode == 0 and not calls
    assert "bash ci/release.sh v0.1.0" in result.stdout and "KERATORCH_WHEELS" in result.stdout
    assert "set -euo" not in result.stdout and "#" not in result.stdout
