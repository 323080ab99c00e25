"""Bad input: which exception, of which built-in kind, and what its message names."""

import operator
import re
import threading

import numpy as np
import pytest

import keratorch as kt
from keratorch import errors

BASES = {
    "ConvergenceError": ArithmeticError,
    "StructureError": ValueError,
    "DeviceMemoryError": MemoryError,
    "AnomalyError": FloatingPointError,
    "MissingDependencyError": ImportError,
    "SyncError": RuntimeError,
    "ShapeError": ValueError,
    "AxisError": IndexError,
    "InvalidIndexError": IndexError,
    "DTypeError": TypeError,
    "LostGradientError": TypeError,
    "NotDifferentiableError": TypeError,
    "GradientRequiredError": RuntimeError,
    "NotTrackedError": RuntimeError,
    "GraphFreedError": RuntimeError,
    "StaleValueError": RuntimeError,
    "LeafWriteError": RuntimeError,
    "AliasedWriteError": RuntimeError,
    "RuleError": RuntimeError,
    "DeviceMismatchError": RuntimeError,
    "UnknownDeviceError": ValueError,
    "BackendUnavailableError": RuntimeError,
    "UnknownArrayError": TypeError,
}


def test_hierarchy():
    found = {
        name: cls
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, Exception) and not issubclass(cls, Warning)
    }
    assert set(found) == {"KeratorchError", *BASES}
    for name, base in BASES.items():
        assert issubclass(found[name], kt.KeratorchError)
        assert issubclass(found[name], base)
        assert getattr(kt, name) is found[name]
        assert found[name].__doc__


def leaf(*shape, dtype=float):
    return kt.GradArray(np.ones(shape, dtype=dtype))


def twice():
    y = kt.exp(leaf(2, 3))
    y.sum().backward()
    y.sum().backward()


def stale():
    c = kt.asarray(np.ones(4))
    y = leaf(4) * c
    c += 1.0
    y.sum().backward()


def aliased():
    x = kt.asarray(np.ones(4))
    other = x.astype("float64", copy=False)
    x += leaf(4)
    return other


def mixed():
    pytest.importorskip("torch")
    return leaf(2, 3) + leaf(2, 3).to_device(kt.Device("torch", "cpu", 0))


class WrongGrad(kt.Grad):
    def backward(self, grad):
        return grad, grad


def set_grad(x, value):
    x.grad = value


def set_item(x, key, value):
    x[key] = value


def add_in_place(x, value):
    x += value


# What is done; the exception; what the message must hold: operation, shapes or devices, remedy.
CASES = {
    "integers that require a gradient": (
        lambda: kt.GradArray([1, 2], requires_grad=True),
        kt.DTypeError,
        ["GradArray", "int64", "(2,)", "dtype=float"],
    ),
    "created integers that require a gradient": (
        lambda: kt.zeros((2, 3), dtype="int32", requires_grad=True),
        kt.DTypeError,
        ["int32", "(2, 3)", "dtype=float"],
    ),
    "booleans that require a gradient": (
        lambda: kt.asarray([True], requires_grad=True),
        kt.DTypeError,
        ["bool", "(1,)", "dtype=float"],
    ),
    "operands that do not broadcast": (
        lambda: leaf(2, 3) + leaf(4),
        kt.ShapeError,
        ["add", "(2, 3)", "(4,)", "reshape", "None"],
    ),
    "a raw operand that does not broadcast": (
        lambda: leaf(2, 3) * np.ones(2),
        kt.ShapeError,
        ["multiply", "(2, 3)", "(2,)", "reshape"],
    ),
    "a raw operand on the left": (
        lambda: np.ones(2) - leaf(2, 3),
        kt.ShapeError,
        ["subtract", "(2, 3)", "(2,)", "reshape"],
    ),
    "constants that do not broadcast": (
        lambda: kt.ones(2) / kt.ones(3),
        kt.ShapeError,
        ["divide", "(2,)", "(3,)", "reshape"],
    ),
    "a condition that does not broadcast": (
        lambda: kt.where(kt.asarray([True, False]), leaf(3), 0.0),
        kt.ShapeError,
        ["where", "(2,)", "(3,)", "reshape"],
    ),
    "a comparison that does not broadcast": (
        lambda: leaf(2) < leaf(3),
        kt.ShapeError,
        ["less", "(2,)", "(3,)", "reshape"],
    ),
    "matrices that do not fit": (
        lambda: leaf(2, 3) @ leaf(4, 2),
        kt.ShapeError,
        ["matmul", "(2, 3)", "(4, 2)", ".mT"],
    ),
    "a reshape that does not fit": (
        lambda: leaf(2, 3).reshape(4, 2),
        kt.ShapeError,
        ["reshape", "(2, 3)", "(4, 2)", "6 elements"],
    ),
    "an axis out of range": (
        lambda: kt.sum(leaf(2, 3), axis=2),
        kt.AxisError,
        ["sum", "axis 2", "(2, 3)", "-2 to 1"],
    ),
    "many elements without a gradient": (
        lambda: (leaf(2, 3) * 2).backward(),
        kt.GradientRequiredError,
        ["backward()", "(2, 3)", "y.sum().backward()", "backward(grad)"],
    ),
    "a complex output without a gradient": (
        lambda: leaf(dtype=complex).backward(),
        kt.GradientRequiredError,
        ["backward()", "complex128", "backward(grad)"],
    ),
    "a gradient of the wrong shape": (
        lambda: (leaf(2, 3) * 2).backward(np.ones(3)),
        kt.ShapeError,
        ["backward(grad)", "(3,)", "(2, 3)", "equal"],
    ),
    "a complex gradient for a real array": (
        lambda: (leaf(2) * 2).backward(np.ones(2) * 1j),
        kt.DTypeError,
        ["backward(grad)", "complex128", "float64", "real"],
    ),
    "a gradient set to the wrong shape": (
        lambda: set_grad(leaf(2, 3), np.ones(3)),
        kt.ShapeError,
        ["grad", "(3,)", "(2, 3)", "equal"],
    ),
    "a second backward": (
        twice,
        kt.GraphFreedError,
        ["ExpGrad", "(2, 3)", "freed", "retain_graph=True"],
    ),
    "backward of a constant": (
        lambda: kt.ones(1).backward(),
        kt.NotTrackedError,
        [
            "backward()",
            "float64",
            "(1,)",
            "which asarray(), detach() and GradArray of integers make",
            "no_grad()",
            "GradArray(data, dtype=float)",
        ],
    ),
    "gradients of a constant": (
        lambda: kt.gradients(kt.ones(1), leaf(2)),
        kt.NotTrackedError,
        ["gradients", "output", "(1,)", "requires a gradient"],
    ),
    "gradients in what was not used": (
        lambda: kt.gradients(leaf(1) * 2, leaf(2)),
        kt.NotTrackedError,
        ["gradients", "(2,)", "allow_unused=True"],
    ),
    "a value written since it was saved": (
        stale,
        kt.StaleValueError,
        ["MultiplyGrad", "(4,)", "copy()"],
    ),
    "a write to a leaf": (
        lambda: add_in_place(leaf(4), 1.0),
        kt.LeafWriteError,
        ["add", "(4,)", "no_grad()", "copy()"],
    ),
    "a write to an element of a leaf": (
        lambda: set_item(leaf(4), 0, 1.0),
        kt.LeafWriteError,
        ["writing", "(4,)", "no_grad()", "copy()"],
    ),
    "a write that shows elsewhere": (
        aliased,
        kt.AliasedWriteError,
        ["add", "(4,)", "shares its memory", "copy()"],
    ),
    "a write that does not fit": (
        lambda: set_item(kt.zeros(4), slice(0, 2), np.ones(3)),
        kt.ShapeError,
        ["x[slice(0, 2, None)] = value", "(3,)", "(4,)", "broadcast"],
    ),
    "two backends": (
        mixed,
        kt.DeviceMismatchError,
        ["add", "numpy array on cpu", "torch array on cpu", "to_device"],
    ),
    "np.asarray of a tracked array": (
        lambda: np.asarray(leaf(2, 3)),
        kt.LostGradientError,
        ["np.asarray", "(2, 3)", "detach()"],
    ),
    "float() of a tracked array": (
        lambda: float(leaf()),
        kt.LostGradientError,
        ["float()", "()", "item()", "detach()"],
    ),
    "an unknown device": (
        lambda: kt.zeros(2, device="tpu"),
        kt.UnknownDeviceError,
        ["'tpu'", "'cpu'", "'cuda'"],
    ),
    "a device that is none": (
        lambda: kt.GradArray([1.0], device=3.5),
        kt.UnknownDeviceError,
        ["'cpu'", "float"],
    ),
    "a device number that is not there": (
        lambda: kt.zeros(2, device="cpu:7"),
        kt.UnknownDeviceError,
        ["cpu:7"],
    ),
    "an unknown default device": (
        lambda: kt.set_default_device("gpu0"),
        kt.UnknownDeviceError,
        ["'gpu0'", "'cuda'"],
    ),
    "no array": (
        lambda: kt.GradArray(object()),
        kt.KeratorchError,
        ["object", "keratorch"],
    ),
    "an array of strings": (
        lambda: kt.GradArray(["a", "b"]),
        kt.DTypeError,
        ["<U1", "numbers"],
    ),
    "a tracked array wrapped again": (
        lambda: kt.GradArray(leaf(2)),
        kt.LostGradientError,
        ["GradArray", "asarray", "detach()"],
    ),
    "a rule with too many gradients": (
        lambda: kt.GradArray(np.ones(()), grad_op=WrongGrad(leaf())).backward(),
        kt.RuleError,
        ["WrongGrad.backward", "2 gradients", "1 inputs", "one per input"],
    ),
    "complex to real": (
        lambda: leaf(2, dtype=complex).astype("float64"),
        kt.DTypeError,
        ["astype", "complex128", "(2,)", "real(x)", "abs(x)"],
    ),
    "item of many": (
        lambda: leaf(2).item(),
        kt.ShapeError,
        ["item()", "(2,)", "reduce"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_message(name):
    function, cls, parts = CASES[name]
    with pytest.raises(cls) as caught:
        function()
    error = caught.value
    assert isinstance(error, kt.KeratorchError)
    if cls is not kt.KeratorchError:
        assert type(error) is cls
        assert isinstance(error, BASES[cls.__name__])
    message = str(error)
    for part in parts:
        assert part in message, f"{part!r} is not in {message!r}"
    assert len(message) < 400 and not message.endswith(".")


def test_shape_errors_of_all_operators():
    arithmetic = ("add", "sub", "mul", "truediv", "pow")
    for name in (*arithmetic, "lt", "le", "gt", "ge", "eq", "ne"):
        for a, b in ((leaf(2), leaf(3)), (leaf(2), np.ones(3)), (kt.ones(2), kt.ones(3))):
            with pytest.raises(kt.ShapeError, match=r"\(2,\) and \(3,\)"):
                getattr(operator, name)(a, b)


def test_errors_name_what_numpy_says_too():
    with pytest.raises(kt.ShapeError) as caught:
        leaf(2) + leaf(3)
    assert re.search("broadcast", str(caught.value.__cause__))


def test_a_wrong_index_is_an_index_error():
    x, constant = leaf(2), kt.asarray(np.ones(2))
    for call in (
        lambda: x[5],
        lambda: x[0, 0],
        lambda: constant[np.array([-3])],
        lambda: constant.__setitem__(5, 1.0),
        lambda: constant.__setitem__((0, 0), x[0]),
        lambda: (x * 1.0).__setitem__(2, 0.0),
        lambda: (x * 1.0).__setitem__([0, 2], x),
    ):
        with pytest.raises(kt.InvalidIndexError, match=r"^x\[.*\] of an array of shape \(2,\): "):
            call()
    for name in "take", "take_along_axis":
        with pytest.raises(kt.InvalidIndexError, match=rf"^{name}: .* shape \(2,\): .*7"):
            getattr(kt, name)(x, np.array([7]), axis=0)
    np.testing.assert_array_equal(constant.numpy(), [1.0, 1.0])


AXES = {
    **{name: lambda f, x: f(x, axis=2) for name in ("expand_dims", "sum", "max", "mean", "std")},
    **{name: lambda f, x: f(x, axis=1) for name in ("argmax", "argmin", "all", "any", "sort")},
    **{name: lambda f, x: f(x, axis=-2) for name in ("count_nonzero", "flip", "squeeze", "diff")},
    **{name: lambda f, x: f([x, x], axis=-3) for name in ("stack", "concat")},
    "vecdot": lambda f, x: f(x, x, axis=-2),
    "moveaxis": lambda f, x: f(x, 1, 0),
    "permute_dims": lambda f, x: f(x, (1,)),
    "tensordot": lambda f, x: f(x, x, axes=((1,), (0,))),
}


@pytest.mark.parametrize("name", AXES)
def test_an_axis_out_of_range_is_an_index_error(name):
    """The standard asks for an `IndexError`; NumPy's `AxisError` is a `ValueError` as well."""
    for x in leaf(3), kt.asarray(np.ones(3)):
        with pytest.raises(kt.AxisError, match=rf"^{name}: .*\(3,\)") as caught:
            AXES[name](getattr(kt, name), x)
        assert isinstance(caught.value, IndexError) and isinstance(caught.value, kt.ShapeError)


def test_failed_calls_leave_no_mode_behind():
    for function, *_ in CASES.values():
        with pytest.raises(kt.KeratorchError):
            function()
    assert kt.is_grad_enabled()
    x = leaf(2)
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0])


def test_messages_in_threads():
    found = []

    def work():
        try:
            twice()
        except kt.GraphFreedError as error:
            found.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 4 and len(set(found)) == 1
