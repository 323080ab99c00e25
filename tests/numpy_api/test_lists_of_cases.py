"""Every case of the table with nested lists in place of its arrays, wherever NumPy takes them.

The lists hold tracked arrays of shape (). Values, dtypes and gradients must be those of the arrays.
"""

from types import ModuleType

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from tests.numpy_api.cases import Case, positive
from tests.numpy_api.test_functions import CASES, in_numpy, parts

A, B = positive(2, 2) / 4, positive(2, 2, seed=1) / 4
#: Cases in which NumPy gives a list another meaning than an array, or returns the list.
OTHERWISE = {
    "diff": "of order 0 it returns the list",
    "histogramdd": "a list has one array for each variable, an array has a column for each",
    "array_split": "of a list it divides the first axis, whatever the axis is",
    "split": "of a list it divides the first axis, whatever the axis is",
    "trim_zeros": "of a list it returns a list",
}


def nested(value):
    """`value` with nested lists in place of arrays of numbers that have elements."""
    if isinstance(value, (list, tuple)):
        return type(value)(nested(v) for v in value)
    if not isinstance(value, (kt.GradArray, np.ndarray)) or value.ndim == 0 or 0 in value.shape:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind not in "fc":
        return value
    return [nested(value[i]) for i in range(value.shape[0])]


class Listed:
    """A module, or a function or ufunc in it, that is called with nested lists."""

    def __init__(self, value):
        self._value = value

    def __getattr__(self, name):
        found = getattr(self._value, name)
        plain = isinstance(found, type) or not (callable(found) or isinstance(found, ModuleType))
        return found if plain else Listed(found)

    def __call__(self, /, *args, **kwargs):
        return self._value(*nested(args), **{k: nested(v) for k, v in kwargs.items()})


def taken_by_numpy(case):
    """Whether NumPy takes lists of its scalars, and makes the same of them as of arrays."""
    try:
        found = parts(case.call(Listed(np), *case.inputs))
    except Exception:
        return False
    expected = parts(case.call(np, *case.inputs))
    return len(found) == len(expected) and all(
        np.shape(a) == np.shape(b)
        and np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc")
        for a, b in zip(found, expected, strict=True)
    )


def outputs_and_gradients(case, module, wrap, tracked=None):
    """The outputs, and the gradients of a sum of them in the inputs that are tracked.

    tracked : the number of the one input that is tracked; by default all are.
    """
    xs = [kt.GradArray(wrap(a)) if tracked in (None, k) else a for k, a in enumerate(case.inputs)]
    outputs = parts(case.call(module, *xs))
    active = [
        (i + 1) * kt.sum(kt.real(y) * kt.real(y))
        for i, y in enumerate(outputs)
        if isinstance(y, kt.GradArray) and y.requires_grad
    ]
    inputs = [x for x in xs if isinstance(x, kt.GradArray) and x.requires_grad]
    unknown = [None] * len(inputs)
    found = kt.gradients(sum(active), inputs, allow_unused=True) if active else unknown
    pairs = zip(inputs, found, strict=True)
    return outputs, [np.zeros(x.shape) if g is None else g for x, g in pairs]


def compare(case, module, wrap):
    expected, wanted = outputs_and_gradients(case, module, wrap)
    found, gradients = outputs_and_gradients(case, Listed(module), wrap)
    assert len(found) == len(expected)
    for y, array in zip(found, expected, strict=True):
        if not isinstance(array, kt.GradArray):
            assert np.all(y == array)
            continue
        if array.requires_grad:
            assert y.requires_grad
        assert tuple(np.shape(y)) == tuple(array.shape)
        assert y.dtype == array.dtype
        values = y.numpy() if isinstance(y, kt.GradArray) else y
        np.testing.assert_allclose(values, array.numpy(), rtol=1e-12, atol=1e-13)
    for g, array in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(on_host(g), on_host(array), rtol=1e-9, atol=1e-11)


def on_host(g):
    return g if isinstance(g, np.ndarray) else kt.asarray(g).numpy()


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
def test_lists_give_what_arrays_give(samples):
    taken = {f"{i}-{c.name}": c for i, c in enumerate(CASES) if in_numpy(c.name)}
    taken = {name: c for name, c in taken.items() if taken_by_numpy(c)}
    for name, case in taken.items():
        samples.check(name, compare, case, knp, np.asarray)
    assert len({c.name for c in taken.values()}) > 300  # the others take no lists


UFUNCS = [
    Case(name, lambda np, *xs, name=name: getattr(np, name)(*xs), (A, B, A)[: ufunc.nin])
    for name, ufunc in vars(np).items()
    if isinstance(ufunc, np.ufunc) and name != "nextafter"  # it refuses tracked arrays
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
def test_ufuncs_take_lists(samples):
    taken = [c for c in UFUNCS if taken_by_numpy(c)]
    for case in taken:
        samples.check(case.name, compare, case, knp, np.asarray)
    assert len(taken) > 70


@pytest.mark.parametrize("name", OTHERWISE)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_numpy_takes_some_lists_otherwise(name):
    assert not all(taken_by_numpy(c) for c in CASES if c.name == name)


WRITERS = {"copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
def test_one_tracked_array_beside_plain_ones(samples):
    """Also in arguments that NumPy's functions do not ask for a protocol."""
    for i, case in enumerate(CASES):
        writes = case.name in WRITERS or case.name.endswith(".at")
        if in_numpy(case.name) and len(case.inputs) > 1 and not writes:
            for k in range(len(case.inputs)):
                samples.check(f"{i}-{case.name}-{k}", compare_one, case, k)


def compare_one(case, k):
    expected = parts(case.call(np, *case.inputs))
    found, gradients = outputs_and_gradients(case, knp, np.asarray, k)
    assert len(found) == len(expected)
    for y, wanted in zip(found, expected, strict=True):
        if not isinstance(wanted, (np.ndarray, np.generic)):
            assert y == wanted
            continue
        values = y.numpy() if isinstance(y, kt.GradArray) else y
        np.testing.assert_allclose(values, wanted, rtol=1e-12, atol=1e-13)
    if len(gradients) == len(case.inputs):
        return
    _, all_gradients = outputs_and_gradients(case, knp, np.asarray)
    if gradients and len(all_gradients) == len(case.inputs):
        np.testing.assert_allclose(gradients[0], all_gradients[k], rtol=1e-9, atol=1e-11)
