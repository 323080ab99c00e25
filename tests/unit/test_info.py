"""`show_versions` and ``python -m keratorch info``."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from keratorch import __main__ as program
from keratorch.tools import info as _info

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "keratorch", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_the_command():
    result = run("info", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["keratorch"] == kt.__version__
    assert found["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert found["default_device"] == "cpu"
    assert found["backends"]["numpy"] == {
        "version": np.__version__,
        "devices": ["cpu"],
        "missing": None,
    }
    assert {"cupy", "torch", "jax", "dask", "array_api_strict"} <= set(found["backends"])
    for backend in found["backends"].values():
        assert bool(backend["devices"]) != bool(backend["missing"])
    assert found["packages"]["array-api-compat"]


def test_the_command_needs_to_be_told_what_to_do():
    result = run()
    assert result.returncode == 2 and "info" in result.stderr
    with pytest.raises(SystemExit):
        program.main(["unknown"])


def test_the_version():
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"keratorch {kt.__version__}\n")


def test_help_names_the_commands_and_the_version(capsys):
    with pytest.raises(SystemExit) as end:
        program.main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: python -m keratorch [-h] [--version] COMMAND")
    assert re.search(r"^    info +versions, backends, devices", text, re.M)


@pytest.mark.parametrize("wrong", [["inf"], ["--verson"], ["info", "--yaml"], ["info", "torch"]])
def test_an_unknown_argument_is_an_error_that_names_it(wrong, capsys):
    with pytest.raises(SystemExit) as end:
        program.main(wrong)
    assert end.value.code == 2
    text = capsys.readouterr().err
    assert wrong[-1] in text and "usage: python -m keratorch" in text


def test_as_text(capsys):
    program.main(["info"])
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[0].split() == ["keratorch", kt.__version__]
    (numpy,) = (line for line in lines if line.startswith("  numpy "))
    assert numpy.split() == ["numpy", np.__version__, "cpu"]
    kt.show_versions()
    assert capsys.readouterr().out == text


def test_what_is_missing_is_said_with_the_remedy(monkeypatch, capsys):
    original = _info._registry.get

    def get(name):
        if name == "torch":
            raise kt.BackendUnavailableError("no torch here: install torch to use it")
        if name == "jax":
            raise ZeroDivisionError("broken")
        return original(name)

    monkeypatch.setattr(_info._registry, "get", get)
    monkeypatch.setattr(_info, "_version", lambda package: None)
    kt.show_versions()
    text = capsys.readouterr().out
    assert "no torch here: install torch to use it" in text
    assert "the backend jax fails (ZeroDivisionError: broken)" in text
    assert "graphviz           not installed; it is for drawing graphs" in text


def test_a_bad_default_device_is_a_finding(monkeypatch, capsys):
    monkeypatch.setenv("KERATORCH_DEVICE", "nonsense")
    kt.show_versions(as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert "KERATORCH_DEVICE" in found["default_device"] and "nonsense" in found["default_device"]
