"""Loops that write or read one element at a time cost O(n): no step copies the whole array."""

import numpy as np
import pytest

import keratorch as kt

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
    a = kt.zeros(n)
    a[0] = w
    for i in range(1, n):
        a[i] = a[i - 1] * w
    return kt.sum(a)


def sums_in_place(w, n):
    a = kt.zeros(n)
    for i in range(n):
        a[i] += w * w
    return kt.sum(a * a)


def rows(w, n):
    a = kt.zeros((n, 2))
    a[0] = w
    for i in range(1, n):
        a[i] = a[i - 1] * w + 1.0
    return kt.sum(a)


def rows_in_place(w, n):
    a = kt.zeros((n, 2))
    for i in range(1, n):
        a[i] += a[i - 1] * w + 1.0
    return kt.sum(a)


def last_row_kept(w, n):
    a = kt.zeros((n, 2))
    a[0] = w
    last = a[0]
    for i in range(1, n):
        a[i] = last * w
        last = a[i]
    return kt.sum(a)


def rows_as_views(w, n):
    a = kt.zeros((n, 2))
    for row in a:
        row[...] = w * w
    return kt.sum(a)


def elements_of_rows(w, n):
    a = kt.zeros((n, 2))
    for i in range(n):
        a[i][1] = w * w
    return kt.sum(a)


def flat(w, n):
    a = kt.zeros((n // 2, 2))
    for i in range(n // 2 * 2):
        a.flat[i] = w * w
    return kt.sum(a)


def slices(w, n):
    a = kt.zeros(n)
    a[:2] = w
    for i in range(2, n):
        a[i : i + 1] = a[i - 2 : i - 1] * w
    return kt.sum(a)


def reads(w, n):
    x = w * np.ones((n, 2))
    total = 0.0
    for i in range(n):
        total = total + x[i] * x[i, 0]
    return kt.sum(total)


def iteration(w, n):
    x = w * np.ones((n, 2))
    return kt.sum(sum(row * row for row in x))


def takes(w, n):
    x = w * np.ones((n, 2))
    return kt.sum(sum(kt.take(x, kt.asarray([i]), axis=0) ** 2 for i in range(n)))


PROGRAMS = [
    recurrence, sums_in_place, rows, rows_in_place, last_row_kept, rows_as_views,
    elements_of_rows, flat, slices, reads, iteration, takes,
]  # fmt: skip


def jvp(f):
    return lambda w: kt.jvp(f, (w,), (np.ones(()),))[1]


def pushed(f):
    return lambda w: kt.linearize(f, w)[1](np.ones(()))


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
