"""What leaves keratorch and comes back: DLPack, CUDA's array interface, pickles, copies."""

from __future__ import annotations

import concurrent.futures
import copy
import dataclasses
import multiprocessing
import pickle
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@dataclasses.dataclass
class Model:
    weights: Any
    result: Any
    name: str = "model"


@pytest.fixture
def leaf(device):
    """A leaf with a gradient and a name."""
    x = kt.GradArray(on_device(device, A), name="w")
    kt.sum(x * x).backward()
    return x


def same(x: Any, y: Any) -> None:
    """`y` is a leaf like `x`, in memory of its own."""
    assert y is not x and y.is_leaf and y.requires_grad == x.requires_grad
    assert (y.name, y.device, y.dtype, y.shape) == (x.name, x.device, x.dtype, x.shape)
    assert type(y._array) is type(x._array)
    np.testing.assert_array_equal(y.numpy(), x.numpy())
    if x.grad is None:
        assert y.grad is None
    else:
        assert type(y.grad) is type(x.grad) and y.grad is not x.grad
        np.testing.assert_array_equal(on_host(y.grad), on_host(x.grad))


# -- pickles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickle_of_leaves_and_constants(leaf, device, protocol):
    twin = pickle.loads(pickle.dumps(leaf, protocol))
    same(leaf, twin)
    kt.sum(twin * 3.0).backward()
    np.testing.assert_array_equal(on_host(twin.grad), 2 * A + 3.0)
    np.testing.assert_array_equal(on_host(leaf.grad), 2 * A)
    constant = kt.asarray(on_device(device, A))
    same(constant, pickle.loads(pickle.dumps(constant, protocol)))


def test_pickle_of_results_is_refused(leaf):
    with pytest.raises(kt.LostGradientError, match=r"MultiplyGrad.*\(2, 3\).*detach\(\)"):
        pickle.dumps(leaf * 2)
    same((leaf * 2).detach(), pickle.loads(pickle.dumps((leaf * 2).detach())))


def test_a_pickle_keeps_what_is_one_array(leaf):
    one, two = pickle.loads(pickle.dumps([leaf, leaf]))
    assert one is two


def test_a_process_gets_leaves_and_gives_them_back():
    x = kt.GradArray(A, name="w")
    x.grad = 2 * A
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        same(x, pool.submit(copy.deepcopy, x).result(timeout=120))
        gradient = pool.submit(kt.gradients, x, x, np.ones((2, 3))).result(timeout=120)
    np.testing.assert_array_equal(gradient[0], np.ones((2, 3)))


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_joblib_stores_leaves(tmp_path, mmap_mode):
    joblib = pytest.importorskip("joblib")
    x = kt.GradArray(A, name="w")
    x.grad = 2 * A
    joblib.dump({"x": x}, tmp_path / "x.joblib")
    y = joblib.load(tmp_path / "x.joblib", mmap_mode=mmap_mode)["x"]
    np.testing.assert_array_equal(y.numpy(), A)
    np.testing.assert_array_equal(y.grad, 2 * A)
    assert y.requires_grad and y.name == "w"
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(x * x))(y).numpy(), 2 * A)


# -- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_of_leaves_and_results(leaf, copied):
    same(leaf, copied(leaf))
    result = leaf * leaf
    twin = copied(result)
    assert twin is not result and not twin.is_leaf
    kt.sum(twin).backward()
    np.testing.assert_array_equal(on_host(leaf.grad), 4 * A)


@pytest.mark.parametrize("taken_apart", [dataclasses.astuple, dataclasses.asdict])
def test_dataclasses(leaf, taken_apart):
    model = Model(leaf, leaf * leaf)
    parts = taken_apart(model)
    weights, result, _ = parts.values() if isinstance(parts, dict) else parts
    same(leaf, weights)
    kt.sum(result * weights).backward()  # the copied result leads to the leaf itself
    np.testing.assert_array_equal(on_host(leaf.grad), 2 * A + 2 * A * A)
    np.testing.assert_array_equal(on_host(weights.grad), 2 * A + A * A)
    replaced = dataclasses.replace(model, name="other")
    assert replaced.weights is leaf and replaced.result is model.result


# -- memory --------------------------------------------------------------------------------------


def test_dlpack_of_tracked_arrays_is_refused(leaf):
    for x in (leaf, leaf * 2):
        with pytest.raises(kt.LostGradientError, match="detach"):
            x.__dlpack__()


def test_numpy_takes_constants_by_dlpack():
    x = kt.asarray(A)
    assert np.shares_memory(np.from_dlpack(x), A)
    assert x.__dlpack_device__() == A.__dlpack_device__()
    with pytest.raises(kt.LostGradientError, match="detach"):
        np.from_dlpack(kt.GradArray(A))


@pytest.mark.parametrize("source", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("to", ["numpy", "torch", "jax"])
def test_libraries_exchange_constants_by_dlpack(source, to):
    modules = {"numpy": "numpy", "torch": "torch", "jax": "jax.numpy"}
    pytest.importorskip(modules[source])
    library = pytest.importorskip(modules[to])
    backend = kt.backends.get(source)
    raw = backend.from_numpy(np.array(A), backend.devices()[0])
    given = library.from_dlpack(kt.asarray(raw))
    assert kt.backends.of(given).name == to
    np.testing.assert_array_equal(on_host(given), A)
    with pytest.raises(kt.LostGradientError, match="detach"):
        library.from_dlpack(kt.GradArray(raw))
    taken = kt.namespace(to).from_dlpack(raw)
    assert not taken.requires_grad and kt.backends.of(taken._array).name == to
    np.testing.assert_array_equal(taken.numpy(), A)
    same_library = kt.from_dlpack(raw)
    assert same_library._array is raw


def test_from_dlpack_of_a_tracked_gradarray_is_differentiable():
    x = kt.GradArray(A)
    kt.sum(kt.from_dlpack(x * x)).backward()
    np.testing.assert_array_equal(x.grad, 2 * A)


class OnCUDA(np.ndarray):
    """Host memory that says it were a GPU's."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"shape": self.shape, "typestr": "<f8", "data": (0, True), "version": 3}


def test_cuda_array_interface_of_constants_alone():
    raw = A.view(OnCUDA)
    constant = kt.asarray(A)
    constant._array = raw  # what wraps a NumPy array does not keep its subclass
    assert constant.__cuda_array_interface__ == raw.__cuda_array_interface__
    tracked = kt.GradArray(A)
    tracked._array = raw
    assert not hasattr(tracked, "__cuda_array_interface__")
    with pytest.raises(AttributeError, match=r"\(2, 3\).*detach\(\)"):
        _ = tracked.__cuda_array_interface__
    with kt.no_grad():
        kt.jvp(_asserted, [A], [A])


def _asserted(x: kt.GradArray) -> kt.GradArray:
    plain, x._array = x._array, A.view(OnCUDA)
    assert not x.requires_grad and not hasattr(x, "__cuda_array_interface__")
    x._array = plain
    return x * 1.0


def test_host_arrays_have_no_cuda_array_interface(device):
    x = kt.asarray(on_device(device, A))
    assert hasattr(x, "__cuda_array_interface__") == (device.kind == "cuda")
