"""Flattening and rebuilding nested dicts, lists, tuples, dataclasses and registered classes.

Containers are dicts, lists, tuples, their subclasses (named tuples, `OrderedDict`, `defaultdict`),
instances of dataclasses, and instances of the classes that `register` knows. Dataclass fields with
``metadata={"static": True}`` are not touched. `None` is an empty container. Everything else is a
leaf.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..backends import _registry
from ..core import filled
from ..core.array import GradArray
from ..errors import StructureError
from . import registered

if TYPE_CHECKING:
    import dataclasses

_missing = object()


def children(tree: Any) -> list[tuple[Any, Any]] | None:
    """The parts of a container as pairs ``(key, part)``; `None` for a leaf."""
    cls: type = type(tree)
    if cls in _registry.by_type or cls is GradArray or cls is float:
        return None
    if cls is dict:
        return list(tree.items())
    if cls is list or cls is tuple:
        return list(enumerate(tree))
    if tree is None:
        return []
    known = registered.of(cls)
    if known is not None:
        return list(enumerate(known.parts(tree)))
    if isinstance(tree, dict):
        return list(tree.items())
    if isinstance(tree, (list, tuple)):
        return list(enumerate(tree))
    if hasattr(cls, "__dataclass_fields__") and not _registry.is_array(tree):
        return [(f.name, getattr(tree, f.name)) for f in array_fields(tree)]
    return None


def array_fields(tree: Any) -> list[dataclasses.Field[Any]]:
    """The fields of a dataclass that are not static."""
    import dataclasses

    return [f for f in dataclasses.fields(tree) if not f.metadata.get("static")]


def rebuilt(tree: Any, parts: list[Any]) -> Any:
    """A container like `tree` with other parts, in the order of `children`."""
    cls: type = type(tree)
    if cls is dict:
        return dict(zip(tree, parts, strict=True))
    if cls is tuple:
        return tuple(parts)
    if cls is list:
        return parts
    if tree is None:
        return None
    known = registered.of(cls)
    if known is not None:
        return known.rebuilt(tree, parts)
    if isinstance(tree, dict):  # a subclass: the copy keeps the class and its attributes
        new = copy.copy(tree)
        for key, part in zip(tree, parts, strict=True):
            new[key] = part
        return new
    if isinstance(tree, tuple) and hasattr(cls, "_make"):
        return cls._make(parts)  # type: ignore[attr-defined]
    if isinstance(tree, (list, tuple)):
        return cls(parts)
    # A dataclass, frozen or not. Its __init__ is not called, as it may convert or check.
    import dataclasses

    new = object.__new__(cls)
    for name, value in getattr(tree, "__dict__", {}).items():
        object.__setattr__(new, name, value)
    for field in dataclasses.fields(tree):
        value = getattr(tree, field.name, _missing)
        if value is not _missing:
            object.__setattr__(new, field.name, value)
    for field, part in zip(array_fields(tree), parts, strict=True):
        object.__setattr__(new, field.name, part)
    return new


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """`tree` with `function` applied to its leaves."""
    found = children(tree)
    if found is None:
        return function(filled.present(tree) if type(tree) in filled.classes else tree)
    return rebuilt(tree, [mapped(function, part) for _, part in found])


def outline(tree: Any, function: Callable[[Any], Any] = lambda _: 0.0) -> Any:
    """The structure of `tree`, with ``function(leaf)`` as its leaves; by default with numbers.

    As `mapped`, but it makes no objects of registered classes: these may refuse other leaves than
    arrays. `mapped` and `unflattened` make them of an outline.
    """
    found = children(tree)
    if found is None:
        return function(tree)
    parts = [outline(part, function) for _, part in found]
    if type(tree) is tuple:
        return tuple(parts)
    known = registered.of(type(tree))
    return rebuilt(tree, parts) if known is None else registered.Outline(known, tree, parts)


def is_labelled(tree: Any) -> bool:
    """Whether `tree` is one array with labels around it."""
    known = registered.of(type(tree))
    return known is not None and known.of(tree).is_array


def leaves(tree: Any) -> list[Any]:
    """The leaves of `tree`, in order."""
    out: list[Any] = []
    _gather(tree, out)
    return out


def _gather(tree: Any, out: list[Any]) -> None:
    found = children(tree)
    if found is None:
        out.append(filled.present(tree) if type(tree) in filled.classes else tree)
        return
    for _, part in found:
        _gather(part, out)


def unflattened(tree: Any, values: Iterator[Any]) -> Any:
    """`tree` with its leaves replaced, in order, by `values`."""
    return mapped(lambda _: next(values), tree)


def blocks(tree: Any, values: Iterator[Any], rows: bool) -> Any:
    """As `unflattened`, for values that are blocks of a Jacobian: see `Structure.blocks`."""
    found = children(tree)
    if found is None:
        return next(values)
    parts = [blocks(part, values, rows) for _, part in found]
    known = registered.of(type(tree))
    if known is None:
        return rebuilt(tree, parts)
    return known.of(tree).blocks(known.apart(tree)[1], tuple(parts), rows)


def leaves_like(
    tree: Any, other: Any, what: str, path: str = "", none_is_zero: bool = False
) -> list[Any]:
    """The leaves of `other`, which must have the structure of `tree`, in the order of `tree`.

    what : the name of `other` in the message of the `StructureError`.
    none_is_zero : whether `None` may stand for a part of `other`; it gives `None` for each leaf.

    A nested list of numbers may stand for an array.
    """
    out: list[Any] = []
    _gather_like(tree, other, what, path, none_is_zero, out)
    return out


def _gather_like(
    tree: Any, other: Any, what: str, path: str, none_is_zero: bool, out: list[Any]
) -> None:
    found = children(tree)
    if other is None and tree is not None and none_is_zero:
        out.extend([None] * len(leaves(tree)))
        return
    given = children(other)
    where = f" at {path}" if path else ""
    if found is None:
        if given is not None and not (hasattr(tree, "shape") and _is_data(other)):
            raise StructureError(
                f"{what}{where}: {_kind(other)} was given for {_kind(tree)}: the structures must "
                "be equal"
            )
        out.append(filled.present(other) if type(other) in filled.classes else other)
        return
    same = given is not None and _family(tree) is _family(other)
    same = same and registered.aux_of(tree) == registered.aux_of(other)
    if not same or {k for k, _ in found} != {k for k, _ in given or ()}:
        raise StructureError(
            f"{what}{where}: {_kind(other)} was given for {_kind(tree)}: the structures must be "
            "equal"
        )
    parts = dict(given or ())
    for key, part in found:
        _gather_like(part, parts[key], what, path + step(tree, key), none_is_zero, out)


def _is_data(value: Any) -> bool:
    """Whether `value` is a number or a nested list of numbers, which may stand for an array."""
    if isinstance(value, list):
        return all(_is_data(v) for v in value)
    return isinstance(value, (bool, int, float, complex))


def step(tree: Any, key: Any) -> str:
    """The text of the step from a container to one of its parts: ``['w']``, ``[0]``, ``.bias``."""
    known = registered.of(type(tree))
    if known is not None:
        return registered.step(known, tree, key)
    return f"[{key!r}]" if isinstance(tree, (dict, list, tuple)) else f".{key}"


def paths(tree: Any, path: str = "") -> list[str]:
    """The path to each leaf, in order."""
    found = children(tree)
    if found is None:
        return [path]
    return [p for key, part in found for p in paths(part, path + step(tree, key))]


def _family(tree: Any) -> Any:
    """The family of a container; containers of one family with equal keys are interchangeable."""
    known = registered.of(type(tree))
    if known is not None:
        return known.of(tree)
    for family in (dict, list):
        if isinstance(tree, family):
            return family
    if isinstance(tree, tuple):
        return type(tree) if hasattr(tree, "_fields") else tuple
    return type(tree)


def _kind(tree: Any) -> str:
    known = registered.of(type(tree))
    if known is not None:
        return registered.described(known, tree)
    if isinstance(tree, dict):
        return f"{type(tree).__name__} with the keys {sorted(map(str, tree))}"
    if isinstance(tree, (list, tuple)):
        return f"{type(tree).__name__} of length {len(tree)}"
    if tree is None:
        return "None"
    if children(tree) is not None:
        return f"{type(tree).__name__}"
    shape = getattr(tree, "shape", None)
    return f"a leaf ({type(tree).__name__}" + (
        ")" if shape is None else f" of shape {tuple(shape)})"
    )
