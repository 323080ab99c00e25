"""NumPy's compiled rules: those of 0-d arrays beside those of arrays with axes."""

import inspect

import numpy as np
import pytest

import keratorch as kt
from keratorch.ops._elementwise import ElementwiseGrad
from keratorch.ops._partials import namespace_function, trace
from keratorch.ops.arithmetic import MultiplyGrad
from keratorch.ops.trigonometric import TanGrad

pytest.importorskip("scipy")  # some partials are special functions
RULES = kt.backends.get("numpy").rules


def classes(cls=ElementwiseGrad):
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("keratorch.") and "partials" in sub.__dict__:
            yield sub
        yield from classes(sub)


def node_of(cls, values):
    """An operation that saved `values`, as if all its inputs were tracked."""
    node = object.__new__(cls)
    node._edges = (node,) * cls.arity
    node._saved = values
    node.shape, node.dtype = values[-1].shape, values[-1].dtype
    return node


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cls", sorted(classes(), key=lambda c: c.__name__))
def test_a_rule_of_0_d_arrays_is_that_of_one_element(cls, dtype, masks, rng):
    values = rng.uniform(0.2, 0.8, cls.arity + 1).astype(dtype)
    rules = RULES.masking if masks else RULES
    for seed, at_border in [(1.5, False), (0.0, False), (0.0, True)]:
        if at_border:
            values = np.zeros_like(values)  # where logarithms and roots have no finite partial
        one = [np.full(1, v, dtype) for v in values]
        none = [np.full((), v, dtype) for v in values]
        with np.errstate(all="ignore"):
            expected = rules[cls](node_of(cls, tuple(one)), np.full(1, seed, dtype))
            found = rules[cls](node_of(cls, tuple(none)), np.full((), seed, dtype))
        assert len(found) == len(expected) == cls.arity
        for a, b in zip(found, expected, strict=True):
            if b is None:
                assert a is None
                continue
            assert type(a) is np.ndarray and a.shape == () and a.dtype == b.dtype
            np.testing.assert_allclose(a, b[0], rtol=1e-6 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("cls", sorted(classes(), key=lambda c: c.__name__))
def test_the_masking_rule_gives_0_where_the_gradient_is_0(cls, rng):
    """At the border of the domain, at infinity and at NaN; elsewhere both rules are equal."""
    for special in (0.0, 1.0, -1.0, np.inf, -np.inf, np.nan):
        values = tuple(np.array([v, special, v]) for v in rng.uniform(0.2, 0.8, cls.arity + 1))
        node, g = node_of(cls, values), np.array([2.0, 0.0, 0.0])
        with np.errstate(all="ignore"):
            plain, masking = RULES[cls](node, g), RULES.masking[cls](node, g)
        for a, b in zip(plain, masking, strict=True):
            if b is None:
                assert a is None
                continue
            np.testing.assert_array_equal(b[1:], [0.0, 0.0])
            assert b[0] == a[0] or np.isnan([a[0], b[0]]).all()


def test_one_of_two_gradients_is_masked():
    """The other edge may lead to a constant."""
    for x1, x2 in ((np.array([np.inf, 2.0]), None), (None, np.array([np.inf, 2.0]))):
        node = node_of(MultiplyGrad, (x1, x2, np.zeros(2)))
        node._edges = (None if x2 is None else node, None if x1 is None else node)
        with np.errstate(all="ignore"):
            found = RULES.masking[MultiplyGrad](node, np.array([0.0, 3.0]))
        assert [None if g is None else g.tolist() for g in found] == [
            None if x2 is None else [0.0, 6.0],
            None if x1 is None else [0.0, 6.0],
        ]


def test_recorded_partials_have_the_same_values_and_variables():
    found = [cls for cls in classes() if "recorded_partials" in cls.__dict__]
    assert found
    for cls in found:
        fast, recorded = cls.exprs, cls.partial_exprs(recorded=True)
        for a, b in zip(fast, recorded, strict=True):
            assert b.variables() <= a.variables()
        xs = [np.linspace(-3.0, 3.0, 13) for _ in fast]
        for i in range(cls.arity):
            functions = [cls.partial_function(recorded=r) for r in (False, True)]
            with np.errstate(all="ignore"):  # beyond ±1, where asin is not defined
                found_here = [f(np, i, *xs, None) for f in functions]
            np.testing.assert_allclose(*found_here, rtol=1e-14)


def test_a_scalar_chain_gives_arrays():
    x = kt.GradArray(2.0)
    y = kt.sqrt(x * 3.0) ** 3 / (1.0 - x)
    y.backward()
    assert type(x.grad) is np.ndarray and x.grad.shape == ()
    # d/dx (3x)^(3/2)/(1 − x) = (9/2·(3x)^(1/2)·(1 − x) + (3x)^(3/2))/(1 − x)²
    np.testing.assert_allclose(x.grad, -4.5 * 6**0.5 + 6**1.5, rtol=1e-14)


def test_a_traceback_shows_the_lines_of_its_own_kernel():
    sources = {cls: inspect.getsource(RULES[cls]) for cls in (MultiplyGrad, TanGrad)}
    for cls, source in sources.items():
        assert source.startswith(f"def {cls.__name__}_kernel(node, g):")


def test_what_stands_in_a_partial_twice_is_computed_once():
    counted = []

    class Counting:
        def square(self, x):
            counted.append(x)
            return x * x

    def partials(xp, x, y):
        s = xp.square(x)
        return (s * (1 + s * (1 + s)),)

    (expr,) = trace(partials, 1)
    function = namespace_function("twice", (expr,))
    assert function(Counting(), 0, 3.0, None) == 9 * (1 + 9 * 10)
    assert counted == [3.0]
