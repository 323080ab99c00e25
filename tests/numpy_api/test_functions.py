"""Every function of the table: its value is NumPy's, its derivatives those of differences."""

import importlib
import inspect
import pkgutil
import tracemalloc

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
import tests.numpy_api
from keratorch.interop._numpy_api import CONSTANT, FUNCTIONS, UFUNCS
from keratorch.testing import check_grads


def _found_cases():
    for module in pkgutil.iter_modules(tests.numpy_api.__path__):
        if module.name.startswith("cases_"):
            yield from importlib.import_module(f"tests.numpy_api.{module.name}").CASES


CASES = list(_found_cases())


def in_numpy(name):
    """Whether this NumPy has a function; `cumulative_sum` and others came after 2.0."""
    owner = np
    for part in name.split("."):
        owner = getattr(owner, part, None)
    return owner is not None


def by_name(cases):
    """For each function, its cases under their numbers: what a test loops over."""
    found = {}
    for i, case in enumerate(cases):
        found.setdefault(case.name, {})[f"{i}-{case.name}"] = case
    return [
        pytest.param(
            numbered,
            id=name,
            marks=pytest.mark.skipif(not in_numpy(name), reason=f"this NumPy has no {name}"),
        )
        for name, numbered in found.items()
    ]


every_function = pytest.mark.parametrize("numbered", by_name(CASES))


def parts(result):
    """The outputs as a flat list."""
    if isinstance(result, (tuple, list)):
        return [p for r in result for p in parts(r)]
    return [result]


def is_array(value):
    return isinstance(value, (kt.GradArray, np.ndarray, np.generic))


@every_function
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:numpy.fix:DeprecationWarning")
def test_value_dtype_and_shape_are_those_of_numpy(numbered, samples):
    for name, case in numbered.items():
        samples.check(name, compare_with_numpy, case)


def compare_with_numpy(case):
    expected = parts(case.call(np, *case.inputs))
    found = parts(case.call(knp, *(kt.GradArray(a) for a in case.inputs)))
    assert len(found) == len(expected)
    for y, wanted in zip(found, expected, strict=True):
        if not is_array(wanted):
            assert y == wanted
            continue
        assert isinstance(y, kt.GradArray)
        assert y.shape == np.shape(wanted)
        assert y.dtype == wanted.dtype
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-12, atol=1e-13)


@every_function
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_derivatives_are_those_of_differences(numbered, samples):
    for name, case in numbered.items():
        samples.check(name, check_derivatives, case)


def check_derivatives(case):
    if case.order > 0:
        check_grads(lambda *xs: case.call(knp, *xs), case.inputs, order=case.order)
    if case.order:
        return
    for y in parts(case.call(knp, *(kt.GradArray(a) for a in case.inputs))):
        assert not (isinstance(y, kt.GradArray) and y.requires_grad)


def test_every_function_has_a_case():
    tried = {c.name for c in CASES}
    assert {*FUNCTIONS, *UFUNCS} - tried == set()
    assert tried - {*FUNCTIONS, *UFUNCS} == set()


def test_constants_are_those_without_derivatives():
    differentiated = {c.name for c in CASES if c.order > 0}
    assert differentiated & CONSTANT == set()
    assert {*FUNCTIONS, *UFUNCS} - differentiated == CONSTANT


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_arguments_have_numpys_names_and_order(name):
    function = np
    for part in name.split("."):
        function = getattr(function, part, None)
        if function is None:
            pytest.skip(f"NumPy {np.__version__} has no {name}")
    theirs = inspect.signature(function).parameters
    ours = inspect.signature(FUNCTIONS[name]).parameters
    if any(p.kind is p.VAR_KEYWORD for p in ours.values()):  # passed on to NumPy as they are
        assert next(iter(ours)) == next(iter(theirs))
        return
    # A later NumPy may have more, by keyword alone.
    shared = [p for p in ours.values() if p.name in theirs or p.kind is not p.KEYWORD_ONLY]
    assert [(p.name, p.kind) for p in shared] == [(p.name, p.kind) for p in theirs.values()]


def test_descending_sorts_keep_ties_in_order_and_nans_last():
    """As in NumPy 2.5; an older NumPy refuses the argument before we see it."""
    a = np.array([[1.0, np.nan, 2.0, 2.0, np.nan, 0.0], [3.0, -1.0, 3.0, 5.0, np.inf, 3.0]])
    order = np.array([[2, 3, 0, 5, 1, 4], [4, 3, 0, 2, 5, 1]])
    sort, argsort = FUNCTIONS["sort"], FUNCTIONS["argsort"]
    x = kt.GradArray(a)
    np.testing.assert_array_equal(argsort(x, descending=True, stable=True).numpy(), order)
    np.testing.assert_array_equal(
        sort(x, descending=True).numpy(), np.take_along_axis(a, order, axis=1)
    )
    for flag in None, False, np._NoValue:
        np.testing.assert_array_equal(argsort(x, descending=flag).numpy(), np.argsort(a))
    assert argsort(kt.asarray([3, 1, 2]), axis=None, descending=True).tolist() == [0, 2, 1]
    distinct = np.array([[0.3, -1.2, 2.2], [1.1, 0.4, -0.7]])
    check_grads(lambda x: sort(x, axis=0, descending=True), [distinct])
    if np.lib.NumpyVersion(np.__version__) >= "2.5.0":
        np.testing.assert_array_equal(np.argsort(a, descending=True, stable=True), order)
        np.testing.assert_array_equal(np.argsort(x, descending=True).numpy(), order)


def test_gradients_of_a_long_convolution_need_no_matrix_of_all_windows():
    n = 1000
    a, b = (kt.GradArray(np.ones(n)) for _ in range(2))
    y = np.convolve(a, b)
    tracemalloc.start()
    y.backward(np.ones(2 * n - 1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < n * n
    np.testing.assert_array_equal(a.grad, np.full(n, n))
    np.testing.assert_array_equal(b.grad, np.full(n, n))
