"""An operation is a class with its function, an export, and a row: what is missing is said.

Each check returns its messages, so that it can be asked about a mistake that is made on purpose.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable

import pytest

import keratorch as kt
from keratorch.ops._elementwise import ElementwiseGrad
from tests.op_specs import OPS
from tests.ops_table import CONSTANTS, row_of
from tests.processes import run_python
from tests.specs import exports, special
from tests.specs.exports import GRADS, INTERNAL, MODULES, ROOT, NotExported
from tests.sweep import table
from tests.sweep.rows import without_table

ONE_DEVICE_EACH = True


def without_export() -> list[str]:
    """The operations that nothing exports."""
    public = {id(f) for f in exports.exported().values()}
    return [
        exports.export_line(module, name)
        for module in MODULES.values()
        for name, function in exports.operations(module).items()
        if id(function) not in public and name not in INTERNAL
    ]


def without_class(ops: Iterable = OPS) -> list[str]:
    """The rows whose `Grad` is none."""
    return [
        f"the row {op.name} of tests/specs is one of {op.grad}, which no module of keratorch/ops "
        "defines: write the class, or correct its name in the row"
        for op in ops
        if op.grad is not None and op.grad not in GRADS
    ]


def without_row(ops: Iterable = OPS) -> list[str]:
    """The `Grad`s, and the exported functions, of which there is no row."""
    ops = list(ops)
    have = {op.grad for op in ops}
    found = [
        f"{exports.file_of(MODULES[cls.__module__])} defines {name}, of which tests/specs has no "
        f"row: give its function one, whose grad is {name!r}"
        for name, cls in GRADS.items()
        if name not in have
    ]
    for name, function in exports.exported().items():
        if name not in CONSTANTS and row_of(name, function, ops) is None:
            found.append(
                f"keratorch.{name} is exported, and has no row in tests/specs: give it one of "
                "that name, or say in CONSTANTS of tests/ops_table.py why it has none"
            )
    return found


def row_without_export(ops: Iterable = OPS) -> list[str]:
    """The rows of functions that are not exported."""
    return [op.function.message for op in ops if isinstance(op.function, NotExported)]


@pytest.mark.parametrize(
    "check",
    [without_export, without_class, without_row, row_without_export, without_table],
    ids=lambda check: check.__name__,
)
def test_nothing_is_missing(check):
    messages = check()
    if messages:
        pytest.fail("\n".join(messages), pytrace=False)


#: The rows that the libraries with special functions cannot compute.
LACKING = {"torch": {"betainc"}, "jax": {"j0", "j1"}}


def test_libraries_lack_no_other_special_function(device):
    """The rows ask the backends: the tests of a function that one lost would fail as expected."""
    if device.backend == "array_api_strict":
        pytest.skip("array-api-strict has no special functions")
    lacking = {op.name for op in special.OPS if op.xfails.get(device.backend)}
    more = lacking - LACKING.get(device.backend, set())
    assert not more, (
        f"{device.backend} has none of {sorted(more)}: write @general functions beside their "
        "classes, or name what the library lacks in LACKING of this file"
    )


# -- mistakes made on purpose --------------------------------------------------------------------

#: What is missing already: the tests below look for what else is said after the mistake.
BEFORE = {*without_export(), *without_class(), *without_row(), *row_without_export()}
EXPORT_ERFC = (
    "keratorch/ops/special_error.py defines erfc, which keratorch/special.py does not export: add "
    "`from .ops.special_error import erfc as erfc`"
)


def test_a_missing_export_is_named(monkeypatch):
    monkeypatch.delattr(kt.special, "erfc")
    assert {*without_export()} - BEFORE == {EXPORT_ERFC}


def test_a_row_without_an_export_is_named(monkeypatch):
    monkeypatch.delattr(kt.special, "erfc")
    function = exports.kt.special.erfc
    with pytest.raises(AssertionError) as error:
        function(1.0)
    assert str(error.value) == EXPORT_ERFC


def test_a_row_of_nothing_is_named():
    message = NotExported(kt.special, "no_such").message
    assert message == (
        "tests/specs has a row for keratorch.special.no_such, which does not exist: write it in a "
        "module of keratorch/ops, and export it in keratorch/special.py"
    )
    assert NotExported(kt, "no_such").message.endswith("export it in keratorch/functions.py")


def test_an_export_in_another_module_is_proposed(monkeypatch):
    monkeypatch.delattr(kt.linalg, "det")
    monkeypatch.delattr(kt.functions, "concat")
    assert {m.partition("add ")[2] for m in {*without_export()} - BEFORE} == {
        "`from .ops.joining import concat as concat`",
        "`from .ops.linalg.determinants import det as det`",
    }


def test_a_missing_row_is_named():
    ops = [op for op in OPS if op.name != "erfc"]
    of_class, of_export = [m for m in without_row(ops) if m not in BEFORE]
    assert of_class.startswith("keratorch/ops/special_error.py defines ErfcGrad, of which")
    assert of_export.startswith("keratorch.special.erfc is exported, and has no row")


def test_a_missing_class_is_named(monkeypatch):
    monkeypatch.delitem(GRADS, "ErfcGrad")
    (message,) = {*without_class()} - BEFORE
    assert message.startswith("the row erfc of tests/specs is one of ErfcGrad, which no module")


def test_a_missing_table_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(table, "FOLDER", tmp_path)
    (of_erfc,) = without_table([op for op in OPS if op.name == "erfc"], formulas=())
    assert of_erfc == (
        "the row erfc of tests/specs is elementwise, and has no table of exact values, "
        "tests/sweep/exact/erfc.txt.gz: unless mpmath has a function of that name, add its formula "
        "to FORMULAS of tests/sweep/references.py; then run `.venv/bin/python -m tests.sweep erfc`"
    )
    (of_dawsn,) = without_table([op for op in OPS if op.name == "dawsn"])
    assert of_dawsn.endswith("dawsn.txt.gz: run `.venv/bin/python -m tests.sweep dawsn`")


COLLECT = """
from tests.op_specs import OPS
from tests.unit import test_adding_an_operation as checks

print(*checks.without_export(), *checks.row_without_export(), *checks.without_row(), sep="\\n")
"""


def test_a_missing_export_breaks_no_import(tmp_path):
    """In a copy of the repository, where the line of `erfc` is taken out of `special.py`."""
    for folder in ("keratorch", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc"))
    path = tmp_path / "keratorch" / "special.py"
    text = path.read_text(encoding="utf-8")
    line = "from .ops.special_error import erfc as erfc\n"
    assert line in text
    path.write_text(text.replace(line, ""), encoding="utf-8")
    found = run_python(COLLECT, tmp_path)
    # By the function, and by its row.
    assert [m for m in found.splitlines() if m not in BEFORE] == [EXPORT_ERFC, EXPORT_ERFC]


@pytest.mark.parametrize(
    ("partials", "message"),
    [
        (lambda xp, x, y: (x if x > 0 else -x,), r"write xp\.where\(condition, a, b\)"),
        (lambda xp, x, y: (max(x, y),), r"write xp\.where\(condition, a, b\)"),
        (lambda xp, x, y: (math.log(x),), r"write xp\.log\(x\)"),
        (lambda xp, x, y: x, r"returned one value: return a tuple of 1, .*as in \(p,\)"),
        (lambda xp, x, y: (x, x), "returned 2 partials: return a tuple of 1"),
    ],
)
def test_partials_that_cannot_be_traced_are_refused(partials, message):
    """They would be read as expressions that they are not: ``if x > 0`` as always true."""
    with pytest.raises(kt.RuleError, match=message):
        type("WrongGrad", (ElementwiseGrad,), {"partials": staticmethod(partials)})
