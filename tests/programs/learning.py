"""A Gaussian mixture, k-means, and logistic regression."""

import math


def mixture_terms(xp, x, weights, means, variances):
    """log w_k + log N(x_n | m_k, v_k), with variances by component and coordinate."""
    difference = x[:, None, :] - means[None, :, :]
    quadratic = xp.sum(difference**2 / variances[None, :, :], axis=2)
    norms = xp.sum(xp.log(2 * math.pi * variances), axis=1)
    return xp.log(weights) - (quadratic + norms) / 2


def log_likelihood(xp, x, weights, means, variances):
    """The log-likelihood of a mixture of Gaussians."""
    terms = mixture_terms(xp, x, weights, means, variances)
    largest = xp.max(terms, axis=1, keepdims=True)
    return xp.sum(largest) + xp.sum(xp.log(xp.sum(xp.exp(terms - largest), axis=1)))


def squared_distances(xp, x, centers):
    return xp.sum((x[:, None, :] - centers[None, :, :]) ** 2, axis=2)


def k_means_objective(xp, x, centers):
    """The sum over samples of the squared distance to the nearest center."""
    return xp.sum(xp.min(squared_distances(xp, x, centers), axis=1))


def logistic_loss(xp, x, labels, w):
    """The negative log-likelihood of labels 0 and 1, with a little weight decay."""
    z = x @ w
    return xp.sum(xp.logaddexp(xp.zeros_like(z), z) - labels * z) + xp.sum(w * w) / 20
