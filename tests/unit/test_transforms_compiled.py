"""Gradients of JAX and PyTorch functions trace, so that they compile."""

import numpy as np
import pytest

import keratorch as kt

A = np.array([0.5, 1.5, 2.0])


def f(x):
    return kt.sum(kt.sin(x) * kt.exp(x) + x[0] * x**2)


def test_jax_jit_and_vmap():
    jax = pytest.importorskip("jax")
    x = jax.numpy.asarray(A)
    root = kt.implicit_root(lambda y, x: y * y - x, lambda x: x**0.5)
    functions = [
        kt.grad(f),
        kt.value_and_grad(f),
        kt.hessian(f),
        kt.jacrev(kt.exp),
        kt.elementwise_grad(kt.tanh),
        lambda x: kt.jvp(f, (x,), (x,)),
        lambda x: kt.vjp(f, x)[1](1.0),
        lambda x: kt.linearize(f, x)[1](x),
        lambda x: kt.hvp(f, (x,), (x,)),
        lambda x: kt.vhp(f, (x,), (x,)),
        kt.grad(kt.checkpoint(f)),
        kt.grad(lambda x: kt.sum(root(x))),
        kt.grad(lambda x: kt.sum(kt.grad(f)(x) ** 2)),
    ]
    for function in functions:
        plain = jax.tree.leaves(function(x))
        compiled = jax.tree.leaves(jax.jit(function)(x))
        for a, b in zip(plain, compiled, strict=True):
            assert isinstance(b, jax.Array)
            np.testing.assert_allclose(a, b, rtol=1e-12)
    for function in (kt.grad(f), kt.hessian(f)):
        several = jax.vmap(function)(jax.numpy.stack([x + 1, x]))
        np.testing.assert_allclose(several[1], function(x), rtol=1e-12)


def test_a_compiled_gradient_is_traced_once():
    jax = pytest.importorskip("jax")
    calls = []

    def counted(x):
        calls.append(1)
        return f(x)

    g = jax.jit(kt.grad(counted))
    for k in range(3):
        g(jax.numpy.asarray(A * k))
    assert len(calls) == 1


def test_jax_differentiates_a_gradient():
    jax = pytest.importorskip("jax")
    g = jax.grad(lambda x: jax.numpy.sum(kt.grad(f)(x) ** 2))(jax.numpy.asarray(A))
    expected = kt.grad(lambda x: kt.sum(kt.grad(f)(x) ** 2))(A)
    np.testing.assert_allclose(g, expected, rtol=1e-12)


def test_torch_compile():
    torch = pytest.importorskip("torch")
    x = torch.tensor(A)
    for transformed in (kt.grad(f), lambda x: kt.jvp(f, (x,), (x,))[1]):
        expected = transformed(x)
        torch._dynamo.reset()
        compiled = torch.compile(transformed, backend="eager")
        for _ in range(2):
            np.testing.assert_allclose(compiled(x), expected, rtol=1e-12)
    torch._dynamo.reset()


def loss(x):
    y = kt.matmul(kt.asarray(x[None, :] * x[:, None]), kt.sin(x) * x) + 2.0
    return kt.sum(kt.exp(-y) * y / (3.0 + x**2) - abs(x))


def reduced(x):
    rows = kt.reshape(kt.stack([x, x * x]), (3, 2)).T
    return kt.mean(x) * kt.var(rows) + kt.max(x * x) + kt.sum(kt.special.softmax(x) * x)


def indexed(x):
    y = x[0]
    y = y * x[-1]  # what an index gives is a view, and here nothing is written
    return kt.sum(x[1:] * x[:-1]) * y + kt.sum(kt.where(x > 1.0, x * x, 0.0))


def whole(torch):
    """Functions that PyTorch's compiler traces without a break."""
    return {
        "grad": kt.grad(loss),
        "value_and_grad": kt.value_and_grad(loss),
        "reductions": kt.grad(reduced),
        "indices": kt.grad(indexed),
        "grad of grad": kt.grad(lambda x: kt.sum(kt.grad(loss)(x) ** 2)),
        "structures": lambda x: kt.grad(lambda p: kt.sum(p["a"] * p["b"][0]))({"a": x, "b": [x]}),
        "jvp": lambda x: kt.jvp(loss, (x,), (x,)),
        "vjp": lambda x: kt.vjp(loss, x)[1](torch.ones_like(x[0])),
        "linearize": lambda x: kt.linearize(loss, x)[1](x),
        "hvp": lambda x: kt.hvp(lambda x: kt.sum(kt.sin(x) * x), (x,), (x,)),
        "jacfwd": kt.jacfwd(lambda x: kt.sin(x) * x),
        "hessian": kt.hessian(lambda x: kt.sum(kt.sin(x) * x)),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("grad", "value_and_grad", "reductions", "indices", "grad of grad", "structures"),
        *("jvp", "vjp", "linearize", "hvp", "jacfwd", "hessian"),
    ],
)
def test_torch_compile_without_a_break_in_the_graph(name):
    torch = pytest.importorskip("torch")
    x = torch.tensor(A)
    transformed = whole(torch)[name]
    expected = transformed(x)  # and what keratorch finds out once is found out
    torch._dynamo.reset()
    found = torch.compile(transformed, backend="eager", fullgraph=True)(x)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0.0)
    torch._dynamo.reset()


def test_compiled_views_are_told_from_copies():
    """A write into an element shows in the array that it is of, and in no copy."""
    torch = pytest.importorskip("torch")
    x = torch.tensor(A)

    def views(x):
        y = x * x
        first = y[:1]
        first *= 3.0
        return kt.sum(y * x)

    def copies(x):
        rows = kt.reshape(kt.stack([x, x * x]), (3, 2)).T
        flat = kt.reshape(rows, (6,))  # a copy, as the rows are not in a row
        flat[0] = 5.0
        return kt.sum(rows * 2.0) + kt.sum(flat * flat)

    for function in (views, copies):
        expected = kt.grad(function)(x)
        torch.testing.assert_close(torch.tensor(kt.grad(function)(A)), expected)
        torch._dynamo.reset()
        found = torch.compile(kt.grad(function), backend="eager")(x)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=0.0)
    torch._dynamo.reset()
