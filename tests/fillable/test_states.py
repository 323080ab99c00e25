"""Which arrays of keratorch.numpy can be filled where, and what they are before and after."""

from __future__ import annotations

import copy
import operator
import pickle
import sys
import threading

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.interop._fillable import Fillable, Filled

X = np.array([1.1, 1.7, 0.6])


def squares(x):
    a = knp.zeros(3)
    for i in range(3):
        a[i] = x[i] ** 2
    return a


TRANSFORMED = {
    "grad": lambda: kt.grad(lambda x: squares(x).sum())(X),
    "value_and_grad": lambda: kt.value_and_grad(lambda x: squares(x).sum())(X)[1],
    "elementwise_grad": lambda: kt.elementwise_grad(squares)(X),
    "vjp": lambda: kt.vjp(squares, X)[1](np.ones(3))[0],
    "jvp": lambda: kt.jvp(squares, (X,), (np.ones(3),))[1],
    "jacrev": lambda: kt.jacrev(squares)(X).sum(axis=0),
    "jacfwd": lambda: kt.jacfwd(squares)(X).sum(axis=0),
    "jacobian": lambda: kt.jacobian(squares)(X).sum(axis=0),
    "linearize": lambda: kt.linearize(squares, X)[1](np.ones(3)),
    "hessian": lambda: kt.hessian(lambda x: squares(x).sum())(X) @ X,
    "hvp": lambda: kt.hvp(lambda x: squares(x).sum(), (X,), (X,)),
    "vhp": lambda: kt.vhp(lambda x: squares(x).sum(), (X,), (X,)),
    "checkpoint": lambda: kt.grad(lambda x: kt.checkpoint(squares)(x).sum())(X),
}


@pytest.mark.parametrize("name", TRANSFORMED)
def test_every_transformation(name):
    found = TRANSFORMED[name]()
    found = found[0] if isinstance(found, tuple) else found
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, 2 * X, rtol=1e-12)


def test_makers_outside_of_transformations_make_plain_arrays():
    a = knp.zeros(3)
    assert type(a) is np.ndarray
    x = kt.GradArray(X)
    with pytest.raises(kt.LostGradientError, match=r"with kt\.fillable\(\)"):
        a[...] = x[0]


def test_backward_inside_of_the_block():
    x = kt.GradArray(X)
    with kt.fillable():
        a = knp.zeros(3)
        assert type(a) is Fillable
        with kt.fillable(False):
            assert type(knp.zeros(3)) is np.ndarray
        a[:] = x * x
    a += x  # an array keeps what it can do
    assert type(a) is Filled
    a.sum().backward()
    np.testing.assert_allclose(x.grad, 2 * X + 1)

    @kt.fillable()
    def inside():
        return type(knp.ones(2))

    assert inside() is Fillable and type(knp.ones(2)) is np.ndarray


def test_the_switch():
    def f(x):
        a = knp.zeros(3)
        kinds.append(type(a))
        return x.sum()

    kinds = []
    kt.grad(f)(X)
    kt.set_policy(fillable=False)
    try:
        kt.grad(f)(X)
        with kt.fillable():
            kinds.append(type(knp.zeros(3)))
    finally:
        kt.set_policy(fillable=True)
    assert kinds == [Fillable, np.ndarray, np.ndarray]


def test_what_stays_raw():
    raw = np.ones(3)
    with kt.fillable():
        assert type(knp.zeros(3, int)) is np.ndarray
        assert type(knp.ones(3, bool)) is np.ndarray
        assert type(knp.arange(3)) is np.ndarray
        assert knp.asarray(raw) is raw
        assert knp.array(raw, copy=None) is raw
        assert type(knp.zeros(3) * 2) is np.ndarray
        assert type(np.zeros(3)) is np.ndarray
        assert type(knp.zeros(3).sum()) is np.float64


def test_rules_and_solvers_make_plain_arrays():
    kinds = {}

    def seen(name):
        kinds.setdefault(name, set()).add(type(knp.zeros(1)))

    @kt.custom_vjp
    def f(x):
        seen("function")
        return x * 2.0

    def forward(x):
        seen("fwd")
        return x * 2.0, None

    def backward(_, g):
        seen("bwd")
        return (g * 2.0,)

    f.defvjp(forward, backward)

    @kt.custom_jvp
    def h(x):
        seen("function")
        return x * 2.0

    @h.defjvp
    def rule(primals, tangents):
        seen("rule")
        return primals[0] * 2.0, tangents[0] * 2.0

    class Twice(kt.Grad):
        def backward(self, grad):
            seen("Grad")
            return (grad * 2.0,)

    def solve(a):
        seen("solve")
        return a**0.5

    def residual(x, a):
        seen("residual")
        return x * x - a

    root = kt.implicit_root(residual, solve)

    def everything(x):
        seen("around")
        y = f(x) + h(x) + root(x)
        z = kt.GradArray(x._array * 2.0, grad_op=Twice(x)) if x._tangents is None else x
        return kt.sum(y + z)

    kt.grad(everything)(X)
    kt.jvp(everything, (X,), (X,))
    traced = {"around", "residual"}
    assert kinds == {
        **{name: {Fillable} for name in traced},
        **{name: {np.ndarray} for name in kinds.keys() - traced},
    }
    assert {"function", "fwd", "bwd", "rule", "Grad", "solve", *traced} == kinds.keys()


def test_residuals_are_written_with_fills():
    def residual(x, a):
        r = knp.zeros(3)
        r[0] = x[0] - a[0]
        r[1:] = x[1:] * x[:-1] - a[1:]
        return r

    def solve(a):
        return np.array([a[0], a[1] / a[0], a[2] * a[0] / a[1]])

    solution = kt.implicit_root(residual, lambda a: solve(a.numpy()))
    found = kt.jacobian(solution)(X)
    step = 1e-6 * np.eye(3)
    wanted = np.stack([(solve(X + e) - solve(X - e)) / 2e-6 for e in step], axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_results_and_aux_are_raw():
    def f(x):
        a, b = knp.zeros(3), knp.ones(3)
        a[1:] = x[1:] ** 2
        return a.sum(), {"filled": a, "constant": b, "view": b[1:], "list": [a[1:], b]}

    (value, aux), found = kt.value_and_grad(f, has_aux=True)(X)
    assert all(type(v) is np.ndarray for v in (value, found, *aux["list"]))
    assert type(aux["filled"]) is type(aux["constant"]) is type(aux["view"]) is np.ndarray
    np.testing.assert_array_equal(aux["filled"], [0, *(X[1:] ** 2)])
    output, tangent, aux = kt.jvp(
        lambda x: (knp.zeros(2), {"a": squares(x)}), (X,), (X,), has_aux=True
    )
    assert type(output) is type(tangent) is type(aux["a"]) is np.ndarray
    assert type(kt.jacobian(lambda x: knp.zeros(2))(X)) is np.ndarray


def test_transformations_inside_see_the_array_of_the_moment():
    def f(x):
        a = knp.zeros(3)
        a[:2] = x[1:]
        inner = kt.grad(lambda y: knp.sum(y**3 * a))(a)
        work = knp.ones(3)
        y, pullback = kt.vjp(lambda w: w * w, work)
        work[:] = 100.0
        return knp.sum(inner) + knp.sum(pullback(y)[0])

    np.testing.assert_allclose(kt.grad(f)(X), [0.0, 9 * X[1] ** 2, 9 * X[2] ** 2])


def test_no_grad_writes_values():
    def f(x):
        a = knp.zeros(3)
        with kt.no_grad():
            a[:] = x * 2.0
            a += x
        assert type(a) is Fillable
        np.testing.assert_allclose(a, 3 * X)
        return knp.sum(a * x)

    np.testing.assert_allclose(kt.grad(f)(X), 3 * X)
    np.testing.assert_allclose(kt.jvp(f, (X,), (np.ones(3),))[1], 3 * X.sum())


def test_constants_leave_the_array_as_it_is():
    with kt.fillable():
        a = knp.zeros(3)
    a[0] = kt.asarray(2.0)
    a[1:] = [kt.asarray(1.0), 2.0]
    a += kt.asarray([1.0, 1.0, 1.0])
    np.copyto(a[:1], kt.asarray([5.0]))
    assert type(a) is Fillable
    np.testing.assert_array_equal(a, [5.0, 2.0, 3.0])


def test_an_array_of_numpy_until_it_is_filled(tmp_path):
    with kt.fillable():
        a = knp.ones((2, 3))
    assert isinstance(a, np.ndarray) and a.flags.owndata and a.flags.c_contiguous
    np.random.default_rng(0).random(out=a)
    np.save(tmp_path / "a.npy", a)
    assert a.ctypes.data and memoryview(a).shape == (2, 3)
    for b in (pickle.loads(pickle.dumps(a)), copy.copy(a), copy.deepcopy(a)):
        np.testing.assert_array_equal(b, a)
        b[0, 0] = 7.0
        assert a[0, 0] != 7.0
    assert type(pickle.loads(pickle.dumps(a))) is np.ndarray
    assert a.sum() == np.asarray(a).sum() and len(a) == 2 and float(a[0, 0]) == a.item(0)


def filled():
    x = kt.GradArray(X)
    with kt.fillable():
        a = knp.zeros(3)
    view = a[1:]
    a[:] = x
    return x, a, view


def test_a_filled_array_is_as_a_gradarray():
    x, a, view = filled()
    assert isinstance(a, np.ndarray) and type(a) is type(view) is Filled
    assert a.shape == (3,) and a.dtype == float and a.ndim == 1 and a.size == 3 and len(a) == 3
    assert repr(a).startswith("GradArray([1.1") and "1.7" in str(view)
    assert a.requires_grad and not a.detach().requires_grad
    assert 1.7 in a and 3.0 not in a and a.detach().tolist() == list(X)
    assert a[0].item() == 1.1 and bool(a[0] > 1)
    assert isinstance(copy.copy(a), kt.GradArray) and isinstance(copy.deepcopy(a), kt.GradArray)
    for lost in (
        *(lambda: pickle.dumps(a), lambda: a.tobytes(), lambda: a.view(np.ndarray)),
        *(lambda: float(view[:1]), lambda: a.data, lambda: a.ctypes, lambda: a.__array__()),
        *(
            lambda: knp.nditer(a),
            lambda: np.save("never.npy", a),
            lambda: setattr(a, "shape", (3, 1)),
        ),
    ):
        with pytest.raises((kt.LostGradientError, kt.NotDifferentiableError)):
            lost()
    with pytest.raises(ValueError, match=r"truth value|elements"):
        bool(a)
    for y in (kt.sum(a), np.sum(a), a.sum(), operator.matmul(a, np.ones(3)), kt.stack([a]).sum()):
        assert isinstance(y, kt.GradArray)
    kt.gradients(kt.sum(a * view[0]), x)


def test_the_memory_of_a_filled_array_is_loud():
    _, a, view = filled()
    raw = np.zeros(3)
    for read in (
        *(lambda: np.asarray(a, float), lambda: np.asarray(view) + 1.0, lambda: raw.fill(a)),
        *(lambda: operator.setitem(raw, slice(None), a), lambda: np.array([a, raw], float)),
        *(lambda: np.sum(list(np.nditer(a))), lambda: np.isnan(np.asarray(a))),
        *(lambda: np.argmax(np.asarray(a)), lambda: a.tobytes()),
    ):
        with pytest.raises((TypeError, ValueError, kt.LostGradientError)):
            read()
    assert np.isnan(np.frombuffer(memoryview(a))).all() and a.dtype == view.dtype == float
    z = a.astype(complex)
    assert z.real.dtype == float and a.real.dtype == float
    with pytest.raises(ValueError, match=r"read-only|writeable|writable"):
        np.random.default_rng(0).random(out=a)


def test_errors_leave_the_array_as_it_was():
    x = kt.GradArray(X)
    with kt.fillable():
        a = knp.ones((2, 3))
        whole, fixed = knp.zeros(3).astype(int), knp.zeros(3)
    with pytest.raises(kt.ShapeError):
        a[0] = x[:2]
    with pytest.raises(kt.InvalidIndexError):
        a[5] = x
    with pytest.raises(kt.DTypeError):
        a[0] = x * 1j
    np.testing.assert_array_equal(kt.stop_gradient(kt.asarray(a)).numpy(), np.ones((2, 3)))
    with pytest.raises(kt.DTypeError, match="dtype=float"):
        whole[0] = x[0]
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        fixed[0] = x[0]
    with kt.fillable():
        b = knp.ones((2, 3))
    diagonal = np.diagonal(b)
    with pytest.raises(ValueError, match="read-only"):
        diagonal[...] = x[:2]
    b[0] = x
    with pytest.raises(ValueError, match="read-only"):
        diagonal[...] = x[:2]
    with pytest.raises(ValueError, match="read-only"):
        fixed += x


def test_views_that_no_one_needs_are_forgotten():
    with kt.fillable():
        a = knp.zeros(100)
    for i in range(1000):
        a[i % 50 :]
    assert len(a._views) < 130
    kept = [a[i:] for i in range(99)]
    a[5] = kt.GradArray(2.0)
    assert all(type(v) is Filled for v in kept) and kept[3][2].item() == 2.0


def test_threads_fill_arrays():
    def fill(k):
        def f(x):
            a = knp.zeros(40)
            for i in range(40):
                a[i] = x[i % 3] * i
            return a.sum()

        results[k] = kt.grad(f)(X)

    results = [None] * 4
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=fill, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        wanted = [sum(i for i in range(40) if i % 3 == j) for j in range(3)]
        for found in results:
            np.testing.assert_array_equal(found, wanted)

        x = kt.GradArray(X)
        with kt.fillable():
            a = knp.zeros((4, 30))

        def fill_row(k):
            row = a[k]
            for i in range(30):
                row[i] = x[k % 3] * i

        threads = [threading.Thread(target=fill_row, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(before)
    a.sum().backward()
    np.testing.assert_array_equal(x.grad, [2 * 435.0, 435.0, 435.0])
