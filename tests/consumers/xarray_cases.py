"""`xarray.DataArray` of a `GradArray`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from tests.consumers.case import Case

A = np.array([[0.5, 1.3, 2.2, 0.1], [1.7, 0.4, 3.1, 0.9], [2.7, 1.4, 0.2, 1.9]])
V = np.array([0.51, 1.32, 2.23])
HOLED = np.array([[0.5, np.nan, 2.2, 0.1], [1.7, 0.4, 3.1, np.nan], [2.7, 1.4, 0.2, 1.9]])


def wrap(a: Any) -> xr.DataArray:
    dims = ("row", "column")[: a.ndim]
    coords = {d: np.arange(n) / 2 for d, n in zip(dims, a.shape, strict=True)}
    return xr.DataArray(a, dims=dims, coords=coords)


def case(name: str, function: Callable[..., Any], *inputs: Any, **more: Any) -> Case:
    def inner(*args: Any) -> Any:
        return function(*map(wrap, args)).data

    return Case(f"xarray.{name}", inner, inputs or (A,), **more)


CASES = [
    case("DataArray.data", lambda x: x),
    case("arithmetic", lambda x, v: (x * v + 2.0) / v - x**2, A, V),
    case("numpy.exp", lambda x: np.exp(x)),
    case("DataArray.sum", lambda x: x.sum("row")),
    case("DataArray.sum, with NaN", lambda x: x.sum("row"), HOLED),
    case("DataArray.mean", lambda x: x.mean("column")),
    case("DataArray.mean, skipna=False", lambda x: x.mean("column", skipna=False)),
    case("DataArray.prod", lambda x: x.prod()),
    case("DataArray.std", lambda x: x.std("row")),
    case("DataArray.var", lambda x: x.var("row", ddof=1)),
    case("DataArray.max", lambda x: x.max("row")),
    case("DataArray.min", lambda x: x.min("row")),
    case("DataArray.median", lambda x: x.median("row")),
    case("DataArray.quantile", lambda x: x.quantile(0.3, "row")),
    case("DataArray.cumsum", lambda x: x.cumsum("row")),
    case("DataArray.cumprod", lambda x: x.cumprod("row")),
    case("DataArray.argmax", lambda x: x.argmax("row"), constant="integers"),
    case("DataArray.isel", lambda x: x.isel(row=1, column=slice(1, 3))),
    case("DataArray.sel", lambda x: x.sel(row=0.5)),
    case("DataArray.transpose", lambda x: x.transpose("column", "row")),
    case("DataArray.where", lambda x: x.where(x > 0.45, 0.0)),
    case("DataArray.fillna", lambda x: x.fillna(0.5), HOLED),
    case("DataArray.clip", lambda x: x.clip(0.3, 2.0)),
    case("DataArray.round", lambda x: x.round(), constant="a step function"),
    case("DataArray.dot", lambda x, v: x.dot(v), A, V),
    case("DataArray.diff", lambda x: x.diff("column")),
    case("DataArray.shift", lambda x: x.shift(column=1, fill_value=0.0)),
    case("DataArray.roll", lambda x: x.roll(column=1)),
    case("DataArray.stack", lambda x: x.stack(both=("row", "column"))),
    case("DataArray.expand_dims", lambda x: x.expand_dims("more")),
    case("DataArray.differentiate", lambda x: x.differentiate("column")),
    case("DataArray.integrate", lambda x: x.integrate("column")),
    case("DataArray.cumulative_integrate", lambda x: x.cumulative_integrate("column")),
    case("DataArray.interp", lambda x: x.interp(row=[0.25])),
    case("DataArray.rolling(…).mean", lambda x: x.rolling(column=2).mean()),
    case("DataArray.coarsen(…).mean", lambda x: x.coarsen(column=2).mean()),
    case("DataArray.groupby(…).sum", lambda x: x.groupby("row").sum()),
    case("DataArray.weighted(…).mean", lambda x, v: x.weighted(v).mean("row"), A, V),
    case("DataArray.pad", lambda x: x.pad(row=1, constant_values=0.0)),
    case("DataArray.polyfit", lambda x: x.polyfit("row", 1)["polyfit_coefficients"]),
    case("concat", lambda x: xr.concat([x, x * 2], "more")),
    case("where", lambda x: xr.where(x > 0.45, x, x * 2)),
    case("dot", lambda x, v: xr.dot(x, v), A, V),
    case("cov", lambda x: xr.cov(x, x * x, "row")),
    case("corr", lambda x: xr.corr(x, x * x, "row")),
    case("cross", lambda v: xr.cross(v, v * v, dim="row"), V),
    case("apply_ufunc", lambda x: xr.apply_ufunc(np.sin, x)),
    case(
        "apply_ufunc, vectorize",
        lambda x: xr.apply_ufunc(np.sum, x, input_core_dims=[["row"]], vectorize=True),
    ),
    case("Dataset.mean", lambda x: xr.Dataset({"x": x}).mean("row")["x"]),
]
