"""What lives apart does not mix, and the messages say so."""

import operator

import numpy as np
import pytest

import keratorch as kt
from tests.devices import (
    CPU,
    DASK,
    JAX,
    JAX_1,
    STRICT_1,
    STRICT_CPU,
    TORCH,
    here,
)


def _operator(name):
    def call(a, b):
        return getattr(operator, name)(a, b)

    return call


def _write(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    with kt.no_grad():
        a.copy()[:2] = b[:2]


def _recorded_write(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    a.copy()[:2] = b[:2]


def _in_place(name, recording):
    def call(a, b):
        if not isinstance(a, kt.GradArray):
            raise NotAGradArray
        with kt.enable_grad() if recording else kt.no_grad():
            getattr(operator, name)(a.copy(), b)

    return call


def _leaf(a):
    return kt.GradArray(a._array if isinstance(a, kt.GradArray) else a)


def _backward(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    (_leaf(a) * 2.0).backward(b)


def _set_grad(a, b):
    if not isinstance(a, kt.GradArray):
        raise NotAGradArray
    a.grad = b


class NotAGradArray(Exception):
    """The call is not possible with a raw array on its left."""


MIXED = {
    **{name: _operator(name) for name in ("add", "sub", "mul", "truediv", "pow", "matmul")},
    **{name: _operator(name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
    "kt.add": kt.add,
    "kt.subtract": kt.subtract,
    "kt.multiply": kt.multiply,
    "kt.divide": kt.divide,
    "kt.pow": kt.pow,
    "kt.maximum": kt.maximum,
    "kt.minimum": kt.minimum,
    "kt.matmul": kt.matmul,
    "kt.less": kt.less,
    "kt.equal": kt.equal,
    "kt.where": lambda a, b: kt.where(kt.asarray(a) > 0, a, b),
    "kt.where, condition": lambda a, b: kt.where(kt.asarray(a) > 0, b, 1.0),
    "kt.where, scalar": lambda a, b: kt.where(kt.asarray(a) > 0, 1.0, b),
    "kt.concat": lambda a, b: kt.concat([a, b]),
    "kt.stack": lambda a, b: kt.stack([a, b]),
    "kt.asarray": lambda a, b: kt.asarray([a, b]),
    "kt.full_like": lambda a, b: kt.full_like(a, b[:1]),
    "kt.jvp": lambda a, b: kt.jvp(lambda x: x * 2.0, (a,), (b,)),
    "kt.gradients": lambda a, b: kt.gradients((v := _leaf(a)) * 2.0, v, b),
    "kt.broadcast_arrays": lambda a, b: kt.broadcast_arrays(a, b),
    "backward(grad)": _backward,
    "x.grad = grad": _set_grad,
    "x[:2] = y": _write,
    "x[:2] = y, recorded": _recorded_write,
    "iadd": _in_place("iadd", False),
    "isub": _in_place("isub", False),
    "imul": _in_place("imul", False),
    "itruediv": _in_place("itruediv", False),
    "iadd, recorded": _in_place("iadd", True),
    "imul, recorded": _in_place("imul", True),
    "x[mask]": lambda a, b: kt.asarray(a)[b > 0],
    "x[integers]": lambda a, b: kt.asarray(a)[kt.astype(b, "int64")],
    "x[integers, slice]": lambda a, b: kt.asarray(a)[None, ...][:, kt.astype(b, "int64")],
    "x[mask] = 1": lambda a, b: kt.asarray(a).copy().__setitem__(b > 0, 1.0),
}
PAIRS = [
    (CPU, TORCH),
    (TORCH, CPU),
    (CPU, STRICT_1),
    (STRICT_CPU, STRICT_1),
    (STRICT_1, STRICT_CPU),
    (JAX, JAX_1),
    (TORCH, JAX),
    (DASK, CPU),
    (CPU, DASK),
]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=str)
def test_what_lives_apart_does_not_mix(first, second, samples):
    here(first, second)
    for name in MIXED:
        samples.check(name, check_that_it_does_not_mix, name, first, second)


def check_that_it_does_not_mix(name, first, second):
    call = MIXED[name]
    a = kt.ones((3,), device=first)
    b = kt.ones((3,), device=second)
    tracked = kt.GradArray(a._array)
    pairs = [(a, b), (a, b._array), (a._array, b), (tracked, b), (tracked, b._array)]
    for x, y in pairs:
        if not isinstance(x, kt.GradArray) and first.backend == "array_api_strict":
            continue  # see test_a_strict_array_on_the_left
        if takes_numpy(name, x, y):
            continue  # tests/unit/test_raw_numpy_arrays.py
        if name.startswith("x[integers") and not isinstance(y, kt.GradArray):
            y = kt.astype(y, "int64")._array
            call = {"x[integers]": lambda a, i: kt.asarray(a)[i]}.get(
                name, lambda a, i: kt.asarray(a)[None, ...][:, i]
            )
        try:
            with pytest.raises(kt.DeviceMismatchError) as caught:
                call(x, y)
        except NotAGradArray:
            continue
        message = str(caught.value)
        assert isinstance(caught.value, RuntimeError)
        assert "to_device" in message
        assert first.backend in message
        assert second.backend in message
        assert str(first) in message
        assert str(second) in message


def takes_numpy(name, x, y):
    """Whether one of the arrays is a raw NumPy array that the library of the other takes there."""
    for raw, other in ((x, y), (y, x)):
        if isinstance(raw, np.ndarray):
            backend = kt.backends.of(other)
            if backend.takes_numpy:
                return name != "x.grad = grad" and not (raw is x and name.startswith("x["))
            return backend.takes_numpy_indices and raw is y and name.startswith("x[")
    return False


def test_bitwise_operators_do_not_mix():
    here(TORCH)
    a, b = kt.asarray([True, False]), kt.asarray([True, False], device=TORCH)
    for name in ("and_", "or_", "xor", "iand", "ior", "ixor"):
        for x, y in ((a, b), (b, a), (a._array, b), (a, b._array)):
            if name.startswith("i") and not isinstance(x, kt.GradArray):
                continue
            with pytest.raises((kt.DeviceMismatchError, TypeError)) as caught:
                getattr(operator, name)(x, y)
            assert isinstance(caught.value, kt.DeviceMismatchError) or name.startswith("i")


def test_a_strict_array_on_the_left():
    """array-api-strict raises a TypeError of its own before it asks a GradArray."""
    here(STRICT_1)
    raw = kt.ones((2,), device=STRICT_1)._array
    with pytest.raises(TypeError, match="Expected Array or Python scalar"):
        raw + kt.ones((2,), device=STRICT_1)


def test_a_failed_mix_leaves_the_gradients_alone():
    here(TORCH)
    x = kt.GradArray([1.0, 2.0])
    kt.sum(x * 2.0).backward()
    before = x.grad
    with pytest.raises(kt.DeviceMismatchError):
        (x * 2.0).backward(kt.ones((2,), device=TORCH))
    with pytest.raises(kt.DeviceMismatchError):
        x.grad = kt.ones((2,), device=TORCH)._array
    assert x.grad is before
    np.testing.assert_array_equal(before, [2.0, 2.0])


def test_where_takes_scalars_alone():
    y = kt.where([True, False], 1.0, 2)
    assert y.device == CPU
    assert y.tolist() == [1.0, 2.0]
    condition = kt.asarray(np.array([True, False]))
    assert kt.where(condition, 1, 2).dtype == np.int64
    assert kt.where(condition, 1, 2.5).tolist() == [1.0, 2.5]
    assert kt.where(condition, np.float32(1), kt.ones(2, dtype="float32")).dtype == np.float32


def test_scalars_and_lists_go_where_the_array_is(device):
    x = kt.GradArray([1.0, 2.0, 3.0], device=device)
    numbers = [1.0, 2.0, 3.0]
    for y in (x * 2.0, 2 * x, x + numbers, numbers - x, x ** np.float64(2.0)):
        assert y.device == device
        assert y.requires_grad
    for y in (
        kt.where(x > 1, x, 0.0),
        kt.where(x > 1, 1.0, 2.0),
        kt.where(x > 1, numbers, 2.0),
        kt.where(x > 1, 2, numbers),
        kt.where([True, False, True], x, 2.0),
        kt.where([True, False, True], 1.0, x),
        kt.maximum(x, 2.0),
        kt.maximum([0.0, 0.0, 5.0], x),
        kt.concat([x, [1.0]]),
        kt.stack([numbers, x]),
        kt.matmul(numbers, x),
    ):
        assert y.device == device


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("dot", np.dot),
        ("inner", np.inner),
        ("einsum", lambda x, y: np.einsum("i,i->", x, y)),
        ("concatenate", lambda x, y: np.concatenate([x, y])),
        ("fmax", np.fmax),
        ("union1d", np.union1d),
        ("searchsorted", np.searchsorted),
    ],
)
def test_numpys_functions_are_called_by_name(name, call):
    here(STRICT_CPU, STRICT_1)
    x, y = kt.ones(3, device=STRICT_CPU), kt.ones(3, device=STRICT_1)
    with pytest.raises(kt.DeviceMismatchError, match=rf"^{name} was given"):
        call(x, y)
