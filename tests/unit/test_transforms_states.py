"""Transformations of functions that write, capture, and have other threads work for them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import keratorch as kt

A = np.array([1.0, 2.0])
V = np.array([1.0, 0.5])


# -- writes into arguments -----------------------------------------------------------------------


def writes(x):
    """16 + x[1]**4, by writes."""
    x[0] = 2.0
    x *= x
    return kt.sum(x * x)


@pytest.mark.parametrize("outer", [kt.jacfwd, kt.jacrev])
@pytest.mark.parametrize("inner", [kt.grad, kt.jacfwd, kt.jacrev])
def test_second_derivatives_of_a_function_that_writes_into_its_argument(outer, inner):
    found = outer(inner(writes))(A)
    np.testing.assert_allclose(found, [[0.0, 0.0], [0.0, 12 * A[1] ** 2]])
    np.testing.assert_array_equal(A, [1.0, 2.0])


def test_a_result_stays_what_it_was_when_a_transformed_function_writes_into_it():
    x = kt.GradArray(A) * 1.0
    gradient = kt.grad(writes)(x)
    _, pullback = kt.vjp(writes, x)
    _, derivative = kt.linearize(writes, x)
    slope = 4 * A[1] ** 3
    np.testing.assert_allclose(gradient.numpy(), [0.0, slope])
    np.testing.assert_allclose(pullback(1.0)[0].numpy(), [0.0, slope])
    np.testing.assert_allclose(derivative(V).numpy(), slope * V[1])
    np.testing.assert_array_equal(x.numpy(), A)


# -- captures without a parameter ----------------------------------------------------------------


def captured_alone(a):
    return kt.fixed_point(lambda x: kt.cos(a * x), 0.5)


def captured_beside_a_constant(a):
    root = kt.implicit_root(lambda x, c: x * x - a * c, lambda c: c)
    return root(1.0)


@pytest.mark.parametrize("solution", [captured_alone, captured_beside_a_constant])
def test_a_root_that_captures_without_tracked_parameters_raises(solution):
    for derivative in (
        kt.grad(solution),
        lambda a: kt.jvp(solution, (a,), (1.0,)),
        kt.jacfwd(solution),
    ):
        with pytest.raises(kt.LostGradientError, match="captures"):
            derivative(1.0)
    leaf = kt.GradArray(1.0)
    with pytest.raises(kt.LostGradientError, match="captures"):
        solution(leaf)
    with kt.no_grad():
        assert not getattr(solution(leaf), "requires_grad", False)


# -- threads that work for a transformation ------------------------------------------------------


@pytest.fixture
def elsewhere():
    """A function that calls another one in another thread."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(function).result()


def test_what_another_thread_computes_for_a_transformation(elsewhere):
    def f(x):  # x³·sin x
        return elsewhere(lambda: kt.sin(x) * x) * x * x

    s, c = np.sin(2.0), np.cos(2.0)
    first, second = 12 * s + 8 * c, 12 * s - 8 * s + 24 * c
    for inner in (kt.grad, kt.jacfwd, lambda f: lambda x: kt.jvp(f, (x,), (1.0,))[1]):
        np.testing.assert_allclose(inner(f)(2.0), first)
        for outer in (kt.grad, kt.jacfwd, lambda f: lambda x: kt.jvp(f, (x,), (1.0,))[1]):
            np.testing.assert_allclose(outer(inner(f))(2.0), second)


INNER = {
    "grad": lambda x: kt.grad(lambda y: y * y * x)(2.0),
    "vjp": lambda x: kt.vjp(lambda y: y * y * x, 2.0)[1](1.0)[0],
    "jvp": lambda x: kt.jvp(lambda y: y * y * x, (2.0,), (1.0,))[1],
    "jacfwd": lambda x: kt.jacfwd(lambda y: y * y * x)(2.0),
    "linearize": lambda x: kt.linearize(lambda y: y * y * x, 2.0)[1](1.0),
}


@pytest.mark.parametrize("name", INNER)
def test_a_transformation_in_another_thread_stays_connected(name, elsewhere):
    def f(x):  # 4x²
        return elsewhere(lambda: INNER[name](x)) * x

    np.testing.assert_allclose(kt.grad(f)(3.0), 24.0)
    np.testing.assert_allclose(kt.jvp(f, (3.0,), (1.0,))[1], 24.0)
    np.testing.assert_allclose(kt.grad(kt.grad(f))(3.0), 8.0)
    np.testing.assert_allclose(kt.grad(lambda x: kt.jvp(f, (x,), (x,))[1])(3.0), 48.0)


@pytest.mark.parametrize("name", INNER)
def test_threads_that_have_nothing_to_do_with_each_other_get_raw_arrays(name, elsewhere):
    leaf = kt.GradArray(3.0)

    def f(x):
        found = elsewhere(lambda: INNER[name](leaf))
        assert type(found) is np.ndarray
        return x * x

    np.testing.assert_allclose(kt.grad(f)(3.0), 6.0)
    np.testing.assert_allclose(kt.jvp(f, (3.0,), (1.0,))[1], 6.0)
