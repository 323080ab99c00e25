"""NumPy's functions on the arrays of another library: the same values, and gradients as NumPy's."""

import importlib

import numpy as np
import pytest

import keratorch as kt
from tests.numpy_api.test_functions import by_name, is_array, parts

MODULES = ["fourier", "indexing", "joining", "linalg", "products", "shapes"]
CASES = [
    case
    for name in MODULES
    for case in importlib.import_module(f"tests.numpy_api.cases_{name}").CASES
]


def computed(case, wrap, module=np):
    """The outputs of a case, and the gradients of the sum of their squared sizes."""
    xs = [kt.GradArray(wrap(a)) for a in case.inputs]
    outputs = parts(case.call(module, *xs))
    tracked = [y for y in outputs if isinstance(y, kt.GradArray) and y.requires_grad]
    loss = sum(kt.sum(kt.abs(y) ** 2) for y in tracked)
    found = kt.gradients(loss, xs, allow_unused=True) if tracked else []
    return outputs, [None if g is None else kt.asarray(g).numpy() for g in found]


@pytest.mark.parametrize("numbered", by_name(c for c in CASES if not c.numpy_only))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_pytorch_arrays_give_what_numpy_arrays_give(numbered, samples):
    torch = pytest.importorskip("torch")
    for name, case in numbered.items():
        samples.check(name, compare_with_torch, torch, case)


def compare_with_torch(torch, case):
    expected, gradients = computed(case, np.asarray)
    found, of_torch = computed(case, torch.asarray)
    for y, wanted in zip(found, expected, strict=True):
        if not is_array(wanted):
            assert y == wanted
            continue
        assert isinstance(y._array, torch.Tensor)
        assert y.shape == wanted.shape
        np.testing.assert_allclose(y.numpy(), wanted.numpy(), rtol=1e-10, atol=1e-11)
    for g, wanted in zip(of_torch, gradients, strict=True):
        if wanted is None:
            assert g is None
        else:
            np.testing.assert_allclose(g, wanted, rtol=1e-8, atol=1e-9)


def test_interpolation_between_whole_numbers_with_a_strict_library():
    xp = pytest.importorskip("array_api_strict")
    x = kt.GradArray(xp.asarray([-1.0, 0.5, 3.0]))
    y = np.interp(x, [-2, 0, 2], [0, 1, 5])
    np.testing.assert_allclose(y.numpy(), [0.5, 2.0, 5.0])
    kt.sum(y).backward()
    np.testing.assert_allclose(np.asarray(x.grad), [0.5, 2.0, 0.0])


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_weighted_quantiles_of_other_libraries(dtype):
    torch = pytest.importorskip("torch")
    values, q = np.arange(10, dtype=dtype), np.arange(1, 10) / 10
    for weights in (np.ones(10, "f4"), np.full(10, 0.1, "f4")):
        wanted = np.quantile(values, q, method="inverted_cdf", weights=weights)
        x = kt.asarray(torch.asarray(values))
        for beside in (
            weights.tolist(),
            torch.asarray(weights),
            kt.asarray(torch.asarray(weights)),
        ):
            for levels in (q, q.tolist(), torch.asarray(q)):
                y = np.quantile(x, levels, method="inverted_cdf", weights=beside)
                np.testing.assert_array_equal(y.numpy(), wanted)
                assert y.numpy().dtype == wanted.dtype
    with pytest.raises(ValueError, match="negative"):
        np.quantile(x, q, method="inverted_cdf", weights=[-1.0, *[1.0] * 9])


def test_quantiles_at_a_list_of_constants():
    x = kt.GradArray(np.arange(5.0))
    found = np.quantile(x, [kt.asarray(0.5), 0.25])
    np.testing.assert_array_equal(found.numpy(), [2.0, 1.0])


def test_folds_of_other_libraries_have_their_dtypes():
    torch = pytest.importorskip("torch")
    x = np.array([2.0, 4.0, 8.0], dtype=np.float32)
    for fold in (
        np.divide.reduce,
        np.divide.accumulate,
        lambda a: np.divide.reduce(a, initial=np.float64(3)),
        lambda a: np.float_power.reduce(a[:1]),
    ):
        y, wanted = fold(kt.GradArray(torch.asarray(x))), fold(x)
        assert isinstance(y._array, torch.Tensor)
        assert y.numpy().dtype == wanted.dtype
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-6)
