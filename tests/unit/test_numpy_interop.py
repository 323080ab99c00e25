"""NumPy's functions and operators, called with a GradArray: differentiated, or refused."""

import math
import operator

import numpy as np
import pytest

import keratorch as kt

A = np.array([0.5, 2.0, 3.0])


@pytest.fixture
def x():
    return kt.GradArray([1.0, 2.0, 4.0])


@pytest.fixture
def constant():
    return kt.asarray([1.0, 2.0, 4.0])


def assert_gradient(y, x, expected):
    kt.sum(y).backward()
    assert type(x.grad) is np.ndarray
    np.testing.assert_allclose(x.grad, expected, rtol=1e-13)


# -- operators with NumPy on the left ----------------------------------------------------------

X = np.array([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("call", "value", "gradient"),
    [
        (lambda x: A + x, A + X, np.ones(3)),
        (lambda x: A - x, A - X, -np.ones(3)),
        (lambda x: A * x, A * X, A),
        (lambda x: A / x, A / X, -A / X**2),
        (lambda x: A**x, A**X, A**X * np.log(A)),
        (lambda x: A @ x, A @ X, A),
        (lambda x: np.eye(3)[:, :2].T @ x, X[:2], [1.0, 1.0, 0.0]),
        (lambda x: np.float64(2) * x, 2 * X, [2.0, 2.0, 2.0]),
        (lambda x: np.float32(2) - x, 2 - X, -np.ones(3)),
        (lambda x: np.int64(3) + x, 3 + X, np.ones(3)),
        (lambda x: np.array(2.0) * x, 2 * X, [2.0, 2.0, 2.0]),
        (lambda x: np.float64(2) ** x, 2**X, 2**X * np.log(2)),
        (lambda x: np.float64(1) / x, 1 / X, -1 / X**2),
        (lambda x: x * np.float64(2), 2 * X, [2.0, 2.0, 2.0]),
        (lambda x: A[:, None] * x, A[:, None] * X, np.full(3, A.sum())),
        (lambda x: [0.5, 2.0, 3.0] * x, A * X, A),
        (lambda x: 2 - x, 2 - X, -np.ones(3)),
    ],
)
def test_operators_with_numpy_on_the_left(x, call, value, gradient):
    y = call(x)
    assert isinstance(y, kt.GradArray)
    assert y.requires_grad
    np.testing.assert_allclose(y.numpy(), value)
    assert_gradient(y, x, gradient)


def test_numpy_scalars_keep_their_dtype_as_in_numpy():
    raw = np.array([1.0, 2.0], dtype=np.float32)
    x = kt.GradArray(raw)
    for scalar in (np.float64(2), np.float32(2), np.int64(2), 2, 2.0):
        assert (scalar * x).dtype == (scalar * raw).dtype
        assert (x * scalar).dtype == (raw * scalar).dtype
    (np.float64(2) * x).sum().backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("scalar", [np.float64(2), np.array(2.0), np.ones(3)])
def test_what_is_made_on_the_left_is_never_an_object_array(x, scalar):
    for y in (scalar * x, scalar + x, scalar - x, scalar / x, scalar**x, scalar < x, scalar == x):
        assert isinstance(y, kt.GradArray)
        assert y._array.dtype.kind in "fb"


@pytest.mark.parametrize(
    "compare",
    [
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: a == b,
        lambda a, b: a != b,
    ],
)
def test_comparisons_from_the_left(x, constant, compare):
    for left in (A, np.float64(2.0), 2.0):
        for right in (x, constant):
            found = compare(left, right)
            assert isinstance(found, kt.GradArray)
            assert not found.requires_grad
            np.testing.assert_array_equal(found.numpy(), compare(left, X))


def test_a_comparison_indexes_a_numpy_array(x):
    np.testing.assert_array_equal(A[x > 1.5], [2.0, 3.0])
    assert A[kt.asarray(1)] == 2.0


# -- ufuncs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ufunc", "derivative"),
    [
        (np.sin, np.cos),
        (np.cos, lambda v: -np.sin(v)),
        (np.exp, np.exp),
        (np.log, lambda v: 1 / v),
        (np.sqrt, lambda v: 0.5 / np.sqrt(v)),
        (np.tanh, lambda v: 1 - np.tanh(v) ** 2),
        (np.negative, lambda v: -np.ones(3)),
        (np.positive, lambda v: np.ones(3)),
        (np.absolute, np.sign),
        (np.conjugate, lambda v: np.ones(3)),
    ],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_ufuncs_of_one_array(x, constant, ufunc, derivative):
    y = ufunc(x)
    np.testing.assert_allclose(y.numpy(), ufunc(X))
    assert_gradient(y, x, derivative(X))
    of_constant = ufunc(constant)
    assert isinstance(of_constant, kt.GradArray)
    assert not of_constant.requires_grad
    np.testing.assert_allclose(of_constant.numpy(), ufunc(X))


@pytest.mark.parametrize(
    ("ufunc", "gradient"),
    [
        (np.add, [1.0, 1.0, 1.0]),
        (np.subtract, [-1.0, -1.0, -1.0]),
        (np.multiply, A),
        (np.divide, -A / X**2),
        (np.true_divide, -A / X**2),
        (np.power, A**X * np.log(A)),
        (np.maximum, [1.0, 0.5, 1.0]),
        (np.minimum, [0.0, 0.5, 0.0]),
        (np.matmul, A),
    ],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_ufuncs_of_two_arrays(x, ufunc, gradient):
    y = ufunc(A, x)
    np.testing.assert_allclose(y.numpy(), ufunc(A, X))
    assert_gradient(y, x, gradient)


def test_ufuncs_take_second_derivatives(x):
    (g,) = kt.gradients(np.sum(np.sin(x)), x, create_graph=True)
    (h,) = kt.gradients(np.sum(g), x)
    np.testing.assert_allclose(h, -np.sin(X))


@pytest.mark.parametrize("ufunc", [np.isfinite, np.isnan, np.isinf, np.sign, np.logical_not])
def test_ufuncs_without_a_derivative_give_constants(x, ufunc):
    y = ufunc(x)
    assert isinstance(y, kt.GradArray)
    assert not y.requires_grad
    np.testing.assert_array_equal(y.numpy(), ufunc(X))


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["iadd", "isub", "imul", "itruediv", "ipow"],
)
def test_a_raw_array_does_not_take_in_a_gradient(x, name):
    raw = A.copy()
    with pytest.raises(kt.LostGradientError) as caught:
        getattr(operator, name)(raw, x)
    message = str(caught.value)
    assert "into a NumPy array would lose its gradient" in message
    assert "(3,)" in message
    assert "detach()" in message
    assert isinstance(caught.value, TypeError)
    np.testing.assert_array_equal(raw, A)


def test_out_is_refused_for_tracked_arrays(x):
    out = np.zeros(3)
    for call in (
        lambda: np.sin(x, out=out),
        lambda: np.sin(x, out),
        lambda: np.add(A, x, out=out),
        lambda: np.add(x, A, out=(out,)),
    ):
        with pytest.raises(kt.LostGradientError, match=r"numpy\.(sin|add).* with out="):
            call()
    np.testing.assert_array_equal(out, np.zeros(3))


def test_a_leaf_is_no_out_and_no_ufunc_writes_at_places_without_a_rule(x, constant):
    with pytest.raises(kt.LeafWriteError):
        np.sin(A, out=x)
    np.testing.assert_array_equal(x.numpy(), X)
    with pytest.raises(kt.NotDifferentiableError, match=r"numpy\.isnat\.at"):
        np.isnat.at(constant, [0])
    np.testing.assert_array_equal(constant.numpy(), X)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.arctan2.reduce(x), "arctan2.reduce"),
        (lambda x: np.power.reduceat(x, [0, 1]), "power.reduceat"),
        (lambda x: np.sin(x, where=[True, False, True]), "sin with where"),
        (lambda x: np.add(x, x, dtype=np.float32), "add with dtype"),
    ],
)
def test_a_ufunc_without_a_rule_is_refused_by_name(x, call, name):
    with pytest.raises(kt.NotDifferentiableError) as caught:
        call(x)
    message = str(caught.value)
    assert message.startswith(f"numpy.{name} has no rule")
    assert "(3,)" in message or "()" in message
    assert "detach()" in message
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "call",
    [
        lambda a: np.add.reduce(a),
        lambda a: np.multiply.accumulate(a),
        lambda a: np.multiply.outer(a, A),
        lambda a: np.ldexp(a, 2),
        lambda a: np.sin(a, where=[True, False, True], out=np.zeros(3)),
        lambda a: np.add(a, a, dtype=np.float32),
        lambda a: np.modf(a),
        lambda a: np.sin(a, out=np.zeros(3)),
        lambda a: np.fmod(A, a),
    ],
)
def test_constants_go_through_every_ufunc(constant, call):
    found, expected = call(constant), call(X)
    if not isinstance(expected, tuple):
        found, expected = (found,), (expected,)
    assert len(found) == len(expected)
    for y, value in zip(found, expected, strict=True):
        raw = y._array if isinstance(y, kt.GradArray) else y
        assert type(raw) is np.ndarray
        assert raw.dtype == value.dtype
        np.testing.assert_array_equal(raw, value)


def test_in_place_operators_of_a_raw_array_take_in_constants(constant):
    raw = A.copy()
    alias = raw
    raw += constant
    assert raw is alias
    np.testing.assert_array_equal(alias, A + X)
    raw /= constant
    np.testing.assert_allclose(alias, (A + X) / X)


# -- conversions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.asarray(x),
        lambda x: np.array(x),
        lambda x: np.array([x, x]),
        lambda x: np.array([x[0], x[1]]),
        lambda x: np.array([x[0], 1.0]),
        lambda x: np.array([[x[0]], [2.0]], dtype=np.float64),
        lambda x: np.array(x, dtype=object),
        lambda x: np.array([x, x], dtype=object),
        lambda x: np.asanyarray(x),
        lambda x: np.ascontiguousarray(x),
        lambda x: np.testing.assert_allclose(x, X),
        lambda x: np.zeros(3).__setitem__(slice(None), x),
        lambda x: np.zeros((2, 3)).__setitem__(0, x),
        lambda x: float(x[0]),
        lambda x: float(x),
        lambda x: int(x[0]),
        lambda x: complex(x[0]),
        lambda x: math.sin(x[0]),
        lambda x: np.float64(x[0]),
        lambda x: [0, 1, 2, 3][x[0]],
        lambda x: list(range(x[0])),
    ],
)
def test_a_gradient_is_not_lost_on_the_way_to_numpy(x, call):
    with pytest.raises(kt.LostGradientError) as caught:
        call(x)
    message = str(caught.value)
    assert "detach()" in message
    assert isinstance(caught.value, TypeError)


def test_an_element_of_a_numpy_array_takes_no_tracked_value(x):
    """NumPy puts its own ValueError over the LostGradientError, and names it as the cause."""
    z = np.zeros(3)
    with pytest.raises((kt.LostGradientError, ValueError)) as caught:
        z[0] = x[0]
    chain = [caught.value, caught.value.__cause__]
    assert any(isinstance(error, kt.LostGradientError) for error in chain)
    np.testing.assert_array_equal(z, np.zeros(3))


def test_a_tangent_is_not_lost_either(x):
    def f(v):
        with pytest.raises(kt.LostGradientError):
            np.asarray(v)
        with pytest.raises(kt.LostGradientError):
            float(v[0])
        with pytest.raises(kt.LostGradientError):
            np.sin(v, out=np.zeros(3))
        return np.sin(v)

    _, tangent = kt.jvp(f, (X,), (np.ones(3),))
    np.testing.assert_allclose(tangent, np.cos(X))


def test_constants_go_to_numpy(constant):
    assert type(np.asarray(constant)) is np.ndarray
    np.testing.assert_array_equal(np.asarray(constant), X)
    assert np.asarray(constant, dtype=np.float32).dtype == np.float32
    np.testing.assert_array_equal(np.array([constant, constant]), [X, X])
    assert np.array([constant, constant]).dtype == np.float64
    np.testing.assert_array_equal(np.array([constant[0], constant[1]]), X[:2])
    copied = np.array(constant)
    copied[0] = 9.0
    assert constant[0].item() == 1.0
    z = np.zeros(3)
    z[0] = constant[1]
    z[1:] = constant[1:]
    np.testing.assert_array_equal(z, [2.0, 2.0, 4.0])
    assert float(constant[1]) == 2.0
    assert math.sin(constant[1]) == math.sin(2.0)
    assert [5, 6, 7][kt.asarray(1)] == 6
    assert list(range(kt.asarray(2))) == [0, 1]


def test_asarray_without_a_copy(constant):
    assert np.asarray(constant, copy=False) is constant._array
    with pytest.raises(ValueError, match="copy"):
        np.asarray(constant, dtype=np.float32, copy=False)


def test_a_float_is_no_index(constant):
    with pytest.raises(TypeError):
        [0, 1, 2][constant[0]]
    with pytest.raises(TypeError):
        range(constant[0])


def test_a_constant_on_another_device_is_not_copied_silently():
    strict = pytest.importorskip("array_api_strict")
    raw = strict.ones(3, device=strict.Device("device1"))
    constant = kt.asarray(raw)
    for call in (
        lambda: np.asarray(constant),
        lambda: np.array([constant, constant]),
        lambda: np.zeros(3).__setitem__(slice(None), constant),
    ):
        with pytest.raises(kt.DeviceMismatchError, match=r"on device1:0 .*numpy\(\)"):
            call()
    with pytest.raises(kt.DeviceMismatchError):
        A * constant
    np.testing.assert_array_equal(constant.numpy(), np.ones(3))


def test_object_arrays_are_not_made(x, constant):
    for v in (x, constant):
        for other in (None, "text", object(), {}):
            for call in (operator.mul, operator.sub, operator.truediv, operator.lt):
                for left, right in ((v, other), (other, v)):
                    # Text repeats itself by __index__, which has an error of its own.
                    with pytest.raises((TypeError, kt.ShapeError)):
                        call(left, right)
    objects = np.array([1, None, 2], dtype=object)
    for call in (lambda: objects * x, lambda: x + objects, lambda: objects == x):
        with pytest.raises((kt.DTypeError, kt.UnknownArrayError)):
            call()
    assert np.array([constant, constant]).dtype == np.float64


# -- functions that are no ufuncs --------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "value", "gradient"),
    [
        (lambda x: np.concatenate([x, A]), np.concatenate([X, A]), np.ones(3)),
        (lambda x: np.concatenate([A, x * x]), np.concatenate([A, X * X]), 2 * X),
        (lambda x: np.stack([x, x], axis=1), np.stack([X, X], axis=1), 2 * np.ones(3)),
        (lambda x: np.sum(x * x), (X * X).sum(), 2 * X),
        (lambda x: np.sum(x, 0, keepdims=True), X.sum(0, keepdims=True), np.ones(3)),
        (lambda x: np.mean(x), X.mean(), np.full(3, 1 / 3)),
        (lambda x: np.max(x), X.max(), [0.0, 0.0, 1.0]),
        (lambda x: np.amin(x, axis=0), X.min(), [1.0, 0.0, 0.0]),
        (lambda x: np.where(X > 1.5, x, 0.0), np.where(X > 1.5, X, 0.0), [0.0, 1.0, 1.0]),
        (lambda x: np.reshape(x, (3, 1)) * A, X[:, None] * A, np.full(3, A.sum())),
        (lambda x: np.broadcast_to(x, (2, 3)), np.broadcast_to(X, (2, 3)), [2.0, 2.0, 2.0]),
        (lambda x: np.expand_dims(x, 0), X[None], np.ones(3)),
        (lambda x: np.squeeze(x[None]), X, np.ones(3)),
        (lambda x: np.flip(x) * A, X[::-1] * A, A[::-1]),
        (lambda x: np.transpose(x), X, np.ones(3)),
        (lambda x: np.copy(x), X, np.ones(3)),
    ],
)
def test_numpy_functions_differentiate(x, call, value, gradient):
    y = call(x)
    assert isinstance(y, kt.GradArray)
    np.testing.assert_array_equal(y.numpy(), value)
    assert_gradient(y, x, gradient)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.copyto(np.zeros(3), x), "copyto"),
        (lambda x: np.min_scalar_type(x), "min_scalar_type"),
        (lambda x: np.packbits(x), "packbits"),
    ],
)
def test_numpy_functions_without_a_rule_are_refused_by_name(x, call, name):
    with pytest.raises(kt.NotDifferentiableError, match=name):
        call(x)


def test_constants_go_through_numpy_functions(constant):
    assert np.array_equal(constant, constant) is True
    assert np.allclose(constant, X)
    median = np.median(constant)
    assert float(median) == 2.0
    norm = np.linalg.norm(constant)
    np.testing.assert_allclose(float(norm), np.linalg.norm(X))
    sorted_ = np.sort(constant)
    assert isinstance(sorted_, kt.GradArray) and not sorted_.requires_grad
    target = np.zeros(3)
    np.copyto(target, constant)
    np.testing.assert_array_equal(target, X)


def test_inquiries(x):
    assert np.shape(x) == (3,)
    assert np.ndim(x) == 1
    assert np.size(x) == 3
    assert not np.zeros_like(x).requires_grad
    assert np.argmax(x).item() == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda c: np.copyto(dst=c, src=[5.0, 5.0, 5.0]),
        lambda c: np.nan_to_num(c, copy=False),
    ],
)
def test_numpy_functions_do_not_write_past_the_record(constant, call):
    before = constant.numpy()
    with pytest.raises(kt.KeratorchError, match="write"):
        call(constant)
    np.testing.assert_array_equal(constant.numpy(), before)


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (lambda c, v: np.copyto(c, v), [5.0, 7.0, 9.0]),
        (lambda c, v: np.put(c, [0, -1], v), [5.0, 2.0, 7.0]),
        (lambda c, v: np.place(c, X > 1, v), [1.0, 5.0, 7.0]),
        (lambda c, v: np.putmask(c, X > 1, v), [1.0, 7.0, 9.0]),
        (lambda c, v: np.put_along_axis(c, np.array([2, 1, 0]), v, 0), [9.0, 7.0, 5.0]),
        (lambda c, v: np.fill_diagonal(c[None], v), [5.0, 2.0, 4.0]),
    ],
)
def test_numpy_functions_write_into_a_gradarray_as_an_assignment_does(constant, call, value):
    values = kt.GradArray([5.0, 7.0, 9.0])
    with pytest.raises(kt.LeafWriteError):
        call(kt.GradArray([1.0, 2.0, 4.0]), values)
    with pytest.raises(TypeError, match=r"gradient would be lost|would lose its gradient"):
        call(X.copy(), values)
    call(constant, values.detach())
    np.testing.assert_array_equal(constant.numpy(), value)
    assert not constant.requires_grad
    call(constant, 2 * values)
    np.testing.assert_array_equal(
        constant.numpy(), np.where(constant.numpy() > 4, 2 * np.array(value), value)
    )
    assert constant.requires_grad


@pytest.mark.parametrize("view", [np.ravel, np.atleast_2d, lambda x: np.swapaxes(x, 0, 0)])
def test_a_view_made_by_numpy_takes_no_recorded_write_unseen(x, view):
    out = kt.zeros(3)
    part = view(out)
    part[...] = 7.0  # as in NumPy, it shows
    np.testing.assert_array_equal(out.numpy(), [7.0, 7.0, 7.0])
    with pytest.raises(kt.AliasedWriteError, match=r"copy\(\)"):
        part[...] = x * x
    np.testing.assert_array_equal(out.numpy(), [7.0, 7.0, 7.0])


@pytest.mark.parametrize(
    "value", [np.timedelta64(1, "s"), np.datetime64("2026-01-01"), np.str_("a")]
)
def test_scalars_that_are_no_numbers_are_refused(x, value):
    for call in (lambda: x * value, lambda: value * x, lambda: np.multiply(x, value)):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("key", [True, False, 0, [0], [[0]], [0, 0], "mask", "none", "all"])
def test_untracked_arrays_index_numpys_as_numpys_do(key, rows):
    """NumPy asks an index for `__index__` first: one element is still an array."""
    a = np.arange(2.0 * rows).reshape(rows, 2)
    masks = {"mask": a[:, 0] == 0, "none": a[:, 0] < 0, "all": a[:, 0] >= 0}
    index = np.asarray(masks.get(key, key) if isinstance(key, str) else key)
    found = a[kt.asarray(index)]
    np.testing.assert_array_equal(found, a[index])
    assert found.shape == a[index].shape
    ours, theirs = a.copy(), a.copy()
    ours[kt.asarray(index)] = -1.0
    theirs[index] = -1.0
    np.testing.assert_array_equal(ours, theirs)
