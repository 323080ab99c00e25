"""The architecture: imports run one way, from the layers above to those below.

All imports are read from the source: those inside functions and for type checkers too, and modules
that are imported by a name in a string.
"""

import ast
import graphlib
from pathlib import Path

import pytest

from tests.processes import run_python

ROOT = Path(__file__).resolve().parents[2]

#: A part of the package may import from the rows above its own. A part is a folder or a module at
#: the top of `keratorch`; "keratorch" is the package's own `__init__`.
LAYERS = [
    {"errors", "policy", "typing", "_version"},
    {"_installation"},
    {"backends"},
    {"core"},
    {"serialization"},
    {"ops"},
    {"kernels", "linalg", "fft", "special", "nn"},
    {"functions"},
    {"transforms"},
    {"tools", "tree"},
    {"interop"},
    {"keratorch"},
    {"numpy", "math"},
    {"autograd", "cupy", "testing"},
    {"examples", "__main__"},
]
#: The floors of `core`: a module may import from the rows above its own.
FLOORS = [
    {"mode", "site", "callers", "frames", "remedies", "scipy_names", "signatures", "shown"},
    {"losing"},
    {"nodes", "filled"},
    {"making", "order", "sync", "namespace", "versions", "parts"},
    {"convert", "views", "ownership", "host", "display"},
    {"fitting"},
    {"tangents", "hooks", "walk", "push"},
    {"recording", "pausing"},
    {"watch"},
    {"engine"},
    {"array", "transposed"},
    {"grad"},
]
#: The modules outside of `interop` that import modules of keratorch inside functions, and why.
LATE_IMPORTS: dict[str, str] = {}
#: How many such imports `interop` may have: its tables are loaded when they are first asked for.
MOST_LATE_IMPORTS = 15


def sources() -> dict[str, Path]:
    """The modules of the package by name."""
    found = {}
    for path in (ROOT / "keratorch").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = sources()


def targets(module: str, node: ast.AST, modules: dict[str, Path]) -> set[str]:
    """The modules of keratorch that an import, or a string that is the name of one, leads to."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
        return {name for name in names if name in modules}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        name = node.value.partition(":")[0]
        # The name of a package is mostly that of something else: a group of entry points.
        return {name} if name in modules and modules[name].name != "__init__.py" else set()
    if not isinstance(node, ast.ImportFrom):
        return set()
    base = node.module or ""
    if node.level:
        package = module.split(".")
        if modules[module].name != "__init__.py":
            package.pop()
        package = package[: len(package) - node.level + 1]
        base = ".".join([*package, base] if base else package)
    names = [f"{base}.{alias.name}" for alias in node.names]
    return {name if name in modules else base for name in names} & modules.keys()


def arrows(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Module -> the modules of keratorch that it imports, anywhere in its source."""
    return {
        module: set().union(*(targets(module, node, modules) for node in ast.walk(parsed(path))))
        - {module}
        for module, path in modules.items()
    }


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def row(rows: list[set[str]], name: str) -> int:
    found = [i for i, members in enumerate(rows) if name in members]
    assert len(found) == 1, (
        f"{name} has {len(found)} rows in the table of tests/unit/test_layers.py"
    )
    return found[0]


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def refused(module: str, target: str) -> bool:
    """Whether the tables forbid `module` to import `target`."""
    if part(module) != part(target):
        return row(LAYERS, part(target)) >= row(LAYERS, part(module))
    if part(module) == "core" and module.count(".") == target.count(".") == 2:
        floors = [row(FLOORS, name.rpartition(".")[2]) for name in (module, target)]
        return floors[1] >= floors[0]
    return False


#: The modules that import others by a name that they make: backends, kernels, and examples' extras.
BY_NAME = {
    "keratorch.autograd._switch",
    "keratorch.backends._registry",
    "keratorch.examples._support",
    "keratorch.kernels",
}

ARROWS = arrows(MODULES)


def test_imports_run_one_way():
    up = [(m, t) for m, found in ARROWS.items() for t in found if refused(m, t)]
    assert not up, "\n".join(f"{m} imports {t}, which is not below it" for m, t in sorted(up))


def test_there_is_no_circle():
    try:
        order = list(graphlib.TopologicalSorter(ARROWS).static_order())
    except graphlib.CycleError as error:
        pytest.fail("a circle of imports: " + " <- ".join(error.args[1]))
    assert set(order) == set(MODULES)


def test_every_row_of_the_tables_is_a_part():
    assert set().union(*LAYERS) == {part(module) for module in MODULES}
    core = {m.rpartition(".")[2] for m in MODULES if m.startswith("keratorch.core.")}
    assert set().union(*FLOORS) == core


def imports_by_name(path: Path) -> bool:
    """Whether a module calls `import_module` or ``__import__``, whose arrows no test can read."""
    names = {
        node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
        for node in ast.walk(parsed(path))
    }
    return not names.isdisjoint({"import_module", "__import__"})


def test_few_modules_import_by_name():
    assert {module for module, path in MODULES.items() if imports_by_name(path)} == BY_NAME


def late_imports() -> list[str]:
    """The module of each import of keratorch's own modules that is inside a function."""
    found = []
    for module, path in MODULES.items():
        late = {
            inner
            for function in ast.walk(parsed(path))
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for inner in ast.walk(function)
            if isinstance(inner, (ast.Import, ast.ImportFrom)) and targets(module, inner, MODULES)
        }
        found += [module] * len(late)
    return found


def test_imports_inside_functions_have_a_reason():
    late = late_imports()
    outside = {module for module in late if not module.startswith("keratorch.interop")}
    assert outside == LATE_IMPORTS.keys()
    assert len(late) <= MOST_LATE_IMPORTS


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("from . import engine", "keratorch.core.engine"),
        ("from .engine import run", "keratorch.core.engine"),
        ("from .. import ops", "keratorch.ops"),
        ("def f():\n    from ..ops import sorting", "keratorch.ops.sorting"),
        ("if TYPE_CHECKING:\n    import keratorch.numpy", "keratorch.numpy"),
        ("import_module('keratorch.ops.sorting')", "keratorch.ops.sorting"),
        ("TABLE = {'numpy': 'keratorch.kernels._numpy:RULES'}", "keratorch.kernels._numpy"),
    ],
)
def test_an_arrow_up_is_found(tmp_path, line, imported):
    path = tmp_path / "order.py"
    path.write_text(line, encoding="utf-8")
    modules = {**MODULES, "keratorch.core.order": path}
    assert imported in arrows(modules)["keratorch.core.order"]
    assert refused("keratorch.core.order", imported)


CORE_ALONE = """
import importlib, pkgutil, sys, types

package = types.ModuleType("keratorch")  # without its `__init__`
package.__path__ = [ROOT + "/keratorch"]
sys.modules["keratorch"] = package
import keratorch.core

for module in pkgutil.iter_modules(keratorch.core.__path__):
    importlib.import_module(f"keratorch.core.{module.name}")
own = [name for name in sys.modules if name.startswith("keratorch.")]
print(*sorted({".".join(name.split(".")[:2]) for name in own}))

import numpy as np
from keratorch.core.array import GradArray
from keratorch.core.grad import Grad
from keratorch.core.recording import record

class MultiplyGrad(Grad):
    saves = (0, 1)

    def backward(self, grad):
        x1, x2 = self._saved
        return x2 * grad, x1 * grad

class CubeGrad(Grad):
    def backward(self, grad):
        (x,) = self.inputs
        return (3 * x._array**2 * grad,)

GradArray.__mul__ = lambda x, y: record(
    MultiplyGrad, (x, y), x._array * y._array, (x._array, y._array)
)
x = GradArray(np.array([2.0, 3.0]))
(x * x).backward(np.ones(2))
print(x.grad.tolist())
x.zero_grad()
GradArray(x.detach()._array ** 3, grad_op=CubeGrad(x)).backward(np.ones(2))
print(x.grad.tolist())
"""


def test_the_core_can_be_used_alone():
    """Without operations: ``x * x`` by a rule that is given here, and a user's own `Grad`."""
    lines = run_python(f"ROOT = {str(ROOT)!r}\n{CORE_ALONE}").splitlines()
    assert lines == [
        "keratorch.backends keratorch.core keratorch.errors keratorch.policy",
        "[4.0, 6.0]",
        "[12.0, 27.0]",
    ]
