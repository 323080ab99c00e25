"""CuPy's examples, written anew: differentiated with each import line, against known formulas.

The programs run with CuPy, with `keratorch.cupy`, and on the CPU with `keratorch.numpy`.
docs/cupy_examples.md has the table that `test_the_table` checks.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.testing import check_grads
from tests.op_checks import on_device, on_host
from tests.programs.cupy_examples import NAMES, load

ONE_DEVICE_EACH = True

DOCUMENT = Path(__file__).parents[2] / "docs" / "cupy_examples.md"

SPOT = np.array([90.0, 100.0, 112.5])
STRIKE = np.array([100.0, 100.0, 95.0])
YEARS = np.array([0.5, 1.0, 2.0])
RATE, VOLATILITY = 0.02, 0.3

MATRIX = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 5.0]])
RHS = np.array([1.0, 2.0, 3.0])

_rng = np.random.default_rng(0)
POINTS = np.concatenate([_rng.normal(1, 0.4, (12, 2)), _rng.normal(-1, 0.4, (12, 2))])
MEANS = np.array([[1.0, 1.2], [-1.0, -0.7]])
DEVIATIONS = np.array([[1.0, 0.8], [0.9, 1.1]])
FIRST = np.array([0, 20])


class AsCuPy(SimpleNamespace):
    """`keratorch.numpy`, with the name that CuPy has and NumPy lacks."""

    def get_array_module(self, *args: Any) -> Any:
        return knp

    def __getattr__(self, name: str) -> Any:
        return getattr(knp, name)


@pytest.fixture(autouse=True)
def current(device):
    if device.backend == "cupy":
        import cupy

        with cupy.cuda.Device(device.index):
            yield
    elif device.backend == "numpy":
        yield
    else:
        pytest.skip("the programs are for CuPy and NumPy")


def line(device) -> Any:
    """What one import line finds: `keratorch.cupy`, or `keratorch.numpy` on the CPU."""
    if device.backend == "numpy":
        return AsCuPy()
    import keratorch.cupy

    return keratorch.cupy


def heads(device) -> list[Any]:
    """The modules that may stand for CuPy in a program that runs unchanged."""
    if device.backend == "numpy":
        return [line(device)]
    import cupy

    return [cupy, line(device)]


def needs_cupy(device) -> Any:
    if device.backend != "cupy":
        pytest.skip("NumPy has no kernels")
    import cupy

    return cupy


def close(found: Any, wanted: Any, rtol: float = 1e-9, atol: float = 1e-11) -> None:
    raw = found.numpy() if isinstance(found, kt.GradArray) else on_host(found)
    np.testing.assert_allclose(raw, wanted, rtol=rtol, atol=atol)


def cdf(d: Any) -> Any:
    return 0.5 * (1 + np.vectorize(math.erf)(d / math.sqrt(2)))


def greeks() -> dict[str, tuple[Any, ...]]:
    """Of the sums of calls and of puts: the derivatives in spot, strike, years, and the rest."""
    spread = VOLATILITY * np.sqrt(YEARS)
    d1 = (np.log(SPOT / STRIKE) + (RATE + VOLATILITY**2 / 2) * YEARS) / spread
    d2 = d1 - spread
    density = np.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi)
    carry = STRIKE * np.exp(-RATE * YEARS)
    decay = SPOT * density * VOLATILITY / (2 * np.sqrt(YEARS))
    vega = np.sum(SPOT * density * np.sqrt(YEARS))
    discount = np.exp(-RATE * YEARS)
    return {
        "call": (
            cdf(d1),
            -discount * cdf(d2),
            decay + RATE * carry * cdf(d2),
            np.sum(YEARS * carry * cdf(d2)),
            vega,
        ),
        "put": (
            cdf(d1) - 1,
            discount * cdf(-d2),
            decay - RATE * carry * cdf(-d2),
            -np.sum(YEARS * carry * cdf(-d2)),
            vega,
        ),
        "gamma": (density / (SPOT * spread),),
    }


def market(device) -> list[Any]:
    return [on_device(device, np.asarray(v)) for v in (SPOT, STRIKE, YEARS, RATE, VOLATILITY)]


def test_black_scholes(device):
    """The polynomial is exact to 7.5e-8, and its derivatives to 1e-6."""
    wanted, arguments = greeks(), market(device)
    for head in heads(device):
        program = load("black_scholes", head)

        def total(which, program=program, head=head):
            return lambda *market: kt.sum(program.prices(head, *market)[which])

        for which, name in enumerate(("call", "put")):
            found = kt.grad(total(which), argnums=(0, 1, 2, 3, 4))(*arguments)
            for g, w in zip(found, wanted[name], strict=True):
                close(g, w, rtol=5e-6, atol=5e-6 * SPOT.max())
        diagonal = np.diagonal(on_host(kt.hessian(total(0))(*arguments)))
        close(np.ascontiguousarray(diagonal), wanted["gamma"][0], rtol=1e-3)
    check_grads(total(0), arguments, order=1)


def test_black_scholes_as_a_kernel(device):
    cupy = needs_cupy(device)
    program, arguments = load("black_scholes", cupy), market(device)
    kernel, both = program.make_kernel(), (kt.GradArray(a) for a in arguments)
    with pytest.raises(kt.NotDifferentiableError, match="register_kernel_grad"):
        kernel(*both)
    kt.register_kernel_grad(kernel, program.make_greeks_kernel())
    weights = on_device(device, np.array([1.0, -2.0, 3.0]))

    def of_kernel(*market):
        call, put = kernel(*market)
        return kt.sum(call * weights + 0.5 * put * put)

    def of_arrays(*market):
        call, put = program.prices(cupy, *market)
        return kt.sum(call * weights + 0.5 * put * put)

    close(of_kernel(*arguments), on_host(of_arrays(*arguments)._array), rtol=1e-12)
    every = (0, 1, 2, 3, 4)
    found = kt.grad(of_kernel, argnums=every)(*arguments)
    # The kernel differentiates the formula, the array code the polynomial.
    for g, w in zip(found, kt.grad(of_arrays, argnums=every)(*arguments), strict=True):
        close(g, on_host(w), rtol=1e-5, atol=1e-3)
    close(kt.grad(lambda *m: kt.sum(kernel(*m)[0]))(*arguments), greeks()["call"][0], atol=1e-6)


def fills(device) -> bool:
    """Whether tracked values can be written into what ``keratorch.cupy.empty`` makes."""
    found: list[Any] = []
    kt.grad(lambda x: found.append(line(device).empty(1)) or kt.sum(x))(
        on_device(device, np.ones(1))
    )
    return isinstance(found[0], kt.GradArray)


def registered(program: Any) -> Any:
    """The kernel of `monte_carlo`, with derivatives along the same paths."""
    kernel, backward = program.make_kernel(), program.make_greeks_kernel()
    kt.register_kernel_grad(kernel, lambda grad, *inputs: (*backward(grad, *inputs), None, None))
    return kernel


def test_monte_carlo(device):
    needs_cupy(device)
    program = load("monte_carlo", line(device))
    if not fills(device):
        pytest.skip("keratorch.cupy.empty makes raw arrays")
    kernel, arguments = registered(program), market(device)

    def total(*market):
        return program.prices(kernel, *market, threads=40, draws=50).sum()

    found = kt.grad(total, argnums=(0, 1, 2, 3, 4))(*arguments)
    for i, (g, w) in enumerate(zip(found, greeks()["call"], strict=True)):
        close(g, w, rtol=0.15)  # 2000 paths
        for place in range(arguments[i].size):  # the same paths, whose prices are smooth here
            shifted = []
            for sign in (1, -1):
                moved = [a.copy() for a in arguments]
                moved[i].reshape(-1)[place] += sign * 1e-6
                shifted.append(float(on_host(total(*moved))))
            difference = (shifted[0] - shifted[1]) / 2e-6
            np.testing.assert_allclose(on_host(g).reshape(-1)[place], difference, rtol=1e-4)


def test_monte_carlo_into_a_raw_array(device):
    """CuPy's own `empty` makes an array that holds no tracked value, which is refused."""
    cupy = needs_cupy(device)
    program = load("monte_carlo", cupy)
    arrays = [kt.GradArray(a) for a in market(device)]
    for kernel in (program.make_kernel(), registered(program)):
        with pytest.raises(kt.LostGradientError, match=r"keratorch\.cupy"):
            program.prices(kernel, *arrays, threads=2, draws=2)


def test_cg(device):
    """d(A⁻¹b)/db = A⁻¹. In A, the derivative is right along symmetric matrices."""
    inverse = np.linalg.inv(MATRIX)
    weights = np.array([1.0, -2.0, 0.5])
    for head in heads(device):
        program = load("cg", head)

        def total(matrix, rhs, program=program):
            return kt.sum(program.solve(matrix, rhs) * on_device(device, weights))

        arguments = [on_device(device, MATRIX), on_device(device, RHS)]
        in_matrix, in_rhs = kt.grad(total, argnums=(0, 1))(*arguments)
        close(in_rhs, inverse @ weights)
        wanted = -np.outer(inverse @ weights, inverse @ RHS)
        close(in_matrix + in_matrix.T, wanted + wanted.T)
    found = kt.jacobian(load("cg", line(device)).solve, argnums=1)(*arguments)
    close(found, inverse)


def test_gmm(device):
    program = load("gmm", line(device))
    points, means, deviations = (on_device(device, a) for a in (POINTS, MEANS, DEVIATIONS))
    shares = on_device(device, np.array([0.3, 0.7]))

    def likelihood(points, shares, means, deviations):
        return program.expectation(points, shares, means, deviations)[0]

    found = kt.grad(likelihood, argnums=(0, 1, 2, 3))(points, shares, means, deviations)
    away = (POINTS[:, None] - MEANS) / DEVIATIONS
    joint = np.exp(-0.5 * np.sum(away**2, axis=2)) / np.prod(DEVIATIONS, axis=1)
    joint *= np.array([0.3, 0.7])
    member = joint / joint.sum(axis=1, keepdims=True) / len(POINTS)
    close(found[0], -np.sum(member[:, :, None] * away / DEVIATIONS, axis=1))
    close(found[1], member.sum(axis=0) / np.array([0.3, 0.7]))
    close(found[2], np.sum(member[:, :, None] * away / DEVIATIONS, axis=0))
    close(found[3], np.sum(member[:, :, None] * (away**2 - 1) / DEVIATIONS, axis=0))

    def trained(means, deviations):  # through three steps of the loop
        shares, means, deviations = program.fit(points, means, deviations, steps=3)
        return kt.sum(means * means) + kt.sum(deviations) + shares[0]

    check_grads(trained, (means, deviations), order=1)
    fitted = program.fit(points, means, deviations)
    assert on_host(program.predict(points, *fitted)).tolist() == [0] * 12 + [1] * 12


def test_kmeans(device):
    """The centres are means, so that only the distances contribute: 2(x − c)."""
    program, points = load("kmeans", line(device)), on_device(device, POINTS)

    def total(points):
        return program.inertia(points, *program.fit(points, FIRST))

    centres, labels = program.fit(points, FIRST)
    labels = on_host(labels)
    assert labels.tolist() == [0] * 12 + [1] * 12
    found = kt.grad(total)(points)
    close(found, 2 * (POINTS - on_host(centres)[labels]))
    moved = kt.jacobian(lambda points: program.fit(points, FIRST)[0])(points)
    close(moved[0, 0, :, 0], (labels == 0) / 12)


def test_kmeans_with_kernels(device):
    cupy = needs_cupy(device)
    program = load("kmeans", line(device))
    points, means = kt.GradArray(on_device(device, POINTS)), on_device(device, MEANS)
    kernel = program.make_distance_kernel()
    with pytest.raises(kt.NotDifferentiableError, match="register_kernel_grad"):
        program.squares(kernel, points, means)

    def backward(grad, x, y, a, b):
        g, h = 2 * grad * (x - a), 2 * grad * (y - b)
        return g, h, -g, -h

    kt.register_kernel_grad(kernel, backward)
    kt.sum(program.squares(kernel, points, means)).backward()
    close(points.grad, 2 * np.sum(POINTS[:, None] - MEANS, axis=1))
    mask = cupy.ones((2, len(POINTS)), bool)
    with pytest.raises(kt.NotDifferentiableError, match="custom_vjp"):
        program.sums(program.make_sum_kernel(), points, mask)
    close(program.sums(program.make_sum_kernel(), points.detach(), mask), [POINTS.sum(0)] * 2)


def test_gemm(device):
    needs_cupy(device)
    program = load("gemm", line(device))
    kernel = program.make_kernel()
    a, b = (np.asarray(v, "f") for v in (_matrix(6, 5), _matrix(5, 7)))
    left, right = on_device(device, a), on_device(device, b)
    close(program.matmul(kernel, left, right), a @ b, rtol=1e-5, atol=1e-5)
    with pytest.raises(kt.NotDifferentiableError, match="custom_vjp"):
        program.matmul(kernel, kt.GradArray(left), right)

    @kt.custom_vjp
    def product(x, y):
        return program.matmul(kernel, x, y)

    product.defvjp(
        lambda x, y: (program.matmul(kernel, x, y), (x, y)),
        lambda saved, grad: (
            program.matmul(kernel, grad, saved[1].T),
            program.matmul(kernel, saved[0].T, grad),
        ),
    )
    grads = kt.grad(lambda x, y: kt.sum(product(x, y) ** 2), argnums=(0, 1))(left, right)
    close(grads[0], 2 * (a @ b) @ b.T, rtol=1e-4, atol=1e-4)
    close(grads[1], 2 * a.T @ (a @ b), rtol=1e-4, atol=1e-4)


def _matrix(rows: int, columns: int) -> Any:
    return np.sin(np.arange(rows * columns).reshape(rows, columns) * 0.7)


# -- the table -----------------------------------------------------------------------------------


def parts(head: Any, device: Any) -> dict[str, Any]:
    """Each part of the programs with the module `head`: a call that has tracked arguments."""
    program = {name: load(name, head) for name in NAMES}
    arrays = {
        "market": market(device),
        **{
            name: on_device(device, value)
            for name, value in (("matrix", MATRIX), ("rhs", RHS), ("points", POINTS))
        },
        "means": on_device(device, MEANS),
        "deviations": on_device(device, DEVIATIONS),
    }
    a = SimpleNamespace(**arrays)
    square = on_device(device, np.asarray(_matrix(4, 4), "f"))

    def grad(f, *args):
        return kt.grad(lambda *xs: _total(f(*xs)), argnums=tuple(range(len(args))))(*args)

    bs, mc, km = program["black_scholes"], program["monte_carlo"], program["kmeans"]
    return {
        "black_scholes, array code": lambda: grad(lambda *m: bs.prices(head, *m), *a.market),
        "black_scholes, `ElementwiseKernel`": lambda: grad(bs.make_kernel(), *a.market),
        "monte_carlo, `ElementwiseKernel`": lambda: grad(
            lambda *m: mc.prices(registered(mc), *m, threads=2, draws=2), *a.market
        ),
        "cg": lambda: grad(program["cg"].solve, a.matrix, a.rhs),
        "gmm": lambda: grad(
            lambda *v: program["gmm"].fit(*v, steps=2), a.points, a.means, a.deviations
        ),
        "kmeans, array code": lambda: grad(lambda p: km.fit(p, FIRST)[0], a.points),
        "kmeans, `ElementwiseKernel`": lambda: grad(
            lambda p: km.squares(km.make_distance_kernel(), p, a.means), a.points
        ),
        "kmeans, `ReductionKernel`": lambda: grad(
            lambda p: km.sums(km.make_sum_kernel(), p, head.ones((2, 24), bool)), a.points
        ),
        "gemm, `RawKernel`": lambda: grad(
            lambda x, y: program["gemm"].matmul(program["gemm"].make_kernel(), x, y), square, square
        ),
    }


def _total(found: Any) -> Any:
    if isinstance(found, tuple):
        return sum(map(_total, found))
    return kt.sum(found)


def outcome(call: Any) -> str:
    try:
        call()
    except Exception:
        return "refused"
    return "differentiated"


def rows() -> dict[str, list[str]]:
    """The table of the page: the part -> what happens with each import line."""
    found: dict[str, list[str]] = {}
    for row in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [re.sub(r"\*\*", "", c).strip() for c in row.strip("| ").split(" | ")]
        if len(cells) > 3 and cells[1].split(",")[0] in ("differentiated", "refused"):
            found[cells[0]] = [c.split(",")[0] for c in cells[1:3]]
    return found


def test_the_table(device):
    needs_cupy(device)
    table = rows()
    calls = [parts(head, device) for head in heads(device)]
    assert table.keys() == calls[0].keys()
    for part, expected in table.items():
        if part.startswith("monte_carlo") and not fills(device):
            continue
        assert [outcome(c[part]) for c in calls] == expected, part
