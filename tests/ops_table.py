"""`docs/ops.md`: the verdict on every function of the Array API standard.

    python -m tests.ops_table

writes it anew from the functions that keratorch has and the rows of `op_specs`;
`tests/unit/test_ops_table.py` fails where it is out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keratorch as kt
from tests.op_cases import ORDER, Evidence, evidence
from tests.op_specs import OPS, Arg, Op

DOCUMENT = Path(__file__).parents[1] / "docs" / "ops.md"
VERSION = "2025.12"
COLUMNS = (
    *("function", "verdict", "in", "reverse", "forward", "second order"),
    *("PyTorch", "not on", "notes"),
)

#: The functions of the standard, by its own headings.
STANDARD = {
    "Creation": "arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid "
    "ones ones_like tril triu zeros zeros_like",
    "Data types": "astype can_cast finfo iinfo isdtype result_type",
    "Elementwise": "abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift "
    "bitwise_invert bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh "
    "divide equal exp expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf "
    "isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not logical_or "
    "logical_xor maximum minimum multiply negative nextafter not_equal positive pow real "
    "reciprocal remainder round sign signbit sin sinh square sqrt subtract tan tanh trunc",
    "Indexing": "take take_along_axis",
    "Linear algebra": "matmul matrix_transpose tensordot vecdot",
    "Manipulation": "broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip "
    "moveaxis permute_dims repeat reshape roll squeeze stack tile unstack",
    "Searching": "argmax argmin count_nonzero nonzero searchsorted where",
    "Sets": "isin unique_all unique_counts unique_inverse unique_values",
    "Sorting": "argsort sort",
    "Statistics": "cumulative_prod cumulative_sum max mean min prod std sum var",
    "Utilities": "all any diff",
    "Extension `linalg`": "cholesky cross det diagonal eig eigh eigvalsh eigvals inv matmul "
    "matrix_norm matrix_power matrix_rank matrix_transpose outer pinv qr slogdet solve svd "
    "svdvals tensordot trace vecdot vector_norm",
    "Extension `fft`": "fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq "
    "fftshift ifftshift",
}
#: Those with a rule whose row has another name, or that are made of one that has a row.
ROWS = {
    "asarray": "copy",
    "from_dlpack": "copy",
    "full": "broadcast_to",
    "full_like": "broadcast_to",
    "broadcast_arrays": "broadcast_to",
    "unique_all": "unique_values",
    "unique_counts": "unique_values",
    "unique_inverse": "unique_values",
}
#: What their rule differentiates, where the signature does not tell.
INPUTS = {
    "asarray": "obj",
    "from_dlpack": "x",
    "full": "fill_value",
    "full_like": "fill_value",
    "broadcast_arrays": "arrays",
    "meshgrid": "arrays",
    "where": "x1, x2",
    "diff": "x, prepend, append",
    "fft.fftfreq": "d",
    "fft.rfftfreq": "d",
}
NOTES = {
    "astype": "to floating and complex dtypes; to others a constant",
    "copysign": "0 in x2",
    "nextafter": "1 in x1, 0 in x2",
    "max": "ties share in equal parts",
    "min": "ties share in equal parts",
    "maximum": "½ each at a tie",
    "minimum": "½ each at a tie",
    "prod": "without a division: right with zeros",
    "cumulative_prod": "without a division: right with zeros",
    "sign": "of complex x; of real x a constant",
    "std": "0 for a constant",
    "sort": "always stable",
    "from_dlpack": "of a `GradArray`; what another library gives is a constant",
    "take": "repeated indices add up",
    "take_along_axis": "repeated indices add up",
    "unique_all": "the values; positions and counts are constants",
    "unique_counts": "the values; counts are constants",
    "unique_inverse": "the values; positions are constants",
    "unique_values": "to the first of equal elements",
}
MADE = "makes an array of its own"
POSITIONS = "positions are integers"
TRUTH = "true or false"
STEPS = "constant in steps: the derivative is 0 where there is one"
BITS = "of integers and booleans"
ASKS = "about dtypes or shapes alone"
#: Those that are constants whatever comes in, and why.
CONSTANTS = {
    **dict.fromkeys(["arange", "empty", "eye", "ones", "zeros"], MADE),
    **dict.fromkeys(["empty_like", "ones_like", "zeros_like"], MADE),
    **dict.fromkeys(
        ["can_cast", "finfo", "iinfo", "isdtype", "result_type", "broadcast_shapes"],
        ASKS,
    ),
    **dict.fromkeys(["ceil", "floor", "floor_divide", "round", "trunc"], STEPS),
    **dict.fromkeys(
        [
            "bitwise_and",
            "bitwise_left_shift",
            "bitwise_invert",
            "bitwise_or",
            "bitwise_right_shift",
            "bitwise_xor",
        ],
        BITS,
    ),
    **dict.fromkeys(
        [
            "equal",
            "greater",
            "greater_equal",
            "isfinite",
            "isinf",
            "isnan",
            "less",
            "less_equal",
            "logical_and",
            "logical_not",
            "logical_or",
            "logical_xor",
            "not_equal",
            "signbit",
            "isin",
            "all",
            "any",
        ],
        TRUTH,
    ),
    **dict.fromkeys(["argmax", "argmin", "argsort", "nonzero", "searchsorted"], POSITIONS),
    **dict.fromkeys(["count_nonzero", "linalg.matrix_rank"], "counts are integers"),
}


@dataclass(frozen=True)
class Verdict:
    """What is said of one function."""

    name: str
    kind: str  # differentiable, constant, not there yet
    inputs: str = ""
    checked: Evidence | None = None
    note: str = ""

    def row(self) -> str:
        if self.checked is None:
            return f"| `{self.name}` | {self.kind} | | | | | | | {self.note} |"
        found = self.checked
        first, second = found.derivatives, found.derivatives and ORDER > 1
        marks = ["yes" if mark else "no" for mark in (first, first, second, found.torch)]
        cells = [self.inputs, *marks, ", ".join(found.fails), self.note]
        return f"| `{self.name}` | {self.kind} | " + " | ".join(cells) + " |"


def find(name: str) -> Any:
    """The function of keratorch under its standard name, or `None`."""
    found: Any = kt
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def row_of(name: str, function: Any, ops: Iterable[Op] = OPS) -> Op | None:
    """The row of `op_specs` that checks a function."""
    by_name = {op.name: op for op in ops}
    plain = name.rpartition(".")[2]
    for key in (ROWS.get(name), name, name.replace(".", "_"), plain):
        if key in by_name:
            return by_name[key]
    return next((op for op in by_name.values() if op.function is function), None)


def inputs_of(name: str, function: Any, op: Op) -> str:
    """The names of the arguments that get a gradient."""
    if name in INPUTS:
        return INPUTS[name]
    count = sum(isinstance(a, Arg) for a in op.samples[0].args)
    parameters = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    named = [p for i, p in enumerate(parameters[:count]) if i not in op.flat]
    return ", ".join(named)


def verdict(name: str) -> Verdict:
    """The verdict on the function of the standard, as in ``linalg.det``."""
    function = find(name)
    if function is None:
        return Verdict(name, "not there yet")
    if name in CONSTANTS:
        return Verdict(name, "constant", note=CONSTANTS[name])
    op = row_of(name, function)
    if op is None:
        raise LookupError(
            f"keratorch.{name} has no verdict: give it a row in op_specs of that name, or name it "
            "in ROWS or CONSTANTS of tests/ops_table.py"
        )
    note = NOTES.get(name, "")
    if op.function is not function and name in ROWS:
        note = "; ".join(filter(None, [note, f"checked as `{op.name}`"]))
    return Verdict(name, "differentiable", inputs_of(name, function, op), evidence(op), note)


def verdicts() -> Iterator[tuple[str, list[Verdict]]]:
    """Heading by heading."""
    for heading, names in STANDARD.items():
        prefix = heading.split("`")[1] + "." if "`" in heading else ""
        yield heading, [verdict(prefix + name) for name in names.split()]


def document() -> str:
    """The text of `docs/ops.md`."""
    found = list(verdicts())
    kinds: dict[str, int] = {}
    for _, rows in found:
        for v in rows:
            kinds[v.kind] = kinds.get(v.kind, 0) + 1
    lines = [
        "# What has a derivative",
        "",
        f"This page lists every function of the Array API standard {VERSION}.",
        "`python -m tests.ops_table` writes the page; a test compares. A function has one of three",
        "verdicts:",
        "",
        "- *differentiable*: in the inputs that the column *in* names.",
        "- *constant*: the result is never tracked, because its derivative is 0 or does not exist.",
        "- *not there yet*: keratorch has no such function.",
        "",
        "The columns *reverse*, *forward* and *second order* say whether the tests compare these",
        "derivatives with finite differences. The column *PyTorch* says whether the tests compare",
        "with PyTorch. The column *not on* names the backends on which no sample passes;",
        "`tests/specs` has the reason for each. The cells come from the cases that the tests run.",
        "",
        ", ".join(f"{n} {kind}" for kind, n in kinds.items()) + ".",
    ]
    for heading, rows in found:
        lines += [
            "",
            f"## {heading}",
            "",
            "| " + " | ".join(COLUMNS) + " |",
            "|" + "---|" * len(COLUMNS),
            *(v.row() for v in rows),
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
