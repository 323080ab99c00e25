"""The stubs of `keratorch.numpy` and `keratorch.cupy`: what type checkers know of their names.

    python -m tests.mirror_stubs

writes them anew, from the names of the libraries that are installed and the annotations of
keratorch's functions; `tests/numpy_api/test_mirror_stubs.py` fails where they are out of date.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from keratorch.interop._mirror import FORMER, Mirror
from keratorch.interop._numpy_api import FUNCTIONS
from tests.mirror_table import (
    CONSTANTS,
    DIFFERENTIABLE,
    LIBRARIES,
    SUBMODULES,
    key_of,
    module_of,
    public_names,
    verdict,
    version,
)

PACKAGE = Path(__file__).parents[1] / "keratorch"
#: What the mirrors themselves import and define.
OWN = {
    "numpy": [
        "from ..interop._enumerate import ndenumerate as ndenumerate",
        "from ..interop._mirror_index import Rows",
        "from ..interop._iterators import nditer as nditer",
        "from ..interop._poly1d import poly1d as poly1d",
        "from ..interop._vectorize import vectorize as vectorize",
        "from . import emath as emath",
        "from . import fft as fft",
        "from . import lib as lib",
        "from . import linalg as linalg",
        "from . import polynomial as polynomial",
        "from . import random as random",
        "__version__: str",
        "c_: Rows",
        "r_: Rows",
    ],
    "cupy": [
        "from ..interop._mirror_index import Rows",
        "from . import fft as fft",
        "from . import lib as lib",
        "from . import linalg as linalg",
        "from . import polynomial as polynomial",
        "from . import random as random",
        "from ._kernels import RawKernel as RawKernel",
        "from ._kernels import ReductionKernel as ReductionKernel",
        "from ._names import asnumpy as asnumpy",
        "from ._names import fuse as fuse",
        "from ._names import get_array_module as get_array_module",
        "from ._names import poly1d as poly1d",
        "__version__: str",
        "c_: Rows",
        "r_: Rows",
    ],
}
#: Results that are the same for raw arrays and for `GradArray`s.
PLAIN = {"bool": "builtins.bool", "int": "builtins.int", "str": "builtins.str", "None": "None"}


def result(annotation: str) -> str:
    """The type of a function's result, from its annotation; a `GradArray` may be a raw array."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    if re.fullmatch(r"(list|tuple)\[(GradArray|int|[, .])*\]", annotation):
        return "builtins." + annotation.replace("GradArray", "Any").replace("int", "builtins.int")
    return "Any"


def function_type(submodule: str, name: str) -> str:
    """The type of a function that keratorch replaces."""
    former = FORMER.get(name, name)
    function = FUNCTIONS.get(key_of(submodule, name))
    if function is None:
        return "Ufunc" if getattr(np, former).nout == 1 else "Function"
    annotation = function.__annotations__.get("return", "Any")
    if annotation == "GradArray":
        return "ArrayFunction"
    found = result(annotation)
    return "Function" if found == "Any" else f"Callable[..., {found}]"


def line(library: str, submodule: str, name: str, value: Any) -> str:
    """The line of one name: its type, or its import from the library."""
    if verdict(submodule, name, value) in (DIFFERENTIABLE, CONSTANTS):
        return f"{name}: {function_type(submodule, name)}"
    numpys = getattr(module_of("numpy", submodule), name, None)
    home = "numpy" if value is numpys else library
    if home == "cupy" and Mirror.is_function(value):
        return f"{name}: Function"
    if value is None:
        return f"{name}: None"
    if isinstance(value, float):
        return f"{name}: float"
    return f"from {f'{home}.{submodule}'.rstrip('.')} import {name} as {name}"


def stub(library: str, submodule: str = "") -> str:
    """The text of the stub of a module."""
    module = module_of(library, submodule)
    lines = [] if submodule else list(OWN[library])
    own = {re.split(r"[: ]", text.rpartition(" as ")[2])[0] for text in lines}
    for name in public_names(module):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = getattr(module, name)
        if name not in own:
            lines.append(line(library, submodule, name, value))
    imports = [text for text in lines if text.startswith("from ")]
    names = [text for text in lines if not text.startswith("from ")]
    text = "\n".join(names)
    types = [n for n in ("ArrayFunction", "Function", "Ufunc") if re.search(rf"\b{n}\b", text)]
    imports = [
        *(["import builtins"] if "builtins." in text else []),
        *(["from collections.abc import Callable"] if "Callable[" in text else []),
        *(["from typing import Any"] if re.search(r"\bAny\b", text) else []),
        *([f"from ..interop._mirror_types import {', '.join(types)}"] if types else []),
        *imports,
    ]
    what = f"The names of `{library}{'.' + submodule if submodule else ''}`"
    head = f'"""{what} {version(library)} for type checkers: see `tests/mirror_stubs.py`."""'
    return "\n".join([head, "", *imports, "", *names]).rstrip() + "\n"


def path(library: str, submodule: str = "") -> Path:
    return PACKAGE / library / f"{submodule or '__init__'}.pyi"


def main() -> None:
    for library in LIBRARIES:
        if importlib.util.find_spec(library) is None:
            print(f"the stubs of {library} stay as they are: it is not installed")
            continue
        for submodule in SUBMODULES[library]:
            path(library, submodule).write_text(stub(library, submodule), encoding="utf-8")
        print(library, version(library))


if __name__ == "__main__":
    main()
