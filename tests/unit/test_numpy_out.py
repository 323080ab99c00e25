"""``out=`` and ``where=`` with a `GradArray` as `out`: a recorded write."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads

A = np.array([1.0, 0.0, 2.0, 0.0])
B = np.array([3.0, 1.0, 2.0, 5.0])


def test_a_quotient_where_the_divisor_is_not_zero():
    def ratio(a, b):
        return np.divide(b, a, out=np.zeros_like(a), where=a != 0)

    a, b = kt.GradArray(A), kt.GradArray(B)
    y = ratio(a, b)
    np.testing.assert_array_equal(y.numpy(), ratio(A, B))
    (y**2).sum().backward()
    np.testing.assert_array_equal(a.grad, [-18.0, 0.0, -1.0, 0.0])
    np.testing.assert_array_equal(b.grad, [6.0, 0.0, 1.0, 0.0])
    second = kt.hessian(lambda a: kt.sum(ratio(a, B) ** 2))(A)
    np.testing.assert_allclose(second, np.diag([54.0, 0.0, 1.5, 0.0]))


def test_what_is_not_computed_is_seen_in_no_derivative():
    weights = np.array([2.0, np.nan, 3.0, np.nan])
    x = kt.GradArray(B)
    y = np.multiply(x, weights, out=np.ones_like(x), where=~np.isnan(weights))
    np.testing.assert_array_equal(y.numpy(), [6.0, 1.0, 6.0, 1.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 0.0, 3.0, 0.0])


def in_place(np, x):
    u = x * 1.0
    np.multiply(u, 2.0, out=u)
    np.add(u, x, u)
    np.sin(u, out=u)
    np.clip(u, -0.5, 0.9, out=u)
    np.cumsum(u, out=u)
    np.maximum(u, 0.1, out=u, where=np.asarray([True, False, True, True]))
    total = np.zeros_like(x[0])
    np.add.reduce(u, out=total)
    return u * total


def test_a_program_that_computes_in_place():
    x = kt.GradArray(B)
    np.testing.assert_allclose(in_place(np, x).numpy(), in_place(np, B), rtol=1e-14)
    check_grads(lambda x: in_place(np, x), [B], order=2)


def test_the_result_is_out_itself():
    out, x = kt.zeros(4), kt.GradArray(B)
    assert np.exp(x, out=out) is out
    assert np.sum(x[None], axis=0, out=out) is out
    assert np.multiply.accumulate(x, out=out) is out
    fraction, whole = np.modf(x, out=(out, None))
    assert fraction is out
    assert whole is not out


def test_constants_are_written_too():
    out = kt.zeros(4)
    assert np.add(kt.asarray(A), B, out=out) is out
    np.testing.assert_array_equal(out.numpy(), A + B)
    np.cumsum(B, out=out)
    np.testing.assert_array_equal(out.numpy(), np.cumsum(B))
    assert not out.requires_grad


def test_views_show_what_was_written():
    x = kt.GradArray(B) * 1.0
    np.negative(x[:2], out=x[:2])
    np.testing.assert_array_equal(x.numpy(), [-3.0, -1.0, 2.0, 5.0])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: np.add(x, 1, out=kt.zeros(4, dtype=kt.int64)), kt.DTypeError),
        (lambda x: np.add(x, 1, out=kt.zeros(3)), kt.ShapeError),
        (lambda x: np.add(x, 1, out=x), kt.LeafWriteError),
        (lambda x: np.clip(x, 0, 1, out=x), kt.LeafWriteError),
        (lambda x: np.add(x, 1, out=kt.zeros(4), dtype="float32"), kt.NotDifferentiableError),
        (lambda x: np.modf(x, out=(kt.zeros(4), None), where=A > 0), kt.NotDifferentiableError),
        (lambda x: np.modf(x, out=(kt.zeros(4), np.zeros(4))), kt.LostGradientError),
    ],
)
def test_what_cannot_be_written_is_refused(call, error):
    x = kt.GradArray(B)
    with pytest.raises(error):
        call(x)
    np.testing.assert_array_equal(x.numpy(), B)


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "cumsum", "std", "var"])
def test_methods_write_into_out(name):
    x, y = kt.GradArray(B.reshape(2, 2)), kt.GradArray(B.reshape(2, 2))
    out = kt.zeros((2, 2) if name == "cumsum" else (2,))
    assert getattr(x, name)(axis=0, out=out) is out
    wanted = getattr(y, name)(axis=0)
    np.testing.assert_array_equal(out.numpy(), wanted.numpy())
    kt.sum(out * out).backward()
    kt.sum(wanted * wanted).backward()
    np.testing.assert_array_equal(x.grad, y.grad)
    with pytest.raises((TypeError, kt.LostGradientError)):
        getattr(x, name)(axis=0, out=np.zeros(2))
    x = kt.GradArray(B)
    u = x * 0.0
    assert x.clip(1.5, 4.0, out=u) is u
    kt.sum(u).backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0, 1.0, 0.0])
