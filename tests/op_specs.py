"""One row per operation: its function, its `Grad`, a NumPy reference, and samples.

The tests of `tests/backend` go through this table on every backend, dtype and layout. The first
sample of a row is its main case, the others are edge cases.
"""

from __future__ import annotations

import importlib
import operator
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import keratorch as kt
from keratorch.ops.indexing import add_at

REAL = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
ALL = REAL + COMPLEX


@dataclass(frozen=True)
class Arg:
    """A differentiable array: its shape, and the domain its elements come from."""

    shape: tuple[int, ...]
    domain: str = "real"

    def make(self, rng: np.random.Generator, dtype: str) -> np.ndarray:
        values = rng.standard_normal(self.shape)
        if self.domain == "positive":
            values = 0.5 + np.abs(values)
        elif self.domain == "above 1":
            values = 1.5 + np.abs(values)
        elif self.domain == "below 1":
            values = 0.8 * np.tanh(values)
        elif self.domain == "nonzero":
            values = np.copysign(0.5 + np.abs(values), values)
        elif self.domain == "regular":  # matrices of distinct eigenvalues and singular values
            m, n = self.shape[-2:]
            values = 0.4 * values + np.eye(m, n) * 1.5 * np.arange(1, n + 1)
        if dtype in COMPLEX:
            values = values + 0.5j * rng.standard_normal(self.shape)
        # By way of float32, so that every dtype sees the same numbers.
        single = "complex64" if dtype in COMPLEX else "float32"
        return np.asarray(values).astype(single).astype(dtype)


@dataclass(frozen=True)
class Sample:
    """What an operation is called with.

    args : `Arg`s, and Python scalars that are passed as they are.
    kwargs : passed on as they are, too; NumPy arrays in them go to the device under test.
    dtypes : those that make sense, where not all of the operation's do.
    differences : whether finite differences mean something (a cast to float32 is a staircase).
    xfails : backend -> why the sample fails there.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] | None = None
    differences: bool = True
    xfails: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """Whether the arguments may have equal rows: regular matrices may not."""
        return not any(
            isinstance(a, Arg) and a.domain == "regular" and len(a.shape) == 2 for a in self.args
        )

    def inputs(self, dtype: str) -> list[Any]:
        """The arguments as NumPy arrays of `dtype`, and Python scalars: always the same."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [a.make(rng, dtype) if isinstance(a, Arg) else a for a in self.args]


@dataclass(frozen=True)
class Op:
    """An operation.

    grad : the name of the `Grad` that it leaves; `None` for one composed of other operations.
    function : called with the arrays and the `kwargs` of a sample.
    reference : the same on plain NumPy arrays.
    torch : the same in PyTorch: the name of its function, or ``f(torch, *tensors, **kwargs)``.
    spellings : operators and methods that do the same.
    flat : the arguments whose derivative is 0 everywhere, for which the rule gives `None`.
    inside : whether the function goes on to compute with the results of the `Grad`.
    composed : it is made of other operations, and `grad` is that of the last.
    """

    name: str
    grad: str | None
    function: Callable[..., Any]
    reference: Callable[..., Any]
    samples: tuple[Sample, ...]
    torch: str | Callable[..., Any] | None = None
    spellings: tuple[Callable[..., Any], ...] = ()
    dtypes: tuple[str, ...] = ALL
    xfails: Mapping[str, str] = field(default_factory=dict)
    flat: tuple[int, ...] = ()
    inside: bool = False
    composed: bool = False

    def dtypes_of(self, sample: Sample) -> tuple[str, ...]:
        return sample.dtypes if sample.dtypes is not None else self.dtypes

    def reason_to_fail(self, sample: Sample, backend: str) -> str | None:
        return sample.xfails.get(backend) or self.xfails.get(backend)


def place(value: Any, like: Any) -> Any:
    """`value`, an index or a condition, with its NumPy arrays on the device of `like`."""
    if isinstance(value, tuple):
        return tuple(place(v, like) for v in value)
    return kt.asarray(value, device=like.device) if isinstance(value, np.ndarray) else value


def place_torch(torch: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(place_torch(torch, v) for v in value)
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def shape_name(arg: Any) -> str:
    if not isinstance(arg, Arg):
        return repr(arg)
    return "(" + ",".join(map(str, arg.shape)) + ")"


def sample(*args: Any, name: str | None = None, **kwargs: Any) -> Sample:
    """A sample named after its shapes and arguments."""
    args = tuple(Arg(a) if isinstance(a, tuple) else a for a in args)
    if name is None:
        name = "_".join(map(shape_name, args))
        name += "".join(f"_{k}={v}".replace(" ", "") for k, v in kwargs.items())
    return Sample(name, args, kwargs)


def with_xfails(s: Sample, **reasons: str) -> Sample:
    return Sample(s.name, s.args, s.kwargs, s.dtypes, s.differences, {**s.xfails, **reasons})


# -- samples -----------------------------------------------------------------------------------

SHAPES = [(3, 4), (), (0,), (4, 0), (1,)]
PAIRS = [
    ((3, 4), (3, 4)),
    ((), ()),
    ((0,), (0,)),
    ((4, 0), (4, 0)),
    ((1,), (1,)),
    ((3, 1), (1, 4)),
    ((4,), (3, 4)),
    ((), (3,)),
    ((3,), ()),
    ((1,), (0,)),
    ((4, 1), (1, 0)),
]


def unary_samples(domain: str = "real") -> tuple[Sample, ...]:
    return tuple(sample(Arg(s, domain)) for s in SHAPES)


def binary_samples(first: str = "real", second: str = "real") -> tuple[Sample, ...]:
    return (
        *(sample(Arg(s, first), Arg(t, second)) for s, t in PAIRS),
        sample(Arg((3,), first), 1.5),
        sample(1.5, Arg((3,), second)),
        sample(Arg((), first), 2),
        sample(2, Arg((), second)),
    )


REDUCED = (
    sample((3, 4)),
    sample((3, 4), axis=0),
    sample((3, 4), axis=-1, keepdims=True),
    sample((2, 3, 4), axis=(0, -1)),
    sample((2, 3, 4), axis=(2, 1), keepdims=True),
    sample((3, 4), keepdims=True),
    sample((3, 4), axis=()),
    sample(()),
    sample((1,)),
    sample((4, 0), axis=0),
)
EMPTY_REDUCED = (sample((0,)), sample((4, 0)), sample((4, 0), axis=1))

SOFTENED = (
    sample((3, 4), axis=-1),
    sample((3, 4), axis=0),
    sample((3, 4)),
    sample((2, 3, 4), axis=(0, -1)),
    sample((3, 4), axis=()),
    sample(()),
    sample((1,)),
    sample((4, 0), axis=0),
)

#: Shapes of factors, by rank.
PRODUCTS = (
    sample((3, 4), (4, 2)),
    sample((4,), (4,)),
    sample((3, 4), (4,)),
    sample((4,), (4, 2)),
    sample((2, 3, 4), (2, 4, 2)),
    sample((2, 3, 4), (4, 2)),
    sample((3, 4), (2, 4, 2)),
    sample((2, 3, 4), (4,)),
    sample((4,), (2, 4, 3)),
    sample((2, 1, 3, 4), (5, 4, 2)),
    sample((1, 3, 4), (2, 4, 2)),
    sample((1, 1), (1, 1)),
    sample((1,), (1,)),
    sample((0,), (0,)),
    sample((0, 4), (4, 2)),
    sample((3, 0), (0, 2)),
    sample((3, 4), (4, 0)),
    sample((0, 3, 4), (4, 2)),
)


# -- indices -----------------------------------------------------------------------------------


def ints(*values: Any) -> np.ndarray:
    return np.array(values, dtype=np.int64)


MASK = np.array([[True, False, True, False], [False, False, False, True], [True] * 4])
ROWS = np.array([True, False, True])

Key = tuple[str, tuple[int, ...], Any]
KEYS: tuple[Key, ...] = (
    ("slices", (3, 4), (slice(1, 3), slice(0, 4, 2))),
    ("int", (3, 4), (1, ...)),
    ("negative_int", (3, 4), (..., -1)),
    ("element", (3, 4), (1, 2)),
    ("ellipsis", (3, 4), ...),
    ("new_axes", (3, 4), (None, ..., slice(None), None)),
    ("int_and_new_axis", (3, 4), (None, 1, ...)),
    ("middle", (2, 3, 4), (0, ..., slice(None, 2))),
    ("negative_step", (3, 4), (slice(None, None, -1), slice(3, 0, -2))),
    ("nothing", (3, 4), (slice(0, 0), ...)),
    ("0d", (), ()),
    ("0d_ellipsis", (), ...),
    ("0d_new_axis", (), (None,)),
    ("empty", (0,), (slice(None),)),
    ("empty_axis", (4, 0), (slice(1, 3), ...)),
    ("one", (1,), (0,)),
    ("mask", (3, 4), MASK),
    ("mask_of_none", (3, 4), MASK & False),
    ("mask_of_empty", (0,), np.zeros(0, dtype=bool)),
    ("mask_of_rows", (3, 4), ROWS),
    ("mask_and_slice", (3, 4), (ROWS, slice(1, 3))),
    ("integers", (3, 4), (ints(2, 0, 1), ints(3, 1, 1))),
    ("integers_broadcast", (3, 4), (ints([2], [0]), ints(3, 1))),
    ("integers_and_int", (3, 4), (ints(-1, 0), 1)),
    ("integers_in_1d", (4,), (ints(2, 0),)),
    ("rows", (3, 4), (ints(2, 0), slice(1, None))),
    ("rows_2d", (3, 4), ints([2], [1])),
    ("columns", (3, 4), (..., ints(3, 0))),
    ("apart", (2, 3, 4), (ints(1, 0), slice(None), ints(3, 2))),
)
#: For reading only: where an index repeats, nobody says which write wins.
REPEATED: tuple[Key, ...] = (
    ("repeated", (4,), (ints(2, 0, 2, -2, 2),)),
    ("repeated_pairs", (3, 4), (ints(0, 2, 0), ints(1, 1, 1))),
    ("repeated_rows", (3, 4), (ints(2, 0, 2), ...)),
    ("repeated_2d", (3,), (ints([1, 1], [0, 1]),)),
)


def reasons(backend: str, why: str, names: str) -> dict[str, dict[str, str]]:
    return {name: {backend: why} for name in names.split()}


def merged(*tables: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Name of a key -> backend -> why it fails there."""
    out: dict[str, dict[str, str]] = {}
    for table in tables:
        for name, of_backend in table.items():
            out[name] = {**out.get(name, {}), **of_backend}
    return out


ANY_FAILS = merged(
    reasons("torch", "PyTorch has no negative steps", "negative_step"),
    reasons(
        "array_api_strict",
        "the standard has no arrays beside slices, and none but in full tuples",
        "mask_and_slice rows rows_2d columns apart repeated_rows",
    ),
)
READ_FAILS = merged(
    ANY_FAILS,
    reasons(
        "dask",
        "the shape of a Dask array read through a mask is unknown",
        "mask mask_of_none mask_of_empty mask_of_rows mask_and_slice",
    ),
    reasons(
        "dask",
        "Dask reads by one 1-d array of integers at most",
        "integers integers_broadcast rows_2d apart repeated_pairs repeated_2d",
    ),
)
WRITE_FAILS = merged(
    ANY_FAILS,
    reasons(
        "array_api_strict",
        "the standard does not write by None or by arrays of integers",
        "new_axes int_and_new_axis 0d_new_axis "
        "integers integers_broadcast integers_and_int integers_in_1d",
    ),
    reasons("dask", "Dask does not write by None", "new_axes int_and_new_axis 0d_new_axis"),
    reasons("dask", "Dask does not write into nothing", "nothing empty_axis"),
    reasons(
        "dask",
        "Dask writes by one 1-d array at most, through masks scalars only",
        "mask mask_of_none mask_of_empty mask_of_rows mask_and_slice "
        "integers integers_broadcast rows_2d apart",
    ),
)


def key_samples(
    keys: tuple[Key, ...], fails: dict[str, dict[str, str]], make: Callable[..., Sample]
) -> tuple[Sample, ...]:
    return tuple(with_xfails(make(*key), **fails.get(key[0], {})) for key in keys)


def read_sample(name: str, shape: tuple[int, ...], key: Any) -> Sample:
    return sample(shape, name=name, key=key)


def write_sample(name: str, shape: tuple[int, ...], key: Any) -> Sample:
    return sample(shape, np.empty(shape)[key].shape, name=name, key=key)


def add_sample(name: str, shape: tuple[int, ...], key: Any) -> Sample:
    return sample(np.empty(shape)[key].shape, name=name, key=key, shape=shape)


def getitem(x, key):
    return x[place(key, x)]


def setitem(x, value, key):
    y = kt.copy(x)
    y[place(key, x)] = value
    return y


def setitem_reference(x, value, key):
    y = x.copy()
    y[key] = value
    return y


def setitem_torch(torch, x, value, key):
    y = x.clone()
    y[place_torch(torch, key)] = value
    return y


def raw_place(key, like):
    """`place`, for an internal function: raw arrays."""
    placed = place(key, like)
    parts = placed if isinstance(placed, tuple) else (placed,)
    raw = tuple(p._array if isinstance(p, kt.GradArray) else p for p in parts)
    return raw if isinstance(placed, tuple) else raw[0]


def add_at_reference(values, key, shape):
    total = np.zeros(shape, dtype=values.dtype)
    np.add.at(total, key, values)
    return total


WRITTEN = (
    sample((3, 4), 1.5, name="scalar", key=(slice(1, 3), ...)),
    sample((3, 4), (), name="0d_value", key=(slice(1, 3), ...)),
    sample((3, 4), (4,), name="broadcast_value", key=(slice(1, 3), ...)),
    sample((3, 4), (2, 1), name="broadcast_columns", key=(slice(1, 3), ...)),
    sample((3, 4), (), name="0d_value_by_mask", key=MASK),
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


def torch_binary(name):
    """A function of PyTorch that takes no Python scalars."""

    def function(torch, *xs):
        return getattr(torch, name)(*(torch.as_tensor(x, dtype=torch.float64) for x in xs))

    return function


def torch_expand_dims(torch, x, axis):
    for i in (axis,) if isinstance(axis, int) else axis:
        x = torch.unsqueeze(x, i)
    return x


def torch_flip(torch, x, axis=None):
    axes = range(x.ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    return torch.flip(x, tuple(axes))


# -- the table ---------------------------------------------------------------------------------


def unary(name: str, grad: str, domain: str = "real", **kwargs: Any) -> Op:
    """A function that Array API, NumPy and PyTorch call alike."""
    values = {"reference": getattr(np, name), "spellings": (getattr(np, name),), "torch": name}
    return Op(name, grad, getattr(kt, name), samples=unary_samples(domain), **(values | kwargs))


def binary(name: str, grad: str, *domains: str, extra: tuple[Sample, ...] = (), **kwargs) -> Op:
    values = {"reference": getattr(np, name), "spellings": (getattr(np, name),), "torch": name}
    samples = (*binary_samples(*domains), *extra)
    return Op(name, grad, getattr(kt, name), samples=samples, **(values | kwargs))


def real_binary(name: str, grad: str, *domains: str, **kwargs: Any) -> Op:
    return binary(name, grad, *domains, torch=torch_binary(name), dtypes=REAL, **kwargs)


ARITHMETIC = (
    binary("add", "AddGrad", spellings=(operator.add, np.add)),
    binary("subtract", "SubtractGrad", spellings=(operator.sub, np.subtract)),
    binary("multiply", "MultiplyGrad", spellings=(operator.mul, np.multiply)),
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

SHAPE = (
    Op(
        *("permute_dims", "TransposeGrad", kt.permute_dims, np.transpose),
        (
            sample((2, 3, 4), axes=(2, 1, 0)),
            sample((2, 3, 4), axes=(1, 2, 0)),
            sample((2, 3, 4), axes=(-1, 0, -2)),
            sample((), axes=()),
            sample((0,), axes=(0,)),
            sample((4, 0), axes=(1, 0)),
            sample((1,), axes=(-1,)),
        ),
        lambda torch, x, axes: torch.permute(x, axes),
        spellings=(
            lambda x, axes: x.T,
            lambda x, axes: x.transpose(),
            lambda x, axes: x.transpose(axes),
        ),
    ),
    Op(
        *("matrix_transpose", "TransposeGrad", kt.matrix_transpose, np.matrix_transpose),
        (sample((2, 3, 4)), sample((3, 4)), sample((4, 0)), sample((1, 1))),
        lambda torch, x: x.mT,
        spellings=(lambda x: x.mT,),
    ),
    Op(
        *("moveaxis", "TransposeGrad"),
        lambda x, source, destination: kt.moveaxis(x, source, destination),
        np.moveaxis,
        (
            sample((2, 3, 4), source=0, destination=-1),
            sample((2, 3, 4), source=(0, -1), destination=(1, 0)),
            sample((4, 0), source=1, destination=0),
            sample((1,), source=0, destination=0),
        ),
        "moveaxis",
    ),
    Op(
        *(
            "reshape",
            "ReshapeGrad",
            lambda x, shape: kt.reshape(x, shape),
            lambda a, shape: a.reshape(shape),
        ),
        (
            sample((3, 4), shape=(2, 6)),
            sample((3, 4), shape=(-1,)),
            sample((3, 4), shape=(2, -1, 3)),
            sample((), shape=(1,)),
            sample((1,), shape=()),
            sample((1,), shape=(1, 1)),
            sample((0,), shape=(0, 3)),
            sample((0,), shape=(-1,)),
            sample((4, 0), shape=(0,)),
            sample((4, 0), shape=(-1,)),
            sample((4, 0), shape=(2, 0, 5)),
        ),
        lambda torch, x, shape: torch.reshape(x, shape),
        spellings=(lambda x, shape: x.reshape(shape), lambda x, shape: x.reshape(*shape)),
    ),
    Op(
        *("expand_dims", "ReshapeGrad", kt.expand_dims, np.expand_dims),
        (
            sample((3, 4), axis=1),
            sample((3, 4), axis=-1),
            sample((), axis=0),
            sample((0,), axis=-2),
            sample((4, 0), axis=2),
            sample((1,), axis=1),
            sample((3, 4), axis=(0, -1)),
            sample((3, 4), axis=()),
        ),
        torch_expand_dims,
    ),
    Op(
        *("squeeze", "ReshapeGrad", kt.squeeze, np.squeeze),
        (
            sample((3, 1, 4), axis=1),
            sample((1, 3, 1), axis=(0, -1)),
            sample((1,), axis=-1),
            sample((1, 0), axis=0),
        ),
        lambda torch, x, axis: torch.squeeze(x, axis),
    ),
    Op(
        *("broadcast_to", "BroadcastGrad"),
        lambda x, shape: kt.broadcast_to(x, shape),
        np.broadcast_to,
        (
            sample((3, 1), shape=(3, 4)),
            sample((4,), shape=(2, 3, 4)),
            sample((), shape=(3,)),
            sample((), shape=()),
            sample((1,), shape=(0,)),
            sample((1,), shape=(1, 1)),
            sample((0,), shape=(3, 0)),
            sample((4, 1), shape=(4, 0)),
            sample((3, 4), shape=(3, 4)),
        ),
        lambda torch, x, shape: torch.broadcast_to(x, shape),
    ),
    Op(
        *("flip", "FlipGrad", kt.flip, np.flip),
        (
            sample((3, 4)),
            sample((3, 4), axis=0),
            sample((3, 4), axis=(-1, 0)),
            sample((3, 4), axis=-1),
            sample(()),
            sample((0,)),
            sample((4, 0), axis=0),
            sample((1,)),
        ),
        torch_flip,
    ),
    Op(
        *("concat", "ConcatGrad"),
        lambda *xs, axis=0: kt.concat(xs, axis=axis),
        lambda *xs, axis=0: np.concatenate(xs, axis=axis),
        (
            sample((3, 4), (2, 4)),
            sample((3, 2), (3, 4), (3, 1), axis=-1),
            sample((2, 1, 2), (2, 3, 2), axis=1),
            sample((3, 4)),
            sample((0, 4), (2, 4)),
            sample((0,), (0,)),
            sample((4, 0), (4, 0), axis=1),
            sample((1,), (1,)),
            sample((3, 4), (2,), axis=None),
            sample((), (2, 1), axis=None),
        ),
        lambda torch, *xs, axis=0: torch.cat(
            [x.reshape(-1) for x in xs] if axis is None else xs, dim=axis or 0
        ),
    ),
    Op(
        *("stack", "StackGrad"),
        lambda *xs, axis=0: kt.stack(xs, axis=axis),
        lambda *xs, axis=0: np.stack(xs, axis=axis),
        (
            sample((3, 4), (3, 4)),
            sample((3, 4), (3, 4), (3, 4), axis=-1),
            sample((3, 4), (3, 4), axis=1),
            sample((), ()),
            sample((0,), (0,)),
            sample((4, 0), (4, 0), axis=1),
            sample((1,)),
        ),
        lambda torch, *xs, axis=0: torch.stack(xs, dim=axis),
    ),
    Op(
        *("unstack", "UnstackGrad", kt.unstack),
        lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)),
        (
            sample((3, 4)),
            sample((2, 3, 4), axis=-1),
            sample((2, 3, 4), axis=1),
            sample((4, 0)),
            sample((1,)),
        ),
        lambda torch, x, axis=0: torch.unbind(x, dim=axis),
    ),
)

INDEXING = (
    Op(
        *("getitem", "GetItemGrad", getitem, lambda x, key: x[key]),
        key_samples(KEYS + REPEATED, READ_FAILS, read_sample),
        lambda torch, x, key: x[place_torch(torch, key)],
    ),
    Op(
        *("setitem", "SetItemGrad", setitem, setitem_reference),
        (*key_samples(KEYS, WRITE_FAILS, write_sample), *WRITTEN),
        setitem_torch,
    ),
    Op(
        *("add_at", "AddAtGrad"),
        lambda x, key, shape: add_at(x, raw_place(key, x), shape),
        add_at_reference,
        key_samples(KEYS + REPEATED, READ_FAILS, add_sample),
    ),
)

PLACE = (
    Op(
        *("astype", "AsTypeGrad", lambda x, dtype: kt.astype(x, dtype)),
        lambda x, dtype: x.astype(dtype),
        (
            sample((3, 4), dtype="complex128"),
            *(sample(s, dtype="complex128") for s in SHAPES[1:]),
            Sample("to_float64", (Arg((3,)),), {"dtype": "float64"}, dtypes=REAL),
            Sample("to_float32", (Arg((3,)),), {"dtype": "float32"}, REAL, differences=False),
            Sample("to_complex64", (Arg((3,)),), {"dtype": "complex64"}, differences=False),
        ),
        lambda torch, x, dtype: x.to(getattr(torch, dtype)),
        spellings=(lambda x, dtype: x.astype(dtype),),
    ),
    Op(
        *("copy", "CopyGrad", kt.copy, np.copy, unary_samples(), "clone"),
        spellings=(lambda x: x.copy(), lambda x: kt.asarray(x, copy=True)),
    ),
    Op("to_device", "ToDeviceGrad", elsewhere, np.copy, unary_samples(), "clone"),
)

# Their rows are made of what is above.
from tests import specs_fft, specs_linalg, specs_special, specs_windows  # noqa: E402

OPS = (
    *ARITHMETIC,
    *EXPONENTIAL,
    *TRIGONOMETRIC,
    *SELECTION,
    *REDUCTIONS,
    *PRODUCT,
    *SHAPE,
    *INDEXING,
    *PLACE,
    *specs_windows.OPS,
    *specs_linalg.OPS,
    *specs_special.OPS,
    *specs_fft.OPS,
)
# The rows of further modules, which use what is above.
for _module in ("specs_statistics", "specs_sorting", "specs_moving"):
    OPS += importlib.import_module(f"tests.{_module}").OPS
BY_NAME = {op.name: op for op in OPS}
