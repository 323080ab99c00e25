"""`einsum`: products of arrays with named axes, summed over the names that the output lacks."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...errors import ShapeError
from ._arguments import no_out, of_dtype, promoted, refuse, strong
from ._table import implements

#: The names of an array's axes. Those of an ellipsis are ``("...", k)``, k from the last axis.
Labels = tuple[Hashable, ...]


@implements("einsum")
def einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> GradArray:
    """The product of the operands, summed over all axes that the output does not name.

    Operands are multiplied two at a time, by a matrix product if an axis is summed over. The order
    is from left to right, or that of `einsum_path` if `optimize` is set.
    """
    no_out("einsum", out)
    dtype, casting = kwargs.pop("dtype", None), kwargs.pop("casting", "safe")
    kwargs.pop("order", None)
    if kwargs:
        raise refuse("einsum", ", ".join(kwargs), "leave it out")
    names, output, values = _parsed(operands)
    xs = promoted("einsum", strong(*values))
    if dtype is not None:
        xs = tuple(of_dtype("einsum", x, dtype, casting) for x in xs)
    terms, wanted = _labelled(names, output, xs)
    sizes = _sizes(terms, xs)
    parts = [_diagonals(x, labels, sizes) for x, labels in zip(xs, terms, strict=True)]
    for group in _order(parts, wanted, sizes, optimize):
        chosen = [parts[i] for i in group]
        parts = [p for i, p in enumerate(parts) if i not in group]
        elsewhere = {*wanted, *(label for _, labels in parts for label in labels)}
        part = chosen[0]
        for i, other in enumerate(chosen[1:], 1):
            later = {label for _, labels in chosen[i + 1 :] for label in labels}
            part = _product(part, other, elsewhere | later, sizes)
        parts.append(part)
    x, labels = _summed(*parts[0], set(wanted))
    return kt.permute_dims(x, tuple(labels.index(label) for label in wanted))


@implements("einsum_path", constant=True)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """The order in which `einsum` multiplies, and its cost, in NumPy's format."""
    plain: list[Any] = [
        np.broadcast_to(np.zeros(()), tuple(v.shape)) if isinstance(v, GradArray) else v
        for v in operands
    ]
    return np.einsum_path(*plain, optimize=optimize)


# -- what the subscripts say ---------------------------------------------------------------------


def _parsed(operands: Sequence[Any]) -> tuple[list[list[Any]], list[Any] | None, list[Any]]:
    """The subscripts of each operand, those of the output if given, and the operands."""
    if not operands:
        raise ValueError("numpy.einsum: give the subscripts and the operands")
    if isinstance(operands[0], str):
        left, arrow, right = operands[0].replace(" ", "").partition("->")
        names = [_letters(term) for term in left.split(",")]
        output = _letters(right) if arrow else None
        values = list(operands[1:])
    else:
        pairs = len(operands) // 2
        values = list(operands[: 2 * pairs : 2])
        names = [list(term) for term in operands[1 : 2 * pairs : 2]]
        output = list(operands[-1]) if len(operands) % 2 else None
    if len(names) != len(values):
        raise ValueError(
            f"numpy.einsum: subscripts for {len(names)} operands, and {len(values)} operands"
        )
    return names, output, values


def _letters(term: str) -> list[Any]:
    before, dots, after = term.partition("...")
    if not all(c.isascii() and c.isalpha() for c in before + after):
        raise ValueError(f"numpy.einsum: subscripts {term!r}: use letters and one '...'")
    return [*before, *([...] if dots else []), *after]


def _labelled(
    names: list[list[Any]], output: list[Any] | None, xs: Sequence[GradArray]
) -> tuple[list[Labels], Labels]:
    """The names of all axes of the operands and of the output, with the ellipses expanded."""
    terms: list[Labels] = []
    widest = 0
    for term, x in zip(names, xs, strict=True):
        more = x.ndim - len(term) + (... in term)
        if more < 0 or (more and ... not in term) or term.count(...) > 1:
            raise ShapeError(
                f"numpy.einsum: {len(term)} subscripts for an operand of shape {tuple(x.shape)}"
            )
        widest = max(widest, more)
        terms.append(_spelled(term, more))
    if output is None:
        counts = [label for term in names for label in term if label is not ...]
        output = [..., *sorted(label for label in {*counts} if counts.count(label) == 1)]
    elif widest and ... not in output:
        raise ValueError("numpy.einsum: the output must have '...' where the operands have it")
    wanted = _spelled(output, widest)
    known = {label for term in terms for label in term}
    if len({*wanted}) != len(wanted) or not {*wanted} <= known:
        raise ValueError(
            f"numpy.einsum: the output {output} must name axes of the operands, each once"
        )
    return terms, wanted


def _spelled(term: list[Any], more: int) -> Labels:
    ellipsis = [("...", k) for k in range(more, 0, -1)]
    return tuple(v for label in term for v in (ellipsis if label is ... else [label]))


def _sizes(terms: list[Labels], xs: Sequence[GradArray]) -> dict[Hashable, int]:
    """The length of each named axis; an axis of length 1 broadcasts."""
    sizes: dict[Hashable, int] = {}
    for labels, x in zip(terms, xs, strict=True):
        for label, n in zip(labels, x.shape, strict=True):
            known = sizes.get(label, 1)
            if n != known and 1 not in (n, known):
                raise ShapeError(
                    f"numpy.einsum: subscript {label!r} has lengths {known} and {n}: they must be "
                    "equal"
                )
            sizes[label] = n if known == 1 else known
    return sizes


# -- the products --------------------------------------------------------------------------------

Part = tuple[GradArray, Labels]


def _diagonals(x: GradArray, labels: Labels, sizes: dict[Hashable, int]) -> Part:
    """`x` with each name once: without broadcast axes, and with the diagonal of equal names."""
    single = tuple(i for i, label in enumerate(labels) if x.shape[i] == 1 != sizes[label])
    if single:
        x = kt.squeeze(x, single)
        labels = tuple(label for i, label in enumerate(labels) if i not in single)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            x = kt.linalg.diagonal(kt.moveaxis(x, (i, j), (-2, -1)))
            labels = (*(v for k, v in enumerate(labels) if k not in (i, j)), label)
    return x, labels


def _order(
    parts: list[Part], wanted: Labels, sizes: dict[Hashable, int], optimize: Any
) -> list[list[int]]:
    """The groups of parts to multiply, in order; the product is appended to the other parts."""
    if len(parts) < 3 or optimize is False or optimize is None:
        return [list(range(len(parts)))]
    numbers = {label: i for i, label in enumerate(sizes)}
    call: list[Any] = []
    for x, labels in parts:
        call += [np.broadcast_to(np.zeros(()), tuple(x.shape)), [numbers[v] for v in labels]]
    path, _ = np.einsum_path(*call, [numbers[v] for v in wanted], optimize=optimize)
    groups = [[int(i) for i in group] for group in path[1:]]
    return groups or [list(range(len(parts)))]


def _summed(x: GradArray, labels: Labels, keep: set[Hashable]) -> Part:
    gone = tuple(i for i, label in enumerate(labels) if label not in keep)
    if gone:
        x = kt.sum(x, axis=gone, dtype=x.dtype)
        labels = tuple(label for label in labels if label in keep)
    return x, labels


def _product(a: Part, b: Part, keep: set[Hashable], sizes: dict[Hashable, int]) -> Part:
    """The product of two parts, summed over the names that are not in `keep`."""
    x, of_x = _summed(*a, keep | {*b[1]})
    y, of_y = _summed(*b, keep | {*of_x})
    both = [label for label in of_x if label in of_y]
    stacked = tuple(label for label in both if label in keep)
    summed = tuple(label for label in both if label not in keep)
    free_x = tuple(label for label in of_x if label not in both)
    free_y = tuple(label for label in of_y if label not in both)
    x = kt.permute_dims(x, [of_x.index(label) for label in (*stacked, *free_x, *summed)])
    y = kt.permute_dims(y, [of_y.index(label) for label in (*stacked, *summed, *free_y)])
    labels = (*stacked, *free_x, *free_y)
    lead, m, n, k = (tuple(sizes[v] for v in part) for part in (stacked, free_x, free_y, summed))
    if not summed:
        x = kt.reshape(x, (*lead, *m, *(1,) * len(n)))
        y = kt.reshape(y, (*lead, *(1,) * len(m), *n))
        return x * y, labels
    x = kt.reshape(x, (*lead, math.prod(m), math.prod(k)))
    y = kt.reshape(y, (*lead, math.prod(k), math.prod(n)))
    return kt.reshape(kt.matmul(x, y), (*lead, *m, *n)), labels
