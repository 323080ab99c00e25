"""array-api-extra: all of its functions."""

from __future__ import annotations

from typing import Any

import array_api_extra as xpx
import numpy as np
from array_api_compat import array_namespace

from tests.consumers.case import Case

X = np.array([0.51, 1.32, 2.23, 0.94, 3.15])
Y = np.array([1.7, 0.4, 3.1, 2.2, 0.9])
HOLED = np.array([0.51, np.nan, 2.23, 0.94, 3.15])
A = np.array([[0.5, 1.3, 2.2], [1.7, 0.4, 3.1]])
C = np.array([0.5 + 1.2j, -0.3 + 0.4j])
I = np.array([3, 1, 2])  # noqa: E741
COMPARED = "true or false"
COUNTED = "integers"


def case(name: str, function: Any, *inputs: Any, **more: Any) -> Case:
    """A call of `function`, or of the one of this name, which older releases may not have."""

    def named(*args: Any) -> Any:
        return getattr(xpx, name)(*args)

    return Case(f"array_api_extra.{name}", function or named, inputs, **more)


def at(method: str) -> Case:
    def function(x: Any, y: Any) -> Any:
        return getattr(xpx.at(x * 1.0)[1:4], method)(y[:3])

    return case(f"at(…).{method}", function, X, Y)


CASES = [
    case("angle", lambda z: xpx.angle(z), C),
    case(
        "apply_where",
        lambda x, y: xpx.apply_where(x > y, (x, y), lambda x, y: x * y, lambda x, y: x - y),
        X,
        Y,
    ),
    case("argpartition", lambda x: xpx.argpartition(x, 2), X, constant=COUNTED),
    *[at(m) for m in ("set", "add", "subtract", "multiply", "divide", "power", "min", "max")],
    case("atleast_nd", lambda x: xpx.atleast_nd(x, ndim=3), X),
    case("cov", None, A),
    case("create_diagonal", None, X),
    case("deg2rad", None, X),
    case("expand_dims", lambda x: xpx.expand_dims(x, axis=(0, 2)), X),
    case("isclose", None, X, Y, constant=COMPARED),
    case("isin", None, X, Y, constant=COMPARED),
    case("kron", None, A, X),
    case(
        "lazy_apply",
        lambda x: xpx.lazy_apply(lambda x: np.asarray(x) * 2.0, x, as_numpy=True),
        X,
    ),
    case("lazy_apply, of the namespace", lambda x: xpx.lazy_apply(_twice, x), X),
    case("nan_to_num", lambda x: xpx.nan_to_num(x), X),
    case("nanmax", None, HOLED),
    case("nanmean", None, HOLED),
    case("nanmin", None, HOLED),
    case("nansum", None, HOLED),
    case("nunique", None, X, constant=COUNTED),
    case("one_hot", lambda i: xpx.one_hot(i, 4), I, constant="of integers"),
    case("pad", lambda x: xpx.pad(x, 2, constant_values=1.5), X),
    case("partition", lambda x: xpx.partition(x, 2), X),
    case("rad2deg", None, X),
    case("searchsorted", lambda x, y: xpx.searchsorted(array_namespace(x).sort(x), y), X, Y,
         constant=COUNTED),
    case("setdiff1d", lambda x, y: xpx.setdiff1d(x, y), X, Y),
    case("sinc", None, X),
    case("union1d", None, X, Y),
    case("unravel_index", lambda i: xpx.unravel_index(i, (2, 3)), I, constant=COUNTED),
    case("diag_indices", lambda x: xpx.diag_indices(3, xp=array_namespace(x)), X,
         constant=COUNTED),
    case("tril_indices", lambda x: xpx.tril_indices(3, xp=array_namespace(x)), X,
         constant=COUNTED),
    case("triu_indices", lambda x: xpx.triu_indices(3, xp=array_namespace(x)), X,
         constant=COUNTED),
]  # fmt: skip


def _twice(x: Any) -> Any:
    return x * 2.0
