"""Forward mode: levels within levels, with reverse mode inside and outside."""

import tracemalloc

import numpy as np
import pytest

import keratorch as kt
from tests.counting import live_nodes

POINT = np.array([0.5, 1.5, 2.0])
DIRECTION = np.array([1.0, -2.0, 0.5])


def d(f):
    """The derivative of a function of a number, forwards."""
    return lambda x: kt.jvp(f, [x], [kt.ones_like(kt.asarray(x))])[1]


def r(f):
    """The derivative of a function of a number, backwards."""

    def derivative(x):
        with kt.enable_grad():
            x = as_leaf(x)  # its own place in the graph: `f` may close over `x`
            return kt.gradients(f(x), x, create_graph=True, allow_unused=True)[0]

    return derivative


def as_leaf(x):
    """`x`, with its tangents and its graph, as something that gradients can be taken in."""
    one = kt.GradArray(np.zeros(()))
    return x + one


# -- values ------------------------------------------------------------------------------------


def test_return_types():
    value, tangent = kt.jvp(lambda x: x * x, [POINT], [DIRECTION])
    assert type(value) is np.ndarray and type(tangent) is np.ndarray
    np.testing.assert_array_equal(tangent, 2 * POINT * DIRECTION)
    value, tangent = kt.jvp(lambda x: x * x, [kt.asarray(POINT)], [kt.asarray(DIRECTION)])
    assert type(value) is kt.GradArray and type(tangent) is kt.GradArray
    assert not value.requires_grad and not tangent.requires_grad


def test_several_primals_and_lists():
    value, tangent = kt.jvp(lambda a, b: a * b, [POINT, [1.0, 2.0, 3.0]], [DIRECTION, [1, 1, 1]])
    np.testing.assert_array_equal(value, POINT * [1, 2, 3])
    np.testing.assert_array_equal(tangent, DIRECTION * [1, 2, 3] + POINT)


def test_constant_function_has_tangent_zero():
    for f in (lambda x: kt.ones(2), lambda x: x.detach() * 2, lambda x: kt.sign(x), lambda x: 1.0):
        value, tangent = kt.jvp(f, [POINT], [DIRECTION])
        assert tangent.shape == value.shape
        np.testing.assert_array_equal(tangent, np.zeros(value.shape))


def test_tangents_that_do_not_fit():
    with pytest.raises(kt.ShapeError, match=r"\(2,\).*\(3,\)"):
        kt.jvp(lambda x: x, [POINT], [np.ones(2)])
    with pytest.raises(kt.ShapeError, match="1 tangents for 2 primals"):
        kt.jvp(lambda x, y: x, [POINT, POINT], [DIRECTION])


def test_dtypes_of_tangents():
    value, tangent = kt.jvp(lambda x: x * x, [POINT.astype("float32")], [DIRECTION])
    assert value.dtype == np.float32 and tangent.dtype == np.float32
    _, tangent = kt.jvp(kt.real, [np.array([1 + 2j])], [np.array([3 + 4j])])
    assert tangent.dtype == np.float64 and tangent == 3.0


def test_no_grad_and_detach_stop_tangents():
    def f(x):
        with kt.no_grad():
            return x * x

    np.testing.assert_array_equal(kt.jvp(f, [POINT], [DIRECTION])[1], 0 * POINT)
    _, tangent = kt.jvp(lambda x: x * x.detach(), [POINT], [DIRECTION])
    np.testing.assert_array_equal(tangent, POINT * DIRECTION)


# -- levels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", [d, r])
@pytest.mark.parametrize("inner", [d, r])
class TestPerturbationConfusion:
    """Each answer is by hand; a confused implementation gives the number in the comment."""

    def test_inner_function_of_an_outer_variable(self, inner, outer):
        # d/dx [x · d/dy (x + y)] at 1 is 1 (2 where the perturbations are confused)
        f = outer(lambda x: x * inner(lambda y: x + y)(kt.asarray(1.0)))
        assert f(kt.asarray(1.0)).item() == 1.0

    def test_product(self, inner, outer):
        # d/dx [x · d/dy (x·y) at y = 2] at 3 is 2·3 = 6
        f = outer(lambda x: x * inner(lambda y: x * y)(kt.asarray(2.0)))
        assert f(kt.asarray(3.0)).item() == 6.0

    def test_evaluated_at_the_outer_variable(self, inner, outer):
        # d/dx [d/dy (x·y²) at y = x] at 3: d/dx 2x² = 12
        f = outer(lambda x: inner(lambda y: x * y * y)(x))
        assert f(kt.asarray(3.0)).item() == 12.0

    def test_inner_constant(self, inner, outer):
        # d/dx [d/dy x² at y = 1] is 0: the inner function does not depend on y
        f = outer(lambda x: x * x + inner(lambda y: y * 0.0 + x * x)(kt.asarray(1.0)))
        assert f(kt.asarray(3.0)).item() == 6.0

    def test_outer_value_from_a_closure(self, inner, outer):
        # d/dx [x³ · d/dy (y³ + sin(x)·y) at y = x]: d/dx (3x⁵ + x³ sin x)
        f = outer(lambda x: x**3 * inner(lambda y: y**3 + kt.sin(x) * y)(x))
        x = 0.7
        expected = 15 * x**4 + 3 * x**2 * np.sin(x) + x**3 * np.cos(x)
        assert f(kt.asarray(x)).item() == pytest.approx(expected)


@pytest.mark.parametrize("modes", ["ddd", "ddr", "drd", "drr", "rdd", "rdr", "rrd", "rrr"])
def test_third_derivatives_in_every_mixture(modes):
    def f(x):
        return kt.tanh(x) * kt.exp(x) / (x * x + 1.0) + x**4 + kt.special.expit(x)

    for mode in modes:
        f = {"d": d, "r": r}[mode](f)
    x = np.float64(0.6)
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)

    def g(x):
        return jax.numpy.tanh(x) * jax.numpy.exp(x) / (x * x + 1.0) + x**4 + jax.nn.sigmoid(x)

    expected = jax.grad(jax.grad(jax.grad(g)))(x)
    assert f(kt.asarray(x)).item() == pytest.approx(float(expected), rel=1e-10)


COMPOSITIONS = {
    "matrix product": lambda x, xp: xp.sum(
        xp.tanh(xp.reshape(x / 8, (1, 3)) @ xp.reshape(x * x, (3, 1)))
    ),
    "softmax": lambda x, xp: xp.log(xp.sum(xp.exp(x * x))) * x[0],
    "indices": lambda x, xp: xp.sum(x[1:] * x[:-1] ** 2) + x[0] * xp.max(x),
    "selection": lambda x, xp: xp.sum(xp.where(x > 1.0, xp.log(x), xp.sqrt(x)) * x),
    "division": lambda x, xp: xp.sum(xp.sin(x) / (1.0 + x[::-1] ** 2)),
    "stacked": lambda x, xp: xp.sum(xp.stack([xp.sin(x), x * x]) ** 3),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
@pytest.mark.parametrize("depth", [2, 3])
def test_agreement_with_jax(name, depth):
    """Nested jvp, jvp of gradients, gradients of jvp, on vectors."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    f = COMPOSITIONS[name]
    t = [DIRECTION, DIRECTION[::-1].copy(), np.array([0.3, 0.1, -1.0])]

    def ours(x):
        return f(x, kt)

    def theirs(x):
        return f(x, jax.numpy)

    def along_ours(g, v):
        return lambda x: kt.jvp(g, [x], [kt.asarray(v)])[1]

    def along_theirs(g, v):
        return lambda x: jax.jvp(g, [x], [jax.numpy.asarray(v)])[1]

    g, h = ours, theirs
    for k in range(depth):
        g, h = along_ours(g, t[k]), along_theirs(h, t[k])
    x = kt.GradArray(POINT)
    found, expected = g(x), h(POINT)
    assert found.item() == pytest.approx(float(expected), rel=1e-9)
    # gradients of the nested jvp
    found.backward()
    np.testing.assert_allclose(x.grad, jax.grad(h)(POINT), rtol=1e-9)

    # jvp of gradients of the jvp one level down
    g, h = ours, theirs
    for k in range(depth - 2):
        g, h = along_ours(g, t[k]), along_theirs(h, t[k])

    def gradient(x, g=g):
        (found,) = kt.gradients(g(x), x, create_graph=True)
        return found

    _, found = kt.jvp(gradient, [kt.GradArray(POINT)], [kt.asarray(t[-1])])
    _, expected = jax.jvp(jax.grad(h), [POINT], [t[-1]])
    np.testing.assert_allclose(found._array, expected, rtol=1e-9)


def test_values_do_not_see_the_levels_above_them():
    """A tangent is computed from what lies below its own level, however levels interleave."""
    x, y = kt.asarray(2.0), kt.asarray(3.0)
    one = kt.asarray(1.0)

    def outer(a):
        _, t1 = kt.jvp(lambda b: a * b * b, [y], [one])  # 2ab
        _, t2 = kt.jvp(lambda b: t1 * b, [a], [one])  # t1
        return t1 * t2  # (2ab)²

    _, tangent = kt.jvp(outer, [x], [one])  # 8ab² = 144
    assert tangent.item() == 144.0


def test_gradients_in_the_tangents():
    x, v = kt.GradArray(POINT), kt.GradArray(DIRECTION)
    value, tangent = kt.jvp(lambda x: kt.sin(x) * x, [x], [v])
    tangent.sum().backward(retain_graph=True)
    s, c = np.sin(POINT), np.cos(POINT)
    np.testing.assert_allclose(v.grad, c * POINT + s)
    np.testing.assert_allclose(x.grad, (2 * c - s * POINT) * DIRECTION)
    x.grad = None
    value.sum().backward()
    np.testing.assert_allclose(x.grad, c * POINT + s)
    np.testing.assert_allclose(value.grad, np.ones(3))  # alive, and took part


def test_output_that_is_an_input():
    x = kt.GradArray(POINT)
    y = x * 2
    value, tangent = kt.jvp(lambda v: v, [y], [kt.asarray(DIRECTION)])
    np.testing.assert_array_equal(tangent._array, DIRECTION)
    (value * y).sum().backward()
    np.testing.assert_allclose(x.grad, 8 * POINT)
    np.testing.assert_allclose(y.grad, 4 * POINT)


def test_backward_inside_a_level_keeps_plain_gradients_plain():
    w = kt.GradArray(POINT)

    def f(x):
        (w * w).sum().backward()
        return x * kt.asarray(w.grad)

    _, tangent = kt.jvp(f, [POINT], [DIRECTION])
    assert type(w.grad) is np.ndarray and w.grad.flags.writeable
    np.testing.assert_allclose(w.grad, 2 * POINT)
    np.testing.assert_allclose(tangent, 2 * POINT * DIRECTION)


def test_gradients_inside_a_level_carry_tangents():
    w = kt.GradArray(POINT)

    def f(x):
        (g,) = kt.gradients((w * w * x).sum(), w)  # 2wx
        return g

    _, tangent = kt.jvp(f, [DIRECTION], [np.ones(3)])
    np.testing.assert_allclose(tangent, 2 * POINT)


def test_levels_end_with_exceptions():
    def fail(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kt.jvp(fail, [POINT], [DIRECTION])
    x = kt.GradArray(POINT)
    (x * x).sum().backward()
    assert type(x.grad) is np.ndarray


# -- memory ------------------------------------------------------------------------------------


def steps(x, n):
    for _ in range(n):
        x = kt.sin(x) * 0.9 + 0.1
    return x


@pytest.mark.usefixtures("few_objects")
def test_no_graph_is_kept():
    found = []

    def f(x):
        y = steps(x, 2000)
        found.append(live_nodes())
        return y

    before = live_nodes()
    kt.jvp(f, [POINT], [DIRECTION])
    assert found[0] <= before + 1


@pytest.mark.usefixtures("full_free_lists")
def test_memory_is_flat():
    x = np.ones(1000)

    def peak(n):
        tracemalloc.start()
        kt.jvp(lambda x: steps(x, n), [x], [x])
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(500) < peak(20) + 20_000  # bytes; one array has 8000


def test_jvp_of_several_outputs():
    outputs, tangents = kt.jvp(
        lambda x: (x * x, kt.sum(x), 3.0), [np.array([1.0, 2.0])], [[1.0, 0.0]]
    )
    np.testing.assert_array_equal(outputs[0], [1.0, 4.0])
    np.testing.assert_array_equal(tangents[0], [2.0, 0.0])
    assert (outputs[1], tangents[1]) == (3.0, 1.0)
    assert (outputs[2], tangents[2]) == (3.0, 0.0)
    assert isinstance(outputs, tuple) and isinstance(tangents, tuple)
