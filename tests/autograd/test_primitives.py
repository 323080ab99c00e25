"""Primitives of `keratorch.autograd.extend`, with their rules, and vector spaces."""

import numpy as onp
import pytest

import keratorch as kt
import keratorch.autograd.numpy as np
from keratorch.autograd import deriv, grad, jacobian, make_vjp, primitive
from keratorch.autograd.builtins import DictBox, SequenceBox
from keratorch.autograd.core import primitive_vjps
from keratorch.autograd.extend import (
    Box,
    JVPNode,
    SparseObject,
    VJPNode,
    VSpace,
    def_linear,
    defjvp,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    register_notrace,
    vspace,
)
from keratorch.autograd.extend import primitive as plain_primitive
from keratorch.autograd.numpy.numpy_boxes import ArrayBox
from keratorch.autograd.numpy.numpy_vjps import (
    balanced_eq,
    match_complex,
    repeat_to_match_shape,
    replace_zero,
    unbroadcast_f,
)
from keratorch.autograd.numpy.numpy_wrapper import wrap_namespace
from keratorch.autograd.test_util import check_grads, combo_check, scalar_close
from keratorch.autograd.tracer import getval, isbox

A = onp.array([0.3, -0.7, 1.1])


@plain_primitive
def logsumexp(x, scale=1.0):
    """A function of plain values."""
    assert type(x) is onp.ndarray
    top = onp.max(x)
    return scale * (top + onp.log(onp.sum(onp.exp(x - top))))


defvjp(
    logsumexp,
    lambda ans, x, scale=1.0: lambda g: g * scale * np.exp(x - ans / scale),
    lambda ans, x, scale=1.0: lambda g: g * ans / scale,
)


def test_a_rule_of_reverse_mode_serves_every_mode_and_order():
    onp.testing.assert_allclose(grad(logsumexp)(A), onp.exp(A) / onp.exp(A).sum())
    check_grads(logsumexp)(A)
    check_grads(lambda x, s: logsumexp(x, s), (0, 1))(A, 1.5)
    combo_check(logsumexp, 0)([A, 2.0 * A], scale=[1.0, 2.0])
    assert type(logsumexp(A)) is onp.float64  # plain arguments: the function itself


def test_what_the_function_is_given():
    seen = []

    @plain_primitive
    def f(x, table, n, flag=False):
        seen.append((type(x), type(table["a"][0]), n, flag))
        return x * n

    defvjp(f, lambda ans, x, table, n, flag=False: lambda g: g * n)
    assert grad(lambda x: f(x, {"a": [onp.ones(2)]}, 3, flag=True))(2.0) == 3.0
    assert seen == [(onp.float64, onp.ndarray, 3, True)]


def test_containers_as_arguments_and_results():
    @plain_primitive
    def both(pair):
        return pair[0] * pair[1], pair[0] + pair[1]

    defvjp(
        both,
        lambda ans, pair: lambda g: (g[0] * pair[1] + g[1], g[0] * pair[0] + g[1]),
    )

    def f(x, y):
        product, total = both((x, y))
        return product * total

    assert grad(f, (0, 1))(2.0, 3.0) == (2 * 2 * 3 + 9.0, 2 * 2 * 3 + 4.0)
    check_grads(f, (0, 1))(2.0, 3.0)


def test_a_rule_of_forward_mode_serves_every_mode():
    @plain_primitive
    def f(x, y):
        return onp.sin(x) * y

    defjvp(f, lambda g, ans, x, y: g * np.cos(x) * y, lambda g, ans, x, y: np.sin(x) * g)
    assert deriv(f)(0.5, 2.0) == pytest.approx(2 * onp.cos(0.5))
    check_grads(f, (0, 1))(0.5, 2.0)


def test_both_rules():
    calls = []

    @plain_primitive
    def f(x):
        return x**2

    defvjp(f, lambda ans, x: lambda g: (calls.append("vjp"), 2 * x * g)[1])
    defjvp(f, lambda g, ans, x: (calls.append("jvp"), 2 * x * g)[1])
    assert grad(f)(3.0) == 6.0 and calls == ["vjp"]
    assert deriv(f)(3.0) == 6.0 and calls == ["vjp", "jvp"]
    check_grads(f)(3.0)


def test_forward_mode_calls_the_function_once():
    calls = []

    @plain_primitive
    def f(x):
        calls.append(x)
        return x**3

    defjvp(f, lambda g, ans, x: 3 * ans / x * g)
    assert deriv(f)(2.0) == 12.0 and calls == [2.0]
    assert deriv(deriv(f))(2.0) == 12.0
    check_grads(f, order=3)(2.0)


def test_rules_that_call_the_function_itself():
    """The solution of (a + b)·x = q: its derivatives are such solutions too."""

    @plain_primitive
    def solved(a, b, q):
        return q / (a + b)

    @plain_primitive
    def root(x):
        return onp.sqrt(x)

    def rule(argnums, gs, ans, args, kwargs):
        moved = dict(zip(argnums, gs, strict=True))
        rest = moved.get(2, 0.0) - (moved.get(0, 0.0) + moved.get(1, 0.0)) * ans
        return solved(args[0], args[1], rest)

    defvjp_argnum(
        solved,
        lambda argnum, ans, args, kwargs: (
            lambda g: solved(args[0], args[1], g if argnum == 2 else -g * ans)
        ),
    )
    defjvp_argnums(solved, rule)
    defvjp(root, lambda ans, x: lambda g: solved(ans, ans, g))
    defjvp(root, lambda g, ans, x: solved(ans, ans, g))
    check_grads(solved, (0, 1, 2), order=3)(0.5, 1.5, 3.0)
    check_grads(root, order=3)(2.0)


def test_rules_by_argument_numbers():
    @plain_primitive
    def f(*xs):
        return sum((i + 1) * x**2 for i, x in enumerate(xs))

    defvjp_argnum(
        f, lambda argnum, ans, args, kwargs: lambda g: 2 * (argnum + 1) * args[argnum] * g
    )
    assert grad(f, (0, 2))(1.0, 1.0, 1.0) == (2.0, 6.0)
    seen = []

    def maker(argnums, ans, args, kwargs):
        seen.append(argnums)
        return lambda g: [2 * (i + 1) * args[i] * g for i in argnums]

    defvjp_argnums(f, maker)
    assert grad(f, (0, 2))(1.0, 1.0, 1.0) == (2.0, 6.0) and seen == [(0, 2)]

    @plain_primitive
    def h(x, y):
        return x * y

    defjvp_argnums(
        h, lambda argnums, gs, ans, args, kwargs: sum(
            g * args[1 - i] for i, g in zip(argnums, gs, strict=True)
        )
    )  # fmt: skip
    check_grads(h, (0, 1))(2.0, 3.0)


def test_linear_functions():
    @plain_primitive
    def scaled(x):
        return 3.0 * x

    def_linear(scaled)
    assert deriv(scaled)(1.0) == 3.0
    check_grads(scaled, modes=["fwd"])(A)
    with pytest.raises(NotImplementedError, match="no VJP"):
        grad(scaled)(1.0)
    defvjp(scaled, lambda ans, x: lambda g: 3.0 * g)
    check_grads(scaled)(A)


def test_a_missing_rule_is_an_error_that_says_what_to_define():
    f = plain_primitive(lambda x, y: x * y)
    with pytest.raises(NotImplementedError, match="neither a VJP nor a JVP"):
        grad(f)(1.0, 2.0)
    defvjp(f, lambda ans, x, y: lambda g: g * y)
    assert grad(f)(1.0, 2.0) == 2.0
    with pytest.raises(kt.KeratorchError, match="no VJP for the arguments at 1"):
        grad(f, 1)(1.0, 2.0)
    defvjp(f, lambda ans, x, y: lambda g: g * y, None)
    assert grad(f, 1)(1.0, 2.0) == 0.0


def test_rules_are_for_primitives_and_are_functions():
    with pytest.warns(UserWarning, match="sum is no primitive, and this rule is not used") as seen:
        defvjp(np.sum, lambda ans, x: lambda g: g)
    with pytest.warns(UserWarning, match="sum is no primitive"):
        defjvp(np.sum, lambda g, ans, x: g)
    assert seen[0].filename == __file__
    onp.testing.assert_array_equal(grad(np.sum)(A), 1.0)
    f = plain_primitive(lambda x: x)
    with pytest.raises(TypeError, match="function or None"):
        defvjp(f, 3.0)
    with pytest.raises(TypeError, match="'same' or None"):
        defjvp(f, "other")
    assert f not in primitive_vjps


def test_what_would_lose_a_gradient_is_refused():
    f = plain_primitive(lambda x, scale=1.0: x * scale)
    defvjp(f, lambda ans, x, scale=1.0: lambda g: g * scale)
    with pytest.raises(kt.LostGradientError, match="by position"):
        grad(lambda s: f(2.0, scale=s))(1.0)

    def outer(y):
        capturing = plain_primitive(lambda x: x * y)
        defvjp(capturing, lambda ans, x: lambda g: g * 1.0)
        return capturing(y)

    with pytest.raises(kt.LostGradientError, match="captures a tracked array"):
        grad(outer)(2.0)


def test_complex_rules_follow_the_convention_of_the_names():
    @plain_primitive
    def cube(z):
        return z**3

    defvjp(cube, lambda ans, z: lambda g: g * 3 * z**2)
    z = onp.array([1.0 + 2.0j, 0.5 - 1.0j])
    check_grads(cube)(z)
    vjp, _ = make_vjp(cube)(z)
    g = onp.array([1.0j, 2.0])
    onp.testing.assert_allclose(vjp(g), g * 3 * z**2)
    real = grad(lambda x: np.real(np.sum(cube(x * 1j))))(A)
    onp.testing.assert_allclose(real, onp.real(1j * 3 * (A * 1j) ** 2), atol=1e-14)


def test_the_deprecated_methods():
    with pytest.warns(UserWarning, match="deprecated"):
        f = primitive(lambda x, y: x * y)
        f.defgrad(lambda ans, x, y: lambda g: y * g)
        f.defvjp(lambda g, ans, vs, gvs, x, y: x * g, argnum=1)
    check_grads(f, (0, 1), modes=["rev"])(2.0, 3.0)
    with pytest.warns(UserWarning, match="deprecated"):
        f.defvjp_is_zero([0])
    assert grad(f)(2.0, 3.0) == 0.0


def test_a_derivative_that_is_0_in_one_mode_or_both():
    f = plain_primitive(lambda x: x**2)
    register_notrace(VJPNode, f)
    assert grad(lambda x: f(x) + x)(2.0) == 1.0
    with pytest.raises(NotImplementedError, match="neither a VJP nor a JVP"):
        deriv(f)(2.0)
    register_notrace(JVPNode, f)
    assert deriv(lambda x: f(x) + x)(2.0) == 1.0
    assert grad(grad(lambda x: f(x) * x**2))(2.0) == 2 * 4.0
    with pytest.raises(TypeError, match="VJPNode or JVPNode"):
        register_notrace(None, f)


def test_a_gradient_that_is_added_in_place():
    @plain_primitive
    def third(x):
        return x[2]

    def vjp(ans, x):
        def add(total, g):
            total[2] += g
            return total

        return lambda g: SparseObject(vspace(x), lambda total: add(total, g))

    defvjp(third, vjp)
    onp.testing.assert_array_equal(grad(lambda x: third(x) ** 2)(A), [0.0, 0.0, 2 * A[2]])


def test_boxes_are_tracked_arrays():
    length = notrace_primitive(len)

    def f(x):
        assert isbox(x) and isinstance(x, Box) and isinstance(x, ArrayBox)
        assert type(getval(x)) is onp.ndarray and not isbox(getval(x))
        assert x._value is getval(x) and x[0]._value == A[0]
        assert length(x) == 3
        return np.sum(x)

    onp.testing.assert_array_equal(grad(f)(A), 1.0)
    assert not isbox(A) and not isinstance(A, Box) and getval(A) is A
    with pytest.raises(TypeError, match="dataclass"):
        Box(1.0, None, None)


SPACES = {
    "float": 1.5,
    "complex": 1.0 + 2.0j,
    "array": onp.ones((3, 2)),
    "complex array": 1j * onp.ones((2, 1)),
    "float32": onp.ones(2, dtype=onp.float32),
    "list": [1.0, onp.ones((2, 1))],
    "tuple": (1.0, (onp.ones(2), 2.0)),
    "dict": {"a": 1.0, "b": [onp.ones(2), 1j]},
}


@pytest.mark.parametrize("name", SPACES)
def test_vector_spaces(name):
    value = SPACES[name]
    space = vspace(value)
    basis = list(space.standard_basis())
    assert len(basis) == space.size
    for i, x in enumerate(basis):
        assert vspace(x) == space
        for j, y in enumerate(basis):
            assert scalar_close(space.inner_prod(x, y), float(i == j))
    total = space.zeros()
    for x in basis:
        total = space.add(total, x)
    difference = space.add(total, space.scalar_mul(space.ones(), -1.0))
    assert scalar_close(space.inner_prod(difference, difference), 0.0)
    x, y = space.randn(), space.randn()
    assert vspace(space.scalar_mul(x, 2.0)) == space == vspace(space.covector(x))
    assert scalar_close(space.inner_prod(x, y), space.inner_prod(y, x))
    assert space != vspace([value, value])
    if name != "float32":
        check_grads(space.add, (0, 1))(x, y)
        check_grads(space.inner_prod, (0, 1))(x, y)
        check_grads(space.scalar_mul, (0, 1))(x, 1.5)


def test_a_space_of_another_class():
    class Point:
        def __init__(self, x):
            self.x = x

    with pytest.raises(TypeError, match="Point has no vector space"):
        vspace(Point(1.0))

    class PointSpace(VSpace):
        size = 1

    VSpace.register(Point, lambda value: PointSpace(value))
    try:
        assert vspace(Point(1.0)).size == 1
    finally:
        del VSpace.mappings[Point]


def test_jacobian_of_a_primitive():
    @plain_primitive
    def squares(x):
        return x**2

    defvjp(squares, lambda ans, x: lambda g: 2 * x * g)
    onp.testing.assert_allclose(jacobian(squares)(A), onp.diag(2 * A))


def test_helpers_of_rules():
    g = onp.ones((2, 3))
    for shape in ((), (1,), (3,), (2, 1), (1, 3), (2, 3)):
        target = onp.zeros(shape)
        found = unbroadcast_f(target, lambda g: 2.0 * g)(g)
        onp.testing.assert_array_equal(found, onp.full(shape, 12.0 / max(1, target.size)))
    assert unbroadcast_f(1.0, lambda g: g)(1.0 + 2.0j) == 1.0
    assert unbroadcast_f(1j, lambda g: g)(1.0 + 2.0j) == 1.0 + 2.0j
    for axis, kept in ((None, 6), (0, 2), (-1, 3), ((0, 1), 6)):
        total = onp.sum(g, axis=axis)
        spread, count = repeat_to_match_shape(total, (2, 3), float, axis, False)
        onp.testing.assert_array_equal(spread, onp.full((2, 3), float(kept)))
        assert count == kept
    assert repeat_to_match_shape(2.0, (), float, None, False) == (2.0, 1)
    onp.testing.assert_array_equal(replace_zero(onp.array([0.0, 2.0]), 1.0), [1.0, 2.0])
    onp.testing.assert_array_equal(balanced_eq(A, A, -A), [1.0, 1.0, 1.0])
    onp.testing.assert_array_equal(balanced_eq(A, A, A), [0.5, 0.5, 0.5])
    assert match_complex(1.0, 1j + 2.0) == 2.0 and type(match_complex(1j, 2.0)) is complex


def test_functions_of_another_module_become_primitives():
    namespace = {}
    wrap_namespace({"sin": onp.sin, "length": len, "pi": 3.0, "Array": onp.ndarray}, namespace)
    assert namespace["pi"] == 3.0 and "Array" not in namespace
    assert grad(namespace["sin"])(0.0) == 1.0
    with pytest.raises(NotImplementedError, match="len has neither"):
        grad(lambda x: namespace["length"](x) * 1.0)(A)


def test_containers_of_tracked_arrays():
    def f(x):
        assert isinstance([x], SequenceBox) and isinstance((1, (x,)), SequenceBox)
        assert isinstance({"a": x}, DictBox) and not isinstance([x], DictBox)
        return x * 1.0

    assert grad(f)(1.0) == 1.0
    assert not isinstance([1.0], SequenceBox) and not isinstance({"a": 1.0}, DictBox)
    with pytest.raises(TypeError, match="no boxes of int"):
        Box.register(int)


def test_joins_take_any_iterable():
    def f(x):
        rows = np.vstack(x * i for i in range(2))
        return (
            np.sum(np.concatenate(iter([x, x])) * 2.0)
            + np.sum(rows)
            + np.stack(map(np.sum, [x]))[0]
        )

    onp.testing.assert_array_equal(grad(f)(A), 6.0)
    assert np.hstack(iter([A, A])).shape == (6,)
