"""The derivatives of `keratorch.autograd`: arguments, conventions and kinds of results."""

from functools import partial

import numpy as onp
import pytest

import keratorch as kt
import keratorch.autograd.numpy as np
from keratorch import autograd as ag
from keratorch.autograd.test_util import check_equivalent, check_grads

A = onp.array([0.3, -0.7, 1.1])
V = onp.array([0.5, 1.0, -2.0])
M = onp.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])


def energy(x):
    return np.sum(np.sin(x) * np.exp(x[0]))


def hessian_of_energy():
    return kt.hessian(energy)(A)


def test_grad_in_one_argument_by_position():
    def f(x, y, scale=1.0):
        return scale * np.sum(x * y**2)

    onp.testing.assert_allclose(ag.grad(f)(A, V), V**2)
    onp.testing.assert_allclose(ag.grad(f, 1)(A, V, scale=2.0), 4 * A * V)
    onp.testing.assert_allclose(ag.grad(f, argnum=1)(A, V), 2 * A * V)
    first, second = ag.grad(f, argnum=(1, 0))(A, V)
    onp.testing.assert_allclose(first, 2 * A * V)
    onp.testing.assert_allclose(second, V**2)


def test_containers_keep_their_structure():
    found = ag.grad(lambda p: np.sum(p["w"] * p["b"][0]) + p["b"][1] ** 2)(
        {"w": A, "b": [2.0, 3.0]}
    )
    onp.testing.assert_allclose(found["w"], 2.0)
    assert isinstance(found["b"], list) and found["b"] == [pytest.approx(A.sum()), 6.0]


def test_results_without_axes_are_numpy_scalars():
    for found in (
        ag.grad(np.tanh)(0.5),
        ag.value_and_grad(np.tanh)(0.5)[0],
        ag.deriv(np.tanh)(0.5),
        ag.make_vjp(np.sum)(A)[1],
        ag.make_jvp(np.sum)(A)(V)[1],
        ag.jacobian(np.sin)(0.5),
        ag.grad(lambda p: p[0] * p[1])((1.0, 2.0))[0],
    ):
        assert type(found) is onp.float64, type(found)
    assert type(ag.grad(np.sum)(A)) is onp.ndarray
    assert type(ag.grad(lambda x: x**2)(onp.float32(2.0))) is onp.float32


def test_the_gradient_in_a_complex_argument_is_conjugated():
    z = onp.array([1.0 + 2.0j, -0.5 + 0.25j])

    def loss(z):
        return np.sum(np.abs(z) ** 2 + np.real(z**3))

    ours = kt.grad(loss)(z)
    onp.testing.assert_allclose(ag.grad(loss)(z), ours.conj())
    onp.testing.assert_allclose(ag.grad(loss)(z), 2 * z.conj() + 3 * z**2)
    onp.testing.assert_allclose(ag.holomorphic_grad(lambda z: np.sum(z**3))(z), 3 * z**2)


def test_vjp_of_a_holomorphic_function_multiplies_by_its_derivative():
    z, g = 1.0 + 2.0j, 0.5 - 1.0j
    vjp, value = ag.make_vjp(lambda z: z**3)(z)
    assert value == pytest.approx(z**3)
    assert vjp(g) == pytest.approx(g * 3 * z**2)
    assert vjp(1.0) == pytest.approx(3 * z**2)  # as often as asked


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ag.grad(lambda x: x**2)(A), ["grad", r"\(3,\)", "jacobian"]),
        (lambda: ag.grad(lambda z: z**2)(1j), ["grad", "complex", "holomorphic_grad"]),
        (lambda: ag.value_and_grad(lambda x: x)(A), ["value_and_grad"]),
        (lambda: ag.elementwise_grad(lambda z: z)(1j * A), ["elementwise_grad", "complex"]),
        (lambda: ag.grad(np.sum)(onp.arange(3)), ["grad: ", "int64"]),
        (lambda: ag.jacobian(np.sum)(onp.arange(3)), ["jacobian: ", "int64"]),
        (lambda: ag.make_jvp(np.sum)(onp.arange(3))(V), ["make_jvp: ", "int64"]),
        (lambda: ag.grad(np.sum)("text"), ["str"]),
        (lambda: ag.grad(np.sum, 2)(A), ["argnum is 2", "1 positional"]),
        (lambda: ag.grad(np.sum, "x"), ["argnum", "'x'"]),
        (lambda: ag.grad(3.0), ["float is no function"]),
    ],
)
def test_what_cannot_be_differentiated_is_a_type_error(call, words):
    for word in words:
        with pytest.raises(TypeError, match=word):
            call()


def test_a_constant_has_the_gradient_0_and_a_warning():
    with pytest.warns(UserWarning, match="independent of input"):
        assert ag.grad(lambda x: 3.0)(2.0) == 0.0


def test_second_derivatives():
    h = hessian_of_energy()
    onp.testing.assert_allclose(ag.hessian(energy)(A), h)
    onp.testing.assert_allclose(ag.hessian_vector_product(energy)(A, V), h @ V)
    onp.testing.assert_allclose(ag.hessian_tensor_product(energy)(A, V), h @ V)
    hvp, gradient = ag.make_hvp(energy)(A)
    onp.testing.assert_allclose(hvp(V), h @ V)
    onp.testing.assert_allclose(gradient, ag.grad(energy)(A))
    onp.testing.assert_allclose(
        ag.jacobian(ag.grad(energy))(A), h, err_msg="the Jacobian of the gradient"
    )


def test_jacobians_and_products():
    def f(x):
        return np.tanh(np.dot(M, x))

    j = kt.jacobian(f)(A)
    g = onp.array([2.0, -1.0])
    onp.testing.assert_allclose(ag.jacobian(f)(A), j)
    onp.testing.assert_allclose(ag.tensor_jacobian_product(f)(A, g), g @ j)
    onp.testing.assert_allclose(ag.vector_jacobian_product(f)(A, g), g @ j)
    onp.testing.assert_allclose(ag.make_jvp(f)(A)(V)[1], j @ V)
    onp.testing.assert_allclose(ag.make_jvp_reversemode(f)(A)(V), j @ V)
    onp.testing.assert_allclose(ag.make_ggnvp(f)(A)(V), j.T @ (j @ V))
    twice = ag.make_ggnvp(f, lambda y: np.sum(y**4))(A)(V)
    onp.testing.assert_allclose(twice, j.T @ (12 * f(A) ** 2 * (j @ V)))


def test_elementwise_grad_and_deriv():
    onp.testing.assert_allclose(ag.elementwise_grad(np.tanh)(A), 1 - onp.tanh(A) ** 2)
    onp.testing.assert_allclose(ag.deriv(np.tanh)(A), 1 - onp.tanh(A) ** 2)


def test_value_and_grad_and_aux():
    value, gradient = ag.value_and_grad(energy)(A)
    assert value == pytest.approx(energy(A))
    onp.testing.assert_allclose(gradient, ag.grad(energy)(A))
    gradient, aux = ag.grad_and_aux(lambda x: (energy(x), {"x": x * 2.0, "n": 3}))(A)
    onp.testing.assert_allclose(gradient, ag.grad(energy)(A))
    assert type(aux["x"]) is onp.ndarray and aux["n"] == 3
    onp.testing.assert_allclose(aux["x"], 2 * A)


def test_arguments_by_name():
    def f(a, b=2.0, *rest, c=3.0):
        return a * b**2 * c + sum(rest)

    assert ag.grad_named(f, "b")(1.0, 5.0) == 30.0
    found = ag.multigrad_dict(f)(1.0, 2.0, 4.0, c=0.5)
    assert list(found) == ["a", "b", "rest", "c"]
    assert (found["a"], found["b"], found["rest"], found["c"]) == (2.0, 2.0, (1.0,), 4.0)


def test_nested_derivatives():
    assert ag.grad(ag.grad(lambda x: x**4))(2.0) == 48.0
    assert ag.grad(lambda x: x * ag.grad(lambda y: x * y)(1.0))(3.0) == 6.0
    assert ag.deriv(ag.grad(lambda x: x**4))(2.0) == 48.0
    assert ag.grad(ag.deriv(lambda x: x**4))(2.0) == 48.0


def test_names_and_docstrings_of_results():
    def model(x):
        return x

    assert ag.grad.__name__ == "grad"
    assert ag.grad(model, 1).__name__ == "grad_of_model_wrt_argnum_1"
    assert "argument number 1" in ag.grad(model, 1).__doc__
    assert ag.grad(partial(model))(1.0) == 1.0


def test_checkpoint():
    calls = []

    def block(x):
        calls.append(1)
        return np.sin(x**2)

    found = ag.grad(lambda x: np.sum(ag.checkpoint(block)(x)))(A)
    onp.testing.assert_allclose(found, 2 * A * onp.cos(A**2))
    assert len(calls) == 2


def test_isinstance_and_type_look_at_the_value():
    def f(x, y):
        assert ag.isinstance(x, onp.ndarray) and not ag.isinstance(x, list)
        assert ag.isinstance(y, float) and ag.type(x) is onp.ndarray
        assert ag.isinstance((x, y), tuple)
        return np.sum(x) * y

    assert ag.grad(f, 1)(A, 2.0) == pytest.approx(A.sum())


def test_numpys_names():
    assert np.__version__ == onp.__version__
    d = onp.array([[1.0, 2.0], [3.0, 4.0]])
    made = np.make_diagonal(d, offset=0, axis1=-1, axis2=-2)
    onp.testing.assert_array_equal(np.diagonal(made, 0, -1, -2), d)
    check_grads(lambda x: np.make_diagonal(x, offset=0, axis1=-1, axis2=-2))(d)
    with pytest.raises(NotImplementedError, match="offset=0"):
        np.make_diagonal(d)
    assert np.metadata(d)[:2] == ((2, 2), 2)
    assert np.where(True, 1, 2) == 1 and np.where([True, False], [1, 2], [3, 4]) == [1, 4]
    assert type(np.where(True, A, V)) is onp.ndarray
    with pytest.raises(ValueError, match="both x and y"):
        np.where(True, 1)
    assert np.random.rand(3).shape == (3,) and np.linalg.norm(A) == onp.linalg.norm(A)


@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize("complex_", [False, True])
def test_gradients_of_eigh_belong_to_the_triangle_that_is_read(uplo, complex_):
    rng = onp.random.default_rng(0)
    a = rng.normal(size=(2, 3, 3)) + (1j * rng.normal(size=(2, 3, 3)) if complex_ else 0.0)
    onp.testing.assert_allclose(
        np.linalg.eigh(a, uplo)[0], onp.linalg.eigh(a, uplo)[0], rtol=1e-12, atol=1e-12
    )
    check_grads(lambda x: np.linalg.eigvalsh(x, uplo))(a)
    check_grads(lambda x: np.abs(np.linalg.eigh(x, uplo)[1]))(a)
    g = ag.grad(lambda x: np.sum(np.linalg.eigvalsh(x, uplo) ** 3))(a)
    other = onp.triu(g, 1) if uplo == "L" else onp.tril(g, -1)
    assert not other.any()


def test_flatten():
    from keratorch.autograd.misc import flatten
    from keratorch.autograd.misc.flatten import flatten_func

    value = {"b": [1.0, onp.ones((2, 2))], "a": (2.0, ())}
    vector, unflatten = flatten(value)
    onp.testing.assert_array_equal(vector, [2.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    check_equivalent(unflatten(vector), value)
    # Inside of a derivative too.
    assert ag.grad(lambda x: np.sum(flatten([x, x**2])[0]))(3.0) == 7.0
    flat, _, start = flatten_func(lambda p: {"a": p["a"] * 2.0}, {"a": A})
    onp.testing.assert_allclose(flat(start), 2 * A)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam"])
def test_optimizers_find_a_minimum(name):
    from keratorch.autograd.misc import optimizers

    def loss(p):
        return np.sum((p["x"] - 1.0) ** 2) + (p["y"] + 2.0) ** 2

    seen = []
    found = getattr(optimizers, name)(
        lambda p, i: ag.grad(loss)(p),
        {"x": onp.zeros(2), "y": 0.0},
        lambda p, i, g: seen.append(float(loss(p))),
        num_iters=400,
        step_size=0.05,
    )
    assert len(seen) == 400 and seen[-1] < 0.01 < seen[0]
    onp.testing.assert_allclose(found["x"], 1.0, atol=0.05)


def test_fixed_point():
    from keratorch.autograd.misc.fixed_points import fixed_point

    def step(a):
        return lambda x: 0.5 * (x + a / x)

    def sqrt(a):
        return fixed_point(step, a, 10.0, lambda x, y: np.abs(x - y), 1e-12)

    assert sqrt(2.0) == pytest.approx(onp.sqrt(2.0))
    assert ag.grad(sqrt)(2.0) == pytest.approx(0.5 / onp.sqrt(2.0))
    assert ag.grad(ag.grad(sqrt))(2.0) == pytest.approx(-0.25 * 2.0**-1.5)


def test_const_graph_gives_the_functions_values():
    from keratorch.autograd.misc import const_graph

    f = const_graph(lambda a, x: a * np.sin(x), 2.0)
    assert f(0.5) == 2.0 * onp.sin(0.5) and f(0.7) == 2.0 * onp.sin(0.7)


def test_quick_grad_check():
    from keratorch.autograd.util import quick_grad_check

    with pytest.warns(UserWarning, match="deprecated"):
        quick_grad_check(lambda x, y: x**2 * y, 1.5, (2.0,))


def test_functions_that_update_their_argument():
    """``u += v`` makes a new array in HIPS/autograd; here it is recorded."""

    def f(u):
        u += 0.1 * u**2
        u[0] *= 2.0
        return np.sum(u**2)

    x, v = A.copy(), V
    gradient = ag.grad(f)(x)
    y, dy = A + 0.1 * A**2, 1 + 0.2 * A
    weights = onp.array([4.0, 1.0, 1.0])
    onp.testing.assert_allclose(gradient, 2 * weights * y * dy)
    onp.testing.assert_allclose(ag.make_vjp(f)(x)[0](1.0), gradient)
    onp.testing.assert_allclose(ag.jacobian(f)(x), gradient)
    onp.testing.assert_allclose(ag.make_jvp(f)(x)(v)[1], gradient @ v)
    onp.testing.assert_allclose(ag.grad(ag.checkpoint(f))(x), gradient)
    second = onp.diag(2 * weights * (dy**2 + 0.2 * y))
    onp.testing.assert_allclose(ag.hessian(f)(x), second)
    onp.testing.assert_allclose(ag.hessian_vector_product(f)(x, v), second @ v)
    onp.testing.assert_array_equal(x, A)
