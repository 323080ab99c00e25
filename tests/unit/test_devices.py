"""Devices: their names, the default device, moving between them, and what may not mix."""

import copy
import operator
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _registry

ROOT = Path(__file__).resolve().parents[2]
CPU = kt.Device("numpy", "cpu", 0)
STRICT_CPU = kt.Device("array_api_strict", "cpu", 0)
STRICT_1 = kt.Device("array_api_strict", "device1", 0)
TORCH = kt.Device("torch", "cpu", 0)
JAX = kt.Device("jax", "cpu", 0)
JAX_1 = kt.Device("jax", "cpu", 1)
DASK = kt.Device("dask", "cpu", 0)


def here(*devices):
    """Skip unless the backends of these devices are installed."""
    for device in devices:
        try:
            backend = kt.backends.get(device.backend)
        except kt.BackendUnavailableError as error:
            pytest.skip(str(error))
        if device not in backend.devices():
            pytest.skip(f"{device!r} is not here")


def run_python(code: str, **environment: str) -> str:
    """What the code prints, run in a new interpreter in which a warning is an error."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


# -- Device ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "equal", "unequal"),
    [
        (CPU, ["cpu", "cpu:0", "CPU"], ["cpu:1", "cuda", "numpy", "", "cpu:", "cp u"]),
        (kt.Device("cupy", "cuda", 0), ["cuda", "cuda:0", "CUDA:0"], ["cuda:1", "cpu", "cuda:01x"]),
        (kt.Device("cupy", "cuda", 1), ["cuda", "cuda:1"], ["cuda:0", "cuda:11", "cuda 1"]),
        (STRICT_1, ["device1", "device1:0"], ["device", "device2", "cpu"]),
    ],
)
def test_a_device_equals_its_names(device, equal, unequal):
    for name in equal:
        assert device == name
        assert name == device
        assert (device != name) is False
    for name in unequal:
        assert device != name
        assert (name == device) is False


def test_devices_are_equal_by_backend_kind_and_index():
    assert kt.Device("cupy", "cuda", 1) == kt.Device("cupy", "cuda", 1)
    assert kt.Device("cupy", "cuda", 1) != kt.Device("cupy", "cuda", 0)
    assert kt.Device("torch", "cpu") != CPU
    assert kt.Device("torch", "cpu") == TORCH
    assert CPU != 3
    assert CPU != None  # noqa: E711
    assert {CPU: "here"}[kt.Device("numpy", "cpu", 0)] == "here"
    assert len({CPU, TORCH, kt.Device("numpy", "cpu"), kt.Device("torch", "cpu", 1)}) == 3


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (CPU, "cpu"),
        (JAX_1, "cpu:1"),
        (kt.Device("cupy", "cuda", 0), "cuda:0"),
        (kt.Device("cupy", "cuda", 3), "cuda:3"),
    ],
)
def test_text_of_a_device(device, text):
    assert str(device) == text
    assert f"{device}" == text
    assert device == text
    assert eval(repr(device), {"Device": kt.Device}) == device


def test_a_device_can_be_copied_and_pickled():
    for device in (CPU, JAX_1):
        for twin in (copy.deepcopy(device), pickle.loads(pickle.dumps(device))):
            assert twin == device
            assert hash(twin) == hash(device)


# -- names -------------------------------------------------------------------------------------

MAKERS = {
    "GradArray": lambda d: kt.GradArray([1.0, 2.0], device=d),
    "asarray": lambda d: kt.asarray([1.0, 2.0], device=d),
    "zeros": lambda d: kt.zeros((2,), device=d),
    "ones": lambda d: kt.ones(2, device=d),
    "empty": lambda d: kt.empty(2, device=d),
    "full": lambda d: kt.full((2,), 3.0, device=d),
    "arange": lambda d: kt.arange(2, device=d),
    "linspace": lambda d: kt.linspace(0.0, 1.0, 2, device=d),
    "eye": lambda d: kt.eye(2, device=d),
    "zeros_like": lambda d: kt.zeros_like(np.ones(2), device=d),
    "ones_like": lambda d: kt.ones_like(np.ones(2), device=d),
    "empty_like": lambda d: kt.empty_like(np.ones(2), device=d),
    "full_like": lambda d: kt.full_like(np.ones(2), 3.0, device=d),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("name", ["cpu", "cpu:0", "CPU", CPU], ids=str)
def test_the_cpu_is_numpy(make, name):
    x = make(name)
    assert type(x._array) is np.ndarray
    assert x.device == CPU


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_creation_on_every_device(make, device):
    x = make(device)
    assert x.device == device
    assert kt.backends.of(x._array).name == device.backend
    assert make(x.device).device == device


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("name", ["tpu", "gpu:0", "numpy", "device1"])
def test_an_unknown_kind_is_refused(make, name):
    with pytest.raises(kt.UnknownDeviceError) as caught:
        make(name)
    message = str(caught.value)
    assert f"unknown device {name!r}" in message
    assert "'cpu', 'cuda'" in message
    assert "keratorch.Device" in message
    assert "keratorch.devices()" in message
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["", "cpu:", ":0", "cpu:-1", "cuda:one", "c p u", "cpu:0:0", "1"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(kt.UnknownDeviceError, match="is no device name: write a kind"):
        kt.zeros(2, device=name)


@pytest.mark.parametrize("what", [3, 1.5, ("cpu",), np.float64, b"cpu"])
def test_what_is_no_device_is_refused(what):
    with pytest.raises(kt.UnknownDeviceError, match=r"a device is a name such as 'cpu' .*, not "):
        kt.zeros(2, device=what)


def test_a_number_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(kt.UnknownDeviceError, match=r"numpy has no device 'cpu:1' here.* 'cpu'"):
        kt.zeros(2, device="cpu:1")
    with pytest.raises(kt.UnknownDeviceError, match="numpy has no device 'cuda:0' here"):
        kt.zeros(2, device=kt.Device("numpy", "cuda", 0))
    with pytest.raises(kt.UnknownDeviceError, match="cpu:7"):
        kt.GradArray(np.ones(2)).to_device("cpu:7")


def test_a_device_of_an_unknown_backend_is_refused():
    with pytest.raises(kt.BackendUnavailableError, match="there is no backend 'nothing'"):
        kt.zeros(2, device=kt.Device("nothing", "cpu"))


# -- CUDA --------------------------------------------------------------------------------------


def cupy_is_usable():
    try:
        return kt.backends.get("cupy").why_unavailable() is None
    except kt.BackendUnavailableError:
        return False


def test_cuda_without_cupy():
    out = run_python("""
        import sys
        sys.modules["cupy"] = None
        import keratorch as kt
        for call in (
            lambda: kt.zeros(2, device="cuda"),
            lambda: kt.GradArray([1.0], device="cuda:1"),
            lambda: kt.ones(2).to_device("cuda"),
            lambda: kt.set_default_device("cuda"),
            lambda: kt.default_device("cuda").__enter__(),
            lambda: kt.namespace("cupy"),
        ):
            try:
                call()
            except kt.BackendUnavailableError as error:
                assert isinstance(error, RuntimeError)
                print(error)
        print(kt.devices())
    """)
    *messages, devices = out.splitlines()
    assert len(messages) == 6
    for message in messages:
        assert message.startswith("CuPy cannot be imported")
        assert "pip install 'keratorch[cuda12]' or 'keratorch[cuda13]'" in message
    assert devices == "[Device('numpy', 'cpu', 0)]"


@pytest.mark.skipif(cupy_is_usable(), reason="there is a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:99", kt.Device("cupy", "cuda", 0)])
def test_cuda_without_a_gpu(name):
    pytest.importorskip("cupy")
    for call in (
        lambda: kt.zeros(2, device=name),
        lambda: kt.GradArray([1.0], device=name),
        lambda: kt.ones(2).to_device(name),
        lambda: kt.set_default_device(name),
        lambda: kt.namespace("cupy").zeros(2),
        lambda: kt.namespace("cupy").asarray([1.0], device=name),
    ):
        with pytest.raises(kt.BackendUnavailableError) as caught:
            call()
        message = str(caught.value)
        assert message.startswith("CuPy 1")
        assert "needs an NVIDIA GPU and a driver for CUDA" in message
        assert "https://www.nvidia.com/drivers" in message
        assert "device='cpu'" in message
    assert kt.backends.get("cupy").devices() == []


@pytest.mark.skipif(not cupy_is_usable(), reason="there is no GPU")
def test_a_gpu_that_does_not_exist():
    with pytest.raises(kt.UnknownDeviceError, match=r"cupy has no device 'cuda:99' here.*'cuda:0'"):
        kt.zeros(2, device="cuda:99")


# -- kt.devices --------------------------------------------------------------------------------


def test_devices_are_usable():
    found = kt.devices()
    assert found[0] == CPU
    assert len(set(found)) == len(found)
    for device in found:
        if device.kind in ("no_float64", "no_x64"):  # array-api-strict's, for its own tests
            continue
        assert kt.zeros(2, device=device).device == device


def test_devices_are_those_of_the_libraries_in_use(device):
    assert device in kt.devices()


def test_devices_never_raises(monkeypatch):
    class Broken(kt.backends.Backend):
        def why_unavailable(self):
            raise OSError("broken")

    monkeypatch.setitem(_registry._backends, "broken", Broken("broken", np))
    assert CPU in kt.devices()


# -- the default device ------------------------------------------------------------------------


def test_the_default_is_the_cpu():
    assert kt.get_default_device() == CPU
    assert kt.zeros(2).device == CPU
    assert kt.GradArray([1.0]).device == CPU


def test_set_default_device(device):
    kt.set_default_device(device)
    try:
        assert kt.get_default_device() == device
        for make in MAKERS.values():
            if make not in (
                MAKERS["zeros_like"],
                MAKERS["ones_like"],
                MAKERS["empty_like"],
                MAKERS["full_like"],
            ):
                assert make(None).device == device
        assert kt.GradArray(np.ones(2)).device == CPU  # an array stays where it is
        assert kt.ones_like(np.ones(2)).device == CPU
        assert kt.zeros(2, device="cpu").device == CPU
    finally:
        kt.set_default_device(None)
    assert kt.get_default_device() == CPU


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("tpu", kt.UnknownDeviceError),
        ("cpu:9", kt.UnknownDeviceError),
        (7, kt.UnknownDeviceError),
        (kt.Device("nothing", "cpu"), kt.BackendUnavailableError),
    ],
)
def test_the_default_is_checked_when_it_is_set(name, error):
    with pytest.raises(error):
        kt.set_default_device(name)
    with pytest.raises(error), kt.default_device(name):
        raise AssertionError("not reached")
    assert kt.get_default_device() == CPU


def test_default_device_nests_and_ends():
    here(STRICT_1, TORCH)
    with kt.default_device(STRICT_1) as outer:
        assert outer == STRICT_1
        assert kt.zeros(2).device == STRICT_1
        with kt.default_device(TORCH) as inner:
            assert inner == kt.get_default_device() == TORCH
            with kt.default_device("cpu"):
                assert kt.zeros(2).device == CPU
            assert kt.zeros(2).device == TORCH
        assert kt.zeros(2).device == STRICT_1
    assert kt.zeros(2).device == CPU


def test_default_device_ends_with_an_exception():
    here(STRICT_1)
    with pytest.raises(KeyError), kt.default_device(STRICT_1):
        assert kt.get_default_device() == STRICT_1
        raise KeyError
    assert kt.get_default_device() == CPU


def test_default_device_rules_over_the_programs():
    here(STRICT_1, TORCH)
    kt.set_default_device(STRICT_1)
    try:
        with kt.default_device(TORCH):
            assert kt.zeros(2).device == TORCH
        assert kt.zeros(2).device == STRICT_1
    finally:
        kt.set_default_device(None)


def test_default_device_is_of_one_thread_and_the_programs_of_all():
    here(STRICT_1, TORCH)
    seen = []

    def look():
        seen.append(kt.get_default_device())
        with kt.default_device(TORCH):
            seen.append(kt.zeros(2).device)
        seen.append(kt.get_default_device())

    with kt.default_device(STRICT_1):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert kt.get_default_device() == STRICT_1
    assert seen == [CPU, TORCH, CPU]
    kt.set_default_device(STRICT_1)
    try:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    finally:
        kt.set_default_device(None)
    assert seen[3:] == [STRICT_1, TORCH, STRICT_1]


def test_the_environment_names_the_default():
    code = """
        import keratorch as kt
        try:
            print(kt.get_default_device())
            print(kt.GradArray([1.0]).device)
            with kt.default_device("cpu"):
                print(kt.zeros(2).device)
        except kt.KeratorchError as error:
            print(type(error).__name__, error)
            with kt.default_device("cpu"):
                print(kt.zeros(2).device)
            kt.set_default_device("cpu")
            print(kt.zeros(2).device)
    """
    assert run_python(code, KERATORCH_DEVICE="cpu").split() == ["cpu"] * 3
    assert run_python(code, KERATORCH_DEVICE="").split() == ["cpu"] * 3
    first, *rest = run_python(code, KERATORCH_DEVICE="tpu").splitlines()
    assert first.startswith("UnknownDeviceError the environment variable KERATORCH_DEVICE: ")
    assert "unknown device 'tpu'" in first
    assert rest == ["cpu", "cpu"]


@pytest.mark.skipif(cupy_is_usable(), reason="there is a GPU")
def test_the_environment_may_name_what_is_not_here():
    out = run_python(
        """
        import keratorch as kt
        x = kt.GradArray(__import__("numpy").ones(2))   # needs no default
        kt.sum(x * 2.0 + [1.0, 2.0]).backward()
        print(x.grad)
        try:
            kt.zeros(2)
        except kt.BackendUnavailableError as error:
            print(error)
        """,
        KERATORCH_DEVICE="cuda",
    )
    grad, message = out.splitlines()
    assert grad == "[2. 2.]"
    assert message.startswith("the environment variable KERATORCH_DEVICE: CuPy ")


# -- moving ------------------------------------------------------------------------------------


def test_cpu_stays_in_a_backend_that_has_one(device):
    x = kt.ones((2,), device=device)
    moved = x.to_device("cpu")
    own = [d for d in kt.backends.get(device.backend).devices() if d == "cpu"]
    assert moved.device.backend == (device.backend if own else "numpy")
    assert moved.device == "cpu"
    if device == "cpu" and device.index == 0:
        assert moved is x


def test_a_move_to_where_it_is_is_no_move(device):
    x = kt.GradArray([1.0, 2.0], device=device)
    assert x.to_device(device) is x
    assert kt.to_device(x, x.device) is x
    assert x.to_device(str(device)) is x


def test_an_array_takes_its_librarys_own_device_objects(device):
    backend = kt.backends.get(device.backend)
    x = kt.GradArray([1.0, 2.0], device=device)
    raw = backend.raw_device(device)
    assert x.to_device(raw).device == device


def test_to_device_takes_no_stream():
    with pytest.raises(TypeError, match="stream must be None"):
        kt.ones(2).to_device("cpu", stream=1)


def test_moves_between_every_device_and_numpy_are_differentiable(device):
    values = np.array([0.5, 1.0, 2.0])
    x = kt.GradArray(values)
    there = (x * 2.0).to_device(device)
    assert there.device == device
    back = (there * there).to_device(CPU)
    assert type(back._array) is np.ndarray
    kt.sum(back * 3.0).backward()
    assert type(x.grad) is np.ndarray
    np.testing.assert_allclose(x.grad, 24 * values)


def test_gradients_come_back_to_the_leafs_device(device):
    values = np.array([0.5, 1.0, 2.0])
    x = kt.GradArray(values, device=device)
    kt.sum(x.to_device(CPU) ** 3).backward()
    assert kt.backends.of(x.grad).name == device.backend
    assert kt.backends.of(x.grad).device(x.grad) == device
    np.testing.assert_allclose(kt.asarray(x.grad).numpy(), 3 * values**2)


def test_second_order_across_devices(device):
    values = np.array([0.5, 1.0, 2.0])
    x = kt.GradArray(values)
    y = x.to_device(device) ** 3
    (g,) = kt.gradients(kt.sum(y.to_device(CPU)), x, create_graph=True)
    assert g.device == CPU
    (h,) = kt.gradients(kt.sum(g), x)
    np.testing.assert_allclose(h, 6 * values)


def test_tangents_cross_devices(device):
    values = np.array([0.5, 1.0, 2.0])

    def f(x):
        return (x.to_device(device) ** 2).to_device(CPU)

    y, tangent = kt.jvp(f, (values,), (np.ones(3),))
    np.testing.assert_allclose(y, values**2)
    np.testing.assert_allclose(tangent, 2 * values)


def test_moves_between_devices_of_one_backend_are_differentiable():
    for first, second in ((STRICT_CPU, STRICT_1), (JAX, JAX_1)):
        here(first, second)
        x = kt.GradArray([0.5, 2.0], device=first)
        y = x.to_device(second)
        assert (x.device, y.device) == (first, second)
        (g,) = kt.gradients(kt.sum(y**3), x, create_graph=True)
        assert g.device == first
        kt.sum(g * g).backward()
        assert kt.backends.of(x.grad).device(x.grad) == first
        np.testing.assert_allclose(kt.asarray(x.grad).numpy(), 36 * np.array([0.5, 2.0]) ** 3)


def test_a_move_across_backends_shares_no_memory(device):
    if device == CPU:
        pytest.skip("NumPy to NumPy is no move")
    source = kt.GradArray(np.ones(3), requires_grad=False)
    moved = source.to_device(device)
    source[0] = 5.0
    np.testing.assert_array_equal(moved.numpy(), np.ones(3))
    back = moved.to_device(CPU)
    moved[1] = 7.0
    back[2] = 9.0
    np.testing.assert_array_equal(moved.numpy(), [1.0, 7.0, 1.0])
    np.testing.assert_array_equal(back.numpy(), [1.0, 1.0, 9.0])
    np.testing.assert_array_equal(source.numpy(), [5.0, 1.0, 1.0])


def test_gradarray_and_asarray_move_arrays(device):
    raw = np.array([1.0, 2.0])
    for x in (kt.GradArray(raw, device=device), kt.asarray(raw, device=device)):
        assert x.device == device
        np.testing.assert_array_equal(x.numpy(), raw)
    tracked = kt.GradArray(raw)
    kt.sum(kt.asarray(tracked, device=device)).backward()
    np.testing.assert_array_equal(tracked.grad, [1.0, 1.0])


# -- mixing ------------------------------------------------------------------------------------


def _operator(name):
    def call(a, b):
        return getattr(operator, name)(a, b)

    return call


def _write(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    with kt.no_grad():
        a.copy()[:2] = b[:2]


def _recorded_write(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    a.copy()[:2] = b[:2]


def _in_place(name, recording):
    def call(a, b):
        if not isinstance(a, kt.GradArray):
            raise NotAGradArray
        with kt.enable_grad() if recording else kt.no_grad():
            getattr(operator, name)(a.copy(), b)

    return call


def _leaf(a):
    return kt.GradArray(a._array if isinstance(a, kt.GradArray) else a)


def _backward(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    (_leaf(a) * 2.0).backward(b)


def _set_grad(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    a.grad = b


class NotAGradArray(Exception):
    """The call is not possible with a raw array on its left."""


MIXED = {
    **{name: _operator(name) for name in ("add", "sub", "mul", "truediv", "pow", "matmul")},
    **{name: _operator(name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
    "kt.add": kt.add,
    "kt.subtract": kt.subtract,
    "kt.multiply": kt.multiply,
    "kt.divide": kt.divide,
    "kt.pow": kt.pow,
    "kt.maximum": kt.maximum,
    "kt.minimum": kt.minimum,
    "kt.matmul": kt.matmul,
    "kt.less": kt.less,
    "kt.equal": kt.equal,
    "kt.where": lambda a, b: kt.where(kt.asarray(a) > 0, a, b),
    "kt.where, condition": lambda a, b: kt.where(kt.asarray(a) > 0, b, 1.0),
    "kt.where, scalar": lambda a, b: kt.where(kt.asarray(a) > 0, 1.0, b),
    "kt.concat": lambda a, b: kt.concat([a, b]),
    "kt.stack": lambda a, b: kt.stack([a, b]),
    "kt.asarray": lambda a, b: kt.asarray([a, b]),
    "kt.full_like": lambda a, b: kt.full_like(a, b[:1]),
    "kt.jvp": lambda a, b: kt.jvp(lambda x: x * 2.0, (a,), (b,)),
    "kt.gradients": lambda a, b: kt.gradients((v := _leaf(a)) * 2.0, v, b),
    "kt.broadcast_arrays": lambda a, b: kt.broadcast_arrays(a, b),
    "backward(grad)": _backward,
    "x.grad = grad": _set_grad,
    "x[:2] = y": _write,
    "x[:2] = y, recorded": _recorded_write,
    "iadd": _in_place("iadd", False),
    "isub": _in_place("isub", False),
    "imul": _in_place("imul", False),
    "itruediv": _in_place("itruediv", False),
    "iadd, recorded": _in_place("iadd", True),
    "imul, recorded": _in_place("imul", True),
    "x[mask]": lambda a, b: kt.asarray(a)[b > 0],
    "x[integers]": lambda a, b: kt.asarray(a)[kt.astype(b, "int64")],
    "x[integers, slice]": lambda a, b: kt.asarray(a)[None, ...][:, kt.astype(b, "int64")],
    "x[mask] = 1": lambda a, b: kt.asarray(a).copy().__setitem__(b > 0, 1.0),
}
PAIRS = [
    (CPU, TORCH),
    (TORCH, CPU),
    (CPU, STRICT_1),
    (STRICT_CPU, STRICT_1),
    (STRICT_1, STRICT_CPU),
    (JAX, JAX_1),
    (TORCH, JAX),
    (DASK, CPU),
    (CPU, DASK),
]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=str)
@pytest.mark.parametrize("name", MIXED)
def test_what_lives_apart_does_not_mix(name, first, second):
    here(first, second)
    call = MIXED[name]
    a = kt.ones((3,), device=first)
    b = kt.ones((3,), device=second)
    tracked = kt.GradArray(a._array)
    pairs = [(a, b), (a, b._array), (a._array, b), (tracked, b), (tracked, b._array)]
    for x, y in pairs:
        if not isinstance(x, kt.GradArray) and first.backend == "array_api_strict":
            continue  # see test_a_strict_array_on_the_left
        if name.startswith("x[integers") and not isinstance(y, kt.GradArray):
            y = kt.astype(y, "int64")._array
            call = {"x[integers]": lambda a, i: kt.asarray(a)[i]}.get(
                name, lambda a, i: kt.asarray(a)[None, ...][:, i]
            )
        try:
            with pytest.raises(kt.DeviceMismatchError) as caught:
                call(x, y)
        except NotAGradArray:
            continue
        message = str(caught.value)
        assert isinstance(caught.value, RuntimeError)
        assert "to_device" in message
        assert first.backend in message
        assert second.backend in message
        assert str(first) in message
        assert str(second) in message


def test_bitwise_operators_do_not_mix():
    here(TORCH)
    a, b = kt.asarray([True, False]), kt.asarray([True, False], device=TORCH)
    for name in ("and_", "or_", "xor", "iand", "ior", "ixor"):
        for x, y in ((a, b), (b, a), (a._array, b), (a, b._array)):
            if name.startswith("i") and not isinstance(x, kt.GradArray):
                continue
            with pytest.raises((kt.DeviceMismatchError, TypeError)) as caught:
                getattr(operator, name)(x, y)
            assert isinstance(caught.value, kt.DeviceMismatchError) or name.startswith("i")


def test_a_strict_array_on_the_left():
    """array-api-strict raises a TypeError of its own before it asks a GradArray."""
    here(STRICT_1)
    raw = kt.ones((2,), device=STRICT_1)._array
    with pytest.raises(TypeError, match="Expected Array or Python scalar"):
        raw + kt.ones((2,), device=STRICT_1)


def test_a_failed_mix_leaves_the_gradients_alone():
    here(TORCH)
    x = kt.GradArray([1.0, 2.0])
    kt.sum(x * 2.0).backward()
    before = x.grad
    with pytest.raises(kt.DeviceMismatchError):
        (x * 2.0).backward(kt.ones((2,), device=TORCH))
    with pytest.raises(kt.DeviceMismatchError):
        x.grad = kt.ones((2,), device=TORCH)._array
    assert x.grad is before
    np.testing.assert_array_equal(before, [2.0, 2.0])


def test_where_takes_scalars_alone():
    y = kt.where([True, False], 1.0, 2)
    assert y.device == CPU
    assert y.tolist() == [1.0, 2.0]
    condition = kt.asarray(np.array([True, False]))
    assert kt.where(condition, 1, 2).dtype == np.int64
    assert kt.where(condition, 1, 2.5).tolist() == [1.0, 2.5]
    assert kt.where(condition, np.float32(1), kt.ones(2, dtype="float32")).dtype == np.float32


def test_scalars_and_lists_go_where_the_array_is(device):
    x = kt.GradArray([1.0, 2.0, 3.0], device=device)
    numbers = [1.0, 2.0, 3.0]
    for y in (x * 2.0, 2 * x, x + numbers, numbers - x, x ** np.float64(2.0)):
        assert y.device == device
        assert y.requires_grad
    for y in (
        kt.where(x > 1, x, 0.0),
        kt.where(x > 1, 1.0, 2.0),
        kt.where(x > 1, numbers, 2.0),
        kt.where(x > 1, 2, numbers),
        kt.where([True, False, True], x, 2.0),
        kt.where([True, False, True], 1.0, x),
        kt.maximum(x, 2.0),
        kt.maximum([0.0, 0.0, 5.0], x),
        kt.concat([x, [1.0]]),
        kt.stack([numbers, x]),
        kt.matmul(numbers, x),
    ):
        assert y.device == device


# -- namespaces --------------------------------------------------------------------------------

NAMES = ["numpy", "torch", "jax", "dask", "array_api_strict"]


@pytest.fixture(params=NAMES)
def namespace(request):
    here(kt.Device(request.param, "cpu", 0))
    return kt.namespace(request.param)


def test_a_namespace_is_one_object_with_a_name(namespace):
    name = namespace._backend.name
    assert kt.namespace(name) is namespace
    assert kt.namespace(kt.backends.get(name)) is namespace
    assert namespace.__name__ == f"keratorch.namespace({name!r})"
    assert repr(namespace) == f"<keratorch.namespace({name!r})>"
    assert namespace.zeros(2).__array_namespace__() is namespace
    assert namespace.zeros(2).__array_namespace__(api_version="2024.12") is namespace
    assert copy.deepcopy(namespace) is namespace
    assert pickle.loads(pickle.dumps(namespace)) is namespace


def test_namespaces_are_dictionary_keys():
    found = {}
    for name in NAMES:
        try:
            found[kt.namespace(name)] = name
        except kt.BackendUnavailableError:
            continue
    for key, name in found.items():
        assert found[kt.namespace(name)] == name
        assert key == kt.namespace(name)
    assert len(found) == len(set(map(hash, found)))


def test_a_namespace_has_its_backends_dtypes(namespace):
    backend = namespace._backend
    for name in ("bool", "int64", "float32", "float64", "complex128"):
        assert getattr(namespace, name) is getattr(backend.xp, name)
    x = namespace.zeros(2, dtype=namespace.float32)
    assert x.dtype == backend.dtype("float32")
    assert namespace.isdtype(x.dtype, "real floating")
    assert namespace.isdtype(x.dtype, kind="real floating")
    assert not namespace.isdtype(x.dtype, "integral")
    assert namespace.result_type(x, namespace.float64) == backend.dtype("float64")
    assert namespace.finfo(x.dtype).bits == 32
    assert namespace.pi == pytest.approx(np.pi)
    assert namespace.newaxis is None


def test_a_namespace_converts_to_its_backend(namespace):
    backend = namespace._backend
    source = kt.GradArray(np.array([1.0, 2.0]))
    for data in ([1.0, 2.0], np.array([1.0, 2.0]), source.detach(), source):
        x = namespace.asarray(data)
        assert kt.backends.of(x._array) is backend
        np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])
    kt.sum(namespace.asarray(source) * 3.0).backward()
    np.testing.assert_array_equal(source.grad, [3.0, 3.0])
    own = namespace.asarray([1.0])
    assert namespace.asarray(own) is own
    assert namespace.asarray(own._array)._array is own._array


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "arange", "eye"])
def test_a_namespace_creates_on_its_backend(namespace, name):
    backend = namespace._backend
    create = getattr(namespace, name)
    for x in (create(3), create(3, device="cpu"), create(3, device=backend.current_device())):
        assert kt.backends.of(x._array) is backend
        assert x.device == kt.Device(backend.name, "cpu", 0)
        assert create(3, device=x.device).device == x.device
    raw = backend.raw_device(backend.current_device())
    assert kt.backends.of(create(3, device=raw)._array) is backend


def test_a_namespace_keeps_arrays_where_they_are():
    here(STRICT_1, JAX_1)
    for device in (STRICT_1, JAX_1):
        namespace = kt.namespace(device.backend)
        x = kt.GradArray([1.0, 2.0], device=device)
        assert namespace.asarray(x) is x
        assert namespace.asarray(x._array).device == device
        assert namespace.ones_like(x).device == device
        assert namespace.zeros((2,), device=x.device).device == device
        assert namespace.zeros((2,), device=str(device)).device == device


def test_a_namespace_has_no_devices_but_its_own():
    here(TORCH)
    namespace = kt.namespace("torch")
    for device in ("cuda:77", CPU, STRICT_1):
        with pytest.raises(kt.UnknownDeviceError, match=r"torch has no device .*; it has 'cpu'"):
            namespace.zeros(2, device=device)


def test_the_default_device_rules_in_its_own_namespace():
    here(STRICT_1, TORCH)
    with kt.default_device(STRICT_1):
        assert kt.namespace("array_api_strict").zeros(2).device == STRICT_1
        assert kt.namespace("torch").zeros(2).device == TORCH
        assert kt.namespace("numpy").zeros(2).device == CPU


def test_the_functions_of_a_namespace_differentiate_on_its_backend(namespace):
    x = kt.GradArray(namespace.asarray([0.5, 2.0])._array)
    y = namespace.sum(namespace.exp(namespace.multiply(x, namespace.asarray(2.0))))
    assert kt.backends.of(y._array) is namespace._backend
    y.backward()
    assert kt.backends.of(x.grad) is namespace._backend
    np.testing.assert_allclose(kt.asarray(x.grad).numpy(), 2 * np.exp([1.0, 4.0]))


def test_what_a_namespace_has_not(namespace):
    for name in ("no_such_function", "_private"):
        with pytest.raises(AttributeError) as caught:
            getattr(namespace, name)
        assert name in str(caught.value)
        assert namespace.__name__ in str(caught.value)
        assert not hasattr(namespace, name)
    if namespace._backend.name != "torch":
        with pytest.raises(AttributeError, match="has no 'bfloat16'"):
            _ = kt.namespace("numpy").bfloat16


def test_dir_of_a_namespace_names_what_it_has(namespace):
    names = dir(namespace)
    assert {"asarray", "sum", "exp", "matmul", "pi", "isdtype", "concat"} <= set(names)
    for name in names:
        assert getattr(namespace, name) is not None or name == "newaxis"


def test_a_namespace_tells_its_backends_inquiries(namespace):
    info = namespace.__array_namespace_info__()
    assert len(info.devices()) >= 1
    assert "float64" in info.dtypes()


@pytest.mark.parametrize("name", ["", "numpie", "NumPy", "keratorch"])
def test_a_namespace_of_no_backend(name):
    with pytest.raises(kt.BackendUnavailableError, match=f"there is no backend {name!r}; known"):
        kt.namespace(name)
