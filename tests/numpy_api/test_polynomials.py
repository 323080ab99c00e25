"""`keratorch.numpy.polynomial` and `poly1d`: NumPy's values, and derivatives as of differences."""

import importlib
import pickle
import warnings

import numpy as onp
import pytest

import keratorch as kt
import keratorch.numpy as np
from keratorch.testing import check_grads

FAMILIES = {
    "polynomial": "poly",
    "chebyshev": "cheb",
    "legendre": "leg",
    "hermite": "herm",
    "hermite_e": "herme",
    "laguerre": "lag",
}
rng = onp.random.default_rng(5)
C, D, X, Y = rng.standard_normal(4), rng.standard_normal(3), rng.random(5) / 2, rng.random(5)
C2, C3, V = rng.standard_normal((3, 2)), rng.standard_normal((2, 3, 2)), 1 + rng.random((4, 2))
ROOTS = onp.array([-1.0, 0.2, 1.5])
K = onp.array([0.3, -0.4])
#: Function without the prefix of its family -> calls of it `f`, each with the arrays to
#: differentiate in.
CALLS = {
    "val": [
        (lambda f, x, c: f(x, c), (X, C)),
        (lambda f, x, c: f(x, c), (onp.array(0.3), C2)),
        (lambda f, x, c: f(x, c), (X, C2)),
        (lambda f, x, c: f(x, c, tensor=False), (X[:2], C2)),
        (lambda f, c: f([0.1, 0.2], c), (C[:1],)),
        (lambda f, x: f(x, [1, 2, 3]), (X,)),
        (lambda f, c: f(0.5, [c[0], c[1] * c[2]]), (C,)),
    ],
    "val2d": [(lambda f, x, y, c: f(x, y, c), (X, Y, C2))],
    "val3d": [(lambda f, x, y, c: f(x, y, x * y, c), (X, Y, C3))],
    "grid2d": [(lambda f, x, y, c: f(x, y, c), (X, Y[:3], C2))],
    "grid3d": [(lambda f, x, y, c: f(x, y[:2], y[2:], c), (X[:2], Y, C3))],
    "der": [
        (lambda f, c: f(c), (C,)),
        (lambda f, c, s: f(c, 2, s, axis=0), (V, onp.array(1.5))),
        (lambda f, c: f(c, m=5), (C,)),
    ],
    "int": [
        (lambda f, c: f(c), (C,)),
        (lambda f, c, k, b, s: f(c, 2, k, b, s), (C, K, onp.array(0.4), onp.array(1.5))),
        (lambda f, c: f(c, axis=1), (V,)),
        (lambda f, c: f([1.0, 2.0], 2, [c[0], c[1]]), (C,)),
    ],
    "add": [(lambda f, c, d: f(c, d), (C, D)), (lambda f, d: f([1, 2, 3, 4], d), (D,))],
    "sub": [(lambda f, c, d: f(c, d), (D, C)), (lambda f, c: f([c[0], 1.0], c), (C,))],
    "mul": [(lambda f, c, d: f(c, d), (C, D))],
    "mulx": [(lambda f, c: f(c), (C,))],
    "div": [
        (lambda f, c, d: f(c, d), (C, D)),
        (lambda f, c: f(c, [2.0]), (C,)),
        (lambda f, d: f(d, [1.0, 2.0, 3.0, 4.0]), (D,)),
    ],
    "pow": [(lambda f, c: f(c, 3), (D,)), (lambda f, c: f(c, 1), (D,))],
    "fromroots": [(lambda f, r: f(r), (ROOTS,)), (lambda f, r: f([r[0], r[0] * r[1]]), (ROOTS,))],
    "vander": [(lambda f, x: f(x, 3), (X,)), (lambda f, x: f(x, 0), (onp.array(0.5),))],
    "vander2d": [(lambda f, x, y: f(x, y, [1, 2]), (X, Y))],
    "vander3d": [(lambda f, x, y: f(x, y, x, [1, 2, 1]), (X, Y))],
    "fit": [
        (lambda f, x, y, w: f(x, y, 2, w=w), (X, Y, 1 + X)),
        (lambda f, y: f([1.0, 2.0, 4.0, 5.0], y, [0, 2]), (V,)),
        (lambda f, y: f(X, y, 1, full=True)[0], (Y,)),
    ],
    "roots": [
        (lambda f, r: f(r), (onp.array([0.5, -3.0, 0.3, 1.0]),)),
        (lambda f, c: f(c), (C[:2],)),
    ],
    "companion": [(lambda f, c: f(c), (C,))],
    "line": [(lambda f, a: f(a[0], a[1]), (C,))],
    "weight": [(lambda f, x: f(x), (X,))],
    "2poly": [(lambda f, c: f(c), (C,))],
    "trim": [(lambda f, c: f(c), (C,))],
}


def module(family, library="keratorch.numpy"):
    return importlib.import_module(f"{library}.polynomial.{family}")


def outputs(found):
    return list(found) if isinstance(found, (tuple, list)) else [found]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_functions_of_a_family(family, samples):
    prefix = FAMILIES[family]
    calls = {f"{prefix}{name}": calls for name, calls in CALLS.items()}
    if family != "polynomial":
        calls[f"poly2{prefix}"] = CALLS["2poly"]
    for name, several in calls.items():
        theirs = getattr(module(family, "numpy"), name, None)
        if theirs is None:  # there is no polyweight and no poly2poly
            continue
        for i, (call, arrays) in enumerate(several):
            samples.check(
                f"{name}-{i}", compare, call, getattr(module(family), name), theirs, arrays
            )


def compare(call, ours, theirs, arrays):
    expected = outputs(call(theirs, *arrays))
    raw = outputs(call(ours, *arrays))
    found = outputs(call(ours, *(kt.GradArray(a) for a in arrays)))
    assert len(found) == len(expected) == len(raw)
    for y, plain, wanted in zip(found, raw, expected, strict=True):
        assert type(plain) is type(wanted)
        onp.testing.assert_array_equal(plain, wanted)
        assert isinstance(y, kt.GradArray)
        assert y.shape == onp.shape(wanted) and y.dtype == wanted.dtype
        onp.testing.assert_allclose(y.numpy(), wanted, rtol=1e-10, atol=1e-12)
    check_grads(lambda *xs: call(ours, *xs), arrays, order=1)


def test_every_function_is_tried_or_takes_no_arrays():
    others = {"domain", "zero", "one", "x", "gauss", "pts1", "pts2", "interpolate", "valfromroots"}
    for family, prefix in FAMILIES.items():
        for name in module(family, "numpy").__all__:
            rest = name.removeprefix(prefix).removeprefix("poly2")
            cls = isinstance(getattr(module(family), name), type)
            assert cls or rest in {*CALLS, *others} or name == f"poly2{prefix}", name


def test_values_from_roots_and_interpolation():
    P, T = module("polynomial"), module("chebyshev")
    for tensor in (True, False):
        roots = C2 if tensor else C2[:, :1]
        check_grads(lambda x, r, t=tensor: P.polyvalfromroots(x, r, t), (X[:1], roots))
    theirs = onp.polynomial.polynomial.polyvalfromroots(X, ROOTS)
    onp.testing.assert_allclose(P.polyvalfromroots(kt.GradArray(X), ROOTS).numpy(), theirs)
    check_grads(lambda a: T.chebinterpolate(lambda x, b: kt.exp(b * x), 3, (a,)), (onp.array(0.5),))


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_dtypes_are_those_of_numpy(dtype):
    c = kt.GradArray(onp.array([0.5, -1.5, 2.0], dtype))
    d = kt.GradArray(onp.array([0.1, 0.4], dtype))
    calls = {
        **dict.fromkeys(("der", "int", "mulx", "fromroots", "companion"), (c,)),
        **dict.fromkeys(("add", "sub", "mul", "div"), (c, d)),
        **{"val": (d, c), "line": (c[0], c[1]), "vander": (d, 2), "pow": (c, 2)},
    }
    for family, prefix in FAMILIES.items():
        for name, arrays in calls.items():
            plain = [a.numpy()[()] if isinstance(a, kt.GradArray) else a for a in arrays]
            expected = outputs(getattr(module(family, "numpy"), prefix + name)(*plain))
            found = outputs(getattr(module(family), prefix + name)(*arrays))
            for y, wanted in zip(found, expected, strict=True):
                assert y.dtype == wanted.dtype or name == "fromroots", (family, name)
                onp.testing.assert_allclose(y.numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_second_derivatives():
    T = module("chebyshev")

    def f(c):
        return np.sum(T.chebval(X, T.chebmul(c, T.chebder(c))) ** 2)

    check_grads(f, (C,), order=2)
    check_grads(lambda x, y: module("legendre").legfit(x, y, 2), (X, Y), order=2)


@pytest.mark.parametrize("family", FAMILIES)
def test_coefficients_that_are_0_keep_their_derivatives(family):
    """NumPy drops zeros at the end, and the derivative in them would be lost."""
    names = module(family)
    prefix = FAMILIES[family]
    call = {name: getattr(names, prefix + name) for name in CALLS if hasattr(names, prefix + name)}
    zeros, one = onp.zeros(3), onp.array([0.0])
    for f, start in (
        (lambda c: call["val"](0.7, call["mul"](c, [1.0, 2.0])), zeros),
        (lambda c: call["val"](0.7, call["add"](c, [1.0])), zeros),
        (lambda c: call["val"](0.7, call["sub"]([1.0], c)), zeros),
        (lambda c: call["val"](0.7, call["int"](c)), one),
        (lambda c: call["val"](0.7, call["mulx"](c)), one),
        (lambda c: call["val"](0.7, call["line"](1.0, c[0])), one),
        (lambda c: call["val"](0.7, call["pow"](c, 2)), zeros),
    ):
        check_grads(f, (start,))


CLASSES = ["Polynomial", "Chebyshev", "Legendre", "Hermite", "HermiteE", "Laguerre"]
#: What a class `P` makes of coefficients c and a place x.
USES = [
    lambda P, c, x: P(c)(x),
    lambda P, c, x: P([c[0], c[1] * c[2], 1.0])(x),
    lambda P, c, x: P(c, domain=[0.0, 2.0])(x),
    lambda P, c, x: (P(c) * P(c[:2]))(x),
    lambda P, c, x: (x * P(c) + x - P(c) * x)(0.3),
    lambda P, c, x: (P(c) / x)(0.3),
    lambda P, c, x: (P(c) // P([x, 1.0]))(0.3),
    lambda P, c, x: (P(c) % [1.0, x])(0.3),
    lambda P, c, x: (P(c) ** 2)(x),
    lambda P, c, x: P(c).deriv()(x),
    lambda P, c, x: P(c).integ(lbnd=x)(0.3),
    lambda P, c, x: P(c).convert(domain=[0.0, 3.0])(x),
    lambda P, c, x: P.fromroots(c)(x),
    lambda P, c, x: P.fit([0.0, 1.0, 2.0, 4.0], [x, c[0], c[1], 2.0], 2)(0.3),
    lambda P, c, x: (-P(c)).truncate(2)(x),
    lambda P, c, x: P(c).linspace(3)[1],
    lambda P, c, x: P([1.0, 2.0])(x) + (P([1.0]) + c[0])(x),
    lambda P, c, x: P.basis(2)(x),
]


@pytest.mark.parametrize("name", CLASSES)
def test_classes_of_polynomials(name, samples):
    ours, theirs = getattr(np.polynomial, name), getattr(onp.polynomial, name)
    for i, use in enumerate(USES):
        samples.check(str(i), compare_uses, use, ours, theirs)


def compare_uses(use, ours, theirs):
    c, x = onp.array([0.5, -1.2, 0.8]), onp.float64(0.6)
    expected = use(theirs, c, x)
    onp.testing.assert_array_equal(use(ours, c, x), expected)
    found = use(ours, kt.GradArray(c), kt.GradArray(x))
    onp.testing.assert_allclose(found.numpy(), expected, rtol=1e-10, atol=1e-12)
    check_grads(lambda c, x: use(ours, c, x), (c, x), order=1)


def test_classes_are_those_of_numpy():
    P, plain = np.polynomial.Polynomial, onp.polynomial.Polynomial
    p = P([1.0, 2.0])
    assert isinstance(p, plain) and type(p.coef) is onp.ndarray
    assert repr(p) == repr(plain([1.0, 2.0])) and str(p) == str(plain([1.0, 2.0]))
    assert pickle.loads(pickle.dumps(p)) == p and p != P([1.0, 3.0])
    x = kt.GradArray([1.0, 2.0])
    assert P(x) == p and P(x) == P(x) and P(x) != P(2 * x)
    assert str(P(x)) == str(p)
    assert "GradArray" in repr(P(x))
    assert np.polynomial.polynomial.Polynomial is P


def test_errors_of_polynomials():
    T = module("chebyshev")
    with pytest.raises(ValueError, match="not 1-d"):
        T.chebadd(kt.GradArray(C2), [1.0])
    with pytest.raises(ZeroDivisionError):
        T.chebdiv(kt.GradArray(C), kt.GradArray([1.0, 0.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert T.chebval(kt.asarray(0.5), [1.0, 2.0]).item() == 2.0
    torch = pytest.importorskip("torch")
    with pytest.raises(kt.NotDifferentiableError, match="torch"):
        T.chebval(kt.GradArray(torch.asarray([0.5])), [1.0, 2.0])


#: What is made of a `poly1d` of coefficients c and a number x; `np` is the module.
USES_OF_POLY1D = [
    lambda np, c, x: np.poly1d(c)(x),
    lambda np, c, x: np.poly1d([c[0], 2 * c[1], 1.0])(x),
    lambda np, c, x: np.poly1d([c[0], x], True)(2.0),
    lambda np, c, x: np.poly1d(c)(np.poly1d([x, 1.0]))(2.0),
    lambda np, c, x: (np.poly1d(c) * np.poly1d([x, 1.0])).coeffs,
    lambda np, c, x: (np.poly1d([1.0, 2.0]) * np.poly1d(c) + 1.0 - np.poly1d(c)).c,
    lambda np, c, x: x * np.poly1d(c) + x,
    lambda np, c, x: (2.0 * np.poly1d(c) + 1 - np.poly1d(c) * x).c,
    lambda np, c, x: (np.poly1d(c) / x - (-np.poly1d(c))).c,
    lambda np, c, x: (np.poly1d(c) / np.poly1d([x, 1.0]))[0].c,
    lambda np, c, x: (np.poly1d(c) ** 3).c,
    lambda np, c, x: np.poly1d(c).deriv()(x) + np.poly1d(c).integ(1, x)(0.5),
    lambda np, c, x: np.poly1d([c[0], c[1], c[2] - 2.0]).roots,
    lambda np, c, x: c * np.poly1d([1.0, 2.0, x]),
    lambda np, c, x: np.polyval(np.poly1d(c), x),
    lambda np, c, x: np.polyadd(np.poly1d(c), [x]).c,
    lambda np, c, x: np.polysub([x], np.poly1d(c)).c,
    lambda np, c, x: np.polymul(np.poly1d(c), np.poly1d(c)).c,
    lambda np, c, x: np.polydiv(np.poly1d(c), [x, 1.0])[1].c,
    lambda np, c, x: np.polyder(np.poly1d(c)).c,
    lambda np, c, x: np.polyint(np.poly1d(c), k=x).c,
    lambda np, c, x: np.poly(np.poly1d(c)),
    lambda np, c, x: np.sum(np.poly1d([c[0], x])),
    lambda np, c, x: np.poly1d(c)[1] * x,
    lambda np, c, x: sum(np.poly1d(c)),
    lambda np, c, x: changed(np.poly1d([1.0, 2.0]), c, x).c,
]


def changed(p, c, x):
    p[1] = c[0]
    p[3] = x
    return p


def test_poly1d(samples):
    for i, use in enumerate(USES_OF_POLY1D):
        samples.check(str(i), compare_poly1d, use)


def compare_poly1d(use):
    c, x = onp.array([0.5, -1.2, 0.8]), onp.float64(0.6)
    expected = use(onp, c, x)
    raw = use(np, c, x)
    assert type(raw) is type(expected)
    onp.testing.assert_array_equal(raw, expected)
    found = use(np, kt.GradArray(c), kt.GradArray(x))
    onp.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-12)
    check_grads(lambda c, x: use(np, c, x), (c, x))


def test_poly1d_is_that_of_numpy():
    p, x = np.poly1d([1.0, 2.0]), kt.GradArray([1.0, 2.0])
    plain = onp.poly1d([1.0, 2.0])
    assert isinstance(p, onp.poly1d) and p == plain and plain == p and p.order == len(p) == 1
    assert repr(p) == repr(plain) and str(p) == str(np.poly1d(x)) == str(plain)
    assert pickle.loads(pickle.dumps(p)) == p
    assert np.poly1d(x) == p and np.poly1d(x) != np.poly1d(2 * x)
    assert np.poly1d(np.poly1d(x)).c is not None and "GradArray" in repr(np.poly1d(x))
    assert isinstance(np.polyadd(p, [1.0]), np.poly1d)


@pytest.mark.parametrize("made", [np.poly1d, onp.poly1d])
def test_leading_coefficients_that_are_0_keep_their_derivatives(made):
    gradient = kt.grad(lambda c: made(c)(2.0))(onp.zeros(3))
    onp.testing.assert_array_equal(gradient, [4.0, 2.0, 1.0])
    assert made(kt.asarray([0.0, 0.0, 1.0])).order == 0  # as of raw arrays
    x = kt.GradArray([0.0, 1.0])
    assert np.trim_zeros(x).shape == (1,)  # the user asks for it


@pytest.mark.parametrize(
    "p", [[0.0, 2.0, 3.0, 1.0], [1.0, 3.0, 2.0, 0.0], [0.0, 1.0, 3.0, 2.0, 0.0]]
)
def test_roots_of_polynomials_with_zeros_at_their_ends(p):
    """The derivative of a simple zero z is −z^k / p'(z), for every coefficient."""
    p = onp.array(p)
    zeros = onp.roots(p)
    slopes = onp.polyval(onp.polyder(p), zeros)
    powers = zeros[:, None] ** onp.arange(len(p) - 1, -1, -1)
    onp.testing.assert_allclose(kt.jacobian(np.roots)(p), -powers / slopes[:, None], rtol=1e-10)
    h = 1e-4
    first = lambda p: kt.jacobian(np.roots)(p)[0]  # noqa: E731
    for i, row in enumerate(kt.jacobian(lambda p: kt.jacobian(np.roots)(p)[0])(p).T):
        if p[i]:
            step = h * onp.eye(len(p))[i]
            onp.testing.assert_allclose(
                row, (first(p + step) - first(p - step)) / (2 * h), rtol=1e-5, atol=1e-5
            )


def test_roots_of_a_double_zero_at_the_end():
    found = kt.grad(lambda p: np.sum(np.roots(p) ** 2))(onp.array([1.0, 2.0, 0.0, 0.0]))
    onp.testing.assert_array_equal(found[:2], [-8.0, 4.0])
    assert onp.isnan(found[2:]).all()
