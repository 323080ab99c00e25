"""What type checkers and readers are told: the declarations agree with what is there at run time.

`ci/run types` runs the type checkers themselves, on keratorch and on the programs in tests/typed.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from keratorch.core import namespace
from keratorch.core.signatures import Signatures
from keratorch.ops._elementwise import Binary, Unary
from keratorch.typing import ArrayLike
from tests.specs import exports
from tests.typed import program

ROOT = Path(__file__).resolve().parents[2]
ONE_DEVICE_EACH = True


def declared_in(node: ast.AST) -> set[str]:
    """The functions that are defined, and the names that are annotated, inside of `node`."""
    return {
        n.name if isinstance(n, ast.FunctionDef) else n.target.id
        for n in ast.walk(node)
        if isinstance(n, ast.FunctionDef)
        or (isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name))
    }


def source_of(value: object) -> ast.AST:
    return ast.parse(inspect.getsource(value))


def test_the_typed_program_runs():
    program.main()


def test_every_method_of_an_array_is_declared():
    """Operators and methods are added at run time: `core/signatures.py` declares them."""
    bases = [cls for cls in kt.GradArray.__mro__ if cls is not object]
    declared = set().union(*(declared_in(source_of(cls)) for cls in bases))
    protocols = {"__cupy_override_elementwise_kernel__", "__pandas_priority__"}
    protocols |= {"__torch_function__"}
    own = {"__annotations__", "__dir__", "__doc__", "__hash__", "__module__", "__slots__"}
    x = kt.asarray([[1.0]])  # the names of other libraries raise an error that says what to use
    public = {n for n in vars(kt.GradArray) if not re.match("_[^_]", n) and hasattr(x, n)}
    assert public - declared - own - protocols == set()
    assert {n for n in declared_in(source_of(Signatures)) if not hasattr(kt.GradArray, n)} == set()


def test_every_in_place_operator_is_declared():
    """Without a declaration a checker would take the result of ``x - y`` for that of ``x -= y``."""
    there = {n for n in vars(kt.GradArray) if n.startswith("__i") and hasattr(int, f"__{n[3:]}")}
    there |= {"__imatmul__"}
    assert len(there) > 10
    assert there <= declared_in(source_of(Signatures))


def test_the_dtypes_and_constants_are_declared():
    declared = declared_in(source_of(kt.functions))
    assert declared == {*namespace._DTYPES, *namespace._CONSTANTS}


@pytest.mark.parametrize(
    "value", [np.ones(2), np.float64(1.0), 1, 1.0, 1j, True, [1.0], (1.0, 2.0)], ids=repr
)
def test_what_is_array_like_is_taken(value):
    assert isinstance(kt.positive(kt.asarray(value) * 1), kt.GradArray)


def test_an_array_of_any_library_is_array_like(xp):
    x = xp.asarray([1.0])
    assert hasattr(x, "shape") and hasattr(x, "dtype")


def test_elementwise_functions_say_what_they_take():
    for function, count in ((kt.sin, 1), (kt.add, 2), (kt.isnan, 1), (kt.less, 2)):
        *given, returned = inspect.get_annotations(function, eval_str=True).values()
        assert given == [ArrayLike] * count
        assert returned is kt.GradArray
    for alias, count in ((Unary, 1), (Binary, 2)):
        assert alias.__args__ == (*[ArrayLike] * count, kt.GradArray)


def test_made_functions_are_annotated():
    """A checker infers the type of ``sin = unary(…)``, but counts it as unknown."""
    made = [
        (module, name, function)
        for module in exports.MODULES.values()
        for name, function in exports.operations(module).items()
        if function.__code__.co_name == "function"
    ]
    assert len(made) > 30
    missing = [
        f"{exports.file_of(module)}: annotate {name}, as in `sin: Unary = unary(…)`"
        for module, name, _ in made
        if name not in inspect.get_annotations(module)
    ]
    assert missing == []


# -- what people read ----------------------------------------------------------------------------

MODULES = [kt, kt.fft, kt.linalg, kt.special, kt.nn.functional, kt.backends]
FUNCTIONS = {
    f"{module.__name__}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if not name.startswith("_") and inspect.isfunction(value)
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_signature_is_short_and_names_no_internals(name):
    signature = str(inspect.signature(FUNCTIONS[name]))
    assert len(signature) < 250
    for noise in ("typing.", "keratorch.", "~", "<", "0x", "NoneType"):
        assert noise not in signature


def test_the_help_of_a_transformation_reads_well():
    """Some versions of Python put each parameter on a line of its own, and quote the types."""
    text = " ".join(pydoc.plain(pydoc.render_doc(kt.grad)).replace("'", "").split())
    assert (
        text.replace("( ", "(")
        .replace(" )", ")")
        .partition("transforms.reverse ")[2]
        .startswith(
            "grad(function: Callable[P, Any], argnums: int | Sequence[int] | None = None, "
            "has_aux: bool = False, *, argnames: str | Sequence[str] | None = None) -> "
            "Callable[P, Any] "
            "A function that returns the gradient of `function`, whose value is one real number."
        )
    )


def test_the_help_of_the_package_begins_with_what_it_does():
    lines = pydoc.plain(pydoc.render_doc(kt)).splitlines()
    assert lines[3] == (
        "    keratorch - Gradients for code written for any array library, on CPUs and CUDA GPUs."
    )
    assert "SUBMODULES" not in lines
    assert repr(kt) == f"<module 'keratorch' from {kt.__file__!r}>"


@pytest.mark.parametrize("subject", ["Arrays", "Transforms", "Libraries", "Tools"])
def test_the_names_in_the_help_of_the_package_exist(subject):
    (line,) = re.findall(rf"^{subject} +(.*)$", kt.__doc__, re.MULTILINE)
    names = re.findall(r"(?<![\w.\"])\w+", line.partition(";")[0])
    assert len(names) >= 4
    assert [name for name in names if not hasattr(kt, name)] == []


# -- the share of known types --------------------------------------------------------------------

#: A stand-in for pyright.
PYRIGHT = """
import json, os
symbols = [{"name": "keratorch.secret", "isExported": True, "isTypeKnown": False}]
print(os.environ["REPORT"].replace("SYMBOLS", json.dumps(symbols)))
"""


def completeness(tmp_path: Path, **found: object) -> subprocess.CompletedProcess[str]:
    (tmp_path / "pyright.py").write_text(PYRIGHT, encoding="utf-8")
    report = {"packageRootDirectory": str(ROOT / "keratorch"), "symbols": "SYMBOLS", **found}
    text = json.dumps({"typeCompleteness": report}).replace('"SYMBOLS"', "SYMBOLS")
    return subprocess.run(
        [sys.executable, str(ROOT / "ci/type_completeness.py")],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "REPORT": text},
        capture_output=True, text=True,
    )  # fmt: skip


def test_95_percent_of_the_types_must_be_known(tmp_path):
    enough = completeness(tmp_path, completenessScore=0.951)
    assert enough.returncode == 0, enough.stdout + enough.stderr
    assert enough.stdout == "95.1 % of the public symbols have known types\n"
    less = completeness(tmp_path, completenessScore=0.949)
    assert less.returncode == 1
    assert "keratorch.secret" in less.stdout
    assert "94.9 % of the public symbols have known types, and 95.0 % is the least" in less.stdout


def test_the_share_of_another_package_does_not_count(tmp_path):
    other = completeness(tmp_path, completenessScore=1.0, packageRootDirectory="/elsewhere")
    assert other.returncode == 1
    assert "pyright looked at" in other.stdout
    none = completeness(tmp_path, symbols=None)
    assert none.returncode == 1
    assert "gave no score" in none.stdout
