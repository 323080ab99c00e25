"""`grad` and `value_and_grad`: of structures, in and out as they came, nested."""

import numpy as np
import pytest

import keratorch as kt

A = np.array([0.5, -1.0, 2.0])


def test_raw_in_raw_out(device):
    backend = kt.backends.get(device.backend)
    a = backend.from_numpy(A, device)
    value, g = kt.value_and_grad(lambda x: kt.sum(x * x))(a)
    assert type(g) is type(a) and type(value) is type(a)
    np.testing.assert_allclose(backend.to_numpy(g), 2 * A)
    np.testing.assert_allclose(backend.to_numpy(value), (A * A).sum())


def test_structures_come_out_as_they_went_in():
    def f(p, scale):
        return kt.sum(p["w"] * scale) + p["rest"][0] * p["rest"][1][0] ** 2

    g = kt.grad(f)({"w": A, "rest": [2.0, (3.0,)]}, 2.0)
    np.testing.assert_array_equal(g["w"], [2.0, 2.0, 2.0])
    assert isinstance(g["rest"], list) and isinstance(g["rest"][1], tuple)
    assert (g["rest"][0], g["rest"][1][0]) == (9.0, 12.0)
    assert isinstance(g["rest"][0], np.ndarray) and g["rest"][0].shape == ()


def test_several_arguments_and_aux():
    def f(x, y):
        return kt.sum(x * y), "aux"

    (gx, gy), aux = kt.grad(f, argnums=(0, 1), has_aux=True)(A, A + 1)
    np.testing.assert_array_equal(gx, A + 1)
    np.testing.assert_array_equal(gy, A)
    (value, aux), g = kt.value_and_grad(f, argnums=1, has_aux=True)(A, A + 1)
    assert aux == "aux" and value == (A * (A + 1)).sum()
    np.testing.assert_array_equal(g, A)


def test_nested():
    cube = lambda x: x**3  # noqa: E731
    assert kt.grad(kt.grad(cube))(2.0) == 12.0
    assert kt.grad(kt.grad(kt.grad(cube)))(2.0) == 6.0
    # Perturbations are not confused: d/dx x·(d/dy (x + y)) is 1.
    assert kt.grad(lambda x: x * kt.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    _, tangent = kt.jvp(kt.grad(cube), [np.array(2.0)], [np.array(1.0)])
    assert tangent == 12.0
    assert kt.grad(lambda x: kt.jvp(cube, [x], [kt.ones_like(x)])[1])(2.0) == 12.0


def test_gradarrays_in_gradarrays_out():
    x = kt.GradArray(A)
    g = kt.grad(lambda x: kt.sum(x**3))(x)
    assert isinstance(g, kt.GradArray) and g.requires_grad
    kt.sum(g).backward()
    np.testing.assert_allclose(x.grad, 6 * A)


def test_recording_is_turned_on():
    with kt.no_grad():
        np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(x * x))(A), 2 * A)


def test_what_does_not_depend_has_gradient_0():
    np.testing.assert_array_equal(kt.grad(lambda x: kt.asarray(1.0))(A), np.zeros(3))
    np.testing.assert_array_equal(kt.grad(lambda x, y: kt.sum(y), argnums=0)(A, A), np.zeros(3))


def test_refusals():
    with pytest.raises(kt.GradientRequiredError, match=r"\(3,\)"):
        kt.grad(lambda x: x * x)(A)
    with pytest.raises(kt.DTypeError, match="int64"):
        kt.grad(lambda x: kt.sum(x))(np.arange(3))
