"""What NumPy's functions refuse on tracked arrays, and what is said of it."""

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.interop._numpy_api import FUNCTIONS

V = np.array([1.0, 2.0, 4.0])
M = np.arange(6.0).reshape(2, 3) + np.eye(2, 3)
OUT = np.zeros(3)


@pytest.fixture
def x():
    return kt.GradArray(V)


@pytest.fixture
def m():
    return kt.GradArray(M)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.concatenate([x, x], out=OUT), "concatenate"),
        (lambda x: np.stack([x, x], out=OUT), "stack"),
        (lambda x: np.take(x, [0], out=OUT), "take"),
        (lambda x: np.compress([True], x, out=OUT), "compress"),
        (lambda x: np.choose([0], [x], out=OUT), "choose"),
        (lambda x: np.clip(x, 0, 1, out=OUT), "clip"),
        (lambda x: np.trace(x[None], out=OUT), "trace"),
        (lambda x: np.dot(x, x, out=OUT), "dot"),
        (lambda x: np.outer(x, x, out=OUT), "outer"),
        (lambda x: np.einsum("i,i", x, x, out=OUT), "einsum"),
        (lambda x: np.linalg.multi_dot([x, x], out=OUT), "linalg.multi_dot"),
        (lambda x: np.fft.fft(x, out=OUT), "fft.fft"),
        (lambda x: np.fft.rfft2(x[None], out=OUT), r"fft\.rfft"),
    ],
)
def test_out_is_refused(x, call, name):
    with pytest.raises(kt.LostGradientError, match=rf"numpy\.{name}.* with out="):
        call(x)
    np.testing.assert_array_equal(OUT, 0)


def weighted(m, weights, axis):
    return np.quantile(m, 0.5, axis=axis, method="inverted_cdf", weights=weights)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.pad(x, 1, lambda *args: None), "pad with a function .* concat"),
        (lambda x: np.sort(x, order="f"), "sort with order"),
        (lambda x: np.clip(x, 0, 1, where=[True]), "clip with where"),
        (lambda x: np.linalg.qr(x[None], mode="raw"), r"linalg\.qr with mode='raw'"),
        (lambda x: np.polyfit(x, x, 1, rcond=0.9), "singular values that are not 0"),
        (lambda x: np.polyfit(x + 1j, x, 1, cov=True), "cov= and complex places"),
        (lambda x: np.copyto(np.zeros(3), x), "copyto with .* no GradArray"),
        (lambda x: np.put(np.zeros(3), [0], x), "put with .* no GradArray"),
        (lambda x: np.putmask(np.zeros(3), V > 1, x), "putmask with .* no GradArray"),
        (lambda x: np.place(np.zeros(3), V > 1, x), "place with .* no GradArray"),
        (lambda x: np.linalg.svd(x[None]).Vh.sum().backward(), "full_matrices"),
        (lambda x: np.linalg.qr(x[:, None], mode="complete").Q.sum().backward(), "mode='reduced'"),
    ],
)
def test_what_has_no_rule_is_refused(x, call, message):
    with pytest.raises(kt.NotDifferentiableError, match=message):
        call(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.insert(np.arange(3), 1, x[0]),
        lambda x: np.concatenate([x, x], dtype=int, casting="unsafe"),
        lambda x: np.stack([x, x], dtype=np.int32, casting="unsafe"),
        lambda x: np.einsum("i,i", x, x, dtype=int, casting="unsafe"),
        lambda x: np.pad(kt.asarray([1, 2]), 1, constant_values=x[0]),
        lambda x: np.put(kt.asarray([1, 2]), [0], x),
        lambda x: np.copyto(kt.asarray([1, 2, 3]), x, casting="unsafe"),
    ],
)
def test_no_gradient_is_lost_in_a_cast_to_integers(x, call):
    with pytest.raises(kt.LostGradientError, match=r"gradient"):
        call(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.concatenate([x, x], dtype=int),
        lambda x: np.hstack([x, x], dtype=np.int32),
        lambda x: np.copyto(kt.asarray([1, 2, 3]), x),
    ],
)
def test_a_cast_follows_the_rule(x, call):
    with pytest.raises(kt.DTypeError, match="same_kind"):
        call(x)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda m: np.reshape(m, (4, 2)), kt.ShapeError),
        (lambda m: np.reshape(m, 6, order="K"), ValueError),
        (lambda m: np.ravel(m, order="X"), ValueError),
        (lambda m: np.moveaxis(m, 2, 0), kt.ShapeError),
        (lambda m: np.rollaxis(m, 0, 3), kt.ShapeError),
        (lambda m: np.fliplr(m[0]), kt.ShapeError),
        (lambda m: np.diag(m[None]), kt.ShapeError),
        (lambda m: np.trim_zeros(m, "x"), ValueError),
        (lambda m: np.meshgrid(m, indexing="x"), ValueError),
        (lambda m: np.concatenate([m, m[0]]), kt.ShapeError),
        (lambda m: np.block([[m], m]), kt.ShapeError),
        (lambda m: np.block((m, m)), TypeError),
        (lambda m: np.insert(m, 9, 1.0, axis=0), IndexError),
        (lambda m: np.insert(m, [[0]], 1.0, axis=0), kt.ShapeError),
        (lambda m: np.delete(m, 9, axis=0), IndexError),
        (lambda m: np.split(m, 2, axis=1), kt.ShapeError),
        (lambda m: np.array_split(m, 0), ValueError),
        (lambda m: np.vsplit(m[0], 1), kt.ShapeError),
        (lambda m: np.dsplit(m, 1), kt.ShapeError),
        (lambda m: np.pad(m, 1, mode="no"), ValueError),
        (lambda m: np.pad(m, 1, mode="edge", constant_values=1), ValueError),
        (lambda m: np.pad(m, -1), kt.ShapeError),
        (lambda m: np.pad(m[:0], 1, mode="edge"), kt.ShapeError),
        (lambda m: np.pad(m, 1, mode="maximum", stat_length=0), ValueError),
        (lambda m: np.where(m, m), ValueError),
        (lambda m: np.take(m, [7], axis=0), IndexError),
        (lambda m: np.take(m, [0], mode="no"), ValueError),
        (lambda m: np.take_along_axis(m, np.zeros((1, 1), int), None), kt.ShapeError),
        (lambda m: np.compress([[True]], m), kt.ShapeError),
        (lambda m: np.select([m > 0], [m, m]), kt.ShapeError),
        (lambda m: np.choose([2, 0, 0], m), ValueError),
        (lambda m: np.piecewise(m, [m > 0], [1, 2, 3]), kt.ShapeError),
        (lambda m: np.clip(m, 0), TypeError),
        (lambda m: np.clip(m, 0, 1, min=0), ValueError),
        (lambda m: np.partition(m, 3), ValueError),
        (lambda m: np.digitize(m, [0, 2, 1]), ValueError),
        (lambda m: np.diag_indices_from(m), kt.ShapeError),
        (lambda m: np.tril_indices_from(m[0]), kt.ShapeError),
        (lambda m: np.fill_diagonal(m[0] * 1.0, 1), kt.ShapeError),
        (lambda m: np.putmask(m * 1.0, [True], 1), kt.ShapeError),
        (lambda m: np.place(m * 1.0, np.ones((2, 3)), []), ValueError),
        (lambda m: np.dot(m, m), kt.ShapeError),
        (lambda m: np.cross(m[:, :1], m), kt.ShapeError),
        (lambda m: np.einsum("ij,jk", m), ValueError),
        (lambda m: np.einsum("ijk", m), kt.ShapeError),
        (lambda m: np.einsum("i", m), kt.ShapeError),
        (lambda m: np.einsum("i1", m), ValueError),
        (lambda m: np.einsum("ii", m), kt.ShapeError),
        (lambda m: np.einsum("ij->ii", m), ValueError),
        (lambda m: np.einsum("ij->k", m), ValueError),
        (lambda m: np.einsum("i...->i", m), ValueError),
        (lambda m: np.linalg.multi_dot([m]), kt.ShapeError),
        (lambda m: np.linalg.multi_dot([m, m[None], m]), kt.ShapeError),
        (lambda m: np.linalg.norm(m[None], 1), kt.ShapeError),
        (lambda m: np.linalg.norm(m[0], "fro"), ValueError),
        (lambda m: np.linalg.norm(m, 3), ValueError),
        (lambda m: np.linalg.pinv(m, 1e-3, rtol=1e-3), ValueError),
        (lambda m: np.linalg.matrix_rank(m, 1e-3, rtol=1e-3), ValueError),
        (lambda m: np.linalg.lstsq(m, m.T), kt.ShapeError),
        (lambda m: np.linalg.tensorsolve(m, m[0]), kt.ShapeError),
        (lambda m: np.linalg.tensorinv(m, 1), kt.ShapeError),
        (lambda m: np.linalg.eigh(m[:, :2], "X"), ValueError),
        (lambda m: np.linalg.inv(m), kt.ShapeError),
        (lambda m: np.quantile(m, 1.5), ValueError),
        (lambda m: np.quantile(m, [0.5, np.nan], axis=0), ValueError),
        (lambda m: np.percentile(m, -1), ValueError),
        (lambda m: np.nanpercentile(m, 101), ValueError),
        (lambda m: np.quantile(m, 0.5, weights=np.ones((2, 3))), ValueError),
        (lambda m: weighted(m, [1, -1, 1], 1), ValueError),
        (lambda m: weighted(m, [0, 0, 0], 1), ValueError),
        (lambda m: weighted(m, [1, np.nan, 1], 1), ValueError),
        (lambda m: weighted(m, [1, np.inf, 1], 1), ValueError),
        (lambda m: weighted(m, np.array([[1, 1, 1], [0, 0, 0]]), 1), ValueError),
        (lambda m: weighted(m, np.array([[1, 0, 1], [1, 0, 1]]), 0), ValueError),
        (lambda m: weighted(m, kt.asarray([1.0, -1.0, 1.0]), 1), ValueError),
        (lambda m: np.histogram(m, 0), ValueError),
        (lambda m: np.histogram(m, 2.5), kt.DTypeError),
        (lambda m: np.histogram(m, [2, 1]), ValueError),
        (lambda m: np.histogram(m, [[1, 2]]), kt.ShapeError),
        (lambda m: np.histogram(m, m[0, ::-1]), ValueError),
        (lambda m: np.histogram(m, 3, (1, -1)), ValueError),
        (lambda m: np.histogram(m, 3, (0, np.inf)), ValueError),
        (lambda m: np.histogram(m, 3, (0,)), ValueError),
        (lambda m: np.histogram(m * np.nan, 3), ValueError),
        (lambda m: np.histogram(m, 3, weights=np.ones(6)), kt.ShapeError),
        (lambda m: np.histogram(m, "auto", weights=m), TypeError),
        (lambda m: np.histogram_bin_edges(m, "no"), ValueError),
        (lambda m: np.histogram2d(m[0], m[1], bins="auto"), TypeError),
        (lambda m: np.histogram2d(m[0], m[1], range=[(0, 1)]), ValueError),
        (lambda m: np.histogram2d(m[0], m[1], weights=1j * m[0]), TypeError),
        (lambda m: np.histogram2d(m[0], m[1, :2]), kt.ShapeError),
        (lambda m: np.histogramdd(m, [2, 3]), ValueError),
        (lambda m: np.histogramdd([m, m]), kt.ShapeError),
        (lambda m: np.polyfit(V, m[0], 2, cov=True), ValueError),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of NumPy's own sums
def test_what_numpy_refuses_is_refused(m, call, error):
    with pytest.raises((ValueError, TypeError, IndexError, np.linalg.LinAlgError)):
        call(M.copy())
    with pytest.raises(error):
        call(m)


@pytest.mark.parametrize(
    "call",
    [
        lambda np, x: np.asarray(x, device="cuda"),
        lambda np, x: np.full(3, x, device="cuda"),
        lambda np, x: np.linspace(0, x, 3, device="cuda"),
        lambda np, x: np.fft.fftfreq(3, x[0], device="cuda"),
        lambda np, x: np.zeros(3, device="cuda"),
    ],
)
def test_numpys_only_device_is_the_cpu(x, call):
    for module, a in ((np, V), (knp, x), (knp, kt.asarray(V))):
        with pytest.raises(ValueError, match="cpu"):
            call(module, a)


@pytest.mark.parametrize("name", ["ascontiguousarray", "asfortranarray"])
def test_a_write_shows_where_it_does_in_numpy(name):
    for a in (M.copy(), M.copy().T, V.copy()):
        x = kt.asarray(a.copy(order="K"))
        getattr(np, name)(a)[...] = 7.0
        getattr(knp, name)(x)[...] = 7.0
        np.testing.assert_array_equal(x.numpy(), a)


def test_complex_weights_of_quantiles_are_refused(m):
    with pytest.raises(TypeError, match="complex128: they must be real"):
        weighted(m, np.array([1, 1j, 1]), 1)


def test_vectors_of_two_elements_are_deprecated_in_cross(m):
    """NumPy refuses them from 2.5 on: their third element is 0."""
    flat = M * np.array([1, 1, 0])
    expected = np.cross(flat, M), np.cross(M, flat[0]), np.cross(flat, flat[0])[:, 2]
    with pytest.warns(DeprecationWarning, match="vectors of 2"):
        found = np.cross(m[:, :2], m), np.cross(m, m[0, :2]), np.cross(m[:, :2], m[0, :2])
    for y, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(y.numpy(), wanted)
        assert y.requires_grad


def test_float32_stays_float32():
    raw = V.astype(np.float32)
    x = kt.GradArray(raw)
    calls = [
        lambda a: np.pad(a, 1, constant_values=2.0),
        lambda a: np.pad(a, 2, "linear_ramp", end_values=1),
        lambda a: np.pad(a, 4, "reflect", reflect_type="odd"),
        lambda a: np.insert(a, 1, np.float64(3)),
        lambda a: np.where(a > 1, a, 2.0),
        lambda a: np.select([a > 1], [a], 3.0),
        lambda a: np.clip(a, 1.5, 3),
        lambda a: np.linalg.norm(a),
        lambda a: np.concatenate([a, np.ones(2)]),
        lambda a: np.hstack([a, 1.0]),
        lambda a: np.append(a, 1),
        lambda a: np.einsum("i,i", a, [1, 2, 3]),
        lambda a: np.concatenate([a, 2.0], axis=None),
        lambda a: np.dot(a, 2.0),
        lambda a: np.kron(a, 2.0),
        lambda a: np.einsum("i,", a, 2.0),
        lambda a: np.choose([0, 1, 0], [a, 2.0]),
        lambda a: np.stack([a[0], 2.0]),
        lambda a: np.where(a > 1, 1.0, 2) * a,
        lambda a: np.broadcast_arrays(a, 2.0)[1],
        lambda a: np.atleast_1d(a, 2.0)[1],
        lambda a: np.full_like(a, 3, dtype=float),
        lambda a: np.linalg.solve(a * np.eye(3, dtype=np.float32), [1.0, 2.0, 3.0]),
        lambda a: np.dot(a, np.float64(2)),
        lambda a: np.kron(a, a),
        lambda a: np.fft.fft(a),
        lambda a: np.full_like(a, np.float64(2)),
    ]
    for call in calls:
        y, expected = call(x), call(raw)
        assert y.dtype == expected.dtype
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6, atol=1e-6)
        if y.requires_grad:
            (g,) = kt.gradients(kt.sum(kt.abs(y)), x)
            assert g.dtype == np.float32


def test_the_table_has_all_of_linalg_and_fft():
    for module in (np.linalg, np.fft):
        room = module.__name__.removeprefix("numpy.")
        names = {f"{room}.{n}" for n in module.__all__ if n != "LinAlgError"}
        assert names <= set(FUNCTIONS)


def test_sliding_windows_are_read_only_and_fit():
    windows = np.lib.stride_tricks.sliding_window_view
    x = kt.GradArray(np.arange(6.0).reshape(2, 3)) * 1.0
    with pytest.raises(kt.NotDifferentiableError, match="writeable=True"):
        windows(x, (1, 2), writeable=True)
    with pytest.raises(kt.ShapeError, match="one length for each axis"):
        windows(x, 2)
    with pytest.raises(kt.ShapeError, match="do not fit"):
        windows(x, (3, 1))
    y = windows(x, 2, axis=1)
    with pytest.raises(kt.KeratorchError):
        y[0, 0, 0] = 7.0
    x[0, 1] = 9.0  # shown in both windows
    np.testing.assert_array_equal(y.numpy()[0], [[0.0, 9.0], [9.0, 2.0]])
    y = windows(x.T, 2, axis=1)
    x[0, 0] = 5.0
    np.testing.assert_array_equal(y.numpy()[0], [[5.0, 3.0]])


def test_whole_numbers_join_others_with_a_strict_library():
    xp = pytest.importorskip("array_api_strict")
    x = kt.GradArray(xp.asarray([1.5, 2.5]))
    y = np.concatenate([x, [1, 2]])
    np.testing.assert_array_equal(y.numpy(), [1.5, 2.5, 1.0, 2.0])
    np.testing.assert_array_equal(np.convolve(x, [1, 2]).numpy(), [1.5, 5.5, 5.0])
    small = kt.GradArray(xp.asarray([1.5], dtype=xp.float32))
    assert np.append(small, kt.asarray(xp.asarray([1]))).dtype == xp.float64
