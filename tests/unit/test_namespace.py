"""The module `keratorch` is an Array API namespace; others are made by `kt.namespace`."""

from __future__ import annotations

import math

import numpy as np
import pytest

import keratorch as kt


def test_the_module_has_the_dtypes_and_constants_of_the_default_backend():
    assert kt.float32 == np.float32
    assert kt.zeros(2, dtype=kt.complex64).dtype == kt.complex64
    assert kt.pi == math.pi and kt.e == math.e and math.isnan(kt.nan) and math.isinf(kt.inf)
    assert kt.newaxis is None
    with pytest.raises(AttributeError, match="no attribute 'float33'"):
        _ = kt.float33


def test_inspection():
    assert kt.__array_api_version__ == "2025.12"
    info = kt.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert info.dtypes(kind="bool") == {"bool": np.dtype(bool)}
    assert set(info.default_dtypes(device="cpu")) >= {"real floating", "integral"}
    assert kt.namespace("numpy").__array_namespace_info__().devices() == info.devices()


def test_questions_about_dtypes():
    x = kt.GradArray([1.0], dtype="float32")
    assert kt.result_type(x, kt.float64) == np.float64
    assert kt.result_type(x, 1.0) == np.float32
    assert kt.can_cast(x, kt.float64) and not kt.can_cast(kt.float64, "float32")
    assert kt.isdtype("float32", ("integral", "real floating"))
    assert kt.finfo(x).bits == 32
    assert kt.iinfo("int8").max == 127
    assert kt.finfo(1.0).bits == kt.finfo(1j).bits == 64 and kt.iinfo(3).bits == 64
    for value in (True, 1.0):
        with pytest.raises(kt.DTypeError, match="iinfo of"):
            kt.iinfo(value)


def test_questions_about_dtypes_of_another_backend():
    torch = pytest.importorskip("torch")
    assert kt.isdtype(torch.float32, "real floating")
    assert kt.result_type(torch.float32, torch.float64) is torch.float64
    assert kt.finfo(torch.float16).bits == 16
    assert kt.namespace("torch").result_type(torch.int8, torch.int16) is torch.int16


def test_dlpack():
    x = kt.from_dlpack(np.arange(3.0))
    assert not x.requires_grad
    y = np.from_dlpack(x)
    assert np.shares_memory(y, x._array)
    with pytest.raises(kt.LostGradientError, match="detach"):
        np.from_dlpack(kt.GradArray([1.0]))


def test_dlpack_of_an_unknown_type():
    class Exporter:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **kwargs):
            return self.array.__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    x = kt.from_dlpack(Exporter(np.arange(3.0)))
    np.testing.assert_array_equal(x._array, [0.0, 1.0, 2.0])


def test_shapes():
    assert kt.broadcast_shapes((3, 1), (4,), ()) == (3, 4)
    with pytest.raises(kt.ShapeError):
        kt.broadcast_shapes((3,), (4,))
    assert isinstance(kt.broadcast_arrays(kt.zeros(2), kt.zeros((3, 1))), tuple)


def test_the_module_shows_what_is_public_and_no_folders():
    hidden = {"core", "functions", "interop", "kernels", "ops", "policy", "tools", "transforms"}
    assert not hidden & ({*dir(kt)} | {*kt.__all__})
    public = {name for name in vars(kt) if not name.startswith("_")} - hidden
    assert {"sin", "linalg", "grad", "GradArray", "DTypeError", "backends"} <= public
    assert set(kt.__all__) <= public <= set(dir(kt))
