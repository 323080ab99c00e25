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


@pytest.mark.parametrize("change", own_functions.CHANGES, ids=lambda c: c.what)
def test_what_is_refused_and_what_to_write(device, change):
    with cupy.cuda.Device(device.index):
        x = kt.GradArray(cupy.asarray([0.3, 0.6]))
        with pytest.raises((TypeError, ValueError, AttributeError)):
            change.refused(x)
        y = change.taken(x)
        kt.sum(y).backward()
    assert type(x.grad) is cupy.ndarray
    assert not np.isnan(x.grad.get()).any()


#: What comes before the last argument, of ufuncs that have no derivative in it.
FIRST = {
    **{name: [1.8] for name in ("gammainc", "gammaincc", "pdtr", "pdtrc")},
    **{name: [3.0, 4.0] for name in ("betainc", "fdtr", "fdtrc")},
    **{name: [0.7, 4.0] for name in ("gdtr", "gdtrc")},
}


def test_ufuncs_with_a_rule_have_the_values_of_cupy(device):
    import cupyx.scipy.special as library

    for name, ruled in own_functions.special_ufuncs().items():
        if not ruled or name == "zeta":  # which has no derivative in its first argument
            continue
        kernel = getattr(library, name)
        first = FIRST.get(name, [])
        with cupy.cuda.Device(device.index):
            raws = [cupy.asarray([0.3, 0.6])] * (kernel.nin - len(first))
            y = kernel(*first, *(kt.GradArray(r) for r in raws))
            expected = kernel(*first, *raws)
        assert type(y._array) is cupy.ndarray, name
        assert y.requires_grad, name
        np.testing.assert_allclose(y.numpy(), expected.get(), rtol=1e-10, err_msg=name)


def test_ufuncs_without_a_rule_refuse_tracked_arrays(device):
    import cupyx.scipy.special as library

    found = own_functions.special_ufuncs()
    assert sum(found.values()) > 30
    for name, ruled in found.items():
        kernel = getattr(library, name)
        with cupy.cuda.Device(device.index):
            xs = [kt.GradArray(cupy.asarray([0.3, 0.6])) for _ in range(kernel.nin)]
        if not ruled:
            with pytest.raises(kt.NotDifferentiableError, match="register_kernel_grad"):
                kernel(*xs)


def pytest_generate_tests(metafunc):
    if "cases" in metafunc.fixturenames:
        named = dict(own_functions.names())
        metafunc.parametrize("cases", named.values(), ids=named)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_keratorch_cupy_gives_what_numpy_gives(cases, device):
    """The first call that has no NumPy arrays beside its `GradArray`s."""
    import keratorch.cupy as kcp

    for case in sorted(cases, key=lambda case: bool(case.numpy_only)):
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
