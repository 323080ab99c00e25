"""Every elementwise function over its whole domain, to the second order, on every backend.

Values, gradients and second derivatives, in both modes, are compared with a table of exact values
(`tests/sweep`) in float16, float32 and float64. The error is counted in units of the last place of
the derivative, or of what one rounding of the input changes in it, whichever is larger. More than
32 units need a line in `exceptions.py`, with the reason.
"""

from __future__ import annotations

import functools
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from tests.conftest import firsts, wanted_targets
from tests.op_checks import on_device
from tests.op_specs import BY_NAME
from tests.sweep import exact, measure, points, rows, table
from tests.sweep.exceptions import KNOWN, Known, Points
from tests.sweep.rows import Row

ONE_DEVICE_EACH = True
#: How many units of the last place a right result may be off.
UNITS = 32

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
ROWS = {row.name: row for row in rows.rows()}


@dataclass(frozen=True)
class Measured:
    """One derivative of a row on the points of a dtype, and how far it is off."""

    way: str
    index: tuple[int, ...]
    columns: np.ndarray
    found: np.ndarray
    exact: np.ndarray
    errors: np.ndarray

    @property
    def order(self) -> int:
        return sum(self.index)

    def show(self, i: int) -> str:
        point = ", ".join(repr(float(x)) for x in self.columns[i])
        return (
            f"{self.way} {self.index} at ({point}): {float(self.found[i])!r}, exactly "
            f"{float(self.exact[i])!r}: {self.errors[i]:.3g} units"
        )


@functools.cache
def read(name: str) -> table.Table:
    row = ROWS[name]
    return table.read(name, row.orders + row.arity)


def subnormal(columns: np.ndarray, dtype: str) -> np.ndarray:
    tiny = float(np.finfo(dtype).tiny)
    return np.any((columns != 0) & (np.abs(columns) < tiny), axis=1)


def measured(row: Row, device: kt.Device, dtype: str) -> Iterator[Measured]:
    """All derivatives of a row to the second order, in both modes."""
    found_table = read(row.name)
    keep = table.in_dtype(found_table.points, dtype)
    if device.backend == "jax":  # it computes with 0 in place of subnormal numbers
        keep &= ~subnormal(found_table.points, dtype)
    columns = found_table.points[keep]
    raws = [np.ascontiguousarray(column).astype(dtype) for column in columns.T]
    orders = [kt.asarray(on_device(device, raw)) for raw in raws[: row.orders]]

    def function(*xs: Any) -> Any:
        return row.function(*orders, *xs)

    results = measure.derivatives(function, device, raws[row.orders :])
    kept = exact.orders(row.arity, 2)
    for (way, index), found in results.items():
        k = kept.index(index)
        assert found.dtype == dtype, f"{way} {index} of {row.name}: {found.dtype}, not {dtype}"
        wanted, change = found_table.exact[keep, k], found_table.change[keep, k]
        errors = measure.units(found, wanted, change, columns[:, row.orders :])
        yield Measured(way, index, columns, found, wanted, errors)


def check(row: Row, device: kt.Device, dtype: str, used: Counter[Known]) -> None:
    """Compare a row, and count the exceptions that were needed."""
    wrong: list[str] = []
    for m in measured(row, device, dtype):
        bad = m.errors > UNITS
        here = Points(m.columns, m.exact, dtype)
        for known in KNOWN:
            if bad.any() and known.holds(row.name, m.order, device.backend):
                excused = bad & known.excuses(here, m.found, m.errors)
                used[known] += int(excused.sum())
                bad &= ~excused
        wrong += [m.show(i) for i in np.flatnonzero(bad)[np.argsort(-m.errors[bad])][:4]]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


#: Libraries that need a second for a function: they take one in so many, all with ``--full``.
ONE_IN = {"jax": 9, "dask": 20, "cupy": 5}


def dtypes_of(row: Row, device: kt.Device, full: bool) -> tuple[str, ...]:
    """The dtypes to compare: all on NumPy, and where everything was asked for."""
    name = device.backend
    if name == "numpy_readonly":  # its values are those of NumPy
        return ()
    if full:
        # array-api-strict has no float16.
        return points.DTYPES[1:] if name == "array_api_strict" else points.DTYPES
    if zlib.crc32(row.name.encode()) % ONE_IN.get(name, 1):
        return ()
    return points.DTYPES if name == "numpy" else ("float32",)


def why_lacking(row: Row, device: kt.Device) -> str | None:
    """Why the library of a device cannot compute a row, if it cannot."""
    return BY_NAME[row.name].xfails.get(device.backend)


def pytest_generate_tests(metafunc):
    if "op_row" in metafunc.fixturenames:
        full = metafunc.config.getoption("--full")
        pairs = [
            pytest.param(target, row, id=f"{target.id}-{row.name}")
            for target in firsts(wanted_targets(metafunc.config))
            for row in ROWS.values()
            if dtypes_of(row, target.device, full)
        ]
        metafunc.parametrize(("target", "op_row"), pairs)


def test_against_exact_values(device, op_row, full, samples):
    row, name, used = op_row, op_row.name, Counter()
    reason = why_lacking(row, device)
    for dtype in dtypes_of(row, device, full):
        samples.check(dtype, check, row, device, dtype, used, fails=reason)
    if reason is None and device.backend == "numpy":
        mine = [k for k in KNOWN if name in k.rows.split() and "numpy" in k.backends]
        needless = [known.reason for known in mine if not used[known]]
        assert not needless or samples.left_out or samples.failures, (
            f"{name} needs these exceptions no more: {needless}"
        )


#: Rows whose functions go on where their formula stops: powers of negative numbers, and the like.
WIDER = {"pow", "polygamma", "beta", "betaln", "zeta"}


def test_outside_of_the_domain(samples):
    """No finite value where a function is not defined; at 0, on the border, it may have one."""
    for name in ROWS.keys() - WIDER:
        outside = read(name).outside
        if len(outside):
            samples.check(name, check_outside, ROWS[name], outside[np.all(outside != 0, axis=1)])


def check_outside(row: Row, outside: np.ndarray) -> None:
    found = row.function(*(kt.asarray(column.copy()) for column in outside.T))._array
    assert not np.isfinite(found).any(), outside[np.isfinite(found)][:4]


def test_the_table_is_what_mpmath_says(full, samples):
    """A part of every table, computed again."""
    if not full:
        pytest.skip("mpmath takes a minute: --full asks for it")
    pytest.importorskip("mpmath")
    from tests.sweep.__main__ import lines

    for row in ROWS.values():
        found = {
            tuple(table.numbers(k, row.orders + row.arity)): k
            for k in table.text(row.name).splitlines()[::29]
        }
        # How large an exponent may be differs from mpmath to mpmath.
        kept = {point: k for point, k in found.items() if max(map(abs, point)) < 1e100}
        samples.check(row.name, check_equal, set(kept.values()), set(lines(row, kept)))


def check_equal(kept: set[str], again: set[str]) -> None:
    assert kept == again, (kept - again, again - kept)
