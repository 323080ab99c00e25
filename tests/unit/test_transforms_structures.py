"""What goes into transformations and comes out: structures, types, aux, refusals."""

import collections
import dataclasses
from typing import NamedTuple

import numpy as np
import pytest

import keratorch as kt

A = np.array([1.0, 2.0, 3.0])


class Pair(NamedTuple):
    a: object
    b: object


@dataclasses.dataclass(frozen=True)
class Frozen:
    w: object
    b: object
    name: str = dataclasses.field(default="f", metadata={"static": True})

    def __post_init__(self):
        if isinstance(self.w, str):
            raise ValueError("checked by __init__ alone")


@dataclasses.dataclass(slots=True)
class Slotted:
    w: object


@dataclasses.dataclass
class Tree:
    left: object
    right: object
    count: int = dataclasses.field(default=2, metadata={"static": True})


def test_every_container():
    def f(p):
        q = p["frozen"]
        return (
            kt.sum(q.w**2) * q.b
            + p["pair"].a * kt.sum(p["pair"].b)
            + kt.sum(p["list"][0] * p["list"][1][0])
            + p["slotted"].w
            + p["tree"].left["z"] * p["tree"].right[0]
        )

    ordered = collections.OrderedDict(z=np.array(2.0), y=np.array(1.0))
    p = {
        "frozen": Frozen(A, 2.0),
        "pair": Pair(3.0, A),
        "list": [A, (A + 1, None)],
        "slotted": Slotted(1.0),
        "tree": Tree(ordered, [np.array(5.0)]),
        "default": collections.defaultdict(list, x=A),
    }
    g = kt.grad(f)(p)
    assert list(g) == list(p)
    assert isinstance(g["frozen"], Frozen) and g["frozen"].name == "f"
    np.testing.assert_array_equal(g["frozen"].w, 4 * A)
    assert g["frozen"].b == 14.0 and type(g["frozen"].b) is np.ndarray
    assert isinstance(g["pair"], Pair) and g["pair"].a == 6.0
    np.testing.assert_array_equal(g["pair"].b, [3.0, 3.0, 3.0])
    np.testing.assert_array_equal(g["list"][0], A + 1)
    assert type(g["list"]) is list and type(g["list"][1]) is tuple and g["list"][1][1] is None
    assert isinstance(g["slotted"], Slotted) and g["slotted"].w == 1.0
    assert type(g["tree"].left) is collections.OrderedDict and list(g["tree"].left) == ["z", "y"]
    assert g["tree"].left["z"] == 5.0 and g["tree"].left["y"] == 0.0 and g["tree"].count == 2
    assert type(g["default"]) is collections.defaultdict and g["default"].default_factory is list
    np.testing.assert_array_equal(g["default"]["x"], np.zeros(3))
    assert p["list"][0] is A and p["frozen"].w is A  # nothing was changed

    # the same structure forwards, and through vjp
    t = kt.grad(f)(p)
    _, tangent = kt.jvp(f, (p,), (t,))
    _, pullback = kt.vjp(f, p)
    (back,) = pullback(np.array(1.0))
    inner = [kt.sum(a * b) for a, b in zip(numbers(back), numbers(t), strict=True)]
    assert tangent == pytest.approx(sum(v.item() for v in inner))


def numbers(tree):
    from keratorch.transforms.tree import leaves

    return leaves(tree)


def test_outputs_are_structures():
    f = lambda x: {"a": x * x, "b": [kt.sum(x), (2.0, None)]}  # noqa: E731
    value, tangent = kt.jvp(f, (A,), (A,))
    np.testing.assert_array_equal(tangent["a"], 2 * A * A)
    assert tangent["b"][0] == 6.0 and tangent["b"][1] == (0.0, None)
    assert type(value["b"][1][0]) is np.ndarray
    value, pullback = kt.vjp(f, A)
    (g,) = pullback({"b": [np.array(1.0), (np.array(5.0), None)], "a": A})
    np.testing.assert_array_equal(g, 2 * A * A + 1)
    value, linear = kt.linearize(f, A)
    np.testing.assert_array_equal(linear(A)["a"], 2 * A * A)
    j = kt.jacrev(f)(A)
    np.testing.assert_array_equal(j["a"], np.diag(2 * A))
    np.testing.assert_array_equal(j["b"][0], np.ones(3))
    np.testing.assert_array_equal(j["b"][1][0], np.zeros(3))


def test_jacobians_have_shapes_as_in_jax():
    jax = pytest.importorskip("jax")
    p = {"w": np.arange(6.0).reshape(2, 3), "b": 0.5}

    def f(p, x, xp):
        return {"y": xp.tanh(p["w"] @ x + p["b"]), "s": (xp.sum(x), xp.sum(p["w"]))}

    for ours, theirs in (
        (kt.jacrev, jax.jacrev),
        (kt.jacfwd, jax.jacfwd),
        (kt.jacobian, jax.jacrev),
        (kt.hessian, jax.hessian),
    ):
        for argnums in (0, 1, (0, 1), (1,), -1):
            found = ours(lambda p, x: f(p, x, kt), argnums)(p, A)
            expected = jax.jit(theirs(lambda p, x: f(p, x, jax.numpy), argnums))(p, A)
            assert jax.tree.structure(found) == jax.tree.structure(expected)
            for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
                assert a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_empty_arrays():
    x = np.zeros((0, 2))
    for jac in (kt.jacrev, kt.jacfwd, kt.jacobian):
        assert jac(lambda x: kt.sum(x, axis=1))(x).shape == (0, 0, 2)
        assert jac(lambda x: kt.sum(x))(x).shape == (0, 2)
        assert jac(lambda y: x * y)(np.ones(2)).shape == (0, 2, 2)
    assert kt.grad(lambda x: kt.sum(x))(x).shape == (0, 2)
    assert kt.grad(lambda p: kt.sum(p["x"]))({"x": A, "none": {}, "no": None})["no"] is None


def test_floats_take_the_place_of_the_arrays_beside_them():
    x = A.astype(np.float32)
    g = kt.grad(lambda p: kt.sum(p["x"] * p["b"]))({"b": 2.0, "x": x})
    assert g["x"].dtype == g["b"].dtype == np.float32
    torch = pytest.importorskip("torch")
    g = kt.grad(lambda p: kt.sum(p["x"] * p["b"]))({"b": 2.0, "x": torch.ones(3)})
    assert isinstance(g["b"], torch.Tensor) and g["b"] == 3.0 and g["b"].dtype == torch.float32
    g = kt.grad(lambda z: kt.abs(z) ** 2)(1 + 1j)
    assert g.dtype == np.complex128 and g == pytest.approx(2 + 2j)
    assert type(kt.grad(lambda x: x * x)(np.float64(3.0))) is np.ndarray


def test_has_aux():
    def f(x):
        return kt.sum(x * x), {"twice": 2 * x, "name": "n", "shape": x.shape}

    g, aux = kt.grad(f, has_aux=True)(A)
    np.testing.assert_array_equal(g, 2 * A)
    assert type(aux["twice"]) is np.ndarray and aux["name"] == "n" and aux["shape"] == (3,)
    (_, aux), _ = kt.value_and_grad(f, has_aux=True)(kt.asarray(A))
    assert isinstance(aux["twice"], kt.GradArray) and not aux["twice"].requires_grad
    x = kt.GradArray(A)
    _, aux = kt.grad(f, has_aux=True)(x)
    aux["twice"].sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0, 2.0])
    for transformed in (kt.jacrev(f, has_aux=True), kt.jacfwd(f, has_aux=True)):
        j, aux = transformed(A)
        np.testing.assert_array_equal(j, 2 * A)
        assert type(aux["twice"]) is np.ndarray
    h, aux = kt.hessian(f, has_aux=True)(A)
    np.testing.assert_array_equal(h, 2 * np.eye(3))
    np.testing.assert_array_equal(aux["twice"], 2 * A)
    out, _, aux = kt.vjp(f, A, has_aux=True)
    assert out == 14.0 and type(aux["twice"]) is np.ndarray
    out, tangent, aux = kt.jvp(f, (A,), (A,), has_aux=True)
    assert tangent == 28.0 and type(aux["twice"]) is np.ndarray
    with pytest.raises(kt.StructureError, match="a pair"):
        kt.grad(lambda x: kt.sum(x), has_aux=True)(A)


def test_keyword_arguments_and_names():
    def power(x, n=1):
        "The n-th power."
        return kt.sum(x**n)

    assert kt.grad(power).__name__ == "power" and kt.grad(power).__doc__ == "The n-th power."
    np.testing.assert_array_equal(kt.grad(power)(A, n=2), 2 * A)


def test_elementwise_grad():
    x = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(kt.elementwise_grad(kt.tanh)(x), 1 - np.tanh(x) ** 2)
    second = kt.elementwise_grad(kt.elementwise_grad(lambda x: x**3))
    np.testing.assert_allclose(second(x), 6 * x)
    a, b = kt.elementwise_grad(lambda a, b: a * b, (0, 1))(x, x + 1)
    np.testing.assert_array_equal(a, x + 1)
    np.testing.assert_array_equal(b, x)
    with pytest.raises(kt.DTypeError, match="complex"):
        kt.elementwise_grad(kt.exp)(x * 1j)


def test_stop_gradient():
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(x * kt.stop_gradient(x)))(A), A)
    np.testing.assert_array_equal(kt.jvp(lambda x: x * kt.stop_gradient(x), (A,), (A,))[1], A * A)
    f = lambda x: kt.sum(kt.stop_gradient({"a": [x, 1]})["a"][0] * x)  # noqa: E731
    np.testing.assert_array_equal(kt.grad(f)(A), A)
    np.testing.assert_array_equal(kt.hessian(f)(A), np.zeros((3, 3)))
    assert kt.stop_gradient(A) is A


def test_pullback_and_linear_function_may_be_called_again():
    _, pullback = kt.vjp(lambda x: x**3, A)
    _, linear = kt.linearize(lambda x: x**3, A)
    for k in (1.0, 2.0, 3.0):
        np.testing.assert_allclose(pullback(k * np.ones(3))[0], 3 * k * A**2)
        np.testing.assert_allclose(linear(k * np.ones(3)), 3 * k * A**2)
    # they are functions that can be differentiated
    np.testing.assert_allclose(kt.jacrev(lambda g: pullback(g)[0])(A), np.diag(3 * A**2))
    np.testing.assert_allclose(kt.jacfwd(linear)(A), np.diag(3 * A**2))
    np.testing.assert_allclose(kt.jvp(linear, (A,), (A,))[1], 3 * A**3)


# -- refusals ------------------------------------------------------------------------------------


def test_outputs_that_have_no_gradient():
    with pytest.raises(kt.GradientRequiredError, match=r"\(3,\).*jacrev"):
        kt.grad(lambda x: x * x)(A)
    with pytest.raises(kt.DTypeError, match=r"complex.*jacrev"):
        kt.grad(lambda z: kt.sum(z))(A * 1j)
    with pytest.raises(kt.DTypeError, match="int64"):
        kt.grad(lambda x: kt.argmax(x))(A)
    with pytest.raises(kt.UnknownArrayError, match="dict"):
        kt.grad(lambda x: {"a": x})(A)
    with pytest.raises(kt.UnknownArrayError, match="NoneType"):
        kt.grad(lambda x: None)(A)
    with pytest.raises(kt.UnknownArrayError, match="str"):
        kt.vjp(lambda x: "x", A)


def test_arguments_that_have_no_gradient():
    with pytest.raises(kt.DTypeError, match=r"int64.*argument 0"):
        kt.grad(lambda x: kt.sum(x))(np.arange(3))
    with pytest.raises(kt.DTypeError, match=r"3 is of type int.*argument 1\['n'\]\[0\]"):
        kt.grad(lambda a, p: a, argnums=(0, 1))(1.0, {"n": [3]})
    with pytest.raises(kt.UnknownArrayError, match=r"str .*argument 0\.right"):
        kt.grad(lambda p: p.left)(Tree(A, "x"))
    with pytest.raises(kt.DTypeError, match="bool"):
        kt.jvp(lambda x: x, (True,), (1.0,))


@pytest.mark.parametrize("name", ["grad", "jacobian", "jacrev", "jacfwd", "hessian"])
def test_errors_of_argnums_name_the_transformation(name):
    with pytest.raises(kt.StructureError, match=f"^{name}: argnums must be an integer"):
        getattr(kt, name)(lambda x: x, argnums="x")(1.0)


def test_argument_numbers():
    with pytest.raises(kt.StructureError, match=r"argument 1.*1 positional"):
        kt.grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(kt.StructureError, match="0 positional"):
        kt.grad(lambda x: x)(x=1.0)
    with pytest.raises(kt.StructureError, match="twice"):
        kt.grad(lambda x, y: x * y, argnums=(1, -1))(1.0, 2.0)
    with pytest.raises(kt.StructureError, match="integer"):
        kt.grad(lambda x: x, argnums=0.5)
    for argnums in (True, "0", (0, None), np.array([0])):
        with pytest.raises(kt.StructureError, match="integer"):
            kt.jacrev(lambda x: x, argnums=argnums)
    assert kt.grad(lambda x, y: x * y * y, argnums=-1)(2.0, 3.0) == 12.0
    assert kt.grad(lambda x, y: x * y * y, argnums=np.int64(1))(2.0, 3.0) == 12.0
    for argnums in (range(2), [0, 1], (np.int64(0), -1)):
        assert kt.grad(lambda x, y: x * y * y, argnums)(2.0, 3.0) == (9.0, 12.0)
        assert kt.jacfwd(lambda x, y: x * y * y, argnums)(2.0, 3.0) == (9.0, 12.0)
    with pytest.raises(TypeError, match="no function"):
        kt.grad(3.0)


def test_gradients_that_do_not_fit_the_output():
    _, pullback = kt.vjp(lambda x: {"a": x * x, "b": kt.sum(x)}, A)
    with pytest.raises(kt.StructureError, match=r"keys \['a'\]"):
        pullback({"a": A})
    with pytest.raises(kt.StructureError, match="leaf"):
        pullback(A)
    with pytest.raises(kt.ShapeError, match=r"\(2,\).*\(3,\)"):
        pullback({"a": np.ones(2), "b": 1.0})
    with pytest.raises(kt.DTypeError, match=r"float32.*float64"):
        pullback({"a": A.astype(np.float32), "b": 1.0})
    with pytest.raises(kt.StructureError, match="str"):
        pullback({"a": "x", "b": 1.0})


def test_tangents_that_do_not_fit_the_primals():
    for function in (kt.jvp, kt.hvp, kt.vhp):
        with pytest.raises(kt.StructureError, match="tuple or list"):
            function(lambda x: kt.sum(x), A, A)
        with pytest.raises(kt.ShapeError, match="2 tangents for 1 primals"):
            function(lambda x: kt.sum(x), (A,), (A, A))
    with pytest.raises(kt.StructureError, match=r"at \[0\]"):
        kt.jvp(lambda p: p["a"], ({"a": A},), ({"b": A},))
    with pytest.raises(kt.DTypeError, match="complex128"):
        kt.jvp(lambda x: x, (A,), (A * 1j,))
    _, linear = kt.linearize(lambda x: x * x, A)
    with pytest.raises(kt.ShapeError, match=r"\(2,\)"):
        linear(np.ones(2))
    with pytest.raises(kt.ShapeError, match="0 tangents"):
        linear()


def test_modes_are_put_back_after_an_error():
    from keratorch.core.mode import mode
    from keratorch.core.tangents import levels
    from keratorch.transforms.call import _running

    def fail(x):
        raise ZeroDivisionError

    for transformed in (
        kt.grad(fail),
        kt.jacfwd(fail),
        kt.checkpoint(kt.grad(fail)),
        lambda x: kt.jvp(fail, (x,), (x,)),
        lambda x: kt.vjp(fail, x),
    ):
        with pytest.raises(ZeroDivisionError):
            transformed(A)
        assert (mode.recording, mode.transforms, levels, _running) == (True, 0, set(), set())


# -- which argument an error means ---------------------------------------------------------------


def product(a, b, c):
    return kt.sum(a * b) * kt.sum(c["w"][1]) if isinstance(c, dict) else kt.sum(a * b * c)


@pytest.mark.parametrize(
    "name",
    ["grad", "value_and_grad", "elementwise_grad", "jacobian", "jacfwd", "jacrev", "hessian"],
)
def test_errors_name_the_argument_that_argnums_means(name):
    transformation = getattr(kt, name)
    x = np.ones(2)
    tree = {"w": [x, np.arange(2)]}
    for argnums, args, where in (
        ((2,), (x, x, 3), "argument 2"),
        (2, (x, x, 3), "argument 2"),
        (1, (x, 3, x), "argument 1"),
        (-1, (x, x, 3), "argument 2"),
        ((0, 2), (x, x, np.arange(2)), "argument 2"),
        ((2, 0), (x, x, tree), r"argument 2\['w'\]\[1\]"),
    ):
        with pytest.raises(kt.DTypeError, match=rf"{name}: .*\({where}\)$"):
            transformation(product, argnums=argnums)(*args)


def test_errors_of_the_others_name_the_argument_too():
    x, n = np.ones(2), np.arange(2)
    apart = lambda a, b, c: a * b * c  # noqa: E731
    for name, call in {
        "vjp": lambda c: kt.vjp(product, x, x, c),
        "linearize": lambda c: kt.linearize(product, x, x, c),
        "jvp": lambda c: kt.jvp(product, (x, x, c), (x, x, c)),
        "hvp": lambda c: kt.hvp(product, (x, x, c), (x, x, c)),
        "vhp": lambda c: kt.vhp(product, (x, x, c), (x, x, c)),
        "ggnvp": lambda c: kt.ggnvp(apart, kt.sum, (x, x, c), (x, x, c)),
    }.items():
        with pytest.raises(kt.DTypeError, match=rf"^{name}: .*\(argument 2\)$"):
            call(n)
    short = {"w": [x, np.ones(3)]}
    long = {"w": [x, x]}
    for name, call in {
        "jvp": lambda: kt.jvp(product, (x, x, long), (x, x, short)),
        "hvp": lambda: kt.hvp(product, (x, x, long), (x, x, short)),
        "linearize": lambda: kt.linearize(product, x, x, long)[1](x, x, short),
    }.items():
        with pytest.raises(kt.ShapeError, match=rf"^{name}: .*\(argument 2\['w'\]\[1\]\)$"):
            call()
    pullback = kt.vjp(lambda x: {"a": x, "b": [x]}, x)[1]
    with pytest.raises(kt.ShapeError, match=r"pullback: .*\(output\['b'\]\[0\]\)$"):
        pullback({"a": x, "b": [np.ones(3)]})
