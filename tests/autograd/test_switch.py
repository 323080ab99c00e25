"""`replace_autograd`: the name ``autograd`` stands for `keratorch.autograd`."""

import importlib.util

import pytest

from tests.processes import run_python

LIBRARY = """
import keratorch.autograd
keratorch.autograd.replace_autograd()
keratorch.autograd.replace_autograd()  # again: nothing more to do

import autograd.numpy as np
import autograd.numpy.linalg, autograd.misc.optimizers
from autograd import grad
from autograd.extend import primitive, defvjp
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.core import make_vjp, vspace

@primitive
def scaled(x, factor):
    return x * factor

defvjp(
    scaled,
    lambda ans, x, factor: unbroadcast_f(x, lambda g: g * factor),
    lambda ans, x, factor: unbroadcast_f(factor, lambda g: g * x),
)
x = np.array([1.0, 2.0])
print(grad.__module__, grad(lambda f: np.sum(scaled(x, f) ** 2))(3.0))
print(grad(lambda x: np.sum(scaled(x, 3.0)) * isinstance(x, ArrayBox))(x).tolist())
try:
    import autograd.scipy
except ModuleNotFoundError as error:
    print(error)
"""


def test_the_name_autograd_stands_for_keratorch_autograd():
    assert run_python(LIBRARY).splitlines() == [
        "keratorch.autograd.differential_operators 30.0",
        "[3.0, 3.0]",
        "No module named 'autograd.scipy'",
    ]


@pytest.mark.skipif(
    importlib.util.find_spec("autograd") is None, reason="HIPS/autograd is not installed"
)
def test_two_libraries_of_one_name_in_a_program_are_refused():
    code = """
import autograd.numpy
import keratorch.autograd
try:
    keratorch.autograd.replace_autograd()
except RuntimeError as error:
    print(error)
"""
    assert "autograd is imported already" in run_python(code)
