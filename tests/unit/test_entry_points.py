"""Backends that an installed package names in its entry points."""

import textwrap

import pytest

from tests.processes import run_python

pytestmark = pytest.mark.usefixtures("registry_as_it_was")


MODULE = """
import numpy as np
print("loaded", __name__)
import keratorch as kt
from keratorch.backends import Backend, Device


class Array:
    def __init__(self, values):
        self.values = np.asarray(values)
    shape = property(lambda self: self.values.shape)
    dtype = property(lambda self: self.values.dtype)
    ndim = property(lambda self: self.values.ndim)
    def __mul__(self, other):
        return Array(self.values * getattr(other, "values", other))
    __rmul__ = __mul__


class MyBackend(Backend):
    def __init__(self):
        super().__init__("mine", np, (Array,))
    def device(self, array):
        return Device("mine", "cpu", 0)
    def devices(self):
        return [Device("mine", "cpu", 0)]
    def copy(self, array):
        return Array(array.values.copy())


def make():
    return MyBackend()


def broken():
    raise OSError("no such disk")


rubbish = dict
mine = MyBackend()
wrong_name = MyBackend()
"""


@pytest.fixture
def installed(tmp_path):
    """Installs a package with entry points of our group; gives its folder."""

    def install(**entry_points):
        (tmp_path / "kt_shop.py").write_text(MODULE, encoding="utf-8")
        info = tmp_path / "kt_shop-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kt-shop\nVersion: 1.0\n")
        lines = [f"{name} = {target}" for name, target in entry_points.items()]
        text = "\n".join(["[keratorch.backends]", *lines, ""])
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
        return tmp_path

    return install


@pytest.mark.parametrize("value", ["kt_shop:make", "kt_shop:MyBackend", "kt_shop:mine"])
def test_an_entry_point_is_loaded_when_asked_for_by_name(installed, value):
    out = run_python(
        """
        import keratorch as kt
        x = kt.GradArray([1.0, 2.0])          # NumPy, lists and scalars need no entry point
        (x * 2.0 + [1.0, 2.0]).sum().backward()
        print(sorted(set(kt.backends.names()) - {*"numpy cupy torch jax dask".split()}))
        print("asked")
        backend = kt.backends.get("mine")
        print(type(backend).__name__, kt.backends.get("mine") is backend)
        """,
        installed(mine=value),
    )
    assert out.splitlines() == [
        "['array_api_strict', 'mine']",
        "asked",
        "loaded kt_shop",
        "MyBackend True",
    ]


def test_an_entry_point_is_loaded_for_an_array_of_its_own_type(installed):
    out = run_python(
        """
        import keratorch as kt
        class Alike:                           # an array class that is not imported from there
            shape, dtype = (), float
        import kt_shop
        x = kt.GradArray(kt_shop.Array([1.0, 2.0]))
        print(kt.backends.of(x._array).name, x.device.backend, type(x._array).__name__)
        """,
        installed(mine="kt_shop:make"),
    )
    assert out.splitlines() == ["loaded kt_shop", "mine mine Array"]


def test_devices_knows_those_of_entry_points(installed):
    out = run_python(
        """
        import keratorch as kt
        print(kt.Device("mine", "cpu", 0) in kt.devices())
        """,
        installed(mine="kt_shop:make"),
    )
    assert out.splitlines() == ["loaded kt_shop", "True"]


def test_rules_for_an_entry_point_wait_until_it_is_loaded(installed):
    out = run_python(
        """
        import keratorch as kt
        class MyGrad(kt.Grad):
            def backward(self, grad): ...
        rule = lambda node, grad: (grad,)
        kt.backends.register("mine", rules={MyGrad: rule})
        print("registered")
        print(kt.backends.get("mine").rules[MyGrad] is rule)
        """,
        installed(mine="kt_shop:make"),
    )
    assert out.splitlines() == ["registered", "loaded kt_shop", "True"]


def test_a_broken_entry_point_is_named_and_harms_no_other(installed):
    out = run_python(
        """
        import keratorch as kt
        names = ["raises", "rubbish", "missing", "absent", "another"]
        for name in names:
            try:
                kt.backends.get(name)
            except kt.BackendUnavailableError as error:
                assert f"entry point {name!r} of keratorch.backends" in str(error), error
                assert error.__cause__ is not None
                print(name, str(error).split("(")[1].split(")")[0])
        assert kt.Device("numpy", "cpu", 0) in kt.devices()
        class NoArray:
            shape, dtype = (), float
        try:
            kt.backends.of(NoArray())
        except kt.UnknownArrayError as error:
            assert all(repr(name) in str(error) for name in names), error
        class Fine:
            shape, dtype, device = (2,), float, "cpu"
            def __array_namespace__(self, api_version=None):
                import array_api_compat.numpy
                return array_api_compat.numpy
        print(kt.backends.of(Fine()).name)
        """,
        installed(
            raises="kt_shop:broken",
            rubbish="kt_shop:rubbish",
            missing="kt_shop:nothing",
            absent="kt_no_such_module:make",
            another="kt_shop:wrong_name",
        ),
    )
    assert out.splitlines() == [
        "loaded kt_shop",
        "raises OSError: no such disk",
        "rubbish TypeError: it gave a dict",
        "missing AttributeError: module 'kt_shop' has no attribute 'nothing'",
        "absent ModuleNotFoundError: No module named 'kt_no_such_module'",
        "another TypeError: its backend calls itself 'mine'",
        "array_api_compat.numpy",
    ]


TAKING = """
import warnings
import numpy as np
import keratorch as kt
from keratorch.backends import Backend, Device, register


class Own(np.ndarray):
    pass


class Taking(Backend):
    def __init__(self, name="taking", types=(np.ndarray, Own)):
        super().__init__(name, np, types)


def make():
    import sys
    register(Taking("numpy"))
    if "torch" in sys.modules:
        register(Taking("more", (sys.modules["torch"].Tensor,)), kinds=("cuda", "npu"))
    return Taking()
"""


def test_an_entry_point_takes_over_no_type_name_or_kind_of_a_built_in_backend(installed):
    folder = installed(taking="kt_taking:make", torch="kt_taking:Taking", numpy="kt_taking:Taking")
    (folder / "kt_taking.py").write_text(TAKING, encoding="utf-8")
    out = run_python(
        """
        import warnings
        import keratorch as kt
        try:
            import torch
        except ImportError:
            torch = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                kt.backends.of(type("Unknown", (), {"shape": (), "dtype": float})())
            except kt.UnknownArrayError:
                pass
            import kt_taking, numpy as np
            owners = [kt.backends.of(np.ones(2)), kt.backends.of(np.ones(2).view(kt_taking.Own))]
            owners += [kt.backends.get("numpy")]
            owners += [] if torch is None else [kt.backends.of(torch.ones(2))]
        print([o.name for o in owners], {type(o).__module__ for o in owners} - {"kt_taking"})
        for w in caught:
            if "keratorch ignores" in str(w.message):
                print(w.category.__name__, w.message)
        if torch is not None:
            print(kt.backends._registry._BACKEND_OF_KIND["npu"])
            print(kt.backends._registry._BACKEND_OF_KIND["cuda"])
        """,
        folder,
    )
    lines = out.splitlines()
    owners = lines[0].partition("]")[0]
    assert owners in ("['numpy', 'taking', 'numpy'", "['numpy', 'taking', 'numpy', 'torch'")
    warned = [line for line in lines if line.startswith("UserWarning")]
    assert all("of the distribution kt-shop" in line for line in warned)
    for text in (
        "'torch' = 'kt_taking:Taking' of the distribution kt-shop: keratorch has its own",
        "'numpy' = 'kt_taking:Taking' of the distribution kt-shop: keratorch has its own",
        "'taking' = 'kt_taking:make' of the distribution kt-shop asks for arrays of type "
        "numpy.ndarray, which keratorch's own backend numpy serves: to have it, call",
        "asks for the name 'numpy'",
    ):
        assert any(text in line for line in warned), (text, lines)
    if len(lines) > len(warned) + 1:
        assert lines[-2:] == ["more", "cupy"]
        for text in ("arrays of type torch.Tensor", "the device kind 'cuda'"):
            assert any(text in line for line in warned), (text, lines)


def test_two_entry_points_of_one_name(installed, tmp_path):
    folder = installed(mine="kt_shop:make")
    info = folder / "other_shop-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-shop\nVersion: 1.0\n")
    text = "[keratorch.backends]\nmine = kt_shop:broken\n"
    (info / "entry_points.txt").write_text(text, encoding="utf-8")
    out = run_python(
        """
        import warnings
        import keratorch as kt
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            kt.backends.names()
        print(*[w.message for w in caught], sep="\\n")
        """,
        folder,
    )
    assert "'mine'" in out and "has that name already" in out
    assert "kt-shop" in out and "other-shop" in out


def test_the_user_may_register_what_an_entry_point_may_not():
    out = run_python(
        """
        import warnings
        warnings.simplefilter("error")
        import numpy as np, keratorch as kt
        kt.backends.register(kt.backends.Backend("theirs", np, (np.ndarray,)))
        print(kt.backends.of(np.ones(2)).name)
        """
    )
    assert out.split() == ["theirs"]


def test_a_module_that_registers_while_another_thread_looks_it_up(installed):
    """The registry holds no lock while an entry point is imported."""
    folder = installed(slow="kt_slow:make")
    (folder / "kt_slow.py").write_text(
        textwrap.dedent("""
            import time
            import numpy as np, keratorch as kt
            time.sleep(0.3)
            kt.backends.register(kt.backends.Backend("slow", np))
            def make():
                raise AssertionError("it is registered already")
        """),
        encoding="utf-8",
    )
    out = run_python(
        """
        import threading, time
        import keratorch as kt
        importing = threading.Thread(target=lambda: __import__("kt_slow"))
        importing.start()
        time.sleep(0.1)
        print(kt.backends.get("slow").name)
        importing.join()
        """,
        folder,
    )
    assert out.split() == ["slow"]
