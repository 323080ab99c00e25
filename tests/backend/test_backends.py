"""Every backend on every device: wrapping, gradients of its own kind, values, laziness."""

import contextlib
import warnings

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _registry

VALUES = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


@pytest.fixture
def backend(target):
    return kt.backends.get(target.backend)


@pytest.fixture
def make(backend, device):
    """Makes a raw array of the backend on the device."""

    def make(values, dtype=None):
        raw = backend.from_numpy(np.asarray(values), device)
        return raw if dtype is None else backend.xp.astype(raw, backend.dtype(dtype))

    return make


def assert_own(raw, like, backend, device):
    """`raw` is an array of the library, dtype and device of `like`; never a scalar."""
    assert not isinstance(raw, (kt.GradArray, float, complex, np.generic))
    assert _registry.is_array(raw)
    assert kt.backends.of(raw) is backend
    assert type(raw) is type(like)
    assert raw.dtype == like.dtype
    assert backend.device(raw) == device


def host(raw):
    return kt.asarray(raw).numpy()


# -- wrapping ----------------------------------------------------------------------------------


def test_an_array_is_wrapped_without_a_copy(make, device, backend):
    raw = make(VALUES)
    for x in (
        kt.GradArray(raw),
        kt.asarray(raw),
        kt.GradArray(raw, device=device),
        kt.asarray(raw, dtype="float64"),
        kt.asarray(raw, copy=False),
        backend and kt.namespace(backend).asarray(raw),
    ):
        assert x._array is raw
        assert x.device == device
        assert tuple(x.shape) == (2, 3)
        assert x.ndim == 2
        assert x.size == 6
        assert x.dtype == raw.dtype


def test_a_copy_is_one_when_asked_for(make, backend):
    raw = make(VALUES)
    x = kt.asarray(raw, copy=True)
    assert x._array is not raw
    assert_own(x._array, raw, backend, backend.device(raw))
    np.testing.assert_array_equal(x.numpy(), VALUES)


@pytest.mark.parametrize(
    ("dtype", "tracked"),
    [("float32", True), ("float64", True), ("complex128", True), ("int64", False), ("bool", False)],
)
def test_floating_and_complex_arrays_are_tracked(make, backend, dtype, tracked):
    raw = make([0, 1, 1], dtype if dtype != "complex128" else None)
    if dtype == "complex128":
        raw = make(np.array([0j, 1j]))
    x = kt.GradArray(raw)
    assert x.requires_grad is tracked
    assert x.dtype == backend.dtype(dtype)
    assert not kt.asarray(raw).requires_grad
    assert not kt.GradArray(raw, requires_grad=False).requires_grad
    if not tracked:
        with pytest.raises(kt.DTypeError, match="only floating and complex arrays"):
            kt.GradArray(raw, requires_grad=True)


# -- gradients ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_arrays_of_the_same_library_dtype_and_device(make, device, backend, dtype):
    x = kt.GradArray(make(VALUES, dtype))
    w = kt.GradArray(make([1.0, -2.0, 0.5], dtype))
    b = kt.GradArray(make(0.5, dtype))
    y = kt.tanh(kt.matmul(x, w) + b)
    loss = kt.mean(y * y)
    loss.backward()
    for v in (x, w, b, y, loss):
        assert_own(v.grad, v._array, backend, device)
        assert tuple(v.grad.shape) == tuple(v.shape)
        assert type(v.grad) is type(v._array)
    # The same in NumPy, by hand.
    values = VALUES.astype(dtype)
    t = np.tanh(values @ np.array([1.0, -2.0, 0.5], dtype) + np.array(0.5, dtype))
    g = t * (1 - t * t)
    rtol = 1e-12 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(host(b.grad), g.sum(), rtol=rtol, atol=1e-7)
    np.testing.assert_allclose(host(w.grad), values.T @ g, rtol=rtol, atol=1e-7)


def test_a_gradient_of_one_number_is_an_array_of_no_axes(make, device, backend):
    x = kt.GradArray(make(2.0))
    y = x * x * 3.0
    y.backward()
    assert_own(x.grad, x._array, backend, device)
    assert tuple(x.grad.shape) == ()
    assert kt.asarray(x.grad).item() == 12.0
    first = x.grad
    y = x * x * 3.0
    y.backward()
    assert_own(x.grad, x._array, backend, device)
    assert kt.asarray(x.grad).item() == 24.0
    assert kt.asarray(first).item() == 12.0


def test_gradients_of_gradients_stay_there_too(make, device, backend):
    x = kt.GradArray(make([0.5, 2.0]))
    (g,) = kt.gradients(kt.sum(x**3), x, create_graph=True)
    assert isinstance(g, kt.GradArray)
    assert g.device == device
    (h,) = kt.gradients(kt.sum(g), x)
    assert_own(h, x._array, backend, device)
    np.testing.assert_allclose(host(h), [3.0, 12.0])


def test_a_gradient_may_be_given_as_raw_array_gradarray_or_list(make, device, backend):
    for grad in (make([1.0, 10.0]), kt.asarray(make([1.0, 10.0])), [1.0, 10.0]):
        x = kt.GradArray(make([0.5, 2.0]))
        (x * x).backward(grad)
        assert_own(x.grad, x._array, backend, device)
        np.testing.assert_allclose(host(x.grad), [1.0, 40.0])


def test_a_leafs_gradient_is_shared_with_nothing(make, backend):
    seed = make([1.0, 1.0])
    x, y = kt.GradArray(make([1.0, 2.0])), kt.GradArray(make([3.0, 4.0]))
    (x + y).backward(seed)
    raws = [x.grad, y.grad, seed, x._array]
    for i, a in enumerate(raws):
        for b in raws[:i]:
            assert a is not b
    if backend.writeable(x.grad):
        backend.set_item(x.grad, 0, 7.0)
        np.testing.assert_array_equal(host(y.grad), [1.0, 1.0])
        np.testing.assert_array_equal(host(seed), [1.0, 1.0])


def test_tangents_stay_there_too(make, device, backend):
    y, tangent = kt.jvp(lambda v: kt.exp(v * 2.0), (make([0.0, 0.5]),), (make([1.0, 3.0]),))
    for raw in (y, tangent):
        assert_own(raw, make([0.0]), backend, device)
    np.testing.assert_allclose(host(tangent), [2.0, 6 * np.e])


# -- leaving keratorch -------------------------------------------------------------------------


def test_item_numpy_and_tolist(make):
    x = kt.GradArray(make(VALUES))
    values = x.numpy()
    assert type(values) is np.ndarray
    assert values.flags.writeable
    np.testing.assert_array_equal(values, VALUES)
    values[0, 0] = 99.0
    np.testing.assert_array_equal(x.numpy(), VALUES)
    assert x.tolist() == VALUES.tolist()
    assert type(x.tolist()[0][0]) is float
    for raw, value in ((make([[2.5]]), 2.5), (make(2.5), 2.5), (make([3]), 3), (make(True), True)):
        item = kt.asarray(raw).item()
        assert item == value
        assert type(item) is type(value)
    with pytest.raises(kt.ShapeError, match=r"item\(\) needs an array of one element"):
        x.item()


def test_python_numbers_of_constants_only(make):
    x = kt.GradArray(make([2.0]))
    constant = x.detach()
    assert float(constant) == 2.0
    assert int(constant) == 2
    assert complex(constant) == 2.0
    assert bool(constant) is True
    assert bool(x) is True
    assert range(9)[kt.asarray(make(4))] == 4
    for call in (float, int, complex):
        with pytest.raises(kt.LostGradientError, match=r"item\(\) for its value, or detach\(\)"):
            call(x)
    with pytest.raises(kt.LostGradientError, match=r"__index__ .* integer: write int\(x.detach"):
        range(9).__getitem__(x)
    with pytest.raises(TypeError):
        range(9)[constant]
    assert f"{x:.1f}" == "2.0"


def test_repr_tells_the_values_and_what_it_is(make, device):
    x = kt.GradArray(make([1.0, 2.0]), name="weights")
    text = repr(x)
    assert text.startswith("GradArray(")
    assert text.endswith(")")
    assert f"device={str(device)!r}" in text
    assert "requires_grad=True" in text
    assert "name='weights'" in text
    assert "float64" in text
    assert "grad_op=MultiplyGrad" in repr(x * 2.0)
    assert "requires_grad" not in repr(x.detach())
    assert str(x) == text == f"{x}"


def test_len_and_iteration(make, device):
    x = kt.GradArray(make(VALUES))
    assert len(x) == 2
    rows = list(x)
    assert len(rows) == 2
    assert all(isinstance(row, kt.GradArray) and row.device == device for row in rows)
    for row, values in zip(rows, VALUES, strict=True):
        np.testing.assert_array_equal(row.numpy(), values)
    kt.sum(rows[0] * rows[1]).backward()
    np.testing.assert_array_equal(host(x.grad), VALUES[::-1])
    scalar = kt.GradArray(make(1.0))
    with pytest.raises(TypeError, match=r"len\(\) of a GradArray of shape \(\)"):
        len(scalar)
    with pytest.raises(TypeError, match=r"iteration over a GradArray of shape \(\)"):
        iter(scalar)


def test_the_namespace_of_an_array(make, xp):
    x = kt.GradArray(make(VALUES))
    assert x.__array_namespace__() is xp
    assert (x * 2.0).__array_namespace__() is xp
    assert xp.asarray(x) is x


def test_numpy_asarray_of_a_constant_on_the_cpu_alone(make, device):
    constant = kt.asarray(make(VALUES))
    with pytest.raises(kt.LostGradientError, match=r"would lose its gradient.*detach\(\)"):
        np.asarray(kt.GradArray(make(VALUES)))
    if device == "cpu":
        np.testing.assert_array_equal(np.asarray(constant), VALUES)
        assert np.asarray(constant, dtype=np.float32).dtype == np.float32
    else:
        with pytest.raises(kt.DeviceMismatchError, match=r"numpy\(\) or to_device\('cpu'\)"):
            np.asarray(constant)


# -- Dask --------------------------------------------------------------------------------------


@pytest.fixture
def computed():
    """Counts what Dask computes."""
    dask = pytest.importorskip("dask")
    runs = []

    def scheduler(graph, keys, **kwargs):
        runs.append(keys)
        return dask.get(graph, keys, **kwargs)

    with dask.config.set(scheduler=scheduler):
        yield runs


def test_dask_stays_lazy(computed):
    da = pytest.importorskip("dask.array")
    x = kt.GradArray(da.from_array(VALUES, chunks=(1, 3)))
    w = kt.GradArray(da.from_array(np.array([1.0, -2.0, 0.5]), chunks=3))
    h = kt.where(x @ w > 0, kt.tanh(x @ w), kt.exp(x @ w))
    y = kt.sum(h * x[:, 0]) + kt.mean(kt.max(x.T, axis=0)) + kt.sum(kt.concat([x, x])[1:, ::2])
    y.backward()
    assert computed == []
    assert type(x.grad) is type(w.grad) is da.Array
    found = [host(v.grad) for v in (x, w)]
    assert len(computed) == 2
    twins = [kt.GradArray(VALUES), kt.GradArray(np.array([1.0, -2.0, 0.5]))]
    x, w = twins
    h = kt.where(x @ w > 0, kt.tanh(x @ w), kt.exp(x @ w))
    y = kt.sum(h * x[:, 0]) + kt.mean(kt.max(x.T, axis=0)) + kt.sum(kt.concat([x, x])[1:, ::2])
    y.backward()
    for values, twin in zip(found, twins, strict=True):
        np.testing.assert_allclose(values, twin.grad, rtol=1e-13)


def test_dask_indexing_stays_lazy(computed):
    da = pytest.importorskip("dask.array")
    x = kt.GradArray(da.from_array(np.arange(4.0), chunks=2))
    picked = x[[0, 2, 2]]
    kt.sum(picked * picked).backward()
    assert computed == []
    np.testing.assert_array_equal(host(x.grad), [0.0, 0.0, 8.0, 0.0])


def test_dask_writes_sorting_and_windows_stay_lazy(computed):
    da = pytest.importorskip("dask.array")

    def f(x, order):
        y = x * 1.0
        y[1:5, None] = x[order, None]
        y[order] += kt.sort(x)[:4]
        y = y + kt.take_along_axis(y, kt.argsort(y), axis=0) + kt.roll(y, 1)
        return kt.sum(kt.nn.functional.max_pool1d(y[None, None], 2) * kt.cumulative_prod(y)[::2])

    values, order = np.linspace(0.5, 2.0, 8) ** 2, np.array([3, 0, 6, 1])
    found = kt.grad(f)(da.from_array(values, chunks=3), da.from_array(order, chunks=2))
    assert computed == []
    np.testing.assert_allclose(found.compute(), kt.grad(f)(values, order), rtol=1e-12)


def test_dask_moves_and_second_derivatives_stay_lazy(computed):
    da = pytest.importorskip("dask.array")
    x = kt.GradArray(da.from_array(np.array([0.5, 2.0]), chunks=1))
    (g,) = kt.gradients(kt.sum(x**3), x, create_graph=True)
    (h,) = kt.gradients(kt.sum(g), x)
    kt.jvp(lambda v: v * v, (x,), (x.detach(),))
    assert computed == []
    np.testing.assert_allclose(np.asarray(h), [3.0, 12.0])


# -- JAX and PyTorch compile what keratorch traces ---------------------------------------------


def model(kt_x, kt_w):
    return kt.mean((kt.tanh(kt_x @ kt_w) - 0.5) ** 2) + kt.sum(kt.where(kt_w > 0, kt_w, 0.0))


def gradient(x, w):
    """The gradient of the model in raw arrays, and the value."""
    leaf = kt.GradArray(w)
    value = model(kt.asarray(x), leaf)
    (g,) = kt.gradients(value, leaf)
    return value._array, g


def test_a_gradient_traces_under_jax_jit():
    jax = pytest.importorskip("jax")
    x, w = jax.numpy.asarray(VALUES), jax.numpy.asarray([1.0, -2.0, 0.5])
    traces = []

    @jax.jit
    def compiled(x, w):
        traces.append(1)
        return gradient(x, w)

    value, g = compiled(x, w)
    compiled(x * 2.0, w)
    assert len(traces) == 1
    expected_value, expected = gradient(VALUES, np.array([1.0, -2.0, 0.5]))
    assert isinstance(g, jax.Array)
    np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    np.testing.assert_allclose(g, expected, rtol=1e-12)


def test_jax_and_keratorch_differentiate_each_other():
    jax = pytest.importorskip("jax")
    w = jax.numpy.asarray([0.5, -2.0, 0.25])

    def slope(w):  # of the sum of w**3, in keratorch
        leaf = kt.GradArray(w)
        return kt.gradients(kt.sum(leaf**3), leaf)[0]

    jacobian = jax.jit(jax.jacobian(slope))(w)
    np.testing.assert_allclose(jacobian, np.diag(6 * np.asarray(w)), rtol=1e-12)
    many = jax.vmap(slope)(jax.numpy.stack([w, 2 * w]))
    np.testing.assert_allclose(many, 3 * np.stack([w, 2 * w]) ** 2, rtol=1e-12)


def test_indexing_traces_under_jax_jit():
    jax = pytest.importorskip("jax")

    @jax.jit
    def compiled(w):
        leaf = kt.GradArray(w)
        y = leaf[jax.numpy.asarray([0, 2, 2])]
        return kt.gradients(kt.sum(y * y) + kt.sum(leaf[1:]), leaf)[0]

    g = compiled(jax.numpy.asarray([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(g, [2.0, 1.0, 13.0])


def test_a_tracer_has_no_device():
    jax = pytest.importorskip("jax")
    seen = []

    @jax.jit
    def compiled(w):
        x = kt.GradArray(w)
        seen.extend([x.device, repr(x)[:9], (x * kt.ones_like(x)).device])
        return kt.sum(x + jax.numpy.ones(2))._array

    assert compiled(jax.numpy.ones(2)) == 4.0
    assert seen == [None, "GradArray", None]


def test_a_gradient_traces_under_torch_compile(full):
    torch = pytest.importorskip("torch")
    if not full:
        pytest.skip("PyTorch's compiler takes 5 to 15 s to start: run with --full")
    x, w = torch.tensor(VALUES), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own deprecations while it compiles
        compiled = torch.compile(gradient, backend="eager")
        value, g = compiled(x, w)
    expected_value, expected = gradient(VALUES, np.array([1.0, -2.0, 0.5]))
    assert type(g) is torch.Tensor
    np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    np.testing.assert_allclose(g, expected, rtol=1e-12)


# -- PyTorch -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_short_torch_tensors(name):
    torch = pytest.importorskip("torch")
    dtype = getattr(torch, name)
    x = kt.GradArray(torch.tensor([0.5, 1.0, -2.0], dtype=dtype))
    y = kt.sum(kt.tanh(x) * x + kt.max(x))
    y.backward()
    assert type(x.grad) is torch.Tensor
    assert x.grad.dtype == dtype
    values = np.array([0.5, 1.0, -2.0])
    expected = np.tanh(values) + values * (1 - np.tanh(values) ** 2) + [0.0, 3.0, 0.0]
    np.testing.assert_allclose(x.grad.float().numpy(), expected, rtol=0.02)
    assert kt.namespace("torch").zeros(2, dtype=name).dtype == dtype
    assert kt.astype(kt.GradArray(torch.ones(2)), name).dtype == dtype
    assert x[0].item() == 0.5
    np.testing.assert_array_equal(x.numpy(), values)
    assert x.to_device(kt.Device("numpy", "cpu")).tolist() == values.tolist()


def test_a_tensor_that_torch_records_is_refused():
    torch = pytest.importorskip("torch")
    tensor = torch.ones(2, requires_grad=True)
    for use in (kt.GradArray, kt.asarray, lambda t: kt.GradArray(torch.ones(2)) * t):
        with pytest.raises(kt.LostGradientError, match=r"recorded by PyTorch.*tensor\.detach\(\)"):
            use(tensor)
    assert kt.GradArray(tensor.detach())._array.requires_grad is False
    parameter = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(kt.LostGradientError):
        kt.GradArray(parameter)


def test_torch_views_that_are_no_plain_memory():
    torch = pytest.importorskip("torch")
    z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128)
    x = kt.GradArray(z.conj())
    np.testing.assert_array_equal(x.numpy(), [1 - 2j, 3 + 1j])
    kt.sum(kt.real(x * kt.conj(x))).backward()
    assert not x.grad.is_conj()
    assert x.grad.is_contiguous()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.numpy())


def test_torch_records_nothing():
    torch = pytest.importorskip("torch")
    with torch.enable_grad():
        x = kt.GradArray(torch.ones(3))
        kt.sum(kt.exp(x) * x).backward()
    assert not x.grad.requires_grad
    assert x.grad.grad_fn is None


# -- CuPy's adapter, as far as it goes without a GPU -------------------------------------------


def test_cupy_without_a_gpu_is_known_and_named():
    pytest.importorskip("cupy")
    backend = kt.backends.get("cupy")
    assert backend.name == "cupy"
    assert backend.dtype("float32") == np.float32
    assert backend.dtype(float) == np.float64
    assert backend.is_inexact(backend.dtype("complex64"))
    assert backend.is_complex(backend.dtype("complex64"))
    assert not backend.is_inexact(backend.dtype("int64"))
    with pytest.raises(kt.DTypeError):
        backend.dtype("object")
    with contextlib.suppress(kt.BackendUnavailableError):
        backend.require()
        pytest.skip("there is a GPU: the other tests run on it")
    assert backend.devices() == []
