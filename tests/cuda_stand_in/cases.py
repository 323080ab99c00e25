"""The functions to compare on the stand-in and in NumPy: rows of name, call and inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

RNG = np.random.default_rng(7)
REAL = ("float64", "float32")
INEXACT = ("float64", "complex128")
FULL_REAL = ("float64", "float32", "float16")
FULL_INEXACT = ("float64", "float32", "float16", "complex128", "complex64")
WHOLE = ("int64", "uint8")
FULL_WHOLE = ("int64", "int32", "uint8", "bool")


@dataclass(frozen=True)
class Case:
    """A call of `function(xp, *arrays)`, in the `dtypes`; with ``--full``, in the dtypes `full`.

    `inexact`: a factor of the tolerance, for another order of summation or another algorithm.
    """

    name: str
    function: Callable[..., Any]
    arrays: tuple[np.ndarray, ...]
    dtypes: tuple[str, ...] = REAL
    full: tuple[str, ...] = FULL_REAL
    inexact: float = 1.0


def made(values: np.ndarray, dtype: str) -> np.ndarray:
    """`values` in `dtype`: complex ones get an imaginary part, integers are |round(3·values)|."""
    if dtype.startswith("complex"):
        values = values + 0.5j * np.cos(3 * values)
    elif not dtype.startswith("float"):
        values = np.abs(np.round(3 * values))
    return values.astype(dtype)


X = RNG.normal(size=(3, 4))
Y = RNG.normal(size=(3, 4))
ROW, COLUMN = Y[0], Y[:, :1]
POSITIVE = np.abs(X) + 0.3
INSIDE = np.tanh(X) * 0.95
LONG = RNG.normal(size=(7, 130))
CUBE = RNG.normal(size=(2, 3, 4))
SQUARE = RNG.normal(size=(4, 4)) + 2 * np.eye(4)
STACK = RNG.normal(size=(3, 4, 4)) + 2 * np.eye(4)
TALL = RNG.normal(size=(5, 3))
TALLS = RNG.normal(size=(2, 5, 3))
TIES = np.array([[1.0, 0, 2, 2], [2, 1, 1, 0], [0, 0, 1, 2]])
SPECIAL = np.array([0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-300, 0.5, -2.5, 1.5, 2.5])


def words(*texts: str) -> list[str]:
    return " ".join(texts).split()


def named(name: str) -> Callable[..., Any]:
    """The function `name` of any namespace: "sin", "linalg.inv"."""

    def function(xp: Any, *arrays: Any, **kwargs: Any) -> Any:
        found = xp
        for part in name.split("."):
            found = getattr(found, part)
        return found(*arrays, **kwargs)

    return function


def calls(name: str, *arrays: np.ndarray, **settings: Any) -> Iterator[Case]:
    """A function on contiguous arrays, on transposed ones, and on broadcast ones."""
    yield Case(name, named(name), arrays, **settings)
    function = named(name)
    yield Case(
        f"{name}-transposed",
        lambda xp, *a: function(xp, *(x.T for x in a)),
        arrays,
        **settings,
    )
    if len(arrays) == 2:
        broadcast = (arrays[0][:, :1], arrays[1][0])
        yield Case(f"{name}-broadcast", function, broadcast, **settings)


def ufuncs() -> Iterator[Case]:
    both = {"dtypes": INEXACT, "full": FULL_INEXACT, "inexact": 8}
    for name in words("sin cos tan sinh cosh tanh exp expm1 arcsinh arctan square"):
        yield from calls(name, X, **both)
    for name in words("log log1p log2 log10 sqrt reciprocal arccosh"):
        yield from calls(name, POSITIVE + 1, **both)
    for name in words("arcsin arccos arctanh"):
        yield from calls(name, INSIDE, **both)
    for name in words("absolute negative positive conjugate isfinite isinf isnan real imag angle"):
        yield from calls(name, X, **both)
    for name in words("floor ceil trunc rint sign signbit fabs exp2 cbrt deg2rad"):
        yield from calls(name, X, dtypes=REAL, full=FULL_REAL)
    for name in words("add subtract multiply divide power equal not_equal"):
        yield from (
            calls(name, POSITIVE, Y, **both)
            if name != "power"
            else calls(name, POSITIVE, np.abs(Y), **both)
        )
    for name in words(
        "floor_divide remainder fmod arctan2 hypot logaddexp logaddexp2 maximum minimum fmax",
        "fmin copysign nextafter less less_equal greater greater_equal",
    ):
        yield from calls(name, X, Y, inexact=2)
    whole = {"dtypes": WHOLE, "full": FULL_WHOLE}
    for name in words(
        "add multiply maximum minimum equal less bitwise_and bitwise_or bitwise_xor logical_and",
        "logical_or logical_xor",
    ):
        yield from calls(name, POSITIVE, np.abs(Y), **whole)
    for name in words("subtract floor_divide remainder left_shift right_shift gcd"):
        yield from calls(name, X, POSITIVE, dtypes=WHOLE[:1], full=WHOLE)
    for name in words("invert logical_not"):
        yield from calls(name, X, **whole)
    for name in words(
        "sin exp log sqrt floor sign isfinite isnan signbit tanh absolute square expm1 log1p"
    ):
        yield Case(f"{name}-edges", named(name), (SPECIAL,), full=REAL, inexact=2)
    for name in words("add maximum fmax divide less equal copysign hypot power logaddexp"):
        arrays = (SPECIAL[:, None], SPECIAL)
        yield Case(f"{name}-edges", named(name), arrays, full=REAL, inexact=2)


def reductions() -> Iterator[Case]:
    for name in words("sum prod max min mean std var any all argmax argmin count_nonzero"):
        inexact = 1 if name in ("max", "min", "argmax", "argmin", "any", "all") else 16
        extremes = name in ("max", "min", "argmax", "argmin")
        dtypes, full = (REAL, FULL_REAL) if extremes else (INEXACT, FULL_INEXACT)
        settings = {"dtypes": dtypes, "full": full, "inexact": inexact}
        for label, kwargs in (("all", {}), ("0", {"axis": 0}), ("1", {"axis": 1})):
            for shape, values in (("", CUBE), ("-long", LONG)):
                if name == "prod" and shape:
                    continue
                yield Case(
                    f"{name}-{label}{shape}",
                    lambda xp, x, name=name, kwargs=kwargs: getattr(xp, name)(x, **kwargs),
                    (values,),
                    **settings,
                )
        if not name.startswith(("arg", "count")):
            yield Case(
                f"{name}-keepdims",
                lambda xp, x, name=name: getattr(xp, name)(x, axis=(0, 2), keepdims=True),
                (CUBE,),
                **settings,
            )
        if name in ("sum", "max", "argmax", "any"):
            whole = {"dtypes": WHOLE, "full": FULL_WHOLE}
            yield Case(f"{name}-whole", named(name), (POSITIVE,), **whole)
        if name in ("sum", "prod", "any", "all"):
            empty = np.zeros((0, 3))
            yield Case(f"{name}-empty", lambda xp, x, n=name: getattr(xp, n)(x, axis=0), (empty,))
    for name in words("max min argmax argmin sum"):
        for label, values in (("nan", np.where(TIES == 2, np.nan, TIES)), ("ties", TIES)):
            yield Case(
                f"{name}-{label}", lambda xp, x, n=name: getattr(xp, n)(x, axis=1), (values,)
            )
    for name in words("cumsum cumprod"):
        settings = {"dtypes": INEXACT, "full": FULL_INEXACT, "inexact": 64}
        for axis in (0, 1):
            call = lambda xp, x, n=name, axis=axis: getattr(xp, n)(x, axis=axis)  # noqa: E731
            yield Case(f"{name}-{axis}", call, (X,), **settings)
        values = np.abs(LONG.ravel()) + 0.6
        yield Case(f"{name}-long", named(name), (values,), ("float64",), REAL, 64)
    for name in words("median nansum nanmax ptp"):
        yield Case(name, lambda xp, x, n=name: getattr(xp, n)(x, axis=1), (X,), inexact=8)
    average = lambda xp, x, w: xp.average(x, axis=0, weights=w)  # noqa: E731
    yield Case("average", average, (X, POSITIVE), inexact=8)
    yield Case("norm", lambda xp, x: xp.linalg.norm(x, axis=1), (X,), INEXACT, FULL_INEXACT[:2], 8)
    yield Case("trace", named("trace"), (SQUARE,), INEXACT, FULL_INEXACT, 4)


def sorting() -> Iterator[Case]:
    for axis in (0, 1):
        yield Case(f"sort-{axis}", lambda xp, x, a=axis: xp.sort(x, axis=a), (X,))
        yield Case(f"argsort-{axis}", lambda xp, x, a=axis: xp.argsort(x, axis=a), (X,))
    yield Case("sort-nan", named("sort"), (SPECIAL,))
    yield Case("argsort-ties", lambda xp, x: xp.argsort(x, axis=1, kind="stable"), (TIES,))
    yield Case("sort-whole", named("sort"), (X,), ("int64",), FULL_WHOLE)
    yield Case("lexsort", lambda xp, x: xp.lexsort(x), (TIES,))
    yield Case("partition", lambda xp, x: xp.sort(xp.partition(x, 3), axis=-1), (LONG,))
    for side in ("left", "right"):
        yield Case(
            f"searchsorted-{side}",
            lambda xp, a, v, side=side: xp.searchsorted(xp.sort(a), v, side=side),
            (ROW, X),
        )
    yield Case("unique", named("unique"), (TIES,))
    yield Case(
        "unique-all", lambda xp, x: xp.unique(x, return_index=True, return_inverse=True)[:2], (ROW,)
    )
    yield Case("bincount", named("bincount"), (TIES.ravel(),), ("int64",), ("int64",))
    yield Case("isin", named("isin"), (TIES, TIES[0, :2]))


def _add_at(xp: Any, x: Any, index: Any, values: Any) -> Any:
    x = x.copy()
    xp.add.at(x, index, values)
    return x


def _written(change: Callable[..., Any]) -> Callable[..., Any]:
    def function(xp: Any, x: Any) -> Any:
        x = x.copy()
        change(xp, x)
        return x

    return function


def indexing() -> Iterator[Case]:
    settings = {"dtypes": INEXACT, "full": FULL_INEXACT}
    reads: dict[str, Callable[..., Any]] = {
        "int": lambda xp, x: x[1, 2],
        "slice": lambda xp, x: x[::-1, 1:3],
        "ellipsis": lambda xp, x: x[..., None, 1],
        "array": lambda xp, x: x[xp.asarray([2, 0, 0])],
        "negative": lambda xp, x: x[xp.asarray([-1, -3])],
        "arrays": lambda xp, x: x[xp.asarray([[0], [2]]), xp.asarray([1, 3])],
        "mixed": lambda xp, x: x[1:, xp.asarray([3, 0])],
        "mask": lambda xp, x: x[x.real > 0],
        "mask-rows": lambda xp, x: x[xp.asarray([True, False, True])],
        "take": lambda xp, x: xp.take(x, xp.asarray([2, 0]), axis=1),
        "take_along_axis": lambda xp, x: xp.take_along_axis(x, xp.argsort(x.real, axis=1), axis=1),
        "diagonal": lambda xp, x: xp.diagonal(x, 1),
        "nonzero": lambda xp, x: xp.nonzero(x.real > 0),
        "where": lambda xp, x: xp.where(x.real > 0, x, 0.0),
        "choose": lambda xp, x: xp.compress(xp.asarray([True, False, True]), x, axis=0),
    }
    for name, function in reads.items():
        yield Case(f"read-{name}", function, (X,), **settings)
    writes: dict[str, Callable[..., Any]] = {
        "scalar": lambda xp, x: x.__setitem__((slice(1, None), 2), 7.0),
        "row": lambda xp, x: x.__setitem__(1, x[0]),
        "array": lambda xp, x: x.__setitem__(xp.asarray([2, 0]), x[:2].copy()),
        "arrays": lambda xp, x: x.__setitem__((xp.asarray([2, 0]), xp.asarray([1, 1])), 5.0),
        "mask": lambda xp, x: x.__setitem__(x.real > 0, 0.0),
        "fill": lambda xp, x: x.fill(3),
        "in-place": lambda xp, x: x.__iadd__(x[0]),
        "strided": lambda xp, x: x[:, ::2].__imul__(2.0),
    }
    for name, change in writes.items():
        yield Case(f"write-{name}", _written(change), (X,), **settings)
    index = np.array([0, 2, 0, 0])
    for name, at in (("add-at", index), ("add-at-pairs", (index, index[::-1]))):
        values = CUBE[0, :1, :].repeat(4, 0) if name == "add-at" else Y[0]

        def add(xp: Any, x: Any, v: Any, at: Any = at) -> Any:
            where = tuple(map(xp.asarray, at)) if isinstance(at, tuple) else xp.asarray(at)
            return _add_at(xp, x, where, v)

        yield Case(name, add, (X, values), ("float64", "float32"), (*FULL_REAL, "int64"), 4)


CASES = [*ufuncs(), *reductions(), *sorting(), *indexing()]
