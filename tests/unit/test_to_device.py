"""Moving arrays between devices, and gradients back."""

import numpy as np
import pytest

import keratorch as kt
from tests.devices import CPU, JAX, JAX_1, STRICT_1, STRICT_CPU, here


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
