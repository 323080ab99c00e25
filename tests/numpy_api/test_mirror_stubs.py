"""The stubs of `keratorch.numpy` and `keratorch.cupy` declare the names of those modules."""

import ast
import importlib

import pytest

import keratorch.interop._mirror_types as types
from tests import mirror_stubs
from tests.mirror_table import LIBRARIES, SUBMODULES, module_of, public_names, version

#: The modules whose stubs are written by hand.
BY_HAND = ["lib", "lib.stride_tricks"]
MODULES = [
    *((library, submodule) for library in LIBRARIES for submodule in SUBMODULES[library]),
    *((library, submodule) for library in LIBRARIES for submodule in BY_HAND),
]


def modules(library, submodule):
    theirs = pytest.importorskip(library)
    if submodule in BY_HAND:
        theirs = importlib.import_module(f"{library}.{submodule}")
    elif submodule:
        theirs = module_of(library, submodule)
    return theirs, importlib.import_module(f"keratorch.{library}.{submodule}".rstrip("."))


def declared(path):
    """The names of a stub: imports with ``as``, and annotations."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign):
            found.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname for alias in node.names if alias.asname}
    return found


def path(library, submodule):
    path = mirror_stubs.path(library, submodule.replace(".", "/"))
    return path if path.exists() else path.with_suffix("") / "__init__.pyi"


@pytest.mark.parametrize(("library", "submodule"), MODULES)
def test_the_declared_names_are_there(library, submodule):
    theirs, ours = modules(library, submodule)
    found = declared(path(library, submodule))
    same = f" {version(library)} " in path(library, submodule).read_text(encoding="utf-8")
    missing = {name for name in found if not hasattr(ours, name)}
    assert not missing or not (same or submodule in BY_HAND)
    if submodule not in BY_HAND and same:
        assert {*public_names(theirs)} - found == set()


@pytest.mark.filterwarnings(
    "ignore::RuntimeWarning"
)  # functions are tried outside of their domains
@pytest.mark.parametrize(("library", "submodule"), MODULES[: -len(BY_HAND) * len(LIBRARIES)])
def test_the_stubs_are_up_to_date(library, submodule):
    modules(library, submodule)
    text = path(library, submodule).read_text(encoding="utf-8")
    if f" {version(library)} " not in text:
        pytest.skip(f"the stub is that of another version of {library}")
    assert text == mirror_stubs.stub(library, submodule), "run python -m tests.mirror_stubs"


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        ("bool", "builtins.bool"),
        ("None", "None"),
        ("list[GradArray]", "builtins.list[Any]"),
        ("tuple[GradArray, ...]", "builtins.tuple[Any, ...]"),
        ("tuple[int, ...]", "builtins.tuple[builtins.int, ...]"),
        ("EigResult", "Any"),
        ("GradArray | None", "Any"),
    ],
)
def test_raw_arrays_may_be_in_the_place_of_results(annotation, found):
    assert mirror_stubs.result(annotation) == found


def test_a_ufunc_has_what_is_declared():
    ours = importlib.import_module("keratorch.numpy")
    for name in vars(types.Ufunc):
        if not name.startswith("_"):
            assert hasattr(ours.add, name)
