"""Transformations on whole problems: optimisation, mechanics, complex maps, memory, threads."""

import gc
import math
import sys
import threading
import tracemalloc

import numpy as np
import pytest

import keratorch as kt
from tests.counting import live

# -- Rosenbrock ----------------------------------------------------------------------------------


def rosenbrock(x):
    return kt.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_hessian(x):
    n = len(x)
    h = np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
    d = np.full(n, 200.0)
    d[0] = 1200 * x[0] ** 2 - 400 * x[1] + 2
    d[-1] = 200
    d[1:-1] = 202 + 1200 * x[1:-1] ** 2 - 400 * x[2:]
    return h + np.diag(d)


def test_rosenbrock(rng):
    x = rng.normal(size=6)
    expected = np.zeros(6)
    expected[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    expected[1:] += 200 * (x[1:] - x[:-1] ** 2)
    np.testing.assert_allclose(kt.grad(rosenbrock)(x), expected, rtol=1e-12)
    h = rosenbrock_hessian(x)
    v = rng.normal(size=6)
    np.testing.assert_allclose(kt.hessian(rosenbrock)(x), h, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(kt.jacrev(kt.jacrev(rosenbrock))(x), h, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(kt.hvp(rosenbrock, (x,), (v,)), h @ v, rtol=1e-11)
    np.testing.assert_allclose(kt.vhp(rosenbrock, (x,), (v,)), v @ h, rtol=1e-11)
    # Newton's method with them finds the minimum at 1.
    x = np.full(6, 1.2)
    for _ in range(20):
        x = x - np.linalg.solve(kt.hessian(rosenbrock)(x), kt.grad(rosenbrock)(x))
    np.testing.assert_allclose(x, np.ones(6), atol=1e-12)


def test_gauss_newton_products(rng):
    a, v, t = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=5)

    def model(x):
        return kt.tanh(kt.asarray(a) @ x)

    def loss(y):
        return kt.sum(kt.exp(y) - kt.asarray(t) * y)

    x = rng.normal(size=3)
    j = (1 - np.tanh(a @ x) ** 2)[:, None] * a
    g = j.T @ np.diag(np.exp(np.tanh(a @ x))) @ j
    np.testing.assert_allclose(kt.ggnvp(model, loss, (x,), (v,)), g @ v, rtol=1e-11)
    # several arguments, a structure between
    found = kt.ggnvp(
        lambda x, b: {"y": model(x) * b},
        lambda p: loss(p["y"]),
        (x, np.array(1.0)),
        (v, np.array(0.0)),
    )
    assert isinstance(found, tuple)
    np.testing.assert_allclose(found[0], g @ v, rtol=1e-11)
    # it is differentiable itself
    e = 1e-6
    slope = kt.jvp(lambda x: kt.ggnvp(model, loss, (x,), (v,)), (x,), (v,))[1]
    steps = kt.ggnvp(model, loss, (x + e * v,), (v,)) - kt.ggnvp(model, loss, (x - e * v,), (v,))
    np.testing.assert_allclose(slope, steps / (2 * e), rtol=1e-6, atol=1e-8)


def test_hessians_against_closed_forms(rng):
    m = rng.normal(size=(4, 4))
    x = rng.normal(size=4)
    quadratic = lambda x: 0.5 * x @ kt.asarray(m) @ x  # noqa: E731
    np.testing.assert_allclose(kt.hessian(quadratic)(x), (m + m.T) / 2, rtol=1e-12)
    p = np.exp(x) / np.exp(x).sum()
    found = kt.hessian(lambda x: kt.special.logsumexp(x))(x)
    np.testing.assert_allclose(found, np.diag(p) - np.outer(p, p), rtol=1e-10, atol=1e-12)
    b = m @ m.T + np.eye(4)
    inverse = np.linalg.inv(b)
    found = kt.hessian(lambda b: kt.linalg.slogdet(b)[1])(b)  # −B⁻¹ₗᵢ B⁻¹ⱼₖ
    expected = -np.einsum("li,jk->ijkl", inverse, inverse)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
    blocks = kt.hessian(lambda p: kt.sum(p["a"] ** 2 * p["b"]))({"a": x, "b": 2.0})
    np.testing.assert_allclose(blocks["a"]["a"], 4 * np.eye(4))
    np.testing.assert_allclose(blocks["a"]["b"], 2 * x)
    np.testing.assert_allclose(blocks["b"]["a"], 2 * x)
    assert blocks["b"]["b"] == 0.0


# -- a pendulum ----------------------------------------------------------------------------------

STEPS, DT, LENGTH = 1000, 0.01, 1.3


def potential(q, length):
    return 9.81 * length * (1.0 - kt.cos(q))


def swing(q, p, length, force):
    """`STEPS` of velocity Verlet, for unit mass; H = p²/(2·length²) + potential."""
    f = force(q, length)
    for _ in range(STEPS):
        p = p + 0.5 * DT * f
        q = q + DT * p / length**2
        f = force(q, length)
        p = p + 0.5 * DT * f
    return q, p


def energy(q, p, length):
    return p * p / (2 * length**2) + potential(q, length)


def test_pendulum_through_a_thousand_verlet_steps():
    """The gradient of the final state, whose forces are gradients themselves."""

    def force(q, length):
        return -kt.grad(potential)(q, length)

    def final(q, p, length):
        q, p = swing(q, p, length, force)
        return 2.0 * q + p

    at = (0.7, 0.3, LENGTH)
    found = kt.grad(final, (0, 1, 2))(*at)

    # the tangent-linear model, by hand, in NumPy
    def tangent(dq, dp, dl):
        q, p, length = at
        f = lambda q, length: -9.81 * length * np.sin(q)  # noqa: E731
        df = lambda q, length, dq, dl: (  # noqa: E731
            -9.81 * (length * np.cos(q) * dq + np.sin(q) * dl)
        )
        for _ in range(STEPS):
            dp += 0.5 * DT * df(q, length, dq, dl)
            p += 0.5 * DT * f(q, length)
            dq += DT * (dp / length**2 - 2 * p * dl / length**3)
            q += DT * p / length**2
            dp += 0.5 * DT * df(q, length, dq, dl)
            p += 0.5 * DT * f(q, length)
        return 2 * dq + dp

    expected = [tangent(*d) for d in np.eye(3)]
    np.testing.assert_allclose([float(g) for g in found], expected, rtol=1e-9)
    # forwards, in one pass
    _, slope = kt.jvp(final, at, (1.0, -0.5, 0.25))
    assert float(slope) == pytest.approx(np.dot(expected, [1.0, -0.5, 0.25]), rel=1e-9)

    # the flow is symplectic: the Jacobian of (q, p) has determinant 1
    flow = kt.jacfwd(lambda s: kt.stack(list(swing(s[0], s[1], LENGTH, force))))
    assert np.linalg.det(flow(np.array(at[:2]))) == pytest.approx(1.0, abs=1e-9)

    # and the energy of Verlet stays near what it was
    q, p = swing(*at, force)
    assert float(energy(q, p, LENGTH)) == pytest.approx(float(energy(*at)), rel=1e-3)


def test_energy_gradient_agrees_with_jax():
    jax = pytest.importorskip("jax")

    def ours(s):
        force = lambda q, length: -9.81 * length * kt.sin(q)  # noqa: E731
        q, p = swing(s[0], s[1], s[2], force)
        return energy(q, p, s[2])

    def theirs(s):
        length = s[2]
        force = lambda q: -9.81 * length * jax.numpy.sin(q)  # noqa: E731

        def step(state, _):
            q, p = state
            p = p + 0.5 * DT * force(q)
            q = q + DT * p / length**2
            return (q, p + 0.5 * DT * force(q)), None

        (q, p), _ = jax.lax.scan(step, (s[0], s[1]), None, length=STEPS)
        return p * p / (2 * length**2) + 9.81 * length * (1.0 - jax.numpy.cos(q))

    s = np.array([0.7, 0.3, LENGTH])
    np.testing.assert_allclose(kt.grad(ours)(s), jax.grad(theirs)(s), rtol=1e-8)


# -- complex -------------------------------------------------------------------------------------


def test_jacobians_of_holomorphic_functions():
    z = np.array([1 + 2j, 3 - 1j, 0.5j])
    f = lambda z: kt.exp(z) * z[0]  # noqa: E731
    expected = np.diag(np.exp(z) * z[0])
    expected[:, 0] += np.exp(z)
    for jac in (kt.jacrev, kt.jacfwd, kt.jacobian):
        np.testing.assert_allclose(jac(f)(z), expected, rtol=1e-12)
    second = kt.hessian(lambda z: kt.sum(z**3))(z)
    np.testing.assert_allclose(second, np.diag(6 * z))
    third = kt.jacrev(kt.hessian(lambda z: kt.sum(z**3)))(z)
    np.testing.assert_allclose(third, 6 * np.einsum("ij,jk->ijk", np.eye(3), np.eye(3)))
    jax = pytest.importorskip("jax")
    g = lambda z: jax.numpy.exp(z) * z[0]  # noqa: E731
    np.testing.assert_allclose(kt.jacrev(f)(z), jax.jacrev(g, holomorphic=True)(z), rtol=1e-12)
    np.testing.assert_allclose(kt.jacfwd(f)(z), jax.jacfwd(g, holomorphic=True)(z), rtol=1e-12)


def test_jacobians_between_real_and_complex():
    x = np.array([0.3, 0.7])
    curve = lambda x: kt.exp(1j * x) * kt.sum(x)  # noqa: E731
    expected = np.diag(1j * np.exp(1j * x) * x.sum()) + np.exp(1j * x)[:, None]
    for jac in (kt.jacrev, kt.jacfwd, kt.jacobian):
        np.testing.assert_allclose(jac(curve)(x), expected, rtol=1e-12)
    # of a real function it is the conjugate of the gradient
    z = np.array([1 + 2j, 3 - 1j])
    size = lambda z: kt.sum(kt.abs(z) ** 2)  # noqa: E731
    np.testing.assert_allclose(kt.grad(size)(z), 2 * z)
    for jac in (kt.jacrev, kt.jacfwd, kt.jacobian):
        np.testing.assert_allclose(jac(size)(z), 2 * np.conj(z))
    # both at once, beside real ones
    f = lambda p: {"z": p["z"] * p["x"], "r": kt.abs(p["z"]) ** 2 + p["x"]}  # noqa: E731
    p = {"z": np.array(1 + 2j), "x": np.array(3.0)}
    for jac in (kt.jacrev, kt.jacfwd):
        j = jac(f)(p)
        assert j["z"]["z"] == 3.0 and j["z"]["x"] == 1 + 2j
        assert j["r"]["z"] == pytest.approx(2 - 4j) and j["r"]["x"] == 1.0


def test_pullback_is_the_adjoint(rng):
    a = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
    z, g = rng.normal(size=2) + 1j, rng.normal(size=3) - 2j
    _, pullback = kt.vjp(lambda z: kt.asarray(a) @ z, z)
    np.testing.assert_allclose(pullback(g)[0], a.conj().T @ g)


# -- memory --------------------------------------------------------------------------------------


def sines(x, steps):
    for _ in range(steps):
        x = kt.sin(x)
    return x


@pytest.mark.usefixtures("full_free_lists")
def test_jvp_through_a_hundred_thousand_steps_stays_flat():
    """A hundred thousand steps leave no object; tracing, which is slow, sees no byte in 10⁴."""
    x = np.ones(10)
    blocks = []

    def f(x):
        x = sines(x, 1_000)
        blocks.append(sys.getallocatedblocks())
        x = sines(x, 99_000)
        blocks.append(sys.getallocatedblocks())
        return x

    _, tangent = kt.jvp(f, (x,), (x,))
    assert blocks[1] < blocks[0] + 50
    # The slope at 1 of sin iterated n times: the product of the cosines on the way.
    y, slope = 1.0, 1.0
    for _ in range(100_000):
        y, slope = math.sin(y), slope * math.cos(y)
    np.testing.assert_allclose(tangent, np.full(10, slope), rtol=1e-9)

    def peak(steps):
        tracemalloc.start()
        try:
            kt.jvp(lambda x: sines(x, steps), (x,), (x,))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Whatever else is going on in the process only adds.
    most = peak(10) + 1_000
    assert any(peak(10_000) < most for _ in range(3))


@pytest.mark.usefixtures("few_objects")
def test_transformations_leave_nothing_behind():
    gc.collect()
    gc.disable()
    try:
        x = np.ones(3)
        f = lambda x: kt.sum(kt.sin(x) * x)  # noqa: E731
        calls = [
            lambda: kt.grad(f)(x),
            lambda: kt.hessian(f)(x),
            lambda: kt.hvp(f, (x,), (x,)),
            lambda: kt.vjp(f, x)[1](1.0),
            lambda: kt.linearize(f, x)[1](x),
            lambda: kt.grad(kt.checkpoint(f))(x),
        ]
        for call in calls:
            call()
        before = live()
        for call in calls:
            for _ in range(3):
                call()
            assert live() <= before
    finally:
        gc.enable()


# -- threads -------------------------------------------------------------------------------------


def test_eight_threads_each_with_its_own_transformations():
    """10³ rounds in all, with modes and levels that differ from thread to thread."""
    threads, rounds = 8, 125
    start = threading.Barrier(threads)
    wrong = []

    def work(k):
        try:
            rng = np.random.default_rng(k)
            start.wait()
            for i in range(rounds):
                x = rng.normal(size=3)
                a = 1.0 + k
                f = lambda y, a=a: kt.sum(a * y**3)  # noqa: E731
                if k % 2:
                    with kt.no_grad():
                        g = kt.grad(f)(x)
                        hidden = (kt.GradArray(x) * 2.0).requires_grad
                else:
                    g = kt.grad(f)(x)
                    hidden = not (kt.GradArray(x) * 2.0).requires_grad
                h = kt.hvp(f, (x,), (x,))
                nested = kt.grad(
                    lambda s, x=x, f=f: s * kt.jvp(lambda t: f(x * t) * s, (s,), (1.0,))[1]
                )
                n = nested(1.0)
                leaf = kt.GradArray(x)
                f(leaf).backward()
                s = np.sum(x**3)
                right = (
                    np.allclose(g, 3 * a * x**2)
                    and np.allclose(h, 6 * a * x * x)
                    and np.allclose(leaf.grad, g)
                    # s·d/dt[f(xt)·s] at t = s is 3a·s⁴·Σx³, and its slope 12a·Σx³ at 1
                    and np.isclose(float(n), 12 * a * s)
                    and not hidden
                    and kt.is_grad_enabled()
                )
                if not right:
                    wrong.append((k, i))
        except BaseException as error:
            wrong.append(error)

    pool = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
    for t in pool:
        t.start()
    for t in pool:
        t.join()
    assert not wrong


@pytest.fixture
def impatient_threads():
    """Threads take turns as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient_threads")
def test_eight_threads_each_with_its_own_graph_and_grad_mode():
    """10³ rounds of each: every thread has a mode, and a graph that grows from round to round."""
    threads, rounds = 8, 1_000
    start = threading.Barrier(threads)
    done, wrong = [], []

    def work(k):
        try:
            kept = kt.GradArray([1.0 + k, 2.0])
            total = kt.asarray(0.0)
            start.wait()
            for i in range(rounds):
                x = kt.GradArray([float(k), float(i)])
                recording = (i + k) % 3 != 0
                with kt.enable_grad() if recording else kt.no_grad():
                    y = kt.sum(x * x * kept)
                    if kt.is_grad_enabled() is not recording or y.requires_grad is not recording:
                        wrong.append((k, i, "mode"))
                if recording:
                    total = total + y
                    y.backward(retain_graph=True)
                    if list(x.grad) != [2.0 * k * (1.0 + k), 4.0 * i]:
                        wrong.append((k, i, "gradient"))
            kept.zero_grad()
            total.backward()
            recorded = [i for i in range(rounds) if (i + k) % 3]
            if list(kept.grad) != [k**2 * len(recorded), sum(i * i for i in recorded)]:
                wrong.append((k, "the graph of all rounds"))
            done.append(k)
        except BaseException as error:
            wrong.append(error)

    pool = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
    for t in pool:
        t.start()
    for t in pool:
        t.join()
    assert not wrong
    assert sorted(done) == list(range(threads))
