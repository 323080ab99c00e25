"""Backends: registering them, finding the one of an array, and what is imported for it."""

import threading

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import Backend, _registry
from tests.processes import run_python
from tests.tiny_array import TINY, Shelf, ShelfBackend, TinyArray, TinyNamespace, bare

pytestmark = pytest.mark.usefixtures("registry_as_it_was")


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


def test_importing_keratorch_loads_little_more_than_numpy():
    """What tools and transformations need of the standard library is imported in use."""
    out = run_python("""
        import sys
        import array_api_compat
        import numpy
        before = set(sys.modules)
        import keratorch
        print(*sorted({n.partition(".")[0] for n in sys.modules.keys() - before}))
    """)
    assert set(out.split()) <= {"copy", "keratorch", "threading", "weakref", "_weakrefset"}


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
