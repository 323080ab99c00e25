"""``keratorch.numpy.vectorize``."""

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.testing import check_grads

A = np.array([[0.5, -1.5], [2.5, -0.3]])
ROW = np.array([1.5, 0.7])


def kinked(x, y=2.0):
    return x**2 * y if x > 0 else -x


def test_a_function_of_numbers_with_branches():
    function = knp.vectorize(kinked)
    for call in (function, lambda a: function(a, 3.0), lambda a: function(a, y=ROW)):
        np.testing.assert_array_equal(call(kt.GradArray(A)).numpy(), call(A))
        check_grads(call, [A])
    check_grads(function, [A, ROW])


def test_several_outputs_otypes_and_excluded_arguments():
    both = knp.vectorize(lambda x: (x * x, x + 1.0), otypes=[complex, float])
    found, wanted = both(kt.GradArray(A)), both(A)
    for y, value in zip(found, wanted, strict=True):
        assert y.dtype == value.dtype
        np.testing.assert_array_equal(y.numpy(), value)
    polynomial = knp.vectorize(lambda p, x: np.dot(p, [1.0, x]), excluded=[0])
    check_grads(polynomial, [ROW, A])


def test_raw_arrays_go_to_numpy_and_tracked_parameters_come_out():
    function = knp.vectorize(kinked)
    assert type(function(A)) is np.ndarray
    w = kt.GradArray(1.5)
    y = knp.vectorize(lambda x: x * w if x > 0 else 0.0)(A)
    assert y.shape == A.shape
    kt.sum(y).backward()
    np.testing.assert_array_equal(w.grad, 3.0)


@pytest.mark.parametrize("otypes", [None, [float]])
@pytest.mark.parametrize("values", [[-1.0, 2.0], [2.0, -1.0], [2.0, 3.0]])
def test_tracked_results_come_out_wherever_they_are(otypes, values):
    w = kt.GradArray(1.5)
    function = knp.vectorize(lambda x: x * w if x > 0 else 0.0, otypes=otypes)
    y = function(np.array(values))
    np.testing.assert_array_equal(y.numpy(), np.maximum(values, 0) * 1.5)
    assert y.dtype == np.float64
    kt.sum(y).backward()
    np.testing.assert_array_equal(w.grad, np.sum(np.maximum(values, 0)))


@pytest.mark.parametrize("otypes", [None, "d"])
@pytest.mark.parametrize("wrap", [np.asarray, kt.GradArray])
@pytest.mark.parametrize("w", [2.0, kt.GradArray(2.0)])
def test_the_function_is_called_once_for_each_element(otypes, wrap, w):
    seen = []

    def function(x):
        seen.append(float(kt.asarray(x).detach().item()))
        return x * w

    knp.vectorize(function, otypes=otypes)(wrap(A))
    assert seen == A.ravel().tolist()


def test_an_error_of_the_function_is_the_callers():
    calls = []

    def function(x):
        calls.append(x)
        return x * float(kt.GradArray(2.0))

    with pytest.raises(kt.LostGradientError):
        knp.vectorize(function)(A)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (lambda x: x > 0, {}),
        (lambda x: (1, 0.5) if x < 0 else (2, 2.5), {}),
        (lambda x: (1, 2.5), {"otypes": "fD"}),
        (lambda x: "below" if x < 0 else "above", {}),
    ],
)
def test_results_without_a_gradarray_are_numpys(function, options):
    wanted = np.vectorize(function, **options)(A)
    found = knp.vectorize(function, **options)(A)
    beside = knp.vectorize(function, **options)(kt.GradArray(A))
    for y, x, value in zip(*map(_outputs, (found, beside, wanted)), strict=True):
        assert type(y) is np.ndarray
        assert type(x) is (np.ndarray if value.dtype.kind == "U" else kt.GradArray)
        assert y.dtype == x.dtype == value.dtype
        np.testing.assert_array_equal(y, value)
        np.testing.assert_array_equal(np.asarray(x), value)


def _outputs(found):
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("wrap", [np.asarray, kt.GradArray])
def test_no_elements_make_empty_arrays_of_the_otypes(wrap):
    empty = A[:, :0]
    for otypes in ("f", "dF"):
        wanted = np.vectorize(lambda x: x, otypes=otypes)(empty)
        found = knp.vectorize(lambda x: x, otypes=otypes)(wrap(empty))
        for y, value in zip(_outputs(found), _outputs(wanted), strict=True):
            assert (y.shape, y.dtype) == (value.shape, value.dtype)
            assert isinstance(y, kt.GradArray) == (wrap is kt.GradArray)


def test_a_decorator_and_excluded_arguments_alone():
    @knp.vectorize(excluded=["w"])
    def scaled(x, w=1.0):
        return x * w

    check_grads(lambda x, w: scaled(x, w=w), [A, 2.5])
    check_grads(lambda w: scaled(A, w=w), [2.5])
    assert knp.vectorize(lambda w: w, excluded=[0])("as it is") == "as it is"


@pytest.mark.parametrize(
    ("beside", "kind"),
    [
        (2, np.int64),
        ([2, 1], np.int64),
        (np.array([[1], [2]], dtype=np.int32), np.int32),
        ([True, False], np.bool_),
        (ROW, np.float64),
        (["ab", "c"], np.str_),
        (np.array(["ab", None], dtype=object), (str, type(None))),
    ],
)
def test_constants_beside_a_gradarray_are_numpys_scalars(beside, kind):
    """So that they can count, index, and be looked up; in NumPy they are Python's."""
    seen = []

    def function(n, x):
        seen.append(n)
        return x ** len(n or "") if n is None or isinstance(n, str) else x**n

    vectorized = knp.vectorize(function)
    x = abs(A)
    np.testing.assert_allclose(vectorized(beside, kt.GradArray(x)).numpy(), vectorized(beside, x))
    del seen[:]
    check_grads(lambda x: vectorized(beside, x), [x])
    assert len(seen) > x.size
    assert all(isinstance(n, kind) for n in seen)


def test_what_is_refused():
    with pytest.raises(kt.ShapeError, match=r"numpy.vectorize: shapes \(3,\) and \(2, 2\)"):
        knp.vectorize(kinked)(np.ones(3), kt.GradArray(A))
    for otypes in "O", "U":
        with pytest.raises(kt.DTypeError, match=f"numpy.vectorize: .* otypes has '{otypes}'"):
            knp.vectorize(kinked, otypes=otypes)(kt.GradArray(A))
    with pytest.raises(ValueError, match="2 outputs with 1 otypes"):
        knp.vectorize(lambda x: (x, x), otypes="d")(kt.GradArray(A))
    with pytest.raises(kt.NotDifferentiableError, match="signature"):
        knp.vectorize(np.sum, signature="(n)->()")(kt.GradArray(A))
    with pytest.raises(ValueError, match="size 0"):
        knp.vectorize(kinked)(kt.GradArray(A[:0]))
    with pytest.raises(ValueError, match="size 0"):
        knp.vectorize(kinked)(A[:0])
    with pytest.raises(kt.LostGradientError):
        np.vectorize(kinked)(kt.GradArray(A))


def test_vecdot_along_another_axis():
    check_grads(lambda a, b: np.vecdot(a, b, axis=0), [A, A + 1j * A.T])
