"""All of NumPy's ufuncs: each is differentiated, a constant, or refused by name."""

import warnings

import numpy as np
import pytest

import keratorch as kt
from keratorch.interop._numpy import ufunc_function
from keratorch.interop._numpy_api import CONSTANT, UFUNCS

NAMES = sorted(n for n in dir(np) if isinstance(getattr(np, n), np.ufunc))
#: Those of dates, which no keratorch array holds.
REFUSED = {"isnat"}
#: Those that take integers and booleans only, which are never tracked.
OF_INTEGERS = {
    *("bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"),
    *("gcd", "lcm", "bitwise_count"),
}
#: Those whose derivative is 0 wherever there is one.
FLAT = {
    *("floor", "ceil", "trunc", "rint", "sign", "signbit", "floor_divide", "spacing"),
    *("isnan", "isinf", "isfinite", "equal", "not_equal", "less", "less_equal", "greater"),
    *("greater_equal", "logical_and", "logical_or", "logical_xor", "logical_not"),
}
#: Arguments where the general ones are outside of the domain.
ARGUMENTS = {
    "arccosh": ([1.5, 2.5],),
    "matmul": ([1.5, 2.0], [2.5, 3.0]),
    "vecdot": ([1.5, 2.0], [2.5, 3.0]),
    "matvec": ([[1.5, 2.0], [0.5, 1.0]], [2.5, 3.0]),
    "vecmat": ([2.5, 3.0], [[1.5, 2.0], [0.5, 1.0]]),
}


def arguments(ufunc):
    given = ARGUMENTS.get(ufunc.__name__, ([0.3, 0.6], [0.7, 0.4])[: ufunc.nin])
    return [np.asarray(a) for a in given]


def parts(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", NAMES)
def test_every_ufunc_is_differentiated_constant_or_refused(name):
    ufunc = getattr(np, name)
    key = ufunc.__name__
    if key in REFUSED:
        with pytest.raises(kt.NotDifferentiableError, match=f"numpy.{key} has no rule"):
            ufunc(kt.GradArray([1.0, 2.0]))
        return
    if key in OF_INTEGERS:
        numbers = [np.asarray([6, 4]), np.asarray([3, 2])][: ufunc.nin]
        y = ufunc(*(kt.asarray(a) for a in numbers))
        assert isinstance(y, kt.GradArray)
        np.testing.assert_array_equal(y.numpy(), ufunc(*numbers))
        with pytest.raises((TypeError, kt.DTypeError)):
            ufunc(*(kt.GradArray(a.astype(float)) for a in numbers))
        return
    values = arguments(ufunc)
    if key == "ldexp":
        values[1] = np.asarray([2, 3])
    xs = [kt.GradArray(a) for a in values]
    found, expected = parts(ufunc(*xs)), parts(ufunc(*values))
    assert len(found) == len(expected)
    for y, wanted in zip(found, expected, strict=True):
        assert isinstance(y, kt.GradArray)
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-13)
    assert any(y.requires_grad for y in found) == (key not in FLAT)


def test_the_table_of_ufuncs_has_names_of_ufuncs():
    for name in UFUNCS:
        ufunc, _, method = name.partition(".")
        assert isinstance(getattr(np, ufunc, None), np.ufunc) or not hasattr(np, ufunc)
        assert method in ("", "reduce", "accumulate", "reduceat", "at", "outer")
    assert {"rint", "spacing"} == CONSTANT & FLAT


# -- methods, and arguments that are refused ---------------------------------------------------


def test_a_user_ufunc_of_the_same_name_is_another():
    assert ufunc_function(np.frompyfunc(abs, 1, 1)) is None


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda x: np.sin(x, where=x > 1), "numpy.where"),
        (lambda x: np.add(x, 1.0, dtype=np.float32), "astype"),
        (lambda x: np.isnat.at(x, [0]), r"x\[indices\] = value"),
        (lambda x: np.arctan2.reduce(x), "keratorch's own functions"),
        (lambda x: np.power.reduceat(x, [0]), "keratorch's own functions"),
    ],
)
def test_what_has_no_rule_says_what_to_write(call, remedy):
    with pytest.raises(kt.NotDifferentiableError, match=remedy):
        call(kt.GradArray([1.0, 2.0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda x, out: np.sin(x, out=out),
        lambda x, out: np.exp2(x, out=out),
        lambda x, out: np.add.reduce(x, out=out[0]),
        lambda x, out: np.add.accumulate(x, out=out),
        lambda x, out: np.round(x, out=out),
    ],
)
def test_out_is_refused_with_the_reason(call):
    with pytest.raises(kt.LostGradientError, match=r"out=.*lose its gradient"):
        call(kt.GradArray([1.0, 2.0]), np.zeros(2))


def test_adding_at_repeated_places_is_a_recorded_write():
    x = kt.GradArray([1.0, 2.0])
    total = kt.zeros(3)
    np.add.at(total, [0, 0], x)
    np.subtract.at(total, 2, x[1])
    np.testing.assert_array_equal(total.numpy(), [3.0, 0.0, -2.0])
    kt.sum(total * np.array([1.0, 5.0, 7.0])).backward()
    np.testing.assert_array_equal(x.grad, [1.0, -6.0])


def test_adding_into_a_numpy_array_or_a_leaf_is_refused():
    x = kt.GradArray([1.0, 2.0])
    with pytest.raises(kt.LostGradientError, match=r"keratorch\.asarray"):
        np.add.at(np.zeros(3), [0, 1], x)
    with pytest.raises(kt.LeafWriteError):
        np.add.at(x, [0], 1.0)


def test_running_maxima_at_ties_send_the_gradient_to_the_first():
    x = kt.GradArray([1.0, 3.0, 3.0, 2.0])
    np.maximum.accumulate(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 3.0, 0.0, 0.0])


@pytest.mark.parametrize("name", ["fmax", "fmin"])
def test_the_extremum_of_a_number_and_nan_is_all_of_the_number(name):
    x = kt.GradArray([1.0, np.nan, 2.0])
    y = kt.GradArray([np.nan, 5.0, 2.0])
    getattr(np, name)(x, y).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0, 0.5])
    np.testing.assert_array_equal(y.grad, [0.0, 1.0, 0.5])


@pytest.mark.parametrize(
    ("call", "gradient"),
    [
        (np.nansum, [1.0, 0.0, 1.0, 1.0]),
        (np.nanmean, [1 / 3, 0.0, 1 / 3, 1 / 3]),
        (np.nanprod, [6.0, 0.0, 3.0, 2.0]),
        (np.nanmax, [0.0, 0.0, 0.0, 1.0]),
        (np.nanmin, [1.0, 0.0, 0.0, 0.0]),
        (np.nanmedian, [0.0, 0.0, 1.0, 0.0]),
        (np.nanvar, [-2 / 3, 0.0, 0.0, 2 / 3]),
        (lambda x: np.sum(np.nancumsum(x)), [4.0, 0.0, 2.0, 1.0]),
        (lambda x: np.sum(np.nan_to_num(x, nan=3.0)), [1.0, 0.0, 1.0, 1.0]),
    ],
)
def test_a_nan_left_out_has_gradient_zero_and_leaks_into_no_other(call, gradient):
    x = kt.GradArray([1.0, np.nan, 2.0, 3.0])
    call(x).backward()
    np.testing.assert_allclose(x.grad, gradient, rtol=1e-14)


def test_the_standard_deviation_of_equal_numbers_has_gradient_zero():
    x = kt.GradArray([2.0, np.nan, 2.0])
    np.nanstd(x).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0])


@pytest.mark.parametrize("ddof", [2, 3, 2.5])
@pytest.mark.parametrize("function", [np.nanvar, np.nanstd])
def test_nan_variance_without_a_degree_of_freedom(function, ddof):
    values = np.array([[1.0, 2.0, np.nan], [1.0, 3.0, 5.0]], "float32")
    x = kt.GradArray(values)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of the degrees of freedom
        y = function(x, axis=1, ddof=ddof)
        expected = function(values, axis=1, ddof=ddof)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y._array, expected)
    y.sum().backward()
    assert np.isnan(x.grad[0, :2]).all()
    assert np.isfinite(x.grad[1]).all() == np.isfinite(expected[1])


@pytest.mark.parametrize("call", [np.frexp, np.modf, np.deg2rad, np.fmax, np.nansum, np.median])
def test_a_float32_array_keeps_its_dtype(call):
    raw = np.array([1.5, 2.5, 3.0], dtype=np.float32)
    x = kt.GradArray(raw)
    args = (x, x) if call is np.fmax else (x,)
    raws = (raw, raw) if call is np.fmax else (raw,)
    for y, wanted in zip(parts(call(*args)), parts(call(*raws)), strict=True):
        assert y.dtype == wanted.dtype
    kt.sum(parts(call(*args))[0]).backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("dtype", ["int8", "bool", "float16", "float32", "complex64"])
@pytest.mark.parametrize(
    "call",
    [
        *(np.exp2, np.rint, np.add.reduce),
        *(lambda x: np.float_power(x, 2), lambda x: np.multiply.outer(x, x)),
    ],
)
def test_constants_have_numpys_dtypes(call, dtype):
    raw = np.array([1, 0, 1], dtype=dtype)
    y, wanted = call(kt.asarray(raw)), call(raw)
    assert isinstance(y, kt.GradArray)
    assert y.dtype == wanted.dtype
    np.testing.assert_array_equal(y.numpy(), wanted)


def test_another_librarys_ufunc_of_three_named_clip_is_not_numpys():
    class Clip:
        __name__ = "clip"
        nin, nout, signature = 3, 1, None

    x = kt.GradArray([1.0, 2.0])
    with pytest.raises(kt.NotDifferentiableError, match="clip"):
        x.__array_ufunc__(Clip(), "__call__", x, 0.0, 1.5)
