"""How many tasks Dask gets: as many more for each step of a loop and for each chunk.

A graph that is copied, counted twice, or cut into ever smaller chunks grows faster, and a loop of a
few steps is then too large to compute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

N = 96
ORDER = [(7 * i + 3) % N for i in range(N)]
REPEATED = [(5 * i) % 12 for i in range(N)]
MASK = [i % 3 > 0 for i in range(N)]
VALUES = np.random.default_rng(1).random((N, 3)) / 2 + 0.25


def like(s: Any, values: Any) -> Any:
    """A constant beside `s`."""
    return kt.asarray(values, device=s.device)


def written(key: Any, value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write(s):
        y = s * 1.0
        y[key] = value(s)
        return y

    return write


def written_by_mask(s):
    y = s * 1.0
    y[s.detach() > 0.4] = 0.5
    return y


def added_to_part(s):
    y = s * 1.0
    y[1:] += s[:-1]
    return y


def convolved(s):
    kernel = like(s, np.full((3, 3, 3), 0.1).tolist())
    return s + kt.nn.functional.conv1d(s.mT[None, ...], kernel, padding=1)[0].mT


def pooled(pool: Any) -> Callable[[Any], Any]:
    return lambda s: s + kt.repeat(pool(s.mT[None, ...], 2)[0].mT, 2, axis=0)


#: One step of a loop, from (N, 3) to (N, 3).
LOOPS: dict[str, Callable[[Any], Any]] = {
    "new axis": lambda s: kt.sum(s[:, None] * s[:, :, None], axis=1),
    "expand_dims": lambda s: kt.sum(kt.expand_dims(s, axis=1) * s[..., None], axis=1),
    "integer": lambda s: s * s[5],
    "integer of the last axis": lambda s: s * s[..., 1, None],
    "element": lambda s: s * s[-3, 1],
    "slice": lambda s: s + kt.sum(s[3:20], axis=0),
    "slice with a step": lambda s: s + kt.sum(s[1::3], axis=0),
    "negative step": lambda s: s + s[::-1],
    "ellipsis": lambda s: s * s[...],
    "neighbours": lambda s: kt.concat([s[1:] - s[:-1], s[:1]]),
    "mask": lambda s: s + kt.sum(s[MASK], axis=0),
    "integers": lambda s: s * s[ORDER],
    "repeated integers": lambda s: s * s[REPEATED],
    "columns": lambda s: s * s[:, [2, 0, 1]],
    "integers, a slice and None": lambda s: s + kt.sum(s[REPEATED, None, 1:], axis=0)[:, :1],
    "take": lambda s: s * kt.take(s, like(s, ORDER), axis=0),
    "take_along_axis": lambda s: (
        s * kt.take_along_axis(s, like(s, [[i, N - 1 - i, 0] for i in ORDER]), axis=0)
    ),
    "repeat": lambda s: s + kt.repeat(s, 2, axis=0)[:N],
    "tile": lambda s: s + kt.tile(s, (2, 1))[:N],
    "roll": lambda s: s + kt.roll(s, 1, axis=0),
    "roll of two axes": lambda s: s + kt.roll(s, (1, -1), axis=(0, 1)),
    "flip": lambda s: s + kt.flip(s, axis=0),
    "triangles": lambda s: s + kt.tril(s) * kt.triu(s),
    "diagonal": lambda s: s + kt.linalg.diagonal(s),
    "pad": lambda s: s + knp.pad(s, ((1, 1), (0, 0)))[:N],
    "sort": lambda s: s + kt.sort(s, axis=0),
    "argsort": lambda s: s + kt.take_along_axis(s, kt.argsort(s, axis=0), axis=0),
    "cumulative_sum": lambda s: s + kt.cumulative_sum(s, axis=0) / N,
    "cumulative_prod": lambda s: s + kt.cumulative_prod(s, axis=0),
    "prod": lambda s: s + kt.prod(s, axis=0),
    "diff": lambda s: s + kt.diff(s, axis=0, prepend=s[:1]),
    "concat": lambda s: kt.concat([s[N // 2 :], s[: N // 2]]),
    "stack": lambda s: kt.sum(kt.stack([s, s * s]), axis=0),
    "unstack": lambda s: s * kt.stack(list(kt.unstack(s, axis=1)), axis=1),
    "where": lambda s: kt.where(s > 0.5, s[::-1], s[:, None, 0]),
    "broadcast_to": lambda s: s + kt.broadcast_to(s[:1], (N, 3)),
    "convolution": convolved,
    "max_pool": pooled(kt.nn.functional.max_pool1d),
    "avg_pool": pooled(kt.nn.functional.avg_pool1d),
    "write of a slice": written(np.s_[3:9], lambda s: s[:6] / 2),
    "write of an integer": written(2, lambda s: s[1] / 2),
    "write with a step": written(np.s_[::-2], lambda s: s[: N // 2] / 2),
    "write of a column": written(np.s_[:, 1], lambda s: s[:, 0] * s[:, 2]),
    "write with None": written(np.s_[None, 4:6, :2], lambda s: s[None, :2, 1:]),
    "write of a number": written(np.s_[3:9, 1], lambda s: 0.5),
    "write of integers": written((ORDER[:6],), lambda s: s[:6] / 2),
    "write by a mask": written_by_mask,
    "addition to a part": added_to_part,
}


def loss(name: str, steps: int) -> Callable[[Any], Any]:
    def of(s):
        for _ in range(steps):
            s = LOOPS[name](s) * 0.4 + 0.1
        return kt.sum(s * s)

    return of


MODES: dict[str, Callable[[Any, Any], Any]] = {
    "forward": lambda f, x: f(kt.GradArray(x))._array,
    "backward": lambda f, x: kt.grad(f)(x),
    "jvp": lambda f, x: kt.jvp(f, [x], [x])[1],
    "hvp": lambda f, x: kt.hvp(f, [x], [x]),
    "grad of grad": lambda f, x: kt.grad(lambda x: kt.sum(kt.grad(f)(x) ** 2))(x),
}


def result(mode: str, name: str, steps: int, chunks: int) -> Any:
    x = da.from_array(VALUES, chunks=(N // chunks, 3)) if chunks else VALUES
    found = MODES[mode](loss(name, steps), x)
    return found[0] if isinstance(found, (tuple, list)) else found


def tasks(mode: str, name: str, steps: int, chunks: int, optimized: bool = False) -> int:
    y = result(mode, name, steps, chunks)
    return len((dask.optimize(y)[0] if optimized else y).__dask_graph__())


@pytest.fixture
def modes(full):
    return list(MODES) if full else ["backward", "hvp"]


@pytest.mark.parametrize("name", LOOPS)
def test_graphs_grow_linearly_with_steps(name, modes, full):
    for mode in modes:
        more = np.diff([tasks(mode, name, n, 2) for n in ((2, 4, 6, 8) if full else (2, 3, 4))])
        assert more.max() <= 1.1 * more.min() + 4, (mode, more)
    # Dask fuses many or few tasks of a step.
    assert tasks("backward", name, 4, 2, optimized=True) <= tasks("backward", name, 4, 2)


def test_dask_itself_halves_chunks():
    """Each ``s[::2]`` has as many chunks as `s`, of half the size: joined, twice as many.

    This is Dask's way of reading. The graph of the derivative is then as large as the graph below
    it, times a constant.
    """
    LOOPS["halves"] = lambda s: s + kt.concat([s[::2], s[1::2]])
    try:
        counts = [[tasks(mode, "halves", n, 2) for mode in ("forward", "backward")] for n in (2, 4)]
    finally:
        del LOOPS["halves"]
    assert counts[1][0] > 4 * counts[0][0]
    assert counts[1][1] / counts[1][0] < 1.5 * counts[0][1] / counts[0][0]


#: Dask makes a task for each pair of chunks, where one has elements that the other needs.
OF_PAIRS = ("repeated integers", "integers, a slice and None")


@pytest.mark.parametrize("name", [name for name in LOOPS if name not in OF_PAIRS])
def test_graphs_grow_linearly_with_chunks(name, modes):
    for mode in modes:
        counts = [tasks(mode, name, 1, n) for n in (4, 8, 16)]
        assert counts[2] - counts[1] <= 2.5 * (counts[1] - counts[0]), (mode, counts)


@pytest.mark.parametrize("name", LOOPS)
def test_values_of_loops(name, modes):
    for mode in modes:
        y = result(mode, name, 2, 4)
        found = y.compute(optimize_graph=False)  # see docs/decisions/0023
        np.testing.assert_allclose(found, result(mode, name, 2, 0), rtol=1e-10, atol=1e-12)
