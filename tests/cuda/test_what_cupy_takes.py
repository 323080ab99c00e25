"""What CuPy's functions take, `keratorch.cupy` takes: NumPy arrays, ``out=``, methods of ufuncs.

Each case runs with CuPy first. Where CuPy takes the arguments, keratorch must give the same values,
and the gradients that the same call gives with CuPy arrays alone.
"""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host

cupy = pytest.importorskip("cupy")
cupyx = pytest.importorskip("cupyx")
kcp = pytest.importorskip("keratorch.cupy")

# CuPy's own `scatter_add` warns that its name is old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

VALUES = np.array([1.0, 2.0, 4.0])
MATRIX = np.arange(1.0, 7.0).reshape(2, 3)
N = np.array([3.0, 0.5, 1.5])
PLACES = np.array([0, 2])
MASK = np.array([True, False, True])


@pytest.fixture(autouse=True)
def current(device):
    """CuPy's own functions run on the current device."""
    with cupy.cuda.Device(device.index):
        yield


def leaf(device, values) -> kt.GradArray:
    return kt.GradArray(on_device(device, np.asarray(values)))


def moved(value):
    """`value`, with CuPy arrays in place of NumPy's."""
    if isinstance(value, np.ndarray):
        return cupy.asarray(value)
    if isinstance(value, (list, tuple)):
        return type(value)(moved(v) for v in value)
    return value


#: A call with the module, a vector, a matrix, and the function that a second run passes NumPy
#: arrays through.
CALLS = {
    "append": lambda m, v, x, a: m.append(v, a(N)),
    "append, left": lambda m, v, x, a: m.append(a(N), v),
    "cov": lambda m, v, x, a: m.cov(v, a(N)),
    "corrcoef": lambda m, v, x, a: m.corrcoef(v, a(N)),
    "cross": lambda m, v, x, a: m.cross(a(N), v),
    "setdiff1d": lambda m, v, x, a: m.setdiff1d(v, a(N)),
    "intersect1d": lambda m, v, x, a: m.intersect1d(v, a(VALUES[:2])),
    "gradient": lambda m, v, x, a: m.gradient(v, a(np.cumsum(N))),
    "isclose": lambda m, v, x, a: m.isclose(v, a(N)),
    "broadcast_arrays": lambda m, v, x, a: m.broadcast_arrays(v, a(N))[0],
    "vstack": lambda m, v, x, a: m.vstack([v, a(N)]),
    "hstack": lambda m, v, x, a: m.hstack((a(N), v)),
    "dstack": lambda m, v, x, a: m.dstack([v, a(N)]),
    "diff": lambda m, v, x, a: m.diff(v, prepend=a(N[:1])),
    "linspace": lambda m, v, x, a: m.linspace(v, a(N), 3),
    "einsum": lambda m, v, x, a: m.einsum("i,i->i", a(N), v),
    "polyval": lambda m, v, x, a: m.polyval(v, a(N)),
    "average": lambda m, v, x, a: m.average(v, weights=a(N)),
    "histogram": lambda m, v, x, a: m.histogram(v, a(np.array([0.0, 2.5, 5.0])))[0],
    "r_": lambda m, v, x, a: m.r_[v, a(N)],
    "c_": lambda m, v, x, a: m.c_[a(N), v],
    "add.outer": lambda m, v, x, a: m.multiply.outer(v, a(N)),
    "add.reduceat": lambda m, v, x, a: m.add.reduceat(v, a(PLACES)),
    "add.reduce": lambda m, v, x, a: m.add.reduce(x, axis=1),
    "add.accumulate": lambda m, v, x, a: m.add.accumulate(v),
    "x[integers]": lambda m, v, x, a: v[a(PLACES)],
    "x[mask]": lambda m, v, x, a: v[a(MASK)],
    "x[:, integers]": lambda m, v, x, a: x[:, a(PLACES)],
    "x[ix_]": lambda m, v, x, a: x[moved(np.ix_([0, 1], [0, 2])) if a is moved
                                    else np.ix_([0, 1], [0, 2])],
    "x[list, list]": lambda m, v, x, a: x[[0, 1], [0, 2]],
    "x[list of NumPy integers]": lambda m, v, x, a: v[[np.int64(0), np.int64(2)]],
    "x[list of booleans]": lambda m, v, x, a: v[[True, False, True]],
    "take": lambda m, v, x, a: m.take(x, a(PLACES), axis=1),
    "take, a NumPy integer": lambda m, v, x, a: m.take(v, np.int64(1)),
    "x.take": lambda m, v, x, a: v.take(a(PLACES)),
    "take_along_axis": lambda m, v, x, a: m.take_along_axis(x, a(np.array([[0], [1]])), 1),
    "compress": lambda m, v, x, a: m.compress(a(MASK), v),
    "extract": lambda m, v, x, a: m.extract(a(MASK), v),
    "delete": lambda m, v, x, a: m.delete(v, PLACES),
    "reshape": lambda m, v, x, a: x.reshape(np.array([3, 2])),
    "transpose": lambda m, v, x, a: x.transpose(np.array([1, 0])),
    "broadcast_to": lambda m, v, x, a: m.broadcast_to(v, np.array([2, 3])),
    "pad": lambda m, v, x, a: m.pad(v, np.array([1, 2])),
    "roll": lambda m, v, x, a: m.roll(x, np.array([1, 1]), axis=(0, 1)),
    "tile": lambda m, v, x, a: m.tile(v, np.array([2, 2])),
    "quantile": lambda m, v, x, a: m.quantile(v, np.array([0.25, 0.5])),
    "x * float64": lambda m, v, x, a: v.astype("f") * np.float64(2),
    "float32 * x": lambda m, v, x, a: np.float32(2) * v,
    "x * float": lambda m, v, x, a: v.astype("f") * 2.0,
    "multiply, a NumPy number": lambda m, v, x, a: m.multiply(v, np.float64(2)),
    "where, a NumPy number": lambda m, v, x, a: m.where(v > 1.5, v, np.float64(0)),
    "clip, a NumPy number": lambda m, v, x, a: m.clip(v, np.float64(1.5), None),
    "casting=": lambda m, v, x, a: m.add(v, v, casting="same_kind"),
    "dtype=": lambda m, v, x, a: m.multiply(v, 2, dtype="f"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_calls(name, device):
    call = CALLS[name]
    raws = on_device(device, VALUES), on_device(device, MATRIX)
    plain = call(cupy, *raws, lambda n: n)  # CuPy takes it
    found = []
    for through in (lambda n: n, moved):
        v, x = leaf(device, VALUES), leaf(device, MATRIX)
        y = call(kcp, v, x, through)
        y = y[0] if isinstance(y, tuple) else y
        np.testing.assert_allclose(y.numpy(), on_host(plain), rtol=1e-12)
        assert y.device == device
        assert y.dtype == plain.dtype
        if y.requires_grad:
            weights = on_device(device, np.arange(1.0, 1 + y.size).reshape(y.shape))
            kt.sum(y * weights).backward()
        found.append([None if a.grad is None else on_host(a.grad) for a in (v, x)])
    for mixed, alone in zip(*found, strict=True):
        assert (mixed is None) == (alone is None)
        if mixed is not None:
            np.testing.assert_allclose(mixed, alone, rtol=1e-12)


CONSTANT = {"setdiff1d", "intersect1d", "isclose", "histogram"}


def test_no_call_drops_a_gradient(device):
    for name, call in CALLS.items():
        y = call(kcp, leaf(device, VALUES), leaf(device, MATRIX), lambda n: n)
        y = y[0] if isinstance(y, tuple) else y
        assert y.requires_grad or name in CONSTANT, name


def written(device, write):
    """What `write` leaves in a copy of a tracked vector, and in one of CuPy."""
    x = leaf(device, VALUES)
    y, raw = x * 2.0, on_device(device, VALUES * 2)
    write(cupy, raw)
    write(kcp, y)
    np.testing.assert_allclose(y.numpy(), on_host(raw), rtol=1e-12)
    kt.sum(y * y).backward()
    return on_host(raw), on_host(x.grad)


WRITES = {
    "x[integers] = number": lambda m, y: y.__setitem__(PLACES, 9.0),
    "x[mask] = number": lambda m, y: y.__setitem__(MASK, 9.0),
    "x[integers] = NumPy array": lambda m, y: y.__setitem__(PLACES, np.array([5.0, 6.0])),
    "x[mask] = NumPy array": lambda m, y: y.__setitem__(cupy.asarray(MASK), np.array([5.0, 6.0])),
    "x[list] = list": lambda m, y: y.__setitem__([0, 2], [5.0, 6.0]),
    "x[0] = NumPy array": lambda m, y: y.__setitem__(0, np.array(5.0)),
    "fill": lambda m, y: y.fill(np.array(5.0)),
    "put": lambda m, y: m.put(y, PLACES, np.array([5.0, 6.0])),
    "place": lambda m, y: m.place(y, MASK, cupy.array([5.0])),
    "put_along_axis": lambda m, y: m.put_along_axis(y, PLACES, 5.0, 0),
}
ADDITIONS = {
    "add.at": lambda m, y: m.add.at(y, PLACES, np.array([5.0, 6.0])),
    "add.at, a mask": lambda m, y: m.add.at(y, MASK, 1.0),
    "add.at, a list": lambda m, y: m.add.at(y, [0, 0], 1.0),
    "scatter_add": lambda m, y: cupyx.scatter_add(y, np.array([0, 0]), np.array([5.0, 6.0])),
}


@pytest.mark.parametrize("name", WRITES)
def test_writes(name, device):
    values, grad = written(device, WRITES[name])
    kept = values == VALUES * 2
    np.testing.assert_allclose(grad, np.where(kept, 8 * VALUES, 0.0))


@pytest.mark.parametrize("name", ADDITIONS)
def test_additions(name, device):
    values, grad = written(device, ADDITIONS[name])
    np.testing.assert_allclose(grad, 4 * values)


#: How to make zeros into which tracked values can be written.
ZEROS = {
    "kt.zeros": lambda x: kt.zeros(3, device=x.device),
    "like=": lambda x: kcp.zeros(3, like=x),
    "zeros_like": lambda x: kcp.zeros_like(x),
    "kt.asarray": lambda x: kt.asarray(cupy.zeros(3)),
}


@pytest.mark.parametrize("make", ZEROS.values(), ids=ZEROS)
def test_scatter_add_into_fresh_zeros(make, device):
    x = leaf(device, VALUES)
    total = make(x)
    cupyx.scatter_add(total, np.array([2, 0, 2]), x * x)
    np.testing.assert_allclose(total.numpy(), [4.0, 0.0, 17.0])
    kt.sum(total * total).backward()
    np.testing.assert_allclose(on_host(x.grad), 4 * VALUES * np.array([17.0, 4.0, 17.0]))


@pytest.mark.parametrize("write", [
    lambda a, x: cupyx.scatter_add(a, PLACES, x[:2]),
    lambda a, x: cupy.add.at(a, PLACES, x[:2]),
    lambda a, x: cupyx.scatter_max(a, PLACES, x[:2]),
    lambda a, x: a.__setitem__(PLACES, x[:2]),
])  # fmt: skip
def test_raw_arrays_take_no_tracked_values(write, device):
    a = cupy.zeros(3)
    with pytest.raises(kt.LostGradientError):
        write(a, leaf(device, VALUES))
    np.testing.assert_array_equal(on_host(a), 0.0)


def test_out(device):
    def f(m, x, out):
        assert m.multiply(x, x, out=out) is out
        assert m.exp(out, out) is out
        return out

    for target in (lambda x: x * 0.0, lambda x: kt.zeros_like(x)):
        x = leaf(device, VALUES)
        y = f(kcp, x, target(x))
        np.testing.assert_allclose(y.numpy(), np.exp(VALUES**2))
        kt.sum(y).backward()
        np.testing.assert_allclose(on_host(x.grad), 2 * VALUES * np.exp(VALUES**2))
    with pytest.raises(kt.LostGradientError, match=r"keratorch\.cupy"):
        kcp.multiply(x, x, out=cupy.zeros(3))
    with pytest.raises(kt.DTypeError):
        kcp.multiply(x, x, out=kt.zeros(3, dtype="int64", device=device))


def test_out_of_constants_marks_the_write(device):
    x, buffer = leaf(device, VALUES), kt.zeros(3, device=device)
    y = x * buffer
    a = on_device(device, VALUES)
    assert kcp.multiply(a, a, out=buffer) is buffer
    np.testing.assert_allclose(buffer.numpy(), VALUES**2)
    with pytest.raises(kt.StaleValueError):
        kt.sum(y).backward()


def test_out_of_several_results(device):
    x = leaf(device, VALUES * 1.25)
    parts = kt.zeros(3, device=device), kt.zeros(3, device=device)
    found = kcp.modf(x, out=parts)
    assert found[0] is parts[0]
    kt.sum(parts[0] * 3.0).backward()
    np.testing.assert_allclose(on_host(x.grad), [3.0, 3.0, 3.0])


@pytest.mark.parametrize("name", ["sum", "mean", "max", "prod", "cumsum", "var"])
def test_out_of_functions(name, device):
    x, y = leaf(device, MATRIX), leaf(device, MATRIX)
    out = kt.zeros((2, 3) if name == "cumsum" else (3,), device=device)
    assert getattr(kcp, name)(x, axis=0, out=out) is out
    kt.sum(out * out).backward()
    wanted = getattr(kcp, name)(y, axis=0)
    kt.sum(wanted * wanted).backward()
    np.testing.assert_allclose(on_host(x.grad), on_host(y.grad))


def test_kernels_that_write(device):
    kernel = cupy.ElementwiseKernel("T x, T y", "T z", "z = x * y", "keratorch_test_product")
    a, x = on_device(device, VALUES), leaf(device, VALUES)
    out = kt.zeros((2, 3), device=device)
    assert kernel(a, a, out) is out
    np.testing.assert_allclose(out.numpy(), [VALUES**2] * 2)
    silent = cupy.ElementwiseKernel("T x", "T y", "y += x", "keratorch_test_silent", no_return=True)
    assert silent(a, out) is None
    np.testing.assert_allclose(out.numpy(), [VALUES**2 + VALUES] * 2)
    with pytest.raises(kt.NotDifferentiableError, match="past its record"):
        kernel(a, a, x * 1.0)
    with pytest.raises(kt.NotDifferentiableError, match="register_kernel_grad"):
        kernel(x, a, kt.zeros(3, device=device))
    kt.register_kernel_grad(kernel, lambda grad, x, y: (grad * y, grad * x))
    assert kernel(x, 3.0, out) is out
    kt.sum(out * x).backward()
    np.testing.assert_allclose(on_host(x.grad), 12 * VALUES)
    with pytest.raises(kt.LostGradientError):
        kernel(x, a, cupy.zeros(3))
    adds = cupy.ElementwiseKernel("T x, T y", "T z", "z += x * y", "keratorch_test_adds")
    kt.register_kernel_grad(adds, lambda grad, x, y: (grad * y, grad * x))
    assert np.isnan(adds(x, a, x * 1.0).numpy()).all()  # the rule knows no old values


def test_options_do_not_drop_a_gradient(device):
    x = leaf(device, VALUES)
    with pytest.raises(kt.NotDifferentiableError, match="leave the options out"):
        cupy.add(x, x, _where=cupy.asarray(MASK))
    with pytest.raises(kt.DTypeError):
        cupy.add(x, x, dtype=int)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "where", "dot", "concatenate"])
def test_what_cupy_refuses_is_refused(name, device):
    call = {
        "where": lambda m, v: m.where(MASK, v, 0.0),
        "concatenate": lambda m, v: m.concatenate([v, N]),
    }.get(name, lambda m, v: getattr(m, name)(v, N))
    with pytest.raises(TypeError):
        call(cupy, on_device(device, VALUES))
    with pytest.raises(kt.DeviceMismatchError, match="cupy"):
        call(kcp, leaf(device, VALUES))


@pytest.mark.parametrize("name", ["ascontiguousarray", "asfortranarray"])
def test_layouts(name, device):
    """A `RawKernel` counts on the layout."""
    for transposed in (False, True):
        x = leaf(device, MATRIX)
        y = getattr(kcp, name)(x.T if transposed else x)
        raw = y._array
        assert raw.flags.c_contiguous if name == "ascontiguousarray" else raw.flags.f_contiguous
        np.testing.assert_array_equal(y.numpy(), MATRIX.T if transposed else MATRIX)
        kt.sum(y * y).backward()
        np.testing.assert_array_equal(on_host(x.grad), 2 * MATRIX)


RAW = r"""
extern "C" __global__ void keratorch_test_twice(const double* x, double* y, int n) {
    if (threadIdx.x < n) { y[threadIdx.x] = 2 * x[threadIdx.x]; }
}
"""


def test_raw_kernels(device):
    kernel = kcp.RawKernel(RAW, "keratorch_test_twice")
    x, out = kt.asarray(on_device(device, VALUES)), kt.zeros(3, device=device)
    tracked = leaf(device, VALUES)
    y, z = tracked * x, tracked * out
    kernel((1,), (3,), (x, out, np.int32(3)))
    np.testing.assert_array_equal(out.numpy(), 2 * VALUES)
    kt.sum(y).backward()  # the kernel only reads `x`
    np.testing.assert_array_equal(on_host(tracked.grad), VALUES)
    with pytest.raises(kt.StaleValueError):
        kt.sum(z).backward()
    with pytest.raises(kt.NotDifferentiableError, match="custom_vjp"):
        kernel((1,), (3,), (tracked, out, np.int32(3)))


def test_reduction_kernels(device):
    kernel = kcp.ReductionKernel("T x", "T y", "x * x", "a + b", "y = a", "0", "keratorch_test_sq")
    x = leaf(device, MATRIX)
    raw = kernel(on_device(device, MATRIX), axis=1)
    assert type(raw) is cupy.ndarray
    found = kernel(x.detach(), axis=1)
    np.testing.assert_array_equal(found.numpy(), on_host(raw))
    with pytest.raises(kt.NotDifferentiableError, match="custom_vjp"):
        kernel(x, axis=1)
