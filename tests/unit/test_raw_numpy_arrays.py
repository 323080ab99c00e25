"""Raw NumPy arrays beside arrays of another library: taken where the library itself takes them."""

import operator

import numpy as np
import pytest

import keratorch as kt
from tests.devices import JAX, JAX_1, here
from tests.op_checks import on_device, on_host

ONE_DEVICE_EACH = True

VALUES = np.array([1.0, 2.0, 4.0], dtype="float32")
MATRIX = np.arange(1.0, 13.0, dtype="float32").reshape(3, 4)
OTHER = np.array([3.0, 0.5, 1.5])  # of another dtype
PLACES = np.array([2, 0])

#: A call with the namespace, an array of the library, and a raw NumPy array.
BESIDE = {
    "add": lambda xp, x, n: xp.add(x, n),
    "divide, left": lambda xp, x, n: xp.divide(n, x),
    "maximum": lambda xp, x, n: xp.maximum(x, n),
    "less": lambda xp, x, n: xp.less(x, n),
    "where, values": lambda xp, x, n: xp.where(x > 1.5, x, n),
    "where, condition": lambda xp, x, n: xp.where(n > 1.0, x, 0 * x),
    "clip": lambda xp, x, n: xp.clip(x, n, n + 1),
    "concat": lambda xp, x, n: xp.concat([n, x]),
    "matmul": lambda xp, x, n: xp.matmul(n, x),
    "broadcast_arrays": lambda xp, x, n: xp.broadcast_arrays(n, x)[1],
    "take": lambda xp, x, n: xp.take(x, PLACES),
    "solve": lambda xp, x, n: xp.linalg.solve(np.eye(3, dtype="f") + 1, x),
    "cross": lambda xp, x, n: xp.linalg.cross(n, x),
    "searchsorted": lambda xp, x, n: xp.searchsorted(x, n),
}
KEYS = {
    "integers": PLACES,
    "repeated": np.array([1, 1, 0]),
    "slice, integers": (slice(None), np.array([3, 0])),
    "mask": np.array([True, False, True]),
    "mask of all axes": MATRIX % 2 == 0,
    "one element": np.array(1),
    "none": np.array([], dtype=int),
    "a NumPy integer": np.int64(1),
    "slice of NumPy integers": slice(np.int64(0), np.int64(2)),
}


def backend_of(device):
    backend = kt.backends.get(device.backend)
    if backend.name.startswith("numpy"):
        pytest.skip("NumPy's own arrays")
    return backend


def takes_indices(device):
    """The backend, if NumPy arrays are indices into its arrays; else the test is skipped."""
    backend = backend_of(device)
    if not backend.takes_numpy_indices:
        pytest.skip(f"{backend.name} takes no NumPy arrays as indices")
    return backend


def leaf(device, values):
    return kt.GradArray(on_device(device, values))


def library_takes(call):
    """The result of the library alone; `None` where the library refuses."""
    try:
        return call()
    except Exception:
        return None


def check_same(found, wanted, x, y, device):
    """The same values and gradients; what came of the raw array lives beside `x`."""
    assert isinstance(found, kt.GradArray)
    assert type(found._array) is type(wanted._array)
    assert found.device == device
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    assert found.requires_grad == wanted.requires_grad
    if wanted.requires_grad:
        weights = on_device(device, np.arange(1, 1 + wanted.size).reshape(wanted.shape) + 0.5)
        weights = kt.astype(kt.asarray(weights), wanted.dtype)
        (g,) = kt.gradients(kt.sum(found * weights), x)
        (h,) = kt.gradients(kt.sum(wanted * weights), y)
        np.testing.assert_array_equal(on_host(g), on_host(h))


@pytest.mark.parametrize("name", BESIDE)
def test_beside(name, device):
    backend = backend_of(device)
    call, raw = BESIDE[name], on_device(device, VALUES)
    if not backend.takes_numpy:
        if name not in ("take", "solve"):
            with pytest.raises(kt.DeviceMismatchError):
                call(kt, kt.GradArray(raw), OTHER)
        return
    plain = library_takes(lambda: call(backend.xp, raw, OTHER))
    if plain is None:
        return
    converted = backend.from_numpy(OTHER, device)
    for wrap in (kt.GradArray, kt.asarray):
        x, y = wrap(raw), wrap(raw)
        try:
            found = call(kt, x, OTHER)
        except kt.BackendUnavailableError:
            continue  # Dask has no `cross`
        assert found.dtype == plain.dtype or name == "clip"  # array-api-compat casts the bounds
        check_same(found, call(kt, y, kt.asarray(converted)), x, y, device)
    assert call(kt, raw, OTHER).device == device  # both raw


@pytest.mark.parametrize("name", ["sub", "mul", "pow", "matmul", "lt"])
def test_operators(name, device):
    backend, call = backend_of(device), getattr(operator, name)
    n = backend.from_numpy(OTHER, device)
    for swapped in (False, True):
        x, y = leaf(device, VALUES), leaf(device, VALUES)
        if not backend.takes_numpy:
            with pytest.raises(kt.DeviceMismatchError):
                call(OTHER, x) if swapped else call(x, OTHER)
            continue
        found = call(OTHER, x) if swapped else call(x, OTHER)
        check_same(found, call(n, y) if swapped else call(y, kt.asarray(n)), x, y, device)


@pytest.mark.parametrize("name", ["iadd", "imul"])
def test_in_place(name, device):
    backend = backend_of(device)
    if not backend.takes_numpy:
        pytest.skip(f"{backend.name} takes no NumPy arrays beside its own")
    x, y = leaf(device, VALUES), leaf(device, VALUES)
    other = OTHER.astype("float32")
    found = getattr(operator, name)(x * 1.0, other)
    check_same(found, getattr(operator, name)(y * 1.0, on_device(device, other)), x, y, device)
    found, wanted = x * 1.0, y * 1.0
    found[1:], wanted[1:] = other[1:], on_device(device, other[1:])
    check_same(found, wanted, x, y, device)


@pytest.mark.parametrize("name", KEYS)
def test_indices(name, device):
    backend, key = backend_of(device), KEYS[name]
    raw = on_device(device, MATRIX)
    if library_takes(lambda: raw[key]) is None:
        if backend.name == "array_api_strict" and "slice" not in name and "a NumPy" not in name:
            with pytest.raises(kt.DeviceMismatchError):
                kt.GradArray(raw)[key]
        return
    if backend.lazy and "mask" in name:
        return  # a shape that nobody knows has no derivative
    x = kt.GradArray(raw)
    y = x[key]
    assert y.device == device
    np.testing.assert_array_equal(y.numpy(), MATRIX[key])
    kt.sum(y * y).backward()
    wanted = np.zeros_like(MATRIX)
    np.add.at(wanted, key, 2 * MATRIX[key])
    np.testing.assert_array_equal(on_host(x.grad), wanted)


@pytest.mark.parametrize("name", ["integers", "slice, integers", "mask", "a NumPy integer"])
def test_writes_by_indices(name, device):
    backend, key = takes_indices(device), KEYS[name]
    if backend.lazy and isinstance(key, tuple):
        pytest.skip("Dask writes by one array of indices alone")
    x, value = leaf(device, MATRIX), leaf(device, np.array(7.0, dtype="float32"))
    y = x * 2.0
    y[key] = value * 3.0
    wanted = MATRIX * 2.0
    wanted[key] = 21.0
    np.testing.assert_array_equal(y.numpy(), wanted)
    kt.sum(y).backward()
    kept = np.full_like(MATRIX, 2.0)
    kept[key] = 0.0
    np.testing.assert_array_equal(on_host(x.grad), kept)
    assert float(on_host(value.grad)) == 3.0 * np.sum(kept == 0.0)


#: Functions of NumPy and keratorch that take positions or a mask.
BY_POSITION = {
    "kt.take": lambda x: kt.take(x, PLACES, axis=1),
    "kt.take_along_axis": lambda x: kt.take_along_axis(x, PLACES.reshape(1, 2), axis=1),
    "np.take": lambda x: np.take(x, PLACES, axis=1),
    "np.take, matrix": lambda x: np.take(x, PLACES.reshape(1, 2), axis=1),
    "np.take, a NumPy integer": lambda x: np.take(x, np.int64(2), axis=1),
    "np.take_along_axis": lambda x: np.take_along_axis(x, PLACES.reshape(1, 2), axis=1),
    "np.compress": lambda x: np.compress(np.array([True, False, True]), x, axis=0),
    "np.extract": lambda x: np.extract(MATRIX > 3, x),
    "np.add.at": lambda x: _after(x, lambda y: np.add.at(y, PLACES, 1.0)),
    "np.put": lambda x: _after(x, lambda y: np.put(y, PLACES, 1.0)),
    "np.place": lambda x: _after(x, lambda y: np.place(y, MATRIX > 3, [1.0])),
    "np.put_along_axis": lambda x: _after(
        x, lambda y: np.put_along_axis(y, PLACES.reshape(1, 2), 1.0, axis=1)
    ),
}


def _after(x, write):
    y = x * 2.0
    write(y)
    return y


@pytest.mark.parametrize("name", BY_POSITION)
def test_functions_of_positions(name, device):
    if takes_indices(device).lazy:
        pytest.skip("functions of NumPy that look at values")
    x, y = leaf(device, MATRIX), kt.GradArray(MATRIX)
    found, wanted = BY_POSITION[name](x), BY_POSITION[name](y)
    assert found.device == device
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    kt.sum(found * found).backward()
    kt.sum(wanted * wanted).backward()
    np.testing.assert_array_equal(on_host(x.grad), y.grad)


def test_other_numbers_are_no_indices(device):
    takes_indices(device)
    x = leaf(device, VALUES)
    for key in (np.array([0.0, 1.0]), np.array([]), np.array(["a"]), np.array([0, 1], object)):
        with pytest.raises(kt.InvalidIndexError, match=r"astype\(int\)"):
            x[key]
    with pytest.raises(kt.DTypeError, match="integers"):
        kt.take(x, np.array([0.0, 1.0]))


def test_an_index_may_be_filled_again(device):
    takes_indices(device)
    places, x = np.array([0, 1]), leaf(device, VALUES)
    y = kt.sum(x[places] + kt.take(x, places))
    places[...] = 2
    y.backward()
    np.testing.assert_array_equal(on_host(x.grad), [2.0, 2.0, 0.0])


def test_a_numpy_integer_makes_a_view(device):
    if device.backend == "array_api_strict":
        pytest.skip("array-api-strict wants an index for each axis")
    x = leaf(device, MATRIX)
    y = x * 1.0
    row = y[np.int64(1)]
    row[0] = 7.0
    assert y.numpy()[1, 0] == 7.0
    kt.sum(y).backward()
    assert on_host(x.grad)[1, 0] == 0.0


def test_numpy_scalars_promote_as_in_the_library(device):
    if device.backend == "numpy_readonly":
        pytest.skip("its arrays are of no library")
    raw = on_device(device, VALUES)
    for scalar in (np.float64(2), np.float32(2), np.int64(2), np.float16(2)):
        plain = library_takes(lambda scalar=scalar: raw * scalar)
        if plain is not None:
            assert (kt.GradArray(raw) * scalar).dtype == plain.dtype


def test_seeds_and_tangents(device):
    if not backend_of(device).takes_numpy:
        pytest.skip("takes no NumPy arrays beside its own")
    x = leaf(device, VALUES)
    (x * x).backward(np.ones(3, "float32"))
    np.testing.assert_array_equal(on_host(x.grad), 2 * VALUES)
    _, t = kt.jvp(lambda x: x * x, (on_device(device, VALUES),), (np.ones(3, "float32"),))
    np.testing.assert_array_equal(on_host(t), 2 * VALUES)
    _, pullback = kt.vjp(lambda x: x * x, on_device(device, VALUES))
    (g,) = pullback(np.ones(3, "float32"))
    np.testing.assert_array_equal(on_host(g), 2 * VALUES)


def test_dtypes(device):
    backend, raw = backend_of(device), on_device(device, VALUES)
    if not backend.takes_numpy:
        pytest.skip("takes no NumPy arrays beside its own")
    wanted = (kt.asarray(raw) * OTHER).dtype
    assert kt.result_type(raw, OTHER) == kt.result_type(OTHER, raw) == wanted


def test_arguments_and_results_keep_their_library(device):
    if not backend_of(device).takes_numpy:
        pytest.skip("takes no NumPy arrays beside its own")
    raw = on_device(device, VALUES)
    grads = kt.grad(lambda x, n: kt.sum(x * x), argnums=(0, 1))(raw, OTHER)
    assert type(grads[0]) is type(raw)
    assert type(grads[1]) is np.ndarray
    (_, aux), _ = kt.value_and_grad(lambda x: (kt.sum(x * OTHER), OTHER), has_aux=True)(raw)
    assert aux is OTHER


class Ones(kt.Grad):
    """A rule that gives a NumPy array."""

    def backward(self, grad):
        return (np.ones(3, "float32"),)


def test_rules_and_hooks_may_give_numpy_arrays(device):
    backend, x = backend_of(device), leaf(device, VALUES)
    y = kt.GradArray(on_device(device, VALUES), grad_op=Ones(x))
    if not backend.takes_numpy:
        with pytest.raises(kt.DeviceMismatchError):
            kt.sum(y).backward()
        return
    kt.sum(y).backward()
    assert type(x.grad) is type(x._array)
    np.testing.assert_array_equal(on_host(x.grad), [1.0, 1.0, 1.0])
    x.zero_grad()
    x.register_hook(lambda grad: np.full(3, 5.0, "float32"))
    kt.sum(x * 2.0).backward()
    np.testing.assert_array_equal(on_host(x.grad), [5.0, 5.0, 5.0])


def test_a_numpy_gradarray_never_mixes(device):
    backend_of(device)
    a, x = kt.GradArray(VALUES), leaf(device, VALUES)
    i = kt.asarray(PLACES)
    for call in (
        lambda: a * x,
        lambda: x * a.detach(),
        lambda: kt.concat([OTHER, a, x]),
        lambda: kt.where(OTHER > 1, a, x),
        lambda: x[i],
        lambda: kt.take(x, i),
        lambda: a[kt.astype(x, "int32")],
    ):
        with pytest.raises(kt.DeviceMismatchError):
            call()


def test_jax_keeps_the_array_on_its_device():
    here(JAX, JAX_1)
    x = leaf(JAX_1, VALUES)
    for y in (OTHER * x, kt.concat([OTHER, x]), x[PLACES], kt.where(OTHER > 1, x, OTHER)):
        assert y.device == JAX_1
    with pytest.raises(kt.DeviceMismatchError):
        x * kt.asarray(on_device(JAX, VALUES))


def test_jax_compiles_numpy_constants():
    here(JAX)
    import jax

    def f(x):
        return kt.sum(x[PLACES] * OTHER[:2] + np.matmul(MATRIX[:2, :3], x))

    x = on_device(JAX, VALUES)
    found = jax.jit(kt.grad(f))(x)
    np.testing.assert_allclose(on_host(found), on_host(kt.grad(f)(x)), rtol=1e-6)
    np.testing.assert_allclose(on_host(found)[1], MATRIX[:2, 1].sum(), rtol=1e-6)


def test_jax_in_double_precision():
    here(JAX)
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        x = kt.GradArray(on_device(JAX, VALUES))
        assert (x * OTHER).dtype == np.float64
        assert (x * np.float64(2)).dtype == np.float64
        kt.sum(x * OTHER).backward()
        assert x.grad.dtype == np.float32
    finally:
        jax.config.update("jax_enable_x64", before)
