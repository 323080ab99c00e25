"""The types of a row of the spec table, and the samples that many rows share."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.specs.exports import kt

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
        # Round to float32 first, so that every dtype sees the same numbers.
        single = "complex64" if dtype in COMPLEX else "float32"
        return np.asarray(values).astype(single).astype(dtype)


@dataclass(frozen=True)
class Sample:
    """The arguments of one call of an operation.

    args : `Arg`s, and Python scalars that are passed unchanged.
    kwargs : passed unchanged too, except that NumPy arrays go to the device under test.
    dtypes : the dtypes that make sense here; `None` for all of the operation's.
    differences : whether finite differences mean something (a cast to float32 is a staircase).
    xfails : backend -> why the sample fails there.
    xfail_dtypes : the dtypes in which the sample fails; `None` for all.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] | None = None
    differences: bool = True
    xfails: Mapping[str, str] = field(default_factory=dict)
    xfail_dtypes: tuple[str, ...] | None = None

    @property
    def repeatable(self) -> bool:
        """Whether the arguments may have equal rows: regular matrices may not."""
        return not any(
            isinstance(a, Arg) and a.domain == "regular" and len(a.shape) == 2 for a in self.args
        )

    def inputs(self, dtype: str) -> list[Any]:
        """The arguments as NumPy arrays of `dtype`, and Python scalars: the same in every call."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [a.make(rng, dtype) if isinstance(a, Arg) else a for a in self.args]


@dataclass(frozen=True)
class Op:
    """An operation.

    grad : the name of the `Grad` that it records; `None` if it is composed of other operations.
    function : called with the arrays and the `kwargs` of a sample.
    reference : the same on plain NumPy arrays.
    torch : the same in PyTorch: the name of its function, or ``f(torch, *tensors, **kwargs)``.
    spellings : operators and methods that do the same.
    flat : the arguments whose derivative is 0 everywhere, for which the rule gives `None`.
    inside : whether the function computes further with the results of the `Grad`.
    composed : whether it is made of other operations; `grad` then names the `Grad` of the last.
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

    def reason_to_fail(self, sample: Sample, backend: str, dtype: str) -> str | None:
        fails = sample.xfail_dtypes is None or dtype in sample.xfail_dtypes
        return (sample.xfails.get(backend) if fails else None) or self.xfails.get(backend)


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
    return replace(s, xfails={**s.xfails, **reasons})


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

#: Samples of products: factors of every rank, and empty ones.
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


def ints(*values: Any) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def unary(name: str, grad: str, domain: str = "real", **kwargs: Any) -> Op:
    """A function of one name in the Array API, NumPy and PyTorch."""
    values = {"reference": getattr(np, name), "spellings": (getattr(np, name),), "torch": name}
    return Op(name, grad, getattr(kt, name), samples=unary_samples(domain), **(values | kwargs))


def binary(name: str, grad: str, *domains: str, extra: tuple[Sample, ...] = (), **kwargs) -> Op:
    values = {"reference": getattr(np, name), "spellings": (getattr(np, name),), "torch": name}
    samples = (*binary_samples(*domains), *extra)
    return Op(name, grad, getattr(kt, name), samples=samples, **(values | kwargs))


def torch_binary(name):
    """PyTorch's function `name`, which takes no Python scalars: they become tensors."""

    def function(torch, *xs):
        return getattr(torch, name)(*(torch.as_tensor(x, dtype=torch.float64) for x in xs))

    return function


def real_binary(name: str, grad: str, *domains: str, **kwargs: Any) -> Op:
    return binary(name, grad, *domains, torch=torch_binary(name), dtypes=REAL, **kwargs)
