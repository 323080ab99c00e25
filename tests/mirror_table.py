"""`docs/numpy.md` and `docs/cupy.md`: the verdict on every public name of NumPy and CuPy.

    python -m tests.mirror_table

writes them anew, from the names of the libraries that are installed and the functions that
keratorch has; `tests/numpy_api/test_mirrors.py` fails where they are out of date.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import keratorch as kt
from keratorch.interop._mirror import FORMER, Mirror, ufunc_named
from keratorch.interop._numpy_api import CONSTANT, FUNCTIONS

DOCS = Path(__file__).parents[1] / "docs"
#: Library -> its submodules that are mirrored, after the library itself.
SUBMODULES = {
    "numpy": ("", "linalg", "fft", "random", "emath"),
    "cupy": ("", "linalg", "fft", "random"),
}
#: A submodule whose functions have another prefix in the table.
PREFIXES = {"emath": "lib.scimath"}

DIFFERENTIABLE = "differentiable"
CONSTANTS = "constant"
PASSED = "passed on"
REFUSED = "refused"
#: The verdicts, and what each means.
VERDICTS = {
    DIFFERENTIABLE: "a tracked `GradArray` gives a tracked one",
    CONSTANTS: "a `GradArray` gives a constant: there is no derivative, or it is 0",
    PASSED: "the library's own: a type, a module, a constant, or a function of no arrays",
    REFUSED: "a tracked `GradArray` raises an error; constants are computed by the library",
}
#: Functions that take no arrays to differentiate in, by what they do.
NO_ARRAYS = {
    "makes arrays of shapes and numbers": "arange bartlett blackman diag_indices empty eye "
    "fromfunction hamming hanning identity indices kaiser mask_indices ones tri tril_indices "
    "triu_indices zeros",
    "reads text, bytes and files": "frombuffer fromfile fromregex fromstring genfromtxt load "
    "loadtxt fromDlpack from_dlpack",
    "is about dtypes": "find_common_type finfo iinfo isdtype issctype issubclass_ issubdtype "
    "issubsctype make_aligned_dtype mintypecode obj2sctype promote_types sctype2char typename "
    "datetime_data",
    "is about settings": "disp get_include get_printoptions getbufsize geterr geterrcall info "
    "printoptions set_printoptions setbufsize seterr seterrcall show_config show_runtime test "
    "show_config_runtime who",
    "makes text of numbers": "base_repr binary_repr format_float_positional "
    "format_float_scientific",
    "is about shapes": "broadcast_shapes",
    "is about the module": "clear_memo fuse get_array_wrap get_default_memory_pool "
    "get_default_pinned_memory_pool is_available memoize set_allocator "
    "set_pinned_memory_allocator nested_iters frompyfunc get_array_module",
    "is about generators": "default_rng get_bit_generator get_random_state get_state "
    "reset_states seed set_bit_generator set_random_state set_state bytes rand randn",
}
WITHOUT_ARRAYS = {name: why for why, names in NO_ARRAYS.items() for name in names.split()}


def public_names(module: ModuleType) -> list[str]:
    """What a library calls public: ``__all__``, or what has no underscore."""
    listed = getattr(module, "__all__", None) or dir(module)
    return sorted(n for n in set(listed) if not n.startswith("_"))


def module_of(library: str, submodule: str) -> ModuleType:
    """The library, or one of its submodules: ``numpy.emath`` is the attribute alone."""
    module = importlib.import_module(library)
    return getattr(module, submodule) if submodule else module


def key_of(submodule: str, name: str) -> str:
    """The name of a function in the table."""
    former = FORMER.get(name, name)
    return f"{PREFIXES.get(submodule, submodule)}.{former}" if submodule else former


def entries(library: str) -> Iterator[tuple[str, str, Any]]:
    """Every public name of `library`: (submodule, name, value)."""
    for submodule in SUBMODULES[library]:
        module = module_of(library, submodule)
        for name in public_names(module):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield submodule, name, getattr(module, name)


def verdict(submodule: str, name: str, value: Any) -> str:
    """What happens to a tracked array that is given to this function."""
    former = FORMER.get(name, name)
    key = key_of(submodule, name)
    if key in FUNCTIONS:
        return CONSTANTS if key in CONSTANT else DIFFERENTIABLE
    if not Mirror.is_function(value) and not isinstance(value, np.ufunc):
        if not _is_replaced(submodule, name, value):
            return PASSED
        return REFUSED if name == "nditer" else DIFFERENTIABLE
    if name in WITHOUT_ARRAYS:
        return PASSED
    function = None if submodule else ufunc_named(former)
    tracked = None if function is None else _is_tracked(function, former)
    if tracked is None:
        return REFUSED
    return CONSTANTS if former in CONSTANT or not tracked else DIFFERENTIABLE


def _is_replaced(submodule: str, name: str, value: Any) -> bool:
    """Whether keratorch has its own in the place of a type or an object, as of ``r_``."""
    for library in LIBRARIES:
        theirs = sys.modules.get(f"{library}.{submodule}" if submodule else library)
        if not isinstance(value, ModuleType) and getattr(theirs, name, None) is value:
            mirror = importlib.import_module(f"keratorch.{library}.{submodule}".rstrip("."))
            own = getattr(mirror, name)
            kernel = isinstance(value, type) and isinstance(own, type) and issubclass(own, value)
            return own is not value and not kernel
    return False


def _is_tracked(function: Any, name: str) -> bool | None:
    """Whether a function of one or two arrays, real or complex, hands a gradient on.

    `None` if it is refused.
    """
    for value in (0.5, 0.5j):
        x = kt.GradArray(np.full((2, 2), value))
        for args in ((x,), (x, x)):
            try:
                found = function(*args)
            except kt.NotDifferentiableError:
                return None
            except TypeError:
                continue
            first = found[0] if isinstance(found, tuple) else found
            if first.requires_grad:
                return True
            break
    return False  # of integers and booleans alone, or a constant


def rows(library: str) -> dict[str, str]:
    """Every public name, with its submodule, and the verdict on it."""
    return {
        f"{submodule}.{name}" if submodule else name: verdict(submodule, name, value)
        for submodule, name, value in entries(library)
    }


def version(library: str) -> str:
    """The version that is installed."""
    return importlib.import_module(library).__version__


def document(library: str, title: str) -> str:
    """The text of the document."""
    found = rows(library)
    counts = Counter(found.values())
    *some, last = (f"`{submodule}`" for submodule in SUBMODULES[library][1:])
    included = f"{', '.join(some)} and {last}"
    lines = [
        f"# {title}'s functions in keratorch",
        "",
        f"`keratorch.{library}` has all {len(found)} public names of {title} {version(library)}, "
        f"those of {included} included. `python -m tests.mirror_table` writes "
        "this page. Tests compare each verdict with what happens.",
        "",
        "| verdict | names | meaning |",
        "|---|---|---|",
        *(f"| {v} | {counts[v]} | {meaning} |" for v, meaning in VERDICTS.items()),
    ]
    lines += ["", *NOTES]
    for submodule in SUBMODULES[library]:
        heading = f"{library}.{submodule}" if submodule else library
        lines += ["", f"## `{heading}`"]
        for v in VERDICTS:
            prefix = f"{submodule}." if submodule else ""
            names = [
                n.removeprefix(prefix)
                for n, is_v in found.items()
                if is_v == v and (n.startswith(prefix) if prefix else "." not in n)
            ]
            if names:
                lines += ["", f"**{v}** ({len(names)}): {' '.join(f'`{n}`' for n in names)}"]
    return "\n".join(lines) + "\n"


LIBRARIES = {"numpy": "NumPy", "cupy": "CuPy"}
#: What the pages say of lists and of polynomials.
NOTES = [
    "**Lists.** Every function takes nested lists and tuples that hold tracked arrays, wherever "
    "NumPy takes them with plain numbers, as in `np.linalg.solve(a, [x[0], 2 * x[1]])`. So do the "
    "ufuncs with their methods, and the operators and methods of a `GradArray`: `x * [a, b]`, "
    "`x[:2] = [a, b]`, `x.dot([a, b])`. The functions that join arrays, such as `stack`, and "
    "`fromiter` take any iterable. An array that can be filled takes such a list too, "
    "as in `np.ones(2) * [a, b]` inside a transformation "
    "([loops and writes](loops-and-writes.md)). Another raw array beside the list, as in "
    "`raw * [a, b]`, raises "
    "`LostGradientError`: NumPy and CuPy make an array of the list themselves. Write "
    "`raw * np.array([a, b])`, with `np` from keratorch. A Python number in a list takes the dtype "
    "of the arrays. A list of constants alone is left to NumPy, and the result is raw. Without a "
    "tracked array, a ufunc costs some 0.06 µs more than NumPy's own, and another function "
    "0.1 µs. NumPy's warnings name the line of keratorch that called NumPy.",
    "",
    "**Arrays of dtype object** that you fill with tracked values, as in "
    "`a = np.empty(n, object)`, keep their gradients. Where NumPy computes with the elements one "
    "by one, as in `2 * a` and `a.sum()`, it does so here too. Where NumPy cannot, as in "
    "`np.exp(a)`, the array is taken like a list. `kt.asarray(a)` and "
    "`np.asarray(a, dtype=float)` make one array of the elements.",
    "",
    "**Polynomials.** `np.poly1d`, and the functions and classes of `np.polynomial`, take tracked "
    "coefficients and places. They are NumPy's own code, run on keratorch's functions. One thing "
    "differs: coefficients of a tracked array that are 0 are kept where NumPy drops them, as the "
    "derivative in them is not 0. So `np.poly1d(np.zeros(3))` has order 0, and order 2 where its "
    "argument is tracked. `trim_zeros`, `trimcoef` and the method `trim` drop them.",
]


def main() -> None:
    for library, title in LIBRARIES.items():
        if importlib.util.find_spec(library) is None:
            print(f"docs/{library}.md stays as it is: {title} is not installed")
            continue
        (DOCS / f"{library}.md").write_text(document(library, title), encoding="utf-8")
        print(library, version(library), dict(Counter(rows(library).values())))


if __name__ == "__main__":
    main()
