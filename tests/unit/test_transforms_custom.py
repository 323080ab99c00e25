"""Rules and recomputation of users' functions; derivatives of solutions."""

import functools
import gc
import random
import tracemalloc

import numpy as np
import pytest

import keratorch as kt

A = np.array([0.5, 1.5, 2.0])
V = np.array([1.0, -2.0, 0.5])


def make_vjp():
    @kt.custom_vjp
    def f(x, y):
        return kt.sin(x) * y

    def forward(x, y):
        return kt.sin(x) * y, (kt.cos(x), kt.sin(x), y)

    def backward(kept, g):
        cos, sin, y = kept
        return g * cos * y, g * sin

    f.defvjp(forward, backward)
    return f


def make_jvp():
    @kt.custom_jvp
    def f(x, y):
        return kt.sin(x) * y

    @f.defjvp
    def rule(primals, tangents):
        (x, y), (dx, dy) = primals, tangents
        return f(x, y), kt.cos(x) * y * dx + kt.sin(x) * dy

    return f


MAKERS = {
    "custom_vjp": make_vjp,
    "custom_jvp": make_jvp,
    "checkpoint": lambda: kt.checkpoint(lambda x, y: kt.sin(x) * y),
}


@pytest.mark.parametrize("name", MAKERS)
def test_derivatives_are_those_of_the_plain_function(name):
    f = MAKERS[name]()

    def total(x, f=f):
        return kt.sum(f(x, x * x) ** 2)

    def plain(x):
        return total(x, lambda x, y: kt.sin(x) * y)

    ways = {
        "grad": lambda t: kt.grad(t)(A),
        "jvp": lambda t: kt.jvp(t, (A,), (V,)),
        "linearize": lambda t: kt.linearize(t, A)[1](V),
        "hessian": lambda t: kt.hessian(t)(A),
        "jacrev of grad": lambda t: kt.jacrev(kt.grad(t))(A),
        "hvp": lambda t: kt.hvp(t, (A,), (V,)),
        "vhp": lambda t: kt.vhp(t, (A,), (V,)),
        "grad of jvp": lambda t: kt.grad(lambda x: kt.jvp(t, (x,), (V,))[1])(A),
        "jvp of jvp": lambda t: kt.jvp(lambda x: kt.jvp(t, (x,), (V,))[1], (A,), (A,))[1],
        "jvp of linearize": lambda t: kt.jvp(lambda x: kt.linearize(t, x)[1](V), (A,), (A,))[1],
        "third": lambda t: kt.grad(lambda x: kt.sum(kt.hvp(t, (x,), (V,))))(A),
        "captured": lambda t: kt.jacfwd(lambda s: kt.grad(lambda x: t(x * s))(A))(2.0),
    }
    for way, function in ways.items():
        for found, expected in zip(
            np.atleast_1d(function(total)), np.atleast_1d(function(plain)), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-11, err_msg=way)


@pytest.mark.parametrize("name", MAKERS)
def test_tracked_arrays_go_through(name):
    f = MAKERS[name]()
    x, y = kt.GradArray(A), kt.GradArray(V)
    f(x, y).sum().backward()
    np.testing.assert_allclose(x.grad, np.cos(A) * V)
    np.testing.assert_allclose(y.grad, np.sin(A))
    assert not f(kt.asarray(A), kt.asarray(V)).requires_grad
    with kt.no_grad():
        assert not f(x, y).requires_grad
    found = f(x, kt.asarray(V))
    found.sum().backward()
    with pytest.raises(kt.GraphFreedError):
        found.sum().backward()


def test_rules_replace_derivatives():
    @kt.custom_vjp
    def straight(p):
        return {"round": kt.round(p["x"]), "n": kt.argmax(p["x"])}

    straight.defvjp(lambda p: (straight(p), None), lambda _, g: ({"x": g["round"], "k": None},))
    p = {"x": A, "k": 3}
    g = kt.grad(lambda x: kt.sum(straight({"x": x, "k": 3})["round"] * V))(A)
    np.testing.assert_array_equal(g, V)
    assert straight(p)["n"].item() == 2
    _, t = kt.jvp(lambda x: straight({"x": x, "k": 3})["round"], (A,), (V,))
    np.testing.assert_array_equal(t, V)


@pytest.mark.parametrize("name", ["custom_vjp", "custom_jvp"])
def test_arguments_by_keyword(name):
    f = MAKERS[name]()
    expected = kt.grad(lambda x: kt.sum(f(x, V)))(A)
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(f(x, y=V)))(A), expected)
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(f(y=V, x=x)))(A), expected)
    assert type(f(y=V, x=A)) is kt.GradArray
    with pytest.raises(TypeError, match="missing a required argument"):
        f(y=V)
    keyword_only = getattr(kt, name)(lambda x, *, n: x * n)
    getattr(keyword_only, f"def{name[-3:]}")(*[lambda *args: args] * (2 if name[7] == "v" else 1))
    with pytest.raises(TypeError, match=r"n can be given by keyword alone"):
        keyword_only(A, n=2)


@pytest.mark.parametrize("call", [lambda f, x: f(x), lambda f, x: f(x=x), lambda f, x: f(x, 2.0)])
def test_rules_are_given_defaults(call):
    """However it is called, as in JAX."""

    @kt.custom_vjp
    def f(x, n=2.0):
        return x * n

    f.defvjp(lambda x, n: (x * n, n), lambda n, g: (g * n * 10, None))
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(call(f, x)))(A), [20.0] * 3)

    @kt.custom_jvp
    def h(x, n=2.0):
        return x * n

    h.defjvp(lambda primals, tangents: (primals[0] * primals[1], tangents[0] * primals[1] * 10))
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(call(h, x)))(A), [20.0] * 3)


def test_nondiff_argnums():
    @functools.partial(kt.custom_vjp, nondiff_argnums=(0, 2))
    def apply(f, x, n):
        return f(x) * n

    apply.defvjp(lambda f, x, n: (f(x) * n, x), lambda f, n, x, g: (g * n * 100,))
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(apply(kt.sin, x, 2)))(A), [200.0] * 3)

    @functools.partial(kt.custom_jvp, nondiff_argnums=(1,))
    def power(x, n):
        return x**n

    power.defjvp(lambda n, primals, tangents: (primals[0] ** n, n * tangents[0]))
    np.testing.assert_array_equal(kt.grad(lambda x: kt.sum(power(x, 5)))(A), [5.0] * 3)
    with pytest.raises(kt.LostGradientError, match="argument 1"):
        kt.grad(lambda n: power(n, n))(1.0)
    with pytest.raises(kt.StructureError, match="nondiff_argnums"):
        power(A)


def test_captured_arrays_are_refused():
    w = kt.GradArray(A)

    @kt.custom_vjp
    def f(x):
        return x * w

    f.defvjp(lambda x: (x * w, None), lambda _, g: (g,))
    with pytest.raises(kt.LostGradientError, match=r"custom_vjp of f.*argument"):
        kt.grad(lambda x: kt.sum(f(x)))(A)
    with pytest.raises(kt.LostGradientError, match="custom_vjp of f"):
        f(kt.asarray(A))

    @kt.custom_jvp
    def g(x):
        return x * w

    g.defjvp(lambda p, t: (g(*p), t[0]))
    with pytest.raises(kt.LostGradientError, match="custom_jvp of g"):
        kt.jvp(g, (A,), (A,))

    def captures_outer(y):
        root = kt.implicit_root(lambda x, a: x * x - a * y, lambda a: (a * 2.0) ** 0.5)
        return root(y)

    with pytest.raises(kt.LostGradientError, match="implicit_root"):
        kt.grad(captures_outer)(2.0)


def scaled_vjp(s):
    """2x, with a `bwd` that captures `s`."""
    f = kt.custom_vjp(lambda x: x * 2.0)
    f.defvjp(lambda x: (x * 2.0, None), lambda _, g: (g * s,))
    return f


def scaled_jvp(s):
    """2x, with a rule that captures `s`."""
    f = kt.custom_jvp(lambda x: x * 2.0)
    f.defjvp(lambda p, t: (p[0] * 2.0, t[0] * s))
    return f


FIRST = {
    "grad": lambda f: kt.grad(lambda x: kt.sum(f(x)))(A),
    "backward": lambda f: f(kt.GradArray(A)).sum().backward(),
    "jvp": lambda f: kt.jvp(f, (A,), (V,)),
    "linearize": lambda f: kt.linearize(f, A)[1](V),
    "jacfwd": lambda f: kt.jacfwd(f)(A),
    "hessian": lambda f: kt.hessian(lambda x: kt.sum(f(x) * x))(A),
}


@pytest.mark.parametrize("way", FIRST)
@pytest.mark.parametrize("scaled", [scaled_vjp, scaled_jvp])
def test_what_a_rule_alone_captures_is_refused_at_first_order(scaled, way):
    """Its derivative would be lost: nothing in the graph of the outcome leads there."""
    run = FIRST[way]
    with pytest.raises(kt.LostGradientError, match="captures a tracked array"):
        run(scaled(kt.GradArray(A)))
    run(scaled(kt.asarray(A)))  # a constant has none
    for outer in (kt.grad, kt.jacfwd, lambda f: lambda s: kt.jvp(f, (s,), (1.0,))):
        with pytest.raises(kt.LostGradientError, match="captures a tracked array"):
            outer(lambda s: run(scaled(s)) or s)(2.0)


def test_rules_that_break_their_contract():
    @kt.custom_vjp
    def f(x, y):
        return x * y

    with pytest.raises(kt.RuleError, match=r"defvjp\(fwd, bwd\)"):
        f(1.0, 2.0)
    f.defvjp(lambda x, y: (x * y, None), lambda _, g: (g,))
    with pytest.raises(kt.RuleError, match="2 of them"):
        kt.grad(f)(1.0, 2.0)
    f.defvjp(lambda x, y: x * y, lambda _, g: (g, g))
    with pytest.raises(kt.RuleError, match=r"\(output, residuals\)"):
        kt.grad(f)(1.0, 2.0)


# -- checkpoint ----------------------------------------------------------------------------------


def test_checkpoint_of_captured_arrays():
    w = kt.GradArray(A)
    h = w * 3.0
    f = lambda x: kt.sin(x * h) * w  # noqa: E731
    found = []
    for function in (f, kt.checkpoint(f)):
        for a in (w, h):
            a.zero_grad()
        x = kt.GradArray(V)
        function(x).sum().backward(retain_graph=True)
        found.append((x.grad, h.grad, w.grad))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b)
    # and of second order
    g = kt.gradients(kt.checkpoint(f)(x).sum(), [w, x], create_graph=True)
    k = kt.gradients(f(x).sum(), [w, x], create_graph=True)
    for a, b in zip(g, k, strict=True):
        for c, d in zip(
            kt.gradients((a * V).sum(), [w, x], retain_graph=True),
            kt.gradients((b * V).sum(), [w, x], retain_graph=True),
            strict=True,
        ):
            np.testing.assert_allclose(c, d)


def test_checkpoint_notices_a_write_to_what_it_captured():
    w = kt.GradArray(A.copy())  # that is written into, and other tests use A
    y = kt.checkpoint(lambda x: x * x * w)(kt.GradArray(V))
    with kt.no_grad():
        w[0] = 5.0
    with pytest.raises(kt.StaleValueError, match="CheckpointGrad"):
        y.sum().backward()


def test_checkpoint_calls_the_function_again_and_keeps_its_inputs_alone():
    calls = []

    def f(x):
        calls.append(1)
        for _ in range(50):
            x = kt.sin(x) * 1.1
        return x

    x = np.linspace(0, 1, 10_000)  # 80 kB

    def kept(function):
        tracemalloc.start()
        y = function(kt.GradArray(x))
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        y.sum().backward()
        return size

    plain = kept(f)
    assert len(calls) == 1
    checkpointed = kept(kt.checkpoint(f))
    assert len(calls) == 3
    assert plain > 50 * x.nbytes
    assert checkpointed < 2 * x.nbytes

    # a chain of segments: the peak is one segment's, and the inputs of all
    def chain(function, n=8):
        def total(x):
            for _ in range(n):
                x = function(x)
            return kt.sum(x)

        return total

    def peak(function):
        tracemalloc.start()
        g = kt.grad(function)(x)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return g, most

    g, most = peak(chain(f))
    h, less = peak(chain(kt.checkpoint(f)))
    np.testing.assert_allclose(g, h)
    assert most > 8 * 50 * x.nbytes
    assert less < (2 * 50 + 3 * 8 + 10) * x.nbytes


module_rng = np.random.default_rng(5)
GENERATOR, RANDOM = np.random.default_rng(3), random.Random(3)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: np.random.normal(size=3),
        lambda: [random.random() for _ in range(3)],
        lambda: module_rng.normal(size=3),
        lambda rng=GENERATOR: rng.normal(size=3),
        lambda rng=RANDOM: [rng.random() for _ in range(3)],
        functools.partial(lambda rng: rng.normal(size=3), np.random.default_rng(4)),
    ],
    ids=["NumPy", "Python", "global Generator", "Generator", "Random", "partial"],
)
def test_checkpoint_puts_the_random_state_back(draw):
    seen = []

    def f(x):
        mask = np.asarray(draw())
        seen.append(mask)
        return kt.sum(x * x * kt.asarray(mask))

    g = kt.grad(kt.checkpoint(f))(A)
    after = np.asarray(draw())
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_allclose(g, 2 * A * seen[0])
    assert not np.array_equal(after, seen[0])  # the second call drew nothing from the stream


def test_checkpoint_puts_the_random_state_of_pytorch_back():
    torch = pytest.importorskip("torch")
    own = torch.Generator()
    for draw in (lambda: torch.rand(3), lambda: torch.rand(3, generator=own)):
        seen = []

        def f(x, draw=draw, seen=seen):
            seen.append(draw())
            return kt.sum(x * x * seen[-1])

        g = kt.grad(kt.checkpoint(f))(torch.ones(3))
        assert len(seen) == 2 and torch.equal(seen[0], seen[1])
        assert torch.equal(g, 2 * seen[0])


def test_checkpoint_of_a_function_that_is_not_the_same_twice():
    w = kt.GradArray(A)
    calls = []

    def f(x):
        calls.append(1)
        return x * w if len(calls) > 1 else x * 2.0

    with pytest.raises(kt.RuleError, match="captured"):
        kt.checkpoint(f)(kt.GradArray(V)).sum().backward()

    def g(x):
        calls.append(1)
        return x[: len(calls) % 2 + 1]

    with pytest.raises(kt.RuleError, match="shapes"):
        kt.checkpoint(g)(kt.GradArray(V)).sum().backward()
    del calls[:]

    def h(x):
        calls.append(1)
        return kt.asarray(A) if len(calls) > 1 else x * 2.0

    with pytest.raises(kt.RuleError, match="returned a constant"):
        kt.checkpoint(h)(kt.GradArray(V)).sum().backward()


def test_checkpoint_of_a_function_that_writes_into_a_constant():
    """Both calls find what the caller passed, and the caller does not see the write."""

    def f(x, p):
        p["c"] *= 2.0
        return x * p["c"]

    x, c = kt.GradArray(V), kt.asarray(A.copy())
    y = kt.checkpoint(f)(x, {"c": c})
    y.sum().backward(retain_graph=True)
    np.testing.assert_array_equal(x.grad, 2.0 * A)
    np.testing.assert_array_equal(c.numpy(), A)
    c *= 2.0  # a write of the caller
    with pytest.raises(kt.StaleValueError, match="CheckpointGrad"):
        y.sum().backward()


# -- solutions -----------------------------------------------------------------------------------


def test_square_root_to_third_order_in_every_mode():
    root = kt.implicit_root(lambda x, a: x * x - a, lambda a: a**0.5)
    a = 4.0
    assert root(a) == 2.0
    first, second, third = 0.25, -1 / 32, 3 / 256
    g = {"grad": kt.grad, "jvp": lambda f: lambda x: kt.jvp(f, (x,), (1.0,))[1]}
    for one in g.values():
        assert float(one(root)(a)) == pytest.approx(first)
        for two in g.values():
            assert float(two(one(root))(a)) == pytest.approx(second)
            for three in g.values():
                assert float(three(two(one(root)))(a)) == pytest.approx(third)
    assert float(kt.hessian(root)(a)) == pytest.approx(second)


def test_solutions_in_half_precision():
    root = kt.implicit_root(lambda x, a: x * x - a, lambda a: a**0.5)
    for a in (A.astype(np.float16), np.full(65, 2.0, dtype=np.float16)):  # a matrix, and GMRES
        for found in (
            kt.grad(lambda a: kt.sum(root(a)))(a),
            kt.jvp(root, (a,), (np.ones_like(a),))[1],
        ):
            assert found.dtype == np.float16
            np.testing.assert_allclose(found, 0.5 / np.sqrt(a.astype(float)), rtol=4e-3)


def test_linear_system_as_a_root(rng):
    m, b = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=4)
    solve = kt.implicit_root(lambda x, m, b: m @ x - b, lambda m, b: kt.linalg.solve(m, b))
    direct = kt.linalg.solve
    for f in (
        lambda s: kt.grad(lambda m, b: kt.sum(s(m, b) ** 2), (0, 1)),
        lambda s: kt.jacfwd(s, (0, 1)),
        lambda s: kt.jacrev(s, (0, 1)),
        lambda s: kt.hessian(lambda m, b: kt.sum(s(m, b) ** 2), 1),
        lambda s: kt.hessian(lambda m, b: kt.sum(s(m, b) ** 2), 0),
    ):
        found, expected = f(solve)(m, b), f(direct)(m, b)
        if not isinstance(found, tuple):
            found, expected = (found,), (expected,)
        for p, q in zip(found, expected, strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-9, atol=1e-12)


def test_structures_and_complex_unknowns():
    # z² = c over the complex numbers, with y = a·|z|² beside it
    def residual(x, p):
        return {
            "z": x["z"] * x["z"] - p["c"],
            "y": x["y"] - p["a"] * kt.real(x["z"] * kt.conj(x["z"])),
        }

    def solve(p):
        z = p["c"] ** 0.5
        return {"z": z, "y": p["a"] * abs(z) ** 2}

    root = kt.implicit_root(residual, solve)
    p = {"c": np.array(3 + 4j), "a": np.array(2.0)}
    g = kt.grad(lambda p: root(p)["y"])(p)  # y = a·|c|: ∂/∂a = |c|, in c: a·c/|c|
    assert g["a"] == pytest.approx(5.0)
    assert g["c"] == pytest.approx(2 * (3 + 4j) / 5)
    j = kt.jacrev(lambda c: root({"c": c, "a": p["a"]})["z"])(p["c"])
    assert j == pytest.approx(0.5 / (2 + 1j))
    j = kt.jacfwd(lambda c: root({"c": c, "a": p["a"]})["z"])(p["c"])
    assert j == pytest.approx(0.5 / (2 + 1j))


def test_fixed_point_against_closed_forms():
    # x = x/2 + a/(2x) is √a; Kepler's E = M + e·sin E has dE/dM = 1/(1 − e·cos E)
    newton = lambda a: kt.fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0, a)  # noqa: E731
    assert float(kt.grad(newton)(9.0)) == pytest.approx(1 / 6)
    assert float(kt.grad(kt.grad(newton))(9.0)) == pytest.approx(-1 / 108)

    def kepler(m, e):
        return kt.fixed_point(lambda x, m, e: m + e * kt.sin(x), 0.0, m, e)

    m, e = 0.8, 0.3
    x = float(kepler(m, e))
    assert x == pytest.approx(m + e * np.sin(x), abs=1e-14)
    bottom = 1 - e * np.cos(x)
    gm, ge = kt.grad(kepler, (0, 1))(m, e)
    assert float(gm) == pytest.approx(1 / bottom)
    assert float(ge) == pytest.approx(np.sin(x) / bottom)
    assert float(kt.jvp(kepler, (m, e), (1.0, 0.0))[1]) == pytest.approx(1 / bottom)
    second = -e * np.sin(x) / bottom**3
    assert float(kt.grad(kt.grad(kepler))(m, e)) == pytest.approx(second)
    assert float(kt.hvp(kepler, (m, e), (1.0, 0.0))[0]) == pytest.approx(second)
    assert float(kt.jacrev(kt.jacfwd(kepler))(m, e)) == pytest.approx(second)
    with pytest.raises(kt.ConvergenceError, match="after 50 steps"):
        kt.fixed_point(lambda x, a: a * x + 1.0, 0.0, 2.0, maxiter=50)
    with pytest.raises(kt.ShapeError, match=r"\(2,\)"):
        kt.fixed_point(lambda x: kt.zeros(2), 0.0)


def test_many_unknowns_by_gmres(rng):
    n = 150
    w = kt.asarray(rng.normal(size=(n, n)) / np.sqrt(n))
    b = rng.normal(size=n)

    def f(b, **options):
        x = kt.fixed_point(lambda x, b: 0.5 * kt.tanh(w @ x) + b, np.zeros(n), b, **options)
        return kt.sum(x**2)

    g = kt.grad(f)(b)
    # closed form: with D = ½·diag(1 − tanh²(W x)), the gradient is (I − D W)⁻ᵀ 2x
    x = np.zeros(n)
    for _ in range(200):
        x = 0.5 * np.tanh(w.numpy() @ x) + b
    d = 0.5 * (1 - np.tanh(w.numpy() @ x) ** 2)
    expected = np.linalg.solve((np.eye(n) - d[:, None] * w.numpy()).T, 2 * x)
    np.testing.assert_allclose(g, expected, rtol=1e-8, atol=1e-10)

    def own(matvec, b):
        matrix = np.stack([matvec(e) for e in np.eye(n)], axis=1)
        return np.linalg.solve(matrix, b)

    again = kt.grad(lambda b: f(b, linear_solve=own))(b)
    np.testing.assert_allclose(again, expected, rtol=1e-9)
    v = rng.normal(size=n)
    found = kt.hvp(f, (b,), (v,))
    e = 1e-5
    steps = (kt.grad(f)(b + e * v) - kt.grad(f)(b - e * v)) / (2 * e)
    np.testing.assert_allclose(found, steps, rtol=1e-5, atol=1e-6)


def test_a_singular_system_is_no_silent_number():
    n = 70
    root = kt.implicit_root(lambda x, a: x * 0.0 + a * 0.0, lambda a: a)
    with pytest.raises(kt.ConvergenceError, match="70 unknowns"):
        kt.grad(lambda a: kt.sum(root(a)))(np.ones(n))
