"""Linear algebra: conventions, errors, and what people do with it."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.leaves import grad, leaf, normal, with_linalg
from tests.op_checks import on_host

# The values at kinks and poles: libraries that compute with NumPy warn of them.
pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
]

#: Functions that array libraries have in common; Dask has few of them.
NAMES = kt.linalg.__all__
ORDS = ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.fixture
def device(device):
    return with_linalg(device)


def tangent(function, x, t):
    _, found = kt.jvp(function, [x.detach()], [t])
    return on_host(found._array)


def spd(rng, n, dtype="float64"):
    a = normal(rng, n, n, dtype=dtype)
    return a @ a.conj().T / n + np.eye(n)


# -- names ---------------------------------------------------------------------------------------


def test_the_namespace_has_linalg(xp, device):
    x = leaf(device, np.eye(2))
    assert xp.linalg is kt.linalg
    assert x.__array_namespace__().linalg is kt.linalg
    for name in ("matmul", "matrix_transpose", "tensordot", "vecdot"):
        assert getattr(xp, name) is getattr(kt.linalg, name)


def test_the_standard_is_complete():
    import array_api_compat.numpy as reference

    standard = set(reference.linalg.__all__) | {"eig", "eigvals"}
    wanted = [n for n in NAMES if n not in standard and not hasattr(np.linalg, n)]
    assert not wanted
    assert len(NAMES) == 25


@pytest.mark.parametrize(
    ("function", "fields"),
    [
        ("eigh", ("eigenvalues", "eigenvectors")),
        ("eig", ("eigenvalues", "eigenvectors")),
        ("qr", ("Q", "R")),
        ("slogdet", ("sign", "logabsdet")),
        ("svd", ("U", "S", "Vh")),
    ],
)
def test_results_are_named(device, function, fields):
    result = getattr(kt.linalg, function)(leaf(device, np.diag([1.0, 2.0])))
    assert result._fields == fields
    assert all(isinstance(y, kt.GradArray) for y in result)
    assert type(result).__name__.lower() == f"{function}result"


def test_eigenvalues_are_complex(device):
    """By the standard, also where all are real."""
    for dtype, wanted in (("float32", "complex64"), ("float64", "complex128")):
        x = leaf(device, [[1.0, 1.0], [0.0, 2.0]], dtype)
        for y in (kt.linalg.eigvals(x), *kt.linalg.eig(x), kt.linalg.eigvals(x.detach())):
            assert str(y.dtype).endswith(wanted)
        assert kt.gradients(kt.sum(kt.real(kt.linalg.eigvals(x))), x)[0].dtype == x.dtype


def test_a_constant_gives_constants(device):
    x = leaf(device, np.diag([1.0, 2.0])).detach()
    for name in NAMES:
        function = getattr(kt.linalg, name)
        if name in ("matmul", "outer", "solve", "tensordot", "vecdot", "cross"):
            continue
        found = function(x, 2) if name == "matrix_power" else function(x)
        for y in found if isinstance(found, tuple) else [found]:
            assert not y.requires_grad, name


def test_matrix_rank_and_the_zeroth_power_are_constants(device):
    x = leaf(device, np.ones((2, 3, 3)))
    rank = kt.linalg.matrix_rank(x)
    assert on_host(rank._array).tolist() == [1, 1]
    assert not rank.requires_grad
    assert on_host(kt.linalg.matrix_rank(x, rtol=2.0)._array).tolist() == [0, 0]
    y = leaf(device, np.diag([4.0, 0.5, 0.1]))
    assert kt.linalg.matrix_rank(y, rtol=0.05).item() == 2
    assert kt.linalg.matrix_rank(y, rtol=kt.full_like(y[0, 0], 0.2)).item() == 1
    power = kt.linalg.matrix_power(x, 0)
    np.testing.assert_array_equal(on_host(power._array), np.broadcast_to(np.eye(3), (2, 3, 3)))
    assert not power.requires_grad


# -- conventions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_values_only_do_not_divide_by_gaps(device, dtype):
    """At equal values the gradient of what treats them alike is right."""
    x = leaf(device, 2 * np.eye(3), dtype)
    ones = kt.ones_like(x.detach())
    for function in (kt.linalg.eigvalsh, kt.linalg.svdvals):
        np.testing.assert_allclose(grad(function, x), np.eye(3), atol=1e-15)
        assert np.isclose(tangent(lambda x, f=function: kt.sum(f(x)), x, ones), 3)
        (g,) = kt.gradients(kt.sum(function(x)), x, create_graph=True)
        np.testing.assert_allclose(on_host(g._array), np.eye(3), atol=1e-15)


def test_vectors_of_equal_values_have_no_derivative(device):
    x = leaf(device, np.eye(3))
    g = grad(lambda x: kt.linalg.eigh(x).eigenvectors, x)
    assert not np.isfinite(g).all()
    g = grad(lambda x: kt.linalg.svd(x).U, x)
    assert not np.isfinite(g).all()


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("ord", ORDS, ids=str)
def test_matrix_norm_at_0(device, ord, dtype):
    for shape in ((2, 3), (2, 2, 2), (3, 1)):
        x = leaf(device, np.zeros(shape), dtype)
        t = kt.ones_like(x.detach())
        for keepdims in (False, True):

            def function(x, keepdims=keepdims):
                return kt.linalg.matrix_norm(x, ord=ord, keepdims=keepdims)

            np.testing.assert_array_equal(grad(function, x), np.zeros(shape))
            assert not tangent(function, x, t).any()


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("ord", [2, 1, 0, 3, 1.5, 0.5, np.inf, -np.inf], ids=str)
def test_vector_norm_at_0(device, ord, dtype):
    x = leaf(device, np.zeros((2, 3)), dtype)
    t = kt.ones_like(x.detach())
    for axis in (None, 0, -1, (0, 1)):

        def function(x, axis=axis):
            return kt.linalg.vector_norm(x, axis=axis, ord=ord)

        np.testing.assert_array_equal(grad(function, x), np.zeros((2, 3)))
        assert not tangent(function, x, t).any()


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_counting_norm_beside_infinities(device, dtype):
    """How many are not 0, whatever they are; and the gradient of that is 0."""
    x = leaf(device, [0.0, 1.0, np.inf, -np.inf, np.nan], dtype)
    for y in (kt.linalg.vector_norm(x, ord=0), kt.linalg.vector_norm(x.detach(), ord=0)):
        assert y.item() == 4
    g = grad(lambda x: kt.linalg.vector_norm(x, ord=0), x)
    np.testing.assert_array_equal(g, np.zeros(5))


@pytest.mark.parametrize("ord", [2, 1, 3, 1.5, 0.5, np.inf], ids=str)
def test_vector_norm_at_an_element_that_is_0(device, ord):
    x = leaf(device, [0.0, 3.0])
    np.testing.assert_allclose(grad(lambda x: kt.linalg.vector_norm(x, ord=ord), x), [0.0, 1.0])


def test_norms_share_at_ties(device):
    x = leaf(device, [1.0, -1.0, 0.5])
    g = grad(lambda x: kt.linalg.vector_norm(x, ord=np.inf), x)
    np.testing.assert_array_equal(g, [0.5, -0.5, 0.0])
    x = leaf(device, [[1.0, 2.0], [-3.0, 2.0]])
    g = grad(lambda x: kt.linalg.matrix_norm(x, ord=1), x)
    np.testing.assert_array_equal(g, [[0.5, 0.5], [-0.5, 0.5]])
    for ord in (2, -2):
        g = grad(lambda x, o=ord: kt.linalg.matrix_norm(x, ord=o), leaf(device, 2 * np.eye(2)))
        np.testing.assert_allclose(g, np.eye(2) / 2, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", ["cholesky", "eigvalsh", "eigh"])
def test_gradients_of_hermitian_functions_are_hermitian(device, name, dtype, rng):
    x = leaf(device, spd(rng, 3, dtype), dtype)

    def function(x):
        found = getattr(kt.linalg, name)(x)
        return kt.abs(found.eigenvectors) ** 3 if isinstance(found, tuple) else found

    g = grad(function, x)
    np.testing.assert_allclose(g, g.conj().T, atol=1e-12)


def test_slogdet_of_a_negative_determinant(device):
    x = leaf(device, [[0.0, 2.0], [3.0, 1.0]])
    sign, log = kt.linalg.slogdet(x)
    assert sign.item() == -1
    assert np.isclose(log.item(), np.log(6))
    np.testing.assert_allclose(
        on_host(kt.gradients(log, x)[0]), np.linalg.inv([[0.0, 2.0], [3.0, 1.0]]).T
    )


def test_solve_takes_vectors_of_one_axis_alone(device, rng):
    a, b = normal(rng, 3, 3, 3) + 3 * np.eye(3), normal(rng, 3, 3)
    x = kt.linalg.solve(leaf(device, a), leaf(device, b))
    np.testing.assert_allclose(on_host(x._array), np.linalg.solve(a, b[None]), rtol=1e-12)
    x = kt.linalg.solve(leaf(device, a), leaf(device, b[0]))
    np.testing.assert_allclose(
        on_host(x._array), np.linalg.solve(a, b[0][:, None])[..., 0], rtol=1e-12
    )


@pytest.mark.parametrize(
    "dtypes", [("float32", "float64"), ("float64", "complex128")], ids="-".join
)
def test_solve_of_two_dtypes(device, dtypes, rng):
    a, b = (
        leaf(device, v, d) for v, d in zip((spd(rng, 3), normal(rng, 3, 2)), dtypes, strict=True)
    )
    for x1, x2 in ((a, b), (b @ b.mT + kt.eye(3, dtype=b.dtype, device=b.device), a)):
        y = kt.linalg.solve(x1, x2)
        for x, g in zip(
            (a, b), kt.gradients(y, [a, b], kt.ones_like(y), allow_unused=True), strict=True
        ):
            assert g.dtype == x.dtype


def test_a_diagonal_shows_writes_as_in_numpy():
    x = kt.asarray(np.zeros((2, 2)))
    d = kt.linalg.diagonal(x)
    x[0, 0] = 5.0
    assert d.numpy().tolist() == [5.0, 0.0]
    with pytest.raises(kt.AliasedWriteError):
        d[0] = 1.0


# -- factors with more than is determined ---------------------------------------------------------


def test_complete_qr(device, rng):
    x = leaf(device, normal(rng, 4, 2))
    q, r = kt.linalg.qr(x, mode="complete")
    assert (tuple(q.shape), tuple(r.shape)) == ((4, 4), (4, 2))
    np.testing.assert_allclose(on_host((q @ r)._array), on_host(x._array), atol=1e-14)
    wide = leaf(device, normal(rng, 2, 4))
    check_grads(lambda x: kt.linalg.qr(x, mode="complete"), [wide.detach()._array])


def test_full_svd(device, rng):
    """Only a loss of the columns that complete a factor raises: see test_linalg_determined."""
    for shape in ((4, 2), (2, 4)):
        x = leaf(device, normal(rng, *shape))
        result = kt.linalg.svd(x)
        wanted = grad(kt.linalg.svdvals, x)
        kept = (result.U[:, :2], result.S, result.Vh[:2, :])
        for y in kept:
            kt.gradients(y, x, kt.ones_like(y), retain_graph=True)
        g = kt.gradients(result.S, x, kt.ones_like(result.S))[0]
        np.testing.assert_allclose(on_host(g), wanted, atol=1e-12)


# -- errors --------------------------------------------------------------------------------------

SQUARE_ONLY = ["cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "slogdet"]
OF_MATRICES = [
    *SQUARE_ONLY,
    *("diagonal", "matrix_norm", "matrix_rank", "matrix_transpose", "pinv", "qr", "svd", "svdvals"),
    "trace",
]


@pytest.mark.parametrize("name", [*SQUARE_ONLY, "matrix_power", "solve"])
def test_what_is_not_square(name):
    x = kt.GradArray(np.zeros((2, 2, 3)))
    more = {"matrix_power": (2,), "solve": (np.zeros(3),)}.get(name, ())
    with pytest.raises(kt.ShapeError, match=rf"{name}: .*\(2, 3\).*\(2, 2, 3\).*not square"):
        getattr(kt.linalg, name)(x, *more)


@pytest.mark.parametrize("name", OF_MATRICES)
def test_what_is_no_matrix(name):
    with pytest.raises(kt.ShapeError, match=rf"{name}: .*\(3,\) is no matrix"):
        getattr(kt.linalg, name)(kt.GradArray(np.zeros(3)))


@pytest.mark.parametrize("name", SQUARE_ONLY)
def test_integers(name):
    with pytest.raises(kt.DTypeError, match=rf"{name}.*int64.*astype"):
        getattr(kt.linalg, name)(np.eye(2, dtype=np.int64))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: kt.linalg.solve(a, a[:1]), r"solve: shapes \(3, 3\) and \(1, 3\)"),
        (lambda a: kt.linalg.solve(a, a[0, :2]), r"solve: shapes \(3, 3\) and \(2,\)"),
        (lambda a: kt.linalg.outer(a, a[0]), r"outer: shapes \(3, 3\) and \(3,\)"),
        (lambda a: kt.vecdot(a, a[:, :2]), r"vecdot: shapes \(3, 3\) and \(3, 2\)"),
        (lambda a: kt.vecdot(a, a[0], axis=1), r"vecdot: axis 1 of shapes \(3, 3\) and \(3,\)"),
        (lambda a: kt.vecdot(a[:2], a), r"vecdot: .*do not broadcast"),
        (lambda a: kt.linalg.cross(a[:, :2], a[:, :2]), r"cross: .*2 elements.*it takes 3"),
        (lambda a: kt.tensordot(a, a[:2], axes=1), r"tensordot: .*\(2, 3\) do not fit"),
        (lambda a: kt.tensordot(a, a, axes=3), r"tensordot: axes=3 of shapes"),
    ],
)
def test_shapes_that_do_not_fit(call, message):
    with pytest.raises(kt.ShapeError, match=message):
        call(kt.GradArray(np.eye(3)))


def test_unknown_norms_and_modes():
    x = kt.GradArray(np.eye(2))
    for ord in (3, "max"):
        with pytest.raises(ValueError, match="matrix_norm: ord"):
            kt.linalg.matrix_norm(x, ord=ord)
    with pytest.raises(ValueError, match="qr: mode 'full'"):
        kt.linalg.qr(x, mode="full")  # type: ignore[arg-type]


def test_the_librarys_own_error_stays():
    """Code written for NumPy catches it: in the forward pass, and in backward."""
    singular = np.zeros((2, 2))
    for name in ("inv", "cholesky"):
        with pytest.raises(np.linalg.LinAlgError):
            getattr(kt.linalg, name)(kt.GradArray(singular))
    with pytest.raises(np.linalg.LinAlgError):
        kt.linalg.solve(kt.GradArray(singular), np.zeros(2))
    _, log = kt.linalg.slogdet(kt.GradArray(singular))
    with pytest.raises(np.linalg.LinAlgError):
        log.backward()


def test_a_library_that_lacks_the_function():
    da = pytest.importorskip("dask.array")
    with pytest.raises(kt.BackendUnavailableError, match=r"dask has no linalg\.eigh.*to_device"):
        kt.linalg.eigh(kt.GradArray(da.eye(2)))


# -- what people do ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gaussian_log_likelihood(device, dtype, rng):
    """Through Cholesky and solve; its gradient has a closed form."""
    n = 4
    cov, mean, data = spd(rng, n), normal(rng, n), normal(rng, n)
    c, m = leaf(device, cov, dtype), leaf(device, mean, dtype)
    x = leaf(device, data, dtype).detach()

    def log_likelihood(c, m):
        factor = kt.linalg.cholesky(c)
        z = kt.linalg.solve(factor, x - m)
        log_det = 2 * kt.sum(kt.log(kt.linalg.diagonal(factor)))
        return -0.5 * (kt.vecdot(z, z) + log_det + n * np.log(2 * np.pi))

    value = log_likelihood(c, m)
    rtol = 1e-4 if dtype == "float32" else 1e-10
    alpha = np.linalg.solve(cov, data - mean)
    expected = -0.5 * ((data - mean) @ alpha + np.linalg.slogdet(cov)[1] + n * np.log(2 * np.pi))
    assert np.isclose(value.item(), expected, rtol=rtol)
    of_cov, of_mean = map(on_host, kt.gradients(value, [c, m]))
    assert of_cov.dtype == of_mean.dtype == dtype
    by_hand = (np.outer(alpha, alpha) - np.linalg.inv(cov)) / 2
    np.testing.assert_allclose(of_cov, by_hand, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(of_mean, alpha, rtol=rtol, atol=rtol)
    if dtype == "float64":  # the Hessian in the mean is minus the precision
        (slope,) = kt.gradients(log_likelihood(c, m), m, create_graph=True)
        rows = [on_host(kt.gradients(slope[i], m, retain_graph=True)[0]) for i in range(n)]
        np.testing.assert_allclose(rows, -np.linalg.inv(cov), rtol=1e-9)


def test_least_squares_in_three_ways(device, rng):
    """QR, the pseudoinverse and the normal equations have one solution, and one derivative."""
    a, b = leaf(device, normal(rng, 5, 3)), leaf(device, normal(rng, 5))

    def by_qr(a, b):
        q, r = kt.linalg.qr(a)
        return kt.linalg.solve(r, q.mT @ b)

    def by_pinv(a, b):
        return kt.linalg.pinv(a) @ b

    def by_equations(a, b):
        return kt.linalg.solve(a.mT @ a, a.mT @ b)

    found = []
    for function in (by_qr, by_pinv, by_equations):
        x = function(a, b)
        found.append([on_host(g) for g in kt.gradients(kt.sum(x * x), [a, b])])
        check_grads(function, [a.detach()._array, b.detach()._array])
    for gradients in found[1:]:
        for g, wanted in zip(gradients, found[0], strict=True):
            np.testing.assert_allclose(g, wanted, rtol=1e-9, atol=1e-10)


def test_the_nearest_low_rank_matrix(device, rng):
    """The error of a truncated SVD is that of the singular values left out."""
    x = leaf(device, normal(rng, 4, 3))

    def error(x):
        u, s, vh = kt.linalg.svd(x, full_matrices=False)
        return kt.linalg.matrix_norm(x - (u[:, :1] * s[:1]) @ vh[:1, :]) ** 2

    def left_out(x):
        return kt.sum(kt.linalg.svdvals(x)[1:] ** 2)

    np.testing.assert_allclose(grad(error, x), grad(left_out, x), rtol=1e-9, atol=1e-10)


def test_log_det_in_three_ways(device, rng):
    x = leaf(device, spd(rng, 3))
    ways = [
        lambda x: kt.linalg.slogdet(x).logabsdet,
        lambda x: kt.log(kt.linalg.det(x)),
        lambda x: kt.sum(kt.log(kt.linalg.eigvalsh(x))),
        lambda x: 2 * kt.sum(kt.log(kt.linalg.diagonal(kt.linalg.cholesky(x)))),
    ]
    wanted = np.linalg.inv(on_host(x._array))
    for way in ways:
        np.testing.assert_allclose(grad(way, x), wanted, rtol=1e-9, atol=1e-10)
