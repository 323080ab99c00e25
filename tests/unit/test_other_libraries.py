"""Functions of PyTorch, JAX and others that get a `GradArray`: errors name those of keratorch."""

import statistics

import numpy as np
import pytest

import keratorch as kt

X = kt.GradArray([1.0, 2.0, 3.0])
S = kt.GradArray(1.5)


def lost(call, error=kt.LostGradientError):
    """The message of keratorch's error, also if a library raised another after it."""
    with pytest.raises((error, TypeError)) as caught:
        call()
    found = caught.value
    while not isinstance(found, error):
        found = found.__cause__ or found.__context__
        assert found is not None, caught.value
    return str(found)


# -- PyTorch -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("sin", "use kt.sin"),
        ("mul", "use kt.multiply"),
        ("cat", "use kt.concat"),
        ("nn.functional.relu", "use kt.nn.functional.relu"),
        ("nn.functional.mse_loss", "((x - y) ** 2).mean()"),
        ("special.logit", "kt.special.logit"),
        ("cdist", "write it in functions of keratorch"),
    ],
)
def test_a_function_of_torch(name, use):
    torch = pytest.importorskip("torch")
    function = torch
    for part in name.split("."):
        function = getattr(function, part)
    for x in (X, kt.GradArray(torch.ones(3))):
        arguments = {"cat": ([x, x],)}.get(name, (x, x) if name in ("mul", "cdist") else (x,))
        if name.endswith("mse_loss"):
            arguments = (x, x)
        text = lost(lambda arguments=arguments: function(*arguments))
        assert use in text
        assert "x.numpy()" in text
    with pytest.raises(
        kt.UnknownArrayError, match=r"PyTorch's sin takes no GradArray: use kt\.sin"
    ):
        torch.sin(X.detach())


@pytest.mark.parametrize(
    "operation",
    [
        lambda t, x: t + x,
        lambda t, x: t - x,
        lambda t, x: t * x,
        lambda t, x: t / x,
        lambda t, x: t**x,
        lambda t, x: t % x,
        lambda t, x: t @ x,
        lambda t, x: x - t,
        lambda t, x: x**t,
    ],
)
def test_the_operators_of_torch_leave_the_work_to_the_array(operation):
    torch = pytest.importorskip("torch")
    values = [1.5, 2.0, 0.5]
    t, x = torch.tensor([1.0, 2.0, 3.0]), kt.GradArray(torch.tensor(values))
    y = operation(t, x)
    assert isinstance(y, kt.GradArray)
    assert y.requires_grad
    expected = operation(t.numpy(), np.array(values, dtype="float32"))
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6)
    for compare in (torch.Tensor.__lt__, torch.Tensor.__eq__):
        assert compare(t, x) is NotImplemented
    assert (t < x).tolist() == [True, False, False]
    with pytest.raises(kt.DeviceMismatchError):
        operation(t, X)


def test_writes_into_a_tensor():
    torch = pytest.importorskip("torch")
    t, x = torch.zeros(3), kt.GradArray(torch.ones(3))
    for key, value in ((slice(None), x), (0, x[0])):
        text = lost(lambda key=key, value=value: t.__setitem__(key, value))
        assert "kt.zeros(shape, device=x.device)" in text
    assert t.tolist() == [0.0, 0.0, 0.0]
    t += x  # Python's fallback: t = t + x
    assert isinstance(t, kt.GradArray)
    np.testing.assert_array_equal(torch.asarray(x.detach()).numpy(), 1.0)


# -- JAX -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "use"),
    [
        (lambda jnp, x: jnp.sin(x), "use kt.sin"),
        (lambda jnp, x: jnp.add(x, x), "use kt.add"),
        (lambda jnp, x: jnp.stack([x, x]), "use kt.stack"),
        (lambda jnp, x: jnp.asarray(x), "use kt.asarray"),
        (lambda jnp, x: jnp.zeros(3).at[:].set(x), "write it in functions of keratorch"),
        (lambda jnp, x: jnp.dot(x, x), "kt.matmul"),
    ],
)
def test_a_function_of_jax(call, use):
    jnp = pytest.importorskip("jax.numpy")
    for x in (X, kt.GradArray(jnp.ones(3))):
        text = lost(lambda x=x: call(jnp, x))
        assert use in text
        assert "x.numpy()" in text


def test_the_operators_of_jax_leave_the_work_to_the_array():
    jnp = pytest.importorskip("jax.numpy")
    t, x = jnp.ones(3), kt.GradArray(jnp.ones(3))
    for y in (t + x, t - x, t * x, t / x, t**x, t @ x, t % x, sum([t, x])):
        assert isinstance(y, kt.GradArray)
        assert y.requires_grad
    assert (t < x).tolist() == [False] * 3
    assert (t == x).tolist() == [True] * 3


def test_jax_takes_constants():
    jnp = pytest.importorskip("jax.numpy")
    np.testing.assert_array_equal(jnp.asarray(kt.asarray([1.0, 2.0])), [1.0, 2.0])


def test_nobody_else_finds_the_attribute():
    assert not hasattr(X, "__jax_array__")
    assert not hasattr(X.detach(), "__jax_array__")


# -- others --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "question", "use"),
    [
        ("sympy.core.sympify", "_sympy_", "sympy.lambdify"),
        ("mpmath.ctx_mp", "_mpmath_", "x.item()"),
    ],
)
def test_libraries_of_symbols_and_long_numbers(module, question, use):
    """They look for a method, here in a function of the same module."""
    scope = {"__name__": module}
    exec(f"def convert(x):\n    return x.{question}()", scope)
    assert use in lost(lambda: scope["convert"](S))
    assert not hasattr(S.detach(), question)


def test_numba():
    """Numba looks for a type, here in a function of the same module."""
    scope = {"__name__": "numba.core.typing.typeof"}
    exec("def typeof(x):\n    return getattr(x, '_numba_type_', None)", scope)
    assert "kt.custom_vjp" in lost(lambda: scope["typeof"](X))
    assert scope["typeof"](X.detach()) is None


def test_statistics():
    for call in (statistics.mean, statistics.stdev, statistics.fmean):
        assert "x.std(correction=1)" in lost(lambda call=call: call(X))


def test_pillow_and_others_that_read_memory():
    with pytest.raises(AttributeError, match=r"x\.numpy\(\)"):
        X.__array_interface__  # noqa: B018
