"""The error for a tracked array that is asked for plain values: who asks, and the cure there."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

from ..errors import LostGradientError
from .frames import LIBRARIES, Chain, callers
from .remedies import DEFAULTS, LISTS, ROWS, STACKS, WRITING, Row
from .scipy_names import WITH_ARRAY_API

#: The parts of Python and NumPy that a library may call where the user's code calls the library.
_PLAIN = ("keratorch", "builtins", "math", "cmath", "numpy", "operator")
LIBRARIES.update(
    part.partition(":")[0].partition(".")[0]
    for row in ROWS
    for part in row.callers.split()
    if not part.startswith(("builtins", "operator"))
)


def lost(asked: str, shape: Any, library: str, dtype: Any = None) -> LostGradientError:
    """The error for a tracked array that is asked for plain values.

    asked : the question: ``"float()"``, ``"np.asarray"`` or another key of `DEFAULTS`; ``"write"``
        for a write into a plain array that is no question.
    library : the name of the backend of the array.
    dtype : the dtype of an array that is asked for an index.
    """
    chain = ["operator:[]="] if asked == "write" else callers()
    if chain == ["operator:[]"]:
        return _index_refused(tuple(shape), dtype)
    who, row = row_of(chain, asked)
    cure = DEFAULTS[asked] if row is None else row.cure
    number = asked in ("float()", "int()", "complex()")
    if row is not None and row.head:
        head = row.head
    elif chain[:1] == ["operator:[]="]:
        head = WRITING
    elif asked == "__index__":
        head = "__index__ of a tracked array of dtype {dtype} and shape {shape}"
    else:
        head = "{asked} of a tracked array of shape {shape} would lose its gradient"
    if shape and who in ("", "builtins:float", "builtins:int", "builtins:complex") and number:
        cure = "index or reduce it first; " + cure
    before = _of_package(chain, who) or _with_array_api(chain)
    words = {
        **words_of(library),
        **{"shape": tuple(shape), "dtype": dtype, "asked": asked, "called": _public(who)},
    }
    return LostGradientError(f"{head.format(**words)}: {before}{cure.format(**words)}")


def words_of(library: str) -> dict[str, Any]:
    """What stands for the words of the table if arrays of `library` lose their gradient."""
    if library == "cupy":
        words = {"mirror": "keratorch.cupy", "np": "cp"}
        zeros = "keratorch.cupy.zeros(shape, like=x)"
    else:
        words = {"mirror": "keratorch.numpy", "np": "np"}
        zeros = (
            "np.zeros(shape, like=x)" if library == "numpy" else "kt.zeros(shape, device=x.device)"
        )
    lists = LISTS if library in ("numpy", "cupy") else STACKS
    return {**words, "zeros": zeros, "lists": lists.format(**words)}


def row_of(chain: Chain, asked: str) -> tuple[str, Row | None]:
    """The function of `chain` that the remedy is about, and its row."""
    for who in reversed(chain):
        if who.startswith("scipy._lib."):
            continue  # decorators, and what the parts of SciPy have in common
        row = _first_row(who, asked)
        if row is not None:
            return who, row
    return "", None


@functools.lru_cache(maxsize=256)
def _first_row(who: str, asked: str) -> Row | None:
    return next((r for r in ROWS if r.asked in ("", asked) and _fits(r, who)), None)


def _fits(row: Row, who: str) -> bool:
    module, _, name = who.partition(":")
    for part in row.callers.split():
        of, _, names = part.partition(":")
        inside = module == of or module.startswith(f"{of}.")
        if inside and (not names or {name, name.rpartition(".")[2]} & {*names.split(",")}):
            return True
    return False


def _of_package(chain: Chain, who: str) -> str:
    """The begin of the cure where a package without a row asks."""
    package = _package(chain[-1]) if len(chain) > 1 else ""
    if package in ("", _package(who), *sys.stdlib_module_names):
        return ""
    if _package(who) not in ("", *_PLAIN):
        return ""
    return (
        f"{package} computes on plain values: give it x.numpy() or x.item(), which have no "
        "gradient; in code of your own "
    )


def _package(who: str) -> str:
    return who.partition(":")[0].partition(".")[0]


def _public(who: str) -> str:
    """A function as users know it: ``numpy.lib._npyio_impl:save`` is ``numpy.save``."""
    module, _, name = who.partition(":")
    public = module.partition("._")[0]
    for of in ("numpy", "cupy", "scipy.io"):
        public = of if public.startswith(f"{of}.") else public
    return f"{public}.{name}"


def _with_array_api(chain: Chain) -> str:
    """The begin of the cure for a function that SCIPY_ARRAY_API lets take tracked arrays."""
    if os.environ.get("SCIPY_ARRAY_API"):
        return ""
    for who in reversed(chain):
        module, _, name = who.partition(":")
        public = not name.startswith("_") and "<locals>" not in name
        for of, names in WITH_ARRAY_API.items():
            if public and f"{module}.".startswith(f"{of}."):
                if name.rpartition(".")[2] not in names.split():
                    return ""
                return (
                    f"{of}.{name} takes tracked arrays, and then no plain ones beside them, where "
                    "the environment variable SCIPY_ARRAY_API=1 is set before SciPy is imported; "
                    "without it, "
                )
    return ""


def _index_refused(shape: Any, dtype: Any) -> LostGradientError:
    return LostGradientError(
        f"a plain array or list a cannot be indexed by a tracked array x of dtype {dtype} and "
        f"shape {shape}, as in a[x]: an index has integers, or is a mask; write "
        "a[x.detach().astype(int)] for integers, or a comparison as in a[x > 0] for a mask"
    )


__all__ = ["lost", "row_of", "words_of"]
