"""Derivatives where they are not unique, and traps that other libraries fell into.

Each test is a row of docs/conventions.md, on every backend.
"""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import keratorch as kt
from tests.leaves import both_ways, constant, grad, grads, leaf
from tests.op_checks import on_device, on_host

INF, NAN = np.inf, np.nan

ONE_DEVICE_EACH = True

# The values at kinks and poles: libraries that compute with NumPy warn of them, some in threads.
pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning"),
]


# -- ties ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [kt.maximum, kt.minimum])
def test_elementwise_ties_are_halved(device, function):
    a, b = leaf(device, [1.0, 2.0, 0.0, INF]), leaf(device, [1.0, 2.0, -0.0, INF])
    for g in grads(function, a, b):
        np.testing.assert_array_equal(g, [0.5] * 4)


@pytest.mark.parametrize("function", [kt.maximum, kt.minimum])
def test_tie_with_a_number_is_halved(device, function):
    x = leaf(device, [1.0, 1.5, 2.0])
    winner = 1.0 if function is kt.maximum else 0.0
    expected = [1 - winner, 0.5, winner]
    np.testing.assert_array_equal(grad(lambda x: function(x, 1.5), x), expected)
    np.testing.assert_array_equal(grad(lambda x: function(1.5, x), x), expected)


@pytest.mark.parametrize(("function", "best"), [(kt.max, 3.0), (kt.min, -3.0)])
def test_reduction_ties_are_split_evenly(device, function, best):
    x = leaf(device, [[best, 1.0, best, best], [best, best, 0.0, 0.0], [1.0, best, 2.0, 0.0]])
    third = 1 / 3
    rows = [[third, 0, third, third], [0.5, 0.5, 0, 0], [0, 1, 0, 0]]
    np.testing.assert_allclose(grad(lambda x: function(x, axis=1), x), rows, rtol=1e-15)
    hits = np.array([[1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_allclose(grad(function, x), hits / 6, rtol=1e-15)


def test_float16_ties_are_counted_in_float32(device):
    """float16 counts to 2048 one by one, and to 65504 in any way."""
    if device.backend == "array_api_strict":
        pytest.skip("array-api-strict has no float16")
    for shape, axis in (((3000, 2), 0), ((70000,), None)):
        x = leaf(device, np.ones(shape), "float16")
        found = grad(lambda x, axis=axis: kt.max(x, axis=axis), x)
        np.testing.assert_array_equal(found, np.full(shape, 1 / shape[0], dtype=np.float16))


# -- NaN -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_nan_passes_through_maximum(device, name):
    """A NaN gets the gradient, halved between two. (PyTorch gives 1 to both, JAX 0.)"""
    a, b = leaf(device, [NAN, 1.0, NAN, 2.0]), leaf(device, [1.0, NAN, NAN, 2.0])
    function = getattr(kt, name)
    np.testing.assert_array_equal(on_host(function(a, b)._array), [NAN, NAN, NAN, 2.0])
    to_a, to_b = grads(function, a, b)
    np.testing.assert_array_equal(to_a, [1, 0, 0.5, 0.5])
    np.testing.assert_array_equal(to_b, [0, 1, 0.5, 0.5])


@pytest.mark.parametrize("name", ["max", "min"])
def test_nan_passes_through_max(device, name):
    """The gradient goes to the NaNs in equal parts, as that of PyTorch's ``max`` does."""
    torch = pytest.importorskip("torch")
    values = [NAN, 1.0, 3.0, NAN]
    x = leaf(device, values)
    t = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    getattr(torch, name)(t).backward()
    y = getattr(kt, name)(x)
    assert np.isnan(y.item())
    np.testing.assert_array_equal(grad(getattr(kt, name), x), t.grad.numpy())
    rows = kt.stack([x, constant(device, [4.0, 5.0, 4.0, 5.0])])
    found = grad(lambda x: getattr(kt, name)(x, axis=1), leaf(device, rows.numpy()))
    ties = [0, 0.5, 0, 0.5] if name == "max" else [0.5, 0, 0.5, 0]
    np.testing.assert_array_equal(found, [[0.5, 0, 0, 0.5], ties])


# -- kinks and poles -----------------------------------------------------------------------------


def test_sqrt_at_zero_is_infinite(device):
    np.testing.assert_array_equal(grad(kt.sqrt, leaf(device, [0.0, 4.0])), [INF, 0.25])


def test_abs_at_zero_is_flat(device):
    np.testing.assert_array_equal(grad(kt.abs, leaf(device, [-2.0, 0.0, -0.0, 3.0])), [-1, 0, 0, 1])


def test_abs_of_complex_at_zero_is_flat(device):
    x = leaf(device, [0.0, 3 + 4j], "complex128")
    np.testing.assert_allclose(grad(kt.abs, x), [0, 0.6 + 0.8j])


def test_sign_of_complex_numbers_turns(device):
    """x/|x| is constant along x alone; JAX drops its gradient."""
    torch = pytest.importorskip("torch")
    values, seed = [3 + 4j, -2.0, 0.5j, 0.0], [1 + 2j] * 4
    x = leaf(device, values, "complex128")
    t = torch.tensor(values, dtype=torch.complex128, requires_grad=True)
    torch.sgn(t).backward(torch.tensor(seed, dtype=torch.complex128))
    found = grad(kt.sign, x, constant(device, seed, "complex128"))
    np.testing.assert_allclose(found, t.grad.numpy(), atol=1e-15)
    assert found[3] == 0
    assert not kt.sign(leaf(device, [-1.0, 0.0, 2.0])).requires_grad


def test_remainder_takes_away_as_often_as_its_value_says(device):
    """Not ⌊x1/x2⌋ of the rounded quotient: 1 % 0.1 is 1 − 0.1·9, though 1/0.1 is 10."""
    values = np.array([1.0, -1.0, 5.0, 0.6, -0.6]), np.array([0.1, 0.1, -2.5, 0.2, 0.2])
    a, b = (leaf(device, v) for v in values)
    times = np.round((values[0] - on_host(kt.remainder(a, b)._array)) / values[1])
    to_a, to_b = grads(kt.remainder, a, b)
    np.testing.assert_array_equal(to_a, np.ones(5))
    np.testing.assert_array_equal(to_b, -times)


def test_relu_at_zero_is_flat(device):
    relu = kt.nn.functional.relu
    np.testing.assert_array_equal(grad(relu, leaf(device, [-1.0, 0.0, -0.0, 1.0])), [0, 0, 0, 1])


@pytest.mark.parametrize("function", [kt.atan2, kt.hypot])
def test_origin_is_flat(device, function):
    """`atan2` and `hypot` at (0, 0)."""
    a, b = leaf(device, [0.0, 3.0]), leaf(device, [0.0, 4.0])
    for g in grads(function, a, b):
        assert g[0] == 0
        assert g[1] != 0


def test_logaddexp_at_equal_infinities_is_halved(device):
    a, b = leaf(device, [INF, -INF, -INF, INF, 1.0]), leaf(device, [INF, -INF, 1.0, 1.0, 1.0])
    to_a, to_b = grads(kt.logaddexp, a, b)
    np.testing.assert_allclose(to_a, [0.5, 0.5, 0, 1, 0.5])
    np.testing.assert_allclose(to_b, [0.5, 0.5, 1, 0, 0.5])


def test_logsumexp_of_nothing_is_flat(device):
    """The gradient is 0 where every input is −∞."""
    x = leaf(device, [[-INF, -INF], [0.0, -INF], [1.0, 1.0]])
    y = kt.special.logsumexp(x, axis=1)
    np.testing.assert_allclose(on_host(y._array), [-INF, 0, 1 + np.log(2)])
    found = grad(lambda x: kt.special.logsumexp(x, axis=1), x)
    np.testing.assert_allclose(found, [[0, 0], [1, 0], [0.5, 0.5]])


def test_logsumexp_with_infinity(device):
    """What is beside +∞ counts for nothing; +∞ itself gets NaN (as in PyTorch and JAX)."""
    x = leaf(device, [[INF, 5.0, -INF], [1.0, -INF, 1.0]])
    found = grad(lambda x: kt.special.logsumexp(x, axis=1), x)
    np.testing.assert_allclose(found, [[NAN, 0, 0], [0.5, 0, 0.5]])


def test_softmax_of_neural_networks_takes_the_last_axis(xp, device):
    x = xp.asarray([[1.0, 2.0], [3.0, 5.0]], dtype=xp.float64, device=device)
    e = np.exp([[1.0, 2.0], [3.0, 5.0]])
    rows = e / e.sum(axis=-1, keepdims=True)
    functional, special = kt.nn.functional, kt.special
    for function, values, whole in (
        (functional.softmax, rows, e / e.sum()),
        (functional.log_softmax, np.log(rows), np.log(e / e.sum())),
    ):
        scipys = getattr(special, function.__name__)
        np.testing.assert_allclose(function(x).numpy(), values, rtol=1e-12)
        np.testing.assert_allclose(function(x, axis=None).numpy(), whole, rtol=1e-12)
        np.testing.assert_allclose(function(x, 0).numpy(), scipys(x, axis=0).numpy())
        np.testing.assert_allclose(scipys(x).numpy(), whole, rtol=1e-12)
        with pytest.raises(kt.AxisError, match=function.__name__):
            function(kt.sum(x))
    leaf = kt.GradArray(x)
    kt.sum(functional.softmax(leaf)[:, 0] * 2.0).backward()
    expected = 2.0 * rows[:, :1] * (np.eye(2)[0] - rows)
    np.testing.assert_allclose(kt.asarray(leaf.grad).numpy(), expected, rtol=1e-12)


def test_softmax_is_stable(device):
    x = leaf(device, [1000.0, -1000.0, 1000.0])
    seed = constant(device, [1.0, 10.0, 100.0])
    half = np.array([0.5, 0, 0.5])
    y = kt.special.softmax(x)
    np.testing.assert_allclose(on_host(y._array), half)
    np.testing.assert_allclose(grad(kt.special.softmax, x, seed), [-24.75, 0, 24.75])
    z = kt.special.log_softmax(x)
    np.testing.assert_allclose(on_host(z._array), [-np.log(2), -2000 - np.log(2), -np.log(2)])
    np.testing.assert_allclose(grad(kt.special.log_softmax, x, seed), [-54.5, 10, 44.5])


POWERS = [  # x, y, ∂/∂x, ∂/∂y: PyTorch's
    (0.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 1.0, 0.0),
    (0.0, 2.0, 0.0, 0.0),
    (0.0, 0.5, INF, 0.0),
    (2.0, 0.0, 0.0, np.log(2.0)),
    (-2.0, 0.0, 0.0, NAN),
    (-2.0, 2.0, -4.0, NAN),
    (0.0, -1.0, -INF, -INF),
    (INF, 0.0, 0.0, INF),
]


@pytest.mark.parametrize(("x", "y", "dx", "dy"), POWERS)
def test_pow(device, x, y, dx, dy):
    a, b = leaf(device, [x, 1.0]), leaf(device, [y, 1.0])
    found_x, found_y = grads(kt.pow, a, b)
    np.testing.assert_allclose(found_x, [dx, 1.0])
    np.testing.assert_allclose(found_y, [dy, 0.0])
    np.testing.assert_allclose(grad(lambda a: a**y, a), [dx, y])
    np.testing.assert_allclose(grad(lambda b: x**b, leaf(device, [y])), [dy])


@pytest.mark.parametrize(("x", "y", "dx", "dy"), POWERS)
def test_pow_table_is_that_of_torch(x, y, dx, dy):
    torch = pytest.importorskip("torch")
    a, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y))
    found = torch.autograd.grad(a**b, (a, b))
    np.testing.assert_allclose([float(g) for g in found], [dx, dy])


@pytest.mark.parametrize("y", [0.0, 0.5, 1.0, 2.0, -1.0])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_second_derivatives_of_pow(device, dtype, y):
    """Also where y = 0: ∂/∂x is 0 there, but 1/x is its derivative in y."""
    x = 2.0
    a, b = leaf(device, [x], dtype), leaf(device, [y], dtype)
    power = a**b
    to_a, to_b = kt.gradients(power, [a, b], kt.ones_like(power), create_graph=True)
    found = [on_host(g) for z in (to_a, to_b) for g in kt.gradients(z, [a, b], kt.ones_like(z))]
    mixed = x ** (y - 1) * (1 + y * np.log(x))
    wanted = [y * (y - 1) * x ** (y - 2), mixed, mixed, x**y * np.log(x) ** 2]
    np.testing.assert_allclose(np.concatenate(found), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("real", [-INF, -0.5, 0.0, 1e-300, 0.1, 0.9, 2.0, INF, NAN])
@pytest.mark.parametrize("imag", [-INF, INF])
def test_log1p_of_complex_infinities(request, device, real, imag):
    """The standard's special cases; PyTorch's own function gives NaN for 0.1 + ∞j."""
    if device.backend in ("jax", "cupy") and np.isnan(real):
        reason = "JAX and CuPy give NaN for the logarithm of NaN ± ∞j"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    y = on_host(kt.log1p(constant(device, [complex(real, imag)], "complex128"))._array)
    assert y[0].real == INF
    np.testing.assert_allclose(y[0].imag, np.arctan2(imag, real), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_expit_is_stable(device, dtype):
    x = leaf(device, [-1000.0, -80.0, 0.0, 80.0, 1000.0, -INF, INF], dtype)
    expit = kt.special.expit
    y = on_host(expit(x)._array)
    small = np.exp(-np.float64(80.0))
    np.testing.assert_allclose(y, [0, small, 0.5, 1, 1, 0, 1], rtol=1e-5)
    np.testing.assert_allclose(grad(expit, x)[[0, 1, 2, 4]], [0, small, 0.25, 0], rtol=1e-5)


def test_expit_is_stable_in_float16(device):
    if device.backend == "array_api_strict":
        pytest.skip("array-api-strict has no float16")
    x = leaf(device, np.array([-1000, -9, 0, 9, 1000]), "float16")
    y = kt.special.expit(x)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y.numpy(), [0, 1.234e-4, 0.5, 1, 1], rtol=2e-3)
    g = grad(kt.special.expit, x)
    assert g.dtype == np.float16
    np.testing.assert_allclose(g, [0, 1.234e-4, 0.25, 0, 0], rtol=2e-3, atol=1e-3)


def test_gathering_makes_no_dense_one_hot():
    """One buffer of the size of the input: a matrix of ones and zeros would be 80 MB here."""
    x = kt.GradArray(np.ones(100_000))
    places = np.arange(100) % 7
    for gather in (lambda: x[places], lambda: kt.take(x, places)):
        y = gather()
        tracemalloc.start()
        (g,) = kt.gradients(kt.sum(y), [x])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        np.testing.assert_array_equal(on_host(g)[:8], [15, 15, 14, 14, 14, 14, 14, 0])
        assert peak < 5 * x._array.nbytes


def test_the_next_number_follows_x(device):
    x, y = leaf(device, [1.0, 2.0, 3.0, -1.0]), leaf(device, [2.0, 1.0, 3.0, INF])
    z = kt.nextafter(x, y)
    found = kt.gradients([z], [x, y], [kt.ones_like(z)], allow_unused=True)
    np.testing.assert_array_equal(on_host(found[0]), [1.0] * 4)
    assert found[1] is None


# -- complex numbers -----------------------------------------------------------------------------


def test_squared_modulus(device):
    """grad is ∂L/∂Re z + i·∂L/∂Im z."""
    z = leaf(device, 1 + 1j, "complex128")
    for square in (lambda z: kt.real(z * kt.conj(z)), lambda z: kt.abs(z) ** 2):
        found = grad(square, z)
        assert found.dtype == np.complex128
        np.testing.assert_allclose(found, 2 + 2j)


def on_an_axis(places, zeros, imaginary):
    """Numbers on the real or the imaginary axis, with zeros of the given signs as other parts."""
    z = np.empty(np.shape(places), dtype=complex)
    z.real, z.imag = (zeros, places) if imaginary else (places, zeros)
    return z


@pytest.mark.parametrize("function", [kt.acos, kt.asin, kt.acosh, kt.atanh, kt.asinh, kt.atan])
def test_on_a_branch_cut_the_derivative_is_that_of_the_side_of_the_value(device, function, full):
    """The sign of a zero says which side; a library that ignores the sign takes its own side."""
    if device.backend == "jax" and function is not kt.asinh and not full:
        pytest.skip("JAX compiles it for seconds: --full runs it")
    imaginary = function in (kt.asinh, kt.atan)
    places = np.repeat([-3.0, -2.0, 2.0, 3.0], 2)
    zeros, step = np.array([0.0, -0.0] * 4), 1e-6
    plus, minus = (
        on_host(function(on_device(device, on_an_axis(places + s, zeros, imaginary)))._array)
        for s in (step, -step)
    )
    expected = (plus - minus) / (2 * step * (1j if imaginary else 1))
    x = leaf(device, on_an_axis(places, zeros, imaginary), "complex128")
    np.testing.assert_allclose(np.conj(grad(function, x)), expected, rtol=1e-8)
    _, tangent = kt.jvp(function, (x,), (kt.ones_like(x),))
    np.testing.assert_allclose(on_host(tangent._array), expected, rtol=1e-8)


def test_descent_in_complex_numbers(device):
    z = leaf(device, [1 + 1j, -2.0], "complex128")
    g = grad(lambda z: kt.abs(z - 1j) ** 2, z)
    np.testing.assert_allclose(z.numpy() - 0.5 * g, [1j, 1j])


def test_real_input_of_a_complex_path(device):
    x, z = leaf(device, [1.0, 2.0]), leaf(device, [1j, 1 + 1j], "complex128")
    to_x, to_z = grads(lambda x, z: kt.real(x * z), x, z)
    assert to_x.dtype == np.float64
    np.testing.assert_array_equal(to_x, [0, 1])
    np.testing.assert_array_equal(to_z, [1, 2])
    # exp(i x) by way of a Python number
    g = grad(lambda x: kt.imag(kt.exp(kt.astype(x, "complex128") * 1j)), x)
    assert g.dtype == np.float64
    np.testing.assert_allclose(g, np.cos([1, 2]))


# -- dtypes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_integer_leaf(device, dtype):
    raw = on_device(device, np.array([1, 0], dtype=dtype))
    with pytest.raises(kt.DTypeError, match=r"shape \(2,\).*dtype=float"):
        kt.GradArray(raw, requires_grad=True)
    assert not kt.GradArray(raw).requires_grad


def test_gradients_are_cast_back(device):
    a, b = leaf(device, [1.0, 2.0], "float32"), leaf(device, [3.0, 5.0])
    y = a * b
    assert str(y.dtype).endswith("float64")
    y.backward(kt.ones_like(y))
    assert a.grad.dtype == a.dtype and b.grad.dtype == b.dtype
    np.testing.assert_array_equal(on_host(a.grad), np.array([3, 5], dtype="float32"))


def test_python_numbers_do_not_widen(device):
    x = leaf(device, [1.0, 2.0], "float32")
    for function in (
        lambda x: 2.0 * x + 1 - x / 3.0,
        lambda x: 2.0**x + x**2.0 + x**3,
        lambda x: kt.where(x > 1.0, x, 0.0) + kt.maximum(x, 0.5),
    ):
        y = function(x)
        assert y.dtype == x.dtype
        (g,) = kt.gradients([y], [x], [kt.ones_like(y)])
        assert g.dtype == x.dtype


def test_sum_in_a_wider_dtype(device):
    x = leaf(device, [1.0, 2.0], "float32")
    y = kt.sum(x, dtype="float64")
    assert str(y.dtype).endswith("float64")
    y.backward()
    assert x.grad.dtype == x.dtype
    np.testing.assert_array_equal(on_host(x.grad), [1, 1])


def test_complex_numbers_become_true_or_false(device):
    """The standard's one cast from complex to something else."""
    z = leaf(device, [0.0, 1j, -2.0, NAN], "complex128")
    y = kt.astype(z, "bool")
    np.testing.assert_array_equal(on_host(y._array), [False, True, True, True])
    assert not y.requires_grad
    with pytest.raises(kt.DTypeError, match=r"take real\(x\)"):
        kt.astype(z, "float64")


def test_no_op_cast_is_a_node_of_its_own(device):
    """A cast to the same dtype that aliased two nodes doubled the gradient (chainer#5810)."""
    x = leaf(device, [1.0, 2.0])
    for cast in (lambda x: kt.astype(x, "float64"), lambda x: kt.astype(x, "float64", copy=False)):
        y = cast(x)
        z = kt.sum(3.0 * y)
        x.zero_grad()
        z.backward()
        assert y._grad_op is not None
        np.testing.assert_array_equal(on_host(y.grad), [3, 3])
        np.testing.assert_array_equal(on_host(x.grad), [3, 3])


# -- sums over uses and over broadcast axes ------------------------------------------------------


def test_a_value_used_twice(device):
    x = leaf(device, [1.0, -2.0])
    np.testing.assert_array_equal(grad(lambda x: x * x + x, x), [3, -3])


def test_both_operands_the_same(device):
    x = leaf(device, [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(grad(lambda x: x @ x, x), [[7, 11], [9, 13]])
    np.testing.assert_array_equal(grad(lambda x: kt.maximum(x, x), x), np.ones((2, 2)))
    np.testing.assert_array_equal(grad(lambda x: x / x, x), np.zeros((2, 2)))
    np.testing.assert_array_equal(grad(lambda x: kt.concat([x, x]), x), np.full((2, 2), 2.0))


def test_gather_adds(device):
    x = leaf(device, [1.0, 2.0, 3.0])
    index = constant(device, [2, 0, 2, 2], "int64")
    seed = constant(device, [1.0, 10.0, 100.0, 1000.0])
    np.testing.assert_array_equal(grad(lambda x: x[index], x, seed), [10, 0, 1101])


def test_scatter_gives_the_gradient_to_what_was_written(device, request):
    """Of values written to one place one stays, and it alone has the gradient."""
    if device.backend == "array_api_strict":
        reason = "the standard does not write by arrays of integers"
        request.applymarker(pytest.mark.xfail(reason=reason))
    index = np.array([0, 2, 0, 2, 0, 1])
    x, v = leaf(device, np.zeros(4)), leaf(device, np.arange(1.0, 7.0))

    def write(x, v):
        y = kt.copy(x)
        y[constant(device, index, "int64")] = v
        return y

    stays = on_host(write(x, v)._array)[index] == on_host(v._array)
    assert stays.sum() == 3
    if device.backend == "numpy":
        np.testing.assert_array_equal(stays, [0, 0, 0, 1, 1, 1])
    to_x, to_v = grads(write, x, v)
    np.testing.assert_array_equal(to_x, [0, 0, 0, 1])
    np.testing.assert_array_equal(to_v, stays)


@pytest.mark.parametrize(
    ("a", "b", "shape"),
    [((0,), (1,), (0,)), ((4, 1), (1, 0), (4, 0)), ((), (0, 3), (0, 3)), ((3, 1), (1, 4), (3, 4))],
)
def test_broadcast_with_empty_axes(device, a, b, shape):
    x, y = leaf(device, np.full(a, 2.0)), leaf(device, np.full(b, 3.0))
    assert tuple((x * y).shape) == shape
    to_x, to_y = grads(kt.multiply, x, y)
    copies = np.prod(shape)
    np.testing.assert_array_equal(to_x, np.full(a, 3.0 * copies / max(np.prod(a), 1)))
    np.testing.assert_array_equal(to_y, np.full(b, 2.0 * copies / max(np.prod(b), 1)))


@pytest.mark.parametrize("shape", [(0,), (4, 0), (0, 3)])
def test_flat_reshape_of_an_empty_array(device, shape):
    x = leaf(device, np.zeros(shape))
    y = kt.reshape(x, (-1,))
    assert tuple(y.shape) == (0,)
    y.backward(kt.zeros_like(y))
    assert tuple(x.grad.shape) == shape


# -- second derivatives of what is linear --------------------------------------------------------

LINEAR = {
    "add": lambda x: x + x,
    "subtract": lambda x: 1.0 - x,
    "multiply": lambda x: 2.0 * x,
    "divide": lambda x: x / 2.0,
    "negative": lambda x: -x,
    "sum": lambda x: kt.sum(x, axis=0),
    "mean": lambda x: kt.mean(x),
    "max": lambda x: kt.max(x),
    "maximum": lambda x: kt.maximum(x, 1.5),
    "relu": kt.nn.functional.relu,
    "abs": kt.abs,
    "where": lambda x: kt.where(x > 1.5, x, 0.0),
    "matmul": lambda x: x @ x.__array_namespace__().ones((2, 2), device=x.device),
    "transpose": lambda x: x.T,
    "reshape": lambda x: kt.reshape(x, (-1,)),
    "broadcast": lambda x: kt.broadcast_to(x, (3, 2, 2)),
    "index": lambda x: x[0, ...],
    "concat": lambda x: kt.concat([x, x]),
    "stack": lambda x: kt.stack([x, x]),
    "astype": lambda x: kt.astype(x, "complex128"),
    "power 1": lambda x: x**1,
}


@both_ways
@pytest.mark.parametrize("name", LINEAR)
def test_second_derivative_of_linear_is_zero(device, name, way):
    """Zero, and no error: every gradient is connected, or says None."""
    x = leaf(device, [[1.0, 2.0], [3.0, 4.0]])

    def slope(x):
        y = LINEAR[name](x)
        g = kt.gradients([y], [x], [kt.ones_like(y)], create_graph=True)[0]
        return kt.sum(g * 1.0)

    if way == "forward over reverse":
        _, tangent = kt.jvp(slope, [x], [kt.ones_like(x)])
        assert tangent.item() == 0
        return
    first = slope(x)
    if first.requires_grad:
        (h,) = kt.gradients(first, x, allow_unused=True, retain_graph=True)
        assert h is None or not on_host(h).any()
    # Together with something curved, which is what users write.
    total = first + kt.sum(x**2)
    np.testing.assert_array_equal(on_host(kt.gradients(total, x)[0]), 2 * x.numpy())


def test_quantiles_at_an_element_have_the_slope_to_the_next(device):
    x, q = leaf(device, [1.0, 4.0, 2.0, 8.0]), leaf(device, [0.0, 1 / 3, 0.5, 1.0])
    np.testing.assert_allclose(grad(lambda q: np.quantile(x.detach(), q), q), [3.0, 6.0, 6.0, 12.0])
    g = grad(lambda q: np.quantile(x.detach(), q, method="hazen"), q)
    np.testing.assert_allclose(g, [0.0, 4.0, 8.0, 0.0])  # constant beyond the last place
    np.testing.assert_allclose(
        on_host(np.quantile(x.detach(), q, method="hazen")._array), [1.0, 11 / 6, 3.0, 8.0]
    )
    endless = leaf(device, [1.0, INF])
    y = np.quantile(endless, leaf(device, 1.0))
    assert on_host(y._array) == INF
