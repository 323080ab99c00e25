"""Writes the tables of exact values: ``python -m tests.sweep NAME …``, or of all rows."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator

import mpmath

from tests.sweep import exact, points, references, table
from tests.sweep.rows import Row, rows


def order_of(row: Row) -> tuple[tuple[float, ...], ...]:
    return references.ORDERS[row.name] if row.orders else ((),)


def line(row: Row, order: tuple[float, ...], point: points.Point) -> str | None:
    """The line of a point, or `None` for a point that the table leaves out."""
    formula = references.formula(row.name, mpmath.mp)
    if formula is None:
        raise SystemExit(
            f"mpmath has no function {row.name}: add a formula to FORMULAS of "
            "tests/sweep/references.py"
        )
    whole, slope = (*order, *point), references.SLOPES.get(row.name)
    try:
        found = exact.derivatives(
            lambda mp, *x: formula(mp, *order, *x),
            point,
            None if slope is None else lambda mp, *x: slope(mp, *order, *x),
        )
    except exact.Undefined:
        return table.line_of(whole)
    except (exact.Unsettled, references.LeftOut):
        return None
    kept = exact.orders(row.arity, 2)
    change = [exact.change(found, index, point) for index in kept]
    return table.line_of(
        whole, [table.as_float(found[i]) for i in kept], [table.as_float(c) for c in change]
    )


def lines(row: Row, only: Container[tuple[float, ...]] | None = None) -> Iterator[str]:
    """The lines of a table; those of some points if `only` is given."""
    for order in order_of(row):
        for point in points.line() if row.arity == 1 else points.plane():
            if only is not None and (*order, *point) not in only:
                continue
            found = line(row, order, point)
            if found is not None:
                yield found


def main(names: list[str]) -> None:
    table.FOLDER.mkdir(exist_ok=True)
    known = {row.name: row for row in rows()}
    for name in names or known:
        if name not in known:
            raise SystemExit(f"{name} is no elementwise row of tests/specs")
        found = list(lines(known[name]))
        table.write(name, found)
        print(f"{table.path_of(name)}: {len(found)} points", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
