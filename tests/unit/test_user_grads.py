"""`Grad` subclasses of users: what they are given, what they may return, what is refused."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.counting import live_nodes

POINT = np.array([0.5, -1.5, 2.0])


class CubeGrad(kt.Grad):
    """The one in the docstring of `Grad`."""

    def backward(self, grad):
        (x,) = self.inputs
        return (3 * x**2 * grad,)


def cube(x):
    return kt.GradArray(x.detach()._array ** 3, grad_op=CubeGrad(x))


class RawCubeGrad(kt.Grad):
    """Reads raw arrays: for first derivatives only."""

    def backward(self, grad):
        (x,) = self.inputs
        return 3 * x._array**2 * grad


def raw_cube(x):
    return kt.GradArray(x.detach()._array ** 3, grad_op=RawCubeGrad(x))


class ScaledProductGrad(kt.Grad):
    """scale · a · b, with the scale kept on itself."""

    def __init__(self, a, b, *, scale=1.0):
        super().__init__(a, b)
        self.scale = scale

    def backward(self, grad):
        a, b = self.inputs
        return self.scale * b * grad, self.scale * a * grad


def scaled_product(a, b, scale):
    values = scale * kt.asarray(a).detach()._array * kt.asarray(b).detach()._array
    return kt.GradArray(values, grad_op=ScaledProductGrad(a, b, scale=scale))


class SinCosGrad(kt.Grad):
    """sin and cos at once: two outputs."""

    def __init__(self, x):
        super().__init__(x)
        self.seen = []

    def backward(self, grad):
        self.seen.append(tuple(g is not None for g in grad))
        (x,) = self.inputs
        total = 0.0
        if grad[0] is not None:
            total = kt.cos(x) * grad[0] + total
        if grad[1] is not None:
            total = total - kt.sin(x) * grad[1]
        return total


def sin_cos(x):
    raw = x.detach()._array
    return SinCosGrad(x).results(np.sin(raw), np.cos(raw))


def rule(backward):
    """An operation of one input, the identity, with that rule."""
    cls = type("MyGrad", (kt.Grad,), {"backward": lambda self, grad: backward(grad)})
    return lambda x: kt.GradArray(np.array(x.numpy()), grad_op=cls(x))


# -- what a Grad is --------------------------------------------------------------------------------


def test_grad_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        kt.Grad()

    class NothingGrad(kt.Grad):
        pass

    with pytest.raises(TypeError, match="backward"):
        NothingGrad()


def test_attributes_of_the_result():
    x = kt.GradArray(POINT)
    op = CubeGrad(x)
    y = kt.GradArray(POINT**3, grad_op=op, name="cube")
    assert y._grad_op is op and y.requires_grad and not y.is_leaf and y.name == "cube"
    assert op.inputs[0]._array is x._array
    assert "CubeGrad" in repr(y)


# -- derivatives of every order ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (cube, [POINT]),
        (lambda x: cube(x) * x, [POINT]),
        (lambda x: cube(cube(x)), [POINT / 2]),
        (lambda x: cube(kt.sin(x)), [POINT]),
        (lambda a, b: scaled_product(a, b, 2.5), [POINT, POINT[::-1].copy()]),
        (lambda a: scaled_product(a, a, 2.5), [POINT]),
        (lambda a, b: scaled_product(a, kt.exp(b), 2.5), [POINT, np.array([0.3, 0.1, -0.2])]),
        (sin_cos, [POINT]),
        (lambda x: sin_cos(x)[0] * x, [POINT]),
        (lambda x: sin_cos(x * x)[1], [POINT]),
        (lambda x: sin_cos(sin_cos(x)[0])[1], [POINT]),
    ],
    ids=[
        *("cube", "cube times x", "cube of cube", "cube of sin", "product", "square", "exp"),
        *("sin and cos", "sin alone", "cos alone", "nested"),
    ],
)
def test_three_orders_in_both_modes(function, args):
    check_grads(function, args, order=3)


def test_derivatives_by_hand():
    x = kt.GradArray(POINT)
    y = cube(x)
    for expected in (3 * POINT**2, 6 * POINT, np.full(3, 6.0), np.zeros(3)):
        (y,) = kt.gradients(y.sum(), x, create_graph=True)
        np.testing.assert_allclose(y._array, expected)


def test_default_jvp_of_several_inputs_some_constant():
    a, b = kt.asarray(POINT), kt.asarray(POINT + 1)
    _, tangent = kt.jvp(lambda x: scaled_product(x, b, 2.0), [a], [kt.ones(3)])
    np.testing.assert_allclose(tangent._array, 2.0 * (POINT + 1))
    _, tangent = kt.jvp(lambda x: scaled_product(b, x, 2.0), [a], [kt.ones(3)])
    np.testing.assert_allclose(tangent._array, 2.0 * (POINT + 1))


def test_a_jvp_of_ones_own_is_used():
    used = []

    class MyCubeGrad(CubeGrad):
        def jvp(self, t):
            used.append(type(t))
            (x,) = self.inputs
            return 3 * x**2 * t

    def my_cube(x):
        return kt.GradArray(x.detach()._array ** 3, grad_op=MyCubeGrad(x))

    _, tangent = kt.jvp(my_cube, [POINT], [np.ones(3)])
    np.testing.assert_allclose(tangent, 3 * POINT**2)
    assert used == [kt.GradArray]
    check_grads(my_cube, [POINT], order=3)


def test_jvp_without_a_tangent_is_zero():
    class ConstantGrad(kt.Grad):
        def backward(self, grad):
            return None

        def jvp(self, t):
            return None

    class DefaultGrad(kt.Grad):
        def backward(self, grad):
            return None

    for cls in (ConstantGrad, DefaultGrad):

        def function(x, cls=cls):
            return kt.GradArray(np.ones(3), grad_op=cls(x)) * x

        _, tangent = kt.jvp(function, [POINT], [np.full(3, 2.0)])
        np.testing.assert_array_equal(tangent, [2.0, 2.0, 2.0])


# -- reading raw arrays ----------------------------------------------------------------------------


def test_raw_arrays_may_be_read_in_a_plain_backward():
    x = kt.GradArray(POINT)
    raw_cube(x).sum().backward()
    np.testing.assert_allclose(x.grad, 3 * POINT**2)


WAYS = {
    "create_graph": lambda: raw_cube(kt.GradArray(POINT)).sum().backward(create_graph=True),
    "gradients": lambda: kt.gradients(
        raw_cube(x := kt.GradArray(POINT)).sum(), x, create_graph=True
    ),
    "jvp": lambda: kt.jvp(raw_cube, [POINT], [np.ones(3)]),
    "backward inside jvp": lambda: kt.jvp(
        lambda x: (
            kt.gradients(raw_cube(x * y).sum(), y)[0]
            if (y := kt.GradArray(POINT)) is not None
            else None
        ),
        [POINT],
        [np.ones(3)],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_raw_arrays_would_lose_what_is_differentiated_again(way):
    with pytest.raises(kt.LostGradientError, match=r"_array.*self\.inputs"):
        WAYS[way]()


def test_raw_arrays_of_constant_inputs_lose_nothing():
    class TimesGrad(kt.Grad):
        def backward(self, grad):
            _, c = self.inputs
            return c._array * grad, None

    def times(x, c):
        return kt.GradArray(x.detach()._array * c._array, grad_op=TimesGrad(x, c))

    c = kt.asarray(POINT)
    check_grads(lambda x: times(x * x, c), [POINT], order=3)


# -- several outputs -------------------------------------------------------------------------------


def test_unused_outputs_are_none():
    x = kt.GradArray(POINT)
    s, c = sin_cos(x)
    assert s._grad_op is c._grad_op
    (s.sum() + c.sum()).backward(retain_graph=True)
    s.sum().backward(retain_graph=True)
    c.sum().backward()
    assert s._grad_op.seen == [(True, True), (True, False), (False, True)]
    np.testing.assert_allclose(x.grad, 2 * (np.cos(POINT) - np.sin(POINT)))
    np.testing.assert_array_equal(s.grad, [2.0, 2.0, 2.0])


def test_outputs_of_several_shapes_and_uses():
    class SumAndMaxGrad(kt.Grad):
        def backward(self, grad):
            (x,) = self.inputs
            out = x * 0.0
            if grad[0] is not None:
                out = out + grad[0]
            if grad[1] is not None:
                out = out + kt.asarray(x.numpy() == x.numpy().max()) * kt.sum(grad[1])
            return out

    x = kt.GradArray(POINT)
    total, rows = SumAndMaxGrad(x).results(np.array(POINT.sum()), np.full((2, 1), POINT.max()))
    (total * 2 + total + (rows * rows).sum()).backward()
    np.testing.assert_allclose(x.grad, [3.0, 3.0, 3.0 + 4.0 * 2.0])


def test_one_output_by_results_gets_a_tuple():
    class OneGrad(kt.Grad):
        def backward(self, grad):
            assert type(grad) is tuple and len(grad) == 1
            (x,) = self.inputs
            return 2 * x * grad[0]

    def square(x):
        (y,) = OneGrad(x).results(x.detach()._array ** 2)
        return y

    check_grads(square, [POINT], order=3)


# -- what a rule may return ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (lambda g: g, 1.0),
        (lambda g: (g,), 1.0),
        (lambda g: [g], 1.0),
        (lambda g: kt.asarray(g), 1.0),
        (lambda g: 2.0, 2.0),
        (lambda g: 2, 2.0),
        (lambda g: np.float64(2.0), 2.0),
        (lambda g: 2.0 + 5.0j, 2.0),
        (lambda g: np.complex64(2.0 + 5.0j), 2.0),
        (lambda g: g.astype(np.float64), 1.0),
        (lambda g: np.ones((), dtype=np.int64), 1.0),
        (lambda g: np.ones((), dtype=np.complex128) * (1 + 2j), 1.0),
        (lambda g: np.ones((1,), dtype=np.float32), 1.0),
        (lambda g: np.ones((4, 1)), 4.0),
    ],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_returned_gradients_take_the_dtype_and_shape_of_the_input(returned, expected, create_graph):
    x = kt.GradArray(np.array(3.0, dtype=np.float32))
    if create_graph and returned is not None:
        y = rule(lambda g: returned(g if not isinstance(g, kt.GradArray) else np.array(g.numpy())))
    else:
        y = rule(returned)
    y(x).backward(create_graph=create_graph)
    grad = x.grad._array if create_graph else x.grad
    assert type(grad) is np.ndarray and grad.dtype == np.float32 and grad.shape == ()
    assert grad == expected


def test_complex_input_keeps_complex_gradients():
    z = kt.GradArray(np.array(1 + 1j))
    rule(lambda g: g * 1j)(z).backward(np.array(2 + 0j))
    assert z.grad == 2j


def test_none_stops_the_gradient():
    x, y = kt.GradArray(POINT), kt.GradArray(POINT)

    class FirstGrad(kt.Grad):
        def backward(self, grad):
            return grad, None

    z = kt.GradArray(POINT * 1, grad_op=FirstGrad(x, y))
    z.sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones(3))
    assert y.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda g: (g, g), r"MyGrad\.backward returned 2 gradients for 1 inputs"),
        (lambda g: (), r"MyGrad\.backward returned 0 gradients for 1 inputs"),
        (lambda g: np.ones(2), r"MyGrad\.backward.*\(2,\).*\(3,\)"),
        (lambda g: np.ones((3, 2)), r"MyGrad\.backward.*\(3, 2\).*\(3,\)"),
        (lambda g: 1.0, r"MyGrad\.backward.*\(\).*\(3,\)"),
    ],
)
def test_rules_that_break_their_contract(returned, message, create_graph):
    x = kt.GradArray(POINT)
    with pytest.raises(kt.RuleError, match=message):
        rule(returned)(x).sum().backward(create_graph=create_graph)
    assert x.grad is None


def test_jvps_that_break_their_contract():
    def broken(returned):
        body = {"backward": lambda self, g: g, "jvp": lambda self, t: returned}
        cls = type("MyGrad", (kt.Grad,), body)
        return lambda x: kt.GradArray(np.array(x.numpy()), grad_op=cls(x))

    for returned, message in [
        ((1.0, 2.0), r"MyGrad\.jvp returned 2 tangents for 1 outputs"),
        (np.ones((2, 3)), r"MyGrad\.jvp.*\(2, 3\).*\(3,\)"),
    ]:
        with pytest.raises(kt.RuleError, match=message):
            kt.jvp(broken(returned), [POINT], [np.ones(3)])
    _, tangent = kt.jvp(broken(2.0), [POINT], [np.ones(3)])
    np.testing.assert_array_equal(tangent, [2.0, 2.0, 2.0])


def test_gradient_of_another_library():
    torch = pytest.importorskip("torch")
    x = kt.GradArray(POINT)
    for create_graph in (False, True):
        with pytest.raises(kt.DeviceMismatchError, match=r"MyGrad\.backward.*numpy.*torch"):
            rule(lambda g: torch.ones(3))(x).sum().backward(create_graph=create_graph)
    assert x.grad is None


# -- making them -----------------------------------------------------------------------------------


def test_no_init():
    class LazyGrad(kt.Grad):
        def __init__(self, x):
            self.x = x

        def backward(self, grad):
            return grad

    x = kt.GradArray(POINT)
    with pytest.raises(kt.RuleError, match=r"LazyGrad.*super\(\).__init__\(\*inputs\)"):
        kt.GradArray(POINT, grad_op=LazyGrad(x))
    with pytest.raises(kt.RuleError, match=r"LazyGrad.*super\(\).__init__\(\*inputs\)"):
        LazyGrad(x).results(POINT, POINT)


def test_one_grad_makes_one_array():
    x = kt.GradArray(POINT)
    op = CubeGrad(x)
    kept = kt.GradArray(POINT**3, grad_op=op)
    with pytest.raises(kt.RuleError, match=r"CubeGrad of shape \(3,\).*results"):
        kt.GradArray(POINT**3, grad_op=op)
    kept.sum().backward()
    np.testing.assert_allclose(x.grad, 3 * POINT**2)


@pytest.mark.parametrize("op", [CubeGrad, object(), "CubeGrad", 1])
def test_what_is_no_grad(op):
    with pytest.raises(TypeError, match="grad_op must be a Grad"):
        kt.GradArray(POINT, grad_op=op)


def test_constants_as_inputs_record_nothing():
    for x in (kt.asarray(POINT), POINT, [1.0, 2.0, 3.0], 2.0, kt.asarray([1, 2, 3])):
        y = kt.GradArray(np.ones(3), grad_op=CubeGrad(x))
        assert y._grad_op is None and not y.requires_grad


def test_nothing_is_recorded_under_no_grad():
    x = kt.GradArray(POINT)
    with kt.no_grad():
        y = cube(x)
        s, _ = sin_cos(x)
    assert not y.requires_grad and y._grad_op is None
    assert not s.requires_grad and s._grad_op is None
    assert not kt.GradArray(POINT**3, grad_op=CubeGrad(x), requires_grad=False).requires_grad


def test_integer_results_are_constants():
    x = kt.GradArray(POINT)
    y = kt.GradArray(np.ones(3, dtype=int), grad_op=CubeGrad(x))
    assert not y.requires_grad and y._grad_op is None
    with pytest.raises(kt.DTypeError, match="int64"):
        kt.GradArray(np.ones(3, dtype=int), grad_op=CubeGrad(x), requires_grad=True)


def test_inputs_are_a_snapshot():
    leaf = kt.GradArray(POINT)
    x = leaf * 1.0
    y = cube(x)
    x += 100.0  # recorded: new memory
    y.sum().backward()
    np.testing.assert_allclose(leaf.grad, 3 * POINT**2)


def test_write_between_the_snapshot_and_the_result():
    leaf = kt.GradArray(POINT.copy())
    op = CubeGrad(leaf)
    values = leaf.numpy() ** 3
    with kt.no_grad():
        leaf += 1.0
    y = kt.GradArray(values, grad_op=op)
    with pytest.raises(kt.StaleValueError, match=r"CubeGrad saved an array of shape \(3,\)"):
        y.sum().backward()
    op = SinCosGrad(leaf)
    leaf.detach()[0] = 0.0
    s, _ = op.results(POINT, POINT)
    with pytest.raises(kt.StaleValueError, match="SinCosGrad"):
        s.sum().backward()


def test_inputs_of_a_freed_grad():
    x = kt.GradArray(POINT)
    y = cube(x)
    y.sum().backward()
    with pytest.raises(kt.GraphFreedError, match=r"CubeGrad of shape \(3,\).*retain_graph"):
        y._grad_op.inputs  # noqa: B018


@pytest.mark.usefixtures("few_objects")
def test_forward_mode_keeps_no_graph_of_user_grads():
    def many(x):
        for _ in range(300):
            x = cube(x) * 0.1
        return x

    before = live_nodes()
    seen = []

    def watched(x):
        y = many(x)
        seen.append(live_nodes())
        return y

    kt.jvp(watched, [POINT], [np.ones(3)])
    assert seen[0] <= before + 2
