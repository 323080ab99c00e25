"""Two Gaussian clouds, fitted by expectation and maximisation."""

import math

import cupy


def log_densities(points, means, deviations):
    """The logarithm of the density of each point under each cloud, whose axes are independent."""
    xp = cupy.get_array_module(points)
    weights = 1 / deviations**2
    squares = (
        xp.dot(points**2, weights.T)
        - 2 * xp.dot(points, (means * weights).T)
        + xp.sum(means**2 * weights, axis=1)
    )
    constant = points.shape[1] * math.log(2 * math.pi)
    return -0.5 * (constant + squares) - xp.sum(xp.log(deviations), axis=1)


def expectation(points, shares, means, deviations):
    """The mean log-likelihood, and the logarithms of the memberships."""
    xp = cupy.get_array_module(points)
    joint = log_densities(points, means, deviations) + xp.log(shares)
    total = xp.log(xp.sum(xp.exp(joint), axis=1))
    return xp.mean(total), joint - total[:, None]


def maximisation(points, memberships):
    """The shares, means and deviations that fit the memberships best."""
    xp = cupy.get_array_module(points)
    counts = xp.sum(memberships, axis=0)
    means = xp.dot(memberships.T, points) / counts[:, None]
    squares = xp.dot(memberships.T, points * points) / counts[:, None]
    return counts / len(points), means, xp.sqrt(squares - means**2)


def fit(points, means, deviations, steps=10, tolerance=1e-9):
    xp = cupy.get_array_module(points)
    shares = xp.array([0.5, 0.5])
    before = -math.inf
    for _ in range(steps):
        likelihood, logarithms = expectation(points, shares, means, deviations)
        shares, means, deviations = maximisation(points, xp.exp(logarithms))
        if abs(likelihood - before) < tolerance:
            break
        before = likelihood
    return shares, means, deviations


def predict(points, shares, means, deviations):
    xp = cupy.get_array_module(points)
    return (log_densities(points, means, deviations) + xp.log(shares)).argmax(axis=1)
