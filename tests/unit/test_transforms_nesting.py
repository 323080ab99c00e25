"""Transformations within transformations: levels are told apart, whatever is around."""

import itertools

import numpy as np
import pytest

import keratorch as kt

A = np.array([0.5, 1.5, 2.0])
V = np.array([1.0, -2.0, 0.5])


# -- derivatives of functions of a number, in every way there is ---------------------------------


def number(x):
    return kt.ones_like(x) if isinstance(x, kt.GradArray) else 1.0


def by_vjp(f):
    def derivative(x):
        y, pullback = kt.vjp(f, x)
        return pullback(kt.ones_like(y) if isinstance(y, kt.GradArray) else np.ones(()))[0]

    return derivative


DERIVATIVES = {
    "grad": kt.grad,
    "value_and_grad": lambda f: lambda x: kt.value_and_grad(f)(x)[1],
    "elementwise_grad": kt.elementwise_grad,
    "jvp": lambda f: lambda x: kt.jvp(f, (x,), (number(x),))[1],
    "vjp": by_vjp,
    "linearize": lambda f: lambda x: kt.linearize(f, x)[1](number(x)),
    "jacrev": kt.jacrev,
    "jacfwd": kt.jacfwd,
    "jacobian": kt.jacobian,
    "grad of checkpoint": lambda f: kt.grad(kt.checkpoint(f)),
    "jvp of checkpoint": lambda f: lambda x: kt.jvp(kt.checkpoint(f), (x,), (number(x),))[1],
}
PAIRS = list(itertools.product(DERIVATIVES, repeat=2))


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_perturbations_are_not_confused(outer, inner):
    outer, inner = DERIVATIVES[outer], DERIVATIVES[inner]
    # d/dx [x · d/dy (x + y) at y = 1] at 1 is 1, and 2 where they are confused.
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
    # d/dx [x · d/dy (x·y) at y = 2] at 3 is 2·3; the inner argument is raw.
    assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0
    # d/dx [d/dy (x·y²) at y = x] at 3: d/dx 2x².
    assert outer(lambda x: inner(lambda y: x * y * y)(x))(3.0) == 12.0
    # d/dx [x² + d/dy x² at y = 1]: the inner function does not depend on y.
    assert outer(lambda x: x * x + inner(lambda y: y * 0.0 + x * x)(1.0))(3.0) == 6.0


@pytest.mark.parametrize("inner", DERIVATIVES)
@pytest.mark.parametrize("outer", ["grad", "jvp", "jacfwd", "linearize", "grad of checkpoint"])
def test_the_amazing_bug(outer, inner):
    """Manzyuk, Pearlmutter, Radul, Rush, Siskind: a derivative that returns a function."""

    def shifted(u):
        return lambda f: lambda x: f(x + u)

    d = DERIVATIVES[inner]
    # D s 0 is the operator d/dx; applied twice to exp at 1 it gives e.
    found = DERIVATIVES[outer](lambda u: shifted(u)(lambda x: d(shifted(x)(kt.exp))(0.0))(1.0))(0.0)
    assert float(found) == pytest.approx(np.e)


@pytest.mark.parametrize("depth", [2, 3])
def test_mixtures_of_derivatives_agree_with_jax(depth):
    jax = pytest.importorskip("jax")

    def f(x, xp):
        return xp.tanh(x) * xp.exp(x) / (x * x + 1.0) + x**4

    expected = lambda x: f(x, jax.numpy)  # noqa: E731
    for _ in range(depth):
        expected = jax.grad(expected)
    expected = float(expected(0.6))
    names = [n for n in DERIVATIVES if n not in ("value_and_grad", "elementwise_grad")]
    mixtures = list(itertools.product(names, repeat=depth))
    step = 1 if depth == 2 else 11
    for mixture in mixtures[::step]:
        g = lambda x: f(x, kt)  # noqa: E731
        for name in mixture:
            g = DERIVATIVES[name](g)
        assert float(g(0.6)) == pytest.approx(expected, rel=1e-10), mixture


@pytest.mark.parametrize("outer", DERIVATIVES)
def test_a_raw_argument_does_not_cut_the_outer_one(outer):
    """What an inner transformation of raw arrays captures stays connected."""
    outer = DERIVATIVES[outer]
    inner = {
        "vjp": lambda f: kt.vjp(f, A)[1](np.array(1.0))[0],
        "value": lambda f: kt.value_and_grad(f)(A)[0] * A,
        "vjp's value": lambda f: kt.vjp(f, A)[0] * A,
        "jvp": lambda f: kt.jvp(f, (A,), (V,))[1] * A,
        "jvp's value": lambda f: kt.jvp(f, (A,), (V,))[0] * A,
        "linearize": lambda f: kt.linearize(f, A)[1](V) * A,
        "hessian": lambda f: kt.hessian(f)(A)[0],
        "hvp": lambda f: kt.hvp(f, (A,), (V,)),
        "vhp": lambda f: kt.vhp(f, (A,), (V,)),
        "aux": lambda f: kt.grad(lambda y: (kt.sum(y * y), f(y)), has_aux=True)(A)[1] * A,
    }
    for name, way in inner.items():

        def total(x, way=way):
            return kt.sum(way(lambda y: kt.sum(x * x * y**3)))

        e = 1e-5
        expected = (total(kt.asarray(1.3 + e)) - total(kt.asarray(1.3 - e))).item() / (2 * e)
        assert abs(expected) > 1
        assert float(outer(total)(1.3)) == pytest.approx(expected, rel=1e-7), name


def test_types_inside_a_transformation():
    kinds = []

    def f(x):
        kinds.append(type(kt.grad(lambda y: kt.sum(y * y))(A)))
        kinds.append(type(kt.grad(lambda y: kt.sum(y * x))(A)))
        kinds.append(type(kt.jvp(lambda y: y * y, (A,), (V,))[1]))
        kinds.append(type(kt.jvp(lambda y: y * x, (A,), (V,))[1]))
        return kt.sum(x)

    kt.grad(f)(A)
    assert kinds == [np.ndarray, kt.GradArray] * 2
    # At the top raw arrays come out where raw arrays went in, whatever is captured.
    w = kt.GradArray(A)
    assert type(kt.grad(lambda y: kt.sum(y * w))(A)) is np.ndarray
    assert type(kt.jvp(lambda y: y * w, (A,), (V,))[1]) is np.ndarray
    assert type(kt.vjp(lambda y: y * w, A)[1](A)[0]) is np.ndarray
    assert type(kt.jacfwd(lambda y: y * w)(A)) is np.ndarray


def test_gradarrays_are_connected_to_what_they_were():
    w, x = kt.GradArray(A), kt.GradArray(V)
    g = kt.grad(lambda y: kt.sum(y * y * w))(x)
    assert g.requires_grad
    kt.sum(g * g).backward()  # Σ 4x²w²
    np.testing.assert_allclose(x.grad, 8 * V * A**2)
    np.testing.assert_allclose(w.grad, 8 * V**2 * A)
    # Constants give constants, connected to what is captured alone.
    assert not kt.grad(lambda y: kt.sum(y * y))(kt.asarray(A)).requires_grad
    assert kt.grad(lambda y: kt.sum(y * w))(kt.asarray(A)).requires_grad
    assert not kt.jacrev(lambda y: y * y)(kt.asarray(A)).requires_grad
    assert not kt.hvp(lambda y: kt.sum(kt.sin(y) * y), (kt.asarray(A),), (V,)).requires_grad


def test_no_grad_around_and_within():
    with kt.no_grad():
        np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(x * x))(A), 2 * A)
        np.testing.assert_allclose(kt.hessian(lambda x: kt.sum(x**3))(A), np.diag(6 * A))
        np.testing.assert_allclose(kt.vjp(lambda x: x * x, A)[1](A)[0], 2 * A * A)
        assert not kt.grad(lambda x: kt.sum(x * x))(kt.GradArray(A)).requires_grad

    def f(x):
        with kt.no_grad():
            g = kt.grad(lambda y: kt.sum(x * y * y))(x)  # 2xy at y = x
        return kt.sum(g * x)

    np.testing.assert_allclose(kt.grad(f)(A), 2 * A * A)  # g counts as a constant

    def plain(x):
        with kt.no_grad():
            return kt.sum(x * x)

    np.testing.assert_array_equal(kt.grad(plain)(A), np.zeros(3))
    assert kt.is_grad_enabled()


def test_history_is_not_walked_again():
    """An inner gradient costs what its function costs, however long the outer history is."""
    from keratorch.core import engine as _engine

    lengths = []
    original = _engine.collect_since

    def counted(roots, since):
        order = original(roots, since)
        lengths.append(len(order))
        return order

    def f(x):
        for _ in range(50):
            x = x + 0.01 * kt.grad(lambda y: kt.sum(kt.sin(y) ** 2))(x)
        return kt.sum(x)

    _engine.collect_since = counted
    try:
        found = kt.grad(f)(A)
    finally:
        _engine.collect_since = original
    assert max(lengths[:-1]) < 10
    e = 1e-6
    steps = [(f(kt.asarray(A + e * v)) - f(kt.asarray(A - e * v))).item() / 2e-6 for v in np.eye(3)]
    np.testing.assert_allclose(found, steps, rtol=1e-7)


# -- agreement with JAX on vectors ---------------------------------------------------------------

FUNCTIONS = {
    "product": lambda x, xp: xp.sum(xp.tanh(xp.reshape(x, (1, 3)) @ xp.reshape(x * x, (3, 1)))),
    "softmax": lambda x, xp: xp.log(xp.sum(xp.exp(x * x))) * x[0],
    "division": lambda x, xp: xp.sum(xp.sin(x) / (1.0 + x[::-1] ** 2)) * xp.max(x),
    "stacked": lambda x, xp: xp.sum(xp.stack([xp.sin(x), x * x]) ** 3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_transformation_agrees_with_jax(name):
    jax = pytest.importorskip("jax")
    ours = lambda x: FUNCTIONS[name](x / 2, kt)  # noqa: E731
    theirs = lambda x: FUNCTIONS[name](x / 2, jax.numpy)  # noqa: E731

    def compare(a, expected):
        b = jax.jit(expected)(A)
        a, b = jax.tree.leaves(a), jax.tree.leaves(b)
        assert len(a) == len(b)
        for found, expected in zip(a, b, strict=True):
            assert type(found) is np.ndarray and found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

    def hvp(f):
        return lambda x: jax.jvp(jax.grad(f), (x,), (V,))[1]

    compare(kt.grad(ours)(A), jax.grad(theirs))
    compare(kt.value_and_grad(ours)(A), jax.value_and_grad(theirs))
    compare(kt.jvp(ours, (A,), (V,)), lambda x: jax.jvp(theirs, (x,), (V,)))
    compare(kt.vjp(ours, A)[1](2.0), lambda x: jax.vjp(theirs, x)[1](2.0))
    compare(kt.linearize(ours, A)[1](V), lambda x: jax.linearize(theirs, x)[1](V))
    compare(kt.hessian(ours)(A), jax.hessian(theirs))
    compare(kt.hvp(ours, (A,), (V,)), hvp(theirs))
    compare(kt.vhp(ours, (A,), (V,)), hvp(theirs))
    # two and three deep
    compare(kt.jacfwd(kt.grad(ours))(A), jax.hessian(theirs))
    compare(kt.jacrev(kt.grad(ours))(A), jax.hessian(theirs))
    compare(kt.jacrev(kt.hessian(ours))(A), jax.jacrev(jax.hessian(theirs)))
    compare(kt.jacfwd(kt.hessian(ours))(A), jax.jacrev(jax.hessian(theirs)))
    compare(
        kt.grad(lambda x: kt.sum(kt.hessian(ours)(x) ** 2))(A),
        jax.grad(lambda x: jax.numpy.sum(jax.hessian(theirs)(x) ** 2)),
    )
    compare(
        kt.grad(lambda x: kt.sum(kt.jacfwd(kt.grad(ours))(x) ** 2))(A),
        jax.grad(lambda x: jax.numpy.sum(jax.hessian(theirs)(x) ** 2)),
    )
    compare(
        kt.grad(lambda x: kt.sum(kt.hvp(ours, (x,), (V,)) ** 2))(A),
        jax.grad(lambda x: jax.numpy.sum(hvp(theirs)(x) ** 2)),
    )
    compare(
        kt.jvp(lambda x: kt.vhp(ours, (x,), (x * x,)), (A,), (V,)),
        lambda y: jax.jvp(lambda x: jax.jvp(jax.grad(theirs), (x,), (x * x,))[1], (y,), (V,)),
    )
    compare(
        kt.jacrev(lambda x: kt.linearize(kt.grad(ours), x)[1](x))(A),
        jax.jacrev(lambda x: jax.linearize(jax.grad(theirs), x)[1](x)),
    )
    compare(
        kt.hessian(lambda x: kt.vjp(ours, x)[1](kt.sum(x))[0][1])(A),
        jax.hessian(lambda x: jax.vjp(theirs, x)[1](jax.numpy.sum(x))[0][1]),
    )
