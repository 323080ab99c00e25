"""The programs, differentiated on every device and as NumPy code, against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device, on_host
from tests.programs import bodies, finance, learning, solvers

ONE_DEVICE_EACH = True


@dataclass(frozen=True)
class Place:
    """An array module, and how arrays of its library are made of NumPy's.

    array : a plain array, to differentiate in.
    given : what else the program is given: a plain array for NumPy, a constant `GradArray` for
        others, whose own operators know no foreign arrays.
    """

    xp: Any
    array: Callable[[Any], Any]
    given: Callable[[Any], Any]


def close(raw: Any, expected: Any, rtol: float = 1e-9, atol: float = 1e-11) -> None:
    np.testing.assert_allclose(on_host(raw), expected, rtol=rtol, atol=atol)


def cdf(x: Any) -> Any:
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def density(x: Any) -> Any:
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


# -- Black-Scholes -------------------------------------------------------------------------------

SPOT = np.array([90.0, 100.0, 112.5, 100.0])
STRIKE = np.array([100.0, 100.0, 100.0, 95.0])
TIME = np.array([0.5, 1.0, 2.0, 0.25])
RATE = np.array([0.03, 0.05, 0.01, 0.02])
VOLATILITY = np.array([0.2, 0.3, 0.25, 0.4])
MARKET = (SPOT, STRIKE, TIME, RATE, VOLATILITY)


def d1_d2() -> tuple[Any, Any]:
    spread = VOLATILITY * np.sqrt(TIME)
    d1 = (np.log(SPOT / STRIKE) + (RATE + VOLATILITY**2 / 2) * TIME) / spread
    return d1, d1 - spread


def black_scholes(place: Place) -> None:
    """Price, delta, theta, rho and vega of calls and puts; gamma, vanna and volga."""
    d1, d2 = d1_d2()
    discounted = STRIKE * np.exp(-RATE * TIME)
    decay = SPOT * density(d1) * VOLATILITY / (2 * np.sqrt(TIME))
    vega = SPOT * density(d1) * np.sqrt(TIME)
    expected = [
        (
            SPOT * cdf(d1) - discounted * cdf(d2),
            cdf(d1),
            -np.exp(-RATE * TIME) * cdf(d2),
            decay + RATE * discounted * cdf(d2),
            TIME * discounted * cdf(d2),
            vega,
        ),
        (
            discounted * cdf(-d2) - SPOT * cdf(-d1),
            cdf(d1) - 1,
            np.exp(-RATE * TIME) * cdf(-d2),
            decay - RATE * discounted * cdf(-d2),
            -TIME * discounted * cdf(-d2),
            vega,
        ),
    ]
    arrays = [place.array(a) for a in MARKET]
    given_spot, *others = (place.given(a) for a in MARKET[:4])
    for i, (price, *greeks) in enumerate(expected):

        def total(*market: Any, which: int = i) -> Any:
            return place.xp.sum(finance.black_scholes(place.xp, *market)[which])

        value, found = kt.value_and_grad(total, argnums=(0, 1, 2, 3, 4))(*arrays)
        close(value, price.sum())
        close(kt.stack([kt.asarray(g) for g in found])._array, greeks)  # Dask computes once

        def delta(spot: Any, volatility: Any, total: Any = total) -> Any:
            return place.xp.sum(kt.grad(total)(spot, *others, volatility))

        def vegas(volatility: Any, total: Any = total) -> Any:
            return place.xp.sum(kt.grad(total, argnums=4)(given_spot, *others, volatility))

        gamma, vanna = kt.grad(delta, argnums=(0, 1))(arrays[0], arrays[4])
        close(gamma, density(d1) / (SPOT * VOLATILITY * np.sqrt(TIME)))
        close(vanna, -density(d1) * d2 / VOLATILITY)
        close(kt.grad(vegas)(arrays[4]), vega * d1 * d2 / VOLATILITY)


def monte_carlo(place: Place) -> None:
    """The price by paths: delta and vega are means over the same paths, near the formula's."""
    half = np.random.default_rng(5).standard_normal((500, 3))
    noise = np.concatenate([half, -half])
    market = [np.asarray(v) for v in (100.0, 105.0, 1.0, 0.05, 0.2)]
    spot, strike, time, rate, volatility = (float(v) for v in market)

    others = [place.given(v) for v in market[1:4]]

    def price(spot: Any, volatility: Any) -> Any:
        return finance.monte_carlo_call(place.xp, place.given(noise), spot, *others, volatility)

    delta, vega = kt.grad(price, argnums=(0, 1))(place.array(market[0]), place.array(market[4]))
    walk = noise.sum(axis=1) * math.sqrt(time / 3)
    end = spot * np.exp((rate - volatility**2 / 2) * time + volatility * walk)
    paid = math.exp(-rate * time) * (end > strike) * end
    close(delta, np.mean(paid / spot))
    close(vega, np.mean(paid * (walk - volatility * time)))
    spread = volatility * math.sqrt(time)
    d1 = (math.log(spot / strike) + (rate + volatility**2 / 2) * time) / spread
    error = np.std(paid / spot) / math.sqrt(1000)
    assert abs(on_host(delta) - cdf(d1)) < 4 * error


# -- conjugate gradients -------------------------------------------------------------------------


def conjugate_gradients(place: Place) -> None:
    """x = A⁻¹b and L = c·x: ∂L/∂b = A⁻¹c =: λ, and along symmetric changes ∂L/∂A = -λxᵀ."""
    rng = np.random.default_rng(2)
    half = rng.standard_normal((5, 5))
    a = half @ half.T + 5 * np.eye(5)
    b, c = rng.standard_normal(5), rng.standard_normal(5)

    def functional(a: Any, b: Any) -> Any:
        return place.xp.sum(solvers.conjugate_gradients(place.xp, a, b) * place.given(c))

    value, (of_a, of_b) = kt.value_and_grad(functional, argnums=(0, 1))(
        place.array(a), place.array(b)
    )
    x, adjoint = np.linalg.solve(a, b), np.linalg.solve(a, c)
    close(value, c @ x)
    close(of_b, adjoint)
    symmetric = on_host(of_a) + on_host(of_a).T
    np.testing.assert_allclose(
        symmetric, -np.outer(adjoint, x) - np.outer(x, adjoint), rtol=1e-8, atol=1e-10
    )


def heat(place: Place) -> None:
    """The initial temperatures, found from those at the end by descent."""
    grid = np.linspace(0.0, 1.0, 12)
    truth = np.sin(np.pi * grid) + 0.3 * np.sin(3 * np.pi * grid)
    step = np.eye(12)
    for i in range(1, 11):
        step[i, i - 1 : i + 2] += 0.04 * np.array([1.0, -2.0, 1.0])
    matrix = np.linalg.matrix_power(step, 6)
    end = matrix @ truth

    def misfit(initial: Any) -> Any:
        found = solvers.heat(place.xp, initial, 0.04, 6)
        return place.xp.sum((found - place.given(end)) ** 2)

    start = place.array(np.zeros(12))
    value, gradient = kt.value_and_grad(misfit)(start)
    close(value, end @ end)
    close(gradient, -2 * matrix.T @ end)
    state, slope, step_size = np.zeros(12), on_host(gradient), 0.5
    for _ in range(25):  # descent, with the steps of Barzilai and Borwein
        following = state - step_size * slope
        value, gradient = kt.value_and_grad(misfit)(place.array(following))
        moved, bent = following - state, on_host(gradient) - slope
        state, slope, step_size = following, on_host(gradient), moved @ moved / (moved @ bent)
    assert float(on_host(value)) < 1e-9
    assert np.max(np.abs(state - truth)) < 1e-4


# -- learning ------------------------------------------------------------------------------------

SAMPLES = np.concatenate(
    [
        np.random.default_rng(1).standard_normal((7, 2)) * 0.5 + 1.5,
        np.random.default_rng(2).standard_normal((6, 2)) * 0.4 - [0.5, 1.0],
    ]
)


def gaussian_mixture(place: Place) -> None:
    """The gradient in means, variances and weights, from the responsibilities."""
    weights = np.array([0.5, 0.3, 0.2])
    means = np.array([[1.0, 1.2], [-0.4, -0.8], [0.5, 0.0]])
    variances = np.array([[0.5, 0.7], [0.4, 0.3], [1.5, 2.0]])

    def likelihood(*parameters: Any) -> Any:
        return learning.log_likelihood(place.xp, place.given(SAMPLES), *parameters)

    value, found = kt.value_and_grad(likelihood, argnums=(0, 1, 2))(
        *map(place.array, (weights, means, variances))
    )
    terms = learning.mixture_terms(np, SAMPLES, weights, means, variances)
    densities = np.exp(terms)
    close(value, np.sum(np.log(densities.sum(axis=1))))
    share = densities / densities.sum(axis=1, keepdims=True)
    away = SAMPLES[:, None, :] - means
    close(found[0], share.sum(axis=0) / weights)
    close(found[1], np.sum(share[:, :, None] * away / variances, axis=0))
    close(
        found[2],
        np.sum(share[:, :, None] * (away**2 / variances**2 - 1 / variances) / 2, axis=0),
    )


def k_means(place: Place) -> None:
    """2(N_k c_k - Σ x): a Newton step is a step of Lloyd's algorithm, which converges."""
    centers = np.array([[0.5, 0.5], [-0.2, 0.1]])

    def objective(centers: Any) -> Any:
        return learning.k_means_objective(place.xp, place.given(SAMPLES), centers)

    for _ in range(6):
        nearest = learning.squared_distances(np, SAMPLES, centers).argmin(axis=1)
        counts = np.bincount(nearest, minlength=2)[:, None]
        sums = np.stack([SAMPLES[nearest == k].sum(axis=0) for k in range(2)])
        gradient = kt.grad(objective)(place.array(centers))
        close(gradient, 2 * (counts * centers - sums))

        def slope(centers: Any) -> Any:
            return place.xp.sum(kt.grad(objective)(centers))

        curvature = kt.grad(slope)(place.array(centers))
        close(curvature, 2.0 * counts * np.ones((2, 2)))
        centers = centers - on_host(gradient) / on_host(curvature)
        np.testing.assert_allclose(centers, sums / counts)
    close(kt.grad(objective)(place.array(centers)), np.zeros((2, 2)), atol=1e-12)


def logistic_regression(place: Place) -> None:
    """Newton's method with derivatives that nobody wrote down."""
    x = np.concatenate([SAMPLES, np.ones((13, 1))], axis=1)
    labels = np.array([1.0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0])
    w = np.zeros(3)

    def loss(w: Any) -> Any:
        return learning.logistic_loss(place.xp, place.given(x), place.given(labels), w)

    for _ in range(7):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = on_host(kt.grad(loss)(place.array(w)))
        curvature = on_host(kt.hessian(loss)(place.array(w)))
        np.testing.assert_allclose(gradient, x.T @ (p - labels) + w / 10, atol=1e-10)
        expected = (x.T * (p * (1 - p))) @ x + np.eye(3) / 10
        np.testing.assert_allclose(curvature, expected, atol=1e-10)
        w = w - np.linalg.solve(curvature, gradient)
    assert np.max(np.abs(on_host(kt.grad(loss)(place.array(w))))) < 1e-9


# -- bodies --------------------------------------------------------------------------------------


def n_bodies(place: Place) -> None:
    """Forces are the gradient of the energy; the flow of leapfrog is symplectic: JᵀΩJ = Ω."""
    masses = np.array([1.0, 0.7, 0.4])
    positions = np.array([[0.0, 0.1], [1.0, -0.2], [-0.3, 0.9]])

    def energy(positions: Any) -> Any:
        return bodies.potential(place.xp, positions, place.given(masses))

    force = -on_host(kt.grad(energy)(place.array(positions)))
    expected = masses[:, None] * bodies.accelerations(np, positions, masses)
    np.testing.assert_allclose(force, expected, rtol=1e-10)

    pair = np.array([0.0, 0.1, 1.0, -0.2, 0.1, 0.0, -0.2, 0.3])

    def flow(state: Any) -> Any:
        return bodies.leapfrog(place.xp, state, place.given(np.ones(2)), 0.05, 1)

    jacobian = on_host(kt.jacrev(flow)(place.array(pair)))
    omega = np.kron(np.array([[0.0, 1.0], [-1.0, 0.0]]), np.eye(4))
    np.testing.assert_allclose(jacobian.T @ omega @ jacobian, omega, atol=1e-12)


PROGRAMS = [
    black_scholes,
    monte_carlo,
    conjugate_gradients,
    heat,
    gaussian_mixture,
    k_means,
    logistic_regression,
    n_bodies,
]
every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)


@pytest.fixture
def unfused(device):
    """Dask's fusion of tasks, as of 2026.8, gives one key to different tasks of large graphs.

    `tests/unit/test_dask_fusion.py` shows it without keratorch.
    """
    if device.backend != "dask":
        yield
        return
    import dask

    with dask.config.set({"optimization.fuse.active": False}):
        yield


@every_program
@pytest.mark.usefixtures("unfused")
def test_on_every_device(program, xp, device):
    def array(values: Any) -> Any:
        return on_device(device, np.asarray(values))

    program(Place(xp, array, lambda values: kt.asarray(array(values))))


@every_program
def test_as_numpy_code(program):
    """The same with NumPy itself for `xp`, and NumPy's arrays beside those differentiated."""
    program(Place(np, np.array, np.asarray))


@every_program
def test_wrong_results_are_noticed(program, monkeypatch):
    """The programs assert by themselves: each fails where results are a thousandth too large."""
    right = on_host
    monkeypatch.setitem(globals(), "on_host", lambda raw: right(raw) * 1.001)
    with pytest.raises(AssertionError):
        program(Place(np, np.array, np.asarray))
