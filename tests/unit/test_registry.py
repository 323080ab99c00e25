"""Backends: registering them and their rules, and finding the one of an array."""

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import Backend, _registry

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def registry_as_it_was():
    """Take back what a test registers."""
    tables = [
        _registry._backends,
        _registry._by_namespace,
        _registry._pending_rules,
        _registry._BACKEND_OF_KIND,
        _registry.by_type,
    ]
    before = [dict(table) for table in tables]
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)
    for listener in _registry._listeners:
        listener()


def run_python(code: str, *path: Path, **environment: str) -> str:
    """What the code prints, run in a new interpreter in which a warning is an error."""
    code = f"import sys; sys.path[:0] = {list(map(str, path))!r}\n{textwrap.dedent(code)}"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


# -- third-party arrays ------------------------------------------------------------------------


class TinyNamespace:
    """The part of the Array API that the tests below need, over NumPy."""

    __name__ = "tiny"
    bool, int64, float32, float64 = np.bool_, np.int64, np.float32, np.float64

    def __getattr__(self, name):
        if name.startswith("_"):  # no __array_namespace_info__: the standard of 2022
            raise AttributeError(name)
        function = getattr(np, {"astype": "asarray", "permute_dims": "transpose"}.get(name, name))

        def wrapped(*args, **kwargs):
            kwargs.pop("device", None)
            return TinyArray(function(*map(bare, args), **kwargs))

        return wrapped

    def isdtype(self, dtype, kind):
        return np.isdtype(dtype, kind)


class TinyArray:
    """An array type with nothing but what the standard asks for."""

    def __init__(self, values):
        self._values = np.asarray(values)

    def __array_namespace__(self, *, api_version=None):
        return TINY

    shape = property(lambda self: self._values.shape)
    dtype = property(lambda self: self._values.dtype)
    ndim = property(lambda self: self._values.ndim)
    size = property(lambda self: self._values.size)
    device = "cpu"

    def __getitem__(self, key):
        return TinyArray(self._values[key])

    def __array__(self, dtype=None, copy=None):
        return self._values


def bare(value):
    return value._values if isinstance(value, TinyArray) else value


def _operator(name):
    def method(self, other):
        if not isinstance(other, (TinyArray, int, float)):
            return NotImplemented
        return type(self)(getattr(self._values, name)(bare(other)))

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow"):
    setattr(TinyArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("gt", "ge", "lt", "le", "eq", "ne", "matmul", "and", "or"):
    setattr(TinyArray, f"__{_name}__", _operator(f"__{_name}__"))
TinyArray.__neg__ = lambda self: TinyArray(-self._values)
TinyArray.__invert__ = lambda self: TinyArray(~self._values)
TINY = TinyNamespace()


def test_an_unregistered_array_class_goes_in_and_its_own_arrays_come_out():
    values = np.array([0.5, 1.0, 2.0])
    raw = TinyArray(values)
    x = kt.GradArray(raw)
    assert x._array is raw
    loss = kt.sum(kt.tanh(x) * x + x * 2.0)
    loss.backward()
    assert type(loss._array) is TinyArray
    assert type(x.grad) is TinyArray
    assert x.grad.dtype == np.float64
    expected = np.tanh(values) + values * (1 - np.tanh(values) ** 2) + 2
    np.testing.assert_allclose(x.grad._values, expected, rtol=1e-14)


def test_an_unregistered_array_class_has_a_backend_a_device_and_a_namespace():
    x = kt.GradArray(TinyArray([1.0, 2.0]))
    backend = kt.backends.of(x._array)
    assert backend.name == "tiny"
    assert backend.xp is TINY
    assert kt.backends.get("tiny") is backend
    assert x.device == kt.Device("tiny", "cpu", 0)
    assert backend.devices() == [x.device]
    made = kt.zeros((2,), device=x.device)
    assert type(made._array) is TinyArray
    assert type(x.__array_namespace__().asarray([1.0])._array) is TinyArray


def test_second_derivatives_of_an_unregistered_array_class():
    x = kt.GradArray(TinyArray([0.5, 2.0]))
    (g,) = kt.gradients(kt.sum(x**3), x, create_graph=True)
    (h,) = kt.gradients(kt.sum(g), x)
    np.testing.assert_allclose(bare(h), 6 * np.array([0.5, 2.0]))


def test_two_libraries_with_one_name_are_two_backends():
    class Other(TinyArray):
        def __array_namespace__(self, *, api_version=None):
            return other_namespace

    other_namespace = TinyNamespace()
    first, second = kt.backends.of(TinyArray(1.0)), kt.backends.of(Other(1.0))
    # Other derives from TinyArray, and so has its backend until it is registered.
    assert first is second
    unrelated = type("Unrelated", (), {"__array_namespace__": Other.__array_namespace__})
    third = kt.backends.of(unrelated())
    assert third is not first
    assert third.name != first.name
    assert kt.backends.get(third.name) is third


def test_an_unhashable_namespace_does():
    class Namespace(TinyNamespace):
        __hash__ = None

    class Array(TinyArray):
        pass

    namespace = Namespace()
    unrelated = type("Loose", (), {"__array_namespace__": lambda self, **_: namespace})
    assert kt.backends.of(unrelated()).xp is namespace


# -- subclasses, and what is no array ----------------------------------------------------------


def test_a_subclass_of_ndarray_is_a_numpy_array(tmp_path):
    file = np.memmap(tmp_path / "values", dtype=np.float64, mode="w+", shape=(3,))
    file[:] = [1.0, 2.0, 3.0]
    x = kt.GradArray(file)
    assert type(x._array) is np.ndarray
    assert np.shares_memory(x._array, file)
    kt.sum(x * x).backward()
    assert type(x.grad) is np.ndarray
    np.testing.assert_array_equal(x.grad, [2.0, 4.0, 6.0])
    assert kt.backends.of(file) is kt.backends.get("numpy")


def test_a_users_own_subclass_is_found_before_numpy_was_used():
    out = run_python("""
        import numpy as np, keratorch as kt
        class Mine(np.ndarray): pass
        raw = np.ones(3).view(Mine)
        x = kt.GradArray(raw)
        print(kt.backends.of(raw).name, type(x._array).__name__, x.device)
    """)
    assert out.split() == ["numpy", "ndarray", "cpu"]


def test_a_masked_array_is_refused():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for use in (kt.GradArray, kt.asarray, lambda m: kt.GradArray([1.0, 2.0]) * m):
        with pytest.raises(kt.UnknownArrayError, match=r"masked array .* mask.*filled"):
            use(masked)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_refused():
    matrix = np.matrix([[1.0, 2.0]])
    for use in (kt.GradArray, kt.asarray, lambda m: m * kt.ones(2), lambda m: kt.ones(2) * m):
        with pytest.raises(kt.UnknownArrayError, match=r"multiplies with .*np\.asarray\(matrix\)"):
            use(matrix)


class NoArray:
    pass


class LooksLikeAnArray:
    shape = (3,)
    dtype = np.dtype(float)


@pytest.mark.parametrize("cls", [NoArray, LooksLikeAnArray])
def test_what_is_no_array_is_refused_by_name_with_the_remedy(cls):
    with pytest.raises(kt.UnknownArrayError) as caught:
        kt.backends.of(cls())
    message = str(caught.value)
    assert f"{__name__}.{cls.__name__}" in message
    assert "__array_namespace__" in message
    assert "keratorch.backends.register" in message
    assert isinstance(caught.value, TypeError)
    assert not _registry.is_array(cls())


@pytest.mark.parametrize("data", [{"a": 1.0}, {1.0, 2.0}, NoArray(), None, [[1.0], [1.0, 2.0]]])
def test_data_that_makes_no_array_is_refused(data):
    for make in (kt.GradArray, kt.asarray):
        with pytest.raises((kt.UnknownArrayError, kt.DTypeError)) as caught:
            make(data)
        assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "data",
    [
        "text",
        ["a", "b"],
        b"bytes",
        np.array(["a"]),
        np.array([1, None]),
        np.array([1.0], dtype=object),
        [1.0, None],
    ],
    ids=repr,
)
def test_object_and_string_data_is_refused(data):
    for make in (kt.GradArray, kt.asarray):
        with pytest.raises(kt.DTypeError, match="booleans and numbers"):
            make(data)


@pytest.mark.parametrize(
    "data", [np.array(["2020-01-01"], "M8[D]"), np.array([3], "m8[s]"), np.zeros(2, [("a", "f8")])]
)
def test_dates_and_records_are_refused(data):
    for make in (kt.GradArray, kt.asarray):
        with pytest.raises(kt.DTypeError, match="booleans and numbers"):
            make(data)


@pytest.mark.parametrize("dtype", ["object", object, np.dtype("U3"), "M8[s]", "sin", "nothing"])
def test_no_array_of_objects_or_text_is_made(dtype):
    for make in (
        lambda: kt.zeros(3, dtype=dtype),
        lambda: kt.asarray([1.0], dtype=dtype),
        lambda: kt.astype(kt.ones(2), dtype),
    ):
        with pytest.raises(kt.DTypeError):
            make()


@pytest.mark.parametrize("name", ["torch", "array_api_strict"])
@pytest.mark.parametrize("dtype", ["sin", "object", "zeros", "nothing", object, np.dtype("U3")])
def test_a_function_is_no_dtype(name, dtype):
    pytest.importorskip(name)
    with pytest.raises(kt.DTypeError, match=f"{name} has no dtype"):
        kt.backends.get(name).dtype(dtype)


def test_of_a_gradarray_is_the_backend_of_its_array():
    x = kt.GradArray([1.0])
    assert kt.backends.of(x) is kt.backends.of(x._array)
    assert kt.GradArray not in _registry.by_type


# -- register ----------------------------------------------------------------------------------


class Shelf(TinyArray):
    """An array class whose backend the tests register."""

    def __array_namespace__(self, *, api_version=None):
        raise AssertionError("a registered type is not asked for its namespace")


class ShelfBackend(Backend):
    def __init__(self, name="shelf"):
        super().__init__(name, TINY, (Shelf,))


def test_register_a_backend():
    backend = ShelfBackend()
    assert kt.backends.register(backend) is None
    assert kt.backends.get("shelf") is backend
    assert kt.backends.of(Shelf([1.0])) is backend
    assert "shelf" in kt.backends.names()
    assert kt.GradArray(Shelf([1.0])).device == kt.Device("shelf", "cpu", 0)


def test_a_backend_of_the_same_name_replaces_the_first():
    first, second = ShelfBackend(), ShelfBackend()
    kt.backends.register(first)
    derived = type("Derived", (Shelf,), {})
    assert kt.backends.of(derived([1.0])) is first
    kt.backends.register(second)
    assert kt.backends.get("shelf") is second
    assert kt.backends.of(Shelf([1.0])) is second
    assert kt.backends.of(derived([1.0])) is second
    assert first not in _registry.by_type.values()


def test_a_backend_for_a_subclass_takes_it_from_the_general_one():
    class Special(TinyArray):
        pass

    general = kt.backends.of(Special([1.0]))
    backend = Backend("special", TINY, (Special,))
    kt.backends.register(backend)
    assert kt.backends.of(Special([1.0])) is backend
    assert kt.backends.of(TinyArray([1.0])) is general


def test_a_registered_namespace_is_made_anew():
    kt.backends.register(ShelfBackend())
    before = kt.namespace("shelf")
    assert kt.namespace("shelf") is before
    replaced = ShelfBackend()
    kt.backends.register(replaced)
    assert kt.namespace("shelf") is not before
    assert kt.namespace(replaced) is kt.namespace("shelf")


@pytest.mark.parametrize("kind", ["shelf", "Shelf_2"])
def test_kinds_give_a_device_name(kind):
    class Placed(ShelfBackend):
        def _raw_devices(self):
            return [kind]

        def create(self, name, device, /, *args, **kwargs):
            return Shelf(bare(super().create(name, device, *args, **kwargs)))

        def device(self, array):
            return self.devices()[0]

    with pytest.raises(kt.UnknownDeviceError):
        kt.zeros(2, device=kind)
    kt.backends.register(Placed(), kinds=(kind,))
    for name in (kind, kind.lower(), f"{kind}:0"):
        x = kt.zeros(2, device=name)
        assert type(x._array) is Shelf
        assert x.device == kt.Device("shelf", kind.lower(), 0)
        assert x.device == kind.lower()
    with pytest.raises(kt.UnknownDeviceError, match=f"shelf has no device '{kind.lower()}:7'"):
        kt.zeros(2, device=f"{kind}:7")


@pytest.mark.parametrize("what", [None, 3, np, ShelfBackend])
def test_what_is_no_backend_is_refused(what):
    with pytest.raises(TypeError, match=r"register: .* must be a keratorch.backends.Backend"):
        kt.backends.register(what)


def test_rules_for_an_unknown_backend_are_refused():
    with pytest.raises(kt.BackendUnavailableError) as caught:
        kt.backends.register("numpie", rules={})
    assert "no backend 'numpie'" in str(caught.value)
    assert "numpy, cupy, torch" in str(caught.value)
    assert isinstance(caught.value, RuntimeError)
    with pytest.raises(kt.BackendUnavailableError, match="no backend 'numpie'"):
        kt.backends.get("numpie")


# -- rules -------------------------------------------------------------------------------------


class CubeGrad(kt.Grad):
    def backward(self, grad):
        (x,) = self.inputs
        return (3 * x**2 * grad,)


class OtherCubeGrad(CubeGrad):
    pass


def cube(x, cls=CubeGrad):
    return kt.GradArray(x.detach()._array ** 3, grad_op=cls(x))


class Counting:
    """The rule of `CubeGrad` for one backend; counts its calls."""

    def __init__(self):
        self.calls = []

    def __call__(self, node, grad):
        self.calls.append(type(grad))
        (x,) = node.saved(grad)
        return (3 * x * x * grad,)


@pytest.fixture
def rule():
    counting = Counting()
    yield counting
    kt.backends.get("numpy").rules.pop(CubeGrad, None)


def test_a_backends_own_rule_runs(rule):
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray([1.0, 2.0])
    kt.sum(cube(x)).backward()
    assert rule.calls == [np.ndarray]
    np.testing.assert_array_equal(x.grad, [3.0, 12.0])


def test_a_rule_is_kept_from_recorded_derivatives(rule):
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray([1.0, 2.0])
    (g,) = kt.gradients(kt.sum(cube(x)), x, create_graph=True)
    assert rule.calls == []
    (h,) = kt.gradients(kt.sum(g), x)
    np.testing.assert_array_equal(h, [6.0, 12.0])
    _, tangent = kt.jvp(lambda v: kt.gradients(kt.sum(cube(v)), v)[0], (x,), ([1.0, 1.0],))
    assert rule.calls == []
    np.testing.assert_array_equal(tangent.numpy(), [6.0, 12.0])


def test_a_rule_is_for_the_exact_class(rule):
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray([1.0, 2.0])
    kt.sum(cube(x, OtherCubeGrad)).backward()
    assert rule.calls == []
    np.testing.assert_array_equal(x.grad, [3.0, 12.0])


def test_a_rule_is_for_its_backend_only(rule):
    strict = pytest.importorskip("array_api_strict")
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray(strict.asarray([1.0, 2.0]))
    kt.sum(cube(x)).backward()
    assert rule.calls == []
    assert type(x.grad) is type(x._array)


def test_a_rule_for_an_operation_of_keratorch_takes_the_place_of_its_kernel():
    table = kt.backends.get("numpy").rules
    sin_grad = type(kt.sin(kt.GradArray([1.0]))._grad_op)
    before = table[sin_grad]
    calls = []

    def rule(node, grad):
        calls.append(grad.shape)
        return before(node, grad)

    kt.backends.register("numpy", rules={sin_grad: rule})
    try:
        x = kt.GradArray([0.0, 1.0])
        kt.sum(kt.sin(x)).backward()
    finally:
        table[sin_grad] = before
    assert calls == [(2,)]
    np.testing.assert_allclose(x.grad, np.cos([0.0, 1.0]))


def test_rules_come_with_a_new_backend():
    rule = Counting()
    kt.backends.register(ShelfBackend(), rules={CubeGrad: rule})
    x = kt.GradArray(Shelf([2.0]))
    y = kt.GradArray(Shelf(bare(x._array) ** 3), grad_op=CubeGrad(x))
    y.backward(Shelf([1.0]))
    assert rule.calls == [Shelf]
    np.testing.assert_array_equal(bare(x.grad), [12.0])


def test_what_is_no_rule_is_refused():
    for rules in ({"CubeGrad": Counting()}, {CubeGrad: "rule"}):
        with pytest.raises(TypeError, match="must be a Grad subclass and a function rule"):
            kt.backends.register("numpy", rules=rules)
    assert CubeGrad not in kt.backends.get("numpy").rules


def test_rules_by_name_before_the_backend_is_loaded():
    pytest.importorskip("array_api_strict")
    out = run_python("""
        import sys
        import keratorch as kt
        class CubeGrad(kt.Grad):
            def backward(self, grad):
                raise AssertionError("the general rule ran")
        def rule(node, grad):
            print("rule", type(grad).__module__.split(".")[0])
            (x,) = node.saved(grad)
            return (3 * x**2 * grad,)
        kt.backends.register("array_api_strict", rules={CubeGrad: rule})
        print("array_api_strict" in sys.modules)
        import array_api_strict as xp
        x = kt.GradArray(xp.asarray([2.0]))
        kt.GradArray(x._array ** 3, grad_op=CubeGrad(x)).backward()
        print(float(x.grad[0]))
    """)
    assert out.split() == ["False", "rule", "array_api_strict", "12.0"]


# -- entry points ------------------------------------------------------------------------------

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


# -- what is imported, and threads -------------------------------------------------------------


def test_numpy_code_imports_no_other_array_library():
    out = run_python("""
        import sys
        import numpy as np, keratorch as kt
        x = kt.GradArray(np.ones((2, 2)))
        y = kt.asarray([[1.0, 2.0], [3.0, 4.0]], device="cpu")
        z = np.sin(x @ y) * np.float64(2) + [1.0, 2.0] - np.ones(2)
        kt.sum(kt.where(z > 0, z, 0.0)).backward()
        kt.gradients(kt.sum(x**2), x, create_graph=True)
        x.to_device("cpu"), kt.zeros(3), x.__array_namespace__().zeros(2), x.numpy(), repr(x)
        class NoArray:
            shape, dtype = (), float
        for call in (
            lambda: kt.zeros(2, device="tpu"),
            lambda: kt.zeros(2, device="cpu:7"),
            lambda: kt.GradArray(NoArray()),
            lambda: kt.backends.of(NoArray()),
            lambda: kt.backends.get("nothing"),
            lambda: x * NoArray(),
            lambda: kt.set_default_device("gpu:1"),
        ):
            try:
                call()
            except (kt.KeratorchError, TypeError):
                pass
            else:
                raise AssertionError("nothing was raised")
        print(sorted({name.partition(".")[0] for name in sys.modules}))
    """)
    heavy = {"torch", "jax", "jaxlib", "dask", "cupy", "array_api_strict"}
    assert not heavy & set(eval(out))


def test_devices_imports_cupy_at_most():
    out = run_python("""
        import sys
        import keratorch as kt
        print(kt.devices()[0])
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
    """)
    first, modules = out.splitlines()
    assert first == "cpu"
    assert not {"torch", "jax", "jaxlib", "dask", "array_api_strict"} & set(modules.split())


def test_a_library_that_is_not_installed_is_named():
    out = run_python("""
        import sys
        sys.modules["torch"] = sys.modules["dask"] = None
        import keratorch as kt
        for name in ("torch", "dask"):
            try:
                kt.backends.get(name)
            except kt.BackendUnavailableError as error:
                print(error)
        kt.devices()
    """)
    torch, dask = out.splitlines()
    assert torch.startswith("the backend torch cannot be loaded (")
    assert torch.endswith("install torch to use it")
    assert dask.startswith("the backend dask cannot be loaded (")
    assert "install dask" in dask


def test_the_first_lookup_is_thread_safe():
    made = []

    class Slow(TinyNamespace):
        pass

    namespace = Slow()

    class Shared:
        def __array_namespace__(self, *, api_version=None):
            barrier.wait(5)
            return namespace

    barrier = threading.Barrier(8)
    threads = [
        threading.Thread(target=lambda: made.append(kt.backends.of(Shared()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(map(id, made))) == 1
    assert _registry.by_type[Shared] is made[0]


def test_threads_load_a_backend_once():
    pytest.importorskip("array_api_strict")
    out = run_python("""
        import threading
        import keratorch as kt
        import array_api_strict as xp
        raws, seen, barrier = [xp.ones(2) for _ in range(8)], [], threading.Barrier(8)
        def look(raw):
            barrier.wait(5)
            x = kt.GradArray(raw)
            (x * x).sum().backward()
            seen.append((id(kt.backends.of(raw)), id(kt.backends.get("array_api_strict")),
                         float(x.grad[0])))
        threads = [threading.Thread(target=look, args=(raw,)) for raw in raws]
        [t.start() for t in threads], [t.join() for t in threads]
        print(len(seen), len(set(seen)))
    """)
    assert out.split() == ["8", "1"]


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
