"""Structures: the nested containers of arrays that transformations take and return.

Dicts, lists, tuples, their subclasses and dataclasses are structures, and so are the classes that
`register` is told of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .transforms import tree as _tree
from .transforms.registered import register as register


def leaves(tree: Any) -> list[Any]:
    """The arrays and numbers in `tree`, in order.

    >>> leaves({"w": 1.0, "layers": [(2.0, None), 3.0]})
    [1.0, 2.0, 3.0]
    """
    return _tree.leaves(tree)


def map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """`tree` with each leaf replaced by ``function(leaf)``.

    With `others`, structures like `tree`, it is ``function(leaf, *leaves of the others)``. Raises
    `StructureError` for an other structure.

    >>> map(lambda w, g: w - 0.1 * g, {"w": 1.0, "b": [2.0]}, {"w": 10.0, "b": [5.0]})
    {'w': 0.0, 'b': [1.5]}
    """
    if not others:
        return _tree.mapped(function, tree)
    columns = [_tree.leaves(tree)]
    columns += [
        _tree.leaves_like(tree, other, f"map: structure {i}") for i, other in enumerate(others, 1)
    ]
    found = [function(*values) for values in zip(*columns, strict=True)]
    return _tree.unflattened(tree, iter(found))


__all__ = ["leaves", "map", "register"]
