"""What errors advise, done: a call raises, its message holds the advice, and the advice works."""

import copy
import pickle

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as mirror

X = kt.GradArray([1.0, 2.0, 3.0])
S = kt.GradArray(1.5)


def result():
    return X * 1.0


def into(x, key, value):
    x[key] = value
    return x


def added(x, y):
    x += y
    return x


def stale(write):
    y = kt.exp(X)
    z = kt.sum(y * y)
    write(y)
    z.backward()


def without_recording(y):
    with kt.no_grad():
        y[0] = 0.0


def through_no_grad():
    x = kt.GradArray([1.0, 2.0])
    with kt.no_grad():
        x[0] = 3.0
    assert x.requires_grad
    return x


# The call, the advice in its message, and the same advice as code.
CASES = {
    "a += x": (
        lambda: added(np.zeros(3), X),
        "write a = a + x in place of a += x",
        lambda: np.zeros(3) + X,
    ),
    "out=": (
        lambda: np.cumsum(X, out=np.zeros(3)),
        "make out with np.zeros(shape, like=x)",
        lambda: np.cumsum(X, out=np.zeros(3, like=X)),
    ),
    "ufunc out=": (
        lambda: np.sin(X, out=np.zeros(3)),
        "y = f(x) in place of f(x, out=y)",
        lambda: np.sin(X),
    ),
    "method out=": (
        lambda: X.sum(out=np.zeros(())),
        "write y = x.sum(...)",
        lambda: X.sum(),
    ),
    "ufunc.at": (
        lambda: np.add.at(np.zeros(3), [0], S),
        "keratorch.asarray",
        lambda: np.add.at(kt.asarray(np.zeros(3)), [0], S),
    ),
    "put": (
        lambda: np.put(np.zeros(3), [0], S),
        "make the destination with keratorch.asarray",
        lambda: np.put(kt.asarray(np.zeros(3)), [0], S),
    ),
    "frompyfunc": (
        lambda: np.frompyfunc(lambda t: 2 * t, 1, 1)(X),
        "write keratorch.numpy.vectorize(f)",
        lambda: mirror.vectorize(lambda t: 2 * t)(X),
    ),
    "vectorize": (
        lambda: np.vectorize(lambda t: 2 * t)(X),
        "write keratorch.numpy.vectorize(f)",
        lambda: mirror.vectorize(lambda t: 2 * t)(X),
    ),
    "index of an array": (
        lambda: X[S],
        "convert it with astype(int)",
        lambda: X[S.astype(int)],
    ),
    "index of a list": (
        lambda: np.arange(3)[S],
        "write a[x.detach().astype(int)]",
        lambda: np.arange(3)[S.detach().astype(int)],
    ),
    "condition": (
        lambda: 1 if X > 0 else 0,
        "write x.any() or x.all()",
        lambda: 1 if (X > 0).all() else 0,
    ),
    "leaf": (
        lambda: into(kt.GradArray([1.0, 2.0]), 0, 3.0),
        "update it inside no_grad()",
        through_no_grad,
    ),
    "copy of a leaf": (
        lambda: added(kt.GradArray([1.0, 2.0]), 1.0),
        "compute with x.copy()",
        lambda: added(kt.GradArray([1.0, 2.0]).copy(), 1.0),
    ),
    "stale": (
        lambda: stale(without_recording),
        "write to a copy() of it",
        lambda: stale(lambda y: without_recording(y.copy())),
    ),
    "integers": (
        lambda: into(kt.zeros(3, dtype=int), 0, S),
        "make the array float64 with astype",
        lambda: into(kt.zeros(3, dtype=int).astype("float64"), 0, S),
    ),
    "leaf of a result": (
        lambda: kt.GradArray(result()),
        "use keratorch.asarray or stack, which are differentiable, or detach() first",
        lambda: kt.asarray(result()) + kt.GradArray(result().detach()),
    ),
    "pickle": (
        lambda: pickle.dumps(result()),
        "pickle x.detach(), or the leaves",
        lambda: pickle.loads(pickle.dumps(result().detach())),
    ),
    "backward": (
        lambda: result().backward(),
        "reduce it first, as in y.sum().backward()",
        lambda: result().sum().backward(),
    ),
    "grad": (
        lambda: kt.grad(lambda x: x * x)(np.ones(2)),
        "use jacrev",
        lambda: kt.jacrev(lambda x: x * x)(np.ones(2)),
    ),
    "integers of grad": (
        lambda: kt.grad(kt.sum)(np.ones(2, dtype=int)),
        "convert it with astype",
        lambda: kt.grad(kt.sum)(np.ones(2, dtype=int).astype(float)),
    ),
    "implicit_root": (
        lambda: kt.grad(lambda p: kt.implicit_root(lambda x: x * x - p, lambda: 2.0)())(4.0),
        "pass it as a parameter",
        lambda: kt.grad(kt.implicit_root(lambda x, p: x * x - p, lambda p: 2.0))(4.0),
    ),
    "round": (lambda: round(X), "use numpy.round, or x.round()", lambda: (np.round(X), X.round())),
    "dlpack": (
        lambda: np.from_dlpack(X),
        "use detach() first",
        lambda: np.from_dlpack(X.detach()),
    ),
    "len": (lambda: len(S), "x.reshape(1)", lambda: len(S.reshape(1))),
    "requires_grad": (
        lambda: setattr(result(), "requires_grad", False),
        "use detach()",
        lambda: result().detach(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_advice_works(name):
    call, advice, follow = copy.copy(CASES[name])
    with pytest.raises((kt.KeratorchError, TypeError)) as caught:
        call()
    assert advice in str(caught.value)
    follow()


def test_advice_between_libraries():
    torch = pytest.importorskip("torch")
    with pytest.raises(kt.DeviceMismatchError) as caught:
        X * torch.ones(3)
    assert "x.to_device(y.device)" in str(caught.value)
    assert "keratorch.asarray(a, device=x.device)" in str(caught.value)
    assert (X * kt.asarray(torch.ones(3), device=X.device)).requires_grad
    assert (X.to_device(kt.asarray(torch.ones(3)).device) * torch.ones(3)).requires_grad


def test_advice_about_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(np.eye(3))
    with pytest.raises(kt.ShapeError, match=r"s \* \(A @ x\)"):
        matrix * S
    assert (S * (matrix @ X)).requires_grad


def test_advice_about_special_functions():
    special = pytest.importorskip("scipy.special")
    with pytest.raises(kt.NotDifferentiableError, match=r"give it a rule with kt\.custom_jvp"):
        special.jv(1.0, X)

    @kt.custom_jvp
    def j1(x):
        return kt.asarray(special.jv(1.0, x.numpy()))

    @j1.defjvp
    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        return j1(x), kt.asarray(special.jvp(1.0, x.item())) * t

    np.testing.assert_allclose(kt.grad(j1)(1.5), special.jvp(1.0, 1.5), rtol=1e-12)
