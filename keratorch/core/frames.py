"""Who asks for plain values: the names of the functions between the user's code and the question.

A `GradArray` is asked through special methods such as ``__float__`` and ``__array__``, mostly by
code in C. The names come from the Python frames behind that call, and from the instruction that
the innermost frame runs. All of this runs only where an error is raised.
"""

from __future__ import annotations

import dis
import functools
import itertools
import os
import sys
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

#: A name, or a function that is no method, of a module: ``"numpy:asarray"``.
Chain = list[str]

_ROOTS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
#: What computes a value that has no name. Other instructions prepare a call.
_RESULTS = ("BINARY_", "CALL_FUNCTION", "CALL_KW", "FORMAT_")
_SUBSCRIPTS = {
    **dict.fromkeys(("STORE_SUBSCR", "STORE_SLICE"), "[]="),
    **dict.fromkeys(("BINARY_SUBSCR", "BINARY_SLICE"), "[]"),
}
#: What has a name of its own. Of anything else that can be called, the class is named.
_FUNCTIONS = (BuiltinFunctionType, FunctionType, MethodType, type)
#: The modules of keratorch outside of the core that answer the question.
_ANSWERING = ("_others", "_numpy")
#: Where the code of installed packages is, and that of Python's library.
_INSTALLED = ("site-packages", "dist-packages")
_PYTHONS = (os.path.dirname(dis.__file__), "<frozen ")


def callers() -> Chain:
    """The functions behind a call, from the inside to the outside, up to the user's own code.

    A function is written as ``"module:name"``. The first one is what the innermost frame calls:
    mostly a function in C, such as ``"numpy:asarray"``, or ``"operator:[]="`` for a write. The
    next ones are those of Python's library and of installed packages whose frames lie between. The
    last one is the function that the user's code calls, by the name that a decorator leaves. Of
    keratorch the chain has only a function that a user called, as ``"keratorch:sum"``.
    """
    frame: FrameType | None = sys._getframe(1)
    own = False
    while frame is not None and _is_keratorch(frame):
        module = _module(frame)
        own = own or not (
            module.startswith("keratorch.core.") or module.rpartition(".")[2] in _ANSWERING
        )
        frame = frame.f_back
    if frame is None:
        return []
    called = _called(frame)
    if own:
        called = f"keratorch:{(called or '').rpartition(':')[2]}"
    chain = [called] if called else []
    while frame is not None:
        if not _is_keratorch(frame):
            if not _is_library(frame):
                if len(chain) > 1:
                    chain += _entry(frame)
                break
            chain.append(f"{_module(frame)}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    return chain


def _module(frame: FrameType) -> str:
    return frame.f_globals.get("__name__") or ""


def _is_keratorch(frame: FrameType) -> bool:
    module = _module(frame)
    return module.partition(".")[0] == "keratorch" and not module.startswith("keratorch.examples")


def _is_library(frame: FrameType) -> bool:
    """Whether the code of `frame` belongs to Python or to an installed package."""
    top = _module(frame).partition(".")[0]
    if top == "__main__":
        return False
    file = frame.f_code.co_filename
    return (
        top in LIBRARIES
        or (top in sys.stdlib_module_names and file.startswith(_PYTHONS))
        or any(folder in file for folder in _INSTALLED)
    )


#: Packages that need not be in a folder of installed ones to count as libraries.
LIBRARIES: set[str] = {"numpy", "scipy"}


def _entry(frame: FrameType) -> Chain:
    """The function of a library that the user's code calls; empty if it calls another."""
    called = _called(frame) or ""
    top = called.partition(":")[0].partition(".")[0]
    return [called] if top in LIBRARIES else []


def _called(frame: FrameType) -> str | None:
    """The function or operator that the current instruction of `frame` calls; `None` if unknown."""
    found = _instruction(frame.f_code, frame.f_lasti)
    return _named(frame, found) if isinstance(found, list) else found


@functools.lru_cache(maxsize=64)
def _instruction(code: CodeType, at: int) -> str | list[str] | None:
    """What the instruction at the offset `at` calls: an operator, or the names before a call.

    In the frame of a caller, Python 3.11 and 3.12 count the cache of a call as the place.
    """
    before = list(itertools.takewhile(lambda i: i.offset <= at, dis.get_instructions(code)))
    if not before:
        return None
    current = before.pop()
    name = current.opname
    if name in _SUBSCRIPTS:
        return f"operator:{_SUBSCRIPTS[name]}"
    if name in ("BINARY_OP", "COMPARE_OP"):
        return f"operator:{current.argrepr}"
    return _path(before, current) if name.startswith(("CALL", "PRECALL")) else None


def _path(before: list[dis.Instruction], call: dis.Instruction) -> list[str] | None:
    """The names in front of the parenthesis of a call: ``["np", "asarray"]``.

    They are the names that start where the call starts. `None` if anything else starts there,
    such as another call, and where Python was told to keep no positions.
    """
    start = _start(call)
    if start is None:
        return None
    path: list[str] = []
    for instruction in reversed(before):
        if _start(instruction) != start:
            continue
        name, value = instruction.opname, instruction.argval
        if name.startswith(_ROOTS) and isinstance(value, str):
            return [value, *path]
        if name in _ATTRIBUTES:
            path.insert(0, value)
        elif name == "CALL" or name.startswith(_RESULTS):
            return None
    return None


def _start(instruction: dis.Instruction) -> tuple[int, int] | None:
    positions = instruction.positions
    if positions is None or positions.lineno is None or positions.col_offset is None:
        return None
    return positions.lineno, positions.col_offset


def _named(frame: FrameType, path: list[str]) -> str | None:
    """The function that ``a.b.c`` stands for in `frame`, by the module and name it has itself.

    No property and no ``__getattr__`` of a user's object runs.
    """
    root, *rest = path
    scopes = (frame.f_locals, frame.f_globals, frame.f_builtins)
    found = next((scope[root] for scope in scopes if root in scope), None)
    while rest and (issubclass(type(found), ModuleType) or _is_plain(found, rest[0])):
        name = rest.pop(0)
        found = vars(found).get(name)
    if rest:
        owner: Any = found if issubclass(type(found), type) else type(found)
        return f"{owner.__module__}:{owner.__qualname__}.{'.'.join(rest)}"
    return None if found is None else _function_name(found)


def _is_plain(owner: Any, name: str) -> bool:
    """Whether `name` is an attribute that an instance itself holds."""
    try:
        return not issubclass(type(owner), type) and name in object.__getattribute__(
            owner, "__dict__"
        )
    except AttributeError:
        return False


def _function_name(function: Any) -> str:
    cls = type(function)
    if not issubclass(cls, _FUNCTIONS):
        if cls.__module__.partition(".")[0] in LIBRARIES:  # as NumPy's ufuncs
            name = getattr(function, "__name__", None) or cls.__qualname__
            return f"{getattr(function, '__module__', None) or cls.__module__}:{name}"
        return f"{cls.__module__}:{cls.__qualname__}"
    owner = getattr(function, "__self__", None)
    if owner is not None and not issubclass(type(owner), (ModuleType, type)):
        return f"{type(owner).__module__}:{type(owner).__qualname__}.{function.__name__}"
    return f"{function.__module__ or 'builtins'}:{function.__qualname__}"


__all__ = ["LIBRARIES", "Chain", "callers"]
