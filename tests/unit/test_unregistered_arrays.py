"""Arrays of classes that nobody registered, subclasses, and what is no array."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _registry
from tests.processes import run_python
from tests.tiny_array import TINY, TinyArray, TinyNamespace, bare

pytestmark = pytest.mark.usefixtures("registry_as_it_was")


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
        with pytest.raises(kt.UnknownArrayError, match=r"MaskedArray .*x\.filled\(0\)"):
            use(masked)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_refused():
    matrix = np.matrix([[1.0, 2.0]])
    for use in (kt.GradArray, kt.asarray, lambda m: m * kt.ones(2), lambda m: kt.ones(2) * m):
        with pytest.raises(kt.UnknownArrayError, match=r"numpy\.matrix .*np\.asarray\(x\)"):
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
