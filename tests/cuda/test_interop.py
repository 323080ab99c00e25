"""CuPy's own functions, called with `GradArray`s: its hook, NumPy's protocol, methods."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")

MATRIX = np.array([[0.3, -0.2, 0.9], [-0.7, 0.5, 0.1]])
POSITIVE = np.array([0.5, 1.5, 2.5])


@pytest.fixture(autouse=True)
def current(device):
    """CuPy's own functions run on the current device."""
    with cupy.cuda.Device(device.index):
        yield


def leaf(device, values) -> kt.GradArray:
    return kt.GradArray(on_device(device, np.asarray(values)))


def assert_same(found: kt.GradArray, wanted: kt.GradArray, *leaves: kt.GradArray) -> None:
    """Two results have the same value and the same gradients."""
    assert type(found) is kt.GradArray
    assert type(found._array) is cupy.ndarray
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-12)
    grads = []
    for y in (found, wanted):
        assert y.requires_grad
        for x in leaves:
            x.zero_grad()
        kt.sum(y * y).backward(retain_graph=True)
        grads.append([on_host(x.grad) for x in leaves])
    for g, w in zip(*grads, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-12)


# -- ufuncs --------------------------------------------------------------------------------------

UNARY = {
    **{n: getattr(kt, n) for n in ("abs", "cos", "exp", "expm1", "negative", "reciprocal", "sin")},
    **{n: getattr(kt, n) for n in ("sinh", "cosh", "tan", "tanh", "square", "log1p", "positive")},
    **{f"arc{n}": getattr(kt, f"a{n}") for n in ("sin", "cos", "tan", "sinh", "tanh")},
    "absolute": kt.abs,
    "fabs": kt.abs,
    "deg2rad": lambda x: x * (math.pi / 180),
    "radians": lambda x: x * (math.pi / 180),
    "rad2deg": lambda x: x * (180 / math.pi),
    "degrees": lambda x: x * (180 / math.pi),
    "exp2": kt.special.exp2,
    "cbrt": kt.special.cbrt,
    "sinc": kt.special.sinc,
}
BINARY = {
    **{n: getattr(kt, n) for n in ("add", "subtract", "multiply", "divide", "hypot")},
    **{n: getattr(kt, n) for n in ("logaddexp", "maximum", "minimum", "remainder")},
    "true_divide": kt.divide,
    "power": kt.pow,
    "arctan2": kt.atan2,
    "mod": kt.remainder,
    "fmax": kt.maximum,
    "fmin": kt.minimum,
    "logaddexp2": lambda x, y: kt.logaddexp(x * math.log(2), y * math.log(2)) / math.log(2),
    "fmod": kt.remainder,  # of positive numbers
    "float_power": kt.pow,
}


@pytest.mark.parametrize("name", UNARY)
def test_unary_ufunc(device, name):
    x = leaf(device, MATRIX)
    assert_same(getattr(cupy, name)(x), UNARY[name](x), x)


@pytest.mark.parametrize("name", BINARY)
def test_binary_ufunc(device, name):
    """With a `GradArray`, a raw array and a Python number on the other side."""
    x, y = leaf(device, POSITIVE), leaf(device, POSITIVE[::-1] + 0.1)
    function, ours = getattr(cupy, name), BINARY[name]
    assert_same(function(x, y), ours(x, y), x, y)
    assert_same(function(x, y._array), ours(x, y._array), x)
    assert_same(function(x._array, y), ours(x._array, y), y)
    assert_same(function(x, 2.0), ours(x, 2.0), x)


@pytest.mark.parametrize(
    "name", ["digamma", "erf", "erfc", "expit", "gammaln", "i0", "i1e", "j0", "ndtr", "psi"]
)
def test_special_function(device, name):
    import cupyx.scipy.special

    x = leaf(device, POSITIVE)
    ours = getattr(kt.special, {"psi": "digamma"}.get(name, name))
    assert_same(getattr(cupyx.scipy.special, name)(x), ours(x), x)


def test_kernels_are_told_apart_by_identity(device):
    """Two kernels of CuPy may have one name, and one of ours may have that of a ufunc."""
    impostor = cupy.ElementwiseKernel("T x", "T y", "y = 7 * x", cupy.sin.name)
    assert impostor.name == cupy.sin.name
    x = leaf(device, POSITIVE)
    with pytest.raises(kt.errors.NotDifferentiableError, match="cupy_sin"):
        impostor(x)
    np.testing.assert_array_equal(impostor(x.detach()).numpy(), 7 * POSITIVE)


def test_every_ufunc_is_differentiated_constant_or_refused(device):
    """None of CuPy's ufuncs returns a plain array for a tracked one."""
    import cupyx.scipy.special

    ufuncs = {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in (cupy, cupyx.scipy.special)
        for name in dir(module)
        if isinstance(getattr(module, name), cupy.ufunc)
    }
    assert len(ufuncs) > 150
    x = leaf(device, [0.25, 0.75])
    for name, function in ufuncs.items():
        try:
            found = function(*[x] * function.nin)
        except (TypeError, kt.errors.NotDifferentiableError) as error:
            refusals = ("no rule", "no derivative", "type")
            assert any(r in str(error) for r in refusals), name
            continue
        for y in found if isinstance(found, tuple) else (found,):
            assert type(y) is kt.GradArray, name


def test_where(device):
    x, y = leaf(device, MATRIX), leaf(device, MATRIX + 1)
    mask = on_device(device, MATRIX > 0)
    assert_same(cupy.where(mask, x, 0), kt.where(mask, x, 0), x)
    assert_same(cupy.where(x > 0, x, y), kt.where(mask, x, y), x, y)
    assert_same(cupy.where(mask, 1.5, x), kt.where(mask, 1.5, x), x)


def test_dtype_is_that_asked_for(device):
    x = leaf(device, POSITIVE.astype("float32"))
    y = cupy.add(x, 1, dtype="float64")
    assert y.dtype == "float64"
    kt.sum(y).backward()
    assert x.grad.dtype == "float32"


def test_constants_pass_through(device):
    x = kt.asarray(on_device(device, POSITIVE))
    y = cupy.heaviside(x, 0.5)
    assert not y.requires_grad
    np.testing.assert_array_equal(y.numpy(), np.heaviside(POSITIVE, 0.5))
    assert cupy.isneginf(leaf(device, POSITIVE)).numpy().sum() == 0


# -- operators with a raw array on the left ------------------------------------------------------


@pytest.mark.parametrize(
    "operator",
    [
        lambda a, x: a * x, lambda a, x: a + x, lambda a, x: a - x, lambda a, x: a / x,
        lambda a, x: a**x, lambda a, x: a % x, lambda a, x: a @ x,
    ],
    ids=["*", "+", "-", "/", "**", "%", "@"],
)  # fmt: skip
def test_raw_array_on_the_left(device, operator):
    x, a = leaf(device, POSITIVE), on_device(device, POSITIVE + 0.3)
    assert_same(operator(a, x), operator(kt.asarray(a), x), x)
    check_grads(lambda v: operator(a, v), [x._array], order=2)


def test_a_constant_on_the_right_of_matmul(device):
    """As in code that trains, run under `no_grad` afterwards."""
    x, a = leaf(device, POSITIVE), on_device(device, POSITIVE + 0.3)
    with kt.no_grad():
        y = a @ (x * 2)
        a @= kt.asarray(on_device(device, MATRIX.T @ MATRIX))
    assert type(y) is kt.GradArray
    np.testing.assert_allclose(y.item(), (POSITIVE + 0.3) @ (POSITIVE * 2))
    np.testing.assert_allclose(on_host(a), (POSITIVE + 0.3) @ (MATRIX.T @ MATRIX))


def test_comparison_with_a_raw_array_on_the_left(device):
    x, a = leaf(device, POSITIVE), on_device(device, POSITIVE[::-1])
    for found, wanted in ((a > x, POSITIVE[::-1] > POSITIVE), (a == x, POSITIVE[::-1] == POSITIVE)):
        assert type(found) is kt.GradArray
        np.testing.assert_array_equal(found.numpy(), wanted)


# -- functions that call methods -----------------------------------------------------------------

METHODS = {
    "sum": (lambda x: cupy.sum(x, axis=1), lambda x: kt.sum(x, axis=1)),
    "sum of all": (cupy.sum, kt.sum),
    "mean": (
        lambda x: cupy.mean(x, axis=0, keepdims=True),
        lambda x: kt.mean(x, axis=0, keepdims=True),
    ),
    "prod": (lambda x: cupy.prod(x, axis=1), lambda x: kt.prod(x, axis=1)),
    "max": (lambda x: cupy.max(x, axis=1), lambda x: kt.max(x, axis=1)),
    "amin": (cupy.amin, kt.min),
    "ptp": (lambda x: cupy.ptp(x, axis=1), lambda x: kt.max(x, axis=1) - kt.min(x, axis=1)),
    "var": (lambda x: cupy.var(x, axis=1, ddof=1), lambda x: kt.var(x, axis=1, correction=1)),
    "std": (lambda x: cupy.std(x), lambda x: kt.std(x)),
    "clip": (lambda x: cupy.clip(x, -0.1, 0.4), lambda x: kt.clip(x, -0.1, 0.4)),
    "copy": (cupy.copy, kt.copy),
    "diagonal": (cupy.diagonal, lambda x: kt.linalg.diagonal(x)),
    "trace": (cupy.trace, lambda x: kt.linalg.trace(x)),
    "dot": (lambda x: cupy.dot(x, x.T), lambda x: x @ x.T),
    "flip": (lambda x: cupy.flip(x, 1), lambda x: kt.flip(x, axis=1)),
    "fliplr": (cupy.fliplr, lambda x: kt.flip(x, axis=1)),
    "flipud": (cupy.flipud, lambda x: kt.flip(x, axis=0)),
    "rot90": (cupy.rot90, lambda x: kt.flip(x, axis=1).T),
    "matrix_transpose": (cupy.matrix_transpose, kt.matrix_transpose),
    "transpose": (cupy.transpose, lambda x: x.T),
    "permute_dims": (lambda x: cupy.permute_dims(x, (1, 0)), lambda x: x.T),
    "swapaxes": (lambda x: cupy.swapaxes(x, 0, 1), lambda x: x.T),
    "ravel": (cupy.ravel, lambda x: kt.reshape(x, (-1,))),
    "reshape": (lambda x: cupy.reshape(x, (3, 2)), lambda x: kt.reshape(x, (3, 2))),
    "reshape in Fortran's order": (
        lambda x: cupy.reshape(x, (3, 2), order="F"),
        lambda x: kt.reshape(x.T, (2, 3)).T,
    ),
    "repeat": (lambda x: cupy.repeat(x, 2, axis=1), lambda x: kt.repeat(x, 2, axis=1)),
    "sort": (lambda x: cupy.sort(x, axis=1), lambda x: kt.sort(x, axis=1)),
    "squeeze": (lambda x: cupy.squeeze(x[:, None]), lambda x: x * 1),
    "take": (lambda x: cupy.take(x, cupy.asarray([1, 1, 0])), lambda x: kt.reshape(x, (-1,))[
        kt.asarray(cupy.asarray([1, 1, 0]))]),
    "take along": (
        lambda x: cupy.take(x, cupy.asarray([[2, 0]]), axis=1),
        lambda x: kt.reshape(kt.take(x, cupy.asarray([2, 0]), axis=1), (2, 1, 2)),
    ),
    "compress": (
        lambda x: cupy.compress(cupy.asarray([True, False, True]), x, axis=1),
        lambda x: x[:, ::2],
    ),
    "x.sum(dtype)": (
        lambda x: x.sum(0, "float64", None, True),
        lambda x: kt.sum(x, axis=0, keepdims=True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_function_that_calls_methods(device, name):
    theirs, ours = METHODS[name]
    x = leaf(device, MATRIX)
    assert_same(theirs(x), ours(x), x)


def test_functions_of_positions(device):
    x = leaf(device, MATRIX)
    assert cupy.argmax(x).item() == 2
    np.testing.assert_array_equal(cupy.argmin(x, axis=1).numpy(), [1, 0])
    np.testing.assert_array_equal(cupy.argsort(x, axis=1).numpy(), np.argsort(MATRIX, axis=1))


# -- hazards: a gradient is kept, or an error says so --------------------------------------------


def test_cupy_cannot_unwrap_a_tracked_array(device):
    """With one of these CuPy would take the values, and the gradient would be lost."""
    x = leaf(device, POSITIVE)
    for name in ("__cupy_get_ndarray__", "__cuda_array_interface__"):
        for tracked in (x, x * 2):
            assert not hasattr(tracked, name)
    with pytest.raises(kt.LostGradientError):
        cupy.asarray(x)
    constant = kt.asarray(x._array)
    assert cupy.asarray(constant).data.ptr == x._array.data.ptr


@pytest.mark.parametrize("name", ["__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"])
def test_writing_into_a_raw_array_is_refused(device, name):
    """``a += x`` arrives at the hook as (a, x, a)."""
    a, x = on_device(device, POSITIVE), leaf(device, POSITIVE)
    with pytest.raises(kt.errors.LostGradientError, match=r"a = a \+ x"):
        getattr(a, name)(x)
    np.testing.assert_array_equal(on_host(a), POSITIVE)
    a += kt.asarray(on_device(device, POSITIVE))  # a constant has no gradient to lose
    assert type(a) is cupy.ndarray
    np.testing.assert_array_equal(on_host(a), 2 * POSITIVE)


def test_tables_of_pandas_come_to_constants_of_a_device(device):
    """pandas cannot read those, and would leave them to no one."""
    pd = pytest.importorskip("pandas")
    series = pd.Series(POSITIVE[0])
    c = kt.asarray(on_device(device, POSITIVE[0]))
    for y in (series * c, c * series):
        assert type(y._array) is cupy.ndarray
        np.testing.assert_array_equal(on_host(y._array), POSITIVE[0] ** 2)
    with pytest.raises(kt.DeviceMismatchError):
        series *= c


def test_raw_arrays_as_out_are_refused(device):
    x, a = leaf(device, POSITIVE), on_device(device, POSITIVE)
    with pytest.raises(kt.errors.LostGradientError):
        cupy.sin(x, a)
    with pytest.raises(kt.errors.LostGradientError):
        cupy.sin(x, out=a)
    with pytest.raises(kt.LeafWriteError):
        cupy.sin(a, x)
    with pytest.raises(TypeError):
        cupy.sum(x, out=a)
    np.testing.assert_array_equal(on_host(a), POSITIVE)
    assert cupy.sin(x.detach(), a) is a


LOSSES = {
    "a[...] = x": lambda a, x: a.__setitem__(slice(None), x),
    "a[0] = x[0]": lambda a, x: a.__setitem__(0, x[0]),
    "a[mask] = x": lambda a, x: a.__setitem__(a > -1, x),
    "array": lambda a, x: cupy.array(x),
    "asarray": lambda a, x: cupy.asarray(x),
    "asarray of a list": lambda a, x: cupy.asarray([x[0], x[1]]),
    "from_dlpack": lambda a, x: cupy.from_dlpack(x),
    "fill": lambda a, x: a.fill(x[0]),
    "full": lambda a, x: cupy.full(3, x[0]),
    "linspace": lambda a, x: cupy.linspace(x[0], 1, 3),
    "percentile": lambda a, x: cupy.percentile(x, 50),
    "quantile": lambda a, x: cupy.quantile(x, 0.5),
    "percentile of q": lambda a, x: cupy.percentile(a, x),
    "nancumsum": lambda a, x: cupy.nancumsum(x),
    "nancumprod": lambda a, x: cupy.nancumprod(x),
    "bincount": lambda a, x: cupy.bincount(cupy.asarray([0, 1, 1]), weights=x),
    "empty_like": lambda a, x: cupy.empty_like(x),
    "put": lambda a, x: cupy.put(a, cupy.asarray([0]), x),
    "copyto": lambda a, x: cupy.copyto(a, x),
    "place": lambda a, x: cupy.place(a, a > -1, x),
    "add.at": lambda a, x: cupy.add.at(a, cupy.asarray([0]), x),
    "fill_diagonal": lambda a, x: cupy.fill_diagonal(cupy.zeros((3, 3)), x),
    "concatenate": lambda a, x: cupy.concatenate([x, x]),
    "einsum": lambda a, x: cupy.einsum("i->", x),
    "matmul": lambda a, x: cupy.matmul(a, x),
    "a.dot": lambda a, x: a.dot(x),
    "cumsum": lambda a, x: cupy.cumsum(x),
    "ReductionKernel": lambda a, x: cupy.ReductionKernel(
        "T x", "T y", "x", "a + b", "y = a", "0", "some_reduction"
    )(x),
    "RawKernel": lambda a, x: cupy.RawKernel(
        'extern "C" __global__ void some_raw_kernel(double* x) {}', "some_raw_kernel"
    )((1,), (1,), (x,)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_would_lose_a_gradient_is_refused(device, name):
    a, x = on_device(device, POSITIVE), leaf(device, POSITIVE)
    with pytest.raises((TypeError, AttributeError, kt.errors.KeratorchError)):
        LOSSES[name](a, x)
    np.testing.assert_array_equal(on_host(a), POSITIVE)


def test_piecewise_is_constant(device):
    """It reads no more of x than its shape and dtype: its values are those of the pieces."""
    x = leaf(device, POSITIVE)
    found = cupy.piecewise(x, [cupy.asarray([True, False, True])], [1, 2])
    np.testing.assert_array_equal(on_host(found), [1, 2, 1])


# -- kernels of one's own ------------------------------------------------------------------------


def cube_kernel():
    return cupy.ElementwiseKernel("T x, T s", "T y", "y = s * x * x * x", "scaled_cube")


def test_an_unknown_kernel_is_refused_by_name(device):
    kernel = cube_kernel()
    x = leaf(device, POSITIVE)
    with pytest.raises(kt.errors.NotDifferentiableError, match=r"'scaled_cube'.*register_kernel_"):
        kernel(x, x)
    constant = x.detach()
    np.testing.assert_allclose(kernel(constant, constant).numpy(), POSITIVE**4)


def test_register_kernel_grad_with_a_function(device):
    kernel = cube_kernel()
    kt.register_kernel_grad(kernel, lambda grad, x, s: (3 * s * x * x * grad, x * x * x * grad))
    x, s = on_device(device, POSITIVE), on_device(device, np.array([[1.0], [2.0]]))
    check_grads(lambda x, s: kernel(x, s), [x, s], order=2)
    check_grads(lambda x: kernel(x, s), [x], order=2)
    tracked = kt.GradArray(x)
    assert type(kernel(tracked, s)._grad_op).__name__ == "scaled_cube_grad"
    assert not kernel(tracked.detach(), s).requires_grad


def test_a_kernel_whose_parameters_are_all_raw(device):
    """CuPy drops `size=` before keratorch is asked."""
    kernel = cupy.ElementwiseKernel("raw T x", "raw T y", "y[i] = 2 * x[i]", "all_raw")
    kt.register_kernel_grad(kernel, lambda grad, x: 2 * grad)
    with pytest.raises(kt.errors.ShapeError, match=r"'all_raw'.*make one parameter not raw"):
        kernel(leaf(device, POSITIVE), size=3)
    kernel = cupy.ElementwiseKernel("raw T x, T like", "T y", "y = 2 * x[i]", "one_not_raw")
    kt.register_kernel_grad(kernel, lambda grad, x, like: (2 * grad, None))
    x = leaf(device, POSITIVE)
    kt.sum(kernel(x, x.detach())).backward()
    np.testing.assert_array_equal(on_host(x.grad), np.full(3, 2.0))


def test_register_kernel_grad_with_a_kernel(device):
    kernel = cube_kernel()
    backward = cupy.ElementwiseKernel(
        "T g, T x, T s", "T gx, T gs", "gx = 3 * s * x * x * g; gs = x * x * x * g", "cube_back"
    )
    kt.register_kernel_grad(kernel, backward)
    x, s = leaf(device, POSITIVE), leaf(device, [2.0])
    y = kernel(x, s)
    kt.sum(y).backward(retain_graph=True)
    np.testing.assert_allclose(on_host(x.grad), 6 * POSITIVE**2)
    np.testing.assert_allclose(on_host(s.grad), [np.sum(POSITIVE**3)])
    with pytest.raises(kt.errors.NotDifferentiableError, match="cube_back"):
        kt.sum(y).backward(create_graph=True)
    kt.register_kernel_grad(
        backward,
        lambda grads, g, x, s: (
            3 * s * x * x * grads[0] + x * x * x * grads[1],
            6 * s * x * g * grads[0] + 3 * x * x * g * grads[1],
            3 * x * x * g * grads[0],
        ),
    )
    check_grads(lambda x, s: kernel(x, s), [x._array, s._array], order=2)


def test_register_kernel_grad_with_the_output(device):
    """A kernel that takes one array more is given the output."""
    kernel = cupy.ElementwiseKernel("T x", "T y", "y = exp(x)", "my_exp")
    backward = cupy.ElementwiseKernel("T g, T x, T y", "T gx", "gx = g * y", "my_exp_back")
    kt.register_kernel_grad(kernel, backward)
    x = leaf(device, POSITIVE)
    kt.sum(kernel(x)).backward()
    np.testing.assert_allclose(on_host(x.grad), np.exp(POSITIVE))


def test_register_kernel_grad_refuses_what_it_cannot_use(device):
    raw = cupy.RawKernel('extern "C" __global__ void f(double* x) {}', "f")
    with pytest.raises(TypeError, match="RawKernel"):
        kt.register_kernel_grad(raw, lambda grad, x: grad)
    with pytest.raises(TypeError, match="must be a function"):
        kt.register_kernel_grad(cube_kernel(), "x")
    backward = cupy.ElementwiseKernel("T g", "T x", "x = g", "too_little")
    with pytest.raises(kt.errors.RuleError, match="too_little"):
        kt.register_kernel_grad(cube_kernel(), backward)


def test_register_kernel_grad_refuses_a_reduction(device):
    """CuPy asks nobody about a `ReductionKernel`: a rule for one would never be called."""
    kernel = cupy.ReductionKernel("T x", "T y", "x * x", "a + b", "y = a", "0", "squares")
    with pytest.raises(TypeError, match=r"ReductionKernel .*keratorch\.Grad"):
        kt.register_kernel_grad(kernel, lambda grad, x: 2 * x * grad)


# -- NumPy's scalars ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "complex64"])
@pytest.mark.parametrize(
    "scalar",
    [np.float64(2), np.float32(2), np.float16(2), np.int64(2), np.int8(2), np.complex128(2j)],
    ids=lambda s: type(s).__name__,
)
def test_a_scalar_of_numpy_promotes_as_it_does_in_cupy(device, dtype, scalar):
    raw = on_device(device, np.ones(3, dtype))
    x = kt.asarray(raw)
    for function in (
        lambda a: a * scalar,
        lambda a: scalar - a,
        lambda a: cupy.add(a, scalar),
        lambda a: cupy.where(a == 1, a, scalar),
    ):
        found, wanted = function(x), function(raw)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.numpy(), on_host(wanted))


def test_the_gradient_beside_a_scalar_of_numpy(device):
    """The product is of float64, as NumPy's is; the gradient of the dtype of its array."""
    x = leaf(device, POSITIVE.astype("float32"))
    y = kt.sum(np.float64(0.1) * x * x)
    assert y.dtype == "float64"
    y.backward()
    assert x.grad.dtype == "float32"
    np.testing.assert_allclose(on_host(x.grad), 0.2 * POSITIVE, rtol=1e-6)


# -- what is written at indices ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["add", "subtract", "maximum", "minimum", "scatter_add"])
def test_scatter_into_a_tracked_array(device, name):
    """``cupy.add.at(x, i, v)`` and ``cupyx.scatter_add`` are recorded, as ``numpy.add.at`` is."""
    import cupyx

    at = cupyx.scatter_add if name == "scatter_add" else getattr(cupy, name).at
    on_numpy = np.add.at if name == "scatter_add" else getattr(np, name).at
    index = np.array([0, 2, 0])
    x, v = leaf(device, POSITIVE), leaf(device, np.array([4.0, 1.0, 5.0]))
    a, b = kt.GradArray(POSITIVE), kt.GradArray(np.array([4.0, 1.0, 5.0]))
    y, wanted = x * 2, a * 2
    try:
        on_numpy(wanted, index, b)
    except kt.errors.KeratorchError as error:
        with pytest.raises(type(error)):
            at(y, on_device(device, index), v)
        return
    at(y, on_device(device, index), v)
    kt.sum(y * y).backward()
    kt.sum(wanted * wanted).backward()
    np.testing.assert_allclose(y.detach().numpy(), wanted.detach().numpy())
    np.testing.assert_allclose(on_host(x.grad), a.grad)
    np.testing.assert_allclose(on_host(v.grad), b.grad)


# -- to the host, and fused functions ------------------------------------------------------------


def test_get(device):
    """CuPy's own way to the host: of constants; a NumPy-backed array has none, as NumPy."""
    x = leaf(device, POSITIVE)
    values = x.detach().get()
    assert type(values) is np.ndarray
    np.testing.assert_array_equal(values, POSITIVE)
    with pytest.raises(kt.errors.LostGradientError, match="to_device"):
        x.get()
    with kt.no_sync(), pytest.raises(kt.errors.SyncError, match="get"):
        x.detach().get()
    assert not hasattr(kt.GradArray(POSITIVE), "get")


def test_a_fused_function_differentiates(device):
    """Raw arrays go through the one kernel, `GradArray`s through the function."""
    import keratorch.cupy as kcp

    def plain(x, y):
        return kcp.sin(x) * y + kcp.where(x > y, x, y)

    x, y = leaf(device, POSITIVE), leaf(device, POSITIVE[::-1].copy())
    for fused in (kcp.fuse(plain), kcp.fuse()(plain), kcp.fuse(kernel_name="mine")(plain)):
        assert_same(fused(x, y), plain(x, y), x, y)
        assert_same(fused(x, y._array), plain(x, y._array), x)
        raw = fused(x._array, y._array)
        assert type(raw) is cupy.ndarray
        np.testing.assert_allclose(on_host(raw), plain(x, y).detach().numpy(), rtol=1e-12)


def test_get_array_module(device):
    """CuPy's own answers numpy for a GradArray, and the error that follows says so."""
    import keratorch.cupy as kcp
    import keratorch.numpy as knp

    x = leaf(device, POSITIVE)
    assert cupy.get_array_module(x) is np
    zeros = kt.asarray(cupy.get_array_module(x).zeros(3))
    with pytest.raises(kt.DeviceMismatchError, match=r"keratorch\.cupy\.get_array_module"):
        x + zeros
    assert kcp.get_array_module(x) is kcp
    assert kcp.get_array_module(1.0, x._array) is kcp
    assert kcp.get_array_module(kt.asarray(POSITIVE)) is knp
    y = x + kcp.get_array_module(x).zeros(3)
    assert y.requires_grad


@pytest.mark.parametrize("name", ["numpy", "keratorch.numpy", "keratorch.cupy"])
def test_arrays_are_made_beside_one_of_the_device(device, name):
    xp = importlib.import_module(name)
    x = leaf(device, POSITIVE)
    table = xp.zeros((2, len(POSITIVE)), like=x)
    table[0] = x * x
    for y in (table, xp.arange(3, like=x), xp.asarray([1.0], like=x), xp.full(2, x[0], like=x)):
        assert isinstance(y._array, cupy.ndarray)
        assert y.device == x.device
    kt.sum(table + xp.full(1, x[0], like=x)).backward()
    assert isinstance(x.grad, cupy.ndarray)
