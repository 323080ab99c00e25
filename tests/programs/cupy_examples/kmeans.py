"""Clusters of points by the method of k means: array code, and kernels."""

import cupy


def fit(points, first, steps=10):
    """The centres and the labels; the centres begin at the points `first`."""
    xp = cupy.get_array_module(points)
    centres = points[first]
    labels = xp.zeros(len(points))
    numbers = xp.arange(len(first))
    for _ in range(steps):
        distances = xp.linalg.norm(points[:, None, :] - centres[None, :, :], axis=2)
        found = xp.argmin(distances, axis=1)
        if xp.all(found == labels):
            break
        labels = found
        mask = labels == numbers[:, None]
        sums = xp.where(mask[:, :, None], points, 0.0).sum(axis=1)
        counts = xp.count_nonzero(mask, axis=1).reshape((len(first), 1))
        centres = sums / counts
    return centres, labels


def inertia(points, centres, labels):
    """The sum of the squared distances to the centres."""
    return ((points - centres[labels]) ** 2).sum()


def make_distance_kernel():
    return cupy.ElementwiseKernel(
        "T x, T y, T a, T b",
        "T square",
        "square = (x - a) * (x - a) + (y - b) * (y - b)",
        "example_kmeans_square",
    )


def make_sum_kernel():
    return cupy.ReductionKernel(
        "T x, S mask", "T total", "mask ? x : T(0)", "a + b", "total = a", "0", "example_kmeans_sum"
    )


def squares(kernel, points, centres):
    """The squared distance of each point of the plane from each centre."""
    return kernel(points[:, None, 0], points[:, None, 1], centres[None, :, 0], centres[None, :, 1])


def sums(kernel, points, mask):
    """The sum of the points of each cluster."""
    return kernel(points, mask[:, :, None], axis=1)
