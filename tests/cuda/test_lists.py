"""Nested lists of CuPy's tracked arrays, given to the functions of `keratorch.cupy`."""

import importlib

import pytest

import keratorch as kt
from keratorch.errors import KeratorchError
from tests.numpy_api.test_functions import CASES, in_numpy
from tests.numpy_api.test_lists_of_cases import UFUNCS, compare, taken_by_numpy

cupy = pytest.importorskip("cupy")


#: The values are the same on all devices.
ONE_DEVICE_EACH = True


def first_cases(kcp):
    """The first case of each function of CuPy for which NumPy takes lists, and CuPy arrays."""
    found = {}
    for case in (*CASES, *UFUNCS):
        owner = cupy
        for part in case.name.split("."):
            owner = getattr(owner, part, None)
        known = owner is not None and in_numpy(case.name) and not case.numpy_only
        if known and case.name not in found and taken_by_numpy(case) and takes_arrays(case, kcp):
            found[case.name] = case
    return found


def takes_arrays(case, kcp):
    """Whether the case takes CuPy's arrays; some have arrays of NumPy beside them."""
    try:
        case.call(kcp, *(kt.GradArray(cupy.asarray(a)) for a in case.inputs))
    except (KeratorchError, TypeError):
        return False
    return True


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
def test_lists_give_what_arrays_give(device, samples):
    kcp = importlib.import_module("keratorch.cupy")
    with cupy.cuda.Device(device.index):
        taken = first_cases(kcp)
        assert len(taken) > 250
        for name, case in taken.items():
            samples.check(name, compare, case, kcp, cupy.asarray)
