"""`docs/ops.md` says what is so."""

from __future__ import annotations

from dataclasses import replace

import pytest

import keratorch as kt
from tests.op_cases import evidence
from tests.op_specs import BY_NAME, OPS
from tests.ops_table import BITS, CONSTANTS, DOCUMENT, STANDARD, document, find

#: What the constant functions are called with, where one tracked array does not do.
CALLS = {
    "arange": lambda x: kt.arange(3),
    "empty": lambda x: kt.empty(3),
    "eye": lambda x: kt.eye(3),
    "ones": lambda x: kt.ones(3),
    "zeros": lambda x: kt.zeros(3),
    "can_cast": lambda x: kt.can_cast(x, kt.float64),
    "iinfo": lambda x: kt.iinfo(kt.int8),
    "isdtype": lambda x: kt.isdtype(x.dtype, "integral"),
    "broadcast_shapes": lambda x: kt.broadcast_shapes((3, 1), (4,)),
    "linalg.matrix_rank": lambda x: kt.linalg.matrix_rank(x[:, None] * x),
}
PAIRS = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "not_equal",
    "floor_divide",
    "isin",
    "searchsorted",
    "logical_and",
    "logical_or",
    "logical_xor",
]
HERE = [name for name, why in CONSTANTS.items() if find(name) is not None and why != BITS]


def test_the_document_is_up_to_date():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run python -m tests.ops_table"


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_row_is_compared_with_differences(op):
    assert evidence(op).derivatives


def test_what_is_not_checked_shows():
    """Without samples, or with a check switched off, there is no evidence."""
    op = BY_NAME["exp"]
    found = evidence(op)
    assert found.derivatives and found.torch and found.fails == ()
    unchecked = tuple(replace(s, differences=False) for s in op.samples)
    assert not evidence(replace(op, samples=unchecked)).derivatives
    empty = tuple(s for s in op.samples if not s.inputs("float64")[0].size)
    for samples in (empty, ()):
        found = evidence(replace(op, samples=samples))
        assert not found.derivatives and not found.torch
    assert not evidence(replace(op, dtypes=("float32",))).derivatives
    assert not evidence(replace(op, torch=None)).torch
    assert evidence(replace(op, xfails={"numpy": "a reason"})).fails == ("numpy",)
    assert not evidence(replace(op, xfails={"numpy": "a reason"})).derivatives


def test_it_names_functions_of_the_standard_only():
    names = set()
    for heading, listed in STANDARD.items():
        prefix = heading.split("`")[1] + "." if "`" in heading else ""
        names |= {prefix + name for name in listed.split()}
    assert names >= {*CONSTANTS}


@pytest.mark.parametrize("name", HERE)
def test_a_constant_is_constant(name):
    x = kt.GradArray([0.5, 1.5, 2.0])
    if name in CALLS:
        y = CALLS[name](x)
    elif name in PAIRS:
        y = find(name)(x, x)
    else:
        y = find(name)(x)
    for part in y if isinstance(y, tuple) else (y,):
        assert not getattr(part, "requires_grad", False)
