"""Transformations on every row of `op_specs`: ways to the same derivative agree.

`linearize` and `vjp` go through nodes that were recorded for the way back, `jvp` through nodes
that it makes on the way forward: what a rule needs must be in both.
"""

import numpy as np
import pytest

import keratorch as kt
from tests.op_cases import DOUBLE, main_sample
from tests.op_checks import assert_close, call, make_seeds, on_device, on_host, random_like
from tests.op_specs import OPS

ROWS = [
    pytest.param(op, op.samples[main_sample(op, "numpy", dtype)], dtype, id=f"{op.name}-{dtype}")
    for op in OPS
    for dtype in DOUBLE
    if dtype in op.dtypes_of(op.samples[main_sample(op, "numpy", dtype)])
]


def test_every_row_is_here():
    assert {row.values[0].name for row in ROWS} == {op.name for op in OPS}


def prepared(op, sample, dtype):
    """The row as a function of its arrays alone, these, directions, and weights of the outputs."""
    inputs = sample.inputs(dtype)
    arrays = tuple(x for x in inputs if isinstance(x, np.ndarray))

    def function(*given):
        given = iter(given)
        return call(op, sample, [next(given) if isinstance(x, np.ndarray) else x for x in inputs])

    directions = tuple(
        random_like(x.shape, dtype, f"{sample.name} direction {i}") for i, x in enumerate(arrays)
    )
    leaves = [kt.GradArray(x) for x in arrays]
    results = function(*leaves)
    # Where the outputs are: `to_device` leads from NumPy to another library.
    seeds = [
        on_device(y.device, s) for y, s in zip(results, make_seeds(sample, results), strict=True)
    ]
    return function, arrays, directions, seeds, leaves, results


@pytest.mark.parametrize(("op", "sample", "dtype"), ROWS)
def test_ways_to_the_first_derivative(op, sample, dtype):
    function, arrays, directions, seeds, leaves, results = prepared(op, sample, dtype)
    # forward: jvp, and linearize, twice
    values, tangents = kt.jvp(function, arrays, directions)
    recorded, derivative = kt.linearize(function, *arrays)
    for found in (derivative(*directions), derivative(*directions)):
        for y, z, t, wanted in zip(recorded, values, found, tangents, strict=True):
            assert type(t) is type(wanted) is type(y) and t.dtype == wanted.dtype == y.dtype
            np.testing.assert_array_equal(on_host(y), on_host(z))
            assert_close(on_host(t), on_host(wanted), dtype, "linearize")
    # along one argument at a time, the others at rest
    for i, direction in enumerate(directions):
        alone = [np.zeros_like(d) for d in directions]
        alone[i] = direction
        _, wanted = kt.jvp(function, arrays, alone)
        for t, w in zip(derivative(*alone), wanted, strict=True):
            assert_close(on_host(t), on_host(w), dtype, f"linearize, argument {i} alone")
        _, single = kt.jvp(
            lambda x, i=i: function(*arrays[:i], x, *arrays[i + 1 :]), (arrays[i],), (direction,)
        )
        for t, w in zip(single, wanted, strict=True):
            assert_close(on_host(t), on_host(w), dtype, f"jvp in argument {i}")
    # backward: vjp, twice, and gradients
    recorded, pullback = kt.vjp(function, *arrays)
    wanted = kt.gradients(results, leaves, seeds, allow_unused=True)
    for found in (pullback(seeds), pullback(seeds)):
        for x, g, w in zip(arrays, found, wanted, strict=True):
            assert type(g) is np.ndarray and g.dtype == x.dtype
            assert_close(g, np.zeros_like(x) if w is None else w, dtype, "vjp")
    # Re <seed, J·direction> = Re <Jᵀ·seed, direction>
    tangents, seeds = [on_host(t) for t in tangents], [on_host(s) for s in seeds]
    forward = sum(np.vdot(s, t).real for s, t in zip(seeds, tangents, strict=True))
    backward = sum(np.vdot(g, d).real for g, d in zip(found, directions, strict=True))
    scale = sum(
        np.abs(s).sum() * np.abs(t).max(initial=0.0) for s, t in zip(seeds, tangents, strict=True)
    )
    precision = min(np.finfo(t.dtype).eps for t in tangents)
    assert abs(forward - backward) <= 100 * precision * (scale + 1)


@pytest.mark.parametrize(("op", "sample", "dtype"), ROWS)
def test_ways_to_the_second_derivative(op, sample, dtype):
    """Forward over reverse, reverse over reverse, and through what was recorded once."""
    function, arrays, directions, seeds, *_ = prepared(op, sample, dtype)
    numbers = tuple(range(len(arrays)))

    def loss(*xs):
        terms = [kt.sum(kt.real(kt.conj(s) * y)) for s, y in zip(seeds, function(*xs), strict=True)]
        # Squared, so that a linear operation has a second derivative too.
        return sum(terms[1:], start=terms[0]) ** 2

    gradient = kt.grad(loss, numbers)

    def slope(*xs):
        return sum(
            kt.sum(kt.real(np.conj(d) * g)) for d, g in zip(directions, gradient(*xs), strict=True)
        )

    wanted = kt.grad(slope, numbers)(*arrays)
    ways = {
        "jvp of grad": kt.jvp(gradient, arrays, directions)[1],
        "linearize of grad": kt.linearize(gradient, *arrays)[1](*directions),
        "grad of jvp": kt.grad(lambda *xs: kt.jvp(loss, xs, directions)[1], numbers)(*arrays),
    }
    for name, found in ways.items():
        for i, (x, h, w) in enumerate(zip(arrays, found, wanted, strict=True)):
            assert type(h) is np.ndarray and h.dtype == x.dtype and h.shape == x.shape
            scale = np.abs(w).max(initial=1.0)
            assert_close(h / scale, w / scale, dtype, f"{name}, argument {i}")
