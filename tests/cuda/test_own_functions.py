"""CuPy's own functions, and those of `keratorch.cupy`, given GradArrays on a CUDA device."""

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from tests.cuda import own_functions
from tests.cuda.own_functions import DIFFERENTIABLE, DOCUMENT, LOST
from tests.numpy_api.test_functions import is_array
from tests.numpy_api.test_other_libraries import computed

cupy = pytest.importorskip("cupy")


@pytest.fixture(scope="module")
def verdicts():
    return own_functions.verdicts()


def test_no_function_loses_a_gradient(target, verdicts):
    assert [name for name, kind in verdicts.items() if kind == LOST] == []
    assert sum(kind == DIFFERENTIABLE for kind in verdicts.values()) > 50


def test_the_document_is_up_to_date(target, verdicts):
    if not cupy.__version__.startswith("14.2."):
        pytest.skip("the document is of CuPy 14.2")
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == own_functions.document(), "run python -m tests.cuda.own_functions"


def pytest_generate_tests(metafunc):
    if "cases" in metafunc.fixturenames:
        named = dict(own_functions.names())
        metafunc.parametrize("cases", named.values(), ids=named)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_keratorch_cupy_gives_what_numpy_gives(cases, device):
    """The first call that has no NumPy arrays beside its `GradArray`s."""
    import keratorch.cupy as kcp

    for case in cases:
        if case.numpy_only:
            continue
        expected, gradients = computed(case, np.asarray, knp)
        try:
            with cupy.cuda.Device(device.index):
                found, on_device = computed(case, cupy.asarray, kcp)
        except kt.DeviceMismatchError:
            continue
        break
    else:
        pytest.fail("no call is one for every library's arrays")
    for y, wanted in zip(found, expected, strict=True):
        if not is_array(wanted):
            assert y == wanted
            continue
        assert isinstance(y, kt.GradArray)
        assert type(y._array) is cupy.ndarray
        assert y.device == device
        assert y.shape == wanted.shape
        np.testing.assert_allclose(y.numpy(), wanted.numpy(), rtol=1e-10, atol=1e-11)
    for g, wanted in zip(on_device, gradients, strict=True):
        if wanted is None:
            assert g is None
        else:
            np.testing.assert_allclose(g, wanted, rtol=1e-8, atol=1e-9)
