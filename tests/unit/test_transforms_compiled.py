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


def test_torch_compile_without_a_break_in_the_graph():
    """Elementwise functions, operators, products and sums become one graph of PyTorch's."""
    torch = pytest.importorskip("torch")
    x = torch.tensor(A)
    m = torch.tensor(np.outer(A, A) / 4)

    def loss(x):
        y = kt.matmul(m, kt.sin(x) * x) + 2.0
        return kt.sum(kt.exp(kt.negative(y)) * y / (3.0 + x**2) - x)

    for transformed in (kt.grad(loss), kt.value_and_grad(loss), kt.grad(lambda x: kt.sum(1 - x))):
        expected = transformed(x)
        torch._dynamo.reset()
        found = torch.compile(transformed, backend="eager", fullgraph=True)(x)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=0.0)
        torch._dynamo.reset()
        assert torch._dynamo.explain(transformed)(x).graph_break_count == 0
    torch._dynamo.reset()
