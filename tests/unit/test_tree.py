"""`keratorch.tree`: classes that are registered as structures."""

import collections
import dataclasses

import numpy as np
import pytest

import keratorch as kt
from keratorch.transforms import registered

A = np.array([1.0, 2.0])
B = np.array([0.5, -1.0])


@pytest.fixture(autouse=True)
def registrations_as_they_were():
    before = dict(registered._by_type)
    yield
    registered._by_type.clear()
    registered._by_type.update(before)


class Line:
    """Has arrays, a number and a name, and looks at what it is made of."""

    def __init__(self, slope, offset, name):
        if not (hasattr(slope, "shape") and hasattr(offset, "shape")):
            raise TypeError("a line is made of arrays")
        self.slope, self.offset, self.name = slope, offset, name

    def at(self, x):
        return kt.sum(self.slope**2 * x + self.offset * x)


@pytest.fixture
def line():
    kt.tree.register(
        Line,
        lambda line: ((line.slope, line.offset), line.name),
        lambda name, parts: Line(*parts, name),
    )
    return Line(A, np.array(3.0), "l")


X = np.array([2.0, 5.0])
SLOPE, OFFSET = 2 * A * X, X.sum()


def check(found, slope, offset):
    assert type(found) is Line
    assert found.name == "l"
    np.testing.assert_allclose(found.slope, slope)
    np.testing.assert_allclose(found.offset, offset)


def test_gradients_have_the_class(line):
    check(kt.grad(Line.at)(line, X), SLOPE, OFFSET)
    _, found = kt.value_and_grad(Line.at)(line, X)
    check(found, SLOPE, OFFSET)
    check(kt.grad(lambda p: p["l"].at(X))({"l": line})["l"], SLOPE, OFFSET)
    _, pullback = kt.vjp(Line.at, line, X)
    check(pullback(1.0)[0], SLOPE, OFFSET)
    check(kt.jacrev(Line.at)(line, X), SLOPE, OFFSET)
    check(kt.jacfwd(Line.at)(line, X), SLOPE, OFFSET)
    check(kt.hessian_diag(Line.at)(line, X), 2 * X, 0.0)


def test_tangents_have_the_class(line):
    t = Line(B, np.array(1.0), "l")
    along = np.sum(SLOPE * B) + OFFSET
    np.testing.assert_allclose(kt.jvp(Line.at, (line, X), (t, 0 * X))[1], along)
    np.testing.assert_allclose(kt.linearize(lambda p: p.at(X), line)[1](t), along)
    check(kt.hvp(lambda p: p.at(X), (line,), (t,)), 2 * X * B, 0.0)
    with pytest.raises(kt.StructureError, match=r"tangents at \[0\]: Line of 2 parts"):
        kt.jvp(lambda p: p.at(X), (line,), (Line(B, np.array(1.0), "other"),))
    with pytest.raises(kt.StructureError, match="was given for Line"):
        kt.jvp(lambda p: p.at(X), (line,), ((B, 1.0),))


def test_results_have_the_class(line):
    def moved(line, by):
        return Line(line.slope * by, line.offset + by, line.name)

    value, pullback = kt.vjp(moved, line, 2.0)
    check(value, 2 * A, 5.0)
    of_line, of_by = pullback(Line(B, np.array(1.0), "l"))
    check(of_line, 2 * B, 1.0)
    np.testing.assert_allclose(of_by, np.sum(A * B) + 1.0)
    check(kt.jvp(moved, (line, 2.0), (line, 0.0))[1], 2 * A, 3.0)
    check(kt.jacrev(moved, 1)(line, 2.0), A, 1.0)
    twice = kt.checkpoint(moved)(Line(kt.GradArray(A), kt.asarray(3.0), "l"), 2.0)
    assert type(twice) is Line
    twice.slope.sum().backward()


def test_rules_and_solutions(line):
    @kt.custom_vjp
    def at(line, x):
        return line.at(x)

    at.defvjp(
        lambda line, x: (line.at(x), (line, x)),
        lambda kept, g: (Line(3 * g * kept[0].slope, g, "l"), None),
    )
    check(kt.grad(at)(line, X), 3 * A, 1.0)

    @kt.custom_jvp
    def doubled(line):
        return Line(2 * line.slope, 2 * line.offset, line.name)

    @doubled.defjvp
    def rule(primals, tangents):
        t = tangents[0]
        return doubled(*primals), Line(2 * t.slope, 2 * t.offset, "l")

    check(kt.grad(lambda p: doubled(p).at(X))(line), 8 * A * X, 2 * X.sum())

    def root(a):
        return kt.implicit_root(
            lambda x, a: Line(x.slope**2 - a, x.offset - a[0], "l"),
            lambda a: Line(a**0.5, a[0], "l"),
        )(a)

    np.testing.assert_allclose(kt.grad(lambda a: kt.sum(root(a).slope))(A), 0.5 * A**-0.5)
    found = kt.fixed_point(lambda x, p: Line(p.slope * 1.0, 0.5 * x.offset, "l"), line, line)
    assert type(found) is Line
    check(kt.stop_gradient(line), A, 3.0)


def test_paths_in_messages_and_parts_without_a_derivative(line):
    with pytest.raises(kt.DTypeError, match=r"argument 0\['l'\]\[1\]"):
        kt.grad(lambda p: p["l"].at(X))({"l": Line(A, np.array(3), "l")})


def test_a_decorator_for_a_class_with_methods():
    @kt.tree.register
    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b

        def tree_flatten(self):
            return (self.a, self.b), None

        @classmethod
        def tree_unflatten(cls, aux, parts):
            return cls(*parts)

    found = kt.grad(lambda p: kt.sum(p.a * p.b))(Pair(A, B))
    assert type(found) is Pair
    np.testing.assert_allclose(found.a, B)
    np.testing.assert_allclose(found.b, A)
    hessian = kt.hessian(lambda p: kt.sum(p.a**2 * p.b))(Pair(A, B))
    assert type(hessian) is type(hessian.a) is Pair
    np.testing.assert_allclose(hessian.a.a, np.diag(2 * B))
    np.testing.assert_allclose(hessian.a.b, np.diag(2 * A))


def test_a_registration_goes_before_what_keratorch_does_by_itself():
    class Two(dict):
        pass

    @dataclasses.dataclass
    class Three:
        x: object
        unit: str

    kt.tree.register(Two, lambda t: ([t["x"]], t["unit"]), lambda u, p: Two(x=p[0], unit=u))
    kt.tree.register(Three, lambda t: ([t.x], t.unit), lambda u, p: Three(*p, u))
    assert kt.grad(lambda t: t["x"] ** 2)(Two(x=3.0, unit="m")) == {"x": 6.0, "unit": "m"}
    assert kt.grad(lambda t: t.x**2)(Three(3.0, "m")) == Three(np.array(6.0), "m")


def test_a_subclass_needs_its_own_registration(line):
    class Other(Line):
        pass

    with pytest.raises(kt.UnknownArrayError, match=r"Other.*keratorch\.tree\.register"):
        kt.grad(Line.at)(Other(A, np.array(1.0), "l"), X)


def test_registrations_that_are_refused(line):
    def parts(x):
        return (), None

    with pytest.raises(kt.StructureError, match="Line is registered already"):
        kt.tree.register(Line, parts, parts)
    for cls in (dict, list, tuple, type(None), np.ndarray, kt.GradArray):
        with pytest.raises(kt.StructureError, match="knows"):
            kt.tree.register(cls, parts, parts)
    with pytest.raises(kt.StructureError, match="tree_flatten and no method tree_unflatten"):
        kt.tree.register(type("Empty", (), {}))
    with pytest.raises(TypeError, match="both"):
        kt.tree.register(type("Empty", (), {}), parts)
    with pytest.raises(TypeError, match="no class"):
        kt.tree.register(3, parts, parts)


def test_functions_that_do_not_fit():
    class One:
        def __init__(self, x, aux=None):
            self.x, self.aux = x, aux

    kt.tree.register(One, lambda one: one.x, lambda aux, parts: One(*parts))
    with pytest.raises(kt.StructureError, match="flatten of One returned ndarray"):
        kt.grad(lambda one: kt.sum(one.x))(One(A))

    class Two(One):
        pass

    kt.tree.register(Two, lambda t: ([t.x], t.aux), lambda aux, parts: Two(*parts, aux))
    with pytest.raises(kt.StructureError, match="aux values of two objects of Two"):
        kt.jvp(lambda t: t.x, (Two(A, np.ones(2)),), (Two(A, np.zeros(2)),))


def test_leaves_and_map(line):
    Point = collections.namedtuple("Point", "x y")
    tree = {"a": [1.0, None], "p": Point(A, 2.0), "l": line}
    assert [id(v) for v in kt.tree.leaves(tree)[1:]] == [
        id(A),
        id(tree["p"].y),
        id(A),
        id(line.offset),
    ]
    moved = kt.tree.map(lambda x, g: x - 0.5 * g, tree, tree)
    assert type(moved["p"]) is Point
    assert moved["a"] == [0.5, None]
    check(moved["l"], 0.5 * A, 1.5)
    with pytest.raises(kt.StructureError, match=r"map: structure 1 at \['a'\]"):
        kt.tree.map(lambda x, y: x, {"a": [1.0]}, {"a": [1.0, 2.0]})
