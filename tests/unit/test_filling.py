"""Loops that write or read one element at a time cost O(n): no step copies the whole array."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import keratorch as kt
from tests.unit.test_write_fuzz import HERE, play, run

COUNTED = ("copy", "with_item", "add_at", "add", "laid_out_as")


@pytest.fixture
def copied(monkeypatch):
    """A list of one number: the bytes of the arrays of 1 kB or more that NumPy's backend made."""
    backend, total = kt.backends.get("numpy"), [0]

    def counting(function):
        def call(*args):
            found = function(*args)
            if found.nbytes >= 1024 and all(found is not a for a in args):
                total[0] += found.nbytes
            return found

        return call

    for name in COUNTED:
        monkeypatch.setattr(backend, name, counting(getattr(backend, name)))
    return total


def recurrence(w, n):
    a = kt.zeros(n, device=w.device)
    a[0] = w
    for i in range(1, n):
        a[i] = a[i - 1] * w
    return kt.sum(a)


def sums_in_place(w, n):
    a = kt.zeros(n, device=w.device)
    for i in range(n):
        a[i] += w * w
    return kt.sum(a * a)


def rows(w, n):
    a = kt.zeros((n, 2), device=w.device)
    a[0] = w
    for i in range(1, n):
        a[i] = a[i - 1] * w + 1.0
    return kt.sum(a)


def rows_in_place(w, n):
    a = kt.zeros((n, 2), device=w.device)
    for i in range(1, n):
        a[i] += a[i - 1] * w + 1.0
    return kt.sum(a)


def last_row_kept(w, n):
    a = kt.zeros((n, 2), device=w.device)
    a[0] = w
    last = a[0]
    for i in range(1, n):
        a[i] = last * w
        last = a[i]
    return kt.sum(a)


def rows_as_views(w, n):
    a = kt.zeros((n, 2), device=w.device)
    for row in a:
        row[...] = w * w
    return kt.sum(a)


def elements_of_rows(w, n):
    a = kt.zeros((n, 2), device=w.device)
    for i in range(n):
        a[i][1] = w * w
    return kt.sum(a)


def flat(w, n):
    a = kt.zeros((n // 2, 2), device=w.device)
    for i in range(n // 2 * 2):
        a.flat[i] = w * w
    return kt.sum(a)


def rows_at_numpy_integers(w, n):
    a = kt.zeros((n, 2), device=w.device)
    a[0] = w
    for i in np.arange(1, n):
        a[i] = a[i - 1] * w
    return kt.sum(a)


def slices(w, n):
    a = kt.zeros(n, device=w.device)
    a[:2] = w
    for i in range(2, n):
        a[i : i + 1] = a[i - 2 : i - 1] * w
    return kt.sum(a)


def reads(w, n):
    x = w * kt.ones((n, 2), device=w.device)
    total = 0.0
    for i in range(n):
        total = total + x[i] * x[i, 0]
    return kt.sum(total)


def iteration(w, n):
    x = w * kt.ones((n, 2), device=w.device)
    return kt.sum(sum(row * row for row in x))


def takes(w, n):
    x = w * kt.ones((n, 2), device=w.device)
    return kt.sum(sum(kt.take(x, [i], axis=0) ** 2 for i in range(n)))


PROGRAMS = [
    recurrence, sums_in_place, rows, rows_in_place, last_row_kept, rows_as_views,
    elements_of_rows, flat, rows_at_numpy_integers, slices, reads, iteration, takes,
]  # fmt: skip


def one(w):
    return kt.ones_like(kt.asarray(w))._array


def jvp(f):
    return lambda w: kt.jvp(f, (w,), (one(w),))[1]


def pushed(f):
    return lambda w: kt.linearize(f, w)[1](one(w))


MODES = {
    "reverse": kt.grad,
    "forward": jvp,
    "linearized": pushed,
    "twice": lambda f: kt.grad(kt.grad(f)),
    "forward over reverse": lambda f: jvp(kt.grad(f)),
}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("mode", MODES)
def test_no_step_copies_the_array(mode, program, copied):
    n = 300
    MODES[mode](lambda w: program(w, n))(np.asarray(0.9))
    assert copied[0] <= 40 * 2 * n * 8


def test_a_hundred_thousand_elements_copy_a_few_arrays(copied):
    """Some 5 s: a cost of O(n²) shows at this size only."""
    n = 100_000
    found = kt.grad(lambda w: recurrence(w, n))(np.asarray(0.5))
    assert found == pytest.approx(4.0)  # of 1/(1 - w)·w: 1/(1 - w)²
    assert copied[0] <= 20 * n * 8


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_values_and_derivatives(program, monkeypatch):
    """They are the same as with copies, and as differences."""
    w, n = np.asarray(0.9), 12
    f = lambda w: program(w, n)  # noqa: E731
    found = {mode: MODES[mode](f)(w) for mode in MODES}
    monkeypatch.setattr(kt.backends.get("numpy"), "fills", False)
    for mode, value in found.items():
        np.testing.assert_allclose(value, MODES[mode](f)(w), rtol=1e-13, err_msg=mode)
    with_step = [float(f(kt.asarray(w + h))) for h in (1e-6, -1e-6)]
    assert found["reverse"] == pytest.approx((with_step[0] - with_step[1]) / 2e-6, rel=1e-6)


@pytest.mark.parametrize("block", range(3))
def test_random_programs_agree_with_copies(block, monkeypatch):
    """In every mode; the arrays of the program are alive at its end, and have their gradients."""
    backend = kt.backends.get("numpy")
    compared = 0
    for seed in range(8 * block, 8 * block + 8):
        program, *_ = play(seed, lambda i: True, detach=False, steps=14)
        rng = np.random.default_rng(seed)
        n = sum(b.size for b in program.bases)
        w, t = rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
        found = []
        for fills in (True, False):
            monkeypatch.setattr(backend, "fills", fills)
            found.append(in_every_mode(program, w, t))
        for name, (here, there) in {k: (found[0][k], found[1][k]) for k in found[0]}.items():
            np.testing.assert_allclose(
                here, there, rtol=1e-10, atol=1e-12, err_msg=f"{name}, {seed}"
            )
            compared += 1
    assert compared == 8 * 8


def in_every_mode(program, w, t):
    kept = []

    def f(w):
        arrays, at = [], 0
        for base in program.bases:
            part = kt.reshape(w[at : at + base.size], base.shape)
            arrays.append(part * 1.0 + base)
            at += base.size
        early = 0.0
        for i, step in enumerate(program.steps):
            run(step, arrays, HERE)
            if i % 4 == 3:
                early = early + kt.sum(kt.sin([a for a in arrays if a is not None][-1]))
        kept[:] = [a for a in arrays if a is not None]
        return early + sum(kt.sum(kt.sin(a) * (i + 1)) for i, a in enumerate(kept))

    def with_leaf(create_graph):
        x = kt.GradArray(w)
        y = f(x)
        arrays = [x, *kept]
        y.backward(create_graph=create_graph)
        grads = [kt.asarray(a.grad).detach().numpy() for a in arrays if a.grad is not None]
        return np.concatenate([g.ravel() for g in grads])

    return {
        "grad": kt.grad(f)(w),
        "jvp": kt.jvp(f, (w,), (t,))[1],
        "linearize": kt.linearize(f, w)[1](t),
        "hvp": kt.hvp(f, (w,), (t,))[1],
        "vhp": kt.grad(lambda w: kt.sum(kt.grad(f)(w) * t))(w),
        "forward over forward": jvp_along(lambda w: jvp_along(f, t)(w), t)(w),
        "backward": with_leaf(False),
        "recorded backward": with_leaf(True),
    }


def jvp_along(f, t):
    return lambda w: kt.jvp(f, (w,), (t,))[1]


# -- who else sees the memory ----------------------------------------------------------------


def filled_once():
    w = kt.GradArray(np.array([2.0, 3.0]))
    a = kt.zeros(3)
    a[0] = w[0]
    return w, a


@pytest.mark.parametrize(
    "look",
    [
        lambda a: a._array,
        lambda a: a._array[:2],
        lambda a: a._array.T,
        lambda a: memoryview(a._array),
        lambda a: np.from_dlpack(a._array),
        lambda a: np.asarray(a._array.ctypes),
        lambda a: np.lib.stride_tricks.as_strided(a._array, (2,), (8,)),
    ],
    ids=["array", "view", "transpose", "memoryview", "dlpack", "ctypes", "as_strided"],
)
def test_what_the_caller_took_out_keeps_its_values(look):
    w, a = filled_once()
    taken = look(a)
    before = np.array(a._array)
    a[0] = w[1]
    now = taken.obj if isinstance(taken, memoryview) else taken
    if isinstance(now, np.ndarray) and now.dtype == float:
        np.testing.assert_array_equal(now.ravel(), before[: now.size])
    assert a._array[0] == 3.0


def test_what_a_rule_saved_keeps_its_values():
    w, a = filled_once()
    y = kt.sum(a * a)
    a[0] = w[1]
    (y + kt.sum(a * a)).backward()
    np.testing.assert_array_equal(w.grad, [4.0, 6.0])


def test_a_write_that_fails_changes_nothing():
    w, a = filled_once()
    before, edge = np.array(a._array), a._edge
    for key, value in ((5, w[0]), (slice(2), kt.concat([w, w]))):
        with pytest.raises((kt.InvalidIndexError, kt.ShapeError)):
            a[key] = value
    assert a._edge is edge
    np.testing.assert_array_equal(a._array, before)


def test_gradients_that_were_handed_out_stay():
    w, a = filled_once()
    y = kt.sum(a * 2.0)
    seen = []
    a.register_hook(lambda g: seen.append(g))
    y.backward()
    np.testing.assert_array_equal(a.grad, [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(seen[0], [2.0, 2.0, 2.0])
    seed = np.ones(3)
    w, a = filled_once()
    a.backward(seed)
    np.testing.assert_array_equal(seed, 1.0)
    np.testing.assert_array_equal(w.grad, [1.0, 0.0])
    w, a = filled_once()
    kt.sum(a**2).backward(create_graph=True)
    np.testing.assert_array_equal(a.grad.numpy(), [4.0, 0.0, 0.0])


def test_tangents_of_the_caller_stay():
    w, t = np.array([2.0, 3.0]), np.array([1.0, 1.0])

    def f(w):
        w = w * 1.0
        v = kt.positive(w)
        w[0] = w[1] * w[0]
        return kt.sum(w) + kt.sum(v)

    assert kt.jvp(f, (w,), (t,))[1] == 3.0 + 2.0 + 1.0 + 2.0
    np.testing.assert_array_equal(t, 1.0)


def test_a_linear_map_that_writes_an_array_into_itself():
    def f(w):
        a = w * 1.0
        a[::-1] = a
        return a

    _, derivative = kt.linearize(f, np.arange(3.0))
    np.testing.assert_array_equal(derivative(np.array([1.0, 2.0, 3.0])), [3.0, 2.0, 1.0])


def test_threads_fill_their_own_arrays():
    def work(i):
        return float(kt.grad(lambda w: recurrence(w, 200))(np.asarray(0.5 + i / 100)))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(8)))
    for i, g in enumerate(found):
        assert g == pytest.approx(1 / (0.5 - i / 100) ** 2, rel=1e-6)
