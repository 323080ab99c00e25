"""`argnames`: arguments to differentiate in by the names of their parameters."""

import numpy as np
import pytest

import keratorch as kt

A = np.array([1.0, 2.0])
B = np.array([0.5, -1.0])


def f(x, w, *, b=3.0):
    return kt.sum(x**2 * w**2) * b**2


def of_w(x, w, b=3.0):
    return 2 * x**2 * w * b**2


TRANSFORMATIONS = [kt.grad, kt.elementwise_grad, kt.jacrev, kt.jacfwd, kt.jacobian]


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_an_argument_by_name(transformation):
    g = transformation(f, argnames="w")
    for found in (g(A, B), g(A, w=B), g(x=A, w=B), g(w=B, x=A)):
        np.testing.assert_allclose(found, of_w(A, B))
    of_b = transformation(f, argnames="b")(A, B, b=2.0)
    np.testing.assert_allclose(of_b, 4 * np.sum(A**2 * B**2))
    (both,) = transformation(f, argnames=["w"])(A, w=B)
    np.testing.assert_allclose(both, of_w(A, B))


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_positions_and_names_together(transformation):
    for g in (
        transformation(f, 0, argnames="w"),
        transformation(f, argnames=("x", "w")),
        transformation(f, argnums=(0,), argnames=["w"]),
    ):
        of_x, found = g(A, w=B)
        np.testing.assert_allclose(of_x, of_w(B, A))
        np.testing.assert_allclose(found, of_w(A, B))


def test_a_parameter_that_is_not_passed_has_its_default():
    np.testing.assert_allclose(kt.grad(f, argnames="b")(A, B), 6 * np.sum(A**2 * B**2))


def test_second_derivatives_and_values():
    x, y = 2.0, 3.0

    def g(x, *, y):
        return x**2 * y**3

    assert kt.hessian(g, argnames="y")(x, y=y) == 6 * x**2 * y
    ((xx, xy), (yx, yy)) = kt.hessian(g, 0, argnames="y")(x, y=y)
    assert (xx, xy, yx, yy) == (2 * y**3, 6 * x * y**2, 6 * x * y**2, 6 * x**2 * y)
    np.testing.assert_allclose(kt.hessian(f, argnames="w")(A, B), np.diag(2 * A**2 * 9.0))
    value, of_y = kt.value_and_grad(g, argnames="y")(x, y=y)
    assert (value, of_y) == (108.0, 108.0)
    found = kt.value_and_grad(lambda x, *, y: (x * y, x), argnames=("y",), has_aux=True)(x, y=y)
    assert found == ((6.0, 2.0), (2.0,))
    of_y = kt.grad(kt.grad(g, argnames="y"), argnames="y")
    assert of_y(x, y=y) == 6 * x**2 * y


def test_functions_of_any_keywords():
    def total(**terms):
        return sum(kt.sum(v * v) for v in terms.values())

    np.testing.assert_allclose(kt.grad(total, argnames="a")(a=A, b=B), 2 * A)
    with pytest.raises(kt.StructureError, match="argnames names 'c'"):
        kt.grad(total, argnames="c")(a=A)


def test_structures_and_updates():
    def g(*, p):
        p["a"] *= 2.0
        return kt.sum(p["a"] ** 2)

    p = {"a": A}
    np.testing.assert_allclose(kt.grad(g, argnames="p")(p=p)["a"], 8 * A)
    assert p["a"] is A
    np.testing.assert_array_equal(A, [1.0, 2.0])
    with pytest.raises(kt.DTypeError, match=r"argument p\['a'\]"):
        kt.grad(g, argnames="p")(p={"a": 1})


def test_methods_and_partial_functions():
    class Model:
        def loss(self, x, w):
            return f(x, w)

    import functools

    np.testing.assert_allclose(kt.grad(Model().loss, argnames="w")(A, B), of_w(A, B))
    np.testing.assert_allclose(kt.grad(functools.partial(f, A), argnames="w")(B), of_w(A, B))


@pytest.mark.parametrize("name", ["grad", "value_and_grad", "elementwise_grad", "hessian"])
def test_errors(name):
    transformation = getattr(kt, name)
    with pytest.raises(kt.StructureError, match=f"^{name}: argnames names 'v', and .* x, w, b"):
        transformation(f, argnames="v")
    with pytest.raises(kt.StructureError, match=f"^{name}: argnames must be a string"):
        transformation(f, argnames=1)
    with pytest.raises(kt.StructureError, match=f"^{name}: argnames must be a string"):
        transformation(f, argnames=("x", 1))
    with pytest.raises(kt.StructureError, match="twice"):
        transformation(f, argnums=1, argnames="w")(A, B)
    with pytest.raises(kt.StructureError, match="twice"):
        transformation(f, argnames=("w", "w"))(A, w=B)
    with pytest.raises(kt.StructureError, match=r"'w', which was not passed"):
        transformation(f, argnames="w")(A)
    with pytest.raises(kt.StructureError, match="or by a name in argnames"):
        transformation(f, argnums=1)(A, w=B)


def test_rules_leave_arguments_out_by_name():
    @kt.custom_vjp
    def plain(x, how):
        return x

    def scaled(cls):
        return cls(lambda x, how: x * 2.0 if how == "twice" else x, nondiff_argnames="how")

    g = scaled(kt.custom_vjp)
    g.defvjp(lambda x, how: (g(x, how), None), lambda how, _, t: (t * len(how),))
    assert kt.grad(g)(3.0, "twice") == 5.0
    h = scaled(kt.custom_jvp)
    h.defjvp(lambda how, primals, tangents: (h(*primals, how), tangents[0] * len(how)))
    assert kt.grad(h)(3.0, how="twice") == 5.0
    assert g.nondiff_argnums == h.nondiff_argnums == (1,)
    with pytest.raises(kt.StructureError, match="nondiff_argnames names 'to'"):
        kt.custom_vjp(lambda x, how: x, nondiff_argnames=["to"])
