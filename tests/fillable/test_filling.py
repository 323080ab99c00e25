"""Arrays made first and filled after, with keratorch.numpy: every way to write, every view."""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.testing import check_grads

X = np.array([1.1, 1.7, 0.6])


def check(f):
    """The value and the derivatives of `f`, compared with `f` on plain arrays."""
    value, found = kt.value_and_grad(lambda x: f(x, knp))(X)
    np.testing.assert_allclose(value, f(X, np), rtol=1e-12)
    assert type(found) is np.ndarray
    step = 1e-6 * np.eye(3)
    wanted = [(f(X + e, np) - f(X - e, np)) / 2e-6 for e in step]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)
    check_grads(lambda x: f(x, knp), [X], order=2)


# -- ways to write ---------------------------------------------------------------------------------


def by_elements(x, np):
    a = np.zeros(3)
    for i in range(3):
        a[i] = x[i] ** 2
    return np.sum(a * a)


def in_place(x, np):
    a = np.zeros(3)
    a += x
    a *= x
    a -= 1
    a /= 2.0
    a **= 2
    return np.sum(a)


def by_slices(x, np):
    a = np.ones(3)
    a[1:] = a[:-1] * x[1:]
    a[1:] += x[:-1]
    a[:2] *= a[1:]
    a[a > 5.0] = x[0]
    a[[0, 2]] -= x[1]
    return a.sum() + (a @ x)


def by_flat(x, np):
    a = np.zeros((2, 2))
    a.flat[2] = x[1]
    a.flat[0:2] = x[:2] * x[2]
    a.flat = a.flat
    return np.sum(a**3) + a.flat[2] * sum(v * v for v in a.flat)


def by_functions(x, np):
    a = np.zeros(4)
    np.put(a, [1, 2], x[:2])
    np.copyto(a[3:], x[2])
    b = np.zeros((3, 3))
    np.fill_diagonal(b, x[0] * x[1])
    c = np.zeros(3)
    np.place(c, np.array([True, False, True]), x)
    d = np.zeros(3)
    np.putmask(d, x > 1, x * x)
    e = np.zeros((2, 3))
    np.put_along_axis(e, np.array([[0], [1]]), x[:1] ** 2, 1)
    return a.sum() ** 2 + np.trace(b @ b) + c.dot(x) + (d * x).sum() + e.sum()


def by_methods(x, np):
    a = np.zeros(3)
    a.fill(x[1])
    a.put([0], x[2] * x[0])
    a.put([1], [x[2] ** 2])
    return np.sum(a * x)


def by_out(x, np):
    a = np.zeros(3)
    np.multiply(x, x, out=a)
    b = np.zeros(3)
    np.exp(x, b)
    c = np.zeros(3)
    np.add.at(c, [0, 0, 2], x)
    d = np.zeros(())
    d += x[0]
    e = np.zeros(3)
    np.cumsum(x, out=e)
    return np.sum(a * b * c) + d[()] ** 2 + np.sum(e**2)


def by_out_of_methods(x, np):
    a = np.outer(x, x)
    total, limited, row = np.zeros(3), np.zeros((3, 3)), np.zeros((2, 3))
    assert a.sum(axis=0, out=total) is total
    a.clip(0.3, x[0], out=limited)
    a.mean(axis=1, out=row[1])
    limited.cumsum(axis=1, out=limited)
    limited.max(axis=0, out=row[0])
    return np.sum(total * row) + np.sum(limited * a)


def by_lists(x, np):
    a = np.zeros(3)
    a[:] = [x[0], 1.0, x[2] * x[1]]
    b = np.zeros((2, 2))
    b[0] = x[0], x[1]
    return np.sum(a * b[0, 0]) + np.sum(b)


def complex_parts(x, np):
    z = np.zeros(3, complex)
    z.real = x
    z.imag[1:] = x[1:] ** 2
    w = z.real
    w[0] = x[1] * x[0]
    z[2] += 1j * x[0]
    return np.sum(np.abs(z) ** 2)


def by_every_maker(x, np):
    total = 0.0
    like = np.ones((2, 3))
    for a in (
        *(np.zeros((2, 3)), np.ones((2, 3)), np.full((2, 3), 2.0), np.eye(2, 3), np.identity(3)),
        *(np.zeros_like(like), np.ones_like(like), np.full_like(like, 0.5), np.array(like)),
        *(np.copy(like), np.arange(6.0).reshape(2, 3), np.linspace(0, 1, 6).reshape(2, 3)),
        *(np.tri(2, 3), like.copy(), np.zeros((2, 3), order="F")),
    ):
        a[1] *= x
        total = total + np.sum(a * a)
    for a in (np.empty((2, 3)), np.empty_like(like)):
        a[...] = x
        total = total + np.sum(a)
    return total


# -- views -----------------------------------------------------------------------------------------


def views_made_before(x, np):
    a = np.zeros((2, 3))
    row, turned, flat, back, steps = a[1], a.T, a.ravel(), a[::-1], a[:, ::2]
    diagonal, same = np.diagonal(a), np.asarray(a)
    row[...] = x * x
    turned[0, 0] = x[0]
    flat[1] = x[1] * x[2]
    back[1, 2] = x[2] ** 3
    steps[0, 0] += x[1]
    same[1, 1] *= x[0]
    seen = np.sum(row * turned[:, 1]) + flat[4] * x[0] + np.sum(diagonal)
    return np.sum(a**2) + seen + back.sum() * steps[1, 1]


def rows_of_a_loop(x, np):
    a = np.zeros((4, 3))
    for i, row in enumerate(a):
        row[...] = x**i
    for row, before in zip(a[1:], a[:-1]):  # noqa: B905
        row += before * x[0]
    return (a**2).sum()


def a_view_of_a_view(x, np):
    a = np.zeros((3, 4))
    b = a[1:, ::-1].T[::2]
    b[0] = x[:2]
    b[1, 0] = b[0, 1] * x[2]
    return np.sum(a**2) * b[0].sum() + a[1, 3]


def the_diagonal_by_einsum(x, np):
    a = np.zeros((3, 3))
    np.einsum("ii->i", a)[...] = x
    a += 1.0
    return np.sum(a @ a)


# -- reading ---------------------------------------------------------------------------------------


def methods(x, np):
    a = np.ones((2, 3))
    a[0] = x
    found = a.mean() + a.max() * a.min() + a.std() + a.reshape(3, 2)[0, 1] + a.T[1, 0]
    found += a.copy().sum() + a.astype(float)[0, 2] ** 2 + np.linalg.norm(a) + np.exp(a).sum()
    return found + a.dot(x).sum() + a.prod() + a.var() + a.cumsum()[1] + a.clip(0.7, 1.5).sum()


def operators(x, np):
    a = np.ones((2, 3))
    a[0] = x
    b = np.zeros((2, 3)) + a
    found = (2 * a)[0, 1] + (a - x)[1, 1] + (x * a)[0, 1] + (np.ones(3) * a).sum() + (-a).sum()
    found += (a / 2.0)[0, 0] + (1 / a).sum() + (np.float64(2.0) * a).sum() + (a % 0.4).sum()
    return found + (a**2).sum() + (2.0**a).sum() + (a @ a.T).sum() + (b * a).sum() + (a > 1).sum()


def iterators(x, np):
    a = np.zeros(3)
    total = 0.0
    for i, v in np.ndenumerate(a):
        a[i] = x[i] + v
    for (i,), v in np.ndenumerate(a):
        total += v * (i + 1)
    return total + np.sum(np.vectorize(lambda v: v * v)(a)) + max(a) * sorted(a)[1] + sum(a)


def functions_of_lists(x, np):
    a = np.zeros(3)
    a[:2] = x[1:]
    b = np.array([a, a * 2, [1.0, 2.0, 3.0]])
    joined = np.sum(np.stack([a, x])) + np.sum(np.concatenate([a, x]) ** 2)
    return np.sum([a, b[0] * x]) + joined + np.sum(np.array([a, a]) ** 2) + np.vstack([a, b]).sum()


def constants_that_change(x, np):
    """What an operation saved of an array does not change with the array."""
    w = np.empty(3)
    total = 0.0
    for i in range(3):
        w[:] = i + 1.0
        w *= 2
        total = total + np.sum(w * x * x) + np.dot(w, x * x) + np.average(x**2, weights=w)
    return total


WAYS = [
    *(by_elements, in_place, by_slices, by_flat, by_functions, by_methods, by_out, by_lists),
    by_out_of_methods,
    *(complex_parts, by_every_maker, views_made_before, rows_of_a_loop, a_view_of_a_view),
    *(
        the_diagonal_by_einsum,
        iterators,
        methods,
        operators,
        functions_of_lists,
        constants_that_change,
    ),
]


@pytest.mark.parametrize("f", WAYS, ids=lambda f: f.__name__)
def test_a_way_to_write_or_read(f):
    check(f)
