"""The operators of arrays that can be filled: NumPy's results, and lists of tracked values."""

from __future__ import annotations

import operator
import subprocess
import sys
from typing import Any

import numpy
import pytest

import keratorch as kt
import keratorch.numpy as np
from keratorch.interop._fillable import Fillable

ARITHMETIC = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv),
    *(operator.mod, divmod, operator.pow, operator.matmul),
)
COMPARISONS = (*(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),)
IN_PLACE = (
    *(operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv),
    *(operator.imod, operator.ipow),
)
OTHERS = (
    *(2, 2.0, 0.5, 1, 0, -1, 3, -1.5, True, 1j, 10**400, None, "x", [1.0, 2.0, 3.0], (1, 2, 3)),
    *(numpy.float32(2), numpy.float64(2), numpy.int8(2), numpy.array(2.0), numpy.array([1, 2, 3])),
    *(numpy.arange(3.0, dtype="f4"), numpy.ones((3, 3)), numpy.array(["a"]), object()),
    *(numpy.array([1, 2, None], object), numpy.array([1, 2, 3], "m8[s]"), numpy.arange(6.0)[::2]),
    *(numpy.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), numpy.ones((1, 3)).view(numpy.matrix)),
)


def filled_from(values: Any) -> Any:
    with kt.fillable():
        array = np.array(values)
    assert type(array) is Fillable
    return array


def plain(array: Any) -> Any:
    return array.view(numpy.ndarray) if type(array) is Fillable else array


def bytes_of(value: Any) -> bytes:
    return numpy.asarray(value).tobytes()


def outcome(function: Any, *args: Any) -> Any:
    """What a call gives, in a form that compares: types, dtypes, bytes; of an error the type."""
    try:
        found = function(*args)
    except Exception as error:
        return type(error)
    if found is NotImplemented or not isinstance(found, (tuple, numpy.ndarray, numpy.generic)):
        return found
    parts = found if isinstance(found, tuple) else (found,)
    return [
        (
            numpy.ndarray if type(p) is Fillable else type(p),
            p.dtype,
            p.shape,
            p.strides,
            bytes_of(p),
        )
        for p in parts
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c16"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (3, 3), (0,)], ids=str)
def test_operators_compute_what_numpys_do(shape: Any, dtype: Any) -> None:
    values = numpy.random.default_rng(0).standard_normal(shape) * 3
    values = numpy.asarray(values.astype(dtype), order="F")
    for function in (*ARITHMETIC, *COMPARISONS):
        for other in OTHERS:
            numpys, ours = numpy.array(values), filled_from(values)
            expected = outcome(function, numpys, other), outcome(function, other, numpys)
            found = outcome(function, ours, other), outcome(function, other, ours)
            assert found == expected, (function, other)
        assert outcome(function, filled_from(values), filled_from(values)) == outcome(
            function, values, values
        )
    for function in IN_PLACE:
        for other in OTHERS[:-2]:
            numpys, ours = numpy.array(values), filled_from(values)
            expected, found = outcome(function, numpys, other), outcome(function, ours, other)
            assert found == expected, (function, other)
            assert type(ours) is Fillable
            assert ours.tobytes() == numpys.tobytes(), (function, other)


def test_in_place_operators_return_the_array() -> None:
    for function in IN_PLACE:
        for other in (2, 1.5, numpy.full(3, 1.5), filled_from(numpy.full(3, 1.5))):
            array = filled_from(numpy.arange(1.0, 4.0))
            assert function(array, other) is array


def test_the_modulus_of_pow_is_refused_as_numpy_refuses_it() -> None:
    with pytest.raises(TypeError):
        pow(filled_from([1.0, 2.0]), 2, 3)


LISTS = {
    "list": lambda x: [x[0], 1.5, x[1]],
    "tuple": lambda x: (x[0], 1.5, x[1]),
    "nested": lambda x: [[x[0], 1.5, x[1]], [2.0, x[1] * x[0], 3.0], [x[0], x[0], x[1]]],
}


@pytest.mark.parametrize("turned", [False, True], ids=["constant", "tracked"])
@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("function", [*ARITHMETIC, *COMPARISONS], ids=lambda f: f.__name__)
def test_lists_of_tracked_values_beside_the_array(function: Any, kind: Any, turned: Any) -> None:
    def summed(found: Any) -> Any:
        parts = found if isinstance(found, tuple) else (found,)
        return sum(np.sum(part * 1.0) for part in parts)

    def f(x: Any, one_array: bool) -> Any:
        a = np.array([[2.0, 3.0, 4.0], [1.0, 2.0, 5.0], [3.0, 1.0, 2.0]])
        if turned:
            a[0, 0] = x[0] * 2.0
        values = LISTS[kind](x)
        values = np.array(values) if one_array else values
        return summed(function(a, values)) + 3.0 * summed(function(values, a))

    x = numpy.array([1.25, 2.75])
    value, slope = kt.value_and_grad(f)(x, False)
    expected_value, expected = kt.value_and_grad(f)(x, True)
    assert value == expected_value
    numpy.testing.assert_array_equal(slope, expected)
    if function in ARITHMETIC and function is not operator.floordiv:
        assert slope.any()


@pytest.mark.parametrize("function", IN_PLACE, ids=lambda f: f.__name__)
def test_lists_of_tracked_values_update_the_array(function: Any) -> None:
    def f(x: Any, one_array: bool) -> Any:
        a = np.full(3, 2.0)
        b = a
        values = [x[0], 1.5, x[1]]
        a = function(a, np.array(values) if one_array else values)
        assert a is b
        return np.sum(b * b)

    x = numpy.array([1.25, 2.75])
    numpy.testing.assert_array_equal(kt.grad(f)(x, False), kt.grad(f)(x, True))


def test_importing_keratorch_leaves_these_arrays_alone() -> None:
    program = "import sys, keratorch; print([m for m in sys.modules if '_fillable' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_dot_and_clip_of_lists() -> None:
    def f(x: Any) -> Any:
        a = np.ones((2, 2))
        return np.sum(a.dot([x[0], x[1]] * 1)) + np.sum(np.ones(2).clip([x[0], x[1]], 9.0))

    numpy.testing.assert_array_equal(kt.grad(f)(numpy.array([2.0, 3.0])), [3.0, 3.0])


def test_lists_of_constants_give_plain_arrays() -> None:
    def f(x: Any) -> Any:
        ones: Any = np.ones(2)
        b = ones * [1.0, kt.asarray(2.0)]
        assert type(b) is numpy.ndarray
        return np.sum(b * x)

    numpy.testing.assert_array_equal(kt.grad(f)(numpy.array([2.0, 3.0])), [1.0, 2.0])
