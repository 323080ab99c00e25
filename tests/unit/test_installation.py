"""What keratorch says of other packages called `keratorch`, which it tells apart by their files.

The folders here have the files of the wrapper for PyTorch that the package index calls `keratorch`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import keratorch as kt
from keratorch._installation import others

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ["__init__", "_nbdev", "activations", "core", "data", "layers", "losses", "model"]
OURS = ["__init__.py", "errors.py", "py.typed"]
UNINSTALL = f"{sys.executable} -m pip uninstall keratorch"
REINSTALL = f"{sys.executable} -m pip install --force-reinstall --no-deps keratorch-autograd"


def make(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text('__version__ = "0.0.1"\n', encoding="utf-8")


def describe(site, name, files, listed_in="RECORD"):
    """The folder in which an installer describes a package with these files."""
    folder = site / name
    folder.mkdir(parents=True)
    lines = [f"{file},sha256=abc,12" if listed_in == "RECORD" else file for file in files]
    (folder / listed_in).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def install_foreign(site, package="keraTorch", info="keraTorch-0.0.4.dist-info", **kwargs):
    files = [f"{name}.py" for name in FOREIGN]
    make(site / package, files)
    describe(site, info, [f"keraTorch/{file}" for file in files], **kwargs)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folder of this library, where an installer put it."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    folder = tmp_path / "site" / "keratorch"
    make(folder, OURS)
    describe(folder.parent, "keratorch_autograd-0.1.0.dist-info", [f"keratorch/{n}" for n in OURS])
    return folder


def said(own, *folders):
    return others([str(folder) for folder in (own.parent, *folders)], own)


def test_this_library_alone(own):
    assert said(own) == []
    assert said(own, own.parent / "python.zip", own.parent / "missing") == []


@pytest.mark.parametrize(
    ("info", "listed_in"),
    [
        ("keraTorch-0.0.4.dist-info", "RECORD"),
        ("keratorch-0.0.4.dist-info", "RECORD"),
        ("keraTorch-0.0.4-py3.11.egg-info", "SOURCES.txt"),
    ],
)
def test_the_foreign_package(own, info, listed_in):
    install_foreign(own.parent, info=info, listed_in=listed_in)
    (text,) = said(own)
    assert text.startswith(f"keratorch 0.0.4 in {own.parent} is another project, a wrapper")
    assert text.endswith(f"Remove the other one: {UNINSTALL}")


def test_the_foreign_package_in_another_folder(own, tmp_path):
    install_foreign(tmp_path / "user")
    (text,) = said(own, tmp_path / "user")
    assert f"keratorch 0.0.4 in {tmp_path / 'user'} is another project" in text
    assert REINSTALL not in text


@pytest.mark.parametrize("package", ["keraTorch", "keratorch"])
def test_pip_removes_nothing_outside_of_the_environment(own, tmp_path, monkeypatch, package):
    """Such as a folder of PYTHONPATH, into which ``pip install --target`` installs."""
    folder = tmp_path / "target"
    install_foreign(folder, package=package)
    if package == "keraTorch" and sys.platform == "linux":  # case counts
        make(folder / "keratorch", OURS)
    monkeypatch.setattr(sys, "prefix", str(own.parent))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "python"))
    (text,) = said(own, folder)
    gone = f"{folder / package} and {folder / 'keraTorch-0.0.4.dist-info'}"
    assert text.endswith(f"Remove the other one: delete {gone}, for pip does not do so")
    # An environment that sees the packages of its Python.
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "_base_executable", "/python")
    (text,) = said(own, folder)
    assert text.endswith("Remove the other one: /python -m pip uninstall keratorch")
    # Without an environment, pip removes what it finds.
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    (text,) = said(own, folder)
    assert text.endswith(f"Remove the other one: {UNINSTALL}")


def test_the_foreign_package_where_the_file_system_ignores_case(own):
    """There the files of both packages lie in one folder, under the name of the first one."""
    install_foreign(own.parent, package="keratorch")
    (text,) = said(own)
    assert f"{UNINSTALL}. Its files lie among those of this library, in {own}" in text
    assert text.endswith(f": then {REINSTALL}")


def test_files_of_the_foreign_package_that_no_installer_describes(own):
    make(own, [f"{name}.py" for name in FOREIGN])
    (text,) = said(own)
    assert text.startswith("keratorch is another project") and text.endswith(REINSTALL)


def test_an_early_copy_of_this_library(own, tmp_path):
    files = [f"keratorch/{name}" for name in OURS]
    describe(own.parent, "keratorch-0.1.0.dist-info", files)
    (text,) = said(own)
    assert text.startswith(f"keratorch 0.1.0 in {own.parent} is an early copy of this library")
    assert f"{UNINSTALL}. This removes files that both have: then {REINSTALL}" in text
    # Where this library lies elsewhere, as in a clone, the early copy has files of its own.
    clone = tmp_path / "clone" / "keratorch"
    make(clone, OURS)
    (text,) = others([str(own.parent)], clone)
    assert text.endswith(f"Remove the early copy: {UNINSTALL}")


@pytest.mark.parametrize(
    ("package", "files", "kind"),
    [
        ("keratorch", OURS, "an early copy"),
        ("keraTorch", [f"{n}.py" for n in FOREIGN], "another project"),
    ],
)
def test_an_editable_installation_is_told_by_the_folder_that_it_links_to(
    own, tmp_path, package, files, kind
):
    make(tmp_path / "a clone" / package, files)
    links = ["__editable__.keratorch-0.1.0.pth", "keratorch-0.1.0.dist-info/RECORD"]
    folder = describe(own.parent, "keratorch-0.1.0.dist-info", links)
    url = {"url": (tmp_path / "a clone").as_uri(), "dir_info": {"editable": True}}
    (folder / "direct_url.json").write_text(json.dumps(url), encoding="utf-8")
    (text,) = said(own)
    assert f"keratorch 0.1.0 in {own.parent} is {kind}" in text


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[1]", '{"url": 5}', "not JSON", '{"url": "git+x"}', '{"url": "https://[x"}'],
)
def test_metadata_that_say_nothing_are_no_package(own, content):
    folder = describe(own.parent, "keratorch-9.dist-info", [])
    assert said(own) == []
    (folder / "direct_url.json").write_text(content, encoding="utf-8")
    assert said(own) == []
    (folder / "RECORD").unlink()
    assert said(own) == []


def test_broken_environments_can_import_keratorch(own):
    folder = describe(own.parent, "keratorch-9.dist-info", [])
    (folder / "RECORD").write_bytes(b"keratorch/caf\xe9.py,,\n")
    assert said(own) == []
    # Python leaves out such entries of sys.path too.
    assert others([str(own.parent), b"/folder", own.parent, None, 3, [], "a\0b"], own) == []


def test_packages_of_similar_names(own):
    for name in ("keratorch_keras-1.0.dist-info", "keratorchx-1.0.dist-info"):
        describe(own.parent, name, [f"{name.partition('-')[0]}/{file}.py" for file in FOREIGN])
    assert said(own) == []


def run(code, *arguments, path):
    return subprocess.run(
        [sys.executable, *arguments, "-c", code],
        cwd=path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(path)},
    )  # fmt: skip


def test_importing_says_so_at_the_line_that_imports(tmp_path):
    install_foreign(tmp_path)
    shutil.copytree(ROOT / "keratorch", tmp_path / "keratorch")
    program = tmp_path / "program.py"
    program.write_text("import math\nimport keratorch as kt\nprint(kt.sin(0.0).item())\n", "utf-8")
    result = run(f"import runpy; runpy.run_path({str(program)!r})", path=tmp_path)
    assert result.stdout == "0.0\n", result.stderr
    assert f"{program}:2: InstallationWarning: keratorch 0.0.4 in" in result.stderr
    assert "Remove the other one: " in result.stderr
    ignore = "import warnings; warnings.simplefilter('ignore'); import keratorch"
    assert run(ignore, path=tmp_path).stderr == ""


def test_the_command_says_so_where_the_foreign_package_was_installed_over_this_one(tmp_path):
    """On a file system that ignores case, `keratorch/__init__.py` is the other project's then."""
    shutil.copytree(ROOT / "keratorch", tmp_path / "keratorch")
    install_foreign(tmp_path, package="keratorch")
    result = subprocess.run(
        [sys.executable, "-m", "keratorch", "info"],
        cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "keratorch 0.0.4 in" in result.stdout and REINSTALL in result.stdout


def test_info_has_the_text(capsys, monkeypatch):
    found = "keratorch 0.0.4 in a folder is another project"
    monkeypatch.setattr("keratorch.tools.info.others", lambda folders, own: [found])
    kt.show_versions()
    assert found in capsys.readouterr().out.splitlines()
