"""What is public is specified, documented and typed: this finds what was forgotten."""

from __future__ import annotations

import builtins
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from keratorch import errors
from keratorch.ops._elementwise import ElementwiseGrad
from tests.op_checks import differentiate, make_seeds
from tests.op_specs import OPS, REAL, Op, Sample
from tests.specs.exports import GRADS

#: The names that are promised.
PROMISED = {
    "AddGrad",
    "SubtractGrad",
    "MultiplyGrad",
    "DivideGrad",
    "NegativeGrad",
    "PowerGrad",
    "MatMulGrad",
    "TransposeGrad",
    "ReshapeGrad",
    "BroadcastGrad",
    "SumGrad",
    "MeanGrad",
    "MaxGrad",
    "MinGrad",
    "MaximumGrad",
    "MinimumGrad",
    "WhereGrad",
    "ExpGrad",
    "LogGrad",
    "SqrtGrad",
    "TanhGrad",
    "SigmoidGrad",
    "ReLUGrad",
    "GetItemGrad",
    "SetItemGrad",
    "ConcatGrad",
    "StackGrad",
    "AsTypeGrad",
    "ToDeviceGrad",
}
MODULES = [kt, kt.fft, kt.linalg, kt.special, kt.nn.functional, kt.backends]
FUNCTIONS = {
    f"{module.__name__}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if not name.startswith("_") and callable(value) and not inspect.isclass(value)
}
CLASSES = {
    name: value
    for name, value in vars(kt).items()
    if not name.startswith("_") and inspect.isclass(value)
}


# -- operations ----------------------------------------------------------------------------------


def test_the_promised_grads_exist():
    assert set(GRADS) >= PROMISED


def test_names_are_unique():
    names = [op.name for op in OPS]
    assert len(set(names)) == len(names)
    for op in OPS:
        samples = [s.name for s in op.samples]
        assert len(set(samples)) == len(samples), op.name


@pytest.mark.parametrize("name", GRADS)
def test_a_grad_says_what_it_does(name):
    """An operation with a rule of its own explains it; partial derivatives explain themselves."""
    cls = GRADS[name]
    if not issubclass(cls, ElementwiseGrad):
        assert cls.__doc__ and cls.__dict__.get("__doc__")
        assert "backward" in cls.__dict__ or cls.backward is not kt.Grad.backward


def test_grad_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        kt.Grad()

    class NoRuleGrad(kt.Grad):
        pass

    with pytest.raises(TypeError, match="abstract"):
        NoRuleGrad()


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_documented_and_typed(name):
    function = FUNCTIONS[name]
    assert inspect.getdoc(function), f"{name} has no docstring"
    signature = inspect.signature(function)
    missing = [
        p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty
    ]
    assert not missing, f"{name}: {missing} have no annotation"
    assert signature.return_annotation is not inspect.Signature.empty, f"{name} returns what?"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_documented(name):
    assert CLASSES[name].__dict__.get("__doc__"), f"{name} has no docstring"


def test_public_methods_are_documented():
    missing = [
        name
        for name, value in vars(kt.GradArray).items()
        if not name.startswith("_")
        and (callable(value) or isinstance(value, property))
        and not inspect.getdoc(value)
        and name not in ("shape", "dtype", "ndim", "size", "name")  # NumPy's
    ]
    assert not missing


# -- errors --------------------------------------------------------------------------------------

ERRORS = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, Exception)
]
WARNINGS = [cls for cls in ERRORS if issubclass(cls, Warning)]


@pytest.mark.parametrize("cls", ERRORS, ids=lambda c: c.__name__)
def test_an_error_is_public_and_a_builtin_one_too(cls):
    assert getattr(kt, cls.__name__) is cls
    assert issubclass(cls, UserWarning if cls in WARNINGS else kt.KeratorchError)
    assert cls.__doc__
    if cls is not kt.KeratorchError:
        builtin = [b for b in cls.__mro__ if b.__name__ in vars(builtins)]
        assert builtin[0] not in (Exception, BaseException, object)


# -- kernels -------------------------------------------------------------------------------------

#: The rows of elementwise operations.
KERNELS = [
    op for op in OPS if issubclass(GRADS.get(op.grad, object), ElementwiseGrad) and not op.composed
]


def both_rules(node, grad):
    """What NumPy's kernel and the general rule make of the same node."""
    cls = type(node)
    rules = kt.backends.get("numpy").rules
    with np.errstate(all="ignore"):
        return rules[cls](node, grad), cls.backward(node, grad)


def assert_rules_agree(node, grad, rtol):
    for fast, general in zip(*both_rules(node, grad), strict=True):
        assert (fast is None) == (general is None)
        if fast is not None:
            np.testing.assert_allclose(fast, general, rtol=rtol, atol=0)


@pytest.mark.parametrize("op", KERNELS, ids=lambda op: op.name)
def test_kernel_is_the_rule(op, samples):
    for sample in op.samples:
        for dtype in op.dtypes_of(sample):
            samples.check(f"{sample.name}-{dtype}", check_kernel, op, sample, dtype)


def check_kernel(op: Op, sample: Sample, dtype: str) -> None:
    results = differentiate(op, sample, sample.inputs(dtype)).results
    (seed,) = make_seeds(sample, results)
    assert_rules_agree(
        results[0]._grad_op, seed, 1e-5 if dtype in ("float32", "complex64") else 1e-12
    )


SPECIAL = np.array([-np.inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 1000.0, np.inf, np.nan])
SEEDS = np.array([0.0, 1.0, -2.0, np.inf])
NUMBERS = (-1, 0, 0.5, 1, 2, 3, 2.0, float("inf"), float("nan"))


def special_arguments(op: Op) -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    """The name of a call, its function, and its arguments."""
    if len(op.samples[0].args) == 1:  # the orders of special functions are constants
        yield "x", functools.partial(op.function, **op.samples[0].kwargs), (SPECIAL,)
        return
    yield "x, x", op.function, (SPECIAL[:, None], SPECIAL)
    for number in NUMBERS:
        yield f"x, {number!r}", op.function, (SPECIAL, number)
        yield f"{number!r}, x", op.function, (number, SPECIAL)


@pytest.mark.parametrize(
    "op", [op for op in KERNELS if "float64" in op.dtypes], ids=lambda op: op.name
)
def test_kernel_is_the_rule_at_special_values(op, samples):
    """At zeros, infinities and NaNs too, where 0·inf counts as 0."""
    for dtype in REAL:
        for name, function, values in special_arguments(op):
            samples.check(f"{name}-{dtype}", check_special_values, function, values, dtype)


def check_special_values(function: Callable[..., Any], values: tuple[Any, ...], dtype: str) -> None:
    xs = [kt.GradArray(v.astype(dtype)) if isinstance(v, np.ndarray) else v for v in values]
    with np.errstate(all="ignore"):
        y = function(*xs)
    for seed in SEEDS:
        grad = np.full(y.shape, seed, dtype=dtype)
        assert_rules_agree(y._grad_op, grad, 1e-5 if dtype == "float32" else 1e-12)
