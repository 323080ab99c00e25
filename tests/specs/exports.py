"""keratorch as the spec table sees it, and where operations are defined and exported.

``from tests.specs.exports import kt`` in place of ``import keratorch as kt``: a row of a function
that keratorch does not export is then a row whose call says so, and no error of the collection.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import keratorch
import keratorch.ops
from keratorch import functions
from keratorch.ops._elementwise import ElementwiseGrad

ROOT = Path(keratorch.__file__).parent.parent
#: The modules that export functions. What `functions` exports, `keratorch` shows.
EXPORTERS = (
    functions,
    keratorch.special,
    keratorch.linalg,
    keratorch.fft,
    keratorch.nn.functional,
)
#: Functions of `keratorch.ops` that are reached by operators, or by other functions alone.
INTERNAL = {
    *("add_at", "getitem", "update_in_place", "with_item"),
    *("fold", "pad", "selected", "selected_product", "sliding_dot", "windows"),
}


def _modules() -> dict[str, ModuleType]:
    found = pkgutil.walk_packages(keratorch.ops.__path__, "keratorch.ops.")
    return {m.name: importlib.import_module(m.name) for m in found}


#: The modules of operations, by name.
MODULES = {name: m for name, m in _modules().items() if "._" not in name}


def _subclasses(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


#: Every operation: the `Grad`s of keratorch itself that can be made.
GRADS = {
    cls.__name__: cls
    for cls in _subclasses(keratorch.Grad)
    if cls.__module__.startswith("keratorch.ops.")
    and not cls.__name__.startswith("_")
    and not inspect.isabstract(cls)
    and cls is not ElementwiseGrad
    and cls.__module__ != "keratorch.ops.sparse"  # one operand is a sparse matrix: test_sparse.py
}


def file_of(module: ModuleType) -> str:
    """The path of a module in the repository."""
    return Path(str(module.__file__)).relative_to(ROOT).as_posix()


def operations(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The public functions of a module of operations that leave a `Grad`."""
    found = {}
    for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names = [node.name]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            continue
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        for name in names:
            value = getattr(module, name)
            if not name.startswith("_") and inspect.isfunction(value) and used & GRADS.keys():
                found[name] = value
    return found


def exported() -> dict[str, Callable[..., Any]]:
    """The public functions that are operations or constants, as in ``special.erf``."""
    own = {id(v) for m in MODULES.values() for v in vars(m).values() if inspect.isfunction(v)}
    found = {}
    for exporter in EXPORTERS:
        prefix = exporter.__name__.removeprefix("keratorch.") + "."
        for name, value in vars(exporter).items():
            if not name.startswith("_") and id(value) in own:
                found[prefix.removeprefix("functions.") + name] = value
    return found


def exporter_of(module: ModuleType) -> ModuleType:
    """The module that exports most of the functions of a module of operations.

    For a module none of whose functions is exported, the one whose name is in the module's.
    """
    own = [id(v) for v in operations(module).values()]

    def fits(exporter: ModuleType) -> tuple[int, bool]:
        count = sum(id(v) in own for v in vars(exporter).values())
        return count, exporter.__name__.rpartition(".")[2] in module.__name__

    return max(EXPORTERS, key=fits)


def export_line(module: ModuleType, name: str) -> str:
    """What is missing where `module` defines an operation that nothing exports."""
    exporter = exporter_of(module)
    dots = "." * (exporter.__name__.count(".") + (exporter.__name__ == "keratorch.nn"))
    source = module.__name__.removeprefix("keratorch.")
    return (
        f"{file_of(module)} defines {name}, which {file_of(exporter)} does not export: add "
        f"`from {dots}{source} import {name} as {name}`"
    )


class NotExported:
    """Stands for a public function that is missing: whoever calls it hears what to do."""

    def __init__(self, module: ModuleType, name: str) -> None:
        self.__name__ = name
        defined = [m for m in MODULES.values() if name in operations(m)]
        if defined:
            self.message = export_line(defined[0], name)
        else:
            exporter = functions if module is keratorch else module
            self.message = (
                f"tests/specs has a row for {module.__name__}.{name}, which does not exist: write "
                f"it in a module of keratorch/ops, and export it in {file_of(exporter)}"
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError(self.message)


class Exports:
    """A module of keratorch, in which what is not exported is a `NotExported`."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        try:
            value = getattr(self._module, name)
        except AttributeError:
            return NotExported(self._module, name)
        return Exports(value) if inspect.ismodule(value) else value


kt: Any = Exports(keratorch)
