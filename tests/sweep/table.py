"""The committed table of exact values: a file of text for each row, compressed.

A line is a point; its value and partial derivatives to the second order, as in `exact.orders`; and
for each of these what one relative rounding of the inputs changes, Σ |∂ᵢd·xᵢ|, to one digit. A line
that ends after the point says that the function is not defined there.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.sweep import points
from tests.sweep.points import Point

FOLDER = Path(__file__).with_name("exact")


@dataclass(frozen=True)
class Table:
    """The points of a row, and what is exact there.

    points, outside : arrays of shape (n, arity); the function is defined at the former alone.
    exact, change : arrays of shape (n, k), by point and by partial derivative.
    """

    points: np.ndarray
    outside: np.ndarray
    exact: np.ndarray
    change: np.ndarray


def as_float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.txt.gz"


def _short_hex(x: float) -> str:
    digits, _, power = x.hex().partition("p")
    return f"{digits.rstrip('0').rstrip('.')}p{power}" if x else "0"


def line_of(point: Point, exact: Iterable[float] = (), change: Iterable[float] = ()) -> str:
    shown = [_short_hex(x) for x in point]
    shown += [repr(y).removesuffix(".0") for y in exact]
    shown += [f"{c:.0e}".replace("e+00", "").replace("e+", "e") for c in change]
    return " ".join(shown)


def write(name: str, lines: Iterable[str]) -> None:
    whole = "".join(f"{line}\n" for line in lines)
    path_of(name).write_bytes(gzip.compress(whole.encode(), mtime=0))


def text(name: str) -> str:
    return gzip.decompress(path_of(name).read_bytes()).decode()


def numbers(line: str, arity: int) -> list[float]:
    """The point of a line."""
    return [float.fromhex(w) for w in line.split()[:arity]]


def read(name: str, arity: int) -> Table:
    """The table of a row whose function takes `arity` arguments."""
    found: list[tuple[list[float], list[float]]] = []
    for line in text(name).splitlines():
        found.append((numbers(line, arity), [float(w) for w in line.split()[arity:]]))
    inside = np.array([[*p, *v] for p, v in found if v])
    count = (inside.shape[1] - arity) // 2
    return Table(
        inside[:, :arity],
        np.array([p for p, v in found if not v]).reshape(-1, arity),
        inside[:, arity : arity + count],
        inside[:, arity + count :],
    )


def in_dtype(found: np.ndarray, dtype: str) -> np.ndarray:
    """Which of the points `dtype` has exactly."""
    return np.array([all(points.fits(x, dtype) for x in p) for p in found], dtype=bool)
