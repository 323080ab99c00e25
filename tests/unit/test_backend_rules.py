"""Rules of a backend in place of the general ones."""

import numpy as np
import pytest

import keratorch as kt
from tests.processes import run_python
from tests.tiny_array import Shelf, ShelfBackend, bare

pytestmark = pytest.mark.usefixtures("registry_as_it_was")


class CubeGrad(kt.Grad):
    def backward(self, grad):
        (x,) = self.inputs
        return (3 * x**2 * grad,)


class OtherCubeGrad(CubeGrad):
    pass


def cube(x, cls=CubeGrad):
    return kt.GradArray(x.detach()._array ** 3, grad_op=cls(x))


class Counting:
    """The rule of `CubeGrad` for one backend; counts its calls."""

    def __init__(self):
        self.calls = []

    def __call__(self, node, grad):
        self.calls.append(type(grad))
        (x,) = node.saved(grad)
        return (3 * x * x * grad,)


@pytest.fixture
def rule():
    counting = Counting()
    yield counting
    kt.backends.get("numpy").rules.pop(CubeGrad, None)


def test_a_backends_own_rule_runs(rule):
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray([1.0, 2.0])
    kt.sum(cube(x)).backward()
    assert rule.calls == [np.ndarray]
    np.testing.assert_array_equal(x.grad, [3.0, 12.0])


def test_a_rule_is_kept_from_recorded_derivatives(rule):
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray([1.0, 2.0])
    (g,) = kt.gradients(kt.sum(cube(x)), x, create_graph=True)
    assert rule.calls == []
    (h,) = kt.gradients(kt.sum(g), x)
    np.testing.assert_array_equal(h, [6.0, 12.0])
    _, tangent = kt.jvp(lambda v: kt.gradients(kt.sum(cube(v)), v)[0], (x,), ([1.0, 1.0],))
    assert rule.calls == []
    np.testing.assert_array_equal(tangent.numpy(), [6.0, 12.0])


def test_a_rule_is_for_the_exact_class(rule):
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray([1.0, 2.0])
    kt.sum(cube(x, OtherCubeGrad)).backward()
    assert rule.calls == []
    np.testing.assert_array_equal(x.grad, [3.0, 12.0])


def test_a_rule_is_for_its_backend_only(rule):
    strict = pytest.importorskip("array_api_strict")
    kt.backends.register("numpy", rules={CubeGrad: rule})
    x = kt.GradArray(strict.asarray([1.0, 2.0]))
    kt.sum(cube(x)).backward()
    assert rule.calls == []
    assert type(x.grad) is type(x._array)


def test_a_rule_for_an_operation_of_keratorch_takes_the_place_of_its_kernel():
    table = kt.backends.get("numpy").rules
    sin_grad = type(kt.sin(kt.GradArray([1.0]))._grad_op)
    before = table[sin_grad]
    calls = []

    def rule(node, grad):
        calls.append(grad.shape)
        return before(node, grad)

    kt.backends.register("numpy", rules={sin_grad: rule})
    try:
        x = kt.GradArray([0.0, 1.0])
        kt.sum(kt.sin(x)).backward()
    finally:
        table[sin_grad] = before
    assert calls == [(2,)]
    np.testing.assert_allclose(x.grad, np.cos([0.0, 1.0]))


def test_a_rule_is_used_below_a_selection_too():
    """Also if the rule before it was used there already."""
    table = kt.backends.get("numpy").rules
    x = kt.GradArray([0.0, 1.0])
    sin_grad = type(kt.sin(x)._grad_op)

    def gradient():
        return kt.gradients(kt.sum(kt.where(x > 0, kt.sin(x), 0.0)), x)[0]

    gradient()
    before = table[sin_grad]
    kt.backends.register("numpy", rules={sin_grad: lambda node, grad: (7 * grad,)})
    try:
        np.testing.assert_array_equal(gradient(), [0.0, 7.0])
    finally:
        table[sin_grad] = before
    np.testing.assert_array_equal(gradient(), [0.0, np.cos(1.0)])
    assert table.pop(sin_grad) is before
    gradient()
    del table[sin_grad]
    np.testing.assert_array_equal(gradient(), [0.0, np.cos(1.0)])


def test_rules_come_with_a_new_backend():
    rule = Counting()
    kt.backends.register(ShelfBackend(), rules={CubeGrad: rule})
    x = kt.GradArray(Shelf([2.0]))
    y = kt.GradArray(Shelf(bare(x._array) ** 3), grad_op=CubeGrad(x))
    y.backward(Shelf([1.0]))
    assert rule.calls == [Shelf]
    np.testing.assert_array_equal(bare(x.grad), [12.0])


def test_what_is_no_rule_is_refused():
    for rules in ({"CubeGrad": Counting()}, {CubeGrad: "rule"}):
        with pytest.raises(TypeError, match="must be a Grad subclass and a function rule"):
            kt.backends.register("numpy", rules=rules)
    assert CubeGrad not in kt.backends.get("numpy").rules


def test_rules_by_name_before_the_backend_is_loaded():
    pytest.importorskip("array_api_strict")
    out = run_python("""
        import sys
        import keratorch as kt
        class CubeGrad(kt.Grad):
            def backward(self, grad):
                raise AssertionError("the general rule ran")
        def rule(node, grad):
            print("rule", type(grad).__module__.split(".")[0])
            (x,) = node.saved(grad)
            return (3 * x**2 * grad,)
        kt.backends.register("array_api_strict", rules={CubeGrad: rule})
        print("array_api_strict" in sys.modules)
        import array_api_strict as xp
        x = kt.GradArray(xp.asarray([2.0]))
        kt.GradArray(x._array ** 3, grad_op=CubeGrad(x)).backward()
        print(float(x.grad[0]))
    """)
    assert out.split() == ["False", "rule", "array_api_strict", "12.0"]
