"""Arrays of dtype object that users fill with tracked values: NumPy's loops, and keratorch's."""

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from tests.leaves import grad, leaf
from tests.op_checks import on_host

ONE_DEVICE_EACH = True

FACTORS = np.array([2.0, 0.5, 1.5])


def filled(x):
    """An array of dtype object with the elements of `x`, each times its factor."""
    a = np.empty(3, object)
    for i, factor in enumerate(FACTORS):
        a[i] = x[i] * factor
    return a


def total(y):
    """The sum of the squares of an array, of dtype object or not."""
    return np.sum(y * y) if type(y) is np.ndarray else kt.sum(y * y)


#: Functions of an array and of the module `keratorch.numpy`.
CALLS = {
    "operators": lambda np, a: 2 * a**2 - a / 3,
    "beside a constant": lambda np, a: np.ones(3) * a + a * np.arange(3.0),
    "sum": lambda np, a: a.sum() * np.sum(a),
    "dot": lambda np, a: a @ a + np.dot(a, [1.0, 2.0, 3.0]),
    "outer": lambda np, a: np.outer(a, a),
    "sort and join": lambda np, a: np.concatenate([np.sort(a), np.ones(1)]),
    "einsum": lambda np, a: np.einsum("i,i", a, a),
    "a matrix": lambda np, a: (np.eye(3) * 2) @ a,
    "stack": lambda np, a: np.stack(list(a)) + np.array(list(a)),
    "exp": lambda np, a: np.exp(a),
    "arctan2": lambda np, a: np.arctan2(a, 2.0),
    "std": lambda np, a: np.std(a) + np.mean(a),
    "solve": lambda np, a: np.linalg.solve(np.eye(3) * 2, a),
    "fft": lambda np, a: np.abs(np.fft.fft(a)),
    "interp": lambda np, a: np.interp(0.5, [0, 1, 2], a),
    "asarray": lambda np, a: np.asarray(a, dtype=float) ** 2,
    "emath": lambda np, a: np.emath.sqrt(a),
}


@pytest.mark.parametrize("name", CALLS)
def test_gradients_are_those_of_an_array_of_numbers(name):
    def of_objects(x):
        return total(CALLS[name](knp, filled(x)))

    def of_numbers(x):
        return total(CALLS[name](knp, x * FACTORS))

    x = np.array([1.0, 2.0, 4.0])
    found, expected = (kt.value_and_grad(f)(x) for f in (of_objects, of_numbers))
    np.testing.assert_allclose(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1])
    np.testing.assert_allclose(kt.hessian(of_objects)(x), kt.hessian(of_numbers)(x), atol=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda a, x: kt.sin(a),
        lambda a, x: kt.asarray(a) * 2,
        lambda a, x: x * a + a * x,
        lambda a, x: kt.stack(list(a)),
        lambda a, x: a.sum() * x,
        lambda a, x: knp.exp(a),
    ],
)
def test_the_arrays_of_every_library(call, device):
    x = leaf(device, [1.0, 2.0, 4.0])
    factors = kt.asarray(FACTORS, device=x.device)
    y, expected = call(filled(x), x), call(x * factors, x)
    np.testing.assert_allclose(on_host(y._array), on_host(expected._array))
    found = grad(lambda x: call(filled(x), x), x)
    np.testing.assert_allclose(found, grad(lambda x: call(x * factors, x), x))


def test_what_would_lose_the_gradient_is_refused():
    x = kt.GradArray([1.0, 2.0, 4.0])
    a = filled(x)
    with pytest.raises(kt.DTypeError, match=r"dtype object.*keratorch\.asarray"):
        kt.GradArray(a)
    with pytest.raises((TypeError, ValueError)):
        a.astype(float)
    with pytest.raises(TypeError):
        np.exp(a)
    with pytest.raises(kt.KeratorchError):
        a[:] = x
    with pytest.raises((TypeError, ValueError)):
        np.zeros(3)[:] = a
    for write in (
        lambda: knp.put(a, [0], x[1]),
        lambda: knp.add(a, a, np.zeros(3)),
        lambda: knp.exp(x, out=a),
        lambda: knp.copyto(a, x),
    ):
        before = a.tolist()
        with pytest.raises((TypeError, ValueError)):
            write()
        assert all(v is w for v, w in zip(a, before, strict=True))
    a[0] = None
    with pytest.raises(kt.KeratorchError, match="None"):
        kt.asarray(a)


def test_objects_without_tracked_values_are_left_to_numpy():
    a = np.array([1.5, 2, None], object)
    with pytest.raises(TypeError, match="exp"):
        knp.exp(a)
    with pytest.raises(kt.DTypeError, match="float"):
        kt.asarray(a)
    assert knp.sum(a[:2]) == 3.5
