"""The tables of names in docs/coming-from.md: both columns are evaluated and compared."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import keratorch
import keratorch as kt
import keratorch.numpy
import keratorch.testing

PAGE = Path(__file__).parents[2] / "docs" / "coming-from.md"
TABLES = {"autograd": "HIPS/autograd", "jax": "JAX", "torch": "PyTorch", "advect": "advect"}
#: Modules that the rows need, and that the library does not import by itself.
MORE = {
    "autograd": ["numpy", "misc.fixed_points", "extend", "tracer", "test_util"],
    "jax": ["scipy.special", "test_util", "numpy"],
    "torch": ["utils.checkpoint", "func"],
}


def rows():
    """(library, first cell, second cell) of each row whose second column is keratorch."""
    text, found = PAGE.read_text("utf-8"), []
    for library, title in TABLES.items():
        head = rf"^\| {title} \| keratorch \|\n\|---\|---\|\n"
        (table,) = re.findall(head + r"((?:\|.*\n)+)", text, re.M)
        for line in table.splitlines():
            theirs, ours = line.strip("|").split(" | ")
            found.append((library, theirs.strip(), ours.strip()))
    return found


def named(rows):
    """The rows as parameters of a test, with the code of the first column as the id."""
    return [pytest.param(*row, id=re.sub(r"\W+", " ", row[1]).strip()) for row in rows]


ROWS = rows()


def spans(cell):
    return re.findall(r"`([^`]+)`", cell)


def step(a):
    return lambda y: 0.5 * (y + a / y)


def names(arrays):
    """What the page says of `f`, `g`, `k`, `x`, `v` and `w`; `arrays` makes an array of a list."""
    return {
        "f": lambda x: (x**3).sum(),
        "g": lambda x: x[1:] * x[:-1],
        "k": lambda x, y: (x * y**2).sum(),
        "x": arrays([1.0, 2.0, 3.0]),
        "v": arrays([0.5, -1.0, 2.0]),
        "w": arrays([1.0, 2.0]),
        "step": step,
        "distance": lambda x, y: abs(x - y),
    }


def of_keratorch():
    return {**names(np.array), "kt": kt, "keratorch": keratorch}


def of_library(library):
    """The names for the first column, with the library itself; skips without it."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    module = importlib.import_module(library)
    for more in MORE[library]:
        importlib.import_module(f"{library}.{more}")
    if library == "torch":
        return {**names(lambda v: module.tensor(v, dtype=module.float64)), "torch": module}
    if library == "jax":
        return {**names(module.numpy.array), "jax": module}
    return {**names(np.array), "autograd": module, "anp": module.numpy}


def value(code, scope):
    """What the code gives, as lists of numbers; `None` for a function, a class or a context."""
    *statements, last = code.split("; ")
    for statement in statements:
        exec(statement, scope)
    return plain(eval(last, scope))


def plain(found):
    if isinstance(found, (tuple, list)):
        return [part for one in found for part in [plain(one)] if part is not None] or None
    if found is None or isinstance(found, type) or callable(found):
        return None
    if hasattr(found, "__enter__"):
        return None
    if isinstance(found, kt.GradArray) or hasattr(found, "detach"):
        found = found.detach()
    if isinstance(found, kt.GradArray):
        found = found.numpy()
    return np.asarray(found)


@pytest.mark.parametrize(("library", "theirs", "ours"), named(ROWS))
def test_names_of_keratorch(library, theirs, ours):
    own = r"(x = )?(kt|keratorch)\b"
    codes = [code for code in spans(ours) if re.match(own, code)]
    assert codes or ours.startswith("none") or "jax." in ours
    for code in codes:
        value(code, of_keratorch())


@pytest.mark.filterwarnings("ignore")  # the other libraries warn of themselves
@pytest.mark.parametrize(
    ("library", "theirs", "ours"), named(row for row in ROWS if row[0] != "advect")
)
def test_both_columns_have_the_same_value(library, theirs, ours, full):
    """PyTorch imports a compiler for its transformations: without ``--full``, their names alone."""
    scope = of_library(library)
    codes = [code for code in spans(theirs) if code.startswith((library, "x."))]
    if not full:
        slow = r"^(torch\.(func|utils\.checkpoint|autograd\.functional)\.\w+).*"
        codes = [re.sub(slow, r"\1", code) for code in codes]
    found = [value(code, scope) for code in codes]
    assert found
    if found[0] is not None:
        compare(found[0], value(spans(ours)[0], of_keratorch()))


@pytest.mark.parametrize(
    ("library", "theirs", "ours"), named(row for row in ROWS if row[0] == "autograd")
)
def test_names_of_hips_in_keratorch_autograd(library, theirs, ours):
    for more in MORE[library]:
        importlib.import_module(f"keratorch.autograd.{more}")
    scope = of_keratorch()
    scope["autograd"], scope["anp"] = keratorch.autograd, keratorch.autograd.numpy
    compare(value(spans(theirs)[0], scope), value(spans(ours)[0], scope))


def compare(theirs, ours):
    if theirs is None or ours is None:
        assert theirs is None and ours is None
        return
    if isinstance(theirs, list) or isinstance(ours, list):
        theirs = theirs if isinstance(theirs, list) else [theirs]
        ours = ours if isinstance(ours, list) else [ours]
        assert len(theirs) == len(ours)
        for a, b in zip(theirs, ours, strict=True):
            compare(a, b)
        return
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_the_tables_have_the_names_of_advect():
    first = " ".join(theirs for library, theirs, _ in ROWS if library == "advect")
    for name in [
        "grad",
        "value_and_grad",
        "jvp",
        "vjp",
        "jacobian",
        "hessian",
        "hessian_diag",
        "hvp",
        "linearize",
        "checkpoint",
        "implicit_root",
        "stage",
        "StagedProgram",
        "primitive",
    ]:
        assert f"advect.{name}" in first
