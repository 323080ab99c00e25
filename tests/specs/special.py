"""Rows of `op_specs` for special functions, and for what else is elementwise.

The reference is SciPy. Orders, in which there is no derivative, are passed as `kwargs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.special as scipy_special

from keratorch.backends import _special
from keratorch.ops._partials import SPECIAL
from tests.specs.exports import GRADS, kt
from tests.specs.table import PAIRS, REAL, SHAPES, Arg, Op, Sample, place, sample


@dataclass(frozen=True)
class Between(Arg):
    """An array of numbers from a range."""

    low: float = 0.1
    high: float = 0.9

    def make(self, rng: np.random.Generator, dtype: str) -> np.ndarray:
        values = rng.uniform(self.low, self.high, self.shape)
        return np.asarray(values).astype("float32").astype(dtype)


Domain = str | tuple[float, float]


def arg(shape: tuple[int, ...], domain: Domain) -> Arg:
    return Arg(shape, domain) if isinstance(domain, str) else Between(shape, "range", *domain)


class Lacking(Mapping[str, str]):
    """Backend -> why it cannot compute the functions of these names: it is asked.

    A library that is not installed lacks nothing.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = [name for name in names if name not in _special.GENERAL]

    def __getitem__(self, backend: str) -> str:
        try:
            found = kt.backends.get(backend)
        except kt.BackendUnavailableError:
            raise KeyError(backend) from None
        for name in self.names:
            try:
                found.special(name)
            except kt.BackendUnavailableError as error:
                return str(error)
        raise KeyError(backend)

    def __iter__(self) -> Iterator[str]:
        return (name for name in kt.backends.names() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def used_by(grad: str) -> set[str]:
    """The special functions in the partial derivatives of a `Grad`."""
    exprs = getattr(GRADS.get(grad), "exprs", ())
    names = {e.name for expr in exprs for e in expr.walk()}
    return {name.removeprefix(SPECIAL) for name in names if name.startswith(SPECIAL)}


def row(
    name: str,
    grad: str,
    samples: tuple[Sample, ...],
    torch: str | Callable[..., Any] | None,
    reference: Callable[..., Any] | None = None,
    function: Callable[..., Any] | None = None,
) -> Op:
    if isinstance(torch, str):
        torch = torch_special(torch)
    return Op(
        name,
        grad,
        function or getattr(kt.special, name),
        reference or getattr(scipy_special, name),
        samples,
        torch,
        dtypes=REAL,
        xfails=Lacking([name, *sorted(used_by(grad))]),
    )


def torch_special(name: str) -> Callable[..., Any]:
    def function(torch, *xs):
        numbers = [torch.as_tensor(x, dtype=torch.float64) for x in xs]
        return getattr(torch.special, name)(*numbers)

    return function


def unary(
    name: str, grad: str, domain: Domain = "real", torch: Any = "", reference: Any = None
) -> Op:
    samples = tuple(sample(arg(s, domain)) for s in SHAPES)
    return row(name, grad, samples, name if torch == "" else torch, reference)


def binary(name: str, grad: str, first: Domain, second: Domain, torch: Any = None) -> Op:
    samples = (
        *(sample(arg(s, first), arg(t, second)) for s, t in PAIRS),
        sample(arg((3,), first), 1.5),
        sample(0.5, arg((3,), second)),
        sample(2, arg((), second)),
    )
    return row(name, grad, samples, torch)


def constant(value: Any, like: Any) -> Any:
    """An order, as a constant beside `like`."""
    return place(value, like) if isinstance(like, kt.GradArray) else value


def of_order(name: str, grad: str, domain: Domain, torch: Any = None, **order: Any) -> Op:
    """A function whose first arguments are constants: numbers in the main sample, then arrays."""
    of_kt, of_scipy = getattr(kt.special, name), getattr(scipy_special, name)
    arrays = {
        k: np.full((3, 1), v) if isinstance(v, int) else np.array([[v], [v + 0.5], [v + 1]])
        for k, v in order.items()
    }
    samples = (
        *(sample(arg(s, domain), **order) for s in SHAPES),
        *(
            Sample(f"{k}_is_an_array", (arg((3, 4), domain),), order | {k: array})
            for k, array in arrays.items()
        ),
    )
    return row(
        name,
        grad,
        samples,
        torch,
        lambda x, /, **kwargs: of_scipy(*kwargs.values(), x),
        lambda x, /, **kwargs: of_kt(*(constant(v, x) for v in kwargs.values()), x),
    )


def clip(x, *bounds, **kwargs):
    like = next(v for v in (x, *bounds) if isinstance(v, kt.GradArray))
    return kt.clip(x, *bounds, **{k: place(v, like) for k, v in kwargs.items()})


def clip_reference(x, low=None, high=None, **kwargs):
    return np.clip(x, kwargs.get("min", low), kwargs.get("max", high))


def torch_clip(torch, x, *bounds, **kwargs):
    if isinstance(x, float):
        x = torch.tensor(x, dtype=torch.float64)
    bounds = (*bounds, *(kwargs.get(k) for k in ("min", "max")[len(bounds) :]))
    bounds = [b if b is None or torch.is_tensor(b) else torch.tensor(b) for b in bounds]
    shape = torch.broadcast_shapes(x.shape, *(b.shape for b in bounds if b is not None))
    return torch.clamp(x.expand(shape), *bounds)  # whose backward fails to broadcast x


CLIPPED = (
    sample((3, 4), (3, 4), (3, 4)),
    *(sample(s, min=-0.5, max=0.5) for s in SHAPES),
    sample((3, 4), min=0.25),
    sample((3, 4), max=0.25),
    sample((3, 4), (4,)),
    sample((4,), (3, 1), max=0.5),
    sample((3, 1), (), (1, 4)),
    sample((3,), -1, 1),
    sample((3, 4), min=1.0, max=-1.0),
    sample((3, 4), -0.5, (4,)),
    sample(0.5, (3,), (1,)),
    sample((0,), (1,), ()),
)


def torch_polygamma(torch, x, n):
    """For n = 1, by ζ: PyTorch's own has 9 digits."""
    return torch.special.zeta(torch.as_tensor(2.0, dtype=x.dtype), x)


def torch_gamma(name: str) -> Callable[..., Any]:
    return lambda torch, x, a: getattr(torch.special, name)(torch.as_tensor(a, dtype=x.dtype), x)


ELEMENTWISE = (
    Op(
        *("clip", "ClipGrad", clip, clip_reference),
        *(CLIPPED, torch_clip, (kt.GradArray.clip, np.clip)),
        dtypes=REAL,
    ),
)

EXPONENTIAL = (
    unary(
        *("softplus", "SoftplusGrad", "real"),
        lambda torch, x: torch.nn.functional.softplus(x),
        lambda x: np.logaddexp(0, x),
    ),
    unary("log_expit", "LogExpitGrad", torch=lambda torch, x: torch.nn.functional.logsigmoid(x)),
    unary("logit", "LogitGrad", (0.1, 0.9)),
    binary("xlogy", "XLogYGrad", "real", "positive", "xlogy"),
    binary("xlog1py", "XLog1PYGrad", "real", "positive", "xlog1py"),
    unary("entr", "EntrGrad", "positive"),
    binary("rel_entr", "RelEntrGrad", "positive", "positive"),
    binary("kl_div", "KLDivGrad", "positive", "positive"),
    unary("exp2", "Exp2Grad"),
    unary("cbrt", "CbrtGrad", "nonzero", None),
    unary("sinc", "SincGrad", (-2.0, 2.0)),
)

ERROR = (
    unary("erf", "ErfGrad"),
    unary("erfc", "ErfcGrad"),
    unary("erfinv", "ErfinvGrad", "below 1"),
    unary("erfcinv", "ErfcinvGrad", (0.2, 1.8), None),
    unary("ndtr", "NdtrGrad"),
    unary("ndtri", "NdtriGrad", (0.1, 0.9)),
    unary("log_ndtr", "LogNdtrGrad", (-3.0, 3.0)),
    unary("dawsn", "DawsnGrad", (-12.0, 12.0), None),
)

GAMMA = (
    unary("gamma", "GammaGrad", "positive", lambda torch, x: x.lgamma().exp()),
    unary("gammaln", "GammalnGrad", "positive"),
    unary("digamma", "DigammaGrad", "positive", None),  # PyTorch's derivative has 9 digits
    of_order("polygamma", "PolygammaGrad", "positive", torch_polygamma, n=1),
    binary("beta", "BetaGrad", "positive", "positive"),
    binary("betaln", "BetalnGrad", "positive", "positive"),
    of_order("gammainc", "GammaIncGrad", "positive", torch_gamma("gammainc"), a=1.5),
    of_order("gammaincc", "GammaIncCGrad", "positive", torch_gamma("gammaincc"), a=1.5),
    of_order("betainc", "BetaIncGrad", (0.1, 0.9), a=1.5, b=2.5),
    of_order(
        *("zeta", "ZetaGrad", "positive"),
        lambda torch, q, x: torch.special.zeta(torch.as_tensor(x, dtype=q.dtype), q),
        x=2.5,
    ),
)


def bessel(name: str, grad: str) -> Op:
    """Within ±8, past the first zeros; and within ±2, where PyTorch has all digits too."""
    reason = "PyTorch's float64 values are off by up to 5e-7 between 3 and 8"
    wide = [sample(arg(s, (-8.0, 8.0))) for s in SHAPES]
    fails = {"xfails": {"torch": reason}, "xfail_dtypes": ("float64",)}
    wide = [replace(s, **fails) if s.name in ("(3,4)", "()") else s for s in wide]
    near = sample(arg((3, 4), (-2.0, 2.0)), name="near_0")
    return row(name, grad, (wide[0], near, *wide[1:]), None)


BESSEL = (
    unary("i0", "I0Grad"),
    unary("i0e", "I0eGrad", "nonzero"),
    unary("i1", "I1Grad"),
    unary("i1e", "I1eGrad", "nonzero"),
    bessel("j0", "J0Grad"),
    bessel("j1", "J1Grad"),
)

OPS = (*ELEMENTWISE, *EXPONENTIAL, *ERROR, *GAMMA, *BESSEL)
