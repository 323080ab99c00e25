"""Saving and restoring the state of random number generators."""

from __future__ import annotations

import copy
import functools
import sys
import types
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from .tree import leaves

#: The kinds of callables that are searched too, if a function names them.
_CALLED = (types.FunctionType, types.MethodType, functools.partial)


def generators_of(function: Any, args: Any) -> list[Any]:
    """The generators of Python, NumPy and PyTorch that `function` visibly uses.

    These are the generators among its arguments, its closure, its defaults, the globals that it
    names, and, for a method, the attributes of its object.
    """
    found: dict[int, Any] = {}
    for value in (*leaves(args), *_reached(function)):
        if _state_of(value) is not None:
            found[id(value)] = value
    return list(found.values())


def _reached(function: Any) -> Iterator[Any]:
    seen: set[int] = set()
    todo = [function]
    while todo:
        f = todo.pop()
        if id(f) in seen:
            continue
        seen.add(id(f))
        if isinstance(f, functools.partial):
            todo.append(f.func)
            yield from leaves((f.args, dict(f.keywords)))
            continue
        owner = getattr(f, "__self__", None)
        if owner is None and not hasattr(f, "__code__"):
            owner = f  # an object with `__call__`
        yield from getattr(owner, "__dict__", {}).values()
        f = getattr(f, "__func__", f)
        f = f if hasattr(f, "__code__") else getattr(type(f).__call__, "__func__", None)
        inner = getattr(f, "__wrapped__", None)
        if inner is not None:
            todo.append(inner)
        code = getattr(f, "__code__", None)
        if f is None or code is None:
            continue
        values: list[Any] = [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]
        for cell in f.__closure__ or ():
            try:
                values.append(cell.cell_contents)
            except ValueError:  # not filled yet
                continue
        values += [f.__globals__[n] for n in code.co_names if n in f.__globals__]
        for value in values:
            yield value
            if isinstance(value, _CALLED):  # `f` may call it
                todo.append(value)


def _state_of(value: Any) -> tuple[Callable[[], Any], Callable[[Any], Any]] | None:
    """The functions that read and set the state of a generator; `None` for any other value."""
    import random  # imported late, to keep the import of keratorch light

    cls: type = type(value)
    library = cls.__module__.partition(".")[0]
    if isinstance(value, random.Random):
        return value.getstate, value.setstate
    if library == "numpy" and cls.__name__ == "RandomState":
        return functools.partial(value.get_state, legacy=False), value.set_state
    if library == "numpy" and cls.__name__ == "Generator":
        bits = value.bit_generator

        def put(state: Any) -> None:
            bits.state = state

        return (lambda: copy.deepcopy(bits.state)), put
    if library == "torch" and cls.__name__ == "Generator":
        return value.get_state, value.set_state
    return None


def _globals() -> list[tuple[Callable[[], Any], Callable[[Any], Any]]]:
    """The readers and setters of the global generators of the loaded libraries."""
    import random

    pairs: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
        (random.getstate, random.setstate)
    ]
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None:
        pairs.append((functools.partial(numpy.get_state, legacy=False), numpy.set_state))
    torch: Any = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        pairs.append((torch.get_rng_state, torch.set_rng_state))
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            pairs.append((torch.cuda.get_rng_state_all, torch.cuda.set_rng_state_all))
    return pairs


def taken(function: Any, args: Any) -> list[tuple[Callable[[Any], Any], Any]]:
    """The present states of all generators, each with the function that restores it."""
    pairs = _globals()
    for generator in generators_of(function, args):
        pair = _state_of(generator)
        if pair is not None:
            pairs.append(pair)
    return [(put, get()) for get, put in pairs]


@contextmanager
def restored(
    states: list[tuple[Callable[[Any], Any], Any]], function: Any, args: Any
) -> Generator[None]:
    """Within the context the generators have the states `states`; afterwards their own again."""
    before = taken(function, args)
    for put, state in states:
        put(state)
    try:
        yield
    finally:
        for put, state in before:
            put(state)
