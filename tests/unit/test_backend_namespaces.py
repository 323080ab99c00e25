"""The namespaces of backends: one object each, with its dtypes and devices."""

import copy
import pickle

import numpy as np
import pytest

import keratorch as kt
from tests.devices import (
    CPU,
    JAX_1,
    STRICT_1,
    TORCH,
    here,
)

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


def test_a_namespace_has_the_standard_and_nothing_else_of_keratorch(namespace):
    strict = pytest.importorskip("array_api_strict")
    switches = {"ArrayAPIStrictFlags", "Device", "ModuleType"}
    standard = {n for n in dir(strict) if not n.startswith("_") and "flags" not in n} - switches
    assert standard >= {"sum", "unique_all", "pi", "float64"}
    standard |= {"linalg", "fft"}
    names = {name for name in dir(namespace) if not name.startswith("_")}
    assert names - standard <= {"special", "float16", "bfloat16"}
    if namespace._backend.name != "torch":  # which lacks some dtypes on the oldest versions
        assert standard <= names
    for name in ("errors", "profile", "GradArray", "backends", "grad", "nn", "to_device", "ops"):
        assert not hasattr(namespace, name)


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
