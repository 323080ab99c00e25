"""What `setup.py` adds to setuptools: the same bytes everywhere, no files of earlier builds."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("setuptools", "77", reason="building needs setuptools 77")
BUILD = """
from setuptools import build_meta
build_meta.build_sdist({out!r})
build_meta.build_wheel({out!r})
"""


@pytest.fixture(scope="module")
def archives():
    """The module ci/archives.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "ci"))
        import archives

        return archives


def copy(archives, target, *, umask):
    old = os.umask(umask)
    try:
        for name in archives.files(ROOT, "--others", "--exclude-standard"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
            (target / name).chmod(
                (0o777 if (ROOT / name).stat().st_mode & 0o100 else 0o666) & ~umask
            )
    finally:
        os.umask(old)
    return target


def build(tree, out, *, umask):
    """Build with the setuptools that is installed; returns the two archives."""
    result = subprocess.run(
        [sys.executable, "-c", BUILD.format(out=str(out))],
        cwd=tree, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}, umask=umask,
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def first(archives, tmp_path_factory):
    """A tree in which a module is gone since the last build, and what is built from it."""
    tree = copy(archives, tmp_path_factory.mktemp("first"), umask=0o022)
    for stale in "build/lib/keratorch/gone.py", "build/lib/keratorch/old/__init__.py":
        (tree / stale).parent.mkdir(parents=True, exist_ok=True)
        (tree / stale).write_text("raise ImportError\n", encoding="utf-8")
    egg = tree / "keratorch_autograd.egg-info"
    egg.mkdir()
    (tree / "junk.txt").write_text("", encoding="utf-8")
    (egg / "SOURCES.txt").write_text("junk.txt\nsetup.py\n", encoding="utf-8")
    result = build(tree, tmp_path_factory.mktemp("dist-1"), umask=0o022)
    (tree / "junk.txt").unlink()
    return tree, *result


def test_archives_have_what_the_project_has_and_nothing_of_earlier_builds(archives, first):
    assert archives.differences(*first) == []
    assert len(archives.of_wheel(first[2])) > 100


def test_the_readme_on_the_index_has_no_relative_links(archives, first):
    assert archives.relative_links(first[2]) == []


@pytest.mark.skipif(os.name != "posix", reason="umask is POSIX's")
def test_another_folder_with_other_modes_and_times_gives_the_same_bytes(
    archives, first, tmp_path_factory
):
    tree = copy(archives, tmp_path_factory.mktemp("a folder with another name"), umask=0o077)
    for path in tree.rglob("*"):
        os.utime(path, (10**9, 10**9))
    second = build(tree, tmp_path_factory.mktemp("dist-2"), umask=0o077)
    for one, other in zip(first[1:], second, strict=True):
        assert one.name == other.name
        assert sha256(one.read_bytes()).digest() == sha256(other.read_bytes()).digest()


def test_what_is_in_the_wrong_archive_is_found(archives, first, tmp_path):
    tree, sdist, wheel = first
    changed = tmp_path / "tree"
    shutil.copytree(tree, changed)
    (changed / "keratorch" / "new.py").write_text("", encoding="utf-8")
    (changed / "keratorch" / "errors.py").unlink()
    found = archives.differences(changed, sdist, wheel)
    assert found == [
        f"{path.name} {verb} keratorch/{name}"
        for path in (sdist, wheel)
        for verb, name in [("lacks", "new.py"), ("has", "errors.py")]
    ]
