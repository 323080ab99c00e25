"""Programs in the style of textbooks and recipes, which fill arrays by loops, unchanged.

Each takes the parameters and the module that stands for NumPy. The derivatives are compared with
differences of the program on plain arrays.
"""

from __future__ import annotations

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp


def cholesky_by_loops(p, np):
    b = p.reshape(4, 4)
    a = b @ b.T + 4.0 * np.eye(4)
    n = a.shape[0]
    low = np.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(j):
                total += low[i, k] * low[j, k]
            if i == j:
                low[i, j] = np.sqrt(a[i, i] - total)
            else:
                low[i, j] = (a[i, j] - total) / low[j, j]
    return np.sum(low**2) + np.sum(np.log(np.diag(low)))


def lu_with_pivots(p, np):
    a = p.reshape(4, 4) + 0.0
    u = np.array(a)
    low, perm = np.eye(4), np.eye(4)
    for k in range(3):
        pivot = int(np.argmax(np.abs(u[k:, k]))) + k
        if pivot != k:
            u[[k, pivot]] = u[[pivot, k]]
            perm[[k, pivot]] = perm[[pivot, k]]
            low[[k, pivot], :k] = low[[pivot, k], :k]
        for i in range(k + 1, 4):
            low[i, k] = u[i, k] / u[k, k]
            u[i, k:] -= low[i, k] * u[k, k:]
    return np.sum(np.log(np.abs(np.diag(u)))) + np.sum(low**2)


def thomas(p, np):
    n = 6
    a, b, c, d = p[:n], 4.0 + p[n : 2 * n], p[2 * n : 3 * n], p[3 * n :]
    cp, dp, x = np.zeros(n), np.zeros(n), np.zeros(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i] * cp[i - 1]
        cp[i] = c[i] / m
        dp[i] = (d[i] - a[i] * dp[i - 1]) / m
    x[-1] = dp[-1]
    for i in range(n - 2, -1, -1):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return np.sum(x**2)


def gauss_jordan(p, np):
    n = 3
    m = np.zeros((n, 2 * n))
    m[:, :n] = p.reshape(n, n)
    m[:, n:] = np.identity(n)
    for i in range(n):
        m[i] /= m[i, i]
        for j in range(n):
            if j != i:
                m[j] -= m[j, i] * m[i]
    return np.sum(m[:, n:] ** 2)


def runge_kutta(p, np):
    def rhs(t, y):
        dy = np.zeros(2)
        dy[0] = p[0] * y[0] - p[1] * y[0] * y[1]
        dy[1] = p[2] * y[0] * y[1] - p[3] * y[1]
        return dy

    steps, h = 12, 0.1
    t = np.linspace(0.0, h * steps, steps + 1)
    y = np.empty((steps + 1, 2))
    y[0] = [1.0, 0.5]
    for i in range(steps):
        k1 = rhs(t[i], y[i])
        k2 = rhs(t[i] + h / 2, y[i] + h / 2 * k1)
        k3 = rhs(t[i] + h / 2, y[i] + h / 2 * k2)
        k4 = rhs(t[i] + h, y[i] + h * k3)
        y[i + 1] = y[i] + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(y[-1] ** 2) + np.mean(y)


def verlet(p, np):
    n = 10
    x, v, a = np.zeros(n), np.zeros(n), np.zeros(n)
    x[0], v[0] = p[0], p[1]
    a[0] = -p[2] * x[0] - p[3] * x[0] ** 3
    for i in range(n - 1):
        x[i + 1] = x[i] + v[i] * 0.1 + 0.5 * a[i] * 0.01
        a[i + 1] = -p[2] * x[i + 1] - p[3] * x[i + 1] ** 3
        v[i + 1] = v[i] + 0.5 * (a[i] + a[i + 1]) * 0.1
    energy = 0.5 * v**2 + 0.5 * p[2] * x**2
    return energy.sum() + x[-1]


def heat(p, np):
    u = np.zeros(12)
    u[1:-1] = np.sin(np.pi * np.linspace(0, 1, 12)[1:-1]) * p[0]
    u[0], u[-1] = p[1], p[2]
    for _ in range(8):
        new = u.copy()
        new[1:-1] = u[1:-1] + 0.2 * p[3] * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = new
    return np.sum(u**2)


def heat_in_place(p, np):
    u = np.zeros((5, 5))
    u[0, :], u[-1, :], u[:, 0], u[:, -1] = p[0], p[1], p[2], p[3]
    for _ in range(5):
        for i in range(1, 4):
            for j in range(1, 4):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return np.sum(u * u)


def wave_history(p, np):
    nx, nt = 8, 6
    history = np.zeros((nt, nx))
    history[0, nx // 2] = p[0]
    history[1] = history[0] * p[1]
    for t in range(1, nt - 1):
        history[t + 1, 1:-1] = (
            2 * history[t, 1:-1]
            - history[t - 1, 1:-1]
            + p[2] * (history[t, 2:] - 2 * history[t, 1:-1] + history[t, :-2])
        )
        history[t + 1, 0] = p[3] * history[t, 1]
    return np.sum(history**2)


def image_filter(p, np):
    image, kernel = p[:16].reshape(4, 4), p[16:].reshape(3, 3)
    padded = np.zeros((6, 6))
    padded[1:-1, 1:-1] = image
    out = np.zeros_like(image)
    for i in range(4):
        for j in range(4):
            out[i, j] = np.sum(padded[i : i + 3, j : j + 3] * kernel)
    edges = np.zeros((4, 4))
    edges[1:, :] += np.abs(out[1:, :] - out[:-1, :])
    edges[:, 1:] += np.abs(out[:, 1:] - out[:, :-1])
    return np.sum(out**2) + np.sum(edges)


def time_warping(p, np):
    s, t = p[:5], p[5:]
    n, m = len(s), len(t)
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = abs(s[i - 1] - t[j - 1])
            last = min(table[i - 1, j], table[i, j - 1], table[i - 1, j - 1])
            table[i, j] = cost + last
    return table[n, m] + table[2, 2]


def hidden_markov_forward(p, np):
    trans = np.exp(p[:9].reshape(3, 3))
    trans = trans / trans.sum(axis=1, keepdims=True)
    emit = np.exp(p[9:15].reshape(3, 2))
    emit = emit / emit.sum(axis=1, keepdims=True)
    seen = [0, 1, 1, 0, 1]
    alpha = np.zeros((len(seen), 3))
    scale = np.zeros(len(seen))
    alpha[0] = emit[:, seen[0]] / 3.0
    scale[0] = alpha[0].sum()
    alpha[0] /= scale[0]
    for t in range(1, len(seen)):
        for j in range(3):
            alpha[t, j] = alpha[t - 1].dot(trans[:, j]) * emit[j, seen[t]]
        scale[t] = alpha[t].sum()
        alpha[t] /= scale[t]
    return -np.sum(np.log(scale))


def kalman_filter(p, np):
    q, r, speed = p[0] ** 2, p[1] ** 2 + 0.1, p[2]
    measured = np.array([0.3, 0.5, 0.9, 1.1, 1.6])
    n = len(measured)
    f, h = np.eye(2), np.zeros((1, 2))
    f[0, 1] = speed
    h[0, 0] = 1.0
    states, covariances = np.zeros((n, 2)), np.zeros((n, 2, 2))
    x, cov = np.zeros(2), np.eye(2)
    score = 0.0
    for k in range(n):
        x = f @ x
        cov = f @ cov @ f.T + q * np.eye(2)
        residual = measured[k] - h @ x
        s = h @ cov @ h.T + r
        gain = cov @ h.T @ np.linalg.inv(s)
        x = x + gain @ residual
        cov = (np.eye(2) - gain @ h) @ cov
        states[k] = x
        covariances[k, :, :] = cov
        score += 0.5 * np.log(s[0, 0]) + 0.5 * residual[0] ** 2 / s[0, 0]
    return score + np.sum(states[:, 0] ** 2) + np.trace(covariances[-1])


def vandermonde_and_splines(p, np):
    x, y = np.arange(4.0), p[:4]
    v = np.ones((4, 4))
    for j in range(1, 4):
        v[:, j] = v[:, j - 1] * (x + 0.1 * p[3])
    a, b = np.zeros((4, 4)), np.zeros(4)
    a[0, 0] = a[3, 3] = 1.0
    for i in range(1, 3):
        a[i, i - 1 : i + 2] = [1.0, 4.0, 1.0]
        b[i] = 6.0 * (y[i + 1] - 2 * y[i] + y[i - 1])
    second = np.linalg.solve(a, b)
    return np.sum(np.linalg.solve(v, y) ** 2) + np.sum(second**2)


def newton_differences(p, np):
    x = np.array([0.0, 1.0, 2.5, 3.0])
    table = np.zeros((4, 4))
    table[:, 0] = p[:4]
    for j in range(1, 4):
        for i in range(4 - j):
            table[i][j] = (table[i + 1][j - 1] - table[i][j - 1]) / (x[i + j] - x[i])
    return np.sum(table[0] ** 2)


def rotations(p, np):
    def rotation(axis, angle):
        r = np.identity(3)
        i, j = [k for k in range(3) if k != axis]
        r[i, i] = r[j, j] = np.cos(angle)
        r[i, j] = -np.sin(angle)
        r[j, i] = np.sin(angle)
        return r

    total = np.eye(3)
    for axis in range(3):
        total = total @ rotation(axis, p[axis])
    return np.sum(total[0] * np.array([1.0, 2.0, 3.0])) + np.trace(total)


def covariance_matrix(p, np):
    n = 4
    k = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            k[i, j] = np.exp(-((p[i] - p[j]) ** 2) / 2)
    k += 0.1 * np.identity(n)
    return np.linalg.slogdet(k)[1] + p @ np.linalg.solve(k, p)


def recurrent_cell(p, np):
    weights, inputs = p[:9].reshape(3, 3), p[9:].reshape(4, 3)
    states = np.zeros((5, 3))
    for t in range(4):
        states[t + 1] = np.tanh(states[t] @ weights + inputs[t])
    return states.sum() + (states[1:] * states[:-1]).sum()


def quantum_phases(p, np):
    n = 4
    h = np.zeros((n, n), dtype=complex)
    for k in range(n - 1):
        h[k, k + 1] = p[k] * np.exp(1j * p[3])
        h[k + 1, k] = np.conj(h[k, k + 1])
    np.fill_diagonal(h, p[:4])
    u = np.eye(n, dtype=complex)
    for _ in range(3):
        u = u - 0.1j * (h @ u)
    return np.sum(np.abs(u[:, 0]) ** 2 * np.arange(n))


def exponential_average(p, np):
    out = np.empty_like(p)
    out[0] = p[0]
    for i in range(1, len(p)):
        out[i] = 0.3 * p[i] + 0.7 * out[i - 1]
    peak = np.zeros(len(p))
    np.maximum(out, 0.6, out=peak)
    return np.sum(peak * out)


PROGRAMS = [
    *((cholesky_by_loops, 16), (lu_with_pivots, 16), (thomas, 24), (gauss_jordan, 9)),
    *((runge_kutta, 4), (verlet, 4), (heat, 4), (heat_in_place, 4), (wave_history, 4)),
    *((image_filter, 25), (time_warping, 9), (hidden_markov_forward, 15), (kalman_filter, 3)),
    *((vandermonde_and_splines, 4), (newton_differences, 4), (rotations, 3)),
    *((covariance_matrix, 4), (recurrent_cell, 21), (quantum_phases, 4), (exponential_average, 5)),
]


@pytest.mark.parametrize(("program", "size"), PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_program(program, size):
    rng = np.random.default_rng(0)
    p = rng.uniform(0.4, 1.3, size)
    t = rng.normal(size=size)
    value, found = kt.value_and_grad(lambda p: program(p, knp))(p)
    assert type(value) is type(found) is np.ndarray
    np.testing.assert_allclose(value, program(p, np), rtol=1e-12)
    h = 1e-6
    wanted = (program(p + h * t, np) - program(p - h * t, np)) / (2 * h)
    np.testing.assert_allclose(found @ t, wanted, rtol=1e-6, atol=1e-7)
    along = kt.jvp(lambda p: program(p, knp), (p,), (t,))[1]
    np.testing.assert_allclose(along, found @ t, rtol=1e-9)
    # Second derivatives, by differences of the first.
    gradient = kt.grad(lambda p: program(p, knp))
    second = kt.hvp(lambda p: program(p, knp), (p,), (t,))
    second = second[1] if isinstance(second, tuple) else second
    h = 1e-5
    wanted = (gradient(p + h * t) - gradient(p - h * t)) / (2 * h)
    np.testing.assert_allclose(second, wanted, rtol=1e-4, atol=1e-4)
