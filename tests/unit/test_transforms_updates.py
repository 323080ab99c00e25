"""Functions that update their argument: structures, rules, solvers, and what is copied."""

import tracemalloc

import numpy as np
import pytest

import keratorch as kt
import keratorch.autograd as ag
from keratorch.testing import check_grads
from keratorch.transforms.call import Call, lent
from tests.unit import test_write_fuzz as fuzz

A = np.array([1.5, 0.5, 2.0])
B = np.array([1.0, -2.0, 0.5])


@pytest.fixture(autouse=True)
def arrays_stay_as_they_were():
    yield
    np.testing.assert_array_equal(A, [1.5, 0.5, 2.0])
    np.testing.assert_array_equal(B, [1.0, -2.0, 0.5])


# -- arguments -----------------------------------------------------------------------------------


def test_structures():
    def f(p):
        p["w"] += p["b"][0]
        p["b"][1] *= 2.0
        p["b"][1][0] = p["w"][1]
        return kt.sum(p["w"] * p["b"][1])

    def twin(p):
        w, c = p["w"] + p["b"][0], 2.0 * p["b"][1]
        return w[0] * w[1] + w[1] * c[1] + w[2] * c[2]

    p = {"w": A, "b": [2.0, B]}
    found, expected = kt.grad(f)(p), kt.grad(twin)(p)
    np.testing.assert_allclose(found["w"], expected["w"])
    np.testing.assert_allclose(found["b"][0], expected["b"][0])
    np.testing.assert_allclose(found["b"][1], expected["b"][1])
    assert p["w"] is A
    assert p["b"][1] is B
    assert p["b"][0] == 2.0
    t = {"w": B, "b": [1.0, A]}
    np.testing.assert_allclose(kt.jvp(f, (p,), (t,))[1], kt.jvp(twin, (p,), (t,))[1])
    np.testing.assert_allclose(kt.hvp(f, (p,), (t,))["w"], kt.hvp(twin, (p,), (t,))["w"])


def test_several_arguments_and_aux():
    def f(u, c, v):
        u *= v
        v += u
        return kt.sum(v * c), (u, c)

    def twin(u, v):
        return kt.sum((v + u * v) * A)

    (value, (u, c)), grads = kt.value_and_grad(f, (0, 2), has_aux=True)(A, A, B)
    expected = kt.grad(twin, (0, 1))(A, B)
    np.testing.assert_allclose(value, twin(A, B).item())
    np.testing.assert_allclose(u, A * B)
    assert c is A
    np.testing.assert_allclose(grads[0], expected[0])
    np.testing.assert_allclose(grads[1], expected[1])
    jacobians, _ = kt.jacfwd(lambda u, v: f(u, A, v), (0, 1), has_aux=True)(A, B)
    np.testing.assert_allclose(jacobians[0], expected[0])


def test_one_array_given_twice_is_two_variables():
    def f(u, v):
        u += 1.0
        return kt.sum(u * v)

    for transformed in (kt.grad, kt.jacrev, kt.jacfwd):
        of_u, of_v = transformed(f, (0, 1))(A, A)
        np.testing.assert_allclose(of_u, A)
        np.testing.assert_allclose(of_v, A + 1.0)
    np.testing.assert_allclose(kt.jvp(f, (A, A), (B, B))[1], np.sum((2 * A + 1) * B))


def test_an_argument_that_is_not_differentiated_in_is_numpys():
    def f(u, log):
        log += 1.0
        u += log
        return kt.sum(u * u)

    log = np.zeros(3)
    np.testing.assert_allclose(kt.grad(f)(A, log), 2 * (A + 1.0))
    np.testing.assert_array_equal(log, np.ones(3))  # as f(A, log) does without a derivative

    def g(u, store):
        store[0] = u[0]
        return kt.sum(u)

    with pytest.raises((kt.LostGradientError, ValueError)):  # NumPy's error has ours as its cause
        kt.grad(g)(A, log)


def test_numbers_and_complex_arrays():
    def f(u):
        u *= u
        return u

    np.testing.assert_allclose(kt.grad(f)(3.0), 6.0)
    z = np.array([1.0 + 2.0j, 0.5j])
    np.testing.assert_allclose(kt.jacrev(f)(z), np.diag(2 * z))
    np.testing.assert_allclose(kt.jacfwd(f)(z), np.diag(2 * z))
    np.testing.assert_array_equal(z, [1.0 + 2.0j, 0.5j])


def test_an_update_that_does_not_fit_raises():
    def grows(u):
        u += np.ones((2, 3))
        return kt.sum(u)

    def turns_complex(u):
        u *= 1j
        return kt.sum(kt.abs(u))

    with pytest.raises(kt.ShapeError, match="write x = x"):
        kt.grad(grows)(A)
    with pytest.raises(kt.DTypeError):
        kt.grad(turns_complex)(A)


def test_a_detached_view_cannot_be_written_through():
    """The write would have to show in the variable too."""

    def f(u):
        v = u.detach()
        v += 1.0
        return kt.sum(u * v)

    with pytest.raises(kt.AliasedWriteError, match="copy"):
        kt.grad(f)(A)


def test_a_function_that_returns_what_it_updated():
    def f(u):
        u *= 2.0
        return u

    value, pullback = kt.vjp(f, A)
    np.testing.assert_allclose(value, 2 * A)
    np.testing.assert_allclose(pullback(B)[0], 2 * B)
    np.testing.assert_allclose(pullback(B)[0], 2 * B)
    _, derivative = kt.linearize(f, A)
    np.testing.assert_allclose(derivative(B), 2 * B)


# -- functions with rules, and solutions ---------------------------------------------------------


def test_custom_rules():
    @kt.custom_vjp
    def square(u):
        u *= u
        return u

    def fwd(u):
        y = u * 2.0
        u *= u
        return u, y

    def bwd(slope, g):
        g *= slope
        slope *= 0.0  # what a rule keeps stays as it was for the next walk
        return (g,)

    square.defvjp(fwd, bwd)

    @kt.custom_jvp
    def double(u):
        u += u
        return u

    @double.defjvp
    def rule(primals, tangents):
        (u,), (t,) = primals, tangents
        u += u
        t *= 2.0
        return u, t

    x = kt.GradArray(A)
    y = square(x)
    for _ in range(2):
        x.grad = None
        y.sum().backward(retain_graph=True)
        np.testing.assert_allclose(x.grad, 2 * A)
    np.testing.assert_allclose(y.numpy(), A * A)
    np.testing.assert_allclose(kt.hessian(lambda u: kt.sum(square(u)))(A), 2 * np.eye(3))
    np.testing.assert_allclose(kt.jvp(square, (A,), (B,))[1], 2 * A * B)
    np.testing.assert_allclose(kt.grad(lambda u: kt.sum(double(u) ** 2))(A), 8 * A)
    np.testing.assert_allclose(kt.jvp(double, (A,), (B,))[1], 2 * B)
    with kt.no_grad():
        np.testing.assert_allclose(square(x).numpy(), A * A)
        np.testing.assert_allclose(double(x).numpy(), 2 * A)
    np.testing.assert_array_equal(x.numpy(), A)


def test_roots_and_fixed_points():
    def residual(x, a):
        a *= 4.0
        x *= x
        x -= a
        return x

    def solve(a):
        a *= 4.0
        return kt.sqrt(a)

    root = kt.implicit_root(residual, solve)  # 2·√a
    a = kt.GradArray(A)
    np.testing.assert_allclose(kt.grad(lambda a: kt.sum(root(a)))(a).numpy(), A**-0.5)
    np.testing.assert_allclose(kt.jvp(root, (a,), (B,))[1].numpy(), B * A**-0.5)
    hessian = kt.hessian(lambda a: kt.sum(root(a)))(a).numpy()
    np.testing.assert_allclose(hessian, np.diag(-0.5 * A**-1.5), atol=1e-12)
    np.testing.assert_array_equal(a.numpy(), A)

    def step(x, a):
        a *= 0.25
        x *= 0.5
        x += a
        return x

    point = kt.fixed_point(step, np.zeros(3), a)  # a/2
    np.testing.assert_allclose(point.numpy(), A / 2)
    np.testing.assert_allclose(kt.grad(lambda a: kt.sum(kt.fixed_point(step, B, a)))(A), 0.5)
    np.testing.assert_array_equal(a.numpy(), A)


def test_check_grads_and_the_operators_of_keratorch_autograd():
    def f(u):
        u += 0.1 * u**2
        u[1:] *= u[:-1]
        return kt.sum(kt.sin(u))

    check_grads(f, (A,), order=2)
    expected = kt.grad(f)(A)
    np.testing.assert_allclose(ag.grad(f)(A), expected)
    np.testing.assert_allclose(ag.jacobian(f)(A), expected)
    np.testing.assert_allclose(ag.hessian(f)(A), kt.hessian(f)(A))
    np.testing.assert_allclose(ag.make_jvp(f)(A)(B)[1], expected @ B)
    np.testing.assert_allclose(ag.make_hvp(f)(A)[0](B), kt.hvp(f, (A,), (B,)))


# -- what is copied ------------------------------------------------------------------------------


def peak(call):
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_no_array_is_copied_where_nobody_writes():
    x = np.ones(200_000)
    element = np.array([1.0])

    def f(u):
        return u[0] * u[1]

    def updates_a_view(u, v):
        v += 1.0
        return u[0] * v[0]

    assert peak(lambda: kt.vjp(f, x)) < 0.1 * x.nbytes
    assert peak(lambda: kt.jvp(lambda u, v: u * v, (1.0, 2.0), (1.0, 1.0))) < 0.1 * x.nbytes
    assert peak(lambda: kt.vjp(updates_a_view, x, element)) < 0.1 * x.nbytes


# -- random programs of views, writes and reads --------------------------------------------------


@pytest.mark.parametrize("made", ["variables", "constants"])
def test_random_programs_leave_the_memory_of_the_caller(made):
    """Values are those of NumPy after each step; `test_write_fuzz` says how programs are made."""
    refused = total = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bases = [rng.uniform(-1, 1, fuzz.BASES[i]) for i in rng.integers(len(fuzz.BASES), size=2)]
        program = fuzz.Program(bases)
        there, mine = program.again(bases), program.again(bases)
        if made == "variables":
            here = list(Call("grad").variables(tuple(mine), (0, 1)))
        else:
            here = lent([kt.asarray(x) for x in mine])
        for _ in range(12):
            step = fuzz.random_step(there, rng, True)
            if not fuzz.numpy_takes(step, program):
                continue
            try:
                fuzz.run(step, here, fuzz.HERE)
            except kt.AliasedWriteError:  # through detach()
                refused += 1
            else:
                program.steps.append(step)
                fuzz.run(step, there, fuzz.IN_NUMPY)
            fuzz.assert_equal(here, there, program.steps)
        total += len(program.steps)
        for x, base in zip(mine, bases, strict=True):
            np.testing.assert_array_equal(x, base)
    assert total > 300
    assert refused < total / 20


def test_derivatives_of_random_programs():
    """A program has the same derivatives with its arguments and with copies of them."""
    for seed in range(30):
        program, arrays, _, _ = fuzz.play(seed, lambda i: True, False, 10)
        rng = np.random.default_rng(seed)
        weights = [None if x is None else rng.uniform(-1, 1, x.shape) for x in arrays]

        def loss(*bases, steps=program.steps, weights=weights):
            arrays = list(bases)
            for step in steps:
                fuzz.run(step, arrays, fuzz.HERE)
            pairs = zip(arrays, weights, strict=True)
            terms = [kt.sum(x * w) for x, w in pairs if w is not None]
            return sum(terms[1:], start=terms[0])

        def of_copies(*bases, loss=loss):
            return loss(*(b * 1.0 for b in bases))

        b = program.bases
        for of in (
            lambda f, b=b: kt.grad(f, (0, 1))(*b),
            lambda f, b=b: kt.jacfwd(f, (0, 1))(*b),
            lambda f, b=b: kt.hvp(f, b, b),
        ):
            for x, y in zip(of(loss), of(of_copies), strict=True):
                np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12)


def test_a_loop_that_fills_its_argument_copies_it_once():
    def f(u):
        for i in range(1, len(u)):
            u[i] = 0.9 * u[i - 1] + u[i] ** 2
        return kt.sum(u)

    def copied(n):
        x = np.linspace(0.0, 0.1, n)
        return peak(lambda: kt.grad(f)(x)) / n

    assert copied(800) < 1.5 * copied(200)  # as much for each element
