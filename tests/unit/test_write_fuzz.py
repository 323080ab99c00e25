"""Random little programs of views, writes and reads: the same in NumPy and here.

A program runs on plain arrays and on `GradArray`s in lockstep. After each step all arrays must be
equal; a write may be refused with `AliasedWriteError`, and has then changed nothing. Gradients
are compared with differences of the same program on plain arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import keratorch as kt

BASES = [(6,), (2, 3), (4, 1), (2, 3, 2), (1, 4), ()]
UPDATES: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
}


def keys(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """A random index of an array of that shape."""
    parts: list[Any] = []
    for n in shape:
        kind = rng.integers(5)
        if kind == 0 and n:
            parts.append(int(rng.integers(-n, n)))
        elif kind == 1:
            parts.append(slice(*sorted(int(i) for i in rng.integers(0, n + 1, 2))))
        elif kind == 2:
            parts.append(slice(None, None, int(rng.choice([-2, -1, 2]))))
        else:
            parts.append(slice(None))
    if rng.random() < 0.15:
        parts.insert(int(rng.integers(len(parts) + 1)), None)
    if parts and rng.random() < 0.2:
        parts[int(rng.integers(len(parts)))] = ...
        while parts.count(...) > 1:
            parts.remove(...)
    if rng.random() < 0.15 and shape and shape[0]:
        return rng.integers(0, shape[0], int(rng.integers(1, 4)))  # a copy
    return tuple(parts) if len(parts) != 1 or rng.random() < 0.5 else parts[0]


def view_step(x: np.ndarray, rng: np.random.Generator, detach: bool) -> tuple[str, Any]:
    """The name and the arguments of a way to look at `x`."""
    names = ["getitem", "reshape", "T", "broadcast_to", "expand_dims", "squeeze", "flip", "unstack"]
    names += ["getitem"] * 4 + ["mT"] * (x.ndim > 1) + ["detach"] * detach
    name = str(rng.choice(names))
    if name == "getitem":
        return name, keys(x.shape, rng)
    if name == "reshape":
        return name, [(-1,), x.shape[::-1], (1, *x.shape), (x.size,)][rng.integers(4)]
    if name == "broadcast_to":
        return name, (2, *x.shape)
    if name == "expand_dims":
        return name, int(rng.integers(x.ndim + 1))
    if name == "squeeze":
        return name, tuple(i for i, n in enumerate(x.shape) if n == 1)
    if name == "flip":
        return name, int(rng.integers(x.ndim)) if x.ndim else None
    if name == "unstack":
        return (
            ("unstack", int(rng.integers(x.ndim))) if x.ndim and 0 not in x.shape else ("T", None)
        )
    return name, None


IN_NUMPY: dict[str, Callable[[Any, Any], Any]] = {
    "getitem": lambda x, key: x[key],
    "reshape": lambda x, shape: x.reshape(shape),
    "T": lambda x, _: x.T,
    "mT": lambda x, _: x.swapaxes(-1, -2),
    "broadcast_to": np.broadcast_to,
    "expand_dims": np.expand_dims,
    "squeeze": np.squeeze,
    "flip": np.flip,
    "unstack": lambda x, axis: x[(*[slice(None)] * axis, -1, ...)],
    "detach": lambda x, _: x.view(),
}
HERE: dict[str, Callable[[Any, Any], Any]] = {
    **IN_NUMPY,
    "mT": lambda x, _: x.mT,
    "broadcast_to": kt.broadcast_to,
    "expand_dims": lambda x, axis: kt.expand_dims(x, axis=axis),
    "squeeze": lambda x, axes: kt.squeeze(x, axis=axes),
    "flip": lambda x, axis: kt.flip(x, axis=axis),
    "unstack": lambda x, axis: kt.unstack(x, axis=axis)[-1],
    "detach": lambda x, _: x.detach(),
}


@dataclass
class Program:
    """What was done, so that it can be done again with other numbers."""

    bases: list[np.ndarray]
    steps: list[tuple[Any, ...]] = field(default_factory=list)

    def again(self, bases: list[np.ndarray]) -> list[Any]:
        arrays: list[Any] = [np.array(b) for b in bases]
        for step in self.steps:
            run(step, arrays, IN_NUMPY)
        return arrays


def run(step: tuple[Any, ...], arrays: list[Any], ways: dict[str, Callable[..., Any]]) -> None:
    """One step on a list of arrays; a forgotten array leaves `None` in its place."""
    kind, i, *rest = step
    if kind == "view":
        name, argument = rest
        y = ways[name](arrays[i], argument)
        arrays.append(y if isinstance(y, kt.GradArray) else np.asarray(y))
    elif kind == "compute":
        arrays.append(as_array(arrays[i] * rest[0] + 1.0))
    elif kind == "forget":
        arrays[i] = None
    else:
        key, sign, j, number = rest
        value = number if j is None else arrays[j]
        if kind == "set":
            arrays[i][key] = value
        elif kind == "update":
            arrays[i] = as_array(UPDATES[sign](arrays[i], value))
        else:  # x[key] += value
            arrays[i][key] = UPDATES[sign](arrays[i][key], value)


def as_array(y: Any) -> Any:
    return y if isinstance(y, kt.GradArray) else np.asarray(y)


def random_step(arrays: list[Any], rng: np.random.Generator, detach: bool) -> tuple[Any, ...]:
    alive = [i for i, x in enumerate(arrays) if x is not None]
    i = int(rng.choice(alive))
    x = arrays[i]
    kind = str(rng.choice(["view"] * 4 + ["compute", "forget"] + ["set", "update", "item"] * 2))
    if kind == "view":
        return kind, i, *view_step(x, rng, detach)
    if kind == "compute":
        return kind, i, float(rng.uniform(-1, 1))
    if kind == "forget":
        return (kind, i) if len(alive) > 1 else ("compute", i, 0.5)
    j = int(rng.choice(alive)) if rng.random() < 0.6 else None
    sign = str(rng.choice(list(UPDATES)))
    return kind, i, keys(x.shape, rng), sign, j, float(rng.uniform(-1, 1))


def numpy_takes(step: tuple[Any, ...], program: Program) -> bool:
    """Whether the step goes through after the program, and the numbers stay small."""
    arrays = program.again(program.bases)
    try:
        run(step, arrays, IN_NUMPY)
    except (ValueError, IndexError):
        return False
    return all(x is None or not x.size or np.abs(x).max() < 1e3 for x in arrays)


def assert_equal(here: list[Any], there: list[Any], steps: list[Any]) -> None:
    for i, (x, y) in enumerate(zip(here, there, strict=True)):
        assert (x is None) == (y is None)
        if x is not None:
            np.testing.assert_array_equal(x._array, y, err_msg=f"array {i} after {steps}")


@dataclass(frozen=True)
class Library:
    """The library under `GradArray`, in which a program runs beside NumPy.

    make : an array of it with the values of a NumPy array, in memory of its own.
    step : a step as it is run on its arrays.
    takes : whether a step on these NumPy arrays means the same in it.
    refused : how large a part of the writes into constants it may refuse.
    """

    make: Callable[[np.ndarray], Any] = np.array
    step: Callable[[tuple[Any, ...]], tuple[Any, ...]] = lambda step: step
    takes: Callable[[tuple[Any, ...], list[Any]], bool] = lambda step, arrays: True
    refused: float = 0.0


NUMPY = Library()


def play(
    seed: int,
    tracked: Callable[[int], bool],
    detach: bool,
    steps: int = 14,
    library: Library = NUMPY,
) -> tuple[Program, list[Any], list[Any], int]:
    """A random program, run in both worlds; also how many writes were refused."""
    rng = np.random.default_rng(seed)
    shapes = [BASES[i] for i in rng.integers(len(BASES), size=2)]
    program = Program(
        [np.array(rng.uniform(-1, 1, shape), order=str(rng.choice(["C", "F"]))) for shape in shapes]
    )
    there: list[Any] = [np.array(b) for b in program.bases]  # of the same order in memory
    leaves: list[Any] = []
    here: list[Any] = []
    for i, base in enumerate(program.bases):
        leaves.append(kt.GradArray(library.make(base)) if tracked(i) else None)
        here.append(leaves[i] * 1.0 if tracked(i) else kt.asarray(library.make(base)))
    refused = 0
    for _ in range(steps):
        step = random_step(there, rng, detach)
        if not library.takes(step, there) or not numpy_takes(step, program):
            continue
        try:
            run(library.step(step), here, HERE)
        except kt.AliasedWriteError:
            refused += 1
            assert_equal(here, there, [*program.steps, ("refused", step)])
            continue
        program.steps.append(step)
        run(step, there, IN_NUMPY)
        assert_equal(here, there, program.steps)
    return program, here, leaves, refused


WORLDS: dict[str, Callable[[int], bool]] = {
    "constants": lambda i: False,
    "tracked": lambda i: True,
    "mixed": lambda i: i == 0,
}
SEEDS = 60


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("block", range(4))
def test_values_are_those_of_numpy(world: str, block: int):
    check_values(world, block, NUMPY)


def check_values(world: str, block: int, library: Library) -> None:
    refused = total = 0
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        program, _, _, count = play(seed, WORLDS[world], detach=True, library=library)
        refused += count
        total += len(program.steps)
    assert total > 5 * SEEDS
    assert refused < total / 20
    if world == "constants":
        assert refused <= library.refused * total


@pytest.mark.parametrize("world", ["tracked", "mixed"])
@pytest.mark.parametrize("block", range(4))
def test_gradients_are_those_of_the_program(world: str, block: int):
    check_gradients(world, block, NUMPY)


def check_gradients(world: str, block: int, library: Library) -> None:
    """Reverse and forward mode, against differences of the same program in NumPy."""
    checked = 0
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        program, arrays, leaves, _ = play(seed, WORLDS[world], False, 10, library)
        rng = np.random.default_rng(seed)
        weights = [None if x is None else rng.uniform(-1, 1, x.shape) for x in arrays]
        # Of the same order in memory as the bases: what `reshape` copies depends on it.
        directions = [
            np.full_like(b, rng.uniform(-1, 1, b.shape) if leaf is not None else 0)
            for b, leaf in zip(program.bases, leaves, strict=True)
        ]

        def loss(arrays: list[Any], weights: list[Any] = weights, xp: Any = np) -> Any:
            make = np.array if xp is np else library.make
            pairs = zip(arrays, weights, strict=True)
            terms = [xp.sum(x * make(w)) for x, w in pairs if w is not None]
            return sum(terms[1:], start=terms[0])

        h = 1e-6
        up, down = (
            loss(program.again([b + s * d for b, d in zip(program.bases, directions, strict=True)]))
            for s in (h, -h)
        )
        expected = (up - down) / (2 * h)
        value = loss(arrays, xp=kt)
        if not value.requires_grad:
            assert expected == pytest.approx(0, abs=1e-6)
            continue
        try:
            value.backward()
        except kt.StaleValueError:
            assert world == "mixed"  # a constant that was saved was written in place
            continue
        found = sum(
            np.sum(np.asarray(leaf.grad) * d)
            for leaf, d in zip(leaves, directions, strict=True)
            if leaf is not None and leaf.grad is not None
        )
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-5), program.steps

        def forward(*moving: Any, program: Program = program, leaves: list[Any] = leaves) -> Any:
            given = iter(moving)
            arrays = [
                next(given) * 1.0 if leaf is not None else kt.asarray(library.make(b))
                for b, leaf in zip(program.bases, leaves, strict=True)
            ]
            for step in program.steps:
                run(library.step(step), arrays, HERE)
            return loss(arrays, xp=kt)

        moving = [i for i, leaf in enumerate(leaves) if leaf is not None]
        starts, ways = ([library.make(a[i]) for i in moving] for a in (program.bases, directions))
        _, tangent = kt.jvp(forward, starts, ways)
        assert float(tangent) == pytest.approx(expected, rel=1e-5, abs=1e-5), program.steps
        checked += 1
    assert checked > SEEDS / 3
