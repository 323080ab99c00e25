"""Zero times infinity is 0 below a selection, and NaN elsewhere: record 32."""

from __future__ import annotations

import json

import numpy as np
import pytest

import keratorch as kt
from tests.leaves import constant, leaf
from tests.op_checks import on_device, on_host
from tests.selection_programs import FILE, PLAIN, SELECTED

ONE_DEVICE_EACH = True

# The values at kinks and poles: libraries that compute with NumPy warn of them, some in threads.
pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning"),
]

#: The second derivatives of a program, in three ways.
WAYS = ("reverse over reverse", "forward over reverse", "pullback of the gradient")
OTHERS = json.loads(FILE.read_text(encoding="utf-8"))


def equal(found, wanted):
    return np.isclose(found, wanted, rtol=1e-10, atol=1e-12, equal_nan=True)


def total(program):
    return lambda x: kt.sum(program.function(kt, x))


def curve(program, x, way):
    """The Hessian of a program times ones."""
    function, ones = total(program), kt.ones_like(x)
    if way == "reverse over reverse":
        return on_host(kt.grad(lambda x: kt.sum(kt.grad(function)(x)))(x)._array)
    product = kt.hvp if way == "forward over reverse" else kt.vhp
    return on_host(product(function, (x,), (ones,))._array)


def some(programs, device, full):
    """All programs; on JAX, which compiles each of them anew, every fifth."""
    step = 5 if device.backend == "jax" and not full else 1
    return list(programs.items())[::step]


def ask(failed, name, what, fine, *values):
    if not np.all(fine):
        failed.append(f"{name}, {what}: {' against '.join(map(str, values))}")


def test_without_a_selection(device, full):
    """The gradient is that of JAX and of PyTorch, and is right wherever it is a number."""
    failed: list[str] = []
    for name, program in some(PLAIN, device, full):
        x = constant(device, program.point)
        found = on_host(kt.grad(total(program))(x)._array)
        jax, torch = OTHERS["jax"][name][0], OTHERS["torch"][name][0]
        same = equal(found, jax).all() or equal(found, torch).all()
        ask(failed, name, "JAX", same, found, jax, torch)
        for what, value, right in [
            ("gradient", found, program.slope),
            *((way, curve(program, x, way), program.curve) for way in WAYS),
        ]:
            fine = equal(value, right) | ~np.isfinite(value) | np.isnan(right)
            ask(failed, name, what, fine, value, right)
    assert not failed, "\n".join(failed)


def test_below_a_selection(device, full):
    """What was not selected has the derivative 0, to second order and in both modes."""
    failed: list[str] = []
    for name, program in some(SELECTED, device, full):
        x = constant(device, program.point)
        function = total(program)
        found = on_host(kt.grad(function)(x)._array)
        ask(failed, name, "gradient", equal(found, program.slope), found, program.slope)
        for way in WAYS:
            found = curve(program, x, way)
            ask(failed, name, way, equal(found, program.curve), found, program.curve)
        if np.isfinite(on_host(function(x)._array)):
            _, slope = kt.jvp(function, (x,), (kt.ones_like(x),))
            found, right = on_host(slope._array), sum(program.slope)
            ask(failed, name, "jvp", equal(found, right), found, right)
    assert not failed, "\n".join(failed)


def test_there_are_programs_of_both_kinds():
    """JAX and PyTorch lose the gradient in most programs with a selection."""
    assert len(PLAIN) > 30 and len(SELECTED) > 40
    lost = [n for n in SELECTED if np.isnan(OTHERS["jax"][n][0] + OTHERS["torch"][n][0]).any()]
    assert len(lost) > len(SELECTED) / 2


# -- what a recorded walk passes on ----------------------------------------------------------------


def product(a, b):
    """A function whose mixed derivative meets the root of 0 only in the second walk."""
    m = constant(a.device, [False, True], "bool")
    return kt.sum(kt.where(m, kt.sqrt(a + 1.0) * kt.sqrt(b), 0.0))


MIXED = {
    "gradients": lambda a, b: kt.gradients(
        kt.sum(kt.gradients(product(a, b), a, create_graph=True)[0]), b
    )[0],
    "grad of grad": lambda a, b: (
        kt.grad(lambda v: kt.sum(kt.grad(lambda u: product(u, v))(a.detach())))(b.detach())._array
    ),
    "forward over reverse": lambda a, b: (
        kt.jvp(
            lambda v: kt.grad(lambda u: product(u, v))(a.detach()),
            (b.detach(),),
            (kt.ones_like(b),),
        )[1]._array
    ),
    "reverse over forward": lambda a, b: (
        kt.grad(
            lambda v: kt.sum(
                kt.jvp(lambda u: product(u, v), (a.detach(),), (kt.ones_like(a.detach()),))[1]
            )
        )(b.detach())._array
    ),
    "hessian": lambda a, b: np.sum(
        on_host(kt.hessian(product, (0, 1))(a.detach(), b.detach())[0][1]._array), axis=0
    ),
    "checkpoint": lambda a, b: kt.gradients(
        kt.sum(kt.gradients(kt.checkpoint(product)(a, b), a, create_graph=True)[0]), b
    )[0],
}


@pytest.mark.parametrize("way", MIXED)
def test_a_mixed_derivative(device, way):
    a, b = leaf(device, [0.0, 1.0]), leaf(device, [0.0, 1.0])
    found = MIXED[way](a, b)
    found = found if way == "hessian" else on_host(found)
    np.testing.assert_allclose(found, [0.0, 0.25 / np.sqrt(2)])


def test_a_mixed_derivative_by_backward(device):
    a, b = leaf(device, [0.0, 1.0]), leaf(device, [0.0, 1.0])
    product(a, b).backward(create_graph=True)
    slope = a.grad
    a.zero_grad()
    b.zero_grad()
    kt.sum(slope).backward()
    np.testing.assert_allclose(on_host(b.grad), [0.0, 0.25 / np.sqrt(2)])


def test_a_third_derivative(device):
    x = constant(device, [0.0, 2.0])

    def function(x):
        return kt.sum(kt.where(x > 0, kt.tanh(kt.log(x)), 0.0))

    def slope(f):
        return lambda x: kt.sum(kt.grad(f)(x))

    third = kt.grad(slope(slope(function)))(x)
    pushed = kt.jvp(kt.grad(slope(function)), (x,), (kt.ones_like(x),))[1]
    # tanh(log x) = 1 − 2/(x² + 1)
    wanted = [0.0, 48 * 2 * (4 - 1) / 5**4]
    np.testing.assert_allclose(on_host(third._array), wanted)
    np.testing.assert_allclose(on_host(pushed._array), wanted)


def test_a_product_of_matrices_passes_it_on(device):
    """The zeros of a gradient are summed, and stay those of a selection."""
    a, b = leaf(device, [[1.0, 2.0]]), leaf(device, [[0.0], [0.0]])
    m = constant(device, [[False]], "bool")
    y = kt.sum(kt.where(m, a @ kt.sqrt(b), 0.0))
    (slope,) = kt.gradients(y, a, create_graph=True)
    (mixed,) = kt.gradients(kt.sum(slope), b)
    np.testing.assert_array_equal(on_host(mixed), [[0.0], [0.0]])


# -- what counts as a selection --------------------------------------------------------------------


def cube_of_root(x):
    return x ** (1 / 3) * x ** (1 / 3) * x ** (1 / 3)


def test_the_seed_1_of_a_number_is_no_selection(device):
    for shape in ((), (1,)):
        x = leaf(device, np.zeros(shape))
        y = cube_of_root(x)
        y.backward(retain_graph=True)
        assert np.isnan(on_host(x.grad)).all()
        assert np.isnan(on_host(kt.gradients(y, x, retain_graph=True)[0])).all()
        raw = on_device(device, np.zeros(shape))
        assert np.isnan(on_host(kt.grad(cube_of_root)(raw))).all()
        assert np.isnan(on_host(kt.jacrev(cube_of_root)(raw))).all()
    assert np.isnan(
        on_host(kt.elementwise_grad(cube_of_root)(on_device(device, np.zeros(2))))
    ).all()


def test_a_given_seed_is_a_selection(device):
    """A 0 in it says that nothing is asked about that element."""
    x = leaf(device, [0.0, 4.0])
    seed = on_device(device, np.array([0.0, 1.0]))
    y = kt.sqrt(x)
    y.backward(seed, retain_graph=True)
    np.testing.assert_array_equal(on_host(x.grad), [0.0, 0.25])
    np.testing.assert_array_equal(on_host(kt.gradients(y, x, seed)[0]), [0.0, 0.25])
    raw = on_device(device, np.array([0.0, 4.0]))
    _, pullback = kt.vjp(kt.sqrt, raw)
    np.testing.assert_array_equal(on_host(pullback(seed)[0]), [0.0, 0.25])
    for jacobian in (kt.jacrev, kt.jacfwd):
        np.testing.assert_array_equal(on_host(jacobian(kt.sqrt)(raw)), [[np.inf, 0], [0, 0.25]])


def test_of_several_outputs_those_with_a_seed(device):
    x, w = leaf(device, 0.0), leaf(device, 0.0)
    seeds = [None, on_device(device, np.array(0.0))]
    (gx, gw) = kt.gradients([kt.sqrt(x) ** 2, kt.sqrt(w)], [x, w], seeds)
    assert np.isnan(on_host(gx)) and on_host(gw) == 0


def test_precision_is_that_of_a_node(device):
    """Below a selection every 0 counts as not selected, also one that is not."""
    x = constant(device, [0.0, 1.0])
    whole = kt.grad(lambda x: kt.sum((x ** (1 / 3)) ** 3))(x)
    assert np.isnan(on_host(whole._array)[0])
    read = kt.grad(lambda x: ((x ** (1 / 3)) ** 3)[0])(x)
    np.testing.assert_array_equal(on_host(read._array), [0.0, 0.0])


def test_a_graph_that_is_kept_is_walked_either_way(device):
    """A selection in one walk is none in the next."""
    x = leaf(device, [0.0, 4.0])
    y = kt.sqrt(x) ** 2
    total = kt.sum(y)
    ones = kt.ones_like(y)
    for _ in range(2):
        assert np.isnan(on_host(kt.gradients(total, x, retain_graph=True)[0])[0])
        assert on_host(kt.gradients(y, x, ones, retain_graph=True)[0])[0] == 0


# -- walks inside of walks -------------------------------------------------------------------------


def test_checkpoint_inherits_and_passes_on(device):
    x = constant(device, [0.0, 4.0])
    square = kt.checkpoint(lambda y: y * y)
    root = kt.checkpoint(kt.sqrt)

    def slope(function):
        return on_host(kt.grad(lambda x: kt.sum(function(x)))(x)._array)

    # The rule inside is below the selection outside, and the other way round.
    np.testing.assert_array_equal(slope(lambda x: kt.where(x > 0, root(x), 0.0)), [0.0, 0.25])
    inner = kt.checkpoint(lambda y: kt.where(y > 0, y, 0.0))
    np.testing.assert_array_equal(slope(lambda x: inner(kt.sqrt(x))), [0.0, 0.25])
    # Without a selection, a checkpoint is none.
    assert np.isnan(slope(lambda x: square(kt.sqrt(x)))[0])
    assert np.isnan(slope(lambda x: root(x) ** 2)[0])


def test_linearize_through_a_checkpoint_that_captures(device):
    """The transposed rule walks below a selection, from gradients that are not 0."""
    c = constant(device, [0.0, 0.0])
    m = constant(device, [False, True], "bool")

    def function(c):
        return kt.checkpoint(lambda: kt.where(m, kt.sqrt(c), 0.0))()

    _, derivative = kt.linearize(function, c)
    found = on_host(derivative(kt.ones_like(c))._array)
    np.testing.assert_array_equal(found, [0.0, np.inf])


class SquareGrad(kt.Grad):
    def backward(self, grad):
        (x,) = self.inputs
        return (2 * x * grad,)


class FlatSquareGrad(SquareGrad):
    selects = False


class MeasuringGrad(FlatSquareGrad):
    """A subclass keeps what its class says."""


@pytest.mark.parametrize("cls", [SquareGrad, FlatSquareGrad, MeasuringGrad])
def test_rules_of_users_select_unless_they_say_no(device, cls):
    assert cls.selects == (cls is SquareGrad)

    def square(x):
        return kt.GradArray(x.detach()._array ** 2, grad_op=cls(x))

    x = leaf(device, [0.0, 4.0])
    (g,) = kt.gradients(kt.sum(square(kt.sqrt(x))), x)
    np.testing.assert_array_equal(on_host(g), [0.0 if cls.selects else np.nan, 1.0])


@pytest.mark.parametrize("kind", ["custom_vjp", "custom_jvp"])
def test_custom_rules(device, kind):
    """A custom reverse rule may do anything; a forward rule is transposed by a walk that knows."""
    if kind == "custom_vjp":
        square = kt.custom_vjp(lambda y: y * y)
        square.defvjp(lambda y: (y * y, y), lambda y, g: (2 * y * g,))
        root = kt.custom_vjp(kt.sqrt)
        root.defvjp(lambda y: (kt.sqrt(y), y), lambda y, g: (g * 0.5 / kt.sqrt(y),))
    else:
        square, root = kt.custom_jvp(lambda y: y * y), kt.custom_jvp(kt.sqrt)
        square.defjvp(lambda p, t: (square(p[0]), 2 * p[0] * t[0]))
        root.defjvp(lambda p, t: (root(p[0]), t[0] * (0.5 / kt.sqrt(p[0]))))
    x = constant(device, [0.0, 4.0])
    first = on_host(kt.grad(lambda x: kt.sum(square(kt.sqrt(x))))(x)._array)
    np.testing.assert_array_equal(first, [0.0 if kind == "custom_vjp" else np.nan, 1.0])
    if kind == "custom_jvp":
        below = on_host(kt.grad(lambda x: kt.sum(kt.where(x > 0, root(x), 0.0)))(x)._array)
        np.testing.assert_array_equal(below, [0.0, 0.25])


def test_a_root_inherits_and_passes_on(device):
    if device.backend in ("dask", "array_api_strict"):
        pytest.skip("the linear solver of the implicit function theorem is tested elsewhere")
    identity = kt.implicit_root(lambda x, p: x - p, lambda p: p)
    root = kt.implicit_root(lambda x, p: x - kt.sqrt(p), kt.sqrt)
    x = constant(device, [0.0, 4.0])

    def slope(function):
        return on_host(kt.grad(lambda x: kt.sum(function(x)))(x)._array)

    assert np.isnan(slope(lambda x: root(x) ** 2)[0])
    assert np.isnan(slope(lambda x: identity(kt.sqrt(x)) ** 2)[0])
    np.testing.assert_allclose(slope(lambda x: kt.where(x > 0, root(x), 0.0)), [0.0, 0.25])
    np.testing.assert_allclose(
        slope(lambda x: kt.where(x > 0, identity(kt.sqrt(x)), 0.0)), [0.0, 0.25]
    )


def test_a_rule_that_calls_a_transformation(device):
    """Each walk inside a rule below a selection is below it."""

    class RootGrad(kt.Grad):
        def backward(self, grad):
            (x,) = self.inputs
            first = kt.vjp(kt.sqrt, kt.asarray(x))[1](kt.asarray(grad) / 2)[0]
            second = kt.grad(lambda x: kt.sum(kt.sqrt(x) * grad))(kt.asarray(x))
            return (first + second / 2,)

    x = leaf(device, [0.0, 4.0])
    y = kt.GradArray(kt.sqrt(x.detach())._array, grad_op=RootGrad(x))
    (g,) = kt.gradients(kt.sum(kt.where(x > 0, y, 0.0)), x)
    np.testing.assert_array_equal(on_host(g), [0.0, 0.25])


# -- hooks and tools -------------------------------------------------------------------------------


def test_a_hook_that_replaces_a_gradient_selects(device):
    """A hook that only looks changes nothing."""
    keep = on_device(device, np.array([0.0, 1.0]))
    for place in ("array", "before", "after"):
        for replaces in (True, False):
            x = leaf(device, [0.0, 4.0])
            y = kt.sqrt(x)
            z = y * y
            if place == "array":
                y.register_hook(lambda g, r=replaces: g * keep if r else None)
            elif place == "before":
                y.grad_op.register_prehook(lambda gs, r=replaces: (gs[0] * keep,) if r else None)
            else:
                z.grad_op.register_hook(
                    lambda ins, outs, r=replaces: tuple(g * keep for g in ins) if r else None
                )
            (g,) = kt.gradients(kt.sum(z), x)
            np.testing.assert_array_equal(on_host(g), [0.0 if replaces else np.nan, 1.0], place)


@pytest.mark.parametrize("create_graph", [False, True])
def test_tools_change_nothing(device, create_graph):
    x = leaf(device, [0.0, 4.0])
    with kt.profile() as _, kt.no_sync() if not create_graph else kt.enable_grad():
        selected = kt.sum(kt.where(x > 0, x * kt.log(x), 0.0))
        plain = kt.sum(kt.sqrt(x) ** 2)
        found = kt.gradients(selected, x, create_graph=create_graph)[0]
        other = kt.gradients(plain, x, create_graph=create_graph)[0]
    found, other = (on_host(kt.asarray(g).detach()._array) for g in (found, other))
    np.testing.assert_allclose(found, [0.0, np.log(4.0) + 1])
    assert np.isnan(other[0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_all_dtypes_and_shapes(device, dtype, shape):
    x = leaf(device, np.zeros(shape), dtype)
    w = leaf(device, np.full(shape, np.inf), dtype)
    mask = constant(device, np.zeros(shape, bool), "bool")
    y = kt.where(mask, kt.log(x) * w + w / x, 0.0 * x)
    for g in kt.gradients(kt.sum(kt.real(y)), [x, w]):
        np.testing.assert_array_equal(on_host(g), np.zeros(shape, dtype))
