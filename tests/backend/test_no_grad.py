"""`no_grad` means one thing for all transformations: what is computed inside is a constant."""

import numpy as np
import pytest

import keratorch as kt

ONE_DEVICE_EACH = True

A = np.array([2.0, 3.0])


@pytest.fixture
def x(xp, device):
    return xp.asarray(A, dtype=xp.float64, device=device)._array


def ones(x):
    return kt.ones_like(kt.asarray(x))._array


def pulled(f, x):
    y, pullback = kt.vjp(f, x)
    return pullback(ones(y))[0]


def pushed(f, x):
    return kt.jvp(f, (x,), (ones(x),))[1]


def summed(f):
    return lambda x: kt.sum(f(x))


#: The derivative of an elementwise function `f` at `x`: one element each, in every way.
FIRST = {
    "grad": lambda f, x: kt.grad(summed(f))(x),
    "value_and_grad": lambda f, x: kt.value_and_grad(summed(f))(x)[1],
    "elementwise_grad": lambda f, x: kt.elementwise_grad(f)(x),
    "vjp": pulled,
    "jvp": pushed,
    "linearize": lambda f, x: kt.linearize(f, x)[1](ones(x)),
    "jacrev": lambda f, x: kt.sum(kt.asarray(kt.jacrev(f)(x)), axis=0),
    "jacfwd": lambda f, x: kt.sum(kt.asarray(kt.jacfwd(f)(x)), axis=0),
    "grad of checkpoint": lambda f, x: kt.grad(summed(kt.checkpoint(f)))(x),
    "jvp of checkpoint": lambda f, x: pushed(kt.checkpoint(f), x),
}
SECOND = {
    "hvp": lambda f, x: kt.hvp(summed(f), (x,), (ones(x),)),
    "vhp": lambda f, x: kt.vhp(summed(f), (x,), (ones(x),)),
    "hessian": lambda f, x: kt.sum(kt.asarray(kt.hessian(summed(f))(x)), axis=0),
    "jvp of jvp": lambda f, x: pushed(lambda x: pushed(f, x), x),
    "jvp of grad": lambda f, x: pushed(kt.grad(summed(f)), x),
    "grad of jvp": lambda f, x: kt.grad(summed(lambda x: pushed(f, x)))(x),
    "jacfwd of jacfwd": lambda f, x: kt.sum(kt.asarray(kt.jacfwd(kt.jacfwd(f))(x)), axis=(0, 1)),
}


def inside(x):  # c·x, where c = x² is a constant
    with kt.no_grad():
        c = x * x
    return c * x


def with_many_outputs(x):
    with kt.no_grad():
        low, high = kt.unstack(kt.stack([x, x * x]))
        q, r = kt.linalg.qr(kt.reshape(x, (2, 1)))
    return (high + 0.0 * low + 0.0 * kt.sum(q @ r)) * x


def with_a_write(x):
    c = x * 1.0
    with kt.no_grad():
        c[...] = x * x  # the value changes, and the derivative of c stays 1
    return c * 1.0 + kt.stop_gradient(x * (x - 1.0)) * x


def by_decorator(x):
    return kt.no_grad()(lambda x: x * x)(x) * x


def detached(x):
    return (x * x).detach() * x


def stopped(x):
    return kt.stop_gradient({"c": x * x})["c"] * x


def with_inner_transformations(x):
    with kt.no_grad():  # each is x²: in the inner variable, with x captured
        c = [
            kt.grad(lambda y: kt.sum(y * x * x))(x),
            pushed(lambda y: y * x * x, x),
            pulled(lambda y: y * x * x, x),
            kt.linearize(lambda y: y * x * x, x)[1](x * 0.0 + 1.0),
            kt.jvp(lambda y: y * x, (x,), (x,))[1],
            kt.jvp(lambda y: y, (x * x,), (x,))[0],
        ]
    return sum(c) * x / len(c)


def through_a_rule(x):
    @kt.custom_jvp
    def square(x):
        return x * x

    square.defjvp(lambda p, t: (square(*p), 2 * p[0] * t[0]))
    with kt.no_grad():
        c = square(x)
    return c * x


def through_a_reverse_rule(x):
    @kt.custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (2 * x * g,))
    with kt.no_grad():
        c = square(x)
    return c * x


def through_a_root(x):
    with kt.no_grad():
        c = kt.fixed_point(lambda y, a: a * a, x, x)
    return c * x


CONSTANT = [
    inside,
    with_many_outputs,
    by_decorator,
    detached,
    stopped,
    with_inner_transformations,
    through_a_rule,
    through_a_reverse_rule,
    through_a_root,
]


@pytest.mark.parametrize("how", FIRST)
@pytest.mark.parametrize("f", CONSTANT)
def test_a_result_of_no_grad_is_a_constant(f, how, x):
    np.testing.assert_allclose(kt.asarray(FIRST[how](f, x)).numpy(), A**2)


@pytest.mark.parametrize("how", SECOND)
@pytest.mark.parametrize("f", [*CONSTANT, with_a_write])
def test_and_a_constant_for_second_derivatives(f, how, x):
    # The first derivative of `with_a_write` is 1 + x² - x, of constants
    np.testing.assert_allclose(kt.asarray(SECOND[how](f, x)).numpy(), [0.0, 0.0])


@pytest.mark.parametrize("how", FIRST)
def test_a_write_inside_no_grad_changes_the_value_alone(how, x):
    expected = 1 + A**2 - A
    np.testing.assert_allclose(kt.asarray(FIRST[how](with_a_write, x)).numpy(), expected)


@pytest.mark.parametrize("how", FIRST)
def test_enable_grad_undoes_no_grad(how, x):
    def f(x):
        with kt.no_grad():
            c = x * x
            with kt.enable_grad():
                d = x * x
        return c * d

    np.testing.assert_allclose(kt.asarray(FIRST[how](f, x)).numpy(), 2 * A**3)


@pytest.mark.parametrize("how", FIRST)
@pytest.mark.parametrize("outer", ["grad", "jvp", "linearize"])
def test_a_block_in_an_inner_function_stops_outer_derivatives_too(outer, how, x):
    # d/dx [x · d/dy (c·y)] with c = x·y·y constant: c = x³ and the derivative is c
    def f(x):
        def g(y):
            with kt.no_grad():
                c = x * y * y
            return c * y

        return x * kt.asarray(FIRST[how](g, x))

    np.testing.assert_allclose(kt.asarray(FIRST[outer](f, x)).numpy(), A**3)


@pytest.mark.parametrize("how", FIRST)
def test_a_transformation_inside_no_grad_differentiates_its_own_function(how, x):
    with kt.no_grad():
        np.testing.assert_allclose(kt.asarray(FIRST[how](lambda x: x * x, x)).numpy(), 2 * A)
        np.testing.assert_allclose(kt.asarray(FIRST[how](inside, x)).numpy(), A**2)
        leaf = kt.GradArray(x)
        found = FIRST[how](lambda y: y * leaf, leaf)  # captured, and the argument
        np.testing.assert_allclose(kt.asarray(found).numpy(), A)
        assert not getattr(found, "requires_grad", False)
        assert not kt.is_grad_enabled()


def test_a_backward_inside_no_grad_gives_constants(x):
    def f(x):
        leaf = kt.GradArray(kt.asarray(x.detach()))
        y = kt.sum(leaf * x)  # its gradient is x
        with kt.no_grad():
            y.backward()
        return kt.asarray(leaf.grad) * x

    np.testing.assert_allclose(kt.asarray(pushed(f, x)).numpy(), A)


def test_recording_is_on_inside_jvp(x):
    seen = []
    with kt.no_grad():
        kt.jvp(lambda x: seen.append(kt.is_grad_enabled()) or x, (x,), (x,))
    assert seen == [True] and kt.is_grad_enabled()
