"""The suite's own switches: --device, --require-device, --cuda-stand-in, --full; the header."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import conftest

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
    def test_plain():
        pass

    def test_on_a_device(xp, device):
        assert xp.zeros(2, device=device).device == device
        print("ran on", device.backend, device)

    def test_switch(full):
        print("full is", full)
"""


@pytest.fixture
def run_pytest(tmp_path):
    """Runs pytest with the suite's conftest on three tests; most libraries are hidden."""
    file = tmp_path / "test_tiny.py"
    file.write_text(textwrap.dedent(TESTS), encoding="utf-8")

    def run(*options, hidden=("torch", "jax", "dask", "cupy")):
        code = textwrap.dedent(f"""
            import sys
            for name in {hidden}:
                sys.modules[name] = None
            import pytest
            sys.exit(pytest.main(sys.argv[1:]))
        """)
        arguments = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-v", "-s", *options]
        return subprocess.run(
            [sys.executable, "-c", code, f"--rootdir={ROOT}", *arguments, str(file)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )

    return run


def ran_on(result):
    return set(re.findall(r"ran on (\w+ \S+)", result.stdout))


NUMPY = {"numpy cpu", "numpy_readonly cpu"}
STRICT = {"array_api_strict cpu", "array_api_strict device1:0"}


@pytest.fixture
def strict():
    pytest.importorskip("array_api_strict")


@pytest.mark.usefixtures("strict")
def test_every_test_runs_once_for_every_device(run_pytest):
    result = run_pytest()
    assert result.returncode == 0, result.stdout + result.stderr
    assert ran_on(result) == NUMPY | STRICT
    assert "test_plain PASSED" in result.stdout
    assert "full is False" in result.stdout
    assert "6 passed" in result.stdout


@pytest.mark.usefixtures("strict")
def test_the_header_says_what_was_found_and_what_not_and_why(run_pytest):
    lines = run_pytest("--collect-only").stdout.splitlines()
    (found,) = [line for line in lines if line.startswith("keratorch devices: ")]
    assert set(found.removeprefix("keratorch devices: ").split(", ")) == {
        "numpy-cpu",
        "numpy_readonly-cpu",
        "array_api_strict-cpu",
        "array_api_strict-device1:0",
    }
    for name in ("torch", "jax", "cupy"):
        (missing,) = [line for line in lines if line.startswith(f"keratorch without {name}: ")]
        assert f"import of {name} halted" in missing
    (missing,) = [line for line in lines if line.startswith("keratorch without dask: ")]
    assert "dask" in missing.removeprefix("keratorch without dask: ")
    assert not any(line.startswith("keratorch without numpy") for line in lines)


@pytest.mark.usefixtures("strict")
def test_device_runs_the_device_tests_of_its_devices_alone(run_pytest):
    result = run_pytest("--device", "cpu")
    assert result.returncode == 0, result.stdout + result.stderr
    assert ran_on(result) == NUMPY | {"array_api_strict cpu"}
    assert "3 passed" in result.stdout
    assert "2 deselected" in result.stdout
    assert "test_plain PASSED" not in result.stdout
    assert "device1" not in result.stdout


@pytest.mark.usefixtures("strict")
def test_device_takes_any_devices_name(run_pytest):
    result = run_pytest("--device", "device1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert ran_on(result) == {"array_api_strict device1:0"}


@pytest.mark.parametrize("option", ["--device", "--require-device"])
def test_a_device_that_is_not_here_ends_at_once_and_says_why(run_pytest, option):
    result = run_pytest(option, "cuda")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR == 4
    assert ran_on(result) == set()
    assert "collected" not in result.stdout
    text = result.stdout + result.stderr
    assert f"ERROR: {option} cuda: no such device here (there are cpu" in text
    assert "cupy: import of cupy halted" in text
    assert "Traceback" not in text


def test_require_device_runs_everything_where_it_is(run_pytest):
    result = run_pytest("--require-device", "cpu")
    assert result.returncode == 0, result.stdout + result.stderr
    assert ran_on(result) >= NUMPY
    assert "test_plain PASSED" in result.stdout


@pytest.mark.usefixtures("strict")
def test_in_brief_the_devices_are_named_at_the_end(run_pytest):
    result = run_pytest("--brief", "-k", "plain")
    assert result.returncode == 0, result.stdout + result.stderr
    (line,) = [v for v in result.stdout.splitlines() if v.startswith("devices: ")]
    assert "numpy-cpu, numpy_readonly-cpu, array_api_strict-cpu" in line
    assert "not here: torch, jax, dask, cupy" in result.stdout
    assert "keratorch devices" not in result.stdout


def test_workers_tell_their_devices():
    """Those of a worker are shown, and the process that runs it looks for none."""
    config = SimpleNamespace(stash=pytest.Stash(), option=SimpleNamespace(brief=True))
    told = {"devices": ["devices: numpy-cpu", "not here: cupy"]}
    conftest.pytest_testnodedown(SimpleNamespace(config=config, workeroutput=told))
    written = []
    conftest.pytest_terminal_summary(SimpleNamespace(write_line=written.append), config)
    assert written == told["devices"]


def test_full_is_passed_on(run_pytest):
    result = run_pytest("--full", "-k", "switch")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "full is True" in result.stdout


def test_a_leaked_state_fails_the_test_that_leaks_it(run_pytest, tmp_path):
    leaks = tmp_path / "test_leaks.py"
    leaks.write_text(
        textwrap.dedent("""
            import keratorch as kt

            def test_leaks():
                kt.no_grad().__enter__()

            def test_afterwards():
                assert kt.is_grad_enabled()
        """),
        encoding="utf-8",
    )
    result = run_pytest(str(leaks), "-k", "leaks or afterwards")
    assert result.returncode == 1
    assert "2 passed, " in result.stdout or "2 passed" in result.stdout
    assert "1 error" in result.stdout


# -- the stand-in for CUDA -----------------------------------------------------------------------


def test_the_stand_in_says_what_it_lacks(run_pytest):
    result = run_pytest("--cuda-stand-in")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --cuda-stand-in: CuPy is not installed" in result.stdout + result.stderr


def test_on_the_stand_in_the_device_tests_run_on_cupy_alone(run_pytest):
    check = subprocess.run(
        [sys.executable, "-m", "tests.cuda_stand_in"], cwd=ROOT, capture_output=True, text=True
    )
    if check.returncode:
        pytest.skip(check.stderr.strip())
    result = run_pytest("--cuda-stand-in", hidden=("torch", "jax", "dask"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert ran_on(result) == {"cupy cuda:0", "cupy cuda:1"}
    assert "2 passed, 2 deselected" in result.stdout
    assert "keratorch devices: cupy-cuda:0, cupy-cuda:1" in result.stdout
    assert "CUDA is a stand-in that runs on the CPU; no GPU is used" in result.stdout


def test_without_the_option_the_tests_of_the_stand_in_are_not_collected(pytestconfig):
    if pytestconfig.getoption("--cuda-stand-in"):
        pytest.skip("this run has the option")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--no-header", "tests/cuda_stand_in"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "test_stand_in" not in result.stdout
    assert result.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
