"""What ``xp.special`` has for SciPy beyond `keratorch.special`."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from keratorch.interop._numpy import ufunc_function
from keratorch.interop._scipy_special import FUNCTIONS
from keratorch.testing import check_grads

sc = pytest.importorskip("scipy.special")

X = np.array([0.2, 0.9, 1.7, 3.0])
DEGREES = np.array([-30.0, 10.0, 75.0, 200.0])
INPUTS = {
    "boxcox": (X, np.array([0.0, 1e-9, 0.5, -2.0])),
    "boxcox1p": (X, np.array([0.0, 1e-9, 0.5, -2.0])),
    "inv_boxcox": (X, np.array([0.0, 1e-9, 0.5, 2.0])),
    "inv_boxcox1p": (X, np.array([0.0, 1e-9, 0.5, 2.0])),
    "cosdg": (DEGREES,),
    "sindg": (DEGREES,),
    "tandg": (DEGREES,),
    "cotdg": (DEGREES,),
    "radian": (DEGREES, X, X + 1.0),
    "cosm1": (np.array([-2.0, 1e-9, 0.3, 4.0]),),
    "exp10": (np.array([-2.0, 0.0, 0.3, 4.0]),),
    "huber": (X, np.array([0.1, -2.0, 1.0, 5.0])),
    "pseudo_huber": (X, np.array([0.0, -2.0, 1.0, 5.0])),
    "fdtr": (3, 4, X),
    "fdtrc": (3, 4, X),
    "gdtr": (0.7, 3, X),
    "gdtrc": (0.7, 3, X),
    "pdtr": (2, X),
    "pdtrc": (2, X),
    "psi": (X,),
}


def test_every_function_has_inputs():
    assert set(INPUTS) == set(FUNCTIONS)
    assert not set(FUNCTIONS) & set(kt.special.__all__)


@pytest.mark.parametrize("name", INPUTS)
def test_values_and_derivatives(name):
    inputs = INPUTS[name]
    given = [kt.asarray(v) if isinstance(v, np.ndarray) else v for v in inputs]
    np.testing.assert_allclose(
        FUNCTIONS[name](*given).numpy(), getattr(sc, name)(*inputs), rtol=1e-12, atol=1e-15
    )
    arrays = [v for v in inputs if isinstance(v, np.ndarray)]

    def function(*xs):
        moving = iter(xs)
        return FUNCTIONS[name](*(next(moving) if isinstance(v, np.ndarray) else v for v in inputs))

    check_grads(function, arrays, order=2, atol=1e-6)


@pytest.mark.parametrize("name", ["huber", "pseudo_huber"])
def test_edges_of_huber(name):
    delta, r = np.array([-1.0, 0.0, 0.0]), np.array([0.5, 0.0, 0.5])
    found = FUNCTIONS[name](kt.GradArray(delta), kt.GradArray(r))
    np.testing.assert_array_equal(found.numpy(), getattr(sc, name)(delta, r))


def test_the_namespace(xp):
    assert xp.special.erf is kt.special.erf
    assert xp.special.boxcox is FUNCTIONS["boxcox"]
    assert {"erf", "boxcox"} <= set(dir(xp.special))
    assert "special" in repr(xp.special)
    assert pickle.loads(pickle.dumps(xp.special)) is xp.special
    with pytest.raises(AttributeError, match="airy"):
        _ = xp.special.airy


def test_names_of_numpy_in_a_namespace(xp, device):
    """What the standard has not, consumers such as xarray ask for in NumPy's names."""
    backend = kt.backends.get(device.backend)
    raw = backend.from_numpy(np.array([1.0, np.nan, 3.0]), device)
    x = kt.GradArray(raw)
    kt.sum(xp.nansum(x * x)).backward()
    np.testing.assert_array_equal(backend.to_numpy(x.grad)[[0, 2]], [2.0, 6.0])
    with pytest.raises(AttributeError, match="nonsense"):
        _ = xp.nonsense


def test_the_imaginary_part_of_real_arrays():
    """NumPy's attribute is 0; one that raised would break ``hasattr``."""
    x = kt.GradArray([1.0, 2.0])
    np.testing.assert_array_equal(x.imag.numpy(), [0.0, 0.0])
    assert not x.imag.requires_grad
    with pytest.raises(kt.DTypeError):
        kt.imag(x)


def test_diff_takes_its_order_by_position():
    np.testing.assert_array_equal(kt.diff(kt.asarray([1.0, 4.0, 9.0]), 2).numpy(), [2.0])


UNIT = np.array([0.2, 0.5, 0.7])


def of_special(name):
    """SciPy's ufunc, which ``SCIPY_ARRAY_API=1`` shows wrapped."""
    found = getattr(sc, name)
    return found if isinstance(found, np.ufunc) else getattr(sc._ufuncs, name)


def differentiable_ufuncs():
    """The functions of `keratorch.special` that are ufuncs in SciPy and refuse no tracked array."""
    names = [n for n in kt.special.__all__ if isinstance(getattr(sc._ufuncs, n, None), np.ufunc)]
    for name in names:
        try:
            getattr(kt.special, name)(*[kt.GradArray(UNIT)] * of_special(name).nin)
        except kt.NotDifferentiableError:  # in its order
            continue
        yield name


UFUNCS = [*differentiable_ufuncs(), "boxcox", "cosdg", "exp10", "huber", "psi"]


@pytest.mark.parametrize("name", UFUNCS)
def test_scipys_ufuncs_take_gradarrays_as_they_are(name):
    ufunc = of_special(name)
    if ufunc.nin == 1:
        check_grads(ufunc, [UNIT])
        y = ufunc(kt.GradArray(UNIT))
    else:
        check_grads(ufunc, [UNIT, UNIT + 0.1])
        check_grads(lambda x: ufunc(UNIT, x), [UNIT + 0.1])
        check_grads(lambda x: ufunc(x, 0.4), [UNIT])
        y = ufunc(kt.GradArray(UNIT), UNIT + 0.1)
    assert y.requires_grad
    wanted = ufunc(*(UNIT, UNIT + 0.1)[: ufunc.nin])
    assert y.dtype == wanted.dtype
    np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-13)


ROW = r"(?m)^\| `scipy\.special\.(\w+)`[^|]*\| yes"


def test_the_document_says_which_ufuncs_are_taken_as_they_are():
    text = (Path(__file__).parents[2] / "docs" / "consumers.md").read_text(encoding="utf-8")
    section = text.partition("## scipy.special")[2].partition("\n## ")[0]
    marked = {"psi" if n == "digamma" else n for n in re.findall(ROW, section)}
    words = re.search(r"exceptions are `([\w ]+)`, and `([\w ]+)`", section)
    assert words is not None
    refused, no_ufuncs = (set(group.split()) for group in words.groups())
    taken = {n for n in marked if n in vars(sc._ufuncs) and ufunc_function(of_special(n))}
    assert marked - taken - {"sinc"} == refused | no_ufuncs  # sinc is NumPy's
    assert len(taken) > 40


def test_scipys_ufuncs_of_constants_are_scipys():
    x = kt.asarray(np.array([1, 2, 3]))
    y = of_special("gamma")(x)
    assert isinstance(y, kt.GradArray)
    assert not y.requires_grad
    np.testing.assert_array_equal(y.numpy(), [1.0, 1.0, 2.0])


def test_scipys_ufuncs_write_into_gradarrays_and_nothing_else():
    x, out = kt.GradArray(UNIT), kt.zeros(3)
    assert of_special("expit")(x, out=out) is out
    kt.sum(out).backward()
    p = 1 / (1 + np.exp(-UNIT))
    np.testing.assert_allclose(x.grad, p * (1 - p))
    with pytest.raises(kt.LostGradientError, match=r"scipy\.special\.expit .* out="):
        of_special("expit")(x, out=np.zeros(3))


def test_scipys_ufuncs_without_a_rule_are_named():
    with pytest.raises(kt.NotDifferentiableError, match=r"^scipy\.special\.jv has no rule"):
        of_special("jv")(1.0, kt.GradArray(UNIT))
