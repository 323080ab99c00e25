"""Rows of `op_specs`: elementwise functions, selections, reductions and matmul."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from keratorch.ops.selection import selected, selected_product
from tests.specs.exports import kt
from tests.specs.indexing import MASK
from tests.specs.table import (
    COMPLEX,
    EMPTY_REDUCED,
    PRODUCTS,
    REAL,
    REDUCED,
    SOFTENED,
    Arg,
    Op,
    Sample,
    binary,
    binary_samples,
    place,
    real_binary,
    sample,
    shape_name,
    unary,
    unary_samples,
)

# -- functions that take more than arrays ----------------------------------------------------------

CONDITION = MASK
NUMPY = kt.Device("numpy", "cpu", 0)
READONLY = kt.Device("numpy_readonly", "cpu", 0)


def where(x1, x2, condition=CONDITION):
    like = x1 if isinstance(x1, kt.GradArray) else x2
    return kt.where(place(condition, like), x1, x2)


def elsewhere(x):
    """`x` on a device of another backend."""
    return kt.to_device(x, READONLY if x.device == NUMPY else NUMPY)


def sized(shape: tuple[int, ...]) -> np.ndarray:
    """A condition of any shape, true here and there."""
    return np.resize(np.array([True, False, False, True, True]), shape)


def where_sample(s: Any, t: Any, condition: tuple[int, ...]) -> Sample:
    names = [shape_name(Arg(a) if isinstance(a, tuple) else a) for a in (s, t)]
    name = f"({','.join(map(str, condition))})_{'_'.join(names)}"
    return sample(s, t, name=name, condition=sized(condition))


def torch_where(torch, x1, x2, condition=CONDITION):
    return torch.where(torch.tensor(condition), x1, x2)


def extremum(reference):
    def function(x, axis=None, keepdims=False):
        return x.copy() if axis == () else reference(x, axis=axis, keepdims=keepdims)

    return function


def torch_extremum(name):
    def function(torch, x, axis=None, keepdims=False):
        if axis == ():
            return x.clone()
        return getattr(torch, name)(x, dim=() if axis is None else axis, keepdim=keepdims)

    return function


def softmax_reference(x, axis=None):
    powers = np.exp(x)
    return powers / np.sum(powers, axis=axis, keepdims=True)


def logsumexp_reference(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def torch_logsumexp(torch, x, axis=None, keepdims=False):
    if axis == ():
        return x.clone()
    return torch.logsumexp(x, dim=tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims)


def torch_softmax(name):
    """Of one axis in PyTorch: several are flattened by hand."""

    def function(torch, x, axis=None):
        if isinstance(axis, int):
            return getattr(torch, name)(x, dim=axis)
        y = x.exp() / (x.exp() if axis == () else x.exp().sum(dim=axis, keepdim=True))
        return y if name == "softmax" else y.log()

    return function


def torch_reduction(name):
    def function(torch, x, axis=None, keepdims=False):
        if axis == ():
            return x.clone()
        axis = tuple(range(x.ndim)) if axis is None else axis
        return getattr(torch, name)(x, dim=axis, keepdim=keepdims)

    return function


def torch_expand_dims(torch, x, axis):
    for i in (axis,) if isinstance(axis, int) else axis:
        x = torch.unsqueeze(x, i)
    return x


def torch_flip(torch, x, axis=None):
    axes = range(x.ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    return torch.flip(x, tuple(axes))


# -- the table ---------------------------------------------------------------------------------


ARITHMETIC = (
    binary("add", "AddGrad", spellings=(operator.add, np.add)),
    binary("subtract", "SubtractGrad", spellings=(operator.sub, np.subtract)),
    binary("multiply", "MultiplyGrad", spellings=(operator.mul, np.multiply)),
    Op(
        *("selected_product", "SelectedProductGrad", selected_product, np.multiply),
        *(binary_samples(), "multiply"),
    ),
    binary("divide", "DivideGrad", "real", "nonzero", spellings=(operator.truediv, np.divide)),
    binary(
        "pow",
        "PowerGrad",
        "positive",
        "real",
        spellings=(operator.pow, np.power),
        extra=(
            sample((3, 4), 3),
            sample((3, 4), 1),
            sample((3, 4), 0),
            sample(Arg((3,), "nonzero"), -2),
            sample(Arg((3,), "positive"), 0.5),
        ),
    ),
    real_binary("remainder", "RemainderGrad", "real", "nonzero"),
    unary("negative", "NegativeGrad", spellings=(operator.neg, np.negative)),
    unary("positive", "PositiveGrad", spellings=(operator.pos, np.positive)),
    unary("reciprocal", "ReciprocalGrad", "nonzero"),
    unary("square", "SquareGrad"),
    unary("abs", "AbsGrad", "nonzero", spellings=(operator.abs, np.abs)),
    real_binary("hypot", "HypotGrad"),
    real_binary("copysign", "CopysignGrad", "nonzero", "nonzero", flat=(1,)),
    real_binary("nextafter", "NextAfterGrad", flat=(1,)),
    real_binary("maximum", "MaximumGrad"),
    real_binary("minimum", "MinimumGrad"),
)

EXPONENTIAL = (
    unary("exp", "ExpGrad"),
    unary("expm1", "Expm1Grad"),
    unary("log", "LogGrad", "positive"),
    unary("log1p", "Log1pGrad", "below 1"),
    unary("log2", "Log2Grad", "positive"),
    unary("log10", "Log10Grad", "positive"),
    real_binary("logaddexp", "LogAddExpGrad"),
    unary("sqrt", "SqrtGrad", "positive"),
    Op(
        *("expit", "SigmoidGrad", kt.special.expit, lambda x: 1 / (1 + np.exp(-x))),
        *(unary_samples(), "sigmoid", (kt.nn.functional.sigmoid,), REAL),
    ),
    Op(
        *("relu", "ReLUGrad", kt.nn.functional.relu, lambda x: np.maximum(x, 0)),
        *(unary_samples(), "relu", (), REAL),
    ),
)

TRIGONOMETRIC = (
    unary("sin", "SinGrad"),
    unary("cos", "CosGrad"),
    unary("tan", "TanGrad", "below 1"),
    unary("asin", "AsinGrad", "below 1"),
    unary("acos", "AcosGrad", "below 1"),
    unary("atan", "AtanGrad"),
    real_binary("atan2", "Atan2Grad", "nonzero", "nonzero"),
    unary("sinh", "SinhGrad"),
    unary("cosh", "CoshGrad"),
    unary("tanh", "TanhGrad"),
    unary("asinh", "AsinhGrad"),
    unary("acosh", "AcoshGrad", "above 1"),
    unary("atanh", "AtanhGrad", "below 1"),
)

SELECTION = (
    Op("selected", "SelectedGrad", selected, np.copy, unary_samples(), "clone", (), COMPLEX),
    Op("conj", "ConjGrad", kt.conj, np.conj, unary_samples(), "conj", (np.conj,), COMPLEX),
    Op(
        *("real", "RealGrad", kt.real, np.real, unary_samples(), "real"),
        *((lambda x: x.real,), COMPLEX),
    ),
    Op(
        *("imag", "ImagGrad", kt.imag, np.imag, unary_samples(), "imag"),
        *((lambda x: x.imag,), COMPLEX),
    ),
    Op(
        *("sign", "SignGrad", kt.sign, np.sign, unary_samples("nonzero"), "sgn"),
        *((np.sign,), COMPLEX),
    ),
    Op(
        *("where", "WhereGrad", where, lambda a, b, condition=CONDITION: np.where(condition, a, b)),
        (
            sample((3, 4), (3, 4)),
            where_sample((), (), ()),
            where_sample((0,), (0,), (0,)),
            where_sample((4, 0), (4, 0), (4, 0)),
            where_sample((1,), (1,), (1,)),
            where_sample((3, 1), (1, 4), (3, 4)),
            where_sample((3, 1), (4,), (1, 1)),
            where_sample((), (3,), (2, 1)),
            where_sample((1,), (), (0,)),
            where_sample((3,), 1.5, (3,)),
            where_sample(1.5, (3,), (3,)),
        ),
        torch_where,
    ),
)

REDUCTIONS = (
    Op(
        *("sum", "SumGrad", kt.sum, np.sum, REDUCED + EMPTY_REDUCED, torch_reduction("sum")),
        spellings=(kt.GradArray.sum,),
    ),
    Op(
        *("mean", "MeanGrad", kt.mean, np.mean, REDUCED, torch_reduction("mean")),
        spellings=(kt.GradArray.mean,),
    ),
    Op(
        *("max", "MaxGrad", kt.max, extremum(np.max), REDUCED, torch_extremum("amax")),
        *((kt.GradArray.max,), REAL),
    ),
    Op(
        *("min", "MinGrad", kt.min, extremum(np.min), REDUCED, torch_extremum("amin")),
        *((kt.GradArray.min,), REAL),
    ),
    Op(
        *("logsumexp", "LogSumExpGrad", kt.special.logsumexp, logsumexp_reference),
        *(REDUCED, torch_logsumexp, (), REAL),
    ),
    Op(
        *("softmax", "SoftmaxGrad", kt.special.softmax, softmax_reference),
        *(SOFTENED, torch_softmax("softmax"), (), REAL),
    ),
    Op(
        *("log_softmax", "LogSoftmaxGrad", kt.special.log_softmax),
        *(lambda x, axis=None: np.log(softmax_reference(x, axis)), SOFTENED),
        *(torch_softmax("log_softmax"), (), REAL),
    ),
)

PRODUCT = (
    Op(
        *("matmul", "MatMulGrad", kt.matmul, np.matmul, PRODUCTS, "matmul"),
        spellings=(operator.matmul,),
    ),
)


OPS = (*ARITHMETIC, *EXPONENTIAL, *TRIGONOMETRIC, *SELECTION, *REDUCTIONS, *PRODUCT)
