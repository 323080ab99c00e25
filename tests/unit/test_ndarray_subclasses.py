"""Subclasses of `numpy.ndarray`: arrays, or refused by name, and never other results in silence."""

import operator

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp

A = np.array([[1.0, 2.0], [3.0, 4.0]])
OPERATORS = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul),
]


class Metres(np.ndarray):
    """A quantity: the result has a unit, and a partner with a protocol of its own goes first."""

    __array_priority__ = 10000

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if any(not isinstance(v, np.ndarray) and hasattr(v, "__array_ufunc__") for v in inputs):
            return NotImplemented
        plain = [v.view(np.ndarray) if isinstance(v, Metres) else v for v in inputs]
        return getattr(ufunc, method)(*plain, **kwargs).view(Metres)


class OfFunctions(np.ndarray):
    def __array_function__(self, function, types, args, kwargs):
        return NotImplemented


class MatrixLike(np.ndarray):
    def __mul__(self, other):
        return NotImplemented if isinstance(other, kt.GradArray) else np.dot(self, other)


class Reflected(np.ndarray):
    def __rmatmul__(self, other):
        return NotImplemented


class Named(np.ndarray):
    """An array with a name: its operations are those of arrays."""

    name = "a"

    def __array_finalize__(self, obj):
        self.name = getattr(obj, "name", "a")


CHANGED = {
    "protocol of ufuncs": (A.view(Metres), "Metres"),
    "protocol of functions": (A.view(OfFunctions), "OfFunctions"),
    "operator": (A.view(MatrixLike), "MatrixLike"),
    "reflected operator": (A.view(Reflected), "Reflected"),
    "matrix": (A.view(np.matrix), "numpy.matrix"),
    "masked": (np.ma.array(A, mask=[[False, True], [False, False]]), "MaskedArray"),
}
PLAIN = {
    "named": A.view(Named),
    "recarray": A.view(np.recarray),
    "bare": A.view(type("Bare", (np.ndarray,), {})),
}


@pytest.fixture(params=CHANGED)
def changed(request):
    return CHANGED[request.param]


@pytest.fixture(params=[*PLAIN, "memmap"])
def plain(request, tmp_path):
    if request.param != "memmap":
        return PLAIN[request.param]
    mapped = np.memmap(tmp_path / "values", dtype=float, mode="w+", shape=(2, 2))
    mapped[:] = A
    return mapped


def refused(name, *errors):
    """The call raises; the message of keratorch's error names the class."""
    return pytest.raises((kt.UnknownArrayError, *errors), match=name)


@pytest.mark.parametrize("make", [kt.GradArray, kt.asarray], ids=["leaf", "constant"])
def test_a_class_that_changes_operations_is_refused_beside_gradarrays(changed, make):
    value, name = changed
    x = make(A.copy())
    for apply in OPERATORS:
        with refused(name):
            apply(x, value)
        # A masked array computes with constants itself, and a power of a matrix is NumPy's error.
        if not isinstance(value, np.ma.MaskedArray) and apply is not operator.pow:
            with refused(name):
                apply(value, x)
    for function in (np.multiply, np.dot, np.hypot):
        with refused(name):
            function(x, value)
    for function in (np.concatenate, np.stack, np.vstack):
        with refused(name):
            function([x, value])
    with refused(name):
        np.where(A > 2, x, value)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_and_wherever_values_come_in(changed):
    value, name = changed
    x = kt.GradArray(A.copy())
    for use in (
        kt.GradArray,
        kt.asarray,
        kt.sin,
        lambda v: kt.asarray([v, v]),
        lambda v: kt.stack([x, v]),
        lambda v: (x * 2.0).backward(v),
        lambda v: setattr(x, "grad", v),
        lambda v: kt.ones((2, 2)).__setitem__(..., v),
        lambda v: kt.grad(lambda y: kt.sum(y * y))(v),
        lambda v: kt.grad(lambda p: kt.sum(p["v"] * p["v"]))({"v": v}),
        lambda v: kt.jvp(lambda y: y * y, (A,), (v,)),
        lambda v: kt.jvp(lambda y: v, (A,), (A,)),
        lambda v: kt.vjp(lambda y: y * y, A)[1](v),
        lambda v: kt.grad(lambda y: v[0, 0] * 0 + v)(A),
        lambda v: operator.iadd(x * 1.0, v),
    ):
        with refused(name):
            use(value)
    assert x.grad is None


def test_and_what_a_rule_or_a_hook_returns(changed):
    value, name = changed

    class DoubledGrad(kt.Grad):
        def backward(self, grad):
            return (value,)

    x = kt.GradArray(A.copy())
    y = kt.GradArray(2 * A, grad_op=DoubledGrad(x))
    with refused(name):
        kt.sum(y).backward()
    y = x * 1.0
    y.register_hook(lambda grad: value)
    with refused(name):
        kt.sum(y).backward()
    assert x.grad is None


def test_other_subclasses_are_arrays(plain):
    x = kt.GradArray(A.copy())
    for product in (plain * x, x * plain, np.multiply(plain, x)):
        assert isinstance(product, kt.GradArray) and product.requires_grad
        np.testing.assert_array_equal(product.numpy(), A * A)
    np.testing.assert_array_equal((plain @ x).numpy(), A @ A)
    np.testing.assert_array_equal(np.concatenate([plain, x]).numpy(), np.concatenate([A, A]))
    g = kt.grad(lambda y: kt.sum(y * y))(plain)
    assert type(g) is np.ndarray
    np.testing.assert_array_equal(g, 2 * A)
    assert type(kt.asarray(plain)._array) is np.ndarray
    x.grad = plain
    assert type(x.grad) is np.ndarray


def test_records_are_refused():
    records = np.rec.array([(1.0, 2)], dtype=[("a", float), ("b", int)])
    structured = np.array([(1.0, 2)], dtype=[("a", float), ("b", int)])
    for value in (records, structured):
        for use in (kt.asarray, kt.GradArray, lambda v: kt.ones(1) * v, lambda v: v * kt.ones(1)):
            with pytest.raises(kt.DTypeError, match=r"one field of it, as in a\['name'\]"):
                use(value)
        np.testing.assert_array_equal((kt.ones(1) * value["a"]).numpy(), [1.0])


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_matrices_made_of_constants_multiply_as_matrices():
    c, t = kt.asarray(A), kt.GradArray(A)
    for matrix in (np.asmatrix(c), np.matrix(c), np.bmat([[c]]), np.bmat([[c[:1]], [c[1:]]])):
        assert type(matrix) is np.matrix
        np.testing.assert_array_equal(matrix * np.ones((2, 1)), A @ np.ones((2, 1)))
        for x in (c, t):
            with refused("numpy.matrix"):
                matrix * x
            with refused("numpy.matrix"):
                x * matrix
    with refused("numpy.matrix"):
        np.bmat([[np.asmatrix(A), c]])
    for make in (np.asmatrix, np.matrix, lambda x: np.bmat([[x]])):
        with pytest.raises(kt.LostGradientError):
            make(t)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_matrices_of_the_mirror_multiply_as_matrices():
    c, t = kt.asarray(A), kt.GradArray(A)
    for matrix in (knp.asmatrix(c), knp.matrix(c), knp.bmat([[c]]), knp.bmat([[c[:1]], [c[1:]]])):
        assert type(matrix) is np.matrix
        for x in (c, t):
            with refused("numpy.matrix"):
                matrix * x
    for make in (knp.asmatrix, lambda x: knp.bmat([[x]])):
        with pytest.raises(kt.NotDifferentiableError):
            make(t)


def test_masked_arrays_keep_their_masks():
    masked = np.ma.array(A, mask=[[False, True], [False, False]])
    found = masked * kt.asarray(A)
    assert isinstance(found, np.ma.MaskedArray) and found.mask[0, 1]
    with pytest.raises(kt.LostGradientError):
        masked * kt.GradArray(A)
    with pytest.raises(kt.LostGradientError):
        np.ma.array(kt.GradArray(A), mask=masked.mask)
    with refused(r"MaskedArray.*x\.filled\(0\)"):
        kt.GradArray(A) * masked


def test_a_constant_written_into_a_quantity_keeps_the_unit():
    quantity = np.ones((2, 2)).view(Metres)
    quantity[...] = kt.asarray(A)
    assert type(quantity) is Metres
    np.testing.assert_array_equal(np.asarray(quantity), A)


def test_what_a_checkpoint_keeps_is_of_the_same_class():
    masked = np.ma.array([1, 2], mask=[False, True])
    seen = []

    def f(x, m):
        seen.append(type(m))
        return x * float(m.sum())

    assert kt.grad(lambda x: kt.sum(kt.checkpoint(f)(x, masked)))(np.ones(2)).tolist() == [1.0, 1.0]
    assert seen == [np.ma.MaskedArray] * 2


@pytest.mark.parametrize("library", ["astropy.units", "unyt"])
def test_quantities_of_libraries(library):
    units = pytest.importorskip(library)
    q = A * units.m
    for x in (kt.GradArray(A), kt.asarray(A)):
        for use in (lambda x=x: x * q, lambda x=x: x @ q, lambda x=x: x + q):
            with refused(r"to_value\(unit\)"):
                use()
        for use in (lambda x=x: q * x, lambda x=x: np.multiply(q, x), lambda x=x: q @ x):
            with refused("uantity|unyt_array|lose its gradient", kt.LostGradientError):
                use()
    with refused(r"to_value\(unit\)"):
        kt.grad(lambda x: kt.sum(x * x))(q)
