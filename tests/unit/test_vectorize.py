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


def test_what_is_refused():
    with pytest.raises(kt.NotDifferentiableError, match="signature"):
        knp.vectorize(np.sum, signature="(n)->()")(kt.GradArray(A))
    with pytest.raises(ValueError, match="size 0"):
        knp.vectorize(kinked)(kt.GradArray(A[:0]))
    with pytest.raises(kt.LostGradientError):
        np.vectorize(kinked)(kt.GradArray(A))


def test_vecdot_along_another_axis():
    check_grads(lambda a, b: np.vecdot(a, b, axis=0), [A, A + 1j * A.T])
