"""The rows of `tests/specs` that are swept: the elementwise ones, each `Grad` once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keratorch as kt
from keratorch.ops._elementwise import ElementwiseGrad
from tests.op_specs import OPS, Op
from tests.specs.exports import GRADS
from tests.sweep import table
from tests.sweep.references import FORMULAS, ORDERS


@dataclass(frozen=True)
class Row:
    """A function to sweep.

    orders : how many of its first arguments are constants, for which `ORDERS` has the numbers.
    arity : how many arguments it is differentiated in.
    """

    name: str
    function: Callable[..., Any]
    orders: int
    arity: int


def _clip(x: Any) -> Any:
    return kt.clip(x, -0.5, 0.5)


#: Rows of functions whose `Grad` is no `ElementwiseGrad`, though they are elementwise.
_ALSO = ("abs",)
#: Functions that are swept in one of their arguments alone.
_IN_ONE = {"clip": _clip}


def rows(ops: Iterable[Op] = OPS) -> list[Row]:
    """All rows to sweep."""
    found: dict[str | None, Row] = {}
    for op in ops:
        cls = GRADS.get(str(op.grad))
        elementwise = cls is not None and issubclass(cls, ElementwiseGrad)
        if op.grad in found or not (elementwise or op.name in _ALSO):
            continue
        orders = len(getattr(cls, "constants", ()))
        arity = 1 if op.name in (*_IN_ONE, *_ALSO) else getattr(cls, "arity", 1) - orders
        name, shown = op.name, getattr(kt.special, op.name, None) or getattr(kt, op.name, None)
        function = _IN_ONE.get(name) or shown or op.function
        found[op.grad] = Row(name, function, orders, arity)
    return list(found.values())


def without_table(ops: Iterable[Op] = OPS, formulas: Iterable[str] = FORMULAS) -> list[str]:
    """What is missing for the rows that have no table, by row."""
    messages = []
    for row in rows(ops):
        if table.path_of(row.name).exists():
            continue
        path = f"tests/sweep/exact/{row.name}.txt.gz"
        if row.orders and row.name not in ORDERS:
            add = "add its orders to ORDERS of tests/sweep/references.py, and run"
        elif row.name in formulas:
            add = "run"
        else:
            add = (
                "unless mpmath has a function of that name, add its formula to FORMULAS of "
                "tests/sweep/references.py; then run"
            )
        messages.append(
            f"the row {row.name} of tests/specs is elementwise, and has no table of exact values, "
            f"{path}: {add} `.venv/bin/python -m tests.sweep {row.name}`"
        )
    return messages
