"""Slices that walk backwards, which PyTorch alone does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.op_checks import on_device, on_host

A = np.arange(12.0).reshape(3, 4)
KEYS = [
    np.s_[::-1],
    np.s_[..., ::-2],
    np.s_[2:0:-1, None, 1],
    np.s_[1, ::-1],
    np.s_[::-1, ::-3],
    np.s_[None, ..., -1:-4:-2],
    np.s_[0:2:-1],
]
ROWS = np.array([True, False, True])
#: Beside masks and arrays of integers.
MIXED = {
    "mask": np.s_[ROWS, ::-1],
    "mask of the last axis": np.s_[::-2, np.array([True, False, True, True])],
    "integers": np.s_[np.array([0, 1]), ::-1],
    "integers in two dimensions": np.s_[np.array([[2], [0]]), :0:-2],
    "list": np.s_[[1, 0], ::-1],
    "list of booleans": np.s_[[True, False, True], ::-1],
    "new axis": np.s_[np.array([2, 0]), None, ::-1],
    "ellipsis": np.s_[..., ::-1, np.array([3, 0])],
    "nothing": np.s_[np.array([2, 0]), 0:2:-1],
}
#: Libraries that read and write by arrays beside slices.
TAKES_MIXED = ("numpy", "numpy_readonly", "torch", "jax", "cupy")


def whole(key: Any, device: kt.Device) -> Any:
    """The key, with every axis accounted for where the library wants that."""
    if device.backend == "array_api_strict" and not isinstance(key, tuple):
        return (key, ...)
    return key


def placed(key: Any, device: kt.Device) -> Any:
    """The key, with its arrays on the device."""
    return tuple(
        [on_device(device, part) if isinstance(part, np.ndarray) else part for part in key]
    )


@pytest.fixture
def takes_mixed(device):
    if device.backend not in TAKES_MIXED:
        pytest.skip(f"{device.backend} has no arrays beside slices")


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_negative_steps(key, device):
    key = whole(key, device)
    x = kt.GradArray(on_device(device, A))
    y = x[key]
    np.testing.assert_array_equal(y.numpy(), A[key])
    kt.sum(y * y).backward()
    expected = np.zeros((3, 4))
    expected[key] = 2 * A[key]
    np.testing.assert_array_equal(on_host(x.grad), expected)
    _, tangent = kt.jvp(lambda x: x[key], [on_device(device, A)], [on_device(device, A * A)])
    np.testing.assert_array_equal(on_host(tangent), (A * A)[key])


def writes_none(key: Any) -> bool:
    return isinstance(key, tuple) and any(part is None for part in key)


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_writes(key, tracked, device):
    if writes_none(key) and device.backend == "array_api_strict":
        pytest.skip("array_api_strict does not write by None")
    key = whole(key, device)
    x = kt.GradArray(on_device(device, A)) * 1.0 if tracked else kt.asarray(on_device(device, A))
    plain = A.copy()
    values = 0.5 + np.arange(A[key].size).reshape(A[key].shape)
    for value in (7.0, values, values[..., :1]):
        x[key] = kt.asarray(on_device(device, value)) if isinstance(value, np.ndarray) else value
        plain[key] = value
        np.testing.assert_array_equal(x.detach().numpy(), plain)
    x[key] += 1.5
    plain[key] += 1.5
    np.testing.assert_array_equal(x.detach().numpy(), plain)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_derivatives_of_writes(key, device):
    if device.backend == "array_api_strict":
        pytest.skip("array_api_strict does not write by all of these keys")

    def written(x, value):
        y = x * 1.0
        y[key] = value * value
        y[key] *= x[key]
        return y

    value = 0.5 + np.arange(A[key].size).reshape(A[key].shape)
    check_grads(written, [on_device(device, A / 5), on_device(device, value / 5)], order=2)


def test_torch_compiles_negative_steps():
    torch = pytest.importorskip("torch")

    def function(x):
        y = x * 1.0
        y[::-1] = x * y
        return kt.sum(x[::-1, 1] * kt.flip(y, axis=1)[:, 0] * x[[1, 0, 2], ::-1][:, 2])

    x = torch.tensor(A / 5)
    gradient = kt.grad(function)
    expected = gradient(x)
    torch._dynamo.reset()
    compiled = torch.compile(gradient, backend="eager", fullgraph=True)
    np.testing.assert_allclose(compiled(x), expected, rtol=1e-12)
    torch._dynamo.reset()


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.usefixtures("takes_mixed")
def test_arrays_beside_negative_steps(name, device):
    key = MIXED[name]
    x = kt.asarray(on_device(device, A))
    np.testing.assert_array_equal(x[placed(key, device)].numpy(), A[key])
    plain = A.copy()
    x[placed(key, device)] = 7.0
    plain[key] = 7.0
    np.testing.assert_array_equal(x.numpy(), plain)
    values = 0.5 + np.arange(A[key].size).reshape(A[key].shape)
    x[placed(key, device)] = kt.asarray(on_device(device, values))
    plain[key] = values
    np.testing.assert_array_equal(x.numpy(), plain)


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.usefixtures("takes_mixed")
def test_derivatives_of_arrays_beside_negative_steps(name, device):
    key = placed(MIXED[name], device)

    def read_and_written(x, value):
        y = x * x
        y[key] = x[key] * value
        return y

    value = 0.5 + np.arange(A[MIXED[name]].size).reshape(A[MIXED[name]].shape)
    args = [on_device(device, A / 5), on_device(device, value / 5)]
    check_grads(read_and_written, args, order=2)


def random_key(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """A key with a slice that walks backwards, and perhaps one array; no element twice."""
    kinds = ["slice", "all", "integers", "mask", "back"]
    parts: list[Any] = []
    for n in shape:
        kind = rng.choice(kinds)
        if kind == "back":
            start, stop = rng.integers(-n, n + 1, 2)
            ends = [int(start), int(stop)] if rng.random() < 0.5 else [None, None]
            parts.append(slice(*ends, int(rng.choice([-1, -2]))))
        elif kind == "integers":
            parts.append(rng.permutation(n)[: rng.integers(1, n + 1)])
        elif kind == "mask":
            parts.append(rng.random(n) < 0.6)
        else:
            parts.append(slice(int(rng.integers(n)), None) if kind == "slice" else slice(None))
        if kind in ("integers", "mask"):
            kinds = ["slice", "all", "back"]
    parts[int(rng.integers(len(parts)))] = slice(None, None, -1)
    if rng.random() < 0.3:
        parts.insert(int(rng.integers(len(parts) + 1)), None)
    return tuple(parts)


@pytest.mark.usefixtures("takes_mixed")
def test_random_keys(device, full, samples):
    """Values and gradients of reads and writes are those over NumPy.

    JAX compiles them anew for each key: 4 keys of 60, unless all are asked for.
    """
    rng = np.random.default_rng(0)
    shape = (3, 4, 2)

    def program(key, x, value, weights, device):
        x, value = (kt.GradArray(on_device(device, a)) for a in (x, value))
        y = x * 2.0
        y[placed(key, device)] = value * value
        z = y[placed(key, device)] * x[placed(key, device)]
        kt.sum(y * y * kt.asarray(on_device(device, weights))).backward(retain_graph=True)
        kt.sum(z * value).backward()
        return [on_host(a) for a in (y._array, z._array, x.grad, value.grad)]

    def check(key, inputs):
        expected = program(key, *inputs, kt.Device("numpy", "cpu", 0))
        found = program(key, *inputs, device)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)

    for i in range(60 if full or device.backend != "jax" else 4):
        key = random_key(rng, shape)
        inputs = [rng.uniform(-1, 1, s) for s in (shape, np.empty(shape)[key].shape, shape)]
        samples.check(f"{i}: {key}", check, key, inputs)


# -- views that walk backwards -------------------------------------------------------------------


@pytest.fixture
def start(device):
    """An array, and the same in NumPy."""

    def make(tracked: bool, values: np.ndarray = A) -> tuple[Any, np.ndarray]:
        raw = on_device(device, values)
        return kt.GradArray(raw) * 1.0 if tracked else kt.asarray(raw), values.copy()

    return make


def assert_same(here: list[Any], there: list[np.ndarray]) -> None:
    for x, plain in zip(here, there, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), plain)


@pytest.mark.parametrize("tracked", [False, True])
def test_views_that_walk_backwards_show_writes(tracked, start):
    x, plain = start(tracked)
    views = [x[::-1, ...], x[1:, ::-2], x[::-1, ...][:, 1], x[1, ...], x.mT[::-1, :]]
    plains = [plain[::-1], plain[1:, ::-2], plain[::-1][:, 1], plain[1], plain.T[::-1]]
    x[0, 1] = 50.0
    plain[0, 1] = 50.0
    assert_same([x, *views], [plain, *plains])
    for i in range(len(views)):
        views[i] += 1.0 + i
        plains[i] += 1.0 + i
        assert_same([x, *views], [plain, *plains])
        views[i][..., 1] = -1.0 - i
        plains[i][..., 1] = -1.0 - i
        assert_same([x, *views], [plain, *plains])


@pytest.mark.parametrize("tracked", [False, True])
def test_view_of_what_is_gone_is_written(tracked, start):
    x, plain = start(tracked)
    back, plain_back = x[1:, :][:, ::-1], plain[1:][:, ::-1]
    part, plain_part = back[::-1, :], plain_back[::-1]
    del back
    part[0, 0] = 50.0
    plain_part[0, 0] = 50.0
    assert_same([x, part], [plain, plain_part])


def test_loop_that_fills_a_view_backwards(device):
    x = kt.GradArray(on_device(device, np.array([1.0, 2.0, 3.0])))
    out = kt.zeros_like(x)
    back = out[::-1]
    for i in range(3):
        back[i] = x[i] ** 2
    total = kt.sum(out * kt.asarray(on_device(device, np.array([1.0, 10.0, 100.0]))))
    total.backward()
    np.testing.assert_array_equal(total.item(), 149.0)
    np.testing.assert_array_equal(on_host(x.grad), [200.0, 40.0, 6.0])


def test_constants_are_written_in_place():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([1.0, 2.0, 3.0])
    x = kt.asarray(tensor)
    back = x[::-1]
    memory = back._array
    x[0] = 50.0
    back[0] = 7.0
    x *= 2.0
    assert x._array is tensor and back._array is memory
    np.testing.assert_array_equal(tensor, [100.0, 4.0, 14.0])
    np.testing.assert_array_equal(memory, [14.0, 4.0, 100.0])


def test_saved_view_that_was_written():
    torch = pytest.importorskip("torch")
    c, w = kt.asarray(torch.tensor([1.0, 2.0])), kt.GradArray(torch.tensor([3.0, 4.0]))
    back = c[::-1]
    y = kt.sum(back * w)
    c[0] = 5.0
    with pytest.raises(kt.StaleValueError):
        y.backward()


def test_reshape_of_a_view_backwards_is_a_view_where_numpy_makes_one():
    torch = pytest.importorskip("torch")
    x, plain = kt.asarray(torch.tensor(A)), A.copy()
    for read in (
        lambda x: x[::-1].reshape((12,)),
        lambda x: x[::-1, ::-1].reshape((12,)),
        lambda x: x.T[::-1, ::-1].T.reshape((12,)),
        lambda x: x[:, ::-1].reshape((3, 2, 2)),
        lambda x: x[:, ::-2].reshape((6,)),
    ):
        view, plain_view = read(x), read(plain)
        x += 1.0
        plain += 1.0
        assert_same([view], [plain_view])


def test_writes_that_cannot_show_are_refused():
    torch = pytest.importorskip("torch")
    x = kt.asarray(torch.tensor([1.0, 2.0, 3.0]))
    part, back = x[:2], x[::-1]
    del x
    with pytest.raises(kt.AliasedWriteError, match=r"copy\(\)"):
        part[0] = 5.0
    assert back.tolist() == [3.0, 2.0, 1.0]
    del back
    part[0] = 5.0
    assert part.tolist() == [5.0, 2.0]


@pytest.mark.parametrize("tracked", [False, True])
def test_flip_is_a_view_in_torch_too(tracked):
    torch = pytest.importorskip("torch")
    x = kt.GradArray(torch.tensor(A)) * 1.0 if tracked else kt.asarray(torch.tensor(A))
    plain = A.copy()
    back, plain_back = kt.flip(x, axis=1), np.flip(plain, axis=1)
    back[0] = 5.0
    plain_back[0] = 5.0
    x[1, 1] = 6.0
    plain[1, 1] = 6.0
    assert_same([x, back], [plain, plain_back])


def test_values_that_do_not_fit_are_named(device):
    x = kt.asarray(on_device(device, A))
    with pytest.raises(kt.ShapeError, match="does not fit"):
        x[::-1, :] = kt.asarray(on_device(device, np.ones(3)))
    with pytest.raises(kt.InvalidIndexError):
        x[::-1, :, 0]
