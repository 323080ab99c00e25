"""Operations composed at random: every derivative of the composition agrees with differences."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import keratorch as kt
from keratorch.testing import check_grads

#: Functions of one array, smooth on all real numbers, whose values stay moderate.
SMOOTH = {
    "tanh": kt.tanh,
    "sin": kt.sin,
    "atan": kt.atan,
    "asinh": kt.asinh,
    "expit": kt.special.expit,
    "softplus": kt.special.softplus,
    "erf": kt.special.erf,
    "exp of tanh": lambda x: kt.exp(kt.tanh(x)),
    "log of 2 + x²": lambda x: kt.log(2 + x * x),
    "root of 1 + x²": lambda x: kt.sqrt(1 + x**2),
    "reciprocal of 2 + x²": lambda x: 1 / (2 + kt.square(x)),
    "transposed": lambda x: kt.matrix_transpose(x),
    "flipped": lambda x: kt.flip(x, axis=0),
    "rolled": lambda x: kt.roll(x, 1, axis=1),
    "softmax": lambda x: kt.special.softmax(x, axis=1),
    "less its mean": lambda x: x - kt.mean(x, axis=0, keepdims=True),
    "over its norm": lambda x: x / kt.sqrt(1 + kt.sum(x * x, axis=1, keepdims=True)),
    "totals": lambda x: kt.tanh(kt.cumulative_sum(x, axis=1)),
    "an element written": lambda x: written(x),
    "rows picked twice": lambda x: kt.take(x, kt.asarray([0, 0, 1]), axis=0),
    "a view updated": lambda x: updated(x),
}
#: Functions of two arrays.
JOINING = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (2 + y * y),
    "matmul": lambda x, y: x @ y,
    "hypot": lambda x, y: kt.hypot(1 + x * x, y),
    "atan2": lambda x, y: kt.atan2(x, 1 + y * y),
    "logaddexp": kt.logaddexp,
    "a row added": lambda x, y: x + y[0, ...],
    "a number multiplied": lambda x, y: x * kt.sum(kt.tanh(y)),
    "solved": lambda x, y: kt.linalg.solve(4 * kt.eye(3) + kt.tanh(x), y),
}


def written(x):
    y = kt.copy(x)
    y[1, ...] = y[0, ...] * y[2, ...]
    return y


def updated(x):
    y = kt.copy(x)
    row = y[0, ...]
    row *= kt.sin(x[1, ...])
    return y


def programs():
    """Nested tuples: ``"x"``, ``"y"``, ``(name, program)`` or ``(name, program, program)``."""
    return st.recursive(
        st.sampled_from(["x", "y"]),
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(sorted(SMOOTH)), inner),
            st.tuples(st.sampled_from(sorted(JOINING)), inner, inner),
        ),
        max_leaves=6,
    ).filter(lambda program: isinstance(program, tuple))


def run(program, x, y):
    if program == "x":
        return x
    if program == "y":
        return y
    name, *parts = program
    values = [run(part, x, y) for part in parts]
    return (SMOOTH if len(values) == 1 else JOINING)[name](*values)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(programs(), st.integers(0, 2**16))
def test_composition(program, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, (3, 3)), rng.uniform(-1, 1, (3, 3))
    check_grads(lambda x, y: run(program, x, y), [x, y], order=2, rtol=2e-5, atol=2e-6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(programs(), st.integers(0, 2**16))
def test_composition_agrees_in_float32(program, seed):
    """The gradients of float32 inputs are float32, and near those of float64."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(-1, 1, (2, 3, 3))
    grads = []
    for dtype in (np.float64, np.float32):
        x, y = (kt.GradArray(v.astype(dtype)) for v in values)
        kt.sum(run(program, x, y)).backward()
        grads.append([x.grad, y.grad])
        assert all(g is None or g.dtype == dtype for g in grads[-1])
    for precise, rough in zip(*grads, strict=True):
        assert (precise is None) == (rough is None)
        if precise is not None:
            scale = 1 + np.abs(precise).max()
            np.testing.assert_allclose(rough, precise, rtol=1e-3, atol=1e-4 * scale)
