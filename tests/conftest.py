"""One suite for every device: the fixtures `xp` and `device`.

A test that takes `xp` or `device` runs once for every backend and device found on the machine.
`xp` is the differentiable namespace, `device` a `keratorch.Device`.

``--cuda-stand-in`` runs the device tests on CuPy alone, whose CUDA is then a stand-in on the CPU
(`tests/cuda_stand_in`).

Tests that loop over many samples are explained in `tests/samples.py`, what is said at the end of a
run in `tests/summary.py`.
"""

from __future__ import annotations

import functools
import gc
import importlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from tests import jax_settings
from tests.readonly_numpy import ReadOnlyBackend
from tests.state import restore_and_check

pytest_plugins = ("tests.samples", "tests.summary")

jax_settings.set_defaults()
kt.backends.register(ReadOnlyBackend())

#: Backend name -> the library that must be importable.
LIBRARIES = {
    "numpy": "numpy",
    "numpy_readonly": "numpy",
    "array_api_strict": "array_api_strict",
    "torch": "torch",
    "jax": "jax",
    "dask": "dask.array",
    "cupy": "cupy",
}


WORKERS_DEVICES = pytest.StashKey[list[str]]()

#: The stand-in for CUDA; its tests need it to be installed.
STAND_IN = Path(__file__).with_name("cuda_stand_in")


def pytest_ignore_collect(collection_path, config):
    inside = STAND_IN in (collection_path, *collection_path.parents)
    return True if inside and not config.getoption("--cuda-stand-in") else None


@dataclass(frozen=True)
class Target:
    """A backend and one of its devices."""

    backend: str
    device: kt.Device

    @property
    def id(self) -> str:
        return f"{self.backend}-{self.device}"


@functools.cache
def find_targets(backends: tuple[str, ...]) -> tuple[list[Target], dict[str, str]]:
    """The targets on this machine, and for the backends that are not here the reason."""
    targets: list[Target] = []
    missing: dict[str, str] = {}
    for name in backends:
        library = LIBRARIES[name]
        try:
            importlib.import_module(library)
        except ImportError as error:
            missing[name] = str(error)
            continue
        backend = kt.backends.get(name)
        why = backend.why_unavailable()
        if why is not None:
            missing[name] = why
            continue
        devices = backend.devices()
        if name == "array_api_strict":
            devices = [d for d in devices if d.kind in ("cpu", "device1")]
        targets += [Target(name, d) for d in devices]
    return targets, missing


def targets_of(config) -> tuple[list[Target], dict[str, str]]:
    """The targets that this run may use: on the stand-in for CUDA, those of CuPy."""
    return find_targets(("cupy",) if config.getoption("--cuda-stand-in") else tuple(LIBRARIES))


def pytest_addoption(parser):
    group = parser.getgroup("keratorch")
    group.addoption("--device", help="run the device tests of this device only, such as cuda")
    group.addoption("--require-device", help="fail at once unless such a device is here")
    group.addoption(
        "--cuda-stand-in",
        action="store_true",
        help="run the device tests of CuPy, with a stand-in for CUDA on the CPU",
    )
    group.addoption(
        "--nvrtc",
        default="",
        metavar="80,90",
        help="with --cuda-stand-in: NVRTC must accept each kernel for these compute capabilities",
    )
    group.addoption(
        "--full", action="store_true", help="the whole matrix of dtypes and layouts everywhere"
    )


def wanted_targets(config) -> list[Target]:
    wanted = config.getoption("--device")
    return [t for t in targets_of(config)[0] if wanted is None or t.device == wanted]


def pytest_configure(config):
    if config.getoption("--cuda-stand-in"):
        from tests import cuda_stand_in

        try:
            wanted = config.getoption("--nvrtc")
            cuda_stand_in.install(devices=2, nvrtc=tuple(wanted.split(",")) if wanted else ())
        except cuda_stand_in.CannotInstall as error:
            raise pytest.UsageError(f"--cuda-stand-in: {error}") from None
    for option in ("--device", "--require-device"):
        asked = config.getoption(option)
        if not asked:
            continue
        targets, missing = targets_of(config)
        if not any(t.device == asked for t in targets):
            found = ", ".join(dict.fromkeys(str(t.device) for t in targets))
            reasons = "".join(f"; {name}: {why}" for name, why in missing.items())
            raise pytest.UsageError(
                f"{option} {asked}: no such device here (there are {found}{reasons})"
            )


def pytest_collection():
    gc.disable()  # everything that collecting makes stays


def pytest_collection_finish():
    """Leave the tests themselves, some 10⁶ objects, out of every later search for garbage."""
    gc.enable()
    gc.collect()
    gc.freeze()


def pytest_report_header(config):
    lines = ["keratorch devices: " + ", ".join(t.id for t in wanted_targets(config))]
    lines += [f"keratorch without {n}: {why}" for n, why in targets_of(config)[1].items()]
    if config.getoption("--cuda-stand-in"):
        lines.append("keratorch: CUDA is a stand-in that runs on the CPU; no GPU is used")
    return lines


def devices_found(config) -> list[str]:
    """What the header says, in short."""
    targets, missing = wanted_targets(config), targets_of(config)[1]
    lines = ["devices: " + ", ".join(t.id for t in targets)]
    return [*lines, "not here: " + ", ".join(missing)] if missing else lines


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """With pytest-xdist, a worker's devices: the process that runs it imports no library."""
    node.config.stash[WORKERS_DEVICES] = getattr(node, "workeroutput", {}).get("devices", [])


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["devices"] = devices_found(session.config)


def pytest_terminal_summary(terminalreporter, config):
    if config.option.brief:
        lines = config.stash.get(WORKERS_DEVICES, None)
        for line in devices_found(config) if lines is None else lines:
            terminalreporter.write_line(line)


def pytest_generate_tests(metafunc):
    # A test that takes an `op_row` too pairs it with the targets itself (test_ops.py).
    if "target" in metafunc.fixturenames and "op_row" not in metafunc.fixturenames:
        targets = wanted_targets(metafunc.config)
        if metafunc.module.__name__.startswith("tests.cuda."):
            targets = [t for t in targets if t.backend == "cupy"] or [without_cuda(metafunc.config)]
        if getattr(metafunc.module, "ONE_DEVICE", False):
            targets = targets[:1]
        if getattr(metafunc.module, "ONE_DEVICE_EACH", False):
            targets = targets if metafunc.config.getoption("--full") else firsts(targets)
        ids = [t.id if isinstance(t, Target) else "cupy" for t in targets]
        metafunc.parametrize("target", targets, ids=ids)


def firsts(targets: list[Target]) -> list[Target]:
    """The first device of every backend, for tests of values, which are the same on all."""
    found = {t.backend: t for t in reversed(targets) if isinstance(t, Target)}
    return [t for t in targets if not isinstance(t, Target) or t is found[t.backend]]


def without_cuda(config):
    """In place of a CUDA device, for the tests of `tests/cuda` where there is none."""
    why = targets_of(config)[1].get("cupy", "--device leaves CuPy out")
    return pytest.param(None, marks=pytest.mark.skip(f"no CUDA device: {why}"))


def pytest_collection_modifyitems(config, items):
    """With a device or the stand-in asked for, only the tests that run on devices are kept."""
    if not (config.getoption("--device") or config.getoption("--cuda-stand-in")):
        return
    kept = [item for item in items if "target" in getattr(item, "fixturenames", ())]
    if config.getoption("--cuda-stand-in"):
        kept += [item for item in items if STAND_IN in item.path.parents]
    config.hook.pytest_deselected(items=[i for i in items if i not in kept])
    items[:] = kept


@pytest.fixture
def xp(target):
    """The differentiable namespace of the backend under test."""
    return kt.namespace(target.backend)


@pytest.fixture
def device(target):
    """The device under test."""
    return target.device


@pytest.fixture
def full(pytestconfig):
    """Whether the whole matrix was asked for."""
    return pytestconfig.getoption("--full")


@pytest.fixture(autouse=True)
def no_leaked_state():
    """No test leaves a mode, a policy or a default device behind."""
    yield
    restore_and_check()


@pytest.fixture
def rng():
    return np.random.default_rng(20)
